/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing of one Ethernet frame down to the TCP options. Every read is bounded by what is there,
 * since captures from elsewhere come through here too.
 */
#include "captures/journal/journal.h"

#include <string.h>

#define ETHERTYPE_IPV4     0x0800
#define ETHERTYPE_IPV6     0x86dd
#define ETHERTYPE_SENTINEL 0x88b5 /* IEEE 802 local experimental 1 */
#define ETHERNET_HEADER    14

/* What is left of a frame, or of a part of it. */
struct rest {
	const uint8_t *at;
	size_t left;
};

static bool take(struct rest *rest, size_t length, const uint8_t **taken)
{
	if (length > rest->left)
		return false;
	*taken = rest->at;
	rest->at += length;
	rest->left -= length;
	return true;
}

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void parse_option(const uint8_t *option, uint8_t length, struct segment *segment)
{
	switch (option[0]) {
	case 2:
		if (length == 4)
			segment->mss = be16(option + 2);
		break;
	case 3:
		if (length == 3)
			segment->window_scale = option[2];
		break;
	case 4:
		segment->sack_permitted = length == 2;
		break;
	case 8:
		if (length == 10) {
			segment->timestamps = true;
			segment->tsval = be32(option + 2);
			segment->tsecr = be32(option + 6);
		}
		break;
	default:
		break;
	}
}

/* RFC 9293, section 3.2: end of list and no-operation are one byte, all others carry a length. */
static int parse_options(struct rest options, struct segment *segment)
{
	while (options.left > 0 && options.at[0] != 0) {
		const uint8_t *option;
		uint8_t length = 1;

		if (options.at[0] != 1) {
			if (options.left < 2 || options.at[1] < 2)
				return -1;
			length = options.at[1];
		}
		if (!take(&options, length, &option))
			return -1;
		if (length > 1)
			parse_option(option, length, segment);
	}
	return 0;
}

static int parse_tcp(struct rest rest, struct segment *segment)
{
	const uint8_t *header, *options;
	size_t options_length;

	if (!take(&rest, 20, &header))
		return -1;
	segment->source_port = be16(header);
	segment->destination_port = be16(header + 2);
	segment->seq = be32(header + 4);
	segment->ack = be32(header + 8);
	segment->flags = header[13];
	segment->window = be16(header + 14);
	segment->reserved = header[12] & 15;
	segment->header = (uint8_t)(header[12] >> 4) * 4;
	if (segment->header < 20)
		return -1;
	options_length = segment->header - 20u;
	if (!take(&rest, options_length, &options))
		return -1;
	segment->length = (uint16_t)rest.left;
	return parse_options((struct rest){ options, options_length }, segment);
}

/* ---- ICMP ---------------------------------------------------------------------------------- */

#define TOO_BIG_IPV4_TYPE 3 /* ICMP_DEST_UNREACH */
#define TOO_BIG_IPV4_CODE 4 /* ICMP_FRAG_NEEDED */
#define TOO_BIG_IPV6_TYPE 2 /* ICMPV6_PKT_TOOBIG */

/* RFC 792: unreachable, source quench, redirect, time exceeded, parameter problem. RFC 4443, 2.1:
 * below 128. */
