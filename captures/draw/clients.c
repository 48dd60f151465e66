/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clients of a scenario in time, as SVG: a line for each, with its SYNs, its wait in the
 * accept queue, its connection, and its end. Of a crowd some of each fate are drawn, from the
 * fastest to the slowest, below how many they are. It looks as picture.svg has it.
 */
#include "captures/draw/axis.h"
#include "captures/draw/draw.h"
#include "captures/draw/layers.h"

#include <string.h>

enum {
	NAMES = 116, /* right end of the names */
	LEFT = 126,
	TIME = 560, /* width of the axis */
	RIGHT = LEFT + TIME,
	FATES_AT = RIGHT + 16,
	CHARACTER = 7, /* the usual width of one */
	ROW = 16,
	BAR = 8,
	HEAD = 14,      /* base line of the first text */
	TICKS = 64,     /* between two times that are written */
	MOST_ROWS = 48, /* clients that are all drawn; */
	SOME = 8,       /* of more, so many of each fate */
};

/* A client's line; or a heading, of those below it. */
struct row {
	const struct told_client *client;
	const struct told_outcome *heading;
};

/* What happened to the server. */
struct moment {
	nsec at;
	char *words;
};

struct drawing {
	const struct told *told;
	struct axis axis;
	struct layers layers;
	struct row *rows;
	struct moment *moments;
	int row_count, moment_count;
	int top; /* of the first row */
	int width;
};

/* ---- which are drawn ----------------------------------------------------------------------- */

static nsec span_of(const struct told_client *client)
{
	return client->syns && client->ended > client->syn[0] ? client->ended - client->syn[0] : 0;
}

struct ranked {
	nsec span;
	int place; /* in told.clients */
};

static int by_span(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if (left->span != right->span)
		return left->span < right->span ? -1 : 1;
	return left->place - right->place;
}

static bool is_named(const struct told *told, int flow)
{
	for (int i = 0; i < told->finding_count; i++)
		if (told->findings[i].flow == flow)
			return true;
	return false;
}

static void add_row(struct drawing *drawing, struct row row)
{
	drawing->rows = GROWN(drawing->rows, drawing->row_count);
	drawing->rows[drawing->row_count++] = row;
}

/* Whether the one at @place of @count is one of SOME that are spread evenly, the ends included. */
static bool is_sample(int place, int count)
{
	for (int i = 0; i < SOME; i++)
		if (place == (int)((long)i * (count - 1) / (SOME - 1)))
			return true;
	return false;
}

static void add_some(struct drawing *drawing, const struct told_outcome *outcome)
{
	const struct told *told = drawing->told;
	autofree struct ranked *those = must_alloc((size_t)outcome->count + 1, sizeof(*those));
	int count = 0;

	for (int i = 0; i < told->client_count; i++)
		if (told_is_among(&told->clients[i], outcome))
			those[count++] = (struct ranked){ span_of(&told->clients[i]), i };
	qsort(those, (size_t)count, sizeof(*those), by_span);
	add_row(drawing, (struct row){ .heading = outcome });
	for (int i = 0; i < count; i++) {
		const struct told_client *client = &told->clients[those[i].place];

		if (is_sample(i, count) || is_named(told, client->flow))
			add_row(drawing, (struct row){ .client = client });
	}
}

static void choose_rows(struct drawing *drawing)
{
	const struct told *told = drawing->told;

	if (told->client_count > MOST_ROWS) {
		for (int i = 0; i < told->outcome_count; i++)
			add_some(drawing, &told->outcomes[i]);
		return;
	}
	for (int i = 0; i < told->client_count; i++)
		add_row(drawing, (struct row){ .client = &told->clients[i] });
}

/* ---- the axis ------------------------------------------------------------------------------ */

#define MOMENTS (SYNS_TOLD + 7)

