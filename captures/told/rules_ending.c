/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules about a server that ends, or works for nothing, because of what a client or the system did.
 */
#include "captures/told/books.h"

#include <signal.h>
#include <string.h>

/* ---- how it ended -------------------------------------------------------------------------- */

/* "exited with status 1", "was ended by SIGPIPE"; the caller frees it. */
static char *words_of_status(long status)
{
	const char *signal = status < 0 && status > -NSIG ? sigabbrev_np((int)-status) : NULL;

	if (signal)
		return format("was ended by SIG%s", signal);
	return status < 0 ? format("was ended by signal %ld", -status)
			  : format("exited with status %ld", status);
}

/* What of the server has ended by itself: its main process, or others that nobody replaced. */
struct loss {
	const struct told_server *server; /* NULL: others */
	nsec at;
	long status;
	bool replaced;     /* or nobody knows */
	int before, after; /* processes at rest */
};

static bool main_process_ended(const struct told *told, struct told_window window,
			       struct loss *loss)
{
	for (int i = 0; i < told->server_count; i++) {
		const struct told_server *server = &told->servers[i];

		if (!server->exited || !server->by_itself || server->exited < window.from ||
		    server->exited > window.to)
			continue;
		*loss = (struct loss){ .server = server,
				       .at = server->exited,
				       .status = server->status };
		return true;
	}
	return false;
}

static bool others_ended(const struct told *told, struct told_window window, struct loss *loss)
{
	const struct told_event *end = find_deed(told, DEED_PROCESS, window.from);
	int before = fewest_at_rest(told, (struct told_window){ 0, window.from, false });
	int after = processes_at_rest(told, window);

	if (!end || end->at > window.to || after < 0 || after >= before)
		return false;
	*loss = (struct loss){
		.at = end->at, .status = end->status, .before = before, .after = after
	};
	return true;
}

/* Signals that a program brings on itself; a parent that ends a worker sends others. */
static bool is_crash(long status)
{
	static const int signals[] = { SIGPIPE, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS };

	for (size_t i = 0; i < ARRAY_LENGTH(signals); i++)
		if (status == -signals[i])
			return true;
	return false;
}

/* One that was there before and has failed, whether another one has taken its place or not. */
static bool worker_failed(const struct told *told, struct told_window window, struct loss *loss)
{
	for (int i = 0; i < told->books->event_count; i++) {
		const struct told_event *event = &told->books->events[i];
		bool failed = is_crash(event->status) || (event->accepts && event->status > 0);
		nsec signalled =
			event->deed == DEED_WORKER ? told->servers[event->server].signalled : 0;

		if (event->deed != DEED_WORKER || !failed || event->at < window.from ||
		    event->at > window.to || (signalled && signalled < event->at))
			continue;
		*loss = (struct loss){ .at = event->at, .status = event->status, .replaced = true };
		return true;
	}
	return false;
}

typedef bool ending(const struct told *told, struct told_window window, struct loss *loss);

/* What has ended first in the window. */
static bool has_ended(const struct told *told, struct told_window window, struct loss *loss)
{
	static ending *const endings[] = { main_process_ended, others_ended, worker_failed };
	bool any = false;

	for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
		struct loss found;

		if (!endings[i](told, window, &found) || (any && found.at >= loss->at))
			continue;
		*loss = found;
		any = true;
	}
	return any;
}

/* "server was ended by SIGPIPE"; the caller frees it. */
static char *words_of_loss(const struct loss *loss)
{
	autofree char *status = words_of_status(loss->status);

	if (loss->replaced)
		return format("a process of the server %s", status);
	return loss->server ? format("%s %s", loss->server->name, status)
			    : format("a process of the server %s, and %d of %d are left", status,
				     loss->after, loss->before);
}

/* ---- of clients ---------------------------------------------------------------------------- */

static bool is_dead(const struct told_client *client)
{
	return client->role == ROLE_DEAD || client->role == ROLE_CHECK;
}

/*
 * When the first client came that was to go by itself, after the server had served somebody and
 * rested: one that ends with every client is not meant. 0: none did.
 */
static nsec when_dead_came(const struct told *told)
{
	nsec served = 0;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];
		struct told_window window = { served, client->syn[0], false };

		if (client->role == ROLE_CLIENT && client->fate == FATE_SERVED && !served)
			served = client->served;
		if (is_dead(client) && served && was_at_rest(told, window))
			return client->syn[0];
	}
	return 0;
}

/* The last one that had gone by itself before @at; NULL: nobody had. */
static const struct told_client *last_dead_before(const struct told *told, nsec at)
{
	const struct told_client *last = NULL;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (is_dead(client) && client->left && client->left <= at &&
		    (!last || client->left > last->left))
			last = client;
	}
	return last;
}

