/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slips: what the authors of cases have written wrongly, told before anything is played.
 */
#include "runner/play/play.h"

#include <string.h>

static char *claim_slip(const struct catalogue *catalogue, const char *id)
{
	struct nearest nearest = { .typed = id };

	for (size_t i = 0; i < catalogue->claim_count; i++) {
		if (strcmp(catalogue->claims[i].id, id) == 0)
			return NULL;
		nearest_offer(&nearest, catalogue->claims[i].id);
	}
	autofree char *near = nearest_text(&nearest);
	return format("there is no claim \"%s\"%s", id, near);
}

static char *claims_slip(const struct catalogue *catalogue, const char *claims)
{
	char *slip = NULL;

	for (char *id; !slip && (id = text_word(&claims)); free(id))
		slip = claim_slip(catalogue, id);
	return slip;
}

bool head_is_sound(const struct catalogue *catalogue, const struct listed_case *listed)
{
	autofree char *slip = head_slip(case_named(listed->name));

	if (!slip)
		slip = claims_slip(catalogue, listed->claims);
	if (slip)
		complain("%s:%d: %s", listed->file, listed->line, slip);
	return !slip;
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
