/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * saved: results that were written: read, found, weighed and compared; and which cases and claims
 * of the catalogue a user's words mean. Nothing in here plays a case.
 */
#ifndef HALFOPEN_SAVED_H
#define HALFOPEN_SAVED_H

#include "base/base.h"
#include "base/catalogue.h"
#include "base/json.h"

/* ---- patterns.c: which names a user means -------------------------------------------------- */

enum strictness { EXACTLY, LOOSELY };
/* A glob, or a part of the text, in which "_", "-" and blanks are the same; case is ignored. */
bool pattern_matches(const char *pattern, const char *text, enum strictness strictness);

/* ---- selection.c: what patterns mean in the catalogue -------------------------------------- */

struct patterns {
	char *const *words;
	size_t count;          /* 0: everything is meant */
	char *const *excluded; /* but not what these mean */
	size_t excluded_count;
	char *const *covers; /* of it, what covers a behaviour that one of these means */
	size_t covers_count; /* 0: all of it */
};

/* A case over one family. */
struct test {
	const struct listed_case *spec;
	int family;
	char *id;   /* "name/ipv4": what patterns see */
	bool named; /* by its whole name or id, so that it is meant and not just matched */
};

struct selection {
	struct test *tests; /* by case, each over its families */
	size_t count;
};

/*
 * The tests that one of the patterns means. False after saying which means none, and what is near,
 * or that nothing is left of what is meant.
 */
bool selection_make(struct selection *selection, const struct catalogue *catalogue,
		    struct patterns patterns);
void selection_free(struct selection *selection);
/* Keeps what failed last in a folder, or was an error; @run is its results.json. */
void selection_keep_failed(struct selection *selection, const json_t *run);
/* Puts the tests in an order that follows from @seed alone, on any machine. */
void selection_shuffle(struct selection *selection, unsigned seed);
/* Marks in @wanted (one for each claim of the catalogue) what the pattern means. False: nothing. */
bool claims_mark(const struct catalogue *catalogue, const char *pattern, bool *wanted);
/* The names of the cases that answer the claim, or cover the behaviour, an array. */
json_t *cases_of_claim(const struct catalogue *catalogue, const char *claim);

/* ---- passages.c: where the pages have a user's words ---------------------------------------- */

/* A sentence, or a row of a table ("cell: cell"), and the heading that it stands below. */
struct passage {
	const char *page; /* the catalogue's */
	char *heading, *text;
};

struct passages {
	struct passage *all; /* that with most of the words first */
	size_t count;        /* a handful */
	bool more;           /* further ones have some of the words, too */
};

/* What the catalogue's guides have of the words, each of which is a pattern. */
struct passages passages_find(const struct catalogue *catalogue, struct patterns words);
/* passages_find() would find something. */
bool passages_have(const struct catalogue *catalogue, const char *word);
void passages_free(struct passages *passages);

/* ---- saved.c: results.json, verdict.json --------------------------------------------------- */

extern const char default_artifacts[]; /* the folder of a run that names none */

/* The text of errno for an artifacts folder, with the remedy. */
char *cannot_write(const char *path);

/* The reason that the runner writes into verdict.json before the case begins. */
extern const char verdict_not_finished[];
/* Whether it is still that verdict. */
bool verdict_is_awaited(const json_t *verdict);

/* Whether a run goes on that writes to the folder or to one that it is in. */
bool results_folder_is_live(const char *folder);
/*
 * results.json of @artifacts: NULL and *missing when there is none; NULL after complaining when
 * it is malformed. One of another format is complained of, and returned.
 */
json_t *results_load(const char *artifacts, bool *missing);
/* As results_load() of a folder that must be there; says in *why (the caller frees it). */
json_t *results_read(const char *artifacts, char **why);
/* The result of a case and family in the run @run, an old one too; NULL: there is none. */
const json_t *results_find(const json_t *run, const char *name, const char *family);
/* Its folder below that of its run, never one outside of it. The caller frees it. */
char *result_folder(const json_t *result);
/* The member in which the verdict.json of a result's folder differs from it; NULL: in none. */
const char *verdict_differs(const json_t *verdict, const json_t *result);
/* Whether the catalogue has its case, over its family. */
bool result_is_listed(const struct catalogue *catalogue, const json_t *result);
/* NULL, or one line that says that results have another format than this halfopen's. */
char *results_other_format(const json_t *results, const char *artifacts);

