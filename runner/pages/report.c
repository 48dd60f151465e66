/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report: one page for one run or several. It is made of what the runs have left on the disk, so
 * that a run that was interrupted is shown as far as it came.
 */
#include "runner/pages/page.h"
#include "runner/pages/report.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* ---- paths --------------------------------------------------------------------------------- */

/* @to as it is called from the folder @from; both are absolute. */
static char *relative_path(const char *from, const char *to)
{
	size_t common = 0, ups = 0;

	for (size_t i = 0;; i++) {
		bool from_ends = from[i] == '/' || !from[i], to_ends = to[i] == '/' || !to[i];

		if (from_ends && to_ends)
			common = i;
		if (from[i] != to[i] || !from[i] || !to[i])
			break;
	}
	for (const char *rest = from + common; (rest = strchr(rest, '/')); rest++)
		ups += rest[1] != '\0' && rest[1] != '/';
	const char *down = to + common + (to[common] == '/');
	struct text path = { 0 };

	text_add(&path, "%s", ups ? ".." : ".");
	for (size_t i = 1; i < ups; i++)
		text_add(&path, "/..");
	if (*down)
		text_add(&path, "/%s", down);
	return text_take(&path);
}

/* The real path of a folder, or of the one in which a file shall be. */
static char *folder_of(const char *path, bool is_file)
{
	const char *slash = is_file ? strrchr(path, '/') : NULL;
	autofree char *folder = !is_file ? format("%s", path)
				: !slash ? format(".")
					 : format("%.*s", (int)(slash - path) + 1, path);
	char resolved[PATH_MAX];

	return realpath(folder, resolved) ? format("%s", resolved) : NULL;
}

/* ---- reading a run ------------------------------------------------------------------------- */

/* What a case has left in a run that does not tell of it any more. */
static void salvage_entry(struct report_run *run, const char *name, const char *family)
{
	autofree char *path = format("%s/%s/%s/verdict.json", run->folder, name, family);
	json_auto_t *verdict = json_load(path, NULL);
	const char *status = member_string(verdict, "status");

	if (!status || ending_from_name(status) < 0 || results_find(run->results, name, family))
		return;
	json_object_set_new(verdict, "case", json_text(name));
	json_object_set_new(verdict, "family", json_text(family));
	json_object_set_new(verdict, "topic", json_string("of a run that did not finish"));
	autofree char *folder = format("%s/%s", name, family);
	json_object_set_new(verdict, "folder", json_text(folder));
	json_array_append(json_object_get(run->results, "results"), verdict);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void salvage_entries(struct report_run *run)
{
	struct dirent **names = NULL;
	int count = scandir(run->folder, &names, NULL, by_name);

	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			salvage_entry(run, names[i]->d_name, "ipv4");
			salvage_entry(run, names[i]->d_name, "ipv6");
		}
		free(names[i]);
	}
	free((void *)names);
}

static bool run_begins(struct report_run *run)
{
	run->results = results_read(run->folder, &run->problem);
	if (run->results && !run->problem)
		run->problem = results_other_format(run->results, run->folder);
	if (run->results && json_is_true(json_object_get(run->results, "complete")))
		return true;
	if (!run->results)
		run->results = json_pack("{s:[]}", "results");
	else if (!run->problem)
		run->problem = format("%s: the run did not finish; what it has left is shown",
				      run->folder);
	salvage_entries(run);
	return json_array_size(json_object_get(run->results, "results")) > 0;
}

static void run_free(struct report_run *run)
{
	free(run->folder);
	free(run->link);
	free(run->problem);
	json_decref(run->results);
	json_decref(run->environment);
}

static bool has_results(const char *folder)
{
	autofree char *path = format("%s/results.json", folder);

	return access(path, F_OK) == 0;
}

/* The run in @folder. False when there is nothing of one in it. */
bool report_add_run(struct report *report, const char *folder)
{
	autofree char *real = folder_of(folder, false);
	struct report_run run = { .folder = format("%s", folder) };

	if (!real || (!run_begins(&run) && !has_results(folder))) {
		run_free(&run);
		return false;
	}
	run.link = relative_path(report->page, real);
	report->runs = must_realloc(report->runs, report->run_count + 1, sizeof(*report->runs));
	report->runs[report->run_count++] = run;
	return true;
}

