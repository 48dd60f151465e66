/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_netns: the isolated network and the gate, tried with real connections.
 *
 * Every test of the network runs as a case does: as process 1 of a PID namespace, made by a
 * worker. libcheck sees the exit status of that process as its own child's.
 */
#include "netns/internal.h" /* refusals, plans and tools, one by one */
#include "tests/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PORT     8080
#define PATIENCE SEC(5)
/* Connections of a test: of SYN, SYN-ACK and ACK of each a log has room for as many. */
#define MOST_CONNECTING 16

/* ---- being a case -------------------------------------------------------------------------- */

static pid_t outer_pid;

static void become_case(void)
{
	int worker = isolate_worker(getppid(), 1);

	go_on_in_child();
	outer_pid = isolate_case(worker);
}

static void become_rootless_case(void)
{
	go_on_in_child();
	if (!geteuid()) {
		ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
		/* As after an exec: the files in /proc/self belong to the user again. */
		prctl(PR_SET_DUMPABLE, 1);
	}
	become_case();
}

/* ---- a connection over the gate ------------------------------------------------------------ */

struct log {
	char text[4096];     /* "sent 1, arrived 1, ..." */
	enum fate fates[16]; /* of frame 1, 2, ... */
	unsigned copies, injected;
	nsec sent[64], arrived[64];
};

static void note(struct log *log, const char *what, const struct frame *frame)
{
	size_t used = strlen(log->text);

	snprintf(log->text + used, sizeof(log->text) - used, "%s%s %llu", used ? ", " : "", what,
		 (unsigned long long)frame->number);
	log->copies += frame->copy;
	log->injected += frame->injected;
}

static void note_sent(void *context, const struct frame *frame)
{
	struct log *log = context;

	note(log, "sent", frame);
	log->sent[frame->number % ARRAY_LENGTH(log->sent)] = clock_now();
}

static enum fate decide(void *context, struct frame *frame)
{
	const struct log *log = context;

	return frame->number < ARRAY_LENGTH(log->fates) ? log->fates[frame->number] : FORWARD;
}

static void note_arrived(void *context, const struct frame *frame)
{
	struct log *log = context;

	note(log, "arrived", frame);
	log->arrived[frame->number % ARRAY_LENGTH(log->arrived)] = clock_now();
}

static void note_lost(void *context, const struct frame *frame, enum fate fate)
{
	static const char *const words[] = {
		[HOLD] = "held", [DROP] = "dropped", [TAKE] = "taken"
	};

	note(context, words[fate], frame);
}

static void observe(struct net *net, struct log *log)
{
	wire_observe(net, (struct wire_observer){ .context = log,
						  .sent = note_sent,
						  .judge = decide,
						  .arrived = note_arrived,
						  .lost = note_lost });
}

static void pump(struct net *net)
{
	while (wire_turn(net))
		;
}

struct connection {
	struct net *net;
	int family, listener, client, server;
};

