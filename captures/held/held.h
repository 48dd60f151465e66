/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * held: what the journal of a stage tells: what each connection of somebody else's client met, how
 * long it waited and how it ended, and whether the state that it was to meet has held all the
 * while. All of it follows from the journal alone.
 *
 * What such a journal has, beside what every journal has:
 *  - EVENT_BEGIN: name: "stage"; told
 *  - EVENT_FACT "state": of each connection, before its first SYN has come to the server: flow;
 *    argument: the state as it may be written ("half-open=3s"), object: how it is held, in words;
 *    value: which of its SYNs is let in, of flooded; 0: none;
 *    port; listener: whose queue it is to wait in, 0: nobody's
 *  - EVENT_FACT "over": flow; its state is over from here on, as it was asked for
 *  - EVENT_FACT "problem": flow; argument: what the server's socket has shown that the state does
 *    not allow
 *  - EVENT_FACT "client": it is started; argument: its name. "client ended": value: its exit status
 *    as a shell has it, argument: what ended it where that was no wish of its own. "client cannot
 *    be run": value: an errno, argument: a sentence
 *  - EVENT_FACT "expect exit", "expect within" (value in ns), "expect retries": what the user wants
 */
#ifndef HALFOPEN_HELD_H
#define HALFOPEN_HELD_H

#include "base/staging.h"
#include "captures/journal/journal.h"

#include <jansson.h>

/* How a connection ended: what the captures show first. */
enum held_end {
	HELD_LASTS,       /* it has not, when the client had ended */
	HELD_CLOSED,      /* FIN of the client */
	HELD_ABORTED,     /* RST of the client */
	HELD_GAVE_UP,     /* it tries no more to connect, and has said nothing */
	HELD_REFUSED,     /* RST to its SYN */
	HELD_UNREACHABLE, /* an ICMP error */
	HELD_RESET,       /* RST of the server */
	HELD_TIMED_OUT,   /* its kernel has given up a connection */
	HELD_ENDS
};
/* "closed", "timed-out": as stage.json has it. */
const char *held_end_name(enum held_end end);

/* Times are the kernel's stamps at the client, on the journal's clock; 0: it did not happen. */
struct held_connection {
	int flow;
	int port, server_port;
	bool ipv6;
	const char *state;      /* as it may be written; the journal's, */
	struct stage_turn turn; /* and read */
	const char *by;         /* how it is held, in words */
	nsec began;             /* its first SYN left */
	nsec connected;         /* the first SYN-ACK came */
	nsec first_byte;        /* of the server came */
	nsec server_closed;     /* its FIN came */
	nsec over;              /* the state was, as asked for */
	nsec ended;
	enum held_end end;
	int syns;  /* that it has sent */
	int again; /* segments of data that it has sent again */
	long sent; /* bytes, those that were acknowledged, and those of the server */
	long acknowledged, received;
	int looks;     /* samples of it, */
	nsec unlooked; /* and the longest time between two of them */
	bool closed_window;
	char *problem; /* why the state has not held, in a sentence; NULL: it has. Held's own */
	struct held_signs *signs;
};

struct held_expectation {
	const char *option; /* "--expect-exit 28" */
	char *problem;      /* a sentence; NULL: it is met */
};

struct held {
	const struct journal *journal;
	const char *family;
	bool whole;                          /* the journal has its end */
	struct held_connection *connections; /* [0] is the first */
	int connection_count;
	const char *client;    /* its name; NULL: it was not started */
	nsec started, stopped; /* the client */
	bool exited;
	int status;           /* as a shell has it */
	const char *ended_by; /* by whom it was ended; NULL: by itself */
	int unrunnable;       /* errno; 0: it could be run */
	/* To which ports without a stage it sent SYNs, each once. */
	int *strays;
	int stray_count;
	struct held_expectation expectations[3];
	int expectation_count;
};

/* Whether the journal is a stage's. */
bool journal_is_staged(const struct journal *journal);
/* Never fails: of a damaged journal there is what can be told. The journal must outlive it. */
struct held *held_of(const struct journal *journal);
void held_free(struct held *held);
/* The first connection whose state has not held; NULL: all have. */
const struct held_connection *held_problem(const struct held *held);
/* How many expectations are not met. */
int held_unmet(const struct held *held);

/* Lines for people: what each connection met, and what the client came to. */
void held_print(const struct held *held, FILE *out);
/* As docs/stage.schema.json has it. The caller releases it. */
json_t *held_json(const struct held *held);

#endif
