/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reloads of real servers, nginx and HAProxy, while a client connects: whose socket survives, who
 * is served, who is reset, and what net.ipv4.tcp_migrate_req changes.
 */
#define TOPIC "reloads"
#define SERVER_SYSCTLS                                                                             \
	"net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0",                           \
		"net.ipv4.tcp_migrate_req=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* ---- HTTP ------------------------------------------------------------------------------------ */

#define REQUEST "GET /index.txt HTTP/1.1\r\nHost: server\r\n\r\n"
#define BODY    "served"

/* The answer that has come is whole. Read, so that it is gone. */
static size_t read_answer(struct end *client)
{
	char answer[2048];
	ssize_t length = recv(client->fd, answer, sizeof(answer) - 1, MSG_PEEK);

	answer[length > 0 ? length : 0] = '\0';
	if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0 || !strstr(answer, "\r\n\r\n" BODY))
		fail("%s was not answered with \"%s\" but with: %s", client->name, BODY, answer);
	expect_read(client, answer);
	return (size_t)length;
}

#define SEGMENTS_OF_A_CLIENT 4 /* SYN, ACK, its request, and the ACK of the answer */

/* Asks, unless it has, and is answered in one segment. */
static void expect_answer(struct end *client, bool has_asked)
{
	char answer[64];

	if (!has_asked)
		send_text(client, REQUEST);
	wait_for(client, .sent = SEGMENTS_OF_A_CLIENT, .from = CLIENT, .within = 5);
	snprintf(answer, sizeof(answer), "-  <  DATA %zu", read_answer(client));
	if (has_asked)
		expect_ladder(client, answer, "+0.0 >  ACK");
	else
		expect_ladder(client, "-  >  DATA 41", "+0.0 <  ACK", answer, "+0.0 >  ACK");
}

static void leave(struct end *client)
{
	struct scene *net = client->scene;

	STEP("%s leaves", client->name);
	abort_end(client);
	expect_ladder(client, "-  >  RST-ACK  - / -");
	expect_counters(net, CLIENT, "Tcp.EstabResets 1  TCPAbortOnData 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");
}

/* ---- what a reload does to a client ---------------------------------------------------------- */

/* Its request, or its connection: the socket lives on; has moved to another one's; ended with it.
 */
enum outcome { KEPT, MOVED, RESET };

/* A SYN that comes afterwards is nobody's yet. */
static enum outcome outcome_at(enum stage stage, enum outcome outcome)
{
	return stage == SYN_ON_ITS_WAY ? KEPT : outcome;
}

static void expect_outcome(struct end *client, enum stage stage, enum outcome outcome)
{
	static const char *const lines[STAGES][3][3] = {
		[SYN_ON_ITS_WAY][KEPT] = { "+0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
					   "+0.0  >  ACK      ESTABLISHED / ESTABLISHED" },
		[SYN_ACK_ON_ITS_WAY][KEPT] = { "+0.0  >  ACK  ESTABLISHED / ESTABLISHED" },
		[SYN_ACK_ON_ITS_WAY][MOVED] = { "+0.0  >  ACK  moved  ESTABLISHED / ESTABLISHED" },
		[SYN_ACK_ON_ITS_WAY][RESET] = { "+0.0  >  ACK  ESTABLISHED / -",
						"+0.0  <  RST  - / -" },
		[ACK_ON_ITS_WAY][RESET] = { "+0.0  <  RST  - / -" },
		[IN_THE_QUEUE][MOVED] = { "-  .  moved" },
		[IN_THE_QUEUE][RESET] = { "-  <  RST-ACK  - / -" },
		[WITH_DATA][MOVED] = { "-  .  moved" },
		[WITH_DATA][RESET] = { "-  <  RST-ACK  - / -" },
	};
	struct scene *net = client->scene;

	outcome = outcome_at(stage, outcome);
	if (lines[stage][outcome][0])
		expect_lines(net, client->flow, lines[stage][outcome]);
	if (outcome == RESET) {
		expect_reset(client);
		expect_counters(net, CLIENT, "Tcp.EstabResets 1");
		/* a request is no connection yet */
		if (stage >= IN_THE_QUEUE)
			expect_counters(net, SERVER, "Tcp.EstabResets 1");
		return;
	}
	expect_states(client, .client = ESTABLISHED, .server = ESTABLISHED);
	if (outcome == MOVED)
		expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");
}

