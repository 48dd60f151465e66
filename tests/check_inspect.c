/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_inspect: what is seen of processes and listeners, against small servers that are known to
 * be as they should be seen.
 *
 * Each test is process 1 of a PID namespace, as a case is, and has the loopback of a network
 * namespace of its own. A server is a child of it, and says by a pipe when it is as it should be.
 */
#include "base/json.h"
#include "inspect/inspect.h"
#include "netns/netns.h"
#include "tests/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define PORT     8080
#define PATIENCE SEC(5)

/* ---- being a case -------------------------------------------------------------------------------
 */

static struct inspection *inspection;

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

/* Of a process without any capability, whoever it is. */
static void drop_rights(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	ck_assert_int_eq(syscall(SYS_capset, &header, none), 0);
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

/* ---- servers -------------------------------------------------------------------------------- */

struct server_plan {
	void (*serve)(int listener); /* returns: the server ends */
	int backlog;
	int family; /* 0: AF_INET */
	int protocol;
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
	int listener = socket(family, kind, plan->protocol);
	struct sockaddr_in6 address = wildcard(family);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener < 0 || (plan->prepare && !plan->prepare(listener)) ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, plan->backlog))
		_exit(99);
	return listener;
}

/* *@tells: what it says from then on. */
static pid_t start_keeping(struct server_plan plan, int *tells)
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
	*tells = ready[0];
	return pid;
}

static pid_t start(struct server_plan plan)
{
	autoclose int tells = -1;

	return start_keeping(plan, &tells);
}

static void end(pid_t server)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

/* With all that it has started. */
static void end_all(pid_t server)
{
	struct inspected_processes processes = inspect_processes(inspection, server);

	for (size_t i = 0; i < processes.count; i++)
		kill(processes.all[i].pid, SIGKILL);
	inspected_processes_free(&processes);
	waitpid(server, NULL, 0);
}

/* ---- ways of waiting ------------------------------------------------------------------------ */

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

/* The listener is in an epoll, and that is in others. */
static int nested_epoll(int listener, int depth)
{
	int inner = listener;

	for (int i = 0; i < depth; i++) {
		int epoll = epoll_create1(EPOLL_CLOEXEC);
		struct epoll_event event = { .events = EPOLLIN | (i ? 0 : (uint32_t)EPOLLET) };

		epoll_ctl(epoll, EPOLL_CTL_ADD, inner, &event);
		inner = epoll;
	}
	return inner;
}

static void wait_in_epoll_of_epolls(int listener)
{
	struct epoll_event event;
	int outer = nested_epoll(listener, 3);

	say_ready();
	epoll_wait(outer, &event, 1, -1);
}

static void wait_in_poll_of_an_epoll(int listener)
{
	struct pollfd polled = { .fd = nested_epoll(listener, 1), .events = POLLIN };

	say_ready();
	poll(&polled, 1, -1);
}

/* One that has nothing to do with the listener. */
static void wait_in_another_epoll(int listener)
{
	int ends[2];
	struct epoll_event event;
	int outer;

	(void)listener;
	if (pipe(ends))
		return;
	outer = nested_epoll(ends[0], 2);
	say_ready();
	epoll_wait(outer, &event, 1, -1);
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
	{ wait_in_epoll_of_epolls, WAITS_EPOLL, EPOLLET,
	  "in epoll, edge-triggered, by another epoll that this one is in" },
	{ wait_in_poll_of_an_epoll, WAITS_POLL, EPOLLET, "poll()" },
	{ wait_in_another_epoll, WAITS_NOT, 0, "not at present (in epoll_wait)" },
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

static bool is_listening(pid_t server)
{
	struct inspected_listeners listeners = inspect_listeners(inspection, server);
	bool listens = false;

	for (size_t i = 0; i < listeners.count; i++)
		listens |= !listeners.all[i].foreign;
	inspected_listeners_free(&listeners);
	return listens;
}

static void await_listener(pid_t server)
{
	struct retry retry = retry_for(PATIENCE);
	bool listens;

	while (!(listens = is_listening(server)) && retry_now(&retry))
		;
	retry_end(&retry, listens);
	ck_assert(listens);
}

static const struct fact *find_fact(const struct facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->count; i++)
		if (strcmp(facts->all[i].name, name) == 0)
			return &facts->all[i];
	return NULL;
}

static const struct fact *fact_of(const struct facts *facts, const char *name)
{
	const struct fact *fact = find_fact(facts, name);

	ck_assert_msg(fact != NULL, "there is no fact %s", name);
	return fact;
}

static const struct fact *last_fact(const struct facts *facts, const char *name)
{
	size_t i = facts->count;

	while (i-- && strcmp(facts->all[i].name, name) != 0)
		;
	return &facts->all[i];
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

/* ---- processes ------------------------------------------------------------------------------ */

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

/* ---- backlogs ------------------------------------------------------------------------------- */

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

/* ---- a duplicate ends before anything else happens ------------------------------------------ */

/* Connects over the loopback: the socket, or -1 with errno. */
static int connect_to(int family)
{
	struct sockaddr_in6 address = wildcard(family); /* whose any address is the loopback's */
	int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (connect(client, (struct sockaddr *)&address, sizeof(address)) == 0)
		return client;
	error = errno;
	close(client);
	errno = error;
	return -1;
}

/* Closes its listener when it is told to, and says so. */
static volatile sig_atomic_t told;

static void take_signal(int signal)
{
	told = signal;
}

static void close_when_told(int listener)
{
	sigset_t mask, before;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, &before);
	signal(SIGUSR1, take_signal);
	say_ready();
	while (!told)
		sigsuspend(&before);
	close(listener);
	prctl(PR_SET_NAME, "closed");
	for (;;)
		pause();
}

static bool has_closed(pid_t server)
{
	struct inspected_processes processes = inspect_processes(inspection, server);
	bool closed = processes.count == 1 && strcmp(processes.all[0].name, "closed") == 0;

	inspected_processes_free(&processes);
	return closed;
}

