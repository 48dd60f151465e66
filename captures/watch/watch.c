/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watch joins what the gate moves with what taps, sock_diag and counters show, in one journal.
 *
 * Everything happens in the case's own thread: the hosts' kernels work while the gate hands them
 * a segment, on this CPU, and are done when it takes a sample. So each segment has a state of its
 * own.
 */
#include "captures/watch/crowd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

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

struct known_socket {
	uint64_t cookie;
	enum tcp_state state;
	int flow, retrans;
	unsigned seen_in; /* number of the sample that saw it last */
	nsec fires;       /* of a request, as the journal has it */
	nsec due;         /* of whatever timer it has, as last seen; 0: none */
};

struct known_listener {
	int port;
	struct depths depths;
	int flood_requests; /* of the half-open requests: a flood's */
	bool known;
};

/* A segment on its way from one host to the other, as the gate has it. */
struct passing {
	long packet; /* 0: it is none */
	int flow;
	nsec sent;
	unsigned arrivals, copies;
	bool held, gone;
};

/* Segments that were seen leaving a host and are not yet read by the gate. */
struct unread {
	struct passing *queue;
	int begin, end;
};

struct watch {
	struct net *net;
	struct journal *journal;
	struct judge *judge;
	fate_rule *gate;
	void *context;
	nsec zero, waited;
	nsec sampled_at, happened; /* see next_sample() */
	int family;
	struct tap *taps[HOSTS];
	struct counters *counters[HOSTS];
	struct crowd *crowd;
	bool listed[HOSTS]; /* in the sample in work */
	struct known_socket *known[HOSTS];
	int known_count[HOSTS], known_last[HOSTS]; /* found by the last know() */
	unsigned samples;
	struct known_listener listeners[32];
	int listener_count;
	int flow_of_port[65536]; /* by the client's port */
	long packets;
	struct unread unread[HOSTS];
	struct passing *frames; /* by the gate's number; [0] is no segment */
	uint64_t frame_count;
	const struct frame *arriving; /* whose arrival the taps are about to show */
	long arriving_packet;
	int arriving_flow;
	bool arrival_seen, finished;
	unsigned under_way; /* in netem */
	bool flooded, flooding;
	uint64_t answers;  /* to floods, so far */
	long settings[32]; /* as they were told last */
	bool settings_told;
};

nsec watch_now(const struct watch *watch)
{
	return clock_now() - watch->zero;
}

static const struct event *note(struct watch *watch, struct event event)
{
	const struct event *added;

	if (event.at == 0)
		event.at = watch_now(watch);
	if (event.kind != EVENT_SAMPLE)
		watch->happened = event.at;
	added = journal_append(watch->journal, &event);
	if (judge_event(watch->judge, added))
		stall_end();
	return added;
}

static void sample_the_rest(struct watch *watch);

void watch_note(struct watch *watch, struct event event)
{
	/* What is expected of one flow was sampled with its own segments and calls. */
	if (event.kind == EVENT_STEP || (event.kind == EVENT_EXPECT && !event.flow))
		sample_the_rest(watch);
	crowd_note(watch->crowd, &event);
	if (event.kind == EVENT_LISTENER) {
		if (watch->listener_count == (int)ARRAY_LENGTH(watch->listeners))
			broken("more than %zu listeners in a case", ARRAY_LENGTH(watch->listeners));
		watch->listeners[watch->listener_count++] =
			(struct known_listener){ .port = event.listener };
	}
	note(watch, event);
}

const struct finding *watch_finding(const struct watch *watch)
{
	return judge_finding(watch->judge);
}

nsec watch_waited(const struct watch *watch)
{
	return watch->waited;
}

void watch_check_losses(struct watch *watch)
{
	autofree char *losses = wire_losses(watch->net);

	if (losses)
		broken("%s", losses);
	for (int host = 0; host < HOSTS; host++)
		if (tap_lost(watch->taps[host]))
			broken("the %s's capture lost %u frames: nothing can be said of this run",
			       host_name((enum host)host), tap_lost(watch->taps[host]));
}

/* ---- settings ------------------------------------------------------------------------------ */

