/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of mutation. Wherever it can be, a mutation is coherent: both sightings of a segment
 * change, a counter's later values follow, later segments are renumbered. So what must object is
 * the oracle's knowledge of TCP and of the case, not a journal that contradicts itself.
 */
#include "tests/mutations.h"

#include <errno.h>
#include <string.h>

/* ---- what a SYN-ACK offers ------------------------------------------------------------------ */

enum offer_way {
	LESS_MSS,
	MORE_MSS,
	MSS_OF_THE_OTHER_FAMILY,
	LESS_WINDOW,
	MORE_WINDOW,
	LESS_SCALE,
	MORE_SCALE,
	NO_SCALE,
	OTHER_SACK,
	OTHER_TIMESTAMPS,
	ECHO_BEFORE,
	ECHO_BEHIND,
	OTHER_ECE,
	OTHER_CWR,
	RESERVED_BIT,
	LESS_TTL,
	MORE_TTL,
	OTHER_TOS,
	MARKED,
	OPTION_MORE,
	OFFER_WAYS
};

static void offer_otherwise(struct segment *segment, enum offer_way way)
{
	switch (way) {
	case LESS_MSS:
	case MORE_MSS:
		segment->mss += way == LESS_MSS ? -1 : 1;
		break;
	case MSS_OF_THE_OTHER_FAMILY:
		segment->mss += segment->mss == 1440 ? 20 : -20;
		break;
	case LESS_WINDOW:
	case MORE_WINDOW:
		segment->window += way == LESS_WINDOW ? (uint16_t)-1 : 1;
		break;
	case LESS_SCALE:
	case MORE_SCALE:
		segment->window_scale += way == LESS_SCALE ? -1 : 1;
		break;
	case NO_SCALE:
		segment->window_scale = -1;
		break;
	case OTHER_SACK:
		segment->sack_permitted ^= true;
		break;
	case OTHER_TIMESTAMPS:
		segment->timestamps ^= true;
		break;
	case ECHO_BEFORE:
	case ECHO_BEHIND:
		segment->tsecr += way == ECHO_BEFORE ? (uint32_t)-1 : 1;
		break;
	case OTHER_ECE:
		segment->flags ^= ECE;
		break;
	case OTHER_CWR:
		segment->flags ^= CWR;
		break;
	case RESERVED_BIT:
		segment->reserved ^= 1;
		break;
	case LESS_TTL:
	case MORE_TTL:
		segment->ttl += way == LESS_TTL ? (uint8_t)-1 : 1;
		break;
	case OTHER_TOS:
		segment->tos ^= 0x10;
		break;
	case MARKED:
		segment->tos ^= 2;
		break;
	default:
		segment->header += 4;
		break;
	}
}

/* As the two ends would have it who took such a SYN-ACK for what it says. */
static void agree_otherwise(struct event *event, enum offer_way way)
{
	struct agreement *agreement = &event->agreement;
	struct segment segment = { .mss = event->host == SERVER ? agreement->advertised_mss
								: agreement->mss,
				   .window_scale = event->host == SERVER
							   ? agreement->window_scale
							   : agreement->peer_window_scale,
				   .sack_permitted = agreement->sack,
				   .timestamps = agreement->timestamps,
				   .flags = agreement->ecn ? ECE : 0 };

	offer_otherwise(&segment, way);
	*(event->host == SERVER ? &agreement->advertised_mss : &agreement->mss) = segment.mss;
	*(event->host == SERVER ? &agreement->window_scale : &agreement->peer_window_scale) =
		segment.window_scale;
	agreement->sack = segment.sack_permitted;
	agreement->timestamps = segment.timestamps;
	agreement->ecn = segment.flags & ECE;
}

static bool is_syn_ack(const struct event *event)
{
	return event->kind == EVENT_PACKET && event->from == SERVER &&
	       (event->segment.flags & (SYN | ACK)) == (SYN | ACK);
}

static void follow_offer(const struct aftermath *after, struct event *event)
{
	if (event->flow != after->offer_flow)
		return;
	if (is_syn_ack(event))
		offer_otherwise(&event->segment, (enum offer_way)after->offer_way);
	else if (event->kind == EVENT_INFO)
		agree_otherwise(event, (enum offer_way)after->offer_way);
}

/* ---- another first number ------------------------------------------------------------------- */

/* All that the server sends in the flow, and what is sent back, counts from there. */
static void count_otherwise(const struct aftermath *after, struct event *event)
{
	if (event->kind != EVENT_PACKET || event->flow != after->isn_flow)
		return;
	if (event->from == SERVER)
		event->segment.seq += after->isn_by;
	else if (event->segment.flags & ACK)
		event->segment.ack += after->isn_by;
}

/* ---- what follows -------------------------------------------------------------------------- */

static void shift_times(const struct aftermath *after, struct event *event)
{
	event->at += after->later;
	if (event->began >= after->since)
		event->began += after->later;
	if (event->kind == EVENT_SOCKET && event->fires)
		event->fires += after->later;
}

static void swap_hosts(struct event *event)
{
	event->host = other(event->host);
	event->from = other(event->from);
}

/* What it caused happens without a cause. */
static void renumber(const struct aftermath *after, struct event *event)
{
	if (!after->renumber_by || event->packet < after->renumber_from)
		return;
	if (after->renumber_by < 0 && event->packet == after->renumber_from)
		event->packet = 0;
	else
		event->packet += after->renumber_by;
}

/* False: the counter does not move at all then. */
static bool shift_movement(struct aftermath *after, struct event *event)
{
	for (size_t i = 0; i < ARRAY_LENGTH(after->shifts); i++) {
		struct shift *shift = &after->shifts[i];

		if (!shift->counter || event->host != shift->host ||
		    strcmp(event->name, shift->counter) != 0)
			continue;
		event->delta += shift->done ? 0 : shift->by;
		event->value += shift->by;
		shift->done = true;
	}
	return event->delta != 0;
}

