/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * caller: what this program was started with, for those programs that it starts on behalf of its
 * caller: it changes its own.
 */
#ifndef HALFOPEN_CALLER_H
#define HALFOPEN_CALLER_H

#include <sys/resource.h>
#include <sys/types.h>

struct caller {
	struct rlimit limits[RLIM_NLIMITS];
	mode_t umask;
	char **environment; /* NULL behind the last */
};

/* As it is now; the first call counts, and copies. */
void caller_remember(void);
/* What was remembered; as it is now, where nobody has asked for that before. */
const struct caller *caller_remembered(void);

#endif
