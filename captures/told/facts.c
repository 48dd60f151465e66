/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is a matter of taste, or nobody can avoid, with its number; and what a run's --limit makes
 * of it.
 */
#include "captures/told/books.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Fills in value, sentence, flow; false: there is nothing to tell. */
typedef bool measure(const struct told *told, struct told_fact *fact);

/* ---- times --------------------------------------------------------------------------------- */

static bool still_waits(const struct told_client *client)
{
	return client->fate == FATE_CONNECTING || client->fate == FATE_UNANSWERED;
}

/* @client: whose it is; NULL: there is none. */
static bool tell_span(struct told_fact *fact, const struct told_client *client, const char *what,
		      bool goes_on)
{
	if (!client)
		return false;
	fact->flow = client->flow;
	fact->sentence = format("%s %s %s%.3f s", client->name, what, goes_on ? "longer than " : "",
				seconds(fact->value));
	return true;
}

static bool longest_wait(const struct told *told, struct told_fact *fact)
{
	const struct told_client *longest = NULL;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];
		nsec span = client->syns ? client->ended - client->syn[0] : 0;

		if (!told_is_ordinary(client) || span <= fact->value ||
		    (client->fate != FATE_SERVED && !still_waits(client)))
			continue;
		fact->value = span;
		longest = client;
	}
	return tell_span(fact, longest, "waited", longest && still_waits(longest));
}

static bool longest_connect(const struct told *told, struct told_fact *fact)
{
	const struct told_client *longest = NULL;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];
		nsec end = client->fate == FATE_CONNECTING ? client->ended : client->connected;
		nsec span = client->syns && end ? end - client->syn[0] : 0;

		if (!told_is_ordinary(client) || span <= fact->value)
			continue;
		fact->value = span;
		longest = client;
	}
	return tell_span(fact, longest, "waited to be connected for",
			 longest && longest->fate == FATE_CONNECTING);
}

static bool silent_kept(const struct told *told, struct told_fact *fact)
{
	const struct told_client *longest = NULL;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];
		nsec end = end_of_connection(told, client);
		nsec span = client->connected ? end - client->connected : 0;

		if (client->role != ROLE_SILENT || span <= fact->value)
			continue;
		fact->value = span;
		longest = client;
	}
	return tell_span(fact, longest, "said nothing, and was kept for",
			 longest && !longest->closed && !longest->reset);
}

static bool stop_time(const struct told *told, struct told_fact *fact)
{
	const struct told_server *server = told->server_count ? &told->servers[0] : NULL;
	bool stops = text_is(told->scenario, "stop") || text_is(told->scenario, "restart");

	if (!server || !server->signalled || !stops)
		return false;
	fact->value = (server->exited ? server->exited : told->ended) - server->signalled;
	fact->sentence = format("the server ended %s%.3f s after it was told to stop",
				server->exited ? "" : "not within ", seconds(fact->value));
	return true;
}

static bool away(const struct told *told, struct told_fact *fact)
{
	const struct told_server *first = told->server_count > 1 ? &told->servers[0] : NULL;
	const struct told_server *second = first ? &told->servers[1] : NULL;

	if (!first || !first->exited || !second->listens || second->listens <= first->exited)
		return false;
	fact->value = second->listens - first->exited;
	fact->sentence = format("nobody listened for %.3f s", seconds(fact->value));
	return true;
}

static bool cpu(const struct told *told, struct told_fact *fact)
{
	fact->value = told->work.cpu;
	fact->sentence = format("the server used %.3f s of CPU time", seconds(told->work.cpu));
	return told->work.cpu > 0;
}

/* ---- counts -------------------------------------------------------------------------------- */

typedef bool is_counted(const struct told_client *client);

