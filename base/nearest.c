/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nearest: what was probably meant by a word that is none of those that are known.
 */
#include "base/base.h"

#include <ctype.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Edits that turn @typed into some part of @name (Sellers): names are sentences, of which few
 * people type more than a part.
 */
static unsigned distance_to_part(const char *typed, const char *name)
{
	size_t length = strlen(typed);
	autofree unsigned *row = must_alloc(length + 1, sizeof(*row));

	for (size_t i = 0; i <= length; i++)
		row[i] = (unsigned)i;

	unsigned best = row[length];
	for (; *name; name++) {
		unsigned diagonal = row[0];

		for (size_t i = 1; i <= length; i++) {
			bool same = tolower((unsigned char)typed[i - 1]) ==
				    tolower((unsigned char)*name);
			unsigned changed = diagonal + !same;

			diagonal = row[i];
			row[i] = least(changed, least(row[i], row[i - 1]) + 1);
		}
		best = least(best, row[length]);
	}
	return best;
}

/* Among equals the name whose length is nearest comes first. */
static unsigned rank(const char *typed, const char *name)
{
	long difference = (long)strlen(name) - (long)strlen(typed);

	return distance_to_part(typed, name) * 1000 + (unsigned)labs(difference) % 1000;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t last = ARRAY_LENGTH(nearest->names) - 1;
	unsigned distance = rank(nearest->typed, name);

	for (size_t i = 0; i <= last; i++)
		if (nearest->names[i] && strcmp(nearest->names[i], name) == 0)
			return;
	if (distance / 1000 > strlen(nearest->typed) / 2 ||
	    (nearest->names[last] && nearest->distances[last] <= distance))
		return;
	size_t place = last;
	while (place > 0 &&
	       (!nearest->names[place - 1] || nearest->distances[place - 1] > distance)) {
		nearest->names[place] = nearest->names[place - 1];
		nearest->distances[place] = nearest->distances[place - 1];
		place--;
	}
	nearest->names[place] = name;
	nearest->distances[place] = distance;
}

char *nearest_text(const struct nearest *nearest)
{
	struct text text = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(nearest->names) && nearest->names[i]; i++)
		text_add(&text, "%s%s", i ? ", " : "; nearest: ", nearest->names[i]);
	return text_take(&text);
}
