/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seeds: what the drivers that read binary files begin with, made of recorded journals, and of a
 * kernel of a few bytes: seeds JOURNALS CORPUS. Two runs write the same files.
 */
#include "captures/draw/annotate.h" /* writes captures */
#include "tests/frames.h"
#include "tests/mutations.h"
#include "tests/tiny_kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char *journals, *corpus;

static void keep(const char *driver, const char *name, const struct bytes *bytes)
{
	autofree char *folder = format("%s/%s", corpus, driver);
	autofree char *path = format("%s/%s", folder, name);
	autofile FILE *file = make_path(folder) ? fopen(path, "we") : NULL;

	if (!file || fwrite(bytes->data, 1, bytes->size, file) != bytes->size)
		broken("cannot write %s: %s", path, strerror(errno));
}

/* ---- of journals --------------------------------------------------------------------------- */

static struct journal *load(const char *name, size_t events)
{
	autofree char *path = format("%s/%s.jsonl", journals, name);
	char *why = NULL;
	struct journal *whole = journal_load(path, &why), *part = journal_new();

	if (!whole)
		broken("%s", why);
	for (size_t i = 0; i < journal_length(whole) && i < events; i++)
		journal_append(part, journal_event(whole, i));
	journal_free(whole);
	return part;
}

static void keep_frames(const char *name)
{
	struct journal *journal = load(name, 500);
	int frames = 0;

	for (size_t i = 0; i < journal_length(journal) && frames < 12; i++) {
		const struct event *event = journal_event(journal, i);
		autobytes struct bytes bytes = { 0 };

		if (event->kind != EVENT_PACKET)
			continue;
		autofree char *file = format("%.12s-%d", name, ++frames);
		struct frame_bytes frame = frame_of(event);
		uint8_t length = (uint8_t)frame.length;
		add_bytes(&bytes, &length, 1);
		add_bytes(&bytes, frame.at, frame.length);
		add_bytes(&bytes, frame.at, frame.length);
		keep("segment", file, &bytes);
	}
	journal_free(journal);
}

#define HARDWARE             "\2\0\0\0\0\2\2\0\0\0\0\1"
#define ADDRESSES_IPV4       "\300\0\2\1\300\0\2\2"
#define ADDRESS_IPV6(number) " \1\r\270\0\0\0\0\0\0\0\0\0\0\0" number
#define ADDRESSES_IPV6       ADDRESS_IPV6("\1") ADDRESS_IPV6("\2")
#define TOO_BIG_FOR_1300     "\0\0\0\0\5\24"
#define PORTS_AND_SEQ        "\300\120\0\120\0\1\2\3"

/* What a path says of a SYN that is too long for it: the frames of a journal are of TCP alone. */
static void keep_icmp(void)
{
	static const char ipv4[] =
		HARDWARE "\10\0E\0\0\70\0\0\0\0@\1\0\0" ADDRESSES_IPV4 "\3\4" TOO_BIG_FOR_1300
			 "E\0\0\50\0\0\0\0@\6\0\0" ADDRESSES_IPV4 PORTS_AND_SEQ;
	static const char ipv6[] =
		HARDWARE "\206\335`\0\0\0\0\70:@" ADDRESSES_IPV6 "\2\0" TOO_BIG_FOR_1300
			 "`\0\0\0\0\24\6@" ADDRESSES_IPV6 PORTS_AND_SEQ;
	autobytes struct bytes both = { 0 };

	add_bytes(&both, &(uint8_t){ sizeof(ipv4) - 1 }, 1);
	add_bytes(&both, ipv4, sizeof(ipv4) - 1);
	add_bytes(&both, ipv6, sizeof(ipv6) - 1);
	keep("segment", "icmp", &both);
}

static char *in_memory(const char *name)
{
	return format("/dev/shm/seeds-%d-%s", getpid(), name);
}

static void keep_capture(const char *name, uint8_t how)
{
	struct journal *journal = load(name, 120);
	autofree char *path = in_memory("pcap"), *file = format("%.12s-%u", name, how);
	autobytes struct bytes capture = { 0 }, bytes = { 0 };

	if (!capture_of_journal(journal, CLIENT, path) || !bytes_read(&capture, path))
		broken("cannot write %s: %s", path, strerror(errno));
	unlink(path);
	add_bytes(&bytes, &how, 1);
	add_bytes(&bytes, capture.data, capture.size);
	keep("capture", file, &bytes);
	journal_free(journal);
}

