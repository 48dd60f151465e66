/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of somebody else's client: it chooses its ports, uses them again at once, and comes over
 * both families to several ports of the server, in crowds. Each of its connections is a flow of its
 * own, which has the segments and the socket of that connection and no others; the client says
 * itself which there were.
 */
#include "captures/watch/watch.h" /* a watch without a case */
#include "tests/loaded.h"
#include "tests/live.h"
#include "tests/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* Ports of the server: it answers at the first two, and nobody listens at the third; on the way to
 * the last one SYNs vanish. */
enum { ANSWERS, ANSWERS_TOO, REFUSES, VANISHES, PORTS };
#define FIRST_SERVER_PORT 8080
#define FIRST_CLIENT_PORT 40000
#define MOST_AT_ONCE      256
#define MOST_CONNECTIONS  10001
/* A connection of a few bytes has no larger number, and two ISNs are never so close. */
#define FEW_BYTES 1000
#define PATIENCE  SEC(300)

static char folder[] = "check-flows-XXXXXX"; /* below the build directory, where tests run */

struct plan {
	int connections, at_once;
};

/* One of the client's, as it wrote it down. */
struct visit {
	int family, from, to; /* ports */
	uint64_t cookie;
	int error;
};

/* ---- the client's and the server's programs ------------------------------------------------- */

static pid_t start_at(struct net *net, enum host host)
{
	pid_t pid = fork();

	if (pid < 0)
		broken("cannot fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	isolate_all_cpus();
	if (setns(net_namespace(net, host), CLONE_NEWNET))
		_exit(3);
	return 0;
}

static int open_listener(int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) || listen(fd, 4096))
		_exit(4);
	return fd;
}

/* Says a word to each who comes, and closes: so it has the port's TIME_WAIT. */
static _Noreturn void serve(int ready)
{
	struct pollfd listeners[] = {
		{ .fd = open_listener(FIRST_SERVER_PORT + ANSWERS), .events = POLLIN },
		{ .fd = open_listener(FIRST_SERVER_PORT + ANSWERS_TOO), .events = POLLIN },
	};

	close(ready);
	for (;;) {
		poll(listeners, ARRAY_LENGTH(listeners), -1);
		for (size_t i = 0; i < ARRAY_LENGTH(listeners); i++) {
			int fd = listeners[i].revents ? accept(listeners[i].fd, NULL, NULL) : -1;

			if (fd < 0)
				continue;
			(void)send(fd, "HELLO", 5, MSG_NOSIGNAL);
			close(fd);
		}
	}
}

static void take_port(int fd, const struct visit *visit)
{
	struct sockaddr_storage own = host_address(CLIENT, visit->family, (uint16_t)visit->from);

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) ||
	    bind(fd, (const struct sockaddr *)&own, sizeof(own)))
		_exit(5);
}

/* The @number-th of all; of those that are there at once no two are between the same ends. */
static int begin_visit(struct visit *visit, int number, int at_once)
{
	int place = number % at_once, fd;
	socklen_t size = sizeof(visit->cookie);
	struct sockaddr_storage server;

	*visit = (struct visit){ .family = place % 2 ? AF_INET6 : AF_INET,
				 .from = FIRST_CLIENT_PORT + place / (2 * PORTS),
				 .to = FIRST_SERVER_PORT + place / 2 % PORTS };
	server = host_address(SERVER, visit->family, (uint16_t)visit->to);
	fd = socket(visit->family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_COOKIE, &visit->cookie, &size))
		_exit(6);
	take_port(fd, visit);
	/* the last one of these ends may still wait for its final ACK */
	while (connect(fd, (const struct sockaddr *)&server, sizeof(server)) &&
	       errno == EADDRNOTAVAIL)
		usleep(1000);
	visit->error = errno == EINPROGRESS ? 0 : errno;
	return fd;
}