/* A run, or a folder of runs as the matrix has it. False after complaining. */
bool report_add_folder(struct report *report, const char *folder)
{
	struct dirent **names = NULL;
	size_t before = report->run_count;

	if (has_results(folder))
		return report_add_run(report, folder);
	int count = scandir(folder, &names, NULL, by_name);
	if (count < 0) {
		complain("report '%s': %s; it takes the artifacts folders of runs", folder,
			 strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		autofree char *below = format("%s/%s", folder, names[i]->d_name);

		if (names[i]->d_name[0] != '.' && has_results(below))
			report_add_run(report, below);
		free(names[i]);
	}
	free((void *)names);
	if (report->run_count > before || report_add_run(report, folder))
		return true;
	complain("report '%s': there is no results.json in it, nor in a folder below; `halfopen "
		 "run` leaves one in ./artifacts",
		 folder);
	return false;
}

/* ---- entries ------------------------------------------------------------------------------- */

/* The arrays of results.json that have results. */
static const char *const arrays[] = { "results", "old" };

/* The lines of env.txt; empty where there is none. */
static json_t *environment_of(const char *folder)
{
	autofree char *path = format("%s/env.txt", folder);
	autofree char *why = NULL;
	autofree char *text = text_load(path, &why);
	json_t *lines = json_array();

	for (const char *line = text; line && *line; line += strcspn(line, "\n") + 1) {
		json_array_append_new(lines, json_stringn(line, strcspn(line, "\n")));
		if (!line[strcspn(line, "\n")])
			break;
	}
	return lines;
}

static void add_entry(struct report *report, const struct report_run *of, const json_t *result,
		      bool old)
{
	struct report_entry entry = { .of = of,
				      .result = result,
				      .name = member_string(result, "case"),
				      .family = member_string(result, "family"),
				      .old = old,
				      .status = old ? "old" : member_string(result, "status") };
	autofree char *folder = result_folder(result);
	char *why = NULL;

	entry.folder = format("%s/%s", of->folder, folder);
	entry.link = format("%s/%s", of->link, folder);
	autofree char *ladder = format("%s/ladder.txt", entry.folder);
	entry.ladder = text_load(ladder, &why);
	entry.environment = environment_of(entry.folder);
	free(why);
	report->entries =
		must_realloc(report->entries, report->entry_count + 1, sizeof(*report->entries));
	report->entries[report->entry_count++] = entry;
}

bool report_is_bad(const struct report_entry *entry)
{
	return strcmp(page_class(entry->status), "bad") == 0;
}

bool report_has_case(const struct report *report, const char *name)
{
	for (size_t i = report->entry_count; i > 0; i--)
		if (strcmp(report->entries[i - 1].name, name) == 0)
			return true;
	return false;
}

/* All that the runs from @first on say of a case. */
static void add_case(struct report *report, size_t first, const char *name)
{
	for (size_t i = first; i < report->run_count; i++)
		for (size_t j = 0; j < ARRAY_LENGTH(arrays); j++) {
			const struct report_run *run = &report->runs[i];
			size_t index;
			json_t *result;

			json_array_foreach (json_object_get(run->results, arrays[j]), index, result)
				if (strcmp(member_string(result, "case"), name) == 0)
					add_entry(report, run, result, j > 0);
		}
}

/* All that one array of a run is the first to have. */
static void add_cases(struct report *report, size_t run, const char *array)
{
	size_t index;
	json_t *result;

	json_array_foreach (json_object_get(report->runs[run].results, array), index, result)
		if (!report_has_case(report, member_string(result, "case")))
			add_case(report, run, member_string(result, "case"));
}

/* ---- where a run was played ---------------------------------------------------------------- */

static void keep_common(json_t *lines, const json_t *others)
{
	for (size_t i = json_array_size(lines); i > 0; i--)
		if (!json_has(others, json_array_get(lines, i - 1)))
			json_array_remove(lines, i - 1);
}

/* What all cases of the run have in common. */
static void add_environment(struct report *report, const struct report_entry *entry)
{
	struct report_run *run = &report->runs[entry->of - report->runs];
	if (json_array_size(entry->environment) == 0)
		return;
	if (run->environment)
		keep_common(run->environment, entry->environment);
	else
		run->environment = json_copy(entry->environment);
}

void report_add_entries(struct report *report)
{
	for (size_t i = 0; i < report->run_count; i++)
		for (size_t j = 0; j < ARRAY_LENGTH(arrays); j++)
			add_cases(report, i, arrays[j]);
	for (size_t i = 0; i < report->entry_count; i++)
		if (!report->entries[i].old)
			add_environment(report, &report->entries[i]);
}

/* ---- the whole ----------------------------------------------------------------------------- */

struct report *report_new(const struct catalogue *catalogue, const char *path)
{
	char *folder = folder_of(path, true);

	if (!folder)
		return NULL;
	struct report *report = must_alloc(1, sizeof(*report));
	report->catalogue = catalogue;
	report->path = format("%s", path);
	report->page = folder;
	return report;
}

char *report_run_name(const struct report *report, const struct report_run *run)
{
	const char *kernel = member_or_empty(run->results, "kernel");

	if (report->run_count == 1 || strcmp(run->link, ".") == 0)
		return format("Linux %s", *kernel ? kernel : "?");
	return format("Linux %s (%s)", *kernel ? kernel : "?",
		      strncmp(run->link, "./", 2) == 0 ? run->link + 2 : run->link);
}

bool report_is_empty(const struct report *report)
{
	return report->run_count == 0;
}

void report_complain(const struct report *report)
{
	for (size_t i = 0; i < report->run_count; i++)
		if (report->runs[i].problem)
			complain("%s", report->runs[i].problem);
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->run_count; i++)
		run_free(&report->runs[i]);
	for (size_t i = 0; i < report->entry_count; i++) {
		free(report->entries[i].folder);
		free(report->entries[i].link);
		free(report->entries[i].ladder);
		json_decref(report->entries[i].environment);
	}
	free(report->runs);
	free(report->entries);
	free(report->path);
	free(report->page);
	free(report);
}
