/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seeds: what the drivers that read binary files begin with, made of recorded journals, and of a
 * kernel of a few bytes: seeds JOURNALS CORPUS. Two runs write the same files.
 */
#include "captures/recording.h"
#include "tests/frames.h"
#include "vm/parts.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char *journals, *corpus;

/* Bytes in the making. */
static void add(struct bytes *bytes, const void *more, size_t size)
{
	bytes->data = must_realloc(bytes->data, bytes->size + size + 1, 1);
	if (size)
		memcpy(bytes->data + bytes->size, more, size);
	bytes->size += size;
}

static void add_text(struct bytes *bytes, const char *text)
{
	add(bytes, text, strlen(text));
}

static void add_bytes(struct bytes *bytes, const struct bytes *more)
{
	add(bytes, more->data, more->size);
}

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
		add(&bytes, &(uint8_t){ (uint8_t)frame.length }, 1);
		add(&bytes, frame.at, frame.length);
		add(&bytes, frame.at, frame.length);
		keep("segment", file, &bytes);
	}
	journal_free(journal);
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
	add(&bytes, &how, 1);
	add_bytes(&bytes, &capture);
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
	add_text(&bytes, "\b");
	add(&bytes, text, length);
	keep("capture", file, &bytes);
	story_free(story);
	journal_free(journal);
}

static void keep_expectations(const char *name)
{
	struct journal *journal = load(name, 10000);
	int count = 0;

	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);
		autobytes struct bytes bytes = { 0 };

		if (event->kind != EVENT_EXPECT)
			continue;
		autofree char *file = format("%s-%d", event->name, count);
		add(&bytes, &(uint8_t){ (uint8_t)count++ }, 1);
		add_text(&bytes, "-");
		for (size_t line = 0; event->lines && event->lines[line]; line++) {
			add_text(&bytes, event->lines[line]);
			add_text(&bytes, "\n");
		}
		keep("expectations", file, &bytes);
	}
	journal_free(journal);
}

/* ---- of a kernel --------------------------------------------------------------------------- */

/* An ELF file with one note; @type 18 makes it boot by PVH. */
static struct bytes vmlinux(uint32_t type)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		Elf64_Nhdr note;
		char name[4];
		uint64_t entry;
	} elf = {
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_X86_64,
			    .e_phoff = sizeof(Elf64_Ehdr),
			    .e_phnum = 1 },
		.segment = { .p_type = PT_NOTE,
			     .p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			     .p_filesz = sizeof(Elf64_Nhdr) + 12 },
		.note = { .n_namesz = 4, .n_descsz = 8, .n_type = type },
		.name = "Xen",
	};
	struct bytes bytes = { 0 };

	add(&bytes, &elf, sizeof(elf));
	return bytes;
}

static la_ssize_t append(struct archive *archive, void *context, const void *data, size_t size)
{
	(void)archive;
	add(context, data, size);
	return (la_ssize_t)size;
}

static void write_entry(struct archive *out, const char *name, const struct bytes *bytes)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)bytes->size);
	if (archive_write_header(out, entry) != ARCHIVE_OK ||
	    archive_write_data(out, bytes->data, bytes->size) != (la_ssize_t)bytes->size)
		broken("cannot pack %s: %s", name, archive_error_string(out));
	archive_entry_free(entry);
}

/* An archive of one format through one filter. */
static struct archive *archive_begin(struct bytes *bytes, int (*format)(struct archive *),
				     int (*filter)(struct archive *))
{
	struct archive *out = archive_write_new();

	format(out);
	if (filter)
		filter(out);
	archive_write_set_filter_option(out, "gzip", "timestamp", NULL);
	archive_write_set_bytes_in_last_block(out, 1);
	archive_write_open(out, bytes, NULL, append, NULL);
	return out;
}

static struct bytes packed(const struct bytes *bytes, int (*filter)(struct archive *))
{
	struct bytes result = { 0 };
	struct archive *out = archive_begin(&result, archive_write_set_format_raw, filter);

	write_entry(out, "raw", bytes);
	archive_write_free(out);
	return result;
}

static const struct {
	const char *name;
	int (*filter)(struct archive *);
} filters[] = {
	{ "gz", archive_write_add_filter_gzip },   { "xz", archive_write_add_filter_xz },
	{ "zst", archive_write_add_filter_zstd },  { "lz4", archive_write_add_filter_lz4 },
	{ "bz2", archive_write_add_filter_bzip2 }, { "lzma", archive_write_add_filter_lzma },
};

/* A vmlinux packed behind five sectors, with its size behind it. */
static struct bytes bzimage(const struct bytes *elf, int (*filter)(struct archive *))
{
	uint8_t head[5 * 512] = { [0x1f1] = 4, [0x202] = 'H', 'd', 'r', 'S', [0x206] = 0x0f, 2 };
	autobytes struct bytes payload = packed(elf, filter);
	uint32_t size = (uint32_t)elf->size;
	struct bytes image = { 0 };

