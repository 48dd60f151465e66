/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage: the `stage` command: a client of somebody else's meets a server in a state.
 */
#include "runner/cli/staged.h"
#include "runner/cli/stage.h"
#include "vm/vm.h"

static bool expects_something(const struct stage_expectation *expect)
{
	return expect->exits || expect->within || expect->retries;
}

/* What makes no sense where the client is started by somebody else, and what where it is not. */
static bool check_listening(const struct options *options)
{
	if (options->dashes || options->word_count)
		complain("--listen: the client is started by somebody else, so none stands behind "
			 "--");
	else if (expects_something(&options->staging.expect))
		complain("--listen: the client is started by somebody else, so nothing of it can "
			 "be expected");
	else
		return true;
	return false;
}

static bool check(const struct options *options)
{
	const struct staging *staging = &options->staging;

	if (!staging->place_count)
		complain("which state? As in: halfopen stage half-open -- curl "
			 "http://{host}:{port}/; "
			 "`halfopen stage --help` has them all");
	else if (!stage_goes_with_kernel(options))
		return false;
	else if (staging->listen)
		return check_listening(options) && stage_places_agree(staging);
	else if (!options->word_count)
		complain("which client? Its command stands behind --, as in: halfopen stage "
			 "half-open -- curl http://{host}:{port}/; or --listen [ADDRESS:]PORT, for "
			 "one that runs elsewhere");
	else
		return stage_places_agree(staging);
	return false;
}

static int command_stage(const struct options *options)
{
	struct staging staging = options->staging;

	if (staging.listen)
		return stage_listen(options);
	staging.argv = options->words;
	staging.env = options->client_environment.all;
	staging.logged = staging.lists_files = guest_is_around();
	staging.apart = options->json;
	return stage_client(options, &staging);
}

/* The states, as --help has them, and examples. */
static void print_states(void)
{
	static const char examples[] =
		"\nFor example:\n"
		"  halfopen stage half-open -- curl -m 3 http://{host}:{port}/\n"
		"  halfopen stage reset --first 1 --expect-exit 0 -- ./my-client {host} {port}\n"
		"  halfopen stage refused/ipv6 -- wget -O- http://{host}:{port}/\n"
		"  halfopen stage silent --listen 127.0.0.1:8080\n";

	for (unsigned state = 0; state < STAGE_STATES; state++) {
		const struct stage_about *about = stage_about((enum stage_state)state);
		autofree char *entry = format("  %s%s", about->name, about->values);

		help_print_entry(entry, about->meets);
	}
	fputs(examples, stdout);
}

const struct command stage_command = {
	.name = "stage",
	.arguments =
		"STATE[=VALUE][@PORT][/FAMILY]... [--listen [ADDRESS:]PORT | -- CLIENT [ARG...]]",
	.summary = "a server in a state, for a client of yours: half-open, silent, reset, ...",
	.about = "Start the client in a network of its own, before a server that is held in a "
		 "state: named $HALFOPEN_HOST at $HALFOPEN_PORT, {host} and {port} in its "
		 "arguments. Or listen for clients from elsewhere. The state is looked at for each "
		 "connection at least once a second until it ends. Options that are about a state "
		 "stand behind it.",
	.print_more = print_states,
	.ending = "Exit status: the client's, 128 and the signal that ended it; 0 it ended as "
		  "--expect-exit says; 1 it was not as expected; 125 anything that halfopen has to "
		  "say itself, as a state that did not "
		  "hold; 126 the client cannot be run, 127 it is not there; with --listen 0 it was "
		  "told to end.",
	.options = stage_options,
	.word = &stage_word,
	.starts_program = true,
	.usage_status = EXIT_STAGE,
	.complete = stage_complete_states,
	.check = check,
	.obey = command_stage,
};
