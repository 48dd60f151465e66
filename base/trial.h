/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial: what the user of `halfopen try` asks for: the server under test, and how its clients are
 * to meet it. The command fills it in, before anything is started; whoever plays scenarios reads
 * it. All texts and arrays are the command's, and outlive the run.
 */
#ifndef HALFOPEN_TRIAL_H
#define HALFOPEN_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

/* When the server is ready for clients, beside that it listens. */
enum ready {
	READY_LISTENS,
	READY_TEXT,    /* its output has .ready_text */
	READY_SECONDS, /* so long after it listens */
	READY_COMMAND, /* .ready_text, for sh -c beside the server, ends with status 0 */
};

/* What clients send first. */
enum asking {
	ASK_PROBE,   /* nobody has said: .request is found out once, see `enum speaks` */
	ASK_NOTHING, /* --request '': a client only connects */
	ASK_REQUEST,
};

/* What the first look at a listener has found out (ASK_PROBE). */
enum speaks {
	SPEAKS_UNKNOWN, /* not looked yet */
	SPEAKS_FIRST,   /* the server does, so that nothing is sent */
	SPEAKS_HTTP,    /* it answers GET / */
	SPEAKS_TLS,     /* it answers a ClientHello */
	SPEAKS_NOTHING, /* nothing comes: only what TCP shows can be told */
};

/* A bound of the user's on what is a fact otherwise: --limit longest-wait=3. */
struct trial_limit {
	const char *finding;
	double most;
};

/* A sysctl of the server's namespace. */
struct trial_setting {
	const char *name;   /* "net.core.somaxconn" */
	const char *value;  /* as it is written */
	const char *usual;  /* what the kernel gives a new namespace; NULL: nobody knows */
	const char *source; /* NULL: of this machine; else the file's name, or "--sysctl" */
};

struct trial {
	/* The server. */
	char *const *argv; /* NULL behind the last */
	const char *user;  /* as whom it is started; NULL: as the caller sees it */
	const char *cwd;   /* NULL: the caller's folder */
	char *const *env;  /* NAME=VALUE, or NAME to leave it out; NULL behind the last, or none */
	enum ready ready;
	const char *ready_text;
	double ready_seconds;
	unsigned port;              /* 0: the only one that it listens on */
	double patience;            /* seconds, the horizon of each scenario */
	int stop_signal;            /* SIGTERM */
	int reload_signal;          /* 0: none */
	const char *reload_command; /* for sh -c; NULL: none */
	bool socket_activation;     /* LISTEN_FDS: the listener stays while it restarts */

	/* Where it lives. NULL behind the last, or none. */
	char *const *forwards; /* "[HOST:]PORT" of the caller's loopback */
	char *const *helpers;  /* --with: commands for sh -c, started beside it and before it */
	char *const *writable; /* --write: paths that are let through */
	const struct trial_setting *settings;
	size_t setting_count;
	/* The files that they all name are listed in files.json, of the first scenario: a guest is
	 * to have them, or they are those that it was to have. */
	bool lists_files;

	/* Its clients. */
	unsigned clients; /* of a burst; 0: twice the backlog */
	enum asking asking;
	const char *request; /* with ASK_REQUEST; may have zeros in it */
	size_t request_length;
	const char *expect; /* NULL: whatever comes is an answer */
	bool expect_regex;  /* it is a POSIX extended regular expression, and a sound one */
	bool tls;           /* a client completes TLS before it asks */

	/* Findings. */
	char *const *allowed; /* their names; NULL behind the last, or none */
	const struct trial_limit *limits;
	size_t limit_count;

	/* What the first look has found out; the command fills them in between entries. */
	enum speaks speaks;
};

#endif
