/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal: what stdout can show, and who may read what is typed.
 */
#ifndef HALFOPEN_TERMINAL_H
#define HALFOPEN_TERMINAL_H

#include <stdbool.h>

/* The width of the terminal, or @otherwise where stdout is none. */
unsigned terminal_columns(unsigned otherwise);
bool terminal_has_colours(void);
enum colour { PLAIN, BOLD, FAINT, GREEN, RED, YELLOW, CYAN, MAGENTA, BLUE };
/* That of a status, of a claim's verdict, or of "variant": FAINT for what has shown nothing. */
enum colour colour_of(const char *word);
/* @text with ECMA-48's codes around it; the caller frees it. */
char *coloured(enum colour colour, const char *text);
/* In colour on a terminal that has them, unless NO_COLOR is set. */
void print_in_colour(enum colour colour, const char *text);

/* Whether standard input is a terminal that this process may read from. */
bool terminal_is_ours(void);
/* The terminal that standard input is belongs to this process group from now on. */
void terminal_take(void);

#endif
