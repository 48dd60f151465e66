/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library for LD_PRELOAD that makes a busy machine of any: a case, which is process 1 of its PID
 * namespace, is kept from running at random moments, whenever it looks at the clock, and it does so
 * after whatever it has done. tests/check-paused.sh uses it. From the environment:
 *
 *   PAUSE_EVERY    how many looks at the clock there are between two pauses, on average; not
 *                  set: there are none
 *   PAUSE_BUDGET   most milliseconds of all pauses together until a second has gone by without
 *                  one; 0, or not set: no limit
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A pause takes from SHORTEST to 2^DOUBLINGS of it, each power of two as likely as the next. */
#define SHORTEST  1400000
#define DOUBLINGS 6
#define SECOND    1000000000

static struct {
	uint64_t random, every;
	int64_t budget, left, ended; /* ns; the end of the last pause */
} pauses;

/* xorshift64 (Marsaglia, 2003) */
static uint64_t any(uint64_t below)
{
	pauses.random ^= pauses.random << 13;
	pauses.random ^= pauses.random >> 7;
	pauses.random ^= pauses.random << 17;
	return pauses.random % below;
}

static int64_t now(void)
{
	struct timespec time;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
	return time.tv_sec * (int64_t)SECOND + time.tv_nsec;
}

static void pause_here(void)
{
	int64_t span = (int64_t)(SHORTEST + any(SHORTEST)) << any(DOUBLINGS);

	if (pauses.budget && now() - pauses.ended > SECOND)
		pauses.left = pauses.budget;
	if (pauses.budget && span > pauses.left)
		span = pauses.left;
	pauses.left -= span;
	syscall(SYS_nanosleep, &(struct timespec){ .tv_nsec = span }, NULL);
	pauses.ended = now();
}

/* Of the case alone, and of its first thread: floods have others. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	if (pauses.every && syscall(SYS_gettid) == 1) {
		if (!pauses.random)
			pauses.random = (uint64_t)now();
		if (any(pauses.every) == 0)
			pause_here();
	}
	return (int)syscall(SYS_clock_gettime, clock, time);
}

static int64_t number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void)
{
	pauses.every = (uint64_t)number("PAUSE_EVERY");
	pauses.budget = number("PAUSE_BUDGET") * (SECOND / 1000);
}
