/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.c: the commands that build the network, for `ip -batch` and `tc -batch`.
 */
#include "netns/internal.h"

#include <string.h>

/*
 * The wire's ends are up before the hosts' so that a host's interface has its carrier, and can
 * send, as soon as it is up itself.
 */
char *plan_wire(const struct plan *plan)
{
	return format("link set lo up\n"
		      "link add wc address 02:00:00:00:01:01 mtu 1500 arp off up type veth "
		      "peer name eth0 address 02:00:00:00:00:01 mtu 1500 netns %s\n"
		      "link add ws address 02:00:00:00:01:02 mtu 1500 arp off up type veth "
		      "peer name eth0 address 02:00:00:00:00:02 mtu 1500 netns %s\n"
		      "%s",
		      plan->names[CLIENT], plan->names[SERVER],
		      plan->netem ? "link add n0 address 02:00:00:00:02:01 mtu 1500 arp off up "
				    "type veth peer name n1 address 02:00:00:00:02:02 mtu 1500\n"
				    "link set n1 arp off up\n"
				  : "");
}

/* Replies to raw peers go out to the client's address, whose hardware is known: no ARP, no ND. */
static const char raw_peers[] = "route add 198.51.100.0/24 via 192.0.2.1 dev eth0\n"
				"route add 203.0.113.0/24 via 192.0.2.1 dev eth0\n"
				"route add " FLOOD_IPV4 " via 192.0.2.1 dev eth0\n"
				"route add 2001:db8:51::/64 via 2001:db8::1 dev eth0\n"
				"route add 2001:db8:203::/64 via 2001:db8::1 dev eth0\n"
				"route add " FLOOD_IPV6 " via 2001:db8::1 dev eth0\n";

char *plan_host(enum host host)
{
	int own = host == CLIENT ? 1 : 2, other = 3 - own;

	return format(
		"link set lo up\n"
		"link set eth0 up\n"
		"address add 192.0.2.%d/24 dev eth0\n"
		"address add 2001:db8::%d/64 dev eth0 nodad\n"
		"neighbour add 192.0.2.%d lladdr 02:00:00:00:00:0%d dev eth0 nud permanent\n"
		"neighbour add 2001:db8::%d lladdr 02:00:00:00:00:0%d dev eth0 nud permanent\n"
		"%s",
		own, own, other, other, other, other, host == SERVER ? raw_peers : "");
}

const char *wire_discipline = "netem";

/* Room for more frames than netem's 1000: what the case did not ask to lose must not be lost. */
char *plan_netem(const struct plan *plan)
{
	const char *limit = strstr(plan->netem, "limit") ? "" : "limit 100000 ";

	return format("qdisc add dev n0 root %s %s%s\n"
		      "qdisc add dev n1 root %s %s%s\n",
		      wire_discipline, limit, plan->netem, wire_discipline, limit, plan->netem);
}
