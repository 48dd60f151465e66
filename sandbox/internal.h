/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h: what the files of sandbox share among themselves.
 */
#ifndef HALFOPEN_SANDBOX_INTERNAL_H
#define HALFOPEN_SANDBOX_INTERNAL_H

#include "sandbox/sandbox.h"

#include <sys/types.h>

/* ---- output.c: what a program prints, bounded ---------------------------------------------- */

/* Of what is printed so much is kept of the beginning, and as much of the end. */
#define OUTPUT_KEPT ((size_t)512 * 1024)

struct output {
	int file;
	off_t begin;    /* where this program's part of the file begins */
	uint64_t taken; /* bytes */
	char *end;      /* the last OUTPUT_KEPT bytes behind the first ones, in a ring */
	bool in_order;  /* the file has all that it will have */
};
/* Opens the file to be appended to. False with errno. */
bool output_open(struct output *output, const char *path);
void output_take(struct output *output, const char *bytes, size_t length);
/* Puts the end, and a line for what is left out, behind the beginning. */
void output_put_in_order(struct output *output);

/* ---- processes.c: who lives ---------------------------------------------------------------- */

/*
 * All living processes that descend from @ancestor, who is not among them, parents first. Returns
 * how many; *@pids is the caller's. @pids may be NULL.
 */
size_t descendants(pid_t ancestor, pid_t **pids);

/* ---- start.c: in the child, until exec() ---------------------------------------------------- */

/* What a child was about when it failed; 0 is none. */
enum stage {
	STAGE_STARTED, /* no failure: the value is its PID */
	STAGE_FORK,
	STAGE_LOG,
	STAGE_STREAMS,
	STAGE_FOLDER,
	STAGE_HOOK,
	STAGE_SOCKETS,
	STAGE_EXEC,
};
/* What keeper and child write into a pipe, which exec() closes. */
struct word {
	enum stage stage;
	int value; /* errno */
};
void say(int to, enum stage stage, int value);
/* Says it, and ends this process. */
_Noreturn void cannot_start(int to, enum stage stage, int error);
/* Becomes the program; what fails is said to @problems. */
_Noreturn void become(const struct sandbox_program *program, int output, int problems);
/* In a line: what was attempted, why it failed, what can be done. The caller frees it. */
char *explain(const struct sandbox_program *program, struct word word);

/* ---- keeper.c ------------------------------------------------------------------------------ */

struct keeper {
	const struct sandbox_program *program;
	const char *log;
	unsigned processes; /* more at once are killed */
	int control;        /* its end of file: the program is to end */
	int events;         /* a pipe of struct ended */
	int problems;       /* a pipe of struct word */
};
/* An event as the keeper sends it: the pipe takes it whole or not at all. */
struct ended {
	pid_t keeper, pid;
	char name[16];
	int status;
	pid_t follows;
	bool main, last, too_many;
};
/* Starts the program, and stays with it until the last of its processes has ended. */
_Noreturn void keep(struct keeper keeper);

#endif
