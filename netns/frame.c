/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.c: frames in memory, and lists of them.
 */
#include "netns/internal.h"

#include <string.h>

struct frame *frame_new(const struct frame *head, const uint8_t *bytes, size_t length)
{
	struct frame *frame = must_alloc(1, sizeof(*frame) + length);

	*frame = *head;
	frame->length = (uint16_t)length;
	memcpy(frame->bytes, bytes, length);
	return frame;
}

struct kept_frame *frames_keep(struct kept_frames *frames, struct frame *frame)
{
	struct kept_frame *kept = must_alloc(1, sizeof(*kept));

	kept->frame = frame;
	TAILQ_INSERT_TAIL(frames, kept, entry);
	return kept;
}

struct frame *frames_take(struct kept_frames *frames)
{
	struct kept_frame *kept = TAILQ_FIRST(frames);
	struct frame *frame = kept->frame;

	TAILQ_REMOVE(frames, kept, entry);
	free(kept);
	return frame;
}

void frames_forget(struct kept_frames *frames)
{
	struct kept_frame *kept;

	while ((kept = TAILQ_FIRST(frames))) {
		TAILQ_REMOVE(frames, kept, entry);
		free(kept->frame);
		free(kept);
	}
}
