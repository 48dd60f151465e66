/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * captures: what was seen, on one clock, and what it proves.
 *
 *   segment   one TCP segment, parsed
 *   journal   the ordered list of events: all that is known of a case
 *   judge     reads a journal event by event, keeps books, and finds what does not add up
 *   watch     fills a journal from a live network: libpcap, sock_diag, counters
 *   story     what a journal tells, in the order in which it happened
 *   artifacts what is drawn from a story: text, Mermaid, SVG, and an annotated capture
 *
 * Expectations are events of the journal too. So a recorded journal can be judged again without
 * a network: what is asserted is what is shown, and the oracle itself can be tested.
 */
#ifndef HALFOPEN_CAPTURES_H
#define HALFOPEN_CAPTURES_H

#include "base/base.h"
#include "netns/netns.h"

/* ---- segment ------------------------------------------------------------------------------- */

enum tcp_flag { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128 };

struct segment {
	uint16_t source_port, destination_port;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;
	uint16_t length; /* of the payload */
	/* options; -1 or false where absent */
	int mss, window_scale;
	bool sack_permitted, timestamps;
	uint32_t tsval, tsecr;
};

struct parsed {
	int family;                          /* AF_INET, AF_INET6; 0: neither */
	int protocol;                        /* IPPROTO_TCP, IPPROTO_ICMP, ... */
	bool sentinel;                       /* EtherType 0x88b5 */
	uint64_t mark;                       /* of a sentinel */
	uint8_t source[16], destination[16]; /* 4 bytes used for AF_INET */
	struct segment segment;              /* when protocol is IPPROTO_TCP */
};

/*
 * Parses an Ethernet frame of @length bytes. Returns 0, or -1 when it is cut short or its lengths
 * contradict each other; never reads past @length. Sums are not checked here: the receiver does.
 */
int parse_frame(const uint8_t *bytes, size_t length, struct parsed *parsed);

/* ---- journal ------------------------------------------------------------------------------- */

/* The states that sock_diag knows, with the kernel's numbers; NO_SOCKET where there is none. */
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
	TCP_STATES
};
const char *state_name(enum tcp_state state); /* "-" for NO_SOCKET */

enum event_kind {
	EVENT_BEGIN, /* name: case, object: family; delta: slack, fires: the longest that the wire
			itself delays a segment (-1: no bound), value: for how long a busy machine
			may keep one from being handed on (0: PATIENCE), in ns; format, lines: see
			below */
	EVENT_LISTENER, /* listener (its port), name; object: the process that calls accept() when
			   it likes, NULL when the case does */
	EVENT_FLOW,     /* flow, name, listener; injected: the client is a raw peer */
	EVENT_STEP,     /* name: what the step is about */
	EVENT_CALL,     /* host, name: the system call, object, flow, result (of "inject": the
			   segment's flags), error, want, began;
			   limit: that listen() has to give the accept queue */
	EVENT_PACKET,   /* host where it was seen, from, packet, flow, segment, injected, copy */
	EVENT_GATE,     /* packet, name: held, dropped, released, duplicated, lost */
	EVENT_SOCKET,   /* host, flow, cookie, was -> state, retrans, fires; packet: its cause.
			   SYN_RECV -> SYN_RECV: the request's timer was set anew */
	EVENT_QUEUE,    /* listener, accept, limit, syn; packet: its cause */
	EVENT_COUNTER,  /* host, name, delta, value; packet: its cause */
	EVENT_SAMPLE,   /* all of both hosts has been looked at: the books can be closed; packet:
			   after which */
	EVENT_WAIT,     /* name: for what, began, result: 1 met, 0 not */
	EVENT_FLOOD,    /* of what goes past the gate, host. name: "begins", and until the next
			   "SYNs" nobody knows how many there are; "SYNs", listener, value: so
			   many went to it; "answers", value: so many segments came from it;
			   "requests",    listener, delta: so many more half-open requests are the
			   flood's
			 */
	EVENT_EXPECT,   /* name: ladder, states, queue, counters, timer; the rest by kind */
	EVENT_END,      /* nothing comes after it */
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
	uint64_t cookie;
	enum tcp_state was, state;
	int retrans; /* of a half-open request: SYN-ACKs sent again (num_retrans) */
	nsec fires;  /* when its timer is due, same clock as @at; 0: none */
	int listener, accept, limit, syn;
	long delta, value;
	long result;
	int error;        /* errno of a call, 0 when it succeeded */
	const char *want; /* what a call was expected to return: "0", ">=0", "EAGAIN", "4" */
	nsec began;       /* when a call or a wait began */
	long rto;         /* of the flow's client after a call, in us; 0: unknown */
	int format;       /* of a begin: ARTIFACTS_FORMAT */
	/*
	 * Of an expectation; of a begin, where and with what the case was played ("kernel: 6.1.0");
	 * NULL-terminated, may be NULL.
	 */
	const char *const *lines;
};

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

