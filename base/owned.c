/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/base.h"

void *own(struct owned *owned, void *memory)
{
	owned->items = GROWN(owned->items, owned->count);
	return owned->items[owned->count++] = memory;
}

void owned_free(struct owned *owned)
{
	for (size_t i = 0; i < owned->count; i++)
		free(owned->items[i]);
	free((void *)owned->items);
}
