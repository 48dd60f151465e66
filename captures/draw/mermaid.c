/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder as a Mermaid sequence diagram, which forges draw in a pull request. Times are those of
 * ladder.txt, so that two runs in which the kernel does the same differ in nothing.
 */
#include "captures/draw/picture.h"

#include <string.h>

struct diagram {
	FILE *out;
	const struct story *story;
	enum tcp_state (*states)[HOSTS]; /* of each flow, as last drawn */
	int *drawn;                      /* of each listener: 1 + index of the line that did so */
	bool *known;                     /* flows whose crowd has been mentioned */
	bool several;                    /* flows are drawn */
	bool in_step;
};

/* Mermaid ends a statement at ";" and takes "#" for an entity's begin. */
static void put(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == ';' || *text == '#')
			fprintf(out, "#%d;", *text);
		else
			fputc(*text, out);
}

static const char *letter(enum host host)
{
	return host == CLIENT ? "C" : "S";
}

/* "1.0 s: " as the expectation says it; nothing for what the case itself made happen. */
static void put_time(const struct diagram *diagram, const struct story_line *line)
{
	int length = line->expected ? (int)strcspn(line->expected, " ") : 0;
	const char *unit = length > 3 && strstr(line->expected, "rto") ? "" : " s";

	if (length == 0 || (length == 1 && line->expected[0] == '-') ||
	    strncmp(line->expected, "0.0", (size_t)length) == 0 ||
	    strncmp(line->expected, "+0.0", (size_t)length) == 0)
		return;
	fprintf(diagram->out, "%.*s%s  ", length, line->expected, unit);
}

static void put_name(const struct diagram *diagram, const struct story_line *line)
{
	if (!diagram->several)
		return;
	put(diagram->out, diagram->story->flows[line->flow].name);
	fputs(": ", diagram->out);
}

static void put_segment(const struct diagram *diagram, const struct story_line *line)
{
	const char *arrow = line->lost || !line->arrived ? "-x" : line->ignored ? "--)" : "->>";
	enum host to = other(line->from);

	fprintf(diagram->out, "    %s%s%s: ", letter(line->from), arrow, letter(to));
	put_time(diagram, line);
	put_name(diagram, line);
	put(diagram->out, line->words);
	if (*line->fate)
		fprintf(diagram->out, " (%s)", line->fate);
	fputc('\n', diagram->out);
}

/* A held segment is drawn twice: when the gate has it, and when it arrives. */
static void put_hold(const struct diagram *diagram, const struct story_line *line)
{
	fprintf(diagram->out, "    Note over C,S: ");
	put_name(diagram, line);
	put(diagram->out, line->words);
	fputs(" is held on the wire\n", diagram->out);
}

/* A note beside a host's line; what is in it comes piece by piece. */
struct note {
	struct text text;
};

static void add_to(struct note *note, const char *text)
{
	text_add(&note->text, "%s%s", note->text.length ? "<br/>" : "", text);
}

static void put_note(const struct diagram *diagram, enum host host, struct note *note)
{
	if (!note->text.length)
		return;
	autofree char *text = text_take(&note->text);

	fprintf(diagram->out, "    Note %s of %s: ", host == CLIENT ? "left" : "right",
		letter(host));
	put(diagram->out, text);
	fputc('\n', diagram->out);
}

static void add_state(const struct diagram *diagram, const struct story_line *line, enum host host,
		      struct note *note)
{
	enum tcp_state *before = &diagram->states[line->flow][host], now = line->states[host];
	const char *word = now == NO_SOCKET ? "gone" : state_name(now);
	autofree char *named = format("%s: %s", diagram->story->flows[line->flow].name ?: "", word);

	if (!line->changed || now == *before)
		return;
	*before = now;
	add_to(note, diagram->several ? named : word);
}

static void add_counters(const struct story_line *line, enum host host, struct note *note)
{
	for (const char *at = line->counters[host]; *at;) {
		int length = (int)strcspn(at, ",");
		autofree char *one = format("%.*s", length, at);

		add_to(note, one);
		at += length;
		at += strspn(at, ", ");
	}
}

static void add_queue(const struct diagram *diagram, int index, struct note *note)
{
	const struct story *story = diagram->story;
	const struct story_line *line = &story->lines[index];
	struct depths before = { 0, -1, 0 };
	int which = 0;

	while (which < story->listener_count && story->listeners[which].key != line->listener)
		which++;
	if (which == story->listener_count)
		return;
	if (diagram->drawn[which])
		before = story->lines[diagram->drawn[which] - 1].queue;
	diagram->drawn[which] = index + 1;
	if (before.accept == line->queue.accept && before.limit == line->queue.limit &&
	    before.syn == line->queue.syn)
		return;
	const char *whose = story_listener(story, line->listener);
	autofree char *words =
		format("%s%saccept queue %d/%d, SYN queue %d", whose, *whose ? ": " : "",
		       line->queue.accept, line->queue.limit, line->queue.syn);
	add_to(note, words);
}

