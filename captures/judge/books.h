/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the judge keeps while it reads a journal. Shared inside judge, and with the oracle's tests:
 * all others ask judge.h. Flat arrays, so that a judge can be cloned in the middle of a journal.
 */
#ifndef HALFOPEN_BOOKS_H
#define HALFOPEN_BOOKS_H

#include "captures/judge/judge.h"

/* That a failure tells of. */
#define LAST_STEPS 4
/* In seconds: 104 days. Whatever a journal says, sums of a few such spans are numbers. */
#define LONGEST_SPAN 9e6
/* SYNs or answers of a flood between two samples. */
#define MOST_OF_A_FLOOD (1L << 30)

/* More than a kernel has, or a case: how long it takes to find one of them is bounded. */
#define MOST_COUNTERS  1024
#define MOST_LISTENERS 1024

/* What a finding names. */
struct culprit {
	long seq, packet;
};

/*
 * What a host counts of its own timers, and of what moves with them. The sample that finds these
 * counters may be about any segment, or none; so they are put down to the line that is known to
 * have moved them.
 */
enum timer_counter { A_TIMEOUT = 1, A_RETRANSMISSION = 2, A_REPEATED_SYN = 4, A_MOVE = 8 };

/* What a line of a ladder moved a counter by. */
struct movement {
	const char *counter;
	long delta;
	int next; /* of the same line on the same host; 0: none */
};

/* In judge.movements, from the first to the last; 0: none. */
struct movements {
	int first, last;
};

/*
 * A segment in words. The longest:
 * "old DATA-SYN-FIN-RST-URG-ECE-CWR 65535 seq -2147483648 ack -2147483648 win 65535
 * changed"
 */
#define WORDS 92

/* One line of a ladder: a segment, or a change of state without one. */
struct line_book {
	int flow;
	int next;         /* line of the same flow; -1: none */
	long seq, packet; /* packet 0: no segment */
	nsec at;
	nsec arrived;   /* when it did last; 0: not yet, or not at all */
	nsec transit;   /* time that the flow's earlier segments spent on the wire */
	char direction; /* '>' from the client, '<' from the server, '.' none */
	bool by_call;   /* sent while a system call of the case was at work on the flow */
	int later;      /* no segment: line of the later flow whose segment made it; -1: none */
	bool sampled;   /* no segment: found by a sample, which is later than when it happened, */
	nsec sample_before; /* but not as late as the sample before, which did not find it */
	uint16_t window;    /* of the segment */
	bool held, dropped, changed;
	bool has_moved;       /* its request or connection, to another listener */
	bool ignored;         /* its receiver counted a drop */
	bool rejected;        /* and sent RST for it */
	const char *expected; /* the line of an expectation that named it; NULL: none has */
	const char *step;     /* in which it was sent or found; NULL: before the first */
	enum tcp_state states[HOSTS];
	char words[WORDS];             /* "SYN-ACK", "DATA 5" */
	struct movements moved[HOSTS]; /* of the counters of each host, by it */
	unsigned awaits[HOSTS]; /* of enum timer_counter: that it must move, and has not yet */
	long sample;            /* in which it was found */
};

/* What a host has got of a flow, ever. */
struct heard {
	bool syn, syn_ack, ack, fin, fin_sent;
};

/* What a SYN-ACK follows from; settings.c has their names. */
enum setting {
	TCP_SACK,
	TCP_TIMESTAMPS,
	TCP_WINDOW_SCALING,
	TCP_RMEM_DEFAULT,
	TCP_RMEM_MOST,
	RMEM_MAX,
	ADV_WIN_SCALE,
	SIGNED_WINDOWS,
	TCP_ECN,
	REFLECT_TOS,
	MIN_SND_MSS,
	MIN_ADV_MSS,
	DEFAULT_TTL,
	DEVICE_MTU,
	ROUTE_MTU,
	ROUTE_ADVMSS,
	ROUTE_WINDOW,
	ROUTE_INITRWND,
	ROUTE_HOPLIMIT,
	ROUTE_FEATURES,
	SCALING_RATIO,
	ECHOES_THE_SYN,
	REPEATS_END_ECN,
	OFFERS_WHAT_IS_LEARNT,
	SETTINGS
};

