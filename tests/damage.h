/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * damage: what can happen to a file, by chance that a seed decides.
 */
#ifndef HALFOPEN_TESTS_DAMAGE_H
#define HALFOPEN_TESTS_DAMAGE_H

#include "vm/parts.h" /* struct bytes */

/* The same seed gives the same numbers. */
struct chance {
	uint64_t state;
};
/* A number below @most, which is not 0. */
size_t chance_below(struct chance *chance, size_t most);

/*
 * Damages @bytes once: single bytes; a line that is lost, comes again, or comes elsewhere; a
 * number, a word or a field that is another; a part that is cut out, or of nothing but zeros; a
 * file that ends too early, or has garbage behind it. Says which. What is not text is damaged in
 * its bytes.
 */
const char *damage(struct bytes *bytes, struct chance *chance);

#endif
