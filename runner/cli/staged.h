/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of `halfopen stage` share.
 */
#ifndef HALFOPEN_CLI_STAGED_H
#define HALFOPEN_CLI_STAGED_H

#include "base/staging.h"
#include "runner/cli/guest.h"
#include "runner/play/play.h"

#include <stdio.h>

/* What the run itself has to say, as env(1) and timeout(1) have it. */
enum stage_status {
	STAGE_UNEXPECTED = 1, /* the client did not do what was expected */
	STAGE_ERROR = 125,
	STAGE_CANNOT_RUN = 126, /* the client */
	STAGE_NOT_FOUND = 127,
};

/*
 * Starts the client of @staging in a network of its own, and meets it there. Returns the client's
 * exit status, or one of those.
 */
int stage_client(const struct options *options, const struct staging *staging);

/* ---- stage_guest.c -------------------------------------------------------------------------- */

/* Whether the options go with --kernel, or without it; false after complaining. */
bool stage_goes_with_kernel(const struct options *options);
/* What the command in a guest is asked for. */
struct guest_words stage_words_of(const struct options *options);
/* What the client has printed in a guest. */
void stage_print_log(const struct run *run, FILE *out);

#endif
