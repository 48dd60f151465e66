#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The recipes of docs/stage-in-your-tests.md, as somebody who has taken them plays them: each passes, and
# the client's own test fails before a server that is not in its state.

set -u

recipes=$(realpath "${top_srcdir:-.}/docs/stage-in-your-tests")
page=$(realpath "${top_srcdir:-.}/docs/stage-in-your-tests.md")
halfopen=$(realpath "${HALFOPEN:-${top_builddir:-.}/halfopen}")
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
number=0

mkdir "$work/bin" && ln -s "$halfopen" "$work/bin/halfopen" || exit 99
PATH=$work/bin:$PATH
# A halfopen that serves, whatever state it is asked for.
mkdir "$work/served" || exit 99
cat >"$work/served/halfopen" <<END
#!/bin/sh
exec "$halfopen" stage serving --listen 127.0.0.1:0
END
chmod +x "$work/served/halfopen"

skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# verdict GOOD NAME
verdict()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' output
	fi
}

# plays NAME COMMAND...: it passes before a stage, and fails before servers that serve.
plays()
{
	name=$1
	shift
	timeout 120 "$@" >output 2>&1
	verdict $? "$name passes"
	PATH=$work/served:$PATH timeout 120 "$@" >output 2>&1
	status=$?
	[ $status -ne 0 ] && [ $status -ne 124 ]
	verdict $? "$name fails where servers serve"
}

# recipe FILE: a folder with that recipe, to be in.
recipe()
{
	mkdir "$work/$1" && cp "$recipes/$1" "$work/$1/" && cd "$work/$1" || exit 99
}

# The first Python that has the module: one that somebody has put in front may not have Debian's.
python_with()
{
	for python in python3 /usr/bin/python3; do
		! "$python" -c "import sys, $1; sys.exit(sys.version_info < (3, 10))" 2>/dev/null || return 0
	done
	return 1
}

# ---- pytest ----------------------------------------------------------------------------------------

if python_with pytest; then
	recipe test_timeouts.py
	plays pytest "$python" -B -m pytest -p no:cacheprovider test_timeouts.py

	mkdir "$work/lost" && cd "$work/lost" || exit 99
	# shellcheck disable=SC2016 # a block of Markdown
	sed -n '/^```python$/,/^```$/{/^```/!p}' "$page" >test_lost.py
	command=$(sed -n "s,^    \(halfopen stage lost .* -- \)python3 ,\1$python -B ,p" "$page")
	sh -c "$command" >output 2>&1
	status=$?
	if [ $status = 125 ]; then
		skip 'pytest in a network of its own' "$(grep '^halfopen: ' output | head -n 1)"
	else
		verdict $status 'pytest in a network of its own passes'
	fi
else
	skip pytest 'no Python 3.10 with pytest here'
fi

# ---- JUnit -----------------------------------------------------------------------------------------

# Debian's, without those that have a version in their name, which are the same.
java_path()
{
	for jar in /usr/share/java/junit-jupiter*.jar /usr/share/java/junit-platform-*.jar \
		/usr/share/java/opentest4j.jar /usr/share/java/apiguardian-api.jar /usr/share/java/picocli.jar; do
		case $jar in
		*-[0-9]*.jar | *-standalone*) ;;
		*) [ ! -e "$jar" ] || printf '%s:' "$jar" ;;
		esac
	done
}

jars=$(java_path)
if ! command -v javac >/dev/null; then
	skip JUnit 'no javac here'
elif [ -z "$jars" ]; then
	skip JUnit 'no JUnit 5 in /usr/share/java'
else
	recipe TimeoutsTest.java
	javac -cp "$jars" -d . TimeoutsTest.java >output 2>&1
	verdict $? 'JUnit: it compiles'
	plays JUnit java -cp ".:$jars" org.junit.platform.console.ConsoleLauncher --select-class TimeoutsTest
fi

# ---- Go --------------------------------------------------------------------------------------------

if command -v go >/dev/null; then
	recipe timeouts_test.go
	printf 'module client\n\ngo 1.18\n' >go.mod
	plays 'Go test' env GOCACHE="$work/go-cache" GOFLAGS=-mod=mod GOPROXY=off go test -count=1 ./...
else
	skip 'Go test' 'no go here'
fi

# ---- Jest ------------------------------------------------------------------------------------------

recipe timeouts.test.js
if command -v jest >/dev/null; then
	plays Jest jest --rootDir .
elif command -v node >/dev/null; then
	{
		echo 'const { afterEach, test } = require("node:test");'
		cat timeouts.test.js
	} >now && mv now timeouts.test.js
	plays 'node --test' node --test timeouts.test.js
else
	skip Jest 'neither jest nor node here'
fi

# ---- docker compose --------------------------------------------------------------------------------

# In a network namespace both services have one loopback.
if ! python_with yaml; then
	skip 'docker compose' 'no Python with yaml here'
elif ! command -v curl >/dev/null; then
	skip 'docker compose' 'no curl here'
elif ! output=$(unshare -rn ip link set lo up 2>&1); then
	skip 'docker compose' "no namespace: $(echo "$output" | tail -n 1)"
else
	recipe compose.yaml
	cat >compose.py <<-'END'
		import subprocess, sys, time, yaml
		services = yaml.safe_load(open("compose.yaml"))["services"]
		health = services["stage"]["healthcheck"]["test"]
		assert health.pop(0) == "CMD"
		assert services["test"]["depends_on"]["stage"]["condition"] == "service_healthy"
		assert subprocess.run(health).returncode != 0, "healthy before it listens"
		stage = subprocess.Popen(["halfopen", *services["stage"]["command"]], stdin=subprocess.PIPE)
		ends = time.monotonic() + 10
		while subprocess.run(health).returncode != 0:
		    assert time.monotonic() < ends, "never healthy"
		    time.sleep(0.05)
		client = [word.replace("//stage:", "//127.0.0.1:") for word in services["test"]["command"]]
		status = subprocess.run(client).returncode
		stage.communicate()
		assert stage.returncode == 0, stage.returncode
		sys.exit(0 if status == 28 else f"the client ended with {status}")
	END
	# shellcheck disable=SC2016
	timeout 60 unshare -rn sh -c 'ip link set lo up && exec "$0" compose.py' "$python" >output 2>&1
	verdict $? 'docker compose: healthy when it listens, and the client gives up'
fi

# ---- GitHub ----------------------------------------------------------------------------------------

# What it installs is there already, or not to be had; what it plays is the recipe above.
if python_with yaml; then
	recipe workflow.yaml
	"$python" -c '
import yaml
steps = yaml.safe_load(open("workflow.yaml"))["jobs"]["timeouts"]["steps"]
runs = [step["run"] for step in steps if "run" in step]
assert "./autogen.sh --install-deps && ./configure && make -j && make install" in runs[0], runs
assert runs[-1] == "python3 -m pytest test_timeouts.py", runs
' >output 2>&1
	verdict $? 'the GitHub workflow builds as README does, and plays the recipe for pytest'
else
	skip 'GitHub workflow' 'no Python with yaml here'
fi

cd / || exit 99
echo "1..$number"
