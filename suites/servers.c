/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real servers and tools, where the documents name them: nginx, Apache httpd, hping3. What they do
 * with their sockets is theirs, so a case waits until they have done it.
 */
#define TOPIC          "servers"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* ---- HTTP ---------------------------------------------------------------------------------- */

#define REQUEST "GET /index.txt HTTP/1.1\r\nHost: server\r\n\r\n"
#define BODY    "served"

/* The answer that has come is the server's, whole, and has the body. Read, so that it is gone. */
static size_t read_answer(struct end *client)
{
	char answer[2048];
	ssize_t length = recv(client->fd, answer, sizeof(answer) - 1, MSG_PEEK);

	answer[length > 0 ? length : 0] = '\0';
	if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0 || !strstr(answer, "\r\n\r\n" BODY) ||
	    !strstr(answer, "Content-Length: 6\r\n"))
		fail("%s was not answered with \"%s\" but with: %s", client->name, BODY, answer);
	expect_read(client, answer);
	return (size_t)length;
}

/*
 * What comes of a request: the kernel acknowledges it, the server answers it in one segment, and
 * the client acknowledges that with its .sent-th one. @arrival: of the request, which may make the
 * connection.
 */
static void expect_answer(struct end *client, unsigned sent, const char *arrival)
{
	char line[64];

	wait_for(client, .sent = sent, .from = CLIENT, .within = 5);
	snprintf(line, sizeof(line), "-  <  DATA %zu", read_answer(client));
	expect_ladder(client, arrival, "+0.0 <  ACK", line, "+0.0 >  ACK");
}

/* The request was acknowledged long ago, and now comes the answer. */
static void expect_late_answer(struct end *client, unsigned sent)
{
	char line[64];

	wait_for(client, .sent = sent, .from = CLIENT, .within = 5);
	snprintf(line, sizeof(line), "-  <  DATA %zu", read_answer(client));
	expect_ladder(client, line, "+0.0 >  ACK");
}

/* Of a client whose connection the server has accepted, and who has sent @sent segments. */
static void ask(struct end *client, unsigned sent)
{
	send_text(client, REQUEST);
	expect_answer(client, sent + 2, "-  >  DATA 41");
}

#define CONNECTED 2 /* segments that a client has sent then: SYN and ACK */

/* ---- nginx --------------------------------------------------------------------------------- */

struct nginx_options {
	const char *listen; /* what follows the address in its "listen" */
	int backlog;        /* that it then hands to listen() */
	int workers;        /* 0: one, which is the program's own process */
	const char *name;
};

struct server {
	struct program *program;
	struct listener *listener;
	pid_t workers[4];
	int worker_count;
};

/* It has accepted all who wait, and has nothing to do. */
static void server_rests(struct server *server)
{
	wait_for_queue(server->listener, .accept = 0, .syn = 0);
	program_rests(server->program);
}

/* All its files are in the case's folder, and nobody is kept waiting for a time of its own. */
static const char *configure_nginx(struct scene *net, const struct nginx_options *options,
				   const char *address)
{
	const char *folder = case_folder(net);
	autofree char *file = format("%s.conf", options->name);

	case_file(net, "index.txt", BODY);
	return case_file(net, file,
			 "# one process, or a master of several\n"
			 "daemon off;\n"
			 "master_process %s;\n"
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
			 options->workers ? "on" : "off", options->workers ? options->workers : 1,
			 folder, options->name, folder, folder, folder, folder, folder, address,
			 options->listen, folder);
}

static struct server start_nginx_with(struct scene *net, struct nginx_options options)
{
	struct server_place place = place_on_server(net);
	struct server nginx = { .worker_count = options.workers };
	const char *configuration;

	options.name = options.name ? options.name : "nginx";
	options.listen = options.listen ? options.listen : "";
	configuration = configure_nginx(net, &options, place.text);
	nginx.program =
		start_program(net, .host = SERVER, .name = options.name, .ordinary_user = true,
			      .argv = { "nginx", "-p", case_folder(net), "-c", configuration });
	nginx.listener =
		program_listens(nginx.program, .port = place.port, .backlog = options.backlog,
				.processes = 1 + options.workers);
	if (options.workers)
		processes_of(nginx.program, nginx.workers, options.workers);
	return nginx;
}
#define start_nginx(net_, ...) start_nginx_with((net_), (struct nginx_options){ __VA_ARGS__ })

