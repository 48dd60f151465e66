/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people read, drawn from the journal alone: ladder.txt and counters.txt.
 */
#include "captures/books.h"

#include <errno.h>
#include <string.h>

static void print_ladder(const struct judge *judge, int flow, FILE *out)
{
	char **lines = judge_ladder(judge, flow, true);

	fprintf(out, "%s%s\n   time     %-14s %-13s %-28s counters that it moved\n",
		judge_flow_name(judge, flow), judge->flows[flow].raw ? " (a raw peer)" : "",
		"segment", "fate", "client / server");
	for (int i = 0; lines[i]; i++)
		fprintf(out, "%s\n", lines[i]);
	fputc('\n', out);
	ladder_free(lines);
}

static bool same_words(char **a, char **b)
{
	for (; *a && *b; a++, b++)
		if (strcmp(*a + 9, *b + 9) != 0) /* behind the time */
			return false;
	return !*a && !*b;
}

/* Flows that went the same way follow each other in crowds: one ladder speaks for them. */
static int count_alike(const struct judge *judge, int flow)
{
	char **first = judge_ladder(judge, flow, false);
	int count = 1;

	for (; flow + count <= judge_flows(judge); count++) {
		char **next = judge_ladder(judge, flow + count, false);
		bool same = same_words(first, next);

		ladder_free(next);
		if (!same)
			break;
	}
	ladder_free(first);
	return count;
}

static void print_ladders(const struct judge *judge, const struct journal *journal, FILE *out)
{
	const struct event *begin = journal_event(journal, 0);

	fprintf(out, "%s, %s\n\n", begin->name, begin->object);
	for (int flow = 1; flow <= judge_flows(judge);) {
		int alike = count_alike(judge, flow);

		print_ladder(judge, flow, out);
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

static void write_file(const char *folder, const char *name,
		       void (*print)(const struct judge *, const struct journal *, FILE *),
		       const struct journal *journal)
{
	struct judge *judge = judge_new();
	autofree char *path = format("%s/%s", folder, name);
	FILE *out = fopen(path, "we");
	bool written;

	judge_journal(judge, journal);
	if (!out)
		broken("cannot create %s: %s", path, strerror(errno));
	print(judge, journal, out);
	written = !ferror(out);
	written &= fclose(out) == 0;
	judge_free(judge);
	if (!written)
		broken("cannot write %s: %s. Free some space and run again.", path,
		       strerror(errno));
}

static void print_counters_of(const struct judge *judge, const struct journal *journal, FILE *out)
{
	(void)journal;
	print_counters(judge, out);
}

void artifacts_write(const struct journal *journal, const char *folder)
{
	if (journal_length(journal) == 0)
		return;
	write_file(folder, "ladder.txt", print_ladders, journal);
	write_file(folder, "counters.txt", print_counters_of, journal);
}

int ladder_show(const char *folder, FILE *out, char **why)
{
	autofree char *path = format("%s/journal.jsonl", folder);
	struct journal *journal = journal_load(path, why);
	struct judge *judge;

	if (!journal)
		return -1;
	judge = judge_new();
	judge_journal(judge, journal);
	print_ladders(judge, journal, out);
	judge_free(judge);
	journal_free(journal);
	return 0;
}
