/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run: a run, from its first case to its last, on the host and then in guests.
 */
#include "runner/play/internal.h"

void run_play(struct run *run)
{
	run->started = time(NULL);
	run->began = clock_now();
	run->reporter->begin(run);
	if (run->host.count)
		schedule(run);
	if (run->guest.count && !run->signal && !run->fatal)
		guests_play(run, &run->guest);
	if (run->storms.count && !run->signal && !run->fatal)
		guests_play(run, &run->storms);
	settle_suspicions(run);
	run->took = clock_now() - run->began;
}

void run_free(struct run *run)
{
	suspicions_free(run);
	plan_free(&run->plan);
	lanes_free(run);
	if (run->lock >= 0)
		close(run->lock);
	cargo_free(run->cargo);
	free(run->sysctls);
	free(run->artifacts);
	free(run->build);
	json_decref(run->earlier);
	free(run->fatal);
}
