/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One watch, in parts. Each part is one file's, which alone changes it; a file uses those that
 * stand above it here. Shared inside watch.
 */
#ifndef HALFOPEN_STATE_H
#define HALFOPEN_STATE_H

#include "captures/watch/crowd.h"

/* ---- the parts ----------------------------------------------------------------------------- */

/* sightings.c: a segment that was seen leaving a host. */
struct departure {
	long packet;
	int flow;
	nsec at;
	bool middle;    /* of an answer: see is_in_answer() */
	uint8_t *bytes; /* the frame, where the gate may never get it; else NULL */
	size_t length;
};

struct sightings {
	struct tap *taps[HOSTS];
	long packets; /* so far */
	/* those that have left a host and that the gate has not read yet */
	struct unread {
		struct departure *queue;
		int begin, end;
		long count; /* that have left it so far */
	} unread[HOSTS];
	/* of each flow, at each host: its last segment that left or came to it, and in which
	 * sample that is to be seen */
	struct latest {
		long packet;
		unsigned sample;
		bool answers; /* there was a part of the server's answer */
	} * latest[HOSTS];
	int latest_count;
	/* what the gate is about to deliver, in that order: the captures are to show it */
	struct arrivals {
		struct arrival {
			const struct frame *frame;
			long packet; /* an injected one gets its number when it is seen, */
			int flow;    /* and its flow */
			bool middle; /* of an answer */
		} * queue;
		int begin, seen, end; /* those before @seen were; before @begin told to the gate */
	} arrivals;
	uint64_t flood_answers; /* so far */
};

/* sample.c: the sockets as they were when the last sample had been taken. */
struct known_socket {
	uint64_t cookie;
	enum tcp_state state;
	int flow, retrans;
	unsigned seen_in; /* number of the sample that saw it last */
	nsec fires;       /* of a request, as the journal has it */
	nsec due;         /* of whatever timer it has, as last seen; 0: none */
};

struct known_listener {
	int key, port;
	uint64_t cookie; /* of its socket; 0: not known yet, another process has it */
	struct depths depths;
	long drops;
	int flood_requests; /* of the half-open requests: a flood's */
	bool known;
	unsigned seen_in; /* number of the sample that saw it last */
};

struct known_host {
	struct known_socket *sockets;
	int count;
	struct places *places; /* of them, by their cookies */
	enum looked looked;    /* in the sample in work */
	bool behind;           /* its counters were left out since they were read */
	long departures;       /* segments that had left it when they were read */
};

struct samples {
	struct known_host hosts[HOSTS];
	struct known_listener listeners[32];
	int listener_count;
	unsigned count;
	nsec last; /* when it was taken, */
	nsec took; /* and how long that took */
	/* the timers that it has found are due, right before: the next, and the last before it */
	nsec first_due, was_due;
};

/* passages.c: a segment on its way from one host to the other, as the gate has it. */
struct passage {
	long packet; /* 0: it is none */
	int flow;
	unsigned arrivals, copies;
	bool held, gone;
};

struct passages {
	fate_rule *gate; /* the case's rules */
	void (*coming)(void *context, const struct frame *frame);
	void *context;
	struct passage *frames; /* by the gate's number; [0] is no segment */
	uint64_t frame_count;
	unsigned under_way; /* in netem */
};

/* settings.c: those of the server, as the journal has them. */
struct told {
	bool all;
	long values[32]; /* by judge_setting_name() */
};

struct watch {
	struct net *net;
	struct journal *journal;
	struct judge *judge;
	int family;
	bool scenario;       /* its server, or client, is on any CPU, and acts when it likes */
	bool aside[HOSTS];   /* and is known to send segments to itself, */
	int loopback[HOSTS]; /* of which /proc/net/dev of its host tells */
	nsec zero;           /* when the journal's clock began */
	nsec happened;       /* when the last event was that is no sample */
	struct counters *counters[HOSTS];
	struct crowd *crowd;
	void *flows;     /* flows.c: by the ends that they are between, a tree of tsearch() */
	int connections; /* that nobody has named, so far */
	struct sightings sightings;
	struct samples samples;
	struct passages passages;
	bool flooded, flooding; /* so far; now */
	struct told told;
	nsec waited;
	bool finished;
};

/* ---- note.c -------------------------------------------------------------------------------- */

/* Journals an event, and has it judged; sets @at unless it is set. */
void note(struct watch *watch, struct event event);

/* ---- flows.c ------------------------------------------------------------------------------- */

/*
 * The flow of a segment that has left a host, or of what an ICMP error quotes that has. 0: the case
 * has named none; in a scenario it gets one. See watch_flow().
 */
