/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three ways in which a host is looked at. Shared inside watch.
 */
#ifndef HALFOPEN_PROBES_H
#define HALFOPEN_PROBES_H

#include "captures/watch/watch.h"

/* ---- tap: libpcap on eth0 of both hosts ---------------------------------------------------- */

struct tap;

struct sighting {
	enum host host;
	bool outgoing;
	nsec at;              /* CLOCK_MONOTONIC */
	const uint8_t *bytes; /* the whole frame */
	size_t length;
	const struct parsed *parsed;
};
typedef void sighted(void *context, const struct sighting *sighting);

/*
 * Both at once: activating and closing wait for RCU, so side by side they take half the time. Each
 * has so many bytes for what it has not handed over yet.
 */
void taps_open(struct tap *taps[HOSTS], struct net *net, const char *folder, int room);
void taps_close(struct tap *taps[HOSTS]);
/* What they have written is whole: it gets its name. */
void taps_keep(struct tap *taps[HOSTS]);
/* Hands over all that was captured and not handed over yet. Returns how many. */
unsigned tap_drain(struct tap *tap, sighted *sighted, void *context);
/* Whether the sentinel @mark has come by. */
bool tap_has_seen(const struct tap *tap, uint64_t mark);
/*
 * Frames that the kernel could not keep for the capture. What libpcap tells of the interface
 * (ps_ifdrop) is read in /sys, which shows another namespace: wire_losses() knows it.
 */
unsigned tap_lost(const struct tap *tap);

/* ---- sockets: sock_diag through libmnl ----------------------------------------------------- */

struct diag;

#define NO_TIMER (-1)

struct diag_socket {
	uint64_t cookie;
	enum tcp_state state;
	struct in6_addr here, there; /* its address and the other end's; of IPv4: mapped */
	uint16_t port, peer_port;    /* and the ports */
	int retrans, expires_ms;     /* of its timer; 0: it is overdue, NO_TIMER: it has none */
	int queued, limit;           /* of a listener: accept queue and its limit */
	long drops;                  /* of a listener: segments (SK_MEMINFO_DROPS) */
	bool floods;                 /* the other end is a source of a flood, */
	bool inner;                  /* or is on the same host */
	bool reachable; /* of a listener: by whoever comes from the other host, over the family */
	unsigned long inode; /* by which /proc knows it; 0: nobody has a descriptor of it */
};
typedef void found_socket(void *context, const struct diag_socket *socket);

/*
 * Of the host's sockets of a family. @mapped: addresses are of IPv4, and sockets of both; then
 * those that @found is called for, and those that are asked for by their addresses, may be either.
 * @both: sockets of the other family are listed, too.
 */
struct diag_options {
	enum host host;
	int family;
	bool mapped, both;
};
struct diag *diag_open(struct net *net, const struct diag_options *options);
void diag_close(struct diag *diag);
/*
 * Calls @found for each TCP socket of the family, half-open requests too. False when the list has
 * changed while it was read: what was found is no whole.
 */
bool diag_dump(struct diag *diag, found_socket *found, void *context);
/*
 * The same for the one socket between @here and @there, addresses with ports (@there with port 0:
 * for a listener), if there is one: what a segment to @here would meet (inet_lookup).
 */
struct socket_ends {
	struct sockaddr_storage here, there;
};
void diag_find(struct diag *diag, const struct socket_ends *ends, found_socket *found,
	       void *context);

/*
 * What the socket between the two, of this cookie, goes by (INET_DIAG_INFO, its TCP_INFO): also of
 * one that nobody has accepted. False when it is no more.
 */
bool diag_agreement(struct diag *diag, const struct socket_ends *ends, uint64_t cookie,
		    struct agreement *agreement);

/*
 * Ends the one between the two, of this cookie (SOCK_DESTROY). 0, or an errno: ENOENT where it is
 * no more, EOPNOTSUPP without CONFIG_INET_DIAG_DESTROY.
 */
int diag_destroy(struct diag *diag, const struct socket_ends *ends, uint64_t cookie);
/*
 * Ends every socket of the family at once (SOCK_DESTROY): one that closes as usual holds its
 * namespace for minutes when its peer is gone (tcp_orphan_retries). False where some are left: the
 * kernel lacks CONFIG_INET_DIAG_DESTROY.
 */
bool diag_destroy_all(struct diag *diag);

/* ---- counters: /proc/net/netstat, snmp and snmp6 ------------------------------------------- */

struct counters;

struct counters *counters_open(struct net *net, enum host host);
void counters_close(struct counters *counters);
/*
 * An ICMP error has come to the host, or left it: from now on that of ICMPv6 is read too. Before,
 * it would be a file more at each sample.
 */
void counters_follow_icmp(struct counters *counters);
/* Reads all of them; true when one differs from what was accepted last. */
bool counters_read(struct counters *counters);
/* Reads them once more; true when all are as they were read before. */
bool counters_stand(struct counters *counters);
/* Calls @moved for each that differs from what was accepted last, and accepts it. */
typedef void counter_moved(void *context, const char *name, long delta, long value);
void counters_accept(struct counters *counters, counter_moved *moved, void *context);
/* Whether one that was not accepted yet is neither exempt nor among @names (NULL-terminated). */
bool counters_moved_beyond(const struct counters *counters, const char *const *names);
/* Whether this kernel has one of that name. */
bool counters_have(const struct counters *counters, const char *name);
/* How far one has moved since they were opened, as read last. 0 for an unknown name. */
long counters_since_open(const struct counters *counters, const char *name);

#endif
