/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * told: what a scenario's journal tells of somebody else's server: what became of each client, and
 * what is wrong with the server (the findings). All of it follows from the journal alone, so
 * `halfopen show` finds the same again.
 *
 * No finding rests on how fast anything was. A machine may keep any process from running for
 * seconds, and then a right server answers late, its queue overflows, and its clients send their
 * SYNs again. What is evidence instead:
 *  - order: a client was refused although the server had listened before and had not been told to
 *    stop
 *  - what cannot be undone: an answer was cut, a process has died
 *  - rest: two looks at the server (EVENT_SERVER "look"), one right behind the other, both find
 *    each thread asleep, and no thread has run in between (the context switches are the same).
 *    Then nobody there waits for a processor, and the server does nothing because it wants nothing.
 *    The server *stays at rest* from one such pair to another one where they are STILL apart and
 *    what the rule is about has not changed; timers of its own have had their turn by then (the
 *    longest that a server pauses after an error of accept() is 1 s, in Go and asyncio).
 *  - work: CPU time that was used without an answer
 *
 * What the journal of a scenario must have, beside what every journal has:
 *  - EVENT_BEGIN: name: the scenario ("burst"); told
 *  - EVENT_LISTENER: object: "server", as another process accepts; then EVENT_CALL "listen" with
 *    the limit that it has, from when on its queue is known
 *  - EVENT_FLOW: argument: the client's role (see enum told_role); NULL: an ordinary client,
 *    which wants to be served
 *  - EVENT_FACT "request", argument: what clients send ("GET / HTTP/1.0", "nothing: the server
 *    speaks first"); value 0: nobody knows what the server answers to, so whoever is accepted is
 *    served
 *  - EVENT_ANSWER of each client that reads something
 *  - EVENT_CALL "close" of each client that closes; an ordinary one does when it has its answer
 *  - EVENT_SERVER "look" in pairs, some ms apart, again and again: before the first client, while
 *    anyone waits whom nothing else is going to happen to, and at the end. A pair that finds
 *    somebody running is taken again: a server with a tick of 100 ms is at rest between two ticks
 *  - EVENT_SERVER "worker exited" of a process that was there before anybody was to go by himself:
 *    value: its status, delta: 1: it held the listener
 *  - EVENT_SERVER "signalled", "stopped", "continued", "command" before what is done
 *  - EVENT_FACT "deferred", value: 1: from now on the listener has TCP_DEFER_ACCEPT; 0: it has not
 *  - EVENT_FACT "not seen", argument: what the scenario does not show, and why
 *  - EVENT_FACT "limit", argument: NAME, value: see told_limit; EVENT_FACT "allowed", argument:
 *    NAME: of the options of the run
 * and what each rule needs, in the table of rules.c.
 */
#ifndef HALFOPEN_TOLD_H
#define HALFOPEN_TOLD_H

#include "captures/journal/journal.h"

#include <jansson.h>

/* How far apart two rests are between which a server has stayed at rest. */
#define STILL SEC(2)
/* CPU time after which a server that has not done what it should is not waiting for its turn. */
#define MUCH_WORK MSEC(500)
/* Connections that a browser opens to one server at once. */
#define BROWSER_CONNECTIONS 6

/* ---- clients ------------------------------------------------------------------------------- */

/* EVENT_FLOW's argument; what the journal calls otherwise is an ordinary client. */
enum told_role {
	ROLE_CLIENT, /* no argument: it wants to be served */
	ROLE_SILENT, /* "silent": connects, and says nothing or half a request */
	ROLE_DEAD,   /* "dead": resets its connection */
	ROLE_CHECK,  /* "check": a health check, which connects and goes */
	ROLE_HOLDER, /* "holder": served, and stays; reads slowly, or keeps a descriptor in use */
	ROLE_PROBE,  /* "probe": finds out what the server answers to */
	/* "stranger": no client, but what the server has opened itself; nothing is told of it */
	ROLE_STRANGER,
	ROLES
};
const char *told_role_name(enum told_role role); /* "client", "silent", ... */

/* What became of a client, as far as the journal goes. */
enum told_fate {
	FATE_SERVED,    /* its answer is whole; or it was accepted, and no answer is known */
	FATE_OTHERWISE, /* the answer is another one than was expected */
	FATE_CUT,       /* it has a part of its answer, and the server has ended the connection */
	FATE_CLOSED,    /* closed by the server before the first byte of an answer */
	FATE_RESET_BEFORE, /* RST from the server before it had sent its request */
	FATE_RESET_AFTER,  /* and afterwards, without an answer */
	FATE_REFUSED,      /* RST to its SYN */
	FATE_TIMED_OUT,    /* its kernel has given up: ETIMEDOUT, or an error of the network */
	FATE_GAVE_UP,      /* it ended the connection itself, before it was served */
	FATE_CONNECTING,   /* not connected when the scenario ended */
	FATE_UNANSWERED,   /* connected, and not answered when the scenario ended */
	FATES
};
/* "served", "answer-cut", "still-connecting": as try.json has it. */
const char *told_fate_name(enum told_fate fate);
/* The same for people: "served", "answer cut", "connected and never answered". */
const char *told_fate_words(enum told_fate fate);

#define SYNS_TOLD 8

/*
 * A client's life. Times are those that the kernel has stamped the segments with at the client, on
 * the journal's clock; 0: it did not happen.
 */
struct told_client {
	int flow;
	const char *name; /* the journal's */
	enum told_role role;
	enum told_fate fate;
	bool deferred;       /* it came while the listener had TCP_DEFER_ACCEPT */
	bool raw;            /* it has no kernel of its own: its times are those at the server */
	int listener;        /* the key of the one that it waited at, or asks; 0: not known */
	int port;            /* that it asks */
	long seq;            /* of the event that decided its fate */
	long bytes;          /* of the answer */
	int syns;            /* that it sent */
	nsec syn[SYNS_TOLD]; /* when, the first of them */
	nsec came;           /* and the first one came to the server */
	nsec connected;      /* the first SYN-ACK came */
	nsec requested;      /* its first byte was sent, */
	nsec asked;          /* and came to the server */
	long heard;          /* bytes of it that had come there before the server ended it */
	uint32_t first_seq;  /* of its SYN */
	nsec first_byte;     /* of the answer came, */
	nsec last_byte;      /* and the last one so far */
	nsec served;         /* the last byte of the whole answer came; see EVENT_FACT "request" */
	nsec closed, reset;  /* FIN, RST of the server came */
	nsec reset_sent;     /* the latter left the server */
	nsec left;           /* it has closed, or sent RST, before the server did */
	bool saw_end;        /* its read() has said that the connection has ended */
	bool turned_away;    /* it has closed without that, whatever had come meanwhile */
	nsec gave_up;        /* its kernel has: ETIMEDOUT, or an error of the network */
	nsec ended;          /* what its fate says; of one that waits: the end of the journal */
	/* these are no stamps, but times of samples: */
	nsec up;            /* the server's socket of its connection was seen first */
	nsec queued;        /* its connection was seen in the accept queue first, */
	nsec last_queued;   /* and last; */
	nsec accepted;      /* it was not there any more; 0: it is, or never came up */
	nsec orphaned;      /* its listener ended while it was there, or in the handshake */
	bool half_open;     /* it has a request at the server, */
	nsec request_ended; /* that came to nothing */
	bool in_handshake;  /* the latter */
	bool of_group;      /* which was one of several on its port */
	bool squeezed;      /* a queue had no room for its SYN or ACK, as the kernel has counted */
	nsec fires; /* when a timer of the kernel is due for it, after the end; 0: none is known */
};

/* ---- the server ---------------------------------------------------------------------------- */

/* An instance of the server: "server", "server 2". */
struct told_server {
	const char *name;
	nsec started, listens, signalled, exited; /* of its main process, first; 0: not */
	long pid;
	long status;    /* of the exit: as EVENT_SERVER has it */
	bool by_itself; /* no signal was sent to it before but SIGSTOP and SIGCONT */
	nsec killed;    /* SIGKILL was, to all of it: the scenario has no more use for it; 0: not */
};

/* ---- outcomes ------------------------------------------------------------------------------ */

/*
 * Clients of one role with one fate, those whom TCP_DEFER_ACCEPT has kept back told apart. Times
 * are spans from the first SYN to what the fate says happened; of those who wait still they are
 * "longer than".
 */
struct told_outcome {
	enum told_role role;
	enum told_fate fate;
	bool deferred;
	int count;
	nsec shortest, median, longest;
	int syn_again; /* so many of them had to send the SYN again */
	int example;   /* the flow that took longest */
};

bool told_is_among(const struct told_client *client, const struct told_outcome *outcome);
/* "went by itself, with TCP_DEFER_ACCEPT"; the caller frees it. */
char *told_outcome_words(const struct told_outcome *outcome);

/* What the server did, as far as it is known; -1 where it is not. */
struct told_work {
	/* each accept() was (EVENT_SERVER "accept"): that takes time, so rate and cpu are -1 */
	bool watched;
	int accepted;       /* connections that were seen to leave an accept queue */
	double accept_rate; /* per second, from the first to the last of them; 0: fewer than two */
	nsec cpu;           /* used between the first look and the last */
	long descriptors;   /* most that one process had in use at a look, */
	long descriptor_limit;
	int processes; /* at the last look */
	int exits;     /* of main processes, by themselves */
};

/* ---- findings ------------------------------------------------------------------------------ */

/* What there is to find: all but what the journal shows. */
struct told_rule {
	const char *name;        /* "left-in-queue" */
	const char *scenarios;   /* blank separated; "": in any */
	const char *needs;       /* of the journal, for the authors of those */
	const char *consequence; /* for users, a sentence */
	const char *mends;       /* what the server should do instead, a sentence */
	const char *page;        /* "findings.md#left-in-queue" */
};
/* 0, 1, ...: in the order in which findings are told; NULL behind the last. */
const struct told_rule *told_rule_at(size_t index);
/* NULL: there is none of that name. A limit has one, too. */
const struct told_rule *told_rule(const char *name);

struct told_finding {
	const struct told_rule *rule;
	char *sentence; /* what was seen, with the numbers; the told's own */
	int flow;       /* whose ladder shows it; 0: nobody's */
	long seq;       /* of the event that shows it */
	bool allowed;   /* by an option of the run: it is told, and does not count */
};

/* What is no finding, as it depends on taste or cannot be avoided; a --limit may bound it. */
struct told_fact {
	const char *name; /* "longest-wait" */
	char *sentence;
	long value; /* ns where it is a time, else a number */
	bool is_time;
	int flow; /* an example, or 0 */
};

struct told {
	const char *scenario, *family; /* the journal's */
	bool whole;                    /* the journal has its end */
	nsec began, ended;             /* its first segment, its last event */
	struct told_client *clients;   /* [0] is the first */
	int client_count;
	struct told_server *servers;
	int server_count;
	struct told_outcome *outcomes; /* by role and fate */
	int outcome_count;
	struct told_work work;
	struct told_finding *findings; /* in the order of the rules */
	int finding_count;
	struct told_fact *facts;
	int fact_count;
	const char **unseen; /* what the scenario does not show, and why, in words */
	int unseen_count;
	struct told_books *books; /* told's own */
};

/*
 * Reads the journal; the strings that told does not make are the journal's, which must outlive it.
 * Never fails: of a journal that is no scenario's, or damaged, there is what can be told.
 */
struct told *told_of(const struct journal *journal);
void told_free(struct told *told);
/* Whether the journal is a scenario's: its begin says told. */
bool journal_is_told(const struct journal *journal);
/* NULL: there is no such flow. */
const struct told_client *told_client_of(const struct told *told, int flow);
/* Findings that are not allowed. */
int told_count(const struct told *told);

/* Whether accept() on Linux gives the error for TCP: ENOBUFS, ENOMEM, EPERM, EINTR. */
bool told_error_is_of_linux(int error);

/* ---- limits -------------------------------------------------------------------------------- */

/*
 * --limit NAME=VALUE: a bound for a fact, which is a finding of that name when it is passed. A time
 * is in seconds ("3", "0.5"), all else a count. In the journal an EVENT_FACT "limit" has the name
 * as argument, and as value what told_limit_parse() makes of it (ns, or the count).
 */
struct told_limit {
	const char *name; /* the table's */
	long value;
};
/* False, and one line in *why (the caller frees it): no such limit, with the nearest; no number. */
bool told_limit_parse(const char *text, struct told_limit *limit, char **why);
/* Their names, 0, 1, ...; NULL behind the last: longest-wait, refused, reset, cut-answers, ... */
const char *told_limit_name(size_t index);

/* ---- what it looks like -------------------------------------------------------------------- */

/*
 * "outcomes", "server", "findings", "facts" of try.json (docs/try.schema.json says how they look).
 * @clients: with an object for each of them as well. The caller releases it.
 */
json_t *told_json(const struct told *told, bool clients);
/* For a terminal: the table of outcomes, what the server did, findings, facts. */
void told_print(const struct told *told, FILE *out);
/* One line: "12 served in 0.3 to 3.1 ms, 2 refused"; the caller frees it. */
char *told_summary(const struct told *told);

#endif
