/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loaded.h: a journal that a test needs.
 */
#ifndef HALFOPEN_TESTS_LOADED_H
#define HALFOPEN_TESTS_LOADED_H

#include "captures/journal/journal.h"

#include <check.h>

/* The test fails where it cannot be read, and says why. */
static inline struct journal *load_journal(const char *path)
{
	char *why = NULL;
	struct journal *journal = journal_load(path, &why);

	ck_assert_msg(journal != NULL, "%s", why ? why : "");
	return journal;
}

#endif
