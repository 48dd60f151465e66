# SPDX-License-Identifier: GPL-2.0-or-later

EXTRA_PROGRAMS = bench/run-bench
bench_run_bench_SOURCES = \
	bench/bench.c
CLEANFILES = $(EXTRA_PROGRAMS)

bench: halfopen$(EXEEXT) bench/run-bench$(EXEEXT)
	@$(top_builddir)/bench/run-bench

.PHONY: bench
