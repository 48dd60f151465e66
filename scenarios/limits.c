/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that has less than it needs: no descriptors, accept() that fails, a queue full of SYNs
 * from nowhere.
 */
#define TOPIC "limits"
#include "fixtures/scenario.h"

/* ---- descriptors --------------------------------------------------------------------------- */

#define ROOM    4  /* descriptors that each of its processes may still open */
#define MOST    64 /* clients that stay, until one of them has no descriptor left */
#define WAITERS 2
/* Whoever has been at rest so long, in s, with clients in the queue, has seen them, and does not
 * spin. */
#define A_PAUSE 0.5

/*
 * Each stays, as it says nothing: there are servers that answer half a request, too.
 * TCP_DEFER_ACCEPT keeps those back, so the later ones say half of it. Returns how many it took; 0:
 * too many.
 */
static int take_descriptors(struct server *server, struct client **holders)
{
	for (int count = 0; count < MOST; count++) {
		holders[count] = send_client(listener_of_server(server), .role = "holder",
					     .says = count < MOST / 2 ? NOTHING_SAID : HALF_OF_IT,
					     .leaves = AT_THE_END);
		until_connected(&holders[count], 1);
		until_it_rests_or_works(server, 0);
		if (server->gone || has_no_descriptor_left(server))
			return count + 1;
	}
	return 0;
}

SCENARIO(descriptors, .question = "it has no descriptor left: does it spin, end, or stop "
				  "accepting for ever? does it recover when some are free?")
{
	struct client *holders[MOST];

	STEP("the server starts, and serves");
	struct server *server = start_server(net);
	ask_for(server);
	others_are_served(server);
	server_rests(server, 1);

	STEP("each process that accepts may open %d descriptors more; clients connect and stay",
	     ROOM);
	limit_descriptors(server, ROOM);
	tell_descriptors(server, "limited");
	int count = take_descriptors(server, holders);
	if (!count)
		skip("%d clients connect and stay, and no process of the server runs out of its "
		     "descriptors",
		     MOST);
	tell_descriptors(server, "taken");

	STEP("none is left: others come");
	struct client **waiters = send_clients(listener_of_server(server), WAITERS);
	until_connected(&waiters[0], 1);
	until_it_rests_or_works(server, A_PAUSE);

	STEP("those who stayed go");
	for (int i = 0; i < count; i++)
		leave(holders[i]);
	until_it_rests_or_works(server, 0);
	tell_descriptors(server, "freed");

	STEP("who waits is served, and who comes");
	until_they_are_done(waiters, WAITERS);
	others_are_served(server);
	server_rests(server, 1);
}

/* ---- SYNs from nowhere --------------------------------------------------------------------- */

/*
 * They come in parts: the SYN-ACKs of all that are half-open are sent again in the grain of the
 * kernel's timers, which is 256 ms for one of 4 s (kernel/time/timer.c, with 250 ticks per second),
 * and a CPU's queue takes 1,000 frames at once (net.core.netdev_max_backlog), of both families.
 */
#define PART    128
#define BETWEEN 0.08

/* More than any queue of half-open requests has room for (tcp_max_syn_backlog, somaxconn). */
static void fill_with_syns(struct listener *listener)
{
	int room = listener->backlog > 128 ? listener->backlog : 128;

	for (int left = room + room / 4; left > 0; left -= PART) {
		flood_listener(listener, .syns = PART);
		go_on(listener->scene,
		      (struct going_on){ .what = "the next SYNs from nowhere", .within = BETWEEN });
	}
}

static void client_comes_in_a_flood(struct server *server, int cookies)
{
	struct scene *net = server->scene;
	struct listener *listener = listener_of_server(server);

	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%d", cookies);
	fill_with_syns(listener);
	others_are_served(server);
}

SCENARIO(flood,
	 .question = "SYNs from nowhere, with SYN cookies and without: does a client get in?")
{
	STEP("the server starts, and serves");
	struct server *server = start_server(net);
	ask_for(server);
	others_are_served(server);
	needs_to_go_on(server);

	STEP("its queue is full of SYNs from nowhere, with SYN cookies: a client comes");
	client_comes_in_a_flood(server, 1);

	STEP("and without: a client comes");
	client_comes_in_a_flood(server, 0);
}
