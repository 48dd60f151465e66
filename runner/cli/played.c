/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands that play something have in common, from before the first entry to the end.
 */
#include "runner/cli/cli.h"
#include "runner/play/play.h"
#include "runner/tell/tell.h"

#include <errno.h>
#include <string.h>

int nothing_runs(const struct options *options, const char *why)
{
	complain("%s", why);
	if (options->tap)
		tap_of_nothing(why, false);
	return EXIT_ALL_SKIPPED;
}

int cannot_begin(const struct options *options, const char *why)
{
	complain("%s", why);
	if (options->tap)
		tap_of_nothing(why, true);
	return EXIT_RUN_ERROR;
}

char *prepare_run(struct run *run, const struct options *options)
{
	char *problem = run_has_guests(run) ? guests_prepare(run) : NULL;

	if (!problem)
		problem = results_make_folder(run);
	if (!problem && options->junit)
		problem = junit_problem(options->junit); /* which may be in that folder */
	if (!problem)
		problem = results_claim_folder(run);
	return problem;
}

char *problem_of(struct run *run)
{
	char *problem = run->fatal;

	run->fatal = NULL;
	return problem;
}

void print_object(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(value);
}

void note_problem(struct run *run, char *problem)
{
	if (problem)
		run_fatal(run, problem);
}

void end_output(struct run *run)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		run_fatal(run, format("cannot write to stdout: %s", strerror(errno)));
	if (run->fatal)
		complain("%s", run->fatal);
}
