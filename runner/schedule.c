/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule: many cases at once. Cases mostly wait for kernel timers, so far more of them run
 * than there are CPUs; setting a network up and tearing it down is work, so of those there are
 * never more than CPUs. The longest cases go first. The runner alone keeps the books: a process
 * that is killed takes no turn with it.
 */
#include "runner/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum {
	TICK_MS = 100,
	OVERDUE_SECONDS = 15, /* beyond libcheck's timeout: the worker itself hangs */
	ENDING_SECONDS = 5,   /* for killed processes to be gone */
};

struct scheduler {
	struct run *run;
	struct entry **order; /* longest first */
	size_t next;
	unsigned running;
	int signals, bell;
	bool listening; /* --pause: stdin is still open */
};

/* ---- starting ------------------------------------------------------------------------------ */

/* Not one that waits for its turn to tear down: it may come from the middle of its set-up. */
static bool is_working(const struct slot *slot)
{
	int phase = atomic_load(&slot->progress.phase);
	return slot->entry && !atomic_load(&slot->asks) &&
	       (phase == SETTING_UP || phase == TEARING_DOWN);
}

static unsigned working(const struct run *run)
{
	unsigned count = 0;
	for (unsigned i = 0; i < run->jobs; i++)
		count += is_working(&run->slots[i]);
	return count;
}

/* Cases on the CPU of this lane; those that work there count most. */
static unsigned load(const struct run *run, unsigned lane)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < run->jobs; i++) {
		const struct slot *slot = &run->slots[i];
		if (slot->entry && slot->lane % run->cpus == lane % run->cpus)
			sum += is_working(slot) ? run->jobs + 1 : 1;
	}
	return sum;
}

static struct slot *free_slot(const struct run *run)
{
	for (unsigned i = 0; i < run->jobs; i++)
		if (!run->slots[i].entry)
			return &run->slots[i];
	return NULL;
}

static unsigned idlest_lane(const struct run *run)
{
	unsigned best = 0;
	for (unsigned lane = 1; lane < run->cpus; lane++)
		if (load(run, lane) < load(run, best))
			best = lane;
	return best;
}

void end_at_once(struct run *run, struct entry *entry, struct result result)
{
	entry->result = result;
	autofree char *folder = entry_path(run, entry, "");
	if (!verdict_write(run, entry))
		run_fatal(run, cannot_write(folder));
	else
		run_result(run, entry);
}

/* What the runner reads from the terminal goes to the case through a pipe. */
static bool open_input(struct slot *slot)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	slot->hears = ends[0];
	slot->input = ends[1];
	return true;
}

static void close_input(struct slot *slot)
{
	if (slot->input >= 0)
		close(slot->input);
	slot->input = -1;
}

static void fork_worker(struct scheduler *scheduler, struct slot *slot)
{
	struct run *run = scheduler->run;
	if (run->options->pause && !open_input(slot)) {
		run_fatal(run, format("cannot make a pipe: %s", strerror(errno)));
		return;
	}
	slot->worker = worker_start(run, slot);
	if (slot->worker < 0)
		run_fatal(run, format("cannot fork a worker: %s; try a smaller --jobs",
				      strerror(errno)));
	if (slot->hears >= 0)
		close(slot->hears);
	if (slot->worker < 0 || !scheduler->listening)
		close_input(slot);
}

static void start(struct scheduler *scheduler, struct entry *entry)
{
	struct slot *slot = free_slot(scheduler->run);
	slot->lane = idlest_lane(scheduler->run);
	slot->entry = entry;
	slot->began = clock_now();
	slot->overdue = false;
	slot->input = slot->hears = slot->worker = -1;
	fork_worker(scheduler, slot);
	if (slot->worker < 0) {
		slot->entry = NULL;
		return;
	}
	entry->state = UNDER_WAY;
	entry->attempts++;
	scheduler->running++;
}

static void start_or_skip(struct scheduler *scheduler, struct entry *entry)
{
	struct run *run = scheduler->run;
	char *problem = folder_prepare(run, entry);
	if (problem) {
		run_fatal(run, problem);
		return;
	}
	if (entry->unmet)
		end_at_once(
			run, entry,
			(struct result){ .ending = SKIPPED, .reason = format("%s", entry->unmet) });
	else
		start(scheduler, entry);
}

/* ---- what happens while they run ----------------------------------------------------------- */

