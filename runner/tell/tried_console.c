/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tried_console: a trial as a person reads it: facts, scenario by scenario what became of its
 * clients, and at the end in words what was found.
 */
#include "base/terminal.h"
#include "runner/tell/internal.h"

#include <string.h>

enum {
	WIDTH = 96,
	NAME = 2 + 16,  /* of a fact */
	FAMILY = 2 + 6, /* of a scenario's line */
};

/* How many entries of the plan were told: they are in its order, whichever ends first. */
static size_t told;
static const struct listed_case *told_last;
/* The facts are told as soon as they are there, before their scenario has ended. */
static bool facts_are_told;

/* ---- numbers ------------------------------------------------------------------------------- */

/* "0.31 ms", "12 ms", "3.1 s"; the caller frees it. */
static char *span(double seconds)
{
	if (seconds < 0.00995)
		return format("%.2f ms", seconds * 1e3);
	if (seconds < 0.9995)
		return format("%.0f ms", seconds * 1e3);
	return format("%.1f s", seconds);
}

/* ---- before the first ---------------------------------------------------------------------- */

static void print_command_line(const json_t *about)
{
	size_t index;
	json_t *word;

	fputs("server:  ", stdout);
	json_array_foreach (json_object_get(json_object_get(about, "server"), "command"), index,
			    word) {
		const char *text = json_string_value(word);

		printf(*text && !strpbrk(text, " \t\n'\"$") ? " %s" : " '%s'", text);
	}
	putchar('\n');
}

/* Those that differ from the kernel's defaults, or that somebody has asked for. */
static void print_sysctls(const json_t *about)
{
	static const struct wrap wrap = { .indent = 10, .width = WIDTH };
	const json_t *sysctls = json_object_get(about, "sysctls");
	struct text text = { 0 };
	size_t index;
	json_t *sysctl;

	json_array_foreach (sysctls, index, sysctl)
		text_add(&text, "%s%s=%s (%s)", index ? ", " : "", member_or_empty(sysctl, "name"),
			 member_or_empty(sysctl, "value"), member_or_empty(sysctl, "default"));
	autofree char *all = text_take(&text);
	autofree char *line = *all ? format("%s; in brackets the kernel's defaults", all)
				   : format("this machine's, which are the kernel's defaults");

	fputs("sysctls:  ", stdout);
	text_wrap(stdout, wrap, line);
}

static void print_machine(const struct run *run)
{
	printf("kernel:   %s, in a machine of its own, with %.1f MiB of this one's files (packed: "
	       "%.1f)\n",
	       run->guest.kernel->name, (double)cargo_bytes(run->cargo) / (1 << 20),
	       (double)cargo_packed_bytes(run->cargo) / (1 << 20));
}

static void begin(const struct run *run)
{
	const char *wire = run->cargo ? run->guest.wire : run->host.wire;

	told = 0;
	told_last = NULL;
	facts_are_told = false;
	print_command_line(run->options->about);
	if (run->cargo)
		print_machine(run);
	else
		printf("kernel:   %s, %s\n", run->host.release,
		       run->features.user_namespace ? "in a user namespace" : "as root");
	print_sysctls(run->options->about);
	printf("wire:     %s\n", wire ? wire : "no delay");
	fflush(stdout);
}

/* ---- facts --------------------------------------------------------------------------------- */

static void print_fact(const json_t *fact)
{
	static const struct wrap wrap = { .indent = NAME, .width = WIDTH };
	const char *unusual = member_string(fact, "unusual");

	printf("  %-*s", NAME - 2, member_or_empty(fact, "name"));
	text_wrap(stdout, wrap, member_or_empty(fact, "text"));
	if (!unusual)
		return;
	printf("%*s", NAME, "");
	autofree char *sentence = format("! %s", unusual);
	text_wrap(stdout, wrap, sentence);
}

/* What is as it is with most servers stands in try.html and try.json. */
static bool is_worth_a_row(const json_t *fact)
{
	return !json_is_true(json_object_get(fact, "usual")) || member_string(fact, "unusual");
}

