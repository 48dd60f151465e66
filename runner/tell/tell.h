/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tell: reports on a run: for people, TAP harnesses and CI servers, and results.json.
 */
#ifndef HALFOPEN_TELL_H
#define HALFOPEN_TELL_H

#include "runner/play/play.h"

/* ---- console.c, tap.c: while it goes on ---------------------------------------------------- */

/*
 * In full; one line at the end, for a matrix; a line for a round in which all passed, else in full;
 * TAP 14.
 */
extern const struct reporter console_reporter, brief_reporter, rounds_reporter, tap_reporter;
/* Says nothing: the run's JSON is printed when it has ended. */
extern const struct reporter silent_reporter;
/* TAP of a run that cannot begin: all of it is skipped, or it bails out. */
void tap_of_nothing(const char *why, bool error);

/* ---- groups.c: failures that are alike ----------------------------------------------------- */

/* What failed, or was an error, and is of one kind. */
struct group {
	char *kind;
	enum ending ending; /* FAILED or BROKEN */
	const struct entry **entries;
	size_t count;
};

/* Of a run: the failures first, each group where its first entry is in the plan. */
struct groups {
	struct group *all;
	size_t count;
};

struct groups groups_make(const struct run *run);
void groups_free(struct groups *groups);
/* The group of an entry that failed. */
const struct group *group_of(const struct groups *groups, const struct entry *entry);
/* "12 alike: " and the message, or "12 alike, the first: " and its own. The caller frees it. */
char *group_title(const struct group *group);
/* Of what kind the entry's failure is. The caller frees it. */
char *entry_kind(const struct entry *entry);
/* Whether it has ended and failed, or was an error. */
bool is_bad(const struct entry *entry);

/* ---- results.c ----------------------------------------------------------------------------- */

/*
 * Writes results.json, with what is kept of earlier runs; sets run->kept. @complete: every entry of
 * the plan ended. False after run_fatal().
 */
bool results_store(struct run *run, bool complete);
/* NULL, or why the artifacts folder cannot be this run's. Makes it if it is not there. */
char *results_make_folder(struct run *run);
/*
 * Locks that folder (shared) until the process ends: results_folder_is_live(). What was there of
 * the run's plan no longer counts. NULL, or what went wrong.
 */
char *results_claim_folder(struct run *run);

/* ---- tried_console.c, tried_json.c: of a trial --------------------------------------------- */

/* Facts, scenario by scenario the outcomes, and what was found in words. */
extern const struct reporter tried_reporter;
/* What try.json says; the caller has the reference. @complete: every entry of the plan ended. */
json_t *tried_json(const struct run *run, bool complete);
/* Writes try.json. False after run_fatal(). */
bool tried_store(struct run *run, bool complete);

/* ---- staged.c: of a stage ------------------------------------------------------------------- */

/* A line or two for each connection, on standard error. */
extern const struct reporter staged_reporter;
/* What stage.json says; the caller has the reference. @complete: the stage has been played. */
json_t *staged_json(const struct run *run, bool complete);
/* Writes stage.json. False after run_fatal(). */
bool staged_store(struct run *run, bool complete);

/* ---- junit.c, github.c: when it has ended -------------------------------------------------- */

/* NULL, or why a file cannot be written there: asked before the first case. The caller frees it. */
char *junit_problem(const char *path);
/* NULL, or what went wrong. */
char *junit_write(const struct run *run, const char *path);
/*
 * Under GitHub Actions: annotations, and the step's summary. NULL, or why that could not be
 * written.
 */
char *github_report(const struct run *run);

#endif
