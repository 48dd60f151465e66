/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch: fills a journal from a live network, and has it judged as it grows: libpcap, sock_diag,
 * counters. And the kernel's log, which tells of what no case asks for.
 */
#ifndef HALFOPEN_WATCH_H
#define HALFOPEN_WATCH_H

#include "captures/judge/judge.h"
#include "netns/netns.h"

struct watch;

struct tcp_info;
/* What of TCP_INFO an end has agreed on. */
struct agreement agreement_in(const struct tcp_info *info);

/* The port of an address, in the host's byte order; 0: none. */
uint16_t address_port(const struct sockaddr_storage *address);

/* What the gate shall do with a frame. */
typedef enum fate fate_rule(void *context, struct frame *frame);

struct watch_options {
	struct net *net;
	struct journal *journal;
	struct judge *judge;
	int family;
	bool mapped; /* the server's sockets are of IPv6, and not only of IPv4: IPV4_MAPPED */
	bool told;   /* a scenario: what happens is told, and nothing of it expected */
	bool both;   /* the scenario's clients come over both families; @family is one of them */
	const char *folder;       /* client.pcap and server.pcap go there */
	const char *wire;         /* its netem; NULL: none */
	const char *title;        /* the case */
	const char *const *about; /* lines of the begin, see struct event; may be NULL */
	fate_rule *gate;          /* the case's rules; NULL: forward all */
	/* A frame is about to be handed to its receiver; NULL: nobody wants to know. */
	void (*coming)(void *context, const struct frame *frame);
	void *context;
};

/* Opens captures on both hosts (side by side), sock_diag and counters; observes the wire. */
struct watch *watch_open(struct watch_options options);
/* Stops by sentinel, drains; whatever lost a frame is broken(). Journals EVENT_END. */
void watch_finish(struct watch *watch);
/* False where some of the hosts' sockets could not be ended, and hold their namespace for minutes.
 */
bool watch_close(struct watch *watch);

/* Time since the case began: the journal's clock. */
nsec watch_now(const struct watch *watch);
/* Appends and judges an event made by the caller; sets @at unless it is set. */
void watch_note(struct watch *watch, struct event event);
/*
 * Journals those settings of the server that are not any more as they were told last: after
 * something was set in the middle of a case.
 */
void watch_settings(struct watch *watch);
/*
 * Names a flow before its first segment, by the ends that it is between: family, address and port
 * of the client, address and port of the server. Returns its number. Where another flow is between
 * them already, segments are the later one's from now on; the sockets that there are stay the
 * earlier one's.
 *
 * In a scenario a connection that nobody has named gets its flow with its first segment, answered
 * or not: "connection 1" and so on where a client of that host has opened it, else it is the
 * server's own and a stranger. Between the same ends
 * each SYN of another number (ISN) begins one more: it is that of another socket, which has the
 * port again, after the first one's end or out of TIME_WAIT. What is on its way when that happens
 * stays the earlier one's. A socket is told once it is known whose it is.
 */
struct flow_id {
	const char *name;
	struct sockaddr_storage client; /* with port */
	struct sockaddr_storage server; /* with port; of no family: the server's, @port */
	int listener;                   /* its key, see struct event; 0: any on that port */
	int port;                       /* of the server; 0: it is the key */
	int beside;                     /* another flow of the same raw peer's; 0: none */
	const char *role;               /* of a scenario's client: see captures/told; or NULL */
	bool raw;                       /* the client is a raw peer on the wire */
};
int watch_flow(struct watch *watch, struct flow_id id);
/* The flow of a frame that the gate has: it was named, or has one since it left its host. 0: the
 * frame is no segment, was injected, or the case has named no flow for it. */
int watch_flow_of(const struct watch *watch, const struct frame *frame);
/*
 * A flood of SYNs for the server begins (wire_flood_begin()), or is over: @syns have gone past the
 * gate to the port of the @listener of this key. Then everything is sampled. Between the two
 * nothing that the server counts can be put down to a segment, and how much came in and went out is
 * not compared with the captures.
 */
void watch_flood_begins(struct watch *watch);
void watch_flood(struct watch *watch, int listener, uint64_t syns);
/*
 * Moves frames until nothing waits in gate, netem or captures, then samples; of a crowd only what
 * is new. So a call's whole effect is in the journal when it returns.
 */
