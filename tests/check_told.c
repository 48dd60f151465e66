/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_told: what a scenario's journal tells. Journals are written here, event by event: of a
 * server with one fault, which has the finding of that name and no other; of its right twin, which
 * has none; and of the same server on a machine that let none of its threads run, which has none
 * either. And each finding goes when what it rests on is edited out of the journal. The same of
 * journals of tests/servers, as runs left them: tests/told has one for each of several findings, by
 * its name, and some of right servers.
 */
#include "captures/draw/draw.h"
#include "tests/loaded.h"
#include "tests/suite.h"

#include <errno.h>
#include <glob.h>
#include <libxml/parser.h>
#include <signal.h>
#include <string.h>

/* ---- a journal in the making --------------------------------------------------------------- */

enum { PORT = 8080, TWIN = 70001 };

/* A server and its clients, as a journal has them. */
struct stage {
	struct journal *journal;
	bool wrong; /* it has the fault */
	nsec now, cpu;
	long switches, packets;
	int flows, processes;
	int depth[2]; /* of the accept queues of PORT and TWIN */
};

static void say(struct stage *stage, struct event event)
{
	event.at = stage->now;
	journal_append(stage->journal, &event);
	stage->now += 1000;
}

static void look_at_queue(struct stage *stage, int listener)
{
	say(stage, (struct event){ .kind = EVENT_QUEUE,
				   .listener = listener,
				   .accept = stage->depth[listener == TWIN],
				   .limit = 128 });
	say(stage, (struct event){ .kind = EVENT_SAMPLE });
}

static void server_event(struct stage *stage, const char *name, long value)
{
	say(stage,
	    (struct event){
		    .kind = EVENT_SERVER, .object = "server", .name = name, .value = value });
}

static void fact(struct stage *stage, const char *name, const char *argument, long value)
{
	say(stage, (struct event){ .kind = EVENT_FACT,
				   .name = name,
				   .argument = argument,
				   .value = value,
				   .listener = strcmp(name, "backlog asked") == 0 ||
							       strcmp(name, "reuseport") == 0
						       ? PORT
						       : 0 });
}

static void listen_at(struct stage *stage, int listener)
{
	say(stage, (struct event){ .kind = EVENT_LISTENER,
				   .listener = listener,
				   .port = PORT,
				   .name = listener == TWIN ? "worker 2" : "server",
				   .object = "server" });
	look_at_queue(stage, listener);
}

static void end_listener(struct stage *stage, int listener)
{
	stage->depth[listener == TWIN] = 0;
	say(stage, (struct event){ .kind = EVENT_QUEUE, .listener = listener, .name = "gone" });
	say(stage, (struct event){ .kind = EVENT_SAMPLE });
}

static void begin(struct stage *stage, const char *scenario)
{
	*stage = (struct stage){ .journal = journal_new(),
				 .wrong = stage->wrong,
				 .now = MSEC(1),
				 .processes = 1,
				 .switches = 100 };
	say(stage, (struct event){ .kind = EVENT_BEGIN,
				   .name = scenario,
				   .object = "ipv4",
				   .told = true,
				   .format = ARTIFACTS_FORMAT });
	server_event(stage, "started", 0);
	server_event(stage, "listens", 0);
	listen_at(stage, PORT);
	fact(stage, "request", "GET / HTTP/1.0", 1);
}

/* ---- what clients and servers do ----------------------------------------------------------- */

static void segment(struct stage *stage, int flow, enum host from, struct segment segment)
{
	long packet = ++stage->packets;

	for (int i = 0; i < HOSTS; i++)
		say(stage, (struct event){ .kind = EVENT_PACKET,
					   .packet = packet,
					   .flow = flow,
					   .host = i ? other(from) : from,
					   .from = from,
					   .segment = segment });
}

static void flags(struct stage *stage, int flow, enum host from, int flags)
{
	segment(stage, flow, from, (struct segment){ .flags = (uint8_t)flags });
}

static void data(struct stage *stage, int flow, enum host from)
{
	segment(stage, flow, from, (struct segment){ .flags = ACK | PSH, .length = 100 });
}

static int knock(struct stage *stage, const char *role)
{
	int flow = ++stage->flows;

	say(stage, (struct event){ .kind = EVENT_FLOW,
				   .flow = flow,
				   .name = "client",
				   .argument = role,
				   .port = PORT });
	flags(stage, flow, CLIENT, SYN);
	return flow;
}

static void child(struct stage *stage, int flow, int listener)
{
	flags(stage, flow, SERVER, SYN | ACK);
	flags(stage, flow, CLIENT, ACK);
	say(stage,
	    (struct event){
		    .kind = EVENT_SOCKET, .host = SERVER, .flow = flow, .state = ESTABLISHED });
	stage->depth[listener == TWIN]++;
	look_at_queue(stage, listener);
}

/* It is connected, and waits in the accept queue. */
static int come(struct stage *stage, const char *role)
{
	int flow = knock(stage, role);

	child(stage, flow, PORT);
	return flow;
}

static int come_refused(struct stage *stage)
{
	int flow = knock(stage, NULL);

	flags(stage, flow, SERVER, RST | ACK);
	return flow;
}

/* The first one in the queue. */
static void accept_one(struct stage *stage)
{
	stage->switches += 2;
	stage->depth[0]--;
	look_at_queue(stage, PORT);
}

static void ask(struct stage *stage, int flow)
{
	data(stage, flow, CLIENT);
}

static void close_client(struct stage *stage, int flow)
{
	flags(stage, flow, CLIENT, FIN | ACK);
	say(stage,
	    (struct event){ .kind = EVENT_CALL, .host = CLIENT, .flow = flow, .name = "close" });
}

static void answer(struct stage *stage, int flow)
{
	stage->switches += 2;
	data(stage, flow, SERVER);
	say(stage,
	    (struct event){ .kind = EVENT_ANSWER, .flow = flow, .name = "whole", .value = 100 });
	close_client(stage, flow);
}

static void answer_a_part(struct stage *stage, int flow)
{
	data(stage, flow, SERVER);
	say(stage,
	    (struct event){ .kind = EVENT_ANSWER, .flow = flow, .name = "part", .value = 100 });
}

/* From its SYN to the end of its answer. */
static int serve(struct stage *stage)
{
	int flow = come(stage, NULL);

	accept_one(stage);
	ask(stage, flow);
	answer(stage, flow);
	return flow;
}

static void look(struct stage *stage)
{
	say(stage, (struct event){ .kind = EVENT_SERVER,
				   .object = "server",
				   .name = "look",
				   .value = stage->cpu,
				   .delta = stage->switches,
				   .accept = 10,
				   .limit = 1024,
				   .syn = stage->processes,
				   .result = 1 });
}

/* Two looks, one right behind the other, and a sample. */
static void rest(struct stage *stage)
{
	look(stage);
	stage->now += MSEC(5);
	look(stage);
	say(stage, (struct event){ .kind = EVENT_SAMPLE });
}

static void rest_for(struct stage *stage, double seconds)
{
	rest(stage);
	stage->now += SEC(seconds);
	rest(stage);
}

static void exit_with(struct stage *stage, long status)
{
	stage->processes = 0;
	server_event(stage, "exited", status);
}

static void lose_process(struct stage *stage, long status)
{
	stage->processes--;
	server_event(stage, "process exited", status);
}

/* ---- faults and their twins ---------------------------------------------------------------- */

static void one(struct stage *stage)
{
	int flow;

	begin(stage, "one");
	flow = come(stage, NULL);
	accept_one(stage);
	ask(stage, flow);
	if (!stage->wrong)
		answer(stage, flow);
	rest_for(stage, 3);
}

/* One accept() for each time that epoll tells: two come, one is accepted. */
static void edge(struct stage *stage)
{
	int first, second;

	begin(stage, "burst");
	first = come(stage, NULL);
	second = come(stage, NULL);
	accept_one(stage);
	ask(stage, first);
	answer(stage, first);
	if (!stage->wrong)
		accept_one(stage);
	ask(stage, second);
	if (!stage->wrong)
		answer(stage, second);
	rest_for(stage, 3);
}

/* Of a group nobody tells in whose queue a client is: the first one's answer comes of either. */
static void edge_of_group(struct stage *stage)
{
	int flows[4];

	begin(stage, "burst");
	listen_at(stage, TWIN);
	for (int i = 0; i < 4; i++) {
		flows[i] = knock(stage, NULL);
		child(stage, flows[i], i % 2 ? TWIN : PORT);
		ask(stage, flows[i]);
	}
	for (int i = 0; i < (stage->wrong ? 2 : 4); i++) {
		int *depth = &stage->depth[i % 2];

		--*depth;
		look_at_queue(stage, i % 2 ? TWIN : PORT);
		answer(stage, flows[i]);
	}
	rest_for(stage, 3);
}

/* The right twin asks for 5, which has room for a browser's six. */
static void tiny(struct stage *stage)
{
	int flow;

	begin(stage, "burst");
	fact(stage, "backlog asked", NULL, stage->wrong ? 1 : 5);
	serve(stage);
	flow = knock(stage, NULL);
	say(stage, (struct event){ .kind = EVENT_COUNTER,
				   .host = SERVER,
				   .name = "ListenOverflows",
				   .delta = 1,
				   .value = 1,
				   .packet = stage->packets });
	stage->now += SEC(1);
	flags(stage, flow, CLIENT, SYN);
	child(stage, flow, PORT);
	accept_one(stage);
	ask(stage, flow);
	answer(stage, flow);
	rest(stage);
}

