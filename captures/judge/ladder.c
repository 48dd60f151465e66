/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ladders: what happened to one flow, line by line, in words that a case can expect.
 *
 * A line is "TIME DIRECTION WORDS [FATE] [CLIENT / SERVER]":
 *
 *   TIME       "1.0"       seconds since the flow's first segment: a timer's
 *              "+0.2"      since the line before; if the other end sent that, since it arrived;
 *                          of a change that a later flow between the same ports has made, since
 *                          the arrival of its segment
 *              "3rto"      multiples of the client's RTO since a call last sent something: the
 *                          second retransmission
 *              "1023rto+240"  so many seconds more: those after the RTO has reached TCP_RTO_MAX
 *              "-"         sent by a system call of the case; or data, of a server that tells the
 *                          case nothing of its calls
 *              "~1.0"      only if that time has come before the next line's: a slow machine then
 *                          changes nothing
 *   DIRECTION  > from the client, < from the server, . no segment
 *   WORDS      "SYN", "SYN-ACK", "ACK", "DATA 5", "FIN-ACK", "RST"; sequence and acknowledgement
 *              numbers only where they are not the obvious ones; "win 500" where the case
 *              expects a window, and a window of 0 always; "ack cookie" of what acknowledges
 *              another peer's cookie, or one from before the last SYN-ACK; "old ACK", "old
 * FIN-ACK": the server's, with the numbers of the connection that was between these ports before;
 *              "changed": the gate has changed its timestamps;
 *              "ICMP 3/1", an ICMP or ICMPv6 error of this type and code about the flow: "seq 1"
 *              where it does not quote the SYN or SYN-ACK, "mtu 1300" where it says one
 *   FATE       "ignored" (it arrived, and the host counted a drop), "rejected" (and sent RST for
 *              it), "held", "lost", "moved" (its request or connection to another listener)
 *   states     of both ends after it, where one of them changed
 */
#include "captures/judge/books.h"

#include <string.h>

/* ---- words --------------------------------------------------------------------------------- */

const struct flag_name flag_names[] = { { SYN, "SYN" }, { FIN, "FIN" }, { RST, "RST" },
					{ URG, "URG" }, { ACK, "ACK" }, { ECE, "ECE" },
					{ CWR, "CWR" }, { 0, NULL } };

static void name_flags(const struct segment *segment, char *words, size_t size)
{
	const char *separator = "";
	size_t used = 0;

	words[0] = '\0';
	if (segment->length) {
		used = (size_t)snprintf(words, size, "DATA");
		separator = "-";
	}
	for (const struct flag_name *each = flag_names; each->name && used < size; each++) {
		bool implied = each->flag == ACK && segment->length;

		if (!(segment->flags & each->flag) || implied)
			continue;
		used += (size_t)snprintf(words + used, size - used, "%s%s", separator, each->name);
		separator = "-";
	}
	if (segment->length && used < size)
		used += (size_t)snprintf(words + used, size - used, " %u", segment->length);
	if (used == 0)
		snprintf(words, size, "NONE");
}

/* RFC 9293, 3.5.2: from what it answers; 0, not counted from an ISN, where that has no ACK. */
static uint32_t seq_of_reset(const struct flow_book *flow, enum host from)
{
	return flow->last_arrived[from].flags & ACK ? flow->last_arrived[from].ack : 0;
}

