/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox: where somebody else's programs live while a case plays: a server under test, what is
 * started beside it, a client. They have a host's network, the machine's files, their caller's
 * user, limits and CPUs; what they leave is thrown away, and all that they have started is ended.
 *
 * Each program has a keeper, a process that is its parent: what it starts and abandons (a daemon, a
 * worker whose master died) becomes the keeper's child. So the keeper knows who has ended, and with
 * what status, takes what they print, and ends with the last of them. This and not
 * PR_SET_PDEATHSIG, which fires when the thread ends that started a process.
 *
 * Only process 1 of a PID namespace may open one: that one's death is the death of all. What the
 * system refuses ends the case with broken(), so callers see only success.
 */
#ifndef HALFOPEN_SANDBOX_H
#define HALFOPEN_SANDBOX_H

#include "netns/netns.h"

struct sandbox;

#define SANDBOX_PROCESSES 4000
#define SANDBOX_LAYER     (UINT64_C(512) << 20)
struct sandbox_options {
	struct net *net;
	enum host host;     /* in whose network they live */
	const char *folder; /* of the artifacts: NAME.log of each program; outlives the sandbox */
	/* Paths that are let through the layer; NULL behind the last, or none. */
	char *const *write;
	/*
	 * "[HOST:]PORT": this port of the host's loopback, of both families, leads there from the
	 * caller's network; NULL behind the last, or none. It takes a relay.
	 */
	char *const *forwards;
	int relay;     /* of sandbox_relay() */
	bool no_layer; /* what they write stays, as if they were started by hand */
	/*
	 * The family of the addresses that hosts' names have: AF_INET, AF_INET6; 0: both, the one
	 * of IPv6 first, where getaddrinfo(3) sorts nothing.
	 */
	int family;
	bool rootless;      /* this process is in a user namespace because its caller is no root */
	uint64_t layer;     /* bytes that it takes; 0: SANDBOX_LAYER, or a quarter of the memory */
	unsigned processes; /* more at once are all killed; 0: SANDBOX_PROCESSES, or pid_max / 2 */
};
struct sandbox *sandbox_open(struct sandbox_options options);
/* Ends all programs, and returns when none of their processes is left. NULL is closed already. */
void sandbox_close(struct sandbox *sandbox);

/*
 * A process that relays for .forwards, of one sandbox. It is made before isolate_worker(), in the
 * caller's network. Returns a socket, close-on-exec, or -1 with errno. It ends with the sandbox,
 * with sandbox_relay_end(), and when nobody has the socket any more.
 */
int sandbox_relay(void);
void sandbox_relay_end(int relay);

/*
 * Whether what the programs write goes to a layer that is thrown away. Where not, they see and
 * change the machine's files, and *@why (the sandbox's) says what refused the layer.
 */
bool sandbox_has_layer(const struct sandbox *sandbox, const char **why);
/* Whether the layer takes no more now, so that a write() fails with ENOSPC. */
bool sandbox_layer_is_full(const struct sandbox *sandbox);

struct sandbox_program {
	const char *name;   /* "server": of its log and its events; outlives the sandbox */
	char *const *argv;  /* NULL behind the last; found as by program_path() */
	const char *cwd;    /* NULL: the caller's */
	const char *user;   /* a name, or a number; NULL: the caller's */
	char *const *env;   /* NAME=VALUE, or NAME to leave it out; NULL behind the last, or none */
	const int *sockets; /* handed over as LISTEN_FDS says (sd_listen_fds(3)) */
	size_t socket_count;
	/*
	 * Its standard input, output and error, three descriptors; NULL: /dev/null, and what it
	 * prints is in its log.
	 */
	const int *streams;
	/*
	 * Its input is a terminal, whose foreground it gets: it may read, and Ctrl-C is for it.
	 * Ctrl-Z is ignored, as no shell would continue it.
	 */
	bool foreground;
	/* In the child, right before exec(): 0, or an errno, which keeps it from being started. */
	int (*before_exec)(void *context);
	void *context;
};
/*
 * Starts it as the leader of a process group, and returns its PID when exec() has succeeded. Its
 * signals are the default ones; environment, limits, umask and CPUs are those that this program was
 * started with. What it prints is in NAME.log: of more than 1 MiB the middle is left out, and the
 * log says so.
 */
pid_t sandbox_start(struct sandbox *sandbox, struct sandbox_program program);
/* The same, and where it cannot be run 0, with the reason. */
struct refusal {
	int error; /* errno */
	char *why; /* a sentence, which the caller frees */
};
pid_t sandbox_attempt(struct sandbox *sandbox, struct sandbox_program program,
		      struct refusal *refusal);
/*
 * Starts it and waits until all of it has ended, 10 s at the most. Its exit status, 128 and the
 * signal that has ended it, or -ETIMEDOUT after it was ended. What ends meanwhile of others
 * sandbox_event() tells later. Nothing moves on the wire while it waits.
 */
int sandbox_run(struct sandbox *sandbox, struct sandbox_program program);
/*
 * The same looked at before anything is played, as the caller: NULL, or in one line why it cannot
 * be started and what to do. The caller frees it.
 */
char *sandbox_problem(const struct sandbox_program *program);

/*
 * A process has ended: one that was started, or one that has lost its parent. The status of others
 * is for their parents alone: look at sandbox_processes() for who is gone.
 */
struct sandbox_event {
	const char *program; /* the name that it was started under */
	pid_t started;       /* what sandbox_start() returned */
	pid_t pid;           /* who has ended */
	char name[16];       /* its, as ps has it; "" where that cannot be known */
	int status;          /* as of waitpid() */
	bool main;           /* it was the main process: the first one, or who has followed it */
	bool last;           /* none of the program lives on: it has ended */
	/*
	 * Of a main process: who is it from now on, the eldest that has lost its parent; 0: nobody.
	 * When the first has ended with 0 while it starts it has become a daemon.
	 */
	pid_t follows;
	bool too_many; /* more processes than allowed were there, and all of them were killed */
};
/* The next one, in the order in which they happened; false: nothing so far. Does not wait. */
bool sandbox_event(struct sandbox *sandbox, struct sandbox_event *event);
/* To poll for POLLIN while waiting for an event. */
int sandbox_descriptor(const struct sandbox *sandbox);

/*
 * All processes of a program (@started is what sandbox_start() returned) that live now, the eldest
 * first: at most @most of them in @pids. Returns how many there are.
 */
size_t sandbox_processes(const struct sandbox *sandbox, pid_t started, pid_t *pids, size_t most);
/* The path of its log; the sandbox's. */
const char *sandbox_log(const struct sandbox *sandbox, pid_t started);
/* SIGKILL for all processes of the program; returns when none is left, and its log is whole. */
void sandbox_end(struct sandbox *sandbox, pid_t started);

#endif
