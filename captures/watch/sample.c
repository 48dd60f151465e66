/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples: one reading of both hosts' sockets, queues and counters, compared with the last one.
 *
 * The hosts' kernels work while the gate hands them a segment, on this CPU, and are done when a
 * sample is taken. So each segment has a state of its own.
 */
#include "captures/watch/state.h"

#include <string.h>

/*
 * Requests expire without a segment, so samples are taken without one. What such a sample finds it
 * finds late, by 1/8 at most of the time for which nothing has happened: less than the 15 % that a
 * timer is allowed (ladder.c).
 */
#define TICK          MSEC(50) /* at least */
#define SILENCE_SHARE 8
/*
 * A request's timer that is due later than before has fired, or was set anew. Its first period is
 * 1 s (TCP_TIMEOUT_INIT) and each is longer than the last; reading it twice differs by a jiffy.
 */
#define REARMED MSEC(300)
/*
 * How long sockets, counters and captures may disagree. A timer's first period is longer, 1 s: so
 * the finding is about what they disagree on, and not about what has happened since.
 */
#define DISAGREEMENT MSEC(500)
/* And where the server acts when it likes, until the next sample; at the end it has ended. */
#define PASSING MSEC(20)
/* Sampling a scenario's crowd takes 1/10 of the time at most, and comes no more often than this. */
#define CROWD_TICK  MSEC(5)
#define CROWD_SHARE 10

struct sampling {
	struct watch *watch;
	enum host host;
	long cause;
	nsec at;
};

/* ---- loopback ------------------------------------------------------------------------------ */

/* "    lo: BYTES PACKETS ...", as /proc/net/dev has what an interface has received. */
static long loopback_packets(int dev)
{
	char text[4096];
	ssize_t length = pread(dev, text, sizeof(text) - 1, 0);
	const char *lo;
	char *end;

	text[length > 0 ? length : 0] = '\0';
	lo = strstr(text, " lo:");
	if (!lo)
		broken("cannot read how much a host has sent to itself");
	(void)strtol(lo + strlen(" lo:"), &end, 10);
	return strtol(end, NULL, 10);
}

/* ---- one reading of both hosts ------------------------------------------------------------- */

static long counted_so_far(void *counters, const char *counter)
{
	return counters_since_open(counters, counter);
}

static bool has_lost_a_socket(const struct watch *watch, enum host host)
{
	const struct known_host *known = &watch->samples.hosts[host];
	const struct seen_sockets *seen = crowd_seen(watch->crowd, host);
	int live = 0;

	for (int i = 0; i < known->count; i++)
		live += known->sockets[i].state != NO_SOCKET;
	for (int i = 0; i < seen->count; i++)
		live -= seen->sockets[i].diag.state != LISTEN;
	return live > 0;
}

/*
 * tcp_connect() counts a connection when its SYN has been sent: a client on another CPU may be
 * there still.
 */
static bool opens_are_counted(const struct watch *watch, enum host host)
{
	const struct known_host *known = &watch->samples.hosts[host];
	const struct seen_sockets *seen = crowd_seen(watch->crowd, host);
	long opened = known->count;

	for (int i = 0; i < seen->count; i++)
		opened += seen->sockets[i].diag.state != LISTEN &&
			  place_of(known->places, seen->sockets[i].diag.cookie) < 0;
	return opened <= counters_since_open(watch->counters[host], "Tcp.ActiveOpens");
}

/* Whether a host's counters tell of the sockets that it has, those that were not listed too. */
static bool sockets_agree(const struct watch *watch, enum host host)
{
	const struct seen_sockets *seen = crowd_seen(watch->crowd, host);
	long established = 0;

	for (int i = 0; i < seen->count; i++)
		established += seen->sockets[i].diag.state == ESTABLISHED ||
			       seen->sockets[i].diag.state == CLOSE_WAIT;
	if (counters_since_open(watch->counters[host], "Tcp.CurrEstab") != established)
		return false;
	return host == SERVER || !watch->scenario || opens_are_counted(watch, host);
}

static bool has_a_timer_due(const struct known_host *known, nsec now)
{
	for (int i = 0; i < known->count; i++)
		if (known->sockets[i].due && known->sockets[i].due - TIMER_GRAIN <= now)
			return true;
	return false;
}

