/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that is told to reload, and one whose port is handed over to a second instance.
 */
#define TOPIC "changing"
#include "fixtures/scenario.h"

/* Whom the gate holds: each is a rule of its own. */
#define HELD 4

/* ---- clients at each point ----------------------------------------------------------------- */

/* At every point of a client's way. */
struct clients_under_way {
	int count; /* at each point but those where the gate holds HELD */
	struct client **syn, **syn_ack, **ack, **accepted, **in_request, **in_answer, **queued;
};

static struct client **clients_held_at(struct listener *listener, enum stage stage)
{
	return send_clients(listener, HELD, .held = true, .at = stage);
}

/* But those in the queue: they come while it is paused. */
static struct clients_under_way clients_at_each_point(struct server *server)
{
	struct listener *listener = listener_of_server(server);
	int count = enough_for(server);
	struct clients_under_way way = {
		.count = count,
		.in_answer = send_clients(listener, count, .slow = true, .to_the_end = true),
		.in_request = send_clients(listener, count, .says = HALF_OF_IT),
		.accepted = send_clients(listener, count, .says = NOTHING_YET),
		.ack = clients_held_at(listener, ACK_ON_ITS_WAY),
		.syn_ack = clients_held_at(listener, SYN_ACK_ON_ITS_WAY),
		.syn = clients_held_at(listener, SYN_ON_ITS_WAY),
	};

	server_rests(server, 1);
	return way;
}

/*
 * Clients come into its queue when each of its processes has been told, and is too busy to know it:
 * one that looks at its signals first still has them in its queue then. Its main process tells the
 * others.
 */
static void fill_its_queue(struct server *server, struct clients_under_way *way)
{
	if (look_at_server(server).processes > 1)
		continue_main_process(server);
	find_listeners(server);
	way->queued = send_clients(listener_of_server(server), way->count);
	until_connected(way->queued, way->count);
	find_listeners(server);
}

static void they_are_done(const struct clients_under_way *way)
{
	struct client **const accepted[] = { way->queued, way->in_answer, way->in_request,
					     way->accepted };
	struct client **const held[] = { way->ack, way->syn_ack, way->syn };

	for (size_t i = 0; i < ARRAY_LENGTH(accepted); i++)
		until_they_are_done(accepted[i], way->count);
	for (size_t i = 0; i < ARRAY_LENGTH(held); i++)
		until_they_are_done(held[i], HELD);
}

/* Those whom it has accepted go on: they say what they have to say, and read. */
static void accepted_ones_go_on(const struct clients_under_way *way)
{
	for (int i = 0; i < way->count; i++) {
		say_the_rest(way->in_request[i]);
		say_the_rest(way->accepted[i]);
		read_on(way->in_answer[i]);
	}
}

/* ---- reload -------------------------------------------------------------------------------- */

/* When those who are under way go on. */
enum moment {
	AT_ONCE,       /* the signal has been sent */
	WHEN_IT_RESTS, /* a new listener is there, an old one is closed: what there is of that */
	WHEN_OLD_ONE_GOES, /* those whom it has accepted have gone, and with them who served them */
	MOMENTS
};

static void reload_while_clients_come(struct server *server, enum moment moment, bool pauses)
{
	struct scene *net = server->scene;

	STEP("clients are at each point of their way");
	struct clients_under_way way = clients_at_each_point(server);

	STEP("it is told to reload, and clients come into its queue");
	if (pauses)
		stop_server(server);
	tell_to_reload(server);
	fill_its_queue(server, &way);
	if (pauses)
		continue_server(server);
	if (moment > AT_ONCE)
		until_it_has_changed(server);
	if (moment == WHEN_OLD_ONE_GOES) {
		STEP("those whom it has accepted go on");
		accepted_ones_go_on(&way);
		until_they_are_done(way.in_request, way.count);
		server_rests(server, 1);
	}

	STEP("others come, and all go on");
	let_go_on(net);
	accepted_ones_go_on(&way);
	find_listeners(server);
	others_are_served(server);
	they_are_done(&way);
	until_it_has_reloaded(server);
}

SCENARIO(reload,
	 .question = "told to reload: is a client refused, reset or left without an answer, "
		     "is an answer cut?")
{
	needs_reload(net);

	STEP("the server starts, and serves");
	struct server *server = start_server(net), *first = server;
	ask_for(server);
	others_are_served(server);
	needs_to_go_on(server);

	STEP("it is paused, and goes on: does it survive that?");
	stop_server(server);
	continue_server(server);
	server_rests(server, 1);
	if (server->exited && !start_again(net, &server))
		return;

	for (int moment = AT_ONCE; moment < MOMENTS && !server->exited; moment++)
		reload_while_clients_come(server, (enum moment)moment, server == first);
}

/* ---- handover ------------------------------------------------------------------------------ */

/* Of both the kernel chooses one for each client. */
static void hand_over(struct server *first, struct server *second)
{
	struct scene *net = first->scene;

	STEP("clients are at each point of their way");
	struct clients_under_way way = clients_at_each_point(first);

	STEP("the first instance is told to stop, with clients in its queue");
	stop_server(first);
	signal_server(first, trial_of_scene(net)->stop_signal);
	fill_its_queue(first, &way);
	continue_server(first);
	until_it_listens_no_more(first);

	STEP("all go on, and others come");
	let_go_on(net);
	accepted_ones_go_on(&way);
	others_are_served(second);
	they_are_done(&way);
	until_it_exits(first);
}

/* One that cannot have the port may go on without it, or take another. */
static bool shares_the_port(const struct server *second, const struct server *first)
{
	return second->listener_count > 0 && first->listener_count > 0 &&
	       second->listeners[0]->port == first->listeners[0]->port;
}

SCENARIO(handover,
	 .question = "a second instance is started beside it, and it is told to stop: who "
		     "is lost?")
{
	STEP("the server starts, and serves");
	struct server *server = start_server(net);
	ask_for(server);
	others_are_served(server);
	needs_to_go_on(server);

	for (int migrates = 0; migrates < 2; migrates++) {
		struct server *second = server;

		STEP("a second instance is started beside it (tcp_migrate_req=%d)", migrates);
		set_sysctl(net, SERVER, "net.ipv4.tcp_migrate_req=%d", migrates);
		if (!start_again(net, &second) || !shares_the_port(second, server))
			skip("a second instance does not come to listen beside the first one: the "
			     "listener has no SO_REUSEPORT, or there may be but one for another "
			     "reason");
		hand_over(server, second);
		server = second;
	}
}
