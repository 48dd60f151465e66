# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += runner/play/libplay.a
runner_play_libplay_a_SOURCES = \
	runner/play/again.c \
	runner/play/busy.c \
	runner/play/capacity.c \
	runner/play/first_run.c \
	runner/play/guests.c \
	runner/play/inherited.c \
	runner/play/internal.h \
	runner/play/lanes.c \
	runner/play/plan.c \
	runner/play/play.h \
	runner/play/run.c \
	runner/play/schedule.c \
	runner/play/signals.c \
	runner/play/slips.c \
	runner/play/tally.c \
	runner/play/told.c \
	runner/play/trial.c \
	runner/play/verdict.c \
	runner/play/worker.c
