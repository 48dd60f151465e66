/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp.h: the filter that puts calls aside until they are answered.
 */
#ifndef HALFOPEN_INSPECT_SECCOMP_H
#define HALFOPEN_INSPECT_SECCOMP_H

#include "inspect/internal.h"

#include <linux/seccomp.h>

struct filter_installed {
	int notifications; /* the descriptor that tells of calls, close-on-exec; -1: see error */
	int error;
	bool no_new_privileges; /* the process gains no rights any more: there was no other way */
	bool killable;          /* only what ends it interrupts a call that has been put aside */
};

/* For the calling thread and what it starts: listen(), and what else @options name. */
struct filter_installed seccomp_install(struct call_watch_options options);
/* What its error means; the caller frees it. */
char *seccomp_problem(int error);

/*
 * The next call that was put aside. False with errno: ENOENT, its thread has ended; EINTR.
 */
bool seccomp_next(int notifications, struct seccomp_notif *call);
/* What becomes of it: @error 0, it goes on. False: its thread waits no longer. */
struct seccomp_verdict {
	uint64_t id;
	int error;
};
bool seccomp_answer(int notifications, struct seccomp_verdict verdict);
/* Whether its thread still waits, so that what was read of it was its. */
bool seccomp_waits(int notifications, uint64_t id);

#endif
