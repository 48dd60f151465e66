/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where things stand in the picture of a story: two life lines from top to bottom, time running
 * down. Waits are cut out, so only the order is to scale.
 */
#ifndef HALFOPEN_PICTURE_H
#define HALFOPEN_PICTURE_H

#include "captures/draw/draw.h"

/* How far down a line of the story is drawn, in pixels; 0: it is not. */
struct place {
	int sent;     /* or where anything else is that is no segment */
	int stopped;  /* at the gate: held or lost */
	int released; /* from there */
	int arrived;
};

/* When it is here. */
struct picture_time {
	int y;
	nsec at;
};

/* A wait that is cut out. */
struct picture_pause {
	int y;
	nsec span;
};

/* From here on the queues are so deep. */
struct picture_level {
	int y, listener;
	struct depths depths;
};

/* A line of text beside the drawing. */
struct picture_note {
	int y;
	enum host host;
	bool first; /* of its lines: it is said whose it is */
	bool wrong; /* what does not add up */
	char *text;
};

/* "7 more went the same way" */
struct picture_crowd {
	int y, leader;
};

struct picture {
	const struct story *story;
	struct place *places; /* of story->lines */
	int *lanes;           /* of each flow, 0 beside the wire */
	bool (*lives)[HOSTS]; /* each flow has a socket there at some time */
	int lane_count;
	struct picture_time *times; /* where it has moved on by a millisecond */
	struct picture_pause *pauses;
	struct picture_level *levels;
	struct picture_note *notes;
	struct picture_crowd *crowds;
	int time_count, pause_count, level_count, note_count, crowd_count;
	int height;
};

/* What a segment does on its way, or anything else that happens, at a time. */
enum stop_kind { SENDS, STOPS, LEAVES, ARRIVES, HAPPENS };

struct stop {
	nsec at;
	int line; /* of the story */
	enum stop_kind kind;
};

/* All of them in the order of time; the caller frees them. */
struct stop *stops_of(const struct story *story, int *count);

struct picture *picture_of(const struct story *story);
void picture_free(struct picture *picture);
/* Whether it is drawn: what other flows do just like their leader is not. */
bool picture_shows(const struct story *story, const struct story_line *line);

#endif
