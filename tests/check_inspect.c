/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_inspect: what is seen of processes and listeners, against small servers that are known to
 * be as they should be seen.
 *
 * Each test is process 1 of a PID namespace, as a case is, and has the loopback of a network
 * namespace of its own. A server is a child of it, and says by a pipe when it is as it should be.
 */
#include "inspect/inspect.h"
#include "netns/netns.h"
#include "tests/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>

#define PORT     8080
#define PATIENCE SEC(5)

/* ---- being a case -------------------------------------------------------------------------------
 */

static struct inspection *inspection;

/* The child goes on; the parent ends as the child does. */
static void go_on_in_child(void)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid)
		return;
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_flags = IFF_UP };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(request.ifr_name, "lo");
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
}

static void become_case(void)
{
	int worker = isolate_worker(getppid(), 1);

	go_on_in_child();
	isolate_case(worker);
	raise_loopback();
	inspection = inspect_open();
}

static void become_rootless_case(void)
{
	go_on_in_child();
	if (!geteuid()) {
		ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
		prctl(PR_SET_DUMPABLE, 1);
	}
	become_case();
}

static void leave_case(void)
{
	inspect_close(inspection);
}

/* ---- servers
 * ---------------------------------------------------------------------------------------- */

struct server_plan {
	void (*serve)(int listener); /* returns: the server ends */
	int backlog;
	int family; /* 0: AF_INET */
	bool nonblocking;
	struct call_watch *watch;
	bool (*prepare)(int listener); /* before bind() */
};

static int says = -1; /* of a server: where it says that it is ready */

static void say_ready(void)
{
	ck_assert_int_eq(write(says, "r", 1), 1);
}

static struct sockaddr_in6 wildcard(int family)
{
	struct sockaddr_in6 address = { .sin6_family = (sa_family_t)family,
					.sin6_port = htons(PORT) };

	return address; /* all zeros are any address, of IPv4 too */
}

static int listen_as(const struct server_plan *plan)
{
	int family = plan->family ? plan->family : AF_INET, on = 1;
	int kind = SOCK_STREAM | (plan->nonblocking ? SOCK_NONBLOCK : 0);
	int listener = socket(family, kind, 0);
	struct sockaddr_in6 address = wildcard(family);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener < 0 || (plan->prepare && !plan->prepare(listener)) ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, plan->backlog))
		_exit(99);
	return listener;
}

static pid_t start(struct server_plan plan)
{
	int ready[2];
	char said;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		says = ready[1];
		if (plan.watch && call_watch_install(plan.watch))
			_exit(98);
		plan.serve(listen_as(&plan));
		_exit(0);
	}
	close(ready[1]);
	if (plan.watch)
		call_watch_begin(plan.watch, pid);
	ck_assert_int_eq(read(ready[0], &said, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t server)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

/* ---- ways of waiting
 * ----------------------------------------------------------------------------------- */

static void wait_in_accept(int listener)
{
	say_ready();
	accept(listener, NULL, NULL);
}

static void wait_in_poll(int listener)
{
	struct pollfd polled[] = { { .fd = says, .events = POLLHUP },
				   { .fd = listener, .events = POLLIN } };

	say_ready();
	poll(polled + 1, 1, -1);
}

static void wait_in_select(int listener)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(listener, &set);
	say_ready();
	select(listener + 1, &set, NULL, NULL, NULL);
}

static void wait_in_epoll_as(int listener, uint32_t events)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN | events };

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	say_ready();
	epoll_wait(epoll, &event, 1, -1);
}

static void wait_in_epoll(int listener)
{
	wait_in_epoll_as(listener, 0);
}

static void wait_for_edges(int listener)
{
	wait_in_epoll_as(listener, EPOLLET);
}

static void wait_exclusively(int listener)
{
	wait_in_epoll_as(listener, EPOLLEXCLUSIVE);
}

static void wait_for_one_shot(int listener)
{
	wait_in_epoll_as(listener, EPOLLONESHOT);
}

static void wait_for_something_else(int listener)
{
	(void)listener;
	say_ready();
	pause();
}

static void *wait_in_thread(void *listener)
{
	accept(*(int *)listener, NULL, NULL);
	return NULL;
}

static void wait_in_a_second_thread(int listener)
{
	pthread_t thread;

	pthread_create(&thread, NULL, wait_in_thread, &listener);
	say_ready();
	pthread_join(thread, NULL);
}

static const struct {
	void (*serve)(int listener);
	enum wait_kind waits;
	uint32_t events;
	const char *text; /* of the fact, in part */
} ways[] = {
	{ wait_in_accept, WAITS_ACCEPT, 0, "blocked in accept" },
	{ wait_in_poll, WAITS_POLL, 0, "poll()" },
	{ wait_in_select, WAITS_POLL, 0, "select" },
	{ wait_in_epoll, WAITS_EPOLL, 0, "in epoll, level-triggered" },
	{ wait_for_edges, WAITS_EPOLL, EPOLLET, "in epoll, edge-triggered" },
	{ wait_exclusively, WAITS_EPOLL, EPOLLEXCLUSIVE, "level-triggered, EPOLLEXCLUSIVE" },
	{ wait_for_one_shot, WAITS_EPOLL, EPOLLONESHOT, "level-triggered, EPOLLONESHOT" },
	{ wait_in_a_second_thread, WAITS_ACCEPT, 0, "blocked in accept" },
	{ wait_for_something_else, WAITS_NOT, 0, "not at present (in pause)" },
};

