/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main: the command's entry; a file of its own, so that tests can link the runner to other cases.
 */
#include "runner/runner.h"

int main(int argc, char **argv)
{
	return halfopen_main(argc, argv);
}
