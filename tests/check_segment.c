/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_segment: what comes from outside is read without a step beyond its end: frames that are
 * whole, cut short, changed and random, in blocks of memory of exactly their size (so that the
 * sanitizers see every byte too far), and journals that are cut short or changed. CHECK_SAMPLE=N
 * makes only one of N random changes.
 */
#include "captures/draw/draw.h"
#include "tests/sample.h"
#include "tests/suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

/* ---- frames by hand ------------------------------------------------------------------------ */

struct bytes {
	uint8_t at[256];
	size_t length;
};

static void add(struct bytes *bytes, const void *more, size_t length)
{
	if (bytes->length + length > sizeof(bytes->at))
		ck_abort_msg("a frame that is too long for this test");
	memcpy(bytes->at + bytes->length, more, length);
	bytes->length += length;
}

static void add_number(struct bytes *bytes, uint64_t number, int size)
{
	for (int i = size - 1; i >= 0; i--)
		add(bytes, &(uint8_t){ (uint8_t)(number >> 8 * i) }, 1);
}

/* A frame, and what parse_frame() must say of it. */
struct sample {
	const char *name;
	uint16_t ethertype;
	int ip_options; /* bytes of them; IPv4 only */
	const char *options;
	size_t options_length;
	const char *payload;
	int padding; /* of Ethernet, behind the packet */
	struct parsed expected;
};

#define SYN_OPTIONS                                                                                \
	"\x02\x04\x05\xb4\x04\x02\x08\x0a\x01\x02\x03\x04\x00\x00\x00\x00\x01\x03\x03\x0a"
#define TIMESTAMPS    "\x01\x01\x08\x0a\xff\xff\xff\xfe\x80\x00\x00\x01"
#define UNKNOWN       "\xfe\x06\xf9\x89\x01\x02\x00\x55" /* 55: behind the end of the list */
#define OPTIONS(text) .options = (text), .options_length = sizeof(text) - 1

static const struct sample samples[] = {
	{ .name = "IPv4 SYN with every option",
	  .ethertype = 0x0800,
	  OPTIONS(SYN_OPTIONS),
	  .expected = { .family = AF_INET,
			.protocol = IPPROTO_TCP,
			.segment = { .ttl = 64,
				     .tos = 0x00,
				     .header = 40,
				     .reserved = 0,
				     .source_port = 40001,
				     .destination_port = 12345,
				     .seq = 0xfffffff0,
				     .flags = SYN,
				     .window = 64240,
				     .mss = 1460,
				     .window_scale = 10,
				     .sack_permitted = true,
				     .timestamps = true,
				     .tsval = 0x01020304 } } },
	{ .name = "IPv4 data with timestamps and padding",
	  .ethertype = 0x0800,
	  OPTIONS(TIMESTAMPS),
	  .payload = "HELLO",
	  .padding = 9,
	  .expected = { .family = AF_INET,
			.protocol = IPPROTO_TCP,
			.segment = { .ttl = 255,
				     .tos = 0xb8,
				     .header = 32,
				     .reserved = 0,
				     .source_port = 12345,
				     .destination_port = 40001,
				     .seq = 1,
				     .ack = 0x80000000,
				     .flags = PSH | ACK,
				     .length = 5,
				     .mss = -1,
				     .window_scale = -1,
				     .timestamps = true,
				     .tsval = 0xfffffffe,
				     .tsecr = 0x80000001 } } },
	{ .name = "IPv4 with options of its own",
	  .ethertype = 0x0800,
	  .ip_options = 8,
	  .expected = { .family = AF_INET,
			.protocol = IPPROTO_TCP,
			.segment = { .ttl = 1,
				     .tos = 0x02,
				     .header = 20,
				     .reserved = 15,
				     .source_port = 65535,
				     .destination_port = 1,
				     .flags = RST,
				     .mss = -1,
				     .window_scale = -1 } } },
	{ .name = "IPv6 SYN-ACK with an unknown option",
	  .ethertype = 0x86dd,
	  OPTIONS(UNKNOWN),
	  .expected = { .family = AF_INET6,
			.protocol = IPPROTO_TCP,
			.segment = { .ttl = 64,
				     .tos = 0xff,
				     .header = 28,
				     .reserved = 1,
				     .source_port = 12345,
				     .destination_port = 40001,
				     .seq = 7,
				     .ack = 8,
				     .flags = SYN | ACK | ECE,
				     .window = 1,
				     .mss = -1,
				     .window_scale = -1 } } },
	{ .name = "IPv6 data",
	  .ethertype = 0x86dd,
	  .payload = "a longer piece of data",
	  .padding = 1,
	  .expected = { .family = AF_INET6,
			.protocol = IPPROTO_TCP,
			.segment = { .ttl = 0,
				     .tos = 0x10,
				     .header = 20,
				     .reserved = 0,
				     .source_port = 1,
				     .destination_port = 2,
				     .flags = ACK | FIN | URG,
				     .window = 65535,
				     .length = 22,
				     .mss = -1,
				     .window_scale = -1 } } },
};

