/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample: of what is tried in great numbers only some, where a try is dear (make check-valgrind).
 */
#ifndef HALFOPEN_SAMPLE_H
#define HALFOPEN_SAMPLE_H

#include <stdlib.h>

/* One of so many tries is made: CHECK_SAMPLE of the environment, or 1, which is all of them. */
static inline long check_sample(void)
{
	const char *sample = getenv("CHECK_SAMPLE");
	long one_of = sample ? strtol(sample, NULL, 10) : 1;

	return one_of > 0 ? one_of : 1;
}

#endif
