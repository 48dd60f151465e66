/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the captures of both hosts show: each segment that leaves or comes to one is an event. And
 * what was lost on the way to them, of which nothing can be said.
 */
#include "captures/watch/state.h"

#include <string.h>

/*
 * What comes before it is read: of a case some hundred frames, 1.6 KiB each; of a scenario's
 * thousands of clients as many whose timers fire at one tick.
 */
#define ROOM          (2 << 20)
#define ROOM_OF_CROWD (16 << 20)

void sightings_open(struct watch *watch, const char *folder)
{
	taps_open(watch->sightings.taps, watch->net, folder,
		  watch->scenario ? ROOM_OF_CROWD : ROOM);
	if (watch->scenario)
		wire_restores(watch->net);
}

void watch_check_losses(struct watch *watch)
{
	autofree char *losses = wire_losses(watch->net);

	if (losses)
		broken("%s", losses);
	for (int host = 0; host < HOSTS; host++)
		if (tap_lost(watch->sightings.taps[host]))
			broken("the %s's capture lost %u frames: nothing can be said of this run",
			       host_name((enum host)host), tap_lost(watch->sightings.taps[host]));
}

/* ---- what comes by ------------------------------------------------------------------------- */

bool has_departed(const struct watch *watch, enum host host)
{
	const struct unread *unread = &watch->sightings.unread[host];

	return unread->begin < unread->end;
}

static void queue_unread(struct unread *unread, const struct event *event, bool middle)
{
	if (unread->begin == unread->end)
		unread->begin = unread->end = 0;
	unread->count++;
	unread->queue = GROWN(unread->queue, unread->end);
	unread->queue[unread->end++] = (struct departure){
		.packet = event->packet, .flow = event->flow, .at = event->at, .middle = middle
	};
}

/* Of the latest one, in case that the gate does not get it. */
static void keep_bytes(struct unread *unread, const struct sighting *sighting)
{
	struct departure *latest = &unread->queue[unread->end - 1];

	latest->bytes = must_alloc(sighting->length, 1);
	latest->length = sighting->length;
	memcpy(latest->bytes, sighting->bytes, sighting->length);
}

/* All of it that an ICMP error has. */
static struct segment quoted(const struct segment *segment)
{
	return (struct segment){ .source_port = segment->source_port,
				 .destination_port = segment->destination_port,
				 .seq = segment->seq };
}

static bool is_part_of_answer(const struct event *event)
{
	return event->from == SERVER && event->segment.length > 0;
}

/*
 * Behind the first part of an answer, up to the FIN or RST, nothing of a passive open changes: a
 * part that is not the first, or what a client says of it.
 */
static bool is_in_answer(const struct watch *watch, const struct event *event)
{
	const struct sightings *sightings = &watch->sightings;
	bool more = is_part_of_answer(event) || (event->from == CLIENT && !event->segment.length);

	return watch->scenario && event->kind == EVENT_PACKET && more &&
	       event->flow < sightings->latest_count &&
	       sightings->latest[event->host][event->flow].answers &&
	       !(event->segment.flags & (SYN | FIN | RST));
}

static void note_latest(struct watch *watch, const struct event *event)
{
	struct sightings *sightings = &watch->sightings;
	struct latest *latest;

	for (; sightings->latest_count <= event->flow; sightings->latest_count++)
		for (int host = 0; host < HOSTS; host++) {
			struct latest **latest = &sightings->latest[host];

			*latest = GROWN(*latest, sightings->latest_count);
			(*latest)[sightings->latest_count] = (struct latest){ .packet = 0 };
		}
	latest = &sightings->latest[event->host][event->flow];
	latest->packet = event->packet;
	latest->sample = watch->samples.count;
	latest->answers |= is_part_of_answer(event);
}

long latest_of(const struct watch *watch, enum host host, int flow)
{
	const struct sightings *sightings = &watch->sightings;
	const struct latest *latest =
		flow < sightings->latest_count ? &sightings->latest[host][flow] : NULL;

	return latest && latest->sample + 1 == watch->samples.count ? latest->packet : 0;
}

