/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.h: plays a case that stands in a test's own file, in namespaces of its own, as the runner
 * does.
 */
#ifndef HALFOPEN_TESTS_LIVE_H
#define HALFOPEN_TESTS_LIVE_H

#include "fixtures/fixtures.h"

#include <jansson.h>

/* True after a line of TAP that says why nothing can be played here. */
bool live_is_skipped(void);
/* Begins a case: process 1 of a PID namespace, below a worker. Returns the worker. */
pid_t live_start(struct case_run run);
/* Waits for the worker. Returns how the case ended: an enum ending. */
int live_end(pid_t worker);
/* The verdict.json of a case that has ended; the caller's. The test fails where there is none. */
json_t *live_verdict(const char *folder);

#endif
