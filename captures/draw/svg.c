/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder as SVG: from left to right the time, the client's states, its life line (a lane for
 * each flow), the wire, the server's life line, its states, the queues as bars, and the counters
 * that moved. All colours are variables, so that it follows the reader's light or dark.
 */
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
	SYN_QUEUE = 34,   /* widths of the bars */
	HEAD = 14,        /* base line of the heads */
	CHARACTER = 7,    /* the usual width of one, */
	NARROW = 6,       /* and of one in a call */
	SMALL_WORDS = 38, /* of a note's "client:" */
};

const char *ladder_style(void)
{
	return ".ladder{color-scheme:light dark;--page:#fff;--ink:#1c1c1c;--faint:#666;"
	       "--line:#ddd;--bad:#b00020;--warn:#8a4b00;--wrong:#fde7ea;--sent:#e3b505;"
	       "--half:#e8590c;--up:#2b8a63;--closing:#6f7fd0;--wait:#9aa3ad;"
	       "--accept:#bcd7f0;--full:#f7c4b8;--syn:#f7d3b5;"
	       "background:var(--page);font:11px/1.2 system-ui,'DejaVu Sans',sans-serif;"
	       "font-variant-numeric:tabular-nums}"
	       "@media screen and (prefers-color-scheme:dark){.ladder{--page:#161616;"
	       "--ink:#e4e4e4;--faint:#a0a0a0;--line:#3a3a3a;--bad:#ff8a8a;--warn:#f0b060;"
	       "--wrong:#43181e;--sent:#d9b32a;--half:#f2762e;--up:#4db38a;--closing:#8d9bea;"
	       "--wait:#7b848e;--accept:#2f5376;--full:#7d3b30;--syn:#6b4526}}"
	       ".ladder text{fill:var(--ink)}"
	       ".ladder .e{text-anchor:end}.ladder .m{text-anchor:middle}"
	       ".ladder .h{font-weight:bold;font-size:12px}"
	       ".ladder .f,.ladder .t{fill:var(--faint)}"
	       ".ladder .i{font-style:italic;fill:var(--faint)}"
	       ".ladder .l{paint-order:stroke;stroke:var(--page);stroke-width:4px;"
	       "stroke-linejoin:round}"
	       ".ladder .w{fill:var(--warn);font-weight:bold}"
	       ".ladder .x{fill:var(--bad);font-weight:bold}"
	       ".ladder .c{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:10px}"
	       ".ladder path{fill:none;stroke:var(--ink);stroke-width:1.3}"
	       ".ladder .g{stroke-dasharray:1 3;stroke:var(--warn);stroke-width:2}"
	       ".ladder .k{stroke:var(--bad);stroke-width:2}"
	       ".ladder .o{stroke:var(--warn)}"
	       ".ladder .z{stroke:var(--page);stroke-width:3}"
	       ".ladder .r{stroke:var(--line)}.ladder .d{stroke:var(--faint);"
	       "stroke-dasharray:2 2;stroke-width:1}"
	       ".ladder .p{fill:var(--page)}.ladder .wrong{fill:var(--wrong)}"
	       ".ladder .s2{fill:var(--sent)}.ladder .s3{fill:var(--half)}"
	       ".ladder .s1{fill:var(--up)}.ladder .s6{fill:var(--wait)}"
	       ".ladder .sc{fill:var(--closing)}"
	       ".ladder .qa{fill:var(--accept)}.ladder .qf{fill:var(--full)}"
	       ".ladder .qs{fill:var(--syn)}";
}

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
	at.syn = at.accept + ACCEPT + GAP;
	at.notes = at.syn + SYN_QUEUE + 2 * GAP;
	at.width = at.notes + SMALL_WORDS + longest * CHARACTER;
	return at;
}

struct pen {
	xml out;
	const struct picture *picture;
	const struct story *story;
	struct columns at;
};

struct point {
	int x, y;
};

