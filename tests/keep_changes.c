/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keep_changes FOLDER CASE...: looks in the journals of these cases, FOLDER/CASE.jsonl, for a
 * change of each behaviour that they cover, and writes FOLDER/changes.tab anew: what stands in it
 * of other cases stays, and so does what of these still does what it is kept for. For make covered.
 */
#include "fixtures/fixtures.h"
#include "tests/changes.h"
#include "tests/kept_changes.h"
#include "suites/suites.h"

#include <string.h>

static const struct claim *behaviour_named(const char *id)
{
	size_t count;
	const struct claim *all = all_behaviours(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].id, id) == 0)
			return &all[i];
	broken("there is no behaviour %s", id);
}

/* What is kept already, where that still does what it is kept for, or what is found. */
static bool keep(struct kept_changes *kept, const struct journal *journal, const char *name,
		 const char *behaviour)
{
	const struct kept_change *old = kept_change_of(kept, name, behaviour);
	autofree char *fault = old ? change_fault(journal, behaviour, old->change, NULL) : NULL;
	struct kept_change found = { 0 };

	if (old && !fault)
		return true;
	struct changes taken = kept_changes_of(kept, name, behaviour);
	bool asserted = change_find(journal, behaviour_named(behaviour), taken, &found.change);
	free(taken.all);
	if (!asserted) {
		complain("%s: no step that covers %s rejects anything by what it expects: nobody "
			 "asserts it",
			 name, behaviour);
		return false;
	}
	found.case_name = format("%s", name);
	found.behaviour = format("%s", behaviour);
	free(change_fault(journal, behaviour, found.change, &found.finding));
	kept_changes_put(kept, found);
	return true;
}

static bool keep_of_case(struct kept_changes *kept, const char *folder, const char *name)
{
	const struct case_spec *spec = case_named(name);
	autofree char *path = format("%s/%s.jsonl", folder, name);
	autofree char *why = NULL;
	struct journal *journal = spec ? journal_load(path, &why) : NULL;
	const char *covers = spec ? spec->covers : NULL;
	bool good = journal;

	kept_changes_tidy(kept, name, covers);
	if (!journal)
		complain("%s", spec ? why : "there is no such case");
	for (char *id; journal && (id = text_word(&covers)); free(id))
		good = keep(kept, journal, name, id) && good;
	journal_free(journal);
	return good;
}

int main(int argc, char **argv)
{
	autofree char *path = format("%s/changes.tab", argc > 1 ? argv[1] : ".");
	struct kept_changes kept = kept_changes_load(path);
	bool good = true;

	for (int i = 2; i < argc; i++)
		good = keep_of_case(&kept, argv[1], argv[i]) && good;
	good = kept_changes_store(&kept, path) && good;
	kept_changes_free(&kept);
	return good ? EXIT_GOOD : EXIT_RUN_ERROR;
}