static void add_tcp(struct bytes *frame, const struct sample *sample)
{
	const struct segment *segment = &sample->expected.segment;

	add_number(frame, segment->source_port, 2);
	add_number(frame, segment->destination_port, 2);
	add_number(frame, segment->seq, 4);
	add_number(frame, segment->ack, 4);
	add_number(frame, (20 + sample->options_length) / 4 << 4 | segment->reserved, 1);
	add_number(frame, segment->flags, 1);
	add_number(frame, segment->window, 2);
	add_number(frame, 0, 4); /* checksum, urgent pointer */
	if (sample->options_length)
		add(frame, sample->options, sample->options_length);
	if (sample->payload)
		add(frame, sample->payload, strlen(sample->payload));
}

static void add_ip(struct bytes *frame, const struct sample *sample)
{
	const struct segment *segment = &sample->expected.segment;
	bool ipv6 = sample->ethertype == 0x86dd;
	size_t tcp = 20 + sample->options_length + (sample->payload ? strlen(sample->payload) : 0);
	size_t header = 20 + (size_t)sample->ip_options;

	if (ipv6) {
		add_number(frame, 0x60000000u | (unsigned)segment->tos << 20, 4);
		add_number(frame, tcp, 2);
		add_number(frame, IPPROTO_TCP << 8 | segment->ttl, 2);
	} else {
		add_number(frame, 0x40 | header / 4, 1);
		add_number(frame, segment->tos, 1);
		add_number(frame, header + tcp, 2);
		add_number(frame, 0x4000, 4); /* identification, don't fragment */
		add_number(frame, (unsigned)segment->ttl << 8 | IPPROTO_TCP, 2);
		add_number(frame, 0, 2);
	}
	for (int i = 0; i < (ipv6 ? 32 : 8); i++)
		add_number(frame, (unsigned)i + 1, 1);
	for (int i = 0; i < sample->ip_options; i++)
		add_number(frame, 1, 1);
}

static struct bytes frame_of(const struct sample *sample)
{
	struct bytes frame = { .length = 0 };