static void listen_on(struct connection *c)
{
	struct sockaddr_storage address = host_address(SERVER, c->family, PORT);
	int on = 1;

	c->listener = net_socket(c->net, SERVER, c->family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(c->listener, 0);
	setsockopt(c->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert_int_eq(bind(c->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(c->listener, MOST_CONNECTING), 0);
}

static void start_connect(struct connection *c)
{
	struct sockaddr_storage address = host_address(SERVER, c->family, PORT);

	c->client = net_socket(c->net, CLIENT, c->family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(c->client, 0);
	ck_assert_int_eq(connect(c->client, (struct sockaddr *)&address, sizeof(address)), -1);
	ck_assert_int_eq(errno, EINPROGRESS);
}

static int accept_now(int listener)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return accept4(listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK);
}

/* Moves frames until there is something to accept. */
static void await_accept(struct connection *c)
{
	struct deadline deadline = deadline_in(PATIENCE);

	while ((c->server = accept_now(c->listener)) < 0) {
		struct pollfd waiting = { .fd = wire_descriptor(c->net), .events = POLLIN };

		ck_assert_int_eq(errno, EAGAIN);
		ck_assert_msg(deadline_await(&deadline, &waiting, 1), "nothing to accept");
		pump(c->net);
	}
	pump(c->net);
}

static struct connection connect_over(struct net *net, int family)
{
	struct connection c = { .net = net, .family = family };

	listen_on(&c);
	start_connect(&c);
	await_accept(&c);
	return c;
}

static void close_connection(struct connection *c)
{
	close(c->client);
	close(c->server);
	close(c->listener);
	pump(c->net);
}

/* The value of a counter in /proc/net/snmp of a host: "Tcp", "InSegs". */
static long counter(struct net *net, enum host host, const char *group, const char *name)
{
	autoclose int fd = net_proc(net, host, "snmp");
	char text[8192] = "", *names, *values, *rest_of_names, *rest_of_values;
	autofree char *start = format("%s: ", group);

	ck_assert_int_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
	names = strstr(text, start);
	ck_assert_ptr_nonnull(names);
	values = strstr(names + 1, start);
	ck_assert_ptr_nonnull(values);
	values[strcspn(values, "\n")] = '\0';
	names[strcspn(names, "\n")] = '\0';
	names = strtok_r(names, " ", &rest_of_names);
	values = strtok_r(values, " ", &rest_of_values);
	while (names && strcmp(names, name) != 0) {
		names = strtok_r(NULL, " ", &rest_of_names);
		values = strtok_r(NULL, " ", &rest_of_values);
	}
	ck_assert_msg(names != NULL, "no counter %s.%s", group, name);
	return strtol(values, NULL, 10);
}

static const int families[] = { AF_INET, AF_INET6 };

/* ---- isolation ----------------------------------------------------------------------------- */

START_TEST(case_is_process_1_and_knows_its_outer_pid)
{
	cpu_set_t cpus;

	ck_assert_int_eq(getpid(), 1);
	ck_assert_int_gt(outer_pid, 1);
	ck_assert_int_eq(access("/proc/1/exe", F_OK), 0);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	ck_assert_int_eq(CPU_COUNT(&cpus), 1);
}
END_TEST

static ino_t inode_of(int fd)
{
	struct stat about;

	ck_assert_int_eq(fstat(fd, &about), 0);
	return about.st_ino;
}

START_TEST(namespaces_are_three_and_none_is_the_outer_one)
{
	autoclose int outer = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct net *net = net_open((struct net_options){ 0 });
	ino_t inodes[] = { inode_of(outer), inode_of(net_namespace(net, CLIENT)),
			   inode_of(net_namespace(net, SERVER)),
			   inode_of(net_namespace(net, WIRE)) };
	autoclose int after = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_LENGTH(inodes); i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_ne(inodes[i], inodes[k]);
	ck_assert_uint_eq(inodes[0], inode_of(after));
	net_close(net);
}
END_TEST

static bool gone(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH;
}

/* Runs a worker whose case tells its outer PID and then waits for ever. */
static _Noreturn void be_lasting_worker(pid_t parent, int tell)
{
	int worker = isolate_worker(parent, 0);
	pid_t outside;

	if (fork())
		for (;;)
			pause();
	outside = isolate_case(worker);
	if (write(tell, &outside, sizeof(outside)) != sizeof(outside))
		_exit(1);
	for (;;)
		pause();
}

START_TEST(case_dies_with_its_worker)
{
	struct deadline deadline = deadline_in(PATIENCE);
	int pipes[2];
	pid_t parent = getpid(), worker, lasting;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	worker = fork();
	if (!worker)
		be_lasting_worker(parent, pipes[1]);
	ck_assert_int_eq(read(pipes[0], &lasting, sizeof(lasting)), sizeof(lasting));
	ck_assert(!gone(lasting));
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
	while (!gone(lasting) && !deadline_passed(&deadline))
		(void)await_events(NULL, 0, MSEC(1));
	ck_assert_msg(gone(lasting), "case %d outlives its worker", lasting);
}
END_TEST

START_TEST(worker_whose_parent_is_already_dead_ends)
{
	int gate[2], tell[2];
	pid_t middle;
	char byte;

	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(tell, O_CLOEXEC), 0);
	middle = fork();
	if (!middle) {
		pid_t parent = getpid();

		if (fork())
			_exit(0);
		close(gate[1]);
		/* End of file: the parent has been waited for. */
		if (read(gate[0], &byte, 1) < 0)
			_exit(1);
		isolate_worker(parent, 0);
		if (write(tell[1], "x", 1) < 0)
			_exit(1);
		_exit(0);
	}
	waitpid(middle, NULL, 0);
	close(gate[1]);
	close(tell[1]);
	ck_assert_msg(read(tell[0], &byte, 1) == 0, "an orphan went on as a worker");
}
END_TEST

/* ---- sysctls ------------------------------------------------------------------------------- */

START_TEST(sysctl_is_written_and_read_back_on_one_host)
{
	struct net *net = net_open((struct net_options){ 0 });
	char seen[128];

	ck_assert_int_eq(
		net_sysctl_write(net, (struct sysctl){ SERVER, "net.ipv4.tcp_synack_retries", "2" },
				 seen, sizeof(seen)),
		0);
	ck_assert_str_eq(seen, "2");
	ck_assert_int_eq(
		net_sysctl_read(net, CLIENT, "net.ipv4.tcp_synack_retries", seen, sizeof(seen)), 0);
	ck_assert_str_eq(seen, "5");
	ck_assert_int_eq(net_sysctl_write(net,
					  (struct sysctl){ SERVER, "net.ipv4.tcp_rmem",
							   "4096  131072\t524288" },
					  seen, sizeof(seen)),
			 0);
	ck_assert_str_eq(seen, "4096 131072 524288");
	net_close(net);
}
END_TEST

START_TEST(sysctl_that_is_missing_or_refused_says_so)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct sysctl missing = { SERVER, "net.ipv4.tcp_no_such_thing", "1" };
	struct sysctl invalid = { SERVER, "net.ipv4.tcp_synack_retries", "many" };
	/* The kernel accepts any number and keeps what it can represent. */
	struct sysctl negative = { SERVER, "net.ipv4.tcp_syn_retries", "-5" };
	char seen[128];

	ck_assert_int_eq(net_sysctl_write(net, missing, seen, sizeof(seen)), -ENOENT);
	ck_assert_int_eq(net_sysctl_write(net, invalid, seen, sizeof(seen)), -EINVAL);
	ck_assert_int_eq(net_sysctl_write(net, negative, seen, sizeof(seen)), -EINVAL);
	ck_assert_int_eq(net_sysctl_read(net, CLIENT, missing.name, seen, sizeof(seen)), -ENOENT);
	net_close(net);
}
END_TEST

static void expect_baselines(struct net *net)
{
	char seen[128];

	for (int host = CLIENT; host < HOSTS; host++) {
		for (const struct baseline *b = host_baselines; b->name; b++) {
			if (net_sysctl_read(net, (enum host)host, b->name, seen, sizeof(seen)))
				continue;
			ck_assert_msg(!strcmp(seen, b->value), "%s is %s", b->name, seen);
		}
	}
}

START_TEST(hosts_start_from_the_baseline)
{
	struct net *net = net_open((struct net_options){ 0 });

	expect_baselines(net);
	net_close(net);
}
END_TEST

/* Here is not all as a new namespace has it: it is written, and the rest is not. */
START_TEST(hosts_start_from_the_baseline_of_which_some_is_met)
{
	autoclose int outside = current_namespace();
	bool met[MOST_BASELINES];
	struct net *net;
	int rows = 0, left = 0;

	ck_assert(!unshare(CLONE_NEWNET));
	baselines_try(met);
	ck_assert(!enter_namespace(outside));
	baselines_learn(met);
	for (; host_baselines[rows].name; rows++)
		left += !baseline_is_met(&host_baselines[rows]);
	ck_assert_int_gt(left, 0);
	ck_assert_int_lt(left, rows);
	net = net_open((struct net_options){ 0 });
	expect_baselines(net);
	net_close(net);
}
END_TEST

/* ---- programs ------------------------------------------------------------------------------ */

START_TEST(program_runs_in_its_namespace_with_input_output_and_status)
{
	struct net *net = net_open((struct net_options){ 0 });
	char *links[] = { "ip", "-o", "link", NULL };
	char *echo[] = { "sh", "-c", "cat; echo err >&2; exit 3", NULL };
	char *none[] = { "/nonexistent/program", NULL };
	char *output;

	ck_assert_int_eq(net_program(net, WIRE, links, NULL, &output), 0);
	ck_assert_ptr_nonnull(strstr(output, "wc@"));
	ck_assert_ptr_nonnull(strstr(output, "ws@"));
	ck_assert_ptr_null(strstr(output, "eth0"));
	free(output);
	ck_assert_int_eq(net_program(net, SERVER, echo, "in\n", &output), 3);
	ck_assert_str_eq(output, "in\nerr\n");
	free(output);
	ck_assert_int_eq(net_program(net, SERVER, none, NULL, &output), 127);
	ck_assert_str_eq(output, "No such file or directory");
	free(output);
	net_close(net);
}
END_TEST

/* Waits for its end and returns what it has written to @log, which is gone then. */
static char *end_of_daemon(pid_t pid, const char *log)
{
	char *text = must_alloc(4096, 1);
	FILE *file;
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	file = fopen(log, "re");
	ck_assert_ptr_nonnull(file);
	text[fread(text, 1, 4095, file)] = '\0';
	fclose(file);
	unlink(log);
	return text;
}

START_TEST(daemon_goes_on_in_its_namespace_as_whom_it_was_started)
{
	struct net *net = net_open((struct net_options){ 0 });
	char log[] = "check_netns.daemon.XXXXXX";
	char *tells[] = { "sh", "-c", "id -u; ip -o link; exit 0", NULL };
	char *none[] = { "/nonexistent/program", NULL };
	struct daemon_options options = { .argv = tells, .log = log };
	char *text, *last;
	pid_t pid;

	close(mkstemp(log));
	pid = net_daemon(net, SERVER, options);
	ck_assert_int_gt(pid, 0);
	text = end_of_daemon(pid, log);
	ck_assert_int_eq(strtol(text, &last, 10), 0);
	ck_assert_ptr_nonnull(strstr(text, "eth0@"));
	ck_assert_ptr_null(strstr(text, "ws@"));
	free(text);

	options.ordinary_user = true;
	pid = net_daemon(net, SERVER, options);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(getpgid(pid), pid);
	text = end_of_daemon(pid, log);
	ck_assert_int_eq(strtol(text, &last, 10), 65534);
	ck_assert_ptr_nonnull(strstr(text, "eth0@"));
	free(text);

	options.argv = none;
	ck_assert_int_eq(net_daemon(net, SERVER, options), -ENOENT);
	unlink(log);
	net_close(net);
}
END_TEST

/* A script that needs another. */
static void plant(const char *folder, const char *name, const char *needs)
{
	char *path autofree = format("%s/%s", folder, name);
	FILE *file autofile = fopen(path, "we");

	ck_assert_msg(file && fprintf(file, "#!/bin/sh\n%s || exit 9\n", needs) > 0, "%s", path);
	ck_assert_int_eq(fchmod(fileno(file), 0755), 0);
}

/* What program_path() finds is what is started, as a tool and as a daemon. */
static void is_started(struct net *net, const char *name, const char *at)
{
	char log[] = "check_netns.daemon.XXXXXX", *argv[] = { (char *)name, NULL }, *output;
	autofree char *path = program_path(name);

	ck_assert_msg(path && strcmp(path, at) == 0, "%s is found at %s, not %s", name, path, at);
	ck_assert_int_eq(net_program(net, SERVER, argv, NULL, &output), 0);
	free(output);
	close(mkstemp(log));
	free(end_of_daemon(
		net_daemon(net, SERVER, (struct daemon_options){ .argv = argv, .log = log }), log));
}

START_TEST(program_that_is_found_is_the_one_that_is_started)
{
	struct net *net = net_open((struct net_options){ 0 });
	char odd[] = "check_netns odd '$' & folder.XXXXXX";
	char *here autofree = NULL, *path autofree = NULL, *in_odd autofree = NULL;

	/* What is mounted here is seen by this process and its children only. */
	ck_assert_int_eq(mount("tmpfs", "/usr/local/sbin", "tmpfs", 0, NULL), 0);
	plant("/usr/local/sbin", "needs_more", "more");
	plant("/usr/local/sbin", "more", ":");
	here = realpath(mkdtemp(odd), NULL);
	in_odd = format("%s/only_here", here);
	plant(here, "only_here", "more");
	ck_assert_int_eq(mkdir("/usr/local/sbin/only_here", 0755), 0);

	/* Folders that PATH names in part, or not at all. */
	path = format("/opt/usr/sbin:/sbin:%s::.", here);
	ck_assert_int_eq(setenv("PATH", path, 1), 0);
	is_started(net, "needs_more", "/usr/local/sbin/needs_more");
	is_started(net, "only_here", in_odd);
	ck_assert_int_eq(setenv("PATH", "", 1), 0);
	is_started(net, "needs_more", "/usr/local/sbin/needs_more");
	ck_assert_int_eq(unsetenv("PATH"), 0);
	is_started(net, "needs_more", "/usr/local/sbin/needs_more");
	ck_assert_ptr_null(program_path("only_here"));
	ck_assert_int_eq(unlink(in_odd) | rmdir(here), 0);
	net_close(net);
}
END_TEST

START_TEST(completed_path_has_each_folder_once)
{
	ck_assert_int_eq(setenv("PATH", "/a:relative:/usr/bin::/a:/usr", 1), 0);
	for (int i = 0; i < 2; i++) {
		path_complete();
		ck_assert_str_eq(getenv("PATH"), "/a:/usr/bin:/usr:/usr/local/sbin:/usr/local/bin:"
						 "/usr/sbin:/sbin:/bin");
	}
}
END_TEST

/* ---- the gate ------------------------------------------------------------------------------ */

START_TEST(connection_crosses_the_gate_with_true_checksums)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = connect_over(net, families[_i]);
	static char data[200000], received[sizeof(data)];
	size_t sent = 0, got = 0;
	struct deadline deadline = deadline_in(PATIENCE);

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 251);
	while (got < sizeof(data) && !deadline_passed(&deadline)) {
		ssize_t n = send(c.client, data + sent, sizeof(data) - sent, MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		pump(net);
		n = recv(c.server, received + got, sizeof(received) - got, 0);
		got += n > 0 ? (size_t)n : 0;
		pump(net);
	}
	ck_assert_uint_eq(got, sizeof(data));
	ck_assert_int_eq(memcmp(data, received, sizeof(data)), 0);
	for (int host = CLIENT; host < HOSTS; host++)
		ck_assert_int_eq(counter(net, (enum host)host, "Tcp", "InCsumErrors"), 0);
	ck_assert_ptr_null(wire_losses(net));
	close_connection(&c);
	net_close(net);
}
END_TEST

