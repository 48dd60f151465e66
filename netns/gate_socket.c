/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate_socket.c: the one packet socket that sees and feeds every end of the wire.
 *
 * One socket and not one per end, because its queue then is the order in which frames came, and
 * because closing a packet socket waits for RCU, about 12 ms each.
 */
#include "netns/internal.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>

#define ROOM (8 << 20)
/* For what the kernel does before a system call returns, or ksoftirqd soon after. */
#define PATIENCE SEC(5)
/* After so long a mark may be lost. */
#define OVERDUE MSEC(20)

#define ETHERTYPE_MARK 0x88b6 /* IEEE 802 local experimental 2 */
#define LOOPBACK       1      /* its index in every namespace */

/*
 * Unicast IP that comes in. What is sent out, multicast (listener reports) and replies to a flood
 * never reach the socket's queue. PACKET_MARK is gate_settle()'s.
 */
static const char wanted[] = "inbound and not ether multicast and (ether proto 0x88b6 or "
			     "((ip and not dst net " FLOOD_IPV4 ") or "
			     "(ip6 and not dst net " FLOOD_IPV6 ")))";
#define WHOLE 262144 /* bytes: also of a frame that is too long, so that its length shows */

static void set(int fd, int name, int value)
{
	if (setsockopt(fd, SOL_PACKET, name, &value, sizeof(value)))
		broken("cannot set option %d of the gate's packet socket: %s", name,
		       strerror(errno));
}

/* A user namespace may not exceed net.core.rmem_max. */
static void make_room(int fd)
{
	int room = ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

int gate_socket(void)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	/* Protocol 0 hears nothing until it is bound, with the filter in its place. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		broken("cannot open the gate's packet socket: %s; it needs CAP_NET_RAW and "
		       "CONFIG_PACKET",
		       strerror(errno));
	make_room(fd);
	set(fd, PACKET_AUXDATA, 1);
	set(fd, PACKET_QDISC_BYPASS, 1);
	filter_attach(fd, wanted, WHOLE);
	if (bind(fd, (struct sockaddr *)&all, sizeof(all)))
		broken("cannot bind the gate's packet socket: %s", strerror(errno));
	return fd;
}

/* ---- out ----------------------------------------------------------------------------------- */

static struct sockaddr_ll end_address(const struct gate *gate, enum wire_end end)
{
	return (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_ifindex = gate->index[end] };
}

/*
 * Only what goes into netem needs a queueing discipline. The others are passed by, since the
 * kernel activates an interface's discipline some time after the interface is up.
 */
static void choose_discipline(struct gate *gate, enum wire_end end)
{
	bool bypass = end == WC || end == WS;

	if (bypass != gate->bypasses)
		set(gate->socket, PACKET_QDISC_BYPASS, bypass);
	gate->bypasses = bypass;
}

bool worth_a_retry(int socket, struct deadline *deadline)
{
	struct pollfd room = { .fd = socket, .events = POLLOUT };
	int error = errno;

	if (error != ENOBUFS && error != EAGAIN && error != EINTR)
		return false;
	(void)await_events(&room, 1, MSEC(1));
	errno = error;
	return !deadline_passed(deadline);
}

void gate_send(struct gate *gate, enum wire_end end, const struct frame *frame)
{
	struct sockaddr_ll to = end_address(gate, end);
	struct deadline deadline = deadline_in(PATIENCE);
	ssize_t sent;

	choose_discipline(gate, end);
	do
		sent = sendto(gate->socket, frame->bytes, frame->length, MSG_DONTWAIT,
			      (struct sockaddr *)&to, sizeof(to));
	while (sent < 0 && worth_a_retry(gate->socket, &deadline));
	if (sent != frame->length)
		broken("the gate cannot forward frame %llu (%u bytes): %s",
		       (unsigned long long)frame->number, frame->length,
		       sent < 0 ? strerror(errno) : "only a part was taken");
}

/* ---- in ------------------------------------------------------------------------------------ */

static int end_of(const struct gate *gate, int index)
{
	for (int end = 0; end < (gate->netem ? WIRE_ENDS : N0); end++)
		if (gate->index[end] == index)
			return end;
	return -1;
}

/* The checksum is still to be filled in by hardware that this wire has not. */
static bool unfinished(struct msghdr *message)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct tpacket_auxdata about;

	if (!control || control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA)
		return false;
	memcpy(&about, CMSG_DATA(control), sizeof(about));
	return about.tp_status & TP_STATUS_CSUMNOTREADY;
}