static uint64_t cookie_of(pid_t server)
{
	struct inspected_listeners listeners = inspect_listeners(inspection, server);
	uint64_t cookie = only_listener(&listeners)->cookie;

	inspected_listeners_free(&listeners);
	return cookie;
}

static void look_closely(struct deferral listener)
{
	struct inspected_listeners listeners =
		inspect_listeners_closely(inspection, listener.server, NULL);

	inspected_listeners_free(&listeners);
}

static void set_deferral(struct deferral listener)
{
	(void)inspect_defer(inspection, listener);
}

static void (*const touches[])(struct deferral listener) = { look_closely, set_deferral };

START_TEST(listener_that_closes_while_it_is_looked_at_refuses_at_once)
{
	pid_t server = start((struct server_plan){ .serve = close_when_told, .backlog = 8 });
	struct deferral listener = { .server = server, .cookie = cookie_of(server), .seconds = 3 };
	int client = connect_to(AF_INET);

	ck_assert_int_ge(client, 0);
	close(client);
	kill(server, SIGUSR1);
	/* Some looks have it, some not. */
	do
		touches[_i](listener);
	while (!has_closed(server));
	ck_assert_int_eq(connect_to(AF_INET), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	end(server);
}
END_TEST

/* ---- accept() as it is called --------------------------------------------------------------- */

/* Serves by accept(), and writes of each call how it ended: a byte, 0 or errno. */
static void accept_and_tell(int listener)
{
	say_ready();
	for (;;) {
		int client = accept(listener, NULL, NULL);
		uint8_t error = client < 0 ? (uint8_t)errno : 0;

		if (write(says, &error, 1) != 1)
			_exit(97);
		if (client >= 0)
			close(client);
	}
}

struct told_server {
	pid_t pid;
	int tells; /* how each accept() ended */
	struct call_watch *watch;
};

static struct told_server start_told(void (*serve)(int listener))
{
	struct told_server server = {
		.watch = call_watch_open((struct call_watch_options){ .accept = true }),
	};
	struct server_plan plan = { .serve = serve, .backlog = 8, .watch = server.watch };

	server.pid = start_keeping(plan, &server.tells);
	ck_assert_ptr_null(call_watch_problem(server.watch));
	return server;
}

static void end_told(struct told_server *server)
{
	end(server->pid);
	close(server->tells);
	call_watch_close(server->watch);
}

static int next_end(const struct told_server *server)
{
	struct pollfd polled = { .fd = server->tells, .events = POLLIN };
	struct deadline deadline = deadline_in(PATIENCE);
	uint8_t error;

	ck_assert_int_eq(deadline_await(&deadline, &polled, 1), 1);
	ck_assert_int_eq(read(server->tells, &error, 1), 1);
	return error;
}

static size_t accepts_seen(const struct told_server *server, struct watched_call *last)
{
	autofree struct watched_call *calls = NULL;
	size_t count = call_watch_calls(server->watch, 0, &calls), accepts = 0;

	for (size_t i = 0; i < count; i++)
		if (calls[i].kind == ACCEPT_CALL) {
			accepts++;
			*last = calls[i];
		}
	return accepts;
}

/* Until @count of them were seen; the last. */
static struct watched_call await_accepts(const struct told_server *server, size_t count)
{
	struct pollfd polled = { .fd = call_watch_event(server->watch), .events = POLLIN };
	struct deadline deadline = deadline_in(PATIENCE);
	struct watched_call last = { 0 };

	while (accepts_seen(server, &last) < count)
		ck_assert_int_eq(deadline_await(&deadline, &polled, 1), 1);
	ck_assert_uint_eq(accepts_seen(server, &last), count);
	return last;
}

START_TEST(accept_that_passes_is_counted)
{
	struct told_server server = start_told(accept_and_tell);
	autoclose int client = -1;
	struct watched_call call;

	call = await_accepts(&server, 1);
	ck_assert_int_eq(call.pid, server.pid);
	ck_assert_int_eq(call.thread, server.pid);
	ck_assert_int_eq(call.error, 0);
	ck_assert_int_eq(call.held_until, 0);
	client = connect_to(AF_INET);
	ck_assert_int_ge(client, 0);
	ck_assert_int_eq(next_end(&server), 0);
	await_accepts(&server, 2);
	end_told(&server);
}
END_TEST

static const int accept_errors[] = { ECONNABORTED, EPROTO, ENOBUFS, ENOMEM, EPERM,
				     ENETDOWN,     EINTR,  EMFILE,  ENFILE };

START_TEST(one_accept_fails_as_it_is_told_and_the_next_one_does_not)
{
	struct told_server server = start_told(accept_and_tell);
	autoclose int first = -1, second = -1;

	await_accepts(&server, 1);
	accept_fail_next(server.watch, accept_errors[_i]);
	first = connect_to(AF_INET); /* for the call that has passed */
	ck_assert_int_eq(next_end(&server), 0);
	ck_assert_int_eq(next_end(&server), accept_errors[_i]);
	second = connect_to(AF_INET);
	ck_assert_int_eq(next_end(&server), 0);
	ck_assert_int_ge(first, 0);
	ck_assert_int_ge(second, 0);
	await_accepts(&server, 4);
	end_told(&server);
}
END_TEST

/* Of this test's sockets none is ready to be read; polls once, so what was to come has had its
 * turn. */
static bool ends_soon(const struct told_server *server)
{
	struct pollfd polled = { .fd = server->tells, .events = POLLIN };

	return await_events(&polled, 1, MSEC(20)) > 0;
}

START_TEST(held_accept_goes_on_when_it_is_released)
{
	struct told_server server = start_told(accept_and_tell);
	autoclose int first = -1, second = -1;
	struct watched_call call;

	await_accepts(&server, 1);
	accept_hold(server.watch);
	first = connect_to(AF_INET);
	ck_assert_int_eq(next_end(&server), 0);
	call = await_accepts(&server, 2);
	second = connect_to(AF_INET);
	ck_assert_uint_eq(accept_held(server.watch), 1);
	ck_assert(!ends_soon(&server));
	ck_assert_int_eq(call.held_until, 0);
	accept_release(server.watch);
	ck_assert_int_eq(next_end(&server), 0);
	ck_assert_uint_eq(accept_held(server.watch), 0);
	ck_assert_int_ge(first, 0);
	ck_assert_int_ge(second, 0);
	end_told(&server);
}
END_TEST

static void do_nothing(int signal)
{
	(void)signal;
}

static void accept_and_tell_with_handler(int listener)
{
	struct sigaction action = { .sa_handler = do_nothing };

	sigaction(SIGUSR1, &action, NULL);
	accept_and_tell(listener);
}

START_TEST(held_accept_sees_no_signal)
{
	struct told_server server = start_told(accept_and_tell_with_handler);
	autoclose int client = -1;

	await_accepts(&server, 1);
	accept_hold(server.watch);
	client = connect_to(AF_INET);
	ck_assert_int_ge(client, 0);
	ck_assert_int_eq(next_end(&server), 0);
	await_accepts(&server, 2);
	kill(server.pid, SIGUSR1);
	if (accept_holds_against_signals(server.watch)) {
		ck_assert(!ends_soon(&server));
		ck_assert_uint_eq(accept_held(server.watch), 1);
		accept_release(server.watch);
	}
	ck_assert_int_eq(next_end(&server), EINTR);
	end_told(&server);
}
END_TEST

START_TEST(held_accept_ends_with_its_process)
{
	struct told_server server = start_told(accept_and_tell);
	autoclose int client = -1;
	autofree struct watched_call *calls = NULL;
	size_t count;

	await_accepts(&server, 1);
	accept_hold(server.watch);
	client = connect_to(AF_INET);
	ck_assert_int_ge(client, 0);
	await_accepts(&server, 2);
	end(server.pid);
	accept_release(server.watch);
	count = call_watch_calls(server.watch, 0, &calls);
	ck_assert(calls[count - 1].gone);
	close(server.tells);
	call_watch_close(server.watch);
}
END_TEST

static void *accept_in_thread(void *listener)
{
	for (;;)
		close(accept(*(int *)listener, NULL, NULL));
	return NULL;
}

static void accept_in_threads(int listener)
{
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, accept_in_thread, &listener);
	say_ready();
	pthread_join(threads[0], NULL);
}

