# SPDX-License-Identifier: GPL-2.0-or-later

EXTRA_PROGRAMS = bench/run-bench
bench_run_bench_SOURCES = \
	bench/bench.c
CLEANFILES = $(EXTRA_PROGRAMS)

# The figures of a whole run come from one made here and now.
bench: halfopen bench/run-bench
	@rm -rf bench-artifacts && mkdir -p bench-artifacts/cases
	@./halfopen run --artifacts bench-artifacts/run >bench-artifacts/run.txt || \
		{ cat bench-artifacts/run.txt; exit 1; }
	@bench/run-bench bench-artifacts/cases bench-artifacts/run

.PHONY: bench