	add(&frame, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01", 12);
	add_number(&frame, sample->ethertype, 2);
	add_ip(&frame, sample);
	add_tcp(&frame, sample);
	for (int i = 0; i < sample->padding; i++)
		add_number(&frame, 0xaa, 1);
	return frame;
}

/* Parses a copy in a block of exactly its size. A check that holds costs a system call each. */
static int parse_exactly(const uint8_t *bytes, size_t length, struct parsed *parsed)
{
	uint8_t *copy = malloc(length ? length : 1);
	int result;

	if (!copy)
		ck_abort_msg("no memory");
	if (length)
		memcpy(copy, bytes, length);
	result = parse_frame(length ? copy : copy + 1, length, parsed);
	free(copy);
	if ((result != 0 && result != -1) || (result == 0 && parsed->segment.length > length))
		ck_abort_msg("parse_frame() returned %d, and a payload of %u bytes of %zu", result,
			     parsed->segment.length, length);
	return result;
}

/* ---- frames: whole ------------------------------------------------------------------------- */

static void assert_segments_equal(const struct segment *seen, const struct segment *expected)
{
	ck_assert_uint_eq(seen->source_port, expected->source_port);
	ck_assert_uint_eq(seen->destination_port, expected->destination_port);
	ck_assert_uint_eq(seen->seq, expected->seq);
	ck_assert_uint_eq(seen->ack, expected->ack);
	ck_assert_uint_eq(seen->flags, expected->flags);
	ck_assert_uint_eq(seen->window, expected->window);
	ck_assert_uint_eq(seen->length, expected->length);
	ck_assert_uint_eq(seen->ttl, expected->ttl);
	ck_assert_uint_eq(seen->tos, expected->tos);
	ck_assert_uint_eq(seen->header, expected->header);
	ck_assert_uint_eq(seen->reserved, expected->reserved);
	ck_assert_int_eq(seen->mss, expected->mss);
	ck_assert_int_eq(seen->window_scale, expected->window_scale);
	ck_assert_int_eq(seen->sack_permitted, expected->sack_permitted);
	ck_assert_int_eq(seen->timestamps, expected->timestamps);
	ck_assert_uint_eq(seen->tsval, expected->tsval);
	ck_assert_uint_eq(seen->tsecr, expected->tsecr);
}

START_TEST(every_field_of_a_frame_is_read)
{
	const struct sample *sample = &samples[_i];
	struct bytes frame = frame_of(sample);
	size_t address = sample->expected.family == AF_INET6 ? 16 : 4;
	struct parsed parsed;

	ck_assert_msg(parse_exactly(frame.at, frame.length, &parsed) == 0, "%s", sample->name);
	ck_assert_int_eq(parsed.family, sample->expected.family);
	ck_assert_int_eq(parsed.protocol, sample->expected.protocol);
	ck_assert(!parsed.sentinel);
	for (size_t i = 0; i < address; i++) {
		ck_assert_uint_eq(parsed.source[i], i + 1);
		ck_assert_uint_eq(parsed.destination[i], address + i + 1);
	}
	assert_segments_equal(&parsed.segment, &sample->expected.segment);
}
END_TEST

START_TEST(sentinel_is_known_by_its_mark)
{
	struct bytes frame = { .length = 0 };
	struct parsed parsed;

	add_number(&frame, 0, 6);
	add_number(&frame, 0, 6);
	add_number(&frame, 0x88b5, 2);
	add_number(&frame, 0x68616c666f70656e, 8);
	ck_assert_int_eq(parse_exactly(frame.at, frame.length, &parsed), 0);
	ck_assert(parsed.sentinel);
	ck_assert_uint_eq(parsed.mark, 0x68616c666f70656e);
	ck_assert_int_eq(parsed.family, 0);
	for (size_t length = 0; length < frame.length; length++)
		ck_assert_int_eq(parse_exactly(frame.at, length, &parsed), -1);
}
END_TEST

START_TEST(what_is_not_tcp_is_told_apart)
{
	struct bytes frame = frame_of(&samples[_i]);
	bool ipv6 = samples[_i].ethertype == 0x86dd;
	struct parsed parsed;

	frame.at[14 + (ipv6 ? 6 : 9)] = IPPROTO_UDP;
	ck_assert_int_eq(parse_exactly(frame.at, frame.length, &parsed), 0);
	ck_assert_int_eq(parsed.protocol, IPPROTO_UDP);
	ck_assert_uint_eq(parsed.segment.source_port, 0);
	frame.at[12] = 0x08;
	frame.at[13] = 0x06; /* ARP */
	ck_assert_int_eq(parse_exactly(frame.at, frame.length, &parsed), 0);
	ck_assert_int_eq(parsed.family, 0);
	ck_assert_int_eq(parsed.protocol, 0);
}
END_TEST

START_TEST(a_later_fragment_is_no_segment)
{
	struct bytes frame = frame_of(&samples[0]);
	struct parsed parsed;

	frame.at[14 + 7] = 1;
	ck_assert_int_eq(parse_exactly(frame.at, frame.length, &parsed), -1);
}
END_TEST

/* ---- frames: broken ------------------------------------------------------------------------ */

START_TEST(a_frame_cut_short_is_refused)
{
	const struct sample *sample = &samples[_i];
	struct bytes frame = frame_of(sample);
	struct parsed parsed;

	for (size_t length = 0; length <= frame.length; length++) {
		bool whole = length >= frame.length - (size_t)sample->padding;

		ck_assert_msg(parse_exactly(frame.at, length, &parsed) == (whole ? 0 : -1),
			      "%s, %zu bytes of %zu", sample->name, length, frame.length);
	}
}
END_TEST

START_TEST(a_frame_with_any_byte_changed_is_read_or_refused)
{
	struct bytes frame = frame_of(&samples[_i]);
	struct parsed parsed;

	for (size_t i = 0; i < frame.length; i++)
		for (int change = 1; change < 256; change++) {
			frame.at[i] ^= (uint8_t)change;
			parse_exactly(frame.at, frame.length, &parsed);
			frame.at[i] ^= (uint8_t)change;
		}
}
END_TEST

/* xorshift64: the same numbers every time. */
static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* All random; or random behind the EtherType of IP, or behind the whole IP header of a sample. */
static struct bytes random_bytes(const struct bytes *frames, int how)
{
	struct bytes bytes = frames[next_random() % ARRAY_LENGTH(samples)];
	size_t kept = how == 0 ? 0 : how == 1 ? 14 : bytes.at[12] == 0x08 ? 34 : 54;

