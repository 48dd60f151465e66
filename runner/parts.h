/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the runner's own files share; no other room includes this.
 */
#ifndef HALFOPEN_RUNNER_PARTS_H
#define HALFOPEN_RUNNER_PARTS_H

#include "base/base.h"
#include "fixtures/fixtures.h"
#include "netns/netns.h"
#include "suites/suites.h"

#include <jansson.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

enum exit_status {
	EXIT_GOOD = 0,
	EXIT_CASE_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_ALL_SKIPPED = 77,
	EXIT_RUN_ERROR = 99,
	EXIT_SIGNALLED = 128, /* plus its number */
};

/* ---- text.c: words, lines and JSON --------------------------------------------------------- */

/* One line on stderr, "halfopen: ...". */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A copy without what XML 1.0 and JSON cannot carry (control characters, broken UTF-8). */
char *text_clean(const char *text);
char *text_first_line(const char *text);
/* "12.3 s", "3 min 10 s", "1 h 2 min". */
char *text_duration(double span);
/* The next blank-separated word of *rest, or NULL; the caller frees it. @rest may hold NULL. */
char *text_word(const char **rest);
bool text_has_word(const char *words, const char *word);
/* Each line of @text with @prefix before it. */
void text_indent(FILE *out, const char *prefix, const char *text);
/* @text in lines of at most @width columns, each after the first indented by @indent blanks. */
struct wrap {
	unsigned indent, width;
};
void text_wrap(FILE *out, struct wrap wrap, const char *text);

/* Cleaned text, or null for NULL. */
json_t *json_text(const char *text);
/* The blank-separated words as an array. */
json_t *json_words(const char *words);
/* Replaces the file whole or not at all. False with errno. */
bool json_store(const json_t *value, const char *path);
/* A number member, or 0. */
double member_number(const json_t *object, const char *key);
/* A copy of a string member, or NULL. */
char *member_text(const json_t *object, const char *key);

/* ---- options.c ----------------------------------------------------------------------------- */

enum command { NO_COMMAND, LIST, RUN, CLAIMS, SHOW, COMMANDS };

struct options {
	enum command command;
	char **words; /* what is left: patterns, or the folder of show */
	size_t word_count;
	const char *artifacts, *junit, *wire;
	unsigned jobs; /* 0: as many as this machine takes */
	unsigned repeat;
	double timeout_multiplier;
	bool json, tap, pause, verbose;
};

/* Returns true to go on; false when all is said, with the exit status in *status. */
bool options_parse(struct options *options, int argc, char **argv, int *status);

/* ---- patterns.c ---------------------------------------------------------------------------- */

enum strictness { EXACTLY, LOOSELY };
/* A glob, or a part of the text; case is ignored. */
bool pattern_matches(const char *pattern, const char *text, enum strictness strictness);

/* The names that are nearest to what was typed. */
struct nearest {
	const char *typed;
	const char *names[3];
	unsigned distances[3];
};
void nearest_offer(struct nearest *nearest, const char *name);
/* "; nearest: a, b, c", or "" when nothing is near. */
char *nearest_text(const struct nearest *nearest);

/* ---- plan.c: cases x families x repetitions ------------------------------------------------ */

struct result {
	enum ending ending;
	char *reason;  /* one line; of a failure, a skip, an error */
	char *report;  /* the lines after it, or NULL */
	char *variant; /* or NULL */
	double seconds, kernel_seconds;
	double stalled; /* for so long at once the machine kept the case from running */
};

enum entry_state { PLANNED, UNDER_WAY, ENDED };

struct entry {
	const struct case_spec *spec;
	int family;
	char *id;     /* "name/ipv4": what patterns see */
	char *folder; /* below the artifacts; the id, and the repetition where there are several */
	enum entry_state state;
	int attempts; /* see is_inconclusive() */
	struct result result;
};

struct plan {
	struct entry *entries;
	size_t count;
};

const char *family_name(int family);
bool case_has_family(const struct case_spec *spec, int family);
/* False after saying which pattern matches nothing, and what is near. */
bool plan_make(struct plan *plan, const struct options *options);
void plan_free(struct plan *plan);
/* Why this machine cannot run the case, or NULL. */
char *unmet_need(const struct case_spec *spec, const struct net_features *features);

