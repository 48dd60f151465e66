/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * annotate: a recording with comments from the story of its journal. Shared inside draw.
 */
#ifndef HALFOPEN_ANNOTATE_H
#define HALFOPEN_ANNOTATE_H

#include "captures/draw/recording.h"

/* case.pcapng: both hosts' frames of a journal, with comments from its story. */
struct annotated {
	const struct journal *journal;
	const struct story *story;
	const struct recording *recording;
	const char *why; /* what the recording has left out; NULL: nothing */
};
void capture_write(const struct annotated *annotated, FILE *out);

#endif
