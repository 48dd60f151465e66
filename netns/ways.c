/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ways.c: how this kernel makes a SYN-ACK, where Linux has changed. It is asked with three segments
 * made by hand, on the probe's pair of interfaces: a SYN, an ACK that a listener with
 * TCP_DEFER_ACCEPT ignores, and the SYN again. Then an ICMP error tells a socket of UDP of the
 * way's MTU, and one more SYN comes.
 */
#include "netns/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#define HERE     "192.0.2.2" /* on h0 */
#define THERE    "192.0.2.1" /* behind h1, where nobody is */
#define LISTENER 12345
#define PEER     40001
#define PEER_ISN 1000000u
#define TICK     1000u /* of its clock, between two segments */
#define PATIENCE SEC(1)
#define BUFFER   30000
#define PATH     1000 /* its MTU, as the router has it */
#define SEGMENT  88   /* TCP_MIN_MSS: the window is a multiple of what is left of it */

/* RFC 7323, appendix A: two NOPs and the option. */
struct timestamps {
	uint8_t kind[4];
	uint32_t value, echo;
} __attribute__((packed));

struct frame_by_hand {
	struct ether_header ethernet;
	struct iphdr ip;
	struct tcphdr tcp;
	struct timestamps timestamps;
} __attribute__((packed));

/* "Fragmentation needed", and what it quotes. */
struct error_by_hand {
	struct ether_header ethernet;
	struct iphdr ip;
	struct icmphdr icmp;
	struct iphdr quoted;
	struct udphdr udp;
} __attribute__((packed));

#define NEWEST                                                                                     \
	{                                                                                          \
		.scaling_ratio = 128, .echoes_the_syn = true, .repeats_end_ecn = true,             \
		.offers_what_is_learnt = true                                                      \
	}
static struct net_ways learned = NEWEST;

const struct net_ways *net_ways(void)
{
	return &learned;
}

void ways_learn(const struct net_ways *ways)
{
	learned = *ways;
}

struct trial {
	int listener, wire;
	uint8_t hardware[ETH_ALEN]; /* of h0 */
	int buffer;                 /* of the listener, as the kernel has it */
	uint16_t port;              /* of the peer */
	uint16_t mss;               /* of the last SYN-ACK */
	uint16_t window;            /* of the first SYN-ACK */
	uint32_t clock;             /* of the peer, as it has told it last */
	uint32_t ack, stamp, echo;  /* after the last SYN-ACK */
};

static const uint8_t peer_hardware[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };

/* ---- the interfaces and the two sockets ----------------------------------------------------- */

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, text, &address.sin_addr);
	return address;
}

static bool take_up(int control, const char *interface)
{
	struct ifreq request = { .ifr_flags = IFF_UP };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	return ioctl(control, SIOCSIFFLAGS, &request) == 0;
}

static bool set_up_interfaces(struct trial *trial)
{
	autoclose int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in here = address_of(HERE, 0), there = address_of(THERE, 0);
	struct ifreq near = { .ifr_name = "h0" };
	struct arpreq neighbour = { .arp_flags = ATF_COM | ATF_PERM, .arp_dev = "h0" };

	neighbour.arp_ha.sa_family = ARPHRD_ETHER;
	memcpy(neighbour.arp_ha.sa_data, peer_hardware, ETH_ALEN);
	memcpy(&neighbour.arp_pa, &there, sizeof(there));
	if (control < 0 || ioctl(control, SIOCGIFHWADDR, &near) < 0)
		return false;
	memcpy(trial->hardware, near.ifr_hwaddr.sa_data, ETH_ALEN);
	memcpy(&near.ifr_addr, &here, sizeof(here));
	if (ioctl(control, SIOCSIFADDR, &near) < 0 || !take_up(control, "h0") ||
	    !take_up(control, "h1") || ioctl(control, SIOCSARP, &neighbour) < 0)
		return false;
	interface_await(control, "h0");
	interface_await(control, "h1");
	return true;
}

static bool open_listener(struct trial *trial)
{
	struct sockaddr_in here = address_of(HERE, LISTENER);
	int buffer = BUFFER, segment = SEGMENT, defer = 60;
	socklen_t length = sizeof(trial->buffer);
	int fd = trial->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)) == 0 &&
	       setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) == 0 &&
	       setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer)) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &trial->buffer, &length) == 0 &&
	       bind(fd, (const struct sockaddr *)&here, sizeof(here)) == 0 && listen(fd, 1) == 0;
}

