/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run: the `run` command from the plan to the exit status.
 */
#include "runner/parts.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* ---- how entries and the run end ----------------------------------------------------------- */

void run_result(struct run *run, struct entry *entry)
{
	entry->state = ENDED;
	run->ended++;
	run->tally[entry->result.ending]++;
	run->kernel_seconds += entry->result.kernel_seconds;
	run->reporter->result(run, entry);
	if (!run->options->only_failures ||
	    (entry->result.ending != PASSED && entry->result.ending != SKIPPED))
		return;
	char *problem = folder_discard(run, entry);
	if (problem)
		run_fatal(run, problem);
}

void run_fatal(struct run *run, char *text)
{
	if (run->fatal)
		free(text);
	else
		run->fatal = text;
}

static int exit_status(const struct run *run)
{
	if (run->signal)
		return EXIT_SIGNALLED + run->signal;
	if (run->fatal || run->tally[BROKEN])
		return EXIT_RUN_ERROR;
	if (run->tally[FAILED])
		return EXIT_CASE_FAILED;
	return run->tally[SKIPPED] == run->plan.count ? EXIT_ALL_SKIPPED : EXIT_GOOD;
}

/* ---- before the first case ----------------------------------------------------------------- */

/* Nothing can run on this machine at all: said once, no trace left. */
static int nothing_runs(const struct options *options, const char *why)
{
	complain("%s", why);
	if (options->tap)
		tap_of_nothing(why, false);
	return EXIT_ALL_SKIPPED;
}

static int cannot_begin(const struct options *options, const char *why)
{
	complain("%s", why);
	if (options->tap)
		tap_of_nothing(why, true);
	return EXIT_RUN_ERROR;
}

/* ---- the command --------------------------------------------------------------------------- */

static void write_junit(struct run *run)
{
	if (!run->options->junit)
		return;
	char *problem = junit_write(run, run->options->junit);
	if (problem)
		run_fatal(run, problem);
}

static void write_report(struct run *run)
{
	char *problem = run->options->no_report ? NULL : report_of_run(run->artifacts);

	if (problem)
		run_fatal(run, problem);
}

static void tell_github(struct run *run)
{
	char *problem = github_tell(run);

	if (problem)
		run_fatal(run, problem);
}

static void play_and_tell(struct run *run)
{
	run->started = time(NULL);
	run->began = clock_now();
	run->reporter->begin(run);
	if (run->host.count)
		schedule(run);
	if (run->guest.count && !run->signal && !run->fatal)
		guests_play(run);
	settle_suspicions(run);
	run->took = clock_now() - run->began;
	results_store(run, run->ended == run->plan.count);
	write_report(run);
	write_junit(run);
	tell_github(run);
	run->reporter->end(run);
	if (fflush(stdout) != 0 || ferror(stdout))
		run_fatal(run, format("cannot write to stdout: %s", strerror(errno)));
	if (run->fatal)
		complain("%s", run->fatal);
}

static int run_assigned(struct run *run)
{
	autofree char *problem = run->guest.count ? guests_prepare(run) : NULL;

	if (!problem)
		problem = results_claim_folder(run);
	if (problem)
		return cannot_begin(run->options, problem);
	choose_jobs(run);
	play_and_tell(run);
	return exit_status(run);
}

static int run_planned(struct run *run)
{
	autofree char *why = NULL;

	switch (lanes_assign(run, &why)) {
	case LANES_NONE:
		return nothing_runs(run->options, why);
	case LANES_USAGE:
		return EXIT_USAGE;
	case LANES_ERROR:
		return EXIT_RUN_ERROR;
	default:
		return run_assigned(run);
	}
}

int command_run(const struct options *options)
{
	struct run run = { .options = options,
			   .lock = -1,
			   .reporter = options->tap     ? &tap_reporter
				       : options->brief ? &brief_reporter
							: &console_reporter };

	deadlines_stretch(options->timeout_multiplier);
	inherited_tell();
	if (!plan_make(&run.plan, options))
		return EXIT_USAGE;
	int status = EXIT_ALL_SKIPPED;
	if (run.plan.count == 0)
		status = nothing_runs(options, "there are no cases");
	else
		status = run_planned(&run);
	suspicions_free(&run);
	plan_free(&run.plan);
	lanes_free(&run);
	if (run.lock >= 0)
		close(run.lock);
	free(run.artifacts);
	free(run.fatal);
	return status;
}
