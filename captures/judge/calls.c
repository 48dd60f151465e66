/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls of the case: whether each returned what it was to return, both in words, as a number
 * says nothing where it is a set of bits or a port; and what it did to its flow or its listener.
 */
#include "captures/judge/books.h"

#include <poll.h>
#include <string.h>

static bool is_poll(const char *call)
{
	return strncmp(call, "poll for ", strlen("poll for ")) == 0 ||
	       strcmp(call, "epoll_wait") == 0;
}

/* Those of poll() are those of epoll too (epoll_ctl(2)). */
static char *poll_words(const char *call, long events)
{
	static const struct {
		long event;
		const char *words;
	} all[] = { { POLLIN, "readable" },
		    { POLLOUT, "writable" },
		    { POLLERR, "in error" },
		    { POLLHUP, "hung up" },
		    { POLLRDHUP, "at its end" },
		    { POLLRDNORM, "readable (POLLRDNORM)" },
		    { POLLWRNORM, "writable (POLLWRNORM)" } };
	struct text words = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if (events & all[i].event) {
			text_add(&words, "%s%s", words.length ? ", " : "", all[i].words);
			events &= ~all[i].event;
		}
	if (events)
		text_add(&words, "%s%#lx", words.length ? ", " : "", events);
	if (!words.length)
		text_add(&words, "not %s",
			 strcmp(call, "poll for writing") == 0 ? "writable" : "readable");
	return text_take(&words);
}

/* accept() and getpeername() give a port, and a flow is known by its client's. */
static bool gives_port(const char *call)
{
	return strcmp(call, "accept") == 0 || strcmp(call, "getpeername") == 0;
}

/* Of several flows with that port the call is about its own. */
static char *port_words(const struct judge *judge, const struct event *event, long port)
{
	const struct flow_book *own = book_of_flow((struct judge *)judge, event->flow);

	if (own && port && own->client_port == port)
		return format("%s", own->name);
	for (int i = 1; i < judge->flow_count; i++)
		if (port && judge->flows[i].client_port == port)
			return format("%s", judge->flows[i].name);
	return format("port %ld", port);
}

static char *number_words(const struct judge *judge, const struct event *event, long number)
{
	if (is_poll(event->name))
		return poll_words(event->name, number);
	if (strcmp(event->name, "TCP_INFO state") == 0 && number > 0 && number < TCP_STATES)
		return format("%s", state_name((enum tcp_state)number));
	return gives_port(event->name) ? port_words(judge, event, number) : format("%ld", number);
}

char *call_expected(const struct judge *judge, const struct event *event)
{
	char *end;
	long wanted = strtol(event->want, &end, 10);
	bool number = *end == '\0' && end != event->want;

	return number ? number_words(judge, event, wanted) : format("%s", event->want);
}

char *call_observed(const struct judge *judge, const struct event *event)
{
	const char *error = event->error ? strerrorname_np(event->error) : NULL;

	return error ? format("%s", error) : number_words(judge, event, event->result);
}

static char *call_objection(const struct judge *judge, const struct event *event)
{
	autofree char *expected = call_expected(judge, event);
	autofree char *observed = call_observed(judge, event);
	const char *object = event->object ? event->object : "?";

	if (!is_poll(event->name) || event->error)
		return format("%s of %s returned %s, expected %s", event->name, object, observed,
			      expected);
	return format("%s says that %s is %s, expected %s%s",
		      *event->name == 'e' ? object : "poll()",
		      *event->name == 'e' ? "its listener" : object, observed, expected,
		      strcmp(observed, "not writable") == 0 ? ": its connect() has not ended" : "");
}

/* ---- what it did --------------------------------------------------------------------------- */

/* @want is "EAGAIN", "5", ">=0"; a call that fails returns -1 with its errno. */
static bool call_as_wanted(const struct event *event)
{
	const char *name = event->error ? strerrorname_np(event->error) : NULL;
	char *end;
	long wanted;

	if (!event->want)
		return true;
	if (name && event->result >= 0)
		return false;
	if (name || event->result < 0)
		return name && strcmp(event->want, name) == 0;
	if (strcmp(event->want, ">=0") == 0)
		return true;
	wanted = strtol(event->want, &end, 10);
	return *end == '\0' && end != event->want && wanted == event->result;
}

/* Calls that cannot make a host send anything. */
static bool only_asks(const char *name)
{
	return strncmp(name, "poll", 4) == 0 || strncmp(name, "SO_", 3) == 0 ||
	       strncmp(name, "TCP_", 4) == 0 || strcmp(name, "accept") == 0 ||
	       strcmp(name, "SIOCOUTQ") == 0 || strncmp(name, "sock_diag", 9) == 0 ||
	       strncmp(name, "/proc/", 6) == 0;
}

static void note_time_of_call(struct flow_book *flow, const struct event *event)
{
	flow->call_began[event->host] = event->began;
	flow->call_ended[event->host] = event->at;
	flow->call_name[event->host] = event->name;
}

/*
 * What a listening socket has not handed out ends with it: inet_csk_listen_stop(). Its half-open
 * requests stay, until their timers or their next segments, and are its own again if it listens
 * again before.
 */
