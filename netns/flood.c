/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood.c: frames that go past the gate, as fast as the machine makes them or all at once, and the
 * count of what comes back.
 */
#include "netns/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Frames that one system call sends. */
#define BATCH 64
/* How long a sender waits for room before it gives up. */
#define NO_ROOM SEC(10)

/* One thread that sends. */
struct sender {
	struct wire_flood *flood;
	pthread_t thread;
	int socket, error;
	uint8_t bytes[BATCH][FLOOD_FRAME_MAX];
};

struct wire_flood {
	struct net *net;
	struct flood_plan plan;
	struct sockaddr_ll to;
	_Atomic uint64_t numbered, sent;
	_Atomic bool over;
	unsigned count;
	struct sender *senders;
	nsec began;
};

/* ---- where they come from ------------------------------------------------------------------ */

/* A block of addresses: its first one, of which only so many bits count. */
struct block {
	uint8_t first[16];
	unsigned bits;
};

static struct block flood_block(int family)
{
	const char *text = family == AF_INET6 ? FLOOD_IPV6 : FLOOD_IPV4;
	autofree char *address = format("%.*s", (int)strcspn(text, "/"), text);
	struct block block = { .bits = (unsigned)strtoul(strchr(text, '/') + 1, NULL, 10) };

	inet_pton(family, address, block.first);
	return block;
}

struct sockaddr_storage net_flood_address(int family, uint16_t port)
{
	struct sockaddr_storage storage = host_address(CLIENT, family, port);
	struct block block = flood_block(family);

	if (family == AF_INET6)
		memcpy(&((struct sockaddr_in6 *)&storage)->sin6_addr, block.first, 16);
	else
		memcpy(&((struct sockaddr_in *)&storage)->sin_addr, block.first, 4);
	return storage;
}

bool net_is_floods(int family, const void *address)
{
	static struct block blocks[2]; /* a dump of sockets asks for each of them */
	struct block *block = &blocks[family == AF_INET6];
	const uint8_t *bytes = address;
	unsigned whole, mask;

	if (!block->bits)
		*block = flood_block(family);
	whole = block->bits / 8;
	mask = 0xff00u >> block->bits % 8 & 0xff;
	return memcmp(bytes, block->first, whole) == 0 &&
	       ((bytes[whole] ^ block->first[whole]) & mask) == 0;
}

/* ---- what comes back ----------------------------------------------------------------------- */

/* Frames that come in, to an address of a flood. */
static const char answers[] = "inbound and (dst net " FLOOD_IPV4 " or dst net " FLOOD_IPV6 ")";

/* A packet socket counts also what it has no room for, and that costs least. */
static void begin_to_count(struct net *net, enum wire_end end)
{
	struct sockaddr_ll from = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = net->gate.index[end] };
	int fd, least = 1;

	if (net->answers)
		return;
	fd = net_socket(net, WIRE, AF_PACKET, SOCK_RAW, 0);
	if (fd >= 0)
		filter_attach(fd, answers, 1);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)))
		broken("cannot open a packet socket that counts what answers a flood: %s",
		       shortage_text(errno));
	net->answers = fd;
}

uint64_t wire_flood_answers(struct net *net)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	if (!net->answers)
		return 0;
	/* Reading them sets them to 0. */
	if (getsockopt(net->answers, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
		broken("cannot read how many frames answered a flood: %s", strerror(errno));
	net->answered += stats.tp_packets;
	return net->answered;
}

void wire_count_answers(struct net *net, enum host to)
{
	begin_to_count(net, to == SERVER ? WS : WC);
}

/* ---- sending ------------------------------------------------------------------------------- */

/* How many of the batch's frames the kernel took; -1 with errno. */
static int send_some(const struct sender *sender, unsigned from, unsigned count)
{
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_ll to = sender->flood->to;

	for (unsigned i = 0; i < count; i++) {
		vectors[i] = (struct iovec){ (void *)sender->bytes[from + i],
					     sender->flood->plan.length };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &to,
							     .msg_namelen = sizeof(to),
							     .msg_iov = &vectors[i],
							     .msg_iovlen = 1 } };
	}
	return sendmmsg(sender->socket, messages, count, MSG_DONTWAIT);
}

static bool send_batch(struct sender *sender, unsigned count)
{
	struct deadline deadline = deadline_in(NO_ROOM);
	unsigned done = 0;

	while (done < count) {
		int sent = send_some(sender, done, count - done);

		if (sent > 0) {
			done += (unsigned)sent;
			atomic_fetch_add(&sender->flood->sent, (uint64_t)sent);
		} else if (!worth_a_retry(sender->socket, &deadline)) {
			sender->error = errno;
			return false;
		}
	}
	return true;
}

