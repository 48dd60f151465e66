/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show: the ladder of a case, and a look at the journal and the captures that it was drawn from:
 * what is damaged is said, and what can be shown of it is shown.
 */
#include "captures/captures.h"
#include "runner/parts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool show_folder(const char *folder)
{
	char *why = NULL;
	bool good = ladder_show(folder, stdout, &why) == 0;
	if (!good)
		complain("%s; run the case again", why);
	free(why);
	return good;
}

int command_show(const struct options *options)
{
	const char *folder = options->words[0];
	struct stat status;
	if (stat(folder, &status) < 0 || !S_ISDIR(status.st_mode)) {
		complain("show '%s': %s; a finished case's folder is artifacts/NAME/ipv4", folder,
			 errno == ENOENT ? "there is no such folder" : "it is no folder");
		return EXIT_USAGE;
	}
	if (journal_exists(folder))
		return show_folder(folder) ? EXIT_GOOD : EXIT_RUN_ERROR;

	static const int families[] = { AF_INET, AF_INET6 };
	bool found = false, good = true;
	for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
		autofree char *below = format("%s/%s", folder, family_name(families[i]));
		if (!journal_exists(below))
			continue;
		printf("%s%s\n", found ? "\n" : "", family_name(families[i]));
		found = true;
		good = show_folder(below) && good;
	}
	if (!found) {
		complain("show '%s': there is no journal.jsonl in it; a finished case's folder is "
			 "artifacts/NAME/ipv4",
			 folder);
		return EXIT_USAGE;
	}
	return good ? EXIT_GOOD : EXIT_RUN_ERROR;
}
