/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows: which one a segment or a socket belongs to. Its addresses and ports name one, and of
 * several between the same ends the order in which they come. What a scenario's client or server
 * opens of its own accord has one too, from its SYN on.
 */
#include "captures/watch/state.h"

#include <search.h>
#include <string.h>

/* Between which two ends a connection is. Of IPv4 the addresses are mapped: they tell the family.
 */
struct four_tuple {
	struct in6_addr client, server;
	uint16_t client_port, server_port;
};

/* The flows between two ends, one after the other; of the last one what tells the next one. */
struct succession {
	struct four_tuple between;
	int last, earlier; /* of them; 0: there is none */
	/*
	 * Whose the segments and sockets at each host are: another one's from when its SYN has left
	 * the host, or come to it.
	 */
	int at[HOSTS];
	nsec since[HOSTS];
	bool named;             /* by watch_flow(), and it is not known by its SYN */
	bool has_isn[HOSTS];    /* of the SYN or SYN-ACK that the host has sent, */
	uint32_t isn[HOSTS];    /* this one */
	bool answered;          /* a SYN-ACK has come to the client */
	uint64_t client_cookie; /* of the client's socket; 0: no sample has found it */
};

/* ---- between which ends -------------------------------------------------------------------- */

static struct in6_addr address_of(int family, const uint8_t *bytes)
{
	struct in6_addr address = { 0 };

	if (family == AF_INET6) {
		memcpy(&address, bytes, 16);
	} else {
		address.s6_addr16[5] = 0xffff;
		memcpy(&address.s6_addr32[3], bytes, 4);
	}
	return address;
}

static enum host sender_of(const struct sighting *sighting)
{
	return sighting->outgoing == (sighting->host == CLIENT) ? CLIENT : SERVER;
}

/* An ICMP error goes back to where the segment that it quotes has come from. */
static struct four_tuple tuple_of_sighting(const struct sighting *sighting)
{
	const struct parsed *parsed = sighting->parsed;
	bool icmp = parsed->icmp.quotes;
	struct in6_addr source =
		address_of(parsed->family, icmp ? parsed->quoted_source : parsed->source);
	struct in6_addr destination =
		address_of(parsed->family, icmp ? parsed->quoted_destination : parsed->destination);

	if ((sender_of(sighting) == CLIENT) != icmp)
		return (struct four_tuple){ source, destination, parsed->segment.source_port,
					    parsed->segment.destination_port };
	return (struct four_tuple){ destination, source, parsed->segment.destination_port,
				    parsed->segment.source_port };
}

static struct four_tuple tuple_of_socket(enum host host, const struct diag_socket *socket)
{
	if (host == CLIENT)
		return (struct four_tuple){ socket->here, socket->there, socket->port,
					    socket->peer_port };
	return (struct four_tuple){ socket->there, socket->here, socket->peer_port, socket->port };
}

static struct in6_addr mapped(struct sockaddr_storage address)
{
	address = mapped_address(address);
	return ((const struct sockaddr_in6 *)(const void *)&address)->sin6_addr;
}

static struct four_tuple tuple_of_flow(const struct flow_ends *ends)
{
	return (struct four_tuple){ mapped(ends->client), mapped(ends->server),
				    address_port(&ends->client), address_port(&ends->server) };
}

static struct sockaddr_storage unmapped(const struct in6_addr *address, uint16_t port)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&storage;

	if (IN6_IS_ADDR_V4MAPPED(address))
		*ipv4 = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_port = htons(port),
					      .sin_addr.s_addr = address->s6_addr32[3] };
	else
		*ipv6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					       .sin6_port = htons(port),
					       .sin6_addr = *address };
	return storage;
}

/* ---- who was there between them ------------------------------------------------------------ */

static int by_tuple(const void *a, const void *b)
{
	const struct succession *left = a, *right = b;

	return memcmp(&left->between, &right->between, sizeof(left->between));
}

static struct succession *find(const struct watch *watch, const struct four_tuple *tuple)
{
	struct succession wanted = { .between = *tuple };
	struct succession **found = tfind(&wanted, &watch->flows, by_tuple);

	return found ? *found : NULL;
}

static struct succession *find_or_add(struct watch *watch, const struct four_tuple *tuple)
{
	struct succession *flows = find(watch, tuple);

	if (flows)
		return flows;
	flows = must_alloc(1, sizeof(*flows));
	flows->between = *tuple;
	if (!tsearch(flows, &watch->flows, by_tuple))
		broken("cannot note a flow: out of memory");
	return flows;
}

void flows_close(struct watch *watch)
{
	tdestroy(watch->flows, free);
}

static int add_flow(struct watch *watch, struct succession *flows, const struct flow_id *id)
{
	struct flow_ends ends = { id->client, id->server, id->raw };
	autofree char *client = address_words(&ends.client), *server = address_words(&ends.server);
	int flow = crowd_add_flow(watch->crowd, &ends);

	note(watch, (struct event){ .kind = EVENT_FLOW,
				    .flow = flow,
				    .name = id->name,
				    .listener = id->listener,
				    .port = address_port(&ends.server),
				    .client = client,
				    .server = server,
				    .value = flows->last,
				    .delta = id->beside,
				    .argument = id->role,
				    .injected = id->raw });
	*flows = (struct succession){ .between = flows->between,
				      .last = flow,
				      .earlier = flows->last,
				      .at = { flows->at[CLIENT], flows->at[SERVER] },
				      .since = { flows->since[CLIENT], flows->since[SERVER] } };
	return flow;
}

