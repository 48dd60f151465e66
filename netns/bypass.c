/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bypass.c: two more links between the hosts, past the gate.
 */
#include "netns/internal.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <string.h>

struct sockaddr_storage bypass_address(int family, int link, unsigned number, uint16_t port)
{
	struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
	struct sockaddr_in *four = (struct sockaddr_in *)&address;
	autofree char *text = format(
		family == AF_INET6 ? "2001:db8:203:%d::%x" : "203.0.113.%d",
		family == AF_INET6 ? link : BYPASS_FIRST(link) + (int)number + 1, number + 1);

	if (family == AF_INET6)
		six->sin6_port = htons(port);
	else
		four->sin_port = htons(port);
	if (inet_pton(family, text,
		      family == AF_INET6 ? (void *)&six->sin6_addr : (void *)&four->sin_addr) != 1)
		broken("\"%s\" is no address", text);
	return address;
}

struct work {
	struct net *net;
	const char *program, *batch;
};

static int run_batch(void *argument)
{
	const struct work *work = argument;
	char *argv[] = { (char *)work->program, "-batch", "-", NULL };
	struct tool_options options = { .argv = argv, .input = work->batch };
	struct tool tool;
	autofree char *output = NULL;

	memcpy(options.inherit, work->net->ns, sizeof(options.inherit));
	tool = tool_start(options);
	if (tool_finish(&tool, &output))
		broken("cannot make another link between the hosts: `%s` said: %s", work->program,
		       output);
	return 0;
}

static void run(struct net *net, enum host host, struct work work)
{
	work.net = net;
	net_within(net, host, run_batch, &work);
}

static void build_host(struct net *net, enum host host, int link, const char *netem)
{
	autofree char *lines = plan_bypass_host(host, link), *interface = format("eth%d", link);
	autofree char *discipline = netem ? plan_bypass_netem(link, netem) : NULL;

	offloads_off(net->control[host], interface);
	run(net, host, (struct work){ .program = "ip", .batch = lines });
	if (discipline)
		run(net, host, (struct work){ .program = "tc", .batch = discipline });
}

static void build_link(struct net *net, int link, const char *netem)
{
	char server[32];
	struct plan plan = { .names = { [SERVER] = server } };
	autofree char *lines = NULL, *interface = format("eth%d", link);

	snprintf(server, sizeof(server), "/proc/self/fd/%d", net->ns[SERVER]);
	lines = plan_bypass(&plan, link);
	if (net->replay)
		replay_bypass(net->replay, link, netem);
	run(net, CLIENT, (struct work){ .program = "ip", .batch = lines });
	build_host(net, SERVER, link, netem);
	build_host(net, CLIENT, link, netem);
	for (int host = 0; host < HOSTS; host++)
		interface_await(net->control[host], interface);
}

void bypass_open(struct net *net, int link, const char *netem)
{
	build_link(net, link, netem);
	net->bypass = link == BYPASS_LINKS;
}

struct question {
	int control;
	struct discipline answer;
};

static int ask(void *argument)
{
	struct question *question = argument;
	struct mnl_socket *netlink = route_socket();

	question->answer.index[0] = interface_index(question->control, "eth1");
	question->answer.index[1] = interface_index(question->control, "eth2");
	discipline_read(netlink, &question->answer);
	mnl_socket_close(netlink);
	return 0;
}

struct bypass_frames bypass_frames(struct net *net, enum host from)
{
	struct question question = { .control = net->control[from] };

	net_within(net, from, ask, &question);
	return (struct bypass_frames){ .sent = question.answer.sent,
				       .dropped = question.answer.dropped,
				       .held = question.answer.held };
}
