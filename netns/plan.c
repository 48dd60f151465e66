/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.c: what the network is made of, and the commands that make the same by hand.
 */
#include "netns/internal.h"

#include <string.h>

/*
 * The wire's ends are up before the hosts' so that a host's interface has its carrier, and can
 * send, as soon as it is up itself.
 */
const struct pair wire_pairs[] = {
	{ "wc", "02:00:00:00:01:01", "eth0", "02:00:00:00:00:01", CLIENT },
	{ "ws", "02:00:00:00:01:02", "eth0", "02:00:00:00:00:02", SERVER },
	{ "n0", "02:00:00:00:02:01", "n1", "02:00:00:00:02:02", WIRE },
	{ .name = NULL },
};

char *plan_pair(const struct plan *plan, const struct pair *pair)
{
	return format("link add %s address %s mtu %d arp off up type veth "
		      "peer name %s address %s mtu %d%s%s",
		      pair->name, pair->hardware, WIRE_MTU, pair->peer, pair->peer_hardware,
		      WIRE_MTU, pair->to == WIRE ? "" : " netns ",
		      pair->to == WIRE ? "" : plan->names[pair->to]);
}

/* Replies to raw peers go out to the client's address, whose hardware is known: no ARP, no ND. */
static const struct order orders[HOSTS][13] = {
	[CLIENT] = {
		{ UP, "lo", NULL },
		{ UP, "eth0", NULL },
		{ ADDRESS, "192.0.2.1/24", NULL },
		{ ADDRESS, "2001:db8::1/64", NULL },
		{ NEIGHBOUR, "192.0.2.2", "02:00:00:00:00:02" },
		{ NEIGHBOUR, "2001:db8::2", "02:00:00:00:00:02" },
		{ .what = NULL },
	},
	[SERVER] = {
		{ UP, "lo", NULL },
		{ UP, "eth0", NULL },
		{ ADDRESS, "192.0.2.2/24", NULL },
		{ ADDRESS, "2001:db8::2/64", NULL },
		{ NEIGHBOUR, "192.0.2.1", "02:00:00:00:00:01" },
		{ NEIGHBOUR, "2001:db8::1", "02:00:00:00:00:01" },
		{ ROUTE, "198.51.100.0/24", "192.0.2.1" },
		{ ROUTE, "203.0.113.0/24", "192.0.2.1" },
		{ ROUTE, FLOOD_IPV4, "192.0.2.1" },
		{ ROUTE, "2001:db8:51::/64", "2001:db8::1" },
		{ ROUTE, "2001:db8:203::/64", "2001:db8::1" },
		{ ROUTE, FLOOD_IPV6, "2001:db8::1" },
		{ .what = NULL },
	},
};

const struct order *plan_orders(enum host host)
{
	return orders[host];
}

char *plan_order(const struct order *order)
{
	switch (order->kind) {
	case UP:
		return format("link set %s up", order->what);
	case UP_WITHOUT_ARP:
		return format("link set %s arp off up", order->what);
	case ADDRESS:
		return format("address add %s dev eth0%s", order->what,
			      strchr(order->what, ':') ? " nodad" : "");
	case NEIGHBOUR:
		return format("neighbour add %s lladdr %s dev eth0 nud permanent", order->what,
			      order->by);
	default:
		return format("route add %s via %s dev eth0", order->what, order->by);
	}
}

const char *wire_discipline = "netem";

/* Room for more frames than netem's 1000: what the case did not ask to lose must not be lost. */
static char *plan_discipline(const char *interface, const char *netem)
{
	return format("qdisc add dev %s root %s %s%s\n", interface, wire_discipline,
		      strstr(netem, "limit") ? "" : "limit 100000 ", netem);
}

char *plan_netem(const struct plan *plan)
{
	autofree char *n0 = plan_discipline("n0", plan->netem);
	autofree char *n1 = plan_discipline("n1", plan->netem);

	return format("%s%s", n0, n1);
}

/* ---- the bypass ---------------------------------------------------------------------------- */

char *plan_bypass(const struct plan *plan, int link)
{
	return format("link add eth%d address 02:00:00:00:03:%d1 mtu 1500 arp off up type veth "
		      "peer name eth%d address 02:00:00:00:03:%d2 mtu 1500 netns %s\n",
		      link, link, link, link, plan->names[SERVER]);
}

/*
 * The client has any address of a range, without a list of them. The server keeps its address; of
 * the ways to it a client's socket takes the one whose device it is bound to.
 */
static char *plan_client_of_bypass(int link)
{
	return format(
		"route add local " BYPASS_IPV4 " dev lo\n"
		"route add local " BYPASS_IPV6 " dev lo\n"
		"route add 192.0.2.2/32 dev eth%d metric %d\n"
		"route add 2001:db8::2/128 dev eth%d metric %d\n"
		"neighbour add 192.0.2.2 lladdr 02:00:00:00:03:%d2 dev eth%d nud permanent\n"
		"neighbour add 2001:db8::2 lladdr 02:00:00:00:03:%d2 dev eth%d nud permanent\n",
		BYPASS_FIRST(link), link, link, link, link, link, link, link, link, link);
}

char *plan_bypass_host(enum host host, int link)
{
	if (host == CLIENT)
		return plan_client_of_bypass(link);
	return format("link set eth%d arp off up\n"
		      "neighbour add 192.0.2.1 lladdr 02:00:00:00:03:%d1 dev eth%d nud permanent\n"
		      "neighbour add fe80::1 lladdr 02:00:00:00:03:%d1 dev eth%d nud permanent\n"
		      "route replace " BYPASS_IPV4 " via 192.0.2.1 dev eth%d onlink\n"
		      "route replace " BYPASS_IPV6 " via fe80::1 dev eth%d\n",
		      link, link, link, link, link, BYPASS_FIRST(link), link, link, link);
}

char *plan_bypass_netem(int link, const char *netem)
{
	autofree char *interface = format("eth%d", link);

	return plan_discipline(interface, netem);
}
