#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ladders that the pages show are those that the cases have left, which were played before this
# test: a case that changes takes its pages along.

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

# ---- the pages -----------------------------------------------------------------------------------

for page in README.md docs/claims.md docs/half-open.md; do
	name="$page has the ladders of this run"
	if [ -e "$artifacts/results.json" ]; then
		compare "$artifacts" "$source_tree/$page" "$source_tree"/suites/*.c
	else
		status=77
	fi
	if [ $status -eq 77 ]; then
		skip "$name" 'its cases were not played'
	else
		check "$name" ended 0
	fi
done
echo "1..$number"
