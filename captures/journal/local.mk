# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/journal/libjournal.a
captures_journal_libjournal_a_SOURCES = \
	captures/journal/fields.c \
	captures/journal/internal.h \
	captures/journal/journal.c \
	captures/journal/journal.h \
	captures/journal/packed.c \
	captures/journal/packed.h \
	captures/journal/read.c \
	captures/journal/segment.c \
	captures/journal/write.c