static void note_setting(void *argument, size_t number, long value)
{
	struct watch *watch = argument;

	if (number >= ARRAY_LENGTH(watch->settings))
		broken("more than %zu settings of a server", ARRAY_LENGTH(watch->settings));
	if (watch->settings_told && watch->settings[number] == value)
		return;
	watch->settings[number] = value;
	note(watch, (struct event){ .kind = EVENT_SETTING,
				    .host = SERVER,
				    .name = judge_setting_name(number, watch->family),
				    .value = value });
}

void watch_settings(struct watch *watch)
{
	settings_read(watch->net, watch->family, note_setting, watch);
	watch->settings_told = true;
}

/* ---- flows --------------------------------------------------------------------------------- */

int watch_flow(struct watch *watch, struct flow_id id)
{
	int flow = crowd_add_flow(watch->crowd, &id);

	watch->flow_of_port[address_port(&id.client)] = flow;
	note(watch, (struct event){ .kind = EVENT_FLOW,
				    .flow = flow,
				    .name = id.name,
				    .listener = id.listener,
				    .injected = id.raw });
	return flow;
}

/* ---- segments ------------------------------------------------------------------------------ */

static bool is_unread(const struct watch *watch, enum host host)
{
	return watch->unread[host].begin < watch->unread[host].end;
}

static struct passing take_unread(struct unread *unread)
{
	return unread->queue[unread->begin++];
}

static void queue_unread(struct unread *unread, const struct event *event)
{
	if (unread->begin == unread->end)
		unread->begin = unread->end = 0;
	unread->queue = GROWN(unread->queue, unread->end);
	unread->queue[unread->end++] =
		(struct passing){ .packet = event->packet, .flow = event->flow, .sent = event->at };
}

static void take_sighting(void *argument, const struct sighting *sighting)
{
	struct watch *watch = argument;
	const struct segment *segment = &sighting->parsed->segment;
	enum host host = sighting->host;
	enum host from = sighting->outgoing == (host == CLIENT) ? CLIENT : SERVER;
	struct event event = {
		.kind = EVENT_PACKET,
		.at = sighting->at - watch->zero,
		.host = host,
		.from = from,
		.segment = *segment,
		.flow = watch->flow_of_port[from == CLIENT ? segment->source_port
							   : segment->destination_port],
	};

	if (sighting->outgoing) {
		event.packet = ++watch->packets;
		queue_unread(&watch->unread[host], &event);
	} else if (watch->arriving && !watch->arrival_seen) {
		watch->arrival_seen = true;
		event.injected = watch->arriving->injected;
		event.copy = watch->arriving->copy;
		if (event.injected)
			watch->arriving_packet = ++watch->packets;
		event.packet = watch->arriving_packet;
		watch->arriving_flow = event.flow;
	} else {
		broken("the %s captured a segment that the gate did not deliver", host_name(host));
	}
	note(watch, event);
}

static void count_answers(struct watch *watch)
{
	uint64_t before = watch->answers;

	watch->answers = wire_flood_answers(watch->net);
	if (watch->answers != before)
		note(watch, (struct event){ .kind = EVENT_FLOOD,
					    .host = SERVER,
					    .name = "answers",
					    .value = (long)(watch->answers - before) });
}

static void drain(struct watch *watch)
{
	for (int host = 0; host < HOSTS; host++)
		tap_drain(watch->taps[host], take_sighting, watch);
	if (watch->flooded)
		count_answers(watch);
}

/* ---- sampling ------------------------------------------------------------------------------ */

/* Sets of hosts. */
#define AT(host) (1u << (host))
#define AT_BOTH  (AT(CLIENT) | AT(SERVER))

/* What to sample, and why. */
struct scope {
	unsigned at;
	long cause; /* a packet; 0: none */
	int flow;   /* the packet's */
	bool whole; /* also at every one of a crowd */
};

struct sampling {
	struct watch *watch;
	enum host host;
	long cause;
	nsec at;
};

/* ---- one reading of both hosts ------------------------------------------------------------- */

static long counted_so_far(void *counters, const char *counter)
{
	return counters_since_open(counters, counter);
}

