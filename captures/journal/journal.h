/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal: what is known of a case, and how it is read and written.
 *
 *   segment   one TCP segment, parsed out of a frame
 *   journal   the ordered list of events, on one clock
 *
 * Expectations are events of the journal too. So a recorded journal can be judged again without
 * a network: what is asserted is what is shown, and the oracle itself can be tested.
 */
#ifndef HALFOPEN_JOURNAL_H
#define HALFOPEN_JOURNAL_H

#include "base/base.h"
#include "base/hosts.h"

/* ---- segment ------------------------------------------------------------------------------- */

enum tcp_flag { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128 };

struct segment {
	uint16_t source_port, destination_port;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;
	uint16_t length;  /* of the payload */
	uint8_t ttl;      /* hop limit in IPv6 */
	uint8_t tos;      /* traffic class in IPv6; its last two bits are ECN's (RFC 3168) */
	uint8_t header;   /* bytes of the TCP header, with its options */
	uint8_t reserved; /* the four bits before the flags; the last one is AE (RFC 9768) */
	/* options; -1 or false where absent */
	int mss, window_scale;
	bool sack_permitted, timestamps;
	uint32_t tsval, tsecr;
};

/* An error of ICMP (RFC 792) or ICMPv6 (RFC 4443): what it says of a segment that was sent. */
struct icmp_message {
	bool quotes;        /* the beginning of a TCP segment; else nothing here tells anything */
	uint8_t type, code; /* of the family's own */
	uint32_t mtu;       /* of one that says that a packet was too big; 0: none */
};

struct parsed {
	int family;                          /* AF_INET, AF_INET6; 0: neither */
	int protocol;                        /* IPPROTO_TCP, IPPROTO_ICMP, ... */
	bool sentinel;                       /* EtherType 0x88b5 */
	uint64_t mark;                       /* of a sentinel */
	uint8_t source[16], destination[16]; /* 4 bytes used for AF_INET */
	struct icmp_message icmp;
	uint8_t quoted_source[16], quoted_destination[16]; /* of the segment that it quotes */
	/*
	 * When protocol is IPPROTO_TCP; of an ICMP error that quotes one, the ports and the
	 * sequence number of that.
	 */
	struct segment segment;
};

/*
 * Parses an Ethernet frame of @length bytes. Returns 0, or -1 when it is cut short or its lengths
 * contradict each other; never reads past @length. Sums are not checked here: the receiver does.
 */
int parse_frame(const uint8_t *bytes, size_t length, struct parsed *parsed);
/* Whether all of it is the same, options too. */
bool same_segment(const struct segment *a, const struct segment *b);

/* Captures keep so many bytes of a frame; more than the MTU of 1500: nothing is cut. */
#define SNAPSHOT 2048

/*
 * What an end of a connection goes by that its SYN and SYN-ACK have agreed on, as TCP_INFO tells
 * it. A scale is -1 where windows are not scaled.
 */
struct agreement {
	int mss;            /* tcpi_snd_mss: what it sends, less the options of every segment */
	int advertised_mss; /* tcpi_advmss: what its own SYN or SYN-ACK said, less those options */
	int window_scale, peer_window_scale; /* tcpi_rcv_wscale, tcpi_snd_wscale */
	bool sack, timestamps, ecn;          /* TCPI_OPT_* */
};

/* ---- journal ------------------------------------------------------------------------------- */

/*
 * The states that sock_diag knows, with the kernel's numbers; NO_SOCKET where there is none. It
 * says SYN_RECV of a request, and of a child that still waits for its final ACK: that is
 * CHILD_SYN_RECV here.
 */
enum tcp_state {
	NO_SOCKET,
	ESTABLISHED,
	SYN_SENT,
	SYN_RECV,
	FIN_WAIT1,
	FIN_WAIT2,
	TIME_WAIT,
	CLOSED,
	CLOSE_WAIT,
	LAST_ACK,
	LISTEN,
	CLOSING,
	CHILD_SYN_RECV,
	TCP_STATES
};
const char *state_name(enum tcp_state state); /* "-" for NO_SOCKET */

