/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate.c: moves one frame at a time from host to host, as its judge says.
 */
#include "netns/internal.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <net/ethernet.h>
#include <string.h>

/* What a CPU's queue of frames takes without doubt (net.core.netdev_max_backlog is 1,000). */
#define AT_ONCE 500

static const char *const end_names[WIRE_ENDS] = { "wc", "ws", "n0", "n1" };

/* Where a frame that @host sent enters netem, and where it leaves the wire. */
static enum wire_end way_in(enum host from)
{
	return from == CLIENT ? N0 : N1;
}

static enum wire_end way_out(enum host from)
{
	return from == CLIENT ? WS : WC;
}

void gate_open(struct gate *gate, int control, bool netem)
{
	gate->netem = netem;
	for (int end = 0; end < (netem ? WIRE_ENDS : N0); end++) {
		offloads_off(control, end_names[end]);
		gate->index[end] = interface_index(control, end_names[end]);
	}
	TAILQ_INIT(&gate->waiting);
	TAILQ_INIT(&gate->held);
	for (int i = 0; i < HOSTS; i++)
		TAILQ_INIT(&gate->flying[i]);
	gate->bypasses = true;
	gate->socket = gate_socket();
	if (netem)
		gate->netlink = route_socket();
}

void gate_close(struct gate *gate)
{
	frames_forget(&gate->waiting);
	frames_forget(&gate->held);
	for (int i = 0; i < HOSTS; i++)
		frames_forget(&gate->flying[i]);
	if (gate->netlink)
		mnl_socket_close(gate->netlink);
	close(gate->socket);
}

/* ---- what happens to a frame --------------------------------------------------------------- */

void wire_observe(struct net *net, struct wire_observer observer)
{
	net->gate.observer = observer;
}

/* To the receivers' interfaces, all of them before any is told to have arrived. */
static void deliver_all(struct gate *gate, struct frame *const *frames, size_t count)
{
	const struct wire_observer *observer = &gate->observer;

	for (size_t i = 0; i < count && observer->coming; i++)
		observer->coming(observer->context, frames[i]);
	for (size_t i = 0; i < count; i++)
		gate_send(gate, way_out(frames[i]->from), frames[i]);
	gate_settle(gate);
	for (size_t i = 0; i < count && observer->arrived; i++)
		observer->arrived(observer->context, frames[i]);
}

static void deliver(struct gate *gate, struct frame *frame)
{
	deliver_all(gate, &frame, 1);
}

/* Towards the receiver; takes the frame. */
static void forward(struct gate *gate, struct frame *frame)
{
	if (gate->netem) {
		flight_add(gate, frame);
		gate_send(gate, way_in(frame->from), frame);
	} else {
		deliver(gate, frame);
		free(frame);
	}
}

static void hold(struct gate *gate, struct frame *frame)
{
	(void)frames_keep(&gate->held, frame);
	gate->held_count++;
}

static void duplicate(struct gate *gate, struct frame *frame)
{
	struct frame *copy = frame_new(frame, frame->bytes, frame->length);

	copy->copy = true;
	forward(gate, frame);
	forward(gate, copy);
}

/* Takes the frame. */
static void lose(struct gate *gate, struct frame *frame, enum fate fate)
{
	const struct wire_observer *observer = &gate->observer;
	autofree struct frame *shown = frame;

	if (fate == HOLD) {
		/* Held first, so that the observer may release it. */
		shown = frame_new(frame, frame->bytes, frame->length);
		hold(gate, frame);
	}
	if (observer->lost)
		observer->lost(observer->context, shown, fate);
}

/* A frame from a host: the observer sees it, its judge decides. Takes the frame. */
static void pass_judgement(struct gate *gate, struct frame *frame)
{
	const struct wire_observer *observer = &gate->observer;
	enum fate fate = FORWARD;

	if (observer->sent)
		observer->sent(observer->context, frame);
	if (observer->judge)
		fate = observer->judge(observer->context, frame);
	if (fate == FORWARD || fate == CHANGED)
		forward(gate, frame);
	else if (fate == DUPLICATE)
		duplicate(gate, frame);
	else
		lose(gate, frame, fate);
}

