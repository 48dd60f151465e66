/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run: the `run` command from the plan to the exit status.
 */
#include "runner/cli/cli.h"
#include "runner/pages/pages.h"
#include "runner/play/play.h"
#include "runner/tell/tell.h"

#include <limits.h>
#include <string.h>

/* ---- the command --------------------------------------------------------------------------- */

static void play_and_report(struct run *run, const struct options *options)
{
	run_play(run);
	results_store(run, run->ended == run->plan.count);
	if (!options->no_report)
		note_problem(run, report_of_run(options->catalogue, run->artifacts));
	if (options->junit)
		note_problem(run, junit_write(run, options->junit));
	note_problem(run, github_report(run));
	run->reporter->end(run);
	end_output(run);
}

static int run_assigned(struct run *run, const struct options *options)
{
	autofree char *problem = prepare_run(run, options);

	if (problem)
		return cannot_begin(options, problem);
	choose_jobs(run);
	play_and_report(run, options);
	return run_status(run);
}

static const char *why_nothing(const struct options *options)
{
	bool all = options->word_count == 0 && options->excluded.count == 0;

	if (!options->failed)
		return "there are no cases";
	return all ? "nothing has failed when it was played last: nothing is played again"
		   : "nothing of that has failed when it was played last: nothing is played again";
}

static int run_planned(struct run *run, const struct options *options)
{
	autofree char *why = NULL;

	if (run->plan.count == 0)
		return nothing_runs(options, why_nothing(options));
	if (!plan_is_sound(&run->plan, options->catalogue))
		return EXIT_RUN_ERROR;
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
	if (options->until_failure)
		return &rounds_reporter;
	return options->brief ? &brief_reporter : &console_reporter;
}

static int run_once(const struct options *options, const struct run_options *asked)
{
	struct run run = { .options = asked, .reporter = reporter_of(options), .lock = -1 };
	int status = plan_make(&run.plan, asked) ? run_planned(&run, options) : EXIT_USAGE;

	run_free(&run);
	return status;
}

/* Rounds of one run each, until one does not pass, --repeat of them at the most. */
static int run_rounds(const struct options *options, struct run_options *asked)
{
	int status = EXIT_GOOD;

	asked->repeat = 1;
	for (unsigned round = 1; status == EXIT_GOOD; round++) {
		if (options->repeat && round > options->repeat)
			return status;
		asked->round = round;
		status = run_once(options, asked);
		asked->seed += asked->seed > 0; /* another order */
	}
	return status;
}

/* What --failed means. False when there is nothing; *status says how that ends. */
static bool load_failed(const struct options *options, json_t **results, int *status)
{
	const char *folder = artifacts_of(options);
	bool missing;

	*results = options->failed ? results_load(options->artifacts, &missing) : NULL;
	if (!options->failed || *results)
		return true;
	if (missing)
		complain("--failed: there is no results.json in %s: nothing was run", folder);
	*status = missing ? EXIT_USAGE : EXIT_RUN_ERROR;
	return false;
}

/* For `git bisect run`: 125 leaves a commit out; it ends with what a signal ended. */
static int bisect_status(int status)
{
	enum { NO_VERDICT = 125 };
	bool verdict = status == EXIT_GOOD || status == EXIT_CASE_FAILED;

	return verdict || status >= EXIT_SIGNALLED ? status : NO_VERDICT;
}

/* A seed is a part of its option's word: the next word is a pattern. */
static void note_number(const struct options *options)
{
	for (size_t i = 0; options->seed && i < options->word_count; i++) {
		const char *word = options->words[i];

		if (word[strspn(word, "0123456789")] == '\0')
			complain("note: '%s' is a pattern here; as a seed it is --shuffle=%s", word,
				 word);
	}
}

static int command_run(const struct options *options)
{
	json_t *failed;
	int status;

	if (!load_failed(options, &failed, &status))
		return status;
	struct run_options asked = {
		.catalogue = options->catalogue,
		.patterns = patterns_of(options),
		.artifacts = options->artifacts,
		.wire = options->wire,
		.kernel = options->kernel,
		.jobs = options->jobs,
		.cpus = options->cpus,
		.real_time = options->real_time,
		.storms = options->storms,
		.storm_seconds = options->storm_seconds,
		.storm_seed = options->storm_seed,
		.repeat = options->repeat ? options->repeat : 1,
		.seed = options->seed,
		.failed_of = failed,
		.timeout_multiplier = options->timeout_multiplier,
		.pause = options->pause,
		.verbose = options->verbose,
		.only_failures = options->only_failures,
		.keep_ladders = options->keep_ladders,
	};

	note_number(options);
	deadlines_stretch(options->timeout_multiplier);
	inherited_complain();
	status = options->until_failure ? run_rounds(options, &asked) : run_once(options, &asked);
	json_decref(failed);
	return options->bisect ? bisect_status(status) : status;
}

/* ---- the command line ---------------------------------------------------------------------- */

