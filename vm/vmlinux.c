/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmlinux: what an image of x86-64 Linux is, and the ELF file that a bzImage holds. Unpacking a
 * bzImage is work for the guest that takes it seconds; QEMU boots the ELF file at once, by PVH.
 *
 * Documentation/arch/x86/boot.rst in the kernel describes the bzImage's header.
 */
#include "vm/parts.h"

#include <elf.h>
#include <endian.h>
#include <string.h>

enum {
	SETUP_SECTS = 0x1f1,
	MAGIC = 0x202,
	PROTOCOL = 0x206,
	PAYLOAD_OFFSET = 0x248, /* from the end of the set-up sectors; protocol 2.08 */
	PAYLOAD_LENGTH = 0x24c,
	SECTOR = 512,
	XEN_PHYS32_ENTRY = 18, /* the ELF note that makes a kernel boot by PVH */
};

static uint32_t number_at(const struct bytes *bytes, size_t at)
{
	uint32_t value;

	memcpy(&value, bytes->data + at, sizeof(value));
	return le32toh(value);
}

static bool is_bzimage(const struct bytes *bytes)
{
	return bytes->size > PAYLOAD_LENGTH + 4 && memcmp(bytes->data + MAGIC, "HdrS", 4) == 0 &&
	       (number_at(bytes, PROTOCOL) & 0xffff) >= 0x208;
}

static bool is_vmlinux(const struct bytes *bytes)
{
	Elf64_Ehdr header;

	if (bytes->size < sizeof(header))
		return false;
	memcpy(&header, bytes->data, sizeof(header));
	return memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_X86_64 &&
	       header.e_type == ET_EXEC;
}

static uint64_t padded(uint64_t size)
{
	return (size + 3) & ~(uint64_t)3;
}

/* Whether @notes hold Xen's of PVH. */
static bool notes_have_pvh(struct bytes notes)
{
	size_t at = 0;

	while (bytes_have(&notes, at, sizeof(Elf64_Nhdr))) {
		Elf64_Nhdr note;

		memcpy(&note, notes.data + at, sizeof(note));
		at += sizeof(note);
		if (note.n_type == XEN_PHYS32_ENTRY && note.n_namesz == sizeof("Xen") &&
		    bytes_have(&notes, at, sizeof("Xen")) &&
		    memcmp(notes.data + at, "Xen", sizeof("Xen")) == 0)
			return true;
		if (!bytes_have(&notes, at, padded(note.n_namesz) + padded(note.n_descsz)))
			return false;
		at += padded(note.n_namesz) + padded(note.n_descsz);
	}
	return false;
}

static bool boots_by_pvh(const struct bytes *elf)
{
	Elf64_Ehdr header;

	if (!is_vmlinux(elf))
		return false;
	memcpy(&header, elf->data, sizeof(header));
	if (!bytes_have(elf, header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr)))
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, elf->data + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_NOTE &&
		    bytes_have(elf, segment.p_offset, segment.p_filesz) &&
		    notes_have_pvh((struct bytes){ .data = elf->data + segment.p_offset,
						   .size = segment.p_filesz }))
			return true;
	}
	return false;
}

char *image_refused(const struct bytes *bytes)
{
	if (is_bzimage(bytes) || boots_by_pvh(bytes))
		return NULL;
	if (is_vmlinux(bytes))
		return format("it is a vmlinux that does not boot by PVH (CONFIG_PVH): name the "
			      "bzImage that was made of it");
	return format("it is no kernel image: neither a bzImage nor a vmlinux");
}

/*
 * The payload ends with its size when it is unpacked: gzip's own, or four bytes behind what the
 * others have packed, at which an unpacker may stumble.
 */
static enum packing unpack_payload(const struct bytes *payload, struct bytes *vmlinux)
{
	static const size_t behind[] = { 4, 0 };
	size_t size = payload->size > 4 ? number_at(payload, payload->size - 4) : 0;
	enum packing packing = NOT_PACKED;

	for (size_t i = 0; size && i < ARRAY_LENGTH(behind); i++) {
		struct bytes packed = { .data = payload->data, .size = payload->size - behind[i] };
		enum packing found = bytes_unpack(vmlinux, &packed);

		if (found == PACKED && vmlinux->size == size)
			return PACKED;
		bytes_free(vmlinux);
		packing = found == NOT_PACKED ? packing : PACKED_BADLY;
	}
	return packing;
}

enum packing vmlinux_of(const struct bytes *bzimage, struct bytes *vmlinux)
{
	struct bytes payload;
	size_t at, length;
	enum packing packing;

	if (!is_bzimage(bzimage))
		return NOT_PACKED;
	unsigned sectors = bzimage->data[SETUP_SECTS] ? bzimage->data[SETUP_SECTS] : 4;
	at = (sectors + 1) * SECTOR + (size_t)number_at(bzimage, PAYLOAD_OFFSET);
	length = number_at(bzimage, PAYLOAD_LENGTH);
	if (!bytes_have(bzimage, at, length))
		return PACKED_BADLY;
	payload = (struct bytes){ .data = bzimage->data + at, .size = length };
	packing = unpack_payload(&payload, vmlinux);
	if (packing != PACKED || boots_by_pvh(vmlinux))
		return packing;
	bytes_free(vmlinux);
	return NOT_PACKED;
}
