/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capacity: how many cases this machine takes at once: CPUs, memory, processes and files, as far as
 * limits and control groups leave some.
 */
#include "runner/play/internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
	JOBS_PER_CPU = 16,
	CASE_KIB = 48 * 1024,    /* memory of one case, its namespaces and sockets included */
	CASE_DESCRIPTORS = 1280, /* of the case that fills a queue of 511 from both ends */
	CASE_PROCESSES = 10,     /* worker, case, the captures' threads, ip and tc, a server */
};

/* ---- control groups ------------------------------------------------------------------------ */

/* Where this process is in a hierarchy; both versions have the same three files. */
struct group {
	const char *controller;          /* "pids" */
	const char *limit[2], *usage[2]; /* files, of version 1 and of version 2 */
	char *folder;
	size_t top;  /* so much of it is where the hierarchy is mounted */
	int version; /* 0: there is none */
};

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += length)
		if ((at == list || at[-1] == ',') && (!at[length] || strchr(",\n ", at[length])))
			return true;
	return false;
}

/* The path of /proc/self/cgroup: "8:pids:/a/b", and "0::/a/b" for version 2. NULL: it has none. */
static char *path_of(const struct group *group, int version)
{
	autofile FILE *file = fopen("/proc/self/cgroup", "re");
	autofree char *line = NULL;
	size_t room = 0;

	while (file && getline(&line, &room, file) > 0) {
		char *list = strchr(line, ':'), *found = list ? strchr(list + 1, ':') : NULL;

		if (!found)
			continue;
		*found++ = '\0';
		if (version == 2 ? strncmp(line, "0:", 2) == 0 && !list[1]
				 : has_word(list + 1, group->controller))
			return format("%.*s", (int)strcspn(found, "\n"), found);
	}
	return NULL;
}

/* A line of /proc/self/mountinfo: what is mounted there, and which part of the hierarchy. */
static bool take_mount(struct group *group, int version, const char *line)
{
	autofree char *root = NULL, *at = NULL, *type = NULL, *options = NULL, *path = NULL;
	const char *behind = strstr(line, " - ");
	size_t length;

	if (!behind || sscanf(line, "%*s %*s %*s %ms %ms", &root, &at) != 2 ||
	    sscanf(behind, " - %ms %*s %ms", &type, &options) != 2)
		return false;
	if (strcmp(type, version == 2 ? "cgroup2" : "cgroup") != 0 ||
	    (version == 1 && !has_word(options, group->controller)))
		return false;
	path = path_of(group, version);
	if (!path)
		return false;
	/* In a container the path is seen from where it is, or as it is outside: as far as it is
	 * seen. */
	length = strcmp(root, "/") == 0 ? 0 : strlen(root);
	group->top = strlen(at);
	group->folder = format("%s%s", at, strncmp(path, root, length) == 0 ? path + length : "");
	group->version = version;
	return true;
}

static void find_group(struct group *group)
{
	for (int version = 1; version <= 2 && !group->version; version++) {
		autofile FILE *file = fopen("/proc/self/mountinfo", "re");
		autofree char *line = NULL;
		size_t room = 0;

		while (file && !group->version && getline(&line, &room, file) > 0)
			take_mount(group, version, line);
	}
}

/* ULONG_MAX: "max", or no such file. */
static unsigned long number_in(const char *folder, const char *name)
{
	autofree char *path = format("%s/%s", folder, name);
	autofile FILE *file = fopen(path, "re");
	unsigned long number;

	return file && fscanf(file, "%lu", &number) == 1 ? number : ULONG_MAX;
}

