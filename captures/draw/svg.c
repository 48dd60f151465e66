/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder as SVG: from left to right the time, the client's states, its life line (a lane for
 * each flow), the wire, the server's life line, its states, the queues as bars, and the counters
 * that moved. How all of it looks is said by picture.svg, whose layers are filled here.
 */
#include "captures/draw/layers.h"
#include "captures/draw/picture.h"

#include "base/xml.h"

#include <string.h>

enum {
	TIME = 46,  /* right end of the times */
	STATE = 84, /* width of a state's name, */
	CALL = 106, /* and of a state and its flow's name, at least */
	LANE = 9,
	BAND = 6,
	ON_WIRE = 214, /* from one life line to the other */
	GAP = 7,       /* beside what is written */
	ACCEPT = 52,
	SYN_QUEUE = 34,                        /* widths of the bars */
	QUEUES = ACCEPT + SYN_QUEUE + 2 * GAP, /* of both of a listener */
	MOST_COLUMNS = 3,                      /* of queues; more listeners share one */
	HEAD = 14,                             /* base line of the heads */
	CHARACTER = 7,                         /* the usual width of one, */
	NARROW = 6,                            /* and of one in a call */
	SMALL_WORDS = 38,                      /* of a note's "client:" */
};

/* Where the columns begin. */
struct columns {
	int client_state, wire, server, server_state, accept, syn, notes, width;
};

/* What the longest of a host's calls takes, or @least. */
static int room_for_calls(const struct story *story, enum host host, int least)
{
	for (int i = 0; i < story->line_count; i++) {
		const struct story_line *line = &story->lines[i];
		int room = line->kind == LINE_CALL && line->host == host
				   ? (int)strlen(line->words) * NARROW + GAP
				   : 0;

		least = room > least ? room : least;
	}
	return least;
}

/* A column of queues for each listener, or one for all of them. */
static int queue_columns(const struct story *story)
{
	int listeners = story->listener_count;

	return listeners > 1 && listeners <= MOST_COLUMNS ? listeners : 1;
}

/* Beside an accept queue that several share. */
static int room_for_names(const struct story *story)
{
	int longest = 0;

	for (int i = 0; i < story->listener_count && queue_columns(story) == 1; i++) {
		int length = (int)strlen(story_listener(story, story->listeners[i].key));

		longest = length > longest ? length : longest;
	}
	return longest * NARROW;
}

static struct columns columns_of(const struct picture *picture, const struct story *story)
{
	struct columns at;
	int lanes = picture->lane_count ? picture->lane_count * LANE : LANE, longest = 24;

	for (int i = 0; i < picture->note_count; i++) {
		int length = (int)strlen(picture->notes[i].text);

		longest = length > longest ? length : longest;
	}
	at.client_state = TIME + room_for_calls(story, CLIENT, STATE);
	at.wire = at.client_state + GAP + lanes;
	at.server = at.wire + ON_WIRE;
	at.server_state = at.server + lanes + GAP;
	at.accept = at.server_state + room_for_calls(story, SERVER, CALL);
	at.syn = at.accept + ACCEPT + GAP + room_for_names(story);
	at.notes = at.syn + SYN_QUEUE + 2 * GAP + (queue_columns(story) - 1) * QUEUES;
	at.width = at.notes + SMALL_WORDS + longest * CHARACTER;
	return at;
}

struct pen {
	const struct picture *picture;
	const struct story *story;
	struct columns at;
	struct layers layers;
};

/* ---- life lines ---------------------------------------------------------------------------- */

static int lane_x(const struct pen *pen, enum host host, int flow)
{
	int lane = pen->picture->lanes[flow];

	return host == CLIENT ? pen->at.wire - (lane + 1) * LANE + (LANE - BAND)
			      : pen->at.server + lane * LANE;
}

/* Where an arrow meets the band, or the life line where the flow has none. */
static int edge_x(const struct pen *pen, enum host host, int flow)
{
	if (!pen->picture->lives[flow][host])
		return host == CLIENT ? pen->at.wire : pen->at.server;
	return lane_x(pen, host, flow) + (host == CLIENT ? BAND : 0);
}

