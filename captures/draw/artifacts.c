/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people read, drawn from the journal: ladder.txt, ladder.mmd, ladder.svg,
 * counters.txt, and case.pcapng; of a scenario clients.svg and told.json, too.
 *
 * ladder.txt is compared between kernels and quoted by documents: it has nothing of the machine. A
 * line's time is the one that an expectation names. Lines that only a slow machine adds ("~1.0")
 * are left out. What a timer counts stands beside the line that the timer made, whatever sample
 * found it. A line that nobody has named has its observed time, in steps of half of what a timer
 * may be late. For exact times `show` draws the journal.
 */
#include "captures/draw/annotate.h"
#include "captures/draw/ladder_text.h"
#include "captures/held/held.h"

#include <errno.h>
#include <string.h>

static void print_ladder(const struct story *story, int flow, struct ladder_form form, FILE *out)
{
	const struct judge *judge = story_judge(story);
	struct judged_flow of = judge_flow(judge, flow);
	const char *listener = story_listener(story, of.asked);
	char **lines = ladder_lines(judge, flow, form);

	fprintf(out, "%s%s%s%s", of.name, *listener ? " to " : "", listener,
		of.raw ? " (a raw peer)" : "");
	if (of.client && of.server)
		fprintf(out, ", %s to %s", of.client, of.server);
	fputc('\n', out);
	for (int i = 0; lines[i]; i++)
		fprintf(out, "%s\n", lines[i]);
	if (form.stable && of.has_optional)
		fprintf(out, "lines that only a slow machine adds are left out\n");
	fputc('\n', out);
	ladder_free(lines);
}

/* The step in which a flow begins, or "". */
static const char *first_step(const struct judge *judge, int flow)
{
	int line = judge_flow(judge, flow).first_line;
	const char *step = line >= 0 ? judge_line(judge, line).step : NULL;

	return step ? step : "";
}

/* What made those different that went the way of @leader: the steps in which they began. */
static void print_their_steps(const struct judge *judge, int leader, int alike, FILE *out)
{
	const char *before = first_step(judge, leader);

	for (int flow = leader + 1; flow < leader + alike; flow++) {
		const char *step = first_step(judge, flow);

		if (strcmp(step, before) != 0)
			fprintf(out, "  -- %s\n", step);
		before = step;
	}
}

static void print_ladders(const struct story *story, struct ladder_form form, FILE *out)
{
	const struct judge *judge = story_judge(story);

	for (int flow = 1; flow <= judge_flows(judge);) {
		int alike = flows_alike(judge, flow, form);

		print_ladder(story, flow, form, out);
		if (alike > 1) {
			fprintf(out, "%d more went the same way, the last of them %s\n", alike - 1,
				judge_flow(judge, flow + alike - 1).name);
			if (!form.stable)
				print_their_steps(judge, flow, alike, out);
			fputc('\n', out);
		}
		flow += alike;
	}
}

static void print_queues(const struct judge *judge, FILE *out)
{
	for (int i = 0; i < judge_listeners(judge); i++) {
		struct judged_listener listener = judge_listener(judge, i);

		fprintf(out, "%s: accept queue %d (limit %d), SYN queue %d %s\n", listener.name,
			listener.depths.accept, listener.depths.limit, listener.depths.syn,
			listener.closed ? "when it was closed" : "at the end");
	}
}

static void print_whole(const struct story *story, struct ladder_form form, FILE *out)
{
	if (*story->title)
		fprintf(out, "%s, %s\n\n", story->title, *story->family ? story->family : "?");
	print_ladders(story, form, out);
	print_queues(story_judge(story), out);
	if (story->finding)
		fprintf(out, "\nwhat does not add up: %s\n", story->finding->summary);
}

void ladder_print(const struct journal *journal, struct ladder_form form, FILE *out)
{
	struct story *story = story_of(journal);

	print_whole(story, form, out);
	story_free(story);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct judged_counter *)a)->name,
		      ((const struct judged_counter *)b)->name);
}

static void print_counter(const struct judged_counter *counter, FILE *out)
{
	const char *reason = counter_exempt(counter->name);

	if (reason)
		fprintf(out, "%+8ld  %-24s not compared: %s\n", counter->total, counter->name,
			reason);
	else
		fprintf(out, "%+8ld  %s\n", counter->total, counter->name);
}

/* The judge has them in the order in which they moved first, which may be another every time. */
static void print_counters(const struct judge *judge, enum host host, FILE *out)
{
	int count = judge_counters(judge, host);
	autofree struct judged_counter *sorted = must_alloc((size_t)count + 1, sizeof(*sorted));

	for (int i = 0; i < count; i++)
		sorted[i] = judge_counter_at(judge, host, i);
	qsort(sorted, (size_t)count, sizeof(*sorted), by_name);
	fprintf(out, "counters of the %s, from the begin to the end of the case\n",
		host_name(host));
	for (int i = 0; i < count; i++)
		print_counter(&sorted[i], out);
	fputc('\n', out);
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
	for (int host = 0; host < HOSTS; host++)
		print_counters(story_judge(story), (enum host)host, out);
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

/* What became of a scenario's clients, and what is wrong with its server. */
static void write_told(const struct journal *journal, const char *folder)
{
	struct told *told = told_of(journal);
	json_t *json = told_json(told, true);
	autofree char *svg = clients_svg(told);
	FILE *out = begin(folder, "clients.svg");

	fputs(svg, out);
	keep(out, folder, "clients.svg");
	out = begin(folder, "told.json");
	json_dumpf(json, out, JSON_INDENT(1));
	fputc('\n', out);
	keep(out, folder, "told.json");
	json_decref(json);
	told_free(told);
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
	if (journal_is_told(journal) && !journal_is_staged(journal))
		write_told(journal, folder);
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