static void end_listener(struct judge *judge, struct listener_book *listener,
			 const struct event *event)
{
	if (!listener->listens)
		return;
	listener->listens = false;
	listener->closed = true;
	listener->children = listener->accepted;
	listener->depths_seq = 0;
	for (int i = 1; i < judge->flow_count; i++) {
		struct flow_book *flow = &judge->flows[i];

		if (flow->listener == listener->key ||
		    (!flow->listener && flow->port == listener->port))
			note_time_of_call(flow, event);
	}
}

/*
 * accept() that fails and names a flow has taken that one's connection, and closed it: do_accept()
 * tells the address when it has the connection already.
 */
static bool loses_connection(const struct event *event)
{
	return strcmp(event->name, "accept") == 0 && event->result < 0 && event->listener &&
	       event->flow;
}

/*
 * A raw peer sends when the wire is quiet. (Where the server has a socket, its timer may have sent
 * something in between.)
 */
static void check_quiet(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	const struct line_book *last = NULL;

	for (int i = flow->first_line; i >= 0; i = judge->lines[i].next)
		if (judge->lines[i].direction == '<')
			last = &judge->lines[i];
	if (last && flow->to_peer > 0 && flow->states[SERVER] == NO_SOCKET)
		judge_object_to(judge, (struct culprit){ last->seq, last->packet },
				format("%s sends, and what the server has sent to it is still on "
				       "the wire",
				       flow->name));
}

static void note_call_of_flow(struct judge *judge, struct flow_book *flow,
			      const struct event *event)
{
	if (!only_asks(event->name) || loses_connection(event))
		note_time_of_call(flow, event);
	if (strcmp(event->name, "inject") == 0) {
		flow->injections++;
		flow->injected_flags = (uint8_t)event->result;
		flow->injected_seq = (uint32_t)event->value;
	}
	if (strcmp(event->name, "close") == 0 || strcmp(event->name, "kill") == 0 ||
	    strcmp(event->name, "disconnect") == 0 || loses_connection(event))
		flow->closed[event->host] = true;
	if (strcmp(event->name, "SOCK_DESTROY") == 0)
		flow->destroyed_in = judge->samples + 1;
	if (event->rto)
		flow->rto = event->rto;
}

/* One that ends the socket's listening, whoever else has a descriptor of it. */
static bool ends_listening(const struct event *event)
{
	if (strcmp(event->name, "shutdown") == 0) /* inet_shutdown(): RCV_SHUTDOWN */
		return event->argument && strcmp(event->argument, "SHUT_WR") != 0;
	return strcmp(event->name, "disconnect") == 0 || strcmp(event->name, "SOCK_DESTROY") == 0;
}

static void begin_listening(struct listener_book *listener, const struct event *event)
{
	listener->listens = true;
	listener->closed = false;
	listener->limit = event->limit;
}

static void note_accept(struct judge *judge, struct listener_book *listener,
			const struct event *event)
{
	bool takes = event->result >= 0 || loses_connection(event);

	/* another process may tell what it took when the listener has ended since */
	if (takes && !listener->listens && !(listener->foreign && listener->closed))
		judge_object(judge, event,
			     format("accept() of %s took a connection, and it does not listen",
				    listener->name));
	if (takes)
		leave_queue(judge, event, listener);
	if (event->result >= 0)
		return;
	listener->accept_error = event->error;
	listener->accept_loses = loses_connection(event);
	listener->accept_failed_in = judge->samples + 1;
}

/* Of one that has succeeded. */
static void note_call_of_listener(struct judge *judge, struct listener_book *listener,
				  const struct event *event)
{
	if (strcmp(event->name, "listen") == 0)
		begin_listening(listener, event);
	else if (strcmp(event->name, "dup") == 0)
		listener->references++;
	else if (event->flow)
		return;
	else if (strcmp(event->name, "close") == 0 || strcmp(event->name, "kill") == 0)
		listener->references--;
	if (listener->references == 0 || ends_listening(event))
		end_listener(judge, listener, event);
}

/* Whether accept() gave another socket than that of its flow; of several with one port, too. */
static bool gave_another(struct judge *judge, const struct event *event)
{
	const struct socket_book *socket = book_of_cookie(judge, SERVER, event->cookie);
	const struct flow_book *expected = book_of_flow(judge, event->flow);

	if (!event->cookie || (socket && socket->flow == event->flow))
		return false;
	judge_object(judge, event,
		     format("%s of %s returned %s, expected %s", event->name, event->object,
			    socket ? judge->flows[socket->flow].name : "a socket not seen before",
			    expected ? expected->name : "nobody"));
	return true;
}

void take_call(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	struct listener_book *listener = book_of_listener(judge, event->listener);

	if (!call_as_wanted(event)) {
		judge_object(judge, event, call_objection(judge, event));
		return;
	}
	if (gave_another(judge, event))
		return;
	if (flow && strcmp(event->name, "inject") == 0)
		check_quiet(judge, event);
	if (flow)
		note_call_of_flow(judge, flow, event);
	if (flow && strcmp(event->name, "inject ICMP") == 0)
		expect_icmp(judge, event);
	if (listener && strcmp(event->name, "accept") == 0)
		note_accept(judge, listener, event);
	else if (listener && event->result >= 0)
		note_call_of_listener(judge, listener, event);
}