/* What the tightest of the group and those above it has left; ULONG_MAX: there is no limit. */
static unsigned long group_leaves(struct group group)
{
	unsigned long least = ULONG_MAX;

	find_group(&group);
	if (!group.version)
		return least;
	autofree char *folder = group.folder;

	for (;;) {
		unsigned long limit = number_in(folder, group.limit[group.version - 1]);
		unsigned long used = number_in(folder, group.usage[group.version - 1]);
		char *end = strrchr(folder, '/');

		if (limit != ULONG_MAX && used != ULONG_MAX) {
			unsigned long left = limit > used ? limit - used : 0;

			least = left < least ? left : least;
		}
		if (!end || strlen(folder) <= group.top)
			return least;
		*end = '\0';
	}
}

/* ---- what there is ------------------------------------------------------------------------- */

static unsigned long memory_available_kib(void)
{
	autofile FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	unsigned long kib = ULONG_MAX, left;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "MemAvailable:", strlen("MemAvailable:")) == 0)
			kib = strtoul(line + strlen("MemAvailable:"), NULL, 10);
	left = group_leaves((struct group){
		.controller = "memory",
		.limit = { "memory.limit_in_bytes", "memory.max" },
		.usage = { "memory.usage_in_bytes", "memory.current" },
	});
	return left / 1024 < kib ? left / 1024 : kib;
}

/* Open files that the whole system still has to give. */
static unsigned long files_available(void)
{
	autofile FILE *file = fopen("/proc/sys/fs/file-nr", "re");
	unsigned long used, idle, most;

	if (!file || fscanf(file, "%lu %lu %lu", &used, &idle, &most) != 3)
		return ULONG_MAX;
	return most > used ? most - used + idle : 1;
}

/* Processes and threads of this user: each thread is a folder. */
static unsigned long processes_of_ours(void)
{
	DIR *listing = opendir("/proc");
	unsigned long count = 0;

	for (const struct dirent *each; listing && (each = readdir(listing));) {
		autofree char *path = format("/proc/%s/task", each->d_name);
		struct stat about;

		if (each->d_name[0] >= '0' && each->d_name[0] <= '9' && stat(path, &about) == 0 &&
		    about.st_uid == getuid())
			count += about.st_nlink - 2;
	}
	if (listing)
		closedir(listing);
	return count;
}

/* RLIMIT_NPROC does not count for root. */
static unsigned long processes_available(void)
{
	unsigned long left = group_leaves((struct group){
		.controller = "pids",
		.limit = { "pids.max", "pids.max" },
		.usage = { "pids.current", "pids.current" },
	});
	struct rlimit limit;

	if (getuid() != 0 && getrlimit(RLIMIT_NPROC, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY) {
		unsigned long ours = processes_of_ours(), most = (unsigned long)limit.rlim_cur;
		unsigned long own = most > ours ? most - ours : 0;

		left = own < left ? own : left;
	}
	return left;
}

/* ---- how many at once ---------------------------------------------------------------------- */

static void limit_jobs(struct run *run, unsigned long limit, const char *reason)
{
	if (limit >= run->jobs)
		return;
	run->jobs = limit ? (unsigned)limit : 1;
	run->jobs_reason = reason;
}

void choose_jobs(struct run *run)
{
	cpu_set_t allowed;

	run->cpus = sched_getaffinity(0, sizeof(allowed), &allowed) == 0
			    ? (unsigned)CPU_COUNT(&allowed)
			    : 1;
	run->jobs_reason = "";
	if (run->options->pause) {
		run->jobs = 1;
		run->jobs_reason = " (--pause)";
	} else if (run->options->jobs) {
		run->jobs = run->options->jobs;
	} else {
		run->jobs = JOBS_PER_CPU * run->cpus;
		limit_jobs(run, memory_available_kib() / CASE_KIB, " (fewer: memory is short)");
		limit_jobs(run, files_available() / CASE_DESCRIPTORS,
			   " (fewer: the system's open files are short)");
		limit_jobs(run, processes_available() / CASE_PROCESSES,
			   " (fewer: processes are limited here)");
	}
	if (run->jobs > run->host.count)
		run->jobs = (unsigned)run->host.count;
}
