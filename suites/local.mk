# SPDX-License-Identifier: GPL-2.0-or-later
#
# No library: cases register themselves, and a linker leaves out of a library what nobody calls.

suites_sources = \
	suites/accept_calls.c \
	suites/accept_queue.c \
	suites/behaviours.c \
	suites/bind.c \
	suites/blocked_accept.c \
	suites/catalogue.c \
	suites/changed_timestamps.c \
	suites/claims.c \
	suites/cookie_bytes.c \
	suites/cookie_returns.c \
	suites/cookie_values.c \
	suites/defer_accept.c \
	suites/defer_accept_full.c \
	suites/defer_accept_period.c \
	suites/defer_accept_stall.c \
	suites/half_open_data.c \
	suites/guides.c \
	suites/icmp.c \
	suites/listen_calls.c \
	suites/listener_again.c \
	suites/listener_destroyed.c \
	suites/listener_drops.c \
	suites/listener_end.c \
	suites/listener_requests.c \
	suites/mapped.c \
	suites/operating.c \
	suites/overflow.c \
	suites/plain_servers.c \
	suites/reloads.c \
	suites/request_segments.c \
	suites/request_timestamps.c \
	suites/returning_clients.c \
	suites/reuseport.c \
	suites/reuseport_moves.c \
	suites/reuseport_requests.c \
	suites/routes.c \
	suites/servers.c \
	suites/storms.c \
	suites/suites.h \
	suites/stuck_servers.c \
	suites/syn_ack.c \
	suites/syn_ack_retransmission.c \
	suites/syn_cookies.c \
	suites/syn_queue.c \
	suites/time_wait.c \
	suites/tools.c \
	suites/variants.c

# What `halfopen claims WORD` looks a symptom up in.
embedded += \
	docs/changed-timestamps.md \
	docs/defer-accept-stall.md \
	docs/destroyed-orphan.md \
	docs/findings.md \
	docs/half-open.md \
	docs/mapped-wildcard.md \
	docs/operating.md \
	docs/reuseport-reload.md \
	docs/second-shutdown.md \
	docs/storms.md \
	docs/syn-cookie-bytes.md
