/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl.c: kernel parameters of the hosts, written and read back, and the ones that every
 * network starts with.
 */
#include "netns/internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

const struct baseline host_baselines[] = {
	/* The machine's default may pace (bbr): segments would leave by timer. */
	{ "net.ipv4.tcp_congestion_control", "reno" },
	/* What one connection learned must not change the next one of the case. */
	{ "net.ipv4.tcp_no_metrics_save", "1" },
	/* Inherited from the machine: a router's answer to a stray packet is no host's. */
	{ "net.ipv4.ip_forward", "0" },
	/* Inherited from the machine; raw peers come in by an interface they are not behind. */
	{ "net.ipv4.conf.all.rp_filter", "0" },
	{ "net.ipv4.conf.default.rp_filter", "0" },
	/* A container may switch IPv6 off for all namespaces made in it. */
	{ "net.ipv6.conf.all.disable_ipv6", "0" },
	{ "net.ipv6.conf.default.disable_ipv6", "0" },
	/* Addresses work at once: nobody else can have them. */
	{ "net.ipv6.conf.default.accept_dad", "0" },
	/* Nothing is sent that the case did not cause: no routers, no link-local address. */
	{ "net.ipv6.conf.default.accept_ra", "0" },
	{ "net.ipv6.conf.default.autoconf", "0" },
	{ "net.ipv6.conf.default.router_solicitations", "0" },
	{ "net.ipv6.conf.default.addr_gen_mode", "1" },
	{ NULL, NULL },
};

/* The wire is no host: its ends have no addresses and say nothing. */
const struct baseline wire_baselines[] = {
	{ "net.ipv6.conf.all.disable_ipv6", "1" },
	{ "net.ipv6.conf.default.disable_ipv6", "1" },
	{ NULL, NULL },
};

/* "net.ipv4.conf.all.rp_filter" as a path; a name with slashes keeps its dots. */
static int sysctl_open(const char *name, int flags)
{
	autofree char *path = format("/proc/sys/%s", name);

	if (!strchr(name, '/'))
		for (char *c = path + strlen("/proc/sys/"); *c; c++)
			if (*c == '.')
				*c = '/';
	return open(path, flags | O_CLOEXEC);
}

int sysctl_write_here(const char *name, const char *value)
{
	autoclose int fd = sysctl_open(name, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -errno;
	return 0;
}

/* Words with one blank between them, as they are written by hand. */
static void tidy(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

int sysctl_read_here(const char *name, char *seen, size_t seen_size)
{
	autoclose int fd = sysctl_open(name, O_RDONLY);
	ssize_t length;

	*seen = '\0';
	if (fd < 0)
		return -errno;
	length = read(fd, seen, seen_size - 1);
	if (length < 0)
		return -errno;
	seen[length] = '\0';
	tidy(seen);
	return 0;
}

struct errand {
	const char *name, *value; /* a NULL value: only read */
	char *seen;
	size_t seen_size;
};

static int write_and_read(void *argument)
{
	const struct errand *errand = argument;
	int error = errand->value ? sysctl_write_here(errand->name, errand->value) : 0;
	autofree char *wanted = errand->value ? format("%s", errand->value) : NULL;

	if (error) {
		*errand->seen = '\0';
		return error;
	}
	error = sysctl_read_here(errand->name, errand->seen, errand->seen_size);
	if (error || !wanted)
		return error;
	tidy(wanted);
	return strcmp(wanted, errand->seen) ? -EIO : 0;
}

int net_sysctl_write(struct net *net, struct sysctl sysctl, char *seen, size_t seen_size)
{
	struct errand errand = { .name = sysctl.name, .value = sysctl.value };

	errand.seen = seen;
	errand.seen_size = seen_size;
	if (net->replay)
		replay_sysctl(net->replay, &sysctl);
	return net_within(net, sysctl.host, write_and_read, &errand);
}

int net_sysctl_read(struct net *net, enum host host, const char *name, char *seen, size_t seen_size)
{
	struct errand errand = { .name = name };

	errand.seen = seen;
	errand.seen_size = seen_size;
	return net_within(net, host, write_and_read, &errand);
}
