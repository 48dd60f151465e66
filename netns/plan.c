/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.c: the commands that build the network, for `ip -batch`, for `tc -batch`, and as lines
 * that a person can paste into a root shell.
 */
#include "netns/internal.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const by_hand[NAMESPACES] = {
	[CLIENT] = "halfopen-client",
	[SERVER] = "halfopen-server",
	[WIRE] = "halfopen-wire",
};

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

/* ---- by hand ------------------------------------------------------------------------------- */

static void replay_lines(FILE *file, const char *prefix, char *lines)
{
	char *rest = lines;

	for (char *line; (line = strtok_r(rest, "\n", &rest));)
		fprintf(file, "%s %s\n", prefix, line);
}

static void replay_host(FILE *file, enum host host)
{
	autofree char *prefix = format("ip -n %s", by_hand[host]);
	autofree char *lines = plan_host(host);

	replay_lines(file, prefix, lines);
	fprintf(file,
		"! command -v ethtool >/dev/null || ip netns exec %s ethtool -K eth0 rx off tx off "
		"sg off tso off gso off gro off\n",
		by_hand[host]);
}

/* Without the gate frames cross by themselves; a bridge cannot hold, drop or release one. */
static void replay_gate(FILE *file, bool netem)
{
	const char *ends[][2] = {
		{ "br0", "wc" }, { "br0", netem ? "n0" : "ws" }, { "br1", "n1" }, { "br1", "ws" }
	};

	fputs("# By hand a bridge takes the place of the gate, which moves one frame at a time.\n",
	      file);
	for (int i = 0; i < (netem ? 2 : 1); i++)
		fprintf(file, "ip -n halfopen-wire link add br%d up type bridge mcast_snooping 0\n",
			i);
	for (int i = 0; i < (netem ? 4 : 2); i++)
		fprintf(file, "ip -n halfopen-wire link set %s master %s\n", ends[i][1],
			ends[i][0]);
}

static void replay_baselines(FILE *file, enum host host, const struct baseline *b)
{
	for (; b->name; b++)
		replay_sysctl(file, &(struct sysctl){ host, b->name, b->value });
}

void replay_network(FILE *file, const char *netem)
{
	struct plan plan = { .netem = netem };
	autofree char *lines = NULL;

	memcpy(plan.names, by_hand, sizeof(plan.names));
	lines = plan_wire(&plan);
	fputs("#!/bin/sh\n"
	      "# This network by hand: run it as root, or paste it into a shell of root's.\n"
	      "# To look into it: ip netns exec halfopen-server bash. To remove it:\n"
	      "#   for n in client wire server; do ip netns del halfopen-$n; done\n"
	      "# Without ethtool the hosts' offloads stay on: captures have larger segments\n"
	      "# than the wire, and checksums that are not computed yet.\n\n",
	      file);
	for (int i = 0; i < NAMESPACES; i++)
		fprintf(file, "ip netns add %s\n", by_hand[i]);
	replay_baselines(file, CLIENT, host_baselines);
	replay_baselines(file, SERVER, host_baselines);
	replay_baselines(file, WIRE, wire_baselines);
	replay_lines(file, "ip -n halfopen-wire", lines);
	replay_host(file, CLIENT);
	replay_host(file, SERVER);
	if (netem) {
		autofree char *disciplines = plan_netem(&plan);

		replay_lines(file, "tc -n halfopen-wire", disciplines);
	}
	replay_gate(file, netem);
	fputs("echo 'halfopen-server: 192.0.2.2, 2001:db8::2; halfopen-client: 192.0.2.1, "
	      "2001:db8::1'\n",
	      file);
	fflush(file);
}

/* As one word of a shell, whatever it has. */
static void put_quoted(FILE *file, const char *text)
{
	fputc('\'', file);
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", file);
		else
			fputc(*text, file);
	fputc('\'', file);
}

void replay_sysctl(FILE *file, const struct sysctl *sysctl)
{
	autofree char *setting = format("%s=%s", sysctl->name, sysctl->value);

	fprintf(file, "ip netns exec %s sysctl -qw ", by_hand[sysctl->host]);
	put_quoted(file, setting);
	fputc('\n', file);
	fflush(file);
}
