/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules about who waits while the server sleeps.
 */
#include "captures/told/books.h"

#include <string.h>

static nsec later(nsec a, nsec b)
{
	return a > b ? a : b;
}

/* When it had what it waited for: its first byte or, where no answer is known, accept(). */
static nsec first_service(const struct told *told, const struct told_client *client)
{
	return told->books->answers ? client->first_byte : client->accepted;
}

/* ---- who waits in the accept queue --------------------------------------------------------- */

/* Clients that the server at rest has left in the accept queue. */
struct left {
	int count;
	nsec longest;
	const struct told_client *example; /* who was left longest; NULL: nobody was */
};

/* Which of them are meant: who waited at some time after @since, and came after @came. */
struct leaving {
	nsec since, came;
	nsec until;  /* 0: the end */
	bool unowed; /* see struct told_window */
};

/*
 * When it was in an accept queue; where nobody is owed an answer, whoever has none is there still.
 */
static struct told_window wait_of(const struct told *told, const struct told_client *client,
				  struct leaving leaving)
{
	struct told_window window = { later(client->queued, leaving.since), client->last_queued,
				      leaving.unowed };

	if (leaving.unowed) {
		window.from = later(client->up, leaving.since);
		window.to = client->first_byte ? client->first_byte : end_of_service(told, client);
	}
	if (leaving.until && leaving.until < window.to)
		window.to = leaving.until;
	return window;
}

static struct left left_in_queue(const struct told *told, struct leaving leaving)
{
	struct left left = { 0 };

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];
		nsec stay;

		if (!told_is_ordinary(client) || !client->up || client->syn[0] < leaving.came)
			continue;
		stay = stay_at_rest(told, wait_of(told, client, leaving));
		if (stay < STILL)
			continue;
		left.count++;
		if (stay <= left.longest)
			continue;
		left.longest = stay;
		left.example = client;
	}
	return left;
}

/* "3 of 20 clients stayed in the accept queue of server for up to 9.8 s, while ..." */
static char *words_of_left(const struct told *told, const struct left *left)
{
	const struct told_listener *listener = listener_book(told, left->example->listener);

	return format("%d of %d clients stayed in the accept queue of %s for up to %.1f s, while "
		      "every thread of the server slept",
		      left->count, ordinary_clients(told),
		      listener ? listener->name : "the listener", seconds(left->longest));
}

/* Takes over @sentence. */
static bool tell_left(struct told_finding *finding, const struct left *left, char *sentence)
{
	finding->flow = left->example->flow;
	finding->seq = left->example->seq;
	finding->sentence = sentence;
	return true;
}

/*
 * When a process of the server was seen to have ended first, where that was the main one, or there
 * are fewer since then; 0: it has all that it had.
 */
static nsec when_lost(const struct told *told)
{
	const struct told_event *main_one = find_deed(told, DEED_EXIT, 0);
	const struct told_event *other = find_deed(told, DEED_PROCESS, 0);
	int before, after;

	if (main_one || !other)
		return main_one ? main_one->at : 0;
	before = fewest_at_rest(told, (struct told_window){ 0, other->at, false });
	after = processes_at_rest(told, (struct told_window){ other->at, told->ended, false });
	return after >= 0 && after < before ? other->at : 0;
}

/* When the next instance of the server was started after @at; the end: none was. */
static nsec next_start(const struct told *told, nsec at)
{
	nsec next = told->ended;

	for (int i = 0; i < told->server_count; i++)
		if (told->servers[i].started > at && told->servers[i].started < next)
			next = told->servers[i].started;
	return next;
}

static bool is_within(nsec at, nsec from, nsec to)
{
	return at >= from && at < to;
}

/* It has left some in its queue, and accepted others since: one for each that comes, say. */
static bool accepts_others(const struct told *told, const struct left *left)
{
	nsec from = left->example->up, to = next_start(told, from);

	for (int i = 0; i < told->client_count; i++)
		if (is_within(told->clients[i].accepted, from, to) ||
		    is_within(told->clients[i].first_byte, from, to))
			return true;
	return false;
}

