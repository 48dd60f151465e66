/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patience.c: how long the machine kept a thread from running, and deadlines that know of it.
 */
#include "base/base.h"

#include <errno.h>
#include <time.h>

/* A wait is cut into pieces of this length: of a machine that stands still no more is overlooked.
 */
#define PIECE MSEC(50)
/* How often to look for something without a pause, and how long the first pause is. */
#define RETRIES_AT_ONCE 10
#define FIRST_PAUSE     MSEC(1)

static double multiplier = 1;

/* Of a thread. Time is lost that is neither spent on the CPU nor waited for. */
static _Thread_local struct {
	nsec waited;
	bool begun, ended;
	nsec lost_before; /* when it began */
	nsec lost_marked; /* when the last stretch ended */
	nsec longest;
} meter;

static nsec cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * SEC(1) + now.tv_nsec;
}

/* From an arbitrary beginning: only differences say something. */
static nsec lost_so_far(void)
{
	return clock_now() - cpu_time() - meter.waited;
}

void stall_begin(void)
{
	meter.begun = true;
	meter.ended = false;
	meter.longest = 0;
	meter.lost_before = meter.lost_marked = lost_so_far();
}

void stall_mark(void)
{
	nsec lost;

	if (!meter.begun)
		stall_begin();
	if (meter.ended)
		return;
	lost = lost_so_far();
	stall_seen(lost - meter.lost_marked);
	meter.lost_marked = lost;
}

void stall_seen(nsec lost)
{
	if (lost > meter.longest && !meter.ended)
		meter.longest = lost;
}

void stall_end(void)
{
	stall_mark();
	meter.ended = true;
}

nsec stall_longest(void)
{
	stall_mark();
	return meter.longest;
}

nsec stall_sum(void)
{
	stall_mark();
	return meter.lost_marked - meter.lost_before;
}

void waited_since(nsec began)
{
	meter.waited += clock_now() - began;
}

int await_events(struct pollfd *polled, nfds_t count, nsec span)
{
	struct timespec left = { .tv_sec = span / SEC(1), .tv_nsec = span % SEC(1) };
	nsec began = clock_now(), worked = cpu_time(), took;
	int ready;

	if (span <= 0)
		return ppoll(polled, count, &(struct timespec){ 0 }, NULL);
	ready = ppoll(polled, count, &left, NULL);
	took = clock_now() - began;
	worked = cpu_time() - worked;
	meter.waited += (took < span ? took : span) - worked;
	return ready;
}

/* ---- deadlines ----------------------------------------------------------------------------- */

void deadlines_stretch(double by)
{
	multiplier = by;
}

struct deadline deadline_in(nsec span)
{
	return (struct deadline){ .span = (nsec)((double)span * multiplier) };
}

nsec deadline_left(struct deadline *deadline)
{
	nsec passed;

	if (!deadline->began) {
		deadline->began = clock_now();
		deadline->lost_before = lost_so_far();
	}
	passed = clock_now() - deadline->began - (lost_so_far() - deadline->lost_before);
	return passed < deadline->span ? deadline->span - passed : 0;
}

bool deadline_passed(struct deadline *deadline)
{
	return deadline_left(deadline) == 0;
}

int deadline_await(struct deadline *deadline, struct pollfd *polled, nfds_t count)
{
	nsec left;
	int ready = 0;

	while (ready == 0 && (left = deadline_left(deadline)) > 0) {
		ready = await_events(polled, count, left < PIECE ? left : PIECE);
		if (ready < 0 && errno == EINTR)
			ready = 0;
	}
	return ready;
}

/* ---- looking again ------------------------------------------------------------------------- */

struct retry retry_for(nsec span)
{
	return (struct retry){ .deadline = deadline_in(span) };
}

/* What was lost since the last stretch ended is no stall. */
static void forget_stretch(void)
{
	nsec lost = lost_so_far() - meter.lost_marked;

	meter.lost_marked += lost;
	meter.lost_before += lost;
}

bool retry_now(struct retry *retry)
{
	nsec left, pause;

	if (retry->times++ < RETRIES_AT_ONCE)
		return true;
	if (retry->deadline.began)
		forget_stretch();
	else
		stall_mark();
	left = deadline_left(&retry->deadline);
	pause = (retry->deadline.span - left) / 8;
	if (left > 0)
		await_events(NULL, 0, pause > FIRST_PAUSE ? pause : FIRST_PAUSE);
	return left > 0;
}

void retry_end(const struct retry *retry, bool came)
{
	if (!retry->deadline.began)
		return;
	forget_stretch();
	if (came)
		stall_seen(clock_now() - retry->deadline.began);
}
