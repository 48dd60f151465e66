/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * find_slips: what is written wrongly in the cases, a line for each. For make, which runs it.
 */
#include "runner/play/play.h"
#include "suites/suites.h"

#include <string.h>

static bool literals_are_sound(void)
{
	autofree char *slips = literal_slips();
	char *rest = slips;

	for (const char *line; (line = strsep(&rest, "\n"));)
		complain("%s", line);
	return !slips;
}

int main(void)
{
	const struct catalogue catalogue = suites_catalogue();
	bool sound = literals_are_sound();

	for (size_t i = 0; i < catalogue.case_count; i++)
		sound &= head_is_sound(&catalogue, &catalogue.cases[i]);
	return sound ? EXIT_GOOD : EXIT_RUN_ERROR;
}
