/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server of one thread, with a listener for IPv4 and one for IPv6. SIGHUP: it reads its
 * configuration again; SIGTERM: it drains.
 */
#include <signal.h>
#include <stddef.h>

#include "tests/servers/loop.h"
#include "tests/servers/server.h"

static void listen_on_both(void)
{
	take_listener(listen_on(IPV4));
	take_listener(listen_on(IPV6));
}

static void reload(void)
{
	if (wrong("listens-again"))
		close_listeners();
	read_configuration();
	if (wrong("listens-again"))
		listen_on_both();
}

int main(int argc, char **argv)
{
	static const char *const faults[] = { "accepts-once",    "blocking-read",
					      "dies-of-eintr",   "dies-of-sigpipe",
					      "drains-unserved", "listens-again",
					      "spins",           NULL };
	int signals = take_signals();

	(void)argc;
	read_options(argv, faults);
	listen_on_both();
	for (;;) {
		serve_until(signals);
		switch (next_signal(signals)) {
		case SIGHUP:
			reload();
			break;
		case SIGTERM:
			drain();
			return 0;
		}
	}
}
