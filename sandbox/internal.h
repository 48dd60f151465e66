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

/* ---- mounts.c ------------------------------------------------------------------------------ */

struct mount {
	char *at;
	bool passes; /* it is of a kind that programs get as it is: proc, a cgroup, ... */
	bool read_only;
	bool done;
};
/* Those of this mount namespace that a path leads to, parents first. */
struct mounts {
	struct mount *all;
	size_t count;
};
void mounts_read(struct mounts *mounts);
void mounts_free(struct mounts *mounts);
/* NULL: nothing is mounted right there. */
struct mount *mount_at(const struct mounts *mounts, const char *path);
bool mounts_below(const struct mounts *mounts, const char *path);
/* Those below that pass are done. */
void mounts_pass_below(struct mounts *mounts, const char *path);

/* ---- place.c: where programs live ---------------------------------------------------------- */

/* Namespaces that all programs of a sandbox enter; -1: they stay in the case's. */
struct place {
	int mounts, ipc, users;
	int files; /* the tmpfs that the layer and the names are in */
	char *why; /* there is no layer; NULL: there is one */
};
void place_make(struct place *place, const struct sandbox_options *options);
void place_free(struct place *place);
/* In a child: 0 or errno. */
int place_enter(const struct place *place);

/* The same from within, while it is made. */
struct making {
	struct mounts mounts; /* of the machine */
	int family;           /* of the addresses of names; 0: both */
	int files;            /* the tmpfs */
	bool ordinary; /* this user namespace is not the machine's: overlays are an ordinary user's
			*/
	char root[64]; /* what comes before a path as programs see it: "" or a folder */
};

/* layer.c: mounts the layer at making->root. 0 or errno. */
int layer_make(struct making *making);
/* names.c: the scene's own hosts, nsswitch.conf and resolv.conf. 0 or errno. */
int names_make(const struct making *making);
/* ---- users.c: who they are ----------------------------------------------------------------- */

/* Whether this is the machine's user namespace. */
bool users_are_all(void);
/* Whether programs are to live in a user namespace of their own. */
bool users_need_namespace(bool rootless);
/*
 * For a process that is in a new user namespace and that /proc calls @process: which IDs there are.
 * 0 or errno.
 */
int users_map(long process, bool rootless);

struct identity {
	uid_t user;
	gid_t group;
	gid_t groups[256];
	int group_count;
	bool changes;      /* to another user than the caller */
	char *name, *home; /* the identity's */
};
/* Of a name or a number; NULL is the caller. 0, or errno: ENOENT for one that there is not. */
int identity_of(struct identity *identity, const char *user);
void identity_free(struct identity *identity);
/* 0 or errno. */
int identity_take(const struct identity *identity);

/* ---- relay.c ------------------------------------------------------------------------------- */

/* Hands a listener for each of options->forwards to the relay. */
void relay_listen(const struct sandbox_options *options);

/* ---- start.c: in the child, until exec() ---------------------------------------------------- */

/* What a child was about when it failed; 0 is none. */
enum stage {
	STAGE_STARTED, /* no failure: the value is its PID */
	STAGE_FORK,
	STAGE_LOG,
	STAGE_STREAMS,
	STAGE_WHO, /* there is no such user */
	STAGE_PLACE,
	STAGE_USER,
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
struct becoming {
	const struct sandbox_program *program;
	const struct place *place;
	int output; /* -1: it has streams of its own */
	int problems;
};
_Noreturn void become(struct becoming becoming);
/* In a line: what was attempted, why it failed, what can be done. The caller frees it. */
char *explain(const struct sandbox_program *program, struct word word);

/* ---- keeper.c ------------------------------------------------------------------------------ */

struct keeper {
	const struct sandbox_program *program;
	const struct place *place;
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