/* When a line reaches a host: there its states and counters belong. */
static int y_at(const struct pen *pen, const struct story_line *line, enum host host)
{
	const struct place *place = &pen->picture->places[line - pen->story->lines];

	if (line->kind == LINE_SEGMENT && host != line->from)
		return place->arrived ? place->arrived : place->sent;
	return place->sent;
}

static enum layer band_layer(enum tcp_state state)
{
	switch (state) {
	case ESTABLISHED:
		return UP;
	case SYN_SENT:
		return SENT;
	case SYN_RECV:
	case CHILD_SYN_RECV:
		return HALF;
	case TIME_WAIT:
		return WAITS;
	default:
		return CLOSES;
	}
}

static void draw_band(struct pen *pen, int flow, enum host host)
{
	struct box box = { lane_x(pen, host, flow), 0, BAND, 0 };
	enum tcp_state state = NO_SOCKET;

	for (int i = pen->story->flows[flow].first_line; i >= 0; i = pen->story->lines[i].next) {
		const struct story_line *line = &pen->story->lines[i];
		int y;

		if (!line->changed || line->states[host] == state)
			continue;
		y = y_at(pen, line, host);
		box.height = y - box.y;
		if (state != NO_SOCKET)
			layers_box(&pen->layers, box, band_layer(state));
		box.y = y;
		state = line->states[host];
	}
	box.height = pen->picture->height - box.y;
	if (state != NO_SOCKET)
		layers_box(&pen->layers, box, band_layer(state));
}

static bool is_drawn(const struct pen *pen, int flow)
{
	return pen->story->flows[flow].leader == flow;
}

static void draw_bands(struct pen *pen)
{
	text_add(&pen->layers.paths[LIFE], "M%d %dV%dM%d %dV%d", pen->at.wire, HEAD + 6,
		 pen->picture->height, pen->at.server, HEAD + 6, pen->picture->height);
	for (int flow = 1; flow <= pen->story->flow_count; flow++)
		for (int host = 0; is_drawn(pen, flow) && host < HOSTS; host++)
			draw_band(pen, flow, (enum host)host);
}

static void write_state(struct pen *pen, enum host host, int y, enum tcp_state state)
{
	static const enum layer layers[HOSTS][2] = {
		[CLIENT] = { STATE_BEFORE, GONE_BEFORE },
		[SERVER] = { STATE_TEXT, GONE_TEXT },
	};
	struct point at = { host == CLIENT ? pen->at.client_state : pen->at.server_state, y + 4 };
	bool gone = state == NO_SOCKET;

	layers_text(&pen->layers, at, layers[host][gone], gone ? "gone" : state_name(state));
}

/* The names of the states that a line changed. @before is the flow's, and is moved on. */
static void write_states(struct pen *pen, const struct story_line *line,
			 enum tcp_state before[HOSTS])
{
	for (int host = 0; line->changed && host < HOSTS; host++) {
		if (line->states[host] != before[host])
			write_state(pen, (enum host)host, y_at(pen, line, (enum host)host),
				    line->states[host]);
		before[host] = line->states[host];
	}
}

/* ---- queues -------------------------------------------------------------------------------- */

static bool is_overfull(struct depths depths)
{
	return depths.accept > depths.limit;
}

/* The story's number of a listener; as many as there are: none of them. */
static int place_of_listener(const struct story *story, int key)
{
	int place = 0;

	while (place < story->listener_count && story->listeners[place].key != key)
		place++;
	return place;
}

/* How many requests each had at most; the caller frees it. */
static int *most_requests(const struct pen *pen)
{
	int *most = must_alloc((size_t)pen->story->listener_count + 1, sizeof(*most));

	for (int i = 0; i < pen->picture->level_count; i++) {
		const struct picture_level *level = &pen->picture->levels[i];
		int place = place_of_listener(pen->story, level->listener);

		if (level->depths.syn > most[place])
			most[place] = level->depths.syn;
	}
	return most;
}