static bool count(const struct told *told, struct told_fact *fact, is_counted *counted,
		  const char *what)
{
	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (!told_is_ordinary(client) || !counted(client))
			continue;
		fact->flow = fact->flow ? fact->flow : client->flow;
		fact->value++;
	}
	fact->sentence = format("%ld of %d clients %s", fact->value, ordinary_clients(told), what);
	return fact->value > 0;
}

static bool is_refused(const struct told_client *client)
{
	return client->fate == FATE_REFUSED;
}

static bool is_reset(const struct told_client *client)
{
	return client->fate == FATE_RESET_BEFORE || client->fate == FATE_RESET_AFTER;
}

static bool is_cut(const struct told_client *client)
{
	return client->fate == FATE_CUT;
}

static bool is_unanswered(const struct told_client *client)
{
	return still_waits(client) || client->fate == FATE_CLOSED || client->fate == FATE_TIMED_OUT;
}

static bool sent_syn_again(const struct told_client *client)
{
	return client->syns > 1;
}

static bool was_in_handshake(const struct told_client *client)
{
	return client->in_handshake && client->reset;
}

static bool refused(const struct told *told, struct told_fact *fact)
{
	return count(told, fact, is_refused, "were refused");
}

static bool reset(const struct told *told, struct told_fact *fact)
{
	return count(told, fact, is_reset, "were reset");
}

static bool cut_answers(const struct told *told, struct told_fact *fact)
{
	return count(told, fact, is_cut, "got a part of their answer");
}

static bool unanswered(const struct told *told, struct told_fact *fact)
{
	return count(told, fact, is_unanswered, "got no answer");
}

static bool syn_again(const struct told *told, struct told_fact *fact)
{
	return count(told, fact, sent_syn_again, "had to send their SYN again");
}

static bool in_handshake(const struct told *told, struct told_fact *fact)
{
	return count(told, fact, was_in_handshake,
		     "were in the handshake when their listener ended, and were reset");
}

static bool behind_silent(const struct told *told, struct told_fact *fact)
{
	if (!text_is(told->scenario, "silent"))
		return false;
	fact->value = count_behind_crowd(told, &fact->flow);
	fact->sentence = format("%ld clients waited while several others were connected and said "
				"nothing",
				fact->value);
	return fact->value > 0;
}

static bool elsewhere(const struct told *told, struct told_fact *fact)
{
	autofree char *names = errors_elsewhere(told, &fact->value);

	fact->sentence = format("the server ended after %s of accept(), which Linux does not give "
				"for TCP, and other systems and sandboxes do",
				names);
	return fact->value > 0;
}

/* ---- the table ----------------------------------------------------------------------------- */

#define LIMIT_PAGE "findings.md#limits"
#define PASSED_LIMIT                                                                               \
	"A bound that this run was given (--limit) is passed: whether that is wrong is a matter "  \
	"of what the server is for."

#define LIMIT(name_, mends_)                                                                       \
	{                                                                                          \
		.name = (name_), .scenarios = "", .needs = "", .consequence = PASSED_LIMIT,        \
		.mends = (mends_), .page = LIMIT_PAGE                                              \
	}

static const struct {
	struct told_rule rule;
	measure *measure;
	bool is_time;
} limits[] = {
	{ LIMIT("longest-wait", "See what the client waited for: its ladder shows it."),
	  longest_wait, true },
	{ LIMIT("longest-connect", "A larger backlog, or accept() sooner."), longest_connect,
	  true },
	{ LIMIT("refused", "Keep the listener open, or listen sooner."), refused, false },
	{ LIMIT("reset", "Read what has come before a connection is closed."), reset, false },
	{ LIMIT("cut-answers", "Finish answers before the server ends."), cut_answers, false },
	{ LIMIT("unanswered", "Answer, or close the connection with an error."), unanswered,
	  false },
	{ LIMIT("syn-again", "A larger backlog, or accept() sooner."), syn_again, false },
	{ LIMIT("in-handshake",
		"Keep one listener open; of SO_REUSEPORT groups, net.ipv4.tcp_migrate_req=1."),
	  in_handshake, false },
	{ LIMIT("silent-kept", "Give a client a time in which its request must have come."),
	  silent_kept, true },
	{ LIMIT("behind-silent", "Wait for all clients at once, or have more workers than there "
				 "are silent clients."),
	  behind_silent, false },
	{ LIMIT("stop-time", "Give those whom the server still answers a time."), stop_time, true },
	{ LIMIT("away", "Hand the listener on (LISTEN_FDS), or start the second one first."), away,
	  true },
	{ LIMIT("cpu", "See where it is spent: perf top -p PID."), cpu, true },
	{ LIMIT("elsewhere", "Go on after any error of accept() that names one connection."),
	  elsewhere, false },
};

