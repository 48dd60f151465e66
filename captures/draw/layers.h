/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layers of a drawing, as picture.svg has them: each is one path, a group of texts, or a
 * pattern for words of a text. svg.c draws on them.
 */
#ifndef HALFOPEN_LAYERS_H
#define HALFOPEN_LAYERS_H

#include "base/base.h"

#include <libxml/tree.h>

/* In the order of the file, the lowest first. */
enum layer {
	PAGE,
	WRONG,
	LIFE,
	SENT,
	HALF,
	UP,
	CLOSES,
	WAITS,
	ACCEPT_BAR,
	FULL_BAR,
	SYN_BAR,
	BREAK,
	ARROW,
	IGNORED,
	HELD,
	GATE,
	LOST,
	GROUND,
	RULE,
	STEP_TEXT,
	HEAD_BEFORE,
	PAUSE_TEXT,
	TIME_TEXT,
	NOTE,
	STATE_BEFORE,
	STATE_TEXT,
	GONE_BEFORE,
	GONE_TEXT,
	CALL_BEFORE,
	CALL_TEXT,
	SEGMENT_TEXT,
	SEGMENT_BEFORE,
	CHANGE_TEXT,
	DEPTH,
	COUNTER,
	FINDING,
	FAINT_WORDS,
	FATE_WORDS,
	LOSS_WORDS,
	LAYERS
};

struct layers {
	xmlDoc *document;
	xmlNode *nodes[LAYERS];
	struct text paths[LAYERS]; /* what is drawn so far, as the d of a path; add to it */
};

struct canvas {
	const char *what; /* is drawn: "Ladder" */
	const char *title, *family;
	int width, height;
	bool alone; /* a file of its own, which says how it looks; in a page ladder_style() does */
};

struct point {
	int x, y;
};

struct box {
	int x, y, width, height;
};

void layers_open(struct layers *layers, const struct canvas *canvas);
/* All of it as text, without the layers that stayed empty; the caller frees it. */
char *layers_close(struct layers *layers);
void layers_box(struct layers *layers, struct box box, enum layer layer);
/* The element, for those who add words to it. */
xmlNode *layers_text(struct layers *layers, struct point at, enum layer layer, const char *text);
/* Words of a text that look as @layer has it; nothing where there are none. */
void layers_words(const struct layers *layers, xmlNode *text, enum layer layer, const char *words);

#endif
