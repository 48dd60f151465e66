/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the runner's own files share; no other room includes this.
 */
#ifndef HALFOPEN_RUNNER_PARTS_H
#define HALFOPEN_RUNNER_PARTS_H

#include "base/base.h"
#include "base/json.h"
#include "base/xml.h"
#include "fixtures/fixtures.h"
#include "netns/netns.h"
#include "suites/suites.h"
#include "vm/vm.h"

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
char *text_first_line(const char *text);
/* "12.3 s", "3 min 10 s", "1 h 2 min". */
char *text_duration(double span);
/* "2025-11-25T10:00:00Z" */
char *iso_time(time_t when);
bool text_has_word(const char *words, const char *word);
/* Whether both are the same, or both NULL. */
bool text_is(const char *left, const char *right);
/* @reason, or that none was given. */
const char *reason_text(const char *reason);
/* Each line of @text with @prefix before it. */
void text_indent(FILE *out, const char *prefix, const char *text);
/* @text in lines of at most @width columns, each after the first indented by @indent blanks. */
struct wrap {
	unsigned indent, width;
};
void text_wrap(FILE *out, struct wrap wrap, const char *text);

/* A whole file; NULL with one line in *why (the caller frees either) unless it is all text. */
char *text_load(const char *path, char **why);
/* What json_load_file() does, of a regular file: without one error->line is -1, and errno tells. */
json_t *json_load(const char *path, json_error_t *error);
/* A number member, or 0. */
double member_number(const json_t *object, const char *key);
/* One from 0 to @most, without what is behind its point; else 0. */
int member_whole(const json_t *object, const char *key, int most);
/* The string itself, the object's: NULL where it is missing or null; or "" then. */
const char *member_string(const json_t *object, const char *key);
const char *member_or_empty(const json_t *object, const char *key);
/* A copy of a string member, or NULL. */
char *member_text(const json_t *object, const char *key);

/* ---- terminal.c: what stdout can show ------------------------------------------------------ */

/* The width of the terminal, or @otherwise where stdout is none. */
unsigned terminal_columns(unsigned otherwise);
bool terminal_has_colours(void);
enum colour { PLAIN, GREEN, RED, YELLOW, CYAN, FAINT };
/* That of a status, of a claim's verdict, or of "variant": FAINT for what has shown nothing. */
enum colour colour_of(const char *word);
/* In colour on a terminal that has them, unless NO_COLOR is set. */
void print_in_colour(enum colour colour, const char *text);

/* ---- options.c ----------------------------------------------------------------------------- */

enum command { NO_COMMAND, LIST, RUN, CLAIMS, SHOW, REPORT, KERNELS, MATRIX, DIFF, COMMANDS };

enum drawing { AS_TEXT, AS_TIMELINE, AS_MERMAID, AS_SVG, DRAWINGS };

struct options {
	enum command command;
	char **words; /* what is left: patterns, the folder of show, what diff compares */
	size_t word_count;
	const char *artifacts, *junit, *wire;
	const char *output;   /* of report: the page; NULL: beside the runs */
	enum drawing drawing; /* of show */
	bool follow, no_report;
	const char *kernel; /* "auto", "host", or what kernel_find() knows */
	unsigned jobs;      /* 0: as many as this machine takes */
	unsigned cpus;      /* of a guest in real time; 0: as many as this machine has */
	bool real_time;     /* of a guest */
	const char
		*kernels; /* of matrix, comma separated; NULL: all that are cached, and the host */
	unsigned repeat;
	double timeout_multiplier;
	bool json, tap, pause, verbose, no_run;
	bool only_failures; /* of artifacts, those of failed cases and errors are kept */
	bool keep_ladders;  /* in results.json, of what is not kept: matrix compares them */
	bool brief;         /* one line for a run: matrix tells the rest */
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
	char *reason;          /* one line; of a failure, a skip, an error */
	char *report;          /* the lines after it, or NULL */
	json_t *failure;       /* the same for programs, see judge_report(); or NULL */
	char *complaint;       /* of the kernel, while the case was there; or NULL */
	bool complained_alone; /* nobody else was there */
	bool lingers;          /* its namespaces did not go: see again.c */
	char *machine;         /* what of the machine reached into the case; or NULL */
	char *variant;         /* or NULL */
	char *ladder;          /* ladder.txt of a folder that was discarded, or NULL */
	double seconds, kernel_seconds;
	double stalled;     /* for so long at once the machine kept the case from running, */
	double stall_limit; /* and for longer than this it may not: the shortest timer that it
			       races with */
};

