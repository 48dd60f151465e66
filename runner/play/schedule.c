/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule: many cases at once. Cases mostly wait for kernel timers, so far more of them run
 * than there are CPUs; setting a network up and tearing it down is work, so of those there are
 * never more than CPUs. The longest cases go first. The runner alone keeps the books: a process
 * that is killed takes no turn with it.
 */
#include "runner/play/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
	TICK_MS = 100,
	GUEST_TICK_MS = 1000, /* nobody looks on there, and each tick is work on its clock */
	IDLE_SECONDS = 12,    /* for a case that neither does anything nor waits for a timer: longer
				 than the bounds within a call of the harness (10 s) */
	OVERDUE_SECONDS = 15, /* beyond libcheck's timeout: the worker itself hangs */
	ENDING_SECONDS = 5,   /* for killed processes to be gone */
};

struct scheduler {
	struct run *run;
	struct entry **order; /* longest first */
	size_t next;
	unsigned running;
	int signals, bell;
	struct kernel_log *kernel;
	nsec tick;      /* to do so often what nothing rings for */
	nsec looked;    /* for signs of life */
	bool listening; /* --pause: stdin is still open */
	bool full;      /* one could not be started: it waits until another has ended */
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

/* Cases on this CPU; those that work there count most. */
static unsigned load(const struct run *run, unsigned cpu)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < run->jobs; i++) {
		const struct slot *slot = &run->slots[i];

		if (slot->entry && slot->cpu == cpu)
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

static unsigned idlest_cpu(const struct run *run)
{
	unsigned best = 0;

	for (unsigned cpu = 1; cpu < run->cpus; cpu++)
		if (load(run, cpu) < load(run, best))
			best = cpu;
	return best;
}

/* Ends the entry with what its case did not say itself: the folder's verdict.json says it too. */
static void end_at_once(struct run *run, struct entry *entry, struct result result)
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
	scheduler->full = slot->worker < 0 && is_shortage(errno) && scheduler->running;
	if (slot->worker < 0 && !scheduler->full)
		run_fatal(run, format("cannot fork a worker: %s", shortage_text(errno)));
	if (slot->hears >= 0)
		close(slot->hears);
	if (slot->worker < 0 || !scheduler->listening)
		close_input(slot);
}

static void start(struct scheduler *scheduler, struct entry *entry)
{
	struct slot *slot = free_slot(scheduler->run);

	slot->cpu = idlest_cpu(scheduler->run);
	slot->entry = entry;
	slot->began = clock_now();
	slot->busy = busy_seconds();
	slot->deadline =
		deadline_in(SEC(case_seconds(scheduler->run, entry->spec) + OVERDUE_SECONDS));
	slot->overdue = false;
	slot->lingers = slot->idled = false;
	slot->idle = 0;
	slot->most = most_beside(scheduler->run, entry);
	slot->input = slot->hears = slot->worker = -1;
	fork_worker(scheduler, slot);
	if (slot->worker < 0) {
		slot->entry = NULL;
		scheduler->next--; /* it is the next one still */
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
	if (slot->idled)
		return format(
			"it was ended after %.0f s in which it neither did anything nor waited "
			"for a timer of the kernel%s%.*s%s",
			seconds(slot->idle), slot->progress.step[0] ? ", in the step \"" : "",
			(int)sizeof(slot->progress.step), slot->progress.step,
			slot->progress.step[0] ? "\"" : "");
	if (slot->overdue)
		return format("its worker did not end in time");
	if (WIFSIGNALED(status))
		return format("its worker was killed by signal %d (%s)", WTERMSIG(status),
			      strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) != EXIT_GOOD)
		return format("its worker exited with %d; see output.txt", WEXITSTATUS(status));
	return NULL;
}

/* As the next one, or as the last; not where all others wait for it. */
static void play_again(struct scheduler *scheduler, struct entry *entry)
{
	struct entry **next = &scheduler->order[--scheduler->next];
	size_t behind = scheduler->run->host.count - scheduler->next - 1;

	result_free(&entry->result);
	entry->result = (struct result){ .ending = PASSED };
	entry->state = PLANNED;
	if (most_beside(scheduler->run, entry) < scheduler->run->jobs &&
	    !goes_first(scheduler->run, entry)) {
		memmove(next, next + 1, behind * sizeof(struct entry *));
		next += behind;
	}
	*next = entry;
}

/* Those that are there now are to blame for what the kernel has complained of since last asked. */
static void hear_the_kernel(struct scheduler *scheduler)
{
	struct run *run = scheduler->run;
	char *text = kernel_log_complaint(scheduler->kernel);
	autofree struct entry **entries =
		text ? must_alloc(run->jobs, sizeof(struct entry *)) : NULL;
	struct suspects suspects = { .entries = entries };

	if (!text)
		return;
	for (unsigned i = 0; i < run->jobs; i++)
		if (run->slots[i].entry)
			entries[suspects.count++] = run->slots[i].entry;
	blame(run, suspects, text);
}