static bool open_wire(struct trial *trial)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_IP),
				    .sll_ifindex = (int)if_nametoindex("h1") };

	trial->wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return trial->wire >= 0 && link.sll_ifindex &&
	       bind(trial->wire, (const struct sockaddr *)&link, sizeof(link)) == 0;
}

/* ---- segments ------------------------------------------------------------------------------- */

/* RFC 1071 */
static uint16_t sum_up(const void *bytes, size_t length, uint32_t sum)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static bool send_segment(struct trial *trial, uint32_t seq, bool syn)
{
	const size_t length = sizeof(struct tcphdr) + sizeof(struct timestamps);
	struct frame_by_hand frame = {
		.ethernet = { .ether_type = htons(ETHERTYPE_IP) },
		.ip = { .ihl = 5,
			.version = 4,
			.tot_len = htons((uint16_t)(sizeof(struct iphdr) + length)),
			.ttl = 64,
			.protocol = IPPROTO_TCP },
		.tcp = { .source = htons(trial->port),
			 .dest = htons(LISTENER),
			 .seq = htonl(seq),
			 .ack_seq = htonl(syn ? 0 : trial->ack),
			 .doff = (uint16_t)(length / 4),
			 .syn = syn,
			 .ack = !syn,
			 .window = htons(UINT16_MAX) },
		.timestamps = { .kind = { 1, 1, 8, 10 },
				.value = htonl(trial->clock),
				.echo = htonl(syn ? 0 : trial->stamp) },
	};
	uint32_t pseudo;

	memcpy(frame.ethernet.ether_dhost, trial->hardware, ETH_ALEN);
	memcpy(frame.ethernet.ether_shost, peer_hardware, ETH_ALEN);
	frame.ip.saddr = address_of(THERE, 0).sin_addr.s_addr;
	frame.ip.daddr = address_of(HERE, 0).sin_addr.s_addr;
	frame.ip.check = htons((uint16_t)~sum_up(&frame.ip, sizeof(frame.ip), 0));
	pseudo = sum_up(&frame.ip.saddr, 8, IPPROTO_TCP + (uint32_t)length);
	frame.tcp.check = htons((uint16_t)~sum_up(&frame.tcp, length, pseudo));
	return send(trial->wire, &frame, sizeof(frame), 0) == (ssize_t)sizeof(frame);
}

/* Takes from a SYN-ACK what was asked for; false when it is none. */
static bool take_syn_ack(struct trial *trial, const uint8_t *bytes, size_t length)
{
	const size_t begin = sizeof(struct ether_header) + sizeof(struct iphdr), mss = 4;
	struct tcphdr tcp;
	struct timestamps timestamps;

	if (length < begin + sizeof(tcp) + mss + sizeof(timestamps))
		return false;
	memcpy(&tcp, bytes + begin, sizeof(tcp));
	/* behind the MSS; for SACK and a window scale nobody has asked */
	memcpy(&timestamps, bytes + begin + sizeof(tcp) + mss, sizeof(timestamps));
	if (!tcp.syn || !tcp.ack || tcp.source != htons(LISTENER))
		return false;
	trial->mss =
		(uint16_t)(bytes[begin + sizeof(tcp) + 2] << 8 | bytes[begin + sizeof(tcp) + 3]);
	trial->window = ntohs(tcp.window);
	trial->ack = ntohl(tcp.seq) + 1;
	trial->stamp = ntohl(timestamps.value);
	trial->echo = ntohl(timestamps.echo);
	return true;
}

static bool await_syn_ack(struct trial *trial)
{
	struct deadline deadline = deadline_in(PATIENCE);
	struct pollfd wire = { .fd = trial->wire, .events = POLLIN };
	uint8_t bytes[256];
	ssize_t length;

	do {
		while ((length = recv(trial->wire, bytes, sizeof(bytes), 0)) > 0)
			if (take_syn_ack(trial, bytes, (size_t)length))
				return true;
	} while (deadline_await(&deadline, &wire, 1) > 0);
	return false;
}

static bool ask(struct trial *trial)
{
	trial->port = PEER;
	trial->clock = TICK;
	if (!send_segment(trial, PEER_ISN, true) || !await_syn_ack(trial))
		return false;
	trial->clock += TICK;
	if (!send_segment(trial, PEER_ISN + 1, false))
		return false;
	trial->clock += TICK;
	return send_segment(trial, PEER_ISN, true) && await_syn_ack(trial);
}