static bool is_error(uint8_t type, int family)
{
	if (family == AF_INET6)
		return type < 128;
	return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

/* RFC 1191, 4; RFC 4443, 3.2: the second word of the message, or half of it. */
static uint32_t mtu_of(const uint8_t *message, const struct parsed *parsed)
{
	if (parsed->family == AF_INET6)
		return parsed->icmp.type == TOO_BIG_IPV6_TYPE ? be32(message + 4) : 0;
	return parsed->icmp.type == TOO_BIG_IPV4_TYPE && parsed->icmp.code == TOO_BIG_IPV4_CODE
		       ? be16(message + 6)
		       : 0;
}

static void read_quoted(struct parsed *parsed, const uint8_t *addresses, size_t size)
{
	memcpy(parsed->quoted_source, addresses, size);
	memcpy(parsed->quoted_destination, addresses + size, size);
}

/* Goes beyond the quoted header of IP; false where it is none in front of TCP. */
static bool parse_quoted_ip(struct rest *rest, struct parsed *parsed)
{
	const uint8_t *header, *options;
	size_t length;

	if (parsed->family == AF_INET6) {
		if (!take(rest, 40, &header) || header[0] >> 4 != 6 || header[6] != IPPROTO_TCP)
			return false;
		read_quoted(parsed, header + 8, 16);
		return true;
	}
	if (!take(rest, 20, &header) || header[0] >> 4 != 4 || header[9] != IPPROTO_TCP)
		return false;
	read_quoted(parsed, header + 12, 4);
	length = (size_t)(header[0] & 15) * 4;
	return length >= 20 && take(rest, length - 20, &options);
}

/* Eight bytes of the quoted packet are all that there must be: ports and sequence number. */
static void parse_icmp(struct rest rest, struct parsed *parsed)
{
	const uint8_t *message, *quoted;

	if (!take(&rest, 8, &message) || !is_error(message[0], parsed->family) ||
	    !parse_quoted_ip(&rest, parsed) || !take(&rest, 8, &quoted))
		return;
	parsed->icmp =
		(struct icmp_message){ .quotes = true, .type = message[0], .code = message[1] };
	parsed->icmp.mtu = mtu_of(message, parsed);
	parsed->segment.source_port = be16(quoted);
	parsed->segment.destination_port = be16(quoted + 2);
	parsed->segment.seq = be32(quoted + 4);
}

/* ---- IP ------------------------------------------------------------------------------------ */

static int parse_payload(struct rest rest, struct parsed *parsed)
{
	int icmp = parsed->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

	if (parsed->protocol == IPPROTO_TCP)
		return parse_tcp(rest, &parsed->segment);
	if (parsed->protocol == icmp)
		parse_icmp(rest, parsed);
	return 0;
}

static int parse_ipv4(struct rest rest, struct parsed *parsed)
{
	const uint8_t *header, *options;
	size_t header_length, total;

	if (!take(&rest, 20, &header) || header[0] >> 4 != 4)
		return -1;
	header_length = (size_t)(header[0] & 15) * 4;
	total = be16(header + 2);
	if (header_length < 20 || total < header_length || total - 20 > rest.left)
		return -1;
	rest.left = total - 20; /* Ethernet pads short frames */
	if (!take(&rest, header_length - 20, &options))
		return -1;
	parsed->family = AF_INET;
	parsed->protocol = header[9];
	parsed->segment.ttl = header[8];
	parsed->segment.tos = header[1];
	memcpy(parsed->source, header + 12, 4);
	memcpy(parsed->destination, header + 16, 4);
	if (be16(header + 6) & 0x1fff) /* a later fragment has no TCP header */
		return -1;
	return parse_payload(rest, parsed);
}

static int parse_ipv6(struct rest rest, struct parsed *parsed)
{
	const uint8_t *header;

	if (!take(&rest, 40, &header) || header[0] >> 4 != 6 || be16(header + 4) > rest.left)
		return -1;
	rest.left = be16(header + 4);
	parsed->family = AF_INET6;
	parsed->protocol = header[6];
	parsed->segment.ttl = header[7];
	parsed->segment.tos = (uint8_t)(header[0] << 4 | header[1] >> 4);
	memcpy(parsed->source, header + 8, 16);
	memcpy(parsed->destination, header + 24, 16);
	return parse_payload(rest, parsed);
}

static int parse_sentinel(struct rest rest, struct parsed *parsed)
{
	const uint8_t *mark;

	if (!take(&rest, 8, &mark))
		return -1;
	parsed->sentinel = true;
	parsed->mark = (uint64_t)be32(mark) << 32 | be32(mark + 4);
	return 0;
}

int parse_frame(const uint8_t *bytes, size_t length, struct parsed *parsed)
{
	struct rest rest = { bytes, length };
	const uint8_t *header;

	*parsed = (struct parsed){ .segment = { .mss = -1, .window_scale = -1 } };
	if (!take(&rest, ETHERNET_HEADER, &header))
		return -1;
	switch (be16(header + 12)) {
	case ETHERTYPE_IPV4:
		return parse_ipv4(rest, parsed);
	case ETHERTYPE_IPV6:
		return parse_ipv6(rest, parsed);
	case ETHERTYPE_SENTINEL:
		return parse_sentinel(rest, parsed);
	default:
		return 0;
	}
}

bool same_segment(const struct segment *a, const struct segment *b)
{
	return a->source_port == b->source_port && a->destination_port == b->destination_port &&
	       a->seq == b->seq && a->ack == b->ack && a->flags == b->flags &&
	       a->window == b->window && a->length == b->length && a->ttl == b->ttl &&
	       a->tos == b->tos && a->header == b->header && a->reserved == b->reserved &&
	       a->mss == b->mss && a->window_scale == b->window_scale &&
	       a->sack_permitted == b->sack_permitted && a->timestamps == b->timestamps &&
	       a->tsval == b->tsval && a->tsecr == b->tsecr;
}