/* The worker is gone; what did it leave? */
static void finish(struct scheduler *scheduler, struct slot *slot, int status)
{
	struct run *run = scheduler->run;
	struct entry *entry = slot->entry;
	bool alone = slot->most == 1;

	hear_the_kernel(scheduler);
	slot->entry = NULL;
	scheduler->running--;
	scheduler->full = false;
	close_input(slot);
	sem_destroy(&slot->turn);
	take_verdict(run, entry, worker_problem(slot, status));
	if (entry->result.seconds == 0)
		entry->result.seconds = seconds(clock_now() - slot->began);
	if (run->jobs == 1)
		entry->result.busy = busy_seconds() - slot->busy;
	if (slot->lingers)
		fail_for_lingering(entry);
	if (entry->complaint)
		fail_for_complaint(entry,
				   (struct complaint){ .text = entry->complaint, .alone = true });
	else if (!run->options->pause && !run->options->staging &&
		 (attempt_is_inconclusive(entry) || (entry->suspected && !alone))) {
		play_again(scheduler, entry);
		return;
	}
	attempt_is_final(entry);
	if (entry->suspected)
		entry->state = HELD_BACK;
	else
		run_result(run, entry);
	learn_from_first(run, entry);
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

/*
 * Adds to the time for which the case has given no sign of life. What the runner itself has missed,
 * since it was not running, does not count.
 */
static void note_idleness(struct slot *slot, nsec since, nsec most)
{
	int64_t alive = atomic_load(&slot->progress.alive);
	nsec now = clock_now(), idle = now - (since > alive ? since : alive);

	if (alive != slot->alive || atomic_load(&slot->asks) ||
	    atomic_load(&slot->progress.phase) == LEAVING)
		slot->idle = 0;
	else if (idle > 0)
		slot->idle += idle < most ? idle : most;
	slot->alive = alive;
}

static void kill_overdue(struct scheduler *scheduler)
{
	const struct run *run = scheduler->run;
	nsec since = scheduler->looked, most = SEC(IDLE_SECONDS * run->options->timeout_multiplier);

	scheduler->looked = clock_now();
	for (unsigned i = 0; i < run->jobs; i++) {
		struct slot *slot = &run->slots[i];

		if (!slot->entry || slot->overdue || slot->idled || run->options->pause)
			continue;
		note_idleness(slot, since, 2 * scheduler->tick);
		slot->idled = slot->idle > most;
		slot->overdue = !run->options->staging && deadline_passed(&slot->deadline);
		if (slot->idled || slot->overdue)
			kill(slot->worker, SIGKILL);
	}
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

	if (await_events(fds, ARRAY_LENGTH(fds), scheduler->tick) <= 0)
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

	if (run->signal || run->fatal || scheduler->full || scheduler->next >= run->host.count ||
	    waits_for_first(run, scheduler->order[scheduler->next]))
		return false;
	unsigned most = most_beside(run, scheduler->order[scheduler->next]);
	for (unsigned i = 0; i < run->jobs; i++)
		if (run->slots[i].entry && run->slots[i].most < most)
			most = run->slots[i].most;
	return scheduler->running < most && working(run) < run->cpus;
}

static bool goes_on(const struct scheduler *scheduler)
{
	const struct run *run = scheduler->run;

	if (run->signal)
		return false;
	return scheduler->running > 0 || (!run->fatal && scheduler->next < run->host.count);
}

/*
 * What the kernel has complained of is not about those who begin now. While nobody begins or ends
 * it need not be heard: it would blame the same ones, and ten times a second that was most of what
 * it cost to wait.
 */
static void start_some(struct scheduler *scheduler)
{
	if (may_start(scheduler))
		hear_the_kernel(scheduler);
	while (may_start(scheduler))
		start_or_skip(scheduler, scheduler->order[scheduler->next++]);
}

static void play(struct scheduler *scheduler)
{
	struct run *run = scheduler->run;

	while (goes_on(scheduler)) {
		give_turns(run);
		start_some(scheduler);
		if (!goes_on(scheduler))
			break;
		wait_for_events(scheduler);
		read_signals(run, scheduler->signals);
		if (run->signal)
			break;
		reap(scheduler);
		kill_overdue(scheduler);
		run->reporter->tick(run);
	}
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
					       .kernel = kernel_log_open(),
					       .tick = MSEC(guest_is_around() ? GUEST_TICK_MS
									      : TICK_MS),
					       .order = order,
					       .signals = signals,
					       .bell = bell,
					       .listening = run->options->pause };
		play(&scheduler);
		end_all(run);
		hear_the_kernel(&scheduler);
		kernel_log_close(scheduler.kernel);
		munmap(run->slots, size);
	}
	run->slots = NULL;
	sigprocmask(SIG_SETMASK, &before, NULL);
}
