/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SYN-ACK follows from, beside the SYN: what the server is set to, and what the listening
 * socket is. The journal tells of each by its name.
 */
#include "captures/judge/books.h"

#include <netinet/in.h>
#include <string.h>

struct name {
	const char *ipv4, *ipv6;
};

#define BOTH(name_)                                                                                \
	{                                                                                          \
		name_, name_                                                                       \
	}

static const struct name setting_names[SETTINGS] = {
	[TCP_SACK] = BOTH("net.ipv4.tcp_sack"),
	[TCP_TIMESTAMPS] = BOTH("net.ipv4.tcp_timestamps"),
	[TCP_WINDOW_SCALING] = BOTH("net.ipv4.tcp_window_scaling"),
	[TCP_RMEM_DEFAULT] = BOTH("net.ipv4.tcp_rmem[1]"),
	[TCP_RMEM_MOST] = BOTH("net.ipv4.tcp_rmem[2]"),
	[RMEM_MAX] = BOTH("rmem_max"),
	[ADV_WIN_SCALE] = BOTH("net.ipv4.tcp_adv_win_scale"),
	[SIGNED_WINDOWS] = BOTH("net.ipv4.tcp_workaround_signed_windows"),
	[TCP_ECN] = BOTH("net.ipv4.tcp_ecn"),
	[REFLECT_TOS] = BOTH("net.ipv4.tcp_reflect_tos"),
	[MIN_SND_MSS] = BOTH("net.ipv4.tcp_min_snd_mss"),
	[MIN_ADV_MSS] = { "net.ipv4.route.min_adv_mss", "net.ipv6.route.min_adv_mss" },
	[DEFAULT_TTL] = { "net.ipv4.ip_default_ttl", "net.ipv6.conf.eth0.hop_limit" },
	[DEVICE_MTU] = BOTH("MTU"),
	[ROUTE_MTU] = BOTH("route mtu"),
	[ROUTE_ADVMSS] = BOTH("route advmss"),
	[ROUTE_WINDOW] = BOTH("route window"),
	[ROUTE_INITRWND] = BOTH("route initrwnd"),
	[ROUTE_HOPLIMIT] = BOTH("route hoplimit"),
	[ROUTE_FEATURES] = BOTH("route features"),
	/* How much of 256 bytes of a buffer is window; 0: as tcp_adv_win_scale has it. */
	[SCALING_RATIO] = BOTH("kernel: scaling ratio"),
	/* Whether a SYN-ACK echoes the SYN also after an ACK that was ignored. */
	[ECHOES_THE_SYN] = BOTH("kernel: echoes the SYN"),
	/* Whether a SYN-ACK that is sent again after a timeout has no ECE any more. */
	[REPEATS_END_ECN] = BOTH("kernel: repeats end ECN"),
	/* Whether its MSS follows from what ICMP has told of the way's MTU, too. */
	[OFFERS_WHAT_IS_LEARNT] = BOTH("kernel: offers what is learnt"),
};

static const struct name option_names[LISTENER_OPTIONS] = {
	[OPTION_MAXSEG] = BOTH("TCP_MAXSEG"),
	[OPTION_RCVBUF] = BOTH("SO_RCVBUF"),
	[OPTION_BUF_LOCK] = BOTH("SO_BUF_LOCK"),
	[OPTION_WINDOW_CLAMP] = BOTH("TCP_WINDOW_CLAMP"),
	[OPTION_TOS] = { "IP_TOS", "IPV6_TCLASS" },
	[OPTION_TTL] = { "IP_TTL", "IPV6_UNICAST_HOPS" },
	/* No SYN-ACK follows from these two: there is none. */
	[OPTION_MIN_TTL] = { "IP_MINTTL", "IPV6_MINHOPCOUNT" },
	[OPTION_FILTER] = BOTH("SO_ATTACH_FILTER"),
};

const char *judge_setting_name(size_t number, int family)
{
	if (number >= SETTINGS)
		return NULL;
	return family == AF_INET6 ? setting_names[number].ipv6 : setting_names[number].ipv4;
}

const char *judge_option_name(size_t number, int family)
{
	if (number >= LISTENER_OPTIONS)
		return NULL;
	return family == AF_INET6 ? option_names[number].ipv6 : option_names[number].ipv4;
}

/* -1: there is none of that name. */
static int place_of(const struct name *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i].ipv4, name) == 0 || strcmp(names[i].ipv6, name) == 0)
			return i;
	return -1;
}

void take_setting(struct judge *judge, const struct event *event)
{
	struct listener_book *listener = book_of_listener(judge, event->listener);
	int place = event->listener ? place_of(option_names, LISTENER_OPTIONS, event->name)
				    : place_of(setting_names, SETTINGS, event->name);

	if (place < 0 || (event->listener && !listener) || event->value < INT32_MIN ||
	    event->value > INT32_MAX) {
		judge_object(judge, event,
			     format("\"%s\" of %ld is no setting that a SYN-ACK follows from",
				    event->name, event->value));
		return;
	}
	if (event->host != SERVER)
		return;
	if (listener) {
		listener->options[place] = event->value;
		return;
	}
	judge->settings[place] = event->value;
	judge->told[place] = true;
}