static void take_sighting(void *argument, const struct sighting *sighting)
{
	struct watch *watch = argument;
	struct sightings *sightings = &watch->sightings;
	struct arrivals *arrivals = &sightings->arrivals;
	struct arrival *arrival =
		arrivals->seen < arrivals->end ? &arrivals->queue[arrivals->seen] : NULL;
	const struct segment *segment = &sighting->parsed->segment;
	enum host host = sighting->host;
	enum host from = sighting->outgoing == (host == CLIENT) ? CLIENT : SERVER;
	bool icmp = sighting->parsed->icmp.quotes;
	struct event event = {
		.kind = icmp ? EVENT_ICMP : EVENT_PACKET,
		.at = sighting->at - watch->zero,
		.host = host,
		.from = from,
		.segment = icmp ? quoted(segment) : *segment,
		.icmp = sighting->parsed->icmp,
	};

	if (icmp)
		counters_follow_icmp(watch->counters[host]);
	if (sighting->outgoing) {
		event.packet = ++sightings->packets;
		event.flow = flow_of_departure(watch, sighting);
		queue_unread(&sightings->unread[host], &event, is_in_answer(watch, &event));
		if (watch->scenario)
			keep_bytes(&sightings->unread[host], sighting);
	} else if (arrival) {
		arrivals->seen++;
		event.injected = arrival->frame->injected;
		event.copy = arrival->frame->copy;
		if (event.injected)
			arrival->packet = ++sightings->packets;
		event.packet = arrival->packet;
		event.flow = flow_of_arrival(watch, sighting, arrival->flow);
		arrival->flow = event.flow;
		arrival->middle = is_in_answer(watch, &event);
	} else {
		broken("the %s captured a segment that the gate did not deliver", host_name(host));
	}
	if (watch->scenario)
		note_latest(watch, &event);
	note(watch, event);
}

static void count_answers(struct watch *watch)
{
	uint64_t *answers = &watch->sightings.flood_answers, before = *answers;

	*answers = wire_flood_answers(watch->net);
	if (*answers != before)
		note(watch, (struct event){ .kind = EVENT_FLOOD,
					    .host = SERVER,
					    .name = "answers",
					    .value = (long)(*answers - before) });
}

void drain_captures(struct watch *watch)
{
	for (int host = 0; host < HOSTS; host++)
		tap_drain(watch->sightings.taps[host], take_sighting, watch);
	if (watch->flooded)
		count_answers(watch);
}

/* ---- what the gate asks for ---------------------------------------------------------------- */

/*
 * Where in the queue it is; -1: nowhere. In a case it is the oldest; of a scenario's those before
 * it may be lost, or on their way from another CPU.
 */
static int place_of_frame(const struct unread *unread, const struct frame *frame)
{
	for (int i = unread->begin; i < unread->end; i++) {
		const struct departure *departure = &unread->queue[i];

		if (!departure->bytes || (departure->length == frame->length &&
					  !memcmp(departure->bytes, frame->bytes, frame->length)))
			return i;
	}
	return -1;
}

/* Those before it stay, in their order. */
static struct departure take_from_queue(struct unread *unread, int place)
{
	struct departure departure = unread->queue[place];

	memmove(&unread->queue[unread->begin + 1], &unread->queue[unread->begin],
		(size_t)(place - unread->begin) * sizeof(*unread->queue));
	unread->begin++;
	free(departure.bytes);
	departure.bytes = NULL;
	return departure;
}

struct departure departure_of(struct watch *watch, const struct frame *frame)
{
	struct retry retry = retry_for(WIRE_PATIENCE);
	struct unread *unread = &watch->sightings.unread[frame->from];
	int place;

	while ((place = place_of_frame(unread, frame)) < 0 && retry_now(&retry))
		drain_captures(watch);
	retry_end(&retry, place >= 0);
	if (place < 0) {
		watch_check_losses(watch);
		broken("the %s's capture lost a segment that the gate has read",
		       host_name(frame->from));
	}
	return take_from_queue(unread, place);
}

