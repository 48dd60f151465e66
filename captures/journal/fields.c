/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of an event: one table names each with its type, so that writing and reading agree
 * about what there is; and the names and texts that stand in them.
 */
#include "captures/journal/internal.h"

#include "base/xml.h"

#include <string.h>

static const char *const kind_names[EVENT_KINDS] = {
	[EVENT_BEGIN] = "begin",     [EVENT_LISTENER] = "listener", [EVENT_FLOW] = "flow",
	[EVENT_STEP] = "step",       [EVENT_CALL] = "call",         [EVENT_PACKET] = "packet",
	[EVENT_GATE] = "gate",       [EVENT_SOCKET] = "socket",     [EVENT_QUEUE] = "queue",
	[EVENT_COUNTER] = "counter", [EVENT_SAMPLE] = "sample",     [EVENT_WAIT] = "wait",
	[EVENT_FLOOD] = "flood",     [EVENT_EXPECT] = "expect",     [EVENT_INFO] = "info",
	[EVENT_SETTING] = "setting", [EVENT_COVERS] = "covers",     [EVENT_ICMP] = "icmp",
	[EVENT_DROPS] = "drops",     [EVENT_SERVER] = "server",     [EVENT_ANSWER] = "answer",
	[EVENT_FACT] = "fact",       [EVENT_END] = "end",
};

static const char *const state_names[TCP_STATES] = {
	[NO_SOCKET] = "-",
	[ESTABLISHED] = "ESTABLISHED",
	[SYN_SENT] = "SYN_SENT",
	[SYN_RECV] = "SYN_RECV",
	[FIN_WAIT1] = "FIN_WAIT1",
	[FIN_WAIT2] = "FIN_WAIT2",
	[TIME_WAIT] = "TIME_WAIT",
	[CLOSED] = "CLOSED",
	[CLOSE_WAIT] = "CLOSE_WAIT",
	[LAST_ACK] = "LAST_ACK",
	[LISTEN] = "LISTEN",
	[CLOSING] = "CLOSING",
	[CHILD_SYN_RECV] = "CHILD_SYN_RECV",
};

