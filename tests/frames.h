/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames: captures that belong to a journal, made of its segments.
 */
#ifndef HALFOPEN_TESTS_FRAMES_H
#define HALFOPEN_TESTS_FRAMES_H

#include "captures/journal/journal.h"

struct frame_bytes {
	uint8_t at[2048];
	size_t length;
};

/* The frame of a packet event; of a payload that has no room in it, only the headers. */
struct frame_bytes frame_of(const struct event *event);
/*
 * Writes what @host has captured: its stamps are the journal's times, from the begin of 2025. False
 * when the file cannot be written.
 */
bool capture_of_journal(const struct journal *journal, enum host host, const char *path);

#endif