bool after_mutation(struct aftermath *after, struct event *event)
{
	bool about_it = after->packet && event->packet == after->packet;

	if (after->cut)
		return false;
	if (event->kind == EVENT_PACKET && about_it) {
		if (after->unseen[event->host])
			return false;
		if (after->swapped)
			swap_hosts(event);
		if (after->rewritten)
			event->segment = after->segment;
	} else if (event->kind == EVENT_GATE && about_it &&
		   (after->unseen[CLIENT] || after->unseen[SERVER])) {
		return !(after->unseen[CLIENT] && after->unseen[SERVER]);
	} else if (event->kind == EVENT_COUNTER && after->counter && event->host == after->host &&
		   strcmp(event->name, after->counter) == 0) {
		event->value += after->higher;
	} else if (event->kind == EVENT_DROPS && event->listener == after->listener) {
		event->value += after->dropped;
	} else if (event->kind == EVENT_SOCKET && after->cookie == event->cookie &&
		   after->host == event->host) {
		event->was = after->was;
		after->cookie = 0;
	}
	if (event->kind == EVENT_COUNTER && !shift_movement(after, event))
		return false;
	if (after->offer_flow)
		follow_offer(after, event);
	if (after->isn_flow)
		count_otherwise(after, event);
	shift_times(after, event);
	renumber(after, event);
	return true;
}

/* ---- building ------------------------------------------------------------------------------ */

static void remove_it(struct mutation *mutation)
{
	mutation->count = mutation->mutated = 0;
}

/* The event to be changed in place. */
static struct event *change(const struct place *place, struct mutation *mutation)
{
	mutation->count = 1;
	mutation->mutated = 0;
	mutation->events[0] = *place->event;
	return &mutation->events[0];
}

/* A copy behind the event, to be made into something else. */
static struct event *insert_behind(const struct place *place, struct mutation *mutation)
{
	mutation->count = 2;
	mutation->mutated = 1;
	mutation->events[0] = mutation->events[1] = *place->event;
	return &mutation->events[1];
}

static struct event *insert_before(const struct place *place, struct mutation *mutation)
{
	mutation->count = 2;
	mutation->mutated = 0;
	mutation->events[0] = mutation->events[1] = *place->event;
	return &mutation->events[0];
}

static bool is_a(const struct place *place, enum event_kind kind)
{
	return place->event->kind == kind;
}

static bool arrives(const struct event *event)
{
	return event->host != event->from;
}

/* Where a segment enters the journal: at its sender, or where it was injected. */
static bool is_first_sighting(const struct place *place)
{
	const struct event *event = place->event;

	return is_a(place, EVENT_PACKET) && !event->copy && (!arrives(event) || event->injected);
}

/* The same of an ICMP error, too. */
static bool is_first_seen(const struct place *place)
{
	const struct event *event = place->event;

	return is_first_sighting(place) ||
	       (is_a(place, EVENT_ICMP) && !event->copy && (!arrives(event) || event->injected));
}

static bool is_arrival(const struct place *place)
{
	return is_a(place, EVENT_PACKET) && arrives(place->event);
}

static const struct flow_book *flow_at(const struct place *place)
{
	return &place->before->flows[place->event->flow];
}

/* A SYN or SYN-ACK that the same end has sent before. */
static bool is_repeated_syn(const struct place *place)
{
	return is_first_sighting(place) && place->event->segment.flags & SYN &&
	       flow_at(place)->has_isn[place->event->from] && !flow_at(place)->raw;
}

/* Changes the segment at its sender, and so where it arrives. */
static struct segment *rewrite(const struct place *place, struct mutation *mutation)
{
	struct event *event = change(place, mutation);

	mutation->after.packet = event->packet;
	mutation->after.rewritten = true;
	return &event->segment;
}

/* ---- segments: there or not ---------------------------------------------------------------- */

static bool missing_at_sender(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	return is_a(place, EVENT_PACKET) && !arrives(place->event);
}

static bool missing_at_receiver(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	return is_arrival(place);
}

static bool missing_at_both(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	mutation->after.packet = place->event->packet;
	mutation->after.unseen[CLIENT] = mutation->after.unseen[SERVER] = true;
	mutation->after.renumber_from = place->event->packet;
	mutation->after.renumber_by = -1;
	return is_first_seen(place);
}

static bool one_more(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	insert_behind(place, mutation)->packet++;
	mutation->after.renumber_from = place->event->packet + 1;
	mutation->after.renumber_by = 1;
	return is_first_seen(place);
}

static bool arrives_twice(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	insert_behind(place, mutation)->copy = true;
	return is_arrival(place) || (is_a(place, EVENT_ICMP) && arrives(place->event));
}

/* ---- segments: when and where -------------------------------------------------------------- */

/* More than any line of a ladder allows for what is so old. */
static nsec beyond_tolerance(const struct place *place)
{
	const struct flow_book *flow = flow_at(place);
	nsec age = flow->begun ? place->event->at - flow->t0 : 0;
	nsec call = flow->call_ended[place->event->from] - place->event->at;

	return age * 15 / 100 + place->before->slack + flow->transit + (call > 0 ? call : 0) +
	       MSEC(3);
}

static bool late(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	if (!is_first_seen(place))
		return false;
	mutation->after.later = beyond_tolerance(place);
	mutation->after.since = place->event->at;
	change(place, mutation)->at += mutation->after.later;
	return true;
}

/* Whether what the peer injects here makes a connection at once. */
static bool brings_a_cookie_back(const struct place *place)
{
	const struct event *event;

	if (!is_a(place, EVENT_CALL) || strcmp(place->event->name, "inject") != 0 ||
	    !flow_at(place)->cookie.sent || flow_at(place)->states[SERVER] != NO_SOCKET)
		return false;
	for (size_t i = place->index; (event = journal_event(place->journal, i)); i++) {
		if (event->kind == EVENT_SOCKET && event->flow == place->event->flow)
			return event->was == NO_SOCKET && event->state != SYN_RECV;
		if (event->kind == EVENT_SAMPLE)
			return false;
	}
	return false;
}

/* More than two minutes go by before the peer answers its cookie. */
static bool cookie_too_old(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event = change(place, mutation);

	(void)way;
	mutation->after.later = SEC(121);
	event->at += mutation->after.later;
	event->began += mutation->after.later;
	return brings_a_cookie_back(place);
}

static bool early(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	if (!is_first_seen(place))
		return false;
	mutation->after.later = -beyond_tolerance(place);
	mutation->after.since = place->event->at;
	change(place, mutation)->at += mutation->after.later;
	return true;
}

/* Either there was no sample since the one before, or one more right before it found nothing. */
static bool found_late(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event;

	if (!is_a(place, EVENT_SOCKET) || place->event->packet || !place->event->flow)
		return false;
	mutation->after.later = beyond_tolerance(place);
	mutation->after.since = place->event->at;
	event = way == 0 ? change(place, mutation) : insert_behind(place, mutation);
	event->at += mutation->after.later;
	if (way == 1)
		mutation->events[0] =
			(struct event){ .kind = EVENT_SAMPLE, .at = event->at - MSEC(1) };
	return true;
}

