#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `halfopen try --kernel`: a server of this machine is tried in a guest. It has the files that a first
# run has found, and sees its caller's folder, environment and settings; what is found is the same; and
# what it lacks there is said. Needs QEMU, sqfstar and a kernel in the cache; is skipped without.

set -u

# with_fakes.sh runs $fake, wherever it is.
FAKE_HALFOPEN=${HALFOPEN:-${top_builddir:-.}/halfopen}
server=$(realpath "${top_builddir:-.}/tests/servers/events")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

# What refuses() of with_fakes.sh calls.
# shellcheck disable=SC2034
command=try wrong=2

# log_of_facts TEXT: the server has said that in the guest.
log_of_facts()
{
	grep -q "$1" artifacts/try/facts/ipv4/server.log
}

refuses 'a path to bring that is not there' 'No such file' --kernel vm --bring no-path -- "$server"
refuses 'something to bring to this host' 'add --kernel' --bring /etc -- "$server"
refuses "a guest's clock on this host" 'add --kernel' --time real -- "$server"
refuses 'a kernel that is not there' "no pinned kernel '1.0'" --kernel 1.0 -- "$server"
refuses 'a forward out of a guest' '--forward 5432: a guest has no network .* --with' \
	--kernel vm --forward 5432 -- "$server"
refuses 'a path to be written from a guest' 'goes with it' --kernel vm --write /tmp -- "$server"

# ---- a server that is right, and wrong ---------------------------------------------------------------

run try --kernel vm --scenario one --junit junit.xml -- "$server"
case $(cat err) in
*'not in the cache'* | *'no qemu-system'* | *'are x86-64'* | *'no program sqfstar'* | *'no user namespaces'*)
	skip 'servers in a guest' "$(head -n 1 err)"
	echo "1..$number"
	exit 0
	;;
esac
check 'nothing is found with a right one: exit 0' ended 0
check 'its client is served' says 'ipv4 .*1  served'
check 'the machine is told, and how much it was given' says "^kernel: .* machine of its own, with .* MiB"
check 'the facts are those in there' says 'backlog asked'
check "the kernel is the guest's" grep -q '"kernel": "6.12' artifacts/try/try.json
check 'the clock is virtual' grep -q '"clock": "virtual"' artifacts/try/results.json
check 'the artifacts are here' [ -s artifacts/try/one/ipv4/case.pcapng ]
check 'show reads them' "$fake" show artifacts/try/one/ipv4
check 'there is a page' grep -q 'Linux 6.12' artifacts/try/try.html
check 'JUnit is written' grep -q 'name="one/ipv4"' junit.xml

run try --kernel vm --scenario burst --family ipv4 --clients 12 -- "$server" --fault accepts-once
check 'a fault: exit 1' ended 1
check 'it is found by its name' says 'FOUND left-in-queue'

# ---- what it sees there -----------------------------------------------------------------------------

# It opens a file in there that it does not open here, says where it is, and answers.
mkdir bring
echo content >bring/file
echo here >link-target
ln -s link-target link
umask 027
cat >lacking.sh <<END
#!/bin/sh
read -r version </proc/sys/kernel/osrelease
if [ "\$version" != $(uname -r) ]; then
	cat bring/file || exit
fi
echo "in \$PWD, of \$HALFOPEN_TEST_WORD, umask \$(umask), \$(cat link), \$(ulimit -n) files" >/dev/stdout
exec $server
END
chmod +x lacking.sh
HALFOPEN_TEST_WORD='two  words'
export HALFOPEN_TEST_WORD

run try --kernel vm --scenario one -- ./lacking.sh
check 'a file that was not seen: an error of the run' ended 99
check 'it is named, and what to do' says "bring/file, which was not opened .*--bring" err

run try --kernel vm --scenario one --sysctl net.core.somaxconn=77 --bring bring -- ./lacking.sh
check 'with --bring it is served' ended 0
check 'what was brought is there' log_of_facts content
check 'it is where its caller is' log_of_facts "in $PWD,"
check "it has its caller's environment" log_of_facts 'of two  words,'
check "it has its caller's umask" log_of_facts 'umask 0\{0,1\}027'
check 'it follows a link' log_of_facts ' here, '
check "it has its caller's limits" log_of_facts " $(awk '/^Max open files/ { print $4 }' /proc/self/limits) files"
check '--sysctl is there, too' grep -q 'net.core.somaxconn = 77' artifacts/try/one/ipv4/env.txt

rm -rf artifacts
run try --kernel vm --scenario one --patience 2 -- sleep 60
check 'a server that cannot be tried: no machine is started' [ ! -e artifacts/try/vm-1 ]
check 'it is said in one line' one_line 'sleep listens on no TCP port'

echo "1..$number"
