/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h: runs, between what reads their folders (report.c) and the page (report_html.c).
 */
#ifndef HALFOPEN_RUNNER_REPORT_H
#define HALFOPEN_RUNNER_REPORT_H

#include "runner/pages/pages.h"

struct told_run {
	char *folder;  /* its path */
	char *link;    /* the same from where the page lies: "." or "matrix/6.1.192" */
	json_t *run;   /* its results.json, or what could be found instead */
	char *problem; /* what is wrong with it; NULL: nothing */
};

/* One case over one family in one run. */
struct told {
	const struct told_run *of;
	const json_t *result;
	const char *name, *family, *status;
	char *folder, *link;
	char *ladder; /* ladder.txt; NULL: it was not kept */
};

struct report {
	const struct catalogue *catalogue;
	char *path; /* of the page */
	char *page; /* absolute: the folder that it will lie in */
	struct told_run *runs;
	size_t run_count;
	struct told *entries; /* by case, in the order of the runs */
	size_t entry_count;
};

/* Whether one of its entries is of this case. */
bool report_has_case(const struct report *report, const char *name);
/* The run in @folder. False when there is nothing of one in it. */
bool report_add_run(struct report *report, const char *folder);
/* All that the runs say, by case. */
void report_add_entries(struct report *report);

#endif
