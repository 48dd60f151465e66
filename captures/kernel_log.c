/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of itself: a warning or an oops while a case runs is a finding, whatever
 * the packets said.
 */
#include "captures/captures.h"

#include <string.h>
#include <sys/klog.h>

enum { READ_ALL = 3, SIZE_BUFFER = 10 }; /* syslog(2) */
enum { MOST_LINES = 12 };

/* Documentation/admin-guide/tainted-kernels.rst: a bad page, an oops, a warning, a soft lockup. */
#define COMPLAINTS (1UL << 5 | 1UL << 7 | 1UL << 9 | 1UL << 14)

unsigned long kernel_complaints(void)
{
	autofile FILE *file = fopen("/proc/sys/kernel/tainted", "re");
	unsigned long taint = 0;

	if (!file || fscanf(file, "%lu", &taint) != 1)
		return 0;
	return taint & COMPLAINTS;
}

/* Each line of the log begins with "<level>[seconds] ". */
static const char *without_prefix(const char *line)
{
	const char *text = *line == '<' ? strchr(line, ']') : NULL;

	return text && text[1] == ' ' ? text + 2 : line;
}

/* The log from its last "cut here" on; NULL when it may not be read or has none. */
static char *last_complaint(char *log)
{
	char *begin = NULL, *rest = NULL, *text;

	for (char *found = log; (found = strstr(found, "[ cut here ]")); found++)
		begin = found;
	if (!begin)
		return NULL;
	begin = strchr(begin, '\n');
	text = format("%s", "");
	for (int lines = 0; begin && lines < MOST_LINES; lines++) {
		char *line = strtok_r(lines ? NULL : begin, "\n", &rest);
		char *longer = line ? format("%s%s\n", text, without_prefix(line)) : NULL;

		if (!longer)
			break;
		free(text);
		text = longer;
	}
	return text;
}

char *kernel_complaint(void)
{
	int size = klogctl(SIZE_BUFFER, NULL, 0);
	autofree char *log = size > 0 ? must_alloc((size_t)size + 1, 1) : NULL;

	if (!log || klogctl(READ_ALL, log, size) < 0)
		return NULL;
	return last_complaint(log);
}