START_TEST(each_thread_is_held)
{
	struct told_server server = start_told(accept_in_threads);
	struct watched_call call = await_accepts(&server, 4);
	struct retry retry = retry_for(PATIENCE);
	int clients[4];

	ck_assert_int_eq(call.pid, server.pid);
	ck_assert_int_ne(call.thread, server.pid);
	accept_hold(server.watch);
	for (size_t i = 0; i < ARRAY_LENGTH(clients); i++)
		clients[i] = connect_to(AF_INET);
	while (accept_held(server.watch) < 4 && retry_now(&retry))
		;
	ck_assert_uint_eq(accept_held(server.watch), 4);
	accept_release(server.watch);
	await_accepts(&server, 8);
	end_told(&server);
}
END_TEST

/* Of a socket that is not of TCP nothing is held. */
static void accept_on_unix_socket(int listener)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0here" };
	int local = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 5;
	uint8_t error;

	(void)listener;
	if (bind(local, (struct sockaddr *)&address, length) || listen(local, 1) ||
	    connect(client, (struct sockaddr *)&address, length))
		_exit(96);
	say_ready();
	error = accept(local, NULL, NULL) < 0 ? (uint8_t)errno : 0;
	close(local);
	close(client);
	if (write(says, &error, 1) != 1)
		_exit(97);
}

START_TEST(accept_of_another_kind_of_socket_passes)
{
	struct call_watch *watch = call_watch_open((struct call_watch_options){ .accept = true });
	struct told_server server = { .watch = watch };

	accept_hold(watch);
	server.pid = start_keeping((struct server_plan){ .serve = accept_on_unix_socket,
							 .backlog = 1,
							 .watch = watch },
				   &server.tells);
	ck_assert_int_eq(next_end(&server), 0);
	ck_assert_uint_eq(accept_held(watch), 0);
	end_told(&server);
}
END_TEST

/* ---- files that are named ------------------------------------------------------------------- */

/* NULL: it was not named. */
static const struct watched_path *named(const struct watched_paths *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++)
		if (strcmp(paths->all[i].path, path) == 0)
			return &paths->all[i];
	return NULL;
}

static void name_files(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/nowhere/socket" };
	char *argv[] = { "true", NULL };
	struct stat about;

	(void)!chdir("/etc");
	(void)!stat("looked-at", &about);
	autoclose int missing = open("/nowhere/opened", O_RDONLY);
	autoclose int file = open("/etc/hostname", O_RDONLY);
	(void)!access("/etc/hostname", R_OK); /* it stays opened */
	autoclose int folder = open("/usr", O_RDONLY | O_DIRECTORY);
	autoclose int within = openat(folder, "in-folder", O_RDONLY);
	autoclose int local = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)!bind(local, (struct sockaddr *)&address, sizeof(address));
	execv("/nowhere/program", argv);
	execv("/bin/true", argv);
	_exit(missing + file + within + 100);
}

START_TEST(files_are_seen_that_are_named)
{
	static const struct {
		const char *path;
		bool opened;
	} all[] = {
		{ "/etc", false },
		{ "/etc/looked-at", false },
		{ "/nowhere/opened", true },
		{ "/etc/hostname", true },
		{ "/usr", true },
		{ "/usr/in-folder", true },
		{ "/nowhere/socket", false },
		{ "/nowhere/program", true },
		{ "/bin/true", true },
	};
	struct call_watch *watch = call_watch_open((struct call_watch_options){ .paths = true });
	struct watched_paths paths;
	int status;

	call_watch_answer(watch);
	pid_t child = fork();
	if (!child) {
		call_watch_install(watch);
		name_files();
	}
	call_watch_begin(watch, child);
	ck_assert_ptr_null(call_watch_problem(watch));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0); /* all goes on as it was meant */
	paths = call_watch_paths(watch);
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		const struct watched_path *path = named(&paths, all[i].path);

		ck_assert_msg(path != NULL, "%s was not named", all[i].path);
		ck_assert_msg(path->opened == all[i].opened, "%s: opened %d", all[i].path,
			      path->opened);
	}
	ck_assert_ptr_null(named(&paths, "/nowhere"));
	watched_paths_free(&paths);
	call_watch_close(watch);
}
END_TEST

