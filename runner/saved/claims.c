/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims: those of the catalogue as JSON, and whether it has those that a case says it answers or
 * covers.
 */
#include "runner/saved/saved.h"

#include <string.h>

json_t *claim_as_json(const struct catalogue *catalogue, const struct claim *claim)
{
	bool behaviour = claim->verdict == BEHAVIOUR;
	const char *word = claim_word(catalogue, claim);
	json_t *json = json_object();

	json_object_set_new(json, "id", json_text(claim->id));
	json_object_set_new(json, "document", json_text(claim->document));
	json_object_set_new(json, "claim", json_text(claim->text));
	json_object_set_new(json, "verdict", json_text(word));
	json_object_set_new(json, "finding", json_text(behaviour ? NULL : claim->finding));
	json_object_set_new(json, "missing",
			    json_text(strcmp(word, "partly") == 0 ? claim->finding : NULL));
	return json;
}

/* Claims are one kind, behaviours the other. */
static char *claim_slip(const struct catalogue *catalogue, const char *id, bool behaviours)
{
	struct nearest nearest = { .typed = id };

	for (size_t i = 0; i < catalogue->claim_count; i++) {
		const struct claim *claim = &catalogue->claims[i];

		if ((claim->verdict == BEHAVIOUR) != behaviours)
			continue;
		if (strcmp(claim->id, id) == 0)
			return NULL;
		nearest_offer(&nearest, claim->id);
	}
	autofree char *near = nearest_text(&nearest);
	return format("there is no %s \"%s\"%s", behaviours ? "behaviour" : "claim", id, near);
}

static char *claims_slip(const struct catalogue *catalogue, const char *ids, bool behaviours)
{
	char *slip = NULL;

	for (char *id; !slip && (id = text_word(&ids)); free(id))
		slip = claim_slip(catalogue, id, behaviours);
	return slip;
}

bool claims_are_sound(const struct catalogue *catalogue, const struct listed_case *listed)
{
	autofree char *slip = claims_slip(catalogue, listed->claims, false);

	if (!slip)
		slip = claims_slip(catalogue, listed->covers, true);
	if (slip)
		complain("%s:%d: %s", listed->file, listed->line, slip);
	return !slip;
}