/* The number that a reader expects by itself; see the sender's rules below. */
static uint32_t obvious_seq(const struct flow_book *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	enum host from = event->from;
	uint32_t occupies = segment->length + !!(segment->flags & FIN);

	if (segment->flags & SYN)
		return flow->has_isn[from] ? flow->isn[from] : segment->seq;
	/* no RST answers a RST */
	if (segment->flags & RST && flow->arrived[other(from)] &&
	    !(flow->last_arrived[from].flags & RST))
		return seq_of_reset(flow, from);
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

/* One that is not what its own last SYN was answered with: the two have nothing to do with each
 * other.
 */
static bool acknowledges_cookie(const struct judge *judge, const struct event *event)
{
	const struct segment *segment = &event->segment;

	if (!event->injected || !(segment->flags & ACK) ||
	    segment->ack == judge->flows[event->flow].isn[SERVER] + 1)
		return false;
	for (int i = 1; i < judge->flow_count; i++) {
		const struct cookie *cookie = &judge->flows[i].cookie;

		if (cookie->sent && segment->ack == cookie->number + 1)
			return true;
	}
	return false;
}

static void describe_segment(struct judge *judge, const struct event *event, char *words,
			     size_t size)
{
	const struct flow_book *flow = flow_of_numbers(judge, event);
	const struct segment *segment = &event->segment;
	bool old = flow != &judge->flows[event->flow];
	size_t used = (size_t)snprintf(words, size, "%s", old ? "old " : "");

	name_flags(segment, words + used, size - used);
	used = strlen(words);
	if (event->injected && !(segment->flags & SYN) && !flow->has_isn[CLIENT])
		return; /* of a peer that has sent no SYN: nothing that its numbers could count from
			 */
	if (segment->seq != obvious_seq(flow, event))
		used += (size_t)snprintf(words + used, size - used, " seq %d",
					 (int)(segment->seq - flow->isn[event->from]));
	if (acknowledges_cookie(judge, event) && used < size)
		used += (size_t)snprintf(words + used, size - used, " ack cookie");
	else if (segment->flags & ACK && segment->ack != obvious_ack(flow, event) && used < size)
		used += (size_t)snprintf(words + used, size - used, " ack %d",
					 (int)(segment->ack - flow->isn[other(event->from)]));
	if (segment->window == 0 && !(segment->flags & RST) && used < size)
		snprintf(words + used, size - used, " win 0");
	else if (segment->window != 0 && segment->flags & RST && !event->injected && used < size &&
		 !(segment->flags & ACK))
		snprintf(words + used, size - used, " win %u", segment->window);
}

/* Tells the segment's window behind its numbers, where @expected has one and the words have none.
 */
static void describe_window(const struct line_book *line, const char *expected, char *words)
{
	const char *changed = strstr(words, " changed");
	size_t numbers = changed ? (size_t)(changed - words) : strlen(words);

	if (!line->packet || !strstr(expected, " win ") || strstr(words, " win "))
		return;
	snprintf(words + numbers, WORDS - numbers, " win %u%s", line->window,
		 changed ? " changed" : "");
}

/* The number where it is not that of the SYN or SYN-ACK. */
static void describe_icmp(const struct judge *judge, const struct event *event, char *words,
			  size_t size)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	enum host quoted = other(event->from);
	size_t used =
		(size_t)snprintf(words, size, "ICMP %u/%u", event->icmp.type, event->icmp.code);

	if (flow->has_isn[quoted] && event->segment.seq != flow->isn[quoted])
		used += (size_t)snprintf(words + used, size - used, " seq %d",
					 (int)(event->segment.seq - flow->isn[quoted]));
	if (event->icmp.mtu)
		snprintf(words + used, size - used, " mtu %u", event->icmp.mtu);
}

static void describe(struct judge *judge, const struct event *event, char *words, size_t size)
{
	if (event->kind == EVENT_ICMP)
		describe_icmp(judge, event, words, size);
	else
		describe_segment(judge, event, words, size);
}

/* ---- lines --------------------------------------------------------------------------------- */

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
	if (strcmp(call, "close") == 0 || strcmp(call, "kill") == 0 ||
	    strcmp(call, "shutdown") == 0)
		return ends;
	if (strcmp(call, "SOCK_DESTROY") == 0 || strcmp(call, "disconnect") == 0)
		return segment->flags & RST;
	if (strcmp(call, "read") == 0)
		return segment->length == 0 && !(segment->flags & (SYN | FIN));
	return true;
}

/*
 * A process that does not tell of its calls writes, and closes what is connected, when it gets to
 * it; what a timer sends is old.
 */
static bool sent_by_process(struct judge *judge, const struct flow_book *flow,
			    const struct event *event)
{
	const struct listener_book *listener = listener_of(judge, flow);
	const struct packet_book *packet = book_of_packet(judge, event->packet);
	bool connected = flow->states[SERVER] == ESTABLISHED || flow->states[SERVER] == CLOSE_WAIT;

	return listener && listener->foreign && flow->call_ended[SERVER] == 0 && packet &&
	       !packet->retransmission && event->from == SERVER &&
	       (can_send("write", &event->segment) ||
		(connected && can_send("close", &event->segment)));
}

static bool sent_by_call(struct judge *judge, const struct flow_book *flow,
			 const struct event *event)
{
	/* the wire and the sample after a call take their time */
	nsec late = event->injected || !is_sighting(event) ? judge->slack : 0;

	for (int host = 0; host < HOSTS; host++)
		if (flow->call_ended[host] > 0 &&
		    (!is_sighting(event) || (event->from == (enum host)host &&
					     can_send(flow->call_name[host], &event->segment))) &&
		    event->at >= flow->call_began[host] - CLOCK_SLOP &&
		    event->at <= flow->call_ended[host] + CLOCK_SLOP + late)
			return true;
	return sent_by_process(judge, flow, event);
}

