/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inspect: what can be known, from outside, of somebody else's processes and their listeners.
 *
 * What is not to be had is said to be so, and never guessed. Nothing in here changes what a server
 * does, but for the accept() calls of a call watch that was told to hold them or to let them fail.
 */
#ifndef HALFOPEN_INSPECT_H
#define HALFOPEN_INSPECT_H

#include "base/base.h"

#include <jansson.h>
#include <sys/socket.h>
#include <sys/types.h>

struct inspection;

/*
 * Begins to look at what listens in the network namespace of the calling thread, and at the
 * processes that /proc shows: so call it there. broken() where there is no sock_diag.
 */
struct inspection *inspect_open(void);
/* NULL is fine. */
void inspect_close(struct inspection *inspection);

/* ---- processes (processes.c) ---------------------------------------------------------------- */

#define NOT_KNOWN (-1)

struct inspected_process {
	pid_t pid, parent;
	uid_t user;    /* effective, as this namespace numbers it */
	char name[64]; /* the thread's that is its first: comm */
	unsigned threads;
	bool asleep;       /* each thread sleeps and a signal would wake it: state S */
	bool stopped;      /* each thread is stopped: state T; a frozen one sleeps */
	nsec cpu;          /* of all threads, of those that have ended, too */
	uint64_t switches; /* context switches of the threads that there are */
	long descriptors, descriptor_limit; /* in use, RLIMIT_NOFILE; or NOT_KNOWN */
};

struct inspected_processes {
	struct inspected_process *all;
	size_t count;
};

/*
 * The process @server and all that it has started, by parents, and those that were once seen here
 * and whose parents have ended since. Where the parent of @server is neither the caller nor process
 * 1 it is taken for a keeper, as of a sandbox: then all that this one has started, but not itself.
 * Without those that have ended themselves, reaped or not.
 * @server 0: all that /proc shows, without its process 1 and the caller. In the order of their
 * numbers. A process that comes or goes meanwhile is there or not.
 */
struct inspected_processes inspect_processes(struct inspection *inspection, pid_t server);
void inspected_processes_free(struct inspected_processes *processes);
/*
 * From now on @pid is one of @server's, and its parent the keeper if it is none of them: for a
 * daemon whose first process may have ended before anyone has looked (sandbox_event's .follows).
 */
void inspect_adopt(struct inspection *inspection, pid_t server, pid_t pid);

/* How a process has ended, by @process: pidfd_open(), when it lived. */
enum process_end {
	PROCESS_LIVES, /* or its parent has not waited for it yet */
	PROCESS_ENDED, /* *@status is as of wait() */
	PROCESS_GONE,  /* and this kernel does not tell how: it does since Linux 6.15 */
};
enum process_end inspect_end(int process, int *status);

/* Them all at one glance; takes some 40 µs a process. */
struct inspected_look {
	unsigned processes, threads;
	bool asleep;       /* all of them: nothing computes; false where there is none */
	nsec cpu;          /* so far, with those seen earlier that have ended: it never falls */
	uint64_t switches; /* likewise. Two looks that have the same: no thread ran between them */
	long descriptors, descriptor_limit; /* of the process that has fewest left; or NOT_KNOWN */
};
struct inspected_look inspect_look(struct inspection *inspection, pid_t server);

/* ---- calls as they are made (call_watch.c): seccomp's user notification --------------------- */

/*
 * The listen() calls of a program and of all that it starts, and, where that is asked for, its
 * accept() calls. The kernel puts each call aside until a thread of the watch has seen it; then it
 * goes on as it was meant. io_uring goes past it. A watched accept() is not invisible: it takes
 * thrice as long and, before Linux 6.0, a signal interrupts one that is held.
 *
 *     watch = call_watch_open((struct call_watch_options){ ... });    in the server's namespace
 *     sandbox_start(... .before_exec = call_watch_install, .context = watch ...)
 *     call_watch_begin(watch, pid);
 *     ... until all the processes of that program have ended, whose calls fail from then on ...
 *     call_watch_close(watch);
 */