/* What is drawn of a client, as moments; returns how many. */
static int moments_of(const struct told_client *client, nsec moments[MOMENTS])
{
	const nsec all[] = { client->connected,  client->requested, client->accepted,
			     client->first_byte, client->served,    client->ended,
			     client->left };
	int count = 0;

	for (int i = 0; i < client->syns && i < SYNS_TOLD; i++)
		moments[count++] = client->syn[i];
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if (all[i])
			moments[count++] = all[i];
	return count;
}

static void make_axis(struct drawing *drawing)
{
	const struct told *told = drawing->told;
	size_t most = (size_t)drawing->row_count * MOMENTS + (size_t)drawing->moment_count + 2;
	nsec *moments = must_alloc(most, sizeof(*moments));
	int count = 0;

	moments[count++] = told->began;
	moments[count++] = told->ended;
	for (int i = 0; i < drawing->row_count; i++)
		if (drawing->rows[i].client)
			count += moments_of(drawing->rows[i].client, moments + count);
	for (int i = 0; i < drawing->moment_count; i++)
		moments[count++] = drawing->moments[i].at;
	drawing->axis = axis_of(moments, count, LEFT, TIME);
}

static int bottom_of(const struct drawing *drawing)
{
	return drawing->top + drawing->row_count * ROW;
}

static void draw_times(struct drawing *drawing)
{
	const struct axis *axis = &drawing->axis;
	int last = LEFT - TICKS, bottom = bottom_of(drawing);

	for (int i = 0; i < axis->count; i++) {
		int x = axis_x(axis, axis->moments[i]);
		autofree char *time =
			format("%.3f", seconds(axis->moments[i] - drawing->told->began));

		if (x - last < TICKS || axis->moments[i] < drawing->told->began)
			continue;
		last = x;
		text_add(&drawing->layers.paths[LIFE], "M%d %dV%d", x, drawing->top - 4, bottom);
		layers_text(&drawing->layers, (struct point){ x, drawing->top - 8 }, PAUSE_TEXT,
			    time);
	}
	layers_text(&drawing->layers, (struct point){ NAMES - 16, drawing->top - 8 }, TIME_TEXT,
		    "s");
}

/* ---- a client ------------------------------------------------------------------------------ */

static void draw_bar(struct drawing *drawing, int y, enum layer layer, nsec from, nsec to)
{
	int x = axis_x(&drawing->axis, from), end = axis_x(&drawing->axis, to);

	if (to < from)
		return;
	layers_box(&drawing->layers, (struct box){ x, y - BAR / 2, end > x ? end - x : 1, BAR },
		   layer);
}

static nsec earlier(nsec a, nsec b)
{
	return !a || (b && b < a) ? b : a;
}

/* Until it is connected, then in the accept queue, then accepted. */
static void draw_bars(struct drawing *drawing, const struct told_client *client, int y)
{
	nsec taken = earlier(client->accepted, client->first_byte);
	nsec connected = client->connected ? client->connected : client->ended;
	nsec waits_until = taken && taken < client->ended ? taken : client->ended;

	if (!client->syns)
		return;
	draw_bar(drawing, y, SENT, client->syn[0], connected);
	if (client->connected)
		draw_bar(drawing, y, client->queued || taken ? ACCEPT_BAR : HALF, connected,
			 waits_until);
	if (taken && taken < client->ended)
		draw_bar(drawing, y, UP, taken, client->ended);
}

static void draw_tick(struct drawing *drawing, int y, nsec at)
{
	text_add(&drawing->layers.paths[ARROW], "M%d %dv%d", axis_x(&drawing->axis, at), y - 6, 12);
}

static bool still_waits(const struct told_client *client)
{
	return client->fate == FATE_CONNECTING || client->fate == FATE_UNANSWERED;
}

