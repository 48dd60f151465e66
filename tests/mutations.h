/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mutations: the ways in which a journal can be false. Each kind says where it fits and what then
 * stands there instead; the rest of the journal follows as if it had really happened.
 */
#ifndef HALFOPEN_MUTATIONS_H
#define HALFOPEN_MUTATIONS_H

#include "captures/judge/books.h" /* where a change fits, the books say */

/* Where a mutation is tried, and the books as they stood right before. */
struct place {
	const struct journal *journal;
	size_t index;
	const struct event *event;
	const struct judge *before;
};

/* What the mutation does to all that comes after it. */
struct aftermath {
	nsec later;         /* everything happens that much later */
	nsec since;         /* of what happened since then */
	long packet;        /* what becomes of this one's later sightings: */
	bool unseen[HOSTS]; /* gone */
	bool swapped;       /* seen at the other host, from the other host */
	bool rewritten;     /* with this segment in it */
	struct segment segment;
	long renumber_from,
		renumber_by; /* packets of this number and above; by -1 that one is gone */
	const char *counter; /* of @host: stands this much higher */
	enum host host;
	long higher;
	int listener; /* has dropped so many segments more, 0: none has */
	long dropped;
	uint64_t cookie; /* the next change of this socket of @host starts in @was */
	enum tcp_state was;
	int offer_flow;  /* every SYN-ACK of this flow offers something else, 0: none, */
	int offer_way;   /* and its ends have agreed on that: see offer_otherwise() */
	int isn_flow;    /* the server counts from another number in this flow, 0: none, */
	uint32_t isn_by; /* so much higher */
	bool cut;        /* nothing follows */
	struct shift {
		const char *counter; /* of @host: its next movement is by so many more, and it */
		enum host host;      /* stands so much higher from then on; NULL: none */
		long by;
		bool done;
	} shifts[3];
};

struct mutation {
	struct event events[2]; /* what stands at the place instead */
	int count, mutated;     /* how many of them, and which one is false */
	struct aftermath after;
};

/* What a finding must name, so that a human finds the spot. */
enum naming {
	NAMES_IT,     /* the event itself, or the segment that it is about */
	NAMES_GAP,    /* something is missing: no later than the first sample behind the gap */
	NAMES_ANSWER, /* two segments contradict each other: either of them */
};

struct kind {
	const char *name;
	/* Fills in one way in which it fits there; false when this way does not. */
	bool (*make)(const struct place *place, int way, struct mutation *mutation);
	int ways;
	enum naming naming;
};

extern const struct kind kinds[];
extern const size_t kind_count;
/* What a faulty kernel would do, in its counters too: only what a case expects can object. */
extern const struct kind faults[];
extern const size_t fault_count;

/* @event as it is after the mutation; false when it is not there any more. */
bool after_mutation(struct aftermath *after, struct event *event);

#endif
