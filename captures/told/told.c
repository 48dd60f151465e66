/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * told: see told.h. Reads the journal once, event by event, then asks what follows.
 */
#include "captures/told/books.h"

bool journal_is_told(const struct journal *journal)
{
	const struct event *begin = journal_event(journal, 0);

	return begin && begin->kind == EVENT_BEGIN && begin->told;
}

static void take_begin(struct told *told, const struct event *event)
{
	told->scenario = event->name ? event->name : "";
	told->family = event->object ? event->object : "";
}

static void take_event(struct told *told, const struct event *event)
{
	if (event->kind == EVENT_BEGIN)
		take_begin(told, event);
	else if (event->kind == EVENT_END)
		told->whole = true;
	if (event->at > told->ended)
		told->ended = event->at;
	take_client_event(told, event);
	take_queue_event(told, event);
	take_server_event(told, event);
}

static struct told *new_told(void)
{
	struct told *told = must_alloc(1, sizeof(*told));

	told->scenario = told->family = "";
	told->books = must_alloc(1, sizeof(*told->books));
	told->books->answers = true;
	/* [0] is not used: segments are numbered from 1 */
	told->books->packets = GROWN(told->books->packets, 0);
	told->books->packets[0] = 0;
	told->books->packet_count = 1;
	return told;
}

struct told *told_of(const struct journal *journal)
{
	struct told *told = new_told();

	for (size_t i = 0; i < journal_length(journal); i++)
		take_event(told, journal_event(journal, i));
	end_queues(told);
	decide_fates(told);
	find_rests(told);
	tell_outcomes(told);
	tell_findings(told);
	tell_facts(told);
	tell_limits(told);
	return told;
}

int told_count(const struct told *told)
{
	int count = 0;

	for (int i = 0; i < told->finding_count; i++)
		count += !told->findings[i].allowed;
	return count;
}

static void free_books(struct told_books *books)
{
	free_listeners(books);
	free(books->looks);
	free(books->events);
	free(books->packets);
	free(books->homeless);
	free(books->limits);
	free((void *)books->allowed);
	free(books);
}

void told_free(struct told *told)
{
	if (!told)
		return;
	for (int i = 0; i < told->finding_count; i++)
		free(told->findings[i].sentence);
	for (int i = 0; i < told->fact_count; i++)
		free(told->facts[i].sentence);
	free(told->clients);
	free(told->servers);
	free(told->outcomes);
	free(told->findings);
	free(told->facts);
	free((void *)told->unseen);
	free_books(told->books);
	free(told);
}
