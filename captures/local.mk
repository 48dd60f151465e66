# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/libcaptures.a
captures_libcaptures_a_SOURCES = \
	captures/annotate.c \
	captures/artifacts.c \
	captures/books.h \
	captures/captures.h \
	captures/counters.c \
	captures/counts.c \
	captures/crowd.c \
	captures/crowd.h \
	captures/diag.c \
	captures/expect.c \
	captures/failure.c \
	captures/floods.c \
	captures/journal.c \
	captures/judge.c \
	captures/kernel_log.c \
	captures/ladder.c \
	captures/mermaid.c \
	captures/packed.c \
	captures/packed.h \
	captures/packets.c \
	captures/pcapng.c \
	captures/pcapng.h \
	captures/picture.c \
	captures/picture.h \
	captures/probes.h \
	captures/recording.c \
	captures/recording.h \
	captures/segment.c \
	captures/sockets.c \
	captures/story.c \
	captures/svg.c \
	captures/tap.c \
	captures/timeline.c \
	captures/watch.c