/* ---- the way's MTU -------------------------------------------------------------------------- */

static struct iphdr ip_header(size_t payload, uint8_t protocol, bool from_here)
{
	uint32_t here = address_of(HERE, 0).sin_addr.s_addr;
	uint32_t there = address_of(THERE, 0).sin_addr.s_addr;
	struct iphdr header = { .ihl = 5,
				.version = 4,
				.tot_len = htons((uint16_t)(sizeof(header) + payload)),
				.ttl = 64,
				.protocol = protocol,
				.saddr = from_here ? here : there,
				.daddr = from_here ? there : here };

	header.check = htons((uint16_t)~sum_up(&header, sizeof(header), 0));
	return header;
}

/* About what a socket of UDP has sent to the peer. */
static bool send_error(struct trial *trial)
{
	const size_t length = sizeof(struct error_by_hand) - offsetof(struct error_by_hand, icmp);
	struct error_by_hand frame = {
		.ethernet = { .ether_type = htons(ETHERTYPE_IP) },
		.ip = ip_header(length, IPPROTO_ICMP, false),
		.icmp = { .type = ICMP_DEST_UNREACH,
			  .code = ICMP_FRAG_NEEDED,
			  .un.frag.mtu = htons(PATH) },
		.quoted = ip_header(sizeof(struct udphdr), IPPROTO_UDP, true),
		.udp = { .source = htons(LISTENER), .dest = htons(PEER) },
	};

	memcpy(frame.ethernet.ether_dhost, trial->hardware, ETH_ALEN);
	memcpy(frame.ethernet.ether_shost, peer_hardware, ETH_ALEN);
	frame.icmp.checksum = htons((uint16_t)~sum_up(
		(const uint8_t *)&frame + offsetof(struct error_by_hand, icmp), length, 0));
	return send(trial->wire, &frame, sizeof(frame), 0) == (ssize_t)sizeof(frame);
}

/* False where the kernel has not answered: then nothing is known. */
static bool ask_of_path(struct trial *trial)
{
	autoclose int talker = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in here = address_of(HERE, LISTENER), there = address_of(THERE, PEER);
	int unbounded = 0;

	if (talker < 0 || bind(talker, (const struct sockaddr *)&here, sizeof(here)) < 0 ||
	    connect(talker, (const struct sockaddr *)&there, sizeof(there)) < 0 ||
	    setsockopt(trial->listener, IPPROTO_TCP, TCP_MAXSEG, &unbounded, sizeof(unbounded)) < 0)
		return false;
	trial->port = PEER + 1;
	return send_error(trial) && send_segment(trial, PEER_ISN, true) && await_syn_ack(trial);
}

/* ---- the answers ---------------------------------------------------------------------------- */

/*
 * Of 256 bytes of a buffer 128 are window since Linux 6.10 (commit 697a6c8cec03), before it
 * from 6.6 on as many as of SKB_TRUESIZE(4096) are 1200, and before that as tcp_adv_win_scale says:
 * with 2 it would be 192. What is none of these is no Linux that is known, and is judged as the
 * newest.
 */
static int scaling_ratio(const struct trial *trial)
{
	int share = (trial->window * 256 + trial->buffer - 1) / trial->buffer;

	if (share > 184 && share <= 192)
		return 0;
	return share > 58 && share < 72 ? share : 128;
}

void ways_try(struct net_ways *ways)
{
	struct trial trial = { .listener = -1, .wire = -1 };
	bool set = sysctl_write_here("net.ipv4.tcp_adv_win_scale", "2") == 0 &&
		   sysctl_write_here("net.ipv4.conf.all.rp_filter", "0") == 0 &&
		   sysctl_write_here("net.ipv4.conf.h0.rp_filter", "0") == 0;

	*ways = (struct net_ways)NEWEST;
	ways->repeats_end_ecn = sysctl_write_here("net.ipv4.tcp_ecn_option", "3") == 0;
	if (set && set_up_interfaces(&trial) && open_listener(&trial) && open_wire(&trial) &&
	    ask(&trial)) {
		ways->scaling_ratio = scaling_ratio(&trial);
		ways->echoes_the_syn = trial.echo == TICK;
		ways->offers_what_is_learnt =
			!ask_of_path(&trial) ||
			trial.mss == PATH - sizeof(struct iphdr) - sizeof(struct tcphdr);
	}
	close(trial.listener);
	close(trial.wire);
}
