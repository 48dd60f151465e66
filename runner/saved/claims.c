/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims: those of the catalogue as JSON, and whether it has those that a case says it answers.
 */
#include "runner/saved/saved.h"

#include <string.h>

json_t *claim_as_json(const struct claim *claim)
{
	json_t *json = json_object();

	json_object_set_new(json, "id", json_text(claim->id));
	json_object_set_new(json, "document", json_text(claim->document));
	json_object_set_new(json, "claim", json_text(claim->text));
	json_object_set_new(json, "verdict", json_text(claim_verdict_name(claim->verdict)));
	json_object_set_new(json, "finding", json_text(claim->finding));
	return json;
}

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
