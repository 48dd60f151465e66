# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/watch/libwatch.a
captures_watch_libwatch_a_SOURCES = \
	captures/watch/counters.c \
	captures/watch/crowd.c \
	captures/watch/crowd.h \
	captures/watch/diag.c \
	captures/watch/flows.c \
	captures/watch/kernel_log.c \
	captures/watch/note.c \
	captures/watch/passages.c \
	captures/watch/places.c \
	captures/watch/probes.h \
	captures/watch/sample.c \
	captures/watch/settings.c \
	captures/watch/sightings.c \
	captures/watch/state.h \
	captures/watch/survey.c \
	captures/watch/tap.c \
	captures/watch/watch.c \
	captures/watch/watch.h