/* Without a number one that is easy to type, and another each time. */
static bool take_seed(const struct cli_option *option, const char *value, void *field)
{
	if (value)
		return take_number(option, value, field);
	*(unsigned *)field = (unsigned)(clock_now() % 1000000) + 1;
	return true;
}

static bool check(const struct options *options)
{
	bool here = strcmp(options->kernel, "host") == 0 || strcmp(options->kernel, "auto") == 0;

	if (options->cpus && !options->real_time)
		complain("--cpus %u: virtual time has one CPU; add --time real", options->cpus);
	else if (options->pause && !here)
		complain("--pause stops a case on this host: it cannot be used with --kernel %s",
			 options->kernel);
	else if (options->pause && options->tap)
		complain("--pause asks a person, --tap writes for a program: use one of them");
	else if (options->until_failure && options->tap)
		complain("--until-failure plays round after round, --tap writes of one run: use "
			 "one of them");
	else if (options->pause && options->jobs > 1)
		complain("--jobs %u: with --pause one case runs at a time", options->jobs);
	else
		return true;
	return false;
}

static const struct cli_option run_options[] = {
	{ .name = "kernel",
	  .argument = "K",
	  .take = take_string,
	  FIELD(kernel),
	  .complete = complete_kernel,
	  .help = "in this kernel: auto (default: this one, and the default VM for what it cannot "
		  "run), host (this one), vm (the default VM), the version of a pinned one "
		  "(halfopen kernels list), or the path of an image, an unpacked kernel package or "
		  "a folder of /lib/modules" },
	TIME_OPTION,
	{ .name = "cpus",
	  .argument = "N",
	  .take = take_number,
	  FIELD(cpus),
	  .most = 64,
	  .help = "the VM's CPUs in real time (default: all)" },
	{ .name = "storms",
	  .argument = "vm|host|none",
	  .take = take_choice,
	  FIELD(storms),
	  .help = "storms, which need two CPUs, in a VM in real time (default), on this host, or "
		  "not "
		  "at all" },
	{ .name = "storm-seconds",
	  .argument = "N",
	  .take = take_number,
	  FIELD(storm_seconds),
	  .most = 3600,
	  .help = "for so long each storm begins new rounds (default: 2)" },
	{ .name = "storm-seed",
	  .argument = "N",
	  .take = take_number,
	  FIELD(storm_seed),
	  .most = 1000000,
	  .help = "the plan of a storm that told this seed; not how its CPUs meet" },
	{ .name = "exclude",
	  .argument = "PATTERN",
	  .take = take_another,
	  FIELD(excluded),
	  .complete = complete_patterns,
	  .help = "but not these; may be given several times" },
	{ .name = "failed",
	  .take = take_flag,
	  FIELD(failed),
	  .help = "only what failed, or was an error, when it was played last with these "
		  "artifacts" },
	{ .name = "shuffle",
	  .argument = "[=SEED]",
	  .take = take_seed,
	  FIELD(seed),
	  .most = UINT_MAX,
	  .help = "in another order than the longest first; the seed is printed, and makes the "
		  "same order again" },
	JOBS_OPTION("this many at once (default: 16 x CPUs, fewer where memory is short)"),
	ARTIFACTS_OPTION("keep what was seen here (default: ./artifacts)"),
	ARTIFACTS_ON_OPTION,
	NO_REPORT_OPTION("write no report.html there"),
	TAP_OPTION,
	JUNIT_OPTION,
	{ .name = "repeat",
	  .argument = "N",
	  .take = take_number,
	  FIELD(repeat),
	  .most = 10000,
	  .help = "run each case N times" },
	{ .name = "until-failure",
	  .take = take_flag,
	  FIELD(until_failure),
	  .help = "play round after round until one does not pass; with --repeat N rounds at the "
		  "most" },
	TIMEOUT_MULTIPLIER_OPTION,
	WIRE_OPTION,
	{ .name = "bisect",
	  .take = take_flag,
	  FIELD(bisect),
	  .help = "for git bisect run: exit with 125 where nothing was passed or failed" },
	{ .name = "pause",
	  .take = take_flag,
	  FIELD(pause),
	  .help = "one at a time; stop before the clean-up of a failed case and say how to enter "
		  "its namespaces" },
	{ .name = "verbose",
	  .letter = 'v',
	  .take = take_flag,
	  FIELD(verbose),
	  .help = "a line for each result" },
	{ 0 },
};

const struct command run_command = {
	.name = "run",
	.arguments = "[PATTERN...]",
	.summary = "run them; artifacts are kept in ./artifacts",
	.about = "Run the cases whose name, id (name/ipv4), topic, claim or behaviour matches a "
		 "PATTERN.",
	.ending = "Exit status: 0; 1 a case failed; 77 everything was skipped; 99 an error of the "
		  "run; 2 wrong usage; 130 or 143 after SIGINT or SIGTERM.",
	.options = run_options,
	.complete = complete_patterns,
	.check = check,
	.obey = command_run,
};