	bytes.length = next_random() % 201;
	for (size_t i = kept; i < bytes.length; i++)
		bytes.at[i] = (uint8_t)next_random();
	if (how == 2 && bytes.length > kept) { /* and lengths that agree */
		size_t packet = bytes.length - 14;

		bytes.at[kept == 34 ? 17 : 19] = (uint8_t)(kept == 34 ? packet : packet - 40);
	}
	return bytes;
}

START_TEST(random_bytes_are_read_or_refused)
{
	struct bytes frames[ARRAY_LENGTH(samples)];
	struct parsed parsed;
	long tries = 200000 / check_sample(), read = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(samples); i++)
		frames[i] = frame_of(&samples[i]);
	random_state = 0x68616c666f70656e;
	for (long i = 0; i < tries; i++) {
		struct bytes bytes = random_bytes(frames, (int)(i % 3));

		read += parse_exactly(bytes.at, bytes.length, &parsed) == 0;
	}
	/* both ways were gone, many times */
	ck_assert_int_gt(read, tries / 20);
	ck_assert_int_lt(read, tries - tries / 20);
}
END_TEST

/* ---- journals ------------------------------------------------------------------------------ */

static const char *const ladder[] = { "-  >  SYN  SYN_SENT / -", NULL };
static const struct event one_of_each[] = {
	{ .kind = EVENT_BEGIN,
	  .at = 1,
	  .name = "a case",
	  .object = "ipv4",
	  .delta = 100,
	  .format = ARTIFACTS_FORMAT },
	{ .kind = EVENT_SETTING, .at = 1, .host = SERVER, .name = "MTU", .value = 1500 },
	{ .kind = EVENT_LISTENER, .at = 2, .name = "server", .listener = 80 },
	{ .kind = EVENT_CALL,
	  .at = 3,
	  .host = SERVER,
	  .name = "listen",
	  .object = "server",
	  .listener = 80,
	  .limit = 1,
	  .want = "0",
	  .began = 2 },
	{ .kind = EVENT_QUEUE, .at = 4, .listener = 80, .limit = 1 },
	{ .kind = EVENT_SAMPLE, .at = 4 },
	{ .kind = EVENT_STEP, .at = 5, .name = "a step" },
	{ .kind = EVENT_COVERS, .at = 5, .name = "P-104 X-21" },
	{ .kind = EVENT_FLOW, .at = 6, .flow = 1, .name = "client", .listener = 80 },
	{ .kind = EVENT_PACKET,
	  .at = 7,
	  .flow = 1,
	  .packet = 1,
	  .segment = { .source_port = 1,
		       .destination_port = 80,
		       .seq = 9,
		       .flags = SYN,
		       .mss = 1460,
		       .window_scale = -1 } },
	{ .kind = EVENT_SOCKET,
	  .at = 8,
	  .flow = 1,
	  .packet = 1,
	  .cookie = 0xffffffffffff,
	  .state = SYN_SENT },
	{ .kind = EVENT_COUNTER,
	  .at = 8,
	  .packet = 1,
	  .name = "Tcp.ActiveOpens",
	  .delta = 1,
	  .value = 1 },
	{ .kind = EVENT_COUNTER,
	  .at = 8,
	  .packet = 1,
	  .name = "Tcp.OutSegs",
	  .delta = 1,
	  .value = 1 },
	{ .kind = EVENT_SAMPLE, .at = 8, .packet = 1 },
	{ .kind = EVENT_GATE, .at = 9, .packet = 1, .name = "dropped" },
	{ .kind = EVENT_EXPECT, .at = 10, .name = "ladder", .flow = 1, .lines = ladder },
	{ .kind = EVENT_WAIT, .at = 11, .name = "nothing", .result = 1, .began = 10 },
	{ .kind = EVENT_FLOOD, .at = 12, .host = SERVER, .name = "SYNs", .value = 3 },
	{ .kind = EVENT_INFO,
	  .at = 13,
	  .flow = 1,
	  .object = "client",
	  .agreement = { .mss = 1448,
			 .advertised_mss = 1448,
			 .window_scale = -1,
			 .peer_window_scale = -1,
			 .timestamps = true } },
	{ .kind = EVENT_END, .at = 14 },
};

