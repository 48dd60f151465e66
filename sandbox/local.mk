# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += sandbox/libsandbox.a
sandbox_libsandbox_a_SOURCES = \
	sandbox/internal.h \
	sandbox/keeper.c \
	sandbox/output.c \
	sandbox/processes.c \
	sandbox/sandbox.c \
	sandbox/sandbox.h \
	sandbox/start.c
