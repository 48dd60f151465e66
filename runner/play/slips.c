/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slips: what the authors of cases have written wrongly, told before anything is played.
 */
#include "runner/play/play.h"

bool head_is_sound(const struct catalogue *catalogue, const struct listed_case *listed)
{
	autofree char *slip = head_slip(case_named(listed->name));

	if (!slip)
		return claims_are_sound(catalogue, listed);
	complain("%s:%d: %s", listed->file, listed->line, slip);
	return false;
}

bool plan_is_sound(const struct plan *plan, const struct catalogue *catalogue)
{
	const struct listed_case *last = NULL;
	bool sound = true;

	for (size_t i = 0; i < plan->count; i++) {
		const struct listed_case *listed = plan->entries[i].spec;

		if (listed != last)
			sound &= head_is_sound(catalogue, listed);
		last = listed;
	}
	return sound;
}