static void write_text(const struct pen *pen, struct point at, const char *class, const char *text)
{
	xml_open(pen->out, "text");
	xml_set(pen->out, "x", "%d", at.x);
	xml_set(pen->out, "y", "%d", at.y);
	if (*class)
		xml_attribute(pen->out, "class", class);
	xml_text(pen->out, text);
	xml_close(pen->out);
}

struct box {
	int x, y, width, height;
};

static void draw_box(const struct pen *pen, struct box box, const char *class)
{
	if (box.width <= 0 || box.height <= 0)
		return;
	xml_open(pen->out, "rect");
	xml_set(pen->out, "x", "%d", box.x);
	xml_set(pen->out, "y", "%d", box.y);
	xml_set(pen->out, "width", "%d", box.width);
	xml_set(pen->out, "height", "%d", box.height);
	xml_attribute(pen->out, "class", class);
	xml_close_empty(pen->out);
}

static void draw_path(const struct pen *pen, const char *class, const char *path)
{
	xml_open(pen->out, "path");
	if (*class)
		xml_attribute(pen->out, "class", class);
	xml_attribute(pen->out, "d", path);
	xml_close_empty(pen->out);
}

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

static const char *band_class(enum tcp_state state)
{
	switch (state) {
	case ESTABLISHED:
		return "s1";
	case SYN_SENT:
		return "s2";
	case SYN_RECV:
		return "s3";
	case TIME_WAIT:
		return "s6";
	default:
		return "sc";
	}
}

static void draw_band(const struct pen *pen, int flow, enum host host)
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
			draw_box(pen, box, band_class(state));
		box.y = y;
		state = line->states[host];
	}
	box.height = pen->picture->height - box.y;
	if (state != NO_SOCKET)
		draw_box(pen, box, band_class(state));
}

static bool is_drawn(const struct pen *pen, int flow)
{
	return pen->story->flows[flow].leader == flow;
}

static void draw_bands(const struct pen *pen)
{
	autofree char *lines =
		format("M%d %dV%dM%d %dV%d", pen->at.wire, HEAD + 6, pen->picture->height,
		       pen->at.server, HEAD + 6, pen->picture->height);

	draw_path(pen, "r", lines);
	for (int flow = 1; flow <= pen->story->flow_count; flow++)
		for (int host = 0; is_drawn(pen, flow) && host < HOSTS; host++)
			draw_band(pen, flow, (enum host)host);
}

static void write_state(const struct pen *pen, enum host host, int y, enum tcp_state state)
{
	struct point at = { host == CLIENT ? pen->at.client_state : pen->at.server_state, y + 4 };
	const char *word = state == NO_SOCKET ? "gone" : state_name(state);

	write_text(pen, at,
		   state == NO_SOCKET ? host == CLIENT ? "e i" : "i"
		   : host == CLIENT   ? "e"
				      : "",
		   word);
}

