# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += runner/librunner.a
runner_librunner_a_SOURCES = \
	runner/claims.c \
	runner/command.c \
	runner/console.c \
	runner/junit.c \
	runner/list.c \
	runner/options.c \
	runner/parts.h \
	runner/patterns.c \
	runner/plan.c \
	runner/results.c \
	runner/run.c \
	runner/runner.h \
	runner/schedule.c \
	runner/show.c \
	runner/tap.c \
	runner/text.c \
	runner/verdict.c \
	runner/worker.c

bin_PROGRAMS += halfopen
halfopen_SOURCES = \
	runner/main.c \
	$(suites_sources)

# The installed program, away from the source tree, with one case that waits for no timer.
INSTALLCHECK_CASE = accept_queue_holds_one_more_than_the_backlog
installcheck-local:
	$(SHELL) $(top_srcdir)/tests/installcheck.sh '$(DESTDIR)$(bindir)/halfopen' \
		'$(abs_top_builddir)/installcheck' '$(INSTALLCHECK_CASE)'
