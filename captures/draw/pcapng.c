/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng blocks: a type, the length, a body of 32-bit words, the length again. Options are a code,
 * a length, a value padded to 32 bits.
 */
#include "captures/draw/pcapng.h"

#include "base/base.h"

#include <string.h>

#define LONGEST_OPTION 65535
#define NANOSECONDS    9 /* of if_tsresol: 10^-9 s */

enum block_type {
	SECTION_HEADER = 0x0a0d0d0a,
	INTERFACE_DESCRIPTION = 1,
	NAME_RESOLUTION = 4,
	ENHANCED_PACKET = 6,
};

enum option_code {
	END_OF_OPTIONS = 0,
	COMMENT = 1,
	SECTION_OS = 3,
	SECTION_APPLICATION = 4,
	INTERFACE_NAME = 2,
	INTERFACE_DESCRIPTION_TEXT = 3,
	INTERFACE_HARDWARE = 6,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
};

enum name_record { END_OF_NAMES, IPV4_NAME, IPV6_NAME };

/* The body of a block in the making. */
struct block {
	uint8_t *bytes;
	size_t length, room;
};

/* Adds @length bytes, and zeros up to a whole word. */
static void add(struct block *block, const void *bytes, size_t length)
{
	size_t padded = (length + 3) & ~(size_t)3;

	if (block->length + padded > block->room) {
		block->room = (block->length + padded) * 2;
		block->bytes = must_realloc(block->bytes, block->room, 1);
	}
	memcpy(block->bytes + block->length, bytes, length);
	memset(block->bytes + block->length + length, 0, padded - length);
	block->length += padded;
}

static void add_word(struct block *block, uint32_t word)
{
	add(block, &word, sizeof(word));
}

/* Two numbers of 16 bits. */
static void add_pair(struct block *block, uint16_t first, size_t second)
{
	uint16_t pair[] = { first, (uint16_t)second };

	add(block, pair, sizeof(pair));
}

static void add_option(struct block *block, enum option_code code, const void *value, size_t length)
{
	add_pair(block, code, length);
	add(block, value, length);
}

static void add_text(struct block *block, enum option_code code, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	autofree char *cut = NULL;

	if (length == 0)
		return;
	if (length > LONGEST_OPTION) {
		cut = must_alloc(LONGEST_OPTION + 1, 1);
		text_fit(cut, LONGEST_OPTION + 1, text);
	}
	add_option(block, code, cut ? cut : text, cut ? strlen(cut) : length);
}

/* Writes the block and frees its body. */
static void finish(struct block *block, FILE *out, enum block_type type)
{
	uint32_t length = (uint32_t)(3 * sizeof(uint32_t) + block->length);
	uint32_t head[] = { type, length };

	fwrite(head, sizeof(head), 1, out);
	fwrite(block->bytes, 1, block->length, out);
	fwrite(&length, sizeof(length), 1, out);
	free(block->bytes);
}

void pcapng_section(FILE *out, const struct pcapng_section *section)
{
	const uint32_t byte_order = 0x1a2b3c4d;
	const int64_t length = -1; /* not known */
	struct block block = { 0 };

	add_word(&block, byte_order);
	add_pair(&block, 1, 0); /* version 1.0 */
	add(&block, &length, sizeof(length));
	add_text(&block, COMMENT, section->comment);
	add_text(&block, SECTION_OS, section->os);
	add_text(&block, SECTION_APPLICATION, section->application);
	add_pair(&block, END_OF_OPTIONS, 0);
	finish(&block, out, SECTION_HEADER);
}

void pcapng_interface(FILE *out, const struct pcapng_interface *interface)
{
	const uint8_t resolution = NANOSECONDS;
	struct block block = { 0 };

	add_pair(&block, interface->link_type, 0);
	add_word(&block, interface->snap_length);
	add_text(&block, INTERFACE_NAME, interface->name);
	add_text(&block, INTERFACE_DESCRIPTION_TEXT, interface->description);
	if (interface->hardware)
		add_option(&block, INTERFACE_HARDWARE, interface->hardware, 6);
	add_option(&block, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	add_pair(&block, END_OF_OPTIONS, 0);
	finish(&block, out, INTERFACE_DESCRIPTION);
}

static void add_name(struct block *block, const struct pcapng_name *name)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&name->address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&name->address;
	bool is_v6 = name->address.ss_family == AF_INET6;
	size_t length = is_v6 ? sizeof(v6->sin6_addr) : sizeof(v4->sin_addr);
	size_t text = strlen(name->name) + 1;
	autofree uint8_t *record = must_alloc(length + text, 1);

	memcpy(record, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr, length);
	memcpy(record + length, name->name, text);
	add_pair(block, is_v6 ? IPV6_NAME : IPV4_NAME, length + text);
	add(block, record, length + text);
}

void pcapng_names(FILE *out, const struct pcapng_name *names, size_t count)
{
	struct block block = { 0 };

	for (size_t i = 0; i < count; i++)
		add_name(&block, &names[i]);
	add_pair(&block, END_OF_NAMES, 0);
	finish(&block, out, NAME_RESOLUTION);
}

void pcapng_packet(FILE *out, const struct pcapng_packet *packet)
{
	const uint32_t flags = packet->direction; /* in its lowest two bits */
	struct block block = { 0 };

	add_word(&block, packet->interface);
	add_word(&block, (uint32_t)(packet->stamp >> 32));
	add_word(&block, (uint32_t)packet->stamp);
	add_word(&block, packet->length);
	add_word(&block, packet->wire_length);
	add(&block, packet->bytes, packet->length);
	for (size_t i = 0; packet->comments && packet->comments[i]; i++)
		add_text(&block, COMMENT, packet->comments[i]);
	if (flags)
		add_option(&block, PACKET_FLAGS, &flags, sizeof(flags));
	add_pair(&block, END_OF_OPTIONS, 0);
	finish(&block, out, ENHANCED_PACKET);
}