/* The names of the states that a line changed. @before is the flow's, and is moved on. */
static void write_states(const struct pen *pen, const struct story_line *line,
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
static int place_of_listener(const struct story *story, int port)
{
	int place = 0;

	while (place < story->listener_count && story->listeners[place].port != port)
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

static bool same_level(const struct picture_level *a, const struct picture_level *b)
{
	return a->listener == b->listener && a->depths.accept == b->depths.accept &&
	       a->depths.limit == b->depths.limit && a->depths.syn == b->depths.syn;
}

struct bar {
	int x, width, depth;
	long scale;
};

static void draw_bar(const struct pen *pen, struct bar bar, struct box box, const char *class)
{
	long width = bar.depth > 0 && bar.scale > 0 ? (long)bar.width * bar.depth / bar.scale : 0;

	box.x = bar.x;
	box.width = width > bar.width ? bar.width : (int)width;
	if (bar.depth > 0 && box.width < 2)
		box.width = 2;
	draw_box(pen, box, class);
}

static void draw_level(const struct pen *pen, const struct picture_level *level, int end, int most)
{
	const struct depths *depths = &level->depths;
	struct box box = { 0, level->y, 0, end - level->y };
	struct bar accept = { pen->at.accept, ACCEPT, depths->accept, depths->limit + 1L };
	struct bar syn = { pen->at.syn, SYN_QUEUE, depths->syn, most ? most : 1 };

	draw_bar(pen, accept, box, is_overfull(*depths) ? "qf" : "qa");
	draw_bar(pen, syn, box, "qs");
}

static void write_level(const struct pen *pen, const struct picture_level *level,
			const struct picture_level *before)
{
	const struct depths *depths = &level->depths;
	bool other = !before || before->listener != level->listener;
	autofree char *accept = format("%d/%d", depths->accept, depths->limit);
	autofree char *syn = format("%d", depths->syn);

	if (other || before->depths.accept != depths->accept ||
	    before->depths.limit != depths->limit)
		write_text(pen, (struct point){ pen->at.accept + 3, level->y + 10 }, "", accept);
	if (other || before->depths.syn != depths->syn)
		write_text(pen, (struct point){ pen->at.syn + 3, level->y + 10 }, "", syn);
}

static void draw_queues(const struct pen *pen)
{
	const struct picture *picture = pen->picture;
	const struct picture_level *before = NULL;
	autofree int *most = most_requests(pen);

	for (int i = 0; i < picture->level_count;) {
		const struct picture_level *level = &picture->levels[i++];

		while (i < picture->level_count && same_level(level, &picture->levels[i]))
			i++;
		draw_level(pen, level,
			   i < picture->level_count ? picture->levels[i].y : picture->height,
			   most[place_of_listener(pen->story, level->listener)]);
	}
	for (int i = 0; i < picture->level_count; i++) {
		if (!before || !same_level(before, &picture->levels[i]))
			write_level(pen, &picture->levels[i], before);
		before = &picture->levels[i];
	}
}

/* ---- the wire ------------------------------------------------------------------------------ */

/* A line from @a to @b, with a head there that looks the way it goes. */
static char *arrow_path(struct point a, struct point b)
{
	int back = b.x > a.x ? -7 : 7;
	/* the slope is gentle: a head that is turned by half of it looks right */
	return format("M%d %dL%d %dm%d -5l%d 5l%d 3", a.x, a.y, b.x, b.y, back, -back, back);
}

static void draw_arrow(const struct pen *pen, struct point a, struct point b, const char *class)
{
	autofree char *path = arrow_path(a, b);

	draw_path(pen, class, path);
}

static int middle(const struct pen *pen)
{
	return pen->at.wire + ON_WIRE / 2;
}

static void draw_loss(const struct pen *pen, struct point at)
{
	autofree char *cross = format("M%d %dl9 9m0 -9l-9 9", at.x - 4, at.y - 4);

	draw_path(pen, "k", cross);
}

/* What the gate holds waits in the middle of the wire. */
static void draw_hold(const struct pen *pen, struct point at, int released)
{
	int end = released ? released : pen->picture->height;
	autofree char *dots = format("M%d %dV%d", at.x, at.y, end);
	autofree char *bars = format("M%d %dv10m4 -10v10", at.x - 2, at.y - 5);

	draw_path(pen, "g", dots);
	draw_path(pen, "o", bars);
}

static void draw_segment(const struct pen *pen, const struct story_line *line)
{
	const struct place *place = &pen->picture->places[line - pen->story->lines];
	enum host to = other(line->from);
	struct point start = { edge_x(pen, line->from, line->flow), place->sent };
	struct point end = { edge_x(pen, to, line->flow), place->arrived };
	struct point gate = { middle(pen), place->stopped ? place->stopped : place->sent + 7 };
	const char *class = line->ignored ? "o" : "";

	if (place->stopped || !place->arrived) {
		autofree char *path = format("M%d %dL%d %d", start.x, start.y, gate.x, gate.y);

		draw_path(pen, class, path);
	} else {
		draw_arrow(pen, start, end, class);
		return;
	}
	if (line->held)
		draw_hold(pen, gate, place->released);
	else if (line->lost)
		draw_loss(pen, gate);
	if (place->released && place->arrived)
		draw_arrow(pen, (struct point){ gate.x, place->released }, end, class);
	else if (place->released || (line->held && line->lost))
		draw_loss(pen,
			  (struct point){ gate.x, place->released ? place->released : gate.y });
}

static void draw_segments(const struct pen *pen)
{
	for (int i = 0; i < pen->story->line_count; i++)
		if (pen->story->lines[i].kind == LINE_SEGMENT && pen->picture->places[i].sent)
			draw_segment(pen, &pen->story->lines[i]);
}

static void write_span(const struct pen *pen, const char *class, const char *text)
{
	if (*text)
		xml_element_of(pen->out, "tspan", class, text);
}

/* Above the arrow, where it leaves: "late  ACK  held, ignored". */
static void write_label(const struct pen *pen, const struct story_line *line, bool named)
{
	const struct place *place = &pen->picture->places[line - pen->story->lines];
	bool client = line->from == CLIENT;
	autofree char *name =
		named ? format("%s\u2002", pen->story->flows[line->flow].name) : format("%s", "");
	autofree char *fate = format("%s%s%s", *line->fate ? "\u2002" : "", line->fate,
				     line->copies ? "\u2002twice" : "");

	xml_open(pen->out, "text");
	xml_set(pen->out, "x", "%d", client ? pen->at.wire + 5 : pen->at.server - 5);
	xml_set(pen->out, "y", "%d", place->sent - 4);
	xml_attribute(pen->out, "class", client ? "l" : "l e");
	write_span(pen, "f", name);
	xml_text(pen->out, line->words);
	write_span(pen, line->lost ? "x" : "w", fate);
	xml_close(pen->out);
	if (!place->released)
		return;
	autofree char *again = format("%s%s\u2002released", name, line->words);
	write_text(pen, (struct point){ middle(pen) + (client ? 6 : -6), place->released - 4 },
		   client ? "l" : "l e", again);
}

/* ---- what is written ----------------------------------------------------------------------- */

static void write_times(const struct pen *pen)
{
	for (int i = 0; i < pen->picture->time_count; i++) {
		const struct picture_time *time = &pen->picture->times[i];
		autofree char *text = format("%.3f", seconds(time->at - pen->story->began));

		write_text(pen, (struct point){ TIME, time->y + 4 }, "t e", text);
	}
}

static void write_heading(const struct pen *pen, const struct story_line *line)
{
	int y = pen->picture->places[line - pen->story->lines].sent;
	autofree char *rule = format("M0 %dH%d", y - 17, pen->at.width);

	draw_box(pen, (struct box){ 0, y - 21, pen->at.width, 27 }, "p");
	draw_path(pen, "r", rule);
	write_text(pen, (struct point){ 4, y }, "h", line->words);
}

static void write_call(const struct pen *pen, const struct story_line *line)
{
	bool client = line->host == CLIENT;
	int y = pen->picture->places[line - pen->story->lines].sent;

	write_text(pen,
		   (struct point){ client ? pen->at.client_state : pen->at.server_state, y + 4 },
		   client ? "e c" : "c", line->words);
}

static void write_change(const struct pen *pen, const struct story_line *line)
{
	const struct place *place = &pen->picture->places[line - pen->story->lines];
	autofree char *words = format("%s%s", pen->story->flows[line->flow].name,
				      *line->words ? ": timer, nothing sent" : "");

	write_text(pen, (struct point){ middle(pen), place->sent + 4 }, "l m i", words);
}

/* Which of the story's flows was spoken of last, and in which states each is. */
struct reading {
	bool several; /* flows are drawn: each is named where it is not the last one */
	int flow;
	enum tcp_state (*states)[HOSTS];
};

static void write_line(const struct pen *pen, const struct story_line *line,
		       struct reading *reading)
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

static void write_lines(const struct pen *pen)
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

static void write_crowds(const struct pen *pen)
{
	for (int i = 0; i < pen->picture->crowd_count; i++) {
		const struct picture_crowd *crowd = &pen->picture->crowds[i];
		const struct story_flow *flow = &pen->story->flows[crowd->leader];
		const char *last = pen->story->flows[crowd->leader + flow->alike - 1].name;
		autofree char *words =
			flow->alike == 2 ? format("%s goes the same way", last)
					 : format("%d more like it, to %s", flow->alike - 1, last);

		write_text(pen, (struct point){ middle(pen), crowd->y + 4 }, "l m i", words);
	}
}

static void write_notes(const struct pen *pen)
{
	for (int i = 0; i < pen->picture->note_count; i++) {
		const struct picture_note *note = &pen->picture->notes[i];
		struct point at = { pen->at.notes, note->y + 4 };

		if (note->first && !note->wrong)
			write_text(pen, at, "f", host_name(note->host));
		at.x += SMALL_WORDS;
		write_text(pen, at, note->wrong ? "x" : "", note->text);
	}
}

/* "~" through both life lines, and how long the wait was that is left out. */
static void write_pauses(const struct pen *pen)
{
	int lanes = pen->picture->lane_count * LANE;

	for (int i = 0; i < pen->picture->pause_count; i++) {
		const struct picture_pause *pause = &pen->picture->pauses[i];
		double span = seconds(pause->span);
		autofree char *words = format(span < 10 ? "%.2f s later" : "%.1f s later", span);

		for (int host = 0; host < HOSTS; host++) {
			int x = host == CLIENT ? pen->at.wire - lanes : pen->at.server;
			autofree char *mark = format("M%d %dl%d -4m0 5l%d 4", x - 3, pause->y + 2,
						     lanes + 6, -lanes - 6);

			draw_path(pen, "z", mark);
		}
		write_text(pen, (struct point){ middle(pen), pause->y + 4 }, "m f", words);
	}
}

static void write_heads(const struct pen *pen)
{
	write_text(pen, (struct point){ TIME, HEAD }, "t e", "s");
	write_text(pen, (struct point){ pen->at.wire, HEAD }, "h e", "client");
	write_text(pen, (struct point){ pen->at.server, HEAD }, "h", "server");
	write_text(pen, (struct point){ pen->at.accept, HEAD - 4 }, "f", "accept");
	write_text(pen, (struct point){ pen->at.accept, HEAD + 8 }, "f", "queue");
	write_text(pen, (struct point){ pen->at.syn, HEAD - 4 }, "f", "SYN");
	write_text(pen, (struct point){ pen->at.syn, HEAD + 8 }, "f", "queue");
	write_text(pen, (struct point){ pen->at.notes, HEAD }, "f", "counters that moved");
}

/* A ground for what does not add up. */
static void draw_wrong(const struct pen *pen)
{
	for (int i = 0; i < pen->picture->note_count; i++) {
		const struct picture_note *note = &pen->picture->notes[i];

		if (note->wrong)
			draw_box(pen, (struct box){ 0, note->y - 8, pen->at.width, 16 }, "wrong");
	}
}

static void draw(const struct pen *pen)
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

/* As a file it has all that it needs; in a page that has ladder_style(), a name for who listens. */
static void draw_svg(xml out, const struct story *story, bool alone)
{
	struct picture *picture = picture_of(story);
	struct pen pen = { .out = out, .picture = picture, .story = story };

	pen.at = columns_of(picture, story);
	xml_open(out, "svg");
	xml_attribute(out, "xmlns", "http://www.w3.org/2000/svg");
	xml_attribute(out, "class", "ladder");
	xml_set(out, "width", "%d", pen.at.width);
	xml_set(out, "height", "%d", picture->height);
	xml_set(out, "viewBox", "0 0 %d %d", pen.at.width, picture->height);
	if (alone) {
		xml_element(out, "title", story->title);
		xml_element(out, "style", ladder_style());
	} else {
		xml_set(out, "aria-label", "Ladder of %s, %s", story->title, story->family);
	}
	draw(&pen);
	xml_close(out);
	picture_free(picture);
}

void ladder_draw(const struct story *story, struct _xmlTextWriter *out)
{
	draw_svg(out, story, false);
}

static void draw_alone(xml out, const void *story)
{
	draw_svg(out, story, true);
}

char *ladder_svg(const struct story *story)
{
	return xml_in_memory(draw_alone, story);
}
