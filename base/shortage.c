/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shortage.c: what the machine lacks just now, by errno, and what would mend it.
 */
#include "base/base.h"

#include <errno.h>
#include <string.h>

static const struct {
	int error;
	const char *remedy;
} shortages[] = {
	{ EAGAIN, "no more processes or threads may be started: raise `ulimit -u`, `ulimit -v` or "
		  "pids.max of the cgroup, or run fewer cases at once (-j)" },
	{ ENOMEM,
	  "memory is short: raise memory.max of the cgroup, or run fewer cases at once (-j)" },
	{ EMFILE, "too many files are open in one process: raise `ulimit -n`" },
	{ ENFILE,
	  "too many files are open on this machine: raise fs.file-max, or run fewer cases at "
	  "once (-j)" },
};

static _Thread_local char text[256];
static const char *seen;

static const char *remedy_of(int error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(shortages); i++)
		if (shortages[i].error == error)
			return shortages[i].remedy;
	return NULL;
}

bool is_shortage(int error)
{
	return remedy_of(error) != NULL;
}

const char *shortage_text(int error)
{
	const char *remedy = remedy_of(error);

	if (!remedy)
		return strerror(error);
	seen = remedy;
	snprintf(text, sizeof(text), "%s; %s", strerror(error), remedy);
	return text;
}

void shortage_note(const char *what)
{
	seen = what;
}

const char *shortage_seen(void)
{
	return seen;
}

const char *file_remedy(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return "free some space there";
	case EFBIG:
		return "raise the limit of a file's size (`ulimit -f`)";
	case ENOENT:
		return "make the folder that it belongs into";
	default:
		return "make it writable";
	}
}
