/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay.c: the network by hand, as lines that a person can paste into a root shell.
 */
#include "netns/internal.h"

#include <string.h>

static const char *const by_hand[NAMESPACES] = {
	[CLIENT] = "halfopen-client",
	[SERVER] = "halfopen-server",
	[WIRE] = "halfopen-wire",
};

static void replay_lines(FILE *file, const char *prefix, char *lines)
{
	char *rest = lines;

	for (char *line; (line = strtok_r(rest, "\n", &rest));)
		fprintf(file, "%s %s\n", prefix, line);
}

/* Takes the arguments. */
static void replay_ip(FILE *file, enum host host, char *arguments)
{
	autofree char *owned = arguments;

	fprintf(file, "ip -n %s %s\n", by_hand[host], owned);
}

static void replay_wire(FILE *file, const struct plan *plan)
{
	replay_ip(file, WIRE, plan_order(&(struct order){ UP, "lo", NULL }));
	for (const struct pair *pair = wire_pairs; pair->name; pair++)
		if (pair->to != WIRE || plan->netem)
			replay_ip(file, WIRE, plan_pair(plan, pair));
	if (plan->netem)
		replay_ip(file, WIRE, plan_order(&(struct order){ UP_WITHOUT_ARP, "n1", NULL }));
}

static void replay_host(FILE *file, enum host host)
{
	for (const struct order *order = plan_orders(host); order->what; order++)
		replay_ip(file, host, plan_order(order));
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

static void put_sysctl(FILE *file, const struct sysctl *sysctl)
{
	autofree char *setting = format("%s=%s", sysctl->name, sysctl->value);

	fprintf(file, "ip netns exec %s sysctl -qw ", by_hand[sysctl->host]);
	put_quoted(file, setting);
	fputc('\n', file);
}

static void replay_baselines(FILE *file, enum host host, const struct baseline *b)
{
	for (; b->name; b++)
		put_sysctl(file, &(struct sysctl){ host, b->name, b->value });
}

void replay_network(FILE *file, const char *netem)
{
	struct plan plan = { .netem = netem };

	memcpy(plan.names, by_hand, sizeof(plan.names));
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
	replay_wire(file, &plan);
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

static void replay_bypass_host(FILE *file, enum host host, int link, const char *netem)
{
	autofree char *prefix = format("ip -n %s", by_hand[host]);
	autofree char *lines = plan_bypass_host(host, link);
	autofree char *discipline = netem ? plan_bypass_netem(link, netem) : NULL;

	replay_lines(file, prefix, lines);
	if (discipline)
		fprintf(file, "tc -n %s %s", by_hand[host], discipline);
}

void replay_bypass(FILE *file, int link, const char *netem)
{
	struct plan plan = { .netem = netem };
	autofree char *lines = NULL;

	memcpy(plan.names, by_hand, sizeof(plan.names));
	lines = plan_bypass(&plan, link);
	replay_lines(file, "ip -n halfopen-client", lines);
	replay_bypass_host(file, SERVER, link, netem);
	replay_bypass_host(file, CLIENT, link, netem);
	fflush(file);
}

void replay_sysctl(FILE *file, const struct sysctl *sysctl)
{
	put_sysctl(file, sysctl);
	fflush(file);
}