void watch_settle(struct watch *watch);
/* Moves what frames there are, and samples as that goes along. */
void watch_move(struct watch *watch);
/* Moves frames as watch_settle() does, and samples all that there is. */
void watch_look(struct watch *watch);
/* What the gate holds goes on its way, oldest first; then as watch_settle(). */
void watch_release(struct watch *watch);
/* The same, as close together as can be: what each does is seen when the last has arrived. */
void watch_release_at_once(struct watch *watch);
/*
 * Moves frames and samples until @met returns true (then true) or @within has passed (false; it
 * is stretched as all deadlines are). @met is asked after each frame and each sample. Samples come
 * every 50 ms, and the rarer the longer nothing has happened; but right before and after a socket's
 * timer is due.
 */
struct wait {
	const char *what; /* for the journal and the progress line */
	bool (*met)(void *context);
	void *context;
	nsec within;
	nsec looks; /* a sample at least so often; 0: no more than that */
	nsec every; /* ask @met so often also without a sample, for what none shows; 0: no */
	int wake;   /* and when this descriptor is readable; 0: none */
	/* and when this has come, on the journal's clock; NULL: never */
	nsec (*due)(void *context);
};
bool watch_wait(struct watch *watch, struct wait wait);
/* Settles, and tells whether the flow's socket on @host has a timer that sock_diag tells of. */
bool watch_has_timer(struct watch *watch, int flow, enum host host);
/*
 * SOCK_DESTROY of the flow's socket on @host, of flow 0 of the @listener of this key: 0,
 * or an errno: ENOENT where the last sample has found none, EOPNOTSUPP where the kernel lacks
 * CONFIG_INET_DIAG_DESTROY. Takes no sample.
 */
int watch_destroy(struct watch *watch, enum host host, int flow, int listener);
/*
 * client.pcap and server.pcap get their names; before, they are called *.new. What is captured
 * afterwards is not in them. broken() when they cannot be written.
 */
void watch_keep_captures(struct watch *watch);
/*
 * The sockets of the server's that listen on @port (0: on any), whoever's, as the last sample has
 * found them: at most @room of them are written to @found. Returns how many.
 */
struct seen_listener {
	uint64_t cookie;
	unsigned long inode; /* by which /proc knows it */
	int port, limit;
	bool reachable; /* by clients over the family that is watched: by its address, too */
};
int watch_listeners(const struct watch *watch, int port, struct seen_listener *found, int room);
/*
 * Ends with broken() when the wire or a capture has lost a frame, and says who, and how many. Then
 * nothing is known of the kernel, whatever does not add up. watch_finish() does it too.
 */
void watch_check_losses(struct watch *watch);
/* How many segments have been seen so far. */
long watch_packets(const struct watch *watch);
/* What the judge found; NULL while all adds up. */
const struct finding *watch_finding(const struct watch *watch);
/* Whether this kernel has a counter of that name. */
bool watch_has_counter(const struct watch *watch, enum host host, const char *name);
/* How far a counter of @host has moved since the watch began, by now. It is not journalled. */
long watch_counter(struct watch *watch, enum host host, const char *name);
/* Kernel time waited so far, in waits. */
nsec watch_waited(const struct watch *watch);

/* ---- hosts that nobody watches ------------------------------------------------------------- */

/*
 * Counters and sockets of both hosts, read when they are asked for: where several CPUs have a hand
 * in what happens, no sample belongs to a packet. It has no journal and no judge.
 */
struct survey;
struct survey *survey_open(struct net *net, int family);
/* How far a counter of @host has moved since then, by now; 0 where this kernel has none of it. */
long survey_counter(struct survey *survey, enum host host, const char *name);
/* Calls @moved for each counter of @host that has, in the kernel's order. */
typedef void survey_moved(void *context, const char *name, long moved);
void survey_counters(struct survey *survey, enum host host, survey_moved *moved, void *context);
/* How many sockets of @host there are by now, half-open requests too, but those in LISTEN and
 * TIME_WAIT. */
long survey_sockets(struct survey *survey, enum host host);
/* The same, without those in FIN_WAIT2: they have nothing to send any more. */
long survey_speakers(struct survey *survey, enum host host);
/* Ends the hosts' sockets, as watch_close() does, and returns what it returns. */
bool survey_close(struct survey *survey);

/* ---- the kernel's log ---------------------------------------------------------------------- */

/*
 * Warnings, oopses, lockups and stalls, as the kernel counts them (/sys/kernel/warn_count and its
 * like), taint bits that were clear before, and what its log (/dev/kmsg) has of them. What happened
 * before kernel_log_open() is nobody's.
 */
struct kernel_log;
struct kernel_log *kernel_log_open(void);
void kernel_log_close(struct kernel_log *log);
/* What was complained of since it was asked last, a few lines; NULL: nothing. The caller frees it.
 */
char *kernel_log_complaint(struct kernel_log *log);
/* Reads a stage's files instead of the machine's: @folder stands before their paths. For tests. */
void kernel_log_below(const char *folder);

#endif
