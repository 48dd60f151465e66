/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept while a scenario's journal is read, and what the rules ask of it. Shared inside
 * told.
 */
#ifndef HALFOPEN_TOLD_BOOKS_H
#define HALFOPEN_TOLD_BOOKS_H

#include "captures/told/told.h"

/* A listening socket, and who waits in its accept queue: a FIFO. */
struct told_listener {
	int key, port;
	const char *name;
	int depth;  /* of the accept queue, as the last sample has found it */
	int drops;  /* segments, as the kernel counts them */
	long asked; /* backlog that listen() was called with; -1: not known */
	int shares; /* 1: SO_REUSEPORT lets others listen on its port, 0: not; -1: not known */
	nsec began, ended; /* it listened; 0: not yet */
	int *waiting;      /* flows, who came first first */
	int waiting_count;
};

/* One look at an instance of the server: EVENT_SERVER "look". */
struct told_look {
	int server; /* its number in told.servers */
	nsec at;
	long seq, cpu, switches, descriptors, limit;
	int processes;
	bool asleep;
	int before;    /* the look at the same instance before it; -1: none */
	bool rest;     /* and that one: the server was at rest */
	bool owing;    /* then, and somebody whom it had accepted waited for its answer */
	int waiting;   /* in all accept queues, by the samples before it and behind it */
	int accepted;  /* connections that were seen to leave a queue so far */
	long segments; /* that were seen so far */
};

/* What was done to the server, or to its machine. */
enum told_deed {
	DEED_SIGNAL,   /* but SIGSTOP and SIGCONT */
	DEED_COMMAND,  /* a reload command */
	DEED_CONTINUE, /* after it was stopped */
	DEED_LIMIT,    /* few descriptors are left, */
	DEED_TAKE,     /* they are taken */
	DEED_FREE,     /* and there again */
	DEED_ERROR,    /* accept() was made to fail: @error */
	DEED_EXIT,     /* of a main process */
	DEED_PROCESS,  /* another process has ended: @status */
	DEED_WORKER    /* one that was there while it rested: @status, @accepts */
};
struct told_event {
	enum told_deed deed;
	int server; /* -1: nobody's */
	nsec at;
	long seq, status;
	int error;
	bool accepts; /* it held the listener */
};

struct told_books {
	struct told_listener *listeners;
	int listener_count;
	struct told_look *looks;
	int look_count;
	int looks_sampled; /* those before which, and behind which, is a sample */
	struct told_event *events;
	int event_count;
	int *packets; /* the flow of each, by its number; [0] is not used */
	int packet_count;
	int *homeless; /* flows whose connection came up, or lost its listener, since the last
			  sample */
	int homeless_count;
	int accepted;
	nsec first_accept, last_accept;
	long segments;
	long overflows, cookies; /* segments dropped for lack of room, SYNs answered with cookies */
	nsec sampled;            /* when the last sample was taken */
	bool answers;            /* it is known what the server answers */
	bool speaks_first;
	bool watched;   /* each accept() was seen as it was called */
	bool deferred;  /* the listener has TCP_DEFER_ACCEPT now */
	bool activated; /* the listener is the system's, by socket activation */
	struct told_limit *limits;
	int limit_count;
	const char **allowed;
	int allowed_count;
};

/* ---- clients.c, queues.c, servers.c: each takes the events that it knows ------------------- */

void take_client_event(struct told *told, const struct event *event);
void take_queue_event(struct told *told, const struct event *event);
void take_server_event(struct told *told, const struct event *event);
/* When the journal has been read: who waits still, and what became of each. */
void end_queues(struct told *told);
void decide_fates(struct told *told);
void find_rests(struct told *told);
/* NULL: there is no such flow. */
struct told_client *client_book(const struct told *told, int flow);
/* NULL: it is not known. */
/* In all of them. */
int waiting_in_queues(const struct told *told);
struct told_listener *listener_book(const struct told *told, int key);
void free_listeners(struct told_books *books);

/* ---- evidence.c ---------------------------------------------------------------------------- */

struct told_window {
	nsec from, to;
	bool unowed; /* nobody whom the server has accepted waits for its answer meanwhile */
};
/*
 * How long the server stayed at rest in the window, at most, and took nobody from a queue: from one
 * pair of looks to another; 0: it did not.
 */
nsec stay_at_rest(const struct told *told, struct told_window window);
/* The same of the processes of one instance, by its number in told.servers. */
nsec stay_of_instance(const struct told *told, struct told_window window, int server);
/* Whether a pair of looks in it finds the server at rest, with a process that is there. */
bool was_at_rest(const struct told *told, struct told_window window);
/* Processes at the last pair of looks at rest in the window; -1: there is none. */
int processes_at_rest(const struct told *told, struct told_window window);
/* At the one that finds fewest: a process that comes with a client, and goes with it, is not there.
 */
int fewest_at_rest(const struct told *told, struct told_window window);
/* When either side ended the client's connection first; the end: nobody did. */
nsec end_of_connection(const struct told *told, const struct told_client *client);
/* When something happened to the client that ends a wait for an answer; the end: nothing did. */
nsec end_of_service(const struct told *told, const struct told_client *client);
/* The first of these after @since; NULL: there is none. */
const struct told_event *find_deed(const struct told *told, enum told_deed deed, nsec since);
/* "ENOMEM" */
const char *error_name(int error);
/* One that wants to be served; and how many there are. */
bool told_is_ordinary(const struct told_client *client);
int ordinary_clients(const struct told *told);

/* ---- rules_*.c: each finds its fault, fills in sentence, flow and seq, or says false --------- */

typedef bool told_finder(const struct told *told, struct told_finding *finding);
told_finder find_half_served, find_left_in_queue, find_tiny_backlog, find_silent_blocks,
	find_listener_unserved, find_unserved_while_draining, find_deaf_after_descriptors,
	find_deaf_after_accept_error;
told_finder find_death_of_dead_client, find_death_of_sigpipe, find_death_without_descriptors,
	find_death_of_accept_error, find_death_of_interrupted_wait, find_death_by_itself,
	find_spinning, find_spinning_for_nobody;
told_finder find_no_bind, find_leaked_listener, find_refused_at_restart, find_refused_at_change,
	find_refused_at_reload, find_reset_at_change, find_cut_at_change, find_unanswered_at_change,
	find_reset_in_group;

/*
 * The errors of accept() that Linux does not give for TCP, after which the server ended, and how
 * many they are; the caller frees it.
 */
char *errors_elsewhere(const struct told *told, long *count);
/*
 * How many clients waited for several silent ones: each of those takes a worker or a thread, of
 * which a server may have so many and no more. *@flow is the first that waited.
 */
long count_behind_crowd(const struct told *told, int *flow);

/* ---- outcomes.c, facts.c, findings.c, rules.c ---------------------------------------------- */

void tell_outcomes(struct told *told);
void tell_facts(struct told *told);
void tell_findings(struct told *told);
/* Those facts that pass a limit of the run become findings. */
void tell_limits(struct told *told);
/* An entry, to be filled in; @finding.allowed is known then. */
void add_finding(struct told *told, struct told_finding finding);
/* NULL: no limit has that name. */
const struct told_rule *limit_rule(const char *name);

#endif