/* SYN cookies let them in; without the options that a cookie cannot keep. */
static void tiny_with_cookies(struct stage *stage)
{
	begin(stage, "burst");
	fact(stage, "backlog asked", NULL, stage->wrong ? 4 : 128);
	for (int i = 0; i < 8; i++) {
		int flow = knock(stage, NULL);

		if (stage->wrong && i > 3)
			say(stage, (struct event){ .kind = EVENT_COUNTER,
						   .host = SERVER,
						   .name = "TCPReqQFullDoCookies",
						   .delta = 1,
						   .value = i - 3,
						   .packet = stage->packets });
		child(stage, flow, PORT);
		accept_one(stage);
		ask(stage, flow);
		answer(stage, flow);
	}
	rest(stage);
}

static void silent(struct stage *stage)
{
	int quiet, flow;

	begin(stage, "silent");
	serve(stage);
	rest(stage);
	quiet = come(stage, "silent");
	accept_one(stage);
	flow = come(stage, NULL);
	ask(stage, flow);
	if (!stage->wrong) {
		accept_one(stage);
		answer(stage, flow);
	}
	rest_for(stage, 3);
	close_client(stage, quiet);
	if (stage->wrong) {
		accept_one(stage);
		answer(stage, flow);
	}
}

static void go_dead(struct stage *stage, long status)
{
	int dead;

	begin(stage, "dead");
	serve(stage);
	rest(stage);
	dead = come(stage, "dead");
	flags(stage, dead, CLIENT, RST);
	accept_one(stage);
	if (stage->wrong)
		exit_with(stage, status);
	else
		serve(stage);
	rest(stage);
}

static void dead(struct stage *stage)
{
	go_dead(stage, 1);
}

static void sigpipe(struct stage *stage)
{
	go_dead(stage, -SIGPIPE);
}

/* A worker ends, and another one takes its place at once. */
static void go_dead_with_worker(struct stage *stage, long status)
{
	int dead;

	begin(stage, "dead");
	stage->processes = 3;
	serve(stage);
	rest(stage);
	dead = come(stage, "dead");
	flags(stage, dead, CLIENT, RST);
	accept_one(stage);
	say(stage, (struct event){ .kind = EVENT_SERVER,
				   .object = "server",
				   .name = "worker exited",
				   .value = status,
				   .delta = 1 });
	serve(stage);
	rest(stage);
}

/* The right twin's parent ends it. */
static void worker_of_sigpipe(struct stage *stage)
{
	go_dead_with_worker(stage, stage->wrong ? -SIGPIPE : -SIGTERM);
}

/* The right twin's has served as many as it should. */
static void worker_of_dead(struct stage *stage)
{
	go_dead_with_worker(stage, stage->wrong ? 1 : 0);
}

/* It uses CPU time while nobody is there; the right twin does for a while, and then rests. */
static void work_for_nobody(struct stage *stage)
{
	int check;

	begin(stage, "no-data");
	serve(stage);
	rest(stage);
	check = come(stage, "check");
	accept_one(stage);
	close_client(stage, check);
	for (int i = 0; i < 4; i++) {
		look(stage);
		stage->now += MSEC(300);
		stage->cpu += MSEC(250);
		stage->switches += 7;
	}
	if (!stage->wrong)
		rest(stage);
	serve(stage);
}

/* Nobody ends, and nobody accepts any more: its thread has. */
static void deaf_thread(struct stage *stage)
{
	int dead, flow;

	begin(stage, "no-data");
	serve(stage);
	rest(stage);
	dead = come(stage, "check");
	close_client(stage, dead);
	accept_one(stage);
	flow = come(stage, NULL);
	ask(stage, flow);
	if (!stage->wrong) {
		accept_one(stage);
		answer(stage, flow);
	}
	rest_for(stage, 3);
}

/* Its workers end, and their parent, which reaps them and holds the listener, does not tell. */
static void deaf_after_stop(struct stage *stage)
{
	int flow;

	begin(stage, "stall");
	serve(stage);
	rest(stage);
	server_event(stage, "stopped", 0);
	flow = come(stage, NULL);
	ask(stage, flow);
	server_event(stage, "continued", 0);
	if (!stage->wrong) {
		accept_one(stage);
		answer(stage, flow);
	}
	rest_for(stage, 3);
}

/* A worker goes, and the process that holds the listener does not replace it. */
static void unserved(struct stage *stage)
{
	int flow;

	begin(stage, "burst");
	stage->processes = 2;
	serve(stage);
	rest(stage);
	if (stage->wrong)
		lose_process(stage, -SIGSEGV);
	flow = come(stage, NULL);
	ask(stage, flow);
	if (!stage->wrong) {
		accept_one(stage);
		answer(stage, flow);
	}
	rest_for(stage, 3);
}

static int take_descriptors(struct stage *stage)
{
	begin(stage, "descriptors");
	serve(stage);
	rest(stage);
	fact(stage, "descriptors", "taken", 0);
	return come(stage, NULL);
}

static void free_descriptors(struct stage *stage, int flow)
{
	fact(stage, "descriptors", "freed", 0);
	accept_one(stage);
	ask(stage, flow);
	answer(stage, flow);
	rest(stage);
}

static void work_without_descriptors(struct stage *stage)
{
	for (int i = 0; i < 4; i++) {
		look(stage);
		stage->now += SEC(1);
		stage->cpu += stage->wrong ? MSEC(300) : MSEC(1);
		stage->switches += 7;
	}
}

static void spin(struct stage *stage)
{
	int flow = take_descriptors(stage);

	work_without_descriptors(stage);
	free_descriptors(stage, flow);
}

/* Of many threads that sleep in accept() one serves on, and another one spins. */
static void spin_beside(struct stage *stage)
{
	int flow = take_descriptors(stage);

	accept_one(stage);
	ask(stage, flow);
	answer(stage, flow);
	work_without_descriptors(stage);
	fact(stage, "descriptors", "freed", 0);
}

static void deaf(struct stage *stage)
{
	int flow = take_descriptors(stage);

	if (!stage->wrong) {
		free_descriptors(stage, flow);
		return;
	}
	rest_for(stage, 3);
	fact(stage, "descriptors", "freed", 0);
	rest_for(stage, 3);
}

static void die_without_descriptors(struct stage *stage)
{
	int flow = take_descriptors(stage);

	if (stage->wrong)
		exit_with(stage, 1);
	else
		free_descriptors(stage, flow);
}

static int fail_accept(struct stage *stage, int error)
{
	int flow;

	begin(stage, "errors");
	serve(stage);
	rest(stage);
	flow = come(stage, NULL);
	say(stage,
	    (struct event){
		    .kind = EVENT_SERVER, .object = "server", .name = "accept", .error = error });
	return flow;
}

static void die_of_error(struct stage *stage)
{
	int flow = fail_accept(stage, ENOMEM);

	if (stage->wrong) {
		exit_with(stage, 1);
		return;
	}
	accept_one(stage);
	ask(stage, flow);
	answer(stage, flow);
	rest(stage);
}

static void deaf_after_error(struct stage *stage)
{
	int flow = fail_accept(stage, ENOBUFS);

	if (!stage->wrong) {
		accept_one(stage);
		ask(stage, flow);
		answer(stage, flow);
	}
	rest_for(stage, 3);
}

/* An edge is consumed: the next one brings both. */
static void deaf_until_another_comes(struct stage *stage)
{
	int flow, other;

	deaf_after_error(stage);
	if (!stage->wrong)
		return;
	flow = stage->flows;
	other = come(stage, NULL);
	for (int i = 0; i < 2; i++)
		accept_one(stage);
	for (; flow <= other; flow++) {
		ask(stage, flow);
		answer(stage, flow);
	}
	rest(stage);
}

static void die_of_stop(struct stage *stage)
{
	begin(stage, "stall");
	serve(stage);
	rest(stage);
	server_event(stage, "stopped", 0);
	stage->now += SEC(1);
	server_event(stage, "continued", 0);
	if (stage->wrong)
		exit_with(stage, 1);
	else
		serve(stage);
	rest(stage);
}

/* The right twin has done what it was started for. */
static void die_by_itself(struct stage *stage)
{
	begin(stage, "burst");
	serve(stage);
	exit_with(stage, stage->wrong ? 1 : 0);
}

static void drain(struct stage *stage)
{
	int held, flow;

	begin(stage, "stop");
	held = come(stage, "holder");
	accept_one(stage);
	ask(stage, held);
	answer_a_part(stage, held);
	rest(stage);
	server_event(stage, "signalled", SIGTERM);
	if (stage->wrong) {
		flow = come(stage, NULL);
		rest_for(stage, 3);
		answer(stage, held);
		end_listener(stage, PORT);
		flags(stage, flow, SERVER, RST);
	} else {
		end_listener(stage, PORT);
		come_refused(stage);
		rest_for(stage, 3);
		answer(stage, held);
	}
	exit_with(stage, 0);
}

static void second(struct stage *stage, const char *name, long value)
{
	say(stage,
	    (struct event){
		    .kind = EVENT_SERVER, .object = "server 2", .name = name, .value = value });
}

static void stop_first(struct stage *stage)
{
	begin(stage, "restart");
	serve(stage);
	rest(stage);
	server_event(stage, "signalled", SIGTERM);
}

static void bind_again(struct stage *stage)
{
	stop_first(stage);
	end_listener(stage, PORT);
	exit_with(stage, 0);
	second(stage, "started", 0);
	if (stage->wrong)
		second(stage, "exited", 1);
	else
		second(stage, "listens", 0);
}