static void put_change(const struct diagram *diagram, const struct story_line *line)
{
	if (*line->words) {
		fprintf(diagram->out, "    Note right of S: ");
		put_time(diagram, line);
		fprintf(diagram->out, "%s\n", line->words);
	} else if (line->expected) {
		fprintf(diagram->out, "    Note over C,S: ");
		put_time(diagram, line);
		fprintf(diagram->out, "no segment\n");
	}
}

/* Where the first of those comes who do what their leader did. */
static void put_crowd(const struct diagram *diagram, const struct story_line *line)
{
	int leader = line->flow ? diagram->story->flows[line->flow].leader : 0;
	const struct story_flow *flow = &diagram->story->flows[leader];

	if (leader == line->flow || diagram->known[leader])
		return;
	diagram->known[leader] = true;
	fprintf(diagram->out, "    Note over C,S: ");
	if (flow->alike > 2)
		fprintf(diagram->out, "%d more like it, to ", flow->alike - 1);
	put(diagram->out, diagram->story->flows[leader + flow->alike - 1].name);
	fprintf(diagram->out, "%s\n", flow->alike == 2 ? " goes the same way" : "");
}

/* A note is as wide as the wire, about so many characters. */
#define NOTE_WIDTH 28

static void put_wrapped(FILE *out, const char *text)
{
	int column = 0;

	for (int length; *text; text += length + strspn(text + length, " ")) {
		length = (int)strcspn(text, " ");
		autofree char *word = format("%.*s", length, text);

		if (column)
			fputs(column + length < NOTE_WIDTH ? " " : "<br/>", out);
		column = column && column + length < NOTE_WIDTH ? column + length + 1 : length;
		put(out, word);
	}
}

/* A step is a block with a ground of its own. */
static void put_step(struct diagram *diagram, const struct story_line *line)
{
	if (diagram->in_step)
		fputs("    end\n", diagram->out);
	diagram->in_step = true;
	fputs("    rect rgba(128, 128, 128, 0.12)\n    Note over C,S: ", diagram->out);
	put_wrapped(diagram->out, line->words);
	fputc('\n', diagram->out);
}

/* What happened, and what it left behind. */
static void put_line(const struct diagram *diagram, int index)
{
	const struct story_line *line = &diagram->story->lines[index];
	struct note notes[HOSTS] = { 0 };

	if (line->kind == LINE_SEGMENT)
		put_segment(diagram, line);
	else if (line->kind == LINE_CHANGE)
		put_change(diagram, line);
	else if (line->kind == LINE_CALL)
		add_to(&notes[line->host], line->words);
	for (int host = 0; host < HOSTS; host++) {
		if (line->flow)
			add_state(diagram, line, (enum host)host, &notes[host]);
		add_counters(line, (enum host)host, &notes[host]);
	}
	add_queue(diagram, index, &notes[SERVER]);
	for (int host = 0; host < HOSTS; host++)
		put_note(diagram, (enum host)host, &notes[host]);
}

static void put_stop(struct diagram *diagram, const struct stop *stop)
{
	const struct story_line *line = &diagram->story->lines[stop->line];

	if (!picture_shows(diagram->story, line))
		put_crowd(diagram, line);
	else if (line->kind == LINE_STEP)
		put_step(diagram, line);
	else if (line->held && stop->kind == STOPS)
		put_hold(diagram, line);
	else if (stop->kind == HAPPENS || stop->kind == (line->held ? ARRIVES : SENDS))
		put_line(diagram, stop->line);
}

char *ladder_mermaid(const struct story *story)
{
	struct diagram diagram = { .story = story };
	struct text text = { 0 };
	int drawn = 0, count;
	autofree struct stop *stops = stops_of(story, &count);

	diagram.out = text_stream(&text);
	for (int flow = 1; flow <= story->flow_count; flow++)
		drawn += story->flows[flow].leader == flow;
	diagram.several = drawn > 1;
	diagram.states = must_alloc((size_t)story->flow_count + 1, sizeof(*diagram.states));
	diagram.known = must_alloc((size_t)story->flow_count + 1, sizeof(*diagram.known));
	diagram.drawn = must_alloc((size_t)story->listener_count + 1, sizeof(*diagram.drawn));
	fprintf(diagram.out,
		"%%%% %s, %s\nsequenceDiagram\n    participant C as client\n"
		"    participant S as server\n",
		story->title, story->family);
	for (int i = 0; i < count; i++)
		put_stop(&diagram, &stops[i]);
	if (diagram.in_step)
		fputs("    end\n", diagram.out);
	free(diagram.known);
	free(diagram.states);
	free(diagram.drawn);
	return text_take(&text);
}
