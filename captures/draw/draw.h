/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draw: what people look at.
 *
 *   story     what a journal tells, in the order in which it happened
 *   drawings  of a story: for a terminal, as SVG, as Mermaid; of what is told, as SVG
 *   artifacts what is drawn into a case's folder, an annotated capture among it
 */
#ifndef HALFOPEN_DRAW_H
#define HALFOPEN_DRAW_H

#include "captures/judge/judge.h"
#include "captures/told/told.h"

/* ---- story --------------------------------------------------------------------------------- */

/*
 * What a journal tells, in the order in which it happened: what every drawing of a ladder is made
 * from. All of its strings are the story's or the journal's.
 */
enum line_kind {
	LINE_STEP,    /* words: what the step is about */
	LINE_SEGMENT, /* a segment was sent */
	LINE_CHANGE,  /* no segment: a sample found it; words: "timer" or nothing */
	LINE_CALL,    /* words: a system call of the case, and what it returned */
	LINE_COUNTERS /* they moved, and nothing that can be seen moved them */
};

struct story_line {
	enum line_kind kind;
	long seq; /* of the journal's event */
	nsec at;  /* a segment was sent, a call began (one that slept: returned), a sample found it
		   */
	int step; /* its index in story.lines; -1: before the first */
	int flow; /* 0: none */
	int next; /* line of the flow; -1: none */
	const char *words;
	const char *covers; /* of a step: the behaviours that it asserts, or NULL */
	enum host host;     /* of a call */
	/* of a segment: */
	long packet;
	enum host from;
	nsec held, released, lost, arrived; /* when; 0: it was not */
	unsigned copies;                    /* that the gate made of it */
	bool injected;                      /* by a raw peer, behind its gate */
	bool ignored;                       /* it arrived, and the host counted a drop */
	bool rejected;                      /* and sent RST for it */
	const char *fate;                   /* the ladder's word: "held, ignored"; or "" */
	struct segment segment;
	/* after it was sent: */
	enum tcp_state sent_states[HOSTS];
	struct depths sent_queue;
	/* after it, when its receiver had done with it: */
	bool changed; /* one of the flow's states */
	enum tcp_state states[HOSTS];
	int listener; /* the key of the flow's; 0: none */
	struct depths queue;
	const char
		*counters[HOSTS]; /* that it moved: "ListenOverflows +1, ListenDrops +1", or "" */
	const char *expected;     /* the line of an expectation that named it, or NULL */
};

struct story_flow {
	const char *name;
	bool raw;
	int listener;
	int first_line; /* -1: none */
	/* The flow that began in the same step and whose ladder speaks for this one too; or itself.
	 */
	int leader;
	int alike; /* for how many a leader speaks, itself included */
};

struct story_listener {
	int key;
	const char *name;
	struct depths queue; /* at the end */
};

struct story {
	const char *title, *family;
	nsec began; /* its first segment: where the drawings' time begins */
	struct story_line *lines;
	int line_count;
	struct story_flow *flows; /* 1 .. flow_count; [0] is not used */
	int flow_count;
	struct story_listener *listeners;
	int listener_count;
	const struct finding *finding; /* what does not add up, or NULL */
	int finding_line;              /* that shows it, or before which one is missing; -1 */
	struct story_books *books;
};

struct story *story_of(const struct journal *journal);
void story_free(struct story *story);
/* The judge that has read the journal; the story's own. */
const struct judge *story_judge(const struct story *story);
/* The line of a segment; NULL when it is not known. */
const struct story_line *story_segment(const struct story *story, long packet);
/* The name of the listener of this key where it must be told, as there are several; else "". */
const char *story_listener(const struct story *story, int key);
/* The name of the step that a line belongs to, or NULL. */
const char *story_step(const struct story *story, const struct story_line *line);

/* ---- a ladder as text ---------------------------------------------------------------------- */

/*
 * As it was observed, or as a @stable text, which is the same for each run in which the kernel does
 * the same:
 *  - the time of a line is written as the expectation has it that named the line ("1.0", "3rto",
 *    "-"); where none did, as observed, "about" so much
 *  - lines that only a slow machine adds ("~1.0") are left out
 */
struct ladder_form {
	bool stable;
	bool colour; /* for a terminal that has it */
};
/*
 * The whole ladder of a flow as lines, a heading first, and one for each step (NULL-terminated; to
 * be freed by ladder_free()).
 */
char **ladder_lines(const struct judge *judge, int flow, struct ladder_form form);
void ladder_free(char **lines);

/* ---- drawings of a story ------------------------------------------------------------------- */

/*
 * As lines for a terminal, those of the first @from things that happened left out. Returns how many
 * there are, so that a case can be followed while it goes on.
 */
int timeline_print(const struct story *story, struct ladder_form form, int from, FILE *out);
/* As SVG, a file of its own; the caller frees it. */
char *ladder_svg(const struct story *story);
/* The same for a page that has ladder_style() in a <style> of its own; the caller frees both. */
char *ladder_svg_part(const struct story *story);
char *ladder_style(void);
/* As a Mermaid sequence diagram, with the times of ladder.txt; the caller frees it. */
char *ladder_mermaid(const struct story *story);

/* ---- a drawing of what a scenario tells ---------------------------------------------------- */

/*
 * A line for each client in time, as SVG: a file of its own, or for a page that has ladder_style().
 * Of a crowd some of each fate. The caller frees it.
 */
char *clients_svg(const struct told *told);
char *clients_svg_part(const struct told *told);

/* ---- artifacts ----------------------------------------------------------------------------- */

/*
 * ladder.txt, ladder.mmd, ladder.svg, counters.txt and case.pcapng from a journal and the captures
 * in @folder; of a scenario's journal clients.svg and told.json too. broken() when they cannot be
 * written, or when captures and journal do not agree.
 */
void artifacts_write(const struct journal *journal, const char *folder);
/* Prints all ladders, and the queues at the end: what ladder.txt is when @form is stable. */
void ladder_print(const struct journal *journal, struct ladder_form form, FILE *out);
/* NULL, or why the captures beside a journal are not its own; the caller frees it. */
char *capture_problem(const struct journal *journal, const char *folder);

#endif
