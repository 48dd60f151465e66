# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += runner/tell/libtell.a
runner_tell_libtell_a_SOURCES = \
	runner/tell/console.c \
	runner/tell/github.c \
	runner/tell/groups.c \
	runner/tell/internal.h \
	runner/tell/junit.c \
	runner/tell/results.c \
	runner/tell/tap.c \
	runner/tell/tell.h \
	runner/tell/staged.c \
	runner/tell/tried_console.c \
	runner/tell/tried_json.c
