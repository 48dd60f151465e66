/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watch joins what the gate moves with what taps, sock_diag and counters show, in one journal.
 * Here it is opened and closed, and frames move: until the wire is quiet, or until what the case
 * waits for has come. Everything happens in the case's own thread.
 */
#include "captures/watch/state.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

void watch_note(struct watch *watch, struct event event)
{
	/* What is expected of one flow was sampled with its own segments and calls. */
	if (event.kind == EVENT_STEP || (event.kind == EVENT_EXPECT && !event.flow))
		sample_the_rest(watch);
	/* What that has found is of the step before, and the case ends. */
	if (event.kind == EVENT_STEP && watch_finding(watch))
		return;
	crowd_note(watch->crowd, &event);
	if (event.kind == EVENT_LISTENER)
		add_listener(watch, &event);
	note(watch, event);
}

/* ---- moving frames ------------------------------------------------------------------------- */

/* Until a frame can be read, or @wake (0: none), or @until has come. */
static void sleep_until(struct watch *watch, nsec until, int wake)
{
	struct pollfd polled[] = {
		{ .fd = wire_descriptor(watch->net), .events = POLLIN },
		{ .fd = wake ? wake : -1, .events = POLLIN },
	};

	if (until - clock_now() > MSEC(10))
		journal_flush(watch->journal);
	if (await_events(polled, ARRAY_LENGTH(polled), until - clock_now()) < 0 && errno != EINTR)
		broken("cannot wait for frames: %s", strerror(errno));
}

static bool turn(struct watch *watch)
{
	return wire_turn(watch->net) || (restore_what_was_lost(watch) && wire_turn(watch->net));
}

void watch_move(struct watch *watch)
{
	while (turn(watch))
		;
}

static void quieten(struct watch *watch)
{
	struct deadline deadline = deadline_in(SEC(30)), suspicion = deadline_in(SLACK);

	for (;;) {
		watch_move(watch);
		if (is_quiet(watch))
			break;
		if (deadline_passed(&suspicion)) {
			watch_check_losses(watch);
			suspicion = deadline_in(SLACK);
		}
		if (deadline_passed(&deadline))
			broken("the wire did not become quiet in %.0f s", seconds(deadline.span));
		sleep_until(watch, clock_now() + MSEC(1), 0);
	}
}

void watch_settle(struct watch *watch)
{
	quieten(watch);
	if (!crowd_leaves_out(watch->crowd, watch->sightings.packets))
		sample(watch, (struct scope){ .at = AT_BOTH });
}

void watch_look(struct watch *watch)
{
	quieten(watch);
	sample(watch, (struct scope){ .at = AT_BOTH, .whole = true, .all = true });
}

void watch_release(struct watch *watch)
{
	passages_release(watch);
	watch_settle(watch);
}

void watch_release_at_once(struct watch *watch)
{
	passages_release_at_once(watch);
	watch_move(watch);
}

bool watch_has_timer(struct watch *watch, int flow, enum host host)
{
	quieten(watch);
	sample(watch, (struct scope){ .at = AT_BOTH, .whole = true });
	return has_timer(watch, flow, host);
}

static int destroy_listener(struct watch *watch, int key)
{
	const struct known_listener *listener = known_listener(watch, key);

	return listener ? crowd_destroy_listener(watch->crowd, listener->port, listener->cookie)
			: ENOENT;
}

int watch_destroy(struct watch *watch, enum host host, int flow, int listener)
{
	struct end_of_flow end = { host, flow, flow ? cookie_of(watch, flow, host) : 0 };

	if (!flow)
		return destroy_listener(watch, listener);
	return end.cookie ? crowd_destroy(watch->crowd, &end) : ENOENT;
}

/* ---- floods -------------------------------------------------------------------------------- */

void watch_flood_begins(struct watch *watch)
{
	watch->flooded = watch->flooding = true;
	note(watch, (struct event){ .kind = EVENT_FLOOD, .host = SERVER, .name = "begins" });
}

void watch_flood(struct watch *watch, int listener, uint64_t syns)
{
	watch->flooded = true;
	watch->flooding = false;
	note(watch, (struct event){ .kind = EVENT_FLOOD,
				    .host = SERVER,
				    .name = "SYNs",
				    .listener = listener,
				    .value = (long)syns });
	quieten(watch);
	sample(watch, (struct scope){ .at = AT_BOTH, .whole = true });
}

/* ---- waiting ------------------------------------------------------------------------------- */

static bool wait_over(struct watch *watch, const struct wait *wait, bool *met)
{
	*met = !watch_finding(watch) && wait->met(wait->context);
	return *met || watch_finding(watch);
}