/* A frame that netem lets go of; n1 is where the client's come out. */
static void leave_netem(struct gate *gate, enum wire_end end, const struct frame *frame)
{
	autofree struct frame *known = flight_match(gate, end == N1 ? CLIENT : SERVER, frame);

	deliver(gate, known);
}

bool wire_turn(struct net *net)
{
	struct gate *gate = &net->gate;
	enum wire_end end;
	struct frame *frame = gate_next(gate, &end);

	if (!frame)
		return false;
	if (end == N0 || end == N1) {
		leave_netem(gate, end, frame);
		free(frame);
		return true;
	}
	frame->number = ++gate->frames;
	frame->from = end == WC ? CLIENT : SERVER;
	pass_judgement(gate, frame);
	return true;
}

/* ---- what a case does with the wire -------------------------------------------------------- */

int wire_descriptor(const struct net *net)
{
	return net->gate.socket;
}

unsigned wire_release(struct net *net, unsigned count)
{
	struct gate *gate = &net->gate;
	/* What an observer holds meanwhile waits for the next release. */
	unsigned left = count && count < gate->held_count ? count : gate->held_count;
	unsigned released = 0;

	while (released < left && !TAILQ_EMPTY(&gate->held)) {
		gate->held_count--;
		forward(gate, frames_take(&gate->held));
		released++;
	}
	return released;
}

unsigned wire_release_at_once(struct net *net)
{
	struct gate *gate = &net->gate;
	struct frame *frames[AT_ONCE];
	unsigned released = 0, count;

	if (gate->netem)
		return wire_release(net, 0);
	do {
		for (count = 0; count < AT_ONCE && gate->held_count > 0; count++) {
			gate->held_count--;
			frames[count] = frames_take(&gate->held);
		}
		deliver_all(gate, frames, count);
		for (unsigned i = 0; i < count; i++)
			free(frames[i]);
		released += count;
	} while (count == AT_ONCE);
	return released;
}

unsigned wire_waiting(const struct net *net)
{
	return net->gate.waiting_count;
}

unsigned wire_held(const struct net *net)
{
	return net->gate.held_count;
}

void wire_inject(struct net *net, enum host to, const uint8_t *bytes, size_t length)
{
	struct frame head = { .number = ++net->gate.frames,
			      .from = other(to),
			      .injected = true,
			      .read = clock_now() };
	autofree struct frame *frame = NULL;

	if (length < ETH_HLEN || length > FRAME_MAX)
		broken("cannot inject a frame of %zu bytes: it has at least %d and at most %d",
		       length, ETH_HLEN, FRAME_MAX);
	frame = frame_new(&head, bytes, length);
	deliver(&net->gate, frame);
}

void wire_restores(struct net *net)
{
	net->gate.restores = true;
}

void wire_restore(struct net *net, enum host from, const uint8_t *bytes, size_t length)
{
	struct frame head = { .from = from, .length = (uint16_t)length, .read = clock_now() };

	gate_restore(&net->gate, from == CLIENT ? WC : WS, frame_new(&head, bytes, length));
}

void wire_sentinel(struct net *net, enum host host, uint64_t mark)
{
	struct frame head = { .from = other(host) };
	uint8_t bytes[ETH_ZLEN] = { 0 };
	struct ether_header *header = (struct ether_header *)bytes;
	autofree struct frame *frame = NULL;

	memcpy(header->ether_dhost, host_hardware(host), ETH_ALEN);
	memcpy(header->ether_shost, host_hardware(head.from), ETH_ALEN);
	header->ether_type = htons(0x88b5);
	for (int i = 0; i < 8; i++)
		bytes[ETH_HLEN + i] = (uint8_t)(mark >> (56 - 8 * i));
	frame = frame_new(&head, bytes, sizeof(bytes));
	gate_send(&net->gate, way_out(head.from), frame);
	gate_settle(&net->gate);
}
