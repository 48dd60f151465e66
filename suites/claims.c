/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of claims: what the two documents say, and what Linux was found to do.
 */
#include "suites/suites.h"

#define BACKLOGS "listen backlogs"
#define DEFER    "TCP_DEFER_ACCEPT"

static const struct claim claims[] = {
	{ "D2-02", BACKLOGS, "backlog bounds the queue of connections that wait for accept()",
	  CONFIRMED, "It does, off by one." },
	{ "D2-03", BACKLOGS, "the operating system does the TCP, the process only reads and writes",
	  CONFIRMED,
	  "The handshake is complete, and data is acknowledged, before accept() is called." },
	{ "D2-06", BACKLOGS, "backlog is the number of established connections held for accept()",
	  REFINED, "It is one more: the queue is full when it is longer than the backlog." },
	{ "D2-07", BACKLOGS, "the number comes from listen(2)", REFINED,
	  "It is also capped by net.core.somaxconn, at the moment of listen(); a negative one is "
	  "a very large one." },
	{ "D2-08", BACKLOGS, "the SYN queue is a hash table, the accept queue a FIFO", REFINED,
	  "accept() gives connections in the order of their final ACKs; the SYN queue has been no "
	  "table of its own since Linux 4.4, half-open requests are in that of all sockets." },
	{ "D2-18", BACKLOGS,
	  "without SYN cookies half-open requests are limited by the smaller of two numbers",
	  REFINED,
	  "min(backlog + 1, M - M/4 + 1) with M = tcp_max_syn_backlog; before January 2025 backlog "
	  "instead of backlog + 1." },
	{ "D2-19", BACKLOGS, "beyond that, new SYNs are discarded", CONFIRMED,
	  "Dropped without an answer; ListenDrops counts each." },
	{ "D2-21", BACKLOGS, "with SYN cookies half-open requests fill up to the SYN backlog",
	  REFINED, "Up to backlog + 1; tcp_max_syn_backlog is not looked at." },
	{ "D2-22", BACKLOGS, "past that size SYN cookies start", CONFIRMED,
	  "Every further SYN is answered with a cookie, and nothing is kept of it." },
	{ "D2-24", BACKLOGS, "the accept queue holds ESTABLISHED sockets; accept() removes them",
	  REFINED,
	  "They enter it ESTABLISHED; a FIN or a RST changes them where they wait, and each "
	  "keeps its place until accept()." },
	{ "D2-25", BACKLOGS, "the settings can be managed separately", CONFIRMED,
	  "Each for itself; listen() called again changes the backlog of a queue that is in use." },
	{ "D2-26", BACKLOGS, "the accept queue overflows when the process does not call accept()",
	  CONFIRMED, "From connection backlog + 2 on the SYN is dropped and counted." },
	{ "D2-27", BACKLOGS, "a process too busy to call accept() is enough for that", CONFIRMED,
	  "The queue does not care why nobody accepts; the SYN retransmitted after accept() gets "
	  "in." },
	{ "D2-29", BACKLOGS, "a server in epoll_wait() learns that a connection can be accepted",
	  CONFIRMED,
	  "When a connection enters the accept queue; not at the SYN, not for an ACK that is let "
	  "fall, not when a slot is free again." },
	{ "D2-30", BACKLOGS, "tcp_abort_on_overflow=1: RST, and the entry leaves the SYN queue",
	  REFINED,
	  "For the final ACK and for data; a SYN that finds the queue full still is dropped "
	  "without a word." },
	{ "D2-31", BACKLOGS,
	  "tcp_abort_on_overflow=0: the ACK is ignored, the entry stays SYN_RECV", CONFIRMED,
	  "Each ignored segment moves ListenOverflows and ListenDrops by one." },
	{ "D2-32", BACKLOGS, "then a timer is started and the SYN-ACK is sent again", REFINED,
	  "The timer has run since the SYN; the ignored ACK neither starts nor changes it." },
	{ "D2-33", BACKLOGS, "the client can send its ACK again and get in", CONFIRMED,
	  "With its answer to the next SYN-ACK after a slot is free; accept() itself triggers "
	  "nothing." },
	{ "D2-34", BACKLOGS, "the client is ESTABLISHED while the server is SYN_RECV", CONFIRMED,
	  "Until the request gets in or expires." },
	{ "D2-35", BACKLOGS, "so there is no connect timeout, only a delay", REFINED,
	  "Only for a client whose SYN was taken; while the queue stays full SYNs are dropped and "
	  "connect() ends in ETIMEDOUT." },
	{ "D2-36", BACKLOGS, "the server drops data that comes while it is SYN_RECV", REFINED,
	  "Not because of the state but because the accept queue is full: data is a handshake ACK "
	  "like any other; with room it makes the connection, without each segment is dropped and "
	  "counted." },
	{ "D2-37", BACKLOGS, "then tcp_retries2 decides when the client gives up", REFINED,
	  "Only if its time is shorter than the request's life; by default the request expires "
	  "after 63 s, and the client's next retransmission is answered with RST." },
	{ "D2-37b", BACKLOGS, "(implied) the client gets in as soon as there is room", REFUTED,
	  "Not once its request has expired: whatever it sends then is answered with RST." },
	{ "D2-38", BACKLOGS, "(implied) a client that only waits gets in as well", CONFIRMED,
	  "With its answer to the next SYN-ACK: it has no timer of its own, so nothing else "
	  "helps." },
	{ "D2-39", BACKLOGS, "(implied) a client that closes meanwhile is out of it", REFUTED,
	  "Its FIN is a handshake ACK too: the server gets a connection that is at its end, or, "
	  "when "
	  "the client's answer to a SYN-ACK comes first, one that will be." },
	{ "D1-01", DEFER, "after accept() with TCP_DEFER_ACCEPT, read() may give EAGAIN", CONFIRMED,
	  "When the period ends, a connection without data is made." },
	{ "D1-02", DEFER, "this appears when the backlog has overflowed", REFINED,
	  "Then too, but a silent client is enough." },
	{ "D1-04", DEFER, "after the period the connection becomes acceptable without data",
	  CONFIRMED,
	  "If the client acknowledges the SYN-ACK that is sent at the end of the period." },
	{ "D1-05", DEFER,
	  "a client that acknowledges every SYN-ACK is established when the time is up", REFINED,
	  "There is but one SYN-ACK to acknowledge, the one at the end." },
	{ "D1-07", DEFER, "a bare ACK is dropped while the period lasts", CONFIRMED,
	  "TCPDeferAcceptDrop counts it." },
	{ "D1-08", DEFER, "the request is marked as acknowledged", CONFIRMED,
	  "So no SYN-ACK is sent again before the period ends." },
	{ "D1-09", DEFER, "data in SYN_RECV moves the socket straight to ESTABLISHED", CONFIRMED,
	  "The data segment is a handshake ACK like any other." },
	{ "D1-10", DEFER, "and read() succeeds at once", CONFIRMED,
	  "The data is there when accept() returns." },
	{ "D1-11", DEFER, "with a full accept queue the data is dropped silently", CONFIRMED,
	  "Each such segment moves ListenOverflows and ListenDrops by one." },
	{ "D1-12", DEFER, "then the server is SYN_RECV and the client ESTABLISHED", CONFIRMED,
	  "Until a slot is free." },
	{ "D1-13", DEFER, "the client retransmits the data", CONFIRMED,
	  "By its RTO, doubled each time." },
	{ "D1-14", DEFER, "the server ignores it as long as it cannot accept", CONFIRMED,
	  "Every retransmission is dropped and counted." },
	{ "D1-17", DEFER, "each retransmission meets the full queue again", CONFIRMED,
	  "Each is one more ListenOverflows." },
	{ "D1-18", DEFER, "near the end of the period the SYN-ACK goes out again", CONFIRMED,
	  "At the last timer of the period, and only then." },
	{ "D1-19", DEFER, "the client's ACK to it makes a connection without data", CONFIRMED,
	  "If a slot is free by then." },
	{ "D1-20", DEFER, "the data comes with the client's next retransmission", CONFIRMED,
	  "As late as the client's RTO has grown by then." },
	{ "D1-21", DEFER, "the option delays, it does not guarantee", CONFIRMED,
	  "read() after accept() may give EAGAIN." },
};

const struct claim *all_claims(size_t *count)
{
	*count = sizeof(claims) / sizeof(claims[0]);
	return claims;
}

const char *claim_verdict_name(enum claim_verdict verdict)
{
	static const char *const names[] = {
		[CONFIRMED] = "confirmed",
		[REFINED] = "refined",
		[REFUTED] = "refuted",
		[ARGUED] = "argued",
	};

	return names[verdict];
}
