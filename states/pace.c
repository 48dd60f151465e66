/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace: so many bytes in so much time, as a state of RATE has it.
 */
#include "states/internal.h"

/* What is due within it goes at once: a thousand connections wake nobody a thousand times. */
#define GRAIN MSEC(10)

struct pace pace_of(const struct stage_value *value)
{
	return (struct pace){ .bytes = value->bytes, .span = value->span };
}

uint64_t pace_allows(struct pace *pace, nsec now)
{
	if (!pace->bytes)
		return SIZE_MAX;
	if (!pace->since)
		pace->since = now;
	double allowed = (double)(now - pace->since) * (double)pace->bytes / (double)pace->span;
	return allowed > (double)pace->used ? (uint64_t)allowed - pace->used : 0;
}

void pace_use(struct pace *pace, uint64_t bytes)
{
	pace->used += bytes;
}

nsec pace_next(const struct pace *pace, nsec now)
{
	double wait = (double)(pace->used + 1) * (double)pace->span / (double)pace->bytes;
	nsec next = pace->since + (nsec)wait + 1;

	return next < now + GRAIN ? now + GRAIN : next;
}
