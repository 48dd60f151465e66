/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * baselines.c: the kernel parameters that every network starts with.
 */
#include "netns/internal.h"

#include <string.h>

/* A device's own setting starts as "default", and "all" is heeded beside it. */
#define CONF(family, name, value)                                                                  \
	{ "net." family ".conf.all." name, value },                                                \
	{                                                                                          \
		"net." family ".conf.default." name, value                                         \
	}

/*
 * What every host starts with, whatever machine this is. A new namespace copies some settings from
 * the first one (tcp_sk_init(), devinet_init_net(), addrconf_init_net()), and the kernel computes
 * others from the machine's memory or takes them from its configuration. The rest are constants of
 * the kernel, which a distribution may have patched: these stand here as Linux has them,
 * but for tcp_early_retrans.
 *
 * Not here is what cases are about and either set or want to see as the kernel has it:
 * tcp_syncookies, tcp_abort_on_overflow, tcp_syn_retries, tcp_synack_retries,
 * tcp_syn_linear_timeouts, tcp_retries2, tcp_migrate_req and somaxconn are constants that no
 * machine reaches.
 */
const struct baseline host_baselines[] = {
	/* Copied from the first namespace, bounded by memory: windows, and by these the MSS. */
	{ "net.ipv4.tcp_rmem", "4096 131072 6291456" },
	{ "net.ipv4.tcp_wmem", "4096 16384 4194304" },
	/* Copied likewise. The machine's default may pace (bbr): segments would leave by timer. */
	{ "net.ipv4.tcp_congestion_control", "reno" },
	/* From the size of the socket table, which before 6.1 is the machine's memory's. */
	{ "net.ipv4.tcp_max_syn_backlog", "128" },
	{ "net.ipv4.tcp_max_tw_buckets", "16384" },
	/* Before 6.1 it is 1000 a second, which all namespaces share: no limit. */
	{ "net.ipv4.tcp_challenge_ack_limit", "2147483647" },
	/* What one connection learned must not change the next one of the case. */
	{ "net.ipv4.tcp_no_metrics_save", "1" },

	/* Options of a SYN and a SYN-ACK, and what else stands in a header. */
	{ "net.ipv4.tcp_timestamps", "1" },
	{ "net.ipv4.tcp_sack", "1" },
	{ "net.ipv4.tcp_dsack", "1" },
	{ "net.ipv4.tcp_window_scaling", "1" },
	{ "net.ipv4.tcp_ecn", "2" },
	{ "net.ipv4.tcp_ecn_fallback", "1" },
	{ "net.ipv4.tcp_fastopen", "1" },
	{ "net.ipv4.tcp_reflect_tos", "0" },
	{ "net.core.txrehash", "1" },
	{ "net.ipv4.ip_default_ttl", "64" },
	{ "net.ipv6.auto_flowlabels", "1" },
	/* How large a segment is. */
	{ "net.ipv4.tcp_mtu_probing", "0" },
	{ "net.ipv4.tcp_base_mss", "1024" },
	{ "net.ipv4.tcp_min_snd_mss", "48" },
	{ "net.ipv4.ip_no_pmtu_disc", "0" },
	{ "net.ipv4.route.min_adv_mss", "256" },
	{ "net.ipv6.route.min_adv_mss", "1220" },
	/* How much of a buffer is window, and when one grows. */
	{ "net.ipv4.tcp_adv_win_scale", "1" },
	{ "net.ipv4.tcp_app_win", "31" },
	{ "net.ipv4.tcp_moderate_rcvbuf", "1" },
	{ "net.ipv4.tcp_shrink_window", "0" },
	{ "net.ipv4.tcp_workaround_signed_windows", "0" },
	{ "net.ipv4.tcp_notsent_lowat", "4294967295" },
	/* When a segment is sent (again), and how often. */
	{ "net.ipv4.tcp_rto_min_us", "200000" },
	{ "net.ipv4.tcp_rto_max_ms", "120000" },
	/*
	 * Linux has 3: a tail loss probe is due 200 ms after one segment, in the place of its
	 * retransmission, and two jiffies after the second one, sooner than a busy machine goes on.
	 */
	{ "net.ipv4.tcp_early_retrans", "0" },
	{ "net.ipv4.tcp_recovery", "1" },
	{ "net.ipv4.tcp_reordering", "3" },
	{ "net.ipv4.tcp_frto", "2" },
	{ "net.ipv4.tcp_retrans_collapse", "1" },
	{ "net.ipv4.tcp_retries1", "3" },
	{ "net.ipv4.tcp_orphan_retries", "0" },
	{ "net.ipv4.tcp_thin_linear_timeouts", "0" },
	{ "net.ipv4.tcp_autocorking", "1" },
	{ "net.ipv4.tcp_slow_start_after_idle", "1" },
	{ "net.ipv4.tcp_limit_output_bytes", "1048576" },
	{ "net.ipv4.tcp_plb_enabled", "0" },
	/* When an ACK is sent at once, late, or not at all. */
	{ "net.ipv4.tcp_pingpong_thresh", "1" },
	{ "net.ipv4.tcp_invalid_ratelimit", "500" },
	{ "net.ipv4.tcp_comp_sack_nr", "44" },
	{ "net.ipv4.tcp_backlog_ack_defer", "1" },
	/* How long a connection lives that nobody talks on, or that is closed. */
	{ "net.ipv4.tcp_keepalive_time", "7200" },
	{ "net.ipv4.tcp_keepalive_probes", "9" },
	{ "net.ipv4.tcp_keepalive_intvl", "75" },
	{ "net.ipv4.tcp_fin_timeout", "60" },
	{ "net.ipv4.tcp_tw_reuse", "2" },
	{ "net.ipv4.tcp_rfc1337", "0" },
	/* Which port a client gets, which one a server may have, and whose packets it gets there.
	 */
	{ "net.ipv4.ip_local_port_range", "32768 60999" },
	{ "net.ipv4.ip_local_reserved_ports", "" },
	{ "net.ipv4.ip_unprivileged_port_start", "1024" },
	{ "net.ipv4.ip_autobind_reuse", "0" },
	{ "net.ipv4.ip_nonlocal_bind", "0" },
	{ "net.ipv6.ip_nonlocal_bind", "0" },
	{ "net.ipv6.bindv6only", "0" },
	{ "net.ipv4.ip_early_demux", "1" },
	{ "net.ipv4.tcp_early_demux", "1" },
	{ "net.ipv4.tcp_fwmark_accept", "0" },
	{ "net.ipv4.tcp_l3mdev_accept", "0" },
	/* Which ICMP errors are sent, how many, and by which route what answers a stray packet. */
	{ "net.ipv4.icmp_ratelimit", "1000" },
	{ "net.ipv4.icmp_ratemask", "6168" },
	{ "net.ipv4.fwmark_reflect", "0" },
	{ "net.ipv6.fwmark_reflect", "0" },

	/* Copied from the first namespace, or from the caller's: devconf_inherit_init_net. */
	/* A router's answer to a stray packet is no host's. */
	{ "net.ipv4.ip_forward", "0" },
	CONF("ipv4", "forwarding", "0"),
	CONF("ipv6", "forwarding", "0"),
	CONF("ipv6", "force_forwarding", "0"),
	/* Raw peers come in by an interface they are not behind. */
	CONF("ipv4", "rp_filter", "0"),
	CONF("ipv4", "src_valid_mark", "0"),
	CONF("ipv4", "accept_local", "0"),
	CONF("ipv4", "route_localnet", "0"),
	CONF("ipv4", "accept_source_route", "0"),
	CONF("ipv6", "accept_source_route", "0"),
	CONF("ipv4", "drop_unicast_in_l2_multicast", "0"),
	CONF("ipv6", "drop_unicast_in_l2_multicast", "0"),
	CONF("ipv4", "disable_policy", "0"),
	CONF("ipv6", "disable_policy", "0"),
	CONF("ipv4", "disable_xfrm", "0"),
	CONF("ipv6", "seg6_enabled", "0"),
	CONF("ipv6", "rpl_seg_enabled", "0"),
	CONF("ipv6", "ioam6_enabled", "0"),
	/* Routes stay as they were made. */
	CONF("ipv4", "accept_redirects", "0"),
	CONF("ipv6", "accept_redirects", "0"),
	CONF("ipv4", "send_redirects", "0"),
	CONF("ipv4", "shared_media", "1"),
	CONF("ipv4", "secure_redirects", "1"),
	CONF("ipv4", "ignore_routes_with_linkdown", "0"),
	CONF("ipv4", "promote_secondaries", "0"),
	CONF("ipv4", "bc_forwarding", "0"),
	CONF("ipv6", "ignore_routes_with_linkdown", "0"),
	/* Neighbours are known: nobody asks for them, answers for them or forgets them. */
	CONF("ipv4", "arp_accept", "0"),
	CONF("ipv4", "arp_announce", "0"),
	CONF("ipv4", "arp_evict_nocarrier", "1"),
	CONF("ipv4", "arp_filter", "0"),
	CONF("ipv4", "arp_ignore", "0"),
	CONF("ipv4", "arp_notify", "0"),
	CONF("ipv4", "drop_gratuitous_arp", "0"),
	CONF("ipv4", "medium_id", "0"),
	CONF("ipv4", "proxy_arp", "0"),
	CONF("ipv4", "proxy_arp_pvlan", "0"),
	CONF("ipv6", "accept_untracked_na", "0"),
	CONF("ipv6", "drop_unsolicited_na", "0"),
	CONF("ipv6", "ndisc_evict_nocarrier", "1"),
	CONF("ipv6", "ndisc_notify", "0"),
	CONF("ipv6", "proxy_ndp", "0"),
	/* The kernel's log is read for complaints. */
	CONF("ipv4", "log_martians", "0"),
	/* A container, or ipv6.disable_ipv6=1, may switch IPv6 off for all namespaces made in it.
	 */
	CONF("ipv6", "disable_ipv6", "0"),
	/* Addresses work at once, and are the only ones: nobody else can have them. */
	CONF("ipv6", "accept_dad", "0"),
	CONF("ipv6", "optimistic_dad", "0"),
	CONF("ipv6", "use_optimistic", "0"),
	CONF("ipv6", "use_oif_addrs_only", "0"),
	CONF("ipv6", "use_tempaddr", "0"),
	CONF("ipv6", "keep_addr_on_down", "0"),
	CONF("ipv6", "hop_limit", "64"),
	/* Nothing is sent that the case did not cause: no routers, no link-local address. */
	CONF("ipv6", "accept_ra", "0"),
	CONF("ipv6", "autoconf", "0"),
	CONF("ipv6", "router_solicitations", "0"),
	CONF("ipv6", "addr_gen_mode", "1"),
	{ NULL, NULL },
};

/* The wire is no host: its ends have no addresses and say nothing. */
const struct baseline wire_baselines[] = {
	{ "net.ipv6.conf.all.disable_ipv6", "1" },
	{ "net.ipv6.conf.default.disable_ipv6", "1" },
	{ NULL, NULL },
};

_Static_assert(ARRAY_LENGTH(host_baselines) <= MOST_BASELINES, "findings have no room for them");

/* Rows that a new namespace meets by itself: opening a file below /proc/sys is what a row costs. */
static bool met[MOST_BASELINES];

bool baseline_is_met(const struct baseline *baseline)
{
	return baseline >= host_baselines &&
	       baseline < host_baselines + ARRAY_LENGTH(host_baselines) &&
	       met[baseline - host_baselines];
}

void baselines_learn(const bool met_there[MOST_BASELINES])
{
	memcpy(met, met_there, sizeof(met));
}
