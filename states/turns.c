/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turns: which connection meets which state.
 */
#include "states/internal.h"

struct cursor cursor_of(const struct stage_place *place, uint64_t seed)
{
	return (struct cursor){ .place = place, .seed = seed, .began = clock_now() };
}

static const struct stage_turn *turn_at(const struct cursor *cursor)
{
	return cursor->turn < cursor->place->turn_count ? &cursor->place->turns[cursor->turn]
							: NULL;
}

static nsec end_of(const struct cursor *cursor)
{
	const struct stage_turn *turn = turn_at(cursor);

	return turn && turn->span ? cursor->began + turn->span : INT64_MAX;
}

static bool is_over(const struct cursor *cursor, nsec now)
{
	const struct stage_turn *turn = turn_at(cursor);

	return turn && (now >= end_of(cursor) ||
			(turn->first && cursor->seen >= turn->after + turn->first));
}

/* A turn that time has ended was over then, and not when somebody asks. */
static void go_on(struct cursor *cursor, nsec now)
{
	while (is_over(cursor, now)) {
		cursor->began = now < end_of(cursor) ? now : end_of(cursor);
		cursor->seen = 0;
		cursor->turn++;
	}
}

const struct stage_turn *cursor_turn(struct cursor *cursor, nsec now)
{
	go_on(cursor, now);
	return turn_at(cursor);
}

nsec cursor_deadline(const struct cursor *cursor)
{
	return end_of(cursor);
}

/* From 0 to 1, by the seed and the number of the connection alone: splitmix64. */
static double chance(const struct cursor *cursor)
{
	uint64_t mixed = cursor->seed + (cursor->all + 1) * UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	mixed ^= mixed >> 31;
	return (double)(mixed >> 11) / (double)(UINT64_C(1) << 53);
}

const struct stage_turn *cursor_next(struct cursor *cursor, nsec now)
{
	const struct stage_turn *turn = cursor_turn(cursor, now);

	if (!turn || cursor->seen < turn->after)
		return NULL;
	return turn->probability > 0 && chance(cursor) >= turn->probability ? NULL : turn;
}

const struct stage_turn *cursor_take(struct cursor *cursor, nsec now)
{
	const struct stage_turn *met = cursor_next(cursor, now);

	cursor->seen++;
	cursor->all++;
	return met;
}