/* One event of every kind, as text; the caller frees it. */
static char *small_journal(void)
{
	struct journal *journal = journal_new();
	struct text text = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(one_of_each); i++) {
		autofree char *line = event_to_json(journal_append(journal, &one_of_each[i]));

		text_add(&text, "%s\n", line);
	}
	journal_free(journal);
	return text_take(&text);
}

/* A file in memory that journal_load() can open by its path. */
struct file {
	int fd;
	char path[64];
};

static struct file open_file(void)
{
	struct file file = { .fd = memfd_create("journal", MFD_CLOEXEC) };

	ck_assert_int_ge(file.fd, 0);
	snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
	return file;
}

static void write_file(const struct file *file, const char *text, size_t length)
{
	ck_assert_int_eq(ftruncate(file->fd, 0), 0);
	ck_assert_int_eq(pwrite(file->fd, text, length, 0), (ssize_t)length);
}

/* Judges what could be read: nothing that a file says may break the judge. */
static void judge_and_free(struct journal *journal)
{
	struct judge *judge = judge_new();

	judge_journal(judge, journal);
	judge_report(judge);
	for (int flow = 1; flow <= judge_flows(judge); flow++)
		for (int stable = 0; stable < 2; stable++)
			ladder_free(ladder_lines(judge, flow,
						 (struct ladder_form){ .stable = stable == 1 }));
	judge_free(judge);
	journal_free(journal);
}

/* Returns whether it is a journal; if not, why must name the path and the line (0: any). */
static bool load(const struct file *file, int line)
{
	autofree char *why = NULL;
	struct journal *journal = journal_load(file->path, &why);
	size_t path = strlen(file->path);

	if (journal) {
		ck_assert_ptr_null(why);
		judge_and_free(journal);
		return true;
	}
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strncmp(why, file->path, path) == 0 && !strchr(why, '\n'), "%s", why);
	if (line)
		ck_assert_msg(why[path] == ':' && atoi(why + path + 1) == line, "%s", why);
	return false;
}

START_TEST(a_journal_cut_short_is_refused_by_its_line)
{
	autofree char *text = small_journal();
	struct file file = open_file();
	int lines = 0;

	for (size_t length = 0; text[length]; length++) {
		bool begun = length > 0 && text[length - 1] != '\n';
		bool whole = text[length] == '\n'; /* its newline may be missing */

		write_file(&file, text, length);
		ck_assert_int_eq(load(&file, begun && !whole ? lines + 1 : 0),
				 length > 0 && (!begun || whole));
		lines += text[length] == '\n';
	}
	close(file.fd);
}
END_TEST

/* Line by line, so that all kinds of events are hit alike. */
START_TEST(a_journal_changed_at_random_is_read_or_refused)
{
	autofree char *text = small_journal();
	size_t length = strlen(text);
	struct file file = open_file();
	long tries = 20000 / check_sample(), read = 0;

	random_state = 0x6a6f75726e616c21;
	for (long i = 0; i < tries; i++) {
		autofree char *changed = format("%s", text);

		for (uint64_t k = next_random() % 3 + 1; k > 0; k--) {
			size_t at = next_random() % length;
			static const char likely[] = "0123456789-.,:\"{}[]aeltn";

			changed[at] = next_random() & 1
					      ? (char)(changed[at] ^ 1 << next_random() % 8)
					      : likely[next_random() % (sizeof(likely) - 1)];
		}
		write_file(&file, changed, length);
		read += load(&file, 0);
	}
	ck_assert_int_gt(read, tries / 200);
	close(file.fd);
}
END_TEST

START_TEST(a_journal_without_one_field_is_read_or_refused)
{
	autofree char *text = small_journal();
	struct file file = open_file();

	for (char *comma = strchr(text, ','); comma; comma = strchr(comma + 1, ',')) {
		size_t before = (size_t)(comma - text), field = strcspn(comma + 1, ",}[\n") + 1;
		autofree char *without = format("%.*s%s", (int)before, text, text + before + field);

		write_file(&file, without, strlen(without));
		load(&file, 0);
	}
	close(file.fd);
}
END_TEST

