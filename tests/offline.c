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

int main(int argc, char **argv)
{
	static int (*const commands[COMMANDS])(const struct options *) = {
		[LIST] = command_list,     [CLAIMS] = command_claims, [SHOW] = command_show,
		[REPORT] = command_report, [MATRIX] = matrix_again,   [DIFF] = command_diff,
	};
	struct options options;
	int status = EXIT_GOOD;

	if (!options_parse(&options, argc, argv, &status))
		return status;
	options.catalogue = &catalogue;
	if (commands[options.command])
		return commands[options.command](&options);
	complain("this command plays cases");
	return EXIT_USAGE;
}