/* ---- a run --------------------------------------------------------------------------------- */

struct run;

/* Who tells the user: a terminal or a log, or TAP. */
struct reporter {
	void (*begin)(const struct run *run);
	void (*result)(const struct run *run, const struct entry *entry);
	void (*tick)(const struct run *run); /* every 100 ms */
	void (*end)(const struct run *run);
};
extern const struct reporter console_reporter, tap_reporter;

/* What a worker and its case share with the runner; one per job. */
struct slot {
	struct case_progress progress;
	sem_t turn;       /* posted when the case may tear down */
	atomic_bool asks; /* it waits for that */
	int bell;         /* eventfd that wakes the runner */
	/* the runner's own */
	struct entry *entry; /* NULL: free */
	unsigned lane;
	pid_t worker;
	nsec began;
	int input, hears; /* --pause: what is typed goes in here and comes out there; -1 */
	bool overdue;
};

struct run {
	const struct options *options;
	struct net_features features;
	struct plan plan;
	char *artifacts;  /* absolute */
	const char *wire; /* netem of every wire that does not ask for another; NULL: none */
	unsigned cpus, jobs;
	const char *jobs_reason; /* what they are limited by */
	time_t started;
	nsec began, took;
	size_t ended, tally[BROKEN + 1];
	double kernel_seconds;
	int signal;  /* that ended the run, or 0 */
	char *fatal; /* what ended the run, or NULL */
	const struct reporter *reporter;
	struct slot *slots;
};

/* The `run` command. */
int command_run(const struct options *options);
/* Plays every entry of the plan, or as many as it can until a signal or a fatal error. */
void schedule(struct run *run);
/* Notes and reports how an entry ended. */
void run_result(struct run *run, struct entry *entry);
/* Ends the run: nothing more is started. The first reason counts. Takes @text. */
void run_fatal(struct run *run, char *text);
/* How many jobs this machine takes. */
void choose_jobs(struct run *run);

/* ---- worker.c ------------------------------------------------------------------------------ */

/* Forks the worker of slot->entry; its PID, or -1 with errno. */
pid_t worker_start(const struct run *run, struct slot *slot);
/* What libcheck allows a case; 0 (for ever) with --pause. */
double case_timeout(const struct run *run, const struct case_spec *spec);
/* Tries the netem arguments of --wire; NULL, or what the system said. */
char *wire_refused(const char *wire);

/* ---- verdict.c: an entry's folder and its verdict.json ------------------------------------- */

char *entry_path(const struct run *run, const struct entry *entry, const char *name);
/* Makes the folder, or empties what an earlier run left there. NULL, or what went wrong. */
char *folder_prepare(const struct run *run, const struct entry *entry);
/* Writes verdict.json from entry->result. False with errno. */
bool verdict_write(const struct run *run, const struct entry *entry);
/* Reads it back. False (with result.ending BROKEN and a reason) when there is none. */
bool verdict_read(const struct run *run, const struct entry *entry, struct result *result);
/* What a case must leave and did not, or NULL. */
char *artifact_missing(const struct run *run, const struct entry *entry);
void result_free(struct result *result);
/* The text of errno for an artifacts folder, with the remedy. */
char *cannot_write(const char *path);

/* ---- results.c, junit.c, and the commands that read ---------------------------------------- */

/* Writes results.json; @complete: every entry of the plan ended. False after run_fatal(). */
bool results_store(struct run *run, bool complete);
/* NULL, or why the artifacts folder cannot be this run's. Makes it if it is not there. */
char *results_claim_folder(struct run *run);
/*
 * results.json of @artifacts: NULL and *missing when there is none; NULL after complaining when
 * it is malformed.
 */
json_t *results_load(const char *artifacts, bool *missing);
/* NULL, or what went wrong. */
char *junit_write(const struct run *run, const char *path);

int command_list(const struct options *options);
int command_claims(const struct options *options);
int command_show(const struct options *options);

#endif
