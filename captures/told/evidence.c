/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule may rest on, whatever the machine does: that the server slept and wanted nothing.
 */
#include "captures/told/books.h"

#include <errno.h>
#include <string.h>

/* ---- who is owed an answer ----------------------------------------------------------------- */

nsec end_of_connection(const struct told *told, const struct told_client *client)
{
	const nsec ends[] = { client->closed, client->reset, client->left, client->gave_up };
	nsec first = told->ended;

	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
		if (ends[i] && ends[i] < first)
			first = ends[i];
	return first;
}

nsec end_of_service(const struct told *told, const struct told_client *client)
{
	nsec end = end_of_connection(told, client);

	return told->books->answers && client->served && client->served < end ? client->served
									      : end;
}

/* Its connection is there, and nothing has ended what it waits for. */
static bool is_unanswered(const struct told *told, const struct told_client *client, nsec at)
{
	return told_is_ordinary(client) && client->up && client->up <= at &&
	       end_of_service(told, client) > at;
}

/* In an accept queue, as far as is known: whoever has heard of the server is not. */
static bool is_queued(const struct told_client *client, nsec at)
{
	return client->queued && client->queued <= at && client->last_queued >= at &&
	       !client->first_byte && !client->closed;
}

/*
 * Whether more clients were unanswered then than places in accept queues were taken: the rest the
 * server had accepted. (In a group nobody tells in whose queue a client is, so they are counted.)
 */
static bool is_owing(const struct told *told, const struct told_look *look)
{
	int unanswered = 0, taken_by_others = 0;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (is_unanswered(told, client, look->at))
			unanswered++;
		else if (is_queued(client, look->at))
			taken_by_others++;
	}
	return unanswered > look->waiting - taken_by_others;
}

/* ---- rest ---------------------------------------------------------------------------------- */

/* Two looks, one right behind the other: nobody wants to run, and nobody has run in between. */
static bool is_rest(const struct told_books *books, const struct told_look *look)
{
	const struct told_look *before = look->before < 0 ? NULL : &books->looks[look->before];

	return before && before->asleep && look->asleep && before->switches == look->switches &&
	       before->cpu == look->cpu && before->processes == look->processes;
}

void find_rests(struct told *told)
{
	struct told_books *books = told->books;

	for (int i = 0; i < books->look_count; i++) {
		struct told_look *look = &books->looks[i];

		look->rest = is_rest(books, look);
		look->owing = look->rest && is_owing(told, look);
	}
}

/* The first look of the pair that ends with @look, where that is in the window; else NULL. */
static const struct told_look *rest_in(const struct told *told, const struct told_look *look,
				       struct told_window window)
{
	const struct told_look *first;

	if (!look->rest || (window.unowed && look->owing))
		return NULL;
	first = &told->books->looks[look->before];
	return first->at >= window.from && look->at <= window.to ? first : NULL;
}

nsec stay_of_instance(const struct told *told, struct told_window window, int server)
{
	const struct told_look *begin = NULL;
	nsec longest = 0;

	for (int i = 0; i < told->books->look_count; i++) {
		const struct told_look *second = &told->books->looks[i];
		const struct told_look *first = rest_in(told, second, window);

		if (!first || second->server != server)
			continue;
		if (!begin || begin->accepted != second->accepted)
			begin = first;
		if (second->at - begin->at > longest)
			longest = second->at - begin->at;
	}
	return longest;
}

static bool is_looked_at(const struct told *told, struct told_window window, int server)
{
	for (int i = 0; i < told->books->look_count; i++) {
		const struct told_look *look = &told->books->looks[i];

		if (look->server == server && look->at >= window.from && look->at <= window.to)
			return true;
	}
	return false;
}

nsec stay_at_rest(const struct told *told, struct told_window window)
{
	nsec shortest = 0;
	bool any = false;

	for (int server = 0; server < told->server_count; server++) {
		nsec stay;

		if (!is_looked_at(told, window, server))
			continue;
		stay = stay_of_instance(told, window, server);
		shortest = !any || stay < shortest ? stay : shortest;
		any = true;
	}
	return shortest;
}

int processes_at_rest(const struct told *told, struct told_window window)
{
	int processes = -1;

	for (int i = 0; i < told->books->look_count; i++) {
		const struct told_look *look = &told->books->looks[i];

		if (rest_in(told, look, window))
			processes = look->processes;
	}
	return processes;
}

int fewest_at_rest(const struct told *told, struct told_window window)
{
	int fewest = -1;

	for (int i = 0; i < told->books->look_count; i++) {
		const struct told_look *look = &told->books->looks[i];

		if (rest_in(told, look, window) && (fewest < 0 || look->processes < fewest))
			fewest = look->processes;
	}
	return fewest;
}

bool was_at_rest(const struct told *told, struct told_window window)
{
	return processes_at_rest(told, window) > 0;
}

/* ---- what was done ------------------------------------------------------------------------- */

const struct told_event *find_deed(const struct told *told, enum told_deed deed, nsec since)
{
	for (int i = 0; i < told->books->event_count; i++) {
		const struct told_event *event = &told->books->events[i];

		if (event->deed == deed && event->at >= since)
			return event;
	}
	return NULL;
}

/* inet_csk_accept(), do_accept(), sock_alloc_file(), and a program of seccomp or an LSM. */
bool told_error_is_of_linux(int error)
{
	return error == ENOBUFS || error == ENOMEM || error == EPERM || error == EINTR;
}

const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "an error";
}
