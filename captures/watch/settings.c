/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the server is set to, as far as a SYN-ACK follows from it: sysctls, the device, the route to
 * the client, and what the run has found out of its kernel.
 */
#include "captures/watch/state.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

/* "net.ipv4.tcp_rmem[2]": the third number. 0 where this kernel has no such sysctl. */
static long read_sysctl(struct net *net, const char *name)
{
	size_t length = strcspn(name, "[");
	autofree char *sysctl = format("%.*s", (int)length, name);
	int place = name[length] ? atoi(name + length + 1) : 0;
	char seen[128] = "", *rest = seen;
	int error = net_sysctl_read(net, SERVER, sysctl, seen, sizeof(seen));

	if (error == -ENOENT)
		return 0;
	if (error)
		broken("cannot read %s of the server: %s", sysctl, strerror(-error));
	while (place-- > 0)
		strtol(rest, &rest, 10);
	return strtol(rest, NULL, 10);
}

/*
 * net.core.rmem_max is not to be seen in every namespace, but bounds what a socket gets for its
 * buffer: twice of it, as half is for the bookkeeping (__sock_set_rcvbuf()).
 */
static long read_rmem_max(struct net *net)
{
	autoclose int fd = net_socket(net, SERVER, AF_INET, SOCK_DGRAM, 0);
	int buffer = INT32_MAX;
	socklen_t length = sizeof(buffer);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, &length) < 0)
		broken("cannot ask how large a buffer may be: %s", strerror(errno));
	return buffer / 2;
}

static long read_mtu(struct net *net)
{
	autoclose int fd = net_socket(net, SERVER, AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { .ifr_name = "eth0" };

	if (fd < 0 || ioctl(fd, SIOCGIFMTU, &request) < 0)
		broken("cannot read the MTU of the server's eth0: %s", strerror(errno));
	return request.ifr_mtu;
}

/* ---- the route to the client ---------------------------------------------------------------- */

static int open_netlink(void *argument)
{
	struct mnl_socket **netlink = argument;

	*netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	return *netlink && mnl_socket_bind(*netlink, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -1;
}

static int take_metric(const struct nlattr *attribute, void *metrics)
{
	unsigned type = mnl_attr_get_type(attribute);

	if (type <= RTAX_MAX && mnl_attr_get_payload_len(attribute) == sizeof(uint32_t))
		((uint32_t *)metrics)[type] = mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

static int take_attribute(const struct nlattr *attribute, void *metrics)
{
	if (mnl_attr_get_type(attribute) != RTA_METRICS)
		return MNL_CB_OK;
	return mnl_attr_parse_nested(attribute, take_metric, metrics);
}

static int take_route(const struct nlmsghdr *header, void *metrics)
{
	return mnl_attr_parse(header, sizeof(struct rtmsg), take_attribute, metrics);
}

static void put_client(struct nlmsghdr *header, int family)
{
	struct sockaddr_storage client = host_address(CLIENT, family, 0);
	struct rtmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));

	message->rtm_family = (unsigned char)family;
	if (family == AF_INET6)
		mnl_attr_put(header, RTA_DST, 16,
			     &((const struct sockaddr_in6 *)(const void *)&client)->sin6_addr);
	else
		mnl_attr_put(header, RTA_DST, 4,
			     &((const struct sockaddr_in *)(const void *)&client)->sin_addr);
	message->rtm_dst_len = family == AF_INET6 ? 128 : 32;
}

/* Those of raw peers go the same way, and no route of a case has metrics unless it was given some.
 */
static void read_route(struct net *net, int family, uint32_t metrics[RTAX_MAX + 1])
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct mnl_socket *netlink = NULL;
	int error;

	if (net_within(net, SERVER, open_netlink, &netlink) < 0)
		broken("cannot open a socket of rtnetlink: %s", shortage_text(errno));
	header->nlmsg_type = RTM_GETROUTE;
	header->nlmsg_flags = NLM_F_REQUEST;
	put_client(header, family);
	error = netlink_ask(netlink, header, take_route, metrics);
	if (error)
		broken("cannot ask for the server's route to the client: %s",
		       netlink_problem(error));
	mnl_socket_close(netlink);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static long metric_named(const char *name, const uint32_t metrics[RTAX_MAX + 1])
{
	static const struct {
		const char *name;
		int metric;
	} all[] = { { "mtu", RTAX_MTU },           { "advmss", RTAX_ADVMSS },
		    { "window", RTAX_WINDOW },     { "initrwnd", RTAX_INITRWND },
		    { "hoplimit", RTAX_HOPLIMIT }, { "features", RTAX_FEATURES } };

	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return metrics[all[i].metric] < INT32_MAX ? (long)metrics[all[i].metric]
								  : INT32_MAX;
	broken("nobody knows a metric \"%s\" of a route", name);
}

static long read_setting(struct net *net, const char *name, const uint32_t metrics[RTAX_MAX + 1])
{
	const struct net_ways *ways = net_ways();

	if (strncmp(name, "net.", strlen("net.")) == 0)
		return read_sysctl(net, name);
	if (strncmp(name, "route ", strlen("route ")) == 0)
		return metric_named(name + strlen("route "), metrics);
	if (strcmp(name, "rmem_max") == 0)
		return read_rmem_max(net);
	if (strcmp(name, "MTU") == 0)
		return read_mtu(net);
	if (strcmp(name, "kernel: scaling ratio") == 0)
		return ways->scaling_ratio;
	if (strcmp(name, "kernel: echoes the SYN") == 0)
		return ways->echoes_the_syn;
	if (strcmp(name, "kernel: repeats end ECN") == 0)
		return ways->repeats_end_ecn;
	if (strcmp(name, "kernel: offers what is learnt") == 0)
		return ways->offers_what_is_learnt;
	broken("nobody knows a setting \"%s\" of the server", name);
}

static void tell_setting(struct watch *watch, size_t number, long value)
{
	struct told *told = &watch->told;

	if (number >= ARRAY_LENGTH(told->values))
		broken("more than %zu settings of a server", ARRAY_LENGTH(told->values));
	if (told->all && told->values[number] == value)
		return;
	told->values[number] = value;
	note(watch, (struct event){ .kind = EVENT_SETTING,
				    .host = SERVER,
				    .name = judge_setting_name(number, watch->family),
				    .value = value });
}

void watch_settings(struct watch *watch)
{
	uint32_t metrics[RTAX_MAX + 1] = { 0 };
	const char *name;

	read_route(watch->net, watch->family, metrics);
	for (size_t i = 0; (name = judge_setting_name(i, watch->family)); i++)
		tell_setting(watch, i, read_setting(watch->net, name, metrics));
	watch->told.all = true;
}