/* ---- where calls cannot be seen ------------------------------------------------------------- */

START_TEST(second_filter_that_notifies_cannot_be_had)
{
	struct call_watch *outer = call_watch_open((struct call_watch_options){ 0 });
	struct call_watch *inner = call_watch_open((struct call_watch_options){ 0 });
	pid_t server = fork();
	struct facts facts;

	if (!server) {
		says = open("/dev/null", O_WRONLY);
		call_watch_install(outer);
		call_watch_install(inner);
		wait_in_accept(listen_as(&(struct server_plan){ .backlog = 8 }));
		_exit(0);
	}
	call_watch_begin(outer, server);
	call_watch_begin(inner, server);
	ck_assert_ptr_null(call_watch_problem(outer));
	ck_assert_ptr_nonnull(strstr(call_watch_problem(inner), "another seccomp filter"));
	await_listener(server);
	facts = inspect_facts(inspection,
			      (struct facts_options){ .server = server, .watch = inner });
	ck_assert(!fact_of(&facts, "calls")->known);
	ck_assert(!fact_of(&facts, "backlog asked")->known);
	facts_free(&facts);
	end(server);
	call_watch_close(outer);
	call_watch_close(inner);
}
END_TEST

START_TEST(whoever_has_no_rights_is_watched_without_new_privileges)
{
	struct call_watch *watch = call_watch_open((struct call_watch_options){ 0 });
	pid_t server = fork();
	struct facts facts;

	if (!server) {
		says = open("/dev/null", O_WRONLY);
		drop_rights();
		call_watch_install(watch);
		wait_in_accept(listen_as(&(struct server_plan){ .backlog = 8 }));
		_exit(0);
	}
	call_watch_begin(watch, server);
	ck_assert_ptr_null(call_watch_problem(watch));
	ck_assert(call_watch_took_privileges(watch));
	await_listener(server);
	facts = inspect_facts(inspection,
			      (struct facts_options){ .server = server, .watch = watch });
	ck_assert_int_eq(fact_of(&facts, "backlog asked")->value, 8);
	ck_assert_ptr_nonnull(fact_of(&facts, "calls")->unusual);
	facts_free(&facts);
	end(server);
	call_watch_close(watch);
}
END_TEST

START_TEST(program_that_never_came_to_be_is_told)
{
	struct call_watch *watch = call_watch_open((struct call_watch_options){ 0 });
	pid_t server = fork();

	if (!server)
		_exit(0);
	call_watch_begin(watch, server);
	ck_assert_ptr_nonnull(strstr(call_watch_problem(watch), "ended before"));
	waitpid(server, NULL, 0);
	call_watch_close(watch);
}
END_TEST

/* ---- who holds a listener ------------------------------------------------------------------- */

/* A parent that has listened, and workers that wait. */
static void fork_workers(int listener)
{
	for (int i = 0; i < 3; i++)
		if (!fork())
			wait_in_epoll(listener);
	pause();
}

/* Its holders are as many, and all of the server sleep. */
static struct inspected_listeners await_holders(pid_t server, size_t count)
{
	struct retry retry = retry_for(PATIENCE);
	struct inspected_listeners listeners = { 0 };
	bool here = false;

	do {
		inspected_listeners_free(&listeners);
		await_sleep(server);
		listeners = inspect_listeners_closely(inspection, server, NULL);
		here = listeners.count > 0 && listeners.all[0].holder_count == count;
	} while (!here && retry_now(&retry));
	ck_assert(here);
	return listeners;
}

START_TEST(workers_have_the_listener_from_their_parent)
{
	pid_t server = start((struct server_plan){ .serve = fork_workers, .backlog = 8 });
	struct inspected_listeners listeners = await_holders(server, 4);
	const struct inspected_listener *listener = only_listener(&listeners);
	struct facts facts;

	for (size_t i = 0; i < listener->holder_count; i++) {
		const struct inspected_holder *holder = &listener->holders[i];
		bool worker = holder->pid != server;

		ck_assert_int_eq(holder->inherited_from, worker ? server : 0);
		ck_assert(!holder->other_program);
		ck_assert(!holder->close_on_exec);
		ck_assert_int_eq(holder->waits, worker ? WAITS_EPOLL : WAITS_NOT);
	}
	inspected_listeners_free(&listeners);
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert_int_eq(fact_of(&facts, "holders")->value, 4);
	ck_assert_ptr_null(find_fact(&facts, "leak"));
	/* The parent waits for nobody, but its children do. */
	ck_assert_ptr_null(fact_of(&facts, "waits")->unusual);
	ck_assert_ptr_nonnull(strstr(last_fact(&facts, "waits")->unusual, "wakes 3 processes"));
	facts_free(&facts);
	end_all(server);
}
END_TEST

static void exec_sleep(int listener)
{
	if (!fork()) {
		execlp("sleep", "sleep", "1000", NULL);
		_exit(95);
	}
	wait_in_epoll(listener);
}

static void exec_sleep_without_it(int listener)
{
	fcntl(listener, F_SETFD, FD_CLOEXEC);
	exec_sleep(listener);
}

static bool runs_sleep(pid_t server)
{
	struct inspected_processes processes = inspect_processes(inspection, server);
	bool runs = false;

	for (size_t i = 0; i < processes.count; i++)
		runs |= strcmp(processes.all[i].name, "sleep") == 0;
	inspected_processes_free(&processes);
	return runs;
}

static void await_program(pid_t server)
{
	struct retry retry = retry_for(PATIENCE);

	while (!runs_sleep(server) && retry_now(&retry))
		;
	await_sleep(server);
	ck_assert(runs_sleep(server));
}

