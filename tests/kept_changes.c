/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept_changes: see kept_changes.h.
 */
#include "tests/kept_changes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void release(struct kept_change *change)
{
	free(change->case_name);
	free(change->behaviour);
	free(change->finding);
}

/* Of its six fields, which are parted by tabs. False: it has not so many, or no such kind. */
static bool parse(char *line, struct kept_change *change)
{
	char *fields[6];
	size_t count = 0;

	for (char *field; count < ARRAY_LENGTH(fields) && (field = strsep(&line, "\t"));)
		fields[count++] = field;
	if (count < ARRAY_LENGTH(fields) || !kind_named(fields[2]))
		return false;
	*change = (struct kept_change){ .case_name = format("%s", fields[0]),
					.behaviour = format("%s", fields[1]),
					.change = { .kind = kind_named(fields[2]),
						    .way = (int)strtol(fields[3], NULL, 10),
						    .place = (int)strtol(fields[4], NULL, 10) },
					.finding = format("%s", fields[5]) };
	return change->change.way >= 0 && change->change.way < change->change.kind->ways;
}

struct kept_changes kept_changes_load(const char *path)
{
	struct kept_changes kept = { 0 };
	autofree char *why = NULL;
	autofree char *text = access(path, F_OK) == 0 ? text_load(path, &why) : format("%s", "");
	char *rest = text;

	if (!text)
		broken("%s", why);
	for (char *line; (line = strsep(&rest, "\n"));) {
		struct kept_change change;

		if (*line == '\0' || *line == '#')
			continue;
		if (!parse(line, &change))
			broken("%s: a line that is none: %s", path, line);
		kept_changes_put(&kept, change);
	}
	return kept;
}

bool kept_changes_store(const struct kept_changes *kept, const char *path)
{
	FILE *out = whole_begin(path);

	if (out)
		fputs("# case, behaviour, kind, way, place, finding: make covered writes it, see "
		      "docs/design.md\n",
		      out);
	for (size_t i = 0; out && i < kept->count; i++) {
		const struct kept_change *each = &kept->all[i];

		fprintf(out, "%s\t%s\t%s\t%d\t%d\t%s\n", each->case_name, each->behaviour,
			each->change.kind->name, each->change.way, each->change.place,
			each->finding);
	}
	if (out && whole_end(&out, path))
		return true;
	complain("cannot write %s: %s", path, strerror(errno));
	return false;
}

void kept_changes_free(struct kept_changes *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		release(&kept->all[i]);
	free(kept->all);
	*kept = (struct kept_changes){ 0 };
}

struct kept_change *kept_change_of(const struct kept_changes *kept, const char *case_name,
				   const char *behaviour)
{
	for (size_t i = 0; i < kept->count; i++)
		if (strcmp(kept->all[i].case_name, case_name) == 0 &&
		    strcmp(kept->all[i].behaviour, behaviour) == 0)
			return &kept->all[i];
	return NULL;
}

struct changes kept_changes_of(const struct kept_changes *kept, const char *case_name,
			       const char *behaviour)
{
	struct changes changes = { .all = must_alloc(kept->count + 1, sizeof(struct change)) };

	for (size_t i = 0; i < kept->count; i++)
		if (strcmp(kept->all[i].case_name, case_name) == 0 &&
		    strcmp(kept->all[i].behaviour, behaviour) != 0)
			changes.all[changes.count++] = kept->all[i].change;
	return changes;
}

static int in_order(const void *a, const void *b)
{
	const struct kept_change *left = a, *right = b;
	int cases = strcmp(left->case_name, right->case_name);

	return cases ? cases : strcmp(left->behaviour, right->behaviour);
}

void kept_changes_put(struct kept_changes *kept, struct kept_change change)
{
	struct kept_change *old = kept_change_of(kept, change.case_name, change.behaviour);

	if (old) {
		release(old);
		*old = change;
		return;
	}
	kept->all = GROWN(kept->all, kept->count);
	kept->all[kept->count++] = change;
	qsort(kept->all, kept->count, sizeof(*kept->all), in_order);
}

void kept_changes_tidy(struct kept_changes *kept, const char *case_name, const char *behaviours)
{
	size_t left = 0;

	for (size_t i = 0; i < kept->count; i++)
		if (strcmp(kept->all[i].case_name, case_name) == 0 &&
		    !text_has_word(behaviours, kept->all[i].behaviour))
			release(&kept->all[i]);
		else
			kept->all[left++] = kept->all[i];
	kept->count = left;
}

char *outline_of(const struct journal *journal)
{
	struct text outline = { 0 };
	const struct event *event;

	for (size_t i = 0; (event = journal_event(journal, i)); i++) {
		bool ladder = is_expectation(event, "ladder");

		if (event->kind == EVENT_STEP || event->kind == EVENT_COVERS ||
		    event->kind == EVENT_EXPECT)
			text_add(&outline, "%s\n", event->name);
		for (size_t k = 0; ladder && event->lines && event->lines[k]; k++)
			text_add(&outline, "  %s\n", event->lines[k]);
	}
	return text_take(&outline);
}
