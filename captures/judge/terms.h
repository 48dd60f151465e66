/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terms: what a SYN-ACK offers, as the kernel's rules have it. Shared inside the judge.
 */
#ifndef HALFOPEN_TERMS_H
#define HALFOPEN_TERMS_H

#include "captures/judge/books.h"

/* Whether its handshake is a request of the server's, and no cookie. */
bool is_request(const struct flow_book *flow);

/* What the route to the client allows of an MSS. */
long advertised_mss(const struct judge *judge, const struct flow_book *flow);
/* The receive buffer of the listener's. */
long buffer_of(const struct judge *judge, const struct listener_book *listener);
/* What tcp_openreq_init_rwin() takes from the listener and the route. */
struct room {
	long space, clamp; /* clamp 0: none */
	long mss;          /* of a segment with its options */
	long segments;     /* that the route bounds the window to; 0: it does not */
};
struct room room_for(const struct judge *judge, const struct flow_book *flow, bool timestamps);

/* What the flow's SYN-ACK is to be, as far as it is an offer: without numbers and its own time. */
struct segment offered(const struct judge *judge, const struct flow_book *flow);
/* The TTL, or hop limit, of what the server sends without a socket. */
uint8_t ttl_without_socket(const struct judge *judge);
/* Whether the server would use ECN. */
bool allows_ecn(const struct judge *judge);

#endif