/* The first end of that kind: of several instances, one after the other, each may have ended. */
static bool died(const struct told *told, nsec since, bool of_sigpipe, struct loss *loss)
{
	struct told_window window = { since, told->ended, false };

	for (; has_ended(told, window, loss); window.from = loss->at + 1)
		if ((loss->status == -SIGPIPE) == of_sigpipe)
			return true;
	return false;
}

static bool tell_death(const struct told *told, struct told_finding *finding, bool of_sigpipe)
{
	nsec came = when_dead_came(told);
	struct loss loss = { 0 };
	const struct told_client *last;
	autofree char *words = NULL;

	if (!came || !died(told, came, of_sigpipe, &loss))
		return false;
	last = last_dead_before(told, loss.at);
	if (!last)
		return false;
	words = words_of_loss(&loss);
	finding->flow = last->flow;
	finding->seq = last->seq;
	finding->sentence = format("%s, when %s had gone", words, last->name);
	return true;
}

bool find_death_of_dead_client(const struct told *told, struct told_finding *finding)
{
	return tell_death(told, finding, false);
}

bool find_death_of_sigpipe(const struct told *told, struct told_finding *finding)
{
	return tell_death(told, finding, true);
}

/* ---- of what the system says --------------------------------------------------------------- */

/* Who was there then, or came last: what happened shows in its ladder. */
static int flow_at(const struct told *told, nsec at)
{
	for (int i = 0; i < told->client_count; i++)
		if (told->clients[i].ended >= at)
			return told->clients[i].flow;
	return told->client_count;
}

/* The server has ended after the deed, and before @until. */
struct end_after {
	const struct told_event *deed;
	nsec until;
	const char *when; /* "when accept() had failed with ENOMEM" */
};

static bool tell_ending(const struct told *told, struct told_finding *finding, struct end_after end)
{
	struct told_window window = { end.deed->at, end.until, false };
	struct loss loss = { 0 };
	autofree char *words = NULL;

	if (!has_ended(told, window, &loss))
		return false;
	words = words_of_loss(&loss);
	finding->flow = flow_at(told, end.deed->at);
	finding->seq = end.deed->seq;
	finding->sentence = format("%s, %s", words, end.when);
	return true;
}

/* Some call accept() again at once, and end when the last descriptor is taken. */
bool find_death_without_descriptors(const struct told *told, struct told_finding *finding)
{
	const struct told_event *limited = find_deed(told, DEED_LIMIT, 0);
	const struct told_event *taken = limited ? limited : find_deed(told, DEED_TAKE, 0);

	return taken && tell_ending(told, finding,
				    (struct end_after){ taken, told->ended,
							"when it had no descriptor left" });
}

bool find_death_of_accept_error(const struct told *told, struct told_finding *finding)
{
	const struct told_event *error, *next;

	for (error = find_deed(told, DEED_ERROR, 0); error; error = next) {
		autofree char *when =
			format("when accept() had failed with %s", error_name(error->error));
		struct end_after end = { error, told->ended, when };

		next = find_deed(told, DEED_ERROR, error->at + 1);
		if (next)
			end.until = next->at;
		if (told_error_is_of_linux(error->error) && tell_ending(told, finding, end))
			return true;
	}
	return false;
}

bool find_death_of_interrupted_wait(const struct told *told, struct told_finding *finding)
{
	const struct told_event *continued = find_deed(told, DEED_CONTINUE, 0);

	return continued &&
	       tell_ending(told, finding,
			   (struct end_after){ continued, told->ended,
					       "when it went on after it was stopped" });
}

/*
 * Of nothing that a rule is about. Who ends with 0 has done what it was started for, and SIGKILL
 * may be the machine's, which has no memory left; what comes after a pause is of that.
 */
bool find_death_by_itself(const struct told *told, struct told_finding *finding)
{
	const struct told_event *continued = find_deed(told, DEED_CONTINUE, 0), *exit;
	struct told_window window = { 0, continued ? continued->at : told->ended, false };
	struct loss loss = { 0 };
	autofree char *words = NULL;

	if (!main_process_ended(told, window, &loss) || !loss.status || loss.status == -SIGKILL)
		return false;
	words = words_of_loss(&loss);
	exit = find_deed(told, DEED_EXIT, loss.at);
	finding->flow = flow_at(told, loss.at);
	finding->seq = exit ? exit->seq : 0;
	finding->sentence = format("%s by itself, %.3f s after it was started", words,
				   seconds(loss.at - loss.server->started));
	return true;
}

/* ---- work for nothing ---------------------------------------------------------------------- */

/* What looks like before: no segment has moved, nobody was accepted, nobody has ended. */
static bool nothing_happened(const struct told_look *before, const struct told_look *look)
{
	return before->server == look->server && before->segments == look->segments &&
	       before->accepted == look->accepted && before->processes == look->processes;
}

