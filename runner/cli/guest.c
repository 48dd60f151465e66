/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest: what `try --kernel` and `stage --kernel` share.
 */
#include "runner/cli/guest.h"
#include "vm/vm.h"

#include <string.h>

bool plays_in_guest(const struct options *options)
{
	return strcmp(options->kernel, "host") != 0 && strcmp(options->kernel, "auto") != 0;
}

bool goes_with_files(const struct options *options, const char *whose)
{
	if (!plays_in_guest(options) && options->bring.count)
		complain("--bring %s: on this host the %s has all files; add --kernel",
			 options->bring.all[0], whose);
	else if (!plays_in_guest(options) && options->real_time && !guest_is_around())
		complain("--time real: this host has no other clock; add --kernel");
	else
		return true;
	return false;
}

/* Whether an option ("--json") says where it is played, and what is told of it here. */
static bool given_for_host(const char *given)
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

void guest_words_add(struct guest_words *words, const struct options *options,
		     const struct guest_names *names)
{
	for (size_t i = 0; i < options->given.count; i++) {
		const char *given = options->given.all[i];

		if (strncmp(given, names->file, strlen(names->file)) == 0)
			words_add(&words->bring, "%s", given + strlen(names->file));
		if (names->word && strncmp(given, names->word, strlen(names->word)) == 0)
			words_add(&words->options, "%s", given + strlen(names->word));
		else if (!given_for_host(given))
			words_add(&words->options, "%s", given);
	}
	for (size_t i = 0; i < options->bring.count; i++)
		words_add(&words->bring, "%s", options->bring.all[i]);
}

void guest_words_free(struct guest_words *words)
{
	words_free(&words->options);
	words_free(&words->bring);
}