START_TEST(each_frame_is_told_in_order_and_nothing_else_is_on_the_wire)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = { .net = net, .family = families[_i] };
	struct deadline reports = deadline_in(SEC(1.2));
	struct log log = { .copies = 0 };

	observe(net, &log);
	listen_on(&c);
	/* The first second is when multicast listener reports would come. */
	while (!deadline_passed(&reports)) {
		(void)await_events(NULL, 0, MSEC(10));
		pump(net);
	}
	ck_assert_str_eq(log.text, "");
	start_connect(&c);
	await_accept(&c);
	ck_assert_str_eq(log.text, "sent 1, arrived 1, sent 2, arrived 2, sent 3, arrived 3");
	ck_assert_ptr_null(wire_losses(net));
	net_close(net);
}
END_TEST

START_TEST(held_ack_leaves_the_server_half_open_until_it_is_released)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = { .net = net, .family = families[_i] };
	struct log log = { .fates = { [3] = HOLD } };
	struct pollfd writable;

	observe(net, &log);
	listen_on(&c);
	start_connect(&c);
	pump(net);
	ck_assert_str_eq(log.text, "sent 1, arrived 1, sent 2, arrived 2, sent 3, held 3");
	ck_assert_uint_eq(wire_held(net), 1);
	writable = (struct pollfd){ .fd = c.client, .events = POLLOUT };
	ck_assert_int_eq(poll(&writable, 1, 0), 1);
	ck_assert_int_lt(accept_now(c.listener), 0);
	ck_assert_int_eq(errno, EAGAIN);

	ck_assert_uint_eq(wire_release(net, 0), 1);
	ck_assert_uint_eq(wire_held(net), 0);
	c.server = accept_now(c.listener);
	ck_assert_int_ge(c.server, 0);
	ck_assert_ptr_nonnull(strstr(log.text, "held 3, arrived 3"));
	net_close(net);
}
END_TEST