/* ---- kept.c: results of earlier runs in the same folder ------------------------------------ */

/* Of the results in a results.json, how many are not of the run that wrote it. */
struct kept {
	size_t results; /* of its kernel and build: they count */
	size_t old;     /* in "old": of another kernel or build */
};
struct kept results_kept(const json_t *run);
/* NULL for none, or one line on them. The caller frees it. */
char *kept_text(struct kept kept);

/*
 * All results that @artifacts has, old ones too, each marked as kept: an array, the caller's. It is
 * empty where results.json is not there, malformed, or of another format.
 */
json_t *results_of_earlier_runs(const char *artifacts);
/* Whether a result can be kept: its case is there, and its folder in @artifacts bears it out. */
bool result_stands(const struct catalogue *catalogue, const json_t *result, const char *artifacts);

/* On what a test was played. NULL: that is not known, and so like nothing else. */
struct played_on {
	const char *release, *version; /* of the kernel, as uname -r and uname -v have them */
	const char *build;             /* of halfopen */
};
bool result_is_of(const json_t *result, struct played_on on);

/* ---- alike.c: failures of one kind --------------------------------------------------------- */

/*
 * The message of a failure without what differs between failures that are alike: numbers and
 * addresses ("N"), families, and what its @failure (verdict.json's; NULL: nothing is known) names
 * as the step and as flows and listeners. The caller frees it.
 */
char *failure_kind(const char *reason, const json_t *failure);

/* ---- claims.c ------------------------------------------------------------------------------ */

/* What the catalogue says of it, an object: id, document, claim, verdict, finding, missing. */
json_t *claim_as_json(const struct catalogue *catalogue, const struct claim *claim);

/*
 * Tells of a claim or a behaviour in the head of the case that there is not, in a line on stderr;
 * whether there is none.
 */
bool claims_are_sound(const struct catalogue *catalogue, const struct listed_case *listed);

/* ---- evidence.c: what a run says of a claim ------------------------------------------------ */

enum claim_status { CLAIM_SHOWN, CLAIM_FAILED, CLAIM_BROKEN, CLAIM_SKIPPED, CLAIM_NOT_RUN };
/* "shown", "failed", "error", "skipped", "not run". */
const char *claim_status_name(enum claim_status status);

/* How the results of the tests that carry one claim ended. */
struct evidence {
	size_t passed, failed, broken, skipped, missing;
	json_t *variants; /* an object, the caller's: its keys are the variants seen */
};
/* Weighs the results of @run, which is a results.json, or NULL for none. */
struct evidence claim_evidence(const struct catalogue *catalogue, const json_t *run,
			       const char *claim);
enum claim_status evidence_status(const struct evidence *evidence);

/* ---- variants.c: what is recorded of a kernel's behaviour ---------------------------------- */

/* What is recorded of a kernel of such a version; NULL when nothing is, or it is no version. */
const struct recorded_variant *record_of(const struct catalogue *catalogue, const char *case_name,
					 const char *version);
/*
 * NULL, or one line: a kernel of this version should have outgrown what it showed. A newer variant
 * than recorded is no loss: distributions take over what later kernels have.
 */
struct seen_variant {
	const char *case_name, *version, *variant; /* variant NULL: none */
};
char *variant_lost(const struct catalogue *catalogue, struct seen_variant seen);

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

/* What one test did on one kernel. The texts are the column's; NULL where there is none. */
struct outcome {
	const char *status; /* "passed", "failed", "skipped", "error", "not run" */
	const char *reason, *variant;
	const char *ladder; /* ladder.txt; there when it passed or failed */
};

/*
 * Reads the run in @folder/@name. It counts when it is whole: complete, of one kernel, each test
 * once, of cases in the catalogue. A result that passed or failed counts when its folder's
 * verdict.json says the same and its ladder.txt is there; else it is an error.
 */
struct column column_read(const struct catalogue *catalogue, const char *folder, const char *name);
void column_free(struct column *column);
struct outcome column_outcome(const struct column *column, const struct test *test);
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

#endif
