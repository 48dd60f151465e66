/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patterns: which names a user means.
 */
#include "runner/saved/saved.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

bool pattern_matches(const char *pattern, const char *text, enum strictness strictness)
{
	if (!text)
		return false;
	if (strictness == EXACTLY)
		return strcasecmp(pattern, text) == 0;
	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, text, FNM_CASEFOLD) == 0;
	return strcasestr(text, pattern) != NULL;
}
