# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program, of the rooms below.

bin_PROGRAMS += halfopen
halfopen_SOURCES = \
	runner/cli/main.c \
	$(suites_sources)

# The installed program, away from the source tree, with one case that waits for no timer.
INSTALLCHECK_CASE = accept_queue_holds_one_more_than_the_backlog
installcheck-local:
	$(SHELL) $(top_srcdir)/tests/installcheck.sh '$(DESTDIR)$(bindir)/halfopen' \
		'$(abs_top_builddir)/installcheck' '$(INSTALLCHECK_CASE)' '$(DESTDIR)$(docdir)'