void tell_facts(struct told *told)
{
	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		struct told_fact fact = { .name = limits[i].rule.name,
					  .is_time = limits[i].is_time };

		if (!limits[i].measure(told, &fact)) {
			free(fact.sentence);
			continue;
		}
		told->facts = GROWN(told->facts, told->fact_count);
		told->facts[told->fact_count++] = fact;
	}
}

/* ---- limits -------------------------------------------------------------------------------- */

const char *told_limit_name(size_t index)
{
	return index < ARRAY_LENGTH(limits) ? limits[index].rule.name : NULL;
}

const struct told_rule *limit_rule(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++)
		if (strcmp(limits[i].rule.name, name) == 0)
			return &limits[i].rule;
	return NULL;
}

static const struct told_fact *fact_of(const struct told *told, const char *name)
{
	for (int i = 0; i < told->fact_count; i++)
		if (strcmp(told->facts[i].name, name) == 0)
			return &told->facts[i];
	return NULL;
}

void tell_limits(struct told *told)
{
	for (int i = 0; i < told->books->limit_count; i++) {
		const struct told_limit *limit = &told->books->limits[i];
		const struct told_rule *rule = limit_rule(limit->name);
		const struct told_fact *fact = rule ? fact_of(told, limit->name) : NULL;

		if (!fact || fact->value <= limit->value)
			continue;
		add_finding(told,
			    (struct told_finding){
				    .rule = rule,
				    .flow = fact->flow,
				    .sentence = format(fact->is_time ? "%s; the limit is %.3f s"
								     : "%s; the limit is %.0f",
						       fact->sentence,
						       fact->is_time ? seconds(limit->value)
								     : (double)limit->value) });
	}
}

/* ---- --limit NAME=VALUE -------------------------------------------------------------------- */

/* The number behind NAME=, all of it; false: it is none, or nothing that a limit can be. */
static bool read_number(const char *text, double *number)
{
	char *end;

	errno = 0;
	*number = strtod(text, &end);
	return end != text && !*end && errno == 0 && isfinite(*number) && *number >= 0 &&
	       *number <= 1e9;
}

static char *no_such_limit(const char *name)
{
	struct nearest nearest = { .typed = name };
	autofree char *others = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++)
		nearest_offer(&nearest, limits[i].rule.name);
	others = nearest_text(&nearest);
	return format("there is no limit '%s'%s", name, others);
}

bool told_limit_parse(const char *text, struct told_limit *limit, char **why)
{
	size_t length = strcspn(text, "=");
	autofree char *name = format("%.*s", (int)length, text);
	double number;

	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		if (strcmp(limits[i].rule.name, name) != 0)
			continue;
		if (!text[length] || !read_number(text + length + 1, &number) ||
		    (!limits[i].is_time && number != floor(number))) {
			*why = format("'%s' needs %s, as in %s=%s", name,
				      limits[i].is_time ? "a number of seconds" : "a whole number",
				      name, limits[i].is_time ? "2.5" : "0");
			return false;
		}
		*limit = (struct told_limit){ limits[i].rule.name,
					      limits[i].is_time ? SEC(number) : (long)number };
		return true;
	}
	*why = no_such_limit(name);
	return false;
}
