# SPDX-License-Identifier: GPL-2.0-or-later
#
# Drivers that read damaged files. Each is built twice: with replay.c, which plays the inputs that are
# kept, under make check; and by `make fuzz`, in a build of its own, with libFuzzer.

fuzz_shared = tests/fuzz/fuzz.c tests/fuzz/fuzz.h

fuzz_catalogue = tests/fuzz/catalogue.c tests/fuzz/catalogue.h

fuzz_capture_sources = tests/fuzz/fuzz_capture.c $(fuzz_shared)
fuzz_expectations_sources = tests/fuzz/fuzz_expectations.c $(fuzz_shared)
fuzz_held_sources = tests/fuzz/fuzz_held.c $(fuzz_shared)
fuzz_image_sources = tests/fuzz/fuzz_image.c $(fuzz_shared)
fuzz_journal_sources = tests/fuzz/fuzz_journal.c tests/frames.c tests/frames.h $(fuzz_shared)
fuzz_options_sources = tests/fuzz/fuzz_options.c $(fuzz_catalogue) $(fuzz_shared)
fuzz_package_sources = tests/fuzz/fuzz_package.c $(fuzz_shared)
fuzz_results_sources = tests/fuzz/fuzz_results.c $(fuzz_catalogue) $(fuzz_shared)
fuzz_segment_sources = tests/fuzz/fuzz_segment.c $(fuzz_shared)
fuzz_told_sources = tests/fuzz/fuzz_told.c $(fuzz_shared)

fuzz_replays = \
	tests/fuzz/replay_capture \
	tests/fuzz/replay_expectations \
	tests/fuzz/replay_held \
	tests/fuzz/replay_image \
	tests/fuzz/replay_journal \
	tests/fuzz/replay_options \
	tests/fuzz/replay_package \
	tests/fuzz/replay_results \
	tests/fuzz/replay_segment \
	tests/fuzz/replay_told

tests_fuzz_replay_capture_SOURCES = $(fuzz_capture_sources) tests/fuzz/replay.c
tests_fuzz_replay_expectations_SOURCES = $(fuzz_expectations_sources) tests/fuzz/replay.c
tests_fuzz_replay_held_SOURCES = $(fuzz_held_sources) tests/fuzz/replay.c
tests_fuzz_replay_image_SOURCES = $(fuzz_image_sources) tests/fuzz/replay.c
tests_fuzz_replay_journal_SOURCES = $(fuzz_journal_sources) tests/fuzz/replay.c
tests_fuzz_replay_options_SOURCES = $(fuzz_options_sources) tests/fuzz/replay.c
tests_fuzz_replay_package_SOURCES = $(fuzz_package_sources) tests/fuzz/replay.c
tests_fuzz_replay_results_SOURCES = $(fuzz_results_sources) tests/fuzz/replay.c
tests_fuzz_replay_segment_SOURCES = $(fuzz_segment_sources) tests/fuzz/replay.c
tests_fuzz_replay_told_SOURCES = $(fuzz_told_sources) tests/fuzz/replay.c

tests_fuzz_replay_capture_LDADD = $(offline)
tests_fuzz_replay_expectations_LDADD = $(offline)
tests_fuzz_replay_held_LDADD = $(offline)
tests_fuzz_replay_journal_LDADD = $(offline)
tests_fuzz_replay_results_LDADD = $(offline)
tests_fuzz_replay_segment_LDADD = $(offline)
tests_fuzz_replay_told_LDADD = $(offline)

# Only clang links these.
fuzz_programs = \
	tests/fuzz/fuzz_capture \
	tests/fuzz/fuzz_expectations \
	tests/fuzz/fuzz_held \
	tests/fuzz/fuzz_image \
	tests/fuzz/fuzz_journal \
	tests/fuzz/fuzz_options \
	tests/fuzz/fuzz_package \
	tests/fuzz/fuzz_results \
	tests/fuzz/fuzz_segment \
	tests/fuzz/fuzz_told
EXTRA_PROGRAMS += $(fuzz_programs)

tests_fuzz_fuzz_capture_SOURCES = $(fuzz_capture_sources) $(fuzz_mutation)
tests_fuzz_fuzz_expectations_SOURCES = $(fuzz_expectations_sources) $(fuzz_mutation)
tests_fuzz_fuzz_held_SOURCES = $(fuzz_held_sources) $(fuzz_mutation)
tests_fuzz_fuzz_image_SOURCES = $(fuzz_image_sources) $(fuzz_mutation)
tests_fuzz_fuzz_journal_SOURCES = $(fuzz_journal_sources) $(fuzz_mutation)
tests_fuzz_fuzz_options_SOURCES = $(fuzz_options_sources) $(fuzz_mutation)
tests_fuzz_fuzz_package_SOURCES = $(fuzz_package_sources) $(fuzz_mutation)
tests_fuzz_fuzz_results_SOURCES = $(fuzz_results_sources) $(fuzz_mutation)
tests_fuzz_fuzz_segment_SOURCES = $(fuzz_segment_sources) $(fuzz_mutation)
tests_fuzz_fuzz_told_SOURCES = $(fuzz_told_sources) $(fuzz_mutation)

fuzz_mutation = tests/fuzz/mutate.c tests/damage.c tests/damage.h \
	tests/tiny_kernel.c tests/tiny_kernel.h

$(fuzz_programs): AM_LDFLAGS += -fsanitize=fuzzer
fuzz-programs: $(fuzz_programs)

check_PROGRAMS += $(fuzz_replays)
EXTRA_DIST += \
	tests/fuzz/corpus \
	tests/fuzz/crashers \
	tests/fuzz/fuzz.sh \
	tests/fuzz/expectations.dict \
	tests/fuzz/held.dict \
	tests/fuzz/image.dict \
	tests/fuzz/journal.dict \
	tests/fuzz/options.dict \
	tests/fuzz/package.dict \
	tests/fuzz/results.dict \
	tests/fuzz/told.dict \
	tests/fuzz/make-corpus.sh \
	tests/fuzz/files

EXTRA_PROGRAMS += tests/fuzz/seeds
tests_fuzz_seeds_SOURCES = tests/fuzz/seeds.c tests/mutations.c tests/mutations.h \
	tests/frames.c tests/frames.h tests/tiny_kernel.c tests/tiny_kernel.h

# Writes what is kept in the tree: to be called when a format has changed.
fuzz-corpus: tests/fuzz/seeds tests/fake_halfopen tests/check_told
	$(SHELL) $(top_srcdir)/tests/fuzz/make-corpus.sh '$(abs_top_srcdir)' '$(abs_top_builddir)'

# make fuzz SECONDS=60. Where the sources are configured in their own place, there can be no other build of
# them: of a copy there can.
fuzz: $(BUILT_SOURCES)
	@tree='$(abs_top_srcdir)'; \
	if [ -e "$$tree/config.status" ]; then \
		mkdir -p build-fuzz && $(MAKE) $(AM_MAKEFLAGS) distdir distdir=build-fuzz/tree >/dev/null && \
		tree='$(abs_top_builddir)/build-fuzz/tree' || exit 1; \
	fi; \
	$(SHELL) "$$tree/tests/fuzz/fuzz.sh" "$$tree" '$(abs_top_builddir)/build-fuzz' '$(or $(SECONDS),60)'

.PHONY: fuzz fuzz-corpus fuzz-programs
