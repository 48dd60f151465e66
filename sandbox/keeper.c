/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper.c: the parent of a program, and of all that it abandons. It reads what they print, so that
 * no write() of theirs waits for us, and tells who has ended.
 */
#include "sandbox/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define TICK       MSEC(100)
#define END_TICK   MSEC(5)
#define PIPE_BYTES (1 << 20) /* what it may print while the keeper waits for a CPU */

struct keeping {
	struct keeper by;
	struct output output;
	int prints;   /* our end of what it prints to; -1: nobody can print any more */
	int deaths;   /* a signalfd */
	pid_t main;   /* 0: it has ended, and nobody follows */
	bool alive;   /* some process is */
	bool hurries; /* others may have ended */
	bool ending;
	unsigned long forks; /* as far as they are counted */
	bool too_many;
};

/* ---- what is printed ----------------------------------------------------------------------- */

/* Returns whether there was something. */
static bool take_output(struct keeping *keeping)
{
	char bytes[65536];
	ssize_t got = read(keeping->prints, bytes, sizeof(bytes));

	if (got > 0)
		output_take(&keeping->output, bytes, (size_t)got);
	else if (got == 0 || errno != EAGAIN) {
		close(keeping->prints);
		keeping->prints = -1;
	}
	return got > 0;
}

/* ---- who has ended ------------------------------------------------------------------------- */

