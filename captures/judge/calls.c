/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a system call of the case returned, and what it was to return, in words: a number says
 * nothing where it is a set of bits or a port.
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
		    { POLLHUP, "hung up" } };
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

static char *port_words(const struct judge *judge, long port)
{
	for (int i = 1; i < judge->flow_count; i++)
		if (port && judge->flows[i].client_port == port)
			return format("%s", judge->flows[i].name);
	return format("port %ld", port);
}

static char *number_words(const struct judge *judge, const char *call, long number)
{
	if (is_poll(call))
		return poll_words(call, number);
	return gives_port(call) ? port_words(judge, number) : format("%ld", number);
}

char *call_expected(const struct judge *judge, const struct event *event)
{
	char *end;
	long wanted = strtol(event->want, &end, 10);
	bool number = *end == '\0' && end != event->want;

	return number ? number_words(judge, event->name, wanted) : format("%s", event->want);
}

char *call_observed(const struct judge *judge, const struct event *event)
{
	const char *error = event->error ? strerrorname_np(event->error) : NULL;

	return error ? format("%s", error) : number_words(judge, event->name, event->result);
}

char *call_objection(const struct judge *judge, const struct event *event)
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
