/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that say nothing, clients that go before they are served, and a server that does not go
 * on for a while.
 */
#define TOPIC "silence"
#include "fixtures/scenario.h"

/* Connections that a browser opens to one server at once: nearly each has room for as many. */
#define BROWSER 6
#define CROWD   16
/* As many fill the queues of most servers, in a moment. */
#define MOST_WAITERS 520

/* The first clients, who are to be served by any server. */
static enum speaks begin_to_serve(struct server *server)
{
	enum speaks speaks = ask_for(server);

	others_are_served(server);
	server_rests(server, 1);
	remember_workers(server);
	if (server->gone)
		skip("the server ends when it has served somebody");
	return speaks;
}

/* ---- silent clients ------------------------------------------------------------------------ */

/* Whether others are served while this one is there. */
static bool others_are_served_beside(struct server *server, struct client_plan plan)
{
	struct scene *net = server->scene;
	struct listener *listener = listener_of_server(server);
	struct client **silent = clients_with(listener, 1, plan), **others;
	bool served;

	until_they_have_come(silent, 1);

	STEP("others come");
	others = others_come(server);
	served = are_served(server, others);

	STEP("the silent one goes");
	leave(silent[0]);
	are_served(server, others);
	until_it_rests_or_spins(server);
	return served;
}

static void not_beside(struct server *server, const char *silent)
{
	not_seen(server->scene,
		 "others were not served beside a client that says %s, so no other silent clients "
		 "came",
		 silent);
}

static bool all_are_ended(void *context)
{
	struct client **crowd = context;
	int ended = 0;

	while (ended < CROWD && crowd[ended]->ended)
		ended++;
	return ended == CROWD;
}

SCENARIO(silent, .question = "clients that connect and say nothing, or half a request: are others "
			     "still served? how long does it keep them?")
{
	STEP("the server starts, and serves");
	struct server *server = start_server(net);
	begin_to_serve(server);

	STEP("a client connects, and says nothing");
	if (!others_are_served_beside(server, (struct client_plan){ .name = "silent",
								    .role = "silent",
								    .says = NOTHING_SAID,
								    .leaves = AT_THE_END })) {
		not_beside(server, "nothing");
		return;
	}

	STEP("a client connects, and says half of its request");
	if (!others_are_served_beside(server, (struct client_plan){ .name = "half silent",
								    .role = "silent",
								    .says = HALF_OF_IT,
								    .leaves = AT_THE_END })) {
		not_beside(server, "half of its request");
		return;
	}

	STEP("%d clients connect, and say nothing", CROWD);
	struct client **crowd = send_clients(listener_of_server(server), CROWD, .role = "silent",
					     .says = NOTHING_SAID, .leaves = AT_THE_END);
	until_they_have_come(crowd, CROWD);

	STEP("others come");
	others_are_served(server);

	STEP("for how long does it keep those who say nothing?");
	go_on(net, (struct going_on){ .what = "the server to end silent clients",
				      .over = all_are_ended,
				      .context = crowd });
}

/* ---- clients that go before they are served ------------------------------------------------ */

/* What a client says before it resets. */
static const struct way_to_go {
	const char *words;
	enum says says;
	bool finishes;
} ways_to_go[] = {
	{ "says nothing", NOTHING_SAID, false },
	{ "sends a request", ITS_REQUEST, false },
	{ "sends two requests", TWO_OF_THEM, false },
	{ "sends a request and FIN", ITS_REQUEST, true },
};

/* So many have room in its queue. */
static int who_fit(const struct server *server)
{
	int room = server->listeners[0]->backlog + 1;

	return server->listener_count * (room < BROWSER ? room : BROWSER);
}

/* Whether others are served; who has ended is started again, so that no fault hides another one. */
static bool others_are_served_now(struct server **server)
{
	struct scene *net = (*server)->scene;

	until_it_rests_or_spins(*server);
	if ((*server)->gone) {
		if (!start_again(net, server))
			return false;
		remember_workers(*server);
	}

	STEP("others come");
	return others_are_served(*server);
}

/* The same; where they are not, and something was to @follow, it is said that this was not seen. */
static bool serves_on(struct server **server, const char *follow)
{
	bool serves = others_are_served_now(server);

	if (!serves && follow)
		not_seen((*server)->scene, "%s: %s before that", follow,
			 (*server)->gone ? "it had ended, and did not come to listen again"
					 : "others were not served within the patience");
	return serves;
}

