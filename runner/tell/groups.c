/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * groups: what failed, and the errors of a run, those that are alike together (failure_kind()).
 */
#include "runner/tell/tell.h"

#include <string.h>

char *entry_kind(const struct entry *entry)
{
	return failure_kind(reason_or_none(entry->result.reason), entry->result.failure);
}

bool is_bad(const struct entry *entry)
{
	return entry->state == ENDED &&
	       (entry->result.ending == FAILED || entry->result.ending == BROKEN);
}

static struct group *group_for(struct groups *groups, const struct entry *entry)
{
	autofree char *kind = entry_kind(entry);

	for (size_t i = 0; i < groups->count; i++)
		if (groups->all[i].ending == entry->result.ending &&
		    strcmp(groups->all[i].kind, kind) == 0)
			return &groups->all[i];
	groups->all = GROWN(groups->all, groups->count);
	groups->all[groups->count] =
		(struct group){ .kind = format("%s", kind), .ending = entry->result.ending };
	return &groups->all[groups->count++];
}

struct groups groups_make(const struct run *run)
{
	struct groups groups = { 0 };

	for (enum ending ending = FAILED; ending <= BROKEN; ending++)
		for (size_t i = 0; i < run->plan.count; i++) {
			const struct entry *entry = &run->plan.entries[i];
			struct group *group;

			if (!is_bad(entry) || entry->result.ending != ending)
				continue;
			group = group_for(&groups, entry);
			group->entries = must_realloc((void *)group->entries, group->count + 1,
						      sizeof(const struct entry *));
			group->entries[group->count++] = entry;
		}
	return groups;
}

void groups_free(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		free(groups->all[i].kind);
		free((void *)groups->all[i].entries);
	}
	free(groups->all);
}

const struct group *group_of(const struct groups *groups, const struct entry *entry)
{
	for (size_t i = 0; i < groups->count; i++)
		for (size_t j = 0; j < groups->all[i].count; j++)
			if (groups->all[i].entries[j] == entry)
				return &groups->all[i];
	return NULL;
}

static bool all_say(const struct group *group, const char *reason)
{
	for (size_t i = 0; i < group->count; i++)
		if (strcmp(reason_or_none(group->entries[i]->result.reason), reason) != 0)
			return false;
	return true;
}

char *group_title(const struct group *group)
{
	const char *reason = reason_or_none(group->entries[0]->result.reason);

	if (group->count == 1)
		return format("%s", reason);
	return format("%zu alike%s: %s", group->count, all_say(group, reason) ? "" : ", the first",
		      reason);
}
