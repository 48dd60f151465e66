/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `try --kernel` and `stage --kernel` share: in the guest there is this very command, with
 * what the user has said, and files of this machine.
 */
#ifndef HALFOPEN_CLI_GUEST_H
#define HALFOPEN_CLI_GUEST_H

#include "runner/cli/cli.h"

/* Whether another kernel plays, which --kernel names. */
bool plays_in_guest(const struct options *options);
/* Whether an option ("--json") says where it is played, and what is told of it here. */
bool given_for_host(const char *given);

/* What the command in the guest is asked for; to be freed by guest_words_free(). */
struct guest_words {
	struct words options; /* its options, and the words before "--" */
	struct words bring;   /* files that it needs there */
};
void guest_words_free(struct guest_words *words);

#endif
