/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For people: a line for each connection.
 */
#include "captures/held/internal.h"

#include <string.h>

/* Of more connections the rest is in stage.json. */
#define MOST_LINES 20

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

static void add_end(struct text *line, const struct held_connection *connection)
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
	autofree char *after = span(connection->ended - connection->began);

	text_add(line, "; %s %s", words[connection->end], after);
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
	int count = held->connection_count;
	autofree char *took = span(held->stopped - held->started);

	for (int i = 0; i < count && i < MOST_LINES; i++)
		print_connection(&held->connections[i], out);
	if (count > MOST_LINES)
		fprintf(out, "halfopen: and %d connections more\n", count - MOST_LINES);
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