/* Of a listening socket, as getsockopt() gives them; 0 where nobody has set one. */
enum listener_option {
	OPTION_MAXSEG,
	OPTION_RCVBUF,
	OPTION_BUF_LOCK,
	OPTION_WINDOW_CLAMP,
	OPTION_TOS,
	OPTION_TTL,
	OPTION_MIN_TTL,
	OPTION_FILTER, /* 1: lets nothing through */
	LISTENER_OPTIONS
};

/* What a request, or a cookie, keeps of a SYN and of what the server was set to when it came. */
struct terms {
	bool known;
	bool cookie;
	bool timestamps, sack, scales, ecn;
	uint32_t echo;       /* req->ts_recent */
	int window, scale;   /* rsk_rcv_wnd, rcv_wscale */
	int mss, peer_scale; /* of the SYN, as the server takes them */
	long peer_window;    /* the largest that the client has announced since */
	uint8_t tos;         /* of the SYN */
};

/* The last cookie that a SYN of the flow was answered with. */
struct cookie {
	bool sent;
	uint32_t number, tsval; /* of its SYN-ACK */
	nsec at;
	struct terms terms; /* that it keeps */
};

struct flow_book {
	const char *name;
	const char *client, *server; /* address_words() of its ends; NULL: not told */
	int asked;    /* the key of the listener that it is meant for; 0: any on the port */
	int listener; /* of the one that its request or child is at; 0: not known */
	int port;     /* that the client asks */
	int waits;    /* its children that are in an accept queue */
	long queued;  /* of the event that showed the last of them there */
	int before;   /* the flow before it between the same ports; 0: none */
	bool raw, begun;
	nsec t0, transit;
	nsec call_began[HOSTS], call_ended[HOSTS]; /* the last one that can have sent something */
	const char *call_name[HOSTS];
	int injections;         /* that no segment is known of yet */
	int to_peer;            /* segments on their way to a raw peer */
	uint8_t injected_flags; /* of the last one, as the case had it; 0: none, or it did not say
				 */
	uint32_t injected_seq;  /* the same */
	int host;               /* the first flow of those whose raw peers have the same address */
	long path_mtu;   /* of that flow: what the server has learnt of the way there; 0: nothing */
	int client_port; /* 0: not seen yet */
	long rto;
	enum tcp_state states[HOSTS];
	int socket[HOSTS]; /* the last one of each host that is its, in judge.sockets */
	int timeouts;      /* of its request */
	nsec fires;
	long fires_seq; /* of the event that said so */
	unsigned synacks;
	struct culprit synack;   /* the last of them */
	bool synack_by_timer;    /* the last one, and the timer was not yet seen set anew */
	bool synack_since_timer; /* the request's timer has sent one since it last fired */
	int first_line, last_line, next_unnamed; /* -1: none */
	bool has_optional;                       /* lines in its expectations */
	/* sequence space of each sender, relative to its ISN */
	bool has_isn[HOSTS], has_segment[HOSTS];
	uint32_t isn[HOSTS];
	uint32_t sent_next[HOSTS];     /* after the last byte sent */
	uint32_t received_next[HOSTS]; /* in order, as it arrived at this host */
	uint32_t acked[HOSTS];         /* of what this host sent, as it learned */
	nsec isn_after, isn_until;     /* between which the server has chosen its own */
	struct segment first_syn[HOSTS], last_arrived[HOSTS];
	struct segment last_sent[HOSTS]; /* but no RST */
	bool has_tsval[HOSTS];
	uint32_t tsval[HOSTS];  /* the newest that this host has sent */
	nsec tsval_at[HOSTS];   /* when it was */
	uint32_t recent[HOSTS]; /* the newest in order that has come to it: tp->rx_opt.ts_recent */
	nsec synack_sent, syn_arrived;
	/* the sample (see judge.samples) that these belong to */
	long synack_sent_in, syn_arrived_in, reset_in[HOSTS], challenged_in[HOSTS];
	bool closed[HOSTS]; /* by a call */
	long destroyed_in;  /* the sample: SOCK_DESTROY has ended one of its sockets */
	struct heard heard[HOSTS];
	unsigned sent[HOSTS], arrived[HOSTS];
	struct terms terms;
	struct cookie cookie;
	struct segment offer; /* the first SYN-ACK, until the next sample */
	struct culprit offer_event;
	int next_offer; /* another flow of which there is one; 0: none */
};