struct call_watch;

struct call_watch_options {
	bool accept; /* watch accept() and accept4() of listeners of TCP as well */
	bool paths;  /* and the calls that name a file, of which call_watch_paths() tells */
};

struct call_watch *call_watch_open(struct call_watch_options options);
/*
 * In the child that is about to exec: installs the filter, for it and all that it starts, and hands
 * it to the watch. With CAP_SYS_ADMIN no other right changes; without it no setuid program gains
 * rights any more (NO_NEW_PRIVS). Returns 0 even where no filter can be had: that is what
 * call_watch_problem() tells. It needs the descriptor call_watch_channel() until then.
 */
int call_watch_install(void *watch);
int call_watch_channel(const struct call_watch *watch);
/*
 * In the parent, before the child is made: begins to answer. With .paths it must come before
 * sandbox_start(), for the execve() of the child waits for an answer, too.
 */
void call_watch_answer(struct call_watch *watch);
/*
 * In the parent, once the child @server has been made: begins to answer. Should that ever become
 * impossible, it kills @server and what is below it, rather than let their calls fail for ever.
 */
void call_watch_begin(struct call_watch *watch, pid_t server);
/*
 * NULL: calls are watched; else why not ("seccomp: another filter that notifies is there already,
 * as in some containers"). Waits until the child has called call_watch_install(), 5 s at the most.
 */
const char *call_watch_problem(struct call_watch *watch);
/* Whether the program may not gain rights any more, as the filter was to be had only so. */
bool call_watch_took_privileges(struct call_watch *watch);
void call_watch_close(struct call_watch *watch);

enum watched_kind { LISTEN_CALL, ACCEPT_CALL };

struct watched_call {
	enum watched_kind kind;
	pid_t pid, thread;
	int descriptor;
	uint64_t inode;  /* of the socket; 0: the descriptor was none */
	int backlog;     /* of listen(), as it was asked for */
	nsec when;       /* clock_now() */
	bool held;       /* it is, at present */
	nsec held_until; /* 0: it was not, or still is */
	int error;       /* what it was made to fail with; 0: it went on. Its result is not known */
	bool gone;       /* its thread was interrupted or ended before it was answered */
};

/* Readable when there were calls since call_watch_calls() was called last. */
int call_watch_event(const struct call_watch *watch);
/* A copy of the calls so far, in order, without the first @from; the caller frees it. */
size_t call_watch_calls(struct call_watch *watch, size_t from, struct watched_call **calls);

/*
 * What becomes of the accept() calls from now on. One in which a thread has waited since earlier
 * is past the watch: it gets the next client.
 */
void accept_hold(struct call_watch *watch);
/* Whom it held goes on, and whoever comes. */
void accept_release(struct call_watch *watch);
/* The next one, whoever makes it, fails with @error instead; those behind it pass. */
void accept_fail_next(struct call_watch *watch, int error);
/* How many are held at present. */
size_t accept_held(struct call_watch *watch);
/* False: a signal interrupts a held accept() (before Linux 6.0). */
bool accept_holds_against_signals(struct call_watch *watch);

/* A file that was named in a call, by an absolute path as the program sees it. */
struct watched_path {
	char *path;
	bool opened; /* or executed; false: it was looked at, renamed, ... and may not be there */
};
struct watched_paths {
	struct watched_path *all;
	size_t count;
};
/*
 * With .paths: each once, in the order of their names. Not the interpreter of a program, which the
 * kernel opens by itself, and not what is opened by io_uring.
 */
struct watched_paths call_watch_paths(struct call_watch *watch);
void watched_paths_free(struct watched_paths *paths);

/* ---- sockets --------------------------------------------------------------------------------- */

