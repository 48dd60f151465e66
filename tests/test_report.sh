#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# halfopen report and show over recorded journals: what is read, what is said of damage, and, in a
# headless Chromium where there is one, that every case opens, that filters filter, and that the
# console stays empty.

set -u

halfopen=$(realpath "${HALFOPEN:-${top_builddir:-.}/halfopen}")
journals=$(realpath "${top_srcdir:-.}/tests/journals")
FAKE_HALFOPEN=$halfopen
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

# What a run leaves of one case: leave FOLDER CASE STATUS
leave()
{
	mkdir -p "$1/$2/ipv4"
	cp "$journals/$2-ipv4.jsonl" "$1/$2/ipv4/journal.jsonl"
	printf '%s, ipv4\n\na ladder\n' "$2" >"$1/$2/ipv4/ladder.txt"
	echo 'kernel: 6.0' >"$1/$2/ipv4/env.txt"
	verdict "$@" >"$1/$2/ipv4/verdict.json"
}

# verdict FOLDER CASE STATUS
verdict()
{
	printf '{"case": "%s", "family": "ipv4", "status": "%s", "topic": "overflow",
		"seconds": 1, "kernel_seconds": 1, "claims": ["D2-31"], "folder": "%s/ipv4",
		"reason": %s, "variant": null, "report": %s}\n' "$2" "$3" "$2" \
		"$([ "$3" = passed ] && echo null || echo '"a <reason>"')" \
		"$([ "$3" = passed ] && echo null ||
			printf '%s' '"    expected\n--> 1.0 | 2.0\n"')"
}