/* Floods come by unseen, and what they leave behind has timers that nobody keeps. */
static bool is_quiet_there(const struct watch *watch, enum host host, const struct scope *scope)
{
	const struct known_host *known = &watch->samples.hosts[host];
	bool has_come = scope->cause && scope->at & AT(host);

	return !has_come && !scope->all && !watch->flooded && !watch->scenario &&
	       !crowd_touched(watch->crowd, host) &&
	       known->departures == watch->sightings.unread[host].count &&
	       !has_a_timer_due(known, watch_now(watch));
}

/* What somebody else's program sends to itself is in its host's counters, and in no capture. */
static bool talks_to_itself(struct watch *watch, enum host host)
{
	long packets;

	if (!watch->scenario || watch->aside[host])
		return watch->aside[host];
	packets = loopback_packets(watch->loopback[host]);
	watch->aside[host] = packets > 0;
	if (watch->aside[host])
		note(watch,
		     (struct event){ .kind = EVENT_FACT,
				     .name = host == SERVER ? "loopback" : "loopback of the client",
				     .value = packets });
	return watch->aside[host];
}

static bool host_agrees(struct watch *watch, enum host host)
{
	if (judge_agrees(watch->judge, host, counted_so_far, watch->counters[host]) &&
	    (watch->samples.hosts[host].looked != LISTED || sockets_agree(watch, host)))
		return true;
	return talks_to_itself(watch, host);
}

/*
 * Reads the counters of both hosts and the sockets of the one where something happened; where the
 * other's counters moved its sockets, too. Of a quiet one it reads what tells whether it is.
 * True when what it found and the captures tell of the same segments and sockets.
 */
static bool read_hosts(struct watch *watch, const struct scope *scope)
{
	struct known_host *known = watch->samples.hosts;
	nsec began = watch_now(watch);
	bool agree = true;

	for (int host = 0; host < HOSTS; host++) {
		known[host].looked =
			crowd_read(watch->crowd,
				   &(struct crowd_reading){
					   .host = (enum host)host,
					   .here = scope->at & AT(host),
					   .whole = scope->whole || watch->flooding,
					   .quiet = is_quiet_there(watch, (enum host)host, scope),
					   .flow = scope->flow,
					   .counters = watch->counters[host] });
		/* A timer may have fired between the two, with no segment that would show it. */
		if (known[host].looked == LISTED && (has_lost_a_socket(watch, (enum host)host) ||
						     has_a_timer_due(&known[host], began)))
			agree &= counters_stand(watch->counters[host]);
	}
	drain_captures(watch);
	for (int host = 0; host < HOSTS; host++)
		agree &= host_agrees(watch, (enum host)host);
	return agree;
}

/* ---- compared with the last one ------------------------------------------------------------ */

/* NULL: it is a scenario's, and a later sample knows whose it is. */
static struct known_socket *know(struct watch *watch, enum host host,
				 const struct diag_socket *socket)
{
	struct known_host *known = &watch->samples.hosts[host];
	int place = place_of(known->places, socket->cookie), flow;

	if (place >= 0)
		return &known->sockets[place];
	flow = flow_of_socket(watch,
			      &(struct seen_at){ .host = host,
						 .socket = socket,
						 .at = crowd_seen(watch->crowd, host)->asked });
	if (!flow && watch->scenario)
		return NULL;
	places_add(known->places, socket->cookie, known->count);
	known->sockets = GROWN(known->sockets, known->count);
	known->sockets[known->count] =
		(struct known_socket){ .cookie = socket->cookie, .flow = flow };
	return &known->sockets[known->count++];
}

/* A scenario's sample may be about many segments: each change is put down to its flow's own. */
static long cause_for(const struct sampling *sampling, int flow)
{
	return sampling->watch->scenario ? latest_of(sampling->watch, sampling->host, flow)
					 : sampling->cause;
}

static void note_socket(const struct sampling *sampling, struct known_socket *known,
			enum tcp_state state)
{
	note(sampling->watch, (struct event){ .kind = EVENT_SOCKET,
					      .at = sampling->at,
					      .host = sampling->host,
					      .flow = known->flow,
					      .packet = cause_for(sampling, known->flow),
					      .cookie = known->cookie,
					      .was = known->state,
					      .state = state,
					      .retrans = known->retrans,
					      .fires = known->fires });
	known->state = state;
}

static bool is_connected(enum tcp_state state)
{
	return state != NO_SOCKET && state != SYN_SENT && state != SYN_RECV &&
	       state != CHILD_SYN_RECV && state != TIME_WAIT;
}