/* sock_diag tells of timers in milliseconds, rounded down to a jiffy (10 ms at HZ=100). */
#define TIMER_GRAIN MSEC(20)

/* ---- judge --------------------------------------------------------------------------------- */

/*
 * What does not add up: the event that shows it, in words, and what was expected instead.
 */
struct finding {
	long seq;      /* of the event that is wrong, or before which one is missing */
	long packet;   /* that it is about; 0: none */
	char *summary; /* one line */
	/* made by judge_report() */
	char *report; /* at most 60 lines: ladders side by side, queues, states, counters, steps */
	/*
	 * The same for programs, an object of JSON: "step", "seconds" since the case began, "event"
	 * (its seq), "expected" and "observed" (of a ladder: arrays of lines; of counters and
	 * queues: objects; of an errno or states: strings), "states", "queues", "counters",
	 * "last_steps".
	 */
	char *details;
};

struct judge;

struct judge *judge_new(void);
struct judge *judge_clone(const struct judge *judge);
void judge_free(struct judge *judge);
/*
 * Takes the next event. Returns NULL, or the first finding (the judge's own; later events are not
 * looked at any more). What it checks by itself, without an expectation:
 *  - each segment seen at the receiver was sent, and each sent one arrived in time or the gate had
 * it
 *  - the gate does only what it can do with the segment that it speaks of
 *  - flags, ports, timestamps and their echoes are such as TCP sends
 *  - SYN-ACKs repeat themselves exactly and acknowledge the SYN; SYNs repeat themselves exactly
 *  - at every look, what captures and sockets show is what Tcp's counters count (segments in, out,
 *    out again, RSTs, opens, CurrEstab), and what Linux must count besides has moved (counts.c)
 *  - sockets move from the state they were in; only to a state that TCP has from there, and not
 *    without the segments that lead to it
 *  - a request's timer is set when it can be, for a second that doubles, and its count is right
 *  - accept queue = children - accepted; SYN queue = requests; the limit is what listen() made it;
 *    where another process accepts, nobody who was accepted comes back
 *  - what one look finds has one cause; time does not run backwards
 *  - every call returned what was wanted
 *  - every movement of a watched counter was named in its step
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
/* The queues of the listener on @port, as the last look has found them. */
struct depths judge_depths(const struct judge *judge, int port);
/* How much a counter moved since the step began (or, since_begin, since the case began). */
long judge_counter(const struct judge *judge, enum host host, const char *name, bool since_begin);
/* Segments of a flow that @from has sent so far. */
unsigned judge_sent(const struct judge *judge, int flow, enum host from);
/* How often the timer of the flow's half-open request has been set anew. */
int judge_timeouts(const struct judge *judge, int flow);

/*
 * What the SYN and the SYN-ACK of a flow agreed on, for the end on @host, in the words of TCP_INFO:
 * TCPI_OPT_* in bits 0-2, tcpi_snd_wscale from bit 4, tcpi_rcv_wscale from bit 8, tcpi_snd_mss
 * from bit 16. 0 before both were seen.
 */
long judge_agreement(const struct judge *judge, int flow, enum host host);
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