static void arrive_at(struct succession *flows, enum host host, nsec at)
{
	flows->at[host] = flows->last;
	flows->since[host] = at;
}

int watch_flow(struct watch *watch, struct flow_id id)
{
	struct succession *flows;
	struct four_tuple tuple;

	if (!id.server.ss_family)
		id.server = host_address(SERVER, id.client.ss_family,
					 (uint16_t)(id.port ? id.port : id.listener));
	tuple = tuple_of_flow(&(struct flow_ends){ id.client, id.server, id.raw });
	flows = find_or_add(watch, &tuple);
	add_flow(watch, flows, &id);
	flows->named = true;
	for (int host = 0; host < HOSTS; host++)
		arrive_at(flows, (enum host)host, clock_now());
	return flows->last;
}

/* ---- those that nobody has named ----------------------------------------------------------- */

static bool is_syn(const struct sighting *sighting)
{
	return !sighting->parsed->icmp.quotes &&
	       (sighting->parsed->segment.flags & (SYN | ACK)) == SYN;
}

/*
 * Between two ends a SYN with another number than the last one is that of the next connection: a
 * SYN that is sent again repeats its number (RFC 9293, 3.8.1). A raw peer's are what the case says.
 */
static bool begins_another(const struct succession *flows, const struct sighting *sighting)
{
	enum host from = sender_of(sighting);

	return !flows->named && is_syn(sighting) && flows->has_isn[from] &&
	       flows->isn[from] != sighting->parsed->segment.seq;
}

static void add_stranger(struct watch *watch, struct succession *flows,
			 const struct sighting *sighting)
{
	const struct four_tuple *between = &flows->between;
	bool by_client = is_syn(sighting) && sender_of(sighting) == CLIENT;
	autofree char *name = by_client ? format("connection %d", ++watch->connections)
					: format("stranger at port %d", between->client_port);

	add_flow(watch, flows,
		 &(struct flow_id){ .name = name,
				    .role = by_client ? NULL : "stranger",
				    .client = unmapped(&between->client, between->client_port),
				    .server = unmapped(&between->server, between->server_port) });
	arrive_at(flows, sighting->host, sighting->at);
	if (!flows->earlier)
		arrive_at(flows, other(sighting->host), sighting->at);
}

static void learn_from(struct succession *flows, const struct sighting *sighting)
{
	const struct segment *segment = &sighting->parsed->segment;
	enum host from = sender_of(sighting);

	if (sighting->parsed->icmp.quotes || !(segment->flags & SYN))
		return;
	flows->has_isn[from] = true;
	flows->isn[from] = segment->seq;
}

int flow_of_departure(struct watch *watch, const struct sighting *sighting)
{
	struct four_tuple tuple = tuple_of_sighting(sighting);
	struct succession *flows = find(watch, &tuple);

	if (!watch->scenario)
		return flows ? flows->at[sighting->host] : 0;
	flows = find_or_add(watch, &tuple);
	if (!flows->last || begins_another(flows, sighting))
		add_stranger(watch, flows, sighting);
	if (flows->at[sighting->host] == flows->last)
		learn_from(flows, sighting);
	return flows->at[sighting->host];
}

int flow_of_arrival(struct watch *watch, const struct sighting *sighting, int flow)
{
	struct four_tuple tuple = tuple_of_sighting(sighting);
	struct succession *flows;

	if (!watch->scenario || !flow) /* or nobody has sent it: it was injected */
		return flow_of_departure(watch, sighting);
	flows = find(watch, &tuple);
	if (!flows || flow != flows->last)
		return flow;
	if (flows->at[sighting->host] != flow)
		arrive_at(flows, sighting->host, sighting->at);
	flows->answered |= sighting->host == CLIENT && sighting->parsed->segment.flags & SYN &&
			   sighting->parsed->segment.flags & ACK;
	return flow;
}

/* ---- sockets ------------------------------------------------------------------------------- */

/*
 * A scenario's client opens its sockets when it likes. So one may be listed before its SYN was
 * captured, or while that of the next one was. A client has one socket for each of its SYNs, and
 * its SYN_SENT ends when the answer comes.
 */
static bool is_in_between(const struct succession *flows, const struct seen_at *seen)
{
	const struct diag_socket *socket = seen->socket;
	bool of_another = flows->client_cookie && flows->client_cookie != socket->cookie;
	bool of_the_next = of_another || (socket->state == SYN_SENT && flows->answered);

	return (seen->host == CLIENT && of_the_next) ||
	       (flows->earlier && flows->since[seen->host] > seen->at);
}

int flow_of_socket(struct watch *watch, const struct seen_at *seen)
{
	struct four_tuple tuple = tuple_of_socket(seen->host, seen->socket);
	struct succession *flows = find(watch, &tuple);

	if (!flows)
		return 0;
	if (watch->scenario && !flows->named && is_in_between(flows, seen))
		return 0;
	if (seen->host == CLIENT && flows->at[CLIENT] == flows->last)
		flows->client_cookie = seen->socket->cookie;
	return flows->at[seen->host];
}
