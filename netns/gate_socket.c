/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate_socket.c: the one packet socket that sees and feeds every end of the wire.
 *
 * One socket and not one per end, because its queue then is the order in which frames came, and
 * because closing a packet socket waits for RCU, about 12 ms each.
 */
#include "netns/internal.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>

#define ROOM (8 << 20)

#define ETHERTYPE_MARK 0x88b6 /* IEEE 802 local experimental 2 */
#define LOOPBACK       1      /* its index in every namespace */

#define LOAD_META(field)      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + (field))
#define LOAD(offset)          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ETH_HLEN + (offset))
#define IF_IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))

#define IPV4_DESTINATION 16
#define IPV6_DESTINATION 24

/*
 * Unicast IP that comes in. What is sent out, multicast (listener reports) and replies to a
 * flood never reach the socket's queue.
 */
static struct sock_filter wanted[] = {
	LOAD_META(SKF_AD_PKTTYPE),    IF_IS(PACKET_OTHERHOST, 1, 0),
	IF_IS(PACKET_HOST, 0, 11),    LOAD_META(SKF_AD_PROTOCOL),
	IF_IS(ETHERTYPE_MARK, 10, 0), IF_IS(ETH_P_IP, 0, 3),
	LOAD(IPV4_DESTINATION),       BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FLOOD_IPV4_MASK),
	IF_IS(FLOOD_IPV4, 5, 6),      IF_IS(ETH_P_IPV6, 0, 4),
	LOAD(IPV6_DESTINATION),       IF_IS(FLOOD_IPV6_HIGH, 0, 3),
	LOAD(IPV6_DESTINATION + 4),   IF_IS(FLOOD_IPV6_LOW, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
};

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
	struct sock_fprog filter = { ARRAY_LENGTH(wanted), wanted };
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
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)))
		broken("cannot attach the gate's filter: %s", strerror(errno));
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

/* The receiver's backlog or the socket's room was full: what is ahead goes on by itself. */
static bool worth_a_retry(const struct gate *gate, nsec deadline)
{
	struct pollfd room = { .fd = gate->socket, .events = POLLOUT };

	if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
		return false;
	(void)poll(&room, 1, 1);
	return clock_now() < deadline;
}

void gate_send(struct gate *gate, enum wire_end end, const struct frame *frame)
{
	struct sockaddr_ll to = end_address(gate, end);
	nsec deadline = clock_now() + SEC(2);
	ssize_t sent;

	choose_discipline(gate, end);
	do
		sent = sendto(gate->socket, frame->bytes, frame->length, MSG_DONTWAIT,
			      (struct sockaddr *)&to, sizeof(to));
	while (sent < 0 && worth_a_retry(gate, deadline));
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

static void keep_waiting(struct gate *gate, enum wire_end end, const struct frame *head,
			 const uint8_t *bytes)
{
	struct kept_frame *kept = must_alloc(1, sizeof(*kept));

	kept->frame = frame_new(head, bytes, head->length);
	kept->end = end;
	TAILQ_INSERT_TAIL(&gate->waiting, kept, entry);
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

		if (from.sll_protocol == htons(ETHERTYPE_MARK))
			marked |= !memcmp(bytes + ETH_HLEN, &gate->marks, sizeof(gate->marks));
		else if (end >= 0 && length > ETH_HLEN)
			keep_waiting(gate, (enum wire_end)end, &head, bytes);
	}
	return marked;
}

/*
 * Frames of all interfaces wait for the receiving side in one queue of the CPU. Usually that is
 * emptied before a system call returns, but Linux before 6.5 leaves it to ksoftirqd when that
 * happens to be awake. A mark, sent after them over the loopback, comes back after them.
 */
void gate_settle(struct gate *gate)
{
	struct sockaddr_ll loopback = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETHERTYPE_MARK),
					.sll_ifindex = LOOPBACK };
	struct pollfd mark = { .fd = gate->socket, .events = POLLIN };
	nsec deadline = clock_now() + SEC(5);
	uint8_t bytes[ETH_ZLEN] = { [12] = ETHERTYPE_MARK >> 8, [13] = ETHERTYPE_MARK & 0xff };

	gate->marks++;
	memcpy(bytes + ETH_HLEN, &gate->marks, sizeof(gate->marks));
	while (sendto(gate->socket, bytes, sizeof(bytes), MSG_DONTWAIT,
		      (struct sockaddr *)&loopback, sizeof(loopback)) < 0)
		if (!worth_a_retry(gate, deadline))
			broken("cannot send over the wire's loopback: %s", strerror(errno));
	while (!collect(gate)) {
		if (clock_now() > deadline)
			broken("the kernel does not process the wire's frames within 5 s");
		(void)poll(&mark, 1, 1000);
	}
}

struct frame *gate_next(struct gate *gate, enum wire_end *end)
{
	struct kept_frame *kept;
	struct frame *frame;

	for (int i = 0; i < 2 && TAILQ_EMPTY(&gate->waiting); i++)
		gate_settle(gate);
	kept = TAILQ_FIRST(&gate->waiting);
	if (!kept)
		return NULL;
	TAILQ_REMOVE(&gate->waiting, kept, entry);
	frame = kept->frame;
	*end = kept->end;
	free(kept);
	return frame;
}

uint64_t wire_lost(struct net *net)
{
	struct gate *gate = &net->gate;
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	/* Reading them sets them to 0. */
	if (getsockopt(gate->socket, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
		broken("cannot read the statistics of the gate's socket: %s", strerror(errno));
	gate->dropped += stats.tp_drops;
	gate->drop_known = gate->dropped > 0;
	return gate->dropped;
}
