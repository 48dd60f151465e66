/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flight.c: the frames that are inside netem. Nothing is put into a frame to know it again when
 * it comes out: it is found by its bytes.
 */
#include "netns/internal.h"

#include <string.h>

/* Frames inside the queueing disciplines of both inner ends, or of one (@end). */
static unsigned queued(struct gate *gate, int end)
{
	struct discipline inner = { .index = { gate->index[end < 0 ? N0 : end],
					       gate->index[end < 0 ? N1 : end] } };

	discipline_read(gate->netlink, &inner);
	return inner.held;
}

/* ---- which frame is it --------------------------------------------------------------------- */

static bool waits_at(const struct gate *gate, enum wire_end end)
{
	const struct kept_frame *kept = TAILQ_FIRST(&gate->waiting);

	while (kept && kept->end != end)
		kept = TAILQ_NEXT(kept, entry);
	return kept;
}

/* Nothing in the queue, nor on its way from there to the gate's hands. */
static bool nothing_flies(struct gate *gate, enum host from)
{
	if (queued(gate, from == CLIENT ? N0 : N1))
		return false;
	gate_settle(gate);
	return !waits_at(gate, from == CLIENT ? N1 : N0);
}

void flight_add(struct gate *gate, struct frame *frame)
{
	struct kept_frames *flying = &gate->flying[frame->from];

	/* What has not come out by then is lost: the same bytes may come again. */
	if (!TAILQ_EMPTY(flying) && nothing_flies(gate, frame->from))
		frames_forget(flying);
	(void)frames_keep(flying, frame);
}

static size_t differing_bytes(const struct frame *frame, const uint8_t *bytes, size_t length)
{
	size_t different = 0;

	if (frame->length != length)
		return SIZE_MAX;
	for (size_t i = 0; i < length; i++)
		different += frame->bytes[i] != bytes[i];
	return different;
}

static struct kept_frame *search(const struct kept_frames *frames, const uint8_t *bytes,
				 size_t length)
{
	struct kept_frame *kept = TAILQ_FIRST(frames), *again = NULL, *corrupted = NULL;

	for (; kept; kept = TAILQ_NEXT(kept, entry)) {
		size_t different = differing_bytes(kept->frame, bytes, length);

		if (!different && !kept->out)
			return kept;
		if (!different)
			again = kept;
		/* netem's "corrupt" turns one bit. */
		if (different == 1 && !kept->out && !corrupted)
			corrupted = kept;
	}
	return again ? again : corrupted;
}

struct frame *flight_match(struct gate *gate, enum host from, const struct frame *out)
{
	struct kept_frame *kept = search(&gate->flying[from], out->bytes, out->length);
	struct frame *frame;

	if (kept) {
		frame = frame_new(kept->frame, out->bytes, out->length);
		frame->copy |= kept->out;
		kept->out = true;
		return frame;
	}
	broken("a frame of %u bytes came out of netem that was never sent into it", out->length);
}

/* ---- on their way ------------------------------------------------------------------------- */

unsigned wire_in_flight(struct net *net)
{
	struct gate *gate = &net->gate;
	unsigned frames;

	if (!gate->netem)
		return 0;
	frames = queued(gate, -1);
	if (frames)
		return frames;
	/* Out of the queue, but not yet moved by the gate. */
	gate_settle(gate);
	return waits_at(gate, N0) || waits_at(gate, N1);
}
