/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sender.c: packet sockets that put frames past the gate, each for a thread of the caller's.
 */
#include "netns/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string.h>

#define PATIENCE SEC(5)
/* After so long a mark may be lost. */
#define OVERDUE MSEC(20)
/* IEEE 802 local experimental 1; the gate does not hear it, and on the loopback nobody else is. */
#define ETHERTYPE_MARK 0x88b5
#define LOOPBACK       1 /* its index in every namespace */

struct wire_sender {
	int frames, marks; /* packet sockets on the wire's end, and on the loopback */
	uint64_t mark;     /* the last that was sent */
};

static int packet_socket(struct net *net, int interface, uint16_t protocol)
{
	struct sockaddr_ll there = { .sll_family = AF_PACKET,
				     .sll_protocol = htons(protocol),
				     .sll_ifindex = interface };
	int fd = net_socket(net, WIRE, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&there, sizeof(there)))
		broken("cannot open a packet socket that sends on the wire: %s",
		       shortage_text(errno));
	return fd;
}

struct wire_sender *wire_sender_open(struct net *net, enum host to)
{
	struct wire_sender *sender = must_alloc(1, sizeof(*sender));

	/* Protocol 0 hears nothing. */
	sender->frames = packet_socket(net, net->gate.index[to == CLIENT ? WC : WS], 0);
	sender->marks = packet_socket(net, LOOPBACK, ETHERTYPE_MARK);
	return sender;
}

void wire_sender_close(struct wire_sender *sender)
{
	if (!sender)
		return;
	close(sender->frames);
	close(sender->marks);
	free(sender);
}

/* 0, or an errno: a thread of the caller's cannot leave its case's way. */
static int send_frame(int fd, const uint8_t *bytes, size_t length)
{
	struct deadline deadline = deadline_in(PATIENCE);

	while (send(fd, bytes, length, MSG_DONTWAIT) < 0)
		if (!worth_a_retry(fd, &deadline))
			return errno;
	return 0;
}

int wire_send(struct wire_sender *sender, const uint8_t *bytes, size_t length)
{
	return send_frame(sender->frames, bytes, length);
}

static int send_mark(struct wire_sender *sender)
{
	uint8_t bytes[ETH_ZLEN] = { [12] = ETHERTYPE_MARK >> 8, [13] = ETHERTYPE_MARK & 0xff };

	sender->mark++;
	memcpy(bytes + ETH_HLEN, &sender->mark, sizeof(sender->mark));
	return send_frame(sender->marks, bytes, sizeof(bytes));
}

/* Whether the last mark has come back. (A packet socket hears what it sends itself, too.) */
static bool mark_is_back(const struct wire_sender *sender)
{
	uint8_t bytes[ETH_ZLEN];
	struct sockaddr_ll from = { .sll_pkttype = PACKET_OUTGOING };
	socklen_t length = sizeof(from);
	uint64_t mark = 0;
	bool back = false;

	while (recvfrom(sender->marks, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from,
			&length) > 0) {
		memcpy(&mark, bytes + ETH_HLEN, sizeof(mark));
		back |= mark == sender->mark && from.sll_pkttype != PACKET_OUTGOING;
	}
	return back;
}

static int await_mark(struct wire_sender *sender)
{
	struct pollfd arrival = { .fd = sender->marks, .events = POLLIN };
	struct deadline deadline = deadline_in(PATIENCE);
	int error = send_mark(sender);

	while (!error && !mark_is_back(sender)) {
		if (await_events(&arrival, 1, OVERDUE) == 0)
			error = send_mark(sender);
		if (deadline_passed(&deadline))
			return ETIMEDOUT;
	}
	return error;
}

/*
 * As gate_settle(), for this CPU: the first mark comes behind the frames, the second one behind
 * what answers them.
 */
int wire_sender_settle(struct wire_sender *sender)
{
	int error = await_mark(sender);

	return error ? error : await_mark(sender);
}
