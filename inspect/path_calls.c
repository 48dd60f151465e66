/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path_calls.c: system calls that name a file, and which file that is.
 */
#include "inspect/path_calls.h"

#include "inspect/call_watch.h"

#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <string.h>
#include <sys/un.h>

/* ---- the calls ------------------------------------------------------------------------------ */

#define NO_FOLDER (-1)

/* Which argument is what, from 0. */
struct path_call {
	int numbers[ABIS]; /* where from: see syscalls.c */
	int path;          /* the path, or a socket's address */
	int folder;        /* the descriptor of where a relative one begins, or NO_FOLDER */
	enum { LOOKS, OPENS, IS_ADDRESS } does;
};

static const struct path_call calls[] = {
	{ { 2, 5, 0, 5 }, 0, NO_FOLDER, OPENS },             /* open */
	{ { 85, 8, 0, 8 }, 0, NO_FOLDER, OPENS },            /* creat */
	{ { 59, 11, 221, 11 }, 0, NO_FOLDER, OPENS },        /* execve */
	{ { 322, 358, 281, 387 }, 1, 0, OPENS },             /* execveat */
	{ { 257, 295, 56, 322 }, 1, 0, OPENS },              /* openat */
	{ { 437, 437, 437, 437 }, 1, 0, OPENS },             /* openat2 */
	{ { 4, 106, 0, 106 }, 0, NO_FOLDER, LOOKS },         /* stat */
	{ { 0, 195, 0, 195 }, 0, NO_FOLDER, LOOKS },         /* stat64 */
	{ { 6, 107, 0, 107 }, 0, NO_FOLDER, LOOKS },         /* lstat */
	{ { 0, 196, 0, 196 }, 0, NO_FOLDER, LOOKS },         /* lstat64 */
	{ { 262, 300, 79, 327 }, 1, 0, LOOKS },              /* newfstatat, fstatat64 */
	{ { 332, 383, 291, 397 }, 1, 0, LOOKS },             /* statx */
	{ { 137, 99, 43, 99 }, 0, NO_FOLDER, LOOKS },        /* statfs */
	{ { 0, 268, 0, 266 }, 0, NO_FOLDER, LOOKS },         /* statfs64 */
	{ { 21, 33, 0, 33 }, 0, NO_FOLDER, LOOKS },          /* access */
	{ { 269, 307, 48, 334 }, 1, 0, LOOKS },              /* faccessat */
	{ { 439, 439, 439, 439 }, 1, 0, LOOKS },             /* faccessat2 */
	{ { 89, 85, 0, 85 }, 0, NO_FOLDER, LOOKS },          /* readlink */
	{ { 267, 305, 78, 332 }, 1, 0, LOOKS },              /* readlinkat */
	{ { 80, 12, 49, 12 }, 0, NO_FOLDER, LOOKS },         /* chdir */
	{ { 161, 61, 51, 61 }, 0, NO_FOLDER, LOOKS },        /* chroot */
	{ { 254, 292, 27, 317 }, 1, NO_FOLDER, LOOKS },      /* inotify_add_watch */
	{ { 83, 39, 0, 39 }, 0, NO_FOLDER, LOOKS },          /* mkdir */
	{ { 258, 296, 34, 323 }, 1, 0, LOOKS },              /* mkdirat */
	{ { 84, 40, 0, 40 }, 0, NO_FOLDER, LOOKS },          /* rmdir */
	{ { 87, 10, 0, 10 }, 0, NO_FOLDER, LOOKS },          /* unlink */
	{ { 263, 301, 35, 328 }, 1, 0, LOOKS },              /* unlinkat */
	{ { 82, 38, 0, 38 }, 1, NO_FOLDER, LOOKS },          /* rename: where to */
	{ { 264, 302, 0, 329 }, 3, 2, LOOKS },               /* renameat */
	{ { 316, 353, 276, 382 }, 3, 2, LOOKS },             /* renameat2 */
	{ { 86, 9, 0, 9 }, 1, NO_FOLDER, LOOKS },            /* link */
	{ { 265, 303, 37, 330 }, 3, 2, LOOKS },              /* linkat */
	{ { 88, 83, 0, 83 }, 1, NO_FOLDER, LOOKS },          /* symlink */
	{ { 266, 304, 36, 331 }, 2, 1, LOOKS },              /* symlinkat */
	{ { 133, 14, 0, 14 }, 0, NO_FOLDER, LOOKS },         /* mknod */
	{ { 259, 297, 33, 324 }, 1, 0, LOOKS },              /* mknodat */
	{ { 90, 15, 0, 15 }, 0, NO_FOLDER, LOOKS },          /* chmod */
	{ { 268, 306, 53, 333 }, 1, 0, LOOKS },              /* fchmodat */
	{ { 92, 212, 0, 212 }, 0, NO_FOLDER, LOOKS },        /* chown, chown32 */
	{ { 260, 298, 54, 325 }, 1, 0, LOOKS },              /* fchownat */
	{ { 76, 92, 45, 92 }, 0, NO_FOLDER, OPENS },         /* truncate */
	{ { 49, 361, 200, 282 }, 1, NO_FOLDER, IS_ADDRESS }, /* bind */
	{ { 42, 362, 203, 283 }, 1, NO_FOLDER, IS_ADDRESS }, /* connect */
};

