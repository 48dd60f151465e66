/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest: what `try --kernel` and `stage --kernel` share.
 */
#include "runner/cli/guest.h"

#include <string.h>

bool plays_in_guest(const struct options *options)
{
	return strcmp(options->kernel, "host") != 0 && strcmp(options->kernel, "auto") != 0;
}

bool given_for_host(const char *given)
{
	static const char *const names[] = {
		"kernel", "time", "bring", "artifacts", "no-report",
		"json",   "tap",  "junit", "jobs",      "sysctls-from"
	};
	const char *name = given + strlen("--");

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0 &&
		    strchr("=", name[strlen(names[i])]))
			return true;
	return false;
}

void guest_words_free(struct guest_words *words)
{
	words_free(&words->options);
	words_free(&words->bring);
}