struct packet_book {
	int flow, line;
	int numbers; /* the flow whose numbers it has: flow_of_numbers() */
	bool injected, held, released, gone;
	bool changed; /* its timestamps, by the gate: they are those that arrive */
	bool icmp;    /* an ICMP error about a segment, which @segment has the number of */
	nsec released_at;
	bool repeated;       /* a SYN or SYN-ACK that was sent before */
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
	long changed_in; /* the sample (see judge.samples) */
};

struct listener_book {
	int key, port;
	uint64_t cookie; /* of its socket; 0: not known */
	const char *name;
	int children, accepted; /* what the sockets and calls add up to */
	/* half-open ones, and those that are a flood's: of the first listener of a port, for all */
	int requests, flood_requests;
	struct depths depths; /* what the kernel said last */
	int limit;            /* what listen() made it */
	long changed_seq;     /* of the socket's event that moved one of them last */
	long depths_seq;      /* of the event that said so; 0: none */
	bool listens, closed; /* now; it did, until its end */
	bool there;           /* the last sample has found its socket in LISTEN */
	int references;       /* to its socket that the case has told of: descriptors */
	long options[LISTENER_OPTIONS];
	bool foreign;        /* another process accepts, and what it took is seen by what is left */
	long silent_end;     /* of the event that showed that it had ended it, too; 0: it has not */
	long drops, dropped; /* segments: as the kernel counts them, as they were seen */
	long drops_seq;      /* of the event that said so last */
	/* its last accept() that failed: with what errno, before which sample (see judge.samples),
	 * and whether it had taken a connection all the same */
	int accept_error;
	long accept_failed_in;
	bool accept_loses;
};

struct counter_book {
	const char *name;
	long total, step, named;
	long value;
	long last_seq;             /* of the event that moved it last */
	long largest, largest_seq; /* its largest movement in this step */
	bool exempt, tells_of_a_drop;
	bool tells_of_ignored_icmp;
	int ledger;         /* -1: none */
	unsigned of_timers; /* an enum timer_counter; 0: none */
	unsigned tallies;   /* a set */
};

/* Counters that the books can close at every sample (RFC 4022 says what Tcp's count). */
enum ledger {
	IN_SEGS,
	OUT_SEGS,
	RETRANS_SEGS,
	SYN_RETRANS,
	OUT_RSTS,
	SEGMENT_LEDGERS, /* the captures show those before it, the sockets those behind */
	ACTIVE_OPENS = SEGMENT_LEDGERS,
	PASSIVE_OPENS,
	CURR_ESTAB,
	LEDGERS
};

/* What Linux counts at least, or at most, of what can be seen; see counts.c. */
enum tally {
	CHALLENGES,
	CHALLENGES_IN_ERROR,
	CHALLENGE_ACKS,
	TIMEOUTS,
	REPEATS,
	REARMS,
	EMBRYONIC_RESETS,
	FAILED_ATTEMPTS,
	RESET_CONNECTIONS,
	ABORTS,
	COOKIES_CALLED_FOR,
	COOKIES_SENT,
	COOKIES_BACK,
	DROPS,
	OVERFLOWS,
	FULL_REQUEST_QUEUES,
	MOVES,
	OTHER_NUMBERS,
	ERRORS_ABOUT_NOBODY,
	TALLIES
};

struct tally_book {
	long seen;    /* in this sample, so often, what must be counted; */
	long allowed; /* so often it may be; */
	long moved;   /* so far the counter moved */
	/* What the samples before have counted and not seen; below 0: seen and not counted. */
	long balance;
	long seq, packet;           /* where it was seen first */
	long moved_seq, unseen_seq; /* of the counter's event */
};

