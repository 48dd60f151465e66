/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage_lines: what is said of a connection: what it met, how long it waited, how it ended.
 */
#include "base/json.h"
#include "runner/cli/stage.h"

static char *met_text(const struct states_connection *connection)
{
	return connection->turn ? stage_turn_text(connection->turn)
				: format("%s", stage_about(STAGE_SERVING)->name);
}

/* What the server did to it. */
static const char *cut_name(const struct states_connection *connection)
{
	switch (connection->turn ? connection->turn->state : STAGE_SERVING) {
	case STAGE_REFUSED:
		return "refused";
	case STAGE_RESET:
		return "reset";
	default:
		return "closed";
	}
}

static const char *end_name(const struct states_connection *connection)
{
	static const char *const names[] = {
		[STATES_LASTS] = "it lasts",
		[STATES_CLIENT_CLOSED] = "the client closed",
		[STATES_CLIENT_RESET] = "the client reset it",
		[STATES_SERVED] = "served and closed",
		[STATES_FORGOTTEN] = "the server forgot it",
		[STATES_STOPPED] = "it was there to the end",
	};

	return connection->end == STATES_CUT ? cut_name(connection) : names[connection->end];
}

static double waited(const struct states_connection *connection)
{
	nsec end = connection->ended ? connection->ended : clock_now();

	return seconds(end - connection->began);
}

char *stage_connection_text(const struct states_connection *connection)
{
	autofree char *client = states_address_text(&connection->client);
	autofree char *met = met_text(connection);
	struct text text = { 0 };

	text_add(&text, "%s met %s: %s after %.1f s", client, met, end_name(connection),
		 waited(connection));
	if (connection->turn && connection->turn->state == STAGE_DROPPED)
		text_add(&text, "; %u SYN%s dropped, the last after %.1f s", connection->syns,
			 connection->syns == 1 ? "" : "s",
			 seconds(connection->last_syn - connection->began));
	if (connection->received)
		text_add(&text, "; %llu bytes read", (unsigned long long)connection->received);
	if (connection->sent)
		text_add(&text, "; %llu bytes answered", (unsigned long long)connection->sent);
	if (connection->waiting)
		text_add(&text, "; %llu bytes never read", (unsigned long long)connection->waiting);
	if (connection->closed_window)
		text_add(&text, "; the window was closed");
	if (connection->problem)
		text_add(&text, "; NOT HELD: %s", connection->problem);
	return text_take(&text);
}

json_t *stage_connection_json(const struct states_connection *connection)
{
	autofree char *client = states_address_text(&connection->client);
	autofree char *server = states_address_text(&connection->server);
	autofree char *met = met_text(connection);

	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:s, s:I, s:I, s:I, s:b, s:i, s:i, s:b, s:o}",
			 "event", "connection", "client", client, "server", server, "met", met,
			 "seconds", waited(connection), "end", end_name(connection), "read",
			 (json_int_t)connection->received, "answered", (json_int_t)connection->sent,
			 "unread", (json_int_t)connection->waiting, "window_closed",
			 connection->closed_window, "looks", (int)connection->looks, "syns",
			 (int)connection->syns, "held", !connection->problem, "problem",
			 json_text(connection->problem));
}
