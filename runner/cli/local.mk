# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += runner/cli/libcli.a
runner_cli_libcli_a_SOURCES = \
	runner/cli/claims.c \
	runner/cli/cli.h \
	runner/cli/command.c \
	runner/cli/complete.c \
	runner/cli/diff.c \
	runner/cli/guest.c \
	runner/cli/guest.h \
	runner/cli/help.c \
	runner/cli/kernels.c \
	runner/cli/list.c \
	runner/cli/matrix.c \
	runner/cli/matrix_run.c \
	runner/cli/options.c \
	runner/cli/played.c \
	runner/cli/report.c \
	runner/cli/run.c \
	runner/cli/show.c \
	runner/cli/stage.c \
	runner/cli/stage.h \
	runner/cli/stage_client.c \
	runner/cli/stage_guest.c \
	runner/cli/stage_lines.c \
	runner/cli/stage_listen.c \
	runner/cli/stage_options.c \
	runner/cli/stage_where.c \
	runner/cli/staged.h \
	runner/cli/try.c \
	runner/cli/try.h \
	runner/cli/try_guest.c \
	runner/cli/try_options.c \
	runner/cli/try_sysctls.c