/* Adds a line for a segment or, with another kind of event, for what a sample found. */
int enter_line(struct judge *judge, const struct event *event, int flow_number)
{
	struct flow_book *flow = &judge->flows[flow_number];
	int index = judge->line_count;
	struct line_book *line;

	judge->lines = GROWN(judge->lines, judge->line_count);
	line = &judge->lines[judge->line_count++];
	*line = (struct line_book){ .flow = flow_number,
				    .next = -1,
				    .seq = event->seq,
				    .at = event->at,
				    .transit = flow->transit,
				    .direction = '.',
				    .later = -1,
				    .by_call = sent_by_call(judge, flow, event),
				    .sampled = !is_sighting(event),
				    .step = judge->step_began ? judge->step : NULL,
				    .sample = judge->samples + 1,
				    .sample_before = judge->sampled_at };
	if (line->sampled)
		judge->last_sampled = index;
	if (!flow->begun) {
		flow->begun = true;
		flow->t0 = event->at;
	}
	if (is_sighting(event)) {
		line->packet = event->packet;
		line->window = event->segment.window;
		line->direction = event->from == CLIENT ? '>' : '<';
		describe(judge, event, line->words, sizeof(line->words));
	}
	if (flow->last_line >= 0)
		judge->lines[flow->last_line].next = index;
	else
		flow->first_line = index;
	flow->last_line = index;
	if (flow->next_unnamed < 0)
		flow->next_unnamed = index;
	return index;
}

/* "ignored", "rejected", "held", "held, ignored", ..., "lost", "moved", "held, moved", or "". */
static const char *line_fate(const struct line_book *line)
{
	if (line->dropped)
		return "lost";
	if (line->has_moved)
		return line->held ? "held, moved" : "moved";
	if (line->rejected)
		return line->held ? "held, rejected" : "rejected";
	if (line->ignored)
		return line->held ? "held, ignored" : "ignored";
	return line->held ? "held" : "";
}

static char *states_text(const struct line_book *line)
{
	return line->changed ? format("%s / %s", state_name(line->states[CLIENT]),
				      state_name(line->states[SERVER]))
			     : format("%s", "");
}

char *line_words(const struct line_book *line, const char *expected)
{
	const char *fate = line_fate(line);
	autofree char *states = states_text(line);
	char words[WORDS];

	memcpy(words, line->words, WORDS);
	if (expected)
		describe_window(line, expected, words);
	return format("%c%s%s%s%s%s%s", line->direction, words[0] ? " " : "", words,
		      *fate ? " " : "", fate, *states ? " " : "", states);
}

