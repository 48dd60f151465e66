/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_watch.h: what a case and the thread that answers its server's calls share.
 */
#ifndef HALFOPEN_INSPECT_CALL_WATCH_H
#define HALFOPEN_INSPECT_CALL_WATCH_H

#include "inspect/path_calls.h"
#include "inspect/seccomp.h"

#include <pthread.h>

struct held_call {
	uint64_t id;
	size_t index; /* among all calls */
};

struct call_watch {
	struct call_watch_options options;
	pid_t server;
	int channel[2]; /* the child's end is the second one */
	int event, wake, greeted;
	pthread_t thread;
	bool started;
	struct diag *diag; /* for accept(): which sockets listen */
	uint64_t *known;   /* the thread's: inodes of some that do */
	size_t known_count;

	/* What follows is of both, and the mutex's. */
	pthread_mutex_t mutex;
	struct filter_installed filter;
	char *problem;
	struct watched_call *calls;
	size_t call_count;
	void *paths; /* tsearch(3) of struct watched_path */
	struct held_call *held;
	size_t held_count;
	bool holding;
	int next_error;
};

/* The thread, from when the child has been made; ends when @wake is readable. */
void *answer_calls(void *watch);
/* With the mutex: lets it go on, or fail as it says. */
void answer_call(struct call_watch *watch, struct held_call held);
/* Makes an eventfd readable. */
void tell_event(int event);

#endif
