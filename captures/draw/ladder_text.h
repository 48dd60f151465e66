/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ladder_text: what texts of ladders have in common. Shared inside draw.
 */
#ifndef HALFOPEN_LADDER_TEXT_H
#define HALFOPEN_LADDER_TEXT_H

#include "base/terminal.h"
#include "captures/draw/draw.h"

/* @text, at least @width wide, in colour where the form has it. The caller frees it. */
char *painted(struct ladder_form form, enum colour colour, int width, const char *text);
enum colour colour_of_state(enum tcp_state state);

/*
 * How many flows from @flow on went the same way to the same listener, itself included: one ladder
 * speaks for them.
 */
int flows_alike(const struct judge *judge, int flow, struct ladder_form form);
/* Whether two flows' ladders are the same lines in this form, whatever was observed of times. */
bool same_ladder(const struct judge *judge, int flow, int other, struct ladder_form form);

#endif
