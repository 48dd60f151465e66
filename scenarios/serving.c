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
	struct client **client = send_clients(listener_of_server(server), 1, .to_the_end = true);
	until_they_are_done(client, 1);
	server_rests(server, 1);
}

/* Twice the backlog; of a short one twice a browser's six, as what has no room for one must show.
 */
enum { FEWEST = 12, MOST = 10000 };
/* Of more a busy machine sends too many SYN-ACKs again before they can be let go. */
enum { MOST_HELD = 512 };

static int clients_of_burst(const struct listener *listener)
{
	int asked_for = (int)trial_of_scene(listener->scene)->clients;
	int twice = listener->backlog < MOST / 2 ? 2 * listener->backlog : MOST;

	twice = twice > FEWEST ? twice : FEWEST;
	return room_for_clients(listener->scene, asked_for ? asked_for : twice);
}

/* The final ACKs of the many wait for each other: several are there whenever the server looks. */
SCENARIO(burst, .question = "many clients at once: who is served, when, and who never?")
{
	STEP("the server starts");
	struct server *server = start_server(net);
	struct listener *listener = listener_of_server(server);
	int count = clients_of_burst(listener);
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
	int held = count < MOST_HELD ? count : MOST_HELD;
	hold_segments(net, .from = CLIENT, .what = "ACK");
	clients = send_clients(listener, held);
	move_clients(net);
	let_go_on_at_once(net);
	clients = together(clients, held, send_clients(listener, count - held), count - held);
	bool done = until_they_are_done(clients, count);

	STEP("nobody else comes");
	if (!server_rests(server, 1) && !done) /* on a busy machine it may still be at work */
		until_they_are_done(clients, count);
	server_rests(server, 1);
}
