/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner: the halfopen command.
 */
#ifndef HALFOPEN_RUNNER_H
#define HALFOPEN_RUNNER_H

/*
 * Does what the arguments say with the cases of all_cases() and the claims of all_claims().
 * Returns the exit status: 0; 1 when a case failed; 77 when everything was skipped; 99 on an
 * error of the run; 2 for wrong usage; 128 + n when signal n ended the run.
 */
int halfopen_main(int argc, char **argv);

#endif