/* The right twin leaves a child, too, which holds nothing, and its second instance is slow. */
static void leak(struct stage *stage)
{
	stop_first(stage);
	if (!stage->wrong)
		end_listener(stage, PORT);
	exit_with(stage, 0);
	stage->processes = 1;
	rest_for(stage, 3);
	second(stage, "started", 0);
	second(stage, "look", 0);
	second(stage, "look", MSEC(50));
	if (stage->wrong) {
		second(stage, "exited", 1); /* EADDRINUSE; it was never at rest */
		return;
	}
	listen_at(stage, TWIN);
	second(stage, "listens", 0);
}

static void activated(struct stage *stage)
{
	stop_first(stage);
	fact(stage, "socket activation", NULL, 1);
	exit_with(stage, 0);
	second(stage, "started", 0);
	if (stage->wrong)
		come_refused(stage);
	second(stage, "listens", 0);
	serve(stage);
}

/* ---- a reload, a handover ------------------------------------------------------------------ */

static void change(struct stage *stage, const char *scenario)
{
	begin(stage, scenario);
	serve(stage);
	rest(stage);
	if (strcmp(scenario, "handover") == 0) {
		second(stage, "started", 0);
		second(stage, "listens", 0);
	}
	server_event(stage, "signalled", strcmp(scenario, "reload") == 0 ? SIGHUP : SIGTERM);
}

static void change_refuses(struct stage *stage, const char *scenario)
{
	change(stage, scenario);
	if (stage->wrong)
		come_refused(stage);
	serve(stage);
}

static void change_resets(struct stage *stage, const char *scenario)
{
	int flow;

	change(stage, scenario);
	flow = come(stage, NULL);
	if (stage->wrong) {
		end_listener(stage, PORT);
		flags(stage, flow, SERVER, RST);
		return;
	}
	accept_one(stage);
	ask(stage, flow);
	answer(stage, flow);
}

static void change_cuts(struct stage *stage, const char *scenario)
{
	int flow;

	begin(stage, scenario);
	flow = come(stage, NULL);
	accept_one(stage);
	ask(stage, flow);
	answer_a_part(stage, flow);
	rest(stage);
	server_event(stage, "signalled", SIGHUP);
	if (stage->wrong)
		flags(stage, flow, SERVER, FIN | ACK);
	else
		answer(stage, flow);
}

static void change_closes(struct stage *stage, const char *scenario)
{
	int flow;

	change(stage, scenario);
	flow = come(stage, NULL);
	accept_one(stage);
	ask(stage, flow);
	if (stage->wrong)
		flags(stage, flow, SERVER, FIN | ACK);
	else
		answer(stage, flow);
}

/* It sleeps, as the kernel sends what it has written; the right twin's client gets that bit by bit.
 */
static void reload_stalls(struct stage *stage)
{
	int flow;

	change(stage, "reload");
	flow = come(stage, NULL);
	accept_one(stage);
	ask(stage, flow);
	answer_a_part(stage, flow);
	rest_for(stage, 3);
	if (!stage->wrong)
		data(stage, flow, SERVER);
}

#define CHANGES(name)                                                                              \
	static void reload_##name(struct stage *stage)                                             \
	{                                                                                          \
		change_##name(stage, "reload");                                                    \
	}                                                                                          \
	static void handover_##name(struct stage *stage)                                           \
	{                                                                                          \
		change_##name(stage, "handover");                                                  \
	}
CHANGES(refuses)
CHANGES(resets)
CHANGES(cuts)
CHANGES(closes)

/* Nobody comes between the two listeners; the right twin has kept the first one. */
static void replace(struct stage *stage)
{
	begin(stage, "reload");
	fact(stage, "reuseport", NULL, 0);
	serve(stage);
	server_event(stage, "signalled", SIGHUP);
	if (stage->wrong) {
		end_listener(stage, PORT);
		listen_at(stage, TWIN);
	}
	serve(stage);
}

/* The right twin accepts before it ends. */
static void group(struct stage *stage)
{
	int flow;

	begin(stage, "reload");
	listen_at(stage, TWIN);
	serve(stage);
	server_event(stage, "stopped", 0);
	server_event(stage, "signalled", SIGHUP);
	flow = come(stage, NULL);
	server_event(stage, "continued", 0);
	if (!stage->wrong)
		accept_one(stage);
	end_listener(stage, PORT);
	if (stage->wrong) {
		flags(stage, flow, SERVER, RST);
		return;
	}
	ask(stage, flow);
	answer(stage, flow);
}

static const struct fault {
	const char *name;
	void (*play)(struct stage *stage);
	const char *way; /* where several have the finding, what else it is called below */
} faults[] = {
	{ "half-served", one, NULL },
	{ "left-in-queue", edge, NULL },
	{ "left-in-queue", edge_of_group, NULL },
	{ "tiny-backlog", tiny, NULL },
	{ "tiny-backlog", tiny_with_cookies, NULL },
	{ "silent-client-blocks-others", silent, NULL },
	{ "dies-of-dead-client", dead, NULL },
	{ "dies-of-sigpipe", sigpipe, NULL },
	{ "dies-of-dead-client", worker_of_dead, NULL },
	{ "dies-of-sigpipe", worker_of_sigpipe, NULL },
	{ "spins-after-client-left", work_for_nobody, NULL },
	{ "listener-unserved", unserved, "worker-gone" },
	{ "listener-unserved", deaf_thread, "thread-gone" },
	{ "listener-unserved", deaf_after_stop, "deaf-after-stop" },
	{ "spins-without-descriptors", spin, NULL },
	{ "spins-without-descriptors", spin_beside, NULL },
	{ "deaf-after-descriptors", deaf, NULL },
	{ "dies-without-descriptors", die_without_descriptors, NULL },
	{ "dies-of-accept-error", die_of_error, NULL },
	{ "deaf-after-accept-error", deaf_after_error, NULL },
	{ "deaf-after-accept-error", deaf_until_another_comes, NULL },
	{ "dies-of-interrupted-wait", die_of_stop, NULL },
	{ "dies-by-itself", die_by_itself, NULL },
	{ "unserved-while-draining", drain, NULL },
	{ "cannot-bind-again", bind_again, NULL },
	{ "listener-leaked", leak, NULL },
	{ "refused-at-restart", activated, NULL },
	{ "refused-at-reload", reload_refuses, NULL },
	{ "reset-at-reload", reload_resets, NULL },
	{ "cut-answer-at-reload", reload_cuts, NULL },
	{ "unanswered-at-reload", reload_closes, NULL },
	{ "unanswered-at-reload", reload_stalls, "stalled" },
	{ "refused-at-handover", handover_refuses, NULL },
	{ "reset-at-handover", handover_resets, NULL },
	{ "cut-answer-at-handover", handover_cuts, NULL },
	{ "unanswered-at-handover", handover_closes, NULL },
	{ "reset-in-group", group, NULL },
	{ "refused-at-reload", replace, "replaced" },
};
#define FAULTS ((int)ARRAY_LENGTH(faults))

/* The journal of the fault, or of its twin; the caller frees it. */
static struct journal *play(const struct fault *fault, bool wrong)
{
	struct stage stage = { .wrong = wrong };

	fault->play(&stage);
	say(&stage, (struct event){ .kind = EVENT_SAMPLE });
	say(&stage, (struct event){ .kind = EVENT_END });
	return stage.journal;
}

/* "dies-of-sigpipe, tiny-backlog", or ""; the caller frees it. */
static char *names_of(const struct told *told)
{
	struct text names = { 0 };

	for (int i = 0; i < told->finding_count; i++)
		text_add(&names, "%s%s", i ? ", " : "", told->findings[i].rule->name);
	return text_take(&names);
}

static char *names_in(const struct journal *journal)
{
	struct told *told = told_of(journal);
	char *names = names_of(told);

	told_free(told);
	return names;
}

/* Of what the stage has played so far; its journal is over. */
static void expect_found(const struct stage *stage, const char *wanted)
{
	autofree char *names = names_in(stage->journal);

	ck_assert_str_eq(names, wanted);
	journal_free(stage->journal);
}

START_TEST(each_fault_is_found_and_no_other)
{
	struct journal *journal = play(&faults[_i], true);
	autofree char *names = names_in(journal);

	ck_assert_str_eq(names, faults[_i].name);
	journal_free(journal);
}
END_TEST

START_TEST(nothing_is_found_of_a_right_twin)
{
	struct journal *journal = play(&faults[_i], false);
	autofree char *names = names_in(journal);

	ck_assert_msg(!*names, "the twin of %s: %s", faults[_i].name, names);
	journal_free(journal);
}
END_TEST

START_TEST(each_rule_has_a_fault_here)
{
	const struct told_rule *rule;

	for (size_t i = 0; (rule = told_rule_at(i)); i++) {
		bool has = false;

		for (int k = 0; k < FAULTS; k++)
			has |= strcmp(faults[k].name, rule->name) == 0;
		ck_assert_msg(has, "%s", rule->name);
		ck_assert_ptr_eq(told_rule(rule->name), rule);
	}
}
END_TEST

/* ---- what a finding rests on --------------------------------------------------------------- */

/* False: the event is not there. */
typedef bool edit(struct event *event);

static bool is_look(const struct event *event)
{
	return event->kind == EVENT_SERVER && text_is(event->name, "look");
}

static bool a_thread_is_awake(struct event *event)
{
	if (is_look(event))
		event->result = 0;
	return true;
}

/* As they do on a machine that lets them, now and then. */
static bool threads_have_run(struct event *event)
{
	if (is_look(event))
		event->delta += event->seq;
	return true;
}

static bool all_is_soon_over(struct event *event)
{
	event->at /= 10;
	return true;
}

static bool nobody_exits(struct event *event)
{
	return event->kind != EVENT_SERVER || !strstr(event->name, "exited");
}