/* How many frames are to be sent next, the first of them in *number. */
static unsigned next_batch(struct wire_flood *flood, uint64_t *number)
{
	uint64_t left;

	if (atomic_load(&flood->over) ||
	    (flood->plan.span && clock_now() - flood->began >= flood->plan.span))
		return 0;
	*number = atomic_fetch_add(&flood->numbered, BATCH);
	if (!flood->plan.count)
		return BATCH;
	left = *number < flood->plan.count ? flood->plan.count - *number : 0;
	return left < BATCH ? (unsigned)left : BATCH;
}

static void send_all(struct sender *sender)
{
	const struct flood_plan *plan = &sender->flood->plan;
	unsigned count;
	uint64_t number;

	for (int i = 0; i < BATCH; i++)
		memcpy(sender->bytes[i], plan->frame, plan->length);
	while ((count = next_batch(sender->flood, &number)) > 0) {
		for (unsigned i = 0; i < count; i++)
			plan->vary(plan->context, sender->bytes[i], number + i);
		if (!send_batch(sender, count))
			return;
	}
}

static void *send_aside(void *argument)
{
	isolate_all_cpus();
	send_all(argument);
	return NULL;
}

/* ---- from begin to end --------------------------------------------------------------------- */

static void open_sender(struct wire_flood *flood, unsigned place)
{
	struct sender *sender = &flood->senders[place];
	int on = 1;

	sender->flood = flood;
	sender->socket = flood->net->flooding[place];
	if (sender->socket)
		return;
	sender->socket = net_socket(flood->net, WIRE, AF_PACKET, SOCK_RAW, 0);
	if (sender->socket < 0 ||
	    setsockopt(sender->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		broken("cannot open a packet socket for a flood: %s", shortage_text(errno));
	flood->net->flooding[place] = sender->socket;
}

static struct wire_flood *flood_new(struct net *net, const struct flood_plan *plan, unsigned count)
{
	struct wire_flood *flood = must_alloc(1, sizeof(*flood));
	enum wire_end end = plan->to == CLIENT ? WC : WS;

	if (plan->length > FLOOD_FRAME_MAX)
		broken("a flood of frames of %zu bytes; the most is %d", plan->length,
		       FLOOD_FRAME_MAX);
	flood->net = net;
	flood->plan = *plan;
	flood->to = (struct sockaddr_ll){ .sll_family = AF_PACKET,
					  .sll_ifindex = net->gate.index[end] };
	flood->count = count < MAX_FLOODING ? count : MAX_FLOODING;
	flood->senders = must_alloc(flood->count, sizeof(*flood->senders));
	for (unsigned i = 0; i < flood->count; i++)
		open_sender(flood, i);
	begin_to_count(net, end);
	flood->began = clock_now();
	return flood;
}

/* Its frames have all been processed when it returns. */
static uint64_t flood_free(struct wire_flood *flood)
{
	uint64_t sent = atomic_load(&flood->sent);
	int error = 0;

	for (unsigned i = 0; i < flood->count; i++)
		error = flood->senders[i].error ? flood->senders[i].error : error;
	gate_settle(&flood->net->gate);
	free(flood->senders);
	free(flood);
	if (error)
		broken("cannot send a flood's frames: %s", strerror(error));
	return sent;
}

uint64_t wire_flood(struct net *net, const struct flood_plan *plan)
{
	struct wire_flood *flood = flood_new(net, plan, 1);

	send_all(&flood->senders[0]);
	return flood_free(flood);
}

struct wire_flood *wire_flood_begin(struct net *net, const struct flood_plan *plan)
{
	struct wire_flood *flood = flood_new(net, plan, net_cpus());

	net->flood = flood;
	for (unsigned i = 0; i < flood->count; i++) {
		int error = pthread_create(&flood->senders[i].thread, NULL, send_aside,
					   &flood->senders[i]);

		if (error) {
			flood->count = i;
			broken("cannot start a thread for a flood: %s", shortage_text(error));
		}
	}
	return flood;
}

uint64_t wire_flood_sent(const struct wire_flood *flood)
{
	return atomic_load(&flood->sent);
}

uint64_t wire_flood_end(struct wire_flood *flood)
{
	nsec began = clock_now();

	flood->net->flood = NULL;
	if (!flood->plan.span)
		atomic_store(&flood->over, true);
	for (unsigned i = 0; i < flood->count; i++)
		pthread_join(flood->senders[i].thread, NULL);
	waited_since(began);
	return flood_free(flood);
}

void flood_close(struct net *net)
{
	if (net->flood) {
		atomic_store(&net->flood->over, true);
		(void)wire_flood_end(net->flood);
	}
	for (int i = 0; i < MAX_FLOODING; i++)
		if (net->flooding[i] > 0)
			close(net->flooding[i]);
	if (net->answers > 0)
		close(net->answers);
}
