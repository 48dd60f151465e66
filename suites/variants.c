/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Since when Linux shows which variant of a case. A kernel that shows an older one than is recorded
 * for it lacks something that it should have, and fails; in the matrix any other one is a change,
 * or the record here was wrong.
 */
#include "suites/suites.h"

/* Since Linux 6.5 a SYN's first timeouts are a second each: tcp_syn_linear_timeouts. */
#define SYN_TIMEOUTS "connect_times_out_while_nobody_accepts"
#define STARVING     "client_starves_while_the_syn_queue_is_full"

/*
 * Since January 2025 (commit 3479c7549fb1). Where a stable kernel took it over: the first version
 * that was seen to have it.
 */
#define SYN_QUEUE_LIMIT "syn_queue_without_cookies_is_limited_by_backlog_and_max_syn_backlog"
#define FLOOD_IN_QUEUE  "flood_fills_the_syn_queue_and_the_rest_is_dropped"
#define FLOOD_COOKIES   "flood_gets_cookies_as_soon_as_the_queue_is_longer_than_the_backlog"
#define IN_A_FLOOD      "client_connects_through_a_flood_by_a_cookie"
#define BOTH_FULL       "full_accept_queue_drops_the_syns_that_should_have_got_cookies"
#define FLOOD_HPING3    "nginx_under_a_flood_of_hping3_serves_who_comes_only_with_cookies"
#define DEAF_CLIENTS    "clients_that_drop_the_syn_acks_of_nginx_keep_others_from_it"

/* A defect since Linux 6.15 (commit 3ba075278c11); see docs/defer-accept-stall.md. */
#define DEFER_STALL "deferred_client_with_keepalive_stalls_until_the_period_ends"
#define STALL       "ignored_client_with_keepalive_stalls_until_the_next_syn_ack"

static const struct recorded_variant variants[] = {
	{ SYN_TIMEOUTS, "2.6", "exponential-syn-timeouts" },
	{ SYN_TIMEOUTS, "6.5", "linear-syn-timeouts" },
	{ STARVING, "2.6", "exponential-syn-timeouts" },
	{ STARVING, "6.5", "linear-syn-timeouts" },
	{ SYN_QUEUE_LIMIT, "4.4", "limit-is-backlog" },
	{ SYN_QUEUE_LIMIT, "5.10.262", "limit-is-backlog-plus-one" },
	{ SYN_QUEUE_LIMIT, "6.1.176", "limit-is-backlog-plus-one" },
	{ SYN_QUEUE_LIMIT, "6.12.117", "limit-is-backlog-plus-one" },
	{ SYN_QUEUE_LIMIT, "6.13", "limit-is-backlog-plus-one" },
	{ FLOOD_IN_QUEUE, "4.4", "limit-is-backlog" },
	{ FLOOD_IN_QUEUE, "5.10.262", "limit-is-backlog-plus-one" },
	{ FLOOD_IN_QUEUE, "6.1.176", "limit-is-backlog-plus-one" },
	{ FLOOD_IN_QUEUE, "6.12.117", "limit-is-backlog-plus-one" },
	{ FLOOD_IN_QUEUE, "6.13", "limit-is-backlog-plus-one" },
	{ FLOOD_COOKIES, "4.4", "limit-is-backlog" },
	{ FLOOD_COOKIES, "5.10.262", "limit-is-backlog-plus-one" },
	{ FLOOD_COOKIES, "6.1.176", "limit-is-backlog-plus-one" },
	{ FLOOD_COOKIES, "6.12.117", "limit-is-backlog-plus-one" },
	{ FLOOD_COOKIES, "6.13", "limit-is-backlog-plus-one" },
	{ IN_A_FLOOD, "4.4", "limit-is-backlog" },
	{ IN_A_FLOOD, "5.10.262", "limit-is-backlog-plus-one" },
	{ IN_A_FLOOD, "6.1.176", "limit-is-backlog-plus-one" },
	{ IN_A_FLOOD, "6.12.117", "limit-is-backlog-plus-one" },
	{ IN_A_FLOOD, "6.13", "limit-is-backlog-plus-one" },
	{ BOTH_FULL, "4.4", "limit-is-backlog" },
	{ BOTH_FULL, "5.10.262", "limit-is-backlog-plus-one" },
	{ BOTH_FULL, "6.1.176", "limit-is-backlog-plus-one" },
	{ BOTH_FULL, "6.12.117", "limit-is-backlog-plus-one" },
	{ BOTH_FULL, "6.13", "limit-is-backlog-plus-one" },
	{ STALL, "2.6", "connects-at-once" },
	{ STALL, "6.14.9", "stalls" },
	{ STALL, "6.15", "connects-at-once" }, /* where it is mended */
	{ STALL, "6.15", "stalls" },
	{ FLOOD_HPING3, "4.4", "limit-is-backlog" },
	{ FLOOD_HPING3, "5.10.262", "limit-is-backlog-plus-one" },
	{ FLOOD_HPING3, "6.1.176", "limit-is-backlog-plus-one" },
	{ FLOOD_HPING3, "6.12.117", "limit-is-backlog-plus-one" },
	{ FLOOD_HPING3, "6.13", "limit-is-backlog-plus-one" },
	{ DEAF_CLIENTS, "4.4", "limit-is-backlog" },
	{ DEAF_CLIENTS, "5.10.262", "limit-is-backlog-plus-one" },
	{ DEAF_CLIENTS, "6.1.176", "limit-is-backlog-plus-one" },
	{ DEAF_CLIENTS, "6.12.117", "limit-is-backlog-plus-one" },
	{ DEAF_CLIENTS, "6.13", "limit-is-backlog-plus-one" },
	{ DEFER_STALL, "2.6", "connects-at-once" },
	{ DEFER_STALL, "6.14.9", "stalls" },
	{ DEFER_STALL, "6.15", "connects-at-once" }, /* where it is mended */
	{ DEFER_STALL, "6.15", "stalls" },
};

const struct recorded_variant *recorded_variants(size_t *count)
{
	*count = sizeof(variants) / sizeof(variants[0]);
	return variants;
}
