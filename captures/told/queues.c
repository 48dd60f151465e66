/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits in which accept queue. Nobody tells when a server calls accept(); but a queue is a
 * FIFO, and sock_diag tells how many are in it. So whoever came first has left when it is shorter.
 */
#include "captures/told/books.h"

#include <string.h>

struct told_listener *listener_book(const struct told *told, int key)
{
	struct told_books *books = told->books;

	for (int i = 0; key && i < books->listener_count; i++)
		if (books->listeners[i].key == key)
			return &books->listeners[i];
	return NULL;
}

void free_listeners(struct told_books *books)
{
	for (int i = 0; i < books->listener_count; i++)
		free(books->listeners[i].waiting);
	free(books->listeners);
}

/* More than a server has: how long it takes to find one of them is bounded. */
#define MOST_LISTENERS 1024

static void take_listener(struct told *told, const struct event *event)
{
	struct told_books *books = told->books;

	if (!event->listener || listener_book(told, event->listener) ||
	    books->listener_count == MOST_LISTENERS)
		return;
	books->listeners = GROWN(books->listeners, books->listener_count);
	books->listeners[books->listener_count++] =
		(struct told_listener){ .key = event->listener,
					.port = event_port(event),
					.name = event->name ? event->name : "?",
					.asked = -1,
					.shares = -1,
					.began = event->at };
}

/* ---- who comes and who goes ---------------------------------------------------------------- */

static void add_homeless(struct told_books *books, int flow)
{
	books->homeless = GROWN(books->homeless, books->homeless_count);
	books->homeless[books->homeless_count++] = flow;
}

/* A connection, and none that only waits for its last segments. */
static bool is_child(enum tcp_state state)
{
	return state != NO_SOCKET && state != SYN_RECV && state != TIME_WAIT;
}

static void take_socket(struct told *told, const struct event *event)
{
	struct told_client *client = client_book(told, event->flow);

	if (event->host != SERVER || !client)
		return;
	client->half_open = event->state == SYN_RECV;
	if (event->was == SYN_RECV && event->state == NO_SOCKET)
		client->request_ended = event->at;
	if (!is_child(event->was) && event->was != TIME_WAIT && is_child(event->state))
		add_homeless(told->books, event->flow);
}

static void enter_queue(struct told *told, struct told_listener *listener, int flow)
{
	struct told_client *client = client_book(told, flow);

	listener->waiting = GROWN(listener->waiting, listener->waiting_count);
	listener->waiting[listener->waiting_count++] = flow;
	client->listener = listener->key;
	client->orphaned = 0;
}

static void note_accept(struct told *told, struct told_client *client, nsec at)
{
	struct told_books *books = told->books;

	if (client->accepted)
		return;
	client->accepted = at;
	books->accepted++;
	if (!books->first_accept)
		books->first_accept = at;
	books->last_accept = at;
}

/* The one on its port, where there is one only; or that which the case has named. NULL: not known.
 */
static struct told_listener *listener_for(const struct told *told, const struct told_client *client)
{
	struct told_listener *only = NULL;

	if (client->listener)
		return listener_book(told, client->listener);
	for (int i = 0; i < told->books->listener_count; i++) {
		struct told_listener *listener = &told->books->listeners[i];

		if (listener->port != client->port || listener->ended)
			continue;
		if (only)
			return NULL;
		only = listener;
	}
	return only;
}

/* It is meant for this one; or for any on the port, and this one's queue is longer than is known.
 */
static bool belongs(const struct told *told, const struct told_client *client,
		    const struct told_listener *listener)
{
	const struct told_listener *meant = listener_for(told, client);

	if (meant && !meant->ended)
		return meant == listener;
	return client->port == listener->port && listener->waiting_count < listener->depth;
}

static void take_in(struct told *told, struct told_listener *listener)
{
	struct told_books *books = told->books;
	int left = 0;

	for (int i = 0; i < books->homeless_count; i++) {
		int flow = books->homeless[i];

		if (belongs(told, client_book(told, flow), listener))
			enter_queue(told, listener, flow);
		else
			books->homeless[left++] = flow;
	}
	books->homeless_count = left;
}

/* Who came first is gone. */
static void let_go(struct told *told, struct told_listener *listener, nsec at)
{
	int gone = listener->waiting_count - listener->depth;

	if (gone <= 0)
		return;
	for (int i = 0; i < gone; i++) {
		struct told_client *client = client_book(told, listener->waiting[i]);

		if (client->queued)
			client->last_queued = told->books->sampled;
		note_accept(told, client, at);
	}
	listener->waiting_count -= gone;
	memmove(listener->waiting, listener->waiting + gone,
		(size_t)listener->waiting_count * sizeof(*listener->waiting));
}

/* Newcomers stand behind all others. */
static void note_newcomers(const struct told *told, const struct told_listener *listener, nsec at)
{
	for (int i = listener->waiting_count - 1; i >= 0; i--) {
		struct told_client *client = client_book(told, listener->waiting[i]);

		if (client->queued)
			return;
		client->queued = at;
	}
}

/* Whom no queue has taken in was accepted before anybody looked; or has ended with its listener. */
static void settle_homeless(struct told *told, nsec at)
{
	struct told_books *books = told->books;

	for (int i = 0; i < books->homeless_count; i++) {
		struct told_client *client = client_book(told, books->homeless[i]);

		if (!client->orphaned)
			note_accept(told, client, at);
	}
	books->homeless_count = 0;
}

int waiting_in_queues(const struct told *told)
{
	int waiting = 0;

	for (int i = 0; i < told->books->listener_count; i++)
		waiting += told->books->listeners[i].depth;
	return waiting;
}