static int column_of(const struct pen *pen, const struct picture_level *level)
{
	return queue_columns(pen->story) > 1 ? place_of_listener(pen->story, level->listener) : 0;
}

static bool same_level(const struct picture_level *a, const struct picture_level *b)
{
	return a->listener == b->listener && a->depths.accept == b->depths.accept &&
	       a->depths.limit == b->depths.limit && a->depths.syn == b->depths.syn;
}

struct bar {
	int x, width, depth;
	long scale;
};

static void draw_bar(struct pen *pen, struct bar bar, struct box box, enum layer layer)
{
	long width = bar.depth > 0 && bar.scale > 0 ? (long)bar.width * bar.depth / bar.scale : 0;

	box.x = bar.x;
	box.width = width > bar.width ? bar.width : (int)width;
	if (bar.depth > 0 && box.width < 2)
		box.width = 2;
	layers_box(&pen->layers, box, layer);
}

static void draw_level(struct pen *pen, const struct picture_level *level, int end, int most)
{
	const struct depths *depths = &level->depths;
	int across = column_of(pen, level) * QUEUES;
	struct box box = { 0, level->y, 0, end - level->y };
	struct bar accept = { pen->at.accept + across, ACCEPT, depths->accept, depths->limit + 1L };
	struct bar syn = { pen->at.syn + across, SYN_QUEUE, depths->syn, most ? most : 1 };

	draw_bar(pen, accept, box, is_overfull(*depths) ? FULL_BAR : ACCEPT_BAR);
	draw_bar(pen, syn, box, SYN_BAR);
}

/* What is not as it was before; where listeners share a column, whose it is now. */
static void write_level(struct pen *pen, const struct picture_level *level,
			const struct picture_level *before)
{
	const struct depths *depths = &level->depths;
	bool other = !before || before->listener != level->listener;
	bool shared = queue_columns(pen->story) == 1;
	int across = column_of(pen, level) * QUEUES;
	const char *whose = other && shared ? story_listener(pen->story, level->listener) : "";
	autofree char *accept =
		format("%s%s%d/%d", whose, *whose ? " " : "", depths->accept, depths->limit);
	autofree char *syn = format("%d", depths->syn);

	if (other || before->depths.accept != depths->accept ||
	    before->depths.limit != depths->limit)
		layers_text(&pen->layers,
			    (struct point){ pen->at.accept + across + 3, level->y + 10 }, DEPTH,
			    accept);
	if (other || before->depths.syn != depths->syn)
		layers_text(&pen->layers, (struct point){ pen->at.syn + across + 3, level->y + 10 },
			    DEPTH, syn);
}

/* The next level of the column from @index on; as many as there are: none. */
static int next_level(const struct pen *pen, int index, int column)
{
	while (index < pen->picture->level_count &&
	       column_of(pen, &pen->picture->levels[index]) != column)
		index++;
	return index;
}

static void draw_column(struct pen *pen, int column, const int *most)
{
	const struct picture *picture = pen->picture;
	const struct picture_level *before = NULL;

	for (int i = next_level(pen, 0, column), next; i < picture->level_count; i = next) {
		const struct picture_level *level = &picture->levels[i];

		next = next_level(pen, i + 1, column);
		while (next < picture->level_count && same_level(level, &picture->levels[next]))
			next = next_level(pen, next + 1, column);
		draw_level(pen, level,
			   next < picture->level_count ? picture->levels[next].y : picture->height,
			   most[place_of_listener(pen->story, level->listener)]);
		write_level(pen, level, before);
		before = level;
	}
}

static void draw_queues(struct pen *pen)
{
	autofree int *most = most_requests(pen);

	for (int column = 0; column < queue_columns(pen->story); column++)
		draw_column(pen, column, most);
}

/* ---- the wire ------------------------------------------------------------------------------ */

