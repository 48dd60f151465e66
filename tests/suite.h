/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suite.h: what the programs of libcheck have in common.
 */
#ifndef HALFOPEN_TESTS_SUITE_H
#define HALFOPEN_TESTS_SUITE_H

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Plays it, TAP on stdout, and releases it. The program's exit status: 1 when a test failed. */
static inline int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

/* The child goes on; the parent ends as the child does. */
static inline void go_on_in_child(void)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid)
		return;
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static inline int remove_entry(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
	(void)stat;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* With all that is in it. */
static inline void remove_all(const char *folder)
{
	if (nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS) < 0)
		printf("# cannot remove all of %s\n", folder);
}

#endif
