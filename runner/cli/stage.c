/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage: the `stage` command: a client of somebody else's meets a server in a state.
 */
#include "runner/cli/stage.h"

static bool expects_something(const struct stage_expectation *expect)
{
	return expect->exits || expect->within || expect->retries;
}

static bool check(const struct options *options)
{
	const struct staging *staging = &options->staging;

	if (!staging->place_count)
		complain("which state? As in: halfopen stage half-open --listen 127.0.0.1:8080; "
			 "`halfopen stage --help` has them all");
	else if (!staging->listen)
		complain("where? --listen [ADDRESS:]PORT says it");
	else if (options->dashes || options->word_count)
		complain("--listen: the client is started by somebody else, so none stands behind "
			 "--");
	else if (expects_something(&staging->expect))
		complain("--listen: the client is started by somebody else, so nothing of it can "
			 "be expected");
	else
		return stage_places_agree(staging);
	return false;
}

static int command_stage(const struct options *options)
{
	return stage_listen(options);
}

/* The states, as --help has them. */
static void print_states(void)
{
	for (unsigned state = 0; state < STAGE_STATES; state++) {
		const struct stage_about *about = stage_about((enum stage_state)state);
		autofree char *entry = format("  %s%s", about->name, about->values);

		help_print_entry(entry, about->meets);
	}
}

const struct command stage_command = {
	.name = "stage",
	.arguments = "STATE[=VALUE][@PORT][/FAMILY]... --listen [ADDRESS:]PORT",
	.summary = "a server in a state, for a client of yours: half-open, silent, reset, ...",
	.about = "Listen, and hold whoever connects in a state, which is looked at for each "
		 "connection at least once a second until it ends. Options that are about a state "
		 "stand behind it.",
	.print_more = print_states,
	.ending = "Exit status: 0 it was told to end; 125 anything that it has to say itself, as "
		  "a state that did not hold.",
	.options = stage_options,
	.word = &stage_word,
	.starts_program = true,
	.usage_status = EXIT_STAGE,
	.complete = stage_complete_states,
	.check = check,
	.obey = command_stage,
};
