# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/held/libheld.a
captures_held_libheld_a_SOURCES = \
	captures/held/expectations.c \
	captures/held/held.c \
	captures/held/held.h \
	captures/held/internal.h \
	captures/held/json.c \
	captures/held/print.c \
	captures/held/rules.c \
	captures/held/signs.c
