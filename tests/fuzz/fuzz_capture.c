/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture, of libpcap's or as pcapng, beside a journal that agrees with it, or not quite: it is
 * read as `show` reads it, and annotated. libpcap must be able to read what that has written.
 */
#include "captures/draw/annotate.h" /* the reader alone, without a folder of results */
#include "tests/fuzz/fuzz.h"

#include <pcap/pcap.h>
#include <string.h>

/* The first byte of an input: which of these are so. */
enum { LOSES_LAST = 1, CHANGES_ONE = 2, SERVER_TOO = 4, HAS_FLOW = 8 };

static pcap_t *open_capture(const char *path)
{
	char refusal[PCAP_ERRBUF_SIZE];

	return pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, refusal);
}

static void add_packets(struct journal *journal, enum host host, const char *path, uint8_t how)
{
	pcap_t *capture = open_capture(path);
	struct pcap_pkthdr *header;
	const u_char *bytes;
	long packet = 0;

	while (capture && pcap_next_ex(capture, &header, &bytes) == 1) {
		struct parsed parsed;

		if (parse_frame(bytes, header->caplen, &parsed) < 0)
			break;
		if (parsed.protocol != IPPROTO_TCP)
			continue;
		if (how & CHANGES_ONE && packet == 1)
			parsed.segment.seq++;
		packet++;
		journal_append(journal, &(struct event){ .at = MSEC(packet),
							 .kind = EVENT_PACKET,
							 .host = host,
							 .from = host,
							 .flow = how & HAS_FLOW ? 1 : 0,
							 .packet = packet,
							 .segment = parsed.segment });
	}
	if (capture)
		pcap_close(capture);
}

static struct journal *journal_of(uint8_t how)
{
	static const char *const about[] = { "case: a", "kernel: 6.0", NULL };
	autofree char *client = own_path("client.pcap"), *server = own_path("server.pcap");
	struct journal *journal = journal_new();

	journal_append(journal, &(struct event){ .kind = EVENT_BEGIN,
						 .name = "a",
						 .object = "ipv4",
						 .format = ARTIFACTS_FORMAT,
						 .lines = how & HAS_FLOW ? about : NULL });
	journal_append(journal,
		       &(struct event){ .kind = EVENT_LISTENER, .name = "server", .listener = 80 });
	journal_append(journal, &(struct event){ .kind = EVENT_FLOW,
						 .name = "client held",
						 .flow = 1,
						 .listener = 80 });
	add_packets(journal, CLIENT, client, how);
	journal_append(journal, &(struct event){ .kind = EVENT_STEP, .name = "the next step" });
	if (!(how & LOSES_LAST))
		add_packets(journal, SERVER, server, how);
	return journal;
}

static size_t frames_of(const char *path)
{
	pcap_t *capture = open_capture(path);
	struct pcap_pkthdr *header;
	const u_char *bytes;
	size_t count = 0;

	while (capture && pcap_next_ex(capture, &header, &bytes) == 1)
		count++;
	if (capture)
		pcap_close(capture);
	return count;
}

static void read_and_annotate(void *context)
{
	struct input input = *(struct input *)context, none = { 0 };
	uint8_t how = take_byte(&input);
	autofree char *path = own_path("case.pcapng");
	char *why = NULL;

	put_file("client.pcap", input);
	put_file("server.pcap", how & SERVER_TOO ? input : none);
	struct journal *journal = journal_of(how);
	struct story *story = story_of(journal);
	struct recording *recording = recording_load(journal, own_folder(), &why);
	FILE *out = fopen(path, "we");

	capture_write(&(struct annotated){ journal, story, recording, why }, out);
	fclose(out);
	if (frames_of(path) != recording->count)
		abort();
	recording_free(recording);
	story_free(story);
	journal_free(journal);
	free(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	attempt(read_and_annotate, &input);
	return 0;
}
