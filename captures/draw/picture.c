/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture's layout. Every segment stops where it is sent, and where it arrives or the gate has
 * it; the stops of all, in the order of time, are put below each other, far enough apart for what
 * is written there.
 */
#include "captures/draw/picture.h"

#include <string.h>

enum {
	HEAD = 30,       /* above the first line */
	ROW = 17,        /* a label fits above an arrow */
	SLANT = 13,      /* of an arrow: what it falls from one side to the other */
	HALF = 7,        /* to the gate, in the middle */
	HEADING = 36,    /* of a step */
	PAUSE = 26,      /* a wait that is cut out */
	NOTE = 13,       /* a line of a note */
	NOTE_WIDTH = 62, /* in characters */
	MOST_LANES = 12,
};

/* What takes longer is cut out. */
#define LONG_WAIT MSEC(150)

struct layout {
	struct picture *picture;
	const struct story *story;
	int y, note_end;
	nsec at; /* of the last stop that is drawn */
	bool begun;
	bool *noted; /* of each leader: that others went its way */
};

bool picture_shows(const struct story *story, const struct story_line *line)
{
	if (line->flow && story->flows[line->flow].leader != line->flow)
		return false;
	/* what connect() and send() do is there to be seen */
	return line->kind != LINE_CALL ||
	       (strncmp(line->words, "connect", 7) != 0 && strncmp(line->words, "send", 4) != 0) ||
	       strchr(line->words, ' ');
}

/* ---- stops --------------------------------------------------------------------------------- */

struct stops {
	struct stop *stops;
	int count;
};

static void add_stop(struct stops *all, struct stop stop)
{
	all->stops = GROWN(all->stops, all->count);
	all->stops[all->count++] = stop;
}

static void add_stops(struct stops *all, const struct story_line *line, int index)
{
	if (line->kind != LINE_SEGMENT) {
		add_stop(all, (struct stop){ line->at, index, HAPPENS });
		return;
	}
	add_stop(all, (struct stop){ line->at, index, SENDS });
	if (line->held)
		add_stop(all, (struct stop){ line->held, index, STOPS });
	if (line->released && !line->lost)
		add_stop(all, (struct stop){ line->released, index, LEAVES });
	if (line->lost && !line->held)
		add_stop(all, (struct stop){ line->lost, index, STOPS });
	if (line->arrived)
		add_stop(all, (struct stop){ line->arrived, index, ARRIVES });
}

static int in_time(const void *a, const void *b)
{
	const struct stop *left = a, *right = b;

	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	if (left->line != right->line)
		return left->line - right->line;
	return (int)left->kind - (int)right->kind;
}

struct stop *stops_of(const struct story *story, int *count)
{
	struct stops all = { NULL, 0 };

	for (int i = 0; i < story->line_count; i++)
		add_stops(&all, &story->lines[i], i);
	if (all.count)
		qsort(all.stops, (size_t)all.count, sizeof(*all.stops), in_time);
	*count = all.count;
	return all.stops;
}

/* ---- notes --------------------------------------------------------------------------------- */

/* How much of @text goes into one line: up to a comma or a blank. */
static int fitting(const char *text)
{
	int length = (int)strlen(text), end;

	if (length <= NOTE_WIDTH)
		return length;
	for (end = NOTE_WIDTH; end > 0 && text[end] != ' '; end--)
		;
	for (int comma = end; comma > NOTE_WIDTH / 3; comma--)
		if (text[comma] == ' ' && text[comma - 1] == ',')
			return comma;
	if (end == 0)
		end = (int)text_fitting(text, NOTE_WIDTH);
	return end > 0 ? end : NOTE_WIDTH;
}

static void add_note(struct layout *layout, struct picture_note note, const char *text)
{
	struct picture *picture = layout->picture;

	if (note.y < layout->note_end + NOTE)
		note.y = layout->note_end + NOTE;
	note.first = true;
	for (int length; *text; text += length + strspn(text + length, " ")) {
		length = fitting(text);
		note.text = format("%.*s", length, text);
		picture->notes = GROWN(picture->notes, picture->note_count);
		picture->notes[picture->note_count++] = note;
		layout->note_end = note.y;
		note.y += NOTE;
		note.first = false;
	}
}

static void note_counters(struct layout *layout, int index, enum host host)
{
	const struct story_line *line = &layout->story->lines[index];

	add_note(layout, (struct picture_note){ .y = layout->y, .host = host },
		 line->counters[host]);
}

