/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts_of_holders.c: which processes have a listener, and how each waits for its clients.
 */
#include "inspect/facts.h"

#include <string.h>
#include <sys/epoll.h>

/* ---- groups --------------------------------------------------------------------------------- */

static bool backlogs_differ(const struct account *account,
			    const struct inspected_listener *listener)
{
	for (size_t i = 0; i < account->listeners->count; i++) {
		const struct inspected_listener *other = &account->listeners->all[i];

		if (other->group == listener->group && other->limit != listener->limit)
			return true;
	}
	return false;
}

static char *group_unusual(const struct account *account, const struct inspected_listener *listener)
{
	if (listener->members < 2)
		return NULL;
	if (backlogs_differ(account, listener))
		return format(
			"its members have backlogs that differ: a client is dropped by the one "
			"that is full although others have room");
	if (inspect_setting(account->inspection, MIGRATE_SETTING) == 0)
		return format("each member has a queue of its own, and one that ends resets the "
			      "clients in it: net.ipv4.tcp_migrate_req is 0");
	return NULL;
}

static void add_group(struct account *account, const struct inspected_listener *listener)
{
	autofree char *members = counted(listener->members, "member", "members");

	if (!listener->options.known)
		return;
	add_fact(account, listener,
		 (struct fact){ .name = "reuseport",
				.value = listener->members,
				.known = true,
				.usual = listener->group == 0,
				.text = listener->group
						? format("SO_REUSEPORT: %s in its group", members)
						: format("SO_REUSEPORT is off"),
				.unusual = group_unusual(account, listener) });
}

/* ---- who holds it --------------------------------------------------------------------------- */

/* Two rows say the same of both but for the process. */
static bool hold_alike(const struct inspected_holder *one, const struct inspected_holder *other)
{
	return strcmp(one->name, other->name) == 0 && one->user == other->user &&
	       one->descriptor == other->descriptor && one->close_on_exec == other->close_on_exec &&
	       one->inherited_from == other->inherited_from;
}

typedef bool alike(const struct inspected_holder *one, const struct inspected_holder *other);

/* How many are as the one at @index; 0: one before it is. */
static size_t as_this(const struct inspected_listener *listener, size_t index, alike *are_alike)
{
	size_t count = 0;

	for (size_t i = 0; i < listener->holder_count; i++) {
		if (!are_alike(&listener->holders[i], &listener->holders[index]))
			continue;
		if (i < index)
			return 0;
		count++;
	}
	return count;
}

static void tell_holder(struct text *text, const struct inspected_holder *holder, size_t count)
{
	text_add(text, "%s%s", text->length ? "; " : "", holder->name);
	if (count > 1)
		text_add(text, " (%zu processes", count);
	else
		text_add(text, " (pid %d", holder->pid);
	text_add(text, ", user %u), descriptor %d%s", holder->user, holder->descriptor,
		 holder->close_on_exec ? ", close-on-exec" : "");
	if (holder->descriptors > 1)
		text_add(text, " and %u more", holder->descriptors - 1);
	if (holder->inherited_from)
		text_add(text, ", inherited from pid %d", holder->inherited_from);
}

static void add_holders(struct account *account, const struct inspected_listener *listener)
{
	struct text text = { 0 };

	if (!listener->holder_count) {
		add_fact(account, listener,
			 (struct fact){ .name = "holders",
					.value = NOT_KNOWN,
					.text = format("who holds it cannot be seen") });
		return;
	}
	for (size_t i = 0; i < listener->holder_count; i++) {
		size_t count = as_this(listener, i, hold_alike);

		if (count)
			tell_holder(&text, &listener->holders[i], count);
	}
	add_fact(account, listener,
		 (struct fact){ .name = "holders",
				.value = (int64_t)listener->holder_count,
				.known = true,
				.text = text_take(&text) });
}

/* It was started with the listener among its descriptors, and has no use for it. */
static bool is_leak(const struct inspected_holder *holder)
{
	return holder->other_program && holder->waits == WAITS_NOT && !holder->epolls;
}

static void add_leaks(struct account *account, const struct inspected_listener *listener)
{
	for (size_t i = 0; i < listener->holder_count; i++) {
		const struct inspected_holder *holder = &listener->holders[i];

		if (!is_leak(holder))
			continue;
		add_fact(account, listener,
			 (struct fact){
				 .name = "leak",
				 .value = holder->pid,
				 .known = true,
				 .text = format("%s (pid %d) has it from pid %d, which started it",
						holder->name, holder->pid, holder->inherited_from),
				 .unusual = format("another process than the server holds the "
						   "listener too: a restart will find its port "
						   "taken, and clients connect to nobody, while %s "
						   "runs",
						   holder->name) });
	}
}

/* ---- how each waits ------------------------------------------------------------------------- */

static const char *call_of(const struct inspected_holder *holder)
{
	for (size_t i = 0; i < holder->thread_count; i++)
		if (holder->threads[i].waits == holder->waits && holder->threads[i].call[0])
			return holder->threads[i].call;
	return "no system call";
}

static char *epoll_words(const struct inspected_holder *holder)
{
	uint32_t events = holder->epoll_events;

	return format("in epoll, %s-triggered%s%s%s%s", events & EPOLLET ? "edge" : "level",
		      events & EPOLLEXCLUSIVE ? ", EPOLLEXCLUSIVE" : "",
		      events & EPOLLONESHOT ? ", EPOLLONESHOT" : "",
		      holder->outside ? ", by another epoll that this one is in" : "",
		      holder->waits == WAITS_EPOLL ? ""
						   : ", no thread of it is in epoll_wait() now");
}