static void print_facts(const json_t *facts)
{
	const char *above = NULL;
	bool first = true;
	size_t index;
	json_t *fact;

	if (facts_are_told || !facts)
		return;
	facts_are_told = true;
	json_array_foreach (facts, index, fact) {
		const char *listener = member_string(fact, "listener");

		if (!is_worth_a_row(fact))
			continue;
		if (first || !text_is(listener, above)) {
			autofree char *heading = format("\n%s\n", listener ? listener : "process");

			print_in_colour(BOLD, heading);
		}
		print_fact(fact);
		above = listener;
		first = false;
	}
}

/* ---- outcomes ------------------------------------------------------------------------------ */

/* "ordinary" clients need no word more. */
static char *who(const json_t *outcome)
{
	const char *role = member_or_empty(outcome, "role");
	const char *words = member_or_empty(outcome, "words");

	return strcmp(role, "client") == 0 ? format("%s", words) : format("%s: %s", role, words);
}

/* "0.31 ms to 12 ms", "longer than 10 s", or nothing. */
static char *when(const json_t *outcome)
{
	double shortest = member_number(outcome, "shortest_seconds");
	double longest = member_number(outcome, "longest_seconds");
	autofree char *least = span(shortest), *most = span(longest);

	if (longest <= 0)
		return format("%s", "");
	if (json_is_true(json_object_get(outcome, "waits")))
		return format("longer than %s", least);
	return strcmp(least, most) == 0 ? format("after %s", most)
					: format("after %s to %s", least, most);
}

static void print_outcome(const json_t *outcome)
{
	autofree char *words = who(outcome), *times = when(outcome);
	int again = member_whole(outcome, "sent_syn_again", INT32_MAX);

	printf("%5d  %-36s %s", member_whole(outcome, "clients", INT32_MAX), words, times);
	if (again)
		printf(", %d sent their SYN again", again);
	putchar('\n');
}

/* What the server did: "accepted 12 (410/s), 0.03 s of CPU, 12 of 1024 descriptors". */
static void print_work(const json_t *server)
{
	int accepted = member_whole(server, "accepted", INT32_MAX);
	double rate = member_number(server, "accepts_per_second"),
	       cpu = member_number(server, "cpu_seconds");
	int descriptors = member_whole(server, "descriptors", INT32_MAX);
	struct text text = { 0 };

	if (accepted)
		text_add(&text, "%d accepted", accepted);
	if (rate > 0)
		text_add(&text, " (%.0f/s)", rate);
	if (json_is_true(json_object_get(server, "watched")))
		text_add(&text, "; no rate, no CPU: its accept() is watched");
	if (json_is_number(json_object_get(server, "cpu_seconds")))
		text_add(&text, "%s%.2f s of CPU", text.length ? ", " : "", cpu);
	if (descriptors)
		text_add(&text, "%s%d of %d descriptors", text.length ? ", " : "", descriptors,
			 member_whole(server, "descriptor_limit", INT32_MAX));
	autofree char *line = text_take(&text);
	if (*line)
		printf("%*sserver: %s\n", FAMILY, "", line);
}

static void print_unseen(const json_t *unseen)
{
	static const struct wrap wrap = { .indent = FAMILY + 2, .width = WIDTH };
	size_t index;
	json_t *words;

	json_array_foreach (unseen, index, words) {
		autofree char *line = format("not seen: %s", json_string_value(words));

		printf("%*s", FAMILY, "");
		text_wrap(stdout, wrap, line);
	}
}

static void print_names(const json_t *findings)
{
	size_t index;
	json_t *finding;

	json_array_foreach (findings, index, finding) {
		bool allowed = json_is_true(json_object_get(finding, "allowed"));
		autofree char *line = format("%s %s\n", allowed ? "allowed" : "FOUND",
					     member_or_empty(finding, "name"));

		printf("%*s", FAMILY, "");
		print_in_colour(allowed ? FAINT : RED, line);
	}
}

static void print_told(const json_t *told)
{
	const json_t *outcomes = json_object_get(told, "outcomes");
	size_t index;
	json_t *outcome;

	json_array_foreach (outcomes, index, outcome) {
		if (index)
			printf("%*s", FAMILY, "");
		print_outcome(outcome);
	}
	if (json_array_size(outcomes) == 0)
		puts("no client");
	print_work(json_object_get(told, "server"));
	print_unseen(json_object_get(told, "not_seen"));
	print_names(json_object_get(told, "findings"));
}

