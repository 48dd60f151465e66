# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program, of the rooms below.

bin_PROGRAMS += halfopen
halfopen_SOURCES = \
	runner/cli/main.c \
	$(scenarios_sources) \
	$(suites_sources)

# Each time that the cases are linked their slips are looked for: one is an error of the build.
noinst_PROGRAMS += runner/cli/find_slips
runner_cli_find_slips_SOURCES = runner/cli/find_slips.c $(suites_sources)
runner/cli/find_slips.stamp: runner/cli/find_slips$(EXEEXT)
	$(AM_V_GEN)runner/cli/find_slips$(EXEEXT) && touch $@
# A file of cases that no makefile names would be left out without a word.
runner/cli/all_suites.stamp: $(wildcard $(srcdir)/suites/*.c) $(srcdir)/suites/local.mk
	@for file in $(srcdir)/suites/*.c; do \
		case ' $(suites_sources) ' in \
		*" suites/$${file##*/} "*) ;; \
		*) echo "suites/$${file##*/} is not in suites/local.mk: its cases would be left out" >&2; \
			exit 1 ;; \
		esac; \
	done
	@touch $@
CLEANFILES += runner/cli/all_suites.stamp runner/cli/find_slips.stamp
suites_stamps = runner/cli/all_suites.stamp
if NATIVE
suites_stamps += runner/cli/find_slips.stamp
endif
all-local: $(suites_stamps)

# The installed program, away from the source tree, with one case that waits for no timer.
INSTALLCHECK_CASE = accept_queue_holds_one_more_than_the_backlog
installcheck-local:
	$(SHELL) $(top_srcdir)/tests/installcheck.sh '$(DESTDIR)$(bindir)/halfopen' \
		'$(abs_top_builddir)/installcheck' '$(INSTALLCHECK_CASE)' '$(DESTDIR)$(docdir)'