/* What a connection that has come about goes by, accepted or not. */
static void note_agreement(const struct sampling *sampling, const struct known_socket *known)
{
	struct watch *watch = sampling->watch;
	const struct end_of_flow end = { sampling->host, known->flow, known->cookie };
	struct agreement agreement;

	if (crowd_agreement(watch->crowd, &end, &agreement))
		note(watch, (struct event){ .kind = EVENT_INFO,
					    .at = sampling->at,
					    .host = sampling->host,
					    .flow = known->flow,
					    .packet = cause_for(sampling, known->flow),
					    .agreement = agreement });
}

static void compare_socket(const struct sampling *sampling, struct seen_socket *seen)
{
	struct watch *watch = sampling->watch;
	const struct diag_socket *socket = &seen->diag;
	struct known_socket *known = know(watch, sampling->host, socket);
	bool request = socket->state == SYN_RECV, rearmed, connects;

	if (!known)
		return;
	if (socket->expires_ms == NO_TIMER)
		known->due = 0;
	else if (socket->expires_ms > 0 || !known->due) /* of one that is overdue sock_diag has 0 */
		known->due = crowd_seen(watch->crowd, sampling->host)->asked - watch->zero +
			     MSEC(socket->expires_ms);
	rearmed = request && known->state == SYN_RECV && known->due - known->fires > REARMED;
	known->seen_in = watch->samples.count;
	seen->known = (int)(known - watch->samples.hosts[sampling->host].sockets);
	if (!request || known->state != SYN_RECV || rearmed) {
		known->retrans = request ? socket->retrans : 0;
		known->fires = request ? known->due : 0;
	}
	connects = is_connected(socket->state) && !is_connected(known->state);
	if (known->state != socket->state || rearmed)
		note_socket(sampling, known, socket->state);
	if (connects && !crowd_is_told_late(watch->crowd))
		note_agreement(sampling, known);
}

/* The first listener that there was on the port. */
static struct known_listener *first_on(struct samples *samples, int port)
{
	int first = 0;

	while (samples->listeners[first].port != port)
		first++;
	return &samples->listeners[first];
}

/* How many half-open requests of all who listen on the port are a flood's. */
static int compare_strangers(const struct sampling *sampling, int port)
{
	struct known_listener *listener = first_on(&sampling->watch->samples, port);
	const struct seen_sockets *seen = crowd_seen(sampling->watch->crowd, SERVER);
	int now = 0, before = listener->flood_requests;

	for (int i = 0; i < seen->flood_count; i++)
		now += seen->flooded[i] == port;
	listener->flood_requests = now;
	if (now != before)
		note(sampling->watch, (struct event){ .kind = EVENT_FLOOD,
						      .at = sampling->at,
						      .host = SERVER,
						      .name = "requests",
						      .packet = sampling->cause,
						      .listener = listener->key,
						      .delta = now - before });
	return now;
}

/* The case knows its own sockets; of another process's it knows the port, and takes the first. */
static struct known_listener *listener_of_socket(struct samples *samples,
						 const struct diag_socket *socket)
{
	struct known_listener *foreign = NULL;

	for (int i = 0; i < samples->listener_count; i++) {
		struct known_listener *listener = &samples->listeners[i];

		if (listener->cookie == socket->cookie)
			return listener;
		if (!foreign && !listener->cookie && listener->port == socket->port)
			foreign = listener;
	}
	if (foreign)
		foreign->cookie = socket->cookie;
	return foreign;
}

static void compare_drops(const struct sampling *sampling, struct known_listener *listener,
			  long drops)
{
	if (drops != listener->drops)
		note(sampling->watch, (struct event){ .kind = EVENT_DROPS,
						      .at = sampling->at,
						      .packet = sampling->cause,
						      .listener = listener->key,
						      .delta = drops - listener->drops,
						      .value = drops });
	listener->drops = drops;
}

static void compare_listener(const struct sampling *sampling, const struct diag_socket *socket)
{
	struct watch *watch = sampling->watch;
	const struct seen_sockets *seen = crowd_seen(watch->crowd, SERVER);
	struct depths now = { .accept = socket->queued, .limit = socket->limit };
	struct known_listener *listener = listener_of_socket(&watch->samples, socket);

	if (!listener)
		return;
	listener->seen_in = watch->samples.count;
	compare_drops(sampling, listener, socket->drops);
	now.syn = compare_strangers(sampling, listener->port);
	for (int i = 0; i < seen->count; i++)
		now.syn += seen->sockets[i].diag.state == SYN_RECV &&
			   seen->sockets[i].diag.port == listener->port;
	if (listener->known && memcmp(&listener->depths, &now, sizeof(now)) == 0)
		return;
	listener->known = true;
	listener->depths = now;
	note(watch, (struct event){ .kind = EVENT_QUEUE,
				    .at = sampling->at,
				    .packet = sampling->cause,
				    .listener = listener->key,
				    .accept = now.accept,
				    .limit = now.limit,
				    .syn = now.syn });
}