int flow_of_departure(struct watch *watch, const struct sighting *sighting);
/* Of one that has come to a host; @flow: that it left the other one as; 0: it was injected. */
int flow_of_arrival(struct watch *watch, const struct sighting *sighting, int flow);
/* A socket that a sample has found at a host, which was begun @at. */
struct seen_at {
	enum host host;
	const struct diag_socket *socket;
	nsec at;
};
/* 0: the case has named none; in a scenario: it is not known yet. */
int flow_of_socket(struct watch *watch, const struct seen_at *seen);
void flows_close(struct watch *watch);

/* ---- sightings.c --------------------------------------------------------------------------- */

/* Opens the captures of both hosts, into @folder. */
void sightings_open(struct watch *watch, const char *folder);
/* Journals what was captured, and how often the server has answered a flood. */
void drain_captures(struct watch *watch);
/* Whether a segment has left @host that departure_of() has not returned yet. */
bool has_departed(const struct watch *watch, enum host host);
/*
 * The one of those that is this frame, which the gate has read: it was captured before, so that its
 * sighting is there or comes now.
 */
struct departure departure_of(struct watch *watch, const struct frame *frame);
/*
 * Where the gate was never given what has left a host, and the captures have all that is missing:
 * it is given back (then true). Of a scenario.
 */
bool restore_what_was_lost(struct watch *watch);
/* The gate is about to deliver a frame; of an injected one its packet and its flow are 0. */
void expect_arrival(struct watch *watch, struct arrival arrival);
/* It has, and this is the first of those that were not told yet, as the capture shows it. */
struct arrival next_arrival(struct watch *watch);
/* The captures have shown all that there was, up to a sentinel. */
void pass_sentinels(struct watch *watch);
void sightings_close(struct watch *watch);

/* The flow's last segment at @host, since the last sample; 0: there was none. */
long latest_of(const struct watch *watch, enum host host, int flow);

/* ---- places.c ------------------------------------------------------------------------------ */

/* Where in a list a socket is, by its cookie. */
struct places;
struct places *places_new(void);
void places_free(struct places *places);
/* -1: nowhere. */
int place_of(const struct places *places, uint64_t cookie);
void places_add(struct places *places, uint64_t cookie, int place);

/* ---- sample.c ------------------------------------------------------------------------------ */

/* Sets of hosts. */
#define AT(host) (1u << (host))
#define AT_BOTH  (AT(CLIENT) | AT(SERVER))

/* What to sample, and why. */
struct scope {
	unsigned at;
	long cause;  /* a packet; 0: none */
	int flow;    /* the packet's */
	bool middle; /* of an answer: nothing changes but how much of it has come */
	bool whole;  /* also at every one of a crowd */
	bool all;    /* also where it is quiet */
};

/* Takes a sample: journals what changed since the last one. */
void sample(struct watch *watch, struct scope scope);
/*
 * After a segment. Of a scenario's crowd, and in the middle of an answer, one is taken now and then
 * instead, however many segments come: so that sampling is a tenth of the work at most.
 */
void sample_segment(struct watch *watch, struct scope scope);
/* Takes one of what samples of a part of a crowd, or of quiet hosts, have left out. */
void sample_the_rest(struct watch *watch);
/* When to take one although nothing has come by, on the journal's clock. */
nsec next_sample(const struct watch *watch);
/* From now on the queues of the listener that @event tells of are sampled. */
void add_listener(struct watch *watch, const struct event *event);
/* The listener of this key, where the last sample has found it; NULL: it has not. */
const struct known_listener *known_listener(const struct watch *watch, int key);
/* The cookie of the flow's socket on @host, as the last sample has found it; 0: there is none. */
uint64_t cookie_of(const struct watch *watch, int flow, enum host host);
/* Whether the last sample has found a timer of the flow's socket on @host. */
bool has_timer(const struct watch *watch, int flow, enum host host);
void samples_open(struct watch *watch);
void samples_close(struct watch *watch);

/* ---- passages.c ---------------------------------------------------------------------------- */

/*
 * From now on what the gate does with a segment is journalled, and sampled when one has left a host
 * and when one has come to a host.
 */
void passages_open(struct watch *watch, const struct watch_options *options);
void passages_close(struct watch *watch);
/* What the gate holds goes on its way, one after the other or at once. */
void passages_release(struct watch *watch);
void passages_release_at_once(struct watch *watch);
/* Nothing waits in the gate, in netem or between a host and the gate. */
bool is_quiet(struct watch *watch);

#endif
