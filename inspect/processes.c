/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * processes.c: which processes a server has, and what each has done so far.
 */
#include "inspect/internal.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* ---- what is remembered of those that were seen -----------------------------------------------
 */

struct remembered {
	pid_t pid;
	nsec cpu;
	uint64_t switches;
};

/* Of one server. */
struct memory {
	pid_t server;
	pid_t keeper; /* the parent of it, and of whom its processes abandon; 0: not known */
	struct remembered *all;
	size_t count;
	nsec cpu_of_gone;
	uint64_t switches_of_gone; /* of threads, too */
	struct memory *next;
};

void memories_free(struct memory *memories)
{
	while (memories) {
		struct memory *next = memories->next;

		free(memories->all);
		free(memories);
		memories = next;
	}
}

static struct memory *memory_of(struct inspection *inspection, pid_t server)
{
	struct memory *memory = inspection->memories;

	while (memory && memory->server != server)
		memory = memory->next;
	if (memory)
		return memory;
	memory = must_alloc(1, sizeof(*memory));
	memory->server = server;
	memory->next = inspection->memories;
	inspection->memories = memory;
	return memory;
}

static bool is_remembered(const struct memory *memory, pid_t pid)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->all[i].pid == pid)
			return true;
	return false;
}

static const struct inspected_process *process_of(const struct inspected_processes *processes,
						  pid_t pid)
{
	for (size_t i = 0; i < processes->count; i++)
		if (processes->all[i].pid == pid)
			return &processes->all[i];
	return NULL;
}

/* What each had done when it was seen last counts on, where it has ended or a thread of it has. */
static void remember(struct memory *memory, const struct inspected_processes *processes)
{
	for (size_t i = 0; i < memory->count; i++) {
		const struct remembered *then = &memory->all[i];
		const struct inspected_process *now = process_of(processes, then->pid);

		if (!now || now->cpu < then->cpu)
			memory->cpu_of_gone += then->cpu;
		if (!now || now->switches < then->switches)
			memory->switches_of_gone += then->switches - (now ? now->switches : 0);
	}
	memory->all = must_realloc(memory->all, processes->count + 1, sizeof(*memory->all));
	memory->count = processes->count;
	for (size_t i = 0; i < processes->count; i++)
		memory->all[i] = (struct remembered){ .pid = processes->all[i].pid,
						      .cpu = processes->all[i].cpu,
						      .switches = processes->all[i].switches };
}

/* ---- one process --------------------------------------------------------------------------------
 */

#define STATUS_ROOM 4096

/* What a thread's status adds to its process. */
static void add_thread(struct inspected_process *process, const char *status)
{
	long voluntary = proc_number(status, "voluntary_ctxt_switches");
	long involuntary = proc_number(status, "nonvoluntary_ctxt_switches");
	char state = proc_letter(status, "State");

	if (voluntary > 0)
		process->switches += (uint64_t)voluntary;
	if (involuntary > 0)
		process->switches += (uint64_t)involuntary;
	if (state == 'Z' || state == 'X')
		return;
	process->threads++;
	process->asleep &= state == 'S';
	process->stopped &= state == 'T';
}

static void add_threads(struct inspected_process *process)
{
	char status[STATUS_ROOM];

	for (struct proc_numbers n = proc_numbers("%d/task", process->pid); proc_next(&n);)
		if (proc_read(status, sizeof(status), "%d/task/%d/status", process->pid, n.number) >
		    0)
			add_thread(process, status);
}

/* Of the whole process, its threads that have ended included: no file has that in nanoseconds. */
static nsec cpu_time(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
		return 0;
	return SEC(1) * time.tv_sec + time.tv_nsec;
}

