/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_harness: what ends a case as an error of the run's own. A frame that the wire loses is told
 * at once, by whom and how many; a process that is stopped in the middle, for longer than any
 * deadline, goes on and tells of it; a case that is written so that it asserts nothing is told its
 * line.
 */
#define TOPIC          "harness"
#define SERVER_SYSCTLS "net.ipv4.tcp_synack_retries=3", "net.ipv4.tcp_fin_timeout=30"
#include "base/json.h"
#include "fixtures/fixtures.h"
#include "netns/internal.h" /* fills the gate, runs tools */
#include "tests/live.h"
#include "tests/suite.h"

#include <dlfcn.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Longer than the harness waits for anything that comes at once, with this multiplier. */
#define MULTIPLIER 0.4
#define STOP       SEC(5)

#define FORTY "0123456789012345678901234567890123456789"
#define LONG                                                                                       \
	FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY  \
		FORTY

/* An end that takes only short frames drops the others as it does when softnet has no room. */
CASE(a_frame_is_lost)
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	STEP("data that does not fit");
	struct end *client = connect_one(net, server);
	run_program(net, .host = WIRE, .argv = { "ip", "link", "set", "dev", "wc", "mtu", "500" });
	send_text(client, LONG);
	expect_ladder(client, "-  >  DATA 640");
}

CASE(nothing_is_lost)
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	STEP("a request whose SYN-ACK is sent again");
	struct peer *peer = raw_peer(net, server);
	peer_syn(peer);
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK",
		      "1.0  <  SYN-ACK");
	expect_counters(net, SERVER, "TCPTimeouts 1");
}

/* What is written wrongly: each row in a case of its own. */
static int written;

static void write_wrongly(struct scene *net, struct end *client)
{
	switch (written) {
	case 0:
		wait_for(client, .within = 1);
		break;
	case 1:
		wait_for(client, .state = NO_SOCKET, .host = SERVER, .within = 1);
		break;
	case 2:
		wait_for(client, .state = ESTABLISHED, .gone = true, .within = 1);
		break;
	case 3:
		wait_for(client, .sent = 1, .timeouts = 1, .within = 1);
		break;
	case 4:
		wait_for(net, .counter = "Tcp.InSegs", .host = SERVER, .within = 1);
		break;
	case 5:
		wait_for(net, .state = ESTABLISHED, .within = 1);
		break;
	case 6:
		hold_segments(net, .from = CLIENT, .what = "SYNACK");
		break;
	case 7:
		drop_segments(net, .from = CLIENT);
		break;
	case 8:
		expect_counters(net, SERVER, "-");
		break;
	case 9:
		expect_counters(net, SERVER, "overflows 1  ListenDrops one");
		break;
	case 10:
		expect_ladder(client, "[nightly]  1.0  >  SYN");
		break;
	case 11:
		expect_ladder(client, "[connects]  1.0  >  SYN");
		break;
	default:
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies");
		break;
	}
}

static const char *const told_of_writing[] = {
	"a wait has 0 conditions, not one",
	"a wait has 0 conditions, not one",
	"a wait has 2 conditions, not one",
	"a wait has 2 conditions, not one",
	"a wait for the counter Tcp.InSegs does not say how far",
	"a wait for what a flow does is about no client and no peer",
	"a gate rule for .what = \"SYNACK\": there is no such kind",
	"a gate rule for .what = \"\": there is no such kind",
	"a number is to follow -, not \"\"",
	"a number is to follow ListenDrops, not \"one\"",
	"[nightly] in \"[nightly]  1.0  >  SYN\" begins no variant of the case, or several",
	"[connects] in \"[connects]  1.0  >  SYN\" comes before the case saw a variant",
	"the sysctl \"net.ipv4.tcp_syncookies\" is no name=value",
};

CASE(written_wrongly, .variants = "connects-at-once stalls")
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	STEP("it is connected");
	write_wrongly(net, connect_one(net, server));
}

CASE(sysctls_of_the_file, .server_sysctls = { "net.ipv4.tcp_synack_retries=4" })
{
	expect_sysctl(net, SERVER, "net.ipv4.tcp_synack_retries=4");
	expect_sysctl(net, SERVER, "net.ipv4.tcp_fin_timeout=30");
}

