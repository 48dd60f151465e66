/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that want to be served: one, and many at once.
 */
#define TOPIC "serving"
#include "captures/told/told.h"
#include "fixtures/scenario.h"

SCENARIO(one, .question = "does it answer one client, over each family that it listens on?")
{
	STEP("the server starts");
	struct server *server = start_server(net);

	STEP("what does it answer to?");
	ask_for(server);

	STEP("a client comes");
	struct client **client = send_clients(listener_of_server(server), 1);
	until_they_are_done(client, 1);
	server_rests(server, 1);
}

/* Twice a browser's six: what has no room for one must show. */
enum { FEWEST = 12 };

SCENARIO(burst, .question = "many clients at once: who is served, when, and who never?")
{
	STEP("the server starts");
	struct server *server = start_server(net);
	struct listener *listener = listener_of_server(server);
	int asked_for = (int)trial_of_scene(net)->clients;
	int usual = 2 * listener->backlog > FEWEST ? 2 * listener->backlog : FEWEST;
	int count = asked_for ? asked_for : usual;
	int few = count < BROWSER_CONNECTIONS ? count : BROWSER_CONNECTIONS;

	STEP("what does it answer to?");
	ask_for(server);

	STEP("%d clients, as a browser sends them, come before the server acts", few);
	hold_server(server);
	struct client **clients = send_clients(listener, few);
	move_clients(net);
	let_server_run(server);
	until_they_are_done(clients, few);

	STEP("%d clients come at once", count);
	clients = send_clients(listener, count);
	bool done = until_they_are_done(clients, count);

	STEP("nobody else comes");
	if (!done) /* on a busy machine the server may not have rested yet */
		until_they_are_done(clients, count);
	server_rests(server, 1);
}
