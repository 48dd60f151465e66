/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offline: the commands that read what runs have left, linked with nothing that plays a case or
 * looks at a network (tests/local.mk says with what). Its catalogue has no code behind it, and fits
 * the runs in tests/saved.
 */
#include "runner/cli/cli.h"

#include <string.h>

static const struct listed_case cases[] = {
	{ .name = "connect_times_out_while_nobody_accepts",
	  .topic = "accept queue",
	  .claims = "D2-26 D2-35",
	  .variants = "linear-syn-timeouts exponential-syn-timeouts",
	  .families = IPV4_ONLY },
	{ .name = "case_that_nobody_has_run", .topic = "nothing", .claims = "D2-26" },
};

static const struct claim claims[] = {
	{ "D2-26", "listen backlogs", "the accept queue overflows", CONFIRMED, NULL },
	{ "D2-35", "listen backlogs", "so there is no connect timeout", REFUTED, "There is." },
};

static const struct recorded_variant records[] = {
	{ "connect_times_out_while_nobody_accepts", "2.6", "exponential-syn-timeouts" },
	{ "connect_times_out_while_nobody_accepts", "6.5", "linear-syn-timeouts" },
};

static const struct catalogue catalogue = {
	.cases = cases,
	.case_count = ARRAY_LENGTH(cases),
	.claims = claims,
	.claim_count = ARRAY_LENGTH(claims),
	.variants = records,
	.variant_count = ARRAY_LENGTH(records),
};

/* The program's own also plays the runs. */
static const struct cli_option matrix_options[] = {
	{ .name = "no-run", .take = take_flag, FIELD(no_run), .help = "as always here" },
	{ .name = "artifacts",
	  .argument = "DIR",
	  .take = take_string,
	  FIELD(artifacts),
	  .help = "the folder of the runs" },
	{ 0 },
};

static const struct command matrix_of_what_is_there = {
	.name = "matrix",
	.arguments = "",
	.summary = "the claims on the kernels that are there",
	.about = "Tell what runs in many kernels have shown.",
	.options = matrix_options,
	.obey = matrix_again,
};

static const struct command *const commands[] = {
	&list_command, &claims_command,          &show_command, &report_command,
	&diff_command, &matrix_of_what_is_there, NULL,
};

int main(int argc, char **argv)
{
	struct options options = { .catalogue = &catalogue, .commands = commands };
	int status = EXIT_GOOD;

	if (options_parse(&options, argc, argv, &status))
		status = options.command->obey(&options);
	options_free(&options);
	return status;
}
