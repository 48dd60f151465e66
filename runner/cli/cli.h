/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli: the command line, one file for each command, with the table of its options. Those that only
 * read what runs have left (show, claims, report, diff, and matrix without a run) need no room that
 * plays cases.
 */
#ifndef HALFOPEN_CLI_H
#define HALFOPEN_CLI_H

#include "base/staging.h"
#include "base/trial.h"
#include "runner/saved/saved.h"

/* ---- command.c ----------------------------------------------------------------------------- */

struct command;
/* All that the program has, NULL behind the last. */
extern const struct command *const halfopen_commands[];
/*
 * Does what the arguments say with the cases and claims of the catalogue. Returns the exit status,
 * an enum exit_status: 0; 1 when a case failed; 77 when everything was skipped; 99 on an error of
 * the run; 2 for wrong usage; 128 + n when signal n ended the run.
 */
int halfopen_main(const struct catalogue *catalogue, int argc, char **argv);

/* ---- options.c ----------------------------------------------------------------------------- */

/* As --format of show has them. */
enum drawing { AS_TIMELINE, AS_TEXT, AS_MERMAID, AS_SVG, AS_CLIENTS };

/* What a client sends. */
struct request {
	bool given;
	char *bytes;
	size_t length;
};

/* When a server is ready; nothing of it: when it listens. */
struct readiness {
	const char *text, *command;
	double seconds;
};

/* --limit, each one more. */
struct limits {
	struct trial_limit *all;
	size_t count;
};

/* What only `try` takes. */
struct trying {
	struct words scenarios, allowed, sysctls;
	struct limits limits;
	struct words environment, helpers, forwards, writable;
	const char *user, *cwd, *expect, *reload_command, *sysctls_from;
	struct readiness ready;
	struct request request;
	unsigned port, clients;
	unsigned family; /* 0: both, 1: IPv4, 2: IPv6 */
	double patience; /* seconds; 0: not said */
	int stop_signal, reload_signal;
	bool tls, socket_activation;
};

/* What the command line says. The texts are its own. */
struct options {
	const struct catalogue *catalogue;     /* the program's, as are the */
	const struct command *const *commands; /* commands, NULL behind the last */
	const struct command *command;
	char **words; /* what is left: patterns, what show or diff means, a server's command */
	size_t word_count;
	bool dashes; /* "--" stands before them */
	const char *artifacts, *junit, *wire;
	const char *output; /* of report: the page; NULL: beside the runs */
	unsigned drawing;   /* of show, an enum drawing */
	bool follow, no_report;
	const char *kernel; /* "auto", "host", or what kernel_find() knows */
	unsigned jobs;      /* 0: as many as this machine takes */
	unsigned cpus;      /* of a guest in real time; 0: as many as this machine has */
	unsigned real_time; /* of a guest: 0 or 1 */
	unsigned storms;    /* enum storms */
	unsigned storm_seconds, storm_seed; /* of each; 0: another seed each time */
	const char
		*kernels; /* of matrix, comma separated; NULL: all that are cached, and the host */
	unsigned repeat;  /* 0: not said */
	unsigned seed;    /* of --shuffle; 0: the longest case goes first */
	struct words excluded, covers;
	double timeout_multiplier;
	bool json, tap, pause, verbose, no_run, failed, until_failure, bisect;
	unsigned only_failures; /* 1: of artifacts, those of failed cases and errors are kept */
	bool keep_ladders;      /* in results.json, of what is not kept: matrix compares them */
	bool brief;             /* one line for a run: matrix prints the rest */
	struct trying trying;
	struct staging staging; /* what only `stage` takes */
	struct words client_environment;
	struct words bring; /* of a guest: files that it is to have besides */
	struct words given; /* the command's options as they were given, each "--NAME[=VALUE]" */
	struct owned owned; /* what options have made of their values */
};

struct typed;

/* One option of a command: what is parsed, shown by --help, and completed by shells. */
struct cli_option {
	const char *name; /* "jobs"; NULL ends a table */
	char letter;      /* 'j'; 0: it has none */
	/* "N", or words that are allowed: "always|failure", or "[=SEED]"; NULL: none */
	const char *argument;
	const char *help;
	/* Puts the value (NULL: none) where @field is. False after complaining. */
	bool (*take)(const struct cli_option *option, const char *value, void *field);
	size_t field;  /* its offset in struct options */
	unsigned most; /* of a number */
	/* Offers values to a shell. NULL: the words in .argument. */
	void (*complete)(const struct typed *typed);
};
enum { MOST_JOBS = 4096 };
#define FIELD(member) .field = offsetof(struct options, member)

