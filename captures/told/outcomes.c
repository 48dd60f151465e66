/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many clients had which fate, and how long that took; and what the server did.
 */
#include "captures/told/books.h"

/* ---- clients ------------------------------------------------------------------------------- */

static nsec span_of(const struct told_client *client)
{
	return client->syns && client->ended > client->syn[0] ? client->ended - client->syn[0] : 0;
}

struct one_client {
	nsec span;
	int place; /* in told.clients */
};

static int by_span(const void *a, const void *b)
{
	nsec left = ((const struct one_client *)a)->span;
	nsec right = ((const struct one_client *)b)->span;

	return (left > right) - (left < right);
}

/* Of a kind, sorted by their span: @count of them, one at least. */
static struct told_outcome outcome_of(const struct told *told, const struct one_client *those,
				      int count)
{
	const struct told_client *longest = &told->clients[those[count - 1].place];
	struct told_outcome outcome = { .role = longest->role,
					.fate = longest->fate,
					.deferred = longest->deferred,
					.count = count,
					.shortest = those[0].span,
					.median = those[(count - 1) / 2].span,
					.longest = those[count - 1].span,
					.example = longest->flow };

	for (int i = 0; i < count; i++)
		outcome.syn_again += told->clients[those[i].place].syns > 1;
	return outcome;
}

char *told_outcome_words(const struct told_outcome *outcome)
{
	return format("%s%s", told_fate_words(outcome->fate),
		      outcome->deferred ? ", with TCP_DEFER_ACCEPT" : "");
}

bool told_is_among(const struct told_client *client, const struct told_outcome *outcome)
{
	return client->role != ROLE_STRANGER && client->role == outcome->role &&
	       client->fate == outcome->fate && client->deferred == outcome->deferred;
}

static void tell_outcome(struct told *told, struct told_outcome kind)
{
	autofree struct one_client *those =
		must_alloc((size_t)told->client_count + 1, sizeof(*those));
	int count = 0;

	for (int i = 0; i < told->client_count; i++)
		if (told_is_among(&told->clients[i], &kind))
			those[count++] = (struct one_client){ span_of(&told->clients[i]), i };
	if (!count)
		return;
	qsort(those, (size_t)count, sizeof(*those), by_span);
	told->outcomes = GROWN(told->outcomes, told->outcome_count);
	told->outcomes[told->outcome_count++] = outcome_of(told, those, count);
}

/* ---- the server ---------------------------------------------------------------------------- */

/* Of all instances, the CPU time from the first look at each to the last. */
static nsec cpu_of(const struct told *told, int server)
{
	const struct told_look *first = NULL, *last = NULL;

	for (int i = 0; i < told->books->look_count; i++) {
		const struct told_look *look = &told->books->looks[i];

		if (look->server != server)
			continue;
		first = first ? first : look;
		last = look;
	}
	return first && last->cpu > first->cpu ? last->cpu - first->cpu : 0;
}

static void tell_looks(struct told *told)
{
	struct told_work *work = &told->work;

	for (int i = 0; i < told->books->look_count; i++) {
		const struct told_look *look = &told->books->looks[i];

		if (look->descriptors > work->descriptors) {
			work->descriptors = look->descriptors;
			work->descriptor_limit = look->limit;
		}
		work->processes = look->processes;
	}
	work->cpu = 0;
	for (int server = 0; server < told->server_count; server++)
		work->cpu += cpu_of(told, server);
}

static void tell_work(struct told *told)
{
	const struct told_books *books = told->books;
	struct told_work *work = &told->work;
	nsec span = books->last_accept - books->first_accept;

	*work = (struct told_work){
		.cpu = -1, .descriptors = -1, .descriptor_limit = -1, .processes = -1
	};
	for (int i = 0; i < told->client_count; i++)
		work->accepted += told->clients[i].accepted || told->clients[i].first_byte;
	if (span > 0)
		work->accept_rate = (books->accepted - 1) / seconds(span);
	if (books->look_count)
		tell_looks(told);
	for (int i = 0; i < told->server_count; i++)
		work->exits += told->servers[i].exited && told->servers[i].by_itself;
	work->watched = books->watched;
	if (work->watched)
		work->accept_rate = work->cpu = -1;
}

void tell_outcomes(struct told *told)
{
	for (int kind = 0; kind < 2 * ROLES * FATES; kind++)
		tell_outcome(told, (struct told_outcome){
					   .role = (enum told_role)(kind / FATES % ROLES),
					   .fate = (enum told_fate)(kind % FATES),
					   .deferred = kind / FATES >= ROLES,
				   });
	tell_work(told);
}