/* A timer may have ended one after the counters were read, with no segment that would show it. */
static bool has_lost_a_socket(const struct watch *watch, enum host host)
{
	const struct seen_sockets *seen = crowd_seen(watch->crowd, host);
	int live = 0;

	for (int i = 0; i < watch->known_count[host]; i++)
		live += watch->known[host][i].state != NO_SOCKET;
	for (int i = 0; i < seen->count; i++)
		live -= seen->sockets[i].diag.state != LISTEN;
	return live > 0;
}

/* Whether a host's counters tell of the sockets that it has, those that were not listed too. */
static bool sockets_agree(const struct seen_sockets *seen, const struct counters *counters)
{
	long established = 0;

	for (int i = 0; i < seen->count; i++)
		established += seen->sockets[i].diag.state == ESTABLISHED ||
			       seen->sockets[i].diag.state == CLOSE_WAIT;
	return counters_since_open(counters, "Tcp.CurrEstab") == established;
}

/*
 * Reads the sockets of the host where something happened, the counters of both, and where those
 * moved that host's sockets too (listing many sockets is what a sample costs).
 * True when what it found and the captures tell of the same segments and sockets.
 */
static bool read_hosts(struct watch *watch, const struct scope *scope)
{
	bool agree = true;

	for (int host = 0; host < HOSTS; host++) {
		watch->listed[host] = crowd_read(
			watch->crowd,
			&(struct crowd_reading){ .host = (enum host)host,
						 .here = scope->at & AT(host),
						 .whole = scope->whole || watch->flooding,
						 .flow = scope->flow,
						 .counters = watch->counters[host] });
		if (watch->listed[host] && has_lost_a_socket(watch, (enum host)host))
			agree &= counters_stand(watch->counters[host]);
	}
	drain(watch);
	for (int host = 0; host < HOSTS; host++) {
		agree &= judge_agrees(watch->judge, (enum host)host, counted_so_far,
				      watch->counters[host]);
		if (watch->listed[host])
			agree &= sockets_agree(crowd_seen(watch->crowd, (enum host)host),
					       watch->counters[host]);
	}
	return agree;
}

static struct known_socket *know(struct watch *watch, enum host host,
				 const struct diag_socket *socket)
{
	struct known_socket *known = watch->known[host];
	int peer = host == CLIENT ? socket->port : socket->peer_port;

	/* A dump lists sockets in much the same order as the one before: the next is likely it. */
	for (int i = 1; i <= watch->known_count[host]; i++) {
		int place = (watch->known_last[host] + i) % watch->known_count[host];

		if (known[place].cookie == socket->cookie) {
			watch->known_last[host] = place;
			return &known[place];
		}
	}
	known = GROWN(known, watch->known_count[host]);
	watch->known[host] = known;
	known += watch->known_count[host]++;
	*known = (struct known_socket){ .cookie = socket->cookie,
					.flow = watch->flow_of_port[peer] };
	return known;
}

static void note_socket(const struct sampling *sampling, struct known_socket *known,
			enum tcp_state state)
{
	note(sampling->watch, (struct event){ .kind = EVENT_SOCKET,
					      .at = sampling->at,
					      .host = sampling->host,
					      .flow = known->flow,
					      .packet = sampling->cause,
					      .cookie = known->cookie,
					      .was = known->state,
					      .state = state,
					      .retrans = known->retrans,
					      .fires = known->fires });
	known->state = state;
}

static bool is_connected(enum tcp_state state)
{
	return state != NO_SOCKET && state != SYN_SENT && state != SYN_RECV && state != TIME_WAIT;
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
					    .packet = sampling->cause,
					    .agreement = agreement });
}

static void compare_socket(const struct sampling *sampling, struct seen_socket *seen)
{
	struct watch *watch = sampling->watch;
	const struct diag_socket *socket = &seen->diag;
	struct known_socket *known = know(watch, sampling->host, socket);
	bool request = socket->state == SYN_RECV, rearmed, connects;

	if (socket->expires_ms == NO_TIMER)
		known->due = 0;
	else if (socket->expires_ms > 0 || !known->due) /* of one that is overdue sock_diag has 0 */
		known->due = crowd_seen(watch->crowd, sampling->host)->asked - watch->zero +
			     MSEC(socket->expires_ms);
	rearmed = request && known->state == SYN_RECV && known->due - known->fires > REARMED;
	known->seen_in = watch->samples;
	seen->known = (int)(known - watch->known[sampling->host]);
	if (!request || known->state != SYN_RECV || rearmed) {
		known->retrans = request ? socket->retrans : 0;
		known->fires = request ? known->due : 0;
	}
	connects = is_connected(socket->state) && !is_connected(known->state);
	if (known->state != socket->state || rearmed)
		note_socket(sampling, known, socket->state);
	if (connects)
		note_agreement(sampling, known);
}

