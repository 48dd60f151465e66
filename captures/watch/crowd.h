/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crowd: the sockets of both hosts as samples have found them. Listing sockets is what a sample
 * costs, and a queue of 511 is listed some 3,000 times: of a crowd a sample lists only a part where
 * that is enough. Shared inside watch.
 *
 * A socket changes by a segment, by a system call of the case, or by a timer. Each segment and each
 * call has a sample of its own, of the two sockets of its flow and of its listener; a timer moves a
 * counter that is none of those that connections move when they come about, and then all are
 * listed. So what a sample leaves out stands as it stood. To be sure of it, all are listed
 *   - always, where several listen on one port,
 *   - before a step, and before anything is expected of a host (crowd_is_behind()),
 *   - and whenever the case waits.
 *
 * What a sample of few sockets costs are the counters: the kernel prints some 300 names and numbers
 * of a host each time. Where no segment, no call and no timer has been (quiet), they are not read
 * while the list of its sockets is what it was. They are read before a step, and before anything is
 * expected of a host (sample_the_rest()).
 */
#ifndef HALFOPEN_CROWD_H
#define HALFOPEN_CROWD_H

#include "captures/watch/probes.h"

struct seen_socket {
	struct diag_socket diag;
	bool anew; /* listed by the last sample of its host */
	int known; /* the watch's place for it, once it has one */
};

struct seen_sockets {
	struct seen_socket *sockets;
	int count;
	uint16_t *flooded; /* the port of each half-open request that is a flood's */
	int flood_count;
	nsec asked; /* when it was begun to list them, by clock_now() */
};

struct crowd;

/*
 * @mapped: the addresses are of IPv4, and the server's sockets of IPv6 too. @told: a scenario's
 * programs act unseen, so no part of a crowd is enough; the sockets are of both families; and what
 * a host has to do with itself is left out.
 */
struct crowd_options {
	struct net *net;
	int family;
	bool mapped, told;
};
struct crowd *crowd_open(const struct crowd_options *options);
/* Ends all sockets of both hosts; false where some could not be: see diag_destroy_all(). */
bool crowd_close(struct crowd *crowd);
/* Between which ends a flow is, addresses with ports. */
struct flow_ends {
	struct sockaddr_storage client, server;
	bool raw; /* the client has no kernel */
};
/* Flows are 1, 2, ... in the order in which they are added. Returns the number. */
int crowd_add_flow(struct crowd *crowd, const struct flow_ends *ends);
/* What there is at @host, as the last sample found it; valid until the next one. */
struct seen_sockets *crowd_seen(struct crowd *crowd, enum host host);

/* What the case notes: a listener, or a call, whose flow the next sample is about. */
void crowd_note(struct crowd *crowd, const struct event *event);

/* What a sample reads of one host's sockets. */
struct crowd_reading {
	enum host host;
	bool here; /* it is there that something has happened; else only where its counters moved */
	bool whole; /* at every one of a crowd */
	bool quiet; /* nothing is known to have happened there since its counters were read */
	int flow; /* that the segment is of which the sample follows; 0: none, it follows a call */
	struct counters *counters; /* of the host; they are read before the sockets */
};
/* What was needed: nothing; the counters alone, which had not moved; or the sockets, too. */
enum looked { LEFT_OUT, COUNTERS_READ, LISTED };
enum looked crowd_read(struct crowd *crowd, const struct crowd_reading *reading);
/* Whether the case has noted what may have changed something at @host since it was read. */
bool crowd_touched(const struct crowd *crowd, enum host host);
/*
 * A sample of both hosts is over. @packets: so many segments have come by so far. Returns the first
 * of them that no sample has followed before; 0: there is none.
 */
long crowd_sampled(struct crowd *crowd, long packets, bool whole);
/* Whether the sample that follows the @packet was begun after the packet was captured. */
bool crowd_has_followed(const struct crowd *crowd, long packet);
/*
 * Whether the sample at the end of a call can be left out: it is a crowd, and all that was noted
 * and that came by has had its sample. If so, the crowd is behind.
 */
bool crowd_leaves_out(struct crowd *crowd, long packets);
/* Whether it is one of a scenario, which is too large to be listed after every segment. */
bool crowd_is_told_late(const struct crowd *crowd);
/* Whether some sockets were left out since all were listed. */
bool crowd_is_behind(const struct crowd *crowd);

/* What a flow's socket of this cookie goes by; false when it is no more. */
struct end_of_flow {
	enum host host;
	int flow;
	uint64_t cookie;
};
bool crowd_agreement(struct crowd *crowd, const struct end_of_flow *end,
		     struct agreement *agreement);
/* SOCK_DESTROY of that socket, and of the one that listens on the port: see diag_destroy(). */
int crowd_destroy(struct crowd *crowd, const struct end_of_flow *end);
int crowd_destroy_listener(struct crowd *crowd, int port, uint64_t cookie);

#endif
