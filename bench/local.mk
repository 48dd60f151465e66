# SPDX-License-Identifier: GPL-2.0-or-later

bench: all
	@if test -x $(top_builddir)/bench/run-bench; then \
		$(top_builddir)/bench/run-bench; \
	else \
		echo 'make bench: bench/run-bench was not built' >&2; exit 1; \
	fi

.PHONY: bench
