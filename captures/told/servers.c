/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the server's processes did, and what was done to them.
 */
#include "captures/told/books.h"

#include <signal.h>
#include <string.h>

/* More than anybody starts, or looks: how long it takes to find one of them is bounded. */
#define MOST_SERVERS 8
#define MOST_LOOKS   4096

/* -1: it is a helper, or there are too many. */
static int number_of(struct told *told, const char *name)
{
	if (!name || strncmp(name, "server", strlen("server")) != 0)
		return -1;
	for (int i = 0; i < told->server_count; i++)
		if (strcmp(told->servers[i].name, name) == 0)
			return i;
	if (told->server_count == MOST_SERVERS)
		return -1;
	told->servers = GROWN(told->servers, told->server_count);
	told->servers[told->server_count] = (struct told_server){ .name = name };
	return told->server_count++;
}

static void add_deed(struct told *told, const struct told_event *deed)
{
	struct told_books *books = told->books;

	books->events = GROWN(books->events, books->event_count);
	books->events[books->event_count++] = *deed;
}

/* ---- looks --------------------------------------------------------------------------------- */

static int look_before(const struct told_books *books, int server)
{
	for (int i = books->look_count - 1; i >= 0; i--)
		if (books->looks[i].server == server)
			return i;
	return -1;
}

static void take_look(struct told *told, int server, const struct event *event)
{
	struct told_books *books = told->books;
	int before = look_before(books, server);

	if (books->look_count == MOST_LOOKS)
		return;
	books->looks = GROWN(books->looks, books->look_count);
	books->looks[books->look_count++] = (struct told_look){ .server = server,
								.at = event->at,
								.seq = event->seq,
								.cpu = event->value,
								.switches = event->delta,
								.descriptors = event->accept,
								.limit = event->limit,
								.processes = event->syn,
								.asleep = event->result == 1,
								.before = before,
								.accepted = books->accepted,
								.waiting = waiting_in_queues(told),
								.segments = books->segments };
}

/* ---- all else ------------------------------------------------------------------------------ */

/* What ends a process, or tells it to do something else. */
static bool is_order(const struct event *event)
{
	return event->value != SIGSTOP && event->value != SIGCONT;
}

static void take_exit(struct told_server *server, const struct event *event)
{
	if (server->exited)
		return;
	server->exited = event->at;
	server->status = event->value;
	server->by_itself = !server->signalled;
}

/* What is noted of the instance itself. */
static void note_server(struct told_server *server, const struct event *event)
{
	if (text_is(event->name, "started")) {
		server->started = event->at;
		server->pid = event->result;
	} else if (text_is(event->name, "listens") || text_is(event->name, "ready")) {
		server->listens = server->listens ? server->listens : event->at;
	} else if (text_is(event->name, "signalled") && is_order(event)) {
		server->signalled = server->signalled ? server->signalled : event->at;
		if (event->value == SIGKILL && !server->killed)
			server->killed = event->at;
	} else if (text_is(event->name, "exited")) {
		take_exit(server, event);
	}
}

/* What rules ask for: -1 where it is nothing of that. */
static int deed_of(const struct event *event)
{
	static const struct {
		const char *name;
		enum told_deed deed;
	} deeds[] = { { "command", DEED_COMMAND },
		      { "continued", DEED_CONTINUE },
		      { "exited", DEED_EXIT },
		      { "process exited", DEED_PROCESS },
		      { "worker exited", DEED_WORKER } };

	if (text_is(event->name, "signalled"))
		return is_order(event) ? (int)DEED_SIGNAL : -1;
	if (text_is(event->name, "accept"))
		return event->error ? (int)DEED_ERROR : -1;
	for (size_t i = 0; i < ARRAY_LENGTH(deeds); i++)
		if (text_is(event->name, deeds[i].name))
			return (int)deeds[i].deed;
	return -1;
}

static void take_server(struct told *told, const struct event *event)
{
	int server = number_of(told, event->object), deed = deed_of(event);

	if (server < 0)
		return;
	told->books->watched |= text_is(event->name, "accept");
	if (text_is(event->name, "look"))
		take_look(told, server, event);
	else
		note_server(&told->servers[server], event);
	if (deed >= 0 && !told->servers[server].killed)
		add_deed(told, &(struct told_event){ .deed = (enum told_deed)deed,
						     .server = server,
						     .at = event->at,
						     .seq = event->seq,
						     .status = event->value,
						     .error = event->error,
						     .accepts = event->delta > 0 });
}

/* ---- facts and options of the run ---------------------------------------------------------- */

static void take_limit(struct told_books *books, const struct event *event)
{
	books->limits = GROWN(books->limits, books->limit_count);
	books->limits[books->limit_count++] =
		(struct told_limit){ .name = event->argument, .value = event->value };
}

static void take_descriptors(struct told *told, const struct event *event)
{
	static const struct {
		const char *word;
		enum told_deed deed;
	} deeds[] = { { "limited", DEED_LIMIT }, { "taken", DEED_TAKE }, { "freed", DEED_FREE } };

	for (size_t i = 0; i < ARRAY_LENGTH(deeds); i++)
		if (text_is(event->argument, deeds[i].word))
			add_deed(told, &(struct told_event){ .deed = deeds[i].deed,
							     .server = -1,
							     .at = event->at,
							     .seq = event->seq });
}

static void take_fact(struct told *told, const struct event *event)
{
	struct told_books *books = told->books;

	if (text_is(event->name, "request")) {
		books->answers = event->value != 0;
		books->speaks_first = event->argument &&
				      strncmp(event->argument, "nothing", strlen("nothing")) == 0;
	} else if (text_is(event->name, "socket activation")) {
		books->activated = true;
	} else if (text_is(event->name, "descriptors")) {
		take_descriptors(told, event);
	} else if (text_is(event->name, "deferred")) {
		books->deferred = event->value > 0;
	} else if (text_is(event->name, "not seen") && event->argument) {
		told->unseen = GROWN(told->unseen, told->unseen_count);
		told->unseen[told->unseen_count++] = event->argument;
	} else if (text_is(event->name, "limit") && event->argument) {
		take_limit(books, event);
	} else if (text_is(event->name, "allowed") && event->argument) {
		books->allowed = GROWN(books->allowed, books->allowed_count);
		books->allowed[books->allowed_count++] = event->argument;
	}
}

void take_server_event(struct told *told, const struct event *event)
{
	if (event->kind == EVENT_SERVER)
		take_server(told, event);
	else if (event->kind == EVENT_FACT)
		take_fact(told, event);
}