/* A ring where it was served, a cross where it was not, an arrow where it waits on. */
static void draw_end(struct drawing *drawing, const struct told_client *client, int y)
{
	int x = axis_x(&drawing->axis, client->ended);

	if (client->fate == FATE_SERVED)
		text_add(&drawing->layers.paths[ARROW], "M%d %da4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
			 x - 4, y);
	else if (still_waits(client))
		text_add(&drawing->layers.paths[GATE], "M%d %dl5 4l-5 4", x, y - 4);
	else if (client->fate == FATE_GAVE_UP)
		text_add(&drawing->layers.paths[GATE], "M%d %dv10", x, y - 5);
	else
		text_add(&drawing->layers.paths[LOST], "M%d %dl8 8m0 -8l-8 8", x - 4, y - 4);
}

/* "served, 1.32 ms"; the caller frees it. */
static char *words_of_fate(const struct told_client *client)
{
	nsec span = span_of(client);
	const char *between = still_waits(client) ? " in" : ",";

	return span < MSEC(100) ? format("%s%s %.2f ms ", told_fate_words(client->fate), between,
					 seconds(span) * 1000)
				: format("%s%s %.3f s ", told_fate_words(client->fate), between,
					 seconds(span));
}

/* What was found there, or ""; the caller frees it. */
static char *findings_of(const struct told *told, const struct told_client *client)
{
	struct text names = { 0 };

	for (int i = 0; i < told->finding_count; i++)
		if (told->findings[i].flow == client->flow)
			text_add(&names, "%s%s", names.length ? ", " : "",
				 told->findings[i].rule->name);
	return text_take(&names);
}

static void write_fate(struct drawing *drawing, const struct told_client *client, int y)
{
	autofree char *words = words_of_fate(client), *found = findings_of(drawing->told, client);
	xmlNode *text =
		layers_text(&drawing->layers, (struct point){ FATES_AT, y + 4 }, STATE_TEXT, words);

	layers_words(&drawing->layers, text, LOSS_WORDS, found);
	if (*found)
		layers_box(&drawing->layers, (struct box){ 0, y - ROW / 2, drawing->width, ROW },
			   WRONG);
}

/* What the longest text on the right takes. */
static int width_of(const struct drawing *drawing)
{
	size_t longest = 24;

	for (int i = 0; i < drawing->row_count; i++) {
		const struct told_client *client = drawing->rows[i].client;
		autofree char *words = client ? words_of_fate(client) : NULL;
		autofree char *found = client ? findings_of(drawing->told, client) : NULL;

		if (client && strlen(words) + strlen(found) > longest)
			longest = strlen(words) + strlen(found);
	}
	return FATES_AT + (int)longest * CHARACTER;
}

static void draw_client(struct drawing *drawing, const struct told_client *client, int y)
{
	bool ordinary = client->role == ROLE_CLIENT;
	autofree char *name = format("%s%s%s", client->name, ordinary ? "" : ", ",
				     ordinary ? "" : told_role_name(client->role));

	layers_text(&drawing->layers, (struct point){ NAMES, y + 4 }, STATE_BEFORE, name);
	draw_bars(drawing, client, y);
	for (int i = 0; i < client->syns && i < SYNS_TOLD; i++)
		draw_tick(drawing, y, client->syn[i]);
	if (client->requested)
		draw_tick(drawing, y, client->requested);
	draw_end(drawing, client, y);
	write_fate(drawing, client, y);
}

static void draw_heading(struct drawing *drawing, const struct told_outcome *outcome, int y)
{
	bool ordinary = outcome->role == ROLE_CLIENT;
	autofree char *fate = told_outcome_words(outcome);
	autofree char *words =
		format("%d %s%s%s: %d of them, from the fastest to the slowest", outcome->count,
		       ordinary ? "" : told_role_name(outcome->role), ordinary ? "" : " ", fate,
		       outcome->count < SOME ? outcome->count : SOME);

	layers_box(&drawing->layers, (struct box){ 0, y - ROW / 2, drawing->width, ROW }, GROUND);
	layers_text(&drawing->layers, (struct point){ LEFT, y + 4 }, STEP_TEXT, words);
}