/* What a flood did between two samples. */
struct flood_book {
	long syns, answers, requests; /* that came in, that went out, that are half-open since */
	long repeats;                 /* that went out too, and again */
	int listener;                 /* that the SYNs were for; 0: none came */
	bool aside;                   /* it went on while other things happened */
};

struct host_book {
	struct counter_book *counters;
	int counter_count;
	long seen[LEDGERS], counted[LEDGERS];
	long ledger_seq[LEDGERS];        /* of the event that moved the counter last */
	struct culprit entered[LEDGERS]; /* what was seen last */
	/* Of a scenario: segments that have left it, and those of them that are SYN-ACKs behind the
	 * first of a flow; and whether it has sent segments to itself: then its counters tell of
	 * those, too. */
	long departures, syn_acks_more;
	bool aside;
	bool flooded;            /* some of what it sent is known as a number only */
	bool flooding;           /* and just now nobody knows the number */
	struct flood_book flood; /* of this sample */
	struct tally_book tallies[TALLIES];
	unsigned named_ledgers;  /* a set: those whose counters the case has named in this step */
	unsigned syn_acks_again; /* since the step began */
	nsec last_packet;
	long last_packet_seq;
};

struct judge {
	struct flow_book *flows; /* [0] is not used */
	struct line_book *lines;
	struct packet_book *packets; /* [0] is not used */
	struct movement *movements;  /* [0] is not used */
	struct socket_book *sockets;
	struct listener_book *listeners;
	int flow_count, line_count, packet_count, socket_count, listener_count, movement_count;
	struct host_book hosts[HOSTS];
	int last_sampled; /* the last line without a segment; -1: none */
	nsec slack, step_began;
	nsec wire_delay;  /* the wire's own, at most; -1: no bound */
	nsec patience;    /* WIRE_PATIENCE, stretched as the harness's deadlines were */
	nsec now;         /* when the last thing happened that is no segment */
	long samples;     /* at both hosts so far, one EVENT_SAMPLE each */
	nsec sampled_at;  /* when the last one was taken */
	long last_sample; /* its seq */
	long causes[2], cause_seqs[2]; /* that its events name, and who names each first */
	int cause_count;
	struct {
		struct culprit call; /* of the case that injected it; seq 0: all were seen */
		int flow;
		long kind; /* type * 256 + code */
	} icmp;            /* the error that is on its way */
	bool tells_drops;  /* the journal does, of each listener */
	bool scenario;     /* it is one's journal: see judge_object() */
	/* the segment that has come to the server since the last sample, and what it met there */
	struct {
		int flow; /* 0: none has */
		struct culprit packet;
		enum tcp_state state;
		struct segment segment;
	} met;
	struct culprit given_up; /* the last client socket that ended before it was connected */
	const char *step;
	struct {
		const char *name;
		nsec began;
	} steps[LAST_STEPS]; /* a ring of the last ones */
	int step_count;      /* that have begun */
	bool ipv6;
	long settings[SETTINGS];
	bool told[SETTINGS]; /* of them */
	int newcomer[HOSTS]; /* flow with a socket where one before it had one; 0: none */
	int first_offer;     /* flow whose SYN-ACK is judged at the next sample; 0: none */
	struct {
		int flow; /* whose ACK is judged at the next sample; 0: nobody's */
		struct culprit culprit;
		struct segment seen, due;
	} answer;
	bool stray; /* the last counter's movement belongs to no line of a ladder */
	bool begun, ended;
	struct finding finding;
	bool found;
	struct event found_by;     /* what the judge had in its hands then */
	const char *found_counter; /* of @found_host, which the finding is about; NULL: none */
	enum host found_host;
};

/* ---- books.c ------------------------------------------------------------------------------- */

/*
 * Enters the first finding, which is about @event; takes over @summary. Nothing in a told journal:
 * what a rule of the judge's forbids there may be somebody else's server, or was not looked for.
 */
