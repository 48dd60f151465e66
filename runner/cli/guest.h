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
/* Whether --bring and --time have a guest to be about; @whose are the files: "server". Complains.
 */
bool goes_with_files(const struct options *options, const char *whose);

/* What the command in the guest is asked for; to be freed by guest_words_free(). */
struct guest_words {
	struct words options; /* its options, and the words before "--" */
	struct words bring;   /* files that it needs there */
};
/* Options as they were given: "--request=@" stands before a file, "--STATE=" before a word. */
struct guest_names {
	const char *file, *word; /* .word NULL: there are none */
};
/* Adds what was given, but for what says where it is played, and what is told of it here. */
void guest_words_add(struct guest_words *words, const struct options *options,
		     const struct guest_names *names);
void guest_words_free(struct guest_words *words);

#endif
