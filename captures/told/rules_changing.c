/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules about a server that is restarted, told to reload, or followed by another instance.
 */
#include "captures/told/books.h"

#include <string.h>

/* ---- clients that the change has cost ------------------------------------------------------ */

static nsec earlier_of(nsec a, nsec b)
{
	return !a || (b && b < a) ? b : a;
}

/* When the server was told to change: by a signal, a command, or a second instance; 0: never. */
static nsec change_of(const struct told *told)
{
	const struct told_event *signal = find_deed(told, DEED_SIGNAL, 0);
	const struct told_event *command = find_deed(told, DEED_COMMAND, 0);
	nsec second = told->server_count > 1 ? told->servers[1].started : 0;

	return earlier_of(earlier_of(signal ? signal->at : 0, command ? command->at : 0), second);
}

/* The kernel has reset it, as its member of a group ended: reset-in-group tells of those. */
static bool is_of_group(const struct told_client *client)
{
	return client->orphaned && client->of_group;
}

static bool was_refused(const struct told *told, const struct told_client *client)
{
	(void)told;
	return client->fate == FATE_REFUSED;
}

typedef bool cost(const struct told *told, const struct told_client *client);

/* The first of those who have paid since the change, and how many they are. */
static const struct told_client *who_paid(const struct told *told, cost *paid, int *count)
{
	nsec change = change_of(told);
	const struct told_client *first = NULL;

	*count = 0;
	for (int i = 0; change && i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (!told_is_ordinary(client) || client->ended < change || !paid(told, client))
			continue;
		first = first ? first : client;
		++*count;
	}
	return first;
}

/*
 * The listener that has ended since the change, although another one listens on its port: that one
 * cannot have begun before it has ended, for it did not share the port. NULL: there is none.
 */
static const struct told_listener *who_was_replaced(const struct told *told)
{
	nsec change = change_of(told);

	for (int i = 0; change && i < told->books->listener_count; i++) {
		const struct told_listener *listener = &told->books->listeners[i];

		if (listener->shares != 0 || listener->ended < change)
			continue;
		for (int j = 0; j < told->books->listener_count; j++)
			if (told->books->listeners[j].port == listener->port &&
			    told->books->listeners[j].began > change)
				return listener;
	}
	return NULL;
}

static bool newcomers_were_refused(const struct told *told)
{
	int count;

	return who_paid(told, was_refused, &count) || who_was_replaced(told);
}

/* Who waited in a queue when its listener was closed, and who came then was refused: so they are
 * lost by the same, which refused-at-reload tells of. */
static bool is_of_closed_listener(const struct told *told, const struct told_client *client)
{
	return client->orphaned && newcomers_were_refused(told);
}

static bool was_reset(const struct told *told, const struct told_client *client)
{
	return (client->fate == FATE_RESET_BEFORE || client->fate == FATE_RESET_AFTER) &&
	       !is_of_group(client) && !is_of_closed_listener(told, client);
}

static bool was_cut(const struct told *told, const struct told_client *client)
{
	(void)told;
	return client->fate == FATE_CUT;
}

/* Bytes of a whole request: nobody has said more. */
static long whole_request(const struct told *told)
{
	long most = 0;

	for (int i = 0; i < told->client_count; i++)
		if (told->clients[i].heard > most)
			most = told->clients[i].heard;
	return most;
}

/*
 * FIN although its request had come: what the server has not read it answers with RST. Who has said
 * a part of it and waits is not owed an answer, and a server may end that after a while.
 */
static bool was_closed_on(const struct told *told, const struct told_client *client)
{
	return client->fate == FATE_CLOSED && client->asked && client->asked < client->closed &&
	       client->heard == whole_request(told);
}

static bool was_not_answered(const struct told *told, const struct told_client *client)
{
	nsec change = change_of(told);
	struct told_window window = { client->requested, told->ended, false };

	if (window.from < change)
		window.from = change;
	/* one whose answer is still on its way, a long one, has been answered so far */
	if (window.from < client->last_byte)
		window.from = client->last_byte;
	return was_closed_on(told, client) ||
	       (client->fate == FATE_UNANSWERED && stay_at_rest(told, window) >= STILL);
}

static bool tell_cost(const struct told *told, struct told_finding *finding, cost *paid)
{
	int count;
	const struct told_client *first = who_paid(told, paid, &count);

	if (!first)
		return false;
	finding->flow = first->flow;
	finding->seq = first->seq;
	finding->sentence =
		format("%d of %d clients: %s; the first was %s, %.3f s after the %s "
		       "began",
		       count, ordinary_clients(told), told_fate_words(first->fate), first->name,
		       seconds(first->ended - change_of(told)), told->scenario);
	return true;
}

bool find_refused_at_change(const struct told *told, struct told_finding *finding)
{
	return tell_cost(told, finding, was_refused);
}

/* Whoever comes between the two: whether somebody did then is chance. */
bool find_refused_at_reload(const struct told *told, struct told_finding *finding)
{
	const struct told_listener *listener;

	if (find_refused_at_change(told, finding))
		return true;
	listener = who_was_replaced(told);
	if (!listener)
		return false;
	finding->sentence = format("%s was closed, and then another one was opened on its port: "
				   "between the two nobody listened",
				   listener->name);
	return true;
}