/*
 * The whole ladder of a flow as text lines, a heading first, and one for each step
 * (NULL-terminated; the caller frees all), as it was observed, or as a @stable text, which is the
 * same for each run in which the kernel does the same:
 *  - the time of a line is written as the expectation has it that named the line ("1.0", "3rto",
 *    "-"); where none did, as observed, "about" so much
 *  - lines that only a slow machine adds ("~1.0") are left out
 */
struct ladder_form {
	bool stable;
	bool colour; /* for a terminal that has it */
};
char **judge_ladder(const struct judge *judge, int flow, struct ladder_form form);
void ladder_free(char **lines);
/* Flows are 1..judge_flows(). */
int judge_flows(const struct judge *judge);
const char *judge_flow_name(const struct judge *judge, int flow);

/* Whether a counter is left out of expectations, and why (counters.c has the one table). */
const char *counter_exempt(const char *name);

/* ---- story --------------------------------------------------------------------------------- */

/*
 * What a journal tells, in the order in which it happened: what every drawing of a ladder is made
 * from. All of its strings are the story's or the journal's.
 */
enum line_kind {
	LINE_STEP,    /* words: what the step is about */
	LINE_SEGMENT, /* a segment was sent */
	LINE_CHANGE,  /* no segment: a look found it; words: "timer" or nothing */
	LINE_CALL,    /* words: a system call of the case, and what it returned */
	LINE_COUNTERS /* they moved, and nothing that can be seen moved them */
};

struct story_line {
	enum line_kind kind;
	long seq; /* of the journal's event */
	nsec at;  /* a segment was sent, a call began, a look found it */
	int step; /* its index in story.lines; -1: before the first */
	int flow; /* 0: none */
	int next; /* line of the flow; -1: none */
	const char *words;
	enum host host; /* of a call */
	/* of a segment: */
	long packet;
	enum host from;
	nsec held, released, lost, arrived; /* when; 0: it was not */
	unsigned copies;                    /* that the gate made of it */
	bool injected;                      /* by a raw peer, behind its gate */
	bool ignored;                       /* it arrived, and the host counted a drop */
	const char *fate;                   /* the ladder's word: "held, ignored"; or "" */
	struct segment segment;
	/* after it was sent: */
	enum tcp_state sent_states[HOSTS];
	struct depths sent_queue;
	/* after it, when its receiver had done with it: */
	bool changed; /* one of the flow's states */
	enum tcp_state states[HOSTS];
	int listener; /* the flow's port; 0: none */
	struct depths queue;
	const char
		*counters[HOSTS]; /* that it moved: "ListenOverflows +1, ListenDrops +1", or "" */
	const char *expected;     /* the line of an expectation that named it, or NULL */
};

struct story_flow {
	const char *name;
	bool raw;
	int listener;
	int first_line; /* -1: none */
	/* The flow that began in the same step and whose ladder speaks for this one too; or itself.
	 */
	int leader;
	int alike; /* for how many a leader speaks, itself included */
};

struct story_listener {
	int port;
	const char *name;
	struct depths queue; /* at the end */
};

struct story {
	const char *title, *family;
	nsec began; /* its first segment: where the drawings' time begins */
	struct story_line *lines;
	int line_count;
	struct story_flow *flows; /* 1 .. flow_count; [0] is not used */
	int flow_count;
	struct story_listener *listeners;
	int listener_count;
	const struct finding *finding; /* what does not add up, or NULL */
	int finding_line;              /* that shows it, or before which one is missing; -1 */
	struct story_books *books;
};

struct story *story_of(const struct journal *journal);
void story_free(struct story *story);
/* The books that it was told from; the story's own. */
const struct judge *story_judge(const struct story *story);
/* The line of a segment; NULL when it is not known. */
const struct story_line *story_segment(const struct story *story, long packet);
/* The name of the step that a line belongs to, or NULL. */
const char *story_step(const struct story *story, const struct story_line *line);

/* ---- watch --------------------------------------------------------------------------------- */

struct watch;

/* What the gate shall do with a frame. */
typedef enum fate fate_rule(void *context, const struct frame *frame);

