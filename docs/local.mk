# SPDX-License-Identifier: GPL-2.0-or-later

dist_man_MANS = docs/halfopen.1
EXTRA_DIST += \
	docs/ci.md \
	docs/claims.md \
	docs/defer-accept-stall.md \
	docs/defer-accept-stall/replay.sh \
	docs/defer-accept-stall/stall.c \
	docs/design.md \
	docs/fuzzing.md \
	docs/half-open.md \
	docs/operating.md \
	docs/reading-artifacts.md \
	docs/vm.md \
	docs/writing-a-case.md