START_TEST(listener_that_another_program_inherits_is_a_leak)
{
	pid_t server = start((struct server_plan){ .serve = exec_sleep, .backlog = 8 });
	struct facts facts;

	await_program(server);
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert_int_eq(fact_of(&facts, "holders")->value, 2);
	ck_assert_ptr_nonnull(
		strstr(fact_of(&facts, "leak")->unusual, "a restart will find its port taken"));
	facts_free(&facts);
	end_all(server);
}
END_TEST

START_TEST(listener_that_is_close_on_exec_is_no_leak)
{
	pid_t server = start((struct server_plan){ .serve = exec_sleep_without_it, .backlog = 8 });
	struct facts facts;

	await_program(server);
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert_int_eq(fact_of(&facts, "holders")->value, 1);
	ck_assert_ptr_nonnull(strstr(fact_of(&facts, "holders")->text, "close-on-exec"));
	ck_assert_ptr_null(find_fact(&facts, "leak"));
	facts_free(&facts);
	end_all(server);
}
END_TEST

START_TEST(listener_of_another_is_foreign)
{
	pid_t one = start((struct server_plan){ .serve = wait_in_accept, .backlog = 8 });
	pid_t other = fork();
	struct inspected_listeners listeners;
	struct facts facts;

	if (!other)
		for (;;)
			pause();
	listeners = inspect_listeners(inspection, other);
	ck_assert(only_listener(&listeners)->foreign);
	inspected_listeners_free(&listeners);
	listeners = inspect_listeners(inspection, one);
	ck_assert(!only_listener(&listeners)->foreign);
	inspected_listeners_free(&listeners);
	facts = inspect_facts(inspection, (struct facts_options){ .server = other });
	ck_assert_ptr_null(find_fact(&facts, "listens"));
	facts_free(&facts);
	end(one);
	end(other);
}
END_TEST

static void drop_to_nobody(int listener)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(94);
	wait_in_epoll(listener);
}

START_TEST(worker_that_changed_its_user_is_seen)
{
	pid_t server = start((struct server_plan){ .serve = drop_to_nobody, .backlog = 8 });
	struct inspected_listeners listeners = await_holders(server, 1);

	ck_assert_uint_eq(listeners.all[0].holders[0].user, 65534);
	ck_assert_int_eq(listeners.all[0].holders[0].waits, WAITS_EPOLL);
	ck_assert(listeners.all[0].options.known);
	inspected_listeners_free(&listeners);
	end(server);
}
END_TEST

/* As in a container that lacks CAP_SYS_PTRACE. */
START_TEST(what_may_not_be_seen_is_said_not_to_be)
{
	pid_t server = start((struct server_plan){ .serve = drop_to_nobody, .backlog = 8 });
	struct facts facts;

	inspected_listeners_free((struct inspected_listeners[]){ await_holders(server, 1) });
	drop_rights();
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert(!fact_of(&facts, "unseen")->known);
	ck_assert(!fact_of(&facts, "holders")->known);
	ck_assert(!fact_of(&facts, "options")->known);
	ck_assert(fact_of(&facts, "listens")->known);
	ck_assert(fact_of(&facts, "backlog")->known);
	ck_assert_ptr_null(find_fact(&facts, "waits"));
	facts_free(&facts);
}
END_TEST

/* ---- options -------------------------------------------------------------------------------- */

static bool set(int listener, int level, int name, int value)
{
	return setsockopt(listener, level, name, &value, sizeof(value)) == 0;
}

static bool set_many(int listener)
{
	return set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 3) &&
	       set(listener, IPPROTO_TCP, TCP_FASTOPEN, 16) &&
	       set(listener, IPPROTO_TCP, TCP_NODELAY, 1) &&
	       set(listener, SOL_SOCKET, SO_KEEPALIVE, 1) &&
	       set(listener, IPPROTO_TCP, TCP_KEEPIDLE, 30) &&
	       set(listener, SOL_SOCKET, SO_RCVBUF, 20000) &&
	       set(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, 7000) &&
	       set(listener, IPPROTO_TCP, TCP_SYNCNT, 2) &&
	       set(listener, IPPROTO_TCP, TCP_MAXSEG, 1000) &&
	       set(listener, IPPROTO_IP, IP_TTL, 9) &&
	       setsockopt(listener, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
			  sizeof(struct linger)) == 0;
}

static const struct {
	const char *name;
	int64_t unset, set;
} options[] = {
	{ "defer", 0, 3 },           { "fastopen", 0, 16 },
	{ "nodelay", 0, 1 },         { "keepalive", 0, 1 },
	{ "user timeout", 0, 7000 }, { "syncnt", 6, 2 },
	{ "maxseg", 536, 1000 },     { "ttl", 64, 9 },
	{ "linger", -1, 0 },         { "mptcp", 0, 0 },
	{ "reuseaddr", 1, 1 },       { "blocking", 1, 1 },
	{ "reuseport", 0, 0 },
};

START_TEST(options_are_told)
{
	pid_t server = start((struct server_plan){
		.serve = wait_in_accept, .backlog = 8, .prepare = _i ? set_many : NULL });
	struct facts facts = inspect_facts(inspection, (struct facts_options){ .server = server });

	for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
		const struct fact *fact = fact_of(&facts, options[i].name);

		ck_assert_msg(fact->value == (_i ? options[i].set : options[i].unset), "%s is %ld",
			      fact->name, (long)fact->value);
		if (options[i].set != options[i].unset)
			ck_assert_msg(fact->usual == !_i, "%s", fact->name);
	}
	ck_assert(fact_of(&facts, "receive buffer")->usual == !_i);
	ck_assert(fact_of(&facts, "send buffer")->usual);
	facts_free(&facts);
	end(server);
}
END_TEST

static int64_t deferral_of(pid_t server)
{
	struct facts facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	int64_t seconds = fact_of(&facts, "defer")->value;

	facts_free(&facts);
	return seconds;
}

