/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loss.c: frames that got lost on the wire, and where: the books can be kept of a whole wire only.
 *
 * The gate's socket counts what it had no room for, an interface what softnet did not take of it.
 * Both are asked when the wire does not become quiet, before a finding is judged, and at the end.
 * softnet's own counters are the whole machine's: they explain a loss, and are none.
 */
#include "netns/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <string.h>

/* How many came while the gate's socket had no room. */
static uint64_t dropped_by_gate(struct gate *gate)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	/* Reading them sets them to 0. */
	if (getsockopt(gate->socket, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
		broken("cannot read the statistics of the gate's socket: %s", strerror(errno));
	return gate->dropped += stats.tp_drops;
}

/* The same in words; the caller frees it. NULL: none did. */
static char *losses_of_gate(struct gate *gate)
{
	if (!dropped_by_gate(gate))
		return NULL;
	return format("the gate's socket lost %llu frame%s: raise net.core.rmem_max, or run fewer "
		      "cases at once (-j)",
		      (unsigned long long)gate->dropped, gate->dropped == 1 ? "" : "s");
}

void gate_check(struct gate *gate)
{
	autofree char *losses = gate->restores ? NULL : losses_of_gate(gate);

	if (losses)
		broken("%s", losses);
}

/*
 * What a veth was given and its other end did not take, "drop" of what was transmitted in
 * /proc/net/dev: veth_xmit() counts it when enqueue_to_backlog() (net/core/dev.c) has no room.
 */
static uint64_t dropped_by(struct net *net, enum host host, const char *interface)
{
	autofile FILE *file = fdopen(net_proc(net, host, "dev"), "r");
	char line[512], name[32];
	unsigned long long drops;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " %31[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", name,
			   &drops) == 2 &&
		    strcmp(name, interface) == 0)
			return drops;
	broken("cannot read in /proc/net/dev what %s has dropped: %s", interface,
	       file && feof(file) ? "there is no such line" : strerror(errno));
}

/* Since the gate has its socket. Where it had no room it may not have had any for a mark, too. */
static uint64_t not_given_to_gate(struct net *net)
{
	struct gate *gate = &net->gate;

	return dropped_by_gate(gate) - (gate->marks - gate->marks_back) +
	       dropped_by(net, CLIENT, "eth0") + dropped_by(net, SERVER, "eth0");
}

uint64_t wire_lost(struct net *net)
{
	return not_given_to_gate(net) - net->gate.restored;
}

static bool all_are_restored(struct net *net)
{
	return net->gate.restores && not_given_to_gate(net) == net->gate.restored;
}

struct softnet softnet_read(void)
{
	static const char path[] = "/proc/thread-self/net/softnet_stat";
	autofile FILE *file = fopen(path, "re");
	struct softnet all = { 0 };
	unsigned dropped, squeezed;
	char line[256];

	if (!file)
		broken("cannot open %s: %s", path, shortage_text(errno));
	/* A line for each CPU that is online; the numbers are hexadecimal and wrap around at 2^32.
	 */
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*x %x %x", &dropped, &squeezed) != 2)
			continue;
		all.dropped += dropped;
		all.squeezed += squeezed;
	}
	return all;
}

struct softnet net_softnet(const struct net *net)
{
	struct softnet now = softnet_read();

	return (struct softnet){ .dropped = now.dropped - net->softnet.dropped,
				 .squeezed = now.squeezed - net->softnet.squeezed };
}

/* The ends that the kernel fills without an error; who sends to the others gets one. */
static const struct {
	enum host host;
	const char *interface, *name;
	enum { TO_GATE, WITH_NETEM, WITH_BYPASS } there;
} senders[] = {
	{ CLIENT, "eth0", "the client's eth0", TO_GATE },
	{ SERVER, "eth0", "the server's eth0", TO_GATE },
	{ CLIENT, "eth1", "the client's eth1", WITH_BYPASS },
	{ CLIENT, "eth2", "the client's eth2", WITH_BYPASS },
	{ SERVER, "eth1", "the server's eth1", WITH_BYPASS },
	{ SERVER, "eth2", "the server's eth2", WITH_BYPASS },
	{ WIRE, "n0", "the wire's n0", WITH_NETEM },
	{ WIRE, "n1", "the wire's n1", WITH_NETEM },
};

/* "the server's eth0 lost 3 frames ...", or an empty text; the caller frees it. */
static char *losses_of_interfaces(struct net *net, bool restored)
{
	const bool counts[] = {
		[TO_GATE] = !restored, [WITH_NETEM] = net->gate.netem, [WITH_BYPASS] = net->bypass
	};
	struct text text = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(senders); i++) {
		bool there = counts[senders[i].there];
		uint64_t drops = there ? dropped_by(net, senders[i].host, senders[i].interface) : 0;

		if (drops)
			text_add(&text, "%s%s lost %llu frame%s", text.length ? ", " : "",
				 senders[i].name, (unsigned long long)drops, drops == 1 ? "" : "s");
	}
	if (text.length)
		text_add(&text,
			 " in softnet, which dropped %llu on the whole machine meanwhile: "
			 "raise net.core.netdev_max_backlog",
			 (unsigned long long)net_softnet(net).dropped);
	return text_take(&text);
}

char *wire_losses(struct net *net)
{
	bool restored = all_are_restored(net);
	autofree char *of_gate = restored ? NULL : losses_of_gate(&net->gate);
	autofree char *of_interfaces = losses_of_interfaces(net, restored);

	if (!of_gate && !*of_interfaces)
		return NULL;
	net->losses_told = true;
	return format("%s%s%s", of_interfaces, *of_interfaces && of_gate ? "; " : "",
		      of_gate ? of_gate : "");
}