/* Every third one resets its connection; who is not answered gives up soon. */
static void end_visit(int fd, struct visit *visit, int number)
{
	struct linger at_once = { .l_onoff = 1 };
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	char buffer[64];

	poll(&answer, 1, visit->to == FIRST_SERVER_PORT + VANISHES ? 20 : 20000);
	if (number % 3 == 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	else
		while (recv(fd, buffer, sizeof(buffer), 0) > 0)
			poll(&answer, 1, 20000);
	close(fd);
}

static _Noreturn void visit_all(const struct plan *plan, const char *report)
{
	autofile FILE *out = fopen(report, "we");
	struct visit visits[MOST_AT_ONCE] = { 0 };
	int fds[MOST_AT_ONCE] = { 0 };

	for (int first = 0; first < plan->connections; first += plan->at_once) {
		for (int i = 0; i < plan->at_once; i++)
			fds[i] = begin_visit(&visits[i], first + i, plan->at_once);
		for (int i = 0; i < plan->at_once; i++)
			end_visit(fds[i], &visits[i], first / plan->at_once + i);
		for (int i = 0; i < plan->at_once; i++)
			fprintf(out, "%d %d %d %" PRIu64 " %d\n", visits[i].family, visits[i].from,
				visits[i].to, visits[i].cookie, visits[i].error);
	}
	_exit(fclose(out) ? 7 : 0);
}

/* ---- the watch ------------------------------------------------------------------------------ */

static enum fate lose_some(void *context, struct frame *frame)
{
	struct parsed parsed;

	(void)context;
	if (parse_frame(frame->bytes, frame->length, &parsed) == 0 &&
	    parsed.protocol == IPPROTO_TCP &&
	    parsed.segment.destination_port == FIRST_SERVER_PORT + VANISHES)
		return DROP;
	return FORWARD;
}

static bool has_ended(void *context)
{
	pid_t *pid = context;
	int status;

	if (*pid && waitpid(*pid, &status, WNOHANG) == *pid) {
		if (status)
			broken("the client ended with %#x", (unsigned)status);
		*pid = 0;
	}
	return !*pid;
}

static pid_t start_server(struct net *net)
{
	int ready[2];
	char end;

	if (pipe2(ready, O_CLOEXEC))
		broken("cannot make a pipe: %s", strerror(errno));
	pid_t server = start_at(net, SERVER);
	if (!server)
		serve(ready[1]);
	close(ready[1]);
	(void)!read(ready[0], &end, 1);
	close(ready[0]);
	return server;
}

static pid_t start_client(struct net *net, const struct plan *plan)
{
	autofree char *report = format("%s/visits", folder);
	pid_t client = start_at(net, CLIENT);

	if (!client)
		visit_all(plan, report);
	return client;
}

static void watch_them(const struct plan *plan)
{
	struct net *net = net_open((struct net_options){ .netem = NULL });
	struct journal *journal = journal_new();
	struct judge *judge = judge_new();
	autofree char *path = format("%s/journal.jsonl", folder);
	FILE *out = fopen(path, "we");
	pid_t server = start_server(net), client;
	struct watch *watch = watch_open((struct watch_options){ .net = net,
								 .journal = journal,
								 .judge = judge,
								 .family = AF_INET,
								 .told = true,
								 .both = true,
								 .folder = folder,
								 .title = "visits",
								 .gate = lose_some });

	journal_write_to(journal, out);
	client = start_client(net, plan);
	if (!watch_wait(watch, (struct wait){ .what = "the client ends",
					      .met = has_ended,
					      .context = &client,
					      .within = PATIENCE,
					      .every = MSEC(5) }) &&
	    !watch_finding(watch))
		broken("the client does not end");
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	watch_finish(watch);
	journal_flush(journal);
	if (fclose(out))
		broken("cannot write %s: %s", path, strerror(errno));
	if (watch_finding(watch))
		end_with(FAILED, "event %ld: %s", watch_finding(watch)->seq,
			 watch_finding(watch)->summary);
}

/* In namespaces of their own, as a case. */
static void play(const struct plan *plan)
{
	pid_t parent = getpid(), worker = fork();

	ck_assert_int_ge(worker, 0);
	if (!worker) {
		int isolated = isolate_worker(parent, 0), status = -1;
		pid_t child = fork();

		if (!child) {
			isolate_case(isolated);
			watch_them(plan);
			_exit(0);
		}
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN);
	}
	ck_assert_int_eq(live_end(worker), 0);
}

/* ---- what the journal says ------------------------------------------------------------------ */

struct told_flow {
	const char *name, *client, *server;
	bool has_isn[HOSTS], refused, answered;
	uint32_t isn[HOSTS];
	uint64_t cookie; /* of the client's socket; 0: no sample has found one */
};

static struct journal *load(void)
{
	autofree char *path = format("%s/journal.jsonl", folder);

	return load_journal(path);
}

/* It has the numbers of its flow: those of the connection before and of the next are far away. */
static void check_numbers(struct told_flow *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	enum host from = event->from;

	if (segment->flags & SYN) {
		ck_assert_msg(!flow->has_isn[from] || flow->isn[from] == segment->seq,
			      "event %ld: %s has begun already", event->seq, flow->name);
		flow->has_isn[from] = true;
		flow->isn[from] = segment->seq;
	}
	if (flow->has_isn[from])
		ck_assert_msg(segment->seq - flow->isn[from] < FEW_BYTES,
			      "event %ld: a segment of another connection than %s", event->seq,
			      flow->name);
	if (segment->flags & ACK && flow->has_isn[other(from)])
		ck_assert_msg(segment->ack - flow->isn[other(from)] < FEW_BYTES,
			      "event %ld: a segment for another connection than %s", event->seq,
			      flow->name);
	flow->answered |= from == SERVER && segment->flags & SYN;
	flow->refused |= from == SERVER && segment->flags & RST && !flow->answered;
}