static void print_reason(const char *status, const char *reason)
{
	static const struct wrap wrap = { .indent = FAMILY, .width = WIDTH };
	autofree char *line = format("%s: %s", status, reason_or_none(reason));

	text_wrap(stdout, wrap, line);
}

/* Of the first scenario that is what it has found out, not what became of its clients. */
static bool is_first(const struct run *run, const struct entry *entry)
{
	return text_is(entry->spec->name, run->options->first);
}

static void print_request(const json_t *told)
{
	const json_t *request = json_object_get(json_object_get(told, "learned"), "request");

	if (request)
		printf("\n%-*s%s\n", NAME, "clients send", member_or_empty(request, "words"));
}

static void print_entry(const struct entry *entry)
{
	const struct result *result = &entry->result;

	printf("  %-*s", FAMILY - 2, family_name(entry->family));
	if (result->ending == BROKEN)
		print_reason("error", result->reason);
	else
		print_told(result->told);
}

static void print_question(const struct listed_case *spec)
{
	static const struct wrap wrap = { .indent = 2, .width = WIDTH };
	autofree char *heading = format("\n%s", spec->name);

	print_in_colour(BOLD, heading);
	if (!spec->question)
		putchar('\n');
	else {
		autofree char *rest = format(": %s", spec->question);

		text_wrap(stdout, wrap, rest);
	}
}

/* All that have ended, up to the first in the plan that has not. */
static void print_ended(const struct run *run)
{
	const struct plan *plan = &run->plan;

	for (; told < plan->count && plan->entries[told].state == ENDED; told++) {
		const struct entry *entry = &plan->entries[told];

		if (is_first(run, entry))
			print_request(entry->result.told);
		/* What does not apply is told at the end. */
		if (entry->result.ending == SKIPPED ||
		    (entry->result.ending == PASSED && is_first(run, entry)))
			continue;
		if (entry->spec != told_last)
			print_question(told_last = entry->spec);
		print_entry(entry);
	}
}

static void result(const struct run *run, const struct entry *entry)
{
	console_wipe(run);
	print_facts(json_object_get(entry->result.told, "table"));
	print_ended(run);
	fflush(stdout);
}

/* What the first scenario has left while it goes on. */
static void look_for_facts(const struct run *run)
{
	for (size_t i = 0; i < run->plan.count && !facts_are_told; i++) {
		const struct entry *entry = &run->plan.entries[i];
		autofree char *path = entry_path(run, entry, "facts.json");

		if (entry->state != UNDER_WAY || !is_first(run, entry))
			continue;
		json_auto_t *facts = json_load(path, NULL);
		if (facts)
			console_wipe(run);
		print_facts(facts);
		fflush(stdout);
	}
}

static void tick(const struct run *run)
{
	look_for_facts(run);
	console_reporter.tick(run);
}

/* ---- what was found, in words -------------------------------------------------------------- */

static const json_t *finding_named(const struct entry *entry, const char *name)
{
	size_t index;
	json_t *finding;

	json_array_foreach (json_object_get(entry->result.told, "findings"), index, finding)
		if (strcmp(member_or_empty(finding, "name"), name) == 0)
			return finding;
	return NULL;
}

static void print_paragraph(const char *text)
{
	static const struct wrap wrap = { .indent = 2, .width = WIDTH };

	if (!*text)
		return;
	fputs("  ", stdout);
	text_wrap(stdout, wrap, text);
}

/* "burst/ipv4, burst/ipv6": all that have found it. */
static void print_heading(const struct run *run, const json_t *finding)
{
	const char *name = member_or_empty(finding, "name");
	bool allowed = json_is_true(json_object_get(finding, "allowed")), some = false;
	autofree char *heading = format("\n%s%s", name, allowed ? " (allowed)" : "");

	print_in_colour(allowed ? BOLD : RED, heading);
	for (size_t i = 0; i < run->plan.count; i++)
		if (finding_named(&run->plan.entries[i], name)) {
			printf("%s%s", some ? ", " : "  in ", run->plan.entries[i].folder);
			some = true;
		}
	putchar('\n');
}

/* Where the column of counters begins, which `halfopen show` has: it is wider than a terminal. */
static size_t width_of_ladder(const char *ladder)
{
	const char *counters = strstr(ladder, "counters that it moved"), *begin = counters;

	while (begin && begin > ladder && begin[-1] != '\n')
		begin--;
	return counters ? (size_t)(counters - begin) : WIDTH;
}

