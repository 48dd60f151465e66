/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waits.c: how the threads of a process wait for a listener.
 */
#include "inspect/internal.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/stat.h>

/* ---- what descriptors say -----------------------------------------------------------------------
 */

/* fs/eventpoll.c, ep_show_fdinfo(): "tfd: %8d events: %8x data: %16llx  pos:%lli ino:%lx sdev:%x"
 */
static bool watches(const char *fdinfo, uint64_t inode, uint32_t *events)
{
	const char *line = fdinfo;

	while ((line = strstr(line, "tfd:"))) {
		unsigned seen;
		unsigned long ino;

		if (sscanf(line, "tfd: %*d events: %x data: %*x pos:%*d ino:%lx", &seen, &ino) ==
			    2 &&
		    ino == inode) {
			*events = seen;
			return true;
		}
		line++;
	}
	return false;
}

static bool epoll_watches(pid_t pid, int epoll, uint64_t inode, uint32_t *events)
{
	autofree char *fdinfo = proc_load("%d/fdinfo/%d", pid, epoll);

	return fdinfo && watches(fdinfo, inode, events);
}

/* An epoll in an epoll in ...: no deeper than the kernel takes (EP_MAX_NESTS). */
#define MOST_NESTED 4

/* The one inode of all that have none of their own: epolls, too. */
static uint64_t inode_of(pid_t pid, int descriptor)
{
	autofree char *path = format("/proc/%d/fd/%d", pid, descriptor);
	struct stat file;

	return stat(path, &file) == 0 ? (uint64_t)file.st_ino : 0;
}

/* Whether it, or an epoll that it watches, watches the listener; by the numbers that they had. */
static bool epoll_reaches(pid_t pid, int epoll, uint64_t inode, int depth)
{
	autofree char *fdinfo = proc_load("%d/fdinfo/%d", pid, epoll);
	uint64_t own = inode_of(pid, epoll);
	uint32_t events;

	if (!fdinfo || watches(fdinfo, inode, &events))
		return fdinfo;
	for (const char *line = fdinfo; depth < MOST_NESTED && (line = strstr(line, "tfd:"));
	     line++) {
		unsigned long ino;
		int inner;

		if (sscanf(line, "tfd: %d events: %*x data: %*x pos:%*d ino:%lx", &inner, &ino) ==
			    2 &&
		    ino == own && epoll_reaches(pid, inner, inode, depth + 1))
			return true;
	}
	return false;
}

/* io_uring/fdinfo.c: what waits to be ready is listed as "op=%d"; of which descriptor is not said.
 */
static bool uring_accepts(pid_t pid, int uring)
{
	autofree char *fdinfo = proc_load("%d/fdinfo/%d", pid, uring);
	const char *list = fdinfo ? strstr(fdinfo, "PollList:") : NULL;
	char accept[16];

	snprintf(accept, sizeof(accept), "op=%d,", IORING_OP_ACCEPT);
	return list && strstr(list, accept);
}

static void see_descriptors(const struct inspected_listener *listener,
			    struct inspected_holder *holder)
{
	autofree struct descriptor *all = NULL;
	int error;
	size_t count = descriptors_of(holder->pid, &all, &error);
	uint32_t events = 0;

	for (size_t i = 0; i < count; i++)
		if (all[i].kind == AN_EPOLL &&
		    epoll_watches(holder->pid, all[i].number, listener->inode, &events)) {
			if (!holder->epolls++)
				holder->epoll_events = events;
		} else if (all[i].kind == A_URING && uring_accepts(holder->pid, all[i].number))
			holder->uring = true;
}

/* ---- what a thread does -------------------------------------------------------------------------
 */

/* As /proc/PID/task/TID/syscall has it. */
struct current_call {
	long number;
	uint64_t arguments[6];
};

struct waiter {
	const struct inspected_listener *listener;
	pid_t pid;
	const struct abi *abi;
};

static bool is_listener(const struct waiter *waiter, int descriptor)
{
	return descriptor >= 0 && socket_inode(waiter->pid, descriptor) == waiter->listener->inode;
}

