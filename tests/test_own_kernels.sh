#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What docs/vm.md tells people with a kernel of their own: its script for git bisect finds the commit, in
# a scratch repository with kernels that are no kernels; and what share/halfopen.config asks for, the
# pinned kernels have.

set -u

source_tree=$(realpath "${top_srcdir:-.}")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "$source_tree/tests/with_fakes.sh"

# ---- git bisect ----------------------------------------------------------------------------------

mkdir bin
export PATH="$work/bin:$PATH" TMPDIR="$work"

cat >bin/make <<'END'
#!/bin/sh
[ "$(cat kernel)" != unbuildable ] || exit 2
mkdir -p arch/x86/boot && cp kernel arch/x86/boot/bzImage
END

# The exit status is what the "kernel" says.
cat >bin/halfopen <<'END'
#!/bin/sh
[ "$*" = "run --kernel arch/x86/boot/bzImage --artifacts $5 a_case/ipv4" ] || exit 2
exit "$(cat "$3")"
END
chmod +x bin/make bin/halfopen
sed -n '/^# bisect.sh/,/^```/p' "$source_tree/docs/vm.md" | sed '$d' >bisect.sh

# bisect KERNEL...: a history of them, of which the first is good and the last is bad.
bisect()
{
	rm -rf tree && git init -q tree && (
		cd tree || exit 1
		echo arch >.gitignore
		for kernel; do
			echo "$kernel" >kernel
			git add -A
			git -c user.name=nobody -c user.email=nobody commit -q --allow-empty \
				-m "it says $kernel"
			git tag "commit$((count = ${count:-0} + 1))"
		done
		git bisect start HEAD commit1 && git bisect run sh ../bisect.sh a_case/ipv4
	) >out 2>&1
}

# finds COMMIT: it and no other is the first bad one.
finds()
{
	says "^$(git -C tree rev-parse "$1") is the first bad commit"
}

if command -v git >/dev/null; then
	check 'docs/vm.md has a script' test -s bisect.sh
	bisect 0 0 99 99 0 1 1
	check 'kernels that do not boot are no bad ones' finds commit6
	bisect 0 unbuildable 77 0 1 2 1
	check 'nor are those that do not build, or that skip' finds commit5
	bisect 0 0 99 1 1
	check 'where git cannot know, it says so' says 'commit.*could be any of'
	bisect 0 0 130 1 1
	check 'who is interrupted is not asked again' says 'bisect run failed'
else
	skip 'git bisect' 'no git here'
fi

# ---- the configuration ---------------------------------------------------------------------------

# config_of FOLDER: the configuration that a package of the kernel has.
config_of()
{
	for package in "$1"/*.deb; do
		dpkg-deb --fsys-tarfile "$package" | tar -xO --wildcards './boot/config-*'
	done >config 2>/dev/null
	[ -s config ]
}

# Built in or a driver: a kernel of one's own has all of it built in.
has_all()
{
	sed -n 's/^\(CONFIG_.*\)=y$/\1/p' "$source_tree/share/halfopen.config" | while read -r symbol; do
		grep -q "^$symbol=[ym]$" config || echo "$1 has no $symbol"
	done >wanting
	cat wanting
	[ ! -s wanting ]
}

check 'the configuration names what it needs' \
	test "$(grep -c '^CONFIG_.*=y$' "$source_tree/share/halfopen.config")" -gt 40
check 'and nothing else' test -z "$(grep -v '^CONFIG_[A-Z0-9_]*=y$\|^#\|^$' \
	"$source_tree/share/halfopen.config")"
"$fake" kernels list | awk '$1 ~ /^[0-9.]+$/ { print $1 }' >versions
cache=${HALFOPEN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halfopen}
while read -r version; do
	if command -v dpkg-deb >/dev/null && config_of "$cache/kernels/$version"; then
		check "Linux $version has it" has_all "$version"
	else
		skip "Linux $version has it" 'it is not in the cache, or its package has no configuration'
	fi
done <versions
echo "1..$number"