/* Those that ask to tear down go before those that have not begun. */
static void give_turns(struct run *run)
{
	unsigned busy = working(run);
	for (unsigned i = 0; i < run->jobs && busy < run->cpus; i++) {
		struct slot *slot = &run->slots[i];
		if (!slot->entry || !atomic_exchange(&slot->asks, false))
			continue;
		atomic_store(&slot->progress.phase, TEARING_DOWN);
		sem_post(&slot->turn);
		busy++;
	}
}

static char *worker_problem(const struct slot *slot, int status)
{
	if (slot->overdue)
		return format("its worker did not end in time");
	if (WIFSIGNALED(status))
		return format("its worker was killed by signal %d (%s)", WTERMSIG(status),
			      strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) != EXIT_GOOD)
		return format("its worker exited with %d; see output.txt", WEXITSTATUS(status));
	return NULL;
}

#define CROWDED_ATTEMPTS 2
#define MOST_ATTEMPTS    6

/*
 * The kernel's timers go on while the machine keeps a case from running. A case that failed then
 * has shown nothing about the kernel, and is played again, after the second time alone; the last
 * attempt counts whatever it is.
 */
static bool is_inconclusive(const struct entry *entry)
{
	return entry->result.ending == FAILED && entry->result.stalled > seconds(SLACK) &&
	       entry->attempts < MOST_ATTEMPTS;
}

/* Whether the crowd of cases may be what is in its way: then it waits until the others are over. */
static bool wants_quiet(const struct entry *entry)
{
	return entry->attempts >= CROWDED_ATTEMPTS;
}

/* As the next one, or as the last. */
static void play_again(struct scheduler *scheduler, struct entry *entry)
{
	struct entry **next = &scheduler->order[--scheduler->next];
	size_t behind = scheduler->run->host.count - scheduler->next - 1;

	result_free(&entry->result);
	entry->result = (struct result){ .ending = PASSED };
	entry->state = PLANNED;
	if (wants_quiet(entry)) {
		memmove(next, next + 1, behind * sizeof(struct entry *));
		next += behind;
	}
	*next = entry;
}

/* A pass with what Linux has outgrown is none. A guest has judged its own. */
static void judge_variant(const struct run *run, struct entry *entry)
{
	struct result *result = &entry->result;
	char *lost;

	if (entry->in_guest || result->ending != PASSED)
		return;
	lost = variant_lost((struct seen_variant){ .case_name = entry->spec->name,
						   .version = run->host.version,
						   .variant = result->variant });
	if (!lost)
		return;
	free(result->reason);
	result->ending = FAILED;
	result->reason = lost;
	if (!verdict_amend(run, entry)) {
		result->ending = BROKEN;
		result->reason = cannot_write("verdict.json");
		free(lost);
	}
}

bool take_verdict(const struct run *run, struct entry *entry, char *problem)
{
	struct result *result = &entry->result;
	bool told = verdict_read(run, entry, result);

	if (!problem && told && (result->ending == PASSED || result->ending == FAILED))
		problem = artifact_missing(run, entry);
	if (!problem || (told && result->ending == BROKEN)) {
		free(problem);
		judge_variant(run, entry);
		return true;
	}
	result_free(result);
	*result = (struct result){ .ending = BROKEN, .reason = problem };
	return false;
}

/* The worker is gone; what did it leave? */
static void finish(struct scheduler *scheduler, struct slot *slot, int status)
{
	struct run *run = scheduler->run;
	struct entry *entry = slot->entry;

	slot->entry = NULL;
	scheduler->running--;
	close_input(slot);
	sem_destroy(&slot->turn);
	if (!take_verdict(run, entry, worker_problem(slot, status))) {
		struct result result = entry->result;

		result.seconds = seconds(clock_now() - slot->began);
		end_at_once(run, entry, result);
	} else if (is_inconclusive(entry) && !run->options->pause)
		play_again(scheduler, entry);
	else
		run_result(run, entry);
}

/* Orphans of killed workers come here too (the runner is their reaper) and have no slot. */
static void reap(struct scheduler *scheduler)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (unsigned i = 0; i < scheduler->run->jobs; i++) {
			struct slot *slot = &scheduler->run->slots[i];
			if (slot->entry && slot->worker == pid)
				finish(scheduler, slot, status);
		}
}

