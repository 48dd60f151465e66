/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_watch.c: a server's listen() and accept() calls: how they come to be watched, and what is to
 * become of them.
 */
#include "inspect/call_watch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define PATIENCE SEC(5)

/* ---- in the child --------------------------------------------------------------------------- */

/* What goes with the descriptor. */
static void hand_over(int channel, const struct filter_installed *installed)
{
	struct iovec whole = { (void *)installed, sizeof(*installed) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct msghdr message = { .msg_iov = &whole, .msg_iovlen = 1 };

	if (installed->notifications >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						   .cmsg_type = SCM_RIGHTS,
						   .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.header), &installed->notifications, sizeof(int));
	}
	sendmsg(channel, &message, MSG_NOSIGNAL);
}

int call_watch_install(void *argument)
{
	const struct call_watch *watch = argument;
	struct filter_installed installed = seccomp_install(watch->options);

	hand_over(watch->channel[1], &installed);
	if (installed.notifications >= 0)
		close(installed.notifications);
	return 0;
}

int call_watch_channel(const struct call_watch *watch)
{
	return watch->channel[1];
}

/* ---- for the case --------------------------------------------------------------------------- */

struct call_watch *call_watch_open(struct call_watch_options options)
{
	struct call_watch *watch = must_alloc(1, sizeof(*watch));

	watch->options = options;
	watch->filter.notifications = -1;
	watch->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	watch->wake = eventfd(0, EFD_CLOEXEC);
	watch->greeted = eventfd(0, EFD_CLOEXEC);
	if (watch->event < 0 || watch->wake < 0 || watch->greeted < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, watch->channel) < 0)
		broken("cannot watch the calls of a server: %s", shortage_text(errno));
	pthread_mutex_init(&watch->mutex, NULL);
	if (watch->options.accept)
		watch->diag = diag_begin();
	return watch;
}

void call_watch_answer(struct call_watch *watch)
{
	sigset_t all, before;
	int error;

	if (watch->started)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&watch->thread, NULL, answer_calls, watch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		broken("cannot start a thread that watches the calls of a server: %s",
		       shortage_text(error));
	watch->started = true;
}

void call_watch_begin(struct call_watch *watch, pid_t server)
{
	pthread_mutex_lock(&watch->mutex);
	watch->server = server;
	pthread_mutex_unlock(&watch->mutex);
	release_fd(&watch->channel[1]);
	watch->channel[1] = -1;
	call_watch_answer(watch);
}

/* ---- how it went ---------------------------------------------------------------------------- */

/* What the child has said, once it has. */
static struct filter_installed installed(struct call_watch *watch)
{
	struct pollfd polled = { .fd = watch->greeted, .events = POLLIN };
	struct deadline deadline = deadline_in(PATIENCE);
	struct filter_installed filter;

	deadline_await(&deadline, &polled, 1);
	pthread_mutex_lock(&watch->mutex);
	filter = watch->filter;
	if (filter.notifications < 0 && !watch->problem)
		watch->problem =
			format("the program was not started within %g s", seconds(PATIENCE));
	pthread_mutex_unlock(&watch->mutex);
	return filter;
}

const char *call_watch_problem(struct call_watch *watch)
{
	return installed(watch).notifications < 0 ? watch->problem : NULL;
}

bool call_watch_took_privileges(struct call_watch *watch)
{
	return installed(watch).no_new_privileges;
}

bool accept_holds_against_signals(struct call_watch *watch)
{
	return installed(watch).killable;
}

static bool has_users(int notifications)
{
	struct pollfd polled = { .fd = notifications };

	return notifications >= 0 && poll(&polled, 1, 0) >= 0 && !(polled.revents & POLLHUP);
}

void call_watch_close(struct call_watch *watch)
{
	if (!watch)
		return;
	tell_event(watch->wake);
	if (watch->started)
		pthread_join(watch->thread, NULL);
	if (has_users(watch->filter.notifications))
		kill_server(watch->server);
	release_fd(&watch->filter.notifications);
	for (int end = 0; end < 2; end++)
		release_fd(&watch->channel[end]);
	release_fd(&watch->event);
	release_fd(&watch->wake);
	release_fd(&watch->greeted);
	diag_end(watch->diag);
	pthread_mutex_destroy(&watch->mutex);
	paths_forget(&watch->paths);
	free(watch->known);
	free(watch->problem);
	free(watch->calls);
	free(watch->held);
	free(watch);
}

/* ---- what was called ------------------------------------------------------------------------ */

int call_watch_event(const struct call_watch *watch)
{
	return watch->event;
}

size_t call_watch_calls(struct call_watch *watch, size_t from, struct watched_call **calls)
{
	uint64_t told;
	size_t count;

	while (read(watch->event, &told, sizeof(told)) > 0)
		;
	pthread_mutex_lock(&watch->mutex);
	count = watch->call_count > from ? watch->call_count - from : 0;
	*calls = must_alloc(count + 1, sizeof(**calls));
	if (count)
		memcpy(*calls, watch->calls + from, count * sizeof(**calls));
	pthread_mutex_unlock(&watch->mutex);
	return count;
}

/* ---- what becomes of accept() --------------------------------------------------------------- */

void accept_hold(struct call_watch *watch)
{
	pthread_mutex_lock(&watch->mutex);
	watch->holding = true;
	pthread_mutex_unlock(&watch->mutex);
}

void accept_release(struct call_watch *watch)
{
	nsec now = clock_now();

	pthread_mutex_lock(&watch->mutex);
	watch->holding = false;
	for (size_t i = 0; i < watch->held_count; i++) {
		struct watched_call *call = &watch->calls[watch->held[i].index];

		call->held = false;
		call->held_until = now;
		answer_call(watch, watch->held[i]);
	}
	watch->held_count = 0;
	pthread_mutex_unlock(&watch->mutex);
}

void accept_fail_next(struct call_watch *watch, int error)
{
	pthread_mutex_lock(&watch->mutex);
	watch->next_error = error;
	pthread_mutex_unlock(&watch->mutex);
}

size_t accept_held(struct call_watch *watch)
{
	size_t count;

	pthread_mutex_lock(&watch->mutex);
	count = watch->held_count;
	pthread_mutex_unlock(&watch->mutex);
	return count;
}
