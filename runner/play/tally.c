/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tally: how entries and the run end.
 */
#include "runner/play/internal.h"

/* ---- how entries and the run end ----------------------------------------------------------- */

void run_result(struct run *run, struct entry *entry)
{
	verdict_amend(run, entry);
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

int run_status(const struct run *run)
{
	if (run->signal)
		return EXIT_SIGNALLED + run->signal;
	if (run->fatal || run->tally[BROKEN])
		return EXIT_RUN_ERROR;
	if (run->tally[FAILED])
		return EXIT_CASE_FAILED;
	return run->tally[SKIPPED] == run->plan.count ? EXIT_ALL_SKIPPED : EXIT_GOOD;
}
