/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes: of each behaviour that a case covers, one way in which its journal could be false that
 * just the step which covers it rejects. A journal is false in the ways of mutations.h; a change
 * says in which one, and at the how-manieth of the places where that fits.
 */
#ifndef HALFOPEN_CHANGES_H
#define HALFOPEN_CHANGES_H

#include "base/catalogue.h"
#include "tests/mutations.h"

struct change {
	const struct kind *kind;
	int way, place; /* the how-manieth that fits, from 0 */
};

/*
 * NULL when the change does what it is kept for: without it the journal adds up, with it the first
 * finding is that of an expectation of a step that covers the behaviour, and without the
 * expectations of that step it comes through the step. Else why not; the caller frees it. What the
 * finding says is in *finding, where that is not NULL; the caller frees it, too.
 */
char *change_fault(const struct journal *journal, const char *behaviour, struct change change,
		   char **finding);
/*
 * Looks for such a change that is none of @taken: the one whose finding has most of the names that
 * the behaviour has, of equals what the server sent or a call returned, and the last. False: there
 * is none, so no step asserts the behaviour.
 */
struct changes {
	struct change *all;
	size_t count;
};
bool change_find(const struct journal *journal, const struct claim *behaviour, struct changes taken,
		 struct change *found);
/* The kind of that name, or NULL. */
const struct kind *kind_named(const char *name);

#endif