struct watch_options {
	struct net *net;
	struct journal *journal;
	struct judge *judge;
	int family;
	const char *folder;       /* client.pcap and server.pcap go there */
	const char *wire;         /* its netem; NULL: none */
	const char *title;        /* the case */
	const char *const *about; /* lines of the begin, see struct event; may be NULL */
	fate_rule *gate;          /* the case's rules; NULL: forward all */
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
/* Names a flow before its first segment: the client's address decides. Returns its number. */
struct flow_id {
	const char *name;
	struct sockaddr_storage client; /* with port */
	int listener;                   /* port */
	bool raw;                       /* the client is a raw peer on the wire */
};
int watch_flow(struct watch *watch, struct flow_id id);
/*
 * A flood of SYNs for the server begins (wire_flood_begin()), or is over: @syns have gone past the
 * gate to the @listener's port. Then everything is looked at. Between the two nothing that the
 * server counts can be put down to a segment, and how much came in and went out is not compared
 * with the captures.
 */
void watch_flood_begins(struct watch *watch);
void watch_flood(struct watch *watch, int listener, uint64_t syns);
/*
 * Moves frames until nothing waits in gate, netem or captures, then samples; of a crowd only what
 * is new. So a call's whole effect is in the journal when it returns.
 */
void watch_settle(struct watch *watch);
/* What the gate holds goes on its way, oldest first; then as watch_settle(). */
void watch_release(struct watch *watch);
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
	nsec every; /* ask @met so often also without a look, for what no look sees; 0: no */
};
bool watch_wait(struct watch *watch, struct wait wait);
/* Settles, and tells whether the flow's socket on @host has a timer that sock_diag tells of. */
bool watch_has_timer(struct watch *watch, int flow, enum host host);
/*
 * client.pcap and server.pcap get their names; before, they are called *.new. What is captured
 * afterwards is not in them. broken() when they cannot be written.
 */
void watch_keep_captures(struct watch *watch);
/* Whether the last look has found a socket of the server's that listens on @port, whoever's. */
bool watch_sees_listener(const struct watch *watch, int port);
/*
 * Ends with broken() when the wire or a capture has lost a frame, and says who, and how many. Then
 * nothing is known of the kernel, whatever does not add up. watch_finish() does it too.
 */
void watch_check_losses(struct watch *watch);
/* What the judge found; NULL while all adds up. */
const struct finding *watch_finding(const struct watch *watch);
/* How far a counter of @host has moved since the watch began, by now. It is not journalled. */
long watch_counter(struct watch *watch, enum host host, const char *name);
/* Kernel time waited so far, in waits. */
nsec watch_waited(const struct watch *watch);

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

/* ---- drawings of a story ------------------------------------------------------------------- */

struct _xmlTextWriter;

/*
 * As lines for a terminal, those of the first @from things that happened left out. Returns how many
 * there are, so that a case can be followed while it goes on.
 */
int timeline_print(const struct story *story, struct ladder_form form, int from, FILE *out);
/* As SVG, for a page that has ladder_style() in a <style> of its own. */
void ladder_draw(const struct story *story, struct _xmlTextWriter *out);
const char *ladder_style(void);
/* As a file of its own; the caller frees it. */
char *ladder_svg(const struct story *story);
/* As a Mermaid sequence diagram, with the times of ladder.txt; the caller frees it. */
char *ladder_mermaid(const struct story *story);

/* ---- artifacts ----------------------------------------------------------------------------- */

/*
 * ladder.txt, ladder.mmd, ladder.svg, counters.txt and case.pcapng from a journal and the captures
 * in @folder. broken() when they cannot be written, or when captures and journal do not agree.
 */
void artifacts_write(const struct journal *journal, const char *folder);
/* Prints all ladders, and the queues at the end: what ladder.txt is when @form is stable. */
void ladder_print(const struct journal *journal, struct ladder_form form, FILE *out);
/* NULL, or why the captures beside a journal are not its own; the caller frees it. */
char *capture_problem(const struct journal *journal, const char *folder);

#endif