START_TEST(a_journal_of_nonsense_is_refused_by_its_line)
{
	static const char *const nonsense[] = {
		"\n",
		"nonsense\n",
		"[]\n",
		"17\n",
		"{}\n",
		"{\"seq\":1}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"party\"}\n",
		"{\"seq\":2,\"t\":1,\"event\":\"sample\"}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"sample\",\"event\":\"end\"}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"counter\"}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"step\",\"name\":7}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"socket\",\"state\":\"DANCING\"}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"packet\",\"flags\":256}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"packet\",\"window\":-1}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"packet\",\"sequence\":4294967296}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"expect\",\"name\":\"ladder\",\"lines\":{}}\n",
		"{\"seq\":1,\"t\":1,\"event\":\"expect\",\"name\":\"ladder\",\"lines\":[1]}\n",
		"{\"seq\":1,\"t\":99999999999999999999,\"event\":\"sample\"}\n",
		"\xff\xfe\n",
	};
	struct file file = open_file();

	write_file(&file, nonsense[_i], strlen(nonsense[_i]));
	ck_assert(!load(&file, 1));
	close(file.fd);
}
END_TEST

/* What comes before the damage is there, and no more. */
START_TEST(a_journal_cut_short_is_read_as_far_as_it_goes)
{
	autofree char *text = small_journal();
	struct file file = open_file();
	size_t lines = 0;

	for (size_t length = 0; text[length]; length++) {
		bool begun = length > 0 && text[length - 1] != '\n', whole = text[length] == '\n';
		autofree char *why = NULL;
		struct journal *journal;

		write_file(&file, text, length);
		journal = journal_salvage(file.path, &why);
		ck_assert_uint_eq(journal ? journal_length(journal) : 0, lines + (begun && whole));
		ck_assert_int_eq(why != NULL, length == 0 || (begun && !whole));
		if (journal)
			judge_and_free(journal);
		lines += whole;
	}
	close(file.fd);
}
END_TEST

START_TEST(a_journal_of_another_format_is_said_so_and_read)
{
	autofree char *text = small_journal(), *why = NULL;
	char *digit = strstr(text, "\"format\":");
	struct file file = open_file();
	struct journal *journal;

	ck_assert_ptr_nonnull(digit);
	digit[strlen("\"format\":")] = '7';
	write_file(&file, text, strlen(text));
	ck_assert(!load(&file, 0));
	journal = journal_salvage(file.path, &why);
	ck_assert_ptr_nonnull(strstr(why, "another version of halfopen: it has format 7"));
	ck_assert_uint_eq(journal_length(journal), ARRAY_LENGTH(one_of_each));
	judge_and_free(journal);
	close(file.fd);
}
END_TEST

START_TEST(a_journal_that_is_not_there_is_said_so)
{
	autofree char *why = NULL;

	ck_assert_ptr_null(journal_load("/nowhere/journal.jsonl", &why));
	ck_assert_ptr_nonnull(why);
	ck_assert_ptr_nonnull(strstr(why, "/nowhere/journal.jsonl"));
	ck_assert_ptr_nonnull(strstr(why, strerror(ENOENT)));
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
	Suite *suite = suite_create("segment");
	TCase *frames = new_tcase(suite, "frames"), *journals = new_tcase(suite, "journals");
	int count = (int)ARRAY_LENGTH(samples);

	tcase_add_loop_test(frames, every_field_of_a_frame_is_read, 0, count);
	tcase_add_test(frames, sentinel_is_known_by_its_mark);
	tcase_add_loop_test(frames, what_is_not_tcp_is_told_apart, 0, count);
	tcase_add_test(frames, a_later_fragment_is_no_segment);
	tcase_add_loop_test(frames, a_frame_cut_short_is_refused, 0, count);
	tcase_add_loop_test(frames, a_frame_with_any_byte_changed_is_read_or_refused, 0, count);
	tcase_add_test(frames, random_bytes_are_read_or_refused);
	tcase_add_test(journals, a_journal_cut_short_is_refused_by_its_line);
	tcase_add_test(journals, a_journal_changed_at_random_is_read_or_refused);
	tcase_add_test(journals, a_journal_without_one_field_is_read_or_refused);
	tcase_add_loop_test(journals, a_journal_of_nonsense_is_refused_by_its_line, 0, 19);
	tcase_add_test(journals, a_journal_cut_short_is_read_as_far_as_it_goes);
	tcase_add_test(journals, a_journal_of_another_format_is_said_so_and_read);
	tcase_add_test(journals, a_journal_that_is_not_there_is_said_so);
	return suite_run(suite);
}
