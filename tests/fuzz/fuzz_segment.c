/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two frames: each is parsed, compared with the other, and put into words as the segment of a flow.
 */
#include "captures/judge/judge.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void describe(const struct segment *segments, size_t count)
{
	struct judge *judge = judge_new();
	struct event begin = { .seq = 1, .kind = EVENT_BEGIN, .name = "case", .object = "ipv4" };
	struct event listener = {
		.seq = 2, .kind = EVENT_LISTENER, .name = "server", .listener = 80
	};
	struct event flow = {
		.seq = 3, .kind = EVENT_FLOW, .name = "client", .flow = 1, .listener = 80
	};

	judge_event(judge, &begin);
	judge_event(judge, &listener);
	judge_event(judge, &flow);
	for (size_t i = 0; i < count; i++) {
		struct event event = { .seq = 4 + (long)i,
				       .kind = EVENT_PACKET,
				       .flow = 1,
				       .packet = 1 + (long)i,
				       .from = i ? SERVER : CLIENT,
				       .host = i ? SERVER : CLIENT,
				       .segment = segments[i] };

		free(event_to_json(&event));
		judge_event(judge, &event);
	}
	judge_free(judge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t first = take_byte(&input);
	size_t lengths[2] = { first < input.left ? first : input.left, 0 };
	struct segment segments[2];
	size_t count = 0;

	lengths[1] = input.left - lengths[0];
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		/* in memory of its own length, so that what is read behind it is seen */
		uint8_t *frame = lengths[i] ? malloc(lengths[i]) : NULL;
		struct parsed parsed;

		if (frame)
			memcpy(frame, input.at, lengths[i]);
		input.at += lengths[i];
		if (parse_frame(frame, lengths[i], &parsed) == 0 && parsed.protocol == IPPROTO_TCP)
			segments[count++] = parsed.segment;
		free(frame);
	}
	if (count == 2 &&
	    same_segment(&segments[0], &segments[1]) != same_segment(&segments[1], &segments[0]))
		abort();
	describe(segments, count);
	return 0;
}
