/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people read, drawn from the journal: ladder.txt, ladder.mmd, ladder.svg,
 * counters.txt, and case.pcapng.
 */
#include "captures/draw/draw.h"
#include "captures/judge/books.h"
#include "captures/draw/recording.h"

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
	for (int i = 0; i < judge->listener_count; i++) {
		const struct listener_book *listener = &judge->listeners[i];

		fprintf(out, "%s: accept queue %d (limit %d), SYN queue %d %s\n", listener->name,
			listener->depths.accept, listener->depths.limit, listener->depths.syn,
			listener->closed ? "when it was closed" : "at the end");
	}
	if (judge->found)
		fprintf(out, "\nwhat does not add up: %s\n", judge->finding.summary);
}

static void print_whole(const struct story *story, struct ladder_form form, FILE *out)
{
	if (*story->title)
		fprintf(out, "%s, %s\n\n", story->title, *story->family ? story->family : "?");
	print_ladders(story_judge(story), form, out);
}

void ladder_print(const struct journal *journal, struct ladder_form form, FILE *out)
{
	struct story *story = story_of(journal);

	print_whole(story, form, out);
	story_free(story);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct counter_book *)a)->name,
		      ((const struct counter_book *)b)->name);
}

static void print_counter(const struct counter_book *counter, FILE *out)
{
	const char *reason = counter_exempt(counter->name);

	if (reason)
		fprintf(out, "%+8ld  %-24s not compared: %s\n", counter->total, counter->name,
			reason);
	else
		fprintf(out, "%+8ld  %s\n", counter->total, counter->name);
}

/* In the books they are in the order in which they moved first, which may be another every time. */
static void print_counters(const struct judge *judge, FILE *out)
{
	for (int host = 0; host < HOSTS; host++) {
		const struct host_book *book = &judge->hosts[host];
		size_t count = (size_t)book->counter_count;
		autofree struct counter_book *sorted = must_alloc(count + 1, sizeof(*sorted));

		for (size_t i = 0; i < count; i++)
			sorted[i] = book->counters[i];
		qsort(sorted, count, sizeof(*sorted), by_name);
		fprintf(out, "counters of the %s, from the begin to the end of the case\n",
			host_name((enum host)host));
		for (size_t i = 0; i < count; i++)
			print_counter(&sorted[i], out);
		fputc('\n', out);
	}
}

/* PATH.new in the folder, to be kept by keep(). */
static FILE *begin(const char *folder, const char *name)
{
	autofree char *path = format("%s/%s", folder, name);
	FILE *out = whole_begin(path);

	if (!out)
		broken("cannot create %s: %s", path, shortage_text(errno));
	return out;
}

static void keep(FILE *out, const char *folder, const char *name)
{
	autofree char *path = format("%s/%s", folder, name);

	if (!whole_end(&out, path))
		broken("cannot write %s: %s; %s and run again", path, strerror(errno),
		       file_remedy(errno));
}

static void put_ladders(const struct story *story, FILE *out)
{
	print_whole(story, (struct ladder_form){ .stable = true }, out);
}

static void put_counters(const struct story *story, FILE *out)
{
	print_counters(story_judge(story), out);
}

static void put_mermaid(const struct story *story, FILE *out)
{
	autofree char *text = ladder_mermaid(story);

	fputs(text, out);
}

static void put_svg(const struct story *story, FILE *out)
{
	autofree char *text = ladder_svg(story);

	fputs(text, out);
}

static void write_texts(const struct story *story, const char *folder)
{
	static const struct {
		const char *name;
		void (*put)(const struct story *story, FILE *out);
	} texts[] = {
		{ "ladder.txt", put_ladders },
		{ "ladder.mmd", put_mermaid },
		{ "ladder.svg", put_svg },
		{ "counters.txt", put_counters },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		FILE *out = begin(folder, texts[i].name);

		texts[i].put(story, out);
		keep(out, folder, texts[i].name);
	}
}

/* Returns NULL, or what is wrong with the captures. */
static char *write_capture(const struct journal *journal, const struct story *story,
			   const char *folder)
{
	char *why = NULL;
	struct recording *recording = recording_load(journal, folder, &why);
	FILE *out = begin(folder, "case.pcapng");

	capture_write(&(struct annotated){ journal, story, recording, why }, out);
	recording_free(recording);
	keep(out, folder, "case.pcapng");
	return why;
}

void artifacts_write(const struct journal *journal, const char *folder)
{
	struct story *story;
	autofree char *why = NULL;

	if (journal_length(journal) == 0)
		return;
	story = story_of(journal);
	write_texts(story, folder);
	why = write_capture(journal, story, folder);
	story_free(story);
	if (why)
		broken("%s", why);
}

char *capture_problem(const struct journal *journal, const char *folder)
{
	char *why = NULL;

	recording_free(recording_load(journal, folder, &why));
	return why;
}