/* Who was not reset is answered, and goes. */
static void expect_served(struct end *client, enum stage stage, enum outcome outcome)
{
	if (outcome_at(stage, outcome) == RESET)
		return;
	expect_connected(client);
	expect_answer(client, stage == WITH_DATA);
	leave(client);
}

/*
 * What waits at the twin since it has moved there is served when the twin wakes: at once, or when
 * the next client comes.
 */
static void expect_wakes(struct scene *net, struct program *program, struct listener *twin)
{
	program_rests(program);
	bool wakes = waiting_at(twin) == 0;

	saw_variant(net, wakes ? "twin-wakes" : "twin-sleeps-on");
	if (wakes)
		return;
	expect_queue(twin, .accept = 1, .syn = 0);
	STEP("the next client wakes it");
	connect_one(net, twin);
}

/* ---- nginx ----------------------------------------------------------------------------------- */

#define NGINX_BACKLOG 511 /* NGX_LISTEN_BACKLOG */

struct nginx {
	struct scene *net;
	struct server_place place;
	const char *name, *listen;
	struct program *program;
	struct listener *listener; /* that clients come to */
	struct listener *twin;     /* another one on its port; NULL: there is none */
	pid_t workers[4];
	int count;
};

static const char *configure_nginx(const struct nginx *nginx, bool in_background)
{
	const char *folder = case_folder(nginx->net);
	autofree char *file = format("%s.conf", nginx->name);

	case_file(nginx->net, "index.txt", BODY);
	return case_file(nginx->net, file,
			 "daemon %s;\n"
			 "worker_processes %d;\n"
			 "user root; # where it is root it stays so, in a namespace of its own\n"
			 "pid %s/%s.pid;\n"
			 "error_log stderr info;\n"
			 "events { worker_connections 64; accept_mutex off; }\n"
			 "http {\n"
			 "    access_log off;\n"
			 "    client_body_temp_path %s/body;\n"
			 "    proxy_temp_path %s/proxy;\n"
			 "    fastcgi_temp_path %s/fastcgi;\n"
			 "    uwsgi_temp_path %s/uwsgi;\n"
			 "    scgi_temp_path %s/scgi;\n"
			 "    keepalive_timeout 1h;\n"
			 "    client_header_timeout 1h;\n"
			 "    server {\n"
			 "        listen %s %s;\n"
			 "        location / { root %s; }\n"
			 "    }\n"
			 "}\n",
			 in_background ? "on" : "off", nginx->count, folder, nginx->name, folder,
			 folder, folder, folder, folder, nginx->place.text, nginx->listen, folder);
}

static void start_nginx(struct nginx *nginx, bool in_background)
{
	const char *configuration = configure_nginx(nginx, in_background);
	autofree char *path = program_path("nginx"); /* it starts itself again by that */

	nginx->program = start_program(nginx->net, .host = SERVER, .name = nginx->name,
				       .ordinary_user = true,
				       .argv = { path ? path : "nginx", "-p",
						 case_folder(nginx->net), "-c", configuration });
	if (in_background) {
		autofree char *file = format("%s.pid", nginx->name);
		pid_t launched = nginx->program->pid;

		nginx->program = program_of_file(nginx->program, file);
		wait_for_exit(nginx->net, launched); /* until then it heeds no SIGUSR2 */
	}
}

static void know_workers(struct nginx *nginx)
{
	nginx->count =
		processes_of(nginx->program, nginx->workers, (int)ARRAY_LENGTH(nginx->workers));
}

/* A master and two workers, who share one socket, or have one each: clients come to the second. */
static struct nginx nginx_of(struct scene *net, const char *name, const char *listen)
{
	struct nginx nginx = { .net = net,
			       .place = place_on_server(net),
			       .name = name,
			       .listen = listen,
			       .count = 2 };
	struct listening_options options = { .port = nginx.place.port,
					     .backlog = NGINX_BACKLOG,
					     .processes = 1 + nginx.count };

