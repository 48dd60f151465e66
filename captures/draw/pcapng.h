/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng: writes captures of more than one interface, with comments (draft-ietf-opsawg-pcapng).
 * libpcap cannot write them.
 *
 * A file is a section, its interfaces, names, packets, in that order. Each function appends one
 * block to @out, in this machine's byte order; what went wrong with the file, ferror() tells.
 * Strings are UTF-8; NULL, where one may be left out. One that is longer than an option can be
 * (65,535 bytes) is cut between two words, and ends with " ...".
 */
#ifndef HALFOPEN_PCAPNG_H
#define HALFOPEN_PCAPNG_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct pcapng_section {
	const char *comment, *os, *application;
};
void pcapng_section(FILE *out, const struct pcapng_section *section);

/* The first one is interface 0. libpcap reads a file only if link types and snap lengths agree. */
struct pcapng_interface {
	const char *name, *description;
	const uint8_t *hardware; /* 6 bytes; NULL */
	uint16_t link_type;      /* LINKTYPE_...: 1 for Ethernet */
	uint32_t snap_length;
};
void pcapng_interface(FILE *out, const struct pcapng_interface *interface);

/* What addresses are called; ports do not matter. */
struct pcapng_name {
	struct sockaddr_storage address;
	const char *name;
};
void pcapng_names(FILE *out, const struct pcapng_name *names, size_t count);

enum pcapng_direction { DIRECTION_UNKNOWN, INBOUND, OUTBOUND };

struct pcapng_packet {
	unsigned interface;
	uint64_t stamp; /* ns since 1970 */
	const uint8_t *bytes;
	uint32_t length, wire_length; /* captured; as it was */
	enum pcapng_direction direction;
	const char *const *comments; /* NULL-terminated, or NULL; Wireshark 4.0 shows them all */
};
void pcapng_packet(FILE *out, const struct pcapng_packet *packet);

#endif