void judge_object(struct judge *judge, const struct event *event, char *summary);
/* The same about another event than the present one. */
void judge_object_to(struct judge *judge, struct culprit culprit, char *summary);
/* The same, for a finding that is uneven. */
void judge_object_to_accounts(struct judge *judge, struct culprit culprit, char *summary);
/* The same, of what holds in a told journal, too. */
void judge_object_to_ledger(struct judge *judge, struct culprit culprit, char *summary);
/* In any journal: it is none that a case can leave. */
void judge_object_to_journal(struct judge *judge, const struct event *event, char *summary);
/* Notes the packet that the case's sample is said to be about; at its end all must agree. */
void note_cause(struct judge *judge, const struct event *event);
/* NULL: the case has none such. */
struct flow_book *book_of_flow(struct judge *judge, int flow);
struct packet_book *book_of_packet(struct judge *judge, long packet);
struct listener_book *book_of_listener(struct judge *judge, int key);
/* The first listener that there was on the port: requests are in its book. */
struct listener_book *book_of_port(struct judge *judge, int port);
/* Whether another one has listened on its port. */
bool shares_its_port(const struct judge *judge, const struct listener_book *listener);
/* Whether it takes connections still. NULL: it does not. */
bool is_listening(const struct listener_book *listener);
/* The listener that the flow's client asks; where that is not known one that has its port. */
struct listener_book *listener_of(const struct judge *judge, const struct flow_book *flow);
/* NULL: no sample has found it yet. */
struct socket_book *book_of_cookie(struct judge *judge, enum host host, uint64_t cookie);
/* Whether @later is a flow between the same ports, after @flow. */
bool comes_after(const struct judge *judge, int later, int flow);
/* The flow whose socket on the host a segment meets: its own, or that of one before it. */
const struct flow_book *flow_met_by(const struct judge *judge, const struct event *event);
/*
 * Whose numbers a segment has. Until the server has answered the SYN of a flow it answers, if at
 * all, for the connection that was between its ports before.
 */
struct flow_book *flow_of_numbers(struct judge *judge, const struct event *event);
struct counter_book *book_of_counter(struct judge *judge, enum host host, const char *name);

/* ---- words.c ------------------------------------------------------------------------------- */

/* @line with one blank between words, and none before and behind them. The caller frees it. */
char *squeezed(const char *line);
/* The time of an expected line, and the rest of it, squeezed. The caller frees both. */
void split_line(const char *line, char **time, char **words);
/* "~1.0 ...": a line that need not come. */
bool line_is_optional(const char *expected);
/*
 * Takes "NAME NUMBER" off @words; false when there is no other. The caller frees *@name, which is
 * NULL or what the call before has given: that one is freed here.
 */
bool next_counter(const char **words, char **name, long *number);
/* Whether the words "NAME NUMBER ..." name the counter. */
bool counters_name(const char *words, const char *name);
/* Whether the event is an expectation of that kind: "ladder", "states", "queue", ... */
bool is_expectation(const struct event *event, const char *name);

/* ---- ladder.c ------------------------------------------------------------------------------ */

/* The flags that a ladder tells, in the order in which it does; behind the last one there is none.
 */
struct flag_name {
	uint8_t flag;
	const char *name;
};
extern const struct flag_name flag_names[];
/* A line for what @event tells: a segment, or what a sample found. Returns its index. */
int enter_line(struct judge *judge, const struct event *event, int flow);
/* An expectation names the line, which tells from now on what that asks for. */
void expect_line(struct line_book *line, const char *expected);
/*
 * All of a line but its time, one blank between words, as it is compared with @expected; NULL: as
 * it is told. The caller frees it.
 */
char *line_words(const struct line_book *line, const char *expected);
bool same_but_for_time(const struct line_book *line, const char *expected);
bool same_but_for_direction(const struct line_book *line, const char *expected);
/* Whether a "~" line need not have come by @at. */
bool line_may_be_missing(const struct judge *judge, int flow, const char *expected, nsec at);
/* Why an observed line is not the expected one; NULL when it is. The caller frees it. */
char *line_mismatch(const struct judge *judge, const struct line_book *line, const char *expected);

/* ---- counts.c ------------------------------------------------------------------------------ */

