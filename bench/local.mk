# SPDX-License-Identifier: GPL-2.0-or-later

EXTRA_PROGRAMS += bench/run-bench
bench_run_bench_SOURCES = \
	bench/bench.c \
	bench/bench.h \
	bench/busy.c \
	bench/floods.c \
	bench/workers.c
CLEANFILES += $(EXTRA_PROGRAMS)

# Eight claims that the documents are about first, and the longest wait: played on the host and in
# the VM.
BENCH_FIRST = accept_queue_holds_one_more_than_the_backlog \
	syn_that_finds_the_accept_queue_full_gets_in_after_accept \
	connect_times_out_while_nobody_accepts \
	final_ack_that_meets_a_full_accept_queue_is_ignored \
	ignored_client_gets_in_with_its_answer_to_the_next_syn_ack \
	final_ack_that_meets_a_full_accept_queue_is_reset \
	syn_queue_without_cookies_is_limited_by_backlog_and_max_syn_backlog \
	syns_beyond_the_full_queue_get_cookies_and_a_client_connects_through_one \
	deferred_connection_comes_up_with_its_data \
	deferral_ends_with_one_syn_ack_and_a_connection_without_data \
	deferred_client_that_met_a_full_queue_gets_one_syn_ack_at_the_end_of_the_period
BENCH_LONGEST = ignored_client_gives_up_after_a_quarter_of_an_hour/ipv4

# bench-run FOLDER ARGUMENT...: a run whose figures are told below.
bench_run = run() { \
	folder=bench-artifacts/$$1; shift; \
	./halfopen run --artifacts $$folder "$$@" >$$folder.txt 2>&1 || { cat $$folder.txt; false; }; \
}; run

# The figures of whole runs come from some made here and now; those in the VM need a kernel.
bench: halfopen bench/run-bench
	@rm -rf bench-artifacts && mkdir -p bench-artifacts/cases
	@$(bench_run) host --kernel host
	@bench/run-bench bench-artifacts/cases bench-artifacts/host
	@if ./halfopen run --kernel vm --artifacts bench-artifacts/first-boot \
		accept_queue_holds_one_more_than_the_backlog/ipv4 >bench-artifacts/boot.txt 2>&1; then \
		$(bench_run) first-host --kernel host $(BENCH_FIRST) && \
		$(bench_run) first-vm --kernel vm $(BENCH_FIRST) && \
		$(bench_run) longest --kernel vm $(BENCH_LONGEST) && \
		$(bench_run) vm --kernel vm && \
		bench/run-bench --vm bench-artifacts && \
		$(bench_run) busy --kernel vm --storms none --jobs 1 && \
		bench/run-bench --busy bench-artifacts busy; \
	else \
		cat bench-artifacts/boot.txt; \
	fi

.PHONY: bench
