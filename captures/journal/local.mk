# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/journal/libjournal.a
captures_journal_libjournal_a_SOURCES = \
	captures/journal/journal.c \
	captures/journal/journal.h \
	captures/journal/packed.c \
	captures/journal/packed.h \
	captures/journal/segment.c
