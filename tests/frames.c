/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames: Ethernet frames of a journal's segments over IPv4, and captures of them.
 */
#include "tests/frames.h"

#include "captures/draw/recording.h" /* annotates what it has captured */

#include <pcap/pcap.h>
#include <string.h>

static void put(struct frame_bytes *frame, uint64_t value, int bytes)
{
	while (bytes-- > 0)
		frame->at[frame->length++] = (uint8_t)(value >> 8 * bytes);
}

static void put_bytes(struct frame_bytes *frame, const void *bytes, size_t length)
{
	memcpy(frame->at + frame->length, bytes, length);
	frame->length += length;
}

static void put_options(struct frame_bytes *frame, const struct segment *segment)
{
	if (segment->mss >= 0)
		put(frame, 0x02040000U | (unsigned)segment->mss, 4);
	if (segment->window_scale >= 0)
		put(frame, 0x030300U | (unsigned)segment->window_scale, 3);
	if (segment->sack_permitted)
		put(frame, 0x0402, 2);
	if (segment->timestamps) {
		put(frame, 0x080a, 2);
		put(frame, segment->tsval, 4);
		put(frame, segment->tsecr, 4);
	}
	while (frame->length % 4 || frame->length + 20 < segment->header)
		put(frame, 1, 1);
}

static void put_tcp(struct frame_bytes *frame, const struct segment *segment,
		    const struct frame_bytes *options)
{
	put(frame, segment->source_port, 2);
	put(frame, segment->destination_port, 2);
	put(frame, segment->seq, 4);
	put(frame, segment->ack, 4);
	put(frame, (20 + options->length) / 4 << 4 | segment->reserved, 1);
	put(frame, segment->flags, 1);
	put(frame, segment->window, 2);
	put(frame, 0, 4);
	put_bytes(frame, options->at, options->length);
	if (segment->length < sizeof(frame->at) - frame->length)
		frame->length += segment->length;
}

struct frame_bytes frame_of(const struct event *event)
{
	const struct segment *segment = &event->segment;
	struct frame_bytes options = { .length = 0 }, frame = { .length = 0 };
	uint64_t client = 0xc0000201, server = 0xc0000202;

	put_options(&options, segment);
	put_bytes(&frame, host_hardware(other(event->from)), 6);
	put_bytes(&frame, host_hardware(event->from), 6);
	put(&frame, 0x080045, 3);
	put(&frame, segment->tos, 1);
	put(&frame, 40 + options.length + segment->length, 2);
	put(&frame, 0, 4);
	put(&frame, segment->ttl, 1);
	put(&frame, 0x060000, 3);
	put(&frame, event->from == CLIENT ? client : server, 4);
	put(&frame, event->from == CLIENT ? server : client, 4);
	put_tcp(&frame, segment, &options);
	return frame;
}

bool capture_of_journal(const struct journal *journal, enum host host, const char *path)
{
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPSHOT,
							    PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *out = pcap_dump_open(dead, path);

	if (!out) {
		pcap_close(dead);
		return false;
	}
	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		if (event->kind != EVENT_PACKET || event->host != host)
			continue;
		struct frame_bytes frame = frame_of(event);
		struct pcap_pkthdr header = {
			.ts = { .tv_sec = 1735689600 + event->at / SEC(1),
				.tv_usec = event->at % SEC(1) },
			.caplen = (bpf_u_int32)frame.length,
			.len = (bpf_u_int32)frame.length,
		};

		pcap_dump((u_char *)out, &header, frame.at);
	}
	pcap_dump_close(out);
	pcap_close(dead);
	return true;
}
