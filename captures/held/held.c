/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * held: the journal is read, event by event.
 */
#include "captures/held/internal.h"

#include <string.h>

/* ---- names ---------------------------------------------------------------------------------- */

const char *held_end_name(enum held_end end)
{
	static const char *const names[HELD_ENDS] = {
		[HELD_LASTS] = "lasts",     [HELD_CLOSED] = "closed",
		[HELD_ABORTED] = "aborted", [HELD_GAVE_UP] = "gave-up",
		[HELD_REFUSED] = "refused", [HELD_UNREACHABLE] = "unreachable",
		[HELD_RESET] = "reset",     [HELD_TIMED_OUT] = "timed-out",
	};

	return names[end];
}

bool journal_is_staged(const struct journal *journal)
{
	const struct event *begin = journal_length(journal) ? journal_event(journal, 0) : NULL;

	return begin && begin->told && begin->name && strcmp(begin->name, "stage") == 0;
}

/* ---- connections ---------------------------------------------------------------------------- */

static struct held_connection *connection_of(struct reading *reading, int flow)
{
	int place = flow > 0 && flow < reading->flow_count ? reading->of_flow[flow] : -1;

	return place < 0 ? NULL : &reading->held->connections[place];
}

static void note_flow(struct reading *reading, int flow)
{
	for (; !reading->of_flow || reading->flow_count <= flow; reading->flow_count++) {
		reading->of_flow = GROWN(reading->of_flow, reading->flow_count);
		reading->is_ipv6 = GROWN(reading->is_ipv6, reading->flow_count);
		reading->of_flow[reading->flow_count] = -1;
		reading->is_ipv6[reading->flow_count] = false;
	}
}

/* "[2001:db8::1]:40000" */
static void take_flow(struct reading *reading, const struct event *event)
{
	if (event->flow <= 0)
		return;
	note_flow(reading, event->flow);
	reading->is_ipv6[event->flow] = event->client && event->client[0] == '[';
}

static struct held_connection *add_connection(struct reading *reading, int flow)
{
	struct held *held = reading->held;
	struct held_connection *connection;

	note_flow(reading, flow);
	held->connections = GROWN(held->connections, held->connection_count);
	reading->of_flow[flow] = held->connection_count;
	connection = &held->connections[held->connection_count++];
	*connection = (struct held_connection){ .flow = flow };
	connection->signs = must_alloc(1, sizeof(*connection->signs));
	connection->signs->header = 20;
	return connection;
}

/* The SYN itself was seen before the fact that tells whose it is. */
static void take_state(struct reading *reading, const struct event *event)
{
	struct held_connection *connection = connection_of(reading, event->flow);
	char *why;

	if (event->flow <= 0)
		return;
	if (!connection)
		connection = add_connection(reading, event->flow);
	connection->state = event->argument ? event->argument : "serving";
	connection->by = event->object ? event->object : "";
	connection->ipv6 = reading->is_ipv6[event->flow];
	connection->signs->header = connection->ipv6 ? 40 : 20;
	connection->server_port = event_port(event);
	connection->signs->listener = event->listener;
	/* What an older or a newer program wrote is a state that nothing is known of. */
	why = stage_turn_parse(connection->state, &connection->turn);
	free(why);
	connection->turn.let_in = event->value > 0 ? (unsigned)event->value : 0;
}

/* ---- the client ----------------------------------------------------------------------------- */

static void expect(struct held *held, const char *option)
{
	if (held->expectation_count < (int)ARRAY_LENGTH(held->expectations))
		held->expectations[held->expectation_count++].option = option;
}

