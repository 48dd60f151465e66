/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each known socket of a host is, by its cookie: in a table that is at most half full, in
 * which who finds a place taken goes to the next one. Of a crowd of thousands every sample asks for
 * all of them.
 */
#include "captures/watch/state.h"

struct entry {
	uint64_t cookie; /* 0: it is free; no socket has that one */
	int place;
};

struct places {
	struct entry *entries;
	size_t room; /* a power of two */
	size_t count;
};

struct places *places_new(void)
{
	struct places *places = must_alloc(1, sizeof(*places));

	places->room = 64;
	places->entries = must_alloc(places->room, sizeof(*places->entries));
	return places;
}

void places_free(struct places *places)
{
	free(places->entries);
	free(places);
}

/* Cookies of a namespace are counted up; its own, or the free one behind others. */
static struct entry *entry_for(const struct places *places, uint64_t cookie)
{
	size_t at = cookie & (places->room - 1);

	while (places->entries[at].cookie && places->entries[at].cookie != cookie)
		at = (at + 1) & (places->room - 1);
	return &places->entries[at];
}

int place_of(const struct places *places, uint64_t cookie)
{
	const struct entry *entry = entry_for(places, cookie);

	return entry->cookie ? entry->place : -1;
}

static void make_room(struct places *places)
{
	struct places larger = { .room = places->room * 2 };

	larger.entries = must_alloc(larger.room, sizeof(*larger.entries));
	for (size_t i = 0; i < places->room; i++)
		if (places->entries[i].cookie)
			*entry_for(&larger, places->entries[i].cookie) = places->entries[i];
	free(places->entries);
	places->entries = larger.entries;
	places->room = larger.room;
}

void places_add(struct places *places, uint64_t cookie, int place)
{
	if (places->count >= places->room / 2)
		make_room(places);
	*entry_for(places, cookie) = (struct entry){ cookie, place };
	places->count++;
}
