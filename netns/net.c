/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.c: makes the three namespaces and everything in them.
 *
 * netem is set up by `tc -batch`, which is started before there is anything to do for it: loading a
 * program takes longer than what it does here.
 */
#include "netns/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <string.h>

struct build {
	struct net *net;
	const char *netem;
	struct mnl_socket *route[NAMESPACES];
	struct tool tc;
};

static void set_baselines(enum host host)
{
	const struct baseline *b = host == WIRE ? wire_baselines : host_baselines;

	for (; b->name; b++) {
		int error = baseline_is_met(b) ? 0 : sysctl_write_here(b->name, b->value);

		/* Older kernels lack some, and have not what these switch off. */
		if (error && error != -ENOENT)
			broken("cannot set %s=%s in the %s's namespace: %s; is /proc/sys writable?",
			       b->name, b->value, namespace_name(host), strerror(-error));
	}
}

/* What talks to the new namespace from wherever this thread is by then. */
static void open_the_way(struct build *build, enum host host)
{
	static char *tc[] = { "tc", "-batch", "-", NULL };

	build->route[host] = route_socket();
	if (host == WIRE && build->netem)
		build->tc = tool_start((struct tool_options){ .argv = tc });
}

/* Leaves the thread in the new namespace. */
static void make_namespace(struct build *build, enum host host)
{
	struct net *net = build->net;

	/* From the outer one, whose tcp_child_ehash_entries it takes. */
	if (enter_namespace(net->outside) || unshare(CLONE_NEWNET)) {
		const char *limit = errno == ENOSPC ? "; run fewer cases at once (-j) or raise "
						      "user.max_net_namespaces"
						    : "";

		if (*limit)
			shortage_note("no more network namespaces may be made");
		broken("cannot make the %s's network namespace: %s%s", namespace_name(host),
		       shortage_text(errno), limit);
	}
	net->ns[host] = current_namespace();
	net->control[host] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (net->control[host] < 0)
		broken("cannot open a socket in the %s's namespace: %s", namespace_name(host),
		       shortage_text(errno));
	open_the_way(build, host);
}

/* While tc is being loaded. Leaves the thread in the wire's namespace. */
static void set_all_baselines(const struct net *net)
{
	for (int i = 0; i < NAMESPACES; i++) {
		if (enter_namespace(net->ns[i]))
			broken("cannot enter the %s's namespace: %s", namespace_name((enum host)i),
			       strerror(errno));
		set_baselines((enum host)i);
	}
}

/* The line of @batch that "Command failed -:N" names. */
static char *failed_line(const char *batch, const char *output)
{
	const char *mark = strstr(output, "Command failed -:");
	long number = mark ? strtol(mark + strlen("Command failed -:"), NULL, 10) : 1;

	while (--number > 0 && strchr(batch, '\n'))
		batch = strchr(batch, '\n') + 1;
	return format("%.*s", (int)strcspn(batch, "\n"), batch);
}

static void await_program(struct tool *tool, const char *program, const char *batch)
{
	autofree char *output = NULL;
	int status = tool_finish(tool, &output);
	autofree char *line = NULL;

	if (!status)
		return;
	if (status == 127)
		broken("cannot run `%s`: %s%s", program, output,
		       tool->error == ENOENT ? "; install the package iproute2" : "");
	line = failed_line(batch, output);
	output[strcspn(output, "\n")] = '\0';
	broken("cannot build the network: `%s %s` failed: %s", program, line,
	       *output ? output : "it said nothing");
}

static struct builder builder_of(const struct build *build, enum host host)
{
	return (struct builder){ .netlink = build->route[host],
				 .control = build->net->control[host],
				 .namespaces = build->net->ns };
}

static void build_links(const struct build *build)
{
	const struct builder builder = builder_of(build, WIRE);
	char paths[HOSTS][32];
	struct plan plan = { .netem = build->netem };

	for (int i = 0; i < HOSTS; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", build->net->ns[i]);
		plan.names[i] = paths[i];
	}
	build_order(&builder, &(struct order){ UP, "lo", NULL });
	for (const struct pair *pair = wire_pairs; pair->name; pair++)
		if (pair->to != WIRE || build->netem)
			build_pair(&builder, &plan, pair);
	if (build->netem)
		build_order(&builder, &(struct order){ UP_WITHOUT_ARP, "n1", NULL });
}

