/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h: what the files of held share among themselves.
 */
#ifndef HALFOPEN_HELD_INTERNAL_H
#define HALFOPEN_HELD_INTERNAL_H

#include "captures/held/held.h"

/* When each was seen first, on the journal's clock; 0: never. */
struct held_signs {
	int listener; /* the key of the one whose queue it is to wait in; 0: nobody's */
	int header;   /* of IP, in bytes */
	uint32_t client_isn, server_isn;
	int syns_arrived;  /* at the server */
	int syns_refused;  /* of them those before it was answered first */
	nsec syn_ack;      /* left the server, */
	nsec reset, fin;   /* as did these, */
	nsec data;         /* and its first data, */
	nsec last_data;    /* and its last */
	nsec heard;        /* the client's first data, or its FIN, came to the server */
	nsec icmp;         /* came to the client */
	nsec request;      /* the server has a half-open request, */
	nsec request_gone; /* and has it no more, */
	nsec up;           /* the server has a connection */
	nsec too_long;     /* a packet longer than the path carries came through */
	int longest;       /* of these, in bytes */
};

/* The accept queue of a listener. */
struct queue {
	int listener, depth;
	nsec shrank; /* first: somebody has accepted */
};

struct reading {
	struct held *held;
	int *of_flow; /* its place among the connections; -1: none */
	bool *is_ipv6;
	int flow_count;
	nsec sampled;
	struct queue *queues;
	int queue_count;
	long overflows, syn_overflows; /* of accept queues, and of SYN queues, as counted */
	const struct event *wants[3];  /* the facts "expect ..." */
};

/* ---- signs.c: what the journal shows of a connection at the server -------------------------- */

void signs_of_packet(struct held_connection *connection, const struct event *event);
void signs_of_socket(struct held_connection *connection, const struct event *event);
void queues_take(struct reading *reading, const struct event *event);
void drops_take(struct reading *reading, const struct event *event);

/* ---- rules.c: whether states have held ------------------------------------------------------ */

/* @end: of the journal. */
void judge_connections(struct reading *reading, nsec end);

/* ---- expectations.c ------------------------------------------------------------------------- */

void judge_expectations(struct reading *reading);

#endif
