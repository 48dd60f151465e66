# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += states/libstates.a
states_libstates_a_SOURCES = \
	states/buffer.c \
	states/connection.c \
	states/dialogue.c \
	states/filter.c \
	states/hear.c \
	states/internal.h \
	states/listener.c \
	states/order.c \
	states/look.c \
	states/pace.c \
	states/port.c \
	states/states.c \
	states/states.h \
	states/turns.c \
	states/view.c \
	states/wiretap.c