START_TEST(held_frames_are_released_oldest_first_and_by_count)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = { .net = net, .family = AF_INET };
	struct log log = { .fates = { [1] = HOLD, [2] = HOLD, [3] = HOLD } };

	observe(net, &log);
	listen_on(&c);
	for (int i = 0; i < 3; i++)
		start_connect(&c);
	pump(net);
	ck_assert_str_eq(log.text, "sent 1, held 1, sent 2, held 2, sent 3, held 3");
	ck_assert_uint_eq(wire_release(net, 2), 2);
	ck_assert_uint_eq(wire_held(net), 1);
	ck_assert_ptr_nonnull(strstr(log.text, "held 3, arrived 1, arrived 2"));
	ck_assert_uint_eq(wire_release(net, 7), 1);
	ck_assert_ptr_nonnull(strstr(log.text, "arrived 3"));
	ck_assert_uint_eq(wire_release(net, 0), 0);
	net_close(net);
}
END_TEST

static void note_coming(void *context, const struct frame *frame)
{
	note(context, "coming", frame);
}

START_TEST(held_frames_that_are_released_at_once_have_nothing_in_between)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = { .net = net, .family = AF_INET };
	struct log log = { .fates = { [1] = HOLD, [2] = HOLD, [3] = HOLD } };

	wire_observe(net, (struct wire_observer){ .context = &log,
						  .judge = decide,
						  .coming = note_coming,
						  .arrived = note_arrived });
	listen_on(&c);
	for (int i = 0; i < 3; i++)
		start_connect(&c);
	pump(net);
	ck_assert_uint_eq(wire_held(net), 3);
	ck_assert_uint_eq(wire_release_at_once(net), 3);
	ck_assert_uint_eq(wire_held(net), 0);
	ck_assert_str_eq(log.text, "coming 1, coming 2, coming 3, "
				   "arrived 1, arrived 2, arrived 3");
	ck_assert_uint_eq(wire_release_at_once(net), 0);
	net_close(net);
}
END_TEST

START_TEST(dropped_syn_is_sent_again_by_the_client)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct log log = { .fates = { [1] = DROP } };
	struct connection c;

	observe(net, &log);
	c = connect_over(net, families[_i]);
	ck_assert_str_eq(log.text, "sent 1, dropped 1, sent 2, arrived 2, sent 3, arrived 3, "
				   "sent 4, arrived 4");
	ck_assert_int_eq(counter(net, CLIENT, "Tcp", "RetransSegs"), 1);
	close_connection(&c);
	net_close(net);
}
END_TEST

