# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += runner/saved/libsaved.a
runner_saved_libsaved_a_SOURCES = \
	runner/saved/alike.c \
	runner/saved/claims.c \
	runner/saved/column.c \
	runner/saved/compare.c \
	runner/saved/evidence.c \
	runner/saved/kept.c \
	runner/saved/passages.c \
	runner/saved/patterns.c \
	runner/saved/saved.c \
	runner/saved/saved.h \
	runner/saved/selection.c \
	runner/saved/variants.c
