/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_thread.c: the thread that is told of each listen() and accept() before it goes on.
 */
#include "inspect/call_watch.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

/* ---- the descriptor that tells of calls ----------------------------------------------------- */

static bool take_over(int channel, struct filter_installed *filter)
{
	struct iovec whole = { filter, sizeof(*filter) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &whole,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header;

	if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(*filter))
		return false;
	filter->notifications = -1; /* it was the number there */
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&filter->notifications, CMSG_DATA(header), sizeof(int));
	return true;
}

/* Waits for the child. */
static bool greet(struct call_watch *watch)
{
	struct pollfd polled[] = { { .fd = watch->channel[0], .events = POLLIN },
				   { .fd = watch->wake, .events = POLLIN } };
	struct filter_installed filter = { .notifications = -1 };
	bool came;

	poll(polled, ARRAY_LENGTH(polled), -1);
	came = polled[0].revents && take_over(watch->channel[0], &filter);
	pthread_mutex_lock(&watch->mutex);
	watch->filter = filter;
	if (!came)
		watch->problem = format("the program ended before it was started");
	else if (filter.notifications < 0)
		watch->problem = seccomp_problem(filter.error ? filter.error : EMFILE);
	pthread_mutex_unlock(&watch->mutex);
	tell_event(watch->greeted);
	return filter.notifications >= 0;
}

/* ---- what was called ------------------------------------------------------------------------ */

static pid_t process_of(pid_t thread)
{
	char status[4096];

	if (proc_read(status, sizeof(status), "%d/status", thread) <= 0)
		return thread;
	return (pid_t)proc_number(status, "Tgid");
}

/* Into those of listen() and accept() alike, of whatever kind of program. */
static struct watched_call call_from(const struct seccomp_notif *notice)
{
	struct watched_call call = { .kind = ACCEPT_CALL,
				     .pid = process_of((pid_t)notice->pid),
				     .thread = (pid_t)notice->pid,
				     .when = clock_now() };
	const struct abi *abi = abi_of_arch(notice->data.arch);
	uint64_t arguments[2] = { notice->data.args[0], notice->data.args[1] };
	const char *name;
	enum call called = abi ? abi_call(abi, notice->data.nr, &name) : CALL_OTHER;

	if (called == CALL_SOCKETCALL) {
		uint32_t words[2] = { 0 };

		called = arguments[0] == SOCKETCALL_LISTEN ? CALL_LISTEN : CALL_ACCEPT;
		process_memory(call.thread, arguments[1], words, sizeof(words));
		arguments[0] = words[0];
		arguments[1] = words[1];
	}
	if (called == CALL_LISTEN) {
		call.kind = LISTEN_CALL;
		call.backlog = (int)arguments[1];
	}
	call.descriptor = (int)arguments[0];
	call.inode = socket_inode(call.thread, call.descriptor);
	return call;
}

/* ---- which accept() is of a listener of TCP ------------------------------------------------- */

static bool is_known(const struct call_watch *watch, uint64_t inode)
{
	for (size_t i = 0; i < watch->known_count; i++)
		if (watch->known[i] == inode)
			return true;
	return false;
}

static bool listens(struct call_watch *watch, uint64_t inode)
{
	autofree struct inspected_socket *found = NULL;
	size_t count;

	if (is_known(watch, inode))
		return true;
	if (!diag_list(watch->diag, (struct inspected_question){ .states = 1u << TCP_LISTEN },
		       &found, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		if (found[i].inode == inode) {
			watch->known = GROWN(watch->known, watch->known_count);
			watch->known[watch->known_count++] = inode;
			return true;
		}
	return false;
}

/* ---- answers -------------------------------------------------------------------------------- */

static size_t record(struct call_watch *watch, const struct watched_call *call)
{
	watch->calls = GROWN(watch->calls, watch->call_count);
	watch->calls[watch->call_count] = *call;
	return watch->call_count++;
}

void tell_event(int event)
{
	uint64_t one = 1;

	while (write(event, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void answer_call(struct call_watch *watch, struct held_call held)
{
	struct watched_call *call = &watch->calls[held.index];

	call->gone = !seccomp_answer(watch->filter.notifications,
				     (struct seccomp_verdict){ held.id, call->error });
}

/* What becomes of a call, which the policy may hold. */
static void decide(struct call_watch *watch, uint64_t id, struct watched_call *call)
{
	bool accepts = call->kind == ACCEPT_CALL && !call->gone;
	struct held_call held = { .id = id };

	if (accepts && watch->next_error) {
		call->error = watch->next_error;
		watch->next_error = 0;
	}
	call->held = accepts && watch->holding;
	held.index = record(watch, call);
	if (call->held) {
		watch->held = GROWN(watch->held, watch->held_count);
		watch->held[watch->held_count++] = held;
	} else
		answer_call(watch, held);
}

/* False: it names none. */
static bool take_path(struct call_watch *watch, const struct seccomp_notif *notice)
{
	struct watched_path named = { 0 };

	if (!watch->options.paths || !path_of_call(notice, &named))
		return false;
	/* Where it waits no longer, what was read may be another's. */
	if (named.path && !seccomp_waits(watch->filter.notifications, notice->id)) {
		free(named.path);
		named.path = NULL;
	}
	pthread_mutex_lock(&watch->mutex);
	if (named.path)
		paths_take(&watch->paths, named);
	pthread_mutex_unlock(&watch->mutex);
	seccomp_answer(watch->filter.notifications, (struct seccomp_verdict){ .id = notice->id });
	return true;
}

static void take_call(struct call_watch *watch, const struct seccomp_notif *notice)
{
	if (take_path(watch, notice))
		return;

	struct watched_call call = call_from(notice);

	/* Where it waits no longer, what was read may be another's. */
	call.gone = !seccomp_waits(watch->filter.notifications, notice->id);
	if (call.kind == ACCEPT_CALL && !listens(watch, call.inode)) {
		seccomp_answer(watch->filter.notifications,
			       (struct seccomp_verdict){ .id = notice->id });
		return;
	}
	pthread_mutex_lock(&watch->mutex);
	decide(watch, notice->id, &call);
	pthread_mutex_unlock(&watch->mutex);
	tell_event(watch->event);
}

enum turn { GO_ON, NOBODY_LEFT, CANNOT_GO_ON };

static enum turn turn(struct call_watch *watch)
{
	struct pollfd polled[] = { { .fd = watch->filter.notifications, .events = POLLIN },
				   { .fd = watch->wake, .events = POLLIN } };
	struct seccomp_notif notice;

	if (poll(polled, ARRAY_LENGTH(polled), -1) < 0)
		return errno == EINTR ? GO_ON : CANNOT_GO_ON;
	if (polled[1].revents || polled[0].revents & POLLHUP)
		return NOBODY_LEFT;
	if (seccomp_next(watch->filter.notifications, &notice))
		take_call(watch, &notice);
	else if (errno != ENOENT && errno != EINTR)
		return CANNOT_GO_ON;
	return GO_ON;
}

/* Of the case's threads only one is bound to a CPU: that whose traffic is watched. */
static void use_all_cpus(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

void *answer_calls(void *argument)
{
	struct call_watch *watch = argument;
	enum turn now = GO_ON;

	use_all_cpus();
	if (!greet(watch))
		return NULL;
	while (now == GO_ON)
		now = turn(watch);
	/* Its calls would fail with ENOSYS from now on, and there are servers that try without end.
	 */
	if (now == CANNOT_GO_ON)
		kill_server(watch->server);
	return NULL;
}
