/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * staging: what the user of `halfopen stage` asks for: the states in which a client meets its
 * server, at which ports, which connection meets which of them, and what the client is to make of
 * it. The command fills it in before anything is started. All texts and arrays are the command's,
 * and outlive the run.
 */
#ifndef HALFOPEN_STAGING_H
#define HALFOPEN_STAGING_H

#include "base/base.h"

/* ---- states -------------------------------------------------------------------------------- */

enum stage_state {
	STAGE_SERVING,     /* it answers */
	STAGE_REFUSED,     /* RST to each SYN */
	STAGE_DROPPED,     /* the accept queue is full: SYNs are dropped */
	STAGE_LOST,        /* SYNs vanish on the way */
	STAGE_UNREACHABLE, /* ICMP ends connect() */
	STAGE_FLOODED,     /* the SYN queue is full, and there are no cookies */
	STAGE_COOKIE_LOST, /* connected by a cookie that is worthless when something comes */
	STAGE_HALF_OPEN,   /* connected, and the server ignores the final ACK */
	STAGE_DEFERRED,    /* connected, and the server waits for data (TCP_DEFER_ACCEPT) */
	STAGE_EXPIRED,     /* half-open until the request is gone: what comes then is reset */
	STAGE_UNACCEPTED,  /* connected, and nobody accepts */
	STAGE_RESET,       /* connected, then reset */
	STAGE_SILENT,      /* accepted, read, never answered */
	STAGE_SLOW,        /* the answer trickles */
	STAGE_SLOW_READ,   /* the request is read so slowly that the window closes */
	STAGE_CLOSING,     /* FIN, and the server has closed */
	STAGE_HALF_CLOSED, /* FIN, and the server goes on reading */
	STAGE_ZERO_WINDOW, /* accepted, never read */
	STAGE_PATH_MTU,    /* longer segments are lost after the handshake */
	STAGE_STATES,
};

/* What may stand behind the = of a state. */
enum stage_value_kind {
	STAGE_NO_VALUE, /* nothing stands there */
	STAGE_SPAN,     /* half-open=3s: so long; reset=3s: then */
	STAGE_BYTES,    /* reset=1k: when so many bytes of its answer have arrived */
	STAGE_RATE,     /* slow=10/s */
	STAGE_ICMP,     /* unreachable=net */
	STAGE_MTU,      /* path-mtu=1280 */
};

/* Codes of ICMP's type 3 (RFC 792, RFC 1812 5.2.7.1), and what ICMPv6's type 1 has for each. */
enum stage_icmp { STAGE_ICMP_HOST, STAGE_ICMP_NET, STAGE_ICMP_PORT, STAGE_ICMP_PROHIBITED };

struct stage_value {
	enum stage_value_kind kind;
	nsec span;      /* STAGE_SPAN; of STAGE_RATE, in which .bytes go */
	uint64_t bytes; /* STAGE_BYTES, STAGE_RATE */
	enum stage_icmp icmp;
	unsigned mtu; /* of IP packets */
};

/* What stands in the table of states of --help. */
struct stage_about {
	const char *name;   /* "half-open" */
	const char *values; /* "[=TIME]"; "": it takes none */
	const char *meets;  /* what the client meets */
};
const struct stage_about *stage_about(enum stage_state state);

/* ---- which connection meets which ----------------------------------------------------------- */

/*
 * A state and for whom it is. Turns follow each other (--then): one is over when .first
 * connections have met it and when .span is over, whichever comes first; it then is the next one's
 * turn, and behind the last one connections are served. One without both is never over.
 */
struct stage_turn {
	enum stage_state state;
	struct stage_value value;
	unsigned after;     /* so many connections are served first */
	unsigned first;     /* then it is met by so many; 0: by all */
	nsec span;          /* since the turn began, the first one with the client; 0: for ever */
	double probability; /* that a connection meets it, else it is served; 0: it does */
	unsigned let_in; /* flooded: the SYN of each connection that is let in, from 1; 0: none */
	bool silent;     /* path-mtu: no ICMP tells of it */
};

enum stage_family { STAGE_BOTH, STAGE_IPV4, STAGE_IPV6 };

/* A port at which a client is met, or one family of it: then the other one serves. */
struct stage_place {
	unsigned port; /* 0: nobody has said */
	enum stage_family family;
	struct stage_turn *turns; /* at least one */
	size_t turn_count;
};

/*
 * "STATE[=VALUE][@PORT][/FAMILY]": reads it into a turn and a place, whose turns it leaves alone.
 * Times have a unit ("500ms", "3s", "5m", "2h"), bytes may have one ("100", "4k", "1M"), a rate is
 * bytes per time ("10/s", "1k/s", "1/10s"). NULL, or the sentence that says what is wrong, which
 * the caller frees.
 */
char *stage_parse(const char *word, struct stage_turn *turn, struct stage_place *place);
/* The same for --then: without a port and a family. */
char *stage_turn_parse(const char *word, struct stage_turn *turn);
/* "reset=3s": as it may be written; the caller frees it. */
char *stage_turn_text(const struct stage_turn *turn);

/* Whether @text is a time above 0, bytes, a rate above 0, and nothing else. */
bool stage_span_parse(const char *text, nsec *span);
bool stage_bytes_parse(const char *text, uint64_t *bytes);
bool stage_rate_parse(const char *text, struct stage_value *rate);

/* ---- all of it ------------------------------------------------------------------------------ */

/* What a server that answers says. */
struct stage_answer {
	const char *bytes; /* NULL: HTTP 200 to what looks like HTTP, else what it was sent */
	size_t length;
};

struct stage_expectation {
	bool exits; /* with .exit_status */
	int exit_status;
	nsec within;  /* it ends by then; 0: nothing is expected */
	bool retries; /* it connects .retry_count times more, after its first one */
	unsigned retry_count;
};

struct staging {
	struct stage_place *places; /* at least one */
	size_t place_count;
	enum stage_family family; /* of all places */
	uint64_t seed;            /* of .probability: the same one decides in the same way */
	struct stage_answer answer;

	/* Elsewhere: "[ADDRESS:]PORT" of this machine; NULL: the client is started in a network. */
	const char *listen;

	/* The client. */
	char *const *argv; /* NULL behind the last; NULL: there is none */
	const char *user;  /* as whom it is started; NULL: as the caller sees it */
	const char *cwd;   /* NULL: the caller's folder */
	char *const *env;  /* NAME=VALUE; NULL behind the last, or none */
	bool apart;        /* what it prints goes to standard error, as stdout is the run's */
	nsec timeout;      /* then it is sent SIGTERM, and soon SIGKILL; 0: it ends when it likes */
	bool logged;       /* it reads nothing, and what it prints is in client.log */
	bool lists_files;  /* which files it names in its calls is in files.json */
	nsec settles;      /* so listed: it is ended, too, when it has named no other one for so
			      long; 0: that does not end it */
	struct stage_expectation expect;
};

#endif
