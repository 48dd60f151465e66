/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.c: what iproute2 cannot do to an interface: offloads off, and wait until it can send.
 */
#include "netns/internal.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

/* Setting one may switch others off with it; each is looked at before it is set. */
static const struct {
	uint32_t get, set;
	const char *name;
} offloads[] = {
	{ ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, "tx checksumming" },
	{ ETHTOOL_GRXCSUM, ETHTOOL_SRXCSUM, "rx checksumming" },
	{ ETHTOOL_GSG, ETHTOOL_SSG, "scatter-gather" },
	{ ETHTOOL_GTSO, ETHTOOL_STSO, "TCP segmentation" },
	{ ETHTOOL_GGSO, ETHTOOL_SGSO, "generic segmentation" },
	{ ETHTOOL_GGRO, ETHTOOL_SGRO, "generic receive" },
};

static struct ifreq request(const char *interface)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	return request;
}

static int ethtool(int control, const char *interface, struct ethtool_value *value)
{
	struct ifreq ifr = request(interface);

	ifr.ifr_data = (void *)value;
	return ioctl(control, SIOCETHTOOL, &ifr);
}

void offloads_off(int control, const char *interface)
{
	for (size_t i = 0; i < ARRAY_LENGTH(offloads); i++) {
		struct ethtool_value now = { .cmd = offloads[i].get };
		struct ethtool_value off = { .cmd = offloads[i].set };

		/* What a kernel cannot report it does not have. */
		if (ethtool(control, interface, &now) || !now.data)
			continue;
		if (ethtool(control, interface, &off))
			broken("cannot switch %s off on %s: %s; without that what is captured is "
			       "not what is on a wire",
			       offloads[i].name, interface, strerror(errno));
	}
}

int interface_index(int control, const char *interface)
{
	struct ifreq ifr = request(interface);

	if (ioctl(control, SIOCGIFINDEX, &ifr))
		broken("cannot find interface %s: %s", interface, strerror(errno));
	return ifr.ifr_ifindex;
}

static bool runs(int control, const char *interface)
{
	struct ifreq ifr = request(interface);

	return !ioctl(control, SIOCGIFFLAGS, &ifr) && ifr.ifr_flags & IFF_RUNNING;
}

void interface_await(int control, const char *interface)
{
	struct deadline deadline = deadline_in(SEC(5));

	for (;;) {
		bool running = runs(control, interface);
		/*
		 * Asked after the flag, which is set first: this waits until whoever changes the
		 * interface is done with it. Since Linux 6.9 it also makes pending changes happen.
		 */
		struct ethtool_value link = { .cmd = ETHTOOL_GLINK };

		(void)ethtool(control, interface, &link);
		if (running)
			return;
		if (deadline_passed(&deadline))
			broken("interface %s does not get its carrier within %.0f s", interface,
			       seconds(deadline.span));
		if (!runs(control, interface))
			(void)await_events(NULL, 0, MSEC(1));
	}
}