/* A case.pcapng is a capture too. */
static void keep_annotated(const char *name)
{
	struct journal *journal = load(name, 60);
	struct story *story = story_of(journal);
	struct recording nothing = { 0 };
	autofree char *text = NULL, *file = format("%.12s-annotated", name);
	size_t length;
	FILE *out = open_memstream(&text, &length);
	autobytes struct bytes bytes = { 0 };

	capture_write(&(struct annotated){ journal, story, &nothing, "a test" }, out);
	fclose(out);
	add_words(&bytes, "\b");
	add_bytes(&bytes, text, length);
	keep("capture", file, &bytes);
	story_free(story);
	journal_free(journal);
}

/* ---- false journals ------------------------------------------------------------------------ */

/* A journal in the making, as far as the judge goes along, and a little further. */
struct telling {
	struct bytes lines;
	struct judge *judge;
	long seq;
	int behind; /* events since the judge found something */
};
enum { MOST_BEHIND = 3 };

/* False when it is enough. The number of a line is left out: the driver gives it. */
static bool tell(struct telling *telling, const struct event *event)
{
	struct event told = *event;
	autofree char *line = NULL;

	told.seq = ++telling->seq;
	line = event_to_json(&told);
	add_words(&telling->lines, "{");
	add_words(&telling->lines, strchr(line, ',') + 1);
	add_words(&telling->lines, "\n");
	telling->behind += judge_event(telling->judge, &told) != NULL;
	return telling->behind <= MOST_BEHIND;
}

static void keep_mutation(const struct place *place, const struct kind *kind,
			  const struct mutation *mutation)
{
	struct telling telling = { .judge = judge_new() };
	struct aftermath after = mutation->after;
	bool flood = strstr(journal_event(place->journal, 0)->name, "flood");
	autofree char *file = format("%s%s", kind->name, flood ? " in a flood" : "");
	bool more = true;

	for (char *c = file; *c; c++)
		*c = *c == ' ' || *c == '/' || *c == ',' ? '-' : *c;
	for (size_t i = 0; i < place->index; i++)
		tell(&telling, journal_event(place->journal, i));
	for (int i = 0; i < mutation->count; i++)
		more = tell(&telling, &mutation->events[i]);
	for (size_t i = place->index + 1; more && i < journal_length(place->journal); i++) {
		struct event event = *journal_event(place->journal, i);

		if (after_mutation(&after, &event))
			more = tell(&telling, &event);
	}
	keep("journal", file, &telling.lines);
	bytes_free(&telling.lines);
	judge_free(telling.judge);
}

/* The first way in which it fits into the journal. */
static bool keep_false_journal(const struct journal *journal, const struct kind *kind)
{
	struct judge *judge = judge_new();
	struct place place = { .journal = journal, .before = judge };
	struct mutation mutation = { .count = 0 };
	bool fits = false;

	for (; !fits && (place.event = journal_event(journal, place.index)); place.index++) {
		for (int way = 0; !fits && way < kind->ways; way++) {
			mutation = (struct mutation){ .count = 0 };
			fits = kind->make(&place, way, &mutation);
		}
		if (fits)
			keep_mutation(&place, kind, &mutation);
		judge_event(judge, place.event);
	}
	judge_free(judge);
	return fits;
}

/*
 * One for each way in which a journal can be false, of the first journal where it fits; and of a
 * flood, whose books are others.
 */
static void keep_false_journals(void)
{
	static const char *const names[] = {
		"deferred_connection_comes_up_with_its_data-ipv4",
		"syn_that_finds_the_accept_queue_full_gets_in_after_accept-ipv4",
		"final_ack_that_meets_a_full_accept_queue_is_reset-ipv4",
		"final_ack_that_meets_a_full_accept_queue_is_ignored-ipv4",
		"ignored_client_is_reset_once_its_request_has_expired-ipv4",
		"syns_beyond_the_full_queue_get_cookies_and_a_client_connects_through_one-ipv4",
	};
	struct journal *flood = load("flood_is_in_the_books-ipv4", 10000);
	bool kept[256] = { false };

	for (size_t kind = 0; kind < kind_count; kind++)
		keep_false_journal(flood, &kinds[kind]);
	journal_free(flood);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct journal *journal = load(names[i], 10000);

		for (size_t kind = 0; kind < kind_count; kind++)
			kept[kind] = kept[kind] || keep_false_journal(journal, &kinds[kind]);
		journal_free(journal);
	}
}

