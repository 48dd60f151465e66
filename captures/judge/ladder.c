/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ladders: what happened to one flow, line by line, in words that a case can expect.
 *
 * A line is "TIME DIRECTION WORDS [FATE] [CLIENT / SERVER]":
 *
 *   TIME       "1.0"       seconds since the flow's first segment: a timer's
 *              "+0.2"      since the line before; if the other end sent that, since it arrived
 *              "3rto"      multiples of the client's RTO since a call last sent something: the
 *                          second retransmission
 *              "1023rto+240"  so many seconds more: those after the RTO has reached TCP_RTO_MAX
 *              "-"         sent by a system call of the case; or data, of a server that tells the
 *                          case nothing of its calls
 *              "~1.0"      only if that time has come before the next line's: a slow machine then
 *                          changes nothing
 *   DIRECTION  > from the client, < from the server, . no segment
 *   WORDS      "SYN", "SYN-ACK", "ACK", "DATA 5", "FIN-ACK", "RST"; sequence and acknowledgement
 *              numbers only where they are not the obvious ones
 *   FATE       "ignored" (it arrived, and the host counted a drop), "held", "lost"
 *   states     of both ends after it, where one of them changed
 */
#include "captures/judge/books.h"

#include <math.h>
#include <string.h>

/* ---- words --------------------------------------------------------------------------------- */

static void name_flags(const struct segment *segment, char *words, size_t size)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = { { SYN, "SYN" }, { FIN, "FIN" }, { RST, "RST" }, { URG, "URG" },
		      { ACK, "ACK" }, { ECE, "ECE" }, { CWR, "CWR" } };
	const char *separator = "";
	size_t used = 0;

	words[0] = '\0';
	if (segment->length) {
		used = (size_t)snprintf(words, size, "DATA");
		separator = "-";
	}
	for (size_t i = 0; i < ARRAY_LENGTH(names) && used < size; i++) {
		bool told = names[i].flag == ACK && segment->length;

		if (!(segment->flags & names[i].flag) || told)
			continue;
		used += (size_t)snprintf(words + used, size - used, "%s%s", separator,
					 names[i].name);
		separator = "-";
	}
	if (segment->length && used < size)
		used += (size_t)snprintf(words + used, size - used, " %u", segment->length);
	if (used == 0)
		snprintf(words, size, "NONE");
}

/* The number that a reader expects without being told; see the sender's rules below. */
static uint32_t obvious_seq(const struct flow_book *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	enum host from = event->from;
	uint32_t occupies = segment->length + !!(segment->flags & FIN);

	if (segment->flags & SYN)
		return flow->has_isn[from] ? flow->isn[from] : segment->seq;
	if (segment->flags & RST && flow->arrived[other(from)] &&
	    flow->last_arrived[from].flags & ACK)
		return flow->last_arrived[from].ack; /* RFC 9293, 3.5.2: from what it answers */
	if (occupies && (int32_t)(segment->seq - flow->isn[from] - flow->sent_next[from]) < 0)
		return flow->isn[from] + flow->acked[from]; /* the oldest not acknowledged */
	return flow->isn[from] + flow->sent_next[from];
}

static uint32_t obvious_ack(const struct flow_book *flow, const struct event *event)
{
	enum host from = event->from;

	if (event->segment.flags & SYN)
		return flow->isn[other(from)] + 1;
	return flow->isn[other(from)] + flow->received_next[from];
}

static void describe_segment(const struct judge *judge, const struct event *event, char *words,
			     size_t size)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	const struct segment *segment = &event->segment;
	size_t used;

	name_flags(segment, words, size);
	used = strlen(words);
	if (segment->seq != obvious_seq(flow, event))
		used += (size_t)snprintf(words + used, size - used, " seq %d",
					 (int)(segment->seq - flow->isn[event->from]));
	if (segment->flags & ACK && segment->ack != obvious_ack(flow, event) && used < size)
		used += (size_t)snprintf(words + used, size - used, " ack %d",
					 (int)(segment->ack - flow->isn[other(event->from)]));
	if (segment->window == 0 && !(segment->flags & RST) && used < size)
		snprintf(words + used, size - used, " win 0");
	else if (segment->window != 0 && segment->flags & RST && !event->injected && used < size &&
		 !(segment->flags & ACK))
		snprintf(words + used, size - used, " win %u", segment->window);
}

