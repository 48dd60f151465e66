/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For programs: see docs/stage.schema.json.
 */
#include "captures/held/internal.h"

#include "base/json.h"

/* Since the client was started; null: it did not happen. */
static json_t *time_json(const struct held *held, nsec at)
{
	return at ? json_real(seconds(at - held->started)) : json_null();
}

static json_t *connection_json(const struct held *held, const struct held_connection *connection)
{
	json_t *value = json_object();

	json_object_set_new(value, "port", json_integer(connection->port));
	json_object_set_new(value, "server_port", json_integer(connection->server_port));
	json_object_set_new(value, "family", json_text(connection->ipv6 ? "ipv6" : "ipv4"));
	json_object_set_new(value, "state", json_text(connection->state));
	json_object_set_new(value, "by", json_text(connection->by));
	json_object_set_new(value, "held", json_boolean(!connection->problem));
	json_object_set_new(value, "problem", json_text(connection->problem));
	json_object_set_new(value, "looks", json_integer(connection->looks));
	json_object_set_new(value, "longest_between_looks",
			    json_real(seconds(connection->unlooked)));
	json_object_set_new(value, "began", time_json(held, connection->began));
	json_object_set_new(value, "connected", time_json(held, connection->connected));
	json_object_set_new(value, "first_byte", time_json(held, connection->first_byte));
	json_object_set_new(value, "server_closed", time_json(held, connection->server_closed));
	json_object_set_new(value, "over", time_json(held, connection->over));
	json_object_set_new(value, "ended", time_json(held, connection->ended));
	json_object_set_new(value, "end", json_text(held_end_name(connection->end)));
	json_object_set_new(value, "syns", json_integer(connection->syns));
	json_object_set_new(value, "segments_again", json_integer(connection->again));
	json_object_set_new(value, "sent", json_integer(connection->sent));
	json_object_set_new(value, "acknowledged", json_integer(connection->acknowledged));
	json_object_set_new(value, "received", json_integer(connection->received));
	json_object_set_new(value, "closed_window", json_boolean(connection->closed_window));
	return value;
}

static json_t *client_json(const struct held *held)
{
	json_t *value = json_object();

	json_object_set_new(value, "name", json_text(held->client));
	json_object_set_new(value, "exit_status",
			    held->exited ? json_integer(held->status) : json_null());
	json_object_set_new(value, "seconds",
			    held->exited ? json_real(seconds(held->stopped - held->started))
					 : json_null());
	json_object_set_new(value, "ended_by", json_text(held->ended_by));
	json_object_set_new(value, "errno",
			    held->unrunnable ? json_integer(held->unrunnable) : json_null());
	return value;
}

json_t *held_json(const struct held *held)
{
	json_t *value = json_object(), *connections = json_array(), *strays = json_array();
	json_t *unmet = json_array();

	for (int i = 0; i < held->connection_count; i++)
		json_array_append_new(connections, connection_json(held, &held->connections[i]));
	for (int i = 0; i < held->stray_count; i++)
		json_array_append_new(strays, json_integer(held->strays[i]));
	for (int i = 0; i < held->expectation_count; i++)
		if (held->expectations[i].problem)
			json_array_append_new(unmet, json_text(held->expectations[i].problem));
	json_object_set_new(value, "client", client_json(held));
	json_object_set_new(value, "connections", connections);
	json_object_set_new(value, "other_ports", strays);
	json_object_set_new(value, "not_as_expected", unmet);
	return value;
}
