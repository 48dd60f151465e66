/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user expects of the client: --expect-exit, --expect-within, --expect-retries.
 */
#include "captures/held/internal.h"

#include <string.h>

static char *exit_problem(const struct held *held, long wanted)
{
	if (!held->exited)
		return format("the client has not ended, and was to exit with %ld", wanted);
	return held->status == wanted ? NULL
				      : format("the client has exited with %d, and not with %ld",
					       held->status, wanted);
}

static char *within_problem(const struct held *held, nsec wanted)
{
	nsec took = held->stopped - held->started;

	if (held->exited && took <= wanted)
		return NULL;
	return held->exited ? format("the client has taken %.3f s, and not at most %.3f s",
				     seconds(took), seconds(wanted))
			    : format("the client has not ended within %.3f s", seconds(wanted));
}

static char *retries_problem(const struct held *held, long wanted)
{
	int retries = held->connection_count ? held->connection_count - 1 : 0;

	return retries == wanted ? NULL
				 : format("the client has connected %d times more after its first "
					  "one, and not %ld times",
					  retries, wanted);
}

void judge_expectations(struct reading *reading)
{
	struct held *held = reading->held;

	for (int i = 0; i < held->expectation_count; i++) {
		struct held_expectation *expectation = &held->expectations[i];
		long wanted = reading->wants[i]->value;

		if (text_is(expectation->option, "expect exit"))
			expectation->problem = exit_problem(held, wanted);
		if (text_is(expectation->option, "expect within"))
			expectation->problem = within_problem(held, wanted);
		if (text_is(expectation->option, "expect retries"))
			expectation->problem = retries_problem(held, wanted);
	}
}