CASE(sysctls_of_the_kernel, .kernel_defaults = true)
{
	expect_sysctl(net, SERVER, "net.ipv4.tcp_synack_retries=5");
	expect_sysctl(net, SERVER, "net.ipv4.tcp_fin_timeout=60");
}

/* ---- playing one --------------------------------------------------------------------------- */

static char folder[] = "check-harness-XXXXXX"; /* below the build directory, where tests run */

static pid_t start(const char *name)
{
	return live_start((struct case_run){ .spec = case_named(name),
					     .family = AF_INET,
					     .folder = folder,
					     .timeout_multiplier = MULTIPLIER });
}

static json_t *verdict_of(pid_t worker)
{
	live_end(worker);
	return live_verdict(folder);
}

START_TEST(case_that_loses_a_frame_says_who_lost_it)
{
	json_t *verdict = verdict_of(start("a_frame_is_lost"));
	const char *reason = member_or_empty(verdict, "reason");

	ck_assert_str_eq(member_or_empty(verdict, "status"), "error");
	ck_assert_msg(strncmp(reason, "the client's eth0 lost ", 23) == 0 &&
			      strstr(reason, "net.core.netdev_max_backlog"),
		      "%s", reason);
	json_decref(verdict);
}
END_TEST

START_TEST(case_that_is_written_wrongly_is_told_its_line)
{
	json_t *verdict;
	const char *reason, *line;

	written = _i;
	verdict = verdict_of(start("written_wrongly"));
	reason = member_or_empty(verdict, "reason");
	ck_assert_str_eq(member_or_empty(verdict, "status"), "error");
	ck_assert_msg(strstr(reason, told_of_writing[_i]) != NULL, "%s", reason);
	line = strstr(reason, "check_harness.c:");
	ck_assert_msg(line && strtol(line + strlen("check_harness.c:"), NULL, 10) > 1, "%s",
		      reason);
	json_decref(verdict);
}
END_TEST

START_TEST(case_has_the_sysctls_of_its_file_unless_it_has_others)
{
	static const char *const names[] = { "sysctls_of_the_file", "sysctls_of_the_kernel" };
	json_t *verdict = verdict_of(start(names[_i]));
	autofree char *path = format("%s/env.txt", folder);
	autofile FILE *env = fopen(path, "re");
	char line[256];

	ck_assert_msg(strcmp(member_or_empty(verdict, "status"), "passed") == 0, "%s",
		      member_or_empty(verdict, "reason"));
	json_decref(verdict);
	ck_assert_ptr_nonnull(env);
	while (fgets(line, sizeof(line), env))
		ck_assert_msg(!strstr(line, "tcp_synack_retries = 3"), "%s: %s", names[_i], line);
}
END_TEST

/* ---- answers that are no whole ------------------------------------------------------------- */

/* What happens to the kernel's answers, and to how many of them; -1: to all. */
static enum harm { UNHARMED, INTERRUPTED, CUT, TOO_LONG } harm;
static int harmed;

/* In the place of libmnl's own. */
ssize_t mnl_socket_recvfrom(const struct mnl_socket *socket, void *buffer, size_t room)
{
	ssize_t (*receive)(const struct mnl_socket *, void *, size_t);
	void *found = dlsym(RTLD_NEXT, "mnl_socket_recvfrom");
	struct nlmsghdr *first = buffer;
	ssize_t length;

	memcpy(&receive, &found, sizeof(receive));
	length = receive(socket, buffer, room);
	if (length < 0 || harm == UNHARMED || harmed == 0)
		return length;
	harmed -= harmed > 0;
	if (harm == INTERRUPTED)
		first->nlmsg_flags |= NLM_F_DUMP_INTR;
	if (harm == TOO_LONG)
		errno = ENOSPC;
	return harm == TOO_LONG ? -1 : harm == CUT ? length - 8 : length;
}

static const struct harming {
	enum harm harm;
	int harmed;
	const char *reason; /* NULL: it passes */
} harmings[] = {
	{ INTERRUPTED, 2, NULL },
	{ INTERRUPTED, -1,
	  "cannot list the sockets of the client: the list changed each time while it was read" },
	{ CUT, 1,
	  "cannot list the sockets through sock_diag: an answer of the kernel was cut short" },
	{ TOO_LONG, 1,
	  "cannot list the sockets through sock_diag: an answer of the kernel was longer than "
	  "the room for it" },
};