/* Numbered as fuzz_expectations.c does, from its first journal on. */
static void keep_expectations(const char *name)
{
	struct journal *journal = load(name, 10000);
	static int count;

	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);
		autobytes struct bytes bytes = { 0 };

		if (event->kind != EVENT_EXPECT)
			continue;
		autofree char *file = format("%s-%d", event->name, count);
		add_bytes(&bytes, &(uint8_t){ (uint8_t)count++ }, 1);
		add_words(&bytes, "-");
		for (size_t line = 0; event->lines && event->lines[line]; line++) {
			add_words(&bytes, event->lines[line]);
			add_words(&bytes, "\n");
		}
		keep("expectations", file, &bytes);
	}
	journal_free(journal);
}

/* ---- of a kernel --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*filter)(struct archive *);
} filters[] = {
	{ "gz", archive_write_add_filter_gzip },   { "xz", archive_write_add_filter_xz },
	{ "zst", archive_write_add_filter_zstd },  { "lz4", archive_write_add_filter_lz4 },
	{ "bz2", archive_write_add_filter_bzip2 }, { "lzma", archive_write_add_filter_lzma },
};

static void keep_images(void)
{
	autobytes struct bytes elf = tiny_vmlinux(XEN_PHYS32_ENTRY), other = tiny_vmlinux(1);

	keep("image", "vmlinux", &elf);
	keep("image", "vmlinux-without-pvh", &other);
	for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
		autobytes struct bytes image = tiny_bzimage(&elf, filters[i].filter);

		keep("image", filters[i].name, &image);
	}
}

static void keep_package(const char *name, char how, const struct bytes *bytes)
{
	autobytes struct bytes input = { 0 };

	add_bytes(&input, &how, 1);
	add_bytes(&input, bytes->data, bytes->size);
	keep("package", name, &input);
}

static void keep_debian(void)
{
	autobytes struct bytes package = tiny_package();

	keep_package("debian", 'd', &package);
}

static void keep_tars(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
		autobytes struct bytes tar = tiny_tar(filters[i].filter);

		keep_package(filters[i].name, 't', &tar);
	}
	autobytes struct bytes tar = tiny_tar(NULL);
	keep_package("tar", 't', &tar);
	keep_package("home", 'g', &tar);
}

static void keep_folder(void)
{
	autobytes struct bytes elf = tiny_vmlinux(XEN_PHYS32_ENTRY), all = { 0 };
	autobytes struct bytes image = tiny_bzimage(&elf, archive_write_add_filter_zstd);

	add_words(&all, "vmlinuz\n");
	add_bytes(&all, image.data, image.size);
	add_words(&all, "\n====\nmodules.builtin\n");
	add_words(&all, tiny_builtin);
	for (size_t i = 0; i < TINY_MODULES; i++) {
		const char *path;
		autobytes struct bytes object = tiny_module(i, &path);

		add_words(&all, "\n====\n");
		add_words(&all, path);
		add_words(&all, "\n");
		add_bytes(&all, object.data, object.size);
	}
	keep_package("folder", 'f', &all);
	keep_package("image", 'i', &image);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		broken("seeds JOURNALS CORPUS");
	journals = argv[1];
	corpus = argv[2];
	keep_frames("final_ack_that_meets_a_full_accept_queue_is_reset-ipv4");
	keep_frames(
		"syns_beyond_the_full_queue_get_cookies_and_a_client_connects_through_one-ipv4");
	keep_icmp();
	for (uint8_t how = 0; how < 16; how += 5)
		keep_capture("final_ack_that_meets_a_full_accept_queue_is_reset-ipv4", how);
	keep_capture("deferred_connection_comes_up_with_its_data-ipv4", 2);
	keep_annotated("deferred_connection_comes_up_with_its_data-ipv4");
	keep_expectations("ignored_client_gets_in_with_its_answer_to_the_next_syn_ack-ipv4");
	keep_expectations("syn_reopens_a_connection_in_time_wait_if_its_number_is_higher-ipv4");
	keep_false_journals();
	keep_images();
	keep_debian();
	keep_tars();
	keep_folder();
	return 0;
}
