/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims: whether the claims that a case says it answers are in the catalogue.
 */
#include "runner/saved/saved.h"

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

bool claims_are_sound(const struct catalogue *catalogue, const struct listed_case *listed)
{
	autofree char *slip = claims_slip(catalogue, listed->claims);

	if (slip)
		complain("%s:%d: %s", listed->file, listed->line, slip);
	return !slip;
}