static bool polls(const struct waiter *waiter, const struct current_call *call)
{
	size_t count = call->arguments[1];
	autofree struct pollfd *polled = NULL;

	if (count > UINT16_MAX)
		return false;
	polled = must_alloc(count + 1, sizeof(*polled));
	if (!process_memory(waiter->pid, call->arguments[0], polled, count * sizeof(*polled)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (polled[i].events & POLLIN &&
		    (is_listener(waiter, polled[i].fd) ||
		     epoll_reaches(waiter->pid, polled[i].fd, waiter->listener->inode, 0)))
			return true;
	return false;
}

/* Sets are longs of the program's own width, in the order of bytes that both have. */
static bool selects(const struct waiter *waiter, const struct current_call *call)
{
	size_t count = call->arguments[0], word = abi_word(waiter->abi);
	size_t size = (count + 8 * word - 1) / (8 * word) * word;
	uint8_t set[FD_SETSIZE / 8 * 8] = { 0 };

	if (size > sizeof(set) || !process_memory(waiter->pid, call->arguments[1], set, size))
		return false;
	for (size_t i = 0; i < count; i++)
		if (set[i / 8] >> i % 8 & 1 && is_listener(waiter, (int)i))
			return true;
	return false;
}

static bool accepts_by_socketcall(const struct waiter *waiter, const struct current_call *call)
{
	uint32_t descriptor;

	return (call->arguments[0] == SOCKETCALL_ACCEPT ||
		call->arguments[0] == SOCKETCALL_ACCEPT4) &&
	       process_memory(waiter->pid, call->arguments[1], &descriptor, sizeof(descriptor)) &&
	       is_listener(waiter, (int)descriptor);
}

static bool waits_in_epoll(const struct waiter *waiter, const struct current_call *call)
{
	return epoll_reaches(waiter->pid, (int)call->arguments[0], waiter->listener->inode, 0);
}

/* Not in that which watches the listener itself, but in one that this one is in. */
static bool waits_outside(const struct waiter *waiter, const struct current_call *call)
{
	uint32_t events;

	return !epoll_watches(waiter->pid, (int)call->arguments[0], waiter->listener->inode,
			      &events);
}

static enum wait_kind wait_in(const struct waiter *waiter, enum call kind,
			      const struct current_call *call)
{
	switch (kind) {
	case CALL_EPOLL_WAIT:
		return waits_in_epoll(waiter, call) ? WAITS_EPOLL : WAITS_NOT;
	case CALL_POLL:
		return polls(waiter, call) ? WAITS_POLL : WAITS_NOT;
	case CALL_SELECT:
		return selects(waiter, call) ? WAITS_POLL : WAITS_NOT;
	case CALL_ACCEPT:
	case CALL_ACCEPT4:
		return is_listener(waiter, (int)call->arguments[0]) ? WAITS_ACCEPT : WAITS_NOT;
	case CALL_SOCKETCALL:
		return accepts_by_socketcall(waiter, call) ? WAITS_ACCEPT : WAITS_NOT;
	default:
		return WAITS_NOT;
	}
}

static bool read_call(pid_t pid, pid_t thread, char *text, size_t size)
{
	return proc_read(text, size, "%d/task/%d/syscall", pid, thread) > 0;
}

static void see_thread(const struct waiter *waiter, struct inspected_thread *thread)
{
	struct current_call call = { 0 };
	unsigned long long a[6];
	const char *name;
	char text[256];
	enum call kind;

	thread->waits = WAITS_UNKNOWN;
	if (!read_call(waiter->pid, thread->thread, text, sizeof(text)))
		return;
	if (sscanf(text, "%ld %llx %llx %llx %llx %llx %llx", &call.number, &a[0], &a[1], &a[2],
		   &a[3], &a[4], &a[5]) < 7 ||
	    call.number < 0) {
		thread->waits = WAITS_NOT; /* it runs, or was stopped outside of a call */
		return;
	}
	if (!waiter->abi)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(a); i++)
		call.arguments[i] = a[i];
	kind = abi_call(waiter->abi, call.number, &name);
	if (name)
		snprintf(thread->call, sizeof(thread->call), "%s", name);
	else
		snprintf(thread->call, sizeof(thread->call), "system call %ld", call.number);
	thread->waits = wait_in(waiter, kind, &call);
	thread->outside = thread->waits == WAITS_EPOLL && waits_outside(waiter, &call);
	if (kind == CALL_SOCKETCALL && thread->waits == WAITS_ACCEPT)
		strcpy(thread->call, "accept");
}

/* The one that tells most: that waits for it, or else that could be one that does. */
static enum wait_kind wait_of_all(const struct inspected_holder *holder)
{
	enum wait_kind found = WAITS_NOT;

	for (size_t i = 0; i < holder->thread_count; i++) {
		enum wait_kind waits = holder->threads[i].waits;

		if (found == WAITS_NOT || (found == WAITS_UNKNOWN && waits != WAITS_NOT))
			found = waits;
	}
	return found == WAITS_NOT && holder->uring ? WAITS_URING : found;
}

void see_waits(struct inspected_listener *listener, struct inspected_holder *holder)
{
	struct waiter waiter = { .listener = listener,
				 .pid = holder->pid,
				 .abi = abi_of_process(holder->pid) };

	see_descriptors(listener, holder);
	for (struct proc_numbers n = proc_numbers("%d/task", holder->pid); proc_next(&n);) {
		struct inspected_thread thread = { .thread = n.number };

		see_thread(&waiter, &thread);
		holder->threads = GROWN(holder->threads, holder->thread_count);
		holder->threads[holder->thread_count++] = thread;
		holder->outside |= thread.outside;
	}
	holder->waits = wait_of_all(holder);
}
