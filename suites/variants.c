/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Since when Linux shows which variant of a case. A kernel that shows an older one than is recorded
 * for it lacks something that it should have, and fails; in the matrix any other one is a change,
 * or the record here was wrong.
 */
#include "suites/suites.h"

/* Since Linux 6.5 a SYN's first timeouts are a second each: tcp_syn_linear_timeouts. */
#define SYN_TIMEOUTS(case_)                                                                        \
	{ case_, "2.6", "exponential-syn-timeouts" },                                              \
	{                                                                                          \
		case_, "6.5", "linear-syn-timeouts"                                                \
	}

/*
 * A member that gets the connection of one that has ended is woken since commit 3864c6ba1e04.
 * (Nothing moves before 5.14, where cases about moves are skipped.)
 */
#define TWIN_WAKES(case_)                                                                          \
	{ case_, "5.10", "twin-sleeps-on" }, { case_, "5.15.209", "twin-wakes" },                  \
		{ case_, "6.1.175", "twin-wakes" }, { case_, "6.6.140", "twin-wakes" },            \
		{ case_, "6.12.86", "twin-wakes" }, { case_, "6.18.27", "twin-wakes" },            \
		{ case_, "7.0.4", "twin-wakes" },                                                  \
	{                                                                                          \
		case_, "7.1", "twin-wakes"                                                         \
	}

/* Requests that end with the timer that would move them: commit 7eca3292cac7. */
#define MOVES_COUNT(case_)                                                                         \
	{ case_, "5.10", "twin-takes-no-more" }, { case_, "6.1.192", "both-count-right" },         \
		{ case_, "6.12.117", "both-count-right" },                                         \
		{ case_, "6.18.44", "both-count-right" },                                          \
	{                                                                                          \
		case_, "7.1", "both-count-right"                                                   \
	}

/*
 * Since January 2025 (commit 3479c7549fb1). Where a stable kernel took it over: the first version
 * that was seen to have it.
 */
#define SYN_QUEUE_LIMIT(case_)                                                                     \
	{ case_, "4.4", "limit-is-backlog" }, { case_, "5.10.262", "limit-is-backlog-plus-one" },  \
		{ case_, "6.1.176", "limit-is-backlog-plus-one" },                                 \
		{ case_, "6.12.117", "limit-is-backlog-plus-one" },                                \
	{                                                                                          \
		case_, "6.13", "limit-is-backlog-plus-one"                                         \
	}

/*
 * A defect since Linux 6.15 (commit 3ba075278c11); see docs/defer-accept-stall.md. Where it is
 * mended, it connects at once again.
 */
#define STALL(case_)                                                                               \
	{ case_, "2.6", "connects-at-once" }, { case_, "6.14.9", "stalls" },                       \
		{ case_, "6.15", "connects-at-once" },                                             \
	{                                                                                          \
		case_, "6.15", "stalls"                                                            \
	}

/* Since 3ba075278c11 (6.15; in 6.14.9 as 7967b84909e5) tcp_check_req() compares the echo. */
#define CHECKED_ECHO(case_)                                                                        \
	{ case_, "2.6", "any-echo-will-do" }, { case_, "6.14.9", "echo-is-checked" },              \
	{                                                                                          \
		case_, "6.15", "echo-is-checked"                                                   \
	}

/*
 * tcp_check_req() asks for the very next number of a RST only since RFC 9293 was taken at its word;
 * each version is the first that was seen to do it.
 */
#define CHALLENGED_RESET(case_)                                                                    \
	{ case_, "2.6", "reset-ends-the-request" }, { case_, "6.1.192", "reset-is-challenged" },   \
		{ case_, "6.12.117", "reset-is-challenged" },                                      \
		{ case_, "6.18.44", "reset-is-challenged" },                                       \
	{                                                                                          \
		case_, "7.2", "reset-is-challenged"                                                \
	}

/* The number that TIME_WAIT hands to its successor got lost until Linux 6.10 (commit 41eecbd712b7).
 */
#define NUMBER_FROM_TIME_WAIT(case_)                                                               \
	{ case_, "4.4", "number-is-any" },                                                         \
	{                                                                                          \
		case_, "6.10", "number-follows"                                                    \
	}

/*
 * Since Linux 6.15 (commit 5071a1e606b3) a socket with TLS refuses to be disconnected. Where a
 * stable kernel took it over: the first version that was seen to have it.
 */
#define TLS_DISCONNECT(case_)                                                                      \
	{ case_, "4.13", "tls-disconnects" }, { case_, "6.1.192", "tls-stays-connected" },         \
		{ case_, "6.12.117", "tls-stays-connected" },                                      \
	{                                                                                          \
		case_, "6.15", "tls-stays-connected"                                               \
	}

/*
 * Whether the MSS of a SYN-ACK follows from an MTU that ICMP has told of the way: on the kernels
 * that were looked at it does, but for these two.
 */
#define LEARNT_MTU(case_)                                                                          \
	{ case_, "2.6", "learnt-mtu-is-offered" },                                                 \
		{ case_, "6.12.117", "learnt-mtu-is-not-offered" },                                \
		{ case_, "7.2", "learnt-mtu-is-not-offered" },                                     \
	{                                                                                          \
		case_, "7.3", "learnt-mtu-is-offered"                                              \
	}

/*
 * SOCK_DESTROY of an orphan left it for ever until Linux 6.11 (commit bac76cf89816); 6.1.192 is the
 * first of its series that was seen to have it.
 */
#define DESTROYED_ORPHAN(case_)                                                                    \
	{ case_, "4.5", "orphan-stays" }, { case_, "6.1.192", "orphan-goes" },                     \
	{                                                                                          \
		case_, "6.11", "orphan-goes"                                                       \
	}