	start_nginx(&nginx, false);
	if (*listen) {
		options.count = nginx.count;
		struct members members = members_of_program(nginx.program, options);

		nginx.listener = members.second;
		nginx.twin = members.first;
	} else {
		nginx.listener = listens_with(nginx.program, options);
	}
	know_workers(&nginx);
	return nginx;
}

static void stop_workers(struct nginx *nginx)
{
	for (int i = 0; i < nginx->count; i++)
		stall_process(nginx->program, nginx->workers[i]);
}

static void resume_workers(struct nginx *nginx)
{
	for (int i = 0; i < nginx->count; i++)
		resume_process(nginx->program, nginx->workers[i]);
}

/* New workers come, and take what waits; then the old ones go. */
static void reload_nginx(struct nginx *nginx, bool stopped)
{
	signal_program(nginx->program, nginx->program->pid, SIGHUP);
	if (stopped) {
		wait_for_queue(nginx->listener, .accept = 0, .syn = 0);
		resume_workers(nginx);
	}
	for (int i = 0; i < nginx->count; i++)
		wait_until_let_go(nginx->listener, nginx->workers[i]);
	program_rests(nginx->program);
	expect_listener_of(nginx->program, nginx->listener);
	know_workers(nginx);
}

static void reload_at(struct nginx *nginx, enum stage stage, const char *migrate)
{
	struct scene *net = nginx->net;

	STEP("\"listen ... %s\", tcp_migrate_req=%s: SIGHUP while a client connects, and %s",
	     nginx->listen, migrate, stage_words(stage));
	set_sysctl(net, SERVER, "net.ipv4.tcp_migrate_req=%s", migrate);
	if (stage >= IN_THE_QUEUE)
		stop_workers(nginx);
	struct end *client = client_at_stage(nginx->listener, stage, REQUEST);
	reload_nginx(nginx, stage >= IN_THE_QUEUE);
	release_segments(net);
	expect_outcome(client, stage, KEPT);
	expect_served(client, stage, KEPT);
}

