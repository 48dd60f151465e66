#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ladders that the pages show, and what they show of commands, are what the cases have left, which
# were played before this test: a case that changes takes its pages along.

set -u

artifacts=$(realpath "${top_builddir:-.}/artifacts")
source_tree=$(realpath "${top_srcdir:-.}")

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "$source_tree/tests/with_fakes.sh"

if ! perl -MJSON::PP -e 1 2>/dev/null; then
	echo "1..0 # SKIP no perl with JSON::PP here"
	exit 0
fi

# compare ARTIFACTS PAGE SUITE...
compare()
{
	status=0
	perl "$source_tree/tests/compare_ladders.pl" "$@" >out 2>err || status=$?
}

# ---- whether it would find out -------------------------------------------------------------------

mkdir -p run/a_case/ipv4
cat >run/results.json <<'END'
{"results": [{"case": "a_case", "folder": "a_case/ipv4", "variant": null, "kernel": "5.10"}]}
END
cat >run/a_case/ipv4/ladder.txt <<'END'
a_case, ipv4

client
   time     segment        fate           client / server            counters that it moved
  -- the client connects
      -  >  SYN                           SYN_SENT / SYN_RECV        client: Tcp.ActiveOpens +1
    0.0  <  SYN-ACK                       ESTABLISHED / SYN_RECV     client: Tcp.CurrEstab +1
    0.0  >  ACK            held, ignored                             server: ListenOverflows +1, ListenDrops +1
    1.0  <  SYN-ACK                                                  server: TCPTimeouts +1
END
cat >suite.c <<'END'
CASE(a_case,
     .claims = "D2-31 D2-33")
END
cat >page <<'END'
**D2-32 to D2-34: so it is.** As the ladder says:

```
client, whose ACK is held
     -  >  SYN                          SYN_SENT / SYN_RECV
 0.012  >  ACK            held, ignored                            server: ListenDrops +1, ...
   1.0  <  SYN-ACK                                                 again
```
END

# finds_out CHANGE: a page with such a change is another one.
finds_out()
{
	sed "$1" page >changed
	compare run changed suite.c
	ended 1
}

compare run page suite.c
check 'a page that leaves out a line and some counters' ended 0
check 'another connection' finds_out 's/^client/the client/'
check 'another time' finds_out 's/1\.0/3.0/'
check 'another direction' finds_out 's/</>/'
check 'another segment' finds_out 's/SYN-ACK/RST/'
check 'another fate' finds_out 's/held, ignored/held         /'
check 'another state' finds_out 's/SYN_RECV/ESTABLISHED/'
check 'another counter' finds_out 's/Drops/Overflows/; s/+1/+2/'
check 'another order' finds_out '/0\.012/{h;d;}; /1\.0/G'
check 'it says which line it is' says '^client, .*line there: .* 0\.012 ' out
sed 's/D2-33/D2-35/' suite.c >other.c
compare run page other.c
check 'no case of this claim' ended 1
echo 'CASE(another_case, .claims = "D2-34")' >>other.c
compare run page other.c
check 'the ladder may be of a case that was not played' ended 77

# ---- whether it would find out of commands -------------------------------------------------------

mkdir -p run/case_that_runs_commands/ipv4
cat >run/results.json <<'END'
{"results": [{"case": "case_that_runs_commands", "folder": "case_that_runs_commands/ipv4",
              "status": "passed"}]}
END
cat >run/case_that_runs_commands/ipv4/commands.log <<'END'
-- it begins
server$ nstat -as 'TcpExtListen*'
#kernel
-- the queue is full
client$ ss -tn
State Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
ESTAB 0      0          192.0.2.1:40001    192.0.2.2:12345
server$ ss -ltn
State  Recv-Q Send-Q Local Address:Port  Peer Address:PortProcess
LISTEN 0      2          192.0.2.2:12346      0.0.0.0:*
LISTEN 3      2          192.0.2.2:12345      0.0.0.0:*
server$ nstat -as 'TcpExtListen*'
#kernel
TcpExtListenDrops               1                  0.0
END
cat >console <<'END'
Look at it (`case_that_runs_commands`):

