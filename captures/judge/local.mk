# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += captures/judge/libjudge.a
captures_judge_libjudge_a_SOURCES = \
	captures/judge/agreement.c \
	captures/judge/align.c \
	captures/judge/align.h \
	captures/judge/answers.c \
	captures/judge/books.c \
	captures/judge/books.h \
	captures/judge/calls.c \
	captures/judge/cookies.c \
	captures/judge/counts.c \
	captures/judge/details.c \
	captures/judge/exempt.c \
	captures/judge/drops.c \
	captures/judge/expect.c \
	captures/judge/failure.c \
	captures/judge/floods.c \
	captures/judge/fold.c \
	captures/judge/grammar.c \
	captures/judge/icmp.c \
	captures/judge/judge.h \
	captures/judge/ladder.c \
	captures/judge/offers.c \
	captures/judge/packets.c \
	captures/judge/settings.c \
	captures/judge/sockets.c \
	captures/judge/moves.c \
	captures/judge/terms.c \
	captures/judge/terms.h \
	captures/judge/words.c
