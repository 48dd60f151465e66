/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * github: what GitHub Actions shows of a run, where that is where it runs (GITHUB_ACTIONS=true): an
 * annotation at the line of each failure, on stderr, and the summary of the step, a page of
 * Markdown.
 */
#include "runner/tell/tell.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { REPORTS_IN_FULL = 20 }; /* a summary may have 1 MiB */

static bool is_here(void)
{
	const char *actions = getenv("GITHUB_ACTIONS");

	return actions && strcmp(actions, "true") == 0;
}

/* NULL, or how the run ended before its time. The caller frees it. */
static char *early_end(const struct run *run)
{
	if (run->ended == run->plan.count && !run->signal)
		return NULL;
	autofree char *by = run->signal  ? format(" by SIG%s", sigabbrev_np(run->signal))
			    : run->fatal ? text_first_line(run->fatal)
					 : format("%s", "");

	return format("the run was ended%s%s: %zu of %zu had finished",
		      run->signal || !*by ? "" : " by an error: ", by, run->ended, run->plan.count);
}

/* ---- annotations: ::error file=...,line=...,title=...::message ------------------------------ */

/* Line ends and % in a message, and , and : too in a property, are %XX. */
static void put_escaped(const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '%' || strchr(special, *text))
			fprintf(stderr, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, stderr);
	}
}

static void put_property(const char *name, const char *value)
{
	fprintf(stderr, "%s=", name);
	put_escaped(value, "\r\n:,");
}

/* One for those that are alike: GitHub shows ten of a step. */
static void annotate(const struct group *group)
{
	const struct entry *entry = group->entries[0];
	const struct result *result = &entry->result;
	struct place place;

	fputs("::error ", stderr);
	if (entry_place(entry, &place)) {
		put_property("file", place.file);
		fprintf(stderr, ",line=%d,", place.line);
	}
	put_property("title", entry->folder);
	fputs("::", stderr);
	put_escaped(reason_or_none(entry->result.reason), "\r\n");
	for (size_t i = 1; i < group->count; i++) {
		put_escaped(i == 1 ? "\nalike: " : ", ", "\r\n");
		put_escaped(group->entries[i]->folder, "\r\n");
	}
	if (result->report) {
		put_escaped("\n", "\r\n");
		put_escaped(result->report, "\r\n");
	}
	fputc('\n', stderr);
}

static void annotate_all(const struct run *run)
{
	autofree char *early = early_end(run);
	struct groups groups = groups_make(run);

	for (size_t i = 0; i < groups.count; i++)
		annotate(&groups.all[i]);
	groups_free(&groups);
	if (!early)
		return;
	fputs("::error title=halfopen::", stderr);
	put_escaped(early, "\r\n");
	fputc('\n', stderr);
}

/* ---- the summary ---------------------------------------------------------------------------- */

/* A cell of a table: one line, nothing of which is Markdown or HTML. */
static void put_cell(FILE *out, const char *text)
{
	fputs(" ", out);
	for (; *text && *text != '\n'; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (strchr("|\\`*_[]~", *text))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
	fputs(" |", out);
}

/* Of those that are alike, the place of the first. */
static void put_row(FILE *out, const struct group *group)
{
	const struct entry *first = group->entries[0];
	struct place place;
	bool placed = entry_place(first, &place);
	autofree char *where = placed ? format("%s:%d", place.file, place.line) : format("-");
	autofree char *title = group_title(group), *folders = format("%s", first->folder);

	for (size_t i = 1; i < group->count; i++) {
		autofree char *before = folders;

		folders = format("%s, %s", before, group->entries[i]->folder);
	}
	fputs("|", out);
	put_cell(out, folders);
	put_cell(out, ending_name(group->ending));
	put_cell(out, where);
	put_cell(out, title);
	fputc('\n', out);
}

static void put_report(FILE *out, const struct entry *entry)
{
	fprintf(out, "\n<details open><summary>%s</summary>\n\n", entry->folder);
	text_indent(out, "    ", reason_or_none(entry->result.reason));
	if (entry->result.report)
		text_indent(out, "    ", entry->result.report);
	fputs("\n</details>\n", out);
}

/* One row, and one report, for those that are alike. */
static void put_failures(FILE *out, const struct run *run)
{
	struct groups groups = groups_make(run);

	if (groups.count)
		fputs("\n| case | outcome | where | reason |\n|---|---|---|---|\n", out);
	for (size_t i = 0; i < groups.count; i++)
		put_row(out, &groups.all[i]);
	for (size_t i = 0; i < groups.count && i < REPORTS_IN_FULL; i++)
		put_report(out, groups.all[i].entries[0]);
	if (groups.count > REPORTS_IN_FULL)
		fprintf(out, "\nThe reports of %zu more are in the artifacts.\n",
			groups.count - REPORTS_IN_FULL);
	groups_free(&groups);
}

static bool reason_is_new(const struct plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_skipped(&plan->entries[i],
			       reason_or_none(plan->entries[index].result.reason)))
			return false;
	return true;
}

static void put_skips(FILE *out, const struct run *run)
{
	const struct plan *plan = &run->plan;

	if (run->tally[SKIPPED])
		fputs("\n| skipped | reason |\n|---|---|\n", out);
	for (size_t i = 0; i < plan->count; i++) {
		size_t count = 0;

		if (!is_skipped(&plan->entries[i], NULL) || !reason_is_new(plan, i))
			continue;
		for (size_t j = i; j < plan->count; j++)
			count += is_skipped(&plan->entries[j],
					    reason_or_none(plan->entries[i].result.reason));
		fprintf(out, "| %zu |", count);
		put_cell(out, reason_or_none(plan->entries[i].result.reason));
		fputc('\n', out);
	}
}

static void put_lane(FILE *out, const struct lane *lane, const char *name)
{
	if (lane->count)
		fprintf(out, "\nKernel %s, lane %s, clock %s, %s%s.\n",
			lane->release ? lane->release : "?", name, lane->clock,
			lane->wire ? "wire: " : "no netem", lane->wire ? lane->wire : "");
}

static void put_summary(FILE *out, const struct run *run)
{
	autofree char *early = early_end(run), *wall = text_duration(seconds(run->took));
	autofree char *kernel = text_duration(run->kernel_seconds);

	fprintf(out, "## halfopen: %zu passed, %zu failed, %zu skipped\n", run->tally[PASSED],
		run->tally[FAILED] + run->tally[BROKEN], run->tally[SKIPPED]);
	if (early)
		fprintf(out, "\n**Not complete**: %s.\n", early);
	put_lane(out, &run->host, "host");
	put_lane(out, &run->guest, "vm");
	put_lane(out, &run->storms, "vm, storms");
	fprintf(out, "\n%s of kernel time in %s.\n", kernel, wall);
	put_failures(out, run);
	put_skips(out, run);
	fputc('\n', out);
}

/* The file is the step's: what it has already stays. */
static char *write_summary(const struct run *run, const char *path)
{
	FILE *out = fopen(path, "ae");

	if (out) {
		put_summary(out, run);
		bool written = !ferror(out);

		if (fclose(out) == 0 && written)
			return NULL;
	}
	return format("cannot write %s (GITHUB_STEP_SUMMARY): %s", path, strerror(errno));
}

char *github_report(const struct run *run)
{
	const char *summary = getenv("GITHUB_STEP_SUMMARY");

	if (!is_here())
		return NULL;
	annotate_all(run);
	return summary && *summary ? write_summary(run, summary) : NULL;
}