/* ---- rungs --------------------------------------------------------------------------------- */

/* A system call's segments leave while it runs; the stamps of two clocks agree to well under this.
 */
#define CLOCK_SLOP MSEC(1)

/* Whether it is the call's way to send this; of a call that is not known here, anything is. */
static bool can_send(const char *call, const struct segment *segment)
{
	bool ends = segment->flags & (FIN | RST);

	if (strcmp(call, "connect") == 0)
		return segment->flags & SYN;
	if (strcmp(call, "send") == 0 || strcmp(call, "write") == 0)
		return segment->length > 0 && !ends;
	if (strcmp(call, "close") == 0)
		return ends;
	if (strcmp(call, "read") == 0)
		return segment->length == 0 && !(segment->flags & (SYN | FIN));
	return true;
}

/* A process that does not tell of its calls writes when it gets to it; what a timer sends is old.
 */
static bool sent_by_process(struct judge *judge, const struct flow_book *flow,
			    const struct event *event)
{
	const struct listener_book *listener = book_of_listener(judge, flow->listener);
	const struct packet_book *packet = book_of_packet(judge, event->packet);

	return listener && listener->foreign && flow->call_ended[SERVER] == 0 && packet &&
	       !packet->retransmission && event->from == SERVER &&
	       can_send("write", &event->segment);
}

static bool sent_by_call(struct judge *judge, const struct flow_book *flow,
			 const struct event *event)
{
	/* the wire and the look after a call take their time */
	nsec late = event->injected || event->kind != EVENT_PACKET ? judge->slack : 0;

	for (int host = 0; host < HOSTS; host++)
		if (flow->call_ended[host] > 0 &&
		    (event->kind != EVENT_PACKET ||
		     (event->from == (enum host)host &&
		      can_send(flow->call_name[host], &event->segment))) &&
		    event->at >= flow->call_began[host] - CLOCK_SLOP &&
		    event->at <= flow->call_ended[host] + CLOCK_SLOP + late)
			return true;
	return sent_by_process(judge, flow, event);
}

/* Adds a rung for a segment or, with another kind of event, for what a sample found. */
int add_rung(struct judge *judge, const struct event *event, int flow_number)
{
	struct flow_book *flow = &judge->flows[flow_number];
	int index = judge->rung_count;
	struct rung *rung;

	judge->rungs = GROWN(judge->rungs, judge->rung_count);
	rung = &judge->rungs[judge->rung_count++];
	*rung = (struct rung){ .flow = flow_number,
			       .next = -1,
			       .seq = event->seq,
			       .at = event->at,
			       .transit = flow->transit,
			       .direction = '.',
			       .by_call = sent_by_call(judge, flow, event),
			       .sampled = event->kind != EVENT_PACKET,
			       .step = judge->step_began ? judge->step : NULL,
			       .look = judge->looks + 1,
			       .looked = judge->looked };
	if (rung->sampled)
		judge->last_sampled = index;
	if (!flow->begun) {
		flow->begun = true;
		flow->t0 = event->at;
	}
	if (event->kind == EVENT_PACKET) {
		rung->packet = event->packet;
		rung->direction = event->from == CLIENT ? '>' : '<';
		describe_segment(judge, event, rung->words, sizeof(rung->words));
	}
	if (flow->last_rung >= 0)
		judge->rungs[flow->last_rung].next = index;
	else
		flow->first_rung = index;
	flow->last_rung = index;
	if (flow->next_unnamed < 0)
		flow->next_unnamed = index;
	return index;
}

char *rung_counters(const struct judge *judge, const struct rung *rung, enum host host)
{
	struct text text = { 0 };

	for (int i = rung->moved[host].first; i > 0; i = judge->movements[i].next)
		text_add(&text, "%s%s %+ld", text.length ? ", " : "", judge->movements[i].counter,
			 judge->movements[i].delta);
	return text_take(&text);
}

const char *rung_fate(const struct rung *rung)
{
	if (rung->dropped)
		return "lost";
	if (rung->ignored)
		return rung->held ? "held, ignored" : "ignored";
	return rung->held ? "held" : "";
}

static char *states_text(const struct rung *rung)
{
	return rung->changed ? format("%s / %s", state_name(rung->states[CLIENT]),
				      state_name(rung->states[SERVER]))
			     : format("%s", "");
}

