/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: the ordered list of events, in memory.
 */
#include "captures/journal/internal.h"

#include <string.h>

int event_port(const struct event *event)
{
	return event->port ? event->port : event->listener;
}

struct journal *journal_new(void)
{
	return must_alloc(1, sizeof(struct journal));
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	owned_free(&journal->strings);
	owned_free(&journal->arrays);
	free(journal->events);
	free(journal);
}

size_t journal_length(const struct journal *journal)
{
	return journal->length;
}

const struct event *journal_event(const struct journal *journal, size_t index)
{
	return index < journal->length ? &journal->events[index] : NULL;
}

static const char *keep_string(struct journal *journal, const char *string)
{
	const struct owned *kept = &journal->strings;

	if (!string)
		return NULL;
	/* most strings are names that come again and again, close to each other */
	for (size_t i = kept->count, tried = 0; i > 0 && tried < 32; i--, tried++)
		if (strcmp(kept->items[i - 1], string) == 0)
			return kept->items[i - 1];
	return own(&journal->strings, format("%s", string));
}

static const char *const *keep_lines(struct journal *journal, const char *const *lines)
{
	size_t count = 0;
	const char **kept;

	if (!lines)
		return NULL;
	while (lines[count])
		count++;
	kept = own(&journal->arrays, must_alloc(count + 1, sizeof(*kept)));
	for (size_t i = 0; i < count; i++)
		kept[i] = keep_string(journal, lines[i]);
	return kept;
}

const struct event *journal_append(struct journal *journal, const struct event *event)
{
	struct event *added;

	journal->events = GROWN(journal->events, journal->length);
	added = &journal->events[journal->length++];
	*added = *event;
	added->seq = (long)journal->length;
	added->name = keep_string(journal, event->name);
	added->object = keep_string(journal, event->object);
	added->argument = keep_string(journal, event->argument);
	added->want = keep_string(journal, event->want);
	added->client = keep_string(journal, event->client);
	added->server = keep_string(journal, event->server);
	added->lines = keep_lines(journal, event->lines);
	return added;
}