/* HELD_BACK: it has a result, which may change when all suspects were played again. */
enum entry_state { PLANNED, UNDER_WAY, HELD_BACK, ENDED };

struct entry {
	const struct case_spec *spec;
	int family;
	char *id;      /* "name/ipv4": what patterns see */
	char *folder;  /* below the artifacts; the id, and the repetition where there are several */
	bool in_guest; /* in another kernel than the host's */
	char *unmet;   /* why it cannot be played at all, or NULL */
	bool own_folder; /* nobody else had put anything in its folder */
	bool named;      /* by its whole name or id, so that it is meant and not just matched */
	enum entry_state state;
	int attempts;    /* see again.c */
	bool suspected;  /* the kernel complained while it and others were there */
	char *complaint; /* of the kernel while it was there alone, or NULL */
	struct result result;
};

struct plan {
	struct entry *entries;
	size_t count;
};

const char *family_name(int family);
/* It was skipped; for the @reason, where that is not NULL. */
bool is_skipped(const struct entry *entry, const char *reason);
bool case_has_family(const struct case_spec *spec, int family);
/* False after saying which pattern matches nothing, and what is near. */
bool plan_make(struct plan *plan, const struct options *options);
void plan_free(struct plan *plan);
/*
 * Why a machine with such features and such a clock cannot play the entry, or does not without
 * being told to; or NULL. The caller frees it.
 */
char *unmet_need(const struct entry *entry, const struct net_features *features, bool real_time);

/* ---- a run --------------------------------------------------------------------------------- */

struct run;

/* Who tells the user: a terminal or a log, or TAP. */
struct reporter {
	void (*begin)(const struct run *run);
	void (*result)(const struct run *run, const struct entry *entry);
	void (*tick)(const struct run *run); /* every 100 ms */
	void (*end)(const struct run *run);
};
extern const struct reporter console_reporter, brief_reporter, tap_reporter;
/* TAP of a run that cannot begin: all of it is skipped, or it bails out. */
void tap_of_nothing(const char *why, bool error);

/* What a worker and its case share with the runner; one per job. */
struct slot {
	struct case_progress progress;
	sem_t turn;       /* posted when the case may tear down */
	atomic_bool asks; /* it waits for that */
	int bell;         /* eventfd that wakes the runner */
	/* the runner's own */
	struct entry *entry; /* NULL: free */
	unsigned lane;
	bool alone; /* nobody else is there until it ends */
	pid_t worker;
	nsec began;
	atomic_bool lingers; /* its namespaces did not go */
	int64_t alive;       /* the case's last sign of life, as seen last */
	nsec idle;           /* for how long there was none since; while the runner ran itself */
	int input, hears;    /* --pause: what is typed goes in here and comes out there; -1 */
	struct deadline deadline;
	bool overdue; /* it was ended: its worker hangs, */
	bool idled;   /* or its case did nothing */
};

/* What is known of the kernel that entries are played in. */
struct lane {
	size_t count;      /* of entries */
	char *release;     /* as uname has it; of a guest not before it ended */
	char *version;     /* "6.1.192-2": what variants are recorded by; of the host only */
	const char *clock; /* "real" or "virtual" */
	const char *wire;  /* netem of every wire that does not ask for another; NULL: none */
	/* of a guest: */
	struct kernel *kernel;
	struct boot *boot;
	double boot_seconds; /* until the first case, on the wall */
	long memory_kib;
};

struct run {
	const struct options *options;
	struct net_features features;
	struct lane host, guest;
	struct plan plan;
	char *artifacts; /* absolute */
	int lock;        /* on that folder */
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
	unsigned guests; /* machines that run */
	struct suspicion *suspicions;
	size_t suspicion_count;
};

