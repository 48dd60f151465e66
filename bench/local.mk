# SPDX-License-Identifier: GPL-2.0-or-later

EXTRA_PROGRAMS = bench/run-bench
bench_run_bench_SOURCES = \
	bench/bench.c
CLEANFILES += $(EXTRA_PROGRAMS)

# What the documents are first about, and the longest wait: played on the host and in the VM.
BENCH_FIRST = '*accept_queue*' 'connect_times*' 'ignored_client_gets*' 'final_ack*' '*defer*' \
	'syn*'
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
		bench/run-bench --vm bench-artifacts; \
	else \
		cat bench-artifacts/boot.txt; \
	fi

.PHONY: bench
