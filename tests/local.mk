# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs of libcheck, shell tests, and the cases themselves. All speak TAP.

libcheck_tests = \
	tests/check_answers \
	tests/check_capture \
	tests/check_cargo \
	tests/check_covered \
	tests/check_damage \
	tests/check_failures \
	tests/check_flows \
	tests/check_harness \
	tests/check_held \
	tests/check_hostile \
	tests/check_inspect \
	tests/check_matrix \
	tests/check_netns \
	tests/check_offers \
	tests/check_runner \
	tests/check_sandbox \
	tests/check_oracle \
	tests/check_patience \
	tests/check_segment \
	tests/check_slips \
	tests/check_staging \
	tests/check_states \
	tests/check_storm \
	tests/check_story \
	tests/check_suites \
	tests/check_texts \
	tests/check_told \
	tests/check_watch

# Whoever reads what was seen or saved needs these rooms and no more: no cases, and no network.
offline = runner/cli/libcli.a runner/pages/libpages.a runner/saved/libsaved.a \
	captures/draw/libdraw.a captures/told/libtold.a captures/held/libheld.a captures/judge/libjudge.a captures/journal/libjournal.a \
	base/libbase.a $(CHECK_LIBS) $(PCAP_LIBS) $(JANSSON_LIBS) $(XML_LIBS) $(ARCHIVE_LIBS)

# Cases without a network, instead of those of suites/.
fake_cases = tests/fake_cases.c suites/catalogue.c

tests_check_matrix_SOURCES = tests/check_matrix.c $(fake_cases)

tests_check_suites_SOURCES = tests/check_suites.c $(suites_sources)

# As on machines where char is unsigned.
tests_check_texts_SOURCES = tests/check_texts.c base/text.c base/xml.c \
	captures/journal/fields.c captures/journal/write.c
tests_check_texts_CFLAGS = $(AM_CFLAGS) -funsigned-char

tests_check_runner_SOURCES = tests/check_runner.c $(fake_cases)

# Servers to try: right ones, and wrong ones. They need nothing of the rooms.
small_server = tests/servers/server.c tests/servers/server.h
small_loop = tests/servers/loop.c tests/servers/loop.h
tests_servers_events_SOURCES = tests/servers/events.c $(small_loop) $(small_server)
tests_servers_events_LDADD =
tests_servers_threads_SOURCES = tests/servers/threads.c $(small_server)
tests_servers_threads_LDADD =
tests_servers_workers_SOURCES = tests/servers/workers.c $(small_loop) $(small_server)
tests_servers_workers_LDADD =

# Not tests: what tests run.
test_helpers = \
	tests/servers/events \
	tests/servers/threads \
	tests/servers/workers \
	tests/keep_changes \
	tests/print_behaviours \
	tests/print_settings \
	tests/fake_halfopen \
	tests/offline

tests_offline_SOURCES = tests/offline.c
tests_offline_LDADD = $(offline)
tests_check_failures_LDADD = $(offline)
tests_check_held_LDADD = $(offline)
tests_check_hostile_LDADD = $(offline)
tests_check_oracle_LDADD = $(offline)
tests_check_segment_LDADD = $(offline)
tests_check_states_LDADD = states/libstates.a inspect/libinspect.a base/libbase.a $(CHECK_LIBS) $(MNL_LIBS) \
	$(JANSSON_LIBS) $(XML_LIBS)
tests_check_staging_LDADD = base/libbase.a $(CHECK_LIBS) $(JANSSON_LIBS) $(XML_LIBS)
tests_check_story_LDADD = $(offline)
tests_check_told_LDADD = $(offline)

tests_check_capture_SOURCES = tests/check_capture.c tests/frames.c tests/frames.h

tests_check_damage_SOURCES = tests/check_damage.c tests/damage.c tests/damage.h \
	tests/frames.c tests/frames.h tests/tiny_kernel.c tests/tiny_kernel.h