CASE(nginx_listens_with_a_backlog_of_511_or_what_it_is_told, .claims = "D2-01 D2-07",
     .needs = "program:nginx")
{
	static const struct {
		const char *listen, *somaxconn, *name;
		int backlog, limit;
	} rows[] = {
		{ "", "4096", "nginx-default", 511, 511 },
		{ "backlog=7", "4096", "nginx-7", 7, 7 },
		{ "backlog=1", "4096", "nginx-1", 1, 1 },
		{ "", "3", "nginx-capped", 511, 3 },
		{ "backlog=5000", "4096", "nginx-more-than-may-be", 5000, 4096 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("nginx with \"listen ... %s\", somaxconn %s", rows[i].listen,
		     rows[i].somaxconn);
		set_sysctl(net, SERVER, "net.core.somaxconn=%s", rows[i].somaxconn);
		struct server nginx = start_nginx(net, .listen = rows[i].listen,
						  .backlog = rows[i].backlog, .name = rows[i].name);
		expect_queue(nginx.listener, .accept = 0, .limit = rows[i].limit, .syn = 0);

		struct end *client = connect_one(net, nginx.listener);
		server_rests(&nginx);
		ask(client, CONNECTED);
	}
}

CASE(stalled_nginx_lets_its_queue_overflow_and_serves_everybody_when_it_goes_on,
     .claims = "D2-01 D2-26 D2-27", .needs = "program:nginx", .kernel_seconds = 1)
{
	struct server nginx = start_nginx(net, .listen = "backlog=7", .backlog = 7);

	STEP("nginx is stopped: backlog + 1 clients connect without it");
	stall_process(nginx.program, nginx.program->pid);
	struct end **waiting = connect_clients(net, nginx.listener, 8);
	expect_queue(nginx.listener, .accept = 8, .syn = 0);

	STEP("the ninth's SYN is dropped");
	struct end *late = drop_late_client(nginx.listener, 8);

	STEP("the eight ask, and the kernel acknowledges for a server that has not heard of them");
	for (int i = 0; i < 8; i++) {
		speak(waiting[i], REQUEST);
		expect_read_error(waiting[i], EAGAIN);
	}
	expect_queue(nginx.listener, .accept = 8, .syn = 0);

	STEP("nginx goes on, accepts and answers all eight, and the ninth's next SYN gets in");
	resume_process(nginx.program, nginx.program->pid);
	for (int i = 0; i < 8; i++)
		expect_late_answer(waiting[i], CONNECTED + 2);
	late_client_gets_in(late);
	server_rests(&nginx);
	ask(late, CONNECTED + 1);
}

/* ---- the wait for data --------------------------------------------------------------------- */

/* Who sends its request with the handshake's ACK still ignored is accepted with it. */
static void ask_at_once(struct scene *net, struct server *server)
{
	struct end *client = connect_deferred(net, server->listener, .name = "eager");

	send_text(client, REQUEST);
	expect_answer(client, CONNECTED + 2, "-  >  DATA 41  ESTABLISHED / ESTABLISHED");
	server_rests(server);
}

/* The server's process has not been woken since it went to sleep for the @sleeps-th time. */
static void expect_sleep(struct server *server, long sleeps)
{
	pid_t process = server->worker_count ? server->workers[0] : server->program->pid;

	if (sleeps_of_process(server->program, process) != sleeps ||
	    !process_sleeps(server->program, process))
		fail("%s was woken, and there was nothing for it", server->program->name);
}

CASE(nginx_deferred_waits_a_second_for_data, .claims = "D2-01 D1-04 D1-10",
     .needs = "program:nginx", .kernel_seconds = 1)
{
	struct server nginx = start_nginx(net, .listen = "deferred", .backlog = 511);

	STEP("a request makes the connection, and is answered");
	ask_at_once(net, &nginx);
	long sleeps = sleeps_of_process(nginx.program, nginx.program->pid);

	STEP("a client that says nothing is connected, and nginx hears nothing of it");
	struct end *silent = connect_deferred(net, nginx.listener, .name = "silent");
	expect_queue(nginx.listener, .accept = 0, .syn = 1);
	expect_sleep(&nginx, sleeps);

	STEP("after a second the SYN-ACK comes again, and its ACK makes the connection");
	next_syn_ack_makes_the_connection(silent, 1.0);
	server_rests(&nginx);

	STEP("nginx has found nothing to read, and answers when there is something");
	ask(silent, CONNECTED + 1);
}

/* ---- epoll --------------------------------------------------------------------------------- */

/* How often each worker has gone to sleep. */
struct naps {
	long of[4];
};

static struct naps naps_of(struct server *server)
{
	struct naps naps = { .of = { 0 } };

	for (int i = 0; i < server->worker_count; i++)
		naps.of[i] = sleeps_of_process(server->program, server->workers[i]);
	return naps;
}

static void expect_nobody_woken(struct server *server, struct naps before)
{
	for (int i = 0; i < server->worker_count; i++)
		if (sleeps_of_process(server->program, server->workers[i]) != before.of[i] ||
		    !process_sleeps(server->program, server->workers[i]))
			fail("worker %d of %s was woken, and there was nothing for it", i + 1,
			     server->program->name);
}

/* Which of the workers was woken since; exactly one. */
static int the_one_woken(struct server *server, struct naps before)
{
	int woken = -1;

	program_rests(server->program);
	for (int i = 0; i < server->worker_count; i++) {
		if (sleeps_of_process(server->program, server->workers[i]) == before.of[i])
			continue;
		if (woken >= 0)
			fail("workers %d and %d of %s were woken for one connection", woken + 1,
			     i + 1, server->program->name);
		woken = i;
	}
	if (woken < 0)
		fail("no worker of %s was woken for a connection", server->program->name);
	return woken;
}

/* One client connects, one worker accepts it and answers it. */
static int connect_to_a_worker(struct scene *net, struct server *server)
{
	struct naps before = naps_of(server);
	struct end *client = connect_one(net, server->listener);

	wait_for_queue(server->listener, .accept = 0, .syn = 0);
	int woken = the_one_woken(server, before);
	ask(client, CONNECTED);
	program_rests(server->program);
	return woken;
}

CASE(connection_wakes_one_of_the_nginx_workers_that_wait_in_epoll, .claims = "D2-29",
     .needs = "program:nginx")
{
	struct server nginx = start_nginx(net, .workers = 3, .backlog = 511);
	bool stalled[3] = { false };

	STEP("a SYN makes a request, and wakes nobody");
	struct naps before = naps_of(&nginx);
	struct peer *peer = half_open_peer(net, nginx.listener);
	expect_queue(nginx.listener, .accept = 0, .syn = 1);
	expect_nobody_woken(&nginx, before);

	STEP("the ACK makes a connection, and wakes one worker");
	ack_makes_the_connection(peer);
	wait_for_queue(nginx.listener, .accept = 0, .syn = 0);
	the_one_woken(&nginx, before);

	for (int i = 0; i < 3; i++) {
		STEP("a client connects while %d of 3 workers are stopped: another is woken", i);
		int worker = connect_to_a_worker(net, &nginx);
		if (stalled[worker])
			fail("worker %d is stopped and was woken", worker + 1);
		stalled[worker] = true;
		stall_process(nginx.program, nginx.workers[worker]);
	}

	STEP("all workers are stopped: the connection waits in the queue");
	struct end *client = connect_one(net, nginx.listener);
	expect_queue(nginx.listener, .accept = 1, .syn = 0);

	STEP("one worker goes on, finds the connection and serves it");
	resume_process(nginx.program, nginx.workers[0]);
	server_rests(&nginx);
	ask(client, CONNECTED);
}

/* ---- Apache httpd -------------------------------------------------------------------------- */

#define APACHE_MODULES "/usr/lib/apache2/modules"

struct apache_options {
	const char *filter; /* of AcceptFilter, for http */
	int backlog;
};

static const char *configure_apache(struct scene *net, const struct apache_options *options,
				    const char *address)
{
	const char *folder = case_folder(net);

	case_file(net, "index.txt", BODY);
	case_file(net, "apache2-error.log", "%s", "");
	return case_file(net, "apache2.conf",
			 "ServerRoot %s\n"
			 "DefaultRuntimeDir %s\n"
			 "PidFile %s/apache2.pid\n"
			 "ErrorLog %s/apache2-error.log\n"
			 "LoadModule mpm_event_module " APACHE_MODULES "/mod_mpm_event.so\n"
			 "LoadModule authz_core_module " APACHE_MODULES "/mod_authz_core.so\n"
			 "# where it is root it leaves that\n"
			 "User #65534\n"
			 "Group #65534\n"
			 "ServerName server\n"
			 "ServerTokens Prod\n"
			 "FileETag None\n"
			 "# one child; nobody is kept waiting for a time of its own\n"
			 "StartServers 1\n"
			 "ServerLimit 1\n"
			 "ThreadLimit 16\n"
			 "ThreadsPerChild 16\n"
			 "MaxRequestWorkers 16\n"
			 "MinSpareThreads 1\n"
			 "MaxSpareThreads 16\n"
			 "Timeout 3600\n"
			 "KeepAlive On\n"
			 "KeepAliveTimeout 3600\n"
			 "DocumentRoot %s\n"
			 "Listen %s\n"
			 "ListenBacklog %d\n"
			 "AcceptFilter http %s\n",
			 folder, folder, folder, folder, folder, address, options->backlog,
			 options->filter);
}

static struct server start_apache_with(struct scene *net, struct apache_options options)
{
	struct server_place place = place_on_server(net);
	const char *configuration = configure_apache(net, &options, place.text);
	struct server apache = {
		.program = start_program(
			net, .host = SERVER, .ordinary_user = true,
			.argv = { "apache2", "-f", configuration, "-D", "FOREGROUND" }),
	};

	apache.listener = program_listens(apache.program, .port = place.port,
					  .backlog = options.backlog, .processes = 2);
	apache.worker_count = processes_of(apache.program, apache.workers, 1);
	return apache;
}
#define start_apache(net_, ...) start_apache_with((net_), (struct apache_options){ __VA_ARGS__ })

CASE(apache_waits_for_data_only_where_its_accept_filter_says_so, .claims = "D1-04 D1-07 D1-18",
     .needs = "program:apache2", .kernel_seconds = 31)
{
	struct server apache = start_apache(net, .filter = "data", .backlog = 7);

	STEP("AcceptFilter http data: a request makes the connection, and is answered");
	ask_at_once(net, &apache);
	long sleeps = sleeps_of_process(apache.program, apache.workers[0]);

	STEP("a client that says nothing is connected, and Apache hears nothing of it");
	struct end *silent = connect_deferred(net, apache.listener, .name = "silent");
	expect_queue(apache.listener, .accept = 0, .syn = 1);
	expect_sleep(&apache, sleeps);

	STEP("the period is that of 30 s: the SYN-ACK comes again after 31 s");
	wait_for(silent, .state = ESTABLISHED, .host = SERVER, .within = 31);
	expect_ladder(silent,
		      "1.0   .  timer",
		      "3.0   .  timer",
		      "7.0   .  timer",
		      "15.0  .  timer",
		      "31.0  <  SYN-ACK",
		      "31.0  >  ACK      ESTABLISHED / ESTABLISHED");
	server_rests(&apache);
	expect_counters(net, CLIENT, "challenges 1");
	expect_counters(net, SERVER, "TCPTimeouts 5");

	STEP("Apache has found nothing to read, and answers when there is something");
	ask(silent, CONNECTED + 1);
}

CASE(apache_listens_with_its_listenbacklog_and_accepts_without_data_if_told,
     .claims = "D2-01 D2-07 D1-07", .needs = "program:apache2")
{
	struct server apache = start_apache(net, .filter = "none", .backlog = 7);

	STEP("ListenBacklog 7, AcceptFilter http none: a client that says nothing is accepted");
	expect_queue(apache.listener, .accept = 0, .limit = 7, .syn = 0);
	struct end *client = connect_one(net, apache.listener);
	server_rests(&apache);

	STEP("the client is answered when it asks");
	ask(client, CONNECTED);
}

/* ---- hping3 -------------------------------------------------------------------------------- */

/* SYNs with these sources, which are not there, each from another port. */
static const char *const spoofed[] = { "198.18.0.1", "198.19.1.2" };

#define SYNS_OF_EACH 100
#define SYNS         200

/* It tells by its status whether anybody has answered, after a second of waiting. */
static void flood_with_hping3(struct listener *server)
{
	char port[8];

	snprintf(port, sizeof(port), "%d", server->port);
	for (size_t i = 0; i < ARRAY_LENGTH(spoofed); i++)
		flood_with_tool(server, .syns = SYNS_OF_EACH,
				.tool = { .argv = { "hping3", "--interface", "ws", "--spoof",
						    spoofed[i], "--syn", "--destport", port,
						    "--count", "100", "--interval", "u100",
						    "--numeric", "--quiet", "192.0.2.2" },
					  .any_status = true });
}

static void be_served_through_a_cookie(struct scene *net, struct server *nginx)
{
	struct end *client = connect_through_cookie(net, nginx->listener);

	program_rests(nginx->program);
	ask(client, CONNECTED);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1  again");
}

static void be_dropped(struct scene *net, struct server *nginx)
{
	struct end *client = dropped_client(net, nginx->listener);

	expect_counters(net, SERVER, "syn_overflows 1  again");
	give_up(client);
}

CASE(nginx_under_a_flood_of_hping3_serves_who_comes_only_with_cookies,
     .claims = "D2-13 D2-14 D2-19 D2-23", .needs = "program:nginx program:hping3",
     .variants = "limit-is-backlog-plus-one limit-is-backlog", .families = IPV4_ONLY,
     .kernel_seconds = 7)
{
	static const struct {
		const char *cookies, *name;
		bool keeps;         /* requests, up to the limit */
		const char *beyond; /* what the SYNs beyond it are counted as */
		const char *fate;   /* of a client that comes then */
		void (*meet)(struct scene *net, struct server *nginx);
	} rows[] = {
		{ "0", "nginx-0", true, "syn_overflows", "dropped", be_dropped },
		{ "1", "nginx-1", true, "cookies", "served through a cookie",
		  be_served_through_a_cookie },
		{ "2", "nginx-2", false, "cookies", "served through a cookie",
		  be_served_through_a_cookie },
	};
	bool one_more = takes_one_more_than_backlog(net);

	open_wire_to_tools(net);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		int kept = rows[i].keeps ? 7 + one_more : 0;

		STEP("tcp_syncookies=%s: %d SYNs of spoofed sources", rows[i].cookies, SYNS);
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%s", rows[i].cookies);
		struct server nginx =
			start_nginx(net, .listen = "backlog=7", .backlog = 7, .name = rows[i].name);
		flood_with_hping3(nginx.listener);
		expect_queue(nginx.listener, .accept = 0, .syn = kept);
		expect_counters(net, SERVER, "Tcp.InSegs %d  %s %d  again", SYNS, rows[i].beyond,
				SYNS - kept);

		STEP("a client comes, and is %s", rows[i].fate);
		rows[i].meet(net, &nginx);
	}
}

CASE(clients_that_drop_the_syn_acks_of_nginx_keep_others_from_it, .claims = "D2-13 D2-14 D2-19",
     .needs = "program:nginx", .variants = "limit-is-backlog-plus-one limit-is-backlog")
{
	int kept = 4 + takes_one_more_than_backlog(net);
	struct server nginx = start_nginx(net, .listen = "backlog=4", .backlog = 4);

	STEP("%d clients behind a firewall that drops the SYN-ACK", kept);
	for (int i = 0; i < kept; i++) {
		struct end *client = connect_client(net, nginx.listener, .deaf = true);

		expect_ladder(client,
			      "-    >  SYN      SYN_SENT / SYN_RECV",
			      "0.0  <  SYN-ACK");
		close_end(client);
		expect_ladder(client, "-  .  - / SYN_RECV");
	}
	expect_queue(nginx.listener, .accept = 0, .syn = kept);

	STEP("nginx has nothing to do, and yet the next client's SYN is dropped");
	give_up(dropped_client(net, nginx.listener, .name = "late"));
	expect_queue(nginx.listener, .accept = 0, .syn = kept);
	expect_counters(net, SERVER, "syn_overflows 1");
}