static int index_of(const char *name, const char *const *names, int count)
{
	for (int i = 0; name && i < count; i++)
		if (names[i] && strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

const char *kind_name(enum event_kind kind)
{
	return kind_names[kind];
}

int kind_from_name(const char *name)
{
	return index_of(name, kind_names, EVENT_KINDS);
}

bool is_sighting(const struct event *event)
{
	return event->kind == EVENT_PACKET || event->kind == EVENT_ICMP;
}

const char *state_name(enum tcp_state state)
{
	return state < TCP_STATES ? state_names[state] : "?";
}

int state_from_name(const char *name)
{
	return index_of(name, state_names, TCP_STATES);
}

int host_from_name(const char *name)
{
	for (int host = 0; name && host < HOSTS; host++)
		if (strcmp(name, host_name((enum host)host)) == 0)
			return host;
	return -1;
}

/* ---- the table ----------------------------------------------------------------------------- */

#define OF(kind) (1u << EVENT_##kind)

#define FIELD(name_, type_, member, zeros_)                                                        \
	{                                                                                          \
		name_, type_, offsetof(struct event, member), zeros_                               \
	}

const struct field event_fields[] = {
	FIELD("host", HOST, host,
	      OF(CALL) | OF(PACKET) | OF(ICMP) | OF(SOCKET) | OF(COUNTER) | OF(EXPECT)),
	FIELD("flow", COUNT, flow, 0),
	FIELD("packet", LONG, packet, 0),
	FIELD("name", TEXT, name, 0),
	FIELD("object", TEXT, object, 0),
	FIELD("from", HOST, from, OF(PACKET) | OF(ICMP)),
	FIELD("injected", BOOL, injected, 0),
	FIELD("copy", BOOL, copy, 0),
	FIELD("source_port", U16, segment.source_port, 0),
	FIELD("destination_port", U16, segment.destination_port, 0),
	FIELD("flags", U8, segment.flags, OF(PACKET)),
	FIELD("sequence", U32, segment.seq, OF(PACKET) | OF(ICMP)),
	FIELD("ack", U32, segment.ack, OF(PACKET)),
	FIELD("window", U16, segment.window, OF(PACKET)),
	FIELD("length", U16, segment.length, OF(PACKET)),
	FIELD("ttl", U8, segment.ttl, OF(PACKET)),
	FIELD("tos", U8, segment.tos, OF(PACKET)),
	FIELD("header", U8, segment.header, OF(PACKET)),
	FIELD("reserved", U8, segment.reserved, 0),
	FIELD("mss", OPTION, segment.mss, OF(PACKET)),
	FIELD("window_scale", OPTION, segment.window_scale, OF(PACKET)),
	FIELD("sack_permitted", BOOL, segment.sack_permitted, 0),
	FIELD("timestamps", BOOL, segment.timestamps, 0),
	FIELD("tsval", U32, segment.tsval, 0),
	FIELD("tsecr", U32, segment.tsecr, 0),
	FIELD("icmp_type", U8, icmp.type, OF(ICMP)),
	FIELD("icmp_code", U8, icmp.code, OF(ICMP)),
	FIELD("icmp_mtu", U32, icmp.mtu, 0),
	FIELD("agreed_mss", COUNT, agreement.mss, OF(INFO)),
	FIELD("advertised_mss", COUNT, agreement.advertised_mss, OF(INFO)),
	FIELD("own_scale", OPTION, agreement.window_scale, OF(INFO)),
	FIELD("peer_scale", OPTION, agreement.peer_window_scale, OF(INFO)),
	FIELD("agreed_sack", BOOL, agreement.sack, OF(INFO)),
	FIELD("agreed_timestamps", BOOL, agreement.timestamps, OF(INFO)),
	FIELD("agreed_ecn", BOOL, agreement.ecn, OF(INFO)),
	FIELD("cookie", U64, cookie, 0),
	FIELD("was", STATE, was, OF(SOCKET) | OF(EXPECT)),
	FIELD("state", STATE, state, OF(SOCKET) | OF(EXPECT)),
	FIELD("retrans", COUNT, retrans, OF(SOCKET)),
	FIELD("fires", NSEC, fires, 0),
	FIELD("listener", COUNT, listener, 0),
	FIELD("port", PORT, port, 0),
	FIELD("accept", COUNT, accept, OF(QUEUE) | OF(EXPECT)),
	FIELD("limit", COUNT, limit, OF(QUEUE) | OF(EXPECT)),
	FIELD("syn", COUNT, syn, OF(QUEUE) | OF(EXPECT)),
	FIELD("delta", LONG, delta, OF(COUNTER)),
	FIELD("value", LONG, value,
	      OF(COUNTER) | OF(DROPS) | OF(SETTING) | OF(SERVER) | OF(ANSWER) | OF(FACT)),
	FIELD("result", LONG, result, OF(CALL) | OF(WAIT)),
	FIELD("error", COUNT, error, OF(CALL)),
	FIELD("argument", TEXT, argument, 0),
	FIELD("client", TEXT, client, 0),
	FIELD("server", TEXT, server, 0),
	FIELD("want", TEXT, want, 0),
	FIELD("began", NSEC, began, OF(CALL) | OF(WAIT)),
	FIELD("rto", LONG, rto, 0),
	FIELD("drops", BOOL, drops, 0),
	FIELD("told", BOOL, told, 0),
	FIELD("format", COUNT, format, 0),
};

const size_t event_field_count = ARRAY_LENGTH(event_fields);

const struct field event_time = FIELD("t", NSEC, at, 0);

/* ---- texts --------------------------------------------------------------------------------- */

static bool is_control(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	return *at < ' ' || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
}

bool is_printable(const char *text)
{
	while (*text && !is_control(text))
		text++;
	return !*text;
}

char *printable(const char *text)
{
	char *clean = text_clean(text);

	for (char *at = clean; *at; at++) {
		if (!is_control(at))
			continue;
		if (at[0] & 0x80) /* of two bytes */
			at[1] = ' ';
		at[0] = ' ';
	}
	return clean;
}