static const struct harming *harming;

CASE(answers_are_harmed)
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	harm = harming->harm;
	harmed = harming->harmed;
	STEP("it is connected");
	connect_clients(net, server, 1);
	expect_queue(server, .accept = 1, .limit = 1, .syn = 0);
}

START_TEST(answer_of_the_kernel_that_is_no_whole_is_told)
{
	const struct harming *row = &harmings[_i];
	json_t *verdict;

	harming = row;
	verdict = verdict_of(start("answers_are_harmed"));
	ck_assert_str_eq(member_or_empty(verdict, "reason"), row->reason ? row->reason : "");
	ck_assert_str_eq(member_or_empty(verdict, "status"), row->reason ? "error" : "passed");
	json_decref(verdict);
}
END_TEST

/* ---- a process that is stopped ------------------------------------------------------------- */

/* The process that @parent has made, once there is one. */
static pid_t child_of(pid_t parent)
{
	autofree char *path = format("/proc/%d/task/%d/children", parent, parent);
	struct deadline deadline = deadline_in(SEC(20));
	int child = 0;

	while (child <= 0 && !deadline_passed(&deadline)) {
		autofile FILE *file = fopen(path, "re");

		if (!file || fscanf(file, "%d", &child) != 1)
			(void)await_events(NULL, 0, MSEC(1));
	}
	return child;
}

/* Returns when the file in the folder has come to hold something. */
static void await_file(const char *name)
{
	autofree char *path = format("%s/%s", folder, name);
	struct deadline deadline = deadline_in(SEC(20));
	struct stat about;

	while ((stat(path, &about) || !about.st_size) && !deadline_passed(&deadline))
		(void)await_events(NULL, 0, MSEC(1));
}

/* In its set-up, and while it waits for the kernel. */
START_TEST(case_that_is_stopped_tells_its_stall_and_is_no_error)
{
	static const char *const signs[] = { "replay.sh.new", "journal.jsonl" };
	autofree char *journal = format("%s/journal.jsonl", folder);
	nsec stopped;
	json_t *verdict;
	pid_t worker, child;

	unlink(journal);
	worker = start("nothing_is_lost");
	child = child_of(worker);
	await_file(signs[_i]);
	ck_assert_int_eq(kill(child, SIGSTOP), 0);
	stopped = clock_now();
	(void)await_events(NULL, 0, STOP);
	stopped = clock_now() - stopped;
	kill(child, SIGCONT);
	verdict = verdict_of(worker);
	ck_assert_msg(strcmp(member_or_empty(verdict, "status"), "error") != 0, "%s",
		      member_or_empty(verdict, "reason"));
	/* In the set-up it has not reached into the case, and nothing was late. */
	if (_i == 0)
		ck_assert_str_eq(member_or_empty(verdict, "reason"), "");
	else
		ck_assert_double_ge(json_number_value(json_object_get(verdict, "stall_seconds")),
				    seconds(stopped - SEC(1)));
	json_decref(verdict);
}
END_TEST

/* The program stops the process that waits for it, and ends some time after it goes on. */
START_TEST(program_may_take_longer_by_what_its_caller_was_stopped)
{
	char *script = "kill -STOP $PPID; sleep 3; kill -CONT $PPID; sleep 0.2; echo done";
	char *sh[] = { "sh", "-c", script, NULL };
	autofree char *output = NULL;
	struct tool tool;

	deadlines_stretch(0.2); /* 2 s for a program */
	tool = tool_start((struct tool_options){ .argv = sh, .input = "" });
	ck_assert_int_eq(tool_finish(&tool, &output), 0);
	ck_assert_str_eq(output, "done\n");
}
END_TEST

/* ---- the wire alone ------------------------------------------------------------------------ */

static void become_case(void)
{
	int worker = isolate_worker(getppid(), 1), status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child) {
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	isolate_case(worker);
}

/* The one way out that is right: with it the test is over. */
static void expect_loss_at_gate(enum ending ending, const char *text, void *context)
{
	(void)context;
	printf("# %s\n", text);
	fflush(stdout);
	_exit(ending == BROKEN && !strncmp(text, "the gate's socket lost ", 23) ? 0 : 1);
}