static bool it_was_told_to_end(struct event *event)
{
	if (event->kind == EVENT_SERVER && text_is(event->name, "listens") &&
	    text_is(event->object, "server")) {
		event->name = "signalled";
		event->value = SIGTERM;
	}
	return true;
}

static bool nobody_is_sent_away(struct event *event)
{
	return event->kind != EVENT_PACKET || event->from == CLIENT ||
	       !(event->segment.flags & (FIN | RST));
}

static bool no_signal_is_sent(struct event *event)
{
	return event->kind != EVENT_SERVER || !text_is(event->name, "signalled");
}

static bool all_clients_are_silent(struct event *event)
{
	if (event->kind == EVENT_FLOW)
		event->argument = "silent";
	return true;
}

static bool queues_are_empty(struct event *event)
{
	event->accept = event->kind == EVENT_QUEUE ? 0 : event->accept;
	return true;
}

static bool it_uses_no_cpu(struct event *event)
{
	if (is_look(event))
		event->value = 0;
	return true;
}

static bool nobody_goes(struct event *event)
{
	return !(event->kind == EVENT_PACKET && event->from == CLIENT &&
		 event->segment.flags & (FIN | RST)) &&
	       !(event->kind == EVENT_CALL && text_is(event->name, "close"));
}

static bool nobody_lacks_room(struct event *event)
{
	return event->kind != EVENT_COUNTER;
}

static bool nobody_is_started_again(struct event *event)
{
	return !text_is(event->object, "server 2");
}

static bool no_fact_is_known(struct event *event)
{
	return event->kind != EVENT_FACT;
}

#define OF_ENDS                                                                                    \
	"dies-of-dead-client dies-of-sigpipe dies-without-descriptors dies-of-accept-error "       \
	"dies-of-interrupted-wait dies-by-itself "
#define OF_STAYS                                                                                   \
	"half-served left-in-queue silent-client-blocks-others worker-gone thread-gone "           \
	"deaf-after-stop "                                                                         \
	"deaf-after-descriptors deaf-after-accept-error unserved-while-draining listener-leaked "  \
	"stalled "
#define OF_SPINS   "spins-without-descriptors spins-after-client-left "
#define OF_RESTS   OF_STAYS OF_SPINS "dies-of-dead-client dies-of-sigpipe "
#define OF_RELOADS "refused-at-reload reset-at-reload cut-answer-at-reload unanswered-at-reload "
#define OF_HANDOVERS                                                                               \
	"refused-at-handover reset-at-handover cut-answer-at-handover unanswered-at-handover "

static const struct {
	edit *edit;
	const char *removes; /* these findings, and no others */
} edits[] = {
	{ a_thread_is_awake, OF_RESTS },
	{ threads_have_run, OF_RESTS },
	{ all_is_soon_over, OF_STAYS },
	{ nobody_exits, OF_ENDS "listener-leaked cannot-bind-again worker-gone" },
	{ it_was_told_to_end, OF_ENDS "deaf-after-stop" },
	{ nobody_is_sent_away, OF_RELOADS OF_HANDOVERS "refused-at-restart reset-in-group" },
	{ no_signal_is_sent,
	  OF_RELOADS "replaced stalled cut-answer-at-handover unserved-while-draining" },
	{ all_clients_are_silent,
	  OF_RELOADS OF_HANDOVERS "refused-at-restart reset-in-group half-served left-in-queue "
				  "silent-client-blocks-others dies-of-dead-client dies-of-sigpipe "
				  "worker-gone thread-gone deaf-after-stop deaf-after-descriptors "
				  "deaf-after-accept-error unserved-while-draining stalled" },
	{ queues_are_empty,
	  "left-in-queue worker-gone thread-gone deaf-after-stop deaf-after-descriptors "
	  "deaf-after-accept-error unserved-while-draining reset-in-group" },
	{ it_uses_no_cpu, OF_SPINS },
	{ nobody_goes, "spins-after-client-left dies-of-dead-client dies-of-sigpipe "
		       "silent-client-blocks-others" },
	{ nobody_lacks_room, "tiny-backlog" },
	{ nobody_is_started_again, "cannot-bind-again" },
	{ no_fact_is_known, "tiny-backlog spins-without-descriptors deaf-after-descriptors "
			    "dies-without-descriptors refused-at-restart replaced" },
};

static struct journal *edited(const struct journal *journal, edit *edit)
{
	struct journal *copy = journal_new();

	for (size_t i = 0; i < journal_length(journal); i++) {
		struct event event = *journal_event(journal, i);

		if (edit(&event))
			journal_append(copy, &event);
	}
	return copy;
}

START_TEST(a_finding_goes_with_what_it_rests_on)
{
	for (int i = 0; i < FAULTS; i++) {
		struct journal *journal = play(&faults[i], true);
		struct journal *copy = edited(journal, edits[_i].edit);
		autofree char *names = names_in(copy);
		const char *way = faults[i].way ? faults[i].way : faults[i].name;
		bool goes = text_has_word(edits[_i].removes, way);

		ck_assert_msg(goes == !strstr(names, faults[i].name),
			      "edit %d of %s (%d) leaves: %s", _i, faults[i].name, i, names);
		journal_free(copy);
		journal_free(journal);
	}
}
END_TEST

START_TEST(each_finding_rests_on_two_things_at_least)
{
	for (int i = 0; i < FAULTS; i++) {
		const char *way = faults[i].way ? faults[i].way : faults[i].name;
		int count = 0;

		for (size_t k = 0; k < ARRAY_LENGTH(edits); k++)
			count += text_has_word(edits[k].removes, way);
		ck_assert_msg(count >= 2, "%s: %d", way, count);
	}
}
END_TEST

/* ---- what makes a finding of a right server ------------------------------------------------- */

/* Of the journal that is edited: its last flow, and whether that has come yet. */
static struct {
	int last;
	bool has_come;
	nsec worked;
} editing;

static bool is_of_server(const struct event *event)
{
	return event->kind == EVENT_PACKET && event->from == SERVER;
}

static bool is_leaving(const struct event *event)
{
	return (event->kind == EVENT_CALL && text_is(event->name, "close")) ||
	       (event->kind == EVENT_PACKET && event->from == CLIENT && event->segment.flags & FIN);
}

static bool is_answer(const struct event *event)
{
	return event->kind == EVENT_ANSWER || (is_of_server(event) && event->segment.length);
}

/* The server sends @flags where it has answered. */
static bool answers_become(struct event *event, int flags)
{
	if (event->kind == EVENT_ANSWER || is_leaving(event))
		return false;
	if (is_answer(event))
		event->segment = (struct segment){ .flags = (uint8_t)flags };
	return true;
}

static bool answers_become_fins(struct event *event)
{
	return answers_become(event, FIN | ACK);
}

static bool answers_become_resets(struct event *event)
{
	return answers_become(event, RST);
}

/* The server ends them, and not their clients, before they are whole. */
static bool answers_are_cut(struct event *event)
{
	if (event->kind == EVENT_ANSWER)
		event->name = "part";
	if (event->kind == EVENT_PACKET && is_leaving(event))
		event->from = SERVER;
	return !(event->kind == EVENT_CALL && is_leaving(event));
}

static bool all_are_refused(struct event *event)
{
	bool answers = is_of_server(event) && event->segment.flags & SYN;

	if (answers)
		event->segment.flags = RST | ACK;
	return answers || !event->flow || event->kind == EVENT_FLOW ||
	       (event->kind == EVENT_PACKET && event->segment.flags & SYN);
}

/* Who comes last stays in the accept queue. */
static bool the_last_waits(struct event *event)
{
	if (event->kind == EVENT_FLOW && event->flow == editing.last)
		editing.has_come = true;
	if (editing.has_come && event->kind == EVENT_QUEUE && !event->name && !event->accept)
		event->accept = 1;
	return event->flow != editing.last || (!is_answer(event) && !is_leaving(event));
}

static bool the_last_is_reset_in_the_queue(struct event *event)
{
	bool answers = event->flow == editing.last && is_of_server(event) && event->segment.length;

	if (answers)
		event->segment = (struct segment){ .flags = RST };
	return answers || the_last_waits(event);
}

/* The same, and rests for longer than a server may. */
static bool the_last_waits_for_long(struct event *event)
{
	if (editing.has_come)
		event->at += event->kind == EVENT_END || is_look(event) ? event->seq * SEC(3) : 0;
	return the_last_waits(event);
}

/* The last two looks find it ended, and had found it there before. */
static bool ends_with(struct event *event, long status)
{
	bool ends = editing.has_come && is_look(event);

	if (event->kind == EVENT_FLOW && event->flow == editing.last)
		editing.has_come = true;
	if (ends)
		*event = (struct event){ .seq = event->seq,
					 .at = event->at,
					 .kind = EVENT_SERVER,
					 .object = "server",
					 .name = "exited",
					 .value = status };
	return true;
}

static bool it_exits(struct event *event)
{
	return ends_with(event, 1);
}

static bool sigpipe_ends_it(struct event *event)
{
	return ends_with(event, -SIGPIPE);
}

static bool it_works_on(struct event *event)
{
	editing.has_come |= text_is(event->argument, "taken");
	if (editing.has_come && is_look(event)) {
		event->value += editing.worked += MSEC(400);
		event->delta += event->seq;
	}
	return true;
}

/* From when somebody came who was to go. */
static bool it_rests_no_more(struct event *event)
{
	editing.has_come |= text_is(event->argument, "check");
	if (editing.has_come && is_look(event))
		event->result = 0;
	return true;
}

static bool it_has_asked_for_one(struct event *event)
{
	if (text_is(event->name, "backlog asked"))
		event->value = 1;
	return true;
}

