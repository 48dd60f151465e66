/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people read, drawn from the journal alone: ladder.txt and counters.txt.
 */
#include "captures/books.h"

#include <errno.h>
#include <string.h>

static void print_ladder(const struct judge *judge, int flow, struct ladder_form form, FILE *out)
{
	char **lines = judge_ladder(judge, flow, form);

	fprintf(out, "%s%s\n", judge_flow_name(judge, flow),
		judge->flows[flow].raw ? " (a raw peer)" : "");
	for (int i = 0; lines[i]; i++)
		fprintf(out, "%s\n", lines[i]);
	if (form.stable && judge->flows[flow].has_optional)
		fprintf(out, "lines that only a slow machine adds are left out\n");
	fputc('\n', out);
	ladder_free(lines);
}

static void print_ladders(const struct judge *judge, struct ladder_form form, FILE *out)
{
	for (int flow = 1; flow <= judge_flows(judge);) {
		int alike = flows_alike(judge, flow, form);

		print_ladder(judge, flow, form, out);
		if (alike > 1)
			fprintf(out, "%d more went the same way, the last of them %s\n\n",
				alike - 1, judge_flow_name(judge, flow + alike - 1));
		flow += alike;
	}
	for (int i = 0; i < judge->listener_count; i++)
		fprintf(out, "%s: accept queue %d (limit %d), SYN queue %d at the end\n",
			judge->listeners[i].name, judge->listeners[i].depths.accept,
			judge->listeners[i].depths.limit, judge->listeners[i].depths.syn);
	if (judge->found)
		fprintf(out, "\nwhat does not add up: %s\n", judge->finding.summary);
}

void ladder_print(const struct journal *journal, struct ladder_form form, FILE *out)
{
	const struct event *begin = journal_event(journal, 0);
	struct judge *judge = judge_new();

	judge_journal(judge, journal);
	if (begin->kind == EVENT_BEGIN)
		fprintf(out, "%s, %s\n\n", begin->name, begin->object ? begin->object : "?");
	print_ladders(judge, form, out);
	judge_free(judge);
}

static void print_counters(const struct judge *judge, FILE *out)
{
	for (int host = 0; host < HOSTS; host++) {
		fprintf(out, "counters of the %s, from the begin to the end of the case\n",
			host_name((enum host)host));
		for (int i = 0; i < judge->hosts[host].counter_count; i++) {
			const struct counter_book *counter = &judge->hosts[host].counters[i];
			const char *reason = counter_exempt(counter->name);

			fprintf(out, "%+8ld  %-24s %s%s\n", counter->total, counter->name,
				reason ? "not compared: " : "", reason ? reason : "");
		}
		fputc('\n', out);
	}
}

static void print_stable_ladders(const struct journal *journal, FILE *out)
{
	ladder_print(journal, (struct ladder_form){ .stable = true }, out);
}

static void print_counters_of(const struct journal *journal, FILE *out)
{
	struct judge *judge = judge_new();

	judge_journal(judge, journal);
	print_counters(judge, out);
	judge_free(judge);
}

static void write_file(const char *folder, const char *name,
		       void (*print)(const struct journal *, FILE *), const struct journal *journal)
{
	autofree char *path = format("%s/%s", folder, name);
	FILE *out = whole_begin(path);

	if (!out)
		broken("cannot create %s: %s", path, strerror(errno));
	print(journal, out);
	if (!whole_end(&out, path))
		broken("cannot write %s: %s. Free some space and run again.", path,
		       strerror(errno));
}

void artifacts_write(const struct journal *journal, const char *folder)
{
	if (journal_length(journal) == 0)
		return;
	write_file(folder, "ladder.txt", print_stable_ladders, journal);
	write_file(folder, "counters.txt", print_counters_of, journal);
}

int ladder_show(const char *folder, FILE *out, char **why)
{
	autofree char *path = format("%s/journal.jsonl", folder);
	struct journal *journal = journal_salvage(path, why);

	if (journal)
		ladder_print(journal, (struct ladder_form){ .stable = false }, out);
	journal_free(journal);
	return *why ? -1 : 0;
}
