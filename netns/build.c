/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * build.c: the plan's commands, given to the kernel as `ip` gives them (rtnetlink(7)). To load that
 * program three times was a fifth of the CPU time of a case.
 */
#include "netns/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <string.h>

struct request {
	char buffer[1024];
	struct nlmsghdr *header;
};

/* Returns the fixed part behind the header. */
static void *begin(struct request *request, uint16_t type, size_t size)
{
	request->header = mnl_nlmsg_put_header(request->buffer);
	request->header->nlmsg_type = type;
	request->header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	return mnl_nlmsg_put_extra_header(request->header, size);
}

/* ---- addresses ------------------------------------------------------------------------------ */

struct prefix {
	int family, length; /* of all bits, where the text has none */
	size_t size;
	uint8_t bytes[sizeof(struct in6_addr)];
};

/* "192.0.2.1/24" */
static struct prefix prefix_of(const char *text)
{
	struct prefix prefix = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	size_t length = strcspn(text, "/");
	autofree char *address = format("%.*s", (int)length, text);

	prefix.size = prefix.family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	prefix.length = text[length] ? atoi(text + length + 1) : 8 * (int)prefix.size;
	if (inet_pton(prefix.family, address, prefix.bytes) != 1)
		broken("the network's plan has no address \"%s\"", text);
	return prefix;
}

static void put_address(struct request *request, uint16_t type, const char *text)
{
	struct prefix prefix = prefix_of(text);

	mnl_attr_put(request->header, type, prefix.size, prefix.bytes);
}

static void put_hardware(struct request *request, uint16_t type, const char *text)
{
	struct ether_addr address;

	if (!ether_aton_r(text, &address))
		broken("the network's plan has no hardware address \"%s\"", text);
	mnl_attr_put(request->header, type, sizeof(address), &address);
}

/* ---- the requests --------------------------------------------------------------------------- */

static void ask_up(struct request *request, int index, unsigned flags)
{
	struct ifinfomsg *link = begin(request, RTM_NEWLINK, sizeof(*link));

	request->header->nlmsg_flags &= (uint16_t) ~(NLM_F_CREATE | NLM_F_EXCL);
	link->ifi_index = index;
	link->ifi_flags = link->ifi_change = flags;
}

static void ask_address(struct request *request, int index, const char *text)
{
	struct ifaddrmsg *address = begin(request, RTM_NEWADDR, sizeof(*address));
	struct prefix prefix = prefix_of(text);

	address->ifa_family = (uint8_t)prefix.family;
	address->ifa_prefixlen = (uint8_t)prefix.length;
	address->ifa_flags = prefix.family == AF_INET6 ? IFA_F_NODAD : 0;
	address->ifa_index = (uint32_t)index;
	put_address(request, IFA_LOCAL, text);
	put_address(request, IFA_ADDRESS, text);
}

static void ask_neighbour(struct request *request, int index, const struct order *order)
{
	struct ndmsg *neighbour = begin(request, RTM_NEWNEIGH, sizeof(*neighbour));

	neighbour->ndm_family = (uint8_t)prefix_of(order->what).family;
	neighbour->ndm_ifindex = index;
	neighbour->ndm_state = NUD_PERMANENT;
	put_address(request, NDA_DST, order->what);
	put_hardware(request, NDA_LLADDR, order->by);
}

static void ask_route(struct request *request, int index, const struct order *order)
{
	struct rtmsg *route = begin(request, RTM_NEWROUTE, sizeof(*route));
	struct prefix prefix = prefix_of(order->what);

	route->rtm_family = (uint8_t)prefix.family;
	route->rtm_dst_len = (uint8_t)prefix.length;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_BOOT;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	put_address(request, RTA_DST, order->what);
	put_address(request, RTA_GATEWAY, order->by);
	mnl_attr_put_u32(request->header, RTA_OIF, (uint32_t)index);
}

static void put_end(struct request *request, const char *name, const char *hardware)
{
	mnl_attr_put_strz(request->header, IFLA_IFNAME, name);
	put_hardware(request, IFLA_ADDRESS, hardware);
	mnl_attr_put_u32(request->header, IFLA_MTU, WIRE_MTU);
}

static void ask_pair(struct request *request, const struct pair *pair, int namespace)
{
	struct ifinfomsg *link = begin(request, RTM_NEWLINK, sizeof(*link));
	struct nlattr *info, *data, *peer;

	link->ifi_flags = link->ifi_change = IFF_UP | IFF_NOARP;
	put_end(request, pair->name, pair->hardware);
	info = mnl_attr_nest_start(request->header, IFLA_LINKINFO);
	mnl_attr_put_str(request->header, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request->header, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request->header, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(request->header, sizeof(struct ifinfomsg));
	put_end(request, pair->peer, pair->peer_hardware);
	if (pair->to != WIRE)
		mnl_attr_put_u32(request->header, IFLA_NET_NS_FD, (uint32_t) namespace);
	mnl_attr_nest_end(request->header, peer);
	mnl_attr_nest_end(request->header, data);
	mnl_attr_nest_end(request->header, info);
}

/* ---- carried out ---------------------------------------------------------------------------- */

/* Takes the command by hand. */
static void carry_out(struct mnl_socket *netlink, const struct request *request, char *by_hand)
{
	autofree char *command = by_hand;
	int error = netlink_ask(netlink, request->header, NULL, NULL);

	if (error)
		broken("cannot build the network: what `ip %s` does failed: %s", command,
		       netlink_problem(error));
}

void build_pair(const struct builder *builder, const struct plan *plan, const struct pair *pair)
{
	struct request request = { .header = NULL }; /* attributes are padded with zeros */

	ask_pair(&request, pair, pair->to == WIRE ? -1 : builder->namespaces[pair->to]);
	carry_out(builder->netlink, &request, plan_pair(plan, pair));
}

void build_order(const struct builder *builder, const struct order *order)
{
	bool link = order->kind == UP || order->kind == UP_WITHOUT_ARP;
	int index = interface_index(builder->control, link ? order->what : "eth0");
	struct request request = { .header = NULL }; /* attributes are padded with zeros */

	if (order->kind == UP)
		ask_up(&request, index, IFF_UP);
	else if (order->kind == UP_WITHOUT_ARP)
		ask_up(&request, index, IFF_UP | IFF_NOARP);
	else if (order->kind == ADDRESS)
		ask_address(&request, index, order->what);
	else if (order->kind == NEIGHBOUR)
		ask_neighbour(&request, index, order);
	else
		ask_route(&request, index, order);
	carry_out(builder->netlink, &request, plan_order(order));
}
