/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h: runs, between what reads their folders (report.c) and the page (report_html.c and what
 * writes its parts).
 */
#ifndef HALFOPEN_RUNNER_REPORT_H
#define HALFOPEN_RUNNER_REPORT_H

#include "base/xml.h"
#include "runner/pages/pages.h"

struct report_run {
	char *folder;        /* its path */
	char *link;          /* the same from where the page lies: "." or "matrix/6.1.192" */
	json_t *results;     /* its results.json, or what could be found instead */
	json_t *environment; /* lines that the env.txt of all its cases have; NULL: not read yet */
	char *problem;       /* what is wrong with it; NULL: nothing */
};

/* One case over one family in one run. */
struct report_entry {
	const struct report_run *of;
	const json_t *result;
	bool old; /* of another kernel or build than the run: it does not count */
	const char *name, *family;
	const char *status; /* its result's; or "old" */
	char *folder, *link;
	char *ladder;        /* ladder.txt; NULL: it was not kept */
	json_t *environment; /* the lines of env.txt; empty: it was not kept */
};

struct report {
	const struct catalogue *catalogue;
	char *path; /* of the page */
	char *page; /* absolute: the folder that it will lie in */
	struct report_run *runs;
	size_t run_count;
	struct report_entry *entries; /* by case, in the order of the runs */
	size_t entry_count;
};

/* Whether one of its entries is of this case. */
bool report_has_case(const struct report *report, const char *name);
/* The run in @folder. False when there is nothing of one in it. */
bool report_add_run(struct report *report, const char *folder);
/* All that the runs say, by case. */
void report_add_entries(struct report *report);
/* "Linux 6.1.192", and where it lies if there are several; the caller frees it. */
char *report_run_name(const struct report *report, const struct report_run *run);
/* It failed, or was an error of the run. */
bool report_is_bad(const struct report_entry *entry);

/* ---- parts of the page --------------------------------------------------------------------- */

void report_write_claims(xml page, const struct report *report);
/* How a case and its picture are to be read. */
void report_write_legend(xml page);

/* What is written, and how many bytes of pictures there are so far. */
struct writing {
	const struct report *report;
	size_t *bytes;
};
/* All entries of one case: @count of them, from @entries on. */
void report_write_case(xml page, const struct writing *writing, const struct report_entry *entries,
		       size_t count);

#endif