/* How many of the listener's half-open requests are a flood's. */
static int compare_strangers(const struct sampling *sampling, struct known_listener *listener)
{
	const struct seen_sockets *seen = crowd_seen(sampling->watch->crowd, SERVER);
	int now = 0, before = listener->flood_requests;

	for (int i = 0; i < seen->flood_count; i++)
		now += seen->flooded[i] == listener->port;
	listener->flood_requests = now;
	if (now != before)
		note(sampling->watch, (struct event){ .kind = EVENT_FLOOD,
						      .at = sampling->at,
						      .host = SERVER,
						      .name = "requests",
						      .packet = sampling->cause,
						      .listener = listener->port,
						      .delta = now - before });
	return now;
}

static void compare_listener(const struct sampling *sampling, const struct diag_socket *socket)
{
	struct watch *watch = sampling->watch;
	const struct seen_sockets *seen = crowd_seen(watch->crowd, SERVER);
	struct depths now = { .accept = socket->queued, .limit = socket->limit };
	struct known_listener *listener = NULL;

	for (int i = 0; i < watch->listener_count; i++)
		if (watch->listeners[i].port == socket->port)
			listener = &watch->listeners[i];
	if (!listener)
		return;
	now.syn = compare_strangers(sampling, listener);
	for (int i = 0; i < seen->count; i++)
		now.syn += seen->sockets[i].diag.state == SYN_RECV &&
			   seen->sockets[i].diag.port == socket->port;
	if (listener->known && memcmp(&listener->depths, &now, sizeof(now)) == 0)
		return;
	listener->known = true;
	listener->depths = now;
	note(watch, (struct event){ .kind = EVENT_QUEUE,
				    .at = sampling->at,
				    .packet = sampling->cause,
				    .listener = socket->port,
				    .accept = now.accept,
				    .limit = now.limit,
				    .syn = now.syn });
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
	struct watch *watch = sampling->watch;
	struct seen_sockets *seen = crowd_seen(watch->crowd, sampling->host);

	for (int i = 0; i < seen->count; i++)
		if (seen->sockets[i].anew && seen->sockets[i].diag.state != LISTEN)
			compare_socket(sampling, &seen->sockets[i]);
		else if (seen->sockets[i].diag.state != LISTEN)
			watch->known[sampling->host][seen->sockets[i].known].seen_in =
				watch->samples;
	for (int i = 0; i < watch->known_count[sampling->host]; i++) {
		struct known_socket *known = &watch->known[sampling->host][i];

		if (known->seen_in == watch->samples || known->state == NO_SOCKET)
			continue;
		known->fires = known->due = 0;
		note_socket(sampling, known, NO_SOCKET);
	}
	for (int i = 0; i < seen->count; i++)
		if (seen->sockets[i].diag.state == LISTEN && sampling->host == SERVER)
			compare_listener(sampling, &seen->sockets[i].diag);
}

/*
 * Takes a sample: journals what changed since the last one. A timer of another CPU may be at work
 * in this very moment: then all is read again, until counters and captures agree.
 */
