/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage_guest: `halfopen stage --kernel K`. This very command plays in a guest, with what the user
 * has said; the client's output comes back with the artifacts.
 */
#include "runner/cli/staged.h"
#include "vm/vm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool stage_goes_with_kernel(const struct options *options)
{
	if (plays_in_guest(options) && options->staging.listen)
		complain("--listen: nobody reaches a guest; leave out --kernel");
	else if (!plays_in_guest(options) && options->bring.count)
		complain("--bring %s: on this host the client has all files; add --kernel",
			 options->bring.all[0]);
	else if (!plays_in_guest(options) && options->real_time && !guest_is_around())
		complain("--time real: this host has no other clock; add --kernel");
	else
		return true;
	return false;
}

struct guest_words stage_words_of(const struct options *options)
{
	static const char answer[] = "--answer=", state[] = "--STATE=";
	struct guest_words words = { 0 };

	/* there the caller is root */
	if (!options->staging.user && geteuid() != 0)
		words_add(&words.options, "--user=%u", geteuid());
	for (size_t i = 0; i < options->given.count; i++) {
		const char *given = options->given.all[i];

		if (strncmp(given, answer, strlen(answer)) == 0)
			words_add(&words.bring, "%s", given + strlen(answer));
		if (strncmp(given, state, strlen(state)) == 0)
			words_add(&words.options, "%s", given + strlen(state));
		else if (!given_for_host(given))
			words_add(&words.options, "%s", given);
	}
	for (size_t i = 0; i < options->bring.count; i++)
		words_add(&words.bring, "%s", options->bring.all[i]);
	return words;
}

void stage_print_log(const struct run *run, FILE *out)
{
	autofree char *path = entry_path(run, &run->plan.entries[0], "client.log");
	autofile FILE *log = fopen(path, "re");
	char bytes[4096];

	for (size_t count; log && (count = fread(bytes, 1, sizeof(bytes), log));)
		if (fwrite(bytes, 1, count, out) < count)
			complain("cannot write what the client has printed: %s; it is in %s",
				 strerror(errno), path);
}