enum event_kind {
	EVENT_BEGIN,   /* name: case, object: family; delta: slack, fires: the longest that the wire
			  itself delays a segment (-1: no bound), value: for how long a busy machine
			  may keep one from being handed on (0: WIRE_PATIENCE), in ns; drops: those
			  of listeners are told; told, format, lines: see below; a scenario's family
			  may be "ipv4 and ipv6" */
	EVENT_SETTING, /* host, name, value: what a SYN-ACK follows from; listener: an option of
			  that one's socket, 0: of all. See judge_setting_name() */
	EVENT_LISTENER, /* listener (its key: see below), port, cookie, name; object: the process
			   that calls accept() when it likes, NULL when the case does */
	EVENT_FLOW,     /* flow, name, listener, port; client, server: its ends; injected: the
			   client is a raw peer; value: the flow before it between the same ends,
			   delta: another one whose raw peer has the same address, 0: none;
			   argument: what a scenario has the client do (captures/told has the
			   words), NULL: it wants to be served */
	EVENT_STEP,     /* name: what the step is about */
	EVENT_COVERS,   /* name: the behaviours that the step asserts, "P-104 X-21" */
	EVENT_CALL,     /* host, name: the system call, object, flow, result (of "inject": the
			   segment's flags, and in value its sequence number; of "inject ICMP":
			   type * 256 + code), error, want, began;
			   limit: that listen() has to give the accept queue; argument; cookie:
			   of the socket that accept() gave */
	EVENT_INFO,     /* host, flow, object: whose TCP_INFO; agreement */
	EVENT_PACKET,   /* host where it was seen, from, packet, flow, segment, injected, copy */
	EVENT_ICMP,     /* the same of an ICMP error: icmp; segment: ports and sequence number of
			   the one that it quotes. Its packet is numbered as segments are */
	EVENT_GATE,     /* packet, name: held, dropped, released, duplicated, lost, changed (of
			   segment: its timestamps from there on) */
	EVENT_SOCKET,   /* host, flow, cookie, was -> state, retrans, fires; packet: its cause.
			   SYN_RECV -> SYN_RECV: the request's timer was set anew */
	EVENT_QUEUE,    /* listener, accept, limit, syn: of all who listen on its port, as sock_diag
			   does not say whose a request is; packet: its cause. name: "gone" where
			   its socket listens no more, else NULL */
	EVENT_DROPS,    /* listener, delta, value: so many segments has it dropped, as SO_MEMINFO
			   and `ss -m` have it; packet: its cause */
	EVENT_COUNTER,  /* host, name, delta, value; packet: its cause */
	EVENT_SAMPLE,   /* all of both hosts has been looked at: the books can be closed; packet:
			   after which. name: "passing" of a scenario's whose server was at work just
			   then, so that counters and captures are not of one moment */
	EVENT_WAIT,     /* name: for what, began, result: 1 met, 0 not */
	EVENT_FLOOD,    /* of what goes past the gate, host. name: "begins", and until the next
			   "SYNs" nobody knows how many there are; "SYNs", listener, value: so
			   many went to it; "answers", value: so many segments came from it;
			   "requests",    listener, delta: so many more half-open requests are the
			   flood's
			 */
	/*
	 * Of a scenario, in which somebody else's server acts when it likes:
	 *
	 * What became of the server's processes. object: the instance ("server", "server 2",
	 * "helper", "reload"). name:
	 *   "started"         result: the pid; argument: the command
	 *   "ready"           it listens wherever it is going to
	 *   "listens"         listener, port
	 *   "signalled"       argument: "SIGTERM", value: its number
	 *   "stopped", "continued"  by SIGSTOP or the freezer
	 *   "command"         argument: that tells it to reload, and is "reload" when it exits
	 *   "accept"          a call that a notification has told of; result: the pid of who
	 *                     calls, error: that it was made to fail with
	 *   "look"            at all its processes. value: CPU time so far in ns, delta: context
	 *                     switches so far, accept: descriptors in use of the process that has
	 *                     most, limit: how many that one may have, syn: processes; result: 1
	 *                     where each of their threads sleeps
	 *   "exited"          its main process. result: the pid, value: its exit status, or minus
	 *                     the signal that ended it
	 *   "process exited"  another one of its; the same, and argument: its name
	 */
	EVENT_SERVER,
	EVENT_ANSWER, /* flow; what its client has read. name: "part" (the first bytes), "whole"
			 (all that was expected), "enough" (so much that it does not read on),
			 "other" (not what was expected); value: bytes so far */
	EVENT_FACT,   /* that was found out about the server. name, listener, value, argument.
			 "loopback": it sends segments to itself, value: packets so far;
			 "loopback of the client": that one does. Of a stage's journal: see
			 captures/held */
	EVENT_EXPECT, /* name: ladder, states, queue, counters, timer, member, isn; the rest by
			 kind */
	EVENT_END,    /* nothing comes after it */
	EVENT_KINDS
};

