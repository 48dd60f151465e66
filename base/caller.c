/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * caller.c: limits, umask and environment, before anybody has changed them.
 */
#include "base/caller.h"

#include "base/base.h"

#include <sys/stat.h>

extern char **environ;

static struct caller remembered;

static char **copy_environment(void)
{
	struct words words = { 0 };

	for (char **each = environ; each && *each; each++)
		words_add(&words, "%s", *each);
	return words.all ? words.all : must_alloc(1, sizeof(*words.all));
}

void caller_remember(void)
{
	if (remembered.environment)
		return;
	for (int i = 0; i < RLIM_NLIMITS; i++)
		(void)getrlimit((__rlimit_resource_t)i, &remembered.limits[i]);
	remembered.umask = umask(0);
	umask(remembered.umask);
	remembered.environment = copy_environment();
}

const struct caller *caller_remembered(void)
{
	caller_remember();
	return &remembered;
}