static void sample(struct watch *watch, struct scope scope)
{
	struct retry retry = retry_for(DISAGREEMENT);
	struct sampling sampling = { .watch = watch, .cause = scope.cause };
	bool agree;
	long first;

	while (!(agree = read_hosts(watch, &scope)) && !watch_finding(watch) && retry_now(&retry))
		scope = (struct scope){ .at = AT_BOTH, .cause = scope.cause, .whole = true };
	retry_end(&retry, agree);
	/* what was sent just now, and is not read from the wire yet, has its sample too */
	first = crowd_sampled(watch->crowd, watch->packets, scope.whole);
	if (!sampling.cause)
		sampling.cause = first;
	watch->samples++;
	sampling.at = watch_now(watch);
	for (int host = 0; host < HOSTS; host++) {
		sampling.host = (enum host)host;
		if (watch->listed[host])
			compare_host(&sampling);
	}
	for (int host = 0; host < HOSTS; host++) {
		sampling.host = (enum host)host;
		counters_accept(watch->counters[host], note_counter, &sampling);
	}
	note(watch,
	     (struct event){ .kind = EVENT_SAMPLE, .at = sampling.at, .packet = sampling.cause });
	watch->sampled_at = watch_now(watch);
}

/* What samples of a part of a crowd have left out. */
static void sample_the_rest(struct watch *watch)
{
	if (crowd_is_behind(watch->crowd))
		sample(watch, (struct scope){ .at = AT_BOTH, .whole = true });
}

/*
 * When to sample although nothing has come by: soon after something has happened or was due, and
 * the later the longer that is ago. A sample is taken right before a timer that is known is due:
 * then what is found afterwards was not early.
 */
static nsec next_sample(const struct watch *watch)
{
	nsec since = watch->happened, first_due = INT64_MAX, tick;

	for (int host = 0; host < HOSTS; host++)
		for (int i = 0; i < watch->known_count[host]; i++) {
			nsec eve = watch->known[host][i].due - TIMER_GRAIN;

			if (eve > watch->sampled_at && eve < first_due)
				first_due = eve;
			else if (eve <= watch->sampled_at && eve > since)
				since = eve;
		}
	tick = (watch->sampled_at - since) / SILENCE_SHARE;
	tick = tick > TICK ? tick : TICK;
	return watch->sampled_at + tick < first_due ? watch->sampled_at + tick : first_due;
}

/* ---- what the gate tells ------------------------------------------------------------------- */

static bool is_tcp(const struct frame *frame)
{
	struct parsed parsed;

	return parse_frame(frame->bytes, frame->length, &parsed) == 0 &&
	       parsed.protocol == IPPROTO_TCP;
}

static struct passing *add_frame(struct watch *watch, uint64_t number)
{
	while (watch->frame_count <= number) {
		watch->frames = GROWN(watch->frames, watch->frame_count);
		watch->frames[watch->frame_count++] = (struct passing){ .packet = 0 };
	}
	return &watch->frames[number];
}

/* The frame was captured before the gate could read it, so its sighting is there or comes now. */
static void frame_sent(void *argument, const struct frame *frame)
{
	struct watch *watch = argument;
	struct retry retry = retry_for(WIRE_PATIENCE);
	struct passing *passing;

	if (!is_tcp(frame))
		return;
	while (!is_unread(watch, frame->from) && retry_now(&retry))
		drain(watch);
	retry_end(&retry, is_unread(watch, frame->from));
	if (!is_unread(watch, frame->from)) {
		watch_check_losses(watch);
		broken("the %s's capture lost a segment that the gate has read",
		       host_name(frame->from));
	}
	passing = add_frame(watch, frame->number);
	*passing = take_unread(&watch->unread[frame->from]);
	stall_seen(watch_now(watch) - passing->sent);
	/* what was captured before the last sample was part of what it saw */
	if (!crowd_has_followed(watch->crowd, passing->packet))
		sample(watch, (struct scope){ .at = AT(frame->from),
					      .cause = passing->packet,
					      .flow = passing->flow });
}

/* All that are no segments, or that were injected, are the first one, of which nobody asks. */
static struct passing *passing_of(struct watch *watch, const struct frame *frame)
{
	return &watch->frames[frame->number < watch->frame_count ? frame->number : 0];
}

static void note_gate(struct watch *watch, const struct passing *passing, const char *what)
{
	if (passing->packet)
		note(watch,
		     (struct event){ .kind = EVENT_GATE, .packet = passing->packet, .name = what });
}

static enum fate frame_judge(void *argument, const struct frame *frame)
{
	struct watch *watch = argument;
	struct passing *passing = passing_of(watch, frame);
	enum fate fate = watch->gate ? watch->gate(watch->context, frame) : FORWARD;

