/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wiretap: SYNs and FINs of which no listener tells, by a packet socket where one may be opened
 * (CAP_NET_RAW). It gets each packet as it comes in, before TCP does, on all interfaces.
 */
#include "states/internal.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

enum { MOST_HEADERS = 128, AT_FLAGS = 13, SYN_OR_FIN = TH_SYN | TH_FIN };

/* Of TCP, by the version in the first byte. What has extension headers does not come through. */
static struct sock_filter only_ends[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 4),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct iphdr, protocol)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 8),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_JMP | BPF_JA, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct ip6_hdr, ip6_nxt)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
	BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, sizeof(struct ip6_hdr)),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, AT_FLAGS),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN_OR_FIN, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, MOST_HEADERS),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Where the header of TCP begins; the addresses are put. */
static size_t take_ip(const char *packet, struct segment *segment)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&segment->client;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&segment->client;
	struct iphdr old;
	struct ip6_hdr new;

	if ((packet[0] & 0xf0) == 0x40) {
		memcpy(&old, packet, sizeof(old));
		four->sin_family = AF_INET;
		four->sin_addr.s_addr = old.saddr;
		return (size_t)old.ihl * 4;
	}
	memcpy(&new, packet, sizeof(new));
	six->sin6_family = AF_INET6;
	six->sin6_addr = new.ip6_src;
	return sizeof(new);
}

/* False: it is cut short. */
static bool take_segment(const char *packet, size_t length, struct segment *segment)
{
	struct tcphdr tcp;
	size_t at;

	*segment = (struct segment){ 0 };
	if (length < sizeof(struct ip6_hdr))
		return false;
	at = take_ip(packet, segment);
	if (at + sizeof(tcp) > length)
		return false;
	memcpy(&tcp, packet + at, sizeof(tcp));
	/* Both families have the port in the same place. */
	((struct sockaddr_in *)(void *)&segment->client)->sin_port = tcp.th_sport;
	segment->port = ntohs(tcp.th_dport);
	segment->sequence = ntohl(tcp.th_seq);
	segment->syn = (tcp.th_flags & (TH_SYN | TH_ACK)) == TH_SYN;
	segment->fin = tcp.th_flags & TH_FIN;
	return true;
}

static nsec stamp_of(struct msghdr *message)
{
	for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each; each = CMSG_NXTHDR(message, each))
		if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec stamp;

			memcpy(&stamp, CMSG_DATA(each), sizeof(stamp));
			return SEC(1) * stamp.tv_sec + stamp.tv_nsec + clock_from_realtime();
		}
	return clock_now();
}

void wiretap_drain(struct wiretap *wiretap)
{
	char packet[MOST_HEADERS], control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec bytes = { packet, sizeof(packet) };
	struct sockaddr_ll from = { 0 };
	struct segment segment;
	ssize_t length;

	while (wiretap->fd >= 0) {
		struct msghdr message = { .msg_name = &from,
					  .msg_namelen = sizeof(from),
					  .msg_iov = &bytes,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = sizeof(control) };

		if ((length = recvmsg(wiretap->fd, &message, 0)) <= 0)
			break;
		if (from.sll_pkttype == PACKET_OUTGOING ||
		    !take_segment(packet, (size_t)length, &segment))
			continue;
		segment.at = stamp_of(&message);
		wiretap->heard(wiretap->context, &segment);
	}
}

static void on_event(struct ready *ready, uint32_t events)
{
	(void)events;
	wiretap_drain((struct wiretap *)(void *)ready);
}

void wiretap_open(struct wiretap *wiretap, int epoll)
{
	const struct sock_fprog filter = { .len = ARRAY_LENGTH(only_ends), .filter = only_ends };
	const struct sockaddr_ll all = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ALL) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &wiretap->ready };

	wiretap->ready.step = on_event;
	/* Of no protocol it hears nothing before the filter is there. */
	wiretap->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (wiretap->fd < 0)
		return;
	if (setsockopt(wiretap->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
	    setsockopt(wiretap->fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){ 1 }, sizeof(int)) < 0 ||
	    bind(wiretap->fd, (const struct sockaddr *)&all, sizeof(all)) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, wiretap->fd, &event) < 0)
		wiretap_close(wiretap);
}

void wiretap_close(struct wiretap *wiretap)
{
	if (wiretap->fd >= 0)
		close(wiretap->fd);
	wiretap->fd = -1;
}