/* Of a bool; of an unsigned number from 1 to .most; of a text that is not empty; of netem's. */
bool take_flag(const struct cli_option *option, const char *value, void *field);
bool take_number(const struct cli_option *option, const char *value, void *field);
bool take_string(const struct cli_option *option, const char *value, void *field);
/* Of words, one more. */
bool take_another(const struct cli_option *option, const char *value, void *field);
/* The same, of a file that is there. It stays as it was given: a link is to be there, too. */
bool take_there(const struct cli_option *option, const char *value, void *field);
bool take_netem(const struct cli_option *option, const char *value, void *field);
/* Of an unsigned: which of the words in .argument it is, from 0. */
bool take_choice(const struct cli_option *option, const char *value, void *field);
/* Of a double above 0, up to 1000. */
bool take_multiplier(const struct cli_option *option, const char *value, void *field);

/* Rows that several commands have; of some only the help is a command's own. */
#define ARTIFACTS_OPTION(help_)                                                                    \
	{                                                                                          \
		.name = "artifacts", .argument = "DIR", .take = take_string, FIELD(artifacts),     \
		.complete = complete_folders, .help = (help_)                                      \
	}
#define ARTIFACTS_ON_OPTION                                                                        \
	{                                                                                          \
		.name = "artifacts-on", .argument = "always|failure", .take = take_choice,         \
		FIELD(only_failures),                                                              \
		.help = "keep it of each case (default), or only of those that failed"             \
	}
#define JOBS_OPTION(help_)                                                                         \
	{                                                                                          \
		.name = "jobs", .letter = 'j', .argument = "N", .take = take_number, FIELD(jobs),  \
		.most = MOST_JOBS, .help = (help_)                                                 \
	}
#define TIMEOUT_MULTIPLIER_OPTION                                                                  \
	{                                                                                          \
		.name = "timeout-multiplier", .argument = "X", .take = take_multiplier,            \
		FIELD(timeout_multiplier),                                                         \
		.help = "give cases X times as long before they are ended"                         \
	}
#define NO_REPORT_OPTION(help_)                                                                    \
	{                                                                                          \
		.name = "no-report", .take = take_flag, FIELD(no_report), .help = (help_)          \
	}
#define TAP_OPTION                                                                                 \
	{                                                                                          \
		.name = "tap", .take = take_flag, FIELD(tap),                                      \
		.help = "write the Test Anything Protocol on stdout"                               \
	}
#define JUNIT_OPTION                                                                               \
	{                                                                                          \
		.name = "junit", .argument = "FILE", .take = take_string, FIELD(junit),            \
		.complete = complete_files, .help = "write JUnit XML too"                          \
	}
#define TIME_OPTION                                                                                \
	{                                                                                          \
		.name = "time", .argument = "virtual|real", .take = take_choice, FIELD(real_time), \
		.help = "the clock of the VM (default: virtual)"                                   \
	}
#define BRING_OPTION                                                                               \
	{                                                                                          \
		.name = "bring", .argument = "PATH", .take = take_there, FIELD(bring),             \
		.complete = complete_files,                                                        \
		.help = "with --kernel: a file, or a folder with all in it, that is to be there "  \
			"as well; may be given several times"                                      \
	}
#define WIRE_OPTION                                                                                \
	{                                                                                          \
		.name = "wire", .argument = "SPEC", .take = take_netem, FIELD(wire),               \
		.help = "put this netem on every wire, as in --wire 'delay 20ms'"                  \
	}

struct command {
	const char *name;
	const char *arguments;            /* "[PATTERN...]": what stands behind its options */
	const char *summary;              /* in halfopen --help */
	const char *about;                /* in its own --help, */
	const char *ending;               /* and below its options; or NULL */
	const struct cli_option *options; /* and --help, which all have; NULL: no other */
	void (*print_more)(void);         /* in its own --help, behind the options; or NULL */
	bool starts_program;              /* its words are a program's command, as they are */
	/* What is done with each word before "--", where those behind it are a program's. */
	const struct cli_option *word;
	int usage_status; /* of wrong usage; 0: EXIT_USAGE */
	/* Offers words to a shell. NULL: there is nothing to offer. */
	void (*complete)(const struct typed *typed);
	/* Whether words and options go together; false after complaining. NULL: always. */
	bool (*check)(const struct options *options);
	int (*obey)(const struct options *options); /* returns the exit status */
};

