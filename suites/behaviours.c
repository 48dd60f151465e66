/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The behaviours of the passive open, by subject: what people who know TCP, the tests of other
 * stacks, and the kernel's own fixes tell one to look at. X- are found in experiments, P- by peers,
 * F- in fixes (the kernel, or the stable kernels, that have them), N- on the way. A row is one
 * sentence that a case can assert or refute. Which are covered the heads of the cases say; what is
 * missing in one that is covered partly stands here, and goes when a case covers it.
 */
#include "suites/suites.h"

#define CALLS        "a listener and its calls"
#define ADDRESSES    "addresses, families and devices"
#define ACCEPTING    "accept()"
#define ENDING       "the end of a listener"
#define ACCEPT_QUEUE "the accept queue"
#define SYN_QUEUE    "the SYN queue and floods"
#define REQUESTS     "segments that meet a half-open request"
#define LISTENERS    "segments that meet a listener"
#define BROKEN_ONES  "packets that are broken or odd"
#define COOKIES      "SYN cookies"
#define OFFERS       "what SYN and SYN-ACK agree on"
#define ERRORS       "ICMP errors and the path's MTU"
#define NEXT_SYN     "TIME_WAIT, LAST_ACK and the next SYN"
#define DEFERRED     "accept() that waits for data"
#define READINESS    "readiness: poll(), epoll and signals"
#define GROUPS       "SO_REUSEPORT groups"
#define FAST_OPEN    "TCP Fast Open"
#define INHERITANCE  "what a child inherits"
#define MPTCP_ONES   "MPTCP listeners"
#define CPUS         "several CPUs"
#define RINGS        "io_uring and AIO"
#define EXTENSIONS   "BPF, netfilter and keys"
#define TOOLS        "what tools are told"

#define ROW(id_, subject_, text_)                                                                  \
	{                                                                                          \
		.id = (id_), .document = (subject_), .text = (text_)                               \
	}
#define PARTLY(id_, subject_, text_, missing_)                                                     \
	{                                                                                          \
		.id = (id_), .document = (subject_), .text = (text_), .finding = (missing_)        \
	}