#define OTHER_WAYS "clients that go in other ways"

static void pause_server(struct server *server, bool pauses)
{
	if (pauses)
		stop_server(server);
}

static void resume_server(struct server *server, bool pauses)
{
	let_go_on(server->scene);
	if (pauses)
		continue_server(server);
}

static bool survives_resets_in_its_queue(struct server **server, bool pauses)
{
	struct scene *net = (*server)->scene;

	for (size_t i = 0; i < ARRAY_LENGTH(ways_to_go); i++) {
		const struct way_to_go *way = &ways_to_go[i];
		struct client **dead;
		int count = who_fit(*server);

		STEP("each that waits in its queue %s, and resets", way->words);
		pause_server(*server, pauses);
		dead = send_clients(listener_of_server(*server), count, .role = "dead",
				    .says = way->says, .finishes = way->finishes,
				    .leaves = WHEN_SAID, .resets = true);
		until_they_are_done(dead, count);
		resume_server(*server, pauses);
		if (!serves_on(server, OTHER_WAYS))
			return false;
	}
	return true;
}

/* Those that it has accepted, and waits for: half of their request has come. */
static bool survives_resets_when_it_reads(struct server **server, bool pauses)
{
	struct scene *net = (*server)->scene;

	for (int finishes = 0; finishes < 2; finishes++) {
		int count = who_fit(*server);
		struct client **dead = send_clients(
			listener_of_server(*server), count, .role = "dead", .says = HALF_OF_IT,
			.finishes = finishes, .leaves = AT_THE_END, .resets = true);

		STEP("each that it waits for sends the rest of its request%s, and resets",
		     finishes ? " and FIN" : "");
		until_they_have_come(dead, count);
		pause_server(*server, pauses);
		for (int i = 0; i < count; i++) {
			say_the_rest(dead[i]);
			leave(dead[i]);
		}
		resume_server(*server, pauses);
		if (!serves_on(server, OTHER_WAYS))
			return false;
	}
	return true;
}

static void reset_in_the_answer(struct server *server)
{
	struct scene *net = server->scene;
	int count = who_fit(server);
	struct client **dead;

	STEP("each that has not read its answer resets");
	dead = send_clients(listener_of_server(server), count, .role = "dead", .leaves = AT_THE_END,
			    .slow = true, .resets = true);
	until_they_have_come(dead, count);
	for (int i = 0; i < count; i++)
		leave(dead[i]);
}

SCENARIO(dead, .question = "clients that reset, in its queue and when it serves them: does it "
			   "survive that?")
{
	STEP("the server starts, and serves");
	struct server *server = start_server(net), *first = server;
	begin_to_serve(server);

	STEP("it is stopped, and goes on: does it survive that?");
	stop_server(server);
	continue_server(server);
	if (!serves_on(&server, OTHER_WAYS))
		return;

	bool pauses = server == first;
	if (!survives_resets_in_its_queue(&server, pauses) ||
	    !survives_resets_when_it_reads(&server, pauses))
		return;
	reset_in_the_answer(server);
	serves_on(&server, NULL);
}

/* ---- clients that say nothing, and go ------------------------------------------------------- */

static void check_and_go(struct server *server, struct client_plan plan)
{
	int count = enough_for(server);
	struct client **checks;

	plan.role = "check";
	plan.says = NOTHING_SAID;
	checks = clients_with(listener_of_server(server), count, plan);
	if (plan.leaves == WHEN_CONNECTED)
		until_they_are_done(checks, count);
	for (int i = 0; i < count; i++)
		leave(checks[i]);
	let_go_on(server->scene);
}

/* How a check goes when it is connected, or instead. */
static const struct way_to_check {
	const char *words;
	struct client_plan plan;
	bool answers_with_reset; /* its kernel does, as it is gone when the SYN-ACK comes */
} ways_to_check[] = {
	{ "connect, and close", { .leaves = WHEN_CONNECTED }, false },
	{ "connect, and reset", { .leaves = WHEN_CONNECTED, .resets = true }, false },
	{ "answer the SYN-ACK with RST", { .leaves = AT_THE_END }, true },
};

/* Seconds; a duplicate's setsockopt() makes no end of whole retransmissions of it. */
#define DEFERRAL 5

