#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# halfopen try finds the fault of each server in tests/servers by its name, and nothing with those that
# are right, in the scenario that is about it.

set -u

source_tree=$(realpath "${top_srcdir:-.}")
build_tree=$(realpath "${top_builddir:-.}")
halfopen=$(realpath "${HALFOPEN:-./halfopen}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
	echo '1..0 # SKIP no Python 3.10 here'
	exit 0
fi

# try_one FAULTS FINDINGS SCENARIOS PROGRAM [OPTION...]: prints a line of TAP without its number.
# FAULTS is - of a right one.
cat >"$work/try_one" <<'END'
faults=$1 findings=$2 scenarios=$3 program=$4
shift 4
name="$program${*:+ $*}, $scenarios: $findings"
for fault in $(echo "$faults" | tr + ' '); do
	[ "$fault" = - ] || set -- "$@" --fault "$fault"
done
case $program in
*.py) set -- python3 -B "$source_tree/tests/servers/$program" "$@" ;;
*) set -- "$build_tree/tests/servers/$program" "$@" ;;
esac
status=0
"$halfopen" try --json --no-report --family ipv4 --reload-signal HUP \
	--scenario "$(echo "$scenarios" | tr + ,)" --artifacts "$work/$$" -- "$@" \
	>"$work/$$.json" 2>"$work/$$.err" || status=$?
found=$(python3 -c 'import json, sys
tried = json.load(sys.stdin)
names = {f["name"] for s in tried["scenarios"] for f in s.get("findings", [])}
print("+".join(sorted(names)) or "nothing")' <"$work/$$.json")
wanted=$(echo "$findings" | tr + '\n' | sort | paste -s -d + -)
if [ "$found" = "$wanted" ] && [ "$status" -eq "$([ "$wanted" = nothing ]; echo $?)" ]; then
	echo "ok - $name"
else
	echo "not ok - $name # status $status, found $found"
fi
END
export source_tree build_tree halfopen work

cd "$work" || exit 1
grep -v '^#' "$source_tree/tests/servers/faults" >wrong
# A right one is played once, in the scenarios of all its faults.
awk '{
	scenario = $3
	$1 = $2 = $3 = ""
	scenarios[$0] = scenarios[$0] (scenarios[$0] ? "+" : "") scenario
}
END {
	for (server in scenarios)
		print "- nothing " scenarios[server] server
}' wrong >right
cat right wrong | sed 's/  */ /g' | xargs -P 6 -L 1 sh "$work/try_one" >results
awk '{ sub(/^ok/, "ok " NR); sub(/^not ok/, "not ok " NR); print } END { print "1.." NR }' results