/* A socket of TCP, or a request for one, as sock_diag has it. */
struct inspected_socket {
	struct sockaddr_storage here, there;
	int state;       /* as the kernel numbers them; a request is in SYN_RECV */
	uint64_t inode;  /* 0: it is no process's: a request, in the accept queue, or orphaned */
	uint64_t cookie; /* a request and the socket that it becomes have the same one */
	uid_t user;
	unsigned interface; /* SO_BINDTODEVICE; 0: none */
	int queued, limit;  /* of a listener: of its accept queue */
	unsigned unread;    /* of a connection: bytes that have arrived and nobody has read */
	bool ipv6_only;     /* of a listener */
};
struct inspected_question {
	uint32_t states; /* bits: 1 << state */
	uint16_t port;   /* local; 0: any */
};
/* Them all; the caller frees *found. */
size_t inspect_sockets(struct inspection *inspection, struct inspected_question question,
		       struct inspected_socket **found);

/* ---- listeners ------------------------------------------------------------------------------ */

enum wait_kind {
	WAITS_NOT, /* its thread does something else */
	WAITS_EPOLL,
	WAITS_POLL,    /* poll(), select() and their kind */
	WAITS_ACCEPT,  /* blocked in it */
	WAITS_URING,   /* io_uring has an accept that is pending */
	WAITS_UNKNOWN, /* it is not to be seen what its thread does */
};

/* A thread of a holder. */
struct inspected_thread {
	pid_t thread;
	enum wait_kind waits;
	bool outside;  /* WAITS_EPOLL: in an epoll that watches that which watches the listener */
	char call[24]; /* in which it is: "epoll_wait"; "" where it runs, or that is not known */
};

/* A process that has the listener among its descriptors. */
struct inspected_holder {
	pid_t pid, parent;
	pid_t inherited_from; /* its nearest ancestor that holds it too; 0: none */
	uid_t user;
	char name[64];
	int descriptor; /* the first of them */
	unsigned descriptors;
	bool close_on_exec;    /* of that descriptor */
	bool other_program;    /* what runs there is not what @inherited_from runs: it has exec'd */
	unsigned epolls;       /* how many epoll descriptors of it watch the listener */
	uint32_t epoll_events; /* EPOLLET, EPOLLEXCLUSIVE, ... of the first of them */
	bool outside;          /* a thread of it is: see there */
	bool uring;            /* an io_uring of it has an accept pending */
	struct inspected_thread *threads;
	size_t thread_count;
	enum wait_kind waits; /* of its threads: the one that waits, if one does */
};

/* As getsockopt() of a duplicate tells; NOT_KNOWN where it does not. */
struct inspected_options {
	bool known;
	int reuse_address, reuse_port, keep_alive, nonblocking;
	int keep_idle, keep_interval, keep_count;        /* s, s, times */
	int receive_buffer, send_buffer, locked_buffers; /* bytes; SO_BUF_LOCK's bits, Linux 5.15 */
	int defer_accept, fastopen, no_delay;            /* s; queue; 0 or 1 */
	int user_timeout, syn_count, max_segment;        /* ms; times; bytes */
	int ttl, linger;                                 /* of IPv6: hops; s, or -1: off */
};

struct inspected_listener {
	struct sockaddr_storage address;
	char *name; /* "0.0.0.0:80", "[::]:80" */
	uint16_t port;
	bool ipv6_only; /* of IPv6 */
	bool mptcp;
	uint64_t inode, cookie;
	uid_t user;
	unsigned interface; /* SO_BINDTODEVICE; 0: none */
	int queued, limit;  /* the limit in effect: sk_max_ack_backlog */
	struct inspected_holder *holders;
	size_t holder_count;
	/* Nobody of the server holds it. Where some cannot be looked into, one of them may. */
	bool foreign;
	/* the rest by inspect_listeners_closely() only */
	bool asked_known;
	int asked; /* listen()'s backlog, as asked for last */
	struct inspected_options options;
	int options_error;       /* why they are not known: errno of pidfd_getfd() */
	unsigned group, members; /* SO_REUSEPORT: a number for each group, from 1; 0: none */
};

struct inspected_listeners {
	struct inspected_listener *all;
	size_t count;
	unsigned unseen;  /* processes of the server whose descriptors are not to be seen */
	int unseen_error; /* why, of one of them */
};

