/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept_changes: the table tests/covered/changes.tab, a line for each behaviour of each case:
 * case, behaviour, kind, way, place, and what the finding says, for a reader; parted by tabs.
 */
#ifndef HALFOPEN_KEPT_CHANGES_H
#define HALFOPEN_KEPT_CHANGES_H

#include "tests/changes.h"

struct kept_change {
	char *case_name, *behaviour;
	struct change change;
	char *finding;
};

struct kept_changes {
	struct kept_change *all; /* by case and behaviour */
	size_t count;
};

/* Ends the program where a line is malformed; a table that is not there is empty. */
struct kept_changes kept_changes_load(const char *path);
/* False after complaining. */
bool kept_changes_store(const struct kept_changes *kept, const char *path);
void kept_changes_free(struct kept_changes *kept);
/* NULL: none is kept. */
struct kept_change *kept_change_of(const struct kept_changes *kept, const char *case_name,
				   const char *behaviour);
/* Those of the case's other behaviours; .all is the caller's. */
struct changes kept_changes_of(const struct kept_changes *kept, const char *case_name,
			       const char *behaviour);
/* Takes the texts; replaces what was kept of it. */
void kept_changes_put(struct kept_changes *kept, struct kept_change change);
/* Drops what is kept of the case's behaviours that are none of these. */
void kept_changes_tidy(struct kept_changes *kept, const char *case_name, const char *behaviours);

/*
 * What a journal shows of how its case is written: its steps, what they cover, and what they
 * expect. Two runs of one case on kernels of one kind have the same. The caller frees it.
 */
char *outline_of(const struct journal *journal);

#endif
