/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command: from the command line to one of the commands, and the last look at stdout.
 */
#include "runner/cli/cli.h"
#include "runner/play/play.h"
#include "vm/vm.h"

#include <errno.h>
#include <string.h>

static int obey(const struct catalogue *catalogue, int argc, char **argv)
{
	static int (*const commands[COMMANDS])(const struct options *) = {
		[LIST] = command_list, [RUN] = command_run,         [CLAIMS] = command_claims,
		[SHOW] = command_show, [KERNELS] = command_kernels, [MATRIX] = command_matrix,
		[DIFF] = command_diff, [REPORT] = command_report,
	};
	struct options options;
	int status = EXIT_GOOD;

	if (!options_parse(&options, argc, argv, &status))
		return status;
	options.catalogue = catalogue;
	return commands[options.command](&options);
}

int halfopen_main(const struct catalogue *catalogue, int argc, char **argv)
{
	if (guest_is_here())
		guest_main();
	inherited_put_right();
	int status = obey(catalogue, argc, argv);
	bool written = fflush(stdout) == 0 && !ferror(stdout);
	if (written || status == EXIT_RUN_ERROR)
		return status;
	complain("cannot write to stdout: %s", strerror(errno));
	return EXIT_RUN_ERROR;
}