static char *wait_words(const struct inspected_holder *holder)
{
	switch (holder->waits) {
	case WAITS_ACCEPT:
		return format("blocked in %s()", call_of(holder));
	case WAITS_POLL:
		return format("in %s()", call_of(holder));
	case WAITS_EPOLL:
		return epoll_words(holder);
	case WAITS_URING:
		return format("by io_uring, which has an accept pending (of which listener, the "
			      "kernel does not show)");
	case WAITS_UNKNOWN:
		if (!holder->epolls)
			return format("what its threads do is not to be seen");
		return epoll_words(holder);
	default:
		if (holder->epolls)
			return epoll_words(holder);
		return format("not at present (in %s)", call_of(holder));
	}
}

static size_t waiting_threads(const struct inspected_holder *holder)
{
	size_t count = 0;

	for (size_t i = 0; i < holder->thread_count; i++)
		count += holder->threads[i].waits != WAITS_NOT &&
			 holder->threads[i].waits != WAITS_UNKNOWN;
	return count;
}

static bool wait_alike(const struct inspected_holder *one, const struct inspected_holder *other)
{
	return strcmp(one->name, other->name) == 0 && one->waits == other->waits &&
	       waiting_threads(one) == waiting_threads(other) && one->epolls == other->epolls &&
	       one->outside == other->outside && one->epoll_events == other->epoll_events &&
	       strcmp(call_of(one), call_of(other)) == 0;
}

/* Of all processes that hold it. */
struct waiting {
	size_t processes, threads;
	size_t woken; /* processes of which a new client wakes one thread at least */
	bool somehow; /* one waits, or may, or watches it by epoll */
};

static struct waiting waiting_for(const struct inspected_listener *listener)
{
	struct waiting waiting = { 0 };

	for (size_t i = 0; i < listener->holder_count; i++) {
		const struct inspected_holder *holder = &listener->holders[i];
		size_t threads = waiting_threads(holder);

		waiting.threads += threads;
		waiting.processes += threads > 0;
		waiting.somehow |= holder->waits != WAITS_NOT || holder->epolls;
		waiting.woken +=
			holder->waits == WAITS_POLL ||
			(holder->waits == WAITS_EPOLL && !(holder->epoll_events & EPOLLEXCLUSIVE));
	}
	return waiting;
}

static char *waits_unusual(const struct inspected_listener *listener,
			   const struct inspected_holder *holder)
{
	struct waiting waiting = waiting_for(listener);

	if (holder->waits == WAITS_URING)
		return format("its accept() cannot be watched: it is not held in stall, and does "
			      "not fail in errors");
	if (!waiting.somehow)
		return format(
			"nobody waits for clients at present: who comes is connected, and not "
			"served");
	if (waiting.woken > 1 &&
	    (holder->waits == WAITS_POLL ||
	     (holder->waits == WAITS_EPOLL && !(holder->epoll_events & EPOLLEXCLUSIVE))))
		return format("each client wakes %zu processes, and all but one in vain "
			      "(EPOLLEXCLUSIVE, or an accept() that blocks, wakes one)",
			      waiting.woken);
	return NULL;
}

static void add_wait(struct account *account, const struct inspected_listener *listener,
		     size_t index)
{
	const struct inspected_holder *holder = &listener->holders[index];
	size_t count = as_this(listener, index, wait_alike);
	size_t waiting = count * waiting_threads(holder);
	autofree char *words = wait_words(holder);
	autofree char *threads = NULL;
	char *text;

	if (!count)
		return;
	threads = waiting ? counted(waiting, "thread", "threads") : format("no thread");
	text = count > 1 ? format("%s (%zu processes, %s): %s", holder->name, count, threads, words)
			 : format("%s (pid %d, %s): %s", holder->name, holder->pid, threads, words);
	add_fact(account, listener,
		 (struct fact){ .name = "waits",
				.value = holder->waits == WAITS_UNKNOWN ? NOT_KNOWN
									: (int64_t)waiting,
				.known = holder->waits != WAITS_UNKNOWN,
				.text = text,
				.unusual = waits_unusual(listener, holder) });
}

/* Whoever is woken for a client that another takes waits in accept() for the next one. */
static void add_blocking(struct account *account, const struct inspected_listener *listener)
{
	struct waiting waiting = waiting_for(listener);
	bool blocks = listener->options.known && !listener->options.nonblocking;

	if (!listener->options.known)
		return;
	add_fact(
		account, listener,
		(struct fact){ .name = "blocking",
			       .value = blocks,
			       .known = true,
			       .usual = !blocks,
			       .text = format("accept() %s", blocks ? "waits where nobody is there"
								    : "does not wait (O_NONBLOCK)"),
			       .unusual = blocks && waiting.woken > 1
						  ? format("a process that is woken for a client "
							   "that another one takes is stuck in "
							   "accept() until the next one comes")
						  : NULL });
}

void add_facts_of_holders(struct account *account, const struct inspected_listener *listener)
{
	add_holders(account, listener);
	add_leaks(account, listener);
	for (size_t i = 0; i < listener->holder_count; i++)
		add_wait(account, listener, i);
	add_blocking(account, listener);
	add_group(account, listener);
}