void expect_line(struct line_book *line, const char *expected)
{
	describe_window(line, expected, line->words);
	line->expected = expected;
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* The line before @line; not one that was still on its way to where @line comes from. */
static const struct line_book *line_before(const struct judge *judge, const struct line_book *line)
{
	const struct line_book *before = NULL;

	for (int i = judge->flows[line->flow].first_line; i >= 0; i = judge->lines[i].next) {
		if (&judge->lines[i] == line)
			return before;
		if (judge->lines[i].direction == line->direction ||
		    judge->lines[i].arrived <= line->at)
			before = &judge->lines[i];
	}
	return NULL;
}

/* The flow's last segment before @line that a system call of the case sent. */
static const struct line_book *line_of_call(const struct judge *judge, const struct line_book *line)
{
	const struct line_book *last = NULL;

	for (int i = judge->flows[line->flow].first_line; i >= 0; i = judge->lines[i].next) {
		if (&judge->lines[i] == line)
			break;
		if (judge->lines[i].by_call)
			last = &judge->lines[i];
	}
	return last;
}

/* An answer is timed from the arrival of what it answers. */
static nsec since_line(const struct line_book *before, const struct line_book *line)
{
	bool answers = before->direction != line->direction && before->direction != '.';

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

/* What the time of a line says of a line: it came @wanted after @since. */
struct timing {
	nsec wanted, since;
	nsec transit; /* what the wire took of that */
};

/* False when @time is none. */
static bool time_of_line(const struct judge *judge, const struct line_book *line, const char *time,
			 struct timing *timing)
{
	const struct flow_book *flow = &judge->flows[line->flow];
	const struct line_book *before = NULL;
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
		before = line_of_call(judge, line);
		timing->wanted = span_of(number * (double)flow->rto / 1e6 + more);
	} else if (*time == '+') {
		before = line_before(judge, line);
	}
	if (before && *time == '+' && line->later >= 0) {
		timing->since = judge->lines[line->later].arrived;
		timing->transit = line->transit;
	} else if (before) {
		timing->since = rto ? before->at : since_line(before, line);
		timing->transit = before->transit;
	}
	timing->transit = line->transit - timing->transit;
	return *unit == '\0';
}

/*
 * What a sample found has happened since the sample before. So it was late only if that one came
 * too late already; but if that was long ago, nobody can say whether it was early or late.
 */
static char *time_mismatch(const struct judge *judge, const struct line_book *line,
			   const char *time)
{
	nsec since = line->later < 0 ? line->sample_before : judge->lines[line->later].arrived;
	nsec unseen = line->sampled ? line->at - since : 0;
	nsec seen, allowed, t0 = judge->flows[line->flow].t0;
	struct timing timing;

	if (!time_of_line(judge, line, time, &timing))
		return format("\"%s\" is no time", time);
	seen = line->at - timing.since;
	allowed = timing.wanted + tolerance(judge, timing.wanted) + timing.transit;
	if (unseen > tolerance(judge, timing.wanted))
		return format("was found at %.3f s, and no sample was taken for %.3f s: when it "
			      "happened is not known",
			      seconds(line->at - t0), seconds(unseen));
	if (seen >= timing.wanted - MSEC(1) && seen - unseen <= allowed)
		return NULL;
	return format(
		"came at %.3f s, %.3f s too %s (allowed: %.3f to %.3f s)", seconds(line->at - t0),
		seconds(seen < timing.wanted ? timing.wanted - seen : seen - unseen - allowed),
		seen < timing.wanted ? "early" : "late", seconds(timing.since - t0 + timing.wanted),
		seconds(timing.since - t0 + allowed));
}

char *line_mismatch(const struct judge *judge, const struct line_book *line, const char *expected)
{
	autofree char *time = NULL, *wanted = NULL;
	autofree char *seen_raw = line_words(line, expected);
	autofree char *seen = squeezed(seen_raw);

	split_line(expected + line_is_optional(expected), &time, &wanted);
	if (strcmp(wanted, seen) != 0)
		return format("expected \"%s\", saw \"%s\"", wanted, seen);
	if (strcmp(time, "-") != 0)
		return time_mismatch(judge, line, time);
	if (!line->by_call)
		return format("came without a system call of the case");
	return NULL;
}

bool same_but_for_time(const struct line_book *line, const char *expected)
{
	autofree char *time = NULL, *words = NULL, *seen = line_words(line, expected);

	split_line(expected, &time, &words);
	return strcmp(words, seen) == 0;
}

bool same_but_for_direction(const struct line_book *line, const char *expected)
{
	autofree char *time = NULL, *words = NULL, *seen = line_words(line, expected);

	split_line(expected, &time, &words);
	return *words && *words != *seen && strcmp(words + 1, seen + 1) == 0;
}

bool line_may_be_missing(const struct judge *judge, int flow_number, const char *expected, nsec at)
{
	const struct flow_book *flow = &judge->flows[flow_number];
	nsec wanted = span_of(strtod(expected + 1, NULL));

	return line_is_optional(expected) &&
	       at <= flow->t0 + wanted + tolerance(judge, wanted) + flow->transit;
}

/* ---- what there is to draw ----------------------------------------------------------------- */

int judge_lines(const struct judge *judge)
{
	return judge->line_count;
}

struct ladder_line judge_line(const struct judge *judge, int index)
{
	const struct line_book *line = &judge->lines[index];

	return (struct ladder_line){ .flow = line->flow,
				     .next = line->next,
				     .at = line->at,
				     .direction = line->direction,
				     .words = line->words,
				     .fate = line_fate(line),
				     .ignored = line->ignored,
				     .rejected = line->rejected,
				     .changed = line->changed,
				     .states = { line->states[CLIENT], line->states[SERVER] },
				     .expected = line->expected,
				     .optional = line->expected && line_is_optional(line->expected),
				     .step = line->step };
}

char *judge_line_counters(const struct judge *judge, int index, enum host host)
{
	const struct line_book *line = &judge->lines[index];
	struct text text = { 0 };

	for (int i = line->moved[host].first; i > 0; i = judge->movements[i].next)
		text_add(&text, "%s%s %+ld", text.length ? ", " : "", judge->movements[i].counter,
			 judge->movements[i].delta);
	return text_take(&text);
}
