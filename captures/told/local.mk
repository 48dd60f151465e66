# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/told/libtold.a
captures_told_libtold_a_SOURCES = \
	captures/told/rules.c \
	captures/told/told.h