/* The CPU time that was used between two looks between which nothing happened; the most of it. */
static nsec work_for_nothing(const struct told *told, struct told_window window)
{
	const struct told_look *begin = NULL;
	nsec most = 0;

	for (int i = 0; i < told->books->look_count; i++) {
		const struct told_look *look = &told->books->looks[i];

		if (look->at < window.from || look->at > window.to)
			continue;
		if (!begin || !nothing_happened(begin, look))
			begin = look;
		if (look->cpu - begin->cpu > most)
			most = look->cpu - begin->cpu;
	}
	return most;
}

/* Who was in an accept queue at some time in the window; NULL: nobody. */
static const struct told_client *who_waits(const struct told *told, struct told_window window)
{
	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (client->queued && client->queued <= window.to &&
		    client->last_queued >= window.from)
			return client;
	}
	return NULL;
}

/*
 * Nobody needs to wait for it: whoever slept in accept() has a descriptor already (the kernel
 * takes it before it looks who is there), and serves on, while others spin.
 */
bool find_spinning(const struct told *told, struct told_finding *finding)
{
	const struct told_event *taken = find_deed(told, DEED_TAKE, 0);
	const struct told_event *freed = taken ? find_deed(told, DEED_FREE, taken->at) : NULL;
	struct told_window window = { taken ? taken->at : 0, freed ? freed->at : told->ended,
				      false };
	struct told_window before = { 0, window.from, false };
	const struct told_client *client = who_waits(told, window);
	nsec work = work_for_nothing(told, window);

	if (!taken || work < MUCH_WORK || !was_at_rest(told, before))
		return false;
	finding->flow = client ? client->flow : flow_at(told, taken->at);
	finding->seq = client ? client->seq : taken->seq;
	finding->sentence = format("the server used %.1f s of CPU time while no segment moved and "
				   "it had no descriptor left%s%s%s",
				   seconds(work), client ? "; " : "", client ? client->name : "",
				   client ? " waited for one" : "");
	return true;
}

/* ---- work for nobody ------------------------------------------------------------------------ */

/* Nobody who has come by then is connected any more, as far as he is concerned. */
static bool nobody_is_there(const struct told *told, nsec at)
{
	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (client->syns && client->syn[0] <= at && end_of_connection(told, client) > at)
			return false;
	}
	return true;
}

/* The last one who had closed, or reset, before @at; NULL: nobody had. */
static const struct told_client *last_gone_before(const struct told *told, nsec at)
{
	const struct told_client *last = NULL;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (client->left && client->left <= at && (!last || client->left > last->left))
			last = client;
	}
	return last;
}

struct spinning {
	nsec since, work; /* CPU time from then on, while nobody was there */
};

/* The most of it that this instance has used since it rested last. */
static struct spinning spinning_of(const struct told *told, int server)
{
	struct spinning spinning = { 0 };
	const struct told_look *begin = NULL;

	for (int i = 0; i < told->books->look_count; i++) {
		const struct told_look *look = &told->books->looks[i];

		if (look->server != server)
			continue;
		if (look->rest)
			spinning.work = 0;
		if (!begin || look->rest || !nothing_happened(begin, look) ||
		    !nobody_is_there(told, begin->at))
			begin = look;
		if (look->cpu - begin->cpu > spinning.work)
			spinning = (struct spinning){ begin->at, look->cpu - begin->cpu };
	}
	return spinning;
}

/*
 * It had rested before that client came, and never does again: a job of its own ends, or would have
 * been there before.
 */
bool find_spinning_for_nobody(const struct told *told, struct told_finding *finding)
{
	for (int i = 0; i < told->server_count; i++) {
		struct spinning spinning = spinning_of(told, i);
		const struct told_client *gone = last_gone_before(told, spinning.since);

		if (spinning.work < MUCH_WORK || !gone ||
		    stay_of_instance(told, (struct told_window){ 0, spinning.since, false }, i) ==
			    0)
			continue;
		finding->flow = gone->flow;
		finding->seq = gone->seq;
		finding->sentence = format(
			"%s used %.1f s of CPU time while nobody was there and no segment moved, "
			"and did not come to rest any more; %s had gone last",
			told->servers[i].name, seconds(spinning.work), gone->name);
		return true;
	}
	return false;
}

/* ---- errors that Linux does not give ------------------------------------------------------- */

char *errors_elsewhere(const struct told *told, long *count)
{
	struct text names = { 0 };
	const struct told_event *error, *next;

	for (error = find_deed(told, DEED_ERROR, 0); error; error = next) {
		struct told_window window = { error->at, told->ended, false };
		struct loss loss;

		next = find_deed(told, DEED_ERROR, error->at + 1);
		if (next)
			window.to = next->at;
		if (told_error_is_of_linux(error->error) || !has_ended(told, window, &loss))
			continue;
		text_add(&names, "%s%s", names.length ? ", " : "", error_name(error->error));
		++*count;
	}
	return text_take(&names);
}