	if (fate == DUPLICATE) {
		passing->copies++;
		note_gate(watch, passing, "duplicated");
	}
	if ((fate == FORWARD || fate == DUPLICATE) && passing->packet)
		watch->under_way += fate == DUPLICATE ? 2 : 1;
	return fate;
}

/* Between the gate, which the kernel told that it took the frame, and the receiver's capture. */
static _Noreturn void lost_on_arrival(struct watch *watch, enum host receiver)
{
	watch_check_losses(watch);
	broken("a segment that the gate delivered did not come to the capture of the %s; softnet "
	       "dropped %llu frames of the whole machine meanwhile (net.core.netdev_max_backlog)",
	       host_name(receiver), (unsigned long long)net_softnet(watch->net).dropped);
}

static void frame_arrived(void *argument, const struct frame *frame)
{
	struct watch *watch = argument;
	struct retry retry = retry_for(WIRE_PATIENCE);
	struct passing *passing = passing_of(watch, frame);

	if (!is_tcp(frame))
		return;
	watch->arriving_packet = passing->packet;
	if (passing->held) {
		passing->held = false;
		note_gate(watch, passing, "released");
	}
	passing->arrivals++;
	if (!frame->injected && watch->under_way > 0)
		watch->under_way--;
	watch->arriving = frame;
	watch->arrival_seen = false;
	while (!watch->arrival_seen && retry_now(&retry))
		drain(watch);
	retry_end(&retry, watch->arrival_seen);
	watch->arriving = NULL;
	if (!watch->arrival_seen)
		lost_on_arrival(watch, other(frame->from));
	sample(watch, (struct scope){ .at = AT(other(frame->from)),
				      .cause = watch->arriving_packet,
				      .flow = watch->arriving_flow });
}

