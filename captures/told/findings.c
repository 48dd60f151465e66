/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of what was found, by a rule or a limit.
 */
#include "captures/told/books.h"

#include <string.h>

static bool is_allowed(const struct told_books *books, const char *name)
{
	for (int i = 0; i < books->allowed_count; i++)
		if (strcmp(books->allowed[i], name) == 0)
			return true;
	return false;
}

void add_finding(struct told *told, struct told_finding finding)
{
	finding.allowed = is_allowed(told->books, finding.rule->name);
	told->findings = GROWN(told->findings, told->finding_count);
	told->findings[told->finding_count++] = finding;
}
