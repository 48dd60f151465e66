/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * processes.c: who descends from whom, as /proc has it.
 */
#include "sandbox/internal.h"

#include <dirent.h>
#include <string.h>

struct list {
	pid_t *pids;
	size_t count;
};

static void add(struct list *list, pid_t pid)
{
	list->pids = GROWN(list->pids, list->count);
	list->pids[list->count++] = pid;
}

/* A zombie lives on as long as it has other threads than its first one. */
static bool is_alive(pid_t pid)
{
	autofree char *path = format("/proc/%d/stat", pid);
	autofile FILE *file = fopen(path, "re");
	char line[512], state;
	const char *name_end;
	long threads;

	if (!file || !fgets(line, sizeof(line), file))
		return false;
	name_end = strrchr(line, ')'); /* which the name may have in it, too */
	return name_end &&
	       sscanf(name_end,
		      ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld",
		      &state, &threads) == 2 &&
	       ((state != 'Z' && state != 'X') || threads > 1);
}

/* A thread's children are listed with the thread that has started them. */
static void add_children_of_thread(struct list *list, pid_t pid, const char *thread)
{
	autofree char *path = format("/proc/%d/task/%s/children", pid, thread);
	autofile FILE *file = fopen(path, "re");
	int child;

	while (file && fscanf(file, "%d", &child) == 1)
		if (is_alive(child))
			add(list, child);
}

static void add_children(struct list *list, pid_t pid)
{
	autofree char *path = format("/proc/%d/task", pid);
	DIR *threads = opendir(path);

	for (const struct dirent *each; threads && (each = readdir(threads));)
		if (each->d_name[0] != '.')
			add_children_of_thread(list, pid, each->d_name);
	if (threads)
		closedir(threads);
}

size_t descendants(pid_t ancestor, pid_t **pids)
{
	struct list list = { 0 };

	add_children(&list, ancestor);
	for (size_t i = 0; i < list.count; i++)
		add_children(&list, list.pids[i]);
	if (pids)
		*pids = list.pids;
	else
		free(list.pids);
	return list.count;
}
