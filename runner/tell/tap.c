/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tap: a run as TAP version 14, as Automake's tap-driver.sh reads it too. The plan comes first, so
 * that a runner that dies is an error; numbers follow the order in which cases end. What is known
 * of a result stands in its YAML block, in the part of YAML that TAP::Parser knows: block mappings
 * and sequences, double-quoted strings, literal blocks.
 */
#include "runner/tell/tell.h"

#include <signal.h>
#include <string.h>

static const char tap_version[] = "TAP version 14";

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
	printf("%s\n1..%zu\n", tap_version, run->plan.count);
	if (run->host.count)
		printf("# kernel %s, lane host, clock real, wire: %s, %u at once\n",
		       run->host.release, run->host.wire ? run->host.wire : "no netem", run->jobs);
	if (run->guest.count)
		printf("# kernel %s, lane vm, clock %s, wire: %s, %zu of %zu\n",
		       run->guest.kernel->name, run->guest.clock, run->guest.wire, run->guest.count,
		       run->plan.count);
	if (run->storms.count)
		printf("# kernel %s, lane vm, clock real, two CPUs: %zu storms of %u s\n",
		       run->storms.kernel->name, run->storms.count, run->options->storm_seconds);
	if (run->options->seed)
		printf("# order: --shuffle=%u\n", run->options->seed);
	fflush(stdout);
}

/* ---- YAML ---------------------------------------------------------------------------------- */

static void put_yaml(const json_t *value, int indent);

/* A word needs no quotes; what JSON quotes, YAML 1.2 reads. */
static void put_key(const char *key)
{
	size_t plain = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	json_auto_t *quoted = json_string(key);
	autofree char *text = json_dumps(quoted, JSON_ENCODE_ANY);

	fputs(key[plain] ? text : key, stdout);
}

static void put_members(const json_t *object, int indent)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		printf("%*s", indent, "");
		put_key(key);
		putchar(':');
		put_yaml(value, indent + 2);
	}
}

static void put_items(const json_t *array, int indent)
{
	size_t index;
	json_t *value;

	json_array_foreach (array, index, value) {
		printf("%*s-", indent, "");
		put_yaml(value, indent + 2);
	}
}

/* What stands behind "key:" or "-", and the lines below it. */
static void put_yaml(const json_t *value, int indent)
{
	if (json_object_size(value)) {
		putchar('\n');
		put_members(value, indent);
	} else if (json_array_size(value)) {
		putchar('\n');
		put_items(value, indent);
	} else if (json_is_null(value)) {
		puts(" ~");
	} else {
		autofree char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));

		printf(" %s\n", text);
	}
}

/* A literal block; its first line must not begin with a blank. */
static void put_literal(const char *key, const char *text)
{
	printf("  %s: |\n", key);
	text_indent(stdout, "    ", text);
}

/* ---- results ------------------------------------------------------------------------------- */

/* The message, where it is, what was expected and observed, and where all stood. */
static json_t *failure_json(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;
	json_t *failure = json_object();
	autofree char *folder = entry_path(run, entry, ""), *kind = entry_kind(entry);
	struct place place;

	json_object_set_new(failure, "message", json_text(reason_or_none(result->reason)));
	json_object_set_new(failure, "kind", json_text(kind));
	json_object_set_new(failure, "severity",
			    json_string(result->ending == BROKEN ? "error" : "fail"));
	if (entry_place(entry, &place))
		json_object_set_new(
			failure, "at",
			json_pack("{s:o, s:i}", "file", json_text(place.file), "line", place.line));
	json_object_update_missing(failure, result->failure);
	json_object_del(failure, "file");
	json_object_del(failure, "line");
	json_object_set_new(failure, "folder", json_text(folder));
	return failure;
}

static void put_block(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;
	bool good = result->ending == PASSED;
	json_auto_t *block = good ? json_object() : failure_json(run, entry);

	if (result->variant)
		json_object_set_new(block, "variant", json_text(result->variant));
	if (entry->attempts > 1)
		json_object_set_new(block, "attempts", json_integer(entry->attempts));
	json_object_set_new(block, "duration_ms",
			    json_integer((json_int_t)(result->seconds * 1e3 + 0.5)));
	puts("  ---");
	put_members(block, 2);
	if (!good && result->report) {
		autofree char *report =
			format("%s\n%s", reason_or_none(result->reason), result->report);

		put_literal("report", report);
	}
	puts("  ...");
}

/* ---- a subtest: the steps of a case -------------------------------------------------------- */

static const char *step_words(const json_t *steps, size_t place)
{
	const char *words = json_string_value(json_array_get(steps, place));

	return words ? words : "";
}

/* The place of the step in which the case failed: of those with the same words the last. */
static size_t failing_step(const json_t *steps, const char *words)
{
	size_t count = json_array_size(steps), place = count;

	while (place > 0 && strcmp(step_words(steps, place - 1), words) != 0)
		place--;
	return place ? place - 1 : count;
}

static void put_step(size_t number, bool good, const char *words)
{
	printf("    %sok %zu - ", good ? "" : "not ", number);
	put_escaped(words);
	putchar('\n');
}

/*
 * Those that were gone through, and the one in which it failed, unless it is the runner that found
 * something. Those behind it have not begun; but what nobody expected of a step is found when the
 * next one begins.
 */
static void put_steps(const struct entry *entry)
{
	const json_t *steps = entry->result.steps;
	size_t count = json_array_size(steps);
	const char *words = json_string_value(json_object_get(entry->result.failure, "step"));
	bool good = entry->result.ending == PASSED || (entry->result.changed && !words);

	if (!count)
		return;
	words = words ? words : step_words(steps, count - 1);
	if (!good)
		count = failing_step(steps, words);
	printf("    # Subtest: ");
	put_escaped(entry->folder);
	printf("\n    1..%zu\n", good ? count : count + 1);
	for (size_t i = 0; i < count; i++)
		put_step(i + 1, true, step_words(steps, i));
	if (!good)
		put_step(count + 1, false, words);
}

static void tap_result(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;
	bool good = result->ending == PASSED || result->ending == SKIPPED;

	if (result->ending != SKIPPED)
		put_steps(entry);
	printf("%s %zu - ", good ? "ok" : "not ok", run->ended);
	put_escaped(entry->folder);
	if (result->ending == SKIPPED) {
		printf(" # SKIP ");
		put_escaped(reason_or_none(result->reason));
	}
	putchar('\n');
	if (result->ending != SKIPPED)
		put_block(run, entry);
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

void tap_of_nothing(const char *why, bool error)
{
	puts(tap_version);
	if (error) {
		bail_out(why);
		return;
	}
	printf("1..0 # SKIP ");
	put_escaped(why);
	putchar('\n');
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
