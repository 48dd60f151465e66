/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * align: an expected ladder beside the observed one, row by row. Shared inside the judge.
 */
#ifndef HALFOPEN_ALIGN_H
#define HALFOPEN_ALIGN_H

#include "captures/judge/books.h"

struct row {
	const char *expected;             /* NULL: nothing was */
	const struct line_book *observed; /* NULL: nothing was observed */
	bool same;
};

struct rows {
	struct row *row;
	int count;
	int first;  /* that differs; count: none */
	int behind; /* so many lines, at least, come behind those that were looked at */
};

/*
 * The rows of an expected ladder, @event: those that fit, as the judge has found, then the others.
 * The caller frees rows->row.
 */
void pair_up(const struct judge *judge, const struct event *event, struct rows *rows);
void add_row(struct rows *rows, struct row row);
/* "1.0  <  SYN-ACK ignored"; "" where there is none. The caller frees it. */
char *expected_text(const char *line);
/* The same of a line, as it is compared with @expected; either may be NULL. */
char *observed_text(const struct judge *judge, const struct line_book *line, const char *expected);
/* In one line, where an expected ladder and the observed one part; the caller frees it. */
char *describe_ladder(const struct judge *judge, const struct event *event);

#endif
