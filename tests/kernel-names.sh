#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-names.sh PROGRAM KERNEL...: boots each of these kernels with PROGRAM, which is
# tests/names_of_kernel, and prints fixtures/kernel_names.tab. For `make kernel-names`.

program=$1
shift
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

for kernel; do
	"$program" run --kernel "$kernel" --artifacts "$work/run" --no-report >"$work/said" 2>&1 || {
		cat "$work/said" >&2
		exit 1
	}
	find "$work/run" -name names.txt -exec cat {} + >"$work/$kernel.names"
	[ -s "$work/$kernel.names" ] || {
		echo "kernel-names.sh: kernel $kernel has left no names" >&2
		exit 1
	}
	rm -rf "$work/run"
done

cat <<END
# The counters and sysctls that a namespace has on the pinned kernels, one a line, and behind it
# the kernels that lack it. \`make kernel-names\` writes this file. A name that none of them has yet,
# of a kernel that is being written, is a line with all of them:
# $*
END
cd "$work" || exit 99
for kernel; do
	sed "s/\$/ $kernel/" "$kernel.names"
done | awk -v kernels="$*" '
	{ has[$1] = has[$1] " " $2 " " }
	END {
		count = split(kernels, all, " ")
		for (name in has) {
			line = name
			for (i = 1; i <= count; i++)
				if (!index(has[name], " " all[i] " "))
					line = line " " all[i]
			print line
		}
	}' | LC_ALL=C sort
