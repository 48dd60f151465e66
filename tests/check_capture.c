/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_capture: pcapng files are what libpcap reads back and what the format says, block by
 * block; case.pcapng says of each segment what the journal knows; captures that are damaged or
 * from elsewhere are known by it. The captures of a recorded journal are made from its segments.
 */
#include "captures/draw/pcapng.h"    /* blocks, byte by byte */
#include "captures/draw/recording.h" /* a capture beside its journal */
#include "tests/loaded.h"
#include "tests/frames.h"
#include "tests/suite.h"

#include <pcap/pcap.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/check_capture.XXXXXX";

static char *in_folder(const char *name)
{
	return format("%s/%s", folder, name);
}

static void make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

/* Nothing but what was expected may be left. */
static void remove_folder(void)
{
	static const char *const names[] = { "client.pcap",  "server.pcap", "case.pcapng",
					     "ladder.txt",   "ladder.mmd",  "ladder.svg",
					     "counters.txt", "a.pcapng" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		autofree char *path = in_folder(names[i]);

		unlink(path);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}

/* ---- captures of a journal's segments ------------------------------------------------------ */

static void make_capture(const struct journal *journal, enum host host)
{
	autofree char *name = format("%s.pcap", host_name(host)), *path = in_folder(name);

	ck_assert(capture_of_journal(journal, host, path));
}

/* The journal of the case, with its captures in the folder. */
static struct journal *make_case(void)
{
	const char *source = getenv("top_srcdir");
	autofree char *path =
		format("%s/tests/journals/final_ack_that_meets_a_full_accept_queue_is_ignored-ipv4"
		       ".jsonl",
		       source ? source : ".");
	struct journal *journal = load_journal(path);

	make_folder();
	make_capture(journal, CLIENT);
	make_capture(journal, SERVER);
	return journal;
}

static int segments_of(const struct journal *journal, enum host host)
{
	int count = 0;

	for (size_t i = 0; i < journal_length(journal); i++)
		count += journal_event(journal, i)->kind == EVENT_PACKET &&
			 journal_event(journal, i)->host == host;
	return count;
}

/* ---- reading pcapng back ------------------------------------------------------------------- */

struct file {
	uint8_t *bytes;
	size_t length;
};

static struct file read_file(const char *name)
{
	enum { MOST = 1 << 20 };
	autofree char *path = in_folder(name);
	autofile FILE *in = fopen(path, "re");
	struct file file = { .bytes = must_alloc(MOST, 1) };

	ck_assert_ptr_nonnull(in);
	file.length = fread(file.bytes, 1, MOST, in);
	return file;
}

static uint32_t word_at(const struct file *file, size_t at)
{
	uint32_t word;

	ck_assert_uint_le(at + 4, file->length);
	memcpy(&word, file->bytes + at, 4);
	return word;
}

struct frame_read {
	uint32_t interface;
	uint64_t stamp;
	char comments[16][400];
	int comment_count;
};

struct reading {
	struct frame_read frames[200];
	int frame_count, interface_count, name_blocks;
	char section[8000], interface_names[4][20];
	int resolution[4];
};

struct option {
	int code;
	const char *value;
	int length;
};

static void take_option(struct reading *reading, uint32_t block, struct option option)
{
	struct frame_read *frame = &reading->frames[reading->frame_count];
	int interface = reading->interface_count;

	if (block == 0x0a0d0d0a && option.code == 1)
		snprintf(reading->section, sizeof(reading->section), "%.*s", option.length,
			 option.value);
	else if (block == 1 && option.code == 2)
		snprintf(reading->interface_names[interface], sizeof(reading->interface_names[0]),
			 "%.*s", option.length, option.value);
	else if (block == 1 && option.code == 9)
		reading->resolution[interface] = (unsigned char)*option.value;
	else if (block == 6 && option.code == 1)
		snprintf(frame->comments[frame->comment_count++], sizeof(frame->comments[0]),
			 "%.*s", option.length, option.value);
}

/* The end of the options is the end of the block; padding is zero. */
static void take_options(struct reading *reading, const struct file *file, size_t block, size_t at)
{
	size_t end = block + word_at(file, block + 4) - 4;

	for (;;) {
		uint32_t head = word_at(file, at), length = head >> 16;
		size_t padded = (length + 3) & ~3U;

		at += 4;
		if ((head & 0xffff) == 0)
			break;
		ck_assert_uint_lt(at + padded, end);
		for (size_t i = length; i < padded; i++)
			ck_assert_uint_eq(file->bytes[at + i], 0);
		take_option(reading, word_at(file, block),
			    (struct option){ .code = (int)(head & 0xffff),
					     .value = (const char *)file->bytes + at,
					     .length = (int)length });
		at += padded;
	}
	ck_assert_uint_eq(at, end);
}

static void take_block(struct reading *reading, const struct file *file, size_t at)
{
	struct frame_read *frame = &reading->frames[reading->frame_count];

	switch (word_at(file, at)) {
	case 0x0a0d0d0a:
		ck_assert_uint_eq(at, 0);
		ck_assert_uint_eq(word_at(file, at + 8), 0x1a2b3c4d);
		take_options(reading, file, at, at + 24);
		break;
	case 1:
		ck_assert_int_eq(reading->frame_count, 0);
		take_options(reading, file, at, at + 16);
		reading->interface_count++;
		break;
	case 4:
		reading->name_blocks++;
		break;
	default:
		ck_assert_uint_eq(word_at(file, at), 6);
		frame->interface = word_at(file, at + 8);
		frame->stamp = (uint64_t)word_at(file, at + 12) << 32 | word_at(file, at + 16);
		take_options(reading, file, at, at + 28 + ((word_at(file, at + 20) + 3) & ~3U));
		reading->frame_count++;
	}
}

/* The caller frees it. */
static struct reading *read_pcapng(const char *name)
{
	struct file file = read_file(name);
	struct reading *reading = must_alloc(1, sizeof(*reading));

	for (size_t at = 0, length; at < file.length; at += length) {
		length = word_at(&file, at + 4);
		ck_assert_uint_eq(length % 4, 0);
		ck_assert_uint_ge(length, 12);
		ck_assert_uint_eq(word_at(&file, at + length - 4), length);
		take_block(reading, &file, at);
	}
	free(file.bytes);
	return reading;
}

/* ---- the writer ---------------------------------------------------------------------------- */

static FILE *begin_file(void)
{
	autofree char *path = NULL;
	FILE *out;

	make_folder();
	path = in_folder("a.pcapng");
	out = fopen(path, "we");
	ck_assert_ptr_nonnull(out);
	pcapng_section(out, &(struct pcapng_section){ .comment = "s\303\244ction" });
	pcapng_interface(out, &(struct pcapng_interface){ .name = "one", .link_type = 1 });
	pcapng_interface(out, &(struct pcapng_interface){ .name = "two", .link_type = 1 });
	return out;
}

/* Frames of each length up to a few words, so that each padding is there. */
START_TEST(libpcap_reads_what_was_written)
{
	const uint64_t stamp = 1764063353123456789;
	uint8_t bytes[16];
	char why[PCAP_ERRBUF_SIZE];
	FILE *out = begin_file();
	autofree char *path = in_folder("a.pcapng");
	pcap_t *capture;
	struct pcap_pkthdr *header;
	const u_char *read;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	for (unsigned i = 0; i <= sizeof(bytes); i++)
		pcapng_packet(out, &(struct pcapng_packet){
					   .interface = i % 2,
					   .stamp = stamp + i,
					   .bytes = bytes,
					   .length = i,
					   .wire_length = i + 100,
					   .direction = OUTBOUND,
					   .comments = (const char *[]){ "a", "bb", "", NULL } });
	ck_assert_int_eq(fclose(out), 0);
	capture = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	ck_assert_msg(capture != NULL, "%s", why);
	for (unsigned i = 0; i <= sizeof(bytes); i++) {
		ck_assert_int_eq(pcap_next_ex(capture, &header, &read), 1);
		ck_assert_uint_eq(header->caplen, i);
		ck_assert_uint_eq(header->len, i + 100);
		ck_assert_uint_eq((uint64_t)header->ts.tv_sec * 1000000000 +
					  (uint64_t)header->ts.tv_usec,
				  stamp + i);
		ck_assert_int_eq(memcmp(read, bytes, i), 0);
	}
	ck_assert_int_eq(pcap_next_ex(capture, &header, &read), PCAP_ERROR_BREAK);
	pcap_close(capture);
	struct reading *reading = read_pcapng("a.pcapng");
	ck_assert_str_eq(reading->section, "s\303\244ction");
	ck_assert_str_eq(reading->frames[3].comments[1], "bb");
	ck_assert_int_eq(reading->frames[3].comment_count, 2); /* an empty one says nothing */
	ck_assert_uint_eq(reading->frames[3].interface, 1);
	free(reading);
	remove_folder();
}
END_TEST

/* The limit is between two characters, or within one: "x" shifts them. */
START_TEST(a_comment_that_is_too_long_is_cut_between_characters)
{
	enum { LENGTH = 70001 };
	bool shifted = _i == 1;
	autofree char *text = must_alloc(LENGTH + 1, 1);
	FILE *out = begin_file();
	struct file file;
	size_t at = 0;

	for (size_t i = 0; i < LENGTH; i++)
		text[i] = (i + shifted) % 2 ? '\244' : '\303';
	text[0] = shifted ? 'x' : text[0];
	pcapng_packet(out, &(struct pcapng_packet){ .bytes = (const uint8_t *)"",
						    .comments = (const char *[]){ text, NULL } });
	ck_assert_int_eq(fclose(out), 0);
	file = read_file("a.pcapng");
	while (word_at(&file, at) != 6)
		at += word_at(&file, at + 4);
	ck_assert_uint_eq(word_at(&file, at + 28), 1U | (shifted ? 65535U : 65534U) << 16);
	free(file.bytes);
	free(read_pcapng("a.pcapng"));
	remove_folder();
}
END_TEST

/* ---- case.pcapng --------------------------------------------------------------------------- */

static int frames_that_say(const struct reading *reading, const char *text)
{
	int count = 0;

	for (int i = 0; i < reading->frame_count; i++) {
		bool says = false;

		for (int j = 0; j < reading->frames[i].comment_count; j++)
			says |= strstr(reading->frames[i].comments[j], text) != NULL;
		count += says;
	}
	return count;
}

/* Three ACKs are ignored: each is seen at the server, and it is said where it was sent, too. */
static void check_fates(const struct reading *reading)
{
	ck_assert_int_eq(frames_that_say(reading, "ignored: accept queue 3/2, ListenOverflows +1, "
						  "ListenDrops +1"),
			 3);
	ck_assert_int_eq(frames_that_say(reading, "ignored by the server: accept queue 3/2, "), 3);
	ck_assert_int_eq(frames_that_say(reading, "ignored"), 6);
	ck_assert_int_eq(frames_that_say(reading, "held by the gate for "), 1);
	ck_assert_int_eq(frames_that_say(reading, "lost"), 0);
	ck_assert_int_eq(frames_that_say(reading, "TCPChallengeACK +1"), 2);
	ck_assert_int_eq(frames_that_say(reading, "later, without a segment, at "), 1);
	ck_assert_int_eq(frames_that_say(reading, "does not add up"), 0);
}

START_TEST(each_segment_says_what_became_of_it)
{
	struct journal *journal = make_case();
	struct reading *reading;

	artifacts_write(journal, folder);
	reading = read_pcapng("case.pcapng");
	ck_assert_int_eq(reading->interface_count, HOSTS);
	ck_assert_str_eq(reading->interface_names[CLIENT], "client");
	ck_assert_str_eq(reading->interface_names[SERVER], "server");
	ck_assert_int_eq(reading->resolution[CLIENT], 9);
	ck_assert_int_eq(reading->resolution[SERVER], 9);
	ck_assert_int_eq(reading->name_blocks, 1);
	ck_assert_ptr_nonnull(strstr(reading->section, "case: final_ack_that_meets"));
	ck_assert_ptr_nonnull(strstr(reading->section, "\nstep 1: "));
	ck_assert_int_eq(reading->frame_count,
			 segments_of(journal, CLIENT) + segments_of(journal, SERVER));
	check_fates(reading);
	for (int i = 0; i < reading->frame_count; i++) {
		const struct frame_read *frame = &reading->frames[i];

		ck_assert_int_ge(frame->comment_count, 3);
		ck_assert_ptr_nonnull(strstr(frame->comments[1], "SYN queue "));
		ck_assert_ptr_nonnull(strstr(frame->comments[2], "; step "));
		ck_assert(i == 0 || reading->frames[i - 1].stamp <= frame->stamp);
	}
	free(reading);
	journal_free(journal);
	remove_folder();
}
END_TEST

/* A counter that moved too far: the file says so, and says it of a segment. */
START_TEST(what_does_not_add_up_is_said_of_its_segment)
{
	struct journal *whole = make_case(), *changed = journal_new();
	struct reading *reading;
	long more = 0;

	for (size_t i = 0; i < journal_length(whole); i++) {
		struct event event = *journal_event(whole, i);

		if (event.kind == EVENT_COUNTER && strcmp(event.name, "ListenDrops") == 0) {
			event.delta += more == 0;
			event.value += more = 1;
		}
		journal_append(changed, &event);
	}
	artifacts_write(changed, folder);
	reading = read_pcapng("case.pcapng");
	ck_assert_ptr_nonnull(strstr(reading->section, "what does not add up: "));
	ck_assert_int_ge(frames_that_say(reading, "does not add up: "), 1);
	ck_assert_int_ge(frames_that_say(reading, "ListenDrops +2"), 2);
	free(reading);
	journal_free(changed);
	journal_free(whole);
	remove_folder();
}
END_TEST

/* ---- captures that are not whole, or not this case's --------------------------------------- */

static const size_t file_header = 24, packet_header = 16, syn = 74;

/* Makes client.pcap anew of @bytes. */
static void rewrite(const uint8_t *bytes, size_t length, size_t again)
{
	autofree char *path = in_folder("client.pcap");
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	fwrite(bytes, 1, length, file);
	fwrite(bytes + file_header, 1, again, file);
	ck_assert_int_eq(fclose(file), 0);
}

static void cut_at(size_t length)
{
	struct file file = read_file("client.pcap");

	rewrite(file.bytes, length, 0);
	free(file.bytes);
}

static void change_at(size_t at)
{
	struct file file = read_file("client.pcap");

	file.bytes[at] ^= 1;
	rewrite(file.bytes, file.length, 0);
	free(file.bytes);
}

static void lose(void)
{
	autofree char *path = in_folder("client.pcap");

	unlink(path);
}

static void cut_within_the_header(void)
{
	cut_at(file_header - 1);
}

static void cut_within_a_frame(void)
{
	cut_at(file_header + 2 * (packet_header + syn) - 5);
}

static void cut_behind_a_frame(void)
{
	cut_at(file_header + packet_header + syn);
}

static void change_the_magic(void)
{
	change_at(0);
}

static void change_a_sequence_number(void)
{
	change_at(file_header + packet_header + 14 + 20 + 7);
}

static void take_the_other_hosts(void)
{
	struct file file = read_file("server.pcap");

	file.bytes[file_header + packet_header + 14 + 20 + 7] ^= 1;
	rewrite(file.bytes, file.length, 0);
	free(file.bytes);
}

static void add_a_frame(void)
{
	struct file file = read_file("client.pcap");

	rewrite(file.bytes, file.length, packet_header + syn);
	free(file.bytes);
}

static const struct {
	void (*damage)(void);
	const char *told;
} damages[] = {
	{ lose, "cannot read" },
	{ cut_within_the_header, "malformed" },
	{ change_the_magic, "malformed" },
	{ cut_within_a_frame, "malformed after 1 segments" },
	{ cut_behind_a_frame, "ends after 1 segments, and the journal has more of the client" },
	{ change_a_sequence_number, "its segment 1 is another than that of event" },
	{ take_the_other_hosts, "is not the capture of this journal" },
	{ add_a_frame, "has more than the " },
};

/* One line names the file and the damage, and the other capture is read all the same. */
START_TEST(damage_is_told_and_what_is_left_is_read)
{
	struct journal *journal = make_case();
	struct recording *recording;
	autofree char *why = NULL;
	int of_server = 0;

	damages[_i].damage();
	recording = recording_load(journal, folder, &why);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, damages[_i].told) && strstr(why, "client.pcap") &&
			      !strchr(why, '\n'),
		      "%s", why);
	for (size_t i = 0; i < recording->count; i++)
		of_server += recording->frames[i].host == SERVER;
	ck_assert_int_eq(of_server, segments_of(journal, SERVER));
	recording_free(recording);
	journal_free(journal);
	remove_folder();
}
END_TEST

static TCase *new_tcase(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	suite_add_tcase(suite, tcase);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("capture");
	TCase *writer = new_tcase(suite, "writer"), *captures = new_tcase(suite, "captures");

	tcase_add_test(writer, libpcap_reads_what_was_written);
	tcase_add_loop_test(writer, a_comment_that_is_too_long_is_cut_between_characters, 0, 2);
	tcase_add_test(captures, each_segment_says_what_became_of_it);
	tcase_add_test(captures, what_does_not_add_up_is_said_of_its_segment);
	tcase_add_loop_test(captures, damage_is_told_and_what_is_left_is_read, 0,
			    (int)ARRAY_LENGTH(damages));
	return suite_run(suite);
}