static bool the_second_ends_at_once(struct event *event)
{
	if (text_is(event->object, "server 2") && text_is(event->name, "listens")) {
		event->name = "exited";
		event->value = 1;
	}
	return true;
}

static bool listeners_stay(struct event *event)
{
	return event->kind != EVENT_QUEUE || !event->name;
}

/* It serves on while it drains. */
static void drain_and_serve(struct stage *stage)
{
	int held;

	begin(stage, "stop");
	held = come(stage, "holder");
	accept_one(stage);
	ask(stage, held);
	answer_a_part(stage, held);
	rest(stage);
	server_event(stage, "signalled", SIGTERM);
	serve(stage);
	rest_for(stage, 3);
	answer(stage, held);
	exit_with(stage, 0);
}

static const struct {
	const char *finding;
	void (*play)(struct stage *stage); /* a right server */
	edit *edit;
} breaks[] = {
	{ "half-served", one, answers_become_fins },
	{ "left-in-queue", edge, the_last_waits },
	{ "tiny-backlog", tiny, it_has_asked_for_one },
	{ "silent-client-blocks-others", silent, the_last_waits },
	{ "dies-of-dead-client", dead, it_exits },
	{ "dies-of-sigpipe", sigpipe, sigpipe_ends_it },
	{ "spins-after-client-left", work_for_nobody, it_rests_no_more },
	{ "listener-unserved", deaf_thread, the_last_waits },
	{ "spins-without-descriptors", spin, it_works_on },
	{ "deaf-after-descriptors", deaf, the_last_waits_for_long },
	{ "dies-without-descriptors", die_without_descriptors, it_exits },
	{ "dies-of-accept-error", die_of_error, it_exits },
	{ "deaf-after-accept-error", deaf_after_error, the_last_waits },
	{ "dies-of-interrupted-wait", die_of_stop, it_exits },
	{ "dies-by-itself", one, it_exits },
	{ "unserved-while-draining", drain_and_serve, the_last_waits },
	{ "cannot-bind-again", bind_again, the_second_ends_at_once },
	{ "listener-leaked", leak, listeners_stay },
	{ "refused-at-restart", activated, all_are_refused },
	{ "refused-at-reload", reload_refuses, all_are_refused },
	{ "reset-at-reload", reload_closes, answers_become_resets },
	{ "cut-answer-at-reload", reload_cuts, answers_are_cut },
	{ "unanswered-at-reload", reload_closes, answers_become_fins },
	{ "refused-at-handover", handover_refuses, all_are_refused },
	{ "reset-at-handover", handover_closes, answers_become_resets },
	{ "cut-answer-at-handover", handover_cuts, answers_are_cut },
	{ "unanswered-at-handover", handover_closes, answers_become_fins },
	{ "reset-in-group", group, the_last_is_reset_in_the_queue },
};

START_TEST(each_finding_can_be_edited_into_the_journal_of_a_right_server)
{
	const struct told_rule *rule;

	for (size_t i = 0; (rule = told_rule_at(i)); i++) {
		bool can = false;

		for (size_t k = 0; k < ARRAY_LENGTH(breaks); k++)
			can |= strcmp(breaks[k].finding, rule->name) == 0;
		ck_assert_msg(can, "%s", rule->name);
	}
}
END_TEST

START_TEST(a_right_server_has_the_finding_when_its_journal_says_so)
{
	const struct fault fault = { breaks[_i].finding, breaks[_i].play, NULL };
	struct journal *journal = play(&fault, false), *copy;
	struct told *told = told_of(journal);
	autofree char *names = NULL, *before = names_of(told);

	memset(&editing, 0, sizeof(editing));
	editing.last = told->client_count;
	copy = edited(journal, breaks[_i].edit);
	names = names_in(copy);
	ck_assert_msg(!*before && strstr(names, breaks[_i].finding), "%s: %s, and before: %s",
		      breaks[_i].finding, names, before);
	told_free(told);
	journal_free(copy);
	journal_free(journal);
}
END_TEST

/* ---- journals as runs left them ------------------------------------------------------------- */

static glob_t recorded;

static void find_recorded(void)
{
	const char *source = getenv("top_srcdir");
	autofree char *pattern = format("%s/tests/told/*.jsonl.gz", source ? source : ".");

	if (glob(pattern, 0, NULL, &recorded) != 0)
		broken("no journals: %s", pattern);
}

/* The path without ".gz": whoever loads that is given the packed one. The caller frees it. */
static struct journal *load_recorded(int number)
{
	const char *packed = recorded.gl_pathv[number];
	autofree char *path = format("%.*s", (int)(strlen(packed) - strlen(".gz")), packed);

	return load_journal(path);
}

/* Its finding; "" of a right server. The caller frees it. */
static char *recorded_finding(int number)
{
	const char *slash = strrchr(recorded.gl_pathv[number], '/') + 1;

	return strncmp(slash, "right-", strlen("right-")) == 0
		       ? format("%s", "")
		       : format("%.*s", (int)strcspn(slash, "."), slash);
}

START_TEST(what_was_recorded_tells_what_was_wrong)
{
	struct journal *journal = load_recorded(_i);
	autofree char *expected = recorded_finding(_i), *names = names_in(journal);

	ck_assert_str_eq(names, expected);
	journal_free(journal);
}
END_TEST

/* Those that do not name one instance: a scenario may start several, one after the other. */
static bool fits_all(edit *edit)
{
	return edit == a_thread_is_awake || edit == threads_have_run || edit == all_is_soon_over ||
	       edit == nobody_exits || edit == queues_are_empty || edit == all_clients_are_silent ||
	       edit == it_uses_no_cpu;
}

START_TEST(what_was_recorded_tells_nothing_without_what_it_rests_on)
{
	autofree char *finding = recorded_finding(_i);
	const char *way = strcmp(finding, "listener-unserved") == 0 ? "thread-gone" : finding;

	for (size_t i = 0; *finding && i < ARRAY_LENGTH(edits); i++) {
		if (!fits_all(edits[i].edit))
			continue;
		struct journal *journal = load_recorded(_i);
		struct journal *copy = edited(journal, edits[i].edit);
		autofree char *names = names_in(copy);
		bool goes = text_has_word(edits[i].removes, way);

		ck_assert_msg(goes == !strstr(names, finding), "edit %zu of %s leaves: %s", i,
			      finding, names);
		journal_free(copy);
		journal_free(journal);
	}
}
END_TEST

/* ---- what a folder has of it --------------------------------------------------------------- */

static void store(const struct journal *journal, const char *path)
{
	struct journal *copy = journal_new();
	FILE *out = fopen(path, "w");

	if (!out)
		broken("cannot write %s: %s", path, strerror(errno));
	journal_write_to(copy, out);
	for (size_t i = 0; i < journal_length(journal); i++)
		journal_append(copy, journal_event(journal, i));
	journal_flush(copy);
	journal_free(copy);
	fclose(out);
}

START_TEST(what_was_written_tells_the_same)
{
	struct journal *journal = play(&faults[_i], true), *loaded;
	autofree char *path = format("told-%d.jsonl", getpid());
	char *why = NULL;

	store(journal, path);
	loaded = journal_load(path, &why);
	unlink(path);
	ck_assert_msg(loaded, "%s", why ? why : "");
	ck_assert(journal_is_told(loaded));

	struct told *before = told_of(journal), *after = told_of(loaded);
	json_t *left = told_json(before, true), *right = told_json(after, true);

	ck_assert(json_equal(left, right));
	json_decref(left);
	json_decref(right);
	told_free(before);
	told_free(after);
	journal_free(loaded);
	journal_free(journal);
}
END_TEST

/* FOLDER/NUMBER/journal.jsonl of each fault, and FOLDER/NUMBER-right/journal.jsonl of its twin. */
static int store_all(const char *folder)
{
	for (int i = 0; i < 2 * FAULTS; i++) {
		const struct fault *fault = &faults[i / 2];
		struct journal *journal = play(fault, i % 2 == 0);
		autofree char *below =
			format("%s/%d-%s%s", folder, i / 2, fault->name, i % 2 ? "-right" : "");
		autofree char *path = format("%s/journal.jsonl", below);

		if (!make_path(below))
			return EXIT_FAILURE;
		store(journal, path);
		journal_free(journal);
	}
	return EXIT_SUCCESS;
}

/* ---- what became of clients ---------------------------------------------------------------- */

