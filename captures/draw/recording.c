/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The captures of a case, read back beside its journal. Both were written in the same order, so
 * the n-th segment of a host's capture is the n-th that its journal has of that host.
 */
#include "captures/draw/recording.h"

#include <pcap/pcap.h>
#include <errno.h>
#include <string.h>

struct reader {
	const struct journal *journal;
	struct recording *recording;
	enum host host;
	const char *path;
	size_t next; /* event of the journal to look at */
	size_t segments;
};

/* The journal's next segment, or ICMP error about one, at the host; NULL: there is none. */
static const struct event *next_segment(struct reader *reader)
{
	const struct event *event;

	while ((event = journal_event(reader->journal, reader->next))) {
		reader->next++;
		if (is_sighting(event) && event->host == reader->host)
			return event;
	}
	return NULL;
}

static bool is_of(const struct parsed *parsed, const struct event *event)
{
	const struct icmp_message *icmp = &parsed->icmp;

	if (icmp->quotes != (event->kind == EVENT_ICMP))
		return false;
	if (!icmp->quotes)
		return same_segment(&event->segment, &parsed->segment);
	return icmp->type == event->icmp.type && icmp->code == event->icmp.code &&
	       icmp->mtu == event->icmp.mtu && parsed->segment.seq == event->segment.seq;
}

static void add_frame(struct reader *reader, struct recorded_frame frame, const uint8_t *bytes)
{
	struct recording *recording = reader->recording;

	frame.host = reader->host;
	frame.outgoing = memcmp(bytes + 6, host_hardware(reader->host), 6) == 0;
	frame.place = recording->count;
	frame.bytes = must_alloc(frame.length, 1);
	memcpy(frame.bytes, bytes, frame.length);
	recording->frames = GROWN(recording->frames, recording->count);
	recording->frames[recording->count++] = frame;
}

/* Returns NULL, or why the frame is not one of the journal's. */
static char *take_frame(struct reader *reader, const struct pcap_pkthdr *header,
			const uint8_t *bytes)
{
	struct recorded_frame frame = {
		.stamp = (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec,
		.length = header->caplen,
		.wire_length = header->len,
	};
	struct parsed parsed;

	if (parse_frame(bytes, header->caplen, &parsed) < 0)
		return format("%s is damaged after segment %zu: a frame of %u bytes is no whole "
			      "packet",
			      reader->path, reader->segments, header->caplen);
	if (parsed.protocol == IPPROTO_TCP || parsed.icmp.quotes) {
		frame.event = next_segment(reader);
		if (!frame.event)
			return format("%s has more than the %zu segments that the journal has of "
				      "the %s",
				      reader->path, reader->segments, host_name(reader->host));
		if (!is_of(&parsed, frame.event))
			return format("%s is not the capture of this journal: its segment %zu is "
				      "another than that of event %ld",
				      reader->path, reader->segments + 1, frame.event->seq);
		reader->segments++;
	}
	add_frame(reader, frame, bytes);
	return NULL;
}

static char *take_frames(struct reader *reader, pcap_t *capture)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	char *why = NULL;
	int got;

	if (pcap_datalink(capture) != DLT_EN10MB)
		return format("%s is not the capture of this journal: its frames are not "
			      "Ethernet's",
			      reader->path);
	while (!why && (got = pcap_next_ex(capture, &header, &bytes)) == 1)
		why = take_frame(reader, header, bytes);
	if (!why && got != PCAP_ERROR_BREAK)
		why = format("%s is malformed after %zu segments: %s", reader->path,
			     reader->segments, pcap_geterr(capture));
	if (!why && next_segment(reader))
		why = format("%s ends after %zu segments, and the journal has more of the %s",
			     reader->path, reader->segments, host_name(reader->host));
	return why;
}

static char *read_capture(struct reader *reader)
{
	char refusal[PCAP_ERRBUF_SIZE] = "";
	FILE *file = open_to_read(reader->path);
	pcap_t *capture;
	char *why;

	if (!file)
		return format("cannot read %s: %s", reader->path, strerror(errno));
	capture =
		pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, refusal);
	if (!capture) {
		fclose(file);
		return format("%s is malformed: %s", reader->path, refusal);
	}
	why = take_frames(reader, capture);
	pcap_close(capture);
	return why;
}

static int by_time(const void *a, const void *b)
{
	const struct recorded_frame *left = a, *right = b;

	if (left->stamp != right->stamp)
		return left->stamp < right->stamp ? -1 : 1;
	if (left->outgoing != right->outgoing)
		return left->outgoing ? -1 : 1;
	return left->place < right->place ? -1 : 1;
}

struct recording *recording_load(const struct journal *journal, const char *folder, char **why)
{
	struct recording *recording = must_alloc(1, sizeof(*recording));

	*why = NULL;
	for (int host = 0; host < HOSTS; host++) {
		autofree char *path = format("%s/%s.pcap", folder, host_name((enum host)host));
		struct reader reader = { .journal = journal,
					 .recording = recording,
					 .host = (enum host)host,
					 .path = path };
		char *problem = read_capture(&reader);

		if (*why)
			free(problem);
		else
			*why = problem;
	}
	if (recording->count)
		qsort(recording->frames, recording->count, sizeof(*recording->frames), by_time);
	return recording;
}

void recording_free(struct recording *recording)
{
	for (size_t i = 0; i < recording->count; i++)
		free(recording->frames[i].bytes);
	free(recording->frames);
	free(recording);
}