/* Whether the server serves on after each way; with TCP_DEFER_ACCEPT it is set before each. */
static bool survives_checks(struct server **server, bool deferred)
{
	struct scene *net = (*server)->scene;

	for (size_t i = 0; i < ARRAY_LENGTH(ways_to_check); i++) {
		const struct way_to_check *way = &ways_to_check[i];

		STEP(deferred ? "clients %s, with TCP_DEFER_ACCEPT" : "clients %s", way->words);
		if (deferred && !defer_accept(*server, DEFERRAL))
			return false;
		if (way->answers_with_reset)
			hold_segments(net, .from = SERVER, .what = "SYN-ACK");
		check_and_go(*server, way->plan);
		if (!serves_on(server, deferred ? "health checks that go in other ways, with "
						  "TCP_DEFER_ACCEPT"
						: "health checks that go in other ways"))
			return false;
	}
	return true;
}

SCENARIO_CALLED(no_data, "no-data",
		.question = "health checks, which connect and go: does it survive them, and serve "
			    "the next?")
{
	STEP("the server starts, and serves");
	struct server *server = start_server(net);
	bool defers = defers_accept(server);
	if (defers)
		tell_deferral(net, true);
	enum speaks speaks = begin_to_serve(server);

	if (!survives_checks(&server, false) || defers)
		return;
	if (speaks == SPEAKS_FIRST) {
		not_seen(net, "health checks with TCP_DEFER_ACCEPT: the server speaks first, and "
			      "so cannot have it");
		return;
	}
	if (!survives_checks(&server, true))
		return;

	STEP("TCP_DEFER_ACCEPT is taken back");
	if (defer_accept(server, 0))
		others_are_served(server);
}

/* ---- a server that does not go on for a while ---------------------------------------------- */

/* A queue has room for its limit and one more (sk_acceptq_is_full()). */
static int more_than_fit(const struct listener *listener)
{
	int count = listener->backlog + 1 + BROWSER;

	return count < MOST_WAITERS ? count : MOST_WAITERS;
}

static void it_computes(struct server *server)
{
	struct scene *net = server->scene;
	int count = more_than_fit(server->listeners[0]);
	struct client **clients;

	STEP("it computes, and accepts nobody: %d clients come", count);
	hold_accepts(server);
	clients = send_clients(listener_of_server(server), count);
	until_an_accept_is_held(server);
	let_go_on(net);

	STEP("some of them give up");
	for (int i = 0; i < count; i += BROWSER)
		if (clients[i]->progress < IS_BEING_ANSWERED)
			leave(clients[i]);
	let_go_on(net);

	STEP("it goes on");
	release_accepts(server);
	until_they_are_done(clients, count);
	server_rests(server, 1);
}

static void it_is_paused(struct server *server)
{
	struct scene *net = server->scene;
	int count = who_fit(server);
	struct client **clients;

	STEP("it is paused: clients come");
	stop_server(server);
	clients = send_clients(listener_of_server(server), count);
	let_go_on(net);

	STEP("it goes on");
	continue_server(server);
	until_they_are_done(clients, count);
	server_rests(server, 1);
}

/*
 * One of its own, as a signal finds another call interrupted where accept() is watched. That one is
 * started when the first has been seen; where it cannot be, because it does not come to listen
 * again, it is not held.
 */
static bool is_started_to_be_watched(struct server **server)
{
	struct scene *net = (*server)->scene;
	const char *problem;

	STEP("it is started again, and each accept() of it is watched");
	if (!(*server)->gone)
		end_server(*server);
	if (!start_watched_again(net, server)) {
		not_seen(net, "a server that computes: it did not come to listen again, so that "
			      "its accept() could be held back");
		return false;
	}
	problem = why_accept_is_not_watched(*server);
	if (problem)
		not_seen(net, "a server that computes: its accept() cannot be held back: %s",
			 problem);
	return !problem;
}

SCENARIO(stall,
	 .question = "it does not accept for a while, and it is paused: what becomes of those "
		     "who come, and after it goes on?")
{
	STEP("the server starts, and serves");
	struct server *server = start_server(net);
	begin_to_serve(server);

	it_is_paused(server);
	others_are_served_now(&server);
	if (!is_started_to_be_watched(&server))
		return;
	others_are_served(server);

	it_computes(server);

	STEP("others come");
	others_are_served(server);
}
