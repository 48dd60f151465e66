/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tap: a run as Automake's tap-driver.sh reads it (TAP 12 and 13). The plan comes first, so that
 * a runner that dies is an error; numbers follow the order in which cases end.
 */
#include "runner/parts.h"

#include <signal.h>
#include <string.h>

/* One line of a description: '#' would begin a directive. */
static void put_escaped(const char *text)
{
	for (; *text && *text != '\n'; text++) {
		if (*text == '#' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void tap_begin(const struct run *run)
{
	printf("1..%zu\n", run->plan.count);
	if (run->host.count)
		printf("# kernel %s, lane host, clock real, wire: %s, %u at once\n",
		       run->host.release, run->host.wire ? run->host.wire : "no netem", run->jobs);
	if (run->guest.count)
		printf("# kernel %s, lane vm, clock %s, wire: %s, %zu of %zu\n",
		       run->guest.kernel->name, run->guest.clock, run->guest.wire, run->guest.count,
		       run->plan.count);
	fflush(stdout);
}

static void tap_result(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;
	const char *reason = result->reason ? result->reason : "no reason was given";
	bool good = result->ending == PASSED || result->ending == SKIPPED;

	printf("%s %zu - ", good ? "ok" : "not ok", run->ended);
	put_escaped(entry->folder);
	if (result->ending == SKIPPED) {
		printf(" # SKIP ");
		put_escaped(reason);
	}
	putchar('\n');
	if (!good) {
		if (result->ending == BROKEN)
			puts("# error of the run:");
		text_indent(stdout, "# ", reason);
		if (result->report)
			text_indent(stdout, "# ", result->report);
		printf("# artifacts: %s/%s\n", run->artifacts, entry->folder);
	}
	fflush(stdout);
}

static void tap_tick(const struct run *run)
{
	(void)run;
}

static void bail_out(const char *text)
{
	printf("Bail out! %.*s\n", (int)strcspn(text, "\n"), text);
}

static void tap_end(const struct run *run)
{
	if (run->signal) {
		autofree char *text = format("ended by SIG%s", sigabbrev_np(run->signal));
		bail_out(text);
		return;
	}
	if (run->fatal) {
		bail_out(run->fatal);
		return;
	}
	for (size_t i = 0; i < run->plan.count; i++) {
		const struct entry *entry = &run->plan.entries[i];
		if (entry->result.ending != BROKEN)
			continue;
		autofree char *text =
			format("%s: %s", entry->folder,
			       entry->result.reason ? entry->result.reason : "no reason");
		bail_out(text);
		return;
	}
}

const struct reporter tap_reporter = {
	.begin = tap_begin,
	.result = tap_result,
	.tick = tap_tick,
	.end = tap_end,
};