/* Those that the last sample has found and this one has not. */
static void note_gone_listeners(const struct sampling *sampling)
{
	struct samples *samples = &sampling->watch->samples;

	for (int i = 0; i < samples->listener_count; i++) {
		struct known_listener *listener = &samples->listeners[i];

		if (!listener->known || listener->seen_in == samples->count)
			continue;
		listener->known = false;
		note(sampling->watch, (struct event){ .kind = EVENT_QUEUE,
						      .at = sampling->at,
						      .packet = sampling->cause,
						      .name = "gone",
						      .listener = listener->key });
	}
}

static void note_counter(void *argument, const char *name, long delta, long value)
{
	const struct sampling *sampling = argument;

	note(sampling->watch, (struct event){ .kind = EVENT_COUNTER,
					      .at = sampling->at,
					      .host = sampling->host,
					      .packet = sampling->cause,
					      .name = name,
					      .delta = delta,
					      .value = value });
}

static void compare_host(const struct sampling *sampling)
{
	struct samples *samples = &sampling->watch->samples;
	struct known_host *host = &samples->hosts[sampling->host];
	struct seen_sockets *seen = crowd_seen(sampling->watch->crowd, sampling->host);

	for (int i = 0; i < seen->count; i++)
		if (seen->sockets[i].anew && seen->sockets[i].diag.state != LISTEN)
			compare_socket(sampling, &seen->sockets[i]);
		else if (seen->sockets[i].diag.state != LISTEN)
			host->sockets[seen->sockets[i].known].seen_in = samples->count;
	for (int i = 0; i < host->count; i++) {
		struct known_socket *known = &host->sockets[i];

		if (known->seen_in == samples->count || known->state == NO_SOCKET)
			continue;
		known->fires = known->due = 0;
		note_socket(sampling, known, NO_SOCKET);
	}
	for (int i = 0; i < seen->count; i++)
		if (seen->sockets[i].diag.state == LISTEN && sampling->host == SERVER)
			compare_listener(sampling, &seen->sockets[i].diag);
	if (sampling->host == SERVER)
		note_gone_listeners(sampling);
}

/* ---- samples ------------------------------------------------------------------------------- */

/* Once for each sample: a wait asks for the next one all the time, and a crowd has thousands. */
static void note_timers(struct samples *samples)
{
	samples->was_due = 0;
	samples->first_due = INT64_MAX;
	for (int host = 0; host < HOSTS; host++)
		for (int i = 0; i < samples->hosts[host].count; i++) {
			nsec eve = samples->hosts[host].sockets[i].due - TIMER_GRAIN;

			if (eve > samples->last && eve < samples->first_due)
				samples->first_due = eve;
			else if (eve <= samples->last && eve > samples->was_due)
				samples->was_due = eve;
		}
}

static nsec longest_disagreement(const struct watch *watch)
{
	return watch->scenario && !watch->finished ? PASSING : DISAGREEMENT;
}

/*
 * A timer of another CPU may be at work in this very moment: then all is read again, until counters
 * and captures agree.
 */
void sample(struct watch *watch, struct scope scope)
{
	struct retry retry = retry_for(longest_disagreement(watch));
	nsec began = watch_now(watch);
	struct sampling sampling = { .watch = watch, .cause = scope.cause };
	bool agree;
	long first;

	while (!(agree = read_hosts(watch, &scope)) && !watch_finding(watch) && retry_now(&retry))
		scope = (struct scope){
			.at = AT_BOTH, .cause = scope.cause, .whole = true, .all = true
		};
	retry_end(&retry, agree);
	/* what was sent just now, and is not read from the wire yet, has its sample too */
	first = crowd_sampled(watch->crowd, watch->sightings.packets, scope.whole);
	if (!sampling.cause)
		sampling.cause = first;
	watch->samples.count++;
	sampling.at = watch_now(watch);
	for (int host = 0; host < HOSTS; host++) {
		struct known_host *known = &watch->samples.hosts[host];

		sampling.host = (enum host)host;
		known->behind = known->looked == LEFT_OUT;
		if (!known->behind)
			known->departures = watch->sightings.unread[host].count;
		if (known->looked == LISTED)
			compare_host(&sampling);
	}
	for (int host = 0; host < HOSTS; host++) {
		sampling.host = (enum host)host;
		counters_accept(watch->counters[host], note_counter, &sampling);
	}
	note(watch, (struct event){ .kind = EVENT_SAMPLE,
				    .at = sampling.at,
				    .name = agree || !watch->scenario ? NULL : "passing",
				    .packet = sampling.cause });
	watch->samples.last = watch_now(watch);
	watch->samples.took = watch->samples.last - began;
	note_timers(&watch->samples);
}