START_TEST(deferral_is_set_from_outside_and_taken_back)
{
	static const int settings[] = { 3, 0 };
	pid_t server = start((struct server_plan){ .serve = wait_in_accept, .backlog = 8 });
	struct deferral deferral = { .server = server, .cookie = cookie_of(server) };

	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
		deferral.seconds = settings[i];
		ck_assert(inspect_defer(inspection, deferral));
		ck_assert_int_eq(deferral_of(server), settings[i]);
	}
	deferral.cookie++;
	ck_assert(!inspect_defer(inspection, deferral));
	ck_assert_int_eq(errno, ENOENT);
	end(server);
}
END_TEST

static bool share_port(int listener)
{
	return set(listener, SOL_SOCKET, SO_REUSEPORT, 1);
}

/* The second member, of the same process. */
static void join_group(int listener)
{
	int other = listen_as(&(struct server_plan){ .backlog = 3, .prepare = share_port });

	wait_in_accept(listener);
	close(other);
}

START_TEST(group_and_its_members_are_told)
{
	pid_t server = start(
		(struct server_plan){ .serve = join_group, .backlog = 8, .prepare = share_port });
	struct facts facts = inspect_facts(inspection, (struct facts_options){ .server = server });

	ck_assert_int_eq(fact_of(&facts, "reuseport")->value, 2);
	ck_assert_ptr_nonnull(
		strstr(fact_of(&facts, "reuseport")->unusual, "backlogs that differ"));
	facts_free(&facts);
	end(server);
}
END_TEST

static bool only_ipv6(int listener)
{
	return set(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

static const struct {
	struct server_plan plan;
	int families;
	bool unusual;
} places[] = {
	{ { .family = AF_INET }, 4, false },
	{ { .family = AF_INET6 }, 46, false },
	{ { .family = AF_INET6, .prepare = only_ipv6 }, 6, true },
};

START_TEST(families_are_told)
{
	struct server_plan plan = places[_i].plan;
	pid_t server;
	struct facts facts;

	plan.serve = wait_in_accept;
	plan.backlog = 8;
	server = start(plan);
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert_int_eq(fact_of(&facts, "listens")->value, places[_i].families);
	ck_assert(!fact_of(&facts, "listens")->unusual == !places[_i].unusual);
	ck_assert_int_eq(fact_of(&facts, "listens")->port, PORT);
	facts_free(&facts);
	end(server);
}
END_TEST

START_TEST(facts_are_json)
{
	pid_t server = start((struct server_plan){ .serve = wait_in_accept, .backlog = 8 });
	struct facts facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	json_t *json = facts_json(&facts);

	ck_assert_uint_eq(json_array_size(json), facts.count);
	for (size_t i = 0; i < facts.count; i++) {
		const json_t *object = json_array_get(json, i);

		ck_assert_str_eq(member_string(object, "name"), facts.all[i].name);
		ck_assert_str_eq(member_string(object, "text"), facts.all[i].text);
		ck_assert(json_is_null(json_object_get(object, "value")) == !facts.all[i].known);
	}
	json_decref(json);
	facts_free(&facts);
	end(server);
}
END_TEST

/* ---- connections ---------------------------------------------------------------------------- */

static void accept_one_of_two(int listener)
{
	say_ready();
	accept(listener, NULL, NULL);
	pause();
}

START_TEST(whoever_is_accepted_is_no_more_in_the_queue)
{
	int family = _i ? AF_INET : AF_INET6; /* to a socket of both */
	pid_t server = start((struct server_plan){
		.serve = accept_one_of_two, .family = AF_INET6, .backlog = 8 });
	int one = connect_to(family), other = connect_to(family);
	struct inspected_connections connections;
	unsigned owned = 0, queued = 0;

	ck_assert_int_ge(one, 0);
	ck_assert_int_ge(other, 0);
	await_sleep(server);
	connections = inspect_connections(inspection, server, PORT);
	ck_assert_uint_eq(connections.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct inspected_connection *connection = &connections.all[i];

		owned += connection->pid == server;
		queued += connection->inode == 0 && connection->pid == 0;
		ck_assert_int_eq(connection->state, TCP_ESTABLISHED);
		ck_assert_int_eq(connection->there.ss_family, family);
	}
	ck_assert_uint_eq(owned, 1);
	ck_assert_uint_eq(queued, 1);
	inspected_connections_free(&connections);
	end(server);
	close(one);
	close(other);
}
END_TEST

/* ---- processes that come and go ------------------------------------------------------------- */

static void fork_many(int listener)
{
	for (int i = 0; i < 300; i++)
		if (!fork()) {
			prctl(PR_SET_NAME, "one of many");
			wait_in_epoll(listener);
		}
	say_ready();
	pause();
}

START_TEST(hundreds_of_processes_are_seen)
{
	pid_t server = start((struct server_plan){ .serve = fork_many, .backlog = 8 });
	struct retry retry = retry_for(PATIENCE);
	struct inspected_look look;
	struct facts facts;

	do
		look = inspect_look(inspection, server);
	while ((look.processes < 301 || !look.asleep) && retry_now(&retry));
	ck_assert_uint_eq(look.processes, 301);
	ck_assert_uint_eq(look.threads, 301);
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert_int_eq(fact_of(&facts, "holders")->value, 301);
	facts_free(&facts);
	end_all(server);
}
END_TEST

static void fork_without_end(int listener)
{
	say_ready();
	for (;;) {
		if (!fork())
			_exit(0);
		if (!fork())
			_exit(listener);
		waitpid(-1, NULL, 0);
		waitpid(-1, NULL, WNOHANG);
	}
}

START_TEST(processes_that_come_and_go_do_no_harm)
{
	pid_t server = start((struct server_plan){ .serve = fork_without_end, .backlog = 8 });
	struct inspected_look look = { 0 }, before;

	for (int i = 0; i < 200; i++) {
		before = look;
		look = inspect_look(inspection, server);
		ck_assert_uint_ge(look.processes, 1);
		ck_assert_int_ge(look.cpu, before.cpu);
		ck_assert_uint_ge(look.switches, before.switches);
		inspected_listeners_free((struct inspected_listeners[]){
			inspect_listeners_closely(inspection, server, NULL) });
	}
	end_all(server);
}
END_TEST

/* The parent of all that the server abandons, as a sandbox has one. */
static pid_t start_kept(void (*serve)(int listener), pid_t *keeper)
{
	int tells[2];
	pid_t server;

	ck_assert_int_eq(pipe2(tells, O_CLOEXEC), 0);
	*keeper = fork();
	if (!*keeper) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		server = start((struct server_plan){ .serve = serve, .backlog = 8 });
		ck_assert_int_eq(write(tells[1], &server, sizeof(server)), sizeof(server));
		for (;;)
			pause();
	}
	close(tells[1]);
	ck_assert_int_eq(read(tells[0], &server, sizeof(server)), sizeof(server));
	close(tells[0]);
	return server;
}

/* Its parent ends at a signal, and so nobody of the server has ever seen the daemon. */
static void become_daemon(int listener)
{
	sigset_t mask;
	int signal;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	say_ready();
	sigwait(&mask, &signal);
	if (fork())
		_exit(0);
	prctl(PR_SET_NAME, "daemon");
	poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, -1);
}

