# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program, of the rooms below.

bin_PROGRAMS += halfopen
halfopen_SOURCES = \
	runner/cli/main.c \
	$(suites_sources)

# Each time that the cases are linked their slips are looked for: one is an error of the build.
noinst_PROGRAMS += runner/cli/find_slips
runner_cli_find_slips_SOURCES = runner/cli/find_slips.c $(suites_sources)
runner/cli/find_slips.stamp: runner/cli/find_slips$(EXEEXT)
	$(AM_V_GEN)runner/cli/find_slips$(EXEEXT) && touch $@
CLEANFILES += runner/cli/find_slips.stamp
if NATIVE
all-local: runner/cli/find_slips.stamp
endif

# The installed program, away from the source tree, with one case that waits for no timer.
INSTALLCHECK_CASE = accept_queue_holds_one_more_than_the_backlog
installcheck-local:
	$(SHELL) $(top_srcdir)/tests/installcheck.sh '$(DESTDIR)$(bindir)/halfopen' \
		'$(abs_top_builddir)/installcheck' '$(INSTALLCHECK_CASE)' '$(DESTDIR)$(docdir)'