bool find_left_in_queue(const struct told *told, struct told_finding *finding)
{
	struct left left = left_in_queue(told, (struct leaving){ .unowed = true });
	autofree char *words = left.example ? words_of_left(told, &left) : NULL;

	if (!words || when_lost(told))
		return false;
	return tell_left(finding, &left,
			 first_service(told, left.example)
				 ? format("%s; %s was served only when something else happened",
					  words, left.example->name)
				 : format("%s and owed nobody an answer", words));
}

/*
 * When the first client came that was to reset its connection, or a health check, and somebody had
 * been served before; 0: none did.
 */
static nsec first_dead(const struct told *told)
{
	bool serves = false;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		serves |= client->role == ROLE_CLIENT && client->fate == FATE_SERVED;
		if (serves && (client->role == ROLE_DEAD || client->role == ROLE_CHECK))
			return client->syn[0];
	}
	return 0;
}

static bool had_served(const struct told *told, nsec at)
{
	for (int i = 0; i < told->client_count; i++)
		if (told->clients[i].served && told->clients[i].served < at)
			return true;
	return false;
}

/*
 * When it went on after it had been stopped, where it had served before and was told nothing
 * besides; 0: it did not.
 */
static nsec when_it_went_on(const struct told *told)
{
	const struct told_event *continued = find_deed(told, DEED_CONTINUE, 0);

	if (!continued || find_deed(told, DEED_SIGNAL, 0))
		return 0;
	return had_served(told, continued->at) ? continued->at : 0;
}

/* What it may not have survived although its main process has; @after: the words for it. */
static nsec first_trouble(const struct told *told, const char **after)
{
	nsec dead = first_dead(told), went_on = when_it_went_on(told);

	if (went_on && (!dead || went_on < dead)) {
		*after = "it was stopped and went on";
		return went_on;
	}
	*after = "the first of the clients came that went by themselves";
	return dead;
}

bool find_listener_unserved(const struct told *told, struct told_finding *finding)
{
	const char *after;
	nsec lost = when_lost(told), since = lost ? lost : first_trouble(told, &after);
	struct left left = { 0 };
	autofree char *words = NULL;

	if (since)
		left = left_in_queue(told, (struct leaving){ .since = since, .unowed = true });
	if (!left.example || (!lost && accepts_others(told, &left)))
		return false;
	words = words_of_left(told, &left);
	if (lost)
		return tell_left(
			finding, &left,
			format("%s; a process of it had ended by %.3f s, and the listener is open",
			       words, seconds(since - told->began)));
	return tell_left(finding, &left,
			 format("%s; it accepts nobody since %s, at %.3f s", words, after,
				seconds(since - told->began)));
}

bool find_unserved_while_draining(const struct told *told, struct told_finding *finding)
{
	const struct told_event *signal = find_deed(told, DEED_SIGNAL, 0);
	const struct told_event *end = signal ? find_deed(told, DEED_EXIT, signal->at) : NULL;
	struct left left = { 0 };
	autofree char *words = NULL;

	/* who waits in a listener of the system's is served by the next instance */
	if (signal && !told->books->activated)
		left = left_in_queue(told, (struct leaving){ .since = signal->at,
							     .came = signal->at,
							     .until = end ? end->at : 0 });
	if (!left.example)
		return false;
	words = words_of_left(told, &left);
	return tell_left(finding, &left,
			 format("%s: they came when it had been told to stop, at %.3f s, and its "
				"listener stayed open",
				words, seconds(signal->at - told->began)));
}

/* ---- who waits after the system has failed it ---------------------------------------------- */

/* A client that was refused after @since, although nothing had ended. */
static const struct told_client *refused_since(const struct told *told, nsec since)
{
	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (client->fate == FATE_REFUSED && client->syn[0] >= since && !when_lost(told))
			return client;
	}
	return NULL;
}