/* Since Linux 6.2 the folder's size is their number. */
static long descriptors_in_use(pid_t pid)
{
	char path[64];
	struct stat folder;
	struct proc_numbers numbers;
	long count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if (stat(path, &folder) == 0 && folder.st_size > 0)
		return folder.st_size;
	numbers = proc_numbers("%d/fd", pid);
	if (numbers.error)
		return NOT_KNOWN;
	while (proc_next(&numbers))
		count++;
	return count;
}

static long descriptor_limit(pid_t pid)
{
	static const char row[] = "Max open files";
	struct rlimit limit;
	char limits[STATUS_ROOM];
	const char *found;

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0)
		return limit.rlim_cur > LONG_MAX ? LONG_MAX : (long)limit.rlim_cur;
	/* Of another user's process it is refused; the file is not. */
	if (proc_read(limits, sizeof(limits), "%d/limits", pid) < 0)
		return NOT_KNOWN;
	found = strstr(limits, row);
	return found ? strtol(found + strlen(row), NULL, 10) : NOT_KNOWN;
}

static void name_process(struct inspected_process *process, const char *status)
{
	const char *name = status + strlen("Name:\t");

	snprintf(process->name, sizeof(process->name), "%.*s", (int)strcspn(name, "\n"), name);
}

/* False: it has ended. */
static bool begin_process(struct inspected_process *process, pid_t pid, char *status)
{
	char state;

	*process = (struct inspected_process){ .pid = pid, .asleep = true, .stopped = true };
	if (proc_read(status, STATUS_ROOM, "%d/status", pid) <= 0)
		return false;
	state = proc_letter(status, "State");
	process->parent = (pid_t)proc_number(status, "PPid");
	process->threads = (unsigned)proc_number(status, "Threads");
	return (state != 'Z' && state != 'X') || process->threads > 1;
}

static void look_at_process(struct inspected_process *process, const char *status)
{
	const char *user = strstr(status, "\nUid:");
	bool alone = process->threads <= 1;

	name_process(process, status);
	if (user)
		sscanf(user, "\nUid: %*u %u", &process->user);
	process->threads = 0;
	if (alone)
		add_thread(process, status);
	else
		add_threads(process);
	process->cpu = cpu_time(process->pid);
	process->descriptors = descriptors_in_use(process->pid);
	process->descriptor_limit = descriptor_limit(process->pid);
}

/* ---- which of them are the server's --------------------------------------------------------- */

struct seen_process {
	pid_t pid, parent;
	bool ours;
};

static int by_number(const void *left, const void *right)
{
	const struct seen_process *a = left, *b = right;

	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static size_t all_processes(struct seen_process **all)
{
	size_t count = 0;
	char stat[512];

	*all = NULL;
	for (struct proc_numbers n = proc_numbers("."); proc_next(&n);) {
		struct seen_process seen = { .pid = n.number };
		const char *behind_name;

		if (proc_read(stat, sizeof(stat), "%d/stat", n.number) <= 0)
			continue;
		behind_name = strrchr(stat, ')');
		if (!behind_name || sscanf(behind_name, ") %*c %d", &seen.parent) != 1)
			continue;
		*all = GROWN(*all, count);
		(*all)[count++] = seen;
	}
	if (count)
		qsort(*all, count, sizeof(**all), by_number);
	return count;
}

static const struct seen_process *seen_process(const struct seen_process *all, size_t count,
					       pid_t pid)
{
	const struct seen_process key = { .pid = pid };

	return count ? bsearch(&key, all, count, sizeof(*all), by_number) : NULL;
}

static bool is_ours(const struct seen_process *all, size_t count, pid_t pid)
{
	const struct seen_process *seen = seen_process(all, count, pid);

	return seen && seen->ours;
}

static bool is_known(const struct memory *memory, pid_t pid)
{
	return pid == memory->server || is_remembered(memory, pid);
}

/* A parent that is not the server's own, the caller or process 1 is there for it. */
static void find_keeper(struct memory *memory, const struct seen_process *all, size_t count)
{
	for (size_t i = 0; memory->server && !memory->keeper && i < count; i++)
		if (is_known(memory, all[i].pid) && !is_known(memory, all[i].parent) &&
		    all[i].parent != getpid() && all[i].parent != 1)
			memory->keeper = all[i].parent;
}

static void mark_first(const struct memory *memory, struct seen_process *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pid_t pid = all[i].pid;

		if (memory->server == 0)
			all[i].ours = pid != 1 && pid != getpid();
		else
			all[i].ours = is_known(memory, pid) ||
				      (memory->keeper && all[i].parent == memory->keeper);
	}
}