static ssize_t receive(const struct gate *gate, struct sockaddr_ll *from, void *bytes)
{
	union {
		struct cmsghdr aligned;
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec vector = { bytes, FRAME_MAX };
	struct msghdr message = { .msg_name = from,
				  .msg_namelen = sizeof(*from),
				  .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(gate->socket, &message, MSG_DONTWAIT | MSG_TRUNC);

	if (length < 0 && errno != EAGAIN && errno != EINTR)
		broken("the gate cannot read from its packet socket: %s", strerror(errno));
	if (length > FRAME_MAX || (length > 0 && unfinished(&message)))
		broken("a frame of %zd bytes came from a host %s: an offload of its interface is "
		       "still on",
		       length, length > FRAME_MAX ? "" : "with an unfinished checksum");
	return length;
}

/* Takes the frame. */
static void keep_waiting(struct gate *gate, enum wire_end end, struct frame *frame)
{
	frames_keep(&gate->waiting, frame)->end = end;
	gate->waiting_count++;
}

void gate_restore(struct gate *gate, enum wire_end end, struct frame *frame)
{
	keep_waiting(gate, end, frame);
	gate->restored++;
}

/* Reads what the kernel has for the gate. Returns true when the last mark was there. */
static bool collect(struct gate *gate)
{
	struct sockaddr_ll from;
	uint8_t bytes[FRAME_MAX];
	bool marked = false;
	ssize_t length;

	while ((length = receive(gate, &from, bytes)) >= 0) {
		int end = end_of(gate, from.sll_ifindex);
		struct frame head = { .length = (uint16_t)length, .read = clock_now() };

		if (from.sll_protocol == htons(ETHERTYPE_MARK)) {
			marked |= !memcmp(bytes + ETH_HLEN, &gate->marks, sizeof(gate->marks));
			gate->marks_back++;
		} else if (end >= 0 && length > ETH_HLEN)
			keep_waiting(gate, (enum wire_end)end,
				     frame_new(&head, bytes, head.length));
	}
	return marked;
}

static void send_mark(struct gate *gate, struct deadline *deadline)
{
	struct sockaddr_ll loopback = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETHERTYPE_MARK),
					.sll_ifindex = LOOPBACK };
	uint8_t bytes[ETH_ZLEN] = { [12] = ETHERTYPE_MARK >> 8, [13] = ETHERTYPE_MARK & 0xff };

	gate->marks++;
	memcpy(bytes + ETH_HLEN, &gate->marks, sizeof(gate->marks));
	while (sendto(gate->socket, bytes, sizeof(bytes), MSG_DONTWAIT,
		      (struct sockaddr *)&loopback, sizeof(loopback)) < 0)
		if (!worth_a_retry(gate->socket, deadline))
			broken("cannot send over the wire's loopback: %s", strerror(errno));
}

/*
 * Frames of all interfaces wait for the receiving side in one queue of the CPU. Usually that is
 * emptied before a system call returns, but Linux before 6.5 leaves it to ksoftirqd when that
 * happens to be awake. A mark, sent after them over the loopback, comes back after them; where that
 * queue was full it has got lost, and another one is sent.
 */
void gate_settle(struct gate *gate)
{
	struct pollfd mark = { .fd = gate->socket, .events = POLLIN };
	struct deadline deadline = deadline_in(PATIENCE);

	send_mark(gate, &deadline);
	while (!collect(gate)) {
		if (await_events(&mark, 1, OVERDUE) == 0) {
			gate_check(gate);
			send_mark(gate, &deadline);
		}
		if (deadline_passed(&deadline))
			broken("the kernel does not process the wire's frames within %.0f s",
			       seconds(deadline.span));
	}
}

struct frame *gate_next(struct gate *gate, enum wire_end *end)
{
	for (int i = 0; i < 2 && TAILQ_EMPTY(&gate->waiting); i++)
		gate_settle(gate);
	if (TAILQ_EMPTY(&gate->waiting))
		return NULL;
	*end = TAILQ_FIRST(&gate->waiting)->end;
	gate->waiting_count--;
	return frames_take(&gate->waiting);
}