# results FOLDER COMPLETE [VERDICT...]
results()
{
	folder=$1 complete=$2
	shift 2
	{
		printf '{"halfopen": "0", "format": 2, "kernel": "6.0", "lane": "host",
			"clock": "real", "wire": null, "started": "2026-01-01T00:00:00Z",
			"repeat": 1, "wall_seconds": 1, "kernel_seconds": 2,
			"complete": %s, "results": [' "$complete"
		separator=
		for each; do
			printf '%s' "$separator"
			cat "$each"
			separator=,
		done
		printf ']}\n'
	} >"$folder/results.json"
}

ignored=final_ack_that_meets_a_full_accept_queue_is_ignored
deferred=deferred_connection_comes_up_with_its_data
lost=deferred_data_that_met_a_full_queue_comes_after_its_connection
mkdir a
leave a $ignored passed
leave a $deferred failed
leave a $lost passed
results a true a/*/ipv4/verdict.json

run report a
check 'a report of one run: 0' ended 0
check 'it says where the page is' says '^a/report.html$'
check 'the page names the kernel' says 'Linux 6.0' a/report.html
check 'the page has every case' says "id=\"$lost\"" a/report.html
check 'a reason is escaped' says 'a &lt;reason&gt;' a/report.html
check 'the first difference is marked' says '<mark>--&gt; 1.0' a/report.html
check 'it has its ladders as pictures' says '<svg xmlns="http://www.w3.org/2000/svg" class="ladder"' a/report.html
check 'it links the journal' says "href=\"./$ignored/ipv4/journal.jsonl\"" a/report.html
check 'nothing comes from elsewhere' sh -c \
	'! grep -oE "(src|href)=\"(https?:)?//[^\"]*|@import|url\(" a/report.html'

if command -v xmllint >/dev/null; then
	check 'it is well-formed' xmllint --noout a/report.html
else
	skip 'it is well-formed' 'no xmllint'
fi

# ---- several runs, and damage --------------------------------------------------------------------

mkdir -p m/6.1.9 m/host
leave m/6.1.9 $ignored passed
leave m/host $ignored passed
results m/6.1.9 true m/6.1.9/*/ipv4/verdict.json
results m/host true m/host/*/ipv4/verdict.json
run report --output joined.html a m
check 'runs joined: 0' ended 0
check 'each run has its name' says 'Linux 6.0 (m/6.1.9)' joined.html
check 'links lead to each' says "href=\"./m/host/$ignored/ipv4/journal.jsonl\"" joined.html

results a false
run report a
check 'an interrupted run: 0' ended 0
check 'it is said in one line' one_line 'did not finish'
check 'what it has left is shown' says "id=\"$ignored\"" a/report.html

results a true a/*/ipv4/verdict.json
head -c 5000 a/$ignored/ipv4/journal.jsonl >shorter && mv shorter a/$ignored/ipv4/journal.jsonl
run report a
check 'a truncated journal: 0' ended 0
check 'the page says so' says 'journal.jsonl:[0-9]*: ' a/report.html
check 'the ladder goes as far as it goes' says "Ladder of $ignored" a/report.html
run show a/$ignored/ipv4
check 'show of a truncated journal: 99' ended 99
check 'it says what is wrong' one_line 'journal.jsonl:'
check 'it shows the rest' says 'client 1'

sed 's/"format": 2/"format": 7/' a/results.json >older
cp older a/results.json
run report a
check 'a folder of another version: one line' one_line 'another version of halfopen: it has format 7'
check 'the page says so' says 'it has format 7' a/report.html
check 'and shows what it can' says "id=\"$deferred\"" a/report.html

echo '{' >a/results.json
run report a
check 'a damaged results.json' one_line 'malformed'
check 'what can be shown is shown' says "id=\"$deferred\"" a/report.html
mkdir empty
run report empty
check 'a folder without a run: 2' ended 2
check 'it says so' one_line 'no results.json'
mkfifo pipe
(cat pipe >piped) &
run report --output pipe a
wait
check 'a pipe is written to' says "id=\"$deferred\"" piped
check 'and stays one' test -p pipe
run report nowhere
check 'no folder: 2' ended 2
check 'it says that' one_line 'No such file'
echo mine >a/report.html
run report a
check "a stranger's report.html stays" says mine a/report.html
rm a/report.html

# Its links lead to files, whatever folders are called; "%41" must not be read as "A".
odd="o'brien & \"sons\" #1 %41 ?"
mkdir "$odd" && cp -R a "$odd/" && run report "$odd" --output odd.html
check 'a page of an odd folder: 0' ended 0
links_lead_to_files()
{
	perl -e 'local $/; $_ = <>; my $all = 0;
		while (/href="([^#"][^"]*)"/g) {
			my $path = $1;
			$path =~ s/&quot;/"/g; $path =~ s/&amp;/&/g; $path =~ s/#.*//;
			$path =~ s/%([0-9A-F]{2})/chr hex $1/eg;
			-e $path or die "no $path\n";
			$all++;
		}
		$all > 10 or die "only $all links\n"' odd.html
}
if command -v perl >/dev/null; then
	check 'its links lead to files' links_lead_to_files
else
	skip 'its links lead to files' 'no perl here'
fi

# ---- drawings ------------------------------------------------------------------------------------

run show --format mermaid a/$lost/ipv4
check 'Mermaid' says '^sequenceDiagram'
check 'what is lost does not arrive' says 'C-xS: .*DATA 5 (lost)'
run show --format svg a/$lost/ipv4
check 'SVG' says '^<svg '
if command -v rsvg-convert >/dev/null; then
	rsvg-convert -f svg out >drawn 2>err || : >drawn
	mv drawn out
	check 'librsvg draws it on white paper' says 'fill:rgb(100%,100%,100%)'
	check 'half-open is orange' says 'fill:rgb(90.98[0-9]*%,34.90[0-9]*%,4.70[0-9]*%)'
	check 'established is green' says 'fill:rgb(16.86[0-9]*%,54.11[0-9]*%,38.82[0-9]*%)'
	check 'nothing is black for want of a colour' [ "$(grep -c 'rgb(0%,0%,0%)' out)" -eq 0 ]
else
	skip 'librsvg draws it' 'no rsvg-convert'
fi
run show --format timeline a/$lost/ipv4
check 'all in the order of time' says '^-- '
cp -r a/$lost/ipv4 a/$lost/ipv6
run show --format svg a/$lost
check 'a picture of two families: 2' ended 2
check 'it says which to name' one_line 'name a/.*/ipv4'
rm -r a/$lost/ipv6
run show --format gif a/$lost/ipv4
check 'another format: 2' ended 2
run show --follow a/$deferred/ipv4
check 'following what has ended ends' says '^failed: a <reason>'

# As `run` leaves it before the case begins; the verdict comes when something has been told.
mkdir -p b
leave b $deferred failed
mv b/$deferred/ipv4/verdict.json verdict.later
cat >b/$deferred/ipv4/verdict.json <<'END'
{"case": "deferred_connection_comes_up_with_its_data", "family": "ipv4", "status": "error",
 "reason": "it left no verdict: it was ended before, or the artifacts folder is full"}
END
cp b/$deferred/ipv4/verdict.json awaited
rm -f out
echo '{}' >b/results.json
# A run locks its folder while it goes on.
(
	flock --shared 9
	echo live >live
	within 60 grep -qs '^-- ' out
	mv verdict.later b/$deferred/ipv4/verdict.json
) 9<b &
within 60 test -e live
run show --follow b/$deferred/ipv4
check 'following what runs waits for its verdict' says '^failed: a <reason>'
check 'and has told it all once' [ "$(grep -c '^-- ' out)" = "$(grep -c '"event":"step"' b/$deferred/ipv4/journal.jsonl)" ]
wait
cp awaited b/$deferred/ipv4/verdict.json
run show --follow b/$deferred/ipv4
check 'a run that has died leaves no verdict: 99' ended 99
check 'it says so' one_line 'has ended without a verdict'
check 'and shows what there is' says '^-- '

# ---- in a browser --------------------------------------------------------------------------------

browser=
for each in chromium chromium-browser google-chrome; do
	command -v $each >/dev/null && browser=$each && break
done
if [ -z "$browser" ]; then
	skip 'the page in a browser' 'no chromium'
	echo "1..$number"
	exit 0
fi

results a true a/*/ipv4/verdict.json
leave a $ignored passed
run report a
# What goes wrong is caught from the beginning; what a person does is done at the end.
cat >first.js <<'END'
window.wrong = [];
addEventListener('error', event => wrong.push(String(event.message)));
console.error = console.warn = (...words) => wrong.push(words.join(' '));
END
cat >last.js <<'END'
const all = what => [...document.querySelectorAll(what)];
const shown = what => all(what).filter(one => one.checkVisibility()).length;
const told = {};
const set = (form, name, value) => {
  form.elements[name].value = value;
  form.dispatchEvent(new Event('input', {bubbles: true}));
};
const [claims, cases] = all('form');
told.cases = shown('.case');
told.claims = shown('.claims tr[id]') > 20;
set(claims, 'words', 'd2-31b');
told.found = shown('.claims tr[id]');
set(claims, 'words', '');
set(claims, 'verdict', 'argued');
told.argued = all('.claims tr[id]').filter(row => !row.hidden).every(
  row => row.dataset.verdict === 'argued');
set(claims, 'verdict', '');
set(cases, 'status', 'failed');
told.failed = shown('.case');
set(cases, 'status', '');
set(cases, 'words', 'full queue'.split(' ').reverse().join(' '));
told.words = shown('.case');
set(cases, 'words', '');
told.openAtFirst = all('.case[open]').length;
all('button').forEach(one => one.click());
told.open = all('.case[open]').length;
told.pictures = shown('.case svg');
told.wide = all('.case svg').every(one => one.getBoundingClientRect().width > 500);
told.overflow = document.documentElement.scrollWidth <= innerWidth;
told.wrong = wrong;
document.documentElement.dataset.told = JSON.stringify(told);
END
sed -e 's,</head>,<script src="../first.js"></script></head>,' \
	-e 's,</body>,<script src="../last.js"></script></body>,' a/report.html >a/tried.html
try()
{
	timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" \
		--virtual-time-budget=5000 --window-size="$1" --dump-dom "file://$work/a/tried.html" \
		>dom 2>browser.log
	sed -n 's/.* data-told="\([^"]*\)".*/\1/p' dom | sed 's/&quot;/"/g' >out
	grep -v dbus browser.log >err
}

try 1200,900
check 'every case is there' says '"cases":3'
check 'claims are there' says '"claims":true'
check 'a claim is found by its words' says '"found":1'
check 'claims are filtered by verdict' says '"argued":true'
check 'cases are filtered by result' says '"failed":1'
check 'cases are found by words' says '"words":2'
check 'what failed is open' says '"openAtFirst":1'
check 'every case opens' says '"open":3'
check 'and shows its picture' says '"pictures":3'
check 'as wide as it is' says '"wide":true'
check 'the page does not scroll sideways' says '"overflow":true'
check 'the console is empty' says '"wrong":\[\]'
try 390,800
check 'on a phone: the page does not scroll sideways' says '"overflow":true'
check 'on a phone: every case opens' says '"open":3'
check 'on a phone: the console is empty' says '"wrong":\[\]'
echo "1..$number"