/* Sends datagrams of @bytes from the client to the server. */
static void send_datagrams(struct net *net, int count, size_t bytes)
{
	struct sockaddr_storage server = host_address(SERVER, AF_INET, 9);
	autoclose int udp = net_socket(net, CLIENT, AF_INET, SOCK_DGRAM, 0);
	static const uint8_t nothing[1400];

	for (int i = 0; i < count; i++)
		ck_assert_int_eq(
			sendto(udp, nothing, bytes, 0, (struct sockaddr *)&server, sizeof(server)),
			bytes);
}

/* A network whose gate has room for few frames, and has got many. */
static struct net *crowded_net(int frames)
{
	struct net *net = net_open((struct net_options){ 0 });
	int least = 1;

	ck_assert_ptr_null(wire_losses(net));
	ck_assert_int_eq(setsockopt(net->gate.socket, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)),
			 0);
	send_datagrams(net, frames, 100);
	return net;
}

#define FRAMES 300

START_TEST(frames_that_the_gate_has_no_room_for_are_counted)
{
	struct net *net = crowded_net(FRAMES);
	autofree char *losses = wire_losses(net);
	unsigned long lost;
	int read = 0;
	char frame[2048];

	ck_assert_ptr_nonnull(losses);
	ck_assert_int_eq(sscanf(losses, "the gate's socket lost %lu frames: raise", &lost), 1);
	while (recv(net->gate.socket, frame, sizeof(frame), MSG_DONTWAIT) > 0)
		read++;
	ck_assert_int_gt(lost, 0);
	ck_assert_int_eq((int)lost + read, FRAMES);
	net_close(net); /* it was told already */
}
END_TEST

START_TEST(loss_at_the_gate_ends_what_waits_for_the_wire)
{
	struct net *net = crowded_net(FRAMES);

	on_ending(expect_loss_at_gate, NULL);
	while (wire_turn(net))
		;
	ck_abort_msg("nothing was told");
}
END_TEST

START_TEST(loss_that_nobody_asked_for_is_told_at_the_end)
{
	struct net *net = crowded_net(FRAMES);

	on_ending(expect_loss_at_gate, NULL);
	net_close(net);
	ck_abort_msg("nothing was told");
}
END_TEST

START_TEST(frames_that_an_end_does_not_take_are_counted)
{
	char *shrink[] = { "ip", "link", "set", "dev", "wc", "mtu", "500", NULL };
	struct net *net = net_open((struct net_options){ 0 });
	autofree char *output = NULL;
	autofree char *losses = NULL;

	ck_assert_int_eq(net_program(net, WIRE, shrink, NULL, &output), 0);
	send_datagrams(net, 7, 1000);
	losses = wire_losses(net);
	ck_assert_ptr_nonnull(losses);
	ck_assert_msg(strncmp(losses, "the client's eth0 lost 7 frames ", 32) == 0, "%s", losses);
	net_close(net);
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

int main(void)
{
	Suite *suite = suite_create("harness");
	TCase *cases = new_tcase(suite, "cases", NULL),
	      *wire = new_tcase(suite, "wire", become_case);
	int failed;

	if (live_is_skipped())
		return 77;
	if (!mkdtemp(folder))
		return 99;
	tcase_add_test(wire, frames_that_the_gate_has_no_room_for_are_counted);
	tcase_add_test(wire, loss_at_the_gate_ends_what_waits_for_the_wire);
	tcase_add_test(wire, loss_that_nobody_asked_for_is_told_at_the_end);
	tcase_add_test(wire, frames_that_an_end_does_not_take_are_counted);
	tcase_add_test(cases, case_that_loses_a_frame_says_who_lost_it);
	tcase_add_loop_test(cases, case_that_is_written_wrongly_is_told_its_line, 0,
			    (int)ARRAY_LENGTH(told_of_writing));
	tcase_add_loop_test(cases, case_has_the_sysctls_of_its_file_unless_it_has_others, 0, 2);
	tcase_add_loop_test(cases, answer_of_the_kernel_that_is_no_whole_is_told, 0,
			    (int)ARRAY_LENGTH(harmings));
	tcase_add_loop_test(cases, case_that_is_stopped_tells_its_stall_and_is_no_error, 0, 2);
	tcase_add_test(cases, program_may_take_longer_by_what_its_caller_was_stopped);
	failed = suite_run(suite);
	remove_all(folder);
	return failed;
}
