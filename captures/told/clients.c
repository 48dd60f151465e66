/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of each client: its segments as the kernel has stamped them, what its calls
 * returned, and what it read.
 */
#include "captures/told/books.h"

#include <errno.h>
#include <string.h>

struct told_client *client_book(const struct told *told, int flow)
{
	struct told_client *client =
		flow > 0 && flow <= told->client_count ? &told->clients[flow - 1] : NULL;

	return client && client->role != ROLE_STRANGER ? client : NULL;
}

const struct told_client *told_client_of(const struct told *told, int flow)
{
	return client_book(told, flow);
}

int ordinary_clients(const struct told *told)
{
	int count = 0;

	for (int i = 0; i < told->client_count; i++)
		count += told_is_ordinary(&told->clients[i]);
	return count;
}

bool told_is_ordinary(const struct told_client *client)
{
	return client->role == ROLE_CLIENT || client->role == ROLE_HOLDER;
}

static const char *const role_names[ROLES] = {
	[ROLE_CLIENT] = "client",     [ROLE_SILENT] = "silent", [ROLE_DEAD] = "dead",
	[ROLE_CHECK] = "check",       [ROLE_HOLDER] = "holder", [ROLE_PROBE] = "probe",
	[ROLE_STRANGER] = "stranger",
};

const char *told_role_name(enum told_role role)
{
	return role_names[role];
}

static enum told_role role_of(const char *name)
{
	for (int role = 0; name && role < ROLES; role++)
		if (strcmp(role_names[role], name) == 0)
			return (enum told_role)role;
	return ROLE_CLIENT;
}

/* ---- segments ------------------------------------------------------------------------------ */

static void set_once(nsec *when, nsec at)
{
	if (!*when)
		*when = at > 0 ? at : 1;
}

static bool server_has_ended(const struct told_client *client)
{
	return client->closed || client->reset;
}

static void take_sent(struct told_client *client, const struct event *event)
{
	const struct segment *segment = &event->segment;

	if ((segment->flags & (SYN | ACK)) == SYN) {
		if (client->syns < SYNS_TOLD)
			client->syn[client->syns] = event->at;
		client->syns++;
	}
	if (segment->length)
		set_once(&client->requested, event->at);
	if ((segment->flags & (FIN | RST)) && !server_has_ended(client))
		set_once(&client->left, event->at);
}

static void take_received(struct told_client *client, const struct event *event)
{
	const struct segment *segment = &event->segment;

	if ((segment->flags & (SYN | ACK)) == (SYN | ACK))
		set_once(&client->connected, event->at);
	if (segment->length) {
		set_once(&client->first_byte, event->at);
		client->last_byte = event->at;
	}
	if (segment->flags & FIN)
		set_once(&client->closed, event->at);
	if (segment->flags & RST)
		set_once(&client->reset, event->at);
}

/* At the server. What comes again counts once. */
static void take_heard(struct told_client *client, const struct event *event)
{
	const struct segment *segment = &event->segment;
	long heard;

	if ((segment->flags & (SYN | ACK)) == SYN) {
		client->first_seq = segment->seq;
		set_once(&client->came, event->at);
	}
	if ((segment->flags & SYN) || !segment->length)
		return;
	set_once(&client->asked, event->at);
	heard = (long)(uint32_t)(segment->seq - client->first_seq - 1) + segment->length;
	if (!server_has_ended(client) && heard > client->heard)
		client->heard = heard;
}

static void take_packet(struct told *told, struct told_client *client, const struct event *event)
{
	enum host host = client->raw ? SERVER : CLIENT;

	if (!told->began)
		told->began = event->at;
	if (event->host == SERVER && event->from == CLIENT)
		take_heard(client, event);
	if (event->host == SERVER && event->from == SERVER && event->segment.flags & RST)
		set_once(&client->reset_sent, event->at);
	if (event->host != host)
		return;
	if (event->from == CLIENT)
		take_sent(client, event);
	else
		take_received(client, event);
}

/* The flow of each segment: the kernel's counters tell of those. */
static void note_packet(struct told_books *books, const struct event *event)
{
	books->segments++;
	if (event->packet != books->packet_count)
		return;
	books->packets = GROWN(books->packets, books->packet_count);
	books->packets[books->packet_count++] = event->flow;
}

/* ---- calls, answers, sockets --------------------------------------------------------------- */

/* What a kernel says when it has given up, or a router has told it to. */
static bool is_giving_up(int error)
{
	return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH;
}

static void take_call(struct told_client *client, const struct event *event)
{
	if (event->host != CLIENT)
		return;
	if (is_giving_up(event->error))
		set_once(&client->gave_up, event->at);
	if (text_is(event->name, "read") && event->result <= 0)
		client->saw_end = true;
	if (!text_is(event->name, "close"))
		return;
	client->turned_away = !client->saw_end;
	if (!server_has_ended(client))
		set_once(&client->left, event->at);
}

static void take_answer(struct told_client *client, const struct event *event)
{
	client->bytes = event->value;
	if (text_is(event->name, "whole") || text_is(event->name, "enough"))
		set_once(&client->served, client->last_byte ? client->last_byte : event->at);
	else if (text_is(event->name, "other"))
		client->fate = FATE_OTHERWISE;
}