/*
 * Who listens on TCP in the namespace, by address and port, and which of @server's processes hold
 * it. Listeners that others hold, a helper or the case itself, are there too: .foreign.
 */
struct inspected_listeners inspect_listeners(struct inspection *inspection, pid_t server);
/*
 * The same with options, groups, backlogs asked for (@watch may be NULL) and how each thread waits.
 * Each listener is duplicated for some 30 µs: move no segment meanwhile.
 */
struct inspected_listeners inspect_listeners_closely(struct inspection *inspection, pid_t server,
						     struct call_watch *watch);
/*
 * Sets TCP_DEFER_ACCEPT of a listener that @server holds, by a duplicate of some 30 µs: move no
 * segment meanwhile. False, and errno says why.
 */
struct deferral {
	pid_t server;
	uint64_t cookie; /* the listener's, as sock_diag has it */
	int seconds;     /* 0: off */
};
bool inspect_defer(struct inspection *inspection, struct deferral deferral);
void inspected_listeners_free(struct inspected_listeners *listeners);

/*
 * Whether clients of @family may come to it: also those of AF_INET to a socket of IPv6 that is for
 * both.
 */
bool listener_serves(const struct inspected_listener *listener, int family);
/* Whether only this machine reaches it. */
bool listener_is_on_loopback(const struct inspected_listener *listener);

/* Of TCP sockets that are no listeners: which of @server's processes has accepted which client. */
struct inspected_connection {
	struct sockaddr_storage here, there; /* IPv4 mapped into IPv6 is IPv4 here */
	int state;                           /* as the kernel numbers them */
	uint64_t inode; /* 0: it is no process's: in the accept queue, or orphaned */
	pid_t pid;      /* the first that holds it; 0: nobody of the server */
};
struct inspected_connections {
	struct inspected_connection *all;
	size_t count;
};
/* Those at the local @port. */
struct inspected_connections inspect_connections(struct inspection *inspection, pid_t server,
						 uint16_t port);
void inspected_connections_free(struct inspected_connections *connections);

/* ---- facts (facts.c) ------------------------------------------------------------------------ */

/*
 * A row of the table, as "backlog asked": "511 asked, 511 in effect". Its names, and what its value
 * is: of the server
 *     processes (how many), descriptors (in use, of the process that has fewest left), calls (0:
 *     they are not watched), unseen (processes whose descriptors are not to be seen);
 * of each listener that the server holds
 *     listens (4, 6, or 46: the families that it serves), backlog asked, backlog (in effect), queue
 * (clients that wait), reuseport (members), holders (processes), leak (the process that has
 * inherited it and does something else), waits (threads), blocking (1), mptcp (1), interface (its
 * index), and what options say (options: where they cannot be read): reuseaddr, defer (s), fastopen
 * (queue), nodelay, keepalive, receive buffer and send buffer (bytes), user timeout (ms), syncnt
 * (times), maxseg (bytes), ttl (hops), linger (s). A name may come several times: "waits" for each
 * way of waiting.
 */
struct fact {
	const char *name;
	char *listener;  /* "0.0.0.0:80"; NULL: of the server as a whole */
	uint16_t port;   /* its; 0: none */
	uint64_t cookie; /* its, as sock_diag has it */
	int64_t value;
	bool known; /* false: @text says why it cannot be had, and @value is NOT_KNOWN */
	bool usual; /* as it is where nobody has asked for it: a table may leave it out */
	char *text;
	char *unusual; /* a sentence; NULL: there is nothing unusual about it */
};

struct facts {
	struct fact *all;
	size_t count;
};

struct facts_options {
	pid_t server;
	struct call_watch *watch; /* that saw it listen; NULL: none was there */
};

/* All that is known now of @options.server and of the listeners that it holds. */
struct facts inspect_facts(struct inspection *inspection, struct facts_options options);
void facts_free(struct facts *facts);
/*
 * An array of objects that have the members of struct fact (listener, unusual and a value that is
 * not known are null; port and cookie are left out). The caller has the reference.
 */
json_t *facts_json(const struct facts *facts);

#endif
