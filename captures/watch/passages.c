/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of each segment through the gate: what became of it there, and a sample at both its ends.
 */
#include "captures/watch/state.h"

#include <netinet/in.h>

/* Whether the captures tell of it: a segment, or an ICMP error about one. */
static bool is_told(const struct frame *frame)
{
	struct parsed parsed;

	return parse_frame(frame->bytes, frame->length, &parsed) == 0 &&
	       (parsed.protocol == IPPROTO_TCP || parsed.icmp.quotes);
}

static struct passage *add_frame(struct passages *passages, uint64_t number)
{
	while (passages->frame_count <= number) {
		passages->frames = GROWN(passages->frames, passages->frame_count);
		passages->frames[passages->frame_count++] = (struct passage){ .packet = 0 };
	}
	return &passages->frames[number];
}

static void frame_sent(void *argument, const struct frame *frame)
{
	struct watch *watch = argument;
	struct departure departure;

	if (!is_told(frame))
		return;
	departure = departure_of(watch, frame);
	*add_frame(&watch->passages, frame->number) =
		(struct passage){ .packet = departure.packet, .flow = departure.flow };
	stall_seen(watch_now(watch) - departure.at);
	/* what was captured before the last sample was part of what it saw */
	if (!crowd_has_followed(watch->crowd, departure.packet))
		sample_segment(watch, (struct scope){ .at = AT(frame->from),
						      .cause = departure.packet,
						      .flow = departure.flow,
						      .middle = departure.middle });
}

/* All that are no segments, or that were injected, are the first one, of which nobody asks. */
static struct passage *passage_of(const struct passages *passages, const struct frame *frame)
{
	return &passages->frames[frame->number < passages->frame_count ? frame->number : 0];
}

int watch_flow_of(const struct watch *watch, const struct frame *frame)
{
	return passage_of(&watch->passages, frame)->flow;
}

static void note_gate(struct watch *watch, const struct passage *passage, const char *what)
{
	if (passage->packet)
		note(watch,
		     (struct event){ .kind = EVENT_GATE, .packet = passage->packet, .name = what });
}

/* What its timestamps are now. */
static void note_change(struct watch *watch, const struct passage *passage,
			const struct frame *frame)
{
	struct parsed parsed;

	if (passage->packet && parse_frame(frame->bytes, frame->length, &parsed) == 0)
		note(watch, (struct event){ .kind = EVENT_GATE,
					    .packet = passage->packet,
					    .name = "changed",
					    .segment = { .timestamps = parsed.segment.timestamps,
							 .tsval = parsed.segment.tsval,
							 .tsecr = parsed.segment.tsecr } });
}

static enum fate frame_judge(void *argument, struct frame *frame)
{
	struct watch *watch = argument;
	struct passages *passages = &watch->passages;
	struct passage *passage = passage_of(passages, frame);
	enum fate fate = passages->gate ? passages->gate(passages->context, frame) : FORWARD;

	if (fate == DUPLICATE) {
		passage->copies++;
		note_gate(watch, passage, "duplicated");
	}
	if (fate == CHANGED)
		note_change(watch, passage, frame);
	if ((fate == FORWARD || fate == DUPLICATE || fate == CHANGED) && passage->packet)
		passages->under_way += fate == DUPLICATE ? 2 : 1;
	return fate;
}

static void frame_coming(void *argument, const struct frame *frame)
{
	struct watch *watch = argument;
	struct passage *passage = passage_of(&watch->passages, frame);

	if (!is_told(frame))
		return;
	if (passage->held) {
		passage->held = false;
		note_gate(watch, passage, "released");
	}
	if (watch->passages.coming)
		watch->passages.coming(watch->passages.context, frame);
	expect_arrival(watch, (struct arrival){ .frame = frame,
						.packet = passage->packet,
						.flow = passage->flow });
}

static void frame_arrived(void *argument, const struct frame *frame)
{
	struct watch *watch = argument;
	struct passages *passages = &watch->passages;
	struct passage *passage = passage_of(passages, frame);
	struct arrival arrival;

	if (!is_told(frame))
		return;
	passage->arrivals++;
	if (!frame->injected && passages->under_way > 0)
		passages->under_way--;
	arrival = next_arrival(watch);
	sample_segment(watch, (struct scope){ .at = AT(other(frame->from)),
					      .cause = arrival.packet,
					      .flow = arrival.flow,
					      .middle = arrival.middle });
}

static void frame_lost(void *argument, const struct frame *frame, enum fate fate)
{
	struct watch *watch = argument;
	struct passage *passage = passage_of(&watch->passages, frame);

	passage->held = fate == HOLD;
	passage->gone = fate != HOLD;
	note_gate(watch, passage, fate == HOLD ? "held" : fate == TAKE ? "taken" : "dropped");
}

/* What netem let fall will never arrive: say so once its queues are empty. */
static void note_lost_by_netem(struct watch *watch)
{
	struct passages *passages = &watch->passages;

	for (uint64_t frame = 1; frame < passages->frame_count && passages->under_way; frame++) {
		struct passage *passage = &passages->frames[frame];

		if (!passage->packet || passage->arrivals > passage->copies || passage->gone ||
		    passage->held)
			continue;
		passage->gone = true;
		note_gate(watch, passage, "lost");
	}
	passages->under_way = 0;
}

bool is_quiet(struct watch *watch)
{
	drain_captures(watch);
	if (has_departed(watch, CLIENT) || has_departed(watch, SERVER))
		return false;
	if (watch->passages.under_way == 0)
		return true;
	if (wire_in_flight(watch->net) > 0)
		return false;
	note_lost_by_netem(watch);
	return true;
}

void passages_release(struct watch *watch)
{
	watch->passages.under_way += wire_held(watch->net);
	wire_release(watch->net, 0);
}

void passages_release_at_once(struct watch *watch)
{
	watch->passages.under_way += wire_held(watch->net);
	wire_release_at_once(watch->net);
}

void passages_open(struct watch *watch, const struct watch_options *options)
{
	watch->passages.gate = options->gate;
	watch->passages.coming = options->coming;
	watch->passages.context = options->context;
	add_frame(&watch->passages, 0);
	wire_observe(watch->net, (struct wire_observer){ .context = watch,
							 .sent = frame_sent,
							 .judge = frame_judge,
							 .coming = frame_coming,
							 .arrived = frame_arrived,
							 .lost = frame_lost });
}

void passages_close(struct watch *watch)
{
	free(watch->passages.frames);
}