START_TEST(clients_have_their_fates_and_times)
{
	struct stage stage = { 0 };
	struct told *told;
	int flow;

	begin(&stage, "burst");
	serve(&stage);
	come_refused(&stage);
	flow = knock(&stage, NULL);
	stage.now += SEC(1);
	flags(&stage, flow, CLIENT, SYN);
	stage.now += SEC(2);
	flags(&stage, flow, CLIENT, SYN);
	flow = come(&stage, "silent");
	close_client(&stage, flow);
	flow = come(&stage, NULL);
	accept_one(&stage);
	ask(&stage, flow);
	flags(&stage, flow, SERVER, RST);
	flow = knock(&stage, NULL);
	say(&stage, (struct event){ .kind = EVENT_CALL,
				    .host = CLIENT,
				    .flow = flow,
				    .name = "SO_ERROR",
				    .error = ETIMEDOUT });
	say(&stage, (struct event){ .kind = EVENT_END });
	told = told_of(stage.journal);

	ck_assert_int_eq(told->client_count, 6);
	ck_assert_int_eq(told->clients[0].fate, FATE_SERVED);
	ck_assert_int_eq(told->clients[1].fate, FATE_REFUSED);
	ck_assert_int_eq(told->clients[2].fate, FATE_CONNECTING);
	ck_assert_int_eq(told->clients[2].syns, 3);
	ck_assert_int_eq(told->clients[2].syn[2] - told->clients[2].syn[0] >= SEC(3), 1);
	ck_assert_int_eq(told->clients[3].fate, FATE_GAVE_UP);
	ck_assert_int_eq(told->clients[3].role, ROLE_SILENT);
	ck_assert_int_eq(told->clients[4].fate, FATE_RESET_AFTER);
	ck_assert_int_eq(told->clients[5].fate, FATE_TIMED_OUT);
	ck_assert(told->clients[0].syn[0] < told->clients[0].connected);
	ck_assert(told->clients[0].connected < told->clients[0].requested);
	ck_assert(told->clients[0].requested < told->clients[0].first_byte);
	ck_assert_int_eq(told->clients[0].first_byte, told->clients[0].served);
	ck_assert_int_eq(told->outcome_count, 6);
	ck_assert_int_eq(told->outcomes[0].count, 1);
	ck_assert(told->whole);
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

/* Who is first in the queue is accepted first; the last of five waits on. */
START_TEST(a_queue_is_a_fifo)
{
	struct stage stage = { 0 };
	struct told *told;

	begin(&stage, "burst");
	for (int i = 0; i < 5; i++)
		come(&stage, NULL);
	for (int i = 0; i < 4; i++)
		accept_one(&stage);
	told = told_of(stage.journal);
	for (int i = 0; i < 4; i++)
		ck_assert(told->clients[i].queued && told->clients[i].accepted);
	for (int i = 1; i < 4; i++)
		ck_assert(told->clients[i].accepted > told->clients[i - 1].accepted);
	ck_assert(told->clients[4].queued && !told->clients[4].accepted);
	ck_assert_int_eq(told->work.accepted, 4);
	ck_assert(!told->whole);
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

START_TEST(those_who_were_deferred_are_told_apart)
{
	struct stage stage = { 0 };
	struct told *told;
	autofree char *words = NULL;

	begin(&stage, "no-data");
	serve(&stage);
	fact(&stage, "deferred", NULL, 1);
	serve(&stage);
	serve(&stage);
	fact(&stage, "deferred", NULL, 0);
	serve(&stage);
	told = told_of(stage.journal);
	ck_assert_int_eq(told->outcome_count, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(told->outcomes[i].count, 2);
		ck_assert_int_eq(told->outcomes[i].deferred, i);
	}
	words = told_outcome_words(&told->outcomes[1]);
	ck_assert_str_eq(words, "served, with TCP_DEFER_ACCEPT");
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

/* A watched accept() takes longer: what that costs is not the server's. */
START_TEST(where_accept_is_watched_neither_rate_nor_cpu_is_told)
{
	for (int watched = 0; watched < 2; watched++) {
		struct stage stage = { 0 };
		struct told *told;
		json_t *json, *work;

		begin(&stage, "stall");
		rest(&stage);
		if (watched)
			server_event(&stage, "accept", 0);
		serve(&stage);
		serve(&stage);
		stage.cpu += MSEC(20);
		rest(&stage);
		told = told_of(stage.journal);
		json = told_json(told, false);
		work = json_object_get(json, "server");
		ck_assert(json_is_null(json_object_get(work, "cpu_seconds")) == watched);
		ck_assert(json_is_null(json_object_get(work, "accepts_per_second")) == watched);
		ck_assert(json_is_true(json_object_get(work, "watched")) == watched);
		ck_assert_int_eq(json_integer_value(json_object_get(work, "accepted")), 2);
		for (int i = 0; i < told->fact_count; i++)
			ck_assert(!watched || strcmp(told->facts[i].name, "cpu") != 0);
		json_decref(json);
		told_free(told);
		journal_free(stage.journal);
	}
}
END_TEST

START_TEST(what_was_not_seen_is_told_and_is_no_finding)
{
	struct stage stage = { 0 };
	struct text text = { 0 };
	struct told *told;
	autofree char *lines = NULL;
	json_t *json;

	begin(&stage, "dead");
	fact(&stage, "not seen", "clients that go in other ways", 1);
	told = told_of(stage.journal);
	json = told_json(told, false);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "not_seen"), 0)),
			 "clients that go in other ways");
	told_print(told, text_stream(&text));
	lines = text_take(&text);
	ck_assert(strstr(lines, "not seen: clients that go in other ways\nnothing found\n"));
	json_decref(json);
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

/* What a scenario has no more use for is ended by it: the next instance's clients wait for that. */
START_TEST(who_was_killed_is_no_loss)
{
	struct stage stage = { 0 };

	begin(&stage, "stall");
	serve(&stage);
	rest(&stage);
	server_event(&stage, "signalled", SIGKILL);
	exit_with(&stage, -SIGKILL);
	ask(&stage, come(&stage, NULL));
	stage.processes = 1;
	rest_for(&stage, 3);
	expect_found(&stage, "");
}
END_TEST

/* ---- facts and limits ---------------------------------------------------------------------- */

START_TEST(a_limit_makes_a_fact_a_finding)
{
	struct stage stage = { 0 };
	struct told *told;

	begin(&stage, "stop");
	fact(&stage, "limit", "refused", 1);
	come_refused(&stage);
	told = told_of(stage.journal);
	ck_assert_int_eq(told->finding_count, 0);
	told_free(told);
	come_refused(&stage);
	told = told_of(stage.journal);
	ck_assert_int_eq(told->finding_count, 1);
	ck_assert_str_eq(told->findings[0].rule->name, "refused");
	ck_assert_str_eq(told->findings[0].sentence, "2 of 2 clients were refused; the limit is 1");
	ck_assert_int_eq(told_count(told), 1);
	told_free(told);
	fact(&stage, "allowed", "refused", 0);
	told = told_of(stage.journal);
	ck_assert_int_eq(told->finding_count, 1);
	ck_assert_int_eq(told_count(told), 0);
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

START_TEST(a_limit_is_a_name_and_a_number)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{ "refuse=1", "there is no limit 'refuse'; nearest: refused, reset, elsewhere" },
		{ "refused", "'refused' needs a whole number, as in refused=0" },
		{ "refused=1.5", "'refused' needs a whole number, as in refused=0" },
		{ "longest-wait=3s",
		  "'longest-wait' needs a number of seconds, as in longest-wait=2.5" },
		{ "longest-wait=-1",
		  "'longest-wait' needs a number of seconds, as in longest-wait=2.5" },
		{ "longest-wait=inf",
		  "'longest-wait' needs a number of seconds, as in longest-wait=2.5" },
	};
	struct told_limit limit;
	char *none = NULL;

	ck_assert(told_limit_parse("longest-wait=0.5", &limit, &none));
	ck_assert_str_eq(limit.name, "longest-wait");
	ck_assert_int_eq(limit.value, MSEC(500));
	ck_assert(told_limit_parse("refused=3", &limit, &none));
	ck_assert_int_eq(limit.value, 3);
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		char *why = NULL;

		ck_assert(!told_limit_parse(wrong[i].text, &limit, &why));
		ck_assert_str_eq(why, wrong[i].why);
		free(why);
	}
}
END_TEST

/* What one silent client does is a fault; that many take all workers is a fact. */
static void be_silent(struct stage *stage, int count)
{
	int quiet[2], flow;

	begin(stage, "silent");
	serve(stage);
	rest(stage);
	for (int i = 0; i < count; i++) {
		quiet[i] = come(stage, "silent");
		accept_one(stage);
	}
	flow = come(stage, NULL);
	ask(stage, flow);
	rest_for(stage, 3);
	for (int i = 0; i < count; i++)
		close_client(stage, quiet[i]);
	accept_one(stage);
	answer(stage, flow);
	say(stage, (struct event){ .kind = EVENT_END });
}

START_TEST(one_silent_client_that_blocks_is_a_fault_and_several_are_a_fact)
{
	for (int count = 1; count <= 2; count++) {
		struct stage stage = { 0 };
		struct told *told;
		autofree char *names = NULL;
		bool fact = false;

		be_silent(&stage, count);
		told = told_of(stage.journal);
		names = names_of(told);
		for (int i = 0; i < told->fact_count; i++)
			fact |= strcmp(told->facts[i].name, "behind-silent") == 0;
		ck_assert_str_eq(names, count == 1 ? "silent-client-blocks-others" : "");
		ck_assert_int_eq(fact, count == 2);
		told_free(told);
		journal_free(stage.journal);
	}
}
END_TEST

/* The server was started again in between. */
START_TEST(each_way_to_die_is_found)
{
	struct stage stage = { .wrong = true };

	go_dead(&stage, 1);
	say(&stage,
	    (struct event){ .kind = EVENT_SERVER, .object = "server 2", .name = "started" });
	say(&stage, (struct event){ .kind = EVENT_SERVER,
				    .object = "server 2",
				    .name = "exited",
				    .value = -SIGPIPE });
	say(&stage, (struct event){ .kind = EVENT_END });
	expect_found(&stage, "dies-of-dead-client, dies-of-sigpipe");
}
END_TEST

/* The listener is closed with one in its queue, who is reset, and another one is refused. */
static void close_at_reload(struct stage *stage, bool resets_another)
{
	int queued, accepted;

	change(stage, "reload");
	accepted = come(stage, NULL);
	accept_one(stage);
	ask(stage, accepted);
	queued = come(stage, NULL);
	end_listener(stage, PORT);
	flags(stage, queued, SERVER, RST);
	if (resets_another)
		flags(stage, accepted, SERVER, RST);
	else
		answer(stage, accepted);
	come_refused(stage);
	listen_at(stage, TWIN);
}

