/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fact_list.c: facts as a list, and as JSON.
 */
#include "inspect/facts.h"

#include "base/json.h"

void add_fact(struct account *account, const struct inspected_listener *listener, struct fact fact)
{
	struct facts *facts = &account->facts;

	fact.listener = listener ? format("%s", listener->name) : NULL;
	fact.port = listener ? listener->port : 0;
	fact.cookie = listener ? listener->cookie : 0;
	facts->all = GROWN(facts->all, facts->count);
	facts->all[facts->count++] = fact;
}

char *counted(size_t count, const char *noun, const char *plural)
{
	return format("%zu %s", count, count == 1 ? noun : plural);
}

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		free(facts->all[i].listener);
		free(facts->all[i].text);
		free(facts->all[i].unusual);
	}
	free(facts->all);
	*facts = (struct facts){ 0 };
}

json_t *facts_json(const struct facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->all[i];

		json_array_append_new(
			array,
			json_pack("{s:s, s:o, s:o, s:b, s:b, s:o, s:o}", "name", fact->name,
				  "listener", json_text(fact->listener), "value",
				  fact->known ? json_integer(fact->value) : json_null(), "known",
				  fact->known, "usual", fact->usual, "text", json_text(fact->text),
				  "unusual", json_text(fact->unusual)));
	}
	return array;
}
