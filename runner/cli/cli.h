/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli: the command line, one file for each command. Those that only read what runs have left (show,
 * claims, report, diff, and matrix without a run) need no room that plays cases.
 */
#ifndef HALFOPEN_CLI_H
#define HALFOPEN_CLI_H

#include "runner/saved/saved.h"

/* ---- command.c ----------------------------------------------------------------------------- */

/*
 * Does what the arguments say with the cases and claims of the catalogue. Returns the exit status,
 * an enum exit_status: 0; 1 when a case failed; 77 when everything was skipped; 99 on an error of
 * the run; 2 for wrong usage; 128 + n when signal n ended the run.
 */
int halfopen_main(const struct catalogue *catalogue, int argc, char **argv);

/* ---- options.c ----------------------------------------------------------------------------- */

enum command { NO_COMMAND, LIST, RUN, CLAIMS, SHOW, REPORT, KERNELS, MATRIX, DIFF, COMMANDS };

enum drawing { AS_TEXT, AS_TIMELINE, AS_MERMAID, AS_SVG, DRAWINGS };

struct options {
	const struct catalogue *catalogue; /* the program's, and no option */
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
	bool brief;         /* one line for a run: matrix prints the rest */
};

/* Returns true to go on; false when all is said, with the exit status in *status. */
bool options_parse(struct options *options, int argc, char **argv, int *status);
/* The words as patterns. */
struct patterns patterns_of(const struct options *options);

/* ---- the commands: each returns the exit status -------------------------------------------- */

int command_list(const struct options *options);
int command_run(const struct options *options);
int command_claims(const struct options *options);
int command_show(const struct options *options);
int command_report(const struct options *options);
int command_kernels(const struct options *options);
int command_diff(const struct options *options);
/* matrix_run.c: plays a run in each kernel, one after the other, and reports on them all. */
int command_matrix(const struct options *options);

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