static void take_fact(struct reading *reading, const struct event *event)
{
	struct held *held = reading->held;
	struct held_connection *connection = connection_of(reading, event->flow);

	if (text_is(event->name, "state"))
		take_state(reading, event);
	if (text_is(event->name, "over") && connection)
		connection->over = event->at;
	if (text_is(event->name, "problem") && connection && !connection->problem)
		connection->problem = format("%s", event->argument ? event->argument : "");
	if (text_is(event->name, "client")) {
		held->client = event->argument;
		held->started = event->at;
	}
	if (text_is(event->name, "client ended")) {
		held->exited = true;
		held->stopped = event->at;
		held->status = (int)event->value;
		held->ended_by = event->argument;
	}
	if (text_is(event->name, "client cannot be run"))
		held->unrunnable = (int)event->value;
	if (event->name && strncmp(event->name, "expect ", 7) == 0) {
		reading->wants[held->expectation_count % 3] = event;
		expect(held, event->name);
	}
}

/* ---- segments ------------------------------------------------------------------------------- */

static bool is_syn(const struct segment *segment)
{
	return (segment->flags & (SYN | ACK | RST)) == SYN;
}

/* So many bytes behind the SYN of who has sent it. */
static long reaches(uint32_t isn, const struct segment *segment)
{
	return (int32_t)(segment->seq + segment->length - isn - 1);
}

static void end(struct held_connection *connection, enum held_end how, nsec at)
{
	if (connection->ended)
		return;
	connection->end = how;
	connection->ended = at;
}

static void client_sends(struct held_connection *connection, const struct event *event)
{
	const struct segment *segment = &event->segment;
	struct held_signs *signs = connection->signs;
	long reached;

	if (is_syn(segment)) {
		if (!connection->syns++)
			connection->began = event->at;
		signs->client_isn = segment->seq;
		connection->port = segment->source_port;
		return;
	}
	reached = reaches(signs->client_isn, segment);
	if (segment->length && reached <= connection->sent)
		connection->again++;
	if (segment->length && reached > connection->sent)
		connection->sent = reached;
	if (segment->flags & RST)
		end(connection, HELD_ABORTED, event->at);
	else if (segment->flags & FIN)
		end(connection, HELD_CLOSED, event->at);
}

static void client_hears(struct held_connection *connection, const struct event *event)
{
	const struct segment *segment = &event->segment;
	struct held_signs *signs = connection->signs;

	if ((segment->flags & (SYN | ACK)) == (SYN | ACK)) {
		signs->server_isn = segment->seq;
		if (!connection->connected && !connection->ended)
			connection->connected = event->at;
		return;
	}
	if (segment->flags & RST) {
		end(connection, connection->connected ? HELD_RESET : HELD_REFUSED, event->at);
		return;
	}
	if (segment->length && !connection->first_byte)
		connection->first_byte = event->at;
	if (segment->length && reaches(signs->server_isn, segment) > connection->received)
		connection->received = reaches(signs->server_isn, segment);
	if (segment->flags & FIN && !connection->server_closed)
		connection->server_closed = event->at;
	if (segment->window == 0)
		connection->closed_window = true;
	if ((int32_t)(segment->ack - signs->client_isn - 1) > connection->acknowledged)
		connection->acknowledged = (int32_t)(segment->ack - signs->client_isn - 1);
	if (connection->acknowledged > connection->sent)
		connection->acknowledged = connection->sent; /* FIN, too */
}

/* Of a port of ours its connection is known; each other one is told once. */
static void take_stray(struct held *held, int port)
{
	for (int i = 0; i < held->stray_count; i++)
		if (held->strays[i] == port)
			return;
	held->strays = GROWN(held->strays, held->stray_count);
	held->strays[held->stray_count++] = port;
}

static void take_packet(struct reading *reading, const struct event *event)
{
	struct held_connection *connection = connection_of(reading, event->flow);

	if (!connection && event->flow > 0 && event->host == CLIENT && event->from == CLIENT &&
	    is_syn(&event->segment) && reading->held->client) {
		connection = add_connection(reading, event->flow);
		connection->server_port = event->segment.destination_port;
	}
	if (!connection)
		return;
	if (event->host == CLIENT && event->from == CLIENT)
		client_sends(connection, event);
	else if (event->host == CLIENT)
		client_hears(connection, event);
	signs_of_packet(connection, event);
}