START_TEST(duplicated_frame_arrives_twice)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct log log = { .fates = { [3] = DUPLICATE } };
	struct connection c;

	observe(net, &log);
	c = connect_over(net, families[_i]);
	ck_assert_str_eq(log.text, "sent 1, arrived 1, sent 2, arrived 2, sent 3, arrived 3, "
				   "arrived 3");
	ck_assert_uint_eq(log.copies, 1);
	ck_assert_int_eq(counter(net, SERVER, "Tcp", "InSegs"), 3);
	close_connection(&c);
	net_close(net);
}
END_TEST

/* What it changes has a wrong checksum then. */
static enum fate spoil(void *context, struct frame *frame)
{
	enum fate fate = decide(context, frame);

	if (fate == CHANGED)
		frame->bytes[frame->length - 1] ^= 1;
	return fate;
}

START_TEST(changed_frame_arrives_as_the_judge_has_made_it)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct log log = { .fates = { [2] = CHANGED } };
	struct connection c = { .net = net, .family = families[_i] };

	wire_observe(net, (struct wire_observer){ .context = &log,
						  .sent = note_sent,
						  .judge = spoil,
						  .arrived = note_arrived });
	listen_on(&c);
	start_connect(&c);
	pump(net);
	ck_assert_str_eq(log.text, "sent 1, arrived 1, sent 2, arrived 2");
	ck_assert_int_eq(counter(net, CLIENT, "Tcp", "InErrs"), 1);
	close(c.client);
	close(c.listener);
	net_close(net);
}
END_TEST

START_TEST(taken_frame_never_arrives)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = { .net = net, .family = families[_i] };
	struct log log = { .fates = { [1] = TAKE } };

	observe(net, &log);
	listen_on(&c);
	start_connect(&c);
	pump(net);
	ck_assert_str_eq(log.text, "sent 1, taken 1");
	ck_assert_int_eq(counter(net, SERVER, "Tcp", "InSegs"), 0);
	net_close(net);
}
END_TEST

/* ---- what the wire itself sends ------------------------------------------------------------ */

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t add_up(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

#define SYN_LENGTH (ETH_HLEN + 40)

/* A SYN from @source ("198.18.x.y" as a number) port 1024 to the server. */
static void make_syn(uint8_t *frame, uint32_t source)
{
	uint8_t *ip = frame + ETH_HLEN, *tcp = ip + 20;

	memset(frame, 0, SYN_LENGTH);
	memcpy(frame, host_hardware(SERVER), ETH_ALEN);
	memcpy(frame + ETH_ALEN, host_hardware(CLIENT), ETH_ALEN);
	put16(frame + 12, ETHERTYPE_IP);
	ip[0] = 0x45;
	put16(ip + 2, 40);
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	put16(ip + 12, (uint16_t)(source >> 16));
	put16(ip + 14, (uint16_t)source);
	memcpy(ip + 16, (uint8_t[]){ 192, 0, 2, 2 }, 4);
	put16(ip + 10, fold(add_up(ip, 20)));
	put16(tcp, 1024);
	put16(tcp + 2, PORT);
	tcp[12] = 0x50;
	tcp[13] = 0x02;
	put16(tcp + 14, 65535);
	put16(tcp + 16, fold(add_up(ip + 12, 8) + IPPROTO_TCP + 20 + add_up(tcp, 20)));
}

START_TEST(injected_syn_is_answered_and_the_answer_reaches_the_gate)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = { .net = net, .family = AF_INET };
	struct log log = { .fates = { [2] = TAKE } };
	uint8_t syn[SYN_LENGTH];

	observe(net, &log);
	listen_on(&c);
	make_syn(syn, 0xc6336407); /* 198.51.100.7 */
	wire_inject(net, SERVER, syn, sizeof(syn));
	pump(net);
	ck_assert_str_eq(log.text, "arrived 1, sent 2, taken 2");
	ck_assert_uint_eq(log.injected, 1);
	net_close(net);
}
END_TEST

#define FLOOD 1000

static uint32_t first_source(void)
{
	struct sockaddr_storage first = net_flood_address(AF_INET, 0);

	return ntohl(((const struct sockaddr_in *)&first)->sin_addr.s_addr);
}

static void next_source(const void *unused, uint8_t *bytes, uint64_t number)
{
	(void)unused;
	make_syn(bytes, first_source() + 0x100 + (number & 0xffff));
}

static void check_flood(struct net *net, long syns)
{
	ck_assert_int_eq(counter(net, SERVER, "Tcp", "InSegs"), syns);
	ck_assert_int_eq(counter(net, SERVER, "Tcp", "InCsumErrors"), 0);
	ck_assert_int_gt(counter(net, SERVER, "Tcp", "OutSegs"), 0);
	ck_assert_int_eq((long)wire_flood_answers(net), counter(net, SERVER, "Tcp", "OutSegs"));
	ck_assert_ptr_null(wire_losses(net));
}

/* Without a bound, ended when as many are sent at least. */
static uint64_t flood_until_so_many(struct net *net, const struct flood_plan *plan, uint64_t least)
{
	struct wire_flood *flood = wire_flood_begin(net, plan);
	struct deadline deadline = deadline_in(PATIENCE);
	uint64_t sent;

	while (wire_flood_sent(flood) < least && !deadline_passed(&deadline))
		(void)await_events(NULL, 0, MSEC(1));
	sent = wire_flood_end(flood);
	ck_assert_uint_ge(sent, least);
	return sent;
}