static pid_t child_of(pid_t parent)
{
	autofree char *path = format("/proc/%d/task/%d/children", parent, parent);
	autofile FILE *file = fopen(path, "re");
	int child = 0;

	ck_assert_ptr_nonnull(file);
	return fscanf(file, "%d", &child) == 1 ? child : 0;
}

/* It was looked at before it became a daemon, or it is named by who knows it. */
START_TEST(daemon_is_its_keepers)
{
	pid_t keeper, server = start_kept(become_daemon, &keeper);
	struct inspected_processes processes = { 0 };
	struct retry retry = retry_for(PATIENCE);

	if (_i)
		ck_assert_uint_eq(inspect_look(inspection, server).processes, 1);
	kill(server, SIGUSR1);
	do {
		inspected_processes_free(&processes);
		if (!_i)
			inspect_adopt(inspection, server, child_of(keeper));
		processes = inspect_processes(inspection, server);
	} while ((processes.count != 1 || strcmp(processes.all[0].name, "daemon") != 0) &&
		 retry_now(&retry));
	ck_assert_uint_eq(processes.count, 1);
	ck_assert_str_eq(processes.all[0].name, "daemon");
	ck_assert_int_eq(processes.all[0].parent, keeper);
	inspected_processes_free(&processes);
	ck_assert(is_listening(server));
	end_all(keeper);
}
END_TEST

static void fork_ten(int listener)
{
	for (int i = 0; i < 9; i++)
		if (!fork())
			wait_in_epoll(listener);
	wait_in_epoll(listener);
}

static nsec own_cpu_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return SEC(1) * time.tv_sec + time.tv_nsec;
}

/* What else runs on this CPU is not in its CPU time, but for interrupts and cold caches. */
START_TEST(look_at_ten_processes_takes_less_than_a_millisecond)
{
	pid_t server = start((struct server_plan){ .serve = fork_ten, .backlog = 8 });
	nsec least = SEC(1), began;

	inspected_listeners_free((struct inspected_listeners[]){ await_holders(server, 10) });
	for (int i = 0; i < 20; i++) {
		began = own_cpu_time();
		ck_assert_uint_eq(inspect_look(inspection, server).processes, 10);
		if (own_cpu_time() - began < least)
			least = own_cpu_time() - began;
	}
	ck_assert_int_lt(least, MSEC(1));
	end_all(server);
}
END_TEST

/* ---- other ways into the kernel ------------------------------------------------------------- */

#ifdef __x86_64__
/* As programs of 32 bits call: seccomp takes the numbers for those of i386. */
static long call_i386(long number, long first, long second)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

#define I386_SOCKETCALL 102
#define I386_LISTEN     363

static void listen_as_i386(int listener)
{
	if (call_i386(I386_LISTEN, listener, 21) < 0)
		_exit(93);
	wait_in_accept(listener);
}

static void listen_by_socketcall(int listener)
{
	uint32_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (words == MAP_FAILED)
		_exit(92);
	words[0] = (uint32_t)listener;
	words[1] = 22;
	if (call_i386(I386_SOCKETCALL, 4, (long)words) < 0)
		_exit(93);
	wait_in_accept(listener);
}

