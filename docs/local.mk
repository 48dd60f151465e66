# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installed as they stand in the source tree, so that their links lead somewhere.

dist_man_MANS = docs/halfopen.1
dist_doc_DATA = CONTRIBUTING.md NEWS.md README.md SECURITY.md
docsdir = $(docdir)/docs
dist_docs_DATA = \
	docs/README.md \
	docs/behaviours.md \
	docs/changed-timestamps.md \
	docs/ci.md \
	docs/claims.md \
	docs/clients.md \
	docs/defer-accept-stall.md \
	docs/design.md \
	docs/destroyed-orphan.md \
	docs/findings.md \
	docs/fuzzing.md \
	docs/half-open.md \
	docs/machine.md \
	docs/mapped-wildcard.md \
	docs/operating.md \
	docs/reading-artifacts.md \
	docs/reuseport-reload.md \
	docs/second-shutdown.md \
	docs/servers.md \
	docs/stage.md \
	docs/stage.schema.json \
	docs/stage-in-your-tests.md \
	docs/storms.md \
	docs/syn-cookie-bytes.md \
	docs/try.md \
	docs/try.schema.json \
	docs/try.svg \
	docs/vm.md \
	docs/writing-a-case.md \
	docs/writing-a-scenario.md
stagerecipesdir = $(docsdir)/stage-in-your-tests
dist_stagerecipes_DATA = \
	docs/stage-in-your-tests/TimeoutsTest.java \
	docs/stage-in-your-tests/compose.yaml \
	docs/stage-in-your-tests/test_timeouts.py \
	docs/stage-in-your-tests/timeouts.test.js \
	docs/stage-in-your-tests/timeouts_test.go \
	docs/stage-in-your-tests/workflow.yaml
EXTRA_DIST += \
	docs/defer-accept-stall/replay.sh \
	docs/defer-accept-stall/stall.c