bool find_deaf_after_descriptors(const struct told *told, struct told_finding *finding)
{
	const struct told_event *freed = find_deed(told, DEED_FREE, 0);
	const struct told_client *refused = freed ? refused_since(told, freed->at) : NULL;
	struct left left = { 0 };
	autofree char *words = NULL;

	if (freed && !when_lost(told))
		left = left_in_queue(told, (struct leaving){ .since = freed->at, .unowed = true });
	if (left.example)
		words = words_of_left(told, &left);
	else if (refused)
		left = (struct left){ .example = refused };
	else
		return false;
	return tell_left(finding, &left,
			 words ? format("%s, although it had descriptors again since %.3f s", words,
					seconds(freed->at - told->began))
			       : format("%s was refused: the server has closed its listener, "
					"although it has descriptors again",
					refused->name));
}

/* accept() was made to fail with @event, and until @until with nothing else; 0: the end. */
struct failing {
	const struct told_event *event;
	nsec until;
};

/* Who was kept from being served since then; @example NULL: nobody was. */
static struct left kept_since_error(const struct told *told, struct failing error)
{
	struct left left = left_in_queue(
		told,
		(struct leaving){ .since = error.event->at, .until = error.until, .unowed = true });

	if (!left.example && !error.until)
		left.example = refused_since(told, error.event->at);
	return left;
}

/*
 * Whether it accepts others, and the one who was left is another one than accept() has failed for:
 * that is no doing of the error.
 */
static bool leaves_others(const struct told *told, const struct left *left, struct failing error)
{
	return left->count && left->example->syn[0] > error.event->at && accepts_others(told, left);
}

static bool is_lost_of_it(const struct told *told, struct failing error)
{
	nsec lost = when_lost(told);

	return lost >= error.event->at && (!error.until || lost < error.until);
}

static bool tell_deaf(const struct told *told, struct told_finding *finding, struct failing error)
{
	struct left left = kept_since_error(told, error);
	autofree char *words = NULL;

	if (!left.example || is_lost_of_it(told, error) || leaves_others(told, &left, error))
		return false;
	words = left.count ? words_of_left(told, &left)
			   : format("%s was refused: the server has closed its listener",
				    left.example->name);
	return tell_left(finding, &left,
			 format("%s, since accept() had failed with %s%s", words,
				error_name(error.event->error),
				left.count && first_service(told, left.example)
					? "; it was served only when something else happened"
					: ""));
}

bool find_deaf_after_accept_error(const struct told *told, struct told_finding *finding)
{
	const struct told_event *error, *next;

	for (error = find_deed(told, DEED_ERROR, 0); error; error = next) {
		next = find_deed(told, DEED_ERROR, error->at + 1);
		if (told_error_is_of_linux(error->error) &&
		    tell_deaf(told, finding, (struct failing){ error, next ? next->at : 0 }))
			return true;
	}
	return false;
}

/* ---- who waits for an answer --------------------------------------------------------------- */

/* How long the server rested while the client waited for its first byte, up to @until. */
static nsec rest_before_answer(const struct told *told, const struct told_client *client,
			       nsec until)
{
	nsec served = first_service(told, client);
	nsec end = served ? served : end_of_service(told, client);

	return stay_at_rest(told, (struct told_window){ later(client->connected, client->requested),
							end < until ? end : until, false });
}

/* What keeps it from its answer is the server's doing. */
static bool is_half_served(const struct told *told, const struct told_client *client)
{
	switch (client->fate) {
	case FATE_CLOSED:
	case FATE_RESET_AFTER:
	case FATE_CUT:
		return true;
	case FATE_UNANSWERED:
		return rest_before_answer(told, client, told->ended) >= STILL;
	default:
		return false;
	}
}

bool find_half_served(const struct told *told, struct told_finding *finding)
{
	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (client->role != ROLE_CLIENT || !is_half_served(told, client))
			continue;
		finding->flow = client->flow;
		finding->seq = client->seq;
		finding->sentence =
			client->fate == FATE_UNANSWERED
				? format("%s was connected and not answered for longer than "
					 "%.1f s, while every thread of the server slept",
					 client->name, seconds(client->ended - client->connected))
				: format("%s was connected: %s, with %ld bytes of it", client->name,
					 told_fate_words(client->fate), client->bytes);
		return true;
	}
	return false;
}

/* ---- silent clients ------------------------------------------------------------------------ */