/* Who was looked at since the last sample has had so many in its queues at most. */
static void bound_looks(struct told *told)
{
	struct told_books *books = told->books;
	int waiting = waiting_in_queues(told);

	for (; books->looks_sampled < books->look_count; books->looks_sampled++) {
		struct told_look *look = &books->looks[books->looks_sampled];

		if (waiting < look->waiting)
			look->waiting = waiting;
	}
}

static void note_connections(const struct told *told, nsec at)
{
	for (int i = 0; i < told->books->homeless_count; i++) {
		struct told_client *client = client_book(told, told->books->homeless[i]);

		if (!client->up)
			client->up = at;
	}
}

static void take_sample(struct told *told, const struct event *event)
{
	struct told_books *books = told->books;

	note_connections(told, event->at);
	for (int i = 0; i < books->listener_count; i++)
		if (!books->listeners[i].ended && books->homeless_count)
			take_in(told, &books->listeners[i]);
	for (int i = 0; i < books->listener_count; i++) {
		let_go(told, &books->listeners[i], event->at);
		note_newcomers(told, &books->listeners[i], event->at);
	}
	settle_homeless(told, event->at);
	bound_looks(told);
	books->sampled = event->at;
}

/* ---- the end of a listener ----------------------------------------------------------------- */

/* Members of a group end one after the other, and who follows them may not be known yet. */
static bool was_in_group(const struct told *told, const struct told_listener *listener)
{
	for (int i = 0; i < told->books->listener_count; i++) {
		const struct told_listener *other = &told->books->listeners[i];

		if (other != listener && other->port == listener->port &&
		    (!other->ended || other->ended > listener->began))
			return true;
	}
	return false;
}

static void orphan(struct told_client *client, const struct event *event, bool in_group)
{
	client->orphaned = event->at;
	client->of_group = in_group;
}

/* Of several on its port nobody tells which one has its request. */
static bool may_ask(const struct told *told, const struct told_client *client,
		    const struct told_listener *listener)
{
	const struct told_listener *meant = listener_for(told, client);

	return meant ? meant == listener : client->port == listener->port;
}

/* Also where the sample that finds the listener gone has found its request gone. */
static bool was_half_open(const struct told_client *client, nsec at)
{
	return client->half_open || client->request_ended == at;
}

/* It was connected and reset since the last sample: no more is known of it. */
static bool was_never_seen(const struct told_client *client)
{
	return client->came && client->connected && client->reset_sent && !client->up &&
	       !client->first_byte && !client->closed;
}

/* Reset since the last sample, before it had heard anything. */
static bool has_just_been_reset(const struct told *told, const struct told_client *client)
{
	return client->reset_sent > told->books->sampled && client->up && !client->first_byte &&
	       !client->closed;
}

/*
 * Who of several listeners' clients waited in this one's queue nobody could tell before; now it
 * shows in who is reset, as many as there were, and who came up since they were counted.
 */
static void orphan_those_reset(struct told *told, const struct told_listener *listener,
			       const struct event *event)
{
	int left = listener->waiting_count;

	for (int i = 0; i < told->client_count; i++) {
		struct told_client *client = &told->clients[i];
		bool counted = client->up <= told->books->sampled;

		if (client->port != listener->port || client->orphaned ||
		    !has_just_been_reset(told, client) || (counted && left == 0))
			continue;
		orphan(client, event, true);
		left -= counted;
	}
}

static void end_listener(struct told *told, struct told_listener *listener,
			 const struct event *event)
{
	bool in_group = was_in_group(told, listener);

	if (listener->ended)
		return;
	listener->ended = event->at;
	listener->depth = 0;
	if (in_group)
		orphan_those_reset(told, listener, event);
	for (int i = 0; i < listener->waiting_count; i++) {
		struct told_client *client = client_book(told, listener->waiting[i]);

		client->last_queued = told->books->sampled;
		orphan(client, event, in_group);
		add_homeless(told->books, client->flow);
	}
	listener->waiting_count = 0;
	for (int i = 0; i < told->client_count; i++) {
		struct told_client *client = &told->clients[i];
		bool half = was_half_open(client, event->at);

		if (client->orphaned || !may_ask(told, client, listener) ||
		    (!half && !was_never_seen(client)))
			continue;
		orphan(client, event, in_group);
		client->in_handshake = half;
	}
}

static void take_queue(struct told *told, const struct event *event)
{
	struct told_listener *listener = listener_book(told, event->listener);

	if (!listener)
		return;
	if (event->name)
		end_listener(told, listener, event);
	else if (!listener->ended)
		listener->depth = event->accept;
}

/* Who is still there when the journal ends. */
void end_queues(struct told *told)
{
	for (int i = 0; i < told->books->listener_count; i++) {
		const struct told_listener *listener = &told->books->listeners[i];

		for (int k = 0; k < listener->waiting_count; k++)
			client_book(told, listener->waiting[k])->last_queued = told->books->sampled;
	}
}

static void take_fact(struct told *told, const struct event *event)
{
	struct told_listener *listener = listener_book(told, event->listener);

	if (listener && text_is(event->name, "backlog asked"))
		listener->asked = event->value;
	if (listener && text_is(event->name, "reuseport"))
		listener->shares = event->value > 0;
}

void take_queue_event(struct told *told, const struct event *event)
{
	if (event->kind == EVENT_LISTENER)
		take_listener(told, event);
	else if (event->kind == EVENT_SOCKET)
		take_socket(told, event);
	else if (event->kind == EVENT_QUEUE)
		take_queue(told, event);
	else if (event->kind == EVENT_FACT)
		take_fact(told, event);
	else if (event->kind == EVENT_SAMPLE)
		take_sample(told, event);
}