static void frame_lost(void *argument, const struct frame *frame, enum fate fate)
{
	struct watch *watch = argument;
	struct passing *passing = passing_of(watch, frame);

	passing->held = fate == HOLD;
	passing->gone = fate != HOLD;
	note_gate(watch, passing, fate == HOLD ? "held" : fate == TAKE ? "taken" : "dropped");
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* Until a frame can be read or @until has come. */
static void sleep_until(struct watch *watch, nsec until)
{
	struct pollfd frames = { .fd = wire_descriptor(watch->net), .events = POLLIN };

	if (until - clock_now() > MSEC(10))
		journal_flush(watch->journal);
	if (await_events(&frames, 1, until - clock_now()) < 0 && errno != EINTR)
		broken("cannot wait for frames: %s", strerror(errno));
}

/* What netem let fall will never arrive: say so once its queues are empty. */
static void note_lost_by_netem(struct watch *watch)
{
	for (uint64_t frame = 1; frame < watch->frame_count && watch->under_way; frame++) {
		struct passing *passing = &watch->frames[frame];

		if (!passing->packet || passing->arrivals > passing->copies || passing->gone ||
		    passing->held)
			continue;
		passing->gone = true;
		note_gate(watch, passing, "lost");
	}
	watch->under_way = 0;
}

/* Nothing waits in the gate, in netem or between a host and the gate. */
static bool is_quiet(struct watch *watch)
{
	drain(watch);
	if (is_unread(watch, CLIENT) || is_unread(watch, SERVER))
		return false;
	if (watch->under_way == 0)
		return true;
	if (wire_in_flight(watch->net) > 0)
		return false;
	note_lost_by_netem(watch);
	return true;
}

void watch_release(struct watch *watch)
{
	watch->under_way += wire_held(watch->net);
	wire_release(watch->net, 0);
	watch_settle(watch);
}

static void quieten(struct watch *watch)
{
	struct deadline deadline = deadline_in(SEC(30)), suspicion = deadline_in(SLACK);

	for (;;) {
		while (wire_turn(watch->net))
			;
		if (is_quiet(watch))
			break;
		if (deadline_passed(&suspicion)) {
			watch_check_losses(watch);
			suspicion = deadline_in(SLACK);
		}
		if (deadline_passed(&deadline))
			broken("the wire did not become quiet in %.0f s", seconds(deadline.span));
		sleep_until(watch, clock_now() + MSEC(1));
	}
}

void watch_settle(struct watch *watch)
{
	quieten(watch);
	if (!crowd_leaves_out(watch->crowd, watch->packets))
		sample(watch, (struct scope){ .at = AT_BOTH });
}

bool watch_has_timer(struct watch *watch, int flow, enum host host)
{
	quieten(watch);
	sample(watch, (struct scope){ .at = AT_BOTH, .whole = true });
	for (int i = 0; i < watch->known_count[host]; i++)
		if (watch->known[host][i].flow == flow && watch->known[host][i].due)
			return true;
	return false;
}

bool watch_has_counter(const struct watch *watch, enum host host, const char *name)
{
	return counters_have(watch->counters[host], name);
}

long watch_counter(struct watch *watch, enum host host, const char *name)
{
	counters_read(watch->counters[host]);
	return counters_since_open(watch->counters[host], name);
}

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
		until = next_sample(watch);

		if (wire_turn(watch->net))
			continue;
		if (watch_now(watch) >= until && is_quiet(watch)) {
			sample(watch, (struct scope){ .at = AT_BOTH, .whole = true });
			continue;
		}
		last = watch_now(watch) + deadline_left(&deadline);
		until = last < until ? last : until;
		if (wait.every && watch_now(watch) + wait.every < until)
			until = watch_now(watch) + wait.every;
		/* what the case does between two such sleeps it does in one go */
		if (!watch->under_way)
			stall_mark();
		sleep_until(watch, watch->zero + until);
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

bool watch_sees_listener(const struct watch *watch, int port)
{
	const struct seen_sockets *seen = crowd_seen(watch->crowd, SERVER);

	for (int i = 0; i < seen->count; i++)
		if (seen->sockets[i].diag.state == LISTEN && seen->sockets[i].diag.port == port)
			return true;
	return false;
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
	watch->gate = options.gate;
	watch->context = options.context;
	watch->zero = clock_now();
	taps_open(watch->taps, options.net, options.folder);
	watch->crowd = crowd_open(options.net, options.family);
	for (int host = 0; host < HOSTS; host++) {
		watch->counters[host] = counters_open(options.net, (enum host)host);
	}
	add_frame(watch, 0);
	wire_observe(options.net, (struct wire_observer){ .context = watch,
							  .sent = frame_sent,
							  .judge = frame_judge,
							  .arrived = frame_arrived,
							  .lost = frame_lost });
	note(watch, (struct event){ .kind = EVENT_BEGIN,
				    .at = 1,
				    .name = options.title,
				    .object = options.family == AF_INET6 ? "ipv6" : "ipv4",
				    .delta = SLACK,
				    .value = deadline_in(WIRE_PATIENCE).span,
				    .fires = longest_delay(options.wire),
				    .format = ARTIFACTS_FORMAT,
				    .lines = options.about });
	watch_settings(watch);
	return watch;
}

static void pass_sentinel(struct watch *watch, enum host host)
{
	const uint64_t mark = 0x68616c666f70656e; /* "halfopen" */
	struct retry retry = retry_for(WIRE_PATIENCE);

	wire_sentinel(watch->net, host, mark);
	while (!tap_has_seen(watch->taps[host], mark)) {
		if (!retry_now(&retry))
			broken("the sentinel did not come through the %s's capture",
			       host_name(host));
		drain(watch);
	}
}

void watch_finish(struct watch *watch)
{
	if (watch->finished)
		return;
	watch->finished = true;
	watch_settle(watch);
	sample_the_rest(watch);
	for (int host = 0; host < HOSTS; host++)
		pass_sentinel(watch, (enum host)host);
	watch_check_losses(watch);
	note(watch, (struct event){ .kind = EVENT_END });
}

void watch_keep_captures(struct watch *watch)
{
	taps_keep(watch->taps);
}

bool watch_close(struct watch *watch)
{
	bool ended;

	taps_close(watch->taps);
	for (int host = 0; host < HOSTS; host++) {
		counters_close(watch->counters[host]);
		free(watch->known[host]);
		free(watch->unread[host].queue);
	}
	ended = crowd_close(watch->crowd);
	free(watch->frames);
	free(watch);
	return ended;
}
