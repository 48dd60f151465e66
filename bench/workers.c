/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases in processes of their own, as the runner plays them, each with a folder.
 */
#include "bench/bench.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

char *folder_of(const char *top, int round)
{
	char *folder = format("%s/%d", top, round);

	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		broken("cannot create %s: %s", folder, strerror(errno));
	return folder;
}

/* A worker as the runner makes them, with the case as process 1 of its namespaces. */
pid_t start_worker(const struct case_spec *spec, int family, const char *folder)
{
	static unsigned lane;
	pid_t parent = getpid(), worker = fork();
	int status = -1, isolated;
	pid_t child;

	if (worker < 0)
		broken("cannot fork: %s", strerror(errno));
	lane++;
	if (worker > 0)
		return worker;
	isolated = isolate_worker(parent, lane);
	child = fork();
	if (child == 0) {
		isolate_case(isolated);
		_exit((int)case_perform(&(struct case_run){ .spec = spec,
							    .family = family,
							    .folder = folder,
							    .timeout_multiplier = 1 }));
	}
	waitpid(child, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN);
}

void await_worker(void)
{
	int status;

	if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != PASSED)
		broken("a case of the benchmark did not pass: see its verdict.json");
}