	if (filter != archive_write_add_filter_gzip)
		add(&payload, &size, sizeof(size));
	memcpy(head + 0x24c, &(uint32_t){ (uint32_t)payload.size }, 4);
	add(&image, head, sizeof(head));
	add_bytes(&image, &payload);
	return image;
}

static void keep_images(void)
{
	autobytes struct bytes elf = vmlinux(18), other = vmlinux(1);

	keep("image", "vmlinux", &elf);
	keep("image", "vmlinux-without-pvh", &other);
	for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
		autobytes struct bytes image = bzimage(&elf, filters[i].filter);

		keep("image", filters[i].name, &image);
	}
}

static struct bytes module(const char *depends)
{
	struct bytes bytes = { 0 };

	add(&bytes, "\177ELF", 4);
	add(&bytes, "\0license=GPL\0depends=", sizeof("\0license=GPL\0depends=") - 1);
	add(&bytes, depends, strlen(depends) + 1);
	return bytes;
}

/* What a kernel needs to have for a guest: the drivers beside these are built in. */
static const struct {
	const char *path, *depends;
} modules[] = {
	{ "lib/modules/6.0/kernel/net/ipv4/inet_diag.ko", "" },
	{ "lib/modules/6.0/kernel/net/ipv4/tcp_diag.ko", "inet_diag" },
	{ "lib/modules/6.0/kernel/drivers/net/veth.ko", "failover,net-failover" },
	{ "lib/modules/6.0/kernel/net/core/failover.ko", "" },
	{ "lib/modules/6.0/kernel/drivers/net/net_failover.ko", "failover" },
};
static const char builtin[] = "kernel/net/packet/af_packet.ko\n"
			      "kernel/drivers/virtio/virtio_pci.ko\n"
			      "kernel/drivers/char/virtio_console.ko\n";

static struct bytes tar_of_kernel(int (*filter)(struct archive *))
{
	autobytes struct bytes elf = vmlinux(18), list = { 0 };
	autobytes struct bytes image = bzimage(&elf, archive_write_add_filter_gzip);
	struct bytes tar = { 0 };
	struct archive *out = archive_begin(&tar, archive_write_set_format_ustar, filter);

	add_text(&list, builtin);
	write_entry(out, "boot/vmlinuz-6.0", &image);
	write_entry(out, "lib/modules/6.0/modules.builtin", &list);
	write_entry(out, "usr/share/doc/copyright", &list);
	for (size_t i = 0; i < ARRAY_LENGTH(modules); i++) {
		autobytes struct bytes object = module(modules[i].depends);
		autobytes struct bytes small = packed(&object, archive_write_add_filter_xz);
		autofree char *name = format("%s%s", modules[i].path, i % 2 ? ".xz" : "");

		write_entry(out, name, i % 2 ? &small : &object);
	}
	archive_write_free(out);
	return tar;
}

static void keep_package(const char *name, char how, const struct bytes *bytes)
{
	autobytes struct bytes input = { 0 };

	add(&input, &how, 1);
	add_bytes(&input, bytes);
	keep("package", name, &input);
}

static void keep_debian(void)
{
	autobytes struct bytes tar = tar_of_kernel(archive_write_add_filter_xz), package = { 0 };
	struct bytes version = { (uint8_t *)"2.0\n", 4 };
	struct archive *out = archive_begin(&package, archive_write_set_format_ar_svr4, NULL);

	write_entry(out, "debian-binary", &version);
	write_entry(out, "data.tar.xz", &tar);
	archive_write_free(out);
	keep_package("debian", 'd', &package);
}

static void keep_tars(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
		autobytes struct bytes tar = tar_of_kernel(filters[i].filter);

		keep_package(filters[i].name, 't', &tar);
	}
	autobytes struct bytes tar = tar_of_kernel(NULL);
	keep_package("tar", 't', &tar);
	keep_package("home", 'g', &tar);
}

static void keep_folder(void)
{
	autobytes struct bytes elf = vmlinux(18), all = { 0 };
	autobytes struct bytes image = bzimage(&elf, archive_write_add_filter_zstd);

	add_text(&all, "vmlinuz\n");
	add_bytes(&all, &image);
	add_text(&all, "\n====\nmodules.builtin\n");
	add_text(&all, builtin);
	for (size_t i = 0; i < ARRAY_LENGTH(modules); i++) {
		autobytes struct bytes object = module(modules[i].depends);

		add_text(&all, "\n====\n");
		add_text(&all, modules[i].path);
		add_text(&all, "\n");
		add_bytes(&all, &object);
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
	for (uint8_t how = 0; how < 16; how += 5)
		keep_capture("final_ack_that_meets_a_full_accept_queue_is_reset-ipv4", how);
	keep_capture("deferred_connection_comes_up_with_its_data-ipv4", 2);
	keep_annotated("deferred_connection_comes_up_with_its_data-ipv4");
	keep_expectations("ignored_client_gets_in_with_its_answer_to_the_next_syn_ack-ipv4");
	keep_images();
	keep_debian();
	keep_tars();
	keep_folder();
	return 0;
}