static bool arrives_late(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	if (!is_arrival(place) || place->event->injected)
		return false;
	mutation->after.later = WIRE_PATIENCE + MSEC(1);
	mutation->after.since = place->event->at;
	change(place, mutation)->at += mutation->after.later;
	return true;
}

static bool arrives_early(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	if (!is_arrival(place) || place->event->injected)
		return false;
	change(place, mutation)->at = place->before->packets[place->event->packet].sent - 1;
	return true;
}

static bool wrong_direction(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event;

	if (!is_sighting(place->event))
		return false;
	event = change(place, mutation);
	if (way == 0) {
		event->from = other(event->from);
		return true;
	}
	swap_hosts(event);
	mutation->after.packet = event->packet;
	mutation->after.swapped = true;
	return is_first_seen(place);
}

/* ---- segments: what is in them ------------------------------------------------------------- */

static bool other_flags(const struct place *place, int way, struct mutation *mutation)
{
	static const uint8_t flags[] = { SYN, ACK, RST, FIN };

	rewrite(place, mutation)->flags ^= flags[way];
	mutation->after.segment = mutation->events[0].segment;
	return is_first_sighting(place);
}

/* Whether a later segment of the flow repeats that of the place, or acknowledges it. */
static bool refers(const struct place *place, const struct event *later)
{
	if (later->kind != EVENT_PACKET || later->flow != place->event->flow ||
	    later->packet == place->event->packet)
		return false;
	return later->segment.flags & ACK || later->from == place->event->from;
}

/* An ISN is free to be anything as long as nobody refers to it. */
static bool is_referred_to(const struct place *place)
{
	const struct event *event = place->event, *later;

	if (!(event->segment.flags & SYN) || flow_at(place)->has_isn[event->from])
		return true;
	for (size_t i = place->index + 1; (later = journal_event(place->journal, i)); i++)
		if (refers(place, later))
			return true;
	return false;
}