/* A parent may have a greater number than its child, so again until nobody is added. */
static void mark_children(struct seen_process *all, size_t count)
{
	bool added = true;

	while (added) {
		added = false;
		for (size_t i = 0; i < count; i++)
			if (!all[i].ours && is_ours(all, count, all[i].parent))
				all[i].ours = added = true;
	}
}

struct inspected_processes inspect_processes(struct inspection *inspection, pid_t server)
{
	struct inspected_processes processes = { 0 };
	struct memory *memory = memory_of(inspection, server);
	autofree struct seen_process *all = NULL;
	size_t count = all_processes(&all);
	char status[STATUS_ROOM];

	find_keeper(memory, all, count);
	mark_first(memory, all, count);
	if (server)
		mark_children(all, count);
	for (size_t i = 0; i < count; i++) {
		struct inspected_process process;

		if (!all[i].ours || !begin_process(&process, all[i].pid, status))
			continue;
		look_at_process(&process, status);
		processes.all = GROWN(processes.all, processes.count);
		processes.all[processes.count++] = process;
	}
	remember(memory, &processes);
	return processes;
}

void inspect_adopt(struct inspection *inspection, pid_t server, pid_t pid)
{
	struct memory *memory = memory_of(inspection, server);

	if (is_remembered(memory, pid))
		return;
	memory->all = must_realloc(memory->all, memory->count + 1, sizeof(*memory->all));
	memory->all[memory->count++] = (struct remembered){ .pid = pid };
}

void inspected_processes_free(struct inspected_processes *processes)
{
	free(processes->all);
	*processes = (struct inspected_processes){ 0 };
}

void kill_server(pid_t server)
{
	struct inspection nothing = { 0 };
	struct inspected_processes processes = { 0 };

	if (server > 0)
		processes = inspect_processes(&nothing, server);

	for (size_t i = 0; i < processes.count; i++)
		kill(processes.all[i].pid, SIGKILL);
	inspected_processes_free(&processes);
	memories_free(nothing.memories);
}

/* ---- all at one glance ---------------------------------------------------------------------- */

static long left_to(long limit, long in_use)
{
	return limit == NOT_KNOWN || in_use == NOT_KNOWN ? LONG_MAX : limit - in_use;
}

static void add_process(struct inspected_look *look, const struct inspected_process *process)
{
	long left = left_to(process->descriptor_limit, process->descriptors);

	look->processes++;
	look->threads += process->threads;
	look->asleep &= process->asleep;
	look->cpu += process->cpu;
	look->switches += process->switches;
	if (left >= left_to(look->descriptor_limit, look->descriptors))
		return;
	look->descriptors = process->descriptors;
	look->descriptor_limit = process->descriptor_limit;
}

struct inspected_look inspect_look(struct inspection *inspection, pid_t server)
{
	struct inspected_processes processes = inspect_processes(inspection, server);
	const struct memory *memory = memory_of(inspection, server);
	struct inspected_look look = { .asleep = processes.count > 0,
				       .cpu = memory->cpu_of_gone,
				       .switches = memory->switches_of_gone,
				       .descriptors = NOT_KNOWN,
				       .descriptor_limit = NOT_KNOWN };

	for (size_t i = 0; i < processes.count; i++)
		add_process(&look, &processes.all[i]);
	inspected_processes_free(&processes);
	return look;
}