static void build_host(const struct build *build, enum host host)
{
	const struct builder builder = builder_of(build, host);

	for (const struct order *order = plan_orders(host); order->what; order++)
		build_order(&builder, order);
	offloads_off(builder.control, "eth0");
}

static void build_hosts(struct build *build)
{
	struct net *net = build->net;
	struct plan plan = { .netem = build->netem };
	autofree char *netem = build->netem ? plan_netem(&plan) : NULL;

	if (netem)
		tool_feed(&build->tc, netem);
	for (int i = 0; i < HOSTS; i++)
		build_host(build, (enum host)i);
	enter_namespace(net->ns[WIRE]);
	gate_open(&net->gate, net->control[WIRE], netem);
	if (netem)
		await_program(&build->tc, "tc", netem);
	for (int i = 0; i < NAMESPACES; i++)
		mnl_socket_close(build->route[i]);
}

#define RTF_LOCAL 0x80000000UL /* linux/ipv6_route.h: delivered to this host */

/* Whether a line of /proc/net/ipv6_route is the local route to the address in hexadecimal. */
static bool is_local_route(const char *line, const char *address)
{
	char destination[33], length[3], flags[9];

	return sscanf(line, "%32s %2s %*s %*s %*s %*s %*s %*s %8s", destination, length, flags) ==
		       3 &&
	       strcmp(destination, address) == 0 && strcmp(length, "80") == 0 &&
	       strtoul(flags, NULL, 16) & RTF_LOCAL;
}

static bool takes_its_packets(struct net *net, enum host host)
{
	struct sockaddr_storage address = host_address(host, AF_INET6, 0);
	const uint8_t *bytes = ((const struct sockaddr_in6 *)&address)->sin6_addr.s6_addr;
	int fd = net_proc(net, host, "ipv6_route");
	autofile FILE *routes = fdopen(fd, "r");
	char hexadecimal[33], line[256];

	if (!routes)
		broken("cannot read the routes of a host: %s", strerror(errno));
	for (int i = 0; i < 16; i++)
		snprintf(hexadecimal + 2 * i, 3, "%02x", bytes[i]);
	while (fgets(line, sizeof(line), routes))
		if (is_local_route(line, hexadecimal))
			return true;
	return false;
}

/* An IPv6 address works when a kernel thread has added its local route (addrconf_dad_work()). */
static void await_address(struct net *net, enum host host)
{
	struct deadline deadline = deadline_in(SEC(10));

	while (!takes_its_packets(net, host)) {
		if (deadline_passed(&deadline))
			broken("the IPv6 address of the %s is not ready after %.0f s",
			       host_name(host), seconds(deadline.span));
		(void)await_events(NULL, 0, MSEC(1));
	}
}

static void await_links(struct net *net)
{
	interface_await(net->control[CLIENT], "eth0");
	interface_await(net->control[SERVER], "eth0");
	await_address(net, CLIENT);
	await_address(net, SERVER);
	if (net->gate.netem) {
		interface_await(net->control[WIRE], "n0");
		interface_await(net->control[WIRE], "n1");
	}
}

struct net *net_open(struct net_options options)
{
	struct net *net = must_alloc(1, sizeof(*net));
	struct build build = { .net = net, .netem = options.netem };

	net->replay = options.replay;
	if (net->replay)
		replay_network(net->replay, options.netem);
	net->outside = current_namespace();
	net->softnet = softnet_read();
	isolate_all_cpus();
	for (int i = 0; i < NAMESPACES; i++)
		make_namespace(&build, (enum host)i);
	set_all_baselines(net);
	build_links(&build);
	build_hosts(&build);
	await_links(net);
	isolate_one_cpu();
	if (enter_namespace(net->outside))
		broken("cannot go back to the outer network namespace: %s", strerror(errno));
	for (int i = 0; i < NAMESPACES; i++)
		namespace_announce(net->ns[i]);
	return net;
}

void net_close(struct net *net)
{
	autofree char *losses = NULL;

	flood_close(net);
	if (!net->losses_told)
		losses = wire_losses(net);
	gate_close(&net->gate);
	for (int i = 0; i < NAMESPACES; i++) {
		close(net->control[i]);
		close(net->ns[i]);
	}
	close(net->outside);
	free(net);
	if (losses)
		broken("%s", losses);
}