live = tests/live.c tests/live.h tests/suite.h tests/loaded.h
tests_check_flows_SOURCES = tests/check_flows.c $(live)
tests_check_harness_SOURCES = tests/check_harness.c $(live)
tests_check_offers_SOURCES = tests/check_offers.c $(live)
tests_check_storm_SOURCES = tests/check_storm.c $(live)
tests_check_watch_SOURCES = tests/check_watch.c $(live)

tests_check_oracle_SOURCES = tests/check_oracle.c tests/mutations.c tests/mutations.h \
	tests/sample.h

tests_check_segment_SOURCES = tests/check_segment.c tests/sample.h

kept_changes = tests/changes.c tests/changes.h tests/kept_changes.c tests/kept_changes.h \
	tests/mutations.c tests/mutations.h
tests_check_covered_SOURCES = tests/check_covered.c $(kept_changes) $(suites_sources)
tests_keep_changes_SOURCES = tests/keep_changes.c $(kept_changes) $(suites_sources)

tests_print_behaviours_SOURCES = tests/print_behaviours.c $(suites_sources)

# docs/behaviours.md, into the source tree.
behaviours: tests/print_behaviours
	./tests/print_behaviours $(top_srcdir)/tests/covered >behaviours.new && mv behaviours.new $(top_srcdir)/docs/behaviours.md
.PHONY: behaviours

# docs/servers.md, into the source tree: what is found with the servers of tests/programs/, in all scenarios.
# Again when one of them, or what is found, changes; a quarter of an hour. SERVERS=NAME tries only some, and
# takes what servers-tried/ has of the others.
servers: halfopen
	HALFOPEN='$(abs_top_builddir)/halfopen' \
		$(SHELL) $(top_srcdir)/tests/programs/play.sh servers-tried $(SERVERS)
	perl $(top_srcdir)/tests/programs/servers.pl page servers-tried >servers.new && \
		mv servers.new $(top_srcdir)/docs/servers.md
.PHONY: servers

# docs/clients.md, into the source tree: what the clients of tests/clients/ do in each state. Again when one of
# them, or a state, changes; three quarters of an hour. CLIENTS=NAME plays only some, and takes what
# clients-played/ has of the others; HORIZON=30s is for how long each is watched.
clients: halfopen
	HALFOPEN='$(abs_top_builddir)/halfopen' HORIZON='$(HORIZON)' \
		$(SHELL) $(top_srcdir)/tests/clients/play.sh clients-played $(CLIENTS)
	perl $(top_srcdir)/tests/clients/clients.pl page clients-played >clients.new && \
		mv clients.new $(top_srcdir)/docs/clients.md
.PHONY: clients

# What the cases that cover a behaviour have left, and what their steps reject, into the source tree:
# again when such a case changes. CASES=NAME
covered: halfopen tests/keep_changes
	$(SHELL) $(top_srcdir)/tests/covered.sh ./halfopen ./tests/keep_changes \
		$(top_srcdir)/tests/covered $(CASES)
.PHONY: covered

tests_fake_halfopen_SOURCES = $(fake_cases)

# What the pinned kernels have, for a case's author who errs: again when a kernel is pinned.
EXTRA_PROGRAMS += tests/names_of_kernel
CLEANFILES += tests/names_of_kernel
PINNED_SERIES = $$($(AWK) '!/^\#/ { split($$1, part, "."); print part[1] "." part[2] }' \
	$(top_srcdir)/vm/kernels.tab | uniq)
kernel-names: tests/names_of_kernel
	$(SHELL) $(top_srcdir)/tests/kernel-names.sh ./tests/names_of_kernel $(PINNED_SERIES) \
		>kernel_names.new && mv kernel_names.new $(top_srcdir)/fixtures/kernel_names.tab
.PHONY: kernel-names