/* A line from @a to @b, with a head there that looks the way it goes. */
static void draw_arrow(struct pen *pen, struct point a, struct point b, enum layer layer)
{
	int back = b.x > a.x ? -7 : 7;

	/* the slope is gentle: a head that is turned by half of it looks right */
	text_add(&pen->layers.paths[layer], "M%d %dL%d %dm%d -5l%d 5l%d 3", a.x, a.y, b.x, b.y,
		 back, -back, back);
}

static int middle(const struct pen *pen)
{
	return pen->at.wire + ON_WIRE / 2;
}

static void draw_loss(struct pen *pen, struct point at)
{
	text_add(&pen->layers.paths[LOST], "M%d %dl9 9m0 -9l-9 9", at.x - 4, at.y - 4);
}

/* What the gate holds waits in the middle of the wire. */
static void draw_hold(struct pen *pen, struct point at, int released)
{
	text_add(&pen->layers.paths[HELD], "M%d %dV%d", at.x, at.y,
		 released ? released : pen->picture->height);
	text_add(&pen->layers.paths[GATE], "M%d %dv10m4 -10v10", at.x - 2, at.y - 5);
}

static void draw_segment(struct pen *pen, const struct story_line *line)
{
	const struct place *place = &pen->picture->places[line - pen->story->lines];
	enum host to = other(line->from);
	struct point start = { edge_x(pen, line->from, line->flow), place->sent };
	struct point end = { edge_x(pen, to, line->flow), place->arrived };
	struct point gate = { middle(pen), place->stopped ? place->stopped : place->sent + 7 };
	enum layer layer = line->ignored ? IGNORED : ARROW;

	if (!place->stopped && place->arrived) {
		draw_arrow(pen, start, end, layer);
		return;
	}
	text_add(&pen->layers.paths[layer], "M%d %dL%d %d", start.x, start.y, gate.x, gate.y);
	if (line->held)
		draw_hold(pen, gate, place->released);
	else if (line->lost)
		draw_loss(pen, gate);
	if (place->released && place->arrived)
		draw_arrow(pen, (struct point){ gate.x, place->released }, end, layer);
	else if (place->released || (line->held && line->lost))
		draw_loss(pen,
			  (struct point){ gate.x, place->released ? place->released : gate.y });
}

static void draw_segments(struct pen *pen)
{
	for (int i = 0; i < pen->story->line_count; i++)
		if (pen->story->lines[i].kind == LINE_SEGMENT && pen->picture->places[i].sent)
			draw_segment(pen, &pen->story->lines[i]);
}

/* Above the arrow, where it leaves: "late  ACK  held, ignored". */
static void write_label(struct pen *pen, const struct story_line *line, bool named)
{
	const struct place *place = &pen->picture->places[line - pen->story->lines];
	bool client = line->from == CLIENT;
	enum layer layer = client ? SEGMENT_TEXT : SEGMENT_BEFORE;
	autofree char *name =
		named ? format("%s\u2002", pen->story->flows[line->flow].name) : format("%s", "");
	autofree char *fate = format("%s%s%s", *line->fate ? "\u2002" : "", line->fate,
				     line->copies ? "\u2002twice" : "");
	autofree char *words = text_clean(line->words);
	struct point at = { client ? pen->at.wire + 5 : pen->at.server - 5, place->sent - 4 };
	xmlNode *text = layers_text(&pen->layers, at, layer, "");

	layers_words(&pen->layers, text, FAINT_WORDS, name);
	xmlNodeAddContent(text, BAD_CAST words);
	layers_words(&pen->layers, text, line->lost ? LOSS_WORDS : FATE_WORDS, fate);
	if (!place->released)
		return;
	autofree char *again = format("%s%s\u2002released", name, line->words);
	layers_text(&pen->layers,
		    (struct point){ middle(pen) + (client ? 6 : -6), place->released - 4 }, layer,
		    again);
}

/* ---- what is written ----------------------------------------------------------------------- */