CASE(nginx_keeps_its_sockets_at_a_reload_and_loses_nobody, .claims = "", .needs = "program:nginx")
{
	static const struct {
		const char *name, *listen, *migrate;
	} rows[] = {
		{ "nginx", "", "0" },
		{ "nginx-reuseport", "reuseport", "0" },
		{ "nginx-reuseport-moving", "reuseport", "1" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct nginx nginx = nginx_of(net, rows[i].name, rows[i].listen);

		for (int stage = 0; stage < STAGES; stage++)
			reload_at(&nginx, (enum stage)stage, rows[i].migrate);
	}
}

/* ---- nginx, its next binary ------------------------------------------------------------------ */

static void upgrade_at(struct nginx *nginx, enum stage stage)
{
	struct scene *net = nginx->net;
	struct program *old = nginx->program;
	pid_t master = old->pid;

	STEP("SIGUSR2, SIGWINCH and SIGQUIT while a client connects, and %s", stage_words(stage));
	struct end *client = NULL;
	if (stage >= IN_THE_QUEUE) {
		stop_workers(nginx);
		client = client_at_stage(nginx->listener, stage, REQUEST);
	}
	signal_program(old, master, SIGUSR2);
	nginx->program = program_of_file(old, "nginx.pid");
	processes_rest(nginx->program, 1 + nginx->count);
	if (stage >= IN_THE_QUEUE)
		resume_workers(nginx);
	else
		client = client_at_stage(nginx->listener, stage, REQUEST);
	signal_program(old, master, SIGWINCH);
	for (int i = 0; i < nginx->count; i++)
		wait_until_let_go(nginx->listener, nginx->workers[i]);
	signal_program(old, master, SIGQUIT);
	wait_for_exit(net, master); /* until then the next one heeds no SIGUSR2 */
	expect_listener_of(nginx->program, nginx->listener);
	know_workers(nginx);
	release_segments(net);
	expect_outcome(client, stage, KEPT);
	expect_served(client, stage, KEPT);
}

/* In the foreground, or under a parent that stays, nginx takes no notice of SIGUSR2. */
CASE(nginx_hands_its_socket_to_its_next_binary_and_loses_nobody, .claims = "",
     .needs = "program:nginx")
{
	struct nginx nginx = {
		.net = net, .place = place_on_server(net), .name = "nginx", .listen = "", .count = 2
	};

	start_nginx(&nginx, true);
	nginx.listener = program_listens(nginx.program, .port = nginx.place.port,
					 .backlog = NGINX_BACKLOG, .processes = 1 + nginx.count);
	know_workers(&nginx);
	for (int stage = 0; stage < STAGES; stage++)
		upgrade_at(&nginx, (enum stage)stage);
}

/* ---- nginx, with fewer workers --------------------------------------------------------------- */

/* The second worker's socket is one too many after the reload. */
static void shrink(struct nginx *nginx)
{
	nginx->count = 1;
	configure_nginx(nginx, false);
	signal_program(nginx->program, nginx->program->pid, SIGHUP);
}

static void shrink_at(struct scene *net, enum stage stage, enum outcome outcome)
{
	static const char *const names[] = { "nginx", "nginx-2", "nginx-3" };
	struct nginx nginx = nginx_of(net, names[stage], "reuseport");

	STEP("nginx is to have one worker, and no longer two, while a client connects to the "
	     "second one, and %s",
	     stage_words(stage));
	struct end *client = client_at_stage(nginx.listener, stage, REQUEST);
	shrink(&nginx);
	wait_for_end_of_listener(nginx.listener);
	release_segments(net);
	expect_outcome(client, stage, outcome);
	expect_served(client, stage, outcome);
}

/* A worker of nginx accepts one connection in each turn of its loop (multi_accept off). */
static void shrink_with_a_queue(struct scene *net, enum outcome outcome)
{
	struct nginx nginx = nginx_of(net, "nginx-busy", "reuseport");
	pid_t second = nginx.workers[1];

	STEP("the second worker is busy, and two clients wait for it");
	stall_process(nginx.program, second);
	struct end **clients = connect_clients(net, nginx.listener, 2);
	expect_queue(nginx.listener, .accept = 2, .syn = 0);

	STEP("nginx is to have one worker, and no longer two: they wait");
	shrink(&nginx);
	wait_until_let_go(nginx.listener, nginx.program->pid);
	wait_until_let_go(nginx.listener, nginx.workers[0]);
	expect_queue(nginx.listener, .accept = 2, .syn = 0);

	STEP("the second worker goes on, accepts one of them, and closes its socket with the "
	     "other one");
	resume_process(nginx.program, second);
	wait_for_end_of_listener(nginx.listener);
	expect_silence(clients[0]);
	expect_states(clients[0], .client = ESTABLISHED, .server = ESTABLISHED);
	expect_outcome(clients[1], IN_THE_QUEUE, outcome);
	if (outcome == MOVED)
		expect_wakes(net, nginx.program, nginx.twin);
	expect_served(clients[1], IN_THE_QUEUE, outcome);
	leave(clients[0]);
	processes_rest(nginx.program, 2);
}

CASE(nginx_with_fewer_workers_resets_who_comes_to_the_socket_it_closes, .claims = "",
     .needs = "program:nginx")
{
	for (int stage = 0; stage < IN_THE_QUEUE; stage++)
		shrink_at(net, (enum stage)stage, RESET);
	shrink_with_a_queue(net, RESET);
}

CASE(nginx_with_fewer_workers_loses_nobody_where_requests_migrate, .claims = "",
     .needs = "program:nginx", .server_sysctls = { "net.ipv4.tcp_migrate_req=1" },
     .variants = "twin-wakes twin-sleeps-on")
{
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 0"); /* else it is skipped */
	for (int stage = 0; stage < IN_THE_QUEUE; stage++)
		shrink_at(net, (enum stage)stage, MOVED);
	shrink_with_a_queue(net, MOVED);
}

/* ---- HAProxy --------------------------------------------------------------------------------- */

#define HAPROXY_BACKLOG 128

struct haproxy {
	struct scene *net;
	struct server_place place;
	const char *bind;     /* what follows the address */
	int threads, clients; /* that it serves at a time: who comes next waits in the queue */
	int starts;
	struct program *program;
	struct listener *listener; /* that clients come to */
};

/*
 * Linux makes a socket with an IPv6 address of its own IPV6_V6ONLY by itself (__inet6_bind()).
 * Where the configuration does not say so, HAProxy does not take such a socket for the one it
 * wants.
 */
static const char *bind_that_is_known_again(const struct scene *net)
{
	return over_ipv6(net) ? "v6only" : "";
}

static struct haproxy haproxy_of(struct scene *net, const char *bind, int threads)
{
	return (struct haproxy){ .net = net,
				 .place = place_on_server(net),
				 .bind = bind,
				 .threads = threads,
				 .clients = 10 };
}

static const char *configure_haproxy(const struct haproxy *haproxy)
{
	return case_file(haproxy->net, "haproxy.cfg",
			 "global\n"
			 "    nbthread %d\n"
			 "    stats socket unix@haproxy.sock level admin expose-fd listeners\n"
			 "defaults\n"
			 "    mode http\n"
			 "    no option tcp-smart-accept # which delays the ACK of a request\n"
			 "    timeout client 1h\n"
			 "    timeout connect 1h\n"
			 "    timeout server 1h\n"
			 "frontend all\n"
			 "    maxconn %d\n"
			 "    backlog %d\n"
			 "    bind %s %s\n"
			 "    http-request return status 200 content-type text/plain string " BODY
			 "\n",
			 haproxy->threads, haproxy->clients, HAPROXY_BACKLOG, haproxy->place.text,
			 haproxy->bind);
}

/* With these arguments, NULL behind the last, besides its configuration. */
static struct program *run_haproxy(struct haproxy *haproxy, const char *const *arguments)
{
	struct program_options options = {
		.host = SERVER,
		.name = haproxy->starts++ % 2 ? "haproxy-next" : "haproxy",
		.ordinary_user = true,
		.argv = { "haproxy", "-C", case_folder(haproxy->net), "-f",
			  configure_haproxy(haproxy) },
	};

	for (size_t i = 0; arguments[i]; i++)
		options.argv[5 + i] = arguments[i];
	return start_with(haproxy->net, options);
}
#define HAPROXY(haproxy_, ...) run_haproxy((haproxy_), (const char *const[]){ __VA_ARGS__, NULL })

/* The only place is taken by a client whose request is not whole. */
static struct end *take_the_place(struct haproxy *haproxy)
{
	struct end *occupant = connect_one(haproxy->net, haproxy->listener, .name = "occupant");

	wait_for_queue(haproxy->listener, .accept = 0, .syn = 0);
	speak(occupant, "GET / HTTP/1.1\r\n");
	return occupant;
}

static pid_t only_worker(struct program *master)
{
	pid_t worker[2];

	if (processes_of(master, worker, 2) != 1)
		fail("HAProxy's master has not one worker");
	return worker[0];
}

static void reload_worker(struct haproxy *haproxy)
{
	pid_t worker = only_worker(haproxy->program);

	signal_program(haproxy->program, haproxy->program->pid, SIGUSR2);
	wait_until_let_go(haproxy->listener, worker);
}

static void reload_worker_at(struct haproxy *haproxy, enum stage stage)
{
	struct scene *net = haproxy->net;

	STEP("-W, SIGUSR2 while a client connects, and %s", stage_words(stage));
	struct end *occupant = take_the_place(haproxy);
	struct end *client = client_at_stage(haproxy->listener, stage, REQUEST);
	reload_worker(haproxy);
	expect_listener_of(haproxy->program, haproxy->listener);
	expect_outcome(client, stage, KEPT);
	expect_served(client, stage, KEPT);
	leave(occupant);
	processes_rest(haproxy->program, 2);
}

/*
 * As -sf and -x do it; here the old one is told to end when the client has come. With one thread it
 * hears that before it accepts again; of several another one may accept meanwhile.
 */
static void hand_over_at(struct haproxy *haproxy, enum stage stage)
{
	struct scene *net = haproxy->net;
	struct program *old = haproxy->program;

	STEP("another HAProxy has got the socket (-x)");
	haproxy->program = HAPROXY(haproxy, "-x", "haproxy.sock");
	wait_for_listener_of(haproxy->program, haproxy->listener);
	stall_process(old, old->pid);
	stall_process(haproxy->program, haproxy->program->pid);

	STEP("the old one ends while a client connects, and %s", stage_words(stage));
	struct end *client = client_at_stage(haproxy->listener, stage, REQUEST);
	signal_program(old, old->pid, SIGUSR1);
	resume_process(old, old->pid);
	wait_until_let_go(haproxy->listener, old->pid);
	release_segments(net);
	expect_outcome(client, stage, KEPT);
	expect_queue(haproxy->listener, .accept = 1, .syn = 0);
	resume_process(haproxy->program, haproxy->program->pid);
	expect_served(client, stage, KEPT);
}

CASE(haproxy_that_hands_its_socket_over_loses_nobody, .claims = "", .needs = "program:haproxy")
{
	struct haproxy haproxy = haproxy_of(net, bind_that_is_known_again(net), 1);

	haproxy.program = HAPROXY(&haproxy, "-db");
	haproxy.listener = program_listens(haproxy.program, .port = haproxy.place.port,
					   .backlog = HAPROXY_BACKLOG);
	for (int stage = 0; stage < STAGES; stage++)
		hand_over_at(&haproxy, (enum stage)stage);
}

CASE(haproxy_whose_master_reloads_loses_nobody_who_waits, .claims = "", .needs = "program:haproxy")
{
	struct haproxy haproxy = haproxy_of(net, bind_that_is_known_again(net), 2);

	haproxy.clients = 1;
	haproxy.program = HAPROXY(&haproxy, "-W");
	haproxy.listener = program_listens(haproxy.program, .port = haproxy.place.port,
					   .backlog = HAPROXY_BACKLOG, .processes = 2);
	for (int stage = IN_THE_QUEUE; stage < STAGES; stage++)
		reload_worker_at(&haproxy, (enum stage)stage);
}

/* ---- HAProxy that hands nothing over --------------------------------------------------------- */

static void replace_at(struct scene *net, enum stage stage, enum outcome outcome)
{
	struct haproxy haproxy = haproxy_of(net, "", 1);
	struct program *old = HAPROXY(&haproxy, "-db");
	autofree char *process = format("%d", old->pid);

	haproxy.listener = program_listens_in_group(old, .port = haproxy.place.port,
						    .backlog = HAPROXY_BACKLOG)
				   .first;
	STEP("another HAProxy listens beside it, and has asked it to end (-sf)");
	stall_process(old, old->pid);
	struct program *next = HAPROXY(&haproxy, "-sf", process);
	struct listener *twin =
		program_listens(next, .port = haproxy.place.port, .backlog = HAPROXY_BACKLOG);
	stall_process(next, next->pid);

	STEP("a client comes to the old one, which ends while %s", stage_words(stage));
	struct end *client = client_at_stage(haproxy.listener, stage, REQUEST);
	resume_process(old, old->pid);
	wait_for_end_of_listener(haproxy.listener);
	release_segments(net);
	expect_outcome(client, stage, outcome);
	expect_queue(twin, .accept = outcome_at(stage, outcome) != RESET, .syn = 0);

	resume_process(next, next->pid);
	if (outcome == MOVED)
		expect_wakes(net, next, twin);
	expect_served(client, stage, outcome);
}

CASE(haproxy_that_is_replaced_resets_who_has_come_further_than_its_syn, .claims = "",
     .needs = "program:haproxy")
{
	for (int stage = 0; stage < STAGES; stage++)
		replace_at(net, (enum stage)stage, RESET);
}

CASE(haproxy_that_is_replaced_loses_nobody_where_requests_migrate, .claims = "",
     .needs = "program:haproxy", .server_sysctls = { "net.ipv4.tcp_migrate_req=1" },
     .variants = "twin-wakes twin-sleeps-on")
{
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 0"); /* else it is skipped */
	for (int stage = 0; stage < STAGES; stage++)
		replace_at(net, (enum stage)stage, MOVED);
}

/* ---- HAProxy that does not take all ---------------------------------------------------------- */

/* Which of the two sockets the next worker takes is HAProxy's to choose. */
static void reload_with_fewer_shards(struct scene *net, enum outcome outcome)
{
	autofree char *bind = format("shards by-thread %s", bind_that_is_known_again(net));
	struct haproxy haproxy = haproxy_of(net, bind, 2);

	haproxy.clients = 1;
	haproxy.program = HAPROXY(&haproxy, "-W");
	struct members members =
		program_listens_in_group(haproxy.program, .port = haproxy.place.port,
					 .backlog = HAPROXY_BACKLOG, .processes = 2, .count = 2);
	struct listener *both[] = { members.first, members.second };
	pid_t master = haproxy.program->pid, worker = only_worker(haproxy.program);

	STEP("HAProxy is busy, and two clients wait, one at each thread's socket");
	haproxy.listener = both[0];
	struct end *occupant = take_the_place(&haproxy);
	struct end *clients[] = { connect_one(net, both[0]), connect_one(net, both[1]) };
	expect_queue(both[0], .accept = 1, .syn = 0);
	expect_queue(both[1], .accept = 1, .syn = 0);

	STEP("it is to have one thread, and no longer two: one of them is where the next one "
	     "accepts, and the other one is not");
	haproxy.threads = 1;
	configure_haproxy(&haproxy);
	signal_program(haproxy.program, master, SIGUSR2);
	for (size_t i = 0; i < ARRAY_LENGTH(both); i++) {
		wait_until_let_go(both[i], worker);
		wait_until_let_go(both[i], master); /* which has held them for a moment */
	}
	int kept = has_listener(haproxy.program, both[0]) ? 0 : 1;
	expect_listener_of(haproxy.program, both[kept]);
	wait_for_end_of_listener(both[1 - kept]);
	expect_outcome(clients[1 - kept], IN_THE_QUEUE, outcome);
	expect_served(clients[kept], IN_THE_QUEUE, KEPT);
	expect_served(clients[1 - kept], IN_THE_QUEUE, outcome);
	leave(occupant);
}

CASE(haproxy_with_fewer_threads_resets_who_comes_to_the_socket_it_closes, .claims = "",
     .needs = "program:haproxy")
{
	reload_with_fewer_shards(net, RESET);
}

CASE(haproxy_with_fewer_threads_loses_nobody_where_requests_migrate, .claims = "",
     .needs = "program:haproxy", .server_sysctls = { "net.ipv4.tcp_migrate_req=1" })
{
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 0"); /* else it is skipped */
	reload_with_fewer_shards(net, MOVED);
}

/* Where it does not take its socket for the one that it wants, it makes another one. */
static void reload_unless_known(struct haproxy *haproxy, enum outcome outcome)
{
	struct scene *net = haproxy->net;
	struct listener *before = haproxy->listener;

	STEP("tcp_migrate_req=%d: -W, SIGUSR2 while a client's ACK is on its way",
	     outcome == MOVED);
	set_sysctl(net, SERVER, "net.ipv4.tcp_migrate_req=%d", outcome == MOVED);
	struct end *client = client_with_held_ack(before);
	reload_worker(haproxy);
	wait_until_let_go(before, haproxy->program->pid); /* which has held it for a moment */
	bool known = has_listener(haproxy->program, before);
	if (!known) {
		wait_for_end_of_listener(before);
		haproxy->listener = program_listens(haproxy->program, .port = haproxy->place.port,
						    .backlog = HAPROXY_BACKLOG, .processes = 2);
	}

	STEP("the ACK comes to the %s",
	     known ? "same socket" : "socket that HAProxy has made anew");
	release_segments(net);
	expect_outcome(client, ACK_ON_ITS_WAY, known ? KEPT : outcome);
	expect_served(client, ACK_ON_ITS_WAY, known ? KEPT : outcome);
}

/* Later versions than 2.6 may know it. */
CASE(haproxy_does_not_know_its_socket_of_an_ipv6_address_again_unless_told_v6only, .claims = "",
     .needs = "program:haproxy", .families = IPV6_ONLY)
{
	struct haproxy haproxy = haproxy_of(net, "", 1);

	haproxy.program = HAPROXY(&haproxy, "-W");
	haproxy.listener = program_listens(haproxy.program, .port = haproxy.place.port,
					   .backlog = HAPROXY_BACKLOG, .processes = 2);
	reload_unless_known(&haproxy, RESET);
	if (has_counter(net, SERVER, "TCPMigrateReqSuccess"))
		reload_unless_known(&haproxy, MOVED);
}