START_TEST(flood_is_counted_by_the_server_and_seen_by_nobody)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = { .net = net, .family = AF_INET };
	uint8_t bytes[SYN_LENGTH];
	struct flood_plan plan = { .to = SERVER,
				   .frame = bytes,
				   .length = SYN_LENGTH,
				   .vary = next_source,
				   .count = FLOOD };
	struct log log = { .copies = 0 };
	uint64_t sent;

	observe(net, &log);
	listen_on(&c);
	make_syn(bytes, first_source());
	ck_assert_uint_eq(wire_flood(net, &plan), FLOOD);
	pump(net);
	check_flood(net, FLOOD);
	plan.count = 0;
	plan.span = MSEC(20);
	sent = wire_flood_end(wire_flood_begin(net, &plan));
	check_flood(net, FLOOD + (long)sent);
	plan.span = 0;
	sent += flood_until_so_many(net, &plan, FLOOD);
	check_flood(net, FLOOD + (long)sent);
	ck_assert_str_eq(log.text, "");
	(void)wire_flood_begin(net, &plan); /* net_close() ends it */
	net_close(net);
}
END_TEST

START_TEST(sentinel_reaches_the_hosts_link)
{
	static const uint8_t mark[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
	struct net *net = net_open((struct net_options){ 0 });
	enum host host = _i ? SERVER : CLIENT;
	autoclose int tap = net_socket(net, host, AF_PACKET, SOCK_RAW, htons(0x88b5));
	uint8_t frame[2048];
	ssize_t length;

	ck_assert_int_ge(tap, 0);
	wire_sentinel(net, host, 0x0123456789abcdef);
	length = recv(tap, frame, sizeof(frame), MSG_DONTWAIT);
	ck_assert_int_ge(length, ETH_HLEN + 8);
	ck_assert_int_eq(memcmp(frame, host_hardware(host), ETH_ALEN), 0);
	ck_assert_int_eq(memcmp(frame + ETH_HLEN, mark, sizeof(mark)), 0);
	ck_assert(!wire_turn(net));
	net_close(net);
}
END_TEST

/* ---- the gate's inner ends ----------------------------------------------------------------- */

static struct net_features machine;

/* A slow token bucket queues frames as netem does; a kernel without netem may have that. */
START_TEST(frames_that_a_discipline_delays_are_known_again)
{
	struct net *net;
	struct connection c = { .family = families[_i] };
	struct log log = { .fates = { [3] = DUPLICATE } };
	const char *rate = "rate 40kbit";
	unsigned most = 0;
	int connecting = 0;

	if (!machine.netem) {
		wire_discipline = "tbf";
		rate = "rate 40kbit burst 100b limit 100000";
	}
	net = net_open((struct net_options){ .netem = rate });
	c.net = net;
	observe(net, &log);
	listen_on(&c);
	/* A process that does not get the CPU finds fewer: what it sent first is through. */
	while (most < 3 && connecting < MOST_CONNECTING) {
		start_connect(&c);
		pump(net);
		connecting++;
		most = wire_in_flight(net) > most ? wire_in_flight(net) : most;
	}
	ck_assert_msg(most >= 3, "%u in flight: %s", most, log.text);
	for (int i = 0; i < connecting; i++)
		await_accept(&c);
	ck_assert_uint_eq(log.copies, 1);
	for (int i = 1; i <= 4; i++)
		ck_assert_int_gt(log.arrived[i], log.sent[i]);
	net_close(net);
}
END_TEST

START_TEST(netem_delays_each_way)
{
	struct net *net;
	struct log log = { .copies = 0 };
	struct connection c;

	net = net_open((struct net_options){ .netem = "delay 20ms" });
	observe(net, &log);
	c = connect_over(net, families[_i]);
	for (int i = 1; i <= 3; i++) {
		double ms = (double)(log.arrived[i] - log.sent[i]) / 1e6;

		ck_assert_msg(ms >= 20, "frame %d took %.3f ms", i, ms);
	}
	ck_assert_uint_eq(wire_in_flight(net), 0);
	close_connection(&c);
	net_close(net);
}
END_TEST

#define LOSSY_FRAMES 1000

START_TEST(netem_loses_as_many_as_it_says)
{
	static uint8_t syn[SYN_LENGTH];
	struct sockaddr_storage server = host_address(SERVER, AF_INET, PORT);
	struct net *net;
	long arrived;
	int udp;

	net = net_open((struct net_options){ .netem = "loss 30%" });
	udp = net_socket(net, CLIENT, AF_INET, SOCK_DGRAM, 0);
	for (int i = 0; i < LOSSY_FRAMES; i++) {
		ck_assert_int_eq(sendto(udp, syn, 8, 0, (struct sockaddr *)&server, sizeof(server)),
				 8);
		pump(net);
	}
	ck_assert_uint_eq(wire_in_flight(net), 0);
	arrived = counter(net, SERVER, "Udp", "NoPorts");
	ck_assert_msg(arrived > 620 && arrived < 780, "%ld of 1000 arrived", arrived);
	close(udp);
	net_close(net);
}
END_TEST

/* ---- without privileges, and by hand ------------------------------------------------------- */

START_TEST(ordinary_user_connects_through_the_gate)
{
	struct net *net = net_open((struct net_options){ 0 });
	struct connection c = connect_over(net, families[_i]);
	char seen[64];

	ck_assert_int_eq(net_sysctl_write(net,
					  (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "0" },
					  seen, sizeof(seen)),
			 0);
	close_connection(&c);
	net_close(net);
}
END_TEST

START_TEST(replay_says_a_setting_as_it_is)
{
	static const char value[] = "it's $(false) `false` \"a\\b\"\n  and more";
	char path[] = "check_netns.replay.XXXXXX", *output;
	char *sh[] = { "sh", "-c", "ip() { printf '%s\n' \"$@\"; }; . \"$0\"", path, NULL };
	FILE *file = fdopen(mkstemp(path), "w");
	struct tool tool;

	ck_assert_ptr_nonnull(file);
	replay_sysctl(file, &(struct sysctl){ SERVER, "net.ipv4.tcp_odd", value });
	fclose(file);
	sh[3] = realpath(path, NULL);
	tool = tool_start((struct tool_options){ .argv = sh, .input = "" });
	ck_assert_int_eq(tool_finish(&tool, &output), 0);
	unlink(path);
	free(sh[3]);
	ck_assert_str_eq(output, "netns\nexec\nhalfopen-server\nsysctl\n-qw\nnet.ipv4.tcp_odd=it's "
				 "$(false) `false` \"a\\b\"\n  and more\n");
	free(output);
}
END_TEST

static int enter_by_name(const char *name)
{
	autofree char *path = format("/run/netns/%s", name);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
}

START_TEST(replay_builds_the_network_by_hand)
{
	char path[] = "/tmp/replay.XXXXXX";
	autofile FILE *file = NULL;
	struct sockaddr_storage server = host_address(SERVER, families[_i], PORT);
	char *sh[] = { "sh", path, NULL };
	autofree char *output = NULL;
	struct tool tool;
	autoclose int listener = -1;
	autoclose int client = -1;

	/* some sixty programs, one behind the other, while all other tests may run beside */
	deadlines_stretch(5);
	ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(mount("tmpfs", "/tmp", "tmpfs", 0, NULL), 0);
	file = fdopen(mkstemp(path), "w");
	ck_assert_ptr_nonnull(file);
	net_close(net_open((struct net_options){ .replay = file }));
	tool = tool_start((struct tool_options){ .argv = sh, .input = "" });
	tool_finish(&tool, &output);
	ck_assert_msg(strstr(output, "halfopen-server: 192.0.2.2, 2001:db8::2") != NULL, "%s",
		      output);
	ck_assert_msg(strstr(output, "ethtool: ") == NULL, "%s", output);
	/* A kernel without bridges cannot do without the gate. */
	if (strstr(output, "Unknown device type"))
		return;
	ck_assert_int_eq(enter_by_name("halfopen-server"), 0);
	listener = socket(families[_i], SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_msg(!bind(listener, (struct sockaddr *)&server, sizeof(server)), "%s", output);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(enter_by_name("halfopen-client"), 0);
	client = socket(families[_i], SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_msg(!connect(client, (struct sockaddr *)&server, sizeof(server)), "%s: %s",
		      strerror(errno), output);
}
END_TEST

/* ---- why it does not work here ------------------------------------------------------------- */

#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)
#define ALL_NEEDED       (CAPABILITY(SYS_ADMIN) | CAPABILITY(NET_ADMIN) | CAPABILITY(NET_RAW))

static const struct {
	struct refusal refusal;
	const char *says[3];
} refusals[] = {
	{ { .attempt = TRY_USER_NAMESPACE, .error = ENOSPC, .no_user_namespaces = true },
	  { "max_user_namespaces is 0", "run as root", "sysctl -w" } },
	{ { .attempt = TRY_USER_NAMESPACE, .error = EPERM, .no_userns_clone = true },
	  { "unprivileged_userns_clone is 0", "run as root", "sysctl -w" } },
	{ { .attempt = TRY_VETH,
	    .output = "RTNETLINK answers: Operation not permitted",
	    .apparmor_restricts = true },
	  { "AppArmor", "run as root", "apparmor_restrict_unprivileged_userns=0" } },
	{ { .attempt = TRY_USER_MAPPING, .error = EPERM, .apparmor_restricts = true },
	  { "AppArmor", "run as root", "apparmor_restrict_unprivileged_userns=0" } },
	{ { .attempt = TRY_USER_NAMESPACE,
	    .error = EPERM,
	    .root = true,
	    .capabilities = CAPABILITY(NET_RAW) },
	  { "lacks CAP_SYS_ADMIN, CAP_NET_ADMIN,", "--cap-add=SYS_ADMIN --cap-add=NET_ADMIN",
	    "start the container" } },
	{ { .attempt = TRY_USER_NAMESPACE,
	    .error = EPERM,
	    .root = true,
	    .capabilities = CAPABILITY(SYS_ADMIN) | CAPABILITY(NET_ADMIN) },
	  { "lacks CAP_NET_RAW,", "with --cap-add=NET_RAW", "container" } },
	{ { .attempt = TRY_USER_NAMESPACE, .error = EPERM },
	  { "user namespaces are refused", "run as root", "seccomp" } },
	{ { .attempt = TRY_SYSCTLS, .error = EROFS, .root = true },
	  { "lacks CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW, and a user namespace",
	    "may not write sysctls here (Read-only file system)", "--cap-add=SYS_ADMIN" } },
	{ { .attempt = TRY_SYSCTLS, .error = EROFS },
	  { "sysctls cannot be written (Read-only", "run as root", "--cap-add=SYS_ADMIN" } },
	{ { .attempt = TRY_NAMESPACES, .error = ENOSPC, .capabilities = ALL_NEEDED },
	  { "no more namespaces", "-j", "max_net_namespaces" } },
	{ { .attempt = TRY_IP_PROGRAM, .output = "No such file or directory" },
	  { "`ip` cannot be run", "No such file", "install the package iproute2" } },
	{ { .attempt = TRY_TC_PROGRAM, .output = "No such file or directory" },
	  { "`tc` cannot be run", "No such file", "install the package iproute2" } },
	{ { .attempt = TRY_VETH,
	    .output = "Error: Unknown device type.",
	    .capabilities = ALL_NEEDED },
	  { "veth", "Unknown device type", "CONFIG_VETH" } },
	{ { .attempt = TRY_PACKET_SOCKET, .error = EAFNOSUPPORT, .capabilities = ALL_NEEDED },
	  { "packet socket", "not supported", "CONFIG_PACKET" } },
	{ { .attempt = TRY_SOCK_DIAG, .error = ENOENT, .capabilities = ALL_NEEDED },
	  { "sock_diag", "No such file", "CONFIG_INET_DIAG" } },
	{ { .attempt = TRY_IPV6, .error = EAFNOSUPPORT, .capabilities = ALL_NEEDED },
	  { "IPv6", "not supported", "ipv6.disable=1" } },
	{ { .attempt = TRY_VETH,
	    .output = "RTNETLINK answers: Operation not permitted",
	    .root = true,
	    .capabilities = ALL_NEEDED },
	  { "veth", "Operation not permitted", "seccomp" } },
};

START_TEST(refusal_names_cause_and_remedy_in_one_line)
{
	autofree char *why = refusal_explain(&refusals[_i].refusal);

	for (size_t i = 0; i < ARRAY_LENGTH(refusals[_i].says); i++)
		ck_assert_msg(strstr(why, refusals[_i].says[i]) != NULL, "\"%s\" is not in: %s",
			      refusals[_i].says[i], why);
	ck_assert_ptr_null(strchr(why, '\n'));
}
END_TEST

START_TEST(probe_finds_that_networks_can_be_made)
{
	struct net_features features;
	autofree char *why = NULL;

	ck_assert_msg(!net_probe(&features, &why), "%s", why);
	ck_assert(features.netem || *features.netem_reason);
}
END_TEST

START_TEST(probe_without_iproute2_says_what_to_install)
{
	struct net_features features;
	autofree char *why = NULL;

	/* What is mounted here is seen by this process and its children only. */
	ck_assert_int_eq(mount("tmpfs", "/sbin", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(mount("tmpfs", "/bin", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(setenv("PATH", "/sbin", 1), 0);
	ck_assert_int_eq(net_probe(&features, &why), -1);
	ck_assert_msg(strstr(why, "iproute2") != NULL, "%s", why);
}
END_TEST

/* ---- all of them --------------------------------------------------------------------------- */

static TCase *new_tcase(Suite *suite, const char *name, SFun setup)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 120);
	if (setup)
		tcase_add_checked_fixture(tcase, setup, NULL);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_isolation(Suite *suite)
{
	TCase *process = new_tcase(suite, "processes", NULL);
	TCase *network = new_tcase(suite, "network", become_case);

	tcase_add_test(process, case_dies_with_its_worker);
	tcase_add_test(process, worker_whose_parent_is_already_dead_ends);
	tcase_add_test(network, case_is_process_1_and_knows_its_outer_pid);
	tcase_add_test(network, namespaces_are_three_and_none_is_the_outer_one);
	tcase_add_test(network, sysctl_is_written_and_read_back_on_one_host);
	tcase_add_test(network, sysctl_that_is_missing_or_refused_says_so);
	tcase_add_test(network, hosts_start_from_the_baseline);
	tcase_add_test(network, hosts_start_from_the_baseline_of_which_some_is_met);
	tcase_add_test(network, program_runs_in_its_namespace_with_input_output_and_status);
	tcase_add_test(network, program_that_is_found_is_the_one_that_is_started);
	tcase_add_test(process, replay_says_a_setting_as_it_is);
	tcase_add_test(process, completed_path_has_each_folder_once);
	tcase_add_test(network, daemon_goes_on_in_its_namespace_as_whom_it_was_started);
}

static void add_gate(Suite *suite)
{
	TCase *gate = new_tcase(suite, "gate", become_case);

	tcase_add_loop_test(gate, connection_crosses_the_gate_with_true_checksums, 0, 2);
	tcase_add_loop_test(gate, each_frame_is_told_in_order_and_nothing_else_is_on_the_wire, 0,
			    2);
	tcase_add_loop_test(gate, held_ack_leaves_the_server_half_open_until_it_is_released, 0, 2);
	tcase_add_test(gate, held_frames_are_released_oldest_first_and_by_count);
	tcase_add_test(gate, held_frames_that_are_released_at_once_have_nothing_in_between);
	tcase_add_loop_test(gate, dropped_syn_is_sent_again_by_the_client, 0, 2);
	tcase_add_loop_test(gate, duplicated_frame_arrives_twice, 0, 2);
	tcase_add_loop_test(gate, changed_frame_arrives_as_the_judge_has_made_it, 0, 2);
	tcase_add_loop_test(gate, taken_frame_never_arrives, 0, 2);
	tcase_add_test(gate, injected_syn_is_answered_and_the_answer_reaches_the_gate);
	tcase_add_test(gate, flood_is_counted_by_the_server_and_seen_by_nobody);
	tcase_add_loop_test(gate, sentinel_reaches_the_hosts_link, 0, 2);
	tcase_add_loop_test(gate, frames_that_a_discipline_delays_are_known_again, 0, 2);
}

static void add_netem(Suite *suite)
{
	TCase *netem;

	if (!machine.netem) {
		printf("# netem's delay and loss are not measured: %s\n", machine.netem_reason);
		fflush(stdout);
		return;
	}
	netem = new_tcase(suite, "netem", become_case);
	tcase_add_loop_test(netem, netem_delays_each_way, 0, 2);
	tcase_add_test(netem, netem_loses_as_many_as_it_says);
}

static void add_machine(Suite *suite)
{
	TCase *rootless = new_tcase(suite, "rootless", become_rootless_case);
	TCase *probe = new_tcase(suite, "probe", NULL);
	TCase *stripped = new_tcase(suite, "stripped", become_case);
	TCase *hand = new_tcase(suite, "by hand", become_case);

	tcase_add_loop_test(rootless, ordinary_user_connects_through_the_gate, 0, 2);
	tcase_add_loop_test(probe, refusal_names_cause_and_remedy_in_one_line, 0,
			    (int)ARRAY_LENGTH(refusals));
	tcase_add_test(probe, probe_finds_that_networks_can_be_made);
	tcase_add_test(stripped, probe_without_iproute2_says_what_to_install);
	tcase_add_loop_test(hand, replay_builds_the_network_by_hand, 0, 2);
}

int main(void)
{
	Suite *suite = suite_create("netns");
	autofree char *why = NULL;

	if (net_probe(&machine, &why)) {
		printf("1..0 # SKIP %s\n", why);
		return 77;
	}
	add_isolation(suite);
	add_gate(suite);
	add_netem(suite);
	add_machine(suite);
	return suite_run(suite);
}
