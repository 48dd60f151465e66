/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock of the journal, and the way into it: each event is judged at once.
 */
#include "captures/watch/state.h"

nsec watch_now(const struct watch *watch)
{
	return clock_now() - watch->zero;
}

void note(struct watch *watch, struct event event)
{
	if (event.at == 0)
		event.at = watch_now(watch);
	if (event.kind != EVENT_SAMPLE)
		watch->happened = event.at;
	if (judge_event(watch->judge, journal_append(watch->journal, &event)))
		stall_end();
}

const struct finding *watch_finding(const struct watch *watch)
{
	return judge_finding(watch->judge);
}