/* The `run` command. */
int command_run(const struct options *options);
/* Plays the host's entries, or as many as it can until a signal or a fatal error. */
void schedule(struct run *run);
/* Blocks the signals that end a run, and SIGCHLD; a descriptor to read them from. */
int watch_signals(sigset_t *before);
/* Reads them; the first one that ends the run is run->signal. */
void read_signals(struct run *run, int signals);
/* Notes and reports how an entry ended. */
void run_result(struct run *run, struct entry *entry);
/* Ends the run: nothing more is started. The first reason counts. Takes @text. */
void run_fatal(struct run *run, char *text);

/* ---- capacity.c: how many cases this machine takes at once --------------------------------- */

void choose_jobs(struct run *run);

/* ---- inherited.c: what a process has from whoever started it ------------------------------- */

/* Puts right what is wrong; first of all. */
void inherited_put_right(void);
/* In a case's worker: signals are as they are by default, also those that the runner ignores. */
void inherited_forget_signals(void);
/* Whether whoever started this meant such a signal not to end it (nohup). */
bool inherited_ignores(int signal);
/* Says what cannot be put right. */
void inherited_tell(void);

/* ---- again.c: what is played again, and why ------------------------------------------------ */

/*
 * Whether an attempt has shown nothing about the kernel: it failed, or the harness did, while the
 * machine kept it from running for longer than it can bear, or reached into it. There are six
 * attempts at most.
 */
bool attempt_is_inconclusive(const struct entry *entry);
/* Whether the next attempt waits until all others are over. */
bool wants_quiet(const struct entry *entry);
/* It passed, but something in the kernel holds its namespaces. */
void fail_for_lingering(const struct run *run, struct entry *entry);
/* What the last attempt comes to: where the machine reached into it, an error of the run. */
void attempt_is_final(const struct run *run, struct entry *entry);
/*
 * The kernel has complained of itself (@text, which is taken) while these were there. One alone has
 * failed; several are suspected, and each is played again alone.
 */
struct suspects {
	struct entry **entries;
	size_t count;
};
void blame(struct run *run, struct suspects suspects, char *text);
/* What a guest's runner could not settle: its suspects tell of the same complaint. */
void take_suspicion(struct run *run, struct entry *entry);
/* The entry fails for it, whatever it had come to; in its verdict.json too. */
struct complaint {
	const char *text;
	bool alone; /* it came while nobody else was there */
};
void fail_for_complaint(const struct run *run, struct entry *entry, struct complaint complaint);
/*
 * When all suspects were played alone: where none of those who were there had the kernel complain
 * again, all of them fail, for some complaints come once a boot. Reports the results of suspects.
 */
void settle_suspicions(struct run *run);
void suspicions_free(struct run *run);

/* ---- lanes.c: which kernel plays what ------------------------------------------------------ */

enum lanes { LANES_FOUND, LANES_USAGE, LANES_ERROR, LANES_NONE };
/*
 * Decides for every entry where it is played, or that it cannot be, after looking at what this
 * machine has. LANES_NONE: nothing can be played, for *why. The others are said already.
 */
enum lanes lanes_assign(struct run *run, char **why);
const char *lane_name(const struct entry *entry);
const struct lane *lane_of(const struct run *run, const struct entry *entry);
/* The lane's entries, the longest first; the caller frees the array. */
struct entry **lane_order(const struct run *run, const struct lane *lane);
void lanes_free(struct run *run);

/* ---- guests.c ------------------------------------------------------------------------------ */

/* Makes what the guest's kernel boots. NULL, or one line. */
char *guests_prepare(struct run *run);
/* Plays the guest's entries in machines of the guest's kernel, as many as there are CPUs. */
void guests_play(struct run *run);

/* ---- worker.c ------------------------------------------------------------------------------ */

/* Forks the worker of slot->entry; its PID, or -1 with errno. */
pid_t worker_start(const struct run *run, struct slot *slot);
/* What a case may take. */
double case_seconds(const struct case_spec *spec);
/* Tries the netem arguments of --wire; NULL, or what the system said. The caller frees it. */
char *wire_refused(const char *wire);

/* ---- verdict.c: an entry's folder and its verdict.json ------------------------------------- */