/* ---- the server ---------------------------------------------------------------------------- */

static void add_moment(struct drawing *drawing, nsec at, char *words)
{
	if (at < drawing->told->began || !at) {
		free(words);
		return;
	}
	drawing->moments = GROWN(drawing->moments, drawing->moment_count);
	drawing->moments[drawing->moment_count++] = (struct moment){ at, words };
}

static void find_moments(struct drawing *drawing)
{
	for (int i = 0; i < drawing->told->server_count; i++) {
		const struct told_server *server = &drawing->told->servers[i];

		if (i > 0)
			add_moment(drawing, server->listens, format("%s listens", server->name));
		add_moment(drawing, server->signalled, format("%s is signalled", server->name));
		add_moment(drawing, server->exited,
			   format("%s has exited (%ld)", server->name, server->status));
	}
}

/* A line through all clients; the labels stand one below the other. */
static void draw_moments(struct drawing *drawing)
{
	for (int i = 0; i < drawing->moment_count; i++) {
		const struct moment *moment = &drawing->moments[i];
		int x = axis_x(&drawing->axis, moment->at), y = HEAD + (i + 1) * ROW;

		text_add(&drawing->layers.paths[GATE], "M%d %dV%d", x, y - 8, bottom_of(drawing));
		layers_text(&drawing->layers, (struct point){ x + 4, y }, NOTE, moment->words);
	}
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void write_legend(struct drawing *drawing)
{
	static const struct {
		enum layer layer;
		const char *words;
	} legend[] = { { SENT, "connecting" },
		       { HALF, "connected, for itself" },
		       { ACCEPT_BAR, "in the accept queue" },
		       { UP, "accepted" } };
	int x = LEFT;

	for (size_t i = 0; i < ARRAY_LENGTH(legend); i++) {
		layers_box(&drawing->layers, (struct box){ x, HEAD - BAR, BAR, BAR },
			   legend[i].layer);
		layers_text(&drawing->layers, (struct point){ x + BAR + 4, HEAD }, NOTE,
			    legend[i].words);
		x += (int)strlen(legend[i].words) * CHARACTER + 2 * BAR;
	}
	layers_text(&drawing->layers, (struct point){ x, HEAD }, NOTE, "| SYN or request");
}

static void draw_rows(struct drawing *drawing)
{
	for (int i = 0; i < drawing->row_count; i++) {
		const struct row *row = &drawing->rows[i];
		int y = drawing->top + i * ROW + ROW / 2;

		if (row->heading)
			draw_heading(drawing, row->heading, y);
		else
			draw_client(drawing, row->client, y);
	}
}

static void release(struct drawing *drawing)
{
	for (int i = 0; i < drawing->moment_count; i++)
		free(drawing->moments[i].words);
	free(drawing->moments);
	free(drawing->rows);
	axis_free(&drawing->axis);
}

static char *draw_svg(const struct told *told, bool alone)
{
	struct drawing drawing = { .told = told };
	struct canvas canvas = {
		.what = "Clients", .title = told->scenario, .family = told->family, .alone = alone
	};

	choose_rows(&drawing);
	canvas.width = drawing.width = width_of(&drawing);
	find_moments(&drawing);
	make_axis(&drawing);
	drawing.top = HEAD + (drawing.moment_count + 2) * ROW;
	canvas.height = bottom_of(&drawing) + ROW / 2;
	layers_open(&drawing.layers, &canvas);
	write_legend(&drawing);
	draw_times(&drawing);
	draw_moments(&drawing);
	draw_rows(&drawing);
	release(&drawing);
	return layers_close(&drawing.layers);
}

char *clients_svg(const struct told *told)
{
	return draw_svg(told, true);
}

char *clients_svg_part(const struct told *told)
{
	return draw_svg(told, false);
}