/* Whether the silent client was there before the other one, and until that one was answered. */
static bool may_block(const struct told *told, const struct told_client *silent,
		      const struct told_client *client)
{
	nsec end = end_of_connection(told, silent), served = first_service(told, client);

	return silent->role == ROLE_SILENT && silent->connected &&
	       silent->connected < client->connected && end > client->connected &&
	       (!served || end < served);
}

/* How many silent clients may block this one; *@first is the first of them. */
static int count_blockers(const struct told *told, const struct told_client *client,
			  const struct told_client **first)
{
	int count = 0;

	for (int i = 0; client->connected && i < told->client_count; i++) {
		const struct told_client *silent = &told->clients[i];

		if (may_block(told, silent, client) && count++ == 0)
			*first = silent;
	}
	return count;
}

/*
 * How long the server rested at most before it answered someone, while nobody had come yet who says
 * nothing: it may be slow. -1: it answered nobody then.
 */
static nsec usual_rest(const struct told *told)
{
	nsec longest = -1;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (client->role == ROLE_SILENT)
			break;
		if (client->role == ROLE_CLIENT && client->fate == FATE_SERVED)
			longest = later(longest, rest_before_answer(told, client, told->ended));
	}
	return longest;
}

/*
 * How many silent clients may keep this one from its answer while the server sleeps, for much
 * longer than is usual; *@first is the first of them.
 */
static int blocked_by(const struct told *told, const struct told_client *client,
		      const struct told_client **first)
{
	int count = client->role == ROLE_CLIENT ? count_blockers(told, client, first) : 0;
	nsec usual = count ? usual_rest(told) : -1;

	if (usual < 0 || rest_before_answer(told, client, end_of_connection(told, *first)) <
				 later(STILL, 2 * usual))
		return 0;
	return count;
}

long count_behind_crowd(const struct told *told, int *flow)
{
	const struct told_client *first;
	long count = 0;

	for (int i = 0; i < told->client_count; i++)
		if (blocked_by(told, &told->clients[i], &first) > 1 && count++ == 0)
			*flow = told->clients[i].flow;
	return count;
}

bool find_silent_blocks(const struct told *told, struct told_finding *finding)
{
	const struct told_client *example = NULL, *silent = NULL;
	int blocked = 0;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i], *by;

		if (blocked_by(told, client, &by) != 1)
			continue;
		blocked++;
		example = example ? example : client;
		silent = silent ? silent : by;
	}
	if (!example)
		return false;
	finding->flow = example->flow;
	finding->seq = example->seq;
	finding->sentence = format(
		"while %s was connected and said nothing, every thread of the server slept "
		"and %d other%s waited; %s was %s",
		silent->name, blocked, blocked == 1 ? "" : "s", example->name,
		first_service(told, example) ? "served when that one had gone" : "never answered");
	return true;
}

/* ---- the backlog --------------------------------------------------------------------------- */

/* Who found no room; where the kernel has only counted them, who had to send its SYN again. */
static const struct told_client *who_was_squeezed(const struct told *told)
{
	const struct told_client *again = NULL;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (client->squeezed)
			return client;
		if (client->syns > 1 && !again)
			again = client;
	}
	return again;
}

/* A backlog of 5 has room for the six: an accept queue takes one more (sk_acceptq_is_full()). */
bool find_tiny_backlog(const struct told *told, struct told_finding *finding)
{
	const struct told_books *books = told->books;
	const struct told_client *squeezed = who_was_squeezed(told);

	for (int i = 0; books->overflows + books->cookies && i < books->listener_count; i++) {
		const struct told_listener *listener = &books->listeners[i];

		if (listener->asked < 0 || listener->asked + 1 >= BROWSER_CONNECTIONS)
			continue;
		finding->flow = squeezed ? squeezed->flow : 0;
		finding->seq = squeezed ? squeezed->seq : 0;
		finding->sentence = format(
			"listen() of %s asked for a backlog of %ld, which is room for %ld clients; "
			"of those who came besides the kernel dropped %ld segments, and answered "
			"%ld SYNs with cookies",
			listener->name, listener->asked, listener->asked + 1, books->overflows,
			books->cookies);
		return true;
	}
	return false;
}