START_TEST(who_waits_in_a_listener_that_is_closed_is_of_the_same_fault_as_who_is_refused)
{
	static const char *const found[] = { "refused-at-reload",
					     "refused-at-reload, reset-at-reload" };

	for (int another = 0; another < 2; another++) {
		struct stage stage = { 0 };

		close_at_reload(&stage, another);
		expect_found(&stage, found[another]);
	}
}
END_TEST

/* As SIGHUP does to who does not expect it. */
START_TEST(who_ends_at_a_reload_has_one_fault)
{
	struct stage stage = { 0 };
	int asks;

	change(&stage, "reload");
	asks = come(&stage, NULL);
	accept_one(&stage);
	ask(&stage, asks);
	end_listener(&stage, PORT);
	flags(&stage, asks, SERVER, RST);
	exit_with(&stage, -SIGHUP);
	come_refused(&stage);
	expect_found(&stage, "refused-at-reload");
}
END_TEST

/* Two listeners on one port, one of which ends with one client in its queue: which, nobody knows.
 */
static void end_member(struct stage *stage, int resets)
{
	int flows[3];

	begin(stage, "reload");
	listen_at(stage, TWIN);
	serve(stage);
	server_event(stage, "stopped", 0);
	server_event(stage, "signalled", SIGHUP);
	for (int i = 0; i < 3; i++) {
		flows[i] = knock(stage, NULL);
		child(stage, flows[i], i ? TWIN : PORT);
	}
	server_event(stage, "continued", 0);
	stage->depth[1]--;
	look_at_queue(stage, TWIN);
	for (int i = 0; i < resets; i++)
		flags(stage, flows[2 - i], SERVER, RST);
	end_listener(stage, PORT);
}

START_TEST(of_a_member_that_ends_no_more_are_lost_than_were_in_its_queue)
{
	static const char *const found[] = { "", "", "reset-at-reload" };

	for (int resets = 1; resets < 3; resets++) {
		struct stage stage = { 0 };
		autofree char *names = NULL;

		end_member(&stage, resets);
		names = names_in(stage.journal);
		ck_assert_msg(!strstr(names, "reset-at-reload") == !*found[resets], "%d: %s",
			      resets, names);
		journal_free(stage.journal);
	}
}
END_TEST

static void reset_at(struct stage *stage, int flow, enum host host)
{
	say(stage, (struct event){ .kind = EVENT_PACKET,
				   .packet = stage->packets + 1,
				   .flow = flow,
				   .host = host,
				   .from = SERVER,
				   .segment = { .flags = RST } });
}

/* The RST is still on its way when the listener is seen to be gone: it shows who waited there. */
START_TEST(who_waited_in_a_member_that_ends_shows_when_its_reset_leaves)
{
	struct stage stage = { 0 };
	autofree char *names = NULL;
	int flows[2];

	begin(&stage, "reload");
	listen_at(&stage, TWIN);
	serve(&stage);
	server_event(&stage, "stopped", 0);
	server_event(&stage, "signalled", SIGHUP);
	for (int i = 0; i < 2; i++) {
		flows[i] = knock(&stage, NULL);
		child(&stage, flows[i], i ? TWIN : PORT);
	}
	server_event(&stage, "continued", 0);
	reset_at(&stage, flows[1], SERVER);
	end_listener(&stage, PORT);
	reset_at(&stage, flows[1], CLIENT);
	names = names_in(stage.journal);
	ck_assert_str_eq(names, "reset-in-group");
	journal_free(stage.journal);
}
END_TEST

/* A child holds the port; and when that is ended, too, TIME_WAIT does. */
START_TEST(a_leaked_listener_hides_no_bind_that_would_fail_without_it)
{
	static const char *const found[] = { "listener-leaked",
					     "cannot-bind-again, listener-leaked" };

	for (int fails = 0; fails < 2; fails++) {
		struct stage stage = { .wrong = true };

		leak(&stage);
		server_event(&stage, "signalled", SIGKILL);
		end_listener(&stage, PORT);
		say(&stage, (struct event){ .kind = EVENT_SERVER,
					    .object = "server 3",
					    .name = "started" });
		say(&stage, (struct event){ .kind = EVENT_SERVER,
					    .object = "server 3",
					    .name = fails ? "exited" : "listens",
					    .value = 1 });
		expect_found(&stage, found[fails]);
	}
}
END_TEST

/* Its listener is closed, and it lives on, as a program does that ends the loop but not itself. */
START_TEST(who_closes_its_listener_at_an_error_of_accept_is_deaf)
{
	static const int errors[] = { ENOBUFS, EPROTO };

	for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
		struct stage stage = { 0 };

		fail_accept(&stage, errors[i]);
		end_listener(&stage, PORT);
		come_refused(&stage);
		rest_for(&stage, 3);
		expect_found(&stage, i ? "" : "deaf-after-accept-error");
	}
}
END_TEST

/* As sshd and inetd have it: whose client has gone goes, too, and the one that listens is there. */
START_TEST(a_process_that_goes_with_its_client_is_no_loss)
{
	struct stage stage = { 0 };
	int flow;

	begin(&stage, "descriptors");
	serve(&stage);
	rest(&stage);
	flow = come(&stage, "holder");
	accept_one(&stage);
	stage.processes = 2;
	rest(&stage);
	fact(&stage, "descriptors", "taken", 0);
	close_client(&stage, flow);
	lose_process(&stage, 0);
	rest_for(&stage, 3);
	expect_found(&stage, "");
}
END_TEST

/* Who leaves some in its queue and accepts others has a thread that accepts. */
START_TEST(who_accepts_others_is_not_deaf)
{
	struct stage stage = { 0 };
	int dead, first;

	begin(&stage, "no-data");
	serve(&stage);
	rest(&stage);
	dead = come(&stage, "check");
	close_client(&stage, dead);
	accept_one(&stage);
	first = come(&stage, NULL);
	ask(&stage, first);
	ask(&stage, come(&stage, NULL));
	accept_one(&stage);
	answer(&stage, first);
	rest_for(&stage, 3);
	expect_found(&stage, "");
}
END_TEST

/* A server that drains may end who has said a part of its request, and nothing for long. */
START_TEST(who_has_said_a_part_is_owed_no_answer)
{
	struct stage stage = { 0 };
	int flow;

	change_closes(&stage, "handover");
	flow = come(&stage, NULL);
	accept_one(&stage);
	segment(&stage, flow, CLIENT,
		(struct segment){ .flags = ACK | PSH, .seq = 1, .length = 50 });
	flags(&stage, flow, SERVER, FIN | ACK);
	expect_found(&stage, "");
}
END_TEST

