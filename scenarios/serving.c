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

/*
 * Twice the backlog. Of a short one twice a browser's six, as what has no room for one must show;
 * of a long one as many as take a second or two.
 */
enum { FEWEST = 12, MOST = 2048 };
/* Of more a busy machine sends too many SYN-ACKs again before they can be let go. */
enum { MOST_HELD = 512 };

static int clients_of_burst(const struct listener *listener)
{
	int asked_for = (int)trial_of_scene(listener->scene)->clients;
	int twice = listener->backlog < MOST / 2 ? 2 * listener->backlog : MOST;

	if (asked_for)
		return asked_for;
	return twice > FEWEST ? twice : FEWEST;
}

struct wave {
	struct client **clients;
	int count;
};

static bool are_done(struct wave first, struct wave rest)
{
	bool done = until_they_are_done(first.clients, first.count);

	return (!rest.count || until_they_are_done(rest.clients, rest.count)) && done;
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
	struct wave first = { .count = count < MOST_HELD ? count : MOST_HELD };
	struct wave rest = { .count = count - first.count };
	hold_segments(net, .from = CLIENT, .what = "ACK");
	first.clients = send_clients(listener, first.count);
	move_clients(net);
	let_go_on_at_once(net);
	if (rest.count)
		rest.clients = send_clients(listener, rest.count);
	bool done = are_done(first, rest);

	STEP("nobody else comes");
	if (!server_rests(server, 1) && !done) /* on a busy machine it may still be at work */
		are_done(first, rest);
	server_rests(server, 1);
}