static void kill_overdue(const struct run *run)
{
	for (unsigned i = 0; i < run->jobs; i++) {
		struct slot *slot = &run->slots[i];
		if (!slot->entry || slot->overdue || run->options->pause)
			continue;
		double limit = case_timeout(run, slot->entry->spec) + OVERDUE_SECONDS;
		if (seconds(clock_now() - slot->began) < limit)
			continue;
		slot->overdue = true;
		kill(slot->worker, SIGKILL);
	}
}

void read_signals(struct run *run, int signals)
{
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD && !run->signal)
			run->signal = (int)info.ssi_signo;
}

/* --pause: what a person types goes to the case. */
static void pass_input(struct scheduler *scheduler)
{
	char typed[256];
	ssize_t length = read(STDIN_FILENO, typed, sizeof(typed));
	struct slot *slot = &scheduler->run->slots[0];

	if (length <= 0) {
		scheduler->listening = false;
		close_input(slot);
	} else if (slot->entry && slot->input >= 0) {
		ssize_t passed = write(slot->input, typed, (size_t)length);
		(void)passed; /* a case that ended meanwhile needs no Enter */
	}
}

static void wait_for_events(struct scheduler *scheduler)
{
	struct pollfd fds[] = {
		{ .fd = scheduler->signals, .events = POLLIN },
		{ .fd = scheduler->bell, .events = POLLIN },
		{ .fd = scheduler->listening && scheduler->running ? STDIN_FILENO : -1,
		  .events = POLLIN },
	};
	if (await_events(fds, ARRAY_LENGTH(fds), MSEC(TICK_MS)) <= 0)
		return;
	uint64_t rings;
	ssize_t got = read(scheduler->bell, &rings, sizeof(rings));
	(void)got; /* the slots say the rest */
	if (fds[2].revents)
		pass_input(scheduler);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Kills what still runs and waits until all of it is gone; the PID namespaces die with it. */
static void end_all(const struct run *run)
{
	for (unsigned i = 0; i < run->jobs; i++)
		if (run->slots[i].entry)
			kill(run->slots[i].worker, SIGKILL);

	struct deadline deadline = deadline_in(SEC(ENDING_SECONDS));
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if ((pid < 0 && errno == ECHILD) || deadline_passed(&deadline))
			return;
		if (pid == 0)
			await_events(NULL, 0, MSEC(2));
	}
}

static bool may_start(const struct scheduler *scheduler)
{
	const struct run *run = scheduler->run;
	if (run->signal || run->fatal || scheduler->next >= run->host.count)
		return false;
	bool quiet = wants_quiet(scheduler->order[scheduler->next]);
	return scheduler->running < (quiet ? 1 : run->jobs) && working(run) < run->cpus;
}

static bool goes_on(const struct scheduler *scheduler)
{
	const struct run *run = scheduler->run;
	if (run->signal)
		return false;
	return scheduler->running > 0 || (!run->fatal && scheduler->next < run->host.count);
}

static void play(struct scheduler *scheduler)
{
	struct run *run = scheduler->run;

	while (goes_on(scheduler)) {
		give_turns(run);
		while (may_start(scheduler))
			start_or_skip(scheduler, scheduler->order[scheduler->next++]);
		if (!goes_on(scheduler))
			break;
		wait_for_events(scheduler);
		read_signals(run, scheduler->signals);
		if (run->signal)
			break;
		reap(scheduler);
		kill_overdue(run);
		run->reporter->tick(run);
	}
}

int watch_signals(sigset_t *before)
{
	sigset_t watched;
	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &watched, before);
	/* A case may end before it reads what was typed, a reader of stdout before the run. */
	(void)signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
}

void schedule(struct run *run)
{
	sigset_t before;
	autoclose int signals = watch_signals(&before);
	autoclose int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	size_t size = run->jobs * sizeof(*run->slots);
	run->slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	autofree struct entry **order = lane_order(run, &run->host);

	if (signals < 0 || bell < 0 || run->slots == MAP_FAILED) {
		run_fatal(run, format("cannot watch over cases: %s", strerror(errno)));
	} else {
		for (unsigned i = 0; i < run->jobs; i++)
			run->slots[i].bell = bell;
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		struct scheduler scheduler = { .run = run,
					       .order = order,
					       .signals = signals,
					       .bell = bell,
					       .listening = run->options->pause };
		play(&scheduler);
		end_all(run);
		munmap(run->slots, size);
	}
	run->slots = NULL;
	sigprocmask(SIG_SETMASK, &before, NULL);
}