struct event {
	long seq; /* its place, from 1 */
	nsec at;  /* since the case began */
	enum event_kind kind;
	enum host host;
	int flow;    /* 0: none */
	long packet; /* what it is about, or what caused it; 0: none */
	const char *name, *object;
	enum host from;
	bool injected, copy;
	struct segment segment;
	struct icmp_message icmp;
	struct agreement agreement;
	uint64_t cookie;
	enum tcp_state was, state;
	int retrans; /* of a half-open request: SYN-ACKs sent again (num_retrans) */
	nsec fires;  /* when its timer is due, same clock as @at; 0: none */
	/*
	 * A listener's key: its port or, where another one has listened on that port before, a
	 * number above all ports. 0: none; of a flow: the kernel chooses among those on the @port.
	 */
	int listener;
	int port; /* 0: the key is the port */
	int accept, limit, syn;
	long delta, value;
	long result;
	int error;            /* errno of a call, 0 when it succeeded */
	const char *argument; /* of a call, where it is known: the backlog of listen(), SHUT_RD */
	const char *want;     /* what a call was expected to return: "0", ">=0", "EAGAIN", "4" */
	nsec began;           /* when a call or a wait began */
	long rto;             /* of the flow's client after a call, in us; 0: unknown */
	int format;           /* of a begin: ARTIFACTS_FORMAT */
	bool drops;           /* of a begin: EVENT_DROPS are told */
	bool told;            /* of a begin: of a scenario, so what happens is told, not expected */
	const char *client, *server; /* of a flow: its ends, see address_words(); NULL: unknown */
	/*
	 * Of an expectation; of a begin, where and with what the case was played ("kernel: 6.1.0");
	 * NULL-terminated, may be NULL.
	 */
	const char *const *lines;
};

/* The port of the listener, or flow, that the event tells of. */
int event_port(const struct event *event);
/* Whether a packet was seen: a segment, or an ICMP error about one. */
bool is_sighting(const struct event *event);

struct journal;

struct journal *journal_new(void);
void journal_free(struct journal *journal);
/*
 * Events are written as lines of JSON to @out (not owned) by journal_flush(), so that writing
 * takes its time where there is some. broken() when they cannot be written.
 */
void journal_write_to(struct journal *journal, FILE *out);
void journal_flush(struct journal *journal);
/*
 * Appends a copy (strings and lines too), sets its seq, and returns it; valid until the next
 * append. @event.at must be set.
 */
const struct event *journal_append(struct journal *journal, const struct event *event);
size_t journal_length(const struct journal *journal);
const struct event *journal_event(const struct journal *journal, size_t index);
/* One event as one line of JSON (the caller frees), and back (strings are the journal's). */
char *event_to_json(const struct event *event);
/*
 * Reads journal.jsonl. NULL with one line in *why (the caller frees it) that names the first bad
 * line: cut short, not JSON, an unknown kind, out of order, a number that no case leaves, more than
 * a case leaves; or says that its format is another.
 */
struct journal *journal_load(const char *path, char **why);
/*
 * Reads as much of a journal as there is: of a damaged one what comes before the first bad line,
 * of one with another format what is understood, and *why. NULL, and *why, when that is nothing.
 */
struct journal *journal_salvage(const char *path, char **why);
/*
 * A journal of more than 1 MiB becomes journal.jsonl.gz, when a case has passed: where a journal is
 * loaded by its path, that one is found too.
 */
void journal_pack(const char *folder);
/* Whether the folder has a journal, packed or not. */
bool journal_exists(const char *folder);

/*
 * How long a busy machine may keep us from handing on a segment that the wire has let go of, and
 * from seeing what has happened already.
 */
#define WIRE_PATIENCE SEC(2)

/* sock_diag tells of timers in milliseconds, rounded down to a jiffy (10 ms at HZ=100). */
#define TIMER_GRAIN MSEC(20)

#endif
