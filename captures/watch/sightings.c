/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the captures of both hosts show: each segment that leaves or comes to one is an event. And
 * what was lost on the way to them, of which nothing can be said.
 */
#include "captures/watch/state.h"

void sightings_open(struct watch *watch, const char *folder)
{
	taps_open(watch->sightings.taps, watch->net, folder);
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

static void queue_unread(struct unread *unread, const struct event *event)
{
	if (unread->begin == unread->end)
		unread->begin = unread->end = 0;
	unread->count++;
	unread->queue = GROWN(unread->queue, unread->end);
	unread->queue[unread->end++] =
		(struct departure){ .packet = event->packet, .flow = event->flow, .at = event->at };
}

/* All of it that an ICMP error has. */
static struct segment quoted(const struct segment *segment)
{
	return (struct segment){ .source_port = segment->source_port,
				 .destination_port = segment->destination_port,
				 .seq = segment->seq };
}

static void note_latest(struct watch *watch, const struct event *event)
{
	struct sightings *sightings = &watch->sightings;

	for (; sightings->latest_count <= event->flow; sightings->latest_count++)
		for (int host = 0; host < HOSTS; host++) {
			struct latest **latest = &sightings->latest[host];

			*latest = GROWN(*latest, sightings->latest_count);
			(*latest)[sightings->latest_count] = (struct latest){ .packet = 0 };
		}
	sightings->latest[event->host][event->flow] =
		(struct latest){ event->packet, watch->samples.count };
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
		queue_unread(&sightings->unread[host], &event);
	} else if (arrival) {
		arrivals->seen++;
		event.injected = arrival->frame->injected;
		event.copy = arrival->frame->copy;
		if (event.injected)
			arrival->packet = ++sightings->packets;
		event.packet = arrival->packet;
		event.flow = flow_of_arrival(watch, sighting, arrival->flow);
		arrival->flow = event.flow;
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

struct departure departure_from(struct watch *watch, enum host host)
{
	struct retry retry = retry_for(WIRE_PATIENCE);
	struct unread *unread = &watch->sightings.unread[host];

	while (!has_departed(watch, host) && retry_now(&retry))
		drain_captures(watch);
	retry_end(&retry, has_departed(watch, host));
	if (!has_departed(watch, host)) {
		watch_check_losses(watch);
		broken("the %s's capture lost a segment that the gate has read", host_name(host));
	}
	return unread->queue[unread->begin++];
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
		free(watch->sightings.unread[host].queue);
		free(watch->sightings.latest[host]);
	}
}