/* An answer and FIN came, and it closed before it looked: nothing was cut. */
START_TEST(who_closes_without_a_look_went_by_itself)
{
	struct stage stage = { 0 };
	struct told *told;
	int flow;

	begin(&stage, "reload");
	server_event(&stage, "signalled", SIGHUP);
	flow = come(&stage, NULL);
	accept_one(&stage);
	data(&stage, flow, SERVER);
	flags(&stage, flow, SERVER, FIN | ACK);
	close_client(&stage, flow);
	told = told_of(stage.journal);
	ck_assert_int_eq(told->clients[0].fate, FATE_GAVE_UP);
	ck_assert_int_eq(told->finding_count, 0);
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

/* As a connection to a database: nobody is lost, waits or is served there. */
START_TEST(what_the_server_opens_itself_is_no_client)
{
	struct stage stage = { 0 };
	struct told *told;
	int own;

	begin(&stage, "burst");
	serve(&stage);
	own = knock(&stage, "stranger");
	child(&stage, own, PORT);
	flags(&stage, own, SERVER, FIN | ACK);
	told = told_of(stage.journal);
	ck_assert_ptr_null(told_client_of(told, own));
	ck_assert_int_eq(told->outcome_count, 1);
	ck_assert_int_eq(told->outcomes[0].count, 1);
	ck_assert_int_eq(told->work.accepted, 1);
	ck_assert_int_eq(told->finding_count, 0);
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

/* The next instance serves them: that is what socket activation is for. */
START_TEST(who_waits_in_a_listener_of_the_system_is_not_left)
{
	struct stage stage = { 0 };
	autofree char *names = NULL;

	begin(&stage, "stop");
	fact(&stage, "socket activation", NULL, 1);
	serve(&stage);
	rest(&stage);
	server_event(&stage, "signalled", SIGTERM);
	come(&stage, NULL);
	rest_for(&stage, 3);
	exit_with(&stage, 0);
	names = names_in(stage.journal);
	ck_assert_str_eq(names, "");
	journal_free(stage.journal);
}
END_TEST

/* What other systems give is a fact. */
START_TEST(an_error_of_another_system_is_no_finding)
{
	struct stage stage = { .wrong = true };
	struct told *told;

	fail_accept(&stage, ECONNABORTED);
	exit_with(&stage, 1);
	told = told_of(stage.journal);
	ck_assert_int_eq(told->finding_count, 0);
	ck_assert_str_eq(told->facts[told->fact_count - 1].name, "elsewhere");
	ck_assert(strstr(told->facts[told->fact_count - 1].sentence, "ECONNABORTED"));
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

/* ---- what it looks like -------------------------------------------------------------------- */

START_TEST(all_of_it_is_json_and_lines)
{
	struct journal *journal = play(&faults[_i], true);
	struct told *told = told_of(journal);
	json_t *json = told_json(told, true);
	json_t *finding = json_array_get(json_object_get(json, "findings"), 0);
	struct text text = { 0 };
	autofree char *lines = NULL, *summary = told_summary(told);

	ck_assert_str_eq(json_string_value(json_object_get(finding, "name")), faults[_i].name);
	ck_assert_int_eq(json_array_size(json_object_get(json, "clients")), told->client_count);
	ck_assert_int_eq(json_array_size(json_object_get(json, "outcomes")), told->outcome_count);
	told_print(told, text_stream(&text));
	lines = text_take(&text);
	ck_assert(strstr(lines, faults[_i].name));
	ck_assert(strstr(lines, told->findings[0].rule->page));
	ck_assert(told->findings[0].flow == 0 || told_client_of(told, told->findings[0].flow));
	ck_assert(*summary);
	json_decref(json);
	told_free(told);
	journal_free(journal);
}
END_TEST

static int count_of(const char *text, const char *word)
{
	int count = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		count++;
	}
	return count;
}

static void check_xml(const char *svg)
{
	xmlDoc *document = xmlReadMemory(svg, (int)strlen(svg), "clients.svg", NULL, 0);

	ck_assert_ptr_nonnull(document);
	xmlFreeDoc(document);
}

START_TEST(each_client_has_a_line_in_the_picture)
{
	struct journal *journal = play(&faults[_i], true);
	struct told *told = told_of(journal);
	autofree char *svg = clients_svg(told), *part = clients_svg_part(told);

	check_xml(svg);
	check_xml(part);
	ck_assert_int_ge(count_of(svg, ">client"), told->client_count);
	ck_assert(!told->findings[0].flow || strstr(svg, faults[_i].name));
	ck_assert(strlen(part) < strlen(svg));
	told_free(told);
	journal_free(journal);
}
END_TEST

/* Some of each fate, and the one that a finding names. */
START_TEST(of_a_crowd_some_are_drawn)
{
	struct stage stage = { 0 };
	struct told *told;
	autofree char *svg = NULL;

	begin(&stage, "burst");
	for (int i = 0; i < 2000; i++)
		serve(&stage);
	for (int i = 0; i < 100; i++)
		come_refused(&stage);
	for (int i = 0; i < 40; i++)
		come(&stage, NULL);
	rest_for(&stage, 3);
	told = told_of(stage.journal);
	svg = clients_svg(told);
	check_xml(svg);
	ck_assert(strstr(svg, ">2000 served: 8 of them"));
	ck_assert(strstr(svg, ">100 refused: 8 of them"));
	ck_assert(strstr(svg, "left-in-queue"));
	ck_assert_int_le(count_of(svg, ">client"), 3 * 8 + 1);
	told_free(told);
	journal_free(stage.journal);
}
END_TEST

START_TEST(a_journal_of_nothing_is_told_and_drawn)
{
	struct journal *journal = journal_new();
	struct told *told = told_of(journal);
	autofree char *svg = clients_svg(told), *summary = told_summary(told);

	ck_assert(!journal_is_told(journal));
	ck_assert_int_eq(told->client_count, 0);
	ck_assert_str_eq(summary, "no client came");
	check_xml(svg);
	told_free(told);
	journal_free(journal);
}
END_TEST

/* ---- docs/findings.md ---------------------------------------------------------------------- */

static char *load_page(void)
{
	const char *source = getenv("top_srcdir");
	autofree char *path = format("%s/docs/findings.md", source ? source : ".");
	char *why = NULL, *page = text_load(path, &why);

	ck_assert_msg(page, "%s", why ? why : "");
	return page;
}

/* From below its heading to the next one; NULL: there is none. The caller frees it. */
static char *section_of(const char *page, const char *name)
{
	autofree char *heading = format("\n## %s\n", name);
	const char *begin = strstr(page, heading), *end;

	if (!begin)
		return NULL;
	begin += strlen(heading);
	end = strstr(begin, "\n## ");
	return format("%.*s", end ? (int)(end - begin) : (int)strlen(begin), begin);
}

/* A command of the section plays the rule's scenario. */
static bool plays_its_scenario(const char *section, const char *scenarios)
{
	const char *command = strstr(section, "    halfopen try --scenario ");
	autofree char *line = command ? text_first_line(command) : NULL;
	bool plays = line && !*scenarios;

	for (char *word; line && (word = text_word(&scenarios)); free(word))
		plays |= strstr(line, word) != NULL;
	return plays;
}

START_TEST(each_finding_has_a_section_with_all_that_is_to_be_said)
{
	autofree char *page = load_page();
	const struct told_rule *rule;
	int count = 0;

	for (size_t i = 0; (rule = told_rule_at(i)); i++, count++) {
		autofree char *section = section_of(page, rule->name);
		autofree char *link = format("findings.md#%s", rule->name);

		ck_assert_msg(section, "%s has no section", rule->name);
		ck_assert_str_eq(rule->page, link);
		ck_assert_msg(strstr(section, "**Seen.**") && strstr(section, "**Why.**") &&
				      strstr(section, "**What mends it.**"),
			      "%s", rule->name);
		ck_assert_msg(plays_its_scenario(section, rule->scenarios), "%s", rule->name);
		ck_assert(*rule->consequence && *rule->mends && *rule->needs);
	}
	ck_assert_int_eq(count_of(page, "\n## "), count + 1);
}
END_TEST

START_TEST(each_limit_has_a_row)
{
	autofree char *page = load_page(), *section = section_of(page, "limits");
	const char *name;
	int count = 0;

	ck_assert_ptr_nonnull(section);
	for (size_t i = 0; (name = told_limit_name(i)); i++, count++) {
		autofree char *row = format("\n| `%s` | ", name);

		ck_assert_msg(strstr(section, row), "%s", name);
		ck_assert_str_eq(told_rule(name)->page, "findings.md#limits");
	}
	ck_assert_int_eq(count_of(section, "\n| `"), count);
}
END_TEST

/* With a FOLDER it writes the journals there, for whoever reads them. */
int main(int argc, char **argv)
{
	Suite *suite;
	TCase *tests;
	int failed;

	if (argc > 1)
		return store_all(argv[1]);
	find_recorded();
	suite = suite_create("told");
	tests = tcase_create("told");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, each_fault_is_found_and_no_other, 0, FAULTS);
	tcase_add_loop_test(tests, nothing_is_found_of_a_right_twin, 0, FAULTS);
	tcase_add_test(tests, each_rule_has_a_fault_here);
	tcase_add_loop_test(tests, what_was_recorded_tells_what_was_wrong, 0,
			    (int)recorded.gl_pathc);
	tcase_add_loop_test(tests, what_was_recorded_tells_nothing_without_what_it_rests_on, 0,
			    (int)recorded.gl_pathc);
	tcase_add_loop_test(tests, a_finding_goes_with_what_it_rests_on, 0,
			    (int)ARRAY_LENGTH(edits));
	tcase_add_test(tests, each_finding_rests_on_two_things_at_least);
	tcase_add_test(tests, each_finding_can_be_edited_into_the_journal_of_a_right_server);
	tcase_add_loop_test(tests, a_right_server_has_the_finding_when_its_journal_says_so, 0,
			    (int)ARRAY_LENGTH(breaks));
	tcase_add_loop_test(tests, what_was_written_tells_the_same, 0, FAULTS);
	tcase_add_test(tests, clients_have_their_fates_and_times);
	tcase_add_test(tests, a_queue_is_a_fifo);
	tcase_add_test(tests, those_who_were_deferred_are_told_apart);
	tcase_add_test(tests, where_accept_is_watched_neither_rate_nor_cpu_is_told);
	tcase_add_test(tests, what_was_not_seen_is_told_and_is_no_finding);
	tcase_add_test(tests, who_was_killed_is_no_loss);
	tcase_add_test(tests, a_limit_makes_a_fact_a_finding);
	tcase_add_test(tests, a_limit_is_a_name_and_a_number);
	tcase_add_test(tests, one_silent_client_that_blocks_is_a_fault_and_several_are_a_fact);
	tcase_add_test(tests, each_way_to_die_is_found);
	tcase_add_test(
		tests,
		who_waits_in_a_listener_that_is_closed_is_of_the_same_fault_as_who_is_refused);
	tcase_add_test(tests, who_ends_at_a_reload_has_one_fault);
	tcase_add_test(tests, of_a_member_that_ends_no_more_are_lost_than_were_in_its_queue);
	tcase_add_test(tests, who_waited_in_a_member_that_ends_shows_when_its_reset_leaves);
	tcase_add_test(tests, a_leaked_listener_hides_no_bind_that_would_fail_without_it);
	tcase_add_test(tests, who_closes_its_listener_at_an_error_of_accept_is_deaf);
	tcase_add_test(tests, a_process_that_goes_with_its_client_is_no_loss);
	tcase_add_test(tests, who_accepts_others_is_not_deaf);
	tcase_add_test(tests, who_has_said_a_part_is_owed_no_answer);
	tcase_add_test(tests, who_closes_without_a_look_went_by_itself);
	tcase_add_test(tests, what_the_server_opens_itself_is_no_client);
	tcase_add_test(tests, who_waits_in_a_listener_of_the_system_is_not_left);
	tcase_add_test(tests, an_error_of_another_system_is_no_finding);
	tcase_add_loop_test(tests, all_of_it_is_json_and_lines, 0, FAULTS);
	tcase_add_loop_test(tests, each_client_has_a_line_in_the_picture, 0, FAULTS);
	tcase_add_test(tests, of_a_crowd_some_are_drawn);
	tcase_add_test(tests, a_journal_of_nothing_is_told_and_drawn);
	tcase_add_test(tests, each_finding_has_a_section_with_all_that_is_to_be_said);
	tcase_add_test(tests, each_limit_has_a_row);
	suite_add_tcase(suite, tests);
	failed = suite_run(suite);
	globfree(&recorded);
	return failed;
}