bool watch_wait(struct watch *watch, struct wait wait)
{
	nsec began = watch_now(watch), until, last;
	struct deadline deadline = deadline_in(wait.within);
	bool met;

	while (!wait_over(watch, &wait, &met) && !deadline_passed(&deadline)) {
		if (turn(watch))
			continue;
		until = next_sample(watch);
		if (wait.looks && watch->samples.last + wait.looks < until)
			until = watch->samples.last + wait.looks;
		if (watch_now(watch) >= until && is_quiet(watch)) {
			sample(watch, (struct scope){ .at = AT_BOTH, .whole = true });
			continue;
		}
		last = watch_now(watch) + deadline_left(&deadline);
		until = last < until ? last : until;
		if (wait.every && watch_now(watch) + wait.every < until)
			until = watch_now(watch) + wait.every;
		if (wait.due && wait.due(wait.context) < until)
			until = wait.due(wait.context);
		/* what the case does between two such sleeps it does in one go */
		if (!watch->passages.under_way)
			stall_mark();
		sleep_until(watch, watch->zero + until, wait.wake);
	}
	watch->waited += watch_now(watch) - began;
	if (met)
		watch_settle(watch);
	note(watch, (struct event){ .kind = EVENT_WAIT,
				    .name = wait.what,
				    .began = began,
				    .result = met || watch_finding(watch) });
	return met;
}

long watch_packets(const struct watch *watch)
{
	return watch->sightings.packets;
}

nsec watch_waited(const struct watch *watch)
{
	return watch->waited;
}

/* ---- counters ------------------------------------------------------------------------------ */

bool watch_has_counter(const struct watch *watch, enum host host, const char *name)
{
	return counters_have(watch->counters[host], name);
}

long watch_counter(struct watch *watch, enum host host, const char *name)
{
	counters_read(watch->counters[host]);
	return counters_since_open(watch->counters[host], name);
}

/* ---- from open to close -------------------------------------------------------------------- */

static nsec time_of(const char *word)
{
	char *unit;
	double number = strtod(word, &unit);

	return (nsec)(number * (strncmp(unit, "ms", 2) == 0   ? 1e6
				: strncmp(unit, "us", 2) == 0 ? 1e3
				: *unit == 's'                ? 1e9
							      : 1e3));
}

/* "delay 20ms 5ms ...": jitter reaches some four times as far. A rate has no bound. */
static nsec longest_delay(const char *wire)
{
	const char *delay = wire ? strstr(wire, "delay ") : NULL;
	const char *jitter;

	if (wire && (strstr(wire, "rate ") || strstr(wire, "slot ")))
		return -1;
	if (!delay)
		return 0;
	delay += strlen("delay ");
	jitter = delay + strcspn(delay, " ");
	jitter += strspn(jitter, " ");
	return time_of(delay) + (*jitter >= '0' && *jitter <= '9' ? 4 * time_of(jitter) : 0);
}

struct watch *watch_open(struct watch_options options)
{
	struct watch *watch = must_alloc(1, sizeof(*watch));

	watch->net = options.net;
	watch->journal = options.journal;
	watch->judge = options.judge;
	watch->family = options.family;
	watch->zero = clock_now();
	watch->scenario = options.told;
	sightings_open(watch, options.folder);
	for (int host = 0; options.told && host < HOSTS; host++)
		watch->loopback[host] = net_proc(options.net, (enum host)host, "dev");
	samples_open(watch);
	watch->crowd = crowd_open(&(struct crowd_options){ .net = options.net,
							   .family = options.family,
							   .mapped = options.mapped,
							   .told = options.told });
	for (int host = 0; host < HOSTS; host++)
		watch->counters[host] = counters_open(options.net, (enum host)host);
	passages_open(watch, &options);
	note(watch, (struct event){ .kind = EVENT_BEGIN,
				    .at = 1,
				    .name = options.title,
				    .object = options.both                 ? "ipv4 and ipv6"
					      : options.family == AF_INET6 ? "ipv6"
									   : "ipv4",
				    .delta = SLACK,
				    .value = deadline_in(WIRE_PATIENCE).span,
				    .fires = longest_delay(options.wire),
				    .format = ARTIFACTS_FORMAT,
				    .drops = true,
				    .told = options.told,
				    .lines = options.about });
	watch_settings(watch);
	return watch;
}

void watch_finish(struct watch *watch)
{
	if (watch->finished)
		return;
	watch->finished = true;
	watch_settle(watch);
	sample_the_rest(watch);
	pass_sentinels(watch);
	watch_check_losses(watch);
	note(watch, (struct event){ .kind = EVENT_END });
}

bool watch_close(struct watch *watch)
{
	bool ended;

	sightings_close(watch);
	for (int host = 0; host < HOSTS; host++)
		counters_close(watch->counters[host]);
	ended = crowd_close(watch->crowd);
	samples_close(watch);
	flows_close(watch);
	for (int host = 0; watch->scenario && host < HOSTS; host++)
		close(watch->loopback[host]);
	passages_close(watch);
	free(watch);
	return ended;
}
