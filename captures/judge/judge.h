/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge: reads a journal event by event, keeps books, and finds what does not add up.
 */
#ifndef HALFOPEN_JUDGE_H
#define HALFOPEN_JUDGE_H

#include "captures/journal/journal.h"

/*
 * What does not add up: the event that shows it, in words, and what was expected instead.
 */
struct finding {
	long seq;      /* of the event that is wrong, or before which one is missing */
	long packet;   /* that it is about; 0: none */
	char *summary; /* one line */
	bool uneven;   /* the kernel's own accounts disagree: no lateness explains that */
	/* made by judge_report() */
	char *report; /* at most 60 lines: ladders side by side, queues, states, counters, steps */
	/*
	 * The same for programs, an object of JSON: "step", "seconds" since the case began, "event"
	 * (its seq), "expected" and "observed" (of a ladder: arrays of lines; of counters and
	 * queues: objects; of an errno or states: strings), "states", "queues", "counters",
	 * "last_steps", "uneven".
	 */
	char *details;
};

struct judge;

struct judge *judge_new(void);
struct judge *judge_clone(const struct judge *judge);
void judge_free(struct judge *judge);
/*
 * Takes the next event. Returns NULL, or the first finding, which is the judge's own. After it the
 * books go on, so that the ladders show how it went on, and nothing is objected to any more. What
 * the judge checks by itself, without an expectation:
 *  - each segment seen at the receiver was sent, and each sent one arrived in time or the gate had
 *    it
 *  - the gate does only what it can do with the segment that it speaks of, and what it has changed
 *    arrives so
 *  - flags, ports, timestamps and their echoes are such as TCP sends
 *  - SYNs repeat themselves exactly; SYN-ACKs acknowledge the SYN, again with the same number
 *  - at every sample, what captures and sockets show is what Tcp's counters count (segments in,
 *    out, out again, RSTs, opens, CurrEstab), and what Linux must count besides has moved
 *    (counts.c)
 *  - sockets move from the state they were in; only to a state that TCP has from there, and not
 *    without the segments that lead to it
 *  - a request's timer is set when it can be, for a second that doubles, and its count is right
 *  - accept queue = children - accepted; SYN queue = requests, of all who listen on the port; the
 *    limit is what listen() made it; where another process accepts, nobody who was accepted comes
 *    back
 *  - a socket listens from listen() to what ends that: shutdown(), the close() of its last
 *    descriptor; and then no longer
 *  - who waits at a listener that ends is gone, or waits at another one on its port, and is counted
 *  - what one sample finds has one cause; time does not run backwards
 *  - a listener has dropped (sk_drops) what follows from the segments that it got (drops.c)
 *  - every call returned what was wanted
 *  - an ICMP error about a number that is not under way is counted, and ends no request; a request
 *    takes no notice of an MTU, and who goes the way of a connection knows what it has learnt
 *  - each SYN-ACK offers what follows from the SYN and the server's settings (offers.c)
 *  - what no socket sends (the ACKs of a request and of TIME_WAIT, and the RST for what fits
 * nowhere) has the window, options, TOS and TTL that follow from what it answers (answers.c)
 *  - each end goes by what SYN and SYN-ACK have agreed on
 *  - every movement of a counter that is neither exempt nor held to what was seen was named in its
 *    step
 *  - every flow was named by a ladder up to its last segment and state
 */
const struct finding *judge_event(struct judge *judge, const struct event *event);
const struct finding *judge_journal(struct judge *judge, const struct journal *journal);
/* The first finding, the judge's own; NULL while all adds up. */
const struct finding *judge_finding(const struct judge *judge);
/* After the last event, @last: a journal must have an end. judge_journal() does it by itself. */
const struct finding *judge_finish(struct judge *judge, const struct event *last);
/*
 * Makes the finding's report and details. They tell where all stands now: to be called when
 * judge_event() has returned the finding. The journal must still be there.
 */
void judge_report(struct judge *judge);

/* The state of one of a flow's two ends. */
enum tcp_state judge_state(const struct judge *judge, int flow, enum host host);
struct depths {
	int accept, limit, syn;
};
/* The queues of the listener of this key, as the last sample has found them. */
struct depths judge_depths(const struct judge *judge, int listener_key);
/* The limit that listen() has made, which every look compares with the queue's; 0: none listens. */
int judge_limit(const struct judge *judge, int listener_key);
/*
 * The key of the listener in whose queue the flow's connection is, or was when it was accepted; of
 * a request the one that its SYN was for, as far as the case knows. 0: not known.
 */
