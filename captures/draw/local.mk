# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/draw/libdraw.a
captures_draw_libdraw_a_SOURCES = \
	captures/draw/annotate.c \
	captures/draw/annotate.h \
	captures/draw/artifacts.c \
	captures/draw/axis.c \
	captures/draw/axis.h \
	captures/draw/clients.c \
	captures/draw/draw.h \
	captures/draw/layers.c \
	captures/draw/layers.h \
	captures/draw/ladder_text.c \
	captures/draw/ladder_text.h \
	captures/draw/mermaid.c \
	captures/draw/pcapng.c \
	captures/draw/pcapng.h \
	captures/draw/picture.c \
	captures/draw/picture.h \
	captures/draw/recording.c \
	captures/draw/recording.h \
	captures/draw/story.c \
	captures/draw/svg.c \
	captures/draw/timeline.c

embedded += captures/draw/picture.svg
captures/draw/layers.$(OBJEXT): captures/draw/picture.svg.h