static void take_icmp(struct reading *reading, const struct event *event)
{
	struct held_connection *connection = connection_of(reading, event->flow);

	if (!connection || event->host != CLIENT)
		return;
	connection->signs->icmp = event->at;
	if (!connection->connected)
		end(connection, HELD_UNREACHABLE, event->at);
}

static void take_socket(struct reading *reading, const struct event *event)
{
	struct held_connection *connection = connection_of(reading, event->flow);

	if (!connection)
		return;
	/* Its FIN may have to wait behind data that nobody acknowledges. */
	if (event->host == CLIENT && (event->state == FIN_WAIT1 || event->state == LAST_ACK))
		end(connection, HELD_CLOSED, event->at);
	if (event->host == CLIENT && event->state == NO_SOCKET && connection->syns)
		end(connection, event->was == SYN_SENT ? HELD_GAVE_UP : HELD_TIMED_OUT, event->at);
	if (event->host == SERVER)
		signs_of_socket(connection, event);
}

static void take_sample(struct reading *reading, const struct event *event)
{
	nsec apart = event->at - reading->sampled;

	for (int i = 0; i < reading->held->connection_count; i++) {
		struct held_connection *connection = &reading->held->connections[i];

		if (connection->ended && connection->ended < event->at)
			continue;
		if (connection->looks++ && apart > connection->unlooked)
			connection->unlooked = apart;
	}
	reading->sampled = event->at;
}

static void take(struct reading *reading, const struct event *event)
{
	switch (event->kind) {
	case EVENT_BEGIN:
		reading->held->family = event->object;
		break;
	case EVENT_FLOW:
		take_flow(reading, event);
		break;
	case EVENT_FACT:
		take_fact(reading, event);
		break;
	case EVENT_PACKET:
		take_packet(reading, event);
		break;
	case EVENT_ICMP:
		take_icmp(reading, event);
		break;
	case EVENT_SOCKET:
		take_socket(reading, event);
		break;
	case EVENT_QUEUE:
		queues_take(reading, event);
		break;
	case EVENT_COUNTER:
		if (event->host == SERVER)
			drops_take(reading, event);
		break;
	case EVENT_SAMPLE:
		take_sample(reading, event);
		break;
	case EVENT_END:
		reading->held->whole = true;
		break;
	default:
		break;
	}
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* What the client sent to ports that are no stage is no connection of it. */
static void sort_out_strays(struct held *held)
{
	int kept = 0;

	for (int i = 0; i < held->connection_count; i++) {
		struct held_connection *connection = &held->connections[i];

		if (connection->state) {
			held->connections[kept++] = *connection;
			continue;
		}
		take_stray(held, connection->server_port);
		free(connection->signs);
	}
	held->connection_count = kept;
}

struct held *held_of(const struct journal *journal)
{
	struct held *held = must_alloc(1, sizeof(*held));
	struct reading reading = { .held = held };
	size_t length = journal_length(journal);

	held->journal = journal;
	for (size_t i = 0; i < length; i++)
		take(&reading, journal_event(journal, i));
	sort_out_strays(held);
	judge_connections(&reading, length ? journal_event(journal, length - 1)->at : 0);
	judge_expectations(&reading);
	free(reading.of_flow);
	free(reading.is_ipv6);
	free(reading.queues);
	return held;
}

void held_free(struct held *held)
{
	if (!held)
		return;
	for (int i = 0; i < held->connection_count; i++) {
		free(held->connections[i].problem);
		free(held->connections[i].signs);
	}
	for (int i = 0; i < held->expectation_count; i++)
		free(held->expectations[i].problem);
	free(held->connections);
	free(held->strays);
	free(held);
}

const struct held_connection *held_problem(const struct held *held)
{
	for (int i = 0; i < held->connection_count; i++)
		if (held->connections[i].problem)
			return &held->connections[i];
	return NULL;
}

int held_unmet(const struct held *held)
{
	int unmet = 0;

	for (int i = 0; i < held->expectation_count; i++)
		unmet += held->expectations[i].problem != NULL;
	return unmet;
}