int judge_listener_of(const struct judge *judge, int flow);
/* How much a counter moved since the step began (or, since_begin, since the case began). */
long judge_counter(const struct judge *judge, enum host host, const char *name, bool since_begin);
/*
 * "NAME NUMBER NAME NUMBER": what has moved on the host in this step, must be named, and has not
 * been so far; "": nothing. The caller frees it.
 */
char *judge_unnamed(const struct judge *judge, enum host host);
/* Segments of a flow that @from has sent so far. */
unsigned judge_sent(const struct judge *judge, int flow, enum host from);
/* How often the timer of the flow's half-open request has been set anew. */
int judge_timeouts(const struct judge *judge, int flow);

/* Whether both ends of a flow have sent more than a SYN: then either may delay its ACKs. */
bool judge_both_talk(const struct judge *judge, int flow);
/*
 * Whether the counters of @host tell of as many segments as its captures have shown so far, where
 * that can be known; @counted says how far a counter has moved since the case began.
 */
typedef long counted(void *context, const char *counter);
bool judge_agrees(const struct judge *judge, enum host host, counted *counted, void *context);
/* SYN-ACKs sent again by the server since the step began, of all flows, and to floods' sources. */
int judge_syn_acks_again(const struct judge *judge);

/* ---- what there is to draw ----------------------------------------------------------------- */

/*
 * Flows are 1 .. judge_flows(), listeners, counters and lines 0 .. their number - 1. Strings are
 * the judge's, or its journal's.
 */
struct judged_flow {
	const char *name;
	const char *client, *server; /* of a scenario: between which ends; NULL: it is not told */
	int asked;         /* the key of the listener that it is meant for; 0: any on its port */
	int listener;      /* of the one that its request or child is at; 0: not known */
	bool raw;          /* its client is a raw peer */
	bool has_optional; /* lines in its expectations, which need not come */
	nsec began;        /* its first segment */
	int first_line;    /* of its ladder; -1: none yet */
};
int judge_flows(const struct judge *judge);
struct judged_flow judge_flow(const struct judge *judge, int flow);

struct judged_listener {
	int key;
	const char *name;
	struct depths depths; /* as the last sample has found them */
	bool closed;
};
int judge_listeners(const struct judge *judge);
struct judged_listener judge_listener(const struct judge *judge, int index);

/* One line of a flow's ladder: a segment, or a change of state that a sample found without one. */
struct ladder_line {
	int flow;
	int next;          /* line of the flow; -1: none */
	nsec at;           /* a segment was sent, a sample found it */
	char direction;    /* '>' from the client, '<' from the server, '.' no segment */
	const char *words; /* "SYN-ACK", "DATA 5"; without a segment "timer" or nothing */
	const char *fate;  /* "ignored", "rejected", "held", "held, ignored", ..., "lost", "moved",
			      or "" */
	bool ignored;      /* it arrived, and the host counted a drop */
	bool rejected;     /* and sent RST for it */
	bool changed;      /* one of the states, which then are: */
	enum tcp_state states[HOSTS];
	const char *expected; /* the line of an expectation that named it; NULL: none has */
	bool optional;        /* which allows for its not coming, "~1.0 ..." */
	const char *step;     /* in which it was sent or found; NULL: before the first */
};
int judge_lines(const struct judge *judge);
struct ladder_line judge_line(const struct judge *judge, int index);
/* "ListenOverflows +1, ListenDrops +1": what the line moved on @host; the caller frees it. */
char *judge_line_counters(const struct judge *judge, int index, enum host host);
/* Whether the counter that the last event tells of was moved by no line of a ladder. */
bool judge_counter_is_stray(const struct judge *judge);

struct judged_counter {
	const char *name;
	long total; /* since the case began */
};
/* How many counters of @host have moved, and each, in the order in which they moved first. */
int judge_counters(const struct judge *judge, enum host host);
struct judged_counter judge_counter_at(const struct judge *judge, enum host host, int index);

/*
 * What a SYN-ACK follows from: names of EVENT_SETTING, 0, 1, ...; NULL behind the last. Those that
 * begin with "net." are sysctls of the server ("[2]": the third of its numbers). @family: AF_INET
 * or AF_INET6; a name of the other one's is "".
 */
const char *judge_setting_name(size_t number, int family);
/* The same for the options of a listening socket, whose EVENT_SETTING names its listener. */
const char *judge_option_name(size_t number, int family);

/*
 * What keeps @line from being a line of any ladder (ladder.c has the words), with the word that is
 * wrong and the nearest ones; NULL: nothing. The caller frees it.
 */
char *ladder_line_slip(const char *line);

/* Whether a counter is left out of expectations, and why (exempt.c has the one table). */
const char *counter_exempt(const char *name);

#endif