/* A server that is ready is about to wait: looks until all its threads sleep. */
static void await_sleep(pid_t server)
{
	struct retry retry = retry_for(PATIENCE);
	bool asleep;

	while (!(asleep = inspect_look(inspection, server).asleep) && retry_now(&retry))
		;
	retry_end(&retry, asleep);
	ck_assert(asleep);
}

static const struct fact *fact_of(const struct facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->count; i++)
		if (strcmp(facts->all[i].name, name) == 0)
			return &facts->all[i];
	ck_abort_msg("there is no fact %s", name);
	return NULL;
}

static struct inspected_listener *only_listener(const struct inspected_listeners *listeners)
{
	ck_assert_uint_eq(listeners->count, 1);
	return &listeners->all[0];
}

START_TEST(each_way_of_waiting_is_seen)
{
	pid_t server = start((struct server_plan){ .serve = ways[_i].serve, .backlog = 8 });
	struct inspected_listeners listeners;
	struct facts facts;

	await_sleep(server);
	listeners = inspect_listeners_closely(inspection, server, NULL);
	ck_assert_uint_eq(only_listener(&listeners)->holder_count, 1);
	ck_assert_int_eq(listeners.all[0].holders[0].waits, ways[_i].waits);
	ck_assert_uint_eq(listeners.all[0].holders[0].epoll_events &
				  (EPOLLET | EPOLLEXCLUSIVE | EPOLLONESHOT),
			  ways[_i].events);
	inspected_listeners_free(&listeners);
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert_ptr_nonnull(strstr(fact_of(&facts, "waits")->text, ways[_i].text));
	facts_free(&facts);
	end(server);
}
END_TEST

/* ---- processes
 * --------------------------------------------------------------------------------------------- */

static void compute(int listener)
{
	(void)listener;
	say_ready();
	for (;;)
		;
}

START_TEST(whoever_computes_is_not_asleep_and_takes_cpu_time)
{
	pid_t server = start((struct server_plan){ .serve = compute, .backlog = 8 });
	struct inspected_look first = inspect_look(inspection, server), later = first;
	struct retry retry = retry_for(PATIENCE);

	ck_assert(!first.asleep);
	while (later.cpu < first.cpu + MSEC(5) && retry_now(&retry))
		later = inspect_look(inspection, server);
	ck_assert_int_ge(later.cpu, first.cpu + MSEC(5));
	end(server);
	ck_assert_int_ge(inspect_look(inspection, server).cpu, later.cpu);
	ck_assert_uint_eq(inspect_look(inspection, server).processes, 0);
}
END_TEST

START_TEST(two_looks_at_rest_show_no_switch_between_them)
{
	pid_t server = start((struct server_plan){ .serve = wait_in_poll, .backlog = 8 });
	struct inspected_look one, other;

	await_sleep(server);
	one = inspect_look(inspection, server);
	other = inspect_look(inspection, server);
	ck_assert_uint_eq(one.switches, other.switches);
	ck_assert_int_eq(one.cpu, other.cpu);
	kill(server, SIGSTOP);
	kill(server, SIGCONT);
	await_sleep(server);
	ck_assert_uint_gt(inspect_look(inspection, server).switches, one.switches);
	end(server);
}
END_TEST

/* ---- backlogs
 * ---------------------------------------------------------------------------------------------------
 */

static const struct {
	int asked, in_effect;
} backlogs[] = { { 0, 0 }, { 1, 1 }, { 511, 511 }, { 100000, 4096 }, { -1, 4096 } };

START_TEST(backlog_is_seen_as_it_was_asked_for)
{
	struct call_watch *watch = call_watch_open((struct call_watch_options){ 0 });
	pid_t server = start((struct server_plan){
		.serve = wait_in_accept, .backlog = backlogs[_i].asked, .watch = watch });
	struct inspected_listeners listeners;
	struct facts facts;

	ck_assert_ptr_null(call_watch_problem(watch));
	listeners = inspect_listeners_closely(inspection, server, watch);
	ck_assert(only_listener(&listeners)->asked_known);
	ck_assert_int_eq(listeners.all[0].asked, backlogs[_i].asked);
	ck_assert_int_eq(listeners.all[0].limit, backlogs[_i].in_effect);
	inspected_listeners_free(&listeners);
	facts = inspect_facts(inspection,
			      (struct facts_options){ .server = server, .watch = watch });
	ck_assert_int_eq(fact_of(&facts, "backlog asked")->value, backlogs[_i].asked);
	facts_free(&facts);
	end(server);
	call_watch_close(watch);
}
END_TEST

/* ---- the suite
 * --------------------------------------------------------------------------------------------------
 */

static TCase *new_tcase(Suite *suite, const char *name, SFun become)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, become, leave_case);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_tests(Suite *suite, const char *name, SFun become)
{
	TCase *tcase = new_tcase(suite, name, become);

	tcase_add_loop_test(tcase, each_way_of_waiting_is_seen, 0, (int)ARRAY_LENGTH(ways));
	tcase_add_test(tcase, whoever_computes_is_not_asleep_and_takes_cpu_time);
	tcase_add_test(tcase, two_looks_at_rest_show_no_switch_between_them);
	tcase_add_loop_test(tcase, backlog_is_seen_as_it_was_asked_for, 0,
			    (int)ARRAY_LENGTH(backlogs));
}

int main(void)
{
	Suite *suite = suite_create("inspect");
	struct net_features features;
	autofree char *why = NULL;

	if (net_probe(&features, &why)) {
		printf("1..0 # SKIP %s\n", why);
		return 77;
	}
	add_tests(suite, "inspect", become_case);
	add_tests(suite, "rootless", become_rootless_case);
	return suite_run(suite);
}
