/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * order: which connection meets what, for who sees them come himself.
 */
#include "states/internal.h"

struct states_order {
	struct cursor cursor;
};

struct states_order *states_order_new(const struct stage_place *place, uint64_t seed)
{
	struct states_order *order = must_alloc(1, sizeof(*order));

	order->cursor = cursor_of(place, seed);
	return order;
}

const struct stage_turn *states_order_next(struct states_order *order)
{
	return cursor_take(&order->cursor, clock_now());
}