char *entry_path(const struct run *run, const struct entry *entry, const char *name);
/* Makes the folder, or empties what an earlier run left there. NULL, or what went wrong. */
char *folder_prepare(const struct run *run, struct entry *entry);
/* Removes it with all that is this run's; result.ladder remains. NULL, or what went wrong. */
char *folder_discard(const struct run *run, struct entry *entry);
/*
 * Takes in what a case has left in the entry's folder, unless there is a @problem (taken) or some
 * of it is missing: then it is an error, there too.
 */
void take_verdict(const struct run *run, struct entry *entry, char *problem);
/* Writes verdict.json from entry->result. False with errno. */
bool verdict_write(const struct run *run, const struct entry *entry);
/* Gives the result another ending, for a reason that is taken; the case's verdict.json too. */
void change_ending(const struct run *run, struct entry *entry, struct result changed);
/* Reads it back. False (with result.ending BROKEN and a reason) when there is none. */
bool verdict_read(const struct run *run, const struct entry *entry, struct result *result);
/* Where in the sources the entry failed, else where its case begins. False: nobody knows. */
struct place {
	const char *file; /* the entry's or its case's */
	int line;
};
bool entry_place(const struct entry *entry, struct place *place);
/* Whether it is the one that the runner left before the case began. */
bool verdict_is_awaited(const json_t *verdict);
/* What a case must leave and did not, or NULL. */
char *artifact_missing(const struct run *run, const struct entry *entry);
void result_free(struct result *result);
/* The text of errno for an artifacts folder, with the remedy. */
char *cannot_write(const char *path);

/* ---- variants.c: what is recorded of a kernel's behaviour ---------------------------------- */

/* What uname tells of the kernel's version, with its patch level. The caller frees it. */
struct utsname;
char *kernel_version(const struct utsname *kernel);
/* What is recorded of a kernel of such a version; NULL when nothing is, or it is no version. */
const struct recorded_variant *record_of(const char *case_name, const char *version);
/*
 * NULL, or one line: a kernel of this version should have outgrown what it showed. A newer variant
 * than recorded is no loss: distributions take over what later kernels have.
 */
struct seen_variant {
	const char *case_name, *version, *variant; /* variant NULL: none */
};
char *variant_lost(struct seen_variant seen);

/* ---- results.c, junit.c, and the commands that read ---------------------------------------- */

/* Writes results.json; @complete: every entry of the plan ended. False after run_fatal(). */
bool results_store(struct run *run, bool complete);
/*
 * NULL, or why the artifacts folder cannot be this run's. Makes it if it is not there, and locks it
 * (shared) until the process ends: results_folder_is_live().
 */
char *results_claim_folder(struct run *run);
/* Whether a run goes on that writes to the folder or to one that it is in. */
bool results_folder_is_live(const char *folder);
/*
 * results.json of @artifacts: NULL and *missing when there is none; NULL after complaining when
 * it is malformed. One of another format is complained of, and returned.
 */
json_t *results_load(const char *artifacts, bool *missing);
/* As results_load() of a folder that must be there; says in *why (the caller frees it). */
json_t *results_read(const char *artifacts, char **why);
/* What the run @run tells of a case and family; NULL: nothing. */
const json_t *results_find(const json_t *run, const char *name, const char *family);
/* NULL, or one line that says that results have another format than this halfopen's. */
char *results_other_format(const json_t *results, const char *artifacts);
/* NULL, or what went wrong. */
char *junit_write(const struct run *run, const char *path);

/*
 * Under GitHub Actions: annotations, and the step's summary. NULL, or why that could not be
 * written.
 */
char *github_tell(const struct run *run);

int command_list(const struct options *options);
int command_claims(const struct options *options);
int command_show(const struct options *options);
int command_kernels(const struct options *options);

/* ---- claims.c: what a run says of a claim -------------------------------------------------- */

enum claim_status { CLAIM_SHOWN, CLAIM_FAILED, CLAIM_BROKEN, CLAIM_SKIPPED, CLAIM_NOT_RUN };
/* "shown", "failed", "error", "skipped", "not run". */
const char *claim_status_name(enum claim_status status);