/* ---- what the gate was not given ----------------------------------------------------------- */

static uint64_t count_unread(const struct watch *watch)
{
	uint64_t count = 0;

	for (int host = 0; host < HOSTS; host++)
		count += (uint64_t)(watch->sightings.unread[host].end -
				    watch->sightings.unread[host].begin);
	return count;
}

/*
 * A capture sees a frame before it can get lost, so all that are lost by now are among those that
 * nobody has read; where these are as many none of them is only on its way.
 */
bool restore_what_was_lost(struct watch *watch)
{
	uint64_t lost;

	if (!watch->scenario || !(has_departed(watch, CLIENT) || has_departed(watch, SERVER)))
		return false;
	lost = wire_lost(watch->net);
	if (lost)
		drain_captures(watch);
	if (!lost || lost != count_unread(watch))
		return false;
	for (int host = 0; host < HOSTS; host++) {
		const struct unread *lost = &watch->sightings.unread[host];

		for (int i = lost->begin; i < lost->end; i++)
			wire_restore(watch->net, (enum host)host, lost->queue[i].bytes,
				     lost->queue[i].length);
	}
	return true;
}

/* Between the gate, which the kernel told that it took the frame, and the receiver's capture. */
static _Noreturn void lost_on_arrival(struct watch *watch, enum host receiver)
{
	watch_check_losses(watch);
	broken("a segment that the gate delivered did not come to the capture of the %s; softnet "
	       "dropped %llu frames of the whole machine meanwhile (net.core.netdev_max_backlog)",
	       host_name(receiver), (unsigned long long)net_softnet(watch->net).dropped);
}

void expect_arrival(struct watch *watch, struct arrival arrival)
{
	struct arrivals *arrivals = &watch->sightings.arrivals;

	if (arrivals->begin == arrivals->end)
		arrivals->begin = arrivals->seen = arrivals->end = 0;
	arrivals->queue = GROWN(arrivals->queue, arrivals->end);
	arrivals->queue[arrivals->end++] = arrival;
}

struct arrival next_arrival(struct watch *watch)
{
	struct arrivals *arrivals = &watch->sightings.arrivals;
	struct arrival *arrival = &arrivals->queue[arrivals->begin];
	struct retry retry = retry_for(WIRE_PATIENCE);

	while (arrivals->seen <= arrivals->begin && retry_now(&retry))
		drain_captures(watch);
	retry_end(&retry, arrivals->seen > arrivals->begin);
	if (arrivals->seen <= arrivals->begin)
		lost_on_arrival(watch, other(arrival->frame->from));
	arrivals->begin++;
	return *arrival;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void pass_sentinel(struct watch *watch, enum host host)
{
	const uint64_t mark = 0x68616c666f70656e; /* "halfopen" */
	struct retry retry = retry_for(WIRE_PATIENCE);

	wire_sentinel(watch->net, host, mark);
	while (!tap_has_seen(watch->sightings.taps[host], mark)) {
		if (!retry_now(&retry))
			broken("the sentinel did not come through the %s's capture",
			       host_name(host));
		drain_captures(watch);
	}
}

void pass_sentinels(struct watch *watch)
{
	for (int host = 0; host < HOSTS; host++)
		pass_sentinel(watch, (enum host)host);
}

void watch_keep_captures(struct watch *watch)
{
	taps_keep(watch->sightings.taps);
}

void sightings_close(struct watch *watch)
{
	taps_close(watch->sightings.taps);
	free(watch->sightings.arrivals.queue);
	for (int host = 0; host < HOSTS; host++) {
		struct unread *unread = &watch->sightings.unread[host];

		for (int i = unread->begin; i < unread->end; i++)
			free(unread->queue[i].bytes);
		free(unread->queue);
		free(watch->sightings.latest[host]);
	}
}
