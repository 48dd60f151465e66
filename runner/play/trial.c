/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial: what the first scenario of a trial finds out about the server, and what follows from that
 * for the others: they begin when it has ended.
 */
#include "runner/play/internal.h"

#include "base/json.h"
#include "base/trial.h"

#include <string.h>

bool waits_for_first(const struct run *run, const struct entry *entry)
{
	for (size_t i = 0; i < run->plan.count && !goes_first(run, entry); i++)
		if (goes_first(run, &run->plan.entries[i]) && run->plan.entries[i].state != ENDED)
			return true;
	return false;
}

void put_first(const struct run *run, struct entry **order, size_t count)
{
	size_t ahead = 0;

	for (size_t i = 0; i < count; i++) {
		struct entry *entry = order[i];

		if (!goes_first(run, entry))
			continue;
		memmove(order + ahead + 1, order + ahead, (i - ahead) * sizeof(struct entry *));
		order[ahead++] = entry;
	}
}

/* ---- what was found out --------------------------------------------------------------------- */

/*
 * Without a layer of its own a server changes the machine's files: two at once would meet each
 * other there, and a second one beside the first is for who asks for it.
 */
static void without_layer(struct run *run, const char *why)
{
	static const char *const two_at_once[] = { "restart", "handover" };

	run->one_by_one = true;
	for (size_t i = 0; i < run->plan.count; i++) {
		struct entry *entry = &run->plan.entries[i];

		for (size_t j = 0; j < ARRAY_LENGTH(two_at_once); j++)
			if (!entry->named && !entry->unmet &&
			    strcmp(entry->spec->name, two_at_once[j]) == 0)
				entry->unmet = format("%s; where it may write into the machine's "
						      "files all the same: --scenario %s",
						      why, entry->spec->name);
	}
}

/* Nobody reaches the server: no other scenario applies. */
static void without_reach(struct run *run, const char *why)
{
	for (size_t i = 0; i < run->plan.count; i++) {
		struct entry *entry = &run->plan.entries[i];

		if (goes_first(run, entry))
			continue;
		free(entry->unmet);
		entry->unmet = format("%s", why);
	}
}

void learn_from_first(struct run *run, const struct entry *entry)
{
	const json_t *learned = json_object_get(entry->result.told, "learned");
	const json_t *speaks = json_object_get(learned, "speaks");
	const json_t *layer = json_object_get(learned, "layer");
	const json_t *loopback = json_object_get(learned, "loopback");

	if (!goes_first(run, entry))
		return;
	if (entry->result.ending == BROKEN)
		run_fatal(run, format("%s", reason_or_none(entry->result.reason)));
	if (layer && member_whole(layer, "value", 1) == 0)
		without_layer(run, member_or_empty(layer, "words"));
	if (loopback)
		without_reach(run, member_or_empty(loopback, "words"));
	if (speaks)
		run->options->trial->speaks =
			(enum speaks)member_whole(speaks, "value", SPEAKS_NOTHING);
}

char *what_the_guest_lacked(const struct run *run, const struct entry *entry)
{
	autofree char *path = entry_path(run, entry, "files.json");
	json_auto_t *files = json_load(path, NULL);
	const char *name;
	json_t *opened;

	json_object_foreach (files, name, opened)
		if (cargo_lacks(run->cargo, name, json_is_true(opened)))
			return format("%s", name);
	return NULL;
}
