# SPDX-License-Identifier: GPL-2.0-or-later
#
# No library, as in suites/: scenarios register themselves.

scenarios_sources = \
	scenarios/changing.c \
	scenarios/errors.c \
	scenarios/facts.c \
	scenarios/leaving.c \
	scenarios/limits.c \
	scenarios/serving.c \
	scenarios/silence.c
