/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run: the `run` command from the plan to the exit status.
 */
#include "runner/cli/cli.h"
#include "runner/pages/pages.h"
#include "runner/play/play.h"
#include "runner/tell/tell.h"

#include <errno.h>
#include <string.h>

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

static void write_junit(struct run *run, const struct options *options)
{
	char *problem = options->junit ? junit_write(run, options->junit) : NULL;

	if (problem)
		run_fatal(run, problem);
}

static void write_report(struct run *run, const struct options *options)
{
	char *problem =
		options->no_report ? NULL : report_of_run(options->catalogue, run->artifacts);

	if (problem)
		run_fatal(run, problem);
}

static void report_to_github(struct run *run)
{
	char *problem = github_report(run);

	if (problem)
		run_fatal(run, problem);
}

static void play_and_report(struct run *run, const struct options *options)
{
	run_play(run);
	results_store(run, run->ended == run->plan.count);
	write_report(run, options);
	write_junit(run, options);
	report_to_github(run);
	run->reporter->end(run);
	if (fflush(stdout) != 0 || ferror(stdout))
		run_fatal(run, format("cannot write to stdout: %s", strerror(errno)));
	if (run->fatal)
		complain("%s", run->fatal);
}

static int run_assigned(struct run *run, const struct options *options)
{
	autofree char *problem = run->guest.count ? guests_prepare(run) : NULL;

	if (!problem)
		problem = results_claim_folder(run);
	if (problem)
		return cannot_begin(options, problem);
	choose_jobs(run);
	play_and_report(run, options);
	return run_status(run);
}

static int run_planned(struct run *run, const struct options *options)
{
	autofree char *why = NULL;

	if (run->plan.count == 0)
		return nothing_runs(options, "there are no cases");
	switch (lanes_assign(run, &why)) {
	case LANES_NONE:
		return nothing_runs(options, why);
	case LANES_USAGE:
		return EXIT_USAGE;
	case LANES_ERROR:
		return EXIT_RUN_ERROR;
	default:
		return run_assigned(run, options);
	}
}

static const struct reporter *reporter_of(const struct options *options)
{
	if (options->tap)
		return &tap_reporter;
	return options->brief ? &brief_reporter : &console_reporter;
}

int command_run(const struct options *options)
{
	const struct run_options asked = {
		.catalogue = options->catalogue,
		.patterns = patterns_of(options),
		.artifacts = options->artifacts,
		.wire = options->wire,
		.kernel = options->kernel,
		.jobs = options->jobs,
		.cpus = options->cpus,
		.real_time = options->real_time,
		.repeat = options->repeat,
		.timeout_multiplier = options->timeout_multiplier,
		.pause = options->pause,
		.verbose = options->verbose,
		.only_failures = options->only_failures,
		.keep_ladders = options->keep_ladders,
	};
	struct run run = { .options = &asked, .reporter = reporter_of(options), .lock = -1 };

	deadlines_stretch(options->timeout_multiplier);
	inherited_complain();
	int status = plan_make(&run.plan, &asked) ? run_planned(&run, options) : EXIT_USAGE;
	run_free(&run);
	return status;
}