static bool other_seq(const struct place *place, int way, struct mutation *mutation)
{
	if (!is_first_sighting(place) || !is_referred_to(place))
		return false;
	rewrite(place, mutation)->seq += way == 0 ? 1 : (uint32_t)-1;
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

static bool other_ack(const struct place *place, int way, struct mutation *mutation)
{
	rewrite(place, mutation)->ack += way == 0 ? 1 : (uint32_t)-1;
	mutation->after.segment = mutation->events[0].segment;
	return is_first_sighting(place);
}

static bool longer(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	rewrite(place, mutation)->length++;
	mutation->after.segment = mutation->events[0].segment;
	return is_first_sighting(place);
}

static bool other_window(const struct place *place, int way, struct mutation *mutation)
{
	rewrite(place, mutation)->window += way == 0 ? 1 : (uint16_t)-1;
	mutation->after.segment = mutation->events[0].segment;
	return is_repeated_syn(place);
}

/* The line of the next ladder of the flow that a segment seen here will be; NULL: none. */
static const char *line_to_come(const struct place *place)
{
	const struct event *event;
	int number = 0;

	for (int line = flow_at(place)->next_unnamed; line >= 0;
	     line = place->before->lines[line].next)
		number++;
	for (size_t i = place->index; (event = journal_event(place->journal, i)); i++)
		if (is_expectation(event, "ladder") && event->flow == place->event->flow)
			break;
	for (int i = 0; event && event->lines[i]; i++)
		if (i == number)
			return event->lines[i];
	return NULL;
}

/* Of a window that is told only where the case asks. */
static bool expected_window(const struct place *place, int way, struct mutation *mutation)
{
	const char *line = is_first_sighting(place) ? line_to_come(place) : NULL;

	rewrite(place, mutation)->window += way == 0 ? 1 : (uint16_t)-1;
	mutation->after.segment = mutation->events[0].segment;
	return line && strstr(line, " win ");
}

static bool drop_option(struct segment *segment, int way)
{
	const struct segment had = *segment;

	switch (way) {
	case 0:
		segment->mss = -1;
		return had.mss >= 0;
	case 1:
		segment->window_scale = -1;
		return had.window_scale >= 0;
	case 2:
		segment->sack_permitted = false;
		return had.sack_permitted;
	default:
		segment->timestamps = false;
		segment->tsval = segment->tsecr = 0;
		return had.timestamps;
	}
}

static bool option_dropped(const struct place *place, int way, struct mutation *mutation)
{
	if (!is_repeated_syn(place) || !drop_option(rewrite(place, mutation), way))
		return false;
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

static bool timestamps_dropped(const struct place *place, int way, struct mutation *mutation)
{
	if (!is_first_sighting(place) || place->event->injected ||
	    place->event->segment.flags & SYN || !drop_option(rewrite(place, mutation), way + 3))
		return false;
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

/* Behind the newest that this end has sent. */
static bool clock_backwards(const struct place *place, int way, struct mutation *mutation)
{
	const struct flow_book *flow;
	const struct event *event = place->event;

	(void)way;
	if (!is_first_sighting(place) || !event->segment.timestamps)
		return false;
	flow = flow_at(place);
	if (!flow->has_tsval[event->from])
		return false;
	rewrite(place, mutation)->tsval = flow->tsval[event->from] - 1;
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

/* As if another clock had it. */
static bool clock_ahead(const struct place *place, int way, struct mutation *mutation)
{
	const struct event *event = place->event;

	(void)way;
	if (!is_first_sighting(place) || !event->segment.timestamps || event->injected ||
	    !flow_at(place)->has_tsval[event->from])
		return false;
	rewrite(place, mutation)->tsval += 1000000;
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

static bool has_come(const struct place *place, uint32_t tsval)
{
	for (int i = 1; i < place->before->packet_count; i++)
		if (place->before->packets[i].flow == place->event->flow &&
		    place->before->packets[i].segment.tsval == tsval)
			return true;
	return false;
}

/* Of what a raw peer echoes only a cookie is read. */
static bool brings_cookie(const struct place *place)
{
	return flow_at(place)->cookie.sent && !(place->event->segment.flags & SYN);
}

/* The next that never came. */
static bool other_echo(const struct place *place, int way, struct mutation *mutation)
{
	struct segment *segment;

	if (!is_first_sighting(place) || !place->event->segment.timestamps ||
	    (place->event->injected && !brings_cookie(place)))
		return false;
	segment = rewrite(place, mutation);
	do
		segment->tsecr += way == 0 ? 1 : (uint32_t)-1;
	while (has_come(place, segment->tsecr));
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

/* Whether there is a scale, or an echo, to be another one. */
static bool can_offer(const struct segment *segment, int way)
{
	bool scale = way == LESS_SCALE || way == MORE_SCALE || way == NO_SCALE;
	bool echo = way == ECHO_BEFORE || way == ECHO_BEHIND;

	return (!scale || segment->window_scale >= 0) && (!echo || segment->timestamps);
}

/* From the first one on, in each that repeats it, and in what both ends then go by. */
static bool other_offer(const struct place *place, int way, struct mutation *mutation)
{
	if (!is_first_sighting(place) || !is_syn_ack(place->event) || is_repeated_syn(place) ||
	    !can_offer(&place->event->segment, way))
		return false;
	offer_otherwise(&change(place, mutation)->segment, (enum offer_way)way);
	mutation->after.offer_flow = place->event->flow;
	mutation->after.offer_way = way;
	return true;
}

static bool other_offer_again(const struct place *place, int way, struct mutation *mutation)
{
	if (!is_first_sighting(place) || !is_syn_ack(place->event) ||
	    flow_at(place)->states[SERVER] != SYN_RECV || !can_offer(&place->event->segment, way))
		return false;
	offer_otherwise(rewrite(place, mutation), (enum offer_way)way);
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

/* Whether the request that has sent an ACK here is still one when the next sample is taken. */
static bool stays_request(const struct place *place)
{
	const struct event *event;

	for (size_t i = place->index; (event = journal_event(place->journal, i)); i++)
		if (event->kind == EVENT_SOCKET && event->host == SERVER &&
		    event->flow == place->event->flow)
			return event->state == SYN_RECV;
		else if (event->kind == EVENT_SAMPLE)
			return true;
	return false;
}

/* A segment that no socket has sent: of a request, of TIME_WAIT, or a RST for what fits nowhere. */
static bool is_without_socket(const struct place *place)
{
	const struct event *event = place->event;
	const struct flow_book *numbers = flow_of_numbers((struct judge *)place->before, event);
	enum tcp_state state = numbers->states[event->from];

	if (!is_first_sighting(place) || event->injected || event->segment.flags & SYN)
		return false;
	if (event->segment.flags & RST)
		return !is_active_reset(numbers, event);
	return state == TIME_WAIT ||
	       (event->from == SERVER && state == SYN_RECV && stays_request(place));
}

static bool other_answer(const struct place *place, int way, struct mutation *mutation)
{
	/* options that only a SYN-ACK has, and flags, which a ladder tells */
	bool elsewhere = way < LESS_WINDOW || (way > MORE_WINDOW && way < ECHO_BEFORE) ||
			 way == OTHER_ECE || way == OTHER_CWR;
	bool hops = way == LESS_TTL || way == MORE_TTL;

	if (!is_a(place, EVENT_PACKET) || !is_without_socket(place) || elsewhere ||
	    !can_offer(&place->event->segment, way) || (hops && place->event->from != SERVER))
		return false;
	offer_otherwise(rewrite(place, mutation), (enum offer_way)way);
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

/* That of the segment that it answers, which was not kept. */
static bool echoes_what_it_answers(const struct place *place, int way, struct mutation *mutation)
{
	const struct segment *cause;

	(void)way;
	if (!is_a(place, EVENT_PACKET) || !is_without_socket(place))
		return false;
	cause = &flow_at(place)->last_arrived[place->event->from];
	if (!place->event->segment.timestamps || !cause->timestamps ||
	    cause->tsval == place->event->segment.tsecr)
		return false;
	rewrite(place, mutation)->tsecr = cause->tsval;
	mutation->after.segment = mutation->events[0].segment;
	return true;
}

/* What the case says of the flow's first number; NULL: nothing. */
static const struct event *expected_isn(const struct place *place)
{
	const struct event *event;

	for (size_t i = place->index; (event = journal_event(place->journal, i)); i++)
		if (event->kind == EVENT_EXPECT && event->flow == place->event->flow &&
		    strcmp(event->name, "isn") == 0)
			return event;
	return NULL;
}

/* By one, or where it is the clock's by 6.4 ms. */
static bool other_first_number(const struct place *place, int way, struct mutation *mutation)
{
	const struct event *expected = expected_isn(place);

	if (!expected || !is_first_sighting(place) || !is_syn_ack(place->event) ||
	    is_repeated_syn(place))
		return false;
	mutation->after.isn_flow = place->event->flow;
	mutation->after.isn_by = (way == 0 ? 1 : (uint32_t)-1) * (expected->value ? 1 : 100000);
	count_otherwise(&mutation->after, change(place, mutation));
	return true;
}

/* An end that has forgotten, or mistaken, what was agreed on. */
static bool other_agreement(const struct place *place, int way, struct mutation *mutation)
{
	struct agreement *agreement = &change(place, mutation)->agreement;

	switch (way) {
	case 0:
		agreement->mss++;
		break;
	case 1:
		agreement->mss -= 12;
		break;
	case 2:
		agreement->advertised_mss--;
		break;
	case 3:
		agreement->window_scale = agreement->window_scale < 0 ? 7 : -1;
		break;
	case 4:
		agreement->window_scale++;
		break;
	case 5:
		agreement->peer_window_scale = agreement->peer_window_scale < 0 ? 7 : -1;
		break;
	case 6:
		agreement->peer_window_scale++;
		break;
	case 7:
		agreement->sack ^= true;
		break;
	case 8:
		agreement->timestamps ^= true;
		break;
	default:
		agreement->ecn ^= true;
		break;
	}
	return is_a(place, EVENT_INFO);
}

static bool unknown_setting(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	change(place, mutation)->name = "net.ipv4.tcp_something_new";
	return is_a(place, EVENT_SETTING);
}

static bool changed_on_the_wire(const struct place *place, int way, struct mutation *mutation)
{
	struct segment *segment = &change(place, mutation)->segment;

	if (!is_arrival(place) || place->event->injected)
		return false;
	switch (way) {
	case 0:
		segment->flags ^= PSH;
		break;
	case 1:
		segment->seq++;
		break;
	case 2:
		segment->ack++;
		break;
	case 3:
		segment->window++;
		break;
	case 4:
		segment->length++;
		break;
	case 5:
		segment->source_port++;
		break;
	case 6:
		segment->ttl--;
		break;
	case 7:
		segment->tos ^= 1;
		break;
	case 8:
		segment->header += 4;
		break;
	case 9:
		segment->reserved ^= 1;
		break;
	default:
		return drop_option(segment, way - 10);
	}
	return true;
}

/* ---- ICMP errors --------------------------------------------------------------------------- */

static bool other_error(const struct place *place, int way, struct mutation *mutation)
{
	struct icmp_message *icmp = &change(place, mutation)->icmp;

	switch (way) {
	case 0:
		icmp->type++;
		break;
	case 1:
		icmp->type--;
		break;
	case 2:
		icmp->code++;
		break;
	case 3:
		icmp->code--;
		break;
	case 4:
		icmp->mtu++;
		break;
	default:
		icmp->mtu = icmp->mtu ? 0 : 1300;
		break;
	}
	return is_a(place, EVENT_ICMP);
}

/* Of somebody who has got nothing from the server yet no number can be told. */
static bool other_quote(const struct place *place, int way, struct mutation *mutation)
{
	struct segment *quoted = &change(place, mutation)->segment;

	if (!is_a(place, EVENT_ICMP) || !flow_at(place)->has_isn[other(place->event->from)])
		return false;
	switch (way) {
	case 0:
		quoted->seq++;
		break;
	case 1:
		quoted->seq--;
		break;
	case 2:
		quoted->source_port++;
		break;
	default:
		quoted->destination_port++;
		break;
	}
	return true;
}

/* As if the gate had handed on a segment instead. */
static bool segment_for_an_error(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	change(place, mutation)->kind = is_a(place, EVENT_ICMP) ? EVENT_PACKET : EVENT_ICMP;
	return is_first_seen(place);
}

/* ---- states -------------------------------------------------------------------------------- */

static bool state_never_reached(const struct place *place, int way, struct mutation *mutation)
{
	if (!is_a(place, EVENT_SOCKET))
		return false;
	remove_it(mutation);
	if (way == 1) {
		mutation->after.cookie = place->event->cookie;
		mutation->after.host = place->event->host;
		mutation->after.was = place->event->was;
	}
	return true;
}

static bool wrong_state(const struct place *place, int way, struct mutation *mutation)
{
	if (!is_a(place, EVENT_SOCKET) || way == (int)place->event->state)
		return false;
	change(place, mutation)->state = (enum tcp_state)way;
	mutation->after.cookie = place->event->cookie;
	mutation->after.host = place->event->host;
	mutation->after.was = (enum tcp_state)way;
	return true;
}

static bool state_too_many(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event;

	if (!is_a(place, EVENT_SOCKET))
		return false;
	event = insert_behind(place, mutation);
	event->was = event->state;
	event->state = (enum tcp_state)way;
	mutation->after.cookie = event->cookie;
	mutation->after.host = event->host;
	mutation->after.was = event->state;
	return true;
}

static bool is_request(const struct place *place)
{
	return is_a(place, EVENT_SOCKET) && place->event->state == SYN_RECV;
}

static bool one_retransmission_more(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	change(place, mutation)->retrans++;
	return is_request(place);
}

/* A timer fires up to 15 % late; a sample finds it a little later. */
static bool timer_off(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event;
	nsec period;

	if (!is_request(place))
		return false;
	event = change(place, mutation);
	period = event->fires - event->at;
	event->fires += way == 0 ? period * 15 / 100 + place->before->slack + MSEC(50)
				 : -(place->before->slack + MSEC(100));
	return true;
}

static bool by_another_segment(const struct place *place, int way, struct mutation *mutation)
{
	if (!is_a(place, EVENT_SOCKET) && !is_a(place, EVENT_QUEUE) &&
	    !is_a(place, EVENT_COUNTER) && !is_a(place, EVENT_DROPS))
		return false;
	if (way == 0) {
		change(place, mutation)->packet--;
		return place->event->packet > 1;
	}
	change(place, mutation)->packet = 0;
	return place->event->packet > 0;
}

/* ---- counters ------------------------------------------------------------------------------ */

/* Exempt ones may move as they like; those two are compared with the captures. */
static bool is_compared(const struct place *place)
{
	const char *name = place->event->name;

	return is_a(place, EVENT_COUNTER) &&
	       (!counter_exempt(name) || strcmp(name, "Tcp.InSegs") == 0 ||
		strcmp(name, "Tcp.OutSegs") == 0);
}

static void shift_counter(const struct event *event, long by, struct mutation *mutation)
{
	mutation->after.counter = event->name;
	mutation->after.host = event->host;
	mutation->after.higher = by;
}

static bool counter_by_one(const struct place *place, long by, struct mutation *mutation)
{
	struct event *event;

	if (!is_compared(place))
		return false;
	event = change(place, mutation);
	event->delta += by;
	event->value += by;
	shift_counter(event, by, mutation);
	return true;
}

static bool counter_up(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	return counter_by_one(place, 1, mutation);
}

static bool counter_down(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	return counter_by_one(place, -1, mutation);
}

static bool counter_missing(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	if (!is_compared(place))
		return false;
	remove_it(mutation);
	shift_counter(place->event, -place->event->delta, mutation);
	return true;
}

static bool counter_value_off(const struct place *place, int way, struct mutation *mutation)
{
	change(place, mutation)->value += way == 0 ? 1 : -1;
	return is_a(place, EVENT_COUNTER);
}

/* Whether the case says anything of this counter in the step of the place. */
static bool is_listed_there(const struct place *place, const char *name)
{
	const struct event *event;

	for (size_t i = place->index; (event = journal_event(place->journal, i)); i++) {
		if (event->kind == EVENT_STEP)
			return false;
		if (event->kind == EVENT_EXPECT && strcmp(event->name, "counters") == 0 &&
		    event->lines[0] && strstr(event->lines[0], name))
			return true;
	}
	return false;
}

static bool stray_counter(const struct place *place, const char *name, struct mutation *mutation)
{
	struct event *event;

	if (!is_a(place, EVENT_SAMPLE) || is_listed_there(place, name))
		return false;
	event = insert_before(place, mutation);
	event->kind = EVENT_COUNTER;
	event->host = event->packet & 1 ? CLIENT : SERVER;
	event->name = name;
	event->delta = 1;
	event->value = judge_counter(place->before, event->host, name, true) + 1;
	shift_counter(event, 1, mutation);
	return true;
}

static bool unlisted_counter(const struct place *place, int way, struct mutation *mutation)
{
	static const char *const names[] = { "ListenDrops", "TCPTimeouts", "PAWSEstab",
					     "Tcp.AttemptFails" };

	return stray_counter(place, names[way], mutation);
}

static bool unseen_event_counted(const struct place *place, int way, struct mutation *mutation)
{
	static const char *const names[] = { "Tcp.ActiveOpens", "Tcp.PassiveOpens", "Tcp.CurrEstab",
					     "Tcp.RetransSegs", "TCPSynRetrans",    "Tcp.OutRsts" };

	return stray_counter(place, names[way], mutation);
}

static bool unheard_of_counter(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	return stray_counter(place, "TCPSomethingNewInLinux", mutation);
}

/* ---- what listeners have dropped ----------------------------------------------------------- */

static bool one_drop_off(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event = change(place, mutation);

	mutation->after.listener = event->listener;
	mutation->after.dropped = way == 0 ? 1 : -1;
	event->delta += mutation->after.dropped;
	event->value += mutation->after.dropped;
	return is_a(place, EVENT_DROPS);
}

static bool drops_missing(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	mutation->after.listener = place->event->listener;
	mutation->after.dropped = -place->event->delta;
	return is_a(place, EVENT_DROPS);
}

static bool drops_contradict(const struct place *place, int way, struct mutation *mutation)
{
	change(place, mutation)->value += way == 0 ? 1 : -1;
	return is_a(place, EVENT_DROPS);
}

/* Of a listener that has got nothing, or something that it did not drop. */
static bool drop_of_nothing(const struct place *place, int way, struct mutation *mutation)
{
	const struct judge *before = place->before;
	const struct listener_book *listener = &before->listeners[way];
	struct event *event;

	if (!is_a(place, EVENT_SAMPLE) || !before->tells_drops || way >= before->listener_count ||
	    !listener->listens || listener->drops_seq > before->last_sample)
		return false;
	event = insert_before(place, mutation);
	event->kind = EVENT_DROPS;
	event->listener = listener->key;
	event->delta = 1;
	event->value = listener->drops + 1;
	mutation->after.listener = listener->key;
	mutation->after.dropped = 1;
	return true;
}

/* ---- queues -------------------------------------------------------------------------------- */

/* Else it says that its listener is gone. */
static bool has_depths(const struct place *place)
{
	return is_a(place, EVENT_QUEUE) && !place->event->name;
}

static bool accept_queue_off(const struct place *place, int way, struct mutation *mutation)
{
	change(place, mutation)->accept += way == 0 ? 1 : -1;
	return has_depths(place);
}

static bool syn_queue_off(const struct place *place, int way, struct mutation *mutation)
{
	change(place, mutation)->syn += way == 0 ? 1 : -1;
	return has_depths(place);
}

static bool limit_off(const struct place *place, int way, struct mutation *mutation)
{
	change(place, mutation)->limit += way == 0 ? 1 : -1;
	return has_depths(place);
}

static bool queue_missing(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	return is_a(place, EVENT_QUEUE);
}

/* A sample does not find the listener that another one finds, or it finds one that has ended. */
static bool listener_gone(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event;

	(void)way;
	if (!has_depths(place) || !place->before->listener_count)
		return false;
	event = insert_behind(place, mutation);
	event->name = "gone";
	event->accept = event->limit = event->syn = 0;
	return true;
}

static bool listener_still_there(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event;

	(void)way;
	if (!is_a(place, EVENT_QUEUE) || has_depths(place))
		return false;
	event = insert_behind(place, mutation);
	event->name = NULL;
	event->limit = judge_limit(place->before, event->listener);
	return true;
}

/* ---- groups -------------------------------------------------------------------------------- */

/* The key of another listener on the same port, open or not; 0: there is none. */
static int twin_of(const struct place *place, int key)
{
	const struct judge *judge = place->before;
	const struct listener_book *of = book_of_listener((struct judge *)judge, key);

	for (int i = 0; of && i < judge->listener_count; i++)
		if (judge->listeners[i].port == of->port && judge->listeners[i].key != key)
			return judge->listeners[i].key;
	return 0;
}

/* What happened at one member happened at its twin. */
static bool at_its_twin(const struct place *place, enum event_kind kind, const char *call,
			struct mutation *mutation)
{
	int twin = is_a(place, kind) ? twin_of(place, place->event->listener) : 0;

	if (!twin || (call && (strcmp(place->event->name, call) != 0 || place->event->result < 0)))
		return false;
	change(place, mutation)->listener = twin;
	return true;
}

static bool queue_of_the_twin(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	return at_its_twin(place, EVENT_QUEUE, NULL, mutation);
}

static bool call_of_the_twin(const struct place *place, int way, struct mutation *mutation)
{
	static const char *const calls[] = { "accept", "close", "listen" };

	return at_its_twin(place, EVENT_CALL, calls[way], mutation);
}

/* The case has expected that it waits at the other one. */
static bool waits_at_the_twin(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	return is_a(place, EVENT_EXPECT) && strcmp(place->event->name, "member") == 0 &&
	       at_its_twin(place, EVENT_EXPECT, NULL, mutation);
}

/* It is not moved: its listener has never ended. */
static bool end_of_member_missing(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	return is_a(place, EVENT_CALL) && strcmp(place->event->name, "close") == 0 &&
	       twin_of(place, place->event->listener);
}

/* ---- calls and waits ----------------------------------------------------------------------- */

static bool wrong_errno(const struct place *place, int way, struct mutation *mutation)
{
	static const int errors[] = { ECONNRESET, EAGAIN, ETIMEDOUT };
	struct event *event;

	if (!is_a(place, EVENT_CALL) || !place->event->want || place->event->error == errors[way])
		return false;
	event = change(place, mutation);
	event->result = -1;
	event->error = errors[way];
	return true;
}

static bool wrong_result(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event;

	if (!is_a(place, EVENT_CALL) || !place->event->want)
		return false;
	event = change(place, mutation);
	event->error = 0;
	event->result = event->result < 0 ? way : event->result + (way == 0 ? 1 : -1);
	return true;
}

/* One that listens goes on. */
static bool does_nothing(const struct event *call)
{
	return call->listener && call->argument && strcmp(call->argument, "SHUT_WR") == 0;
}

/* accept() gives a socket that no sample has found, or one of another flow's. */
static bool another_accepted(const struct place *place, int way, struct mutation *mutation)
{
	const struct judge *before = place->before;
	struct event *event = change(place, mutation);

	event->cookie++;
	for (int i = 0; i < before->socket_count && way == 1; i++)
		if (before->sockets[i].host == SERVER && before->sockets[i].flow != event->flow)
			event->cookie = before->sockets[i].cookie;
	return is_a(place, EVENT_CALL) && place->event->cookie;
}

/* Calls that only ask leave no trace in what the kernel does: without them nothing is asserted. */
static bool call_missing(const struct place *place, int way, struct mutation *mutation)
{
	static const char *const acts[] = {
		"accept", "connect", "send",     "inject",     "close",
		"listen", "kill",    "shutdown", "disconnect", "SOCK_DESTROY",
	};
	bool acted = false;

	(void)way;
	if (!is_a(place, EVENT_CALL) || does_nothing(place->event))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(acts); i++)
		acted |= strcmp(place->event->name, acts[i]) == 0;
	remove_it(mutation);
	return acted && (place->event->result >= 0 || place->event->error == EINPROGRESS);
}

/*
 * accept() that fails: it has taken a connection where it should not have, and has not where it
 * should.
 */
static bool failed_accept_takes(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event;
	bool took = place->event->flow;

	if (!is_a(place, EVENT_CALL) || strcmp(place->event->name, "accept") != 0 ||
	    !place->event->error || !place->event->listener || way != took)
		return false;
	event = change(place, mutation);
	event->flow = took ? 0 : 1;
	return took || place->before->flow_count > 1;
}

/* The other half of a connection or a listener is shut down than was. */
static bool other_half(const struct place *place, int way, struct mutation *mutation)
{
	bool writes = is_a(place, EVENT_CALL) && place->event->argument &&
		      strcmp(place->event->argument, "SHUT_WR") == 0;

	(void)way;
	change(place, mutation)->argument = writes ? "SHUT_RD" : "SHUT_WR";
	return is_a(place, EVENT_CALL) && strcmp(place->event->name, "shutdown") == 0 &&
	       place->event->listener && place->event->result >= 0;
}

static bool wait_in_vain(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	change(place, mutation)->result = 0;
	return is_a(place, EVENT_WAIT);
}

/* ---- the gate ------------------------------------------------------------------------------ */

static bool gate_says(const struct place *place, const char *what, struct mutation *mutation)
{
	struct event *event;

	if (!is_a(place, EVENT_PACKET))
		return false;
	event = insert_behind(place, mutation);
	*event = (struct event){ .kind = EVENT_GATE,
				 .at = place->event->at,
				 .packet = place->event->packet,
				 .name = what };
	return true;
}

/* Right behind its sighting the gate speaks of it: twice then, if it does so in truth. */
static bool gate_false(const struct place *place, int way, struct mutation *mutation)
{
	static const char *const words[] = { "held",       "dropped",  "lost",   "taken",
					     "duplicated", "released", "changed" };

	return gate_says(place, words[way], mutation);
}

static bool gate_missing(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	return is_a(place, EVENT_GATE);
}

static bool gate_other(const struct place *place, int way, struct mutation *mutation)
{
	static const char *const words[] = { "held", "dropped", "duplicated", "taken",
					     "swallowed" };

	if (!is_a(place, EVENT_GATE) || strcmp(words[way], place->event->name) == 0)
		return false;
	change(place, mutation)->name = words[way];
	return true;
}

/* It has changed a segment, but not into what arrived. */
static bool gate_changed_otherwise(const struct place *place, int way, struct mutation *mutation)
{
	struct segment *segment = &change(place, mutation)->segment;

	switch (way) {
	case 0:
		segment->timestamps ^= true;
		break;
	case 1:
		segment->tsval++;
		break;
	default:
		segment->tsecr += way == 2 ? 1 : (uint32_t)-1;
		break;
	}
	return is_a(place, EVENT_GATE) && strcmp(place->event->name, "changed") == 0;
}

/* ---- the journal itself -------------------------------------------------------------------- */

static bool cut_short(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	change(place, mutation);
	mutation->after.cut = true;
	return !is_a(place, EVENT_END);
}

/* Something that happened once happens again, too late. */
static bool after_the_end(const struct place *place, int way, struct mutation *mutation)
{
	size_t length = journal_length(place->journal);
	struct event *event;

	if (!is_a(place, EVENT_END))
		return false;
	event = insert_behind(place, mutation);
	*event = *journal_event(place->journal, length * (size_t)way / 40);
	event->at = place->event->at;
	return true;
}

static bool time_runs_backwards(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	if (is_sighting(place->event) || is_a(place, EVENT_BEGIN))
		return false;
	change(place, mutation)->at = place->before->now - 1;
	return true;
}

static bool undeclared(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	return is_a(place, EVENT_FLOW) || is_a(place, EVENT_LISTENER) || is_a(place, EVENT_BEGIN);
}

/* A number that a flood has in the books, one off; or all of it missing. */
static bool flood_off(const struct place *place, int way, struct mutation *mutation)
{
	struct event *event = change(place, mutation);

	if (!is_a(place, EVENT_FLOOD) || strcmp(event->name, "begins") == 0)
		return false;
	*(strcmp(event->name, "requests") == 0 ? &event->delta : &event->value) +=
		way == 0 ? 1 : -1;
	return true;
}

static bool flood_missing(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	remove_it(mutation);
	return is_a(place, EVENT_FLOOD) && strcmp(place->event->name, "begins") != 0;
}

static bool flood_of_something_else(const struct place *place, int way, struct mutation *mutation)
{
	(void)way;
	change(place, mutation)->name = "FINs";
	return is_a(place, EVENT_FLOOD);
}

const struct kind kinds[] = {
	{ "a segment is missing at its sender", missing_at_sender, 1, NAMES_GAP },
	{ "a segment is missing at its receiver", missing_at_receiver, 1, NAMES_GAP },
	{ "a segment is missing at both, without a trace", missing_at_both, 1, NAMES_GAP },
	{ "one segment more", one_more, 1, NAMES_IT },
	{ "a segment arrives twice", arrives_twice, 1, NAMES_IT },
	{ "a segment is late", late, 1, NAMES_IT },
	{ "a segment is early", early, 1, NAMES_IT },
	{ "a cookie comes back when it is too old", cookie_too_old, 1, NAMES_GAP },
	{ "a change without a segment is found late", found_late, 2, NAMES_IT },
	{ "a segment arrives late", arrives_late, 1, NAMES_IT },
	{ "a segment arrives before it was sent", arrives_early, 1, NAMES_IT },
	{ "a segment goes in the wrong direction", wrong_direction, 2, NAMES_IT },
	{ "a segment with SYN, ACK, RST or FIN turned", other_flags, 4, NAMES_ANSWER },
	{ "a segment's sequence number one off", other_seq, 2, NAMES_ANSWER },
	{ "a segment's acknowledgement number one off", other_ack, 2, NAMES_IT },
	{ "a segment one byte longer", longer, 1, NAMES_ANSWER },
	{ "a repeated SYN-ACK or SYN with another window", other_window, 2, NAMES_IT },
	{ "an expected window one off", expected_window, 2, NAMES_IT },
	{ "a repeated SYN-ACK or SYN without an option", option_dropped, 4, NAMES_IT },
	{ "a SYN-ACK that offers something else", other_offer, OFFER_WAYS, NAMES_IT },
	{ "a SYN-ACK that offers something else when it is repeated", other_offer_again, OFFER_WAYS,
	  NAMES_IT },
	{ "an answer without a socket that carries something else", other_answer, OFFER_WAYS,
	  NAMES_IT },
	{ "an answer without a socket that echoes what it answers", echoes_what_it_answers, 1,
	  NAMES_IT },
	{ "a connection whose numbers begin elsewhere", other_first_number, 2, NAMES_IT },
	{ "an end that goes by something else", other_agreement, 10, NAMES_IT },
	{ "a setting that nobody knows", unknown_setting, 1, NAMES_IT },
	{ "a segment without the timestamps agreed on", timestamps_dropped, 1, NAMES_IT },
	{ "a timestamp that runs backwards", clock_backwards, 1, NAMES_IT },
	{ "a timestamp of a clock that is ahead", clock_ahead, 1, NAMES_IT },
	{ "a timestamp echoed that never came", other_echo, 2, NAMES_IT },
	{ "a segment changed on the wire", changed_on_the_wire, 14, NAMES_IT },
	{ "an ICMP error that says something else", other_error, 6, NAMES_IT },
	{ "an ICMP error about another segment", other_quote, 4, NAMES_IT },
	{ "an ICMP error for a segment, and a segment for one", segment_for_an_error, 1, NAMES_IT },
	{ "a state never reached", state_never_reached, 2, NAMES_GAP },
	{ "a wrong state in a state's place", wrong_state, TCP_STATES, NAMES_IT },
	{ "a state too many", state_too_many, TCP_STATES, NAMES_IT },
	{ "a request with one retransmission more", one_retransmission_more, 1, NAMES_IT },
	{ "a request's timer off", timer_off, 2, NAMES_IT },
	{ "a change caused by another segment", by_another_segment, 2, NAMES_IT },
	{ "a counter one up", counter_up, 1, NAMES_IT },
	{ "a counter one down", counter_down, 1, NAMES_IT },
	{ "a counter's movement missing", counter_missing, 1, NAMES_GAP },
	{ "a counter's value off", counter_value_off, 2, NAMES_IT },
	{ "a counter moves that the case does not list", unlisted_counter, 4, NAMES_IT },
	{ "a counter of what was seen moves without it", unseen_event_counted, 6, NAMES_GAP },
	{ "a counter moves that nobody has heard of", unheard_of_counter, 1, NAMES_IT },
	{ "a listener that drops one more or less", one_drop_off, 2, NAMES_IT },
	{ "a listener's drops that are not told", drops_missing, 1, NAMES_GAP },
	{ "a listener's drops that contradict themselves", drops_contradict, 2, NAMES_IT },
	{ "a listener that drops what it has not got", drop_of_nothing, 2, NAMES_IT },
	{ "an accept queue one off", accept_queue_off, 2, NAMES_IT },
	{ "a SYN queue one off", syn_queue_off, 2, NAMES_IT },
	{ "an accept queue's limit one off", limit_off, 2, NAMES_IT },
	{ "a queue's depths missing", queue_missing, 1, NAMES_GAP },
	{ "a listener is gone that nobody has ended", listener_gone, 1, NAMES_IT },
	{ "a listener is there that was ended", listener_still_there, 1, NAMES_IT },
	{ "a queue that is the twin's", queue_of_the_twin, 1, NAMES_GAP },
	{ "a call that was the twin's", call_of_the_twin, 3, NAMES_GAP },
	{ "a connection expected to wait at the twin", waits_at_the_twin, 1, NAMES_IT },
	{ "a member that has not ended", end_of_member_missing, 1, NAMES_GAP },
	{ "a call with a wrong errno", wrong_errno, 3, NAMES_IT },
	{ "a call with a wrong result", wrong_result, 2, NAMES_IT },
	{ "an accept() that gives another connection", another_accepted, 2, NAMES_IT },
	{ "a call missing", call_missing, 1, NAMES_GAP },
	{ "an accept() that fails takes, or leaves", failed_accept_takes, 2, NAMES_GAP },
	{ "another half of a listener shut down", other_half, 1, NAMES_GAP },
	{ "a wait in vain", wait_in_vain, 1, NAMES_IT },
	{ "the gate did what it did not do", gate_false, 7, NAMES_IT },
	{ "the gate is silent on what it did", gate_missing, 1, NAMES_IT },
	{ "the gate did something else", gate_other, 5, NAMES_IT },
	{ "the gate made something else of a segment", gate_changed_otherwise, 4, NAMES_IT },
	{ "a flood of one more or one less", flood_off, 2, NAMES_GAP },
	{ "a flood that the journal does not tell of", flood_missing, 1, NAMES_GAP },
	{ "a flood of something else", flood_of_something_else, 1, NAMES_IT },
	{ "the journal breaks off", cut_short, 1, NAMES_IT },
	{ "something comes after the end", after_the_end, 40, NAMES_IT },
	{ "time runs backwards", time_runs_backwards, 1, NAMES_IT },
	{ "a flow, a listener or the begin undeclared", undeclared, 1, NAMES_GAP },
};
const size_t kind_count = ARRAY_LENGTH(kinds);

/* ---- faults -------------------------------------------------------------------------------- */

/* As if its sender had kept it to itself. */
static bool never_sent(const struct place *place, int way, struct mutation *mutation)
{
	const struct event *event = place->event;
	struct shift *shifts = mutation->after.shifts;

	if (!missing_at_both(place, way, mutation) || event->injected)
		return false;
	shifts[0] = (struct shift){ "Tcp.OutSegs", event->from, -1, false };
	if (!flow_at(place)->raw)
		shifts[1] = (struct shift){ "Tcp.InSegs", other(event->from), -1, false };
	if (event->segment.flags & RST)
		shifts[2] = (struct shift){ "Tcp.OutRsts", event->from, -1, false };
	return true;
}

const struct kind faults[] = {
	{ "a segment was never sent", never_sent, 1, NAMES_GAP },
};
const size_t fault_count = ARRAY_LENGTH(faults);
