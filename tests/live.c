/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live: see live.h.
 */
#include "tests/live.h"

#include "netns/netns.h"

#include <check.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

bool live_is_skipped(void)
{
	struct net_features features;
	autofree char *why = NULL;

	if (net_probe(&features, &why) == 0)
		return false;
	printf("1..0 # SKIP %s\n", why);
	return true;
}

static int ending_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
}

static _Noreturn void play_as_worker(pid_t parent, const struct case_run *run)
{
	int isolated = isolate_worker(parent, 0), status = -1;
	pid_t child = fork();

	if (child == 0) {
		isolate_case(isolated);
		_exit((int)case_perform(run));
	}
	waitpid(child, &status, 0);
	_exit(ending_of(status));
}

pid_t live_start(struct case_run run)
{
	pid_t parent = getpid(), worker = fork();

	ck_assert_int_ge(worker, 0);
	if (worker == 0)
		play_as_worker(parent, &run);
	return worker;
}

int live_end(pid_t worker)
{
	int status;

	ck_assert_int_eq(waitpid(worker, &status, 0), worker);
	ck_assert(WIFEXITED(status));
	return ending_of(status);
}

json_t *live_verdict(const char *folder)
{
	autofree char *path = format("%s/verdict.json", folder);
	json_t *verdict = json_load_file(path, 0, NULL);

	ck_assert_msg(verdict != NULL, "there is no %s", path);
	return verdict;
}
