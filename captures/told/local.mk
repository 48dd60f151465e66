# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/told/libtold.a
captures_told_libtold_a_SOURCES = \
	captures/told/books.h \
	captures/told/clients.c \
	captures/told/evidence.c \
	captures/told/facts.c \
	captures/told/findings.c \
	captures/told/json.c \
	captures/told/outcomes.c \
	captures/told/print.c \
	captures/told/queues.c \
	captures/told/rules.c \
	captures/told/rules_changing.c \
	captures/told/rules_ending.c \
	captures/told/rules_waiting.c \
	captures/told/servers.c \
	captures/told/told.c \
	captures/told/told.h
