# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += runner/librunner.a
runner_librunner_a_SOURCES = \
	runner/again.c \
	runner/capacity.c \
	runner/claims.c \
	runner/column.c \
	runner/command.c \
	runner/compare.c \
	runner/console.c \
	runner/diff.c \
	runner/github.c \
	runner/guests.c \
	runner/inherited.c \
	runner/junit.c \
	runner/kernels.c \
	runner/lanes.c \
	runner/list.c \
	runner/matrix.c \
	runner/matrix.h \
	runner/matrix_html.c \
	runner/matrix_json.c \
	runner/matrix_run.c \
	runner/matrix_text.c \
	runner/options.c \
	runner/page.c \
	runner/page.h \
	runner/parts.h \
	runner/patterns.c \
	runner/plan.c \
	runner/report.c \
	runner/report.h \
	runner/report_html.c \
	runner/results.c \
	runner/run.c \
	runner/runner.h \
	runner/schedule.c \
	runner/show.c \
	runner/tap.c \
	runner/terminal.c \
	runner/text.c \
	runner/variants.c \
	runner/verdict.c \
	runner/worker.c

embedded += runner/pages/page.css runner/pages/report.css runner/pages/report.js
runner/page.$(OBJEXT): runner/pages/page.css.h
runner/report_html.$(OBJEXT): runner/pages/report.css.h runner/pages/report.js.h

bin_PROGRAMS += halfopen
halfopen_SOURCES = \
	runner/main.c \
	$(suites_sources)

# The installed program, away from the source tree, with one case that waits for no timer.
INSTALLCHECK_CASE = accept_queue_holds_one_more_than_the_backlog
installcheck-local:
	$(SHELL) $(top_srcdir)/tests/installcheck.sh '$(DESTDIR)$(bindir)/halfopen' \
		'$(abs_top_builddir)/installcheck' '$(INSTALLCHECK_CASE)'
