/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside.c: settings of the whole machine, which its namespaces share and cannot set or see.
 */
#include "netns/internal.h"

#include <string.h>

static struct {
	const char *name;
	char value[128];
} settings[] = {
	/* How much memory all TCP sockets together may have before windows shrink and data is lost.
	 */
	{ .name = "net.ipv4.tcp_mem" },
	/* How many closed sockets may still talk; of more, the next ones are reset. */
	{ .name = "net.ipv4.tcp_max_orphans" },
	/* How many frames may wait in softnet on one CPU, and how many of them go in one turn. */
	{ .name = "net.core.netdev_max_backlog" },
	{ .name = "net.core.netdev_budget" },
	{ .name = "net.core.dev_weight" },
	/* How much a capture, the gate and a dump of sockets may leave unread. */
	{ .name = "net.core.rmem_max" },
	{ .name = "net.core.rmem_default" },
	{ .name = "net.core.wmem_max" },
	{ .name = "net.core.wmem_default" },
	/* Whether another CPU takes what a veth has received (a new device's, before 6.3). */
	{ .name = "net.core.rps_default_mask" },
};

void outside_read(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++)
		if (sysctl_read_here(settings[i].name, settings[i].value,
				     sizeof(settings[i].value)))
			settings[i].value[0] = '\0';
}

const char *net_outside(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++)
		if (strcmp(settings[i].name, name) == 0 && *settings[i].value)
			return settings[i].value;
	return NULL;
}

const char *net_outside_name(size_t number)
{
	return number < ARRAY_LENGTH(settings) ? settings[number].name : NULL;
}