static void read_name(pid_t pid, char *name, size_t size)
{
	autofree char *path = format("/proc/%d/comm", pid);
	autofile FILE *file = fopen(path, "re");

	if (!file || !fgets(name, (int)size, file))
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

/* The eldest that lives of those who have lost their parent. */
static pid_t eldest(void)
{
	autofree pid_t *pids = NULL;

	return descendants(getpid(), &pids) ? pids[0] : 0;
}

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* One that has ended is told and reaped; false: there is none, or nobody to take the news now. */
static bool reap_one(struct keeping *keeping)
{
	struct pollfd news = { .fd = keeping->by.events, .events = POLLOUT };
	struct ended ended = { .keeper = getpid(), .too_many = keeping->too_many };
	siginfo_t info = { 0 };

	if (!keeping->ending && poll(&news, 1, 0) != 1)
		return false;
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
		return false;
	ended.pid = info.si_pid;
	read_name(ended.pid, ended.name, sizeof(ended.name));
	waitpid(ended.pid, &ended.status, 0);
	ended.main = ended.pid == keeping->main;
	if (ended.main)
		ended.follows = keeping->main = eldest();
	ended.last = !has_children();
	/* While all is ended nobody need hear it. */
	(void)!write(keeping->by.events, &ended, sizeof(ended));
	return true;
}

/* Some, as new ones may come faster than they are reaped. */
static void reap(struct keeping *keeping)
{
	struct signalfd_siginfo information;
	int some = 100;

	(void)!read(keeping->deaths, &information, sizeof(information));
	while (some && reap_one(keeping))
		some--;
	keeping->hurries = some == 0;
	keeping->alive = has_children();
}

/* ---- who is to end ------------------------------------------------------------------------- */

static void kill_all(void)
{
	autofree pid_t *pids = NULL;
	size_t count = descendants(getpid(), &pids);

	for (size_t i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
}

/* The PID that was given last in this PID namespace; 0: unknown. */
static unsigned long last_pid(void)
{
	autofile FILE *file = fopen("/proc/loadavg", "re");
	unsigned long last;

	return file && fscanf(file, "%*s %*s %*s %*s %lu", &last) == 1 ? last : 0;
}

/* With those that are no programs of the sandbox, which are few. */
static unsigned count_processes(void)
{
	DIR *all = opendir("/proc");
	unsigned count = 0;

	for (const struct dirent *each; all && (each = readdir(all));)
		count += each->d_name[0] >= '1' && each->d_name[0] <= '9';
	if (all)
		closedir(all);
	return count;
}

/*
 * Forks are counted at each turn, and after many of them the processes: whoever forks for ever soon
 * has them faster than they can be listed, and killed one by one. kill(-1) reaches all at once, as
 * a fork() that meets SIGKILL fails; and who else lives in this PID namespace, process 1 of which
 * is the case.
 */
static void bound_processes(struct keeping *keeping)
{
	unsigned long last = last_pid();

	if (last >= keeping->forks && last - keeping->forks < keeping->by.processes / 8)
		return;
	keeping->forks = last;
	if (count_processes() <= keeping->by.processes)
		return;
	keeping->too_many = true;
	kill(-1, SIGKILL);
}

/* ---- the keeper ---------------------------------------------------------------------------- */

static int by_number(const void *one, const void *other)
{
	return *(const int *)one - *(const int *)other;
}

/* All others are the case's: a copy of a socket of its would keep that from being closed. */
static void close_others(const struct keeping *keeping)
{
	int kept[] = { keeping->by.control, keeping->by.events, keeping->output.file,
		       keeping->prints, keeping->deaths };
	unsigned next = STDERR_FILENO + 1;

	qsort(kept, ARRAY_LENGTH(kept), sizeof(*kept), by_number);
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
		if (kept[i] < 0)
			continue;
		if ((unsigned)kept[i] > next)
			close_range(next, (unsigned)kept[i] - 1, 0);
		next = (unsigned)kept[i] + 1;
	}
	close_range(next, ~0U, 0);
}

/* Where to it prints; of one with streams of its own -1, and there is no log. */
static int open_output(struct keeping *keeping)
{
	int pipes[2], problems = keeping->by.problems;

	keeping->output = (struct output){ .file = -1, .in_order = true };
	if (keeping->by.program->streams)
		return -1;
	if (!output_open(&keeping->output, keeping->by.log))
		cannot_start(problems, STAGE_LOG, errno);
	if (pipe2(pipes, O_CLOEXEC))
		cannot_start(problems, STAGE_STREAMS, errno);
	(void)fcntl(pipes[0], F_SETPIPE_SZ, PIPE_BYTES);
	(void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	keeping->prints = pipes[0];
	return pipes[1];
}

static void start(struct keeping *keeping)
{
	int output = open_output(keeping), problems = keeping->by.problems;

	keeping->main = fork();
	if (keeping->main == 0)
		become((struct becoming){ .program = keeping->by.program,
					  .place = keeping->by.place,
					  .output = output,
					  .problems = problems });
	if (keeping->main < 0)
		cannot_start(problems, STAGE_FORK, errno);
	if (output >= 0)
		close(output);
	keeping->alive = true;
	say(problems, STAGE_STARTED, keeping->main);
}

static int listen_for_deaths(void)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void turn(struct keeping *keeping)
{
	struct pollfd polled[] = {
		{ .fd = keeping->ending ? -1 : keeping->by.control, .events = POLLIN },
		{ .fd = keeping->deaths, .events = POLLIN },
		{ .fd = keeping->prints, .events = POLLIN },
	};
	struct timespec tick = { .tv_nsec = keeping->hurries  ? 0
					    : keeping->ending ? END_TICK
							      : TICK };
	int count = ppoll(polled, ARRAY_LENGTH(polled), &tick, NULL);

	if (polled[0].revents)
		keeping->ending = true;
	if (keeping->prints >= 0 && polled[2].revents)
		take_output(keeping);
	else if (count == 0)
		output_put_in_order(&keeping->output);
	bound_processes(keeping);
	if (keeping->ending)
		kill_all();
	reap(keeping);
}

void keep(struct keeper by)
{
	struct keeping keeping = { .by = by, .prints = -1, .forks = last_pid() };

	on_ending(NULL, NULL); /* the case is not ours to end */
	prctl(PR_SET_CHILD_SUBREAPER, 1UL);
	isolate_all_cpus();
	keeping.deaths = listen_for_deaths();
	start(&keeping);
	close_others(&keeping);
	while (keeping.alive)
		turn(&keeping);
	while (keeping.prints >= 0 && take_output(&keeping))
		;
	output_put_in_order(&keeping.output);
	_exit(EXIT_SUCCESS);
}
