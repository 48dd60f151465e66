/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command: from the command line to one of the commands, and the last look at stdout.
 */
#include "runner/cli/cli.h"
#include "runner/play/play.h"
#include "vm/vm.h"

#include <errno.h>
#include <string.h>

const struct command *const halfopen_commands[] = {
	&list_command, &run_command,    &try_command,     &stage_command,  &claims_command,
	&show_command, &report_command, &kernels_command, &matrix_command, &diff_command,
	NULL,
};

static int obey(const struct catalogue *catalogue, int argc, char **argv)
{
	struct options options = { .catalogue = catalogue, .commands = halfopen_commands };
	int status = EXIT_GOOD;

	if (options_parse(&options, argc, argv, &status))
		status = options.command->obey(&options);
	options_free(&options);
	return status;
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