static void note_finding(struct layout *layout, int index)
{
	if (layout->story->finding_line == index)
		add_note(layout, (struct picture_note){ .y = layout->y, .wrong = true },
			 layout->story->finding->summary);
}

/* ---- going down ---------------------------------------------------------------------------- */

static void note_level(struct layout *layout, const struct story_line *line)
{
	struct picture *picture = layout->picture;
	struct picture_level level = { layout->y, line->listener, line->queue };
	struct picture_level *last =
		picture->level_count ? &picture->levels[picture->level_count - 1] : NULL;

	if (!line->listener)
		return;
	if (last && last->y == level.y) {
		*last = level;
		return;
	}
	picture->levels = GROWN(picture->levels, picture->level_count);
	picture->levels[picture->level_count++] = level;
}

/* As it is written: in whole milliseconds. */
static nsec rounded(const struct story *story, nsec at)
{
	return (at - story->began + MSEC(0.5)) / MSEC(1);
}

static void note_time(struct layout *layout, nsec at)
{
	struct picture *picture = layout->picture;
	const struct story *story = layout->story;

	if (!story->began || at < story->began ||
	    (picture->time_count &&
	     rounded(story, picture->times[picture->time_count - 1].at) == rounded(story, at)))
		return;
	picture->times = GROWN(picture->times, picture->time_count);
	picture->times[picture->time_count++] = (struct picture_time){ layout->y, at };
}

static void cut_wait(struct layout *layout, const struct stop *stop)
{
	struct picture *picture = layout->picture;

	if (layout->begun && stop->at - layout->at > LONG_WAIT) {
		layout->y += PAUSE;
		if (layout->y < layout->note_end + ROW)
			layout->y = layout->note_end + ROW;
		picture->pauses = GROWN(picture->pauses, picture->pause_count);
		picture->pauses[picture->pause_count++] =
			(struct picture_pause){ layout->y - PAUSE / 2 + 4, stop->at - layout->at };
	}
	layout->begun = true;
	layout->at = stop->at;
}

static void go_down(struct layout *layout, int step)
{
	layout->y += step;
	if (layout->y < layout->note_end + NOTE + 2)
		layout->y = layout->note_end + NOTE + 2;
}

static void place_happening(struct layout *layout, int index)
{
	const struct story_line *line = &layout->story->lines[index];

	go_down(layout, line->kind == LINE_STEP ? HEADING : ROW);
	layout->picture->places[index].sent = layout->y;
	if (line->kind == LINE_STEP) {
		layout->y += 4;
		return;
	}
	note_time(layout, line->at);
	note_counters(layout, index, CLIENT);
	note_counters(layout, index, SERVER);
}

static void place_arrival(struct layout *layout, int index)
{
	const struct story_line *line = &layout->story->lines[index];
	struct place *place = &layout->picture->places[index];
	int from = place->released ? place->released : place->sent;
	int least = from + (place->released ? HALF : SLANT);

	layout->y = layout->y + 4 > least ? layout->y + 4 : least;
	place->arrived = layout->y;
	note_counters(layout, index, other(line->from));
	note_finding(layout, index);
}

static void place_stop(struct layout *layout, const struct stop *stop)
{
	const struct story_line *line = &layout->story->lines[stop->line];
	struct place *place = &layout->picture->places[stop->line];

	switch (stop->kind) {
	case HAPPENS:
		place_happening(layout, stop->line);
		note_finding(layout, stop->line);
		break;
	case SENDS:
		go_down(layout, ROW);
		place->sent = layout->y;
		note_time(layout, stop->at);
		note_counters(layout, stop->line, line->from);
		if (!line->arrived)
			note_finding(layout, stop->line);
		break;
	case STOPS:
		if (layout->y < place->sent + HALF)
			layout->y = place->sent + HALF;
		place->stopped = place->sent + HALF;
		break;
	case LEAVES:
		go_down(layout, ROW);
		place->released = layout->y;
		note_time(layout, stop->at);
		break;
	case ARRIVES:
		place_arrival(layout, stop->line);
		break;
	}
}

/* Where the first of those comes who do what their leader did. */
static void note_crowd(struct layout *layout, const struct story_line *line)
{
	struct picture *picture = layout->picture;
	int leader = layout->story->flows[line->flow].leader;

	if (layout->noted[leader])
		return;
	layout->noted[leader] = true;
	go_down(layout, ROW);
	picture->crowds = GROWN(picture->crowds, picture->crowd_count);
	picture->crowds[picture->crowd_count++] = (struct picture_crowd){ layout->y, leader };
}

