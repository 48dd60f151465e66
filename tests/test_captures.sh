#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a real case leaves, as people read it: tshark, capinfos and tcpdump open case.pcapng without
# a word of warning, the filters and the profile of docs/reading-artifacts.md find what they say,
# and what is damaged is told in one line.

set -u

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"
fake=${HALFOPEN:?}

case=final_ack_that_meets_a_full_accept_queue_is_ignored
run run --kernel host $case/ipv4
case $status in
0) ;;
77)
	echo "1..0 # SKIP $(head -n 1 err)"
	exit 0
	;;
*)
	check 'the case passes' ended 0
	echo "1..$number"
	exit 0
	;;
esac
folder=$PWD/artifacts/$case/ipv4
capture=$folder/case.pcapng

# What tshark says of itself when root calls it is none of our business.
tshark_says()
{
	tshark "$@" 2>err >out
	grep -v '^Running as user "root"' err >complaints
	[ ! -s complaints ] || { cat complaints; return 1; }
}

says_not()
{
	! grep "$1" out
}

# finds COUNT FILTER: so many frames.
finds()
{
	tshark_says -r "$capture" -Y "$2" || return 1
	[ "$(wc -l <out)" -eq "$1" ] || { echo "$(wc -l <out) frames, not $1"; return 1; }
}

if command -v tshark >/dev/null; then
	check 'tshark opens it without a warning' tshark_says -r "$capture"
	check 'tshark: "ignored:" finds the three ACKs' finds 3 'frame.comment contains "ignored:"'
	check 'tshark: "ignored" finds both views of them' finds 6 'frame.comment contains "ignored"'
	check 'tshark: "held" finds the one that was' finds 1 'frame.comment contains "held"'
	check 'tshark: nothing was lost' finds 0 'frame.comment contains "lost"'
	check "tshark: half of it is the server's view" \
		finds "$(($(tshark -r "$capture" 2>/dev/null | wc -l) / 2))" \
		'frame.interface_name == "server"'
	check 'tshark: a counter finds what moved it' \
		finds 3 'frame.comment contains "counters of the server: ListenOverflows +1"'
	check 'tshark: the end of the request is there' \
		finds 1 'frame.comment contains "later, without a segment"'
	check 'tshark: the section names the case' sh -c \
		"tshark -r '$capture' -V -c 1 2>/dev/null >/dev/null && strings '$capture' |
			grep '^case: $case'"
	# With the profile: a column of what became of it, and no second view is a retransmission.
	WIRESHARK_CONFIG_DIR=${top_srcdir:?}/share/wireshark
	export WIRESHARK_CONFIG_DIR
	check 'the profile is read without a warning' tshark_says -C halfopen -r "$capture"
	check 'the profile has a column for the comment' says 'ignored: accept queue 3/2, ListenOver'
	check 'the profile does not analyse sequence numbers' says_not Retransmission
	check 'the profile names hosts' says 'client *40001 server *12345'
	tshark -C halfopen -r "$capture" -T fields -e frame.coloring_rule.name -e frame.comment \
		--color 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' >out
	check 'the profile colours what was ignored' says '^Ignored.*ignored: accept'
else
	skip 'tshark' 'no tshark here'
fi
if command -v capinfos >/dev/null; then
	capinfos "$capture" >out 2>err
	check 'capinfos opens it without a word' test ! -s err
	check 'capinfos: nanoseconds' says 'nanoseconds (9)'
	check 'capinfos: two interfaces' says 'Number of interfaces in file: 2'
	check 'capinfos: named' says 'Name = server'
	check 'capinfos: names of hosts' says 'Number of resolved IPv4 addresses in file: 2'
	check 'capinfos: in the order of time' says 'Strict time order: *True'
	check 'capinfos: the comment has the kernel' says "kernel: $(uname -r)"
	check 'capinfos: the comment has the sysctls' says 'net.ipv4.tcp_abort_on_overflow = 0'
	check 'capinfos: the comment has the claims' says 'claims: D2-31'
else
	skip 'capinfos' 'no capinfos here'
fi
if PATH=$PATH:/usr/sbin command -v tcpdump >/dev/null; then
	PATH=$PATH:/usr/sbin tcpdump -nr "$capture" >out 2>err
	check 'tcpdump opens it' says 'IP 192.0.2.1.40001 > 192.0.2.2.12345: Flags \[S\]'
	check 'tcpdump: no complaint' test "$(grep -cv '^reading from' err)" -eq 0
else
	skip 'tcpdump' 'no tcpdump here'
fi

# ---- bad input -----------------------------------------------------------------------------------

check 'nothing that was begun is left' test -z "$(find "$folder" -name '*.new')"
cp -R "$folder" elsewhere
run show elsewhere
check 'a whole folder is shown' ended 0
lines=$(wc -l <out)
cp elsewhere/server.pcap elsewhere/client.pcap
run show elsewhere
check 'a capture from elsewhere: 99' ended 99
check 'a capture from elsewhere: one line' one_line 'client.pcap is not the capture of this journal'
check 'a capture from elsewhere: the ladder is shown' test "$(wc -l <out)" -eq "$lines"
cp "$folder/client.pcap" elsewhere/client.pcap
truncate -s -3 elsewhere/client.pcap
run show elsewhere
check 'a capture cut short: one line' one_line 'client.pcap is malformed after [0-9]* segments'
cp "$folder/client.pcap" elsewhere/client.pcap
truncate -s -30 elsewhere/journal.jsonl
run show elsewhere
check 'a journal cut short: 99' ended 99
check 'a journal cut short: one line' one_line 'journal.jsonl:[0-9]*: not JSON'
check 'a journal cut short: what there is of it is shown' says 'ignored'
cp "$folder/journal.jsonl" elsewhere/journal.jsonl
sed -i '1s/,"format":2,/,/' elsewhere/journal.jsonl
run show elsewhere
check 'a folder of an older version: one line' one_line 'from another version of halfopen'
check 'a folder of an older version: it is shown' test "$(wc -l <out)" -eq "$lines"
rm elsewhere/*.pcap
run show elsewhere
check 'captures that are gone: one line' one_line 'another version\|cannot read'

captures_are_whole()
{
	for file in kept/*/ipv4/*.pcap*; do
		[ ! -e "$file" ] || ! command -v capinfos >/dev/null || capinfos "$file" || return 1
	done
}

# A file system that is too small for the case's folder.
mkdir small
if unshare -m sh -c "mount -t tmpfs -o size=40k none small && '$fake' run --kernel host \
	--artifacts small/a $case/ipv4; find small/a -type f -size +0 >left; cp -R small/a kept" \
	>out 2>err; then
	check 'a full disk: nothing passed' says '^0 passed, 1 failed, 0 skipped$'
	check 'a full disk: the reason is told' grep -q 'No space left on device' out err
	check 'a full disk: no capture that is not whole' captures_are_whole
	check 'a full disk: nothing that was begun' test -z "$(find kept -name '*.pcapng.new')"
else
	skip 'a full disk' 'no file system can be mounted here'
fi

echo "1..$number"