shell_tests = \
	tests/test_again.sh \
	tests/test_behaviours.sh \
	tests/test_captures.sh \
	tests/test_ci.sh \
	tests/test_cli.sh \
	tests/test_completion.sh \
	tests/test_configure.sh \
	tests/test_failing.sh \
	tests/test_fetch.sh \
	tests/test_install_deps.sh \
	tests/test_kept.sh \
	tests/test_lint.sh \
	tests/test_make.sh \
	tests/test_manual.sh \
	tests/test_matrix.sh \
	tests/test_odd_machines.sh \
	tests/test_offline.sh \
	tests/test_own_kernels.sh \
	tests/test_pages.sh \
	tests/test_report.sh \
	tests/test_rooms.sh \
	tests/test_servers.sh \
	tests/test_sigkill.sh \
	tests/test_stage.sh \
	tests/test_stage_clients.sh \
	tests/test_stage_kernel.sh \
	tests/test_stage_listen.sh \
	tests/test_stage_recipes.sh \
	tests/test_stall.sh \
	tests/test_totals.sh \
	tests/test_try_servers.sh \
	tests/test_try_kernel.sh \
	tests/test_try.sh \
	tests/test_try_crowds.sh \
	tests/test_try_programs.sh \
	tests/test_try_users.sh \
	tests/test_vm.sh

check_PROGRAMS += $(libcheck_tests) $(test_helpers)

TESTS = $(libcheck_tests) $(fuzz_replays) $(shell_tests) tests/cases.tap
EXTRA_DIST += $(shell_tests) \
	tests/alike.pl \
	tests/alike.sh \
	tests/cases.tap \
	tests/check-paused.sh \
	tests/clients \
	tests/covered \
	tests/covered.sh \
	tests/find_links.pl \
	tests/compare-runs.sh \
	tests/compare_commands.pl \
	tests/compare_ladders.pl \
	tests/failures \
	tests/faults.c \
	tests/installcheck.sh \
	tests/journals \
	tests/kernel-names.sh \
	tests/junit.rng \
	tests/parse_tap.pl \
	tests/pauses.c \
	tests/programs \
	tests/rooms.pl \
	tests/run-check.sh \
	tests/run-valgrind.sh \
	tests/saved \
	tests/staged \
	tests/told \
	tests/servers/events.py \
	tests/servers/faults \
	tests/servers/loop.py \
	tests/servers/play.sh \
	tests/servers/probe.py \
	tests/servers/server.py \
	tests/servers/threads.py \
	tests/servers/workers.py \
	tests/stage/client.py \
	tests/stage/listen.py \
	tests/totals.sh \
	tests/with_fakes.sh

TEST_EXTENSIONS = .sh .tap
tap_driver = $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(tap_driver)
SH_LOG_DRIVER = $(LOG_DRIVER)
TAP_LOG_DRIVER = $(LOG_DRIVER)
# What a test found is in its TAP; an exit status would count it twice.
AM_LOG_DRIVER_FLAGS = --ignore-exit
AM_SH_LOG_DRIVER_FLAGS = --ignore-exit
AM_TAP_LOG_DRIVER_FLAGS = --ignore-exit
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/run-check.sh
SH_LOG_COMPILER = $(SHELL)
TAP_LOG_COMPILER = $(SHELL)

# make check CASES='*defer*' JOBS=4 LANE=host; make check LANE=vm KERNEL=6.1
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	HALFOPEN='$(abs_top_builddir)/halfopen'; CASES='$(CASES)'; JOBS='$(JOBS)'; \
	LANE='$(LANE)'; KERNEL='$(KERNEL)'; CC='$(CC)'; \
	export top_srcdir top_builddir HALFOPEN CASES JOBS LANE KERNEL CC;

# The cases come last, alone: they use all processors by themselves. What looks at what they have left
# comes behind them.
behind_cases = tests/check_covered.log tests/test_pages.log
tests/cases.log: $(filter-out tests/cases.log $(behind_cases),$(TEST_LOGS))
$(behind_cases): $(filter tests/cases.log,$(TEST_LOGS))

# It looks at the objects of all rooms.
tests/test_rooms.log: bench/run-bench$(EXEEXT)

# As Automake's own, and then the line with the totals, whatever the tests said.
check-TESTS: $(check_PROGRAMS)
	@rm -f $(RECHECK_LOGS) $(RECHECK_LOGS:.log=.trs) $(TEST_SUITE_LOG)
	@status=0; \
	$(MAKE) $(AM_MAKEFLAGS) $(TEST_SUITE_LOG) TEST_LOGS='$(TEST_LOGS)' || status=$$?; \
	$(SHELL) $(top_srcdir)/tests/totals.sh $(TEST_LOGS:.log=.trs); \
	exit $$status