static void walk(struct layout *layout)
{
	int count;
	autofree struct stop *stops = stops_of(layout->story, &count);

	for (int i = 0; i < count; i++) {
		const struct stop *stop = &stops[i];
		const struct story_line *line = &layout->story->lines[stop->line];

		if (picture_shows(layout->story, line)) {
			cut_wait(layout, stop);
			place_stop(layout, stop);
		} else if (line->kind == LINE_SEGMENT) {
			note_crowd(layout, line);
			layout->at = stop->at;
		}
		if (stop->kind == HAPPENS || stop->kind == ARRIVES ||
		    (stop->kind == STOPS && !line->arrived))
			note_level(layout, line);
	}
}

/* ---- lanes --------------------------------------------------------------------------------- */

struct life {
	int first, last; /* lines; -1: none */
	bool gone;       /* nothing is left of it in the end */
};

static void note_lives(struct picture *picture)
{
	const struct story *story = picture->story;

	picture->lives = must_alloc((size_t)story->flow_count + 1, sizeof(*picture->lives));
	for (int i = 0; i < story->line_count; i++)
		for (int host = 0; host < HOSTS; host++)
			if (story->lines[i].states[host] != NO_SOCKET)
				picture->lives[story->lines[i].flow][host] = true;
}

static struct life life_of(const struct story *story, int flow)
{
	struct life life = { -1, -1, false };

	for (int i = story->flows[flow].first_line; i >= 0; i = story->lines[i].next) {
		const struct story_line *line = &story->lines[i];

		if (line->kind == LINE_CALL)
			continue;
		if (life.first < 0)
			life.first = i;
		life.last = i;
		life.gone = line->states[CLIENT] == NO_SOCKET && line->states[SERVER] == NO_SOCKET;
	}
	return life;
}

/*
 * A lane that is free: nobody had it, or who had it is gone; else one whose flow has nothing more
 * to tell. They fill up from the wire.
 */
static int free_lane(const struct layout *layout, const struct life *held, const struct life *life)
{
	int idle = MOST_LANES - 1;

	for (int lane = 0; lane < layout->picture->lane_count; lane++)
		if (held[lane].gone && held[lane].last < life->first)
			return lane;
	if (layout->picture->lane_count < MOST_LANES / 2)
		return layout->picture->lane_count;
	for (int lane = layout->picture->lane_count; lane > 0; lane--)
		if (held[lane - 1].last < life->first)
			idle = lane - 1;
	if (idle == MOST_LANES - 1 && layout->picture->lane_count < MOST_LANES)
		return layout->picture->lane_count;
	return idle;
}

static void give_lanes(struct layout *layout)
{
	const struct story *story = layout->story;
	struct life held[MOST_LANES] = { { 0 } };

	layout->picture->lanes =
		must_alloc((size_t)story->flow_count + 1, sizeof(*layout->picture->lanes));
	for (int flow = 1; flow <= story->flow_count; flow++) {
		struct life life = { -1, -1, false };
		int lane;

		if (story->flows[flow].leader == flow)
			life = life_of(story, flow);
		if (life.first < 0)
			continue;
		lane = free_lane(layout, held, &life);
		held[lane] = life;
		layout->picture->lanes[flow] = lane;
		if (lane >= layout->picture->lane_count)
			layout->picture->lane_count = lane + 1;
	}
}

struct picture *picture_of(const struct story *story)
{
	struct picture *picture = must_alloc(1, sizeof(*picture));
	struct layout layout = { .picture = picture, .story = story, .y = HEAD };

	picture->story = story;
	picture->places = must_alloc((size_t)story->line_count + 1, sizeof(*picture->places));
	autofree bool *noted = layout.noted =
		must_alloc((size_t)story->flow_count + 1, sizeof(*noted));
	note_lives(picture);
	give_lanes(&layout);
	walk(&layout);
	if (story->finding && story->finding_line < 0) {
		go_down(&layout, ROW);
		add_note(&layout, (struct picture_note){ .y = layout.y, .wrong = true },
			 story->finding->summary);
	}
	go_down(&layout, ROW);
	picture->height = layout.y;
	return picture;
}

void picture_free(struct picture *picture)
{
	if (!picture)
		return;
	for (int i = 0; i < picture->note_count; i++)
		free(picture->notes[i].text);
	free(picture->places);
	free(picture->lanes);
	free(picture->lives);
	free(picture->times);
	free(picture->pauses);
	free(picture->levels);
	free(picture->notes);
	free(picture->crowds);
	free(picture);
}