/*
 * Reads @argv by the tables of the commands, which @options has with the catalogue and nothing
 * else. Returns true to go on; false when all is said, with the exit status in *status.
 */
bool options_parse(struct options *options, int argc, char **argv, int *status);
/* Releases what options_parse() has made, whatever it returned. */
void options_free(struct options *options);
/* The words as patterns. */
struct patterns patterns_of(const struct options *options);
/* --artifacts, or the folder of a run that names none. */
const char *artifacts_of(const struct options *options);

/* ---- help.c -------------------------------------------------------------------------------- */

void help_print(const struct command *const *commands);
void help_print_command(const struct command *command);
/* An entry and what it says, beside it or, where it is too long, below. */
void help_print_entry(const char *entry, const char *help);

/* ---- complete.c: what a shell may put where a word begins ----------------------------------- */

/* A word under way, of one of a command's words or of an option's value. */
struct typed {
	const struct options *options; /* what stands before it says */
	const char *before; /* what it begins with and is no part of the value: "--kernel=" */
	const char *value;  /* so far */
	size_t place;       /* how many words of the command stand before it */
};

/*
 * `halfopen complete WORD...`: prints what may become of the last word, a line for each. @so_far
 * has all of it as its words, and becomes what those before the last one say.
 */
void complete(struct options *so_far);
/* Prints a candidate if it begins as what was typed, upper and lower case being the same. */
void complete_with(const struct typed *typed, const char *candidate);
/* The shell knows these. */
void complete_files(const struct typed *typed);
void complete_folders(const struct typed *typed);
/*
 * Of the catalogue: cases, behind a slash with the family; all that a pattern may be; claims and
 * behaviours, with the cases; behaviours that a case covers.
 */
void complete_cases(const struct typed *typed);
void complete_patterns(const struct typed *typed);
void complete_claims(const struct typed *typed);
void complete_covered(const struct typed *typed);
/* kernels.c: what --kernel takes; what --kernels takes, behind the last comma. */
void complete_kernel(const struct typed *typed);
void complete_kernel_list(const struct typed *typed);

/* ---- the commands -------------------------------------------------------------------------- */

extern const struct command list_command, run_command, claims_command, show_command, report_command,
	kernels_command, matrix_command, diff_command, try_command, stage_command;

/* ---- played.c: what commands have in common that play something ----------------------------- */

struct run;
/* Nothing can run on this machine at all: said once, no trace left. Returns the exit status. */
int nothing_runs(const struct options *options, const char *why);
/* The same for an error of the run, before its first entry. */
int cannot_begin(const struct options *options, const char *why);
/* Makes the guests' image and claims the folder; NULL, or why not, in a line that the caller frees.
 */
char *prepare_run(struct run *run, const struct options *options);
/* What has ended the run before it began, which is the caller's now: the run has none any more. */
char *problem_of(struct run *run);
/* Prints it, which it takes, on stdout. */
void print_object(json_t *value);
/* Ends the run for a problem, which it takes; NULL: there is none. */
void note_problem(struct run *run, char *problem);
/* Says what has ended the run, where something has, stdout that takes no more too. */
void end_output(struct run *run);

/* ---- matrix.c ------------------------------------------------------------------------------ */

/* The folder of a matrix: that of @options, or the default. */
const char *matrix_folder(const struct options *options);
/* Reports on the runs that are there, in the columns that --kernels means. */
int matrix_again(const struct options *options);
/*
 * Reports on these columns' runs below the folder: writes matrix.json and matrix.html there, prints
 * the table and what differs. Returns 0; 1 when a case failed or a recorded variant has changed; 2
 * when a pattern means nothing; 99 when a column or a result is an error, or something cannot be
 * written.
 */
struct matrix_column;
int matrix_report(const struct options *options, const struct matrix_column *columns, size_t count);

#endif