static const struct claim behaviours[] = {
	/* ---- a listener and its calls ---- */
	ROW("P-01", CALLS,
	    "listen() on a datagram socket fails with EOPNOTSUPP, bound, connected or neither"),
	ROW("P-02", CALLS,
	    "listen() and accept() fail with EBADF on what is open no more or by O_PATH only, with "
	    "ENOTSOCK on what is no socket"),
	ROW("P-03", CALLS,
	    "listen() on a connected or an accepted socket fails with EINVAL and does the "
	    "connection no harm"),
	ROW("P-04", CALLS,
	    "listen() without bind() takes a free port on the wildcard address, and clients "
	    "connect to it"),
	ROW("P-05", CALLS,
	    "bind() fails with EINVAL on a listener, on an accepted socket and on a connected one"),
	ROW("P-06", CALLS, "connect() on a listener fails with EISCONN, and it goes on listening"),
	ROW("P-07", CALLS,
	    "connect() to AF_UNSPEC makes a listener none: who waits in its queue gets a RST, and "
	    "listen() works again"),
	ROW("P-08", CALLS,
	    "whatever reads from a listener fails with ENOTCONN, whatever writes to it with EPIPE "
	    "and SIGPIPE"),
	ROW("P-09", CALLS, "FIONREAD and SIOCOUTQ on a listener fail with EINVAL"),
	ROW("P-10", CALLS,
	    "SO_ACCEPTCONN is 1 from listen() to the end of listening and 0 otherwise, on a child "
	    "too, and cannot be set"),
	ROW("P-11", CALLS,
	    "TCP_INFO tells CLOSE, bound or not, then LISTEN, and ESTABLISHED of a child"),
	ROW("P-13", CALLS, "listen() called twice alike changes nothing of the queue"),
	ROW("P-14", CALLS,
	    "listen() called again with a larger or a smaller backlog lets exactly so many more or "
	    "fewer in"),
	ROW("P-15", CALLS,
	    "a backlog below 0, of 0, of 1, and one below, at and above somaxconn admits what it "
	    "says plus one, at most somaxconn plus one"),
	ROW("P-16", CALLS,
	    "listen() on a port that another socket listens on already fails with EADDRINUSE, "
	    "though both have SO_REUSEADDR; the loser can still connect"),
	ROW("N-31", CALLS,
	    "bind() to a port that another socket has fails with EADDRINUSE, unless their "
	    "addresses differ, or both have SO_REUSEADDR and the other does not listen"),
	ROW("N-32", CALLS,
	    "bind() to port 0, and listen() of a socket that has no port, fail with EADDRINUSE "
	    "when ip_local_port_range is used up"),
	ROW("P-17", CALLS,
	    "bind() with SO_REUSEADDR to a port that is listened on fails with EADDRINUSE"),
	ROW("P-20", CALLS,
	    "bind() refuses an address that is not local, a privileged port, a wrong length and a "
	    "wrong family, each with its errno"),
	ROW("P-30", CALLS,
	    "listen() on a socket with an upper layer protocol that no child can share (tls) fails "
	    "with EINVAL"),
	ROW("X-10", CALLS,
	    "a backlog that is raised by listen() lets in who was ignored with their next segment; "
	    "one that is lowered sends nobody away; the SYN queue's limit follows"),
	ROW("X-34", CALLS,
	    "TCP_INFO of a listener tells its queue's length as tcpi_unacked and its limit as "
	    "tcpi_sacked"),
	ROW("X-40", CALLS, "the sysctls of the passive open are each network namespace's own"),
	ROW("P-88", CALLS,
	    "each of a thousand listeners is found by its clients, and all their ports are free "
	    "afterwards"),
	ROW("F-01", CALLS,
	    "listen() does not return 0 for a port that is another listener's (some stable kernels "
	    "of 2023 lost the errno)"),
	ROW("F-02", CALLS,
	    "no socket listens whose upper layer protocol cannot be cloned (Linux 6.2, "
	    "CVE-2023-0461)"),

	/* ---- addresses, families and devices ---- */
	ROW("P-21", ADDRESSES,
	    "a listener on [::] takes the IPv4 port as well; IPV6_V6ONLY keeps them apart and is "
	    "fixed after bind()"),
	ROW("P-22", ADDRESSES,
	    "an IPv4 client of a dual-stack listener makes a child with a mapped address, and the "
	    "SYN-ACK has the MSS of IPv4"),
	ROW("P-23", ADDRESSES,
	    "a child of a listener on the wildcard address is called by the address that its "
	    "client used"),
	PARTLY("P-24", ADDRESSES, "getsockname() of either end is getpeername() of the other",
	       "the addresses, and getsockname(): only the port that accept() gives, and "
	       "getpeername() in two cases"),
	ROW("P-25", ADDRESSES,
	    "an address that is added after listen() is served; a SYN to one that was removed gets "
	    "no answer, and the listener stays as it is"),
	ROW("P-26", ADDRESSES,
	    "a listener that is bound to a device takes connections from there only; others are "
	    "reset"),
	ROW("P-27", ADDRESSES,
	    "a listener outside of a VRF serves clients inside only with tcp_l3mdev_accept=1, and "
	    "the child is bound to the VRF"),
	ROW("F-17", ADDRESSES,
	    "a child over IPv6, or with a mapped address, is seen by nobody before it is complete "
	    "(Linux 6.10, 7.0)"),
	ROW("F-27", ADDRESSES,
	    "bind() finds conflicts between wildcards, mapped addresses and IPV6_V6ONLY in either "
	    "order (Linux 6.6, 6.9)"),
	ROW("N-3", ADDRESSES,
	    "an IPv6 SYN from a mapped address makes no request and no counter of TCP move"),

	/* ---- accept() ---- */
	ROW("P-31", ACCEPTING,
	    "accept() fails with EOPNOTSUPP on a datagram socket, and with EINVAL on a socket that "
	    "does not listen, connected or not"),
	ROW("P-32", ACCEPTING,
	    "accept() tells the address's whole length and writes no more than there is room, be "
	    "it none"),
	ROW("P-33", ACCEPTING,
	    "accept() with a length below 0 fails with EINVAL and loses the connection: the client "
	    "reads the end of file"),
	ROW("P-34", ACCEPTING,
	    "accept() with a bad address, or without a length, fails with EFAULT and loses the "
	    "connection"),
	ROW("P-35", ACCEPTING, "accept() without an address gives the next connection"),
	ROW("N-34", READINESS,
	    "who waits in poll() or level-triggered epoll and has no descriptor left is woken "
	    "without end by a connection that waits, and accepts it as soon as one is free"),
	ROW("N-35", ACCEPTING,
	    "who is blocked in accept() has its descriptor already; without one accept() fails at "
	    "once and does not wait"),
	ROW("N-36", READINESS,
	    "an edge-triggered server that had no descriptor sleeps on when one is free again: "
	    "the next connection wakes it, and waits in place of the one before"),
	ROW("N-37", READINESS,
	    "an edge-triggered server that accepts one connection for each event leaves the rest "
	    "of a burst in the queue, whatever they do"),
	ROW("N-40", READINESS,
	    "each later connection lets in one of those that a burst has left in the queue of "
	    "such a server, and waits behind the others"),
	ROW("N-38", ENDING,
	    "a listener that a child process holds takes connections when its parent has closed "
	    "it, and keeps its port from who starts the server again"),
	ROW("N-39", ENDING,
	    "shutdown() ends a listener for all who hold it, and its port can be bound again with "
	    "SO_REUSEADDR"),
	ROW("N-33", ACCEPTING,
	    "without a free descriptor accept() fails with EMFILE also when nobody waits"),
	ROW("P-36", ACCEPTING,
	    "without a free descriptor accept() fails with EMFILE, the connection stays queued and "
	    "epoll ready; with one free it succeeds"),
	ROW("P-37", ACCEPTING,
	    "accept() gives connections in the order in which their handshakes were completed"),
	ROW("P-38", ACCEPTING,
	    "O_NONBLOCK, FIONBIO and SOCK_NONBLOCK all make accept() give EAGAIN when nobody "
	    "waits; the child does not inherit it"),
	ROW("P-39", ACCEPTING,
	    "O_NONBLOCK set meanwhile leaves who is blocked in accept() there; the next call gives "
	    "EAGAIN"),
	ROW("P-41", ACCEPTING,
	    "close() in another thread does not wake who is blocked in accept(): it gets one more "
	    "connection, and then nobody listens"),
	ROW("P-42", ACCEPTING,
	    "of two that are blocked in accept() each connection wakes one, and each gets another "
	    "child"),
	ROW("P-43", ACCEPTING,
	    "SO_RCVTIMEO ends accept() with EAGAIN when its time is over, and not before; a "
	    "connection in between returns at once"),
	ROW("P-44", ACCEPTING,
	    "a signal interrupts accept() or restarts it as SA_RESTART says, never restarts it "
	    "under SO_RCVTIMEO, and loses no connection"),
	ROW("P-45", ACCEPTING, "a thread that is cancelled in accept() loses no connection"),
	PARTLY("P-46", ACCEPTING,
	       "data, FIN and RST from before accept() are read after it; a child that was reset "
	       "polls readable and hung up and tells its error once",
	       "poll() and SO_ERROR of the child that was reset, full buffers"),
	ROW("P-47", ACCEPTING,
	    "a receive buffer that is full before accept() closes the window and loses nothing"),
	ROW("P-48", ACCEPTING,
	    "data that came out of order before accept() is read in order once the hole is filled"),
	ROW("P-49", ACCEPTING,
	    "a client's RST or FIN and then the end of the listener: accept() fails, and the dead "
	    "child gets no second RST"),
	ROW("P-50", ACCEPTING,
	    "accept() never gives ECONNABORTED or an error of the network for a child that has "
	    "died"),
	ROW("P-51", ACCEPTING,
	    "a descriptor that is used again has no event of the socket that it was before"),
	ROW("P-52", ACCEPTING, "listener and children serve several threads at once"),
	ROW("X-37", ACCEPTING,
	    "accept4() sets SOCK_NONBLOCK and SOCK_CLOEXEC as asked, and refuses other flags and "
	    "what does not listen with EINVAL"),
	ROW("X-13", ACCEPTING,
	    "a connection that is reset in the queue keeps its place, is accepted, and gives its "
	    "data, ECONNRESET, and the end"),
	ROW("X-14", ACCEPTING,
	    "a connection that ends in the queue is CLOSE_WAIT there, is accepted, and gives its "
	    "data and the end"),
	ROW("X-36", ACCEPTING,
	    "a connection is one event for an edge-triggered waiter, and wakes one of two that "
	    "block in accept()"),
	ROW("F-43", ACCEPTING,
	    "a child's memory is charged to the memory cgroup of who accepts it (Linux 5.7)"),

	/* ---- the end of a listener ---- */
	ROW("X-11", ENDING,
	    "close() of a listener resets each child that waits; requests stay until their "
	    "timer or next segment, which is answered with RST"),
	ROW("X-12", ENDING,
	    "shutdown(SHUT_RD) resets who waits as close() does; accept() then gives EINVAL, and "
	    "listen() works again"),
	ROW("N-2", ENDING,
	    "a half-open request outlives shutdown() if the socket listens again before its timer: "
	    "its SYN-ACK comes again and its ACK is accepted"),
	ROW("P-18", ENDING,
	    "after shutdown(SHUT_RD) a port that was asked for stays reserved, one that was chosen "
	    "is free, and listen() chooses another"),
	ROW("P-19", ENDING,
	    "listen() after shutdown() while a child lives needs SO_REUSEADDR, else it fails with "
	    "EADDRINUSE"),
	ROW("P-28", ENDING,
	    "a listener that was handed on by fork(), exec(), dup() or SCM_RIGHTS listens as "
	    "long as one holds it; the last close() ends it"),
	ROW("P-29", ENDING,
	    "a server that is killed with a full queue leaves as one that closes; the next one "
	    "listens at once"),
	ROW("P-40", ENDING,
	    "shutdown(SHUT_RD) wakes accept() with EINVAL, and poll(), select() and epoll with a "
	    "hang-up"),
	ROW("P-53", ENDING,
	    "close() of a listener sends one RST to each child in its queue, whose client reads "
	    "ECONNRESET"),
	ROW("P-54", ENDING, "accepted connections outlive their listener in every state"),
	ROW("P-55", ENDING,
	    "a request whose SYN-ACK cannot leave ends with its timer once nobody listens"),
	ROW("P-56", ENDING,
	    "a client in the middle of connect() when the listener ends is refused or reset, and "
	    "poll() tells it"),
	ROW("P-57", ENDING, "shutdown(SHUT_WR) changes nothing of a listener"),
	ROW("P-58", ENDING, "shutdown(SHUT_RDWR) does to the queue what SHUT_RD does"),
	ROW("P-59", ENDING,
	    "after shutdown(SHUT_RD) poll() tells POLLOUT and POLLHUP, and edge-triggered epoll a "
	    "hang-up once"),
	ROW("P-60", ENDING,
	    "a listener that was shut down can connect() from its port, and listen again "
	    "afterwards"),
	ROW("P-61", ENDING,
	    "SO_LINGER does not delay close() of a listener, and its port is free at once"),
	ROW("P-62", ENDING, "a child inherits SO_LINGER: with a time of 0 its close() sends a RST"),
	ROW("P-64", ENDING, "close() of one of several descriptors of a listener flushes nothing"),
	ROW("P-65", ENDING,
	    "SOCK_DESTROY of a listener needs privilege, resets who waits, and wakes accept() with "
	    "EINVAL"),
	ROW("P-66", ENDING,
	    "SOCK_DESTROY of a half-open request sends nothing and counts nothing; its ACK is "
	    "answered with RST"),
	ROW("P-67", ENDING,
	    "SOCK_DESTROY of a child in the queue sends a RST; the dead child is still accepted"),
	ROW("N-9", ENDING,
	    "shutdown() of a socket that has been shut down fails with ENOTCONN and marks it all "
	    "the "
	    "same: if it listens again, its children are shut down from the start"),
	ROW("N-10", ENDING,
	    "shutdown() and connect(AF_UNSPEC) of a listener forget its TCP_MAXSEG and "
	    "TCP_WINDOW_CLAMP"),
	ROW("F-31", ENDING,
	    "a network namespace that goes takes its half-open requests along (Linux 6.9)"),
	ROW("F-36", ENDING,
	    "a listener with a long queue can be destroyed from a BPF iterator, which may not "
	    "sleep (Linux 7.2)"),
	ROW("F-42", ENDING, "SOCK_DESTROY of a socket that nobody holds ends it (Linux 6.11)"),

	/* ---- the accept queue ---- */
	ROW("P-69", ACCEPT_QUEUE,
	    "backlog + 1 connections are admitted, the SYN beyond gets no answer, and lets in its "
	    "client once a slot is free"),
	ROW("P-70", ACCEPT_QUEUE, "never one client too many, though the next one comes at once"),
	ROW("P-71", ACCEPT_QUEUE,
	    "with a full queue an ACK of a request is ignored and its SYN-ACK comes again, a stray "
	    "ACK gets a RST, a new SYN nothing"),
	ROW("P-115", ACCEPT_QUEUE,
	    "a handshake whose ACK was lost is completed by data, which wakes who waits in epoll; "
	    "a FIN follows, and the server can still answer"),
	ROW("X-38", ACCEPT_QUEUE,
	    "keepalive probes of an ignored client are answered by its request, so it never "
	    "gives up while that lives"),
	ROW("X-46", ACCEPT_QUEUE,
	    "with tcp_abort_on_overflow=1 a client that only reads is reset after its answer to "
	    "the next SYN-ACK"),
	ROW("F-41", ACCEPT_QUEUE,
	    "a full accept queue takes no SYN, however young its requests are (Linux 4.10)"),

	/* ---- the SYN queue and floods ---- */
	ROW("P-73", SYN_QUEUE,
	    "a handshake that fails by RST or by its time makes room: the next SYN gets an "
	    "ordinary SYN-ACK and never a cookie"),
	ROW("P-74", SYN_QUEUE, "a handshake that is completed makes room in the SYN queue"),
	PARTLY("P-75", SYN_QUEUE,
	       "of thousands of half-open requests some are completed and work, and the number of "
	       "the rest is exact",
	       "some of a flood completed; 350 at most"),
	ROW("P-76", SYN_QUEUE, "a flood to other ports leaves existing connections alone"),
	ROW("P-77", SYN_QUEUE,
	    "a RST from an address that never sent a SYN ends the request at once"),
	ROW("P-85", SYN_QUEUE, "the SYN-ACKs of many requests are sent again each at its own time"),
	ROW("P-86", SYN_QUEUE, "the first SYN-ACK is sent again after one second"),
	ROW("P-87", SYN_QUEUE,
	    "initial sequence numbers are spread over the tuples, and grow for the same tuple"),
	ROW("P-89", SYN_QUEUE,
	    "PassiveOpens, AttemptFails and CurrEstab move as RFC 4022 says for a handshake that "
	    "is completed, reset, expired, refused"),
	ROW("P-124", SYN_QUEUE,
	    "a request that nobody answers ends without a word; a client that has forgotten "
	    "answers its SYN-ACK with RST"),
	ROW("X-07", SYN_QUEUE, "over IPv6 all is as over IPv4, with the same counters"),
	ROW("X-08", SYN_QUEUE,
	    "listen() with a backlog of 0 admits a connection without cookies too"),
	ROW("X-41", SYN_QUEUE, "SK_MEMINFO_DROPS of the listener counts each SYN that it drops"),
	ROW("X-42", SYN_QUEUE,
	    "a BPF program may set the first timeout of a SYN-ACK; the time of a deferral stays in "
	    "seconds"),
	ROW("X-43", SYN_QUEUE,
	    "tcp_rto_max_ms bounds the SYN-ACK's timer since Linux 6.19, and does not before"),
	ROW("F-03", SYN_QUEUE,
	    "the SYN queue holds backlog + 1 requests, so that a backlog of 0 admits one (Linux "
	    "6.13)"),
	ROW("F-37", SYN_QUEUE,
	    "a timeout that BPF sets holds for requests and for Fast Open alike (Linux 5.18)"),

	/* ---- segments that meet a half-open request ---- */
	ROW("X-20", REQUESTS,
	    "a wrong acknowledgement is answered with RST at its number, whatever it carries, "
	    "and the request survives"),
	ROW("X-21", REQUESTS,
	    "a RST ends a request by the exact number, is challenged in the window, ignored "
	    "outside; what its ACK says kernels take differently"),
	ROW("X-22", REQUESTS,
	    "a SYN with another number ends the request with a RST if it is in the window, and "
	    "is answered with an ACK if not"),
	ROW("X-23", REQUESTS,
	    "what is old or beyond the window, a SYN-ACK or a keepalive probe is answered with "
	    "an ACK, twice a second at most"),
	ROW("X-24", REQUESTS,
	    "a segment with an older timestamp is answered with an ACK, and PAWSEstab counts it"),
	ROW("X-25", REQUESTS,
	    "an echo of a timestamp that no SYN-ACK had is refused since Linux 6.15; 0 and no "
	    "option at all are taken"),
	ROW("X-26", REQUESTS,
	    "data or a FIN without ACK is dropped without a word, and the request survives"),
	ROW("X-27", REQUESTS,
	    "a FIN with ACK completes the handshake, while the request is deferred too"),
	ROW("P-91", REQUESTS,
	    "ACK, data and FIN complete an ordinary handshake; SYN-ACK and RST, with or without "
	    "ACK, do not"),
	ROW("N-41", REQUESTS,
	    "a SYN-ACK with data and the SYN's own number leaves a child in SYN_RECV in the accept "
	    "queue, and wakes nobody, nor does the final ACK of that child"),
	ROW("P-103", REQUESTS,
	    "a RST right before the window, at its left edge, at its right edge and right "
	    "behind it: only the exact number ends the request"),
	ROW("P-104", REQUESTS,
	    "RST with ACK goes by its sequence number alone, or by its acknowledgement first, as "
	    "kernels differ: four of each tried"),
	ROW("P-105", REQUESTS,
	    "two SYNs that cross make one connection, which no accept queue sees"),
	ROW("P-106", REQUESTS,
	    "an acknowledgement one too low or one too high gets a RST, the exact one completes"),
	ROW("P-107", REQUESTS,
	    "what is outside the window is answered with an ACK, and the right ACK completes "
	    "afterwards"),
	ROW("P-108", REQUESTS, "SYN with FIN at the first number is a SYN that comes again"),
	ROW("P-109", REQUESTS,
	    "SYN-ACK at the first number is answered with an ACK; right behind it, it ends the "
	    "request with a RST"),
	ROW("P-110", REQUESTS,
	    "no flag at all, PSH and URG without ACK are dropped without a word"),
	ROW("P-111", REQUESTS, "all SYN-ACKs of a request have the same sequence number"),
	ROW("P-112", REQUESTS, "a SYN that comes again with other options gets the same SYN-ACK"),
	ROW("P-113", REQUESTS,
	    "a final ACK without the timestamps that were agreed on completes the handshake"),
	ROW("P-114", REQUESTS,
	    "a final ACK's timestamp may be equal or far ahead, not older, and 0 is old like any "
	    "other; what is echoed afterwards is the newest that was taken"),
	ROW("P-125", REQUESTS,
	    "sock_diag tells a request's timer and how often its SYN-ACK was sent again"),
	ROW("F-08", REQUESTS,
	    "a RST that is only somewhere in the window does not end a request (Linux 6.6.153, "
	    "6.12.105, 6.18.42; CVE-2026-68118)"),
	ROW("F-16", REQUESTS,
	    "the final ACK's echo must be of a timestamp that a SYN-ACK had (Linux 6.15)"),

	/* ---- segments that meet a listener ---- */
	ROW("X-28", LISTENERS,
	    "of a SYN with data only the SYN is acknowledged, and the data is lost"),
	ROW("X-29", LISTENERS,
	    "ACK, FIN with ACK, SYN-ACK and data get a RST at their number; RST, FIN, nothing, "
	    "SYN with FIN or RST get no answer; SYN with PSH or URG is a SYN"),
	ROW("P-102", LISTENERS,
	    "eight kinds of segments, with and without data, leave a listener as it was: the "
	    "next SYN is answered"),
	ROW("P-123", LISTENERS,
	    "a RST has the number that the segment acknowledged, or 0 and an acknowledgement of "
	    "all of it where it has no ACK"),

	/* ---- packets that are broken or odd ---- */
	ROW("P-78", BROKEN_ONES,
	    "a SYN from the listener's own address and port (a land attack) is dropped by IP, and "
	    "no counter of TCP moves"),
	ROW("P-79", BROKEN_ONES,
	    "a SYN from 0.0.0.0, a multicast or a loopback address is dropped, and no counter of "
	    "TCP moves"),
	ROW("P-80", BROKEN_ONES,
	    "a SYN from the subnet's broadcast address is answered, unless rp_filter drops it"),
	ROW("P-81", BROKEN_ONES,
	    "a SYN to a broadcast or multicast address gets no answer, and ListenDrops counts it "
	    "though no queue is full"),
	ROW("P-82", BROKEN_ONES, "a SYN from port 0 is answered"),
	ROW("P-83", BROKEN_ONES,
	    "a SYN or a final ACK with a wrong checksum was never there, but for InErrs and "
	    "InCsumErrors"),
	ROW("P-84", BROKEN_ONES, "a SYN and a final ACK in fragments work as whole ones"),

	/* ---- SYN cookies ---- */
	ROW("X-01", COOKIES,
	    "a cookie loses window scale, SACK and ECN, unless the client has timestamps"),
	ROW("X-02", COOKIES,
	    "a cookie rounds the client's MSS down to one of four, and a smaller one than those "
	    "up"),
	ROW("X-03", COOKIES,
	    "the ACK of a cookie that meets a full accept queue is ignored, whatever "
	    "tcp_abort_on_overflow says, and is good later"),
	ROW("X-04", COOKIES,
	    "when the ACK of a cookie is lost nothing comes again: the client waits until it "
	    "sends"),
	ROW("X-05", COOKIES,
	    "a wrong cookie, an ACK of an expired request and one out of the blue get a RST; "
	    "SyncookiesFailed counts only soon after an overflow"),
	ROW("X-06", COOKIES,
	    "TCPReqQFullDoCookies counts a SYN that is then dropped, as the accept queue is full"),
	ROW("X-44", COOKIES,
	    "a cookie needs the segment that follows its SYN: data behind a hole is reset where a "
	    "request would be completed"),
	ROW("P-72", COOKIES,
	    "cookies begin with the SYN beyond the backlog; the requests before keep their "
	    "options and are completed with them"),
	ROW("P-90", COOKIES,
	    "ACK, data and FIN with it complete a cookie's handshake; SYN-ACK, RST and RST with "
	    "ACK do not"),
	ROW("P-92", COOKIES,
	    "a cookie's ACK that comes while the same client has a request makes no second child "
	    "and leaves the request alone"),
	ROW("P-93", COOKIES,
	    "the child of a cookie sends segments as long as the MSS, and uses the options, "
	    "that its cookie kept"),
	ROW("P-94", COOKIES, "the ACK of a cookie that comes twice makes one child"),
	ROW("P-95", COOKIES, "a cookie of another listener, port or client is refused with RST"),
	ROW("P-96", COOKIES, "a cookie is good for a minute and not for two"),
	ROW("P-100", COOKIES, "the cookies' secret is the kernel's, not the network namespace's"),
	ROW("N-1", COOKIES,
	    "a cookie is good at another member of the group than the one that sent it"),
	ROW("N-4", COOKIES,
	    "a cookie that carries SACK or a window scale, which are switched off meanwhile, is "
	    "refused with RST"),
	ROW("N-20", COOKIES,
	    "of a cookie's connection the server misses the first bytes, three at most, if their "
	    "segment and the final ACK do not get through, and the client believes that it has "
	    "them; a request misses none"),
	ROW("N-21", COOKIES,
	    "a keepalive probe brings back a cookie whose MSS is not the largest: the server then "
	    "waits for a byte that never was, and answers no other probe"),
	ROW("N-22", COOKIES,
	    "a burst ends in resets though tcp_abort_on_overflow is 0: those of cookies whose "
	    "second segment comes when the first has met a full accept queue"),
	ROW("N-23", COOKIES,
	    "a segment that overtakes the ACK of a cookie and the first of its request resets "
	    "the client, and those two make a connection without a client"),
	ROW("N-24", COOKIES,
	    "the child of a cookie with timestamps has another window than its SYN-ACK offered"),
	ROW("N-25", COOKIES,
	    "the child of a cookie has the options that the echo of its timestamp says, whatever "
	    "that is"),
	ROW("N-26", COOKIES,
	    "a cookie is good for four numbers in a row, each with an MSS of its own"),
	ROW("N-42", COOKIES,
	    "where both ends of a cookie's connection have said about equally much, its last ACK "
	    "is that cookie again, and makes another connection if the wire doubles it"),
	ROW("N-27", COOKIES,
	    "a listener looks for cookies for two minutes since it sent the last one"),
	ROW("F-18", COOKIES,
	    "a receive buffer that was set bounds the window of a cookie's child too (Linux 5.10)"),

	/* ---- what SYN and SYN-ACK agree on ---- */
	PARTLY("X-30", OFFERS,
	       "a SYN that asks for ECN is answered as tcp_ecn says, and not if ECT stands in its "
	       "IP header",
	       "ECT in the IP header; accurate ECN"),
	ROW("X-33", OFFERS,
	    "TCP_SAVED_SYN gives the headers of the SYN once; after a cookie there are none"),
	ROW("X-35", OFFERS, "SO_RCVBUF set before listen() bounds the SYN-ACK's window and scale"),
	ROW("P-116", OFFERS,
	    "the window of a SYN is unscaled, may be 0, and that of the final ACK counts"),
	PARTLY("P-117", OFFERS,
	       "a SYN-ACK has the options that the SYN has, less those that the server's sysctls "
	       "switch off",
	       "tcp_sack, tcp_window_scaling and tcp_timestamps of the server off"),
	ROW("P-118", OFFERS,
	    "options of a SYN that are cut short or contradict themselves are read as far as they "
	    "go"),
	ROW("P-188", OFFERS, "with tcp_reflect_tos=1 SYN-ACK and child have the TOS of the SYN"),
	ROW("P-189", OFFERS,
	    "the flow label of a SYN-ACK that is sent again is kept or drawn anew, as the kernel's "
	    "age and txrehash have it"),
	PARTLY("P-190", OFFERS,
	       "ECN and accurate ECN as a server: which flags and options answer which SYN, and "
	       "when the SYN-ACK does without",
	       "accurate ECN, CE, what is left out when sent again, routes"),
	ROW("F-19", OFFERS,
	    "the receive buffer of a child with timestamps does not jump with its first data "
	    "(Linux 6.16)"),
	ROW("F-20", OFFERS,
	    "data out of order does not grow the receive buffer before accept() (Linux 6.17)"),
	ROW("F-30", OFFERS,
	    "a SYN-ACK that is sent again goes another way if txrehash says so (Linux 5.18, 6.2)"),
	ROW("F-39", OFFERS, "a SYN-ACK that is sent again does without accurate ECN (Linux 7.0)"),

	/* ---- ICMP errors and the path's MTU ---- */
	ROW("P-119", ERRORS,
	    "the MSS of a SYN-ACK follows the route, the device and TCP_MAXSEG; a path that turns "
	    "out narrower bounds a connection, and says nothing to a request"),
	ROW("P-120", ERRORS,
	    "ICMP tells of a half-open request: some types end it, and ListenDrops counts that; "
	    "others do nothing"),
	ROW("P-121", ERRORS,
	    "an ICMP error with a number that is not the SYN-ACK's is ignored, and "
	    "OutOfWindowIcmps counts it"),
	ROW("P-122", ERRORS, "ICMPv6 errors do to requests over IPv6 what their IPv4 twins do"),
	ROW("N-6", ERRORS,
	    "an ICMP error does not end a connection that waits for accept(): SO_ERROR tells, and "
	    "read() with IP_RECVERR, which it inherits"),
	ROW("N-7", ERRORS,
	    "an ICMP error about a cookie's SYN-ACK, or about a listener, is about nobody"),

	/* ---- TIME_WAIT, LAST_ACK and the next SYN ---- */
	ROW("X-31", NEXT_SYN, "a SYN into TIME_WAIT gets its SYN-ACK though the SYN queue is full"),
	ROW("P-126", NEXT_SYN,
	    "without timestamps a SYN into TIME_WAIT makes a connection if its number is higher, "
	    "else it gets the old connection's ACK"),
	ROW("P-127", NEXT_SYN,
	    "with timestamps a newer one makes a connection whatever the number; an older one gets "
	    "an ACK and is counted"),
	ROW("P-128", NEXT_SYN,
	    "what is no SYN leaves TIME_WAIT as it was; a RST ends it unless tcp_rfc1337 is set"),
	ROW("P-129", NEXT_SYN,
	    "a port with connections in TIME_WAIT can be listened on with SO_REUSEADDR, and not "
	    "without"),
	ROW("P-130", NEXT_SYN,
	    "a SYN for a connection in LAST_ACK is challenged, the client resets it, and its next "
	    "SYN connects"),
	ROW("P-131", NEXT_SYN,
	    "a SYN for a connection that lives is challenged, and nothing happens to it"),
	ROW("P-132", NEXT_SYN,
	    "after a restart old clients are reset with their next segment, and the new listener "
	    "serves new ones"),
	ROW("N-5", NEXT_SYN,
	    "a SYN into TIME_WAIT whose listener is gone gets the old connection's ACK"),
	ROW("F-15", NEXT_SYN,
	    "the number that TIME_WAIT chose for the next connection is used (Linux 6.10)"),
	ROW("F-28", NEXT_SYN, "bind() sees connections in TIME_WAIT (Linux 6.3)"),
	ROW("F-32", NEXT_SYN,
	    "timestamps are offset by port as well, so that a port that comes back may meet "
	    "TIME_WAIT with an older one (Linux 7.0)"),
	ROW("F-44", NEXT_SYN,
	    "PAWSTimewait counts what TIME_WAIT refuses by its timestamp (Linux 6.16)"),

	/* ---- accept() that waits for data ---- */
	ROW("X-45", DEFERRED,
	    "with tcp_synack_retries=0 a deferred request lives as long as its deferral, and its "
	    "silent client is accepted at the end"),
	ROW("P-133", DEFERRED,
	    "TCP_DEFER_ACCEPT is 0 by default and below 0, rounded up as it is read back, and kept "
	    "by listen()"),
	ROW("P-134", DEFERRED, "accept() waits for data, and that is there at once"),
	ROW("P-135", DEFERRED, "when the time is over a silent client is accepted without data"),
	ROW("P-136", DEFERRED,
	    "a client that is silent for four times the value and then sends is connected, or "
	    "reset if its request has expired"),
	ROW("P-137", DEFERRED,
	    "a listener that closes sends nothing to a deferred client, which is reset when it "
	    "sends"),
	ROW("P-138", DEFERRED,
	    "a client that closes without data is accepted, CLOSE_WAIT, and gives the end of file"),
	ROW("P-139", DEFERRED,
	    "the option set late holds for the requests that are there; on a connection it changes "
	    "nothing, and a client that has it keeps its final ACK back for its data"),

	/* ---- readiness ---- */
	ROW("P-141", READINESS,
	    "poll() tells of a listener from its first connection to the last accept()"),
	PARTLY("P-142", READINESS,
	       "neither a SYN nor a handshake that is refused or expires wakes anybody, and no "
	       "error is told of the listener or the next child",
	       "edge-triggered, a handshake that expires; SO_ERROR of the child"),
	PARTLY("P-143", READINESS,
	       "edge-triggered, each connection is one event, beside a connected socket in the "
	       "same set",
	       "a connected socket in the set"),
	ROW("P-144", READINESS,
	    "a socket that is in an edge-triggered set before it listens tells a hang-up first, "
	    "and connections as usual afterwards"),
	ROW("P-145", READINESS,
	    "a listener in a set that is inherited, nested or one-shot tells one event for each "
	    "time that it is armed"),
	ROW("P-146", READINESS,
	    "a listener with O_ASYNC sends one signal for each connection; the child does not "
	    "inherit it"),
	PARTLY("P-147", READINESS, "select(), pselect(), poll(), ppoll() and epoll agree",
	       "select(), pselect(), ppoll()"),

	/* ---- SO_REUSEPORT groups ---- */
	ROW("X-09", GROUPS, "a member whose queue is full drops though its twin has room"),
	ROW("X-15", GROUPS,
	    "with tcp_migrate_req=0 a member that closes resets its children, and its requests are "
	    "reset with their next segment"),
	ROW("X-16", GROUPS,
	    "with tcp_migrate_req=1 children move to the twin at once, requests with their ACK or "
	    "their timer"),
	ROW("P-155", GROUPS, "all members of a group need the option and one owner"),
	ROW("P-156", GROUPS,
	    "clients are spread over the members, and the same client meets the same one"),
	ROW("P-157", GROUPS, "a listener on the very address comes before a group on the wildcard"),
	ROW("P-158", GROUPS, "members leave in any order and join, and each that is there serves"),
	ROW("P-159", GROUPS,
	    "a filter names the member; a number that is none leaves the choice to the hash"),
	ROW("P-160", GROUPS,
	    "SO_INCOMING_CPU of the members decides by the CPU that a SYN comes to"),
	PARTLY("P-162", GROUPS,
	       "children with their data, requests at their ACK and at their timer move, and a BPF "
	       "program may choose where",
	       "a BPF program that chooses where"),
	ROW("P-163", GROUPS,
	    "shutdown() moves what waits as close() does; a member whose port was chosen leaves "
	    "the group when it listens again"),
	ROW("P-164", GROUPS, "what moves to a member wakes who waits there in accept() or epoll"),
	ROW("P-165", GROUPS,
	    "a child moves to a twin whose queue is full, which is then longer than its limit"),
	ROW("F-09", GROUPS,
	    "a child that moves wakes who waits at its new listener (Linux 6.1.175, 6.12.86, "
	    "6.18.27; CVE-2026-46015)"),
	ROW("F-10", GROUPS,
	    "a request that moves with its timer is counted at the listener that has it (Linux "
	    "7.1)"),
	ROW("F-10b", GROUPS,
	    "a request that has moved is not freed under its timer (Linux 6.12, 6.13; "
	    "CVE-2024-50154)"),
	ROW("F-29", GROUPS,
	    "SO_INCOMING_CPU is obeyed whatever the order in which members were added (Linux 6.2)"),
	ROW("F-35", GROUPS,
	    "a filter that is replaced while SYNs come is not freed under them (Linux 7.1)"),

	/* ---- TCP Fast Open ---- */
	ROW("X-17", FAST_OPEN,
	    "a server gives a cookie when asked, takes data in a SYN that has it, and no more of "
	    "those at once than it was told"),
	ROW("X-18", FAST_OPEN,
	    "a child that waits for its final ACK sends its SYN-ACK again by its own timer, and is "
	    "accepted though a RST came"),
	ROW("P-140", FAST_OPEN, "data in a SYN ends a deferral"),
	ROW("P-167", FAST_OPEN, "a cookie follows from the key and the addresses"),
	ROW("P-168", FAST_OPEN, "a cookie of the backup key is good, and a new one is given"),
	ROW("P-169", FAST_OPEN, "the experimental option is answered with itself"),
	ROW("P-170", FAST_OPEN,
	    "where no cookie is required data in a SYN is taken without one, and where there is no "
	    "Fast Open it is not"),
	ROW("P-171", FAST_OPEN,
	    "a SYN with a cookie and without data makes a child that can write"),
	ROW("P-172", FAST_OPEN,
	    "what the server writes before the final ACK follows its SYN-ACK at once"),
	ROW("P-173", FAST_OPEN,
	    "a RST before or after accept() ends such a child, whose data is still read"),
	ROW("P-174", FAST_OPEN, "a FIN may be the final ACK"),
	ROW("P-175", FAST_OPEN,
	    "close() of the listener, or with unread data, resets children that were not "
	    "acknowledged"),
	ROW("P-176", FAST_OPEN,
	    "a child that is disconnected before its final ACK leaves no timer behind"),
	ROW("P-177", FAST_OPEN,
	    "an ICMP error before accept() closes a child, which is accepted all the same"),
	ROW("P-178", FAST_OPEN,
	    "a child whose final ACK was lost does not shrink its window for that"),
	ROW("P-179", FAST_OPEN, "shutdown() before the final ACK sends its FIN after that"),
	ROW("P-180", FAST_OPEN, "such a child knows the queue of the device that its SYN came by"),
	ROW("P-181", FAST_OPEN, "data in a SYN saves a round trip"),
	ROW("F-11", FAST_OPEN,
	    "shutdown() of a child in SYN_RECV sends no FIN too early (Linux 6.9, CVE-2024-36905)"),
	ROW("F-12", FAST_OPEN,
	    "a child that is disconnected forgets its request (Linux 6.17, CVE-2025-39955)"),
	ROW("F-12b", FAST_OPEN,
	    "a SYN-ACK that cannot be sent frees its request once (Linux 6.18)"),
	ROW("F-13", FAST_OPEN, "a child's NAPI number is that of its SYN (Linux 6.16)"),

	/* ---- what a child inherits ---- */
	PARTLY("X-32", INHERITANCE,
	       "a child has the options of its listener but for a few: TCP_DEFER_ACCEPT, "
	       "TCP_FASTOPEN, O_NONBLOCK, FD_CLOEXEC",
	       "buffers, TOS, TTL, linger, marks, timeouts, MAXSEG, PRIORITY, the flags of the "
	       "descriptor"),
	PARTLY("P-182", INHERITANCE,
	       "a SYN-ACK goes by the options of this moment, a child by those of its final ACK",
	       "options that change between SYN and ACK; TOS and TTL of the SYN-ACK"),
	ROW("P-183", INHERITANCE, "options outlive shutdown(), connect() and listen() again"),
	ROW("P-186", INHERITANCE, "a child does not share the listener's multicast memberships"),
	ROW("P-187", INHERITANCE,
	    "with tcp_fwmark_accept SYN-ACK and child have the mark of the SYN"),
	ROW("F-40", INHERITANCE, "a multicast list is not freed twice (Linux 4.12, CVE-2017-8890)"),

	/* ---- MPTCP ---- */
	ROW("X-19", MPTCP_ONES,
	    "a client whose SYNs a full MPTCP listener drops comes back without MPTCP"),
	ROW("P-101", MPTCP_ONES,
	    "MP_CAPABLE and MP_JOIN pass through SYN cookies, with their limits and flags"),
	ROW("P-192", MPTCP_ONES,
	    "MP_CAPABLE is answered, and whatever is wrong with it falls back to TCP and is "
	    "accepted"),
	ROW("P-193", MPTCP_ONES,
	    "a RST before accept() ends the subflow, and the connection is accepted"),
	ROW("P-194", MPTCP_ONES, "MP_JOIN with an unknown token is reset, and limits hold"),
	ROW("P-195", MPTCP_ONES, "an endpoint that is only announced refuses MP_CAPABLE"),
	ROW("P-196", MPTCP_ONES,
	    "counts of sockets in use return to where they were, and ss -M lists each"),
	ROW("P-197", MPTCP_ONES,
	    "a listener with connections that nobody accepted closes and leaves nothing"),
	ROW("N-8", MPTCP_ONES,
	    "the final ACK of an MPTCP client that meets a full queue is ignored as any"),
	ROW("F-21", MPTCP_ONES,
	    "the end of a listener, accept() and disconnect do not free what the worker uses "
	    "(Linux 6.5)"),
	ROW("F-22", MPTCP_ONES, "sockets that nobody has accepted are freed once (Linux 5.19)"),
	ROW("F-23", MPTCP_ONES, "a cookie's request is not leaked (Linux 5.10)"),
	ROW("F-24", MPTCP_ONES, "a cookie keeps the backup flag of MP_JOIN"),
	ROW("F-25", MPTCP_ONES,
	    "a handshake on an announced port is refused, not accepted and forgotten (Linux 6.12)"),
	ROW("F-26", MPTCP_ONES,
	    "MP_JOIN beyond the limit is dropped and gets no cookie (Linux 5.14)"),

	/* ---- several CPUs ---- */
	ROW("P-63", CPUS,
	    "listen(), close() and connect() in parallel: each connect() ends, and the kernel does "
	    "not complain"),
	ROW("F-04", CPUS,
	    "listen() again and again against traffic breaks no lock of the queue (Linux 6.8, "
	    "CVE-2024-26614)"),
	ROW("F-05", CPUS, "the same ACK of a cookie on two CPUs makes one child (Linux 5.10)"),
	ROW("F-06", CPUS, "that ACK with IP options frees them once (Linux 5.11)"),
	ROW("F-07", CPUS,
	    "the same SYN on two CPUs makes one request with one number (Linux 6.10)"),
	ROW("F-14", CPUS,
	    "a request that finds its twin there already is not leaked (Linux 6.13, "
	    "CVE-2024-57841)"),

	/* ---- io_uring and AIO ---- */
	ROW("P-148", RINGS,
	    "an accept request of io_uring completes with a descriptor, whether it or the client "
	    "came first"),
	ROW("P-149", RINGS,
	    "an accept request can be cancelled, and a ring ends with requests pending"),
	ROW("P-150", RINGS,
	    "a multishot accept completes once for each connection, also when the completion queue "
	    "overflows"),
	ROW("P-151", RINGS, "a completion tells whether more connections wait"),
	ROW("P-152", RINGS, "bind and listen of io_uring work and fail as the calls do"),
	ROW("P-153", RINGS, "what an accept request points to may go once it was submitted"),
	ROW("P-154", RINGS, "an AIO poll of a listener completes once"),
	ROW("F-33", RINGS,
	    "a multishot accept loses none when the completion queue is full (Linux 6.8, 6.14)"),

	/* ---- BPF, netfilter and keys ---- */
	ROW("P-97", EXTENSIONS, "BPF's helpers make and check the cookies that the kernel would"),
	ROW("P-98", EXTENSIONS,
	    "a cookie that a BPF program made brings all its options to the child"),
	ROW("P-99", EXTENSIONS,
	    "behind SYNPROXY a listener sees only handshakes that were completed"),
	ROW("P-161", EXTENSIONS,
	    "a SYN that BPF hands to another listener makes a child with the packet's own "
	    "addresses"),
	ROW("P-166", EXTENSIONS,
	    "a listener may enter and leave a sockmap while connections come, and children do not "
	    "inherit it"),
	ROW("P-184", EXTENSIONS, "BPF's storage of a listener is cloned to the child"),
	ROW("P-185", EXTENSIONS,
	    "BPF reads a SYN's options and writes those of the SYN-ACK, each time that it is sent"),
	ROW("P-191", EXTENSIONS,
	    "a listener with keys (TCP-MD5, TCP-AO) takes who has the right one, drops who has "
	    "not, and counts why"),
	ROW("F-34", EXTENSIONS,
	    "a child does not keep the protocol of its listener's sockmap (Linux 5.7)"),

	/* ---- what tools are told ---- */
	ROW("P-12", TOOLS,
	    "/proc/net/tcp has one LISTEN line for each listener, and a child with inode 0 until "
	    "it is accepted"),
	PARTLY("P-68", TOOLS,
	       "sock_diag finds half-open requests by dump, filter and tuple, over IPv4, IPv6 and "
	       "mapped, and their cookie stays",
	       "mapped, by state, by mark"),
	ROW("X-39", TOOLS,
	    "a refused segment has a reason: TCP_LISTEN_OVERFLOW, TCP_FLAGS, NO_SOCKET and so on; "
	    "a refused SYN none"),
	ROW("F-38", TOOLS,
	    "drops and resets of half-open requests tell their reasons (Linux 6.10, 6.15)"),
};

const struct claim *all_behaviours(size_t *count)
{
	*count = sizeof(behaviours) / sizeof(behaviours[0]);
	return behaviours;
}
