/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The variants that the pinned kernels of the matrix are expected to show. One that shows another
 * has changed, or the record here was wrong: the matrix says so, and fails.
 */
#include "suites/suites.h"

/* Since Linux 6.5 a SYN's first timeouts are a second each: tcp_syn_linear_timeouts. */
#define SYN_TIMEOUTS "connect_times_out_while_nobody_accepts"

/* Since January 2025 (commit 3479c7549fb1), and in the stable kernels that took it over. */
#define SYN_QUEUE_LIMIT "syn_queue_without_cookies_is_limited_by_backlog_and_max_syn_backlog"

static const struct recorded_variant variants[] = {
	{ SYN_TIMEOUTS, "5.10", "exponential-syn-timeouts" },
	{ SYN_TIMEOUTS, "6.1", "exponential-syn-timeouts" },
	{ SYN_TIMEOUTS, "6.12", "linear-syn-timeouts" },
	{ SYN_TIMEOUTS, "6.18", "linear-syn-timeouts" },
	{ SYN_TIMEOUTS, "7.2", "linear-syn-timeouts" },
	{ SYN_TIMEOUTS, "7.3", "linear-syn-timeouts" },
	{ SYN_QUEUE_LIMIT, "5.10", "limit-is-backlog-plus-one" },
	{ SYN_QUEUE_LIMIT, "6.1", "limit-is-backlog-plus-one" },
	{ SYN_QUEUE_LIMIT, "6.12", "limit-is-backlog-plus-one" },
	{ SYN_QUEUE_LIMIT, "6.18", "limit-is-backlog-plus-one" },
	{ SYN_QUEUE_LIMIT, "7.2", "limit-is-backlog-plus-one" },
	{ SYN_QUEUE_LIMIT, "7.3", "limit-is-backlog-plus-one" },
};

const struct recorded_variant *recorded_variants(size_t *count)
{
	*count = sizeof(variants) / sizeof(variants[0]);
	return variants;
}
