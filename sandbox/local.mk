# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += sandbox/libsandbox.a
sandbox_libsandbox_a_SOURCES = \
	sandbox/internal.h \
	sandbox/keeper.c \
	sandbox/layer.c \
	sandbox/mounts.c \
	sandbox/names.c \
	sandbox/output.c \
	sandbox/place.c \
	sandbox/processes.c \
	sandbox/relay.c \
	sandbox/sandbox.c \
	sandbox/sandbox.h \
	sandbox/start.c \
	sandbox/users.c