/* How the entries that carry one claim ended. */
struct evidence {
	size_t passed, failed, broken, skipped, missing;
	json_t *variants; /* an object, the caller's: its keys are the variants seen */
};
/* Weighs the results of @run, which is a results.json, or NULL for none. */
struct evidence claim_evidence(const json_t *run, const char *claim);
enum claim_status evidence_status(const struct evidence *evidence);
/* Marks in @wanted (one for each of all_claims()) what the pattern means. False: nothing. */
bool claims_mark(const char *pattern, bool *wanted);

/* ---- compare.c: two texts, line by line ---------------------------------------------------- */

/* Two lines that belong together; NULL where one text has none. */
struct line_pair {
	char *left, *right;
	bool same;
};

struct comparison {
	struct line_pair *pairs;
	size_t count, different;
};

/*
 * Aligns the lines by a longest common subsequence. Lines between two common ones stand side by
 * side, in their order, and differ. Time and memory grow with the product of what is left of the
 * two texts without their common beginning and end; where that is more than 4 million pairs, which
 * no two ladders have, the lines are not aligned.
 */
struct comparison compare_texts(const char *left, const char *right);
void comparison_free(struct comparison *comparison);

/* ---- column.c: the run of one kernel below a matrix folder --------------------------------- */

struct column {
	char *name;    /* "6.1.192": of the kernel, and of the folder */
	char *folder;  /* its path */
	char *error;   /* why nothing in it counts, or NULL */
	json_t *run;   /* its results.json; NULL when that cannot be read */
	json_t *by_id; /* its results by "name/ipv4" */
};

/* What one entry did on one kernel. The texts are the column's; NULL where there is none. */
struct outcome {
	const char *status; /* "passed", "failed", "skipped", "error", "not run" */
	const char *reason, *variant;
	const char *ladder; /* ladder.txt; there when it passed or failed */
};

/*
 * Reads the run in @folder/@name. It counts when it is whole: complete, of one kernel, each entry
 * once, of cases that this halfopen has. A result that passed or failed counts when its folder's
 * verdict.json says the same and its ladder.txt is there; else it is an error.
 */
struct column column_read(const char *folder, const char *name);
void column_free(struct column *column);
struct outcome column_outcome(const struct column *column, const struct entry *entry);
/* The kernel's release, or "". */
const char *column_release(const struct column *column);
/* "kernel 6.1.0-50-amd64, lane vm, clock virtual, wire delay 1ms", as far as it is known. */
char *column_description(const struct column *column);

/* The kernels that have a folder: by version; others ("host") come last. */
struct column_names {
	char **name;
	size_t count;
};
/* False after complaining: there is no such folder, or no kernel's folder in it. */
bool column_names_read(struct column_names *names, const char *folder);
void column_names_free(struct column_names *names);
/* The one that @asked means; NULL after complaining, with those that there are. */
const char *column_choose(struct column_names names, const char *asked);

/* ---- matrix.c: claims x kernels ------------------------------------------------------------ */

/* One column: what was asked for, and its run. */
struct matrix_column {
	const char *name;  /* as the user sees it and as its folder is called: "6.1.192", "host" */
	const char *error; /* why no run could be made, in words: nothing in the folder counts;
			      NULL: its results.json tells all */
};

/* The folder of @options, or the default. */
const char *matrix_folder(const struct options *options);
/*
 * Reads the columns' runs below @folder, of the cases that the patterns of @options mean; writes
 * matrix.json and matrix.html there; prints the table and what differs. Returns the exit status:
 * 0; 1 when a case failed or a recorded variant has changed; 2 when a pattern means nothing; 99
 * when a column or a result is an error, or something cannot be written.
 */
int matrix_tell(const struct options *options, const char *folder,
		const struct matrix_column *columns, size_t count);
/* Plays a run in each kernel, one after the other, and tells of them all. */
int matrix_run(const struct options *options);
int command_matrix(const struct options *options);

/* ---- report.c: report.html ----------------------------------------------------------------- */

/* Writes report.html of the run in @artifacts there. NULL, or what went wrong. */
char *report_of_run(const char *artifacts);
int command_report(const struct options *options);

/* ---- diff.c -------------------------------------------------------------------------------- */

int command_diff(const struct options *options);

#endif