/* One that listened before @at, and does at the end. */
static const struct told_listener *who_listens_still(const struct told *told, nsec at)
{
	for (int i = 0; i < told->books->listener_count; i++) {
		const struct told_listener *listener = &told->books->listeners[i];

		if (listener->began < at && !listener->ended)
			return listener;
	}
	return NULL;
}

/* It has ended instead of reloading: that newcomers were refused says all of it. */
static bool has_ended_of_reload(const struct told *told)
{
	const struct told_server *server = told->servers;

	return told->server_count == 1 && server->exited && newcomers_were_refused(told) &&
	       !who_listens_still(told, server->exited);
}

bool find_reset_at_change(const struct told *told, struct told_finding *finding)
{
	return !has_ended_of_reload(told) && tell_cost(told, finding, was_reset);
}

bool find_cut_at_change(const struct told *told, struct told_finding *finding)
{
	return !has_ended_of_reload(told) && tell_cost(told, finding, was_cut);
}

bool find_unanswered_at_change(const struct told *told, struct told_finding *finding)
{
	return !has_ended_of_reload(told) && tell_cost(told, finding, was_not_answered);
}

bool find_refused_at_restart(const struct told *told, struct told_finding *finding)
{
	return told->books->activated && tell_cost(told, finding, was_refused);
}

/* ---- members of a group -------------------------------------------------------------------- */

/*
 * In the accept queue of a member when that ended, and since before the server, which had been
 * stopped, could run: so it had its turn. Who comes between its last accept() and its close() is
 * lost whatever it does, and so is who is in the handshake then: that is a fact.
 */
static bool was_reset_in_group(const struct told *told, const struct told_client *client)
{
	const struct told_event *continued =
		client->queued ? find_deed(told, DEED_CONTINUE, client->queued) : NULL;

	return told_is_ordinary(client) && is_of_group(client) && !client->in_handshake &&
	       client->reset && !client->first_byte && continued &&
	       continued->at < client->orphaned;
}

bool find_reset_in_group(const struct told *told, struct told_finding *finding)
{
	const struct told_client *first = NULL;
	int count = 0;

	for (int i = 0; i < told->client_count; i++) {
		const struct told_client *client = &told->clients[i];

		if (!was_reset_in_group(told, client))
			continue;
		first = first ? first : client;
		count++;
	}
	if (!first || !who_listens_still(told, told->ended))
		return false;
	finding->flow = first->flow;
	finding->seq = first->seq;
	finding->sentence =
		format("%d of %d clients were reset in the accept queue of a listener "
		       "that ended, while others listened on its port; the first was %s",
		       count, ordinary_clients(told), first->name);
	return true;
}

/* ---- the second start ---------------------------------------------------------------------- */

/* It was started again and never listened: it has ended, or sleeps. */
static bool failed_to_listen(const struct told *told, const struct told_server *server)
{
	struct told_window window = { server->started, told->ended, false };

	if (!server->started || server->listens)
		return false;
	return server->exited ? server->by_itself : stay_at_rest(told, window) >= STILL;
}

/* Until when its listener would be a leaked one: the next one listens, or all of it are ended. */
static nsec end_of_leak(const struct told *told, const struct told_server *server)
{
	nsec end = told->server_count > 1 && server[1].listens ? server[1].listens : told->ended;

	return server->killed && server->killed < end ? server->killed : end;
}

/* One that listened before @window, and until its end. */
static const struct told_listener *who_listened_through(const struct told *told,
							struct told_window window)
{
	for (int i = 0; i < told->books->listener_count; i++) {
		const struct told_listener *listener = &told->books->listeners[i];

		if (listener->began < window.from &&
		    (!listener->ended || listener->ended > window.to))
			return listener;
	}
	return NULL;
}

/* The main process is gone, and what is left sleeps and holds the listener. */
bool find_leaked_listener(const struct told *told, struct told_finding *finding)
{
	const struct told_server *server = told->servers;
	const struct told_listener *listener;
	struct told_window window = { 0 };

	if (!told->server_count || !server->exited || told->books->activated)
		return false;
	window.from = server->exited;
	window.to = end_of_leak(told, server);
	listener = who_listened_through(told, window);
	if (!listener || !was_at_rest(told, window) || stay_of_instance(told, window, 0) < STILL)
		return false;
	finding->flow = told->client_count;
	finding->sentence = format("the server had exited at %.3f s, and %s stayed open: processes "
				   "that it has left (%d) hold it, and every thread of them slept",
				   seconds(server->exited - told->began), listener->name,
				   processes_at_rest(told, window));
	return true;
}

/* By those whom the first instance has left: that says why, and is found by itself. */
static bool was_held(const struct told *told, nsec at)
{
	struct told_finding leaked = { 0 };
	bool held = find_leaked_listener(told, &leaked) &&
		    who_listened_through(told, (struct told_window){ at, at, false });

	free(leaked.sentence);
	return held;
}

bool find_no_bind(const struct told *told, struct told_finding *finding)
{
	for (int i = 1; i < told->server_count; i++) {
		const struct told_server *server = &told->servers[i];
		double started = seconds(server->started - told->began);

		if (told->books->activated || !failed_to_listen(told, server) ||
		    was_held(told, server->started))
			continue;
		finding->flow = told->client_count;
		finding->sentence =
			server->exited
				? format("%s was started at %.3f s and exited with status %ld "
					 "before it listened",
					 server->name, started, server->status)
				: format("%s was started at %.3f s and did not listen, while every "
					 "thread of it slept",
					 server->name, started);
		return true;
	}
	return false;
}
