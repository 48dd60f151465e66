/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ladder_text: what texts of ladders have in common. Shared inside draw.
 */
#ifndef HALFOPEN_LADDER_TEXT_H
#define HALFOPEN_LADDER_TEXT_H

#include "captures/draw/draw.h"

/* ECMA-48's codes for a terminal. */
#define FAINT_TEXT   "2"
#define BOLD_TEXT    "1"
#define RED_TEXT     "1;31"
#define GREEN_TEXT   "32"
#define YELLOW_TEXT  "33"
#define MAGENTA_TEXT "35"
#define BLUE_TEXT    "34"

/* @text, at least @width wide, in colour where the form has it. The caller frees it. */
char *painted(struct ladder_form form, const char *code, int width, const char *text);
const char *colour_of_state(enum tcp_state state);

/* How many flows from @flow on went the same way, itself included: one ladder speaks for them. */
int flows_alike(const struct judge *judge, int flow, struct ladder_form form);
/* Whether two flows' ladders are the same lines in this form, whatever was observed of times. */
bool same_ladder(const struct judge *judge, int flow, int other, struct ladder_form form);

#endif