/* Where a counter belongs, when it enters the books. */
void classify_counter(struct counter_book *counter);
void count_for_tallies(struct judge *judge, const struct event *event, unsigned tallies);
void enter_ledger(struct host_book *host, enum ledger ledger, const struct event *event);
/* The case expects a number of this counter; from here to the end of the step it is exact. */
void name_ledger(struct host_book *host, const char *counter);
/*
 * Whether a movement of the counter that no expectation names is a finding. A ledger holds its
 * counter to what was seen, so there it is one only in a step in which the case names that counter,
 * or where a flood hides what there was to see.
 */
bool must_be_named(const struct host_book *host, const struct counter_book *counter);
/* What is seen, so many times, must have been counted by the end of the next sample. */
struct seen {
	enum host host;
	enum tally tally;
	long count; /* nothing unless it is positive */
};
void tally_seen(struct judge *judge, const struct event *event, struct seen seen);
/* Of an arrival, a segment sent, a change of state: what must be counted. */
void tally_arrival(struct judge *judge, const struct event *event);
void tally_sending(struct judge *judge, const struct event *event);
void tally_state(struct judge *judge, const struct event *event);
/* At a sample, before its tallies are closed: what must be counted of all that it has found. */
void tally_sample(struct judge *judge, const struct event *event);
/* That was found out about a scenario's server: what it has to do with the ledgers. */
void take_fact(struct judge *judge, const struct event *event);
/* At a sample: object when a ledger is not even, or what was seen is not counted yet. */
void close_ledgers(struct judge *judge, const struct event *event);
void close_tallies(struct judge *judge);
/* Before anything is expected: all that was seen is counted. */
void settle_tallies(struct judge *judge);

/* ---- floods.c ------------------------------------------------------------------------------ */

/* What a flood sent and was sent. */
void take_flood(struct judge *judge, const struct event *event);
/* At a sample, before its ledgers are closed: which answers to a flood were sent again. */
void see_repeats_of_flood(struct judge *judge, const struct event *event);
/* At a sample, before its tallies are closed: what must be counted of the SYNs of a flood. */
void tally_flood(struct judge *judge, const struct event *event);
/* At the end of a sample: the numbers are those of the next one. */
void forget_flood(struct judge *judge);

/* ---- calls.c ------------------------------------------------------------------------------- */

/* What a call was to return, and what it did, in words; the caller frees them. */
char *call_expected(const struct judge *judge, const struct event *event);
char *call_observed(const struct judge *judge, const struct event *event);
/* What it was to return, and did to its flow or its listener. */
void take_call(struct judge *judge, const struct event *event);

/* ---- moves.c ------------------------------------------------------------------------------- */

/* A SYN has made a request: at the listener that is there now, if the one it was for has ended. */
void choose_listener(struct judge *judge, struct flow_book *flow);
/* A request's timer was set anew: if its listener has ended, the request has moved to another. */
void follow_request(struct judge *judge, const struct event *event);
/* The listener's queue has other depths: which connections have moved to it. */
void take_in(struct judge *judge, const struct event *event, struct listener_book *listener);
/* At a sample, before queues are closed: connections that are in no queue now must have ended. */
void end_waits(struct judge *judge, const struct event *event);
/* accept() of @listener has given this flow's connection. */
void leave_queue(struct judge *judge, const struct event *event, struct listener_book *listener);
/* Another process has accepted so many of the listener's, who has waited longest first. */
void leave_in_order(struct judge *judge, struct listener_book *listener, int count);

/* ---- details.c ----------------------------------------------------------------------------- */

/* What judge_report() leaves in the finding for programs; the caller frees it. */
char *failure_details(const struct judge *judge);

/* ---- settings.c ---------------------------------------------------------------------------- */

void take_setting(struct judge *judge, const struct event *event);

/* ---- terms.c ------------------------------------------------------------------------------- */

/* A segment has come to the server: what it changes in what the next SYN-ACK offers. */
void hear_offer(struct judge *judge, const struct event *event, struct flow_book *flow);
/* What the server takes for the largest packet that can go to the flow's client. */
long path_mtu(const struct judge *judge, const struct flow_book *flow);
/* The MSS that the flow's SYN-ACK offers now. */
int offered_mss(const struct judge *judge, const struct flow_book *flow);

