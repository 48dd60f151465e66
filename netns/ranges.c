/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ranges.c: a user namespace of more than its maker: with the users and groups that /etc/subuid and
 * /etc/subgid give to the caller. Only newuidmap(1) and newgidmap(1), which are setuid, may put
 * them in, and only from outside: a child waits there until the namespace is made.
 */
#include "netns/internal.h"

#include <errno.h>
#include <pwd.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static bool wanted;

void isolate_with_ranges(void)
{
	wanted = true;
}

struct range {
	unsigned first, count;
};

/* subuid(5): "name:first:count", or with the number instead of the name; the first one counts. */
static bool read_range(const char *path, struct range *range)
{
	autofile FILE *file = fopen(path, "re");
	autofree char *number = format("%u", geteuid());
	struct passwd entry, *found = NULL;
	char line[256], name[128], room[4096];

	(void)getpwuid_r(geteuid(), &entry, room, sizeof(room), &found);
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%127[^:]:%u:%u", name, &range->first, &range->count) == 3 &&
		    range->count > 0 &&
		    (strcmp(name, number) == 0 || (found && strcmp(name, found->pw_name) == 0)))
			return true;
	return false;
}

/* The caller as 0, and the range from 1 on. */
static bool run_mapper(const char *program, unsigned own, struct range range)
{
	autofree char *path = program_path(program);
	struct words words = { 0 };
	int status = -1;
	pid_t pid;

	words_add(&words, "%s", program);
	words_add(&words, "%d", getppid());
	words_add(&words, "0");
	words_add(&words, "%u", own);
	words_add(&words, "1");
	words_add(&words, "1");
	words_add(&words, "%u", range.first);
	words_add(&words, "%u", range.count);
	if (path && posix_spawn(&pid, path, NULL, NULL, words.all, environ) == 0)
		waitpid(pid, &status, 0);
	words_free(&words);
	return status == 0;
}

static _Noreturn void be_mapper(int go)
{
	struct range users, groups;
	char word;

	if (!read_range("/etc/subuid", &users) || !read_range("/etc/subgid", &groups) ||
	    read(go, &word, 1) != 1)
		_exit(EXIT_FAILURE);
	_exit(run_mapper("newuidmap", geteuid(), users) &&
			      run_mapper("newgidmap", getegid(), groups)
		      ? EXIT_SUCCESS
		      : EXIT_FAILURE);
}

struct mapper mapper_start(void)
{
	struct mapper mapper = { .pid = -1, .go = -1 };
	int ends[2];

	if (!wanted || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return mapper;
	fflush(NULL);
	mapper.pid = fork();
	if (mapper.pid == 0) {
		close(ends[1]);
		on_ending(NULL, NULL);
		be_mapper(ends[0]);
	}
	close(ends[0]);
	mapper.go = ends[1];
	return mapper;
}

/* A child that has no range to give has ended already. */
bool mapper_map(struct mapper *mapper)
{
	bool began = mapper->pid > 0 && send(mapper->go, "", 1, MSG_NOSIGNAL) == 1;

	return mapper_end(mapper) && began;
}

bool mapper_end(struct mapper *mapper)
{
	int status = -1;

	if (mapper->go >= 0)
		close(mapper->go);
	if (mapper->pid > 0)
		waitpid(mapper->pid, &status, 0);
	return status == 0;
}
