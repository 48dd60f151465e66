/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of claims: what the two documents say, and what Linux was found to do.
 */
#include "suites/suites.h"

#define BACKLOGS "listen backlogs"
#define DEFER    "TCP_DEFER_ACCEPT"

static const struct claim claims[] = {
	{ "D2-01", BACKLOGS, "nginx listens with a backlog of 511 by default", CONFIRMED,
	  "511, or its backlog=N, as far as net.core.somaxconn goes; that was 128 before Linux "
	  "5.4." },
	{ "D2-02", BACKLOGS, "backlog bounds the queue of connections that wait for accept()",
	  CONFIRMED, "It does, off by one." },
	{ "D2-03", BACKLOGS, "the operating system does the TCP, the process only reads and writes",
	  CONFIRMED,
	  "The handshake is complete, and data is acknowledged, before accept() is called." },
	{ "D2-03b", BACKLOGS, "with raw sockets a process can do the TCP itself", CONFIRMED,
	  "The suite's raw peers do: no kernel is behind their SYNs and ACKs, and the server "
	  "cannot tell." },
	{ "D2-04", BACKLOGS,
	  "the sample server: INADDR_ANY:12345, listen(5), accept(), write HELLO", CONFIRMED,
	  "Each client gets its HELLO; as the sample never closes, no FIN follows, and a client "
	  "that "
	  "closes leaves a CLOSE_WAIT socket behind." },
	{ "D2-05", BACKLOGS,
	  "the client goes from SYN_SENT to ESTABLISHED, the server from SYN_RECV to ESTABLISHED",
	  CONFIRMED,
	  "The server is SYN_RECV from the SYN until the ACK has arrived, a round trip later than "
	  "the client is ESTABLISHED." },
	{ "D2-06", BACKLOGS, "backlog is the number of established connections held for accept()",
	  REFINED, "It is one more: the queue is full when it is longer than the backlog." },
	{ "D2-07", BACKLOGS, "the number comes from listen(2)", REFINED,
	  "It is also capped by net.core.somaxconn, at the moment of listen(); a negative one is "
	  "a very large one." },
	{ "D2-08", BACKLOGS, "the SYN queue is a hash table, the accept queue a FIFO", REFINED,
	  "accept() gives connections in the order of their final ACKs; the SYN queue has been no "
	  "table of its own since Linux 4.4, half-open requests are in that of all sockets." },
	{ "D2-09", BACKLOGS, "a backlog of 4096 gives both queues 4096", REFUTED,
	  "The accept queue holds 4097; the SYN queue without cookies is also limited by "
	  "tcp_max_syn_backlog, and 64 there leaves room for 49." },
	{ "D2-10", BACKLOGS,
	  "the SYN queue's size comes from tcp_max_syn_backlog and the accept queue's", REFINED,
	  "Only with tcp_syncookies=0; with 1, the default, the backlog alone counts." },
	{ "D2-11", BACKLOGS, "an entry is in the SYN queue from the SYN until the ACK comes",
	  REFINED,
	  "Or until a RST comes, or its time is up; an ACK that is not taken, as the accept queue "
	  "is full or data is waited for, leaves it there." },
	{ "D2-12", BACKLOGS, "a SYN-ACK is retried tcp_synack_retries times", CONFIRMED,
	  "After 1, 3, 7, 15 and 31 s by default; the request vanishes after 63 s, and nothing is "
	  "sent. TCP_SYNCNT of the listener counts for more than the sysctl." },
	{ "D2-12b", BACKLOGS, "(implied) that number is fixed", REFUTED,
	  "While twice the number of requests is more than the backlog (and than 8), old ones are "
	  "given up after two retries." },
	{ "D2-12c", BACKLOGS, "(implied) only the timer makes a SYN-ACK go out again", REFINED,
	  "A SYN that comes again is answered at once, at most twice a second; the timer begins "
	  "anew, and no retry is used up." },
	{ "D2-13", BACKLOGS, "a SYN flood can overflow the SYN queue", CONFIRMED,
	  "It is full after backlog + 1 SYNs; what comes then is dropped, or gets a cookie." },
	{ "D2-14", BACKLOGS,
	  "spoofed sources, or a firewall that drops SYN-ACKs, are all that a flood needs",
	  CONFIRMED,
	  "To the server both are the same: SYN-ACKs that nobody answers, and entries that stay." },
	{ "D2-15", BACKLOGS, "a server too busy to send its SYN-ACKs accumulates SYN_RECV", ARGUED,
	  "The SYN-ACK is sent by the very code that makes the entry, so there is none without "
	  "it." },
	{ "D2-16", BACKLOGS, "tcp_syncookies is on by default", CONFIRMED,
	  "It is 1 in a new network namespace: cookies when the SYN queue is full." },
	{ "D2-17", BACKLOGS, "with cookies nothing is kept of a SYN; the ACK makes the connection",
	  CONFIRMED,
	  "There is no SYN_RECV, no timer and no second SYN-ACK; a bare ACK or the first data "
	  "makes the socket." },
	{ "D2-18", BACKLOGS,
	  "without SYN cookies half-open requests are limited by the smaller of two numbers",
	  REFINED,
	  "min(backlog + 1, M - M/4 + 1) with M = tcp_max_syn_backlog; before January 2025 backlog "
	  "instead of backlog + 1." },
	{ "D2-18b", BACKLOGS, "(implied) all clients are equal before that limit", REFUTED,
	  "The last quarter of tcp_max_syn_backlog is for peers whose round-trip time the server "
	  "knows from a connection before." },
	{ "D2-19", BACKLOGS, "beyond that, new SYNs are discarded, and connections fail", CONFIRMED,
	  "Dropped without an answer; ListenDrops counts each, and the client stays SYN_SENT until "
	  "one of its retransmissions finds room." },
	{ "D2-20", BACKLOGS,
	  "netstat -s shows the dropped SYNs as \"times the listen queue of a socket overflowed\" "
	  "and "
	  "\"SYNs to LISTEN sockets dropped\", with equal numbers",
	  REFUTED,
	  "Equal numbers are the sign of a full accept queue; a full SYN queue moves only the "
	  "second, "
	  "and TCPReqQFullDrop where the backlog was the limit." },
	{ "D2-21", BACKLOGS, "with SYN cookies half-open requests fill up to the SYN backlog",
	  REFINED, "Up to backlog + 1; tcp_max_syn_backlog is not looked at." },
	{ "D2-22", BACKLOGS, "past that size SYN cookies start", CONFIRMED,
	  "Every further SYN is answered with a cookie, and nothing is kept of it." },
	{ "D2-23", BACKLOGS, "with cookies new connections have no problem under a flood", REFINED,
	  "As long as the accept queue has room; when it is full SYNs are dropped, though "
	  "TCPReqQFullDoCookies counts them." },
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
	{ "D2-28", BACKLOGS,
	  "where one process accepts and passes descriptors on, that one being busy is enough",
	  CONFIRMED,
	  "The queue overflows while the workers go on serving what they hold; the dropped SYN "
	  "comes again after a second and gets in." },
	{ "D2-29", BACKLOGS, "a server in epoll_wait() learns that a connection can be accepted",
	  CONFIRMED,
	  "When a connection enters the accept queue; not at the SYN, not for an ACK that is let "
	  "fall, not when a slot is free again." },
	{ "D2-30", BACKLOGS, "tcp_abort_on_overflow=1: RST, and the entry leaves the SYN queue",
	  REFINED,
	  "For the final ACK, data or FIN, from the next segment on; a SYN that finds the queue "
	  "full still is dropped "
	  "without a word." },
	{ "D2-31", BACKLOGS,
	  "tcp_abort_on_overflow=0: the ACK is ignored, the entry stays SYN_RECV", CONFIRMED,
	  "Each ignored segment moves ListenOverflows and ListenDrops by one." },
	{ "D2-31b", BACKLOGS, "the connection then counts as acknowledged", CONFIRMED,
	  "The request is marked so, but only TCP_DEFER_ACCEPT goes by the mark: without it "
	  "SYN-ACKs "
	  "are sent again as if nothing had come." },
	{ "D2-32", BACKLOGS, "then a timer is started and the SYN-ACK is sent again", REFINED,
	  "The timer has run since the SYN; the ignored ACK neither starts nor changes it." },
	{ "D2-33", BACKLOGS, "the client can send its ACK again and get in", CONFIRMED,
	  "With the first segment of any kind that comes after a slot is free or the backlog "
	  "larger; "
	  "accept() itself triggers nothing." },
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
	  "In five ways: the period ends, an empty ACK comes ahead of its data, a SYN cookie, the "
	  "option is cleared meanwhile, or the client closes (then read() gives the end)." },
	{ "D1-02", DEFER, "this appears when the backlog has overflowed", REFINED,
	  "Then too, but a silent client is enough." },
	{ "D1-03", DEFER, "the option's number is how often the connection is put off", REFINED,
	  "It is seconds, rounded up to whole periods of the request's timer: 1, 3, 7, 15 ... "
	  "127, then 120 more each, 255 periods at most; getsockopt() gives what was made of it, "
	  "and 0 on the accepted socket." },
	{ "D1-04", DEFER, "after the period the connection becomes acceptable without data",
	  CONFIRMED,
	  "If the client acknowledges the SYN-ACK that is sent at the end of the period." },
	{ "D1-05", DEFER,
	  "a client that acknowledges every SYN-ACK is established when the time is up", REFINED,
	  "There is but one SYN-ACK to acknowledge, the one at the end." },
	{ "D1-06", DEFER,
	  "a program that takes EAGAIN for normal works with and without the option", CONFIRMED,
	  "The same server serves both, whether the data comes before accept() or "
	  "after." },
	{ "D1-07", DEFER, "a bare ACK is dropped while the period lasts", CONFIRMED,
	  "TCPDeferAcceptDrop counts each, with a full accept queue too; bare is what ends right "
	  "behind the SYN's number." },
	{ "D1-08", DEFER, "the request is marked as acknowledged", CONFIRMED,
	  "So no SYN-ACK is sent again before the period ends, and the request lives at least "
	  "one timer longer than the period, whatever tcp_synack_retries says." },
	{ "D1-09", DEFER, "data in SYN_RECV moves the socket straight to ESTABLISHED", CONFIRMED,
	  "The data segment is a handshake ACK like any other, and may be the first." },
	{ "D1-10", DEFER, "and read() succeeds at once", CONFIRMED,
	  "The data is there when accept() returns, and the listener becomes readable then." },
	{ "D1-11", DEFER, "with a full accept queue the data is dropped silently", CONFIRMED,
	  "Each such segment moves ListenOverflows and ListenDrops by one." },
	{ "D1-12", DEFER, "then the server is SYN_RECV and the client ESTABLISHED", CONFIRMED,
	  "Until a slot is free." },
	{ "D1-13", DEFER, "the client retransmits the data", CONFIRMED,
	  "By its RTO, doubled each time." },
	{ "D1-14", DEFER, "the server ignores everything as long as it cannot accept", REFINED,
	  "It ignores what would make a connection. A SYN again is answered with the SYN-ACK; what "
	  "is outside the window or has an old timestamp, and a keepalive probe, with an ACK; a "
	  "wrong acknowledgement with RST." },
	{ "D1-15", DEFER, "the server sends the SYN-ACK again at each timeout", REFUTED,
	  "Since Linux 2.6.32 not while a deferred request has been acknowledged: only at the end "
	  "of the period, and after it." },
	{ "D1-16", DEFER, "the client's ACKs to those are ignored until the count is over", REFINED,
	  "Bare ACKs are. A client with data on its way acknowledges from behind that data, which "
	  "makes a connection at any time, if there is room." },
	{ "D1-17", DEFER, "each retransmission meets the full queue again", CONFIRMED,
	  "Each is one more ListenOverflows." },
	{ "D1-18", DEFER, "near the end of the period the SYN-ACK goes out again", CONFIRMED,
	  "At the last timer of the period: after 1, 3, 7, 15 ... s." },
	{ "D1-19", DEFER, "the client's ACK to it makes a connection without data", CONFIRMED,
	  "If a slot is free by then." },
	{ "D1-20", DEFER, "the data comes with the client's next retransmission", CONFIRMED,
	  "As late as the client's RTO has grown by then; the SYN-ACK does not hasten it." },
	{ "D1-21", DEFER, "the option delays, it does not guarantee", CONFIRMED,
	  "read() after accept() may give EAGAIN." },
	{ "D1-22", DEFER, "(implied) the option holds for SYN cookies as well", REFUTED,
	  "The bare ACK of a cookie makes a connection at once: under a flood the server sees "
	  "connections without data." },
	{ "D1-23", DEFER, "(implied) the option may be changed while the server listens", CONFIRMED,
	  "It is looked up for each segment: what waits already is let in, or held back, with its "
	  "next one." },
	{ "D1-24", DEFER, "(beyond the document) the client's data always ends the deferral",
	  REFINED,
	  "Since Linux 6.15 not after a keepalive probe that the request answered: the client's "
	  "timestamps are disbelieved until the period ends (docs/defer-accept-stall.md)." },
	{ "D1-25", DEFER, "a listener is awakened only when data arrives", REFINED,
	  "Each of the ways that make a connection without data wakes it too; a bare ACK does "
	  "not." },
	{ "D1-26", DEFER, "the number bounds the attempts to complete the connection", REFINED,
	  "It adds to them: an acknowledged request lives for its retries or for the deferral, "
	  "whichever is longer; one that was never acknowledged knows nothing of the option." },
	{ "D1-27", DEFER, "the server may then wait for more, or close the connection as an error",
	  CONFIRMED, "It is a connection like any other." },
	{ "D1-28", DEFER, "a program that relies on data after accept() suffers", CONFIRMED,
	  "Its first read() gives EAGAIN." },
	{ "D1-29", DEFER,
	  "past the period the SYN-ACK is sent at each timeout while the server cannot accept",
	  CONFIRMED, "As for any request that met a full accept queue." },
	{ "D1-30", DEFER, "connections become unstable when the backlog overflows", REFINED,
	  "They are whole but late: what was dropped comes with a retransmission." },
	{ "D1-31", DEFER, "a patch brought the connection without data after the period", ARGUED,
	  "Commit d1b99ba41d6c, Linux 2.6.32; before, such a request was dropped in the end." },
	{ "D1-32", DEFER, "the option is not for portable code", ARGUED,
	  "It is Linux's own; other systems have other filters." },
};

const struct claim *all_claims(size_t *count)
{
	*count = sizeof(claims) / sizeof(claims[0]);
	return claims;
}