static void print_ladder(const char *ladder)
{
	size_t width = width_of_ladder(ladder);

	for (const char *line = ladder; *line;) {
		size_t length = strcspn(line, "\n");
		size_t shown = text_fitting(line, length < width ? length : width);

		while (shown > 0 && line[shown - 1] == ' ')
			shown--;
		printf("    %.*s\n", (int)shown, line);
		line += length + (line[length] == '\n');
	}
}

static void print_finding(const struct run *run, const struct entry *entry, const json_t *finding)
{
	const char *ladder = member_string(finding, "ladder");

	print_heading(run, finding);
	print_paragraph(member_or_empty(finding, "seen"));
	print_paragraph(member_or_empty(finding, "consequence"));
	autofree char *mends = format("What mends it: %s", member_or_empty(finding, "mends"));
	print_paragraph(mends);
	if (ladder)
		print_ladder(ladder);
	autofree char *where =
		format("See docs/%s, and: halfopen show %s/%s", member_or_empty(finding, "page"),
		       run->options->artifacts, entry->folder);
	print_paragraph(where);
}

/* Whether an entry before this one has found the same. */
static bool was_found(const struct run *run, size_t place, const char *name)
{
	for (size_t i = 0; i < place; i++)
		if (finding_named(&run->plan.entries[i], name))
			return true;
	return false;
}

static void print_findings(const struct run *run)
{
	for (size_t i = 0; i < run->plan.count; i++) {
		const struct entry *entry = &run->plan.entries[i];
		size_t index;
		json_t *finding;

		json_array_foreach (json_object_get(entry->result.told, "findings"), index, finding)
			if (!was_found(run, i, member_or_empty(finding, "name")))
				print_finding(run, entry, finding);
	}
}

/* ---- the end ------------------------------------------------------------------------------- */

/* All that does not apply for the same reason, behind it. */
static void print_skipped(const struct run *run)
{
	static const struct wrap wrap = { .indent = 2, .width = WIDTH };
	const struct plan *plan = &run->plan;
	autofree bool *printed = must_alloc(plan->count, sizeof(*printed));

	for (size_t i = 0; i < plan->count; i++) {
		struct text text = { 0 };

		if (printed[i] || !is_skipped(&plan->entries[i], NULL))
			continue;
		const char *reason = reason_or_none(plan->entries[i].result.reason);
		text_add(&text, "does not apply: %s:", reason);
		for (size_t j = i; j < plan->count; j++)
			if (is_skipped(&plan->entries[j], reason)) {
				text_add(&text, "%s %s", printed[i] ? "," : "",
					 plan->entries[j].folder);
				printed[i] = printed[j] = true;
			}
		autofree char *line = text_take(&text);
		putchar('\n');
		text_wrap(stdout, wrap, line);
	}
}

/* "nothing found", "1 finding", "3 findings". */
static char *verdict(const struct run *run)
{
	size_t count = tried_findings(run);

	if (run->ended < run->plan.count)
		return format("not finished: %zu of %zu were played", run->ended, run->plan.count);
	if (count)
		return format("%zu finding%s", count, count == 1 ? "" : "s");
	return format("%s", run->tally[BROKEN] ? "nothing found in what could be played"
					       : "nothing found");
}

static void end(const struct run *run)
{
	autofree char *words = verdict(run), *took = text_duration(seconds(run->took));
	bool good = run->ended == run->plan.count && !run->tally[FAILED] && !run->tally[BROKEN];

	console_wipe(run);
	print_skipped(run);
	print_findings(run);
	putchar('\n');
	print_in_colour(good ? GREEN : RED, words);
	printf(": %zu played in %s, %zu did not apply", run->tally[PASSED] + run->tally[FAILED],
	       took, run->tally[SKIPPED]);
	if (run->tally[BROKEN])
		printf(", %zu error%s", run->tally[BROKEN], run->tally[BROKEN] == 1 ? "" : "s");
	printf("\nartifacts: %s", run->artifacts);
	if (run->signal)
		printf("\nended by SIG%s", sigabbrev_np(run->signal));
	putchar('\n');
}

const struct reporter tried_reporter = {
	.begin = begin,
	.result = result,
	.tick = tick,
	.end = end,
};
