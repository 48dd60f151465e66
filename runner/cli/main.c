/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main: the command's entry; a file of its own, so that tests can link the runner to other cases.
 */
#include "runner/cli/cli.h"
#include "suites/suites.h"

int main(int argc, char **argv)
{
	const struct catalogue catalogue = suites_catalogue();

	return halfopen_main(&catalogue, argc, argv);
}