/* A kernel may have no such calls. */
static bool has_i386(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(call_i386(I386_LISTEN, -1, 0) == -EBADF ? 0 : 1);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const struct {
	void (*serve)(int listener);
	int asked;
} compatible[] = { { listen_as_i386, 21 }, { listen_by_socketcall, 22 } };

START_TEST(listen_of_32_bits_is_seen)
{
	struct call_watch *watch = call_watch_open((struct call_watch_options){ 0 });
	struct server_plan plan = { .serve = compatible[_i].serve, .backlog = 8, .watch = watch };
	struct inspected_listeners listeners;
	pid_t server;

	if (!has_i386()) {
		call_watch_close(watch);
		return;
	}
	server = start(plan);
	listeners = inspect_listeners_closely(inspection, server, watch);
	ck_assert_int_eq(only_listener(&listeners)->asked, compatible[_i].asked);
	ck_assert_int_eq(listeners.all[0].limit, compatible[_i].asked);
	inspected_listeners_free(&listeners);
	end(server);
	call_watch_close(watch);
}
END_TEST
#endif

/* One accept() by io_uring, and waits for its end; returns where that cannot be had. */
static void accept_by_uring(int listener)
{
	struct io_uring_params params = { .flags = 0 };
	int uring = (int)syscall(SYS_io_uring_setup, 1, &params);
	struct io_uring_sqe *entries;
	char *ring;

	if (uring < 0)
		_exit(91);
	ring = mmap(NULL, params.sq_off.array + sizeof(uint32_t), PROT_READ | PROT_WRITE,
		    MAP_SHARED, uring, IORING_OFF_SQ_RING);
	entries = mmap(NULL, sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED, uring,
		       IORING_OFF_SQES);
	if (ring == MAP_FAILED || entries == MAP_FAILED)
		_exit(92);
	entries[0] = (struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT, .fd = listener };
	*(uint32_t *)(void *)(ring + params.sq_off.tail) += 1;
	say_ready();
	syscall(SYS_io_uring_enter, uring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}

static bool has_uring(void)
{
	struct io_uring_params params = { .flags = 0 };
	autoclose int uring = (int)syscall(SYS_io_uring_setup, 1, &params);

	return uring >= 0;
}

START_TEST(accept_by_uring_is_seen_to_be_one)
{
	struct inspected_listeners listeners;
	struct facts facts;
	pid_t server;

	if (!has_uring())
		return;
	server = start((struct server_plan){ .serve = accept_by_uring, .backlog = 8 });
	await_sleep(server);
	listeners = inspect_listeners_closely(inspection, server, NULL);
	ck_assert_uint_eq(only_listener(&listeners)->holder_count, 1);
	ck_assert(listeners.all[0].holders[0].uring);
	ck_assert_int_eq(listeners.all[0].holders[0].waits, WAITS_URING);
	inspected_listeners_free(&listeners);
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert_ptr_nonnull(strstr(fact_of(&facts, "waits")->unusual, "cannot be watched"));
	facts_free(&facts);
	end(server);
}
END_TEST

START_TEST(listener_of_mptcp_is_told)
{
	pid_t server;
	struct facts facts;
	autoclose int here = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);

	if (here < 0) /* this kernel has none */
		return;
	server = start((struct server_plan){
		.serve = wait_in_accept, .backlog = 8, .protocol = IPPROTO_MPTCP });
	facts = inspect_facts(inspection, (struct facts_options){ .server = server });
	ck_assert_int_eq(fact_of(&facts, "mptcp")->value, 1);
	ck_assert_int_eq(fact_of(&facts, "holders")->value, 1);
	facts_free(&facts);
	end(server);
}
END_TEST

/* ---- the suite ------------------------------------------------------------------------------ */

static TCase *new_tcase(Suite *suite, const char *name, SFun become)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, become, leave_case);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_processes(TCase *tcase)
{
	tcase_add_test(tcase, whoever_computes_is_not_asleep_and_takes_cpu_time);
	tcase_add_test(tcase, two_looks_at_rest_show_no_switch_between_them);
	tcase_add_test(tcase, hundreds_of_processes_are_seen);
	tcase_add_test(tcase, processes_that_come_and_go_do_no_harm);
	tcase_add_loop_test(tcase, daemon_is_its_keepers, 0, 2);
	tcase_add_test(tcase, look_at_ten_processes_takes_less_than_a_millisecond);
}

static void add_listeners(TCase *tcase)
{
	tcase_add_loop_test(tcase, each_way_of_waiting_is_seen, 0, (int)ARRAY_LENGTH(ways));
	tcase_add_loop_test(tcase, listener_that_closes_while_it_is_looked_at_refuses_at_once, 0,
			    ARRAY_LENGTH(touches));
	tcase_add_test(tcase, workers_have_the_listener_from_their_parent);
	tcase_add_test(tcase, listener_that_another_program_inherits_is_a_leak);
	tcase_add_test(tcase, listener_that_is_close_on_exec_is_no_leak);
	tcase_add_test(tcase, listener_of_another_is_foreign);
	tcase_add_loop_test(tcase, options_are_told, 0, 2);
	tcase_add_test(tcase, deferral_is_set_from_outside_and_taken_back);
	tcase_add_test(tcase, group_and_its_members_are_told);
	tcase_add_loop_test(tcase, families_are_told, 0, (int)ARRAY_LENGTH(places));
	tcase_add_test(tcase, facts_are_json);
	tcase_add_test(tcase, accept_by_uring_is_seen_to_be_one);
	tcase_add_test(tcase, listener_of_mptcp_is_told);
	tcase_add_loop_test(tcase, whoever_is_accepted_is_no_more_in_the_queue, 0, 2);
}

static void add_calls(TCase *tcase)
{
	tcase_add_loop_test(tcase, backlog_is_seen_as_it_was_asked_for, 0,
			    (int)ARRAY_LENGTH(backlogs));
	tcase_add_test(tcase, accept_that_passes_is_counted);
	tcase_add_loop_test(tcase, one_accept_fails_as_it_is_told_and_the_next_one_does_not, 0,
			    (int)ARRAY_LENGTH(accept_errors));
	tcase_add_test(tcase, held_accept_goes_on_when_it_is_released);
	tcase_add_test(tcase, held_accept_sees_no_signal);
	tcase_add_test(tcase, held_accept_ends_with_its_process);
	tcase_add_test(tcase, each_thread_is_held);
	tcase_add_test(tcase, accept_of_another_kind_of_socket_passes);
	tcase_add_test(tcase, files_are_seen_that_are_named);
	tcase_add_test(tcase, second_filter_that_notifies_cannot_be_had);
	tcase_add_test(tcase, whoever_has_no_rights_is_watched_without_new_privileges);
	tcase_add_test(tcase, program_that_never_came_to_be_is_told);
#ifdef __x86_64__
	tcase_add_loop_test(tcase, listen_of_32_bits_is_seen, 0, (int)ARRAY_LENGTH(compatible));
#endif
}

/* An ordinary user has no other user's processes. */
static void add_tests_of_users(Suite *suite)
{
	TCase *tcase = new_tcase(suite, "users", become_case);

	tcase_add_test(tcase, worker_that_changed_its_user_is_seen);
	tcase_add_test(tcase, what_may_not_be_seen_is_said_not_to_be);
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
	add_processes(new_tcase(suite, "processes", become_case));
	add_processes(new_tcase(suite, "processes, rootless", become_rootless_case));
	add_listeners(new_tcase(suite, "listeners", become_case));
	add_listeners(new_tcase(suite, "listeners, rootless", become_rootless_case));
	add_calls(new_tcase(suite, "calls", become_case));
	add_calls(new_tcase(suite, "calls, rootless", become_rootless_case));
	if (!features.user_namespace)
		add_tests_of_users(suite);
	return suite_run(suite);
}