static void write_times(struct pen *pen)
{
	for (int i = 0; i < pen->picture->time_count; i++) {
		const struct picture_time *time = &pen->picture->times[i];
		autofree char *text = format("%.3f", seconds(time->at - pen->story->began));

		layers_text(&pen->layers, (struct point){ TIME, time->y + 4 }, TIME_TEXT, text);
	}
}

static void write_heading(struct pen *pen, const struct story_line *line)
{
	int y = pen->picture->places[line - pen->story->lines].sent;

	layers_box(&pen->layers, (struct box){ 0, y - 21, pen->at.width, 27 }, GROUND);
	text_add(&pen->layers.paths[RULE], "M0 %dH%d", y - 17, pen->at.width);
	layers_text(&pen->layers, (struct point){ 4, y }, STEP_TEXT, line->words);
}

static void write_call(struct pen *pen, const struct story_line *line)
{
	bool client = line->host == CLIENT;
	struct point at = { client ? pen->at.client_state : pen->at.server_state,
			    pen->picture->places[line - pen->story->lines].sent + 4 };

	layers_text(&pen->layers, at, client ? CALL_BEFORE : CALL_TEXT, line->words);
}

static void write_change(struct pen *pen, const struct story_line *line)
{
	const struct place *place = &pen->picture->places[line - pen->story->lines];
	autofree char *words = format("%s%s%s%s", pen->story->flows[line->flow].name,
				      *line->words ? ": timer, nothing sent" : "",
				      *line->fate ? ": " : "", line->fate);

	layers_text(&pen->layers, (struct point){ middle(pen), place->sent + 4 }, CHANGE_TEXT,
		    words);
}

/* Which of the story's flows was spoken of last, and in which states each is. */
struct reading {
	bool several; /* flows are drawn: each is named where it is not the last one */
	int flow;
	enum tcp_state (*states)[HOSTS];
};

static void write_line(struct pen *pen, const struct story_line *line, struct reading *reading)
{
	if (line->kind == LINE_SEGMENT)
		write_label(pen, line, reading->several && reading->flow != line->flow);
	else if (line->kind == LINE_CHANGE)
		write_change(pen, line);
	else if (line->kind == LINE_CALL)
		write_call(pen, line);
	if (line->kind == LINE_SEGMENT || line->kind == LINE_CHANGE) {
		reading->flow = line->flow;
		write_states(pen, line, reading->states[line->flow]);
	}
}

static void write_lines(struct pen *pen)
{
	struct reading reading = { 0 };

	reading.states = must_alloc((size_t)pen->story->flow_count + 1, sizeof(*reading.states));
	for (int flow = 2; flow <= pen->story->flow_count; flow++)
		reading.several |= is_drawn(pen, flow);
	for (int i = 0; i < pen->story->line_count; i++) {
		const struct story_line *line = &pen->story->lines[i];

		if (!pen->picture->places[i].sent)
			continue;
		if (line->kind == LINE_STEP) {
			write_heading(pen, line);
			reading.flow = 0;
		} else {
			write_line(pen, line, &reading);
		}
	}
	free(reading.states);
}

static void write_crowds(struct pen *pen)
{
	for (int i = 0; i < pen->picture->crowd_count; i++) {
		const struct picture_crowd *crowd = &pen->picture->crowds[i];
		const struct story_flow *flow = &pen->story->flows[crowd->leader];
		const char *last = pen->story->flows[crowd->leader + flow->alike - 1].name;
		autofree char *words =
			flow->alike == 2 ? format("%s goes the same way", last)
					 : format("%d more like it, to %s", flow->alike - 1, last);

		layers_text(&pen->layers, (struct point){ middle(pen), crowd->y + 4 }, CHANGE_TEXT,
			    words);
	}
}

static void write_notes(struct pen *pen)
{
	for (int i = 0; i < pen->picture->note_count; i++) {
		const struct picture_note *note = &pen->picture->notes[i];
		struct point at = { pen->at.notes, note->y + 4 };

		if (note->first && !note->wrong)
			layers_text(&pen->layers, at, NOTE, host_name(note->host));
		at.x += SMALL_WORDS;
		layers_text(&pen->layers, at, note->wrong ? FINDING : COUNTER, note->text);
	}
}

