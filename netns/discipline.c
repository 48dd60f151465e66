/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * discipline.c: what the queueing disciplines of interfaces hold, have sent and have dropped.
 */
#include "netns/internal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* The attribute's value, where it is long enough for that; else it is left as it was. */
static void copy(const struct nlattr *attribute, void *value, size_t size)
{
	if (mnl_attr_get_payload_len(attribute) >= size)
		memcpy(value, mnl_attr_get_payload(attribute), size);
}

static int add_statistic(const struct nlattr *attribute, void *data)
{
	struct discipline *discipline = data;
	struct gnet_stats_queue queue = { 0 };
	struct gnet_stats_basic basic = { 0 };

	if (mnl_attr_get_type(attribute) == TCA_STATS_QUEUE)
		copy(attribute, &queue, sizeof(queue));
	else if (mnl_attr_get_type(attribute) == TCA_STATS_BASIC)
		copy(attribute, &basic,
		     offsetof(struct gnet_stats_basic, packets) + sizeof(basic.packets));
	discipline->held += queue.qlen;
	discipline->dropped += queue.drops;
	discipline->sent += basic.packets;
	return MNL_CB_OK;
}

static int add_attribute(const struct nlattr *attribute, void *data)
{
	if (mnl_attr_get_type(attribute) != TCA_STATS2)
		return MNL_CB_OK;
	return mnl_attr_parse_nested(attribute, add_statistic, data);
}

static int add_discipline(const struct nlmsghdr *header, void *data)
{
	const struct tcmsg *about = mnl_nlmsg_get_payload(header);
	const struct discipline *discipline = data;
	bool asked = about->tcm_ifindex == discipline->index[0] ||
		     about->tcm_ifindex == discipline->index[1];

	if (header->nlmsg_type != RTM_NEWQDISC || !asked || about->tcm_parent != TC_H_ROOT)
		return MNL_CB_OK;
	return mnl_attr_parse(header, sizeof(*about), add_attribute, data);
}

void discipline_read(struct mnl_socket *netlink, struct discipline *discipline)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int error = EINTR;

	request->nlmsg_type = RTM_GETQDISC;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = (uint32_t)clock_now();
	mnl_nlmsg_put_extra_header(request, sizeof(struct tcmsg));
	for (int again = 0; error == EINTR && again < NETLINK_ATTEMPTS; again++) {
		discipline->held = discipline->sent = discipline->dropped = 0;
		error = netlink_ask(netlink, request, add_discipline, discipline);
	}
	if (error)
		broken("cannot list the queues of the wire: %s", netlink_problem(error));
}
