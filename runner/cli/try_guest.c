/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_guest: `halfopen try --kernel K`. The scenarios are played in a guest, by this very command
 * with what the user has said, and the machine that counts is still the user's.
 */
#include "runner/cli/try.h"

#include <stdlib.h>
#include <unistd.h>

/* "auto" is this host, too: it can play all scenarios. */
bool goes_with_kernel(const struct options *options)
{
	const struct trying *trying = &options->trying;

	if (plays_in_guest(options) && trying->forwards.count)
		complain("--forward %s: a guest has no network that leads out of it; start what "
			 "the server needs beside it, with --with",
			 trying->forwards.all[0]);
	else if (plays_in_guest(options) && trying->writable.count)
		complain("--write %s: what is written in a guest goes with it; leave out --write "
			 "or --kernel",
			 trying->writable.all[0]);
	else
		return goes_with_files(options, "server");
	return false;
}

/* ---- what the command in the guest is told --------------------------------------------------- */

/* There the caller is root; here the server would be what its caller is. */
static void add_caller(struct words *words, const struct trying *trying)
{
	static const char *const names[] = { "HOME", "USER", "LOGNAME" };

	if (trying->user || geteuid() == 0)
		return;
	words_add(words, "--user=%u", geteuid());
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (getenv(names[i]))
			words_add(words, "--env=%s=%s", names[i], getenv(names[i]));
}

struct guest_words guest_words_of(const struct options *options)
{
	static const struct guest_names names = { .file = "--request=@" };
	struct guest_words words = { 0 };

	add_caller(&words.options, &options->trying);
	guest_words_add(&words, options, &names);
	return words;
}
