/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For people: a line for each connection.
 */
#include "captures/held/internal.h"

#include <string.h>

/* More connections than these are told of in groups; each of them is in stage.json. */
#define MOST_LINES    20
#define MOST_PROBLEMS 5

/* "2.3 ms", "3.00 s"; the caller frees it. */
static char *span(nsec time)
{
	return time < SEC(1) ? format("%.1f ms", seconds(time) * 1e3)
			     : format("%.2f s", seconds(time));
}

static void add_connecting(struct text *line, const struct held_connection *connection)
{
	autofree char *after = span(connection->connected - connection->began);

	if (connection->connected)
		text_add(line, "connected after %s", after);
	else
		text_add(line, "never connected");
	if (connection->syns > 1)
		text_add(line, " (%d SYNs)", connection->syns);
}

static void add_data(struct text *line, const struct held_connection *connection)
{
	if (connection->sent)
		text_add(line, ", said %ld bytes", connection->sent);
	if (connection->sent > connection->acknowledged)
		text_add(line,
			 connection->acknowledged ? " (%ld acknowledged)" : " (none acknowledged)",
			 connection->acknowledged);
	if (connection->again)
		text_add(line, ", sent again %d times", connection->again);
	if (connection->received)
		text_add(line, ", heard %ld bytes", connection->received);
	if (connection->closed_window)
		text_add(line, ", the window was closed");
	if (connection->server_closed)
		text_add(line, ", the server closed");
}

static const char *words_of(enum held_end end)
{
	static const char *const words[HELD_ENDS] = {
		[HELD_LASTS] = "was still there when the client had ended, after",
		[HELD_CLOSED] = "the client closed after",
		[HELD_ABORTED] = "the client reset it after",
		[HELD_GAVE_UP] = "the client kept trying for",
		[HELD_REFUSED] = "refused after",
		[HELD_UNREACHABLE] = "told by ICMP that there is no way after",
		[HELD_RESET] = "reset by the server after",
		[HELD_TIMED_OUT] = "the client's kernel gave it up after",
	};

	return words[end];
}

static void add_end(struct text *line, const struct held_connection *connection)
{
	autofree char *after = span(connection->ended - connection->began);

	text_add(line, "; %s %s", words_of(connection->end), after);
}

static void print_connection(const struct held_connection *connection, FILE *out)
{
	struct text line = { 0 };

	add_connecting(&line, connection);
	add_data(&line, connection);
	add_end(&line, connection);
	if (connection->problem)
		text_add(&line, "; it DID NOT HOLD: %s", connection->problem);
	else
		text_add(&line, " [held: %s; looked at %d times]", connection->by,
			 connection->looks);
	autofree char *told = text_take(&line);
	fprintf(out, "halfopen: %s%s: %s\n", connection->state,
		connection->ipv6 ? " over IPv6" : "", told);
}

/* ---- many of them --------------------------------------------------------------------------- */

/* Those that met the same and ended alike. */
struct group {
	const struct held_connection *first;
	int count, connected;
	nsec shortest, longest; /* until their end */
	nsec soonest, latest;   /* until they were connected */
};

static bool is_of(const struct group *group, const struct held_connection *connection)
{
	const struct held_connection *first = group->first;

	return strcmp(first->state, connection->state) == 0 && first->ipv6 == connection->ipv6 &&
	       first->end == connection->end && !first->problem == !connection->problem;
}

static void widen(nsec *least, nsec *most, nsec time)
{
	*least = *least && *least < time ? *least : time;
	*most = *most > time ? *most : time;
}

static void join(struct group *group, const struct held_connection *connection)
{
	group->count++;
	widen(&group->shortest, &group->longest, connection->ended - connection->began);
	if (!connection->connected)
		return;
	group->connected++;
	widen(&group->soonest, &group->latest, connection->connected - connection->began);
}

static void print_group(const struct group *group, FILE *out)
{
	autofree char *shortest = span(group->shortest), *longest = span(group->longest);
	autofree char *soonest = span(group->soonest), *latest = span(group->latest);
	const struct held_connection *first = group->first;

	fprintf(out, "halfopen: %s%s: %d connections: ", first->state,
		first->ipv6 ? " over IPv6" : "", group->count);
	if (group->connected)
		fprintf(out, "%d connected after %s to %s; ", group->connected, soonest, latest);
	else
		fputs("none connected; ", out);
	fprintf(out, "%s %s to %s", words_of(first->end), shortest, longest);
	if (first->problem)
		fputs("; they DID NOT HOLD\n", out);
	else
		fprintf(out, " [held: %s]\n", first->by);
}

static void print_groups(const struct held *held, FILE *out)
{
	autofree struct group *groups =
		must_alloc((size_t)held->connection_count + 1, sizeof(*groups));
	int problems = 0;

	for (int i = 0; i < held->connection_count; i++) {
		const struct held_connection *connection = &held->connections[i];
		struct group *group = groups;

		while (group->count && !is_of(group, connection))
			group++;
		if (!group->count)
			group->first = connection;
		join(group, connection);
	}
	for (const struct group *group = groups; group->count; group++)
		print_group(group, out);
	for (int i = 0; i < held->connection_count && problems < MOST_PROBLEMS; i++)
		if (held->connections[i].problem) {
			print_connection(&held->connections[i], out);
			problems++;
		}
}

static void print_strays(const struct held *held, FILE *out)
{
	for (int i = 0; i < held->stray_count; i++)
		fprintf(out,
			"halfopen: the client connected to port %d, where there is no stage: see "
			"$HALFOPEN_PORT, {port}, --port\n",
			held->strays[i]);
	if (held->exited && !held->connection_count && !held->stray_count)
		fprintf(out, "halfopen: the client has never connected: to $HALFOPEN_HOST, port "
			     "$HALFOPEN_PORT, or {host} and {port} in its arguments\n");
}

void held_print(const struct held *held, FILE *out)
{
	autofree char *took = span(held->stopped - held->started);

	for (int i = 0; i < held->connection_count && held->connection_count <= MOST_LINES; i++)
		print_connection(&held->connections[i], out);
	if (held->connection_count > MOST_LINES)
		print_groups(held, out);
	print_strays(held, out);
	if (held->exited && held->ended_by)
		fprintf(out, "halfopen: the client was ended after %s: %s\n", took, held->ended_by);
	else if (held->exited && held->status > 128)
		fprintf(out, "halfopen: the client was ended by signal %d (%s) after %s\n",
			held->status - 128, strsignal(held->status - 128), took);
	else if (held->exited)
		fprintf(out, "halfopen: the client exited with %d after %s\n", held->status, took);
	for (int i = 0; i < held->expectation_count; i++)
		if (held->expectations[i].problem)
			fprintf(out, "halfopen: not as expected: %s\n",
				held->expectations[i].problem);
}