/* A counter of its own since Linux 6.16 (commit c449d5f3a3d7). */
#define PAWS_IN_TIME_WAIT(case_)                                                                   \
	{ case_, "4.4", "counted-as-established" },                                                \
	{                                                                                          \
		case_, "6.16", "counted-as-timewait"                                               \
	}

static const struct recorded_variant variants[] = {
	MOVES_COUNT("request_that_moves_is_counted_where_it_is"),
	TWIN_WAKES("connection_that_moves_wakes_who_waits_at_the_twin"),
	TWIN_WAKES("haproxy_that_is_replaced_loses_nobody_where_requests_migrate"),
	TWIN_WAKES("nginx_with_fewer_workers_loses_nobody_where_requests_migrate"),
	DESTROYED_ORPHAN("destroyed_orphan_is_gone_at_once"),
	SYN_TIMEOUTS("connect_times_out_while_nobody_accepts"),
	SYN_TIMEOUTS("client_starves_while_the_syn_queue_is_full"),
	SYN_TIMEOUTS("client_that_comes_back_times_out_where_a_firewall_drops_the_challenge"),
	SYN_TIMEOUTS("client_that_comes_back_times_out_where_a_firewall_drops_its_reset"),
	SYN_QUEUE_LIMIT("accept_queue_holds_one_more_than_the_backlog"),
	SYN_QUEUE_LIMIT("syns_beyond_the_full_queue_get_cookies_and_a_client_connects_through_one"),
	SYN_QUEUE_LIMIT("syn_queue_without_cookies_is_limited_by_backlog_and_max_syn_backlog"),
	CHALLENGED_RESET("reset_that_is_only_somewhere_in_the_window_should_be_challenged"),
	CHALLENGED_RESET("reset_with_an_acknowledgement_should_end_a_request_by_its_number_alone"),
	CHALLENGED_RESET("reset_at_the_edges_of_the_window"),
	CHALLENGED_RESET("challenge_of_a_reset_and_an_answer_to_a_wrong_segment_have_one_clock"),
	CHECKED_ECHO("echo_of_a_timestamp_that_no_syn_ack_had_is_disbelieved"),
	CHECKED_ECHO("wrong_echo_is_disbelieved_whatever_the_segment_carries"),
	CHECKED_ECHO("client_whose_echo_a_box_has_changed_speaks_in_vain_until_it_is_reset"),
	CHECKED_ECHO("client_whose_echo_a_box_has_changed_waits_for_the_servers_word_for_ever"),
	CHECKED_ECHO("ignored_client_never_gives_up_its_keepalive_while_the_request_lives"),
	SYN_QUEUE_LIMIT("flood_fills_the_syn_queue_and_the_rest_is_dropped"),
	SYN_QUEUE_LIMIT("flood_gets_cookies_as_soon_as_the_queue_is_longer_than_the_backlog"),
	SYN_QUEUE_LIMIT("client_connects_through_a_flood_by_a_cookie"),
	SYN_QUEUE_LIMIT("full_accept_queue_drops_the_syns_that_should_have_got_cookies"),
	SYN_QUEUE_LIMIT("requests_from_before_the_flood_keep_all_their_options"),
	SYN_QUEUE_LIMIT("burst_ends_in_resets_although_tcp_abort_on_overflow_is_0"),
	SYN_QUEUE_LIMIT("nginx_under_a_flood_of_hping3_serves_who_comes_only_with_cookies"),
	SYN_QUEUE_LIMIT("clients_that_drop_the_syn_acks_of_nginx_keep_others_from_it"),
	NUMBER_FROM_TIME_WAIT("syn_reopens_a_connection_in_time_wait_if_its_number_is_higher"),
	{ "so_incoming_cpu_decides_among_members_whoever_was_added_first", "4.6", "hash-decides" },
	{ "so_incoming_cpu_decides_among_members_whoever_was_added_first", "6.1.176",
	  "cpu-decides" },
	{ "so_incoming_cpu_decides_among_members_whoever_was_added_first", "6.2", "cpu-decides" },
	{ "port_is_taken_from_who_would_hear_the_same", "2.6", "mapped-wildcard-counts" },
	{ "port_is_taken_from_who_would_hear_the_same", "6.1", "mapped-wildcard-is-overlooked" },
	{ "port_is_taken_from_who_would_hear_the_same", "6.9", "mapped-wildcard-counts" },
	TLS_DISCONNECT("listen_with_tls_on_top_is_refused"),
	LEARNT_MTU("packet_too_big_says_nothing_to_a_request_and_bounds_a_connection"),
	LEARNT_MTU("path_mtu_only_falls_and_not_below_what_every_way_bears"),
	{ "syn_into_time_wait_passes_a_full_syn_queue_and_gets_no_cookie", "4.4",
	  "like-a-stranger" },
	{ "syn_into_time_wait_passes_a_full_syn_queue_and_gets_no_cookie", "6.10",
	  "time-wait-passes" },
	PAWS_IN_TIME_WAIT("newer_timestamp_reopens_time_wait_whatever_the_number"),
	PAWS_IN_TIME_WAIT(
		"older_timestamp_gets_the_old_connections_ack_and_the_client_gets_in_with_"
		"its_next_syn"),
	PAWS_IN_TIME_WAIT("timestamp_that_a_syn_has_to_beat_is_that_of_the_last_segment_in_order"),
	STALL("deferred_client_with_keepalive_stalls_until_the_period_ends"),
	STALL("ignored_client_with_keepalive_stalls_until_the_next_syn_ack"),
};

const struct recorded_variant *recorded_variants(size_t *count)
{
	*count = sizeof(variants) / sizeof(variants[0]);
	return variants;
}