/* Takes @line and gives it back without blanks at its end. */
static char *trimmed(char *line)
{
	for (size_t end = strlen(line); end > 0 && line[end - 1] == ' '; end--)
		line[end - 1] = '\0';
	return line;
}

/* All of a line but its time, one blank between words. */
char *rung_words(const struct rung *rung)
{
	const char *fate = rung_fate(rung);
	autofree char *states = states_text(rung);

	return format("%c%s%s%s%s%s%s", rung->direction, rung->words[0] ? " " : "", rung->words,
		      *fate ? " " : "", fate, *states ? " " : "", states);
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* The line before @rung; not one that was still on its way to where @rung comes from. */
static const struct rung *rung_before(const struct judge *judge, const struct rung *rung)
{
	const struct rung *before = NULL;

	for (int i = judge->flows[rung->flow].first_rung; i >= 0; i = judge->rungs[i].next) {
		if (&judge->rungs[i] == rung)
			return before;
		if (judge->rungs[i].direction == rung->direction ||
		    judge->rungs[i].arrived <= rung->at)
			before = &judge->rungs[i];
	}
	return NULL;
}

/* The flow's last segment before @rung that a system call of the case sent. */
static const struct rung *rung_of_call(const struct judge *judge, const struct rung *rung)
{
	const struct rung *last = NULL;

	for (int i = judge->flows[rung->flow].first_rung; i >= 0; i = judge->rungs[i].next) {
		if (&judge->rungs[i] == rung)
			break;
		if (judge->rungs[i].by_call)
			last = &judge->rungs[i];
	}
	return last;
}

/* An answer is timed from the arrival of what it answers. */
static nsec since_line(const struct rung *before, const struct rung *rung)
{
	bool answers = before->direction != rung->direction && before->direction != '.';

	return answers && before->arrived ? before->arrived : before->at;
}

/*
 * The kernel's timer wheel fires a timer of T in [T, 1.125 T] (kernel/time/timer.c, LVL_CLK_SHIFT),
 * a jiffy apart; allowed is [T, 1.15 T + SLACK], and what the wire itself took on the way.
 */
static nsec tolerance(const struct judge *judge, nsec wanted)
{
	return wanted * 15 / 100 + judge->slack;
}

/* What an expected line calls a time may be any number, or none. */
static nsec span_of(double seconds)
{
	return seconds > -LONGEST_SPAN && seconds < LONGEST_SPAN ? SEC(seconds) : SEC(LONGEST_SPAN);
}

/* What the time of a line says of a rung: it came @wanted after @since. */
struct timing {
	nsec wanted, since;
	nsec transit; /* what the wire took of that */
};

/* False when @time is none. */
static bool time_of_line(const struct judge *judge, const struct rung *rung, const char *time,
			 struct timing *timing)
{
	const struct flow_book *flow = &judge->flows[rung->flow];
	const struct rung *before = NULL;
	bool rto;
	char *unit;
	double number = strtod(time + (*time == '+'), &unit), more = 0;

	if (unit == time)
		return false;
	*timing = (struct timing){ .wanted = span_of(number), .since = flow->t0 };
	rto = strncmp(unit, "rto", 3) == 0;
	if (rto) {
		unit += strlen("rto");
		more = *unit == '+' ? strtod(unit + 1, &unit) : 0;
		before = rung_of_call(judge, rung);
		timing->wanted = span_of(number * (double)flow->rto / 1e6 + more);
	} else if (*time == '+') {
		before = rung_before(judge, rung);
	}
	if (before) {
		timing->since = rto ? before->at : since_line(before, rung);
		timing->transit = before->transit;
	}
	timing->transit = rung->transit - timing->transit;
	return *unit == '\0';
}

/*
 * What a look found has happened since the look before. So it was late only if that one came too
 * late already; but if that was long ago, nobody can say whether it was early or late.
 */
static char *time_mismatch(const struct judge *judge, const struct rung *rung, const char *time)
{
	nsec unseen = rung->sampled ? rung->at - rung->looked : 0;
	nsec seen, allowed, t0 = judge->flows[rung->flow].t0;
	struct timing timing;

	if (!time_of_line(judge, rung, time, &timing))
		return format("\"%s\" is no time", time);
	seen = rung->at - timing.since;
	allowed = timing.wanted + tolerance(judge, timing.wanted) + timing.transit;
	if (unseen > tolerance(judge, timing.wanted))
		return format("was found at %.3f s, and nobody had looked for %.3f s: when it "
			      "happened is not known",
			      seconds(rung->at - t0), seconds(unseen));
	if (seen >= timing.wanted - MSEC(1) && seen - unseen <= allowed)
		return NULL;
	return format(
		"came at %.3f s, %.3f s too %s (allowed: %.3f to %.3f s)", seconds(rung->at - t0),
		seconds(seen < timing.wanted ? timing.wanted - seen : seen - unseen - allowed),
		seen < timing.wanted ? "early" : "late", seconds(timing.since - t0 + timing.wanted),
		seconds(timing.since - t0 + allowed));
}

char *rung_mismatch(const struct judge *judge, const struct rung *rung, const char *expected)
{
	autofree char *time = NULL, *wanted = NULL;
	autofree char *seen_raw = rung_words(rung);
	autofree char *seen = squeezed(seen_raw);

	split_line(expected + line_is_optional(expected), &time, &wanted);
	if (strcmp(wanted, seen) != 0)
		return format("expected \"%s\", saw \"%s\"", wanted, seen);
	if (strcmp(time, "-") != 0)
		return time_mismatch(judge, rung, time);
	if (!rung->by_call)
		return format("came without a system call of the case");
	return NULL;
}

bool same_but_for_time(const struct rung *rung, const char *line)
{
	autofree char *time = NULL, *words = NULL, *seen = rung_words(rung);

	split_line(line, &time, &words);
	return strcmp(words, seen) == 0;
}

bool same_but_for_direction(const struct rung *rung, const char *line)
{
	autofree char *time = NULL, *words = NULL, *seen = rung_words(rung);

	split_line(line, &time, &words);
	return *words && *words != *seen && strcmp(words + 1, seen + 1) == 0;
}

bool line_may_be_missing(const struct judge *judge, int flow_number, const char *expected, nsec at)
{
	const struct flow_book *flow = &judge->flows[flow_number];
	nsec wanted = span_of(strtod(expected + 1, NULL));

	return line_is_optional(expected) &&
	       at <= flow->t0 + wanted + tolerance(judge, wanted) + flow->transit;
}

/* ---- whole ladders ------------------------------------------------------------------------- */

/* About half of what a timer that long may be late. */
static double rounded(double time)
{
	double step = time < 1 ? 0.1 : time < 10 ? 0.5 : time < 60 ? 1 : 5;

	return floor(time / step + 0.5) * step;
}

static char *time_text(const struct judge *judge, const struct rung *rung, struct ladder_form form)
{
	double time = seconds(rung->at - judge->flows[rung->flow].t0);
	const char *expected = rung->expected;

	if (!form.stable)
		return format("%.3f", time);
	if (!rung->expected)
		return format("about %.1f", rounded(time));
	return cut_word(&expected);
}

/* The first rung of those from @index on that this form shows; -1: none. */
static int shown_rung(const struct judge *judge, int index, struct ladder_form form)
{
	while (form.stable && index >= 0 && judge->rungs[index].expected &&
	       line_is_optional(judge->rungs[index].expected))
		index = judge->rungs[index].next;
	return index;
}

static int first_shown(const struct judge *judge, int flow, struct ladder_form form)
{
	return shown_rung(judge, judge->flows[flow].first_rung, form);
}

static int next_shown(const struct judge *judge, int index, struct ladder_form form)
{
	return shown_rung(judge, judge->rungs[index].next, form);
}

/* Of the column with the times, which have their last character below each other. */
static int width_of_times(const struct judge *judge, int flow, struct ladder_form form)
{
	size_t width = strlen(" time");

	for (int i = first_shown(judge, flow, form); i >= 0; i = next_shown(judge, i, form)) {
		autofree char *time = time_text(judge, &judge->rungs[i], form);

		width = strlen(time) > width ? strlen(time) : width;
	}
	return (int)width;
}

static char *counters_text(const struct judge *judge, const struct rung *rung)
{
	autofree char *client = rung_counters(judge, rung, CLIENT);
	autofree char *server = rung_counters(judge, rung, SERVER);

	return format("%s%s%s%s%s", *client ? "client: " : "", client,
		      *client && *server ? "; " : "", *server ? "server: " : "", server);
}

char *painted(struct ladder_form form, const char *code, int width, const char *text)
{
	int left = width - (int)strlen(text);

	if (!form.colour || !*text)
		return format("%-*s", width, text);
	return format("\033[%sm%s\033[0m%*s", code, text, left > 0 ? left : 0, "");
}

const char *colour_of_state(enum tcp_state state)
{
	switch (state) {
	case NO_SOCKET:
		return FAINT_TEXT;
	case ESTABLISHED:
		return GREEN_TEXT;
	case SYN_SENT:
		return YELLOW_TEXT;
	case SYN_RECV:
		return MAGENTA_TEXT;
	default:
		return BLUE_TEXT;
	}
}

/* As states_text(), 26 wide. */
static char *painted_states(struct ladder_form form, const struct rung *rung)
{
	autofree char *plain = states_text(rung);
	autofree char *client = painted(form, colour_of_state(rung->states[CLIENT]), 0,
					state_name(rung->states[CLIENT]));
	autofree char *server = painted(form, colour_of_state(rung->states[SERVER]), 0,
					state_name(rung->states[SERVER]));
	int left = 26 - (int)strlen(plain);

	if (!form.colour || !rung->changed)
		return format("%-26s", plain);
	return format("%s / %s%*s", client, server, left > 0 ? left : 0, "");
}

static char *ladder_line(const struct judge *judge, const struct rung *rung,
			 struct ladder_form form, int width)
{
	autofree char *time = time_text(judge, rung, form);
	autofree char *right = format("%*s", width, time);
	autofree char *times = painted(form, FAINT_TEXT, width, right);
	autofree char *fate =
		painted(form, rung->dropped ? RED_TEXT : YELLOW_TEXT, 14, rung_fate(rung));
	autofree char *states = painted_states(form, rung);
	autofree char *counters = counters_text(judge, rung);
	autofree char *moved = painted(form, FAINT_TEXT, 0, counters);

	return trimmed(format("  %s  %c  %-14s %s %s %s", times, rung->direction, rung->words, fate,
			      states, moved));
}

static bool begins_step(const struct rung *rung, const char *step)
{
	return rung->step && (!step || strcmp(rung->step, step) != 0);
}

static char *step_line(const char *step, struct ladder_form form)
{
	autofree char *line = format("  -- %s", step);

	return painted(form, BOLD_TEXT, 0, line);
}

char **judge_ladder(const struct judge *judge, int flow, struct ladder_form form)
{
	int width = width_of_times(judge, flow, form), count = 0;
	char **lines = NULL;
	const char *step = NULL;

	lines = GROWN(lines, count);
	lines[count++] = format("  %*s     %-14s %-14s %-26s counters that it moved", width, "time",
				"segment", "fate", "client / server");
	for (int i = first_shown(judge, flow, form); i >= 0; i = next_shown(judge, i, form)) {
		const struct rung *rung = &judge->rungs[i];

		if (begins_step(rung, step)) {
			lines = GROWN(lines, count);
			lines[count++] = step_line(rung->step, form);
			step = rung->step;
		}
		lines = GROWN(lines, count);
		lines[count++] = ladder_line(judge, rung, form, width);
	}
	lines = GROWN(lines, count);
	lines[count] = NULL;
	return lines;
}

static bool same_line(const struct judge *judge, const struct rung *a, const struct rung *b,
		      struct ladder_form form)
{
	autofree char *words = rung_words(a), *other_words = rung_words(b);
	autofree char *time = time_text(judge, a, form), *other_time = time_text(judge, b, form);

	return strcmp(words, other_words) == 0 && (!form.stable || strcmp(time, other_time) == 0);
}

bool same_ladder(const struct judge *judge, int flow, int other, struct ladder_form form)
{
	int a = first_shown(judge, flow, form), b = first_shown(judge, other, form);

	for (; a >= 0 && b >= 0; a = next_shown(judge, a, form), b = next_shown(judge, b, form))
		if (!same_line(judge, &judge->rungs[a], &judge->rungs[b], form))
			return false;
	return a < 0 && b < 0;
}

int flows_alike(const struct judge *judge, int flow, struct ladder_form form)
{
	int count = 1;

	while (flow + count <= judge_flows(judge) && same_ladder(judge, flow, flow + count, form))
		count++;
	return count;
}

void ladder_free(char **lines)
{
	for (size_t i = 0; lines && lines[i]; i++)
		free(lines[i]);
	free((void *)lines);
}