# The cases, and nothing else.
check-cases: halfopen
	@$(MAKE) $(AM_MAKEFLAGS) check-TESTS check_PROGRAMS= TESTS=tests/cases.tap

# Without the cases: what a build with sanitizers is tried with.
check-rooms:
	@$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(libcheck_tests) $(fuzz_replays)'

# With --enable-sanitizers=thread, all that has threads: captures, floods, watched calls, and the
# tear-down of a case.
# That sanitizer is a thread itself, so no process with it can make a user namespace: this needs root.
# Its older versions do not know how far addresses are randomised today.
as_compiled = $(shell setarch -R true 2>/dev/null && echo setarch -R)
check-threads: halfopen
	@$(as_compiled) $(MAKE) $(AM_MAKEFLAGS) check TESTS='tests/check_capture tests/check_watch'
	@$(as_compiled) $(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/check_netns CK_RUN_CASE=gate
	@$(as_compiled) $(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/check_inspect CK_RUN_CASE=calls
	@$(as_compiled) ./halfopen run --kernel host '*flood*' '*full_accept_queue*'

# Under valgrind, what needs no namespaces and plays no other program; of what is tried in great numbers
# only some.
not_under_valgrind = \
	tests/check_cargo tests/check_damage tests/check_flows tests/check_harness tests/check_inspect \
	tests/check_netns tests/check_offers tests/check_sandbox tests/check_slips tests/check_storm tests/check_watch
check-valgrind:
	@$(MAKE) $(AM_MAKEFLAGS) check LOG_COMPILER='$(SHELL) $(top_srcdir)/tests/run-valgrind.sh' \
		TESTS='$(filter-out $(not_under_valgrind),$(libcheck_tests))'

# Twenty runs in virtual time, half of them on a busy machine, leave the same ladders.
check-virtual: halfopen
	@HALFOPEN='$(abs_top_builddir)/halfopen' \
		$(SHELL) $(top_srcdir)/tests/compare-runs.sh $(or $(TIMES),20) $(CASES)

# All cases, kept from running at random moments.
check-paused: halfopen tests/pauses.so
	@HALFOPEN='$(abs_top_builddir)/halfopen' PAUSES='$(abs_top_builddir)/tests/pauses.so' \
		$(SHELL) $(top_srcdir)/tests/check-paused.sh $(or $(TIMES),3) $(CASES)

# Trials say the same each time. ROUNDS, BUSY=yes, JOBS, SERVERS='nginx sshd'
alike: halfopen $(test_helpers)
	@HALFOPEN='$(abs_top_builddir)/halfopen' BUSY='$(BUSY)' JOBS='$(JOBS)' \
		$(SHELL) $(top_srcdir)/tests/alike.sh $(or $(ROUNDS),20) $(SERVERS)

check_DATA += tests/faults.so tests/pauses.so

tests/faults.so tests/pauses.so: %.so: %.c
	$(AM_V_CC)$(MKDIR_P) tests && \
		$(CC) -include config.h -std=gnu11 -O2 -Wall -Wextra $(WERROR) -fPIC -shared -o $@ $<

CLEANFILES += tests/faults.so tests/pauses.so

# What finds out whether the tarball is whole: all tests but those that need little of it and long. They
# are for a make check, which plays them and all the rest.
tests_of_tarball = $(filter-out \
	tests/cases.tap tests/test_odd_machines.sh tests/test_own_kernels.sh tests/test_vm.sh, $(TESTS))
distcheck-files:
	@$(MAKE) $(AM_MAKEFLAGS) distcheck TESTS='$(tests_of_tarball)'

.PHONY: alike check-cases check-paused check-rooms check-threads check-valgrind check-virtual distcheck-files

clean-local:
	rm -rf alike-rounds artifacts bench-artifacts build-fuzz clients-played damaged-* installcheck paused-artifacts servers-tried
