/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patterns: which names a user means.
 */
#include "runner/saved/saved.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

/* "SYN_RECV", "SYN-RECV" and "syn recv" are the same to who looks for it. */
static char folded(char letter)
{
	return letter == '_' || letter == '-' ? ' ' : (char)tolower((unsigned char)letter);
}

static bool begins_with(const char *text, const char *part)
{
	while (*part && folded(*text) == folded(*part))
		text++, part++;
	return !*part;
}

static bool has_part(const char *text, const char *part)
{
	for (; !begins_with(text, part); text++)
		if (!*text)
			return false;
	return true;
}

bool pattern_matches(const char *pattern, const char *text, enum strictness strictness)
{
	if (!text)
		return false;
	if (strictness == EXACTLY)
		return strcasecmp(pattern, text) == 0;
	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, text, FNM_CASEFOLD) == 0;
	return has_part(text, pattern);
}
