/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of `halfopen try` share.
 */
#ifndef HALFOPEN_CLI_TRY_H
#define HALFOPEN_CLI_TRY_H

#include "base/trial.h"
#include "runner/cli/guest.h"

/* try_options.c: the table of its options. */
extern const struct cli_option try_options[];

/* ---- try_sysctls.c ------------------------------------------------------------------------- */

/* The sysctls that the server's machine has, by name. */
struct try_sysctls {
	struct trial_setting *all;
	size_t count;
	struct owned owned; /* their texts */
};
/*
 * Those of this machine's network namespace or of --sysctls-from, and on top of them those of
 * --sysctl. Returns EXIT_GOOD, or another exit status after complaining; to be freed by
 * sysctls_free() either way.
 */
int sysctls_make(struct try_sysctls *sysctls, const struct trying *trying);
void sysctls_free(struct try_sysctls *sysctls);

/* ---- try_guest.c --------------------------------------------------------------------------- */

/* Whether the options go with that; false after complaining. */
bool goes_with_kernel(const struct options *options);
/* What such a trial is asked for. */
struct guest_words guest_words_of(const struct options *options);

#endif
