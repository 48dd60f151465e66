/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal as it is in memory, and the fields of its events. Shared inside journal.
 */
#ifndef HALFOPEN_JOURNAL_INTERNAL_H
#define HALFOPEN_JOURNAL_INTERNAL_H

#include "captures/journal/journal.h"

#include <stddef.h>

struct journal {
	struct event *events;
	size_t length;
	struct owned strings, arrays; /* that the events point to */
	FILE *out;
	size_t written; /* events */
};

/* ---- fields.c ------------------------------------------------------------------------------ */

/* Their names in JSON. From a name, as a number: -1 where it is none of them. */
const char *kind_name(enum event_kind kind);
int kind_from_name(const char *name);
int state_from_name(const char *name);
int host_from_name(const char *name);

/* In an int: a COUNT, a PORT, or a TCP option's value, which is -1 where it is absent. */
enum field_type { HOST, COUNT, PORT, OPTION, LONG, U16, U8, U32, U64, NSEC, BOOL, TEXT, STATE };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	unsigned zeros; /* the kinds of events of which it says something although it is 0: a set */
};

extern const struct field event_fields[];
extern const size_t event_field_count;
/* When it was: each event has it. */
extern const struct field event_time;

/*
 * Texts go into drawings, line by line, and to terminals, which obey control characters: a journal
 * has none. printable() makes blanks of them; the caller frees it.
 */
bool is_printable(const char *text);
char *printable(const char *text);

#endif
