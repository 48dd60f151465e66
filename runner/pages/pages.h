/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages: what runs have left, as pages and tables: report.html of one run or several, and the
 * matrix of claims and kernels.
 */
#ifndef HALFOPEN_PAGES_H
#define HALFOPEN_PAGES_H

#include "runner/saved/saved.h"

/* ---- report.c, report_html.c: report.html -------------------------------------------------- */

struct report;

/* Of a page that will be @path; NULL with errno: it has no folder to lie in. */
struct report *report_new(const struct catalogue *catalogue, const char *path);
void report_free(struct report *report);
/*
 * Adds the run in @folder, or those in the folders below it, as the matrix leaves them. False after
 * complaining: there is none.
 */
bool report_add_folder(struct report *report, const char *folder);
bool report_is_empty(const struct report *report);
/* Says of each run what is wrong with it. */
void report_complain(const struct report *report);
/* Writes the page. NULL, or what went wrong; the caller frees it. */
char *report_store(struct report *report);
/* Writes report.html of the run in @artifacts there. NULL, or what went wrong. */
char *report_of_run(const struct catalogue *catalogue, const char *artifacts);

/* ---- tried.c: try.html ---------------------------------------------------------------------- */

/* Whether a trial has left try.json there. */
bool folder_has_trial(const char *folder);
/* Writes the page of the trial in @folder, from its try.json. NULL, or what went wrong. */
char *tried_page(const char *folder, const char *path);

/* ---- matrix.c: claims x kernels ------------------------------------------------------------ */

struct matrix;

/* One column: what was asked for, and its run. */
struct matrix_column {
	const char *name;  /* as the user sees it and as its folder is called: "6.1.192", "host" */
	const char *error; /* why no run could be made, in words: nothing in the folder counts;
			      NULL: its results.json tells all */
};

struct matrix_options {
	const struct catalogue *catalogue;
	struct patterns patterns; /* of cases and claims */
	const char *folder;       /* below it are the columns' runs */
	const char *artifacts;    /* the same as the user named it; NULL: it is the default */
	const struct matrix_column *columns;
	size_t column_count;
};

/* Reads the runs. NULL after complaining of a pattern that means nothing. */
struct matrix *matrix_read(struct matrix_options options);
void matrix_free(struct matrix *matrix);
/* BROKEN: a column or a result is an error; FAILED: a case failed, or a variant has changed. */
enum ending matrix_ending(const struct matrix *matrix);

/* ---- matrix_json.c, matrix_html.c, matrix_text.c ------------------------------------------- */

/* NULL, or what went wrong; the caller frees it. */
char *matrix_write_json(const struct matrix *matrix, const char *path);
char *matrix_write_html(const struct matrix *matrix, const char *path);
/* The table, and what differs, on stdout. */
void matrix_print(const struct matrix *matrix);

#endif
