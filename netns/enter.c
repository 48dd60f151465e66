/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * enter.c: into a namespace of the network, for one act, and out of it.
 */
#include "netns/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

const char *namespace_name(enum host host)
{
	return host == WIRE ? "wire" : host_name(host);
}

int net_within(struct net *net, enum host host, int (*act)(void *), void *argument)
{
	int result;

	if (enter_namespace(net->ns[host]))
		broken("cannot enter the %s's namespace: %s", namespace_name(host),
		       strerror(errno));
	result = act(argument);
	if (enter_namespace(net->outside))
		broken("cannot leave the %s's namespace: %s", namespace_name(host),
		       strerror(errno));
	return result;
}

struct socket_kind {
	int domain, type, protocol;
};

static int make_socket(void *argument)
{
	const struct socket_kind *kind = argument;

	return socket(kind->domain, kind->type | SOCK_CLOEXEC, kind->protocol);
}

int net_socket(struct net *net, enum host host, int domain, int type, int protocol)
{
	struct socket_kind kind = { domain, type, protocol };

	return net_within(net, host, make_socket, &kind);
}

static int open_proc(void *name)
{
	autofree char *path = format("/proc/thread-self/net/%s", (const char *)name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		broken("cannot open %s in a host's namespace: %s", path, shortage_text(errno));
	return fd;
}

int net_proc(struct net *net, enum host host, const char *name)
{
	return net_within(net, host, open_proc, (void *)name);
}

int net_namespace(struct net *net, enum host host)
{
	return net->ns[host];
}
