/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tiny_kernel: a kernel of a few bytes, in all that one comes in.
 */
#include "tests/tiny_kernel.h"

#include <archive_entry.h>
#include <elf.h>
#include <string.h>

void add_bytes(struct bytes *bytes, const void *more, size_t size)
{
	bytes->data = must_realloc(bytes->data, bytes->size + size + 1, 1);
	if (size)
		memcpy(bytes->data + bytes->size, more, size);
	bytes->size += size;
}

void add_words(struct bytes *bytes, const char *words)
{
	add_bytes(bytes, words, strlen(words));
}

/* An ELF file with one note; @type 18 makes it boot by PVH. */
struct bytes tiny_vmlinux(uint32_t type)
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

	add_bytes(&bytes, &elf, sizeof(elf));
	return bytes;
}

static la_ssize_t append(struct archive *archive, void *context, const void *data, size_t size)
{
	(void)archive;
	add_bytes(context, data, size);
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

/* An archive of one format through one packer. */
static struct archive *archive_begin(struct bytes *bytes, packer *format, packer *packer)
{
	struct archive *out = archive_write_new();

	format(out);
	if (packer)
		packer(out);
	archive_write_set_filter_option(out, "gzip", "timestamp", NULL);
	archive_write_set_bytes_in_last_block(out, 1);
	archive_write_open(out, bytes, NULL, append, NULL);
	return out;
}

struct bytes tiny_packed(const struct bytes *bytes, packer *packer)
{
	struct bytes result = { 0 };
	struct archive *out = archive_begin(&result, archive_write_set_format_raw, packer);

	write_entry(out, "raw", bytes);
	archive_write_free(out);
	return result;
}

/* A vmlinux packed behind five sectors, with its size behind it. */
struct bytes tiny_bzimage(const struct bytes *elf, packer *packer)
{
	uint8_t head[TINY_HEAD] = { [0x1f1] = 4, [0x202] = 'H', 'd', 'r', 'S', [0x206] = 0x0f, 2 };
	autobytes struct bytes payload = tiny_packed(elf, packer);
	uint32_t size = (uint32_t)elf->size;
	struct bytes image = { 0 };

	if (packer != archive_write_add_filter_gzip)
		add_bytes(&payload, &size, sizeof(size));
	uint32_t length = (uint32_t)payload.size;
	memcpy(head + 0x24c, &length, sizeof(length));
	add_bytes(&image, head, sizeof(head));
	add_bytes(&image, payload.data, payload.size);
	return image;
}

static struct bytes module(const char *depends)
{
	struct bytes bytes = { 0 };

	add_bytes(&bytes, "\177ELF", 4);
	add_bytes(&bytes, "\0license=GPL\0depends=", sizeof("\0license=GPL\0depends=") - 1);
	add_bytes(&bytes, depends, strlen(depends) + 1);
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
const char tiny_builtin[] = "kernel/net/packet/af_packet.ko\n"
			    "kernel/drivers/virtio/virtio_pci.ko\n"
			    "kernel/drivers/char/virtio_console.ko\n";

struct bytes tiny_tar(packer *packer)
{
	autobytes struct bytes elf = tiny_vmlinux(XEN_PHYS32_ENTRY), list = { 0 };
	autobytes struct bytes image = tiny_bzimage(&elf, archive_write_add_filter_gzip);
	struct bytes tar = { 0 };
	struct archive *out = archive_begin(&tar, archive_write_set_format_ustar, packer);

	add_words(&list, tiny_builtin);
	write_entry(out, "boot/vmlinuz-6.0", &image);
	write_entry(out, "lib/modules/6.0/modules.builtin", &list);
	write_entry(out, "usr/share/doc/copyright", &list);
	for (size_t i = 0; i < ARRAY_LENGTH(modules); i++) {
		autobytes struct bytes object = module(modules[i].depends);
		autobytes struct bytes small = tiny_packed(&object, archive_write_add_filter_xz);
		autofree char *name = format("%s%s", modules[i].path, i % 2 ? ".xz" : "");

		write_entry(out, name, i % 2 ? &small : &object);
	}
	archive_write_free(out);
	return tar;
}

struct bytes tiny_package(void)
{
	autobytes struct bytes tar = tiny_tar(archive_write_add_filter_xz);
	struct bytes version = { (uint8_t *)"2.0\n", 4 }, package = { 0 };
	struct archive *out = archive_begin(&package, archive_write_set_format_ar_svr4, NULL);

	write_entry(out, "debian-binary", &version);
	write_entry(out, "data.tar.xz", &tar);
	archive_write_free(out);
	return package;
}

struct bytes tiny_module(size_t index, const char **path)
{
	*path = modules[index].path;
	return module(modules[index].depends);
}
