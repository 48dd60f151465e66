/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accept() fails although a client waits.
 */
#define TOPIC "limits"
#include "fixtures/scenario.h"

#include <errno.h>
#include <string.h>

/*
 * EMFILE and ENFILE are the business of `descriptors`. Of these Linux gives the first four for TCP:
 * no memory, a firewall's rule (accept(2)), and a signal where accept() waits. The others are told
 * of other systems, and of sandboxes that stand between.
 */
static const int errors[] = {
	EINTR,    ENOBUFS,     ENOMEM,    EPERM,        ECONNABORTED, EPROTO,
	ENETDOWN, ENOPROTOOPT, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH,  EOPNOTSUPP,
};

/* One that has ended is started again, so that no error hides another one. */
static bool goes_on(struct server **server)
{
	struct scene *net = (*server)->scene;

	if (!(*server)->gone)
		return true;
	STEP("the server is started again");
	return start_again(net, server);
}

SCENARIO(errors, .question = "accept() fails once with each error: does it serve on?")
{
	STEP("the server starts, and serves");
	struct server *server = start_watched_server(net);
	const char *problem = why_accept_is_not_watched(server);
	if (problem)
		skip("the server's accept() cannot be made to fail: %s", problem);
	ask_for(server);
	others_are_served(server);

	for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
		server_rests(server, 1);
		if (!goes_on(&server))
			break;
		if (errors[i] == EINTR && !accept_blocks(server))
			continue;

		STEP("accept() fails with %s while a client waits", strerrorname_np(errors[i]));
		fail_next_accept(server, errors[i]);
		struct client **client = send_clients(listener_of_server(server), 1);
		/* one that accepts nobody any more: it has closed its listener, and lives on */
		if (!until_an_accept_fails(server))
			break;
		until_they_are_done(client, 1);
		server_rests(server, 1);
		/* one that is deaf from now on says nothing of the errors that follow */
		if (!server->gone && !others_are_served(server))
			break;
	}
}
