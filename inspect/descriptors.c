/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptors.c: what of a process's descriptors matters to a listener.
 */
#include "inspect/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static bool is_of_interest(struct descriptor *descriptor, const char *target)
{
	unsigned long long inode;

	if (sscanf(target, "socket:[%llu]", &inode) == 1) {
		descriptor->kind = A_SOCKET;
		descriptor->inode = inode;
		return true;
	}
	descriptor->kind = strcmp(target, "anon_inode:[eventpoll]") == 0 ? AN_EPOLL : A_URING;
	return descriptor->kind == AN_EPOLL || strcmp(target, "anon_inode:[io_uring]") == 0;
}

/* What the link /proc/PID/fd/NUMBER says. False with errno: "". */
static bool target_of(char *room, size_t size, pid_t pid, int number)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, number);
	length = readlink(path, room, size - 1);
	room[length < 0 ? 0 : length] = '\0';
	return length >= 0;
}

static int by_number(const void *left, const void *right)
{
	const struct descriptor *a = left, *b = right;

	return a->number < b->number ? -1 : a->number > b->number;
}

size_t descriptors_of(pid_t pid, struct descriptor **all, int *error)
{
	struct proc_numbers n = proc_numbers("%d/fd", pid);
	size_t count = 0;
	char target[64];

	*all = NULL;
	*error = n.error;
	while (proc_next(&n)) {
		struct descriptor descriptor = { .number = n.number };

		/* A folder that can be read may have links that cannot. */
		if (!target_of(target, sizeof(target), pid, n.number) && errno == EACCES)
			*error = errno;
		if (!is_of_interest(&descriptor, target))
			continue;
		*all = GROWN(*all, count);
		(*all)[count++] = descriptor;
	}
	if (count)
		qsort(*all, count, sizeof(**all), by_number);
	return count;
}

uint64_t socket_inode(pid_t pid, int descriptor)
{
	struct descriptor seen = { 0 };
	char target[64];

	target_of(target, sizeof(target), pid, descriptor);
	return is_of_interest(&seen, target) && seen.kind == A_SOCKET ? seen.inode : 0;
}

bool descriptor_has(pid_t pid, int number, int flags)
{
	char text[1024];
	const char *found;

	if (proc_read(text, sizeof(text), "%d/fdinfo/%d", pid, number) < 0)
		return false;
	found = strstr(text, "flags:\t");
	return found && (strtol(found + strlen("flags:\t"), NULL, 8) & flags);
}

static bool program_of(pid_t pid, struct stat *program)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return stat(path, program) == 0;
}

bool same_program(pid_t pid, pid_t other)
{
	struct stat one, two;

	return !program_of(pid, &one) || !program_of(other, &two) ||
	       (one.st_dev == two.st_dev && one.st_ino == two.st_ino);
}
