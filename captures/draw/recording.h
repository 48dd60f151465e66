/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording: client.pcap and server.pcap beside the journal that was written with them. Shared
 * inside draw.
 */
#ifndef HALFOPEN_RECORDING_H
#define HALFOPEN_RECORDING_H

#include "captures/draw/draw.h"

struct recorded_frame {
	enum host host; /* where it was seen */
	bool outgoing;  /* this host sent it */
	uint64_t stamp; /* ns since 1970 */
	uint8_t *bytes;
	uint32_t length, wire_length;
	const struct event *event; /* the journal's, of a segment; NULL: the frame is none */
	size_t place;              /* as it was read */
};

struct recording {
	struct recorded_frame *frames; /* by time */
	size_t count;
};

/*
 * Reads both captures of @folder, and finds the journal's event of each segment. What does not
 * belong to the journal, and what comes after it in that capture, is left out, and *why says so in
 * one line (the caller frees it): a capture is missing, cut short, or from elsewhere.
 */
struct recording *recording_load(const struct journal *journal, const char *folder, char **why);
void recording_free(struct recording *recording);

#endif
