/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows: a client's port names one. What a scenario's server sends of its own accord has one too.
 */
#include "captures/watch/state.h"

int watch_flow(struct watch *watch, struct flow_id id)
{
	int *of_port = &watch->flow_of_port[address_port(&id.client)];
	int flow;

	if (!id.port)
		id.port = id.listener;
	flow = crowd_add_flow(watch->crowd, &id);

	note(watch, (struct event){ .kind = EVENT_FLOW,
				    .flow = flow,
				    .name = id.name,
				    .listener = id.listener,
				    .port = id.port,
				    .value = *of_port,
				    .delta = id.beside,
				    .argument = id.role,
				    .injected = id.raw });
	*of_port = flow;
	return flow;
}

int add_stranger(struct watch *watch, const struct event *seen)
{
	bool from_client = (seen->from == CLIENT) != (seen->kind == EVENT_ICMP);
	uint16_t client = from_client ? seen->segment.source_port : seen->segment.destination_port;
	uint16_t server = from_client ? seen->segment.destination_port : seen->segment.source_port;
	autofree char *name = format("stranger at port %d", client);

	return watch_flow(watch,
			  (struct flow_id){ .name = name,
					    .client = host_address(CLIENT, watch->family, client),
					    .port = server });
}