```console
server$ ss -ltn
State   Recv-Q  Send-Q  Local Address:Port  Peer Address:Port
LISTEN  3       2       192.0.2.2:12345     0.0.0.0:*
LISTEN  0       2       192.0.2.2:12346     0.0.0.0:*

server$ nstat -as 'TcpExtListen*'
#kernel
TcpExtListenDrops  1  0.0
```
END

# compare_commands ARTIFACTS PAGE
compare_commands()
{
	status=0
	perl "$source_tree/tests/compare_commands.pl" "$@" >out 2>err || status=$?
}

# finds_out_command CHANGE: a page with such a change is another one.
finds_out_command()
{
	sed "$1" console >changed
	compare_commands run changed
	ended 1
}

compare_commands run console
check 'a page that leaves out a command, blanks and the order of lines' ended 0
check 'another number' finds_out_command 's/3 /4 /'
check 'another counter' finds_out_command 's/ListenDrops/ListenOverflows/'
check 'a line less' finds_out_command '/12346/d'
check 'another host' finds_out_command 's/^server\$ ss/client$ ss/'
check 'another command' finds_out_command 's/-ltn/-ltnp/'
check 'commands of two steps' finds_out_command '/ListenDrops/d'
check 'it says which output it is' says 'has no such output' out
sed 's/"passed"/"skipped"/' run/results.json >skipped && mv skipped run/results.json
compare_commands run console
check 'the commands of a case that was skipped' ended 77

# ---- links ---------------------------------------------------------------------------------------

links()
{
	perl "$source_tree/tests/find_links.pl" "$@"
}

printf '# One\n[a](#one) [b](page) [c](other.md#two-and-a-half)\n' >page
cat >other.md <<'END'
```
# no heading
```
## Two, and a half
END
check 'links to headings and files' links page
echo '[d](other.md#no-heading)' >>page
check 'a heading that is not there' eval '! links page'
printf '[e](nowhere.md)\n' >page
check 'a file that is not there' eval '! links page'
check 'the links of all pages' links "$source_tree"/*.md "$source_tree"/docs/*.md
indexed()
{
	for page in "$source_tree"/docs/*.md; do
		file=$(basename "$page")
		[ "$file" = README.md ] || says "]($file)" "$source_tree/docs/README.md" || return 1
	done
}
check 'docs/README.md names all pages' indexed

# ---- the pages -----------------------------------------------------------------------------------

# has_what_was_left NAME COMMAND...: the command compares a page with what the cases have left.
has_what_was_left()
{
	name=$1
	shift
	if [ -e "$artifacts/results.json" ]; then
		"$@"
	else
		status=77
	fi
	if [ $status -eq 77 ]; then
		skip "$name" 'its cases were not played'
	else
		check "$name" ended 0
	fi
}

for page in README.md docs/claims.md docs/half-open.md; do
	has_what_was_left "$page has the ladders of this run" \
		compare "$artifacts" "$source_tree/$page" "$source_tree"/suites/*.c
done
has_what_was_left 'docs/operating.md has what the commands of this run have said' \
	compare_commands "$artifacts" "$source_tree/docs/operating.md"

# Some 3 MB for five hundred.
is_small()
{
	"${HALFOPEN:-$top_builddir/halfopen}" report --output small.html "$artifacts" >out 2>err || return
	size=$(wc -c <small.html) entries=$(grep -c '"folder":' "$artifacts/results.json")
	[ "$size" -lt $((500000 + 7000 * entries)) ] ||
		{ echo "report.html has $size bytes, of $entries entries"; return 1; }
	[ "$(grep -c 'Its picture is too big for this page' small.html)" -eq 0 ]
}
if [ -e "$artifacts/results.json" ]; then
	check 'report.html takes 7 KB for a case and its family at most, and has all pictures' is_small
else
	skip 'report.html is small' 'no cases were played'
fi
echo "1..$number"