static void take_flow(struct told *told, const struct event *event)
{
	if (event->flow != told->client_count + 1)
		return;
	told->clients = GROWN(told->clients, told->client_count);
	told->clients[told->client_count++] =
		(struct told_client){ .flow = event->flow,
				      .name = event->name ? event->name : "?",
				      .role = role_of(event->argument),
				      .raw = event->injected,
				      .deferred = told->books->deferred,
				      .listener = event->listener,
				      .port = event_port(event),
				      .fate = FATE_CONNECTING,
				      .seq = event->seq };
}

/* What is counted when a listener has no room: it drops, or a cookie keeps what its queue cannot.
 */
static long *lack_of_room(struct told_books *books, const char *counter)
{
	if (text_is(counter, "ListenOverflows") || text_is(counter, "TCPReqQFullDrop"))
		return &books->overflows;
	return text_is(counter, "TCPReqQFullDoCookies") ? &books->cookies : NULL;
}

static void note_lack_of_room(const struct told *told, const struct event *event)
{
	struct told_books *books = told->books;
	long *count = lack_of_room(books, event->name);
	bool known = event->packet > 0 && event->packet < books->packet_count;
	struct told_client *client =
		known ? client_book(told, books->packets[event->packet]) : NULL;

	if (event->host != SERVER || !count || event->delta <= 0)
		return;
	*count += event->delta;
	if (client)
		client->squeezed = true;
}

void take_client_event(struct told *told, const struct event *event)
{
	struct told_client *client = client_book(told, event->flow);

	if (event->kind == EVENT_FLOW)
		take_flow(told, event);
	else if (event->kind == EVENT_COUNTER)
		note_lack_of_room(told, event);
	if (event->kind == EVENT_PACKET)
		note_packet(told->books, event);
	if (!client)
		return;
	if (event->kind == EVENT_PACKET)
		take_packet(told, client, event);
	else if (event->kind == EVENT_CALL)
		take_call(client, event);
	else if (event->kind == EVENT_ANSWER)
		take_answer(client, event);
	else if (event->kind == EVENT_SOCKET)
		client->fires = event->fires;
	else
		return;
	client->seq = event->seq;
}

/* ---- fates --------------------------------------------------------------------------------- */

static nsec earlier(nsec a, nsec b)
{
	return !a || (b && b < a) ? b : a;
}

static bool is_before(nsec a, nsec b)
{
	return a && (!b || a < b);
}

static enum told_fate fate_of_unconnected(const struct told_client *client)
{
	if (client->reset)
		return FATE_REFUSED;
	if (client->gave_up)
		return FATE_TIMED_OUT;
	return client->left ? FATE_GAVE_UP : FATE_CONNECTING;
}

/* Of one whom the server has left without the whole of its answer. */
static enum told_fate fate_of_ended(const struct told_client *client)
{
	if (client->first_byte)
		return FATE_CUT;
	if (is_before(client->closed, client->reset))
		return FATE_CLOSED;
	return is_before(client->requested, client->reset) ? FATE_RESET_AFTER : FATE_RESET_BEFORE;
}

static enum told_fate fate_of(const struct told *told, struct told_client *client)
{
	if (!told->books->answers && client->accepted)
		set_once(&client->served, client->accepted);
	if (client->fate == FATE_OTHERWISE)
		return FATE_OTHERWISE;
	if (client->served)
		return FATE_SERVED;
	if (!client->connected)
		return fate_of_unconnected(client);
	if (is_before(client->left, earlier(client->closed, client->reset)) ||
	    (client->turned_away && !client->reset))
		return FATE_GAVE_UP;
	if (server_has_ended(client))
		return fate_of_ended(client);
	return client->gave_up ? FATE_TIMED_OUT : FATE_UNANSWERED;
}

static nsec time_of_fate(const struct told *told, const struct told_client *client)
{
	switch (client->fate) {
	case FATE_SERVED:
		return client->served;
	case FATE_OTHERWISE:
		return client->last_byte;
	case FATE_REFUSED:
		return client->reset;
	case FATE_TIMED_OUT:
		return client->gave_up;
	case FATE_GAVE_UP:
		return client->left ? client->left : client->closed;
	case FATE_CONNECTING:
	case FATE_UNANSWERED:
		return told->ended;
	default:
		return earlier(client->closed, client->reset);
	}
}

void decide_fates(struct told *told)
{
	for (int i = 0; i < told->client_count; i++) {
		struct told_client *client = &told->clients[i];

		if (client->role == ROLE_STRANGER)
			continue;
		client->fate = fate_of(told, client);
		client->ended = time_of_fate(told, client);
		if (client->fires <= told->ended)
			client->fires = 0;
	}
}

static const struct {
	const char *name, *words;
} fates[FATES] = {
	[FATE_SERVED] = { "served", "served" },
	[FATE_OTHERWISE] = { "answered-otherwise", "answered otherwise" },
	[FATE_CUT] = { "answer-cut", "answer cut" },
	[FATE_CLOSED] = { "closed-unanswered", "closed without an answer" },
	[FATE_RESET_BEFORE] = { "reset-before-request", "reset before its request" },
	[FATE_RESET_AFTER] = { "reset-after-request", "reset after its request" },
	[FATE_REFUSED] = { "refused", "refused" },
	[FATE_TIMED_OUT] = { "timed-out", "timed out" },
	[FATE_GAVE_UP] = { "gave-up", "went by itself" },
	[FATE_CONNECTING] = { "still-connecting", "still not connected" },
	[FATE_UNANSWERED] = { "still-unanswered", "connected and never answered" },
};

const char *told_fate_name(enum told_fate fate)
{
	return fates[fate].name;
}

const char *told_fate_words(enum told_fate fate)
{
	return fates[fate].words;
}