/* "~" through both life lines, and how long the wait was that is left out. */
static void write_pauses(struct pen *pen)
{
	int lanes = pen->picture->lane_count * LANE;

	for (int i = 0; i < pen->picture->pause_count; i++) {
		const struct picture_pause *pause = &pen->picture->pauses[i];
		double span = seconds(pause->span);
		autofree char *words = format(span < 10 ? "%.2f s later" : "%.1f s later", span);

		for (int host = 0; host < HOSTS; host++) {
			int x = host == CLIENT ? pen->at.wire - lanes : pen->at.server;

			text_add(&pen->layers.paths[BREAK], "M%d %dl%d -4m0 5l%d 4", x - 3,
				 pause->y + 2, lanes + 6, -lanes - 6);
		}
		layers_text(&pen->layers, (struct point){ middle(pen), pause->y + 4 }, PAUSE_TEXT,
			    words);
	}
}

/* "accept queue" and "SYN queue"; where there are several of them, below the listener's name. */
static void write_heads_of_queues(struct pen *pen)
{
	int columns = queue_columns(pen->story);

	for (int i = 0; i < columns; i++) {
		int accept = pen->at.accept + i * QUEUES, syn = pen->at.syn + i * QUEUES;
		const char *name = columns > 1 ? pen->story->listeners[i].name : NULL;

		layers_text(&pen->layers, (struct point){ accept, HEAD - 4 }, NOTE,
			    name ? name : "accept");
		layers_text(&pen->layers, (struct point){ accept, HEAD + 8 }, NOTE,
			    name ? "accept" : "queue");
		if (!name)
			layers_text(&pen->layers, (struct point){ syn, HEAD - 4 }, NOTE, "SYN");
		layers_text(&pen->layers, (struct point){ syn, HEAD + 8 }, NOTE,
			    name ? "SYN" : "queue");
	}
}

static void write_heads(struct pen *pen)
{
	layers_text(&pen->layers, (struct point){ TIME, HEAD }, TIME_TEXT, "s");
	layers_text(&pen->layers, (struct point){ pen->at.wire, HEAD }, HEAD_BEFORE, "client");
	layers_text(&pen->layers, (struct point){ pen->at.server, HEAD }, STEP_TEXT, "server");
	write_heads_of_queues(pen);
	layers_text(&pen->layers, (struct point){ pen->at.notes, HEAD }, NOTE,
		    "counters that moved");
}

/* A ground for what does not add up. */
static void draw_wrong(struct pen *pen)
{
	for (int i = 0; i < pen->picture->note_count; i++) {
		const struct picture_note *note = &pen->picture->notes[i];

		if (note->wrong)
			layers_box(&pen->layers, (struct box){ 0, note->y - 8, pen->at.width, 16 },
				   WRONG);
	}
}

static void draw(struct pen *pen)
{
	draw_wrong(pen);
	draw_bands(pen);
	draw_queues(pen);
	write_pauses(pen);
	draw_segments(pen);
	write_heads(pen);
	write_times(pen);
	write_lines(pen);
	write_crowds(pen);
	write_notes(pen);
}

static char *draw_svg(const struct story *story, bool alone)
{
	struct picture *picture = picture_of(story);
	struct pen pen = { .picture = picture, .story = story };
	struct canvas canvas = {
		.what = "Ladder", .title = story->title, .family = story->family, .alone = alone
	};

	pen.at = columns_of(picture, story);
	canvas.width = pen.at.width;
	canvas.height = picture->height;
	layers_open(&pen.layers, &canvas);
	draw(&pen);
	picture_free(picture);
	return layers_close(&pen.layers);
}

char *ladder_svg(const struct story *story)
{
	return draw_svg(story, true);
}

char *ladder_svg_part(const struct story *story)
{
	return draw_svg(story, false);
}
