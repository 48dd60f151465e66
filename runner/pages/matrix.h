/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix.h: claims x kernels, between what reads the runs (matrix.c) and what tells of them
 * (matrix_json.c, matrix_text.c, matrix_html.c).
 */
#ifndef HALFOPEN_RUNNER_MATRIX_H
#define HALFOPEN_RUNNER_MATRIX_H

#include "runner/pages/pages.h"

/*
 * A test that one kernel played otherwise than the kernel to its left. Where it is an error a
 * kernel is nobody's neighbour: those on both sides of it are compared.
 */
struct difference {
	const struct test *test;
	size_t left, right; /* columns */
	bool status, variant, ladder;
};

/* A test that passed with another variant than the one that is recorded. */
struct change {
	const struct test *test;
	size_t column;
	const char *recorded, *seen; /* NULL: none */
};

struct matrix {
	struct matrix_options options;
	struct column *columns;
	size_t column_count;
	struct selection rows;    /* of cases, each over its families */
	struct outcome *outcomes; /* by test, then by column */
	const struct claim **claims;
	size_t claim_count;
	struct difference *differences; /* by test, then by column */
	size_t difference_count;
	struct change *changes; /* in the same order */
	size_t change_count;
};

/* What a kernel says of a claim. */
struct claim_cell {
	enum claim_status status;
	const char *word; /* the claim's verdict, "variant", "failed", "error", "skipped", ... */
	json_t *variants; /* the names of those that were seen */
	json_t *tests;    /* the ids of those tests that make it so */
};

struct claim_cell claim_cell(const struct matrix *matrix, const struct claim *claim, size_t column);
void claim_cell_free(struct claim_cell *cell);

/* What a test did in a column. */
struct outcome matrix_outcome(const struct matrix *matrix, size_t test, size_t column);
/* The difference from the left neighbour, or NULL. */
const struct difference *difference_at(const struct matrix *matrix, const struct test *test,
				       size_t column);
/* Whether a test that answers the claim differs from the left neighbour. */
bool claim_differs(const struct matrix *matrix, const struct claim *claim, size_t column);
/* "status, variant, ladder": as many of them as differ. The caller frees it. */
char *difference_words(const struct difference *difference);
/* "A instead of B"; the caller frees it. */
char *change_words(const struct change *change);

#endif
