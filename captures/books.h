/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the judge keeps while it reads a journal; shared by judge.c (the books), ladder.c (the
 * rungs and their words) and expect.c (what cases assert). Flat arrays, so that a judge can be
 * cloned in the middle of a journal.
 */
#ifndef HALFOPEN_BOOKS_H
#define HALFOPEN_BOOKS_H

#include "captures/captures.h"

/* One line of a ladder: a segment, or a change of state without one. */
struct rung {
	int flow;
	int next;	  /* rung of the same flow; -1: none */
	long seq, packet; /* packet 0: no segment */
	nsec at;
	nsec arrived;	  /* when it did last; 0: not yet, or not at all */
	nsec transit;	  /* time that the flow's earlier segments spent on the wire */
	char direction;	  /* '>' from the client, '<' from the server, '.' none */
	bool by_call;	  /* sent while a system call of the case was at work on the flow */
	bool sampled;	  /* no segment: seen by a sample, so up to a tick late */
	bool held, dropped, ignored, changed;
	enum tcp_state states[HOSTS];
	char words[48];	   /* "SYN-ACK", "DATA 5" */
	char counters[HOSTS][120]; /* that it moved on each host */
};

struct flow_book {
	const char *name;
	int listener;
	bool raw, begun;
	nsec t0, transit, last_call_began, last_call_ended;
	long rto;
	enum tcp_state states[HOSTS];
	int timeouts; /* of its request */
	nsec fires;
	unsigned synacks;
	bool synack_since_timer; /* the request's timer has sent one since it last fired */
	int first_rung, last_rung, next_unnamed; /* -1: none */
	/* sequence space of each sender, relative to its ISN */
	bool has_isn[HOSTS], has_segment[HOSTS];
	uint32_t isn[HOSTS];
	uint32_t sent_next[HOSTS];     /* after the last byte sent */
	uint32_t received_next[HOSTS]; /* in order, as it arrived at this host */
	uint32_t acked[HOSTS];	       /* of what this host sent, as it learned */
	struct segment first_syn[HOSTS], last_arrived[HOSTS];
	unsigned sent[HOSTS], arrived[HOSTS];
};

struct packet_book {
	int flow, rung;
	bool known, injected, held, released, gone;
	bool retransmission; /* counted in Tcp.RetransSegs and not in Tcp.OutSegs */
	enum host from;
	unsigned arrivals, copies;
	nsec sent;
	struct segment segment;
};

struct socket_book {
	enum host host;
	uint64_t cookie;
	int flow;
	enum tcp_state state;
};

struct listener_book {
	int port;
	const char *name;
	int children, accepted, requests; /* what the sockets and calls add up to */
	struct depths depths;		  /* what the kernel said last */
	bool closed;
};

struct counter_book {
	const char *name;
	long total, step, named;
	long value;
	bool has_value;
	long last_seq; /* of the event that moved it last */
};

struct host_book {
	struct counter_book *counters;
	int counter_count;
	long captured_in, captured_out, retransmissions; /* segments */
	long counted_in, counted_out;			 /* Tcp.InSegs, Tcp.OutSegs */
	long flooded;
	unsigned syn_acks_again; /* since the step began */
	long counting_sockets, current_established; /* for Tcp.CurrEstab */
	nsec last_packet;
	long last_packet_seq;
};

struct judge {
	struct flow_book *flows; /* [0] is not used */
	struct rung *rungs;
	struct packet_book *packets; /* [0] is not used */
	struct socket_book *sockets;
	struct listener_book *listeners;
	int flow_count, rung_count, packet_count, socket_count, listener_count;
	struct host_book hosts[HOSTS];
	int last_sampled; /* the last rung without a segment; -1: none */
	nsec slack, tick, step_began;
	const char *step;
	bool ended;
	struct finding finding;
	bool found;
};

/* judge.c */
void judge_object(struct judge *judge, const struct event *event, char *summary);
struct listener_book *book_of_listener(struct judge *judge, int port);
struct flow_book *book_of_flow(struct judge *judge, int flow);
struct counter_book *book_of_counter(struct judge *judge, enum host host, const char *name);
void *grown(void *array, int count, size_t size);

/* ladder.c */
void describe_segment(struct judge *judge, const struct event *event, char *words, size_t size);
int add_rung(struct judge *judge, const struct event *event, int flow);
/* A rung as "1.0  <  SYN-ACK  ignored  ESTABLISHED / SYN_RECV"; the caller frees it. */
char *rung_text(const struct judge *judge, const struct rung *rung);
/* Whether a "~" line need not have come by @at. */
bool line_may_be_missing(const struct judge *judge, int flow, const char *expected, nsec at);
/* Compares an expected line with a rung. NULL when it fits, else why not (the caller frees). */
char *rung_mismatch(const struct judge *judge, const struct rung *rung, const char *expected);

/* expect.c */
void judge_expectation(struct judge *judge, const struct event *event);
/* At the end of a step: movements of watched counters that nothing named. */
void judge_unnamed_counters(struct judge *judge, const struct event *event);

#endif