size_t path_call_count(void)
{
	return ARRAY_LENGTH(calls);
}

int path_call_number(size_t index, const struct abi *abi)
{
	int number = calls[index].numbers[abi_index(abi)];

	return number ? number : NOT_KNOWN;
}

static const struct path_call *call_of(const struct seccomp_notif *notice)
{
	const struct abi *abi = abi_of_arch(notice->data.arch);

	for (size_t i = 0; abi && i < ARRAY_LENGTH(calls); i++)
		if (path_call_number(i, abi) == (notice->data.nr & ~X32_BIT))
			return &calls[i];
	return NULL;
}

/* ---- what is in the memory of who calls ------------------------------------------------------ */

#define PAGE 4096

/* Up to its zero, page by page, as the next one may not be there. False: it is none. */
static bool read_text(pid_t thread, uint64_t address, char room[PATH_MAX])
{
	for (size_t got = 0; got < PATH_MAX;) {
		size_t part = PAGE - (address + got) % PAGE;

		part = part < PATH_MAX - got ? part : PATH_MAX - got;
		if (!process_memory(thread, address + got, room + got, part))
			return false;
		if (memchr(room + got, '\0', part))
			return true;
		got += part;
	}
	return false;
}

/* Of a socket of AF_UNIX that has a name in a file system. */
static bool read_address(pid_t thread, const struct seccomp_notif *notice, char room[PATH_MAX])
{
	struct sockaddr_un address = { 0 };
	size_t length = notice->data.args[2];

	length = length < sizeof(address) ? length : sizeof(address);
	if (length <= offsetof(struct sockaddr_un, sun_path) ||
	    !process_memory(thread, notice->data.args[1], &address, length) ||
	    address.sun_family != AF_UNIX)
		return false;
	snprintf(room, PATH_MAX, "%.*s", (int)sizeof(address.sun_path), address.sun_path);
	return true;
}

/* ---- where it is ----------------------------------------------------------------------------- */

/* What a link of /proc leads to; false where nobody may see it, or it is no folder's. */
static bool read_link(char room[PATH_MAX], const char *link)
{
	ssize_t length = readlink(link, room, PATH_MAX - 1);

	room[length > 0 ? length : 0] = '\0';
	return room[0] == '/';
}

/* One that is relative begins at @folder, a descriptor or AT_FDCWD. */
static char *absolute(pid_t thread, int folder, const char *path)
{
	autofree char *link = *path == '/'         ? format("/proc/%d/root", thread)
			      : folder == AT_FDCWD ? format("/proc/%d/cwd", thread)
						   : format("/proc/%d/fd/%d", thread, folder);
	char begin[PATH_MAX];

	if (!read_link(begin, link))
		return NULL;
	if (strcmp(begin, "/") == 0)
		begin[0] = '\0';
	return format("%s%s%s", begin, *path == '/' ? "" : "/", path);
}

bool path_of_call(const struct seccomp_notif *notice, struct watched_path *named)
{
	const struct path_call *call = call_of(notice);
	pid_t thread = (pid_t)notice->pid;
	char path[PATH_MAX];
	bool read;

	if (!call)
		return false;
	read = call->does == IS_ADDRESS ? read_address(thread, notice, path)
					: read_text(thread, notice->data.args[call->path], path);
	named->opened = call->does == OPENS;
	named->path = NULL;
	if (read && path[0])
		named->path = absolute(
			thread,
			call->folder == NO_FOLDER ? AT_FDCWD : (int)notice->data.args[call->folder],
			path);
	return true;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int by_path(const void *one, const void *other)
{
	return strcmp(((const struct watched_path *)one)->path,
		      ((const struct watched_path *)other)->path);
}

void paths_take(void **paths, struct watched_path named)
{
	struct watched_path *kept = must_alloc(1, sizeof(*kept));
	struct watched_path **found;

	*kept = named;
	found = tsearch(kept, paths, by_path);
	if (!found)
		out_of_memory(1, sizeof(*kept));
	if (*found == kept)
		return;
	(*found)->opened |= named.opened;
	free(named.path);
	free(kept);
}

static void forget(void *node)
{
	struct watched_path *path = node;

	free(path->path);
	free(path);
}

void paths_forget(void **paths)
{
	tdestroy(*paths, forget);
	*paths = NULL;
}

static void list(const void *node, VISIT visit, void *context)
{
	const struct watched_path *path = *(struct watched_path *const *)node;
	struct watched_paths *paths = context;

	if (visit != postorder && visit != leaf)
		return;
	paths->all = GROWN(paths->all, paths->count);
	paths->all[paths->count++] =
		(struct watched_path){ .path = format("%s", path->path), .opened = path->opened };
}

struct watched_paths call_watch_paths(struct call_watch *watch)
{
	struct watched_paths paths = { 0 };

	pthread_mutex_lock(&watch->mutex);
	twalk_r(watch->paths, list, &paths);
	pthread_mutex_unlock(&watch->mutex);
	return paths;
}

void watched_paths_free(struct watched_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->all[i].path);
	free(paths->all);
	*paths = (struct watched_paths){ 0 };
}