void sample_segment(struct watch *watch, struct scope scope)
{
	const struct samples *samples = &watch->samples;
	nsec tick =
		CROWD_SHARE * samples->took > CROWD_TICK ? CROWD_SHARE * samples->took : CROWD_TICK;

	if (!scope.middle && !crowd_is_told_late(watch->crowd))
		sample(watch, scope);
	else if (watch_now(watch) - samples->last > tick)
		sample(watch, (struct scope){ .at = AT_BOTH, .whole = true });
}

void sample_the_rest(struct watch *watch)
{
	if (crowd_is_behind(watch->crowd) || watch->samples.hosts[CLIENT].behind ||
	    watch->samples.hosts[SERVER].behind)
		sample(watch, (struct scope){ .at = AT_BOTH, .whole = true, .all = true });
}

/*
 * Soon after something has happened or was due, and the later the longer that is ago. A sample is
 * taken right before a timer that is known is due: then what is found afterwards was not early.
 */
nsec next_sample(const struct watch *watch)
{
	const struct samples *samples = &watch->samples;
	nsec last = samples->last, since = watch->happened, tick;

	since = samples->was_due > since ? samples->was_due : since;
	tick = (last - since) / SILENCE_SHARE;
	tick = tick > TICK ? tick : TICK;
	return last + tick < samples->first_due ? last + tick : samples->first_due;
}

/* ---- what they are asked for --------------------------------------------------------------- */

/* Of a listener whose socket listens on another port by now. */
#define NO_COOKIE UINT64_MAX

void add_listener(struct watch *watch, const struct event *event)
{
	struct samples *samples = &watch->samples;

	for (int i = 0; i < samples->listener_count; i++) {
		if (samples->listeners[i].key == event->listener)
			return;
		if (event->cookie && samples->listeners[i].cookie == event->cookie)
			samples->listeners[i].cookie = NO_COOKIE;
	}
	if (samples->listener_count == (int)ARRAY_LENGTH(samples->listeners))
		broken("more than %zu listeners in a case", ARRAY_LENGTH(samples->listeners));
	samples->listeners[samples->listener_count++] = (struct known_listener){
		.key = event->listener, .port = event_port(event), .cookie = event->cookie
	};
}

int watch_listeners(const struct watch *watch, int port, struct seen_listener *found, int room)
{
	const struct seen_sockets *seen = crowd_seen(watch->crowd, SERVER);
	int count = 0;

	for (int i = 0; i < seen->count && count < room; i++) {
		const struct diag_socket *socket = &seen->sockets[i].diag;

		if (socket->state == LISTEN && (!port || socket->port == port))
			found[count++] = (struct seen_listener){ .cookie = socket->cookie,
								 .inode = socket->inode,
								 .port = socket->port,
								 .limit = socket->limit,
								 .reachable = socket->reachable };
	}
	return count;
}

const struct known_listener *known_listener(const struct watch *watch, int key)
{
	for (int i = 0; i < watch->samples.listener_count; i++)
		if (watch->samples.listeners[i].key == key && watch->samples.listeners[i].known)
			return &watch->samples.listeners[i];
	return NULL;
}

uint64_t cookie_of(const struct watch *watch, int flow, enum host host)
{
	const struct known_host *known = &watch->samples.hosts[host];

	for (int i = 0; i < known->count; i++)
		if (known->sockets[i].flow == flow && known->sockets[i].state != NO_SOCKET)
			return known->sockets[i].cookie;
	return 0;
}

bool has_timer(const struct watch *watch, int flow, enum host host)
{
	const struct known_host *known = &watch->samples.hosts[host];

	for (int i = 0; i < known->count; i++)
		if (known->sockets[i].flow == flow && known->sockets[i].due)
			return true;
	return false;
}

void samples_open(struct watch *watch)
{
	watch->samples.first_due = INT64_MAX;
	for (int host = 0; host < HOSTS; host++)
		watch->samples.hosts[host].places = places_new();
}

void samples_close(struct watch *watch)
{
	for (int host = 0; host < HOSTS; host++) {
		places_free(watch->samples.hosts[host].places);
		free(watch->samples.hosts[host].sockets);
	}
}