static void check_socket(struct told_flow *flow, const struct event *event)
{
	if (event->host != CLIENT)
		return;
	ck_assert_msg(!flow->cookie || flow->cookie == event->cookie,
		      "event %ld: %s has two sockets at the client", event->seq, flow->name);
	flow->cookie = event->cookie;
}

/* Fills in what there is of each flow, and returns how many there are. */
static int read_flows(const struct journal *journal, struct told_flow flows[MOST_CONNECTIONS])
{
	int count = 0;

	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		if (event->kind == EVENT_FLOW) {
			ck_assert_int_eq(event->flow, count + 1);
			ck_assert_int_lt(count, MOST_CONNECTIONS);
			flows[count++] = (struct told_flow){ .name = event->name,
							     .client = event->client,
							     .server = event->server };
		} else if (event->kind == EVENT_PACKET) {
			ck_assert_int_gt(event->flow, 0);
			check_numbers(&flows[event->flow - 1], event);
		} else if (event->kind == EVENT_SOCKET) {
			ck_assert_int_gt(event->flow, 0);
			check_socket(&flows[event->flow - 1], event);
		}
	}
	return count;
}

static char *ends_of(const struct visit *visit)
{
	struct sockaddr_storage from = host_address(CLIENT, visit->family, (uint16_t)visit->from);
	struct sockaddr_storage to = host_address(SERVER, visit->family, (uint16_t)visit->to);
	autofree char *client = address_words(&from), *server = address_words(&to);

	return format("%s to %s", client, server);
}

/* The next flow behind @after between the visit's ends; the client opens them in this order. */
static int flow_of_visit(const struct told_flow *flows, int count, const struct visit *visit,
			 int after)
{
	autofree char *ends = ends_of(visit);

	for (int i = after; i < count; i++) {
		autofree char *its = format("%s to %s", flows[i].client, flows[i].server);

		if (strcmp(its, ends) == 0)
			return i;
	}
	ck_abort_msg("there is no flow %s", ends);
}

static void check_visit(const struct told_flow *flow, const struct visit *visit)
{
	int port = visit->to - FIRST_SERVER_PORT;

	ck_assert_msg(!flow->cookie || flow->cookie == visit->cookie,
		      "%s has the client's socket %ju, and was made by %ju", flow->name,
		      (uintmax_t)flow->cookie, (uintmax_t)visit->cookie);
	ck_assert_int_eq(visit->error, 0);
	ck_assert_int_eq(flow->answered, port == ANSWERS || port == ANSWERS_TOO);
	ck_assert_int_eq(flow->refused, port == REFUSES);
}

static void check_all(const struct plan *plan)
{
	autofree char *path = format("%s/visits", folder);
	autofile FILE *report = fopen(path, "re");
	static struct told_flow flows[MOST_CONNECTIONS];
	int places[MOST_AT_ONCE] = { 0 }, count, seen = 0;
	struct journal *journal = load();
	struct visit visit;

	ck_assert_ptr_nonnull(report);
	count = read_flows(journal, flows);
	ck_assert_int_eq(count, plan->connections);
	for (int i = 0; i < plan->connections; i++) {
		int *after = &places[i % plan->at_once];

		ck_assert_int_eq(fscanf(report, "%d %d %d %" SCNu64 " %d", &visit.family,
					&visit.from, &visit.to, &visit.cookie, &visit.error),
				 5);
		*after = flow_of_visit(flows, count, &visit, *after) + 1;
		check_visit(&flows[*after - 1], &visit);
		seen += flows[*after - 1].cookie != 0;
	}
	/* of a crowd samples find those that are there for long */
	ck_assert_int_gt(seen, 0);
	printf("# %d of %d sockets of the client's were seen\n", seen, count);
	journal_free(journal);
}

/* ---- the tests ------------------------------------------------------------------------------ */

static const struct plan plans[] = {
	{ .connections = 160, .at_once = 8 },
	{ .connections = 1024, .at_once = 64 },
};

START_TEST(each_connection_of_a_foreign_client_is_a_flow)
{
	play(&plans[_i]);
	check_all(&plans[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flows");
	TCase *tcase = tcase_create("live");
	int failed;

	if (live_is_skipped())
		return 77;
	if (!mkdtemp(folder))
		return 99;
	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, each_connection_of_a_foreign_client_is_a_flow, 0,
			    (int)ARRAY_LENGTH(plans));
	suite_add_tcase(suite, tcase);
	failed = suite_run(suite);
	remove_all(folder);
	return failed;
}
