#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# installcheck.sh HALFOPEN FOLDER CASE DOCUMENTS: the installed program works away from the source tree,
# and the documents are there with it.

set -eu

halfopen=$1 folder=$2 pattern=$3 documents=$4
for document in README.md NEWS.md docs/claims.md docs/operating.md; do
	[ -s "$documents/$document" ] || {
		echo "installcheck: no $documents/$document" >&2
		exit 1
	}
done
mkdir -p "$folder"
cd /
"$halfopen" --version
"$halfopen" list "$pattern"
status=0
"$halfopen" run --artifacts "$folder/artifacts" "$pattern" || status=$?
case $status in
0) ;;
77) echo "installcheck: this machine skips $pattern" ;;
*)
	echo "installcheck: $halfopen run $pattern ended with $status" >&2
	exit 1
	;;
esac
rm -rf "$folder"
