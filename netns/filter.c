/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c: what a packet socket hears, in the words of pcap-filter(7).
 */
#include "netns/internal.h"

#include <errno.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <string.h>

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter),
	       "libpcap's instructions are the kernel's");

void filter_attach(int fd, const char *text, int bytes)
{
	pcap_t *ethernet = pcap_open_dead(DLT_EN10MB, bytes);
	struct bpf_program program;
	struct sock_fprog filter;

	if (!ethernet || pcap_compile(ethernet, &program, text, 1, PCAP_NETMASK_UNKNOWN))
		broken("cannot compile the packet filter \"%s\": %s", text,
		       ethernet ? pcap_geterr(ethernet) : strerror(errno));
	filter = (struct sock_fprog){ .len = (unsigned short)program.bf_len,
				      .filter = (struct sock_filter *)(void *)program.bf_insns };
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)))
		broken("cannot attach the filter \"%s\" to a packet socket: %s", text,
		       strerror(errno));
	pcap_freecode(&program);
	pcap_close(ethernet);
}
