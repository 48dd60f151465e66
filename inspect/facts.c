/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.c: what a server's listeners are like: where they listen, and how many may wait there.
 */
#include "inspect/facts.h"

#include <netinet/in.h>

/* ---- where ---------------------------------------------------------------------------------- */

static bool ipv4_is_served(const struct account *account, uint16_t port)
{
	for (size_t i = 0; i < account->listeners->count; i++) {
		const struct inspected_listener *other = &account->listeners->all[i];

		if (!other->foreign && other->port == port && listener_serves(other, AF_INET))
			return true;
	}
	return false;
}

static char *where_unusual(const struct account *account, const struct inspected_listener *listener)
{
	if (listener_is_on_loopback(listener))
		return format("it listens on the loopback alone: nobody from elsewhere reaches it");
	if (!ipv4_is_served(account, listener->port))
		return format("nobody listens on this port for IPv4: such clients are refused");
	return NULL;
}

static void add_where(struct account *account, const struct inspected_listener *listener)
{
	bool four = listener_serves(listener, AF_INET), six = listener_serves(listener, AF_INET6);
	const char *kind = four && six ? "IPv6, and IPv4 too: dual stack" : four ? "IPv4" : "IPv6";

	add_fact(account, listener,
		 (struct fact){ .name = "listens",
				.value = four && six ? 46
					 : four      ? 4
						     : 6,
				.known = true,
				.text = format("on %s (%s)", listener->name, kind),
				.unusual = where_unusual(account, listener) });
	if (listener->interface)
		add_fact(account, listener,
			 (struct fact){ .name = "interface",
					.value = listener->interface,
					.known = true,
					.text = format("bound to interface %u (SO_BINDTODEVICE)",
						       listener->interface) });
}

/* ---- how many may wait ---------------------------------------------------------------------- */

/* A browser opens as many connections to one host at once (HTTP/1.1; Chromium, Firefox). */
#define BROWSERS_CONNECTIONS 6

/* Who asks for more (systemd: INT_MAX) names no number: it wants whatever there is. */
#define LARGEST_MEANT 65535

/* listen() compares what it is asked for as if it had no sign (net/socket.c, __sys_listen()). */
static bool is_bounded(const struct inspected_listener *listener, long most)
{
	return most != NOT_KNOWN && (unsigned)listener->asked > (unsigned long)most;
}

static char *backlog_unusual(const struct inspected_listener *listener, long most)
{
	if (listener->limit < BROWSERS_CONNECTIONS)
		return format("no more than %d may wait, and one browser opens %d connections at "
			      "once: who comes while there is no room sends again a second later",
			      listener->limit + 1, BROWSERS_CONNECTIONS);
	if (listener->asked_known && listener->asked >= 0 && listener->asked <= LARGEST_MEANT &&
	    is_bounded(listener, most))
		return format("net.core.somaxconn is %ld: %d of those that were asked for are not "
			      "to be had",
			      most, listener->asked - listener->limit);
	return NULL;
}

static char *backlog_text(const struct inspected_listener *listener, long most)
{
	const char *bound = is_bounded(listener, most) ? "net.core.somaxconn bounds it"
						       : "listen()'s argument bounds it";

	if (most == NOT_KNOWN)
		return format("%d asked, %d in effect", listener->asked, listener->limit);
	return format("%d asked, %d in effect: %s (net.core.somaxconn %ld)", listener->asked,
		      listener->limit, bound, most);
}

static void add_backlog(struct account *account, const struct inspected_listener *listener)
{
	long most = inspect_setting(account->inspection, SOMAXCONN_SETTING);

	if (listener->asked_known)
		add_fact(account, listener,
			 (struct fact){ .name = "backlog asked",
					.value = listener->asked,
					.known = true,
					.text = backlog_text(listener, most),
					.unusual = backlog_unusual(listener, most) });
	else
		add_fact(account, listener,
			 (struct fact){ .name = "backlog asked",
					.value = NOT_KNOWN,
					.text = format("%d in effect; what listen() asked for was "
						       "not seen",
						       listener->limit),
					.unusual = backlog_unusual(listener, most) });
	add_fact(account, listener,
		 (struct fact){ .name = "backlog",
				.value = listener->limit,
				.known = true,
				.usual = true,
				.text = format("%d in effect: %d connections may wait",
					       listener->limit, listener->limit + 1) });
}

static void add_queue(struct account *account, const struct inspected_listener *listener)
{
	autofree char *clients = counted((size_t)listener->queued, "client", "clients");

	add_fact(account, listener,
		 (struct fact){ .name = "queue",
				.value = listener->queued,
				.known = true,
				.usual = listener->queued == 0,
				.text = format("%s in the accept queue at present", clients) });
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void add_facts_of_listener(struct account *account,
				  const struct inspected_listener *listener)
{
	add_where(account, listener);
	add_backlog(account, listener);
	add_queue(account, listener);
	add_facts_of_holders(account, listener);
	add_facts_of_options(account, listener);
}

struct facts inspect_facts(struct inspection *inspection, struct facts_options options)
{
	struct inspected_listeners listeners =
		inspect_listeners_closely(inspection, options.server, options.watch);
	struct inspected_processes processes = inspect_processes(inspection, options.server);
	struct account account = { .inspection = inspection,
				   .processes = &processes,
				   .listeners = &listeners,
				   .watch = options.watch };

	add_facts_of_server(&account);
	for (size_t i = 0; i < listeners.count; i++)
		if (!listeners.all[i].foreign)
			add_facts_of_listener(&account, &listeners.all[i]);
	inspected_processes_free(&processes);
	inspected_listeners_free(&listeners);
	return account.facts;
}