/* ---- offers.c ------------------------------------------------------------------------------ */

/* A SYN-ACK was sent. */
void check_offer(struct judge *judge, const struct event *event, struct flow_book *flow);
/* At a sample: SYN-ACKs of which it has found whether they made requests or carried cookies. */
void close_offers(struct judge *judge);

/* ---- answers.c ----------------------------------------------------------------------------- */

/*
 * Whether a RST is that of a connection which ends at once: tcp_send_active_reset() sends it like
 * anything else. What a segment is answered with that does not belong has no options:
 * tcp_v4_send_reset().
 */
bool is_active_reset(const struct flow_book *flow, const struct event *event);
/* A host has sent a segment: if no socket of it did, it is what the rules make it. */
void check_answer(struct judge *judge, const struct event *event);
/* At a sample: the ACK of which it has found whether a request has sent it. */
void close_answer(struct judge *judge);

/* ---- cookies.c ----------------------------------------------------------------------------- */

/* The sample has found no request: the SYN-ACK that the flow offers was a cookie's. */
void keep_in_cookie(const struct judge *judge, struct flow_book *flow);
/* A segment has come to the server: if it brings the flow's cookie back, what that tells are its
 * terms. */
void hear_cookie(struct judge *judge, const struct event *event, struct flow_book *flow);
/* A connection of the server's came up without a request: such a segment has made it. */
void check_cookie(struct judge *judge, const struct event *event, const struct flow_book *flow);
/* At a sample, before its ledgers are closed: a connection that a late cookie made for nothing. */
void see_late_cookie(struct judge *judge, const struct event *event);
void see_undone_child(struct judge *judge, const struct event *event);

/* ---- agreement.c --------------------------------------------------------------------------- */

void take_info(struct judge *judge, const struct event *event);
/* What the end that the event is of is to go by. */
struct agreement agreement_of(const struct judge *judge, const struct event *event);
/* "MSS 1448, advertised MSS 1460, timestamps, ..."; the caller frees it. */
char *agreement_words(const struct agreement *agreement);

/* ---- drops.c ------------------------------------------------------------------------------- */

void take_drops(struct judge *judge, const struct event *event);
/* A segment has arrived at the server: what it meets there. */
void meet_listener(struct judge *judge, const struct event *event);
/* At a sample, before its tallies are closed: object when a listener's drops are not what it got.
 */
void close_drops(struct judge *judge, const struct event *sample);

/* ---- icmp.c -------------------------------------------------------------------------------- */

void take_icmp(struct judge *judge, const struct event *event);
/* The case has injected one. */
void expect_icmp(struct judge *judge, const struct event *event);
/* At a sample: object when it was not seen. */
void close_icmp(struct judge *judge);
/*
 * Why a request cannot have ended with the ICMP error that is the event's cause; NULL: it can. The
 * caller frees it.
 */
char *icmp_objection(const struct judge *judge, const struct event *event);

/* ---- packets.c, sockets.c, expect.c -------------------------------------------------------- */

void take_packet(struct judge *judge, const struct event *event);
/* Of one host's capture, in its order: times never run backwards there. */
void check_capture_order(struct judge *judge, const struct event *event);
/* The wire is quiet when a raw peer sends: what the server has sent last it has got, or never will.
 */
void check_that_peer_has_all(struct judge *judge, const struct event *event);
/* The book of what was seen first with this event, to be filled in; NULL: one is missing before it.
 */
struct packet_book *next_packet(struct judge *judge, const struct event *event);
/* What has arrived with this event as it was sent; NULL where it cannot have. */
struct packet_book *arrived_packet(struct judge *judge, const struct event *event);
void take_gate(struct judge *judge, const struct event *event);
void take_socket(struct judge *judge, const struct event *event);
void take_queue(struct judge *judge, const struct event *event);
void judge_expectation(struct judge *judge, const struct event *event);
/* At the end of a step: movements of watched counters that nothing named. */
void judge_unnamed_counters(struct judge *judge, const struct event *event);

#endif
