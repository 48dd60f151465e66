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
	else
		return goes_with_files(options, "client");
	return false;
}

struct guest_words stage_words_of(const struct options *options)
{
	static const struct guest_names names = { .file = "--answer=", .word = "--STATE=" };
	struct guest_words words = { 0 };

	/* there the caller is root */
	if (!options->staging.user && geteuid() != 0)
		words_add(&words.options, "--user=%u", geteuid());
	guest_words_add(&words, options, &names);
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
