/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that is told to stop, and one that is started again.
 */
#define TOPIC "leaving"
#include "fixtures/scenario.h"

static struct client *client_that_has_come(struct server *server, struct client_plan plan)
{
	struct client **client = clients_with(listener_of_server(server), 1, plan);

	until_connected(client, 1);
	return *client;
}

/* ---- told to stop -------------------------------------------------------------------------- */

SCENARIO(stop, .question = "told to stop: are answers cut, are newcomers refused at once, does it "
			   "end?")
{
	STEP("the server starts, and serves");
	struct server *server = start_server(net);
	struct listener *listener = listener_of_server(server);
	ask_for(server);
	client_that_has_come(server, (struct client_plan){ .to_the_end = true });
	server_rests(server, 1);

	STEP("one client has said half of its request, one nothing");
	struct client *asks = client_that_has_come(
		server, (struct client_plan){ .says = HALF_OF_IT, .to_the_end = true });
	struct client *silent = client_that_has_come(
		server, (struct client_plan){
				.role = "silent", .says = NOTHING_SAID, .leaves = AT_THE_END });
	server_rests(server, 1);

	STEP("one waits in its queue, which it is too busy to look at, and one still connects");
	stop_server(server);
	struct client *waits =
		client_that_has_come(server, (struct client_plan){ .to_the_end = true });
	send_clients(listener, 1, .held = true, .at = ACK_ON_ITS_WAY);

	STEP("it is told to stop");
	signal_server(server, trial_of_scene(net)->stop_signal);
	continue_server(server);
	server_rests(server, 1);

	STEP("one comes at once, and others when the server has done what it does");
	client_that_has_come(server, (struct client_plan){ 0 });
	until_they_are_done(&waits, 1);
	others_are_served(server);

	STEP("who has said half of its request says the rest, and who still connects does");
	say_the_rest(asks);
	let_go_on(net);
	until_they_are_done(&asks, 1);

	STEP("who says nothing goes");
	leave(silent);
	until_it_exits(server);
}

/* ---- started again ------------------------------------------------------------------------- */

SCENARIO(restart, .question = "stopped and started again: how long is it away, who is lost, can it "
			      "listen at once?")
{
	STEP("the server starts, and serves");
	struct server *server = start_server(net);
	ask_for(server);
	struct client *served = client_that_has_come(server, (struct client_plan){ 0 });
	until_they_are_done(&served, 1);
	client_that_has_come(server, (struct client_plan){ .role = "holder",
							   .says = NOTHING_SAID,
							   .leaves = AT_THE_END });
	server_rests(server, 1);

	STEP("it is told to stop");
	signal_server(server, trial_of_scene(net)->stop_signal);
	if (!until_it_exits(server))
		end_server(server);
	server_rests(server, 1);

	STEP("it is away: others come");
	int count = enough_for(server);
	struct client **meanwhile = send_clients(listener_of_server(server), count);
	until_they_are_done(meanwhile, count);

	STEP("it is started again, at once");
	if (!start_again(net, &server)) {
		/* whoever of it is left may hold its port: without them it is known why */
		STEP("all that it has left are ended, and it is started again");
		end_server(server);
		if (!start_again(net, &server))
			return;
	}

	STEP("others come");
	others_are_served(server);
	until_they_are_done(meanwhile, count);
	server_rests(server, 1);
}
