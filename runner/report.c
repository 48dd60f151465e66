/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report: one page for one run or several. It is made of what the runs have left on the disk, so
 * that a run that was interrupted is told of as far as it came.
 */
#include "runner/report.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

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
static void salvage_entry(struct told_run *told, const char *name, const char *family)
{
	autofree char *path = format("%s/%s/%s/verdict.json", told->folder, name, family);
	json_auto_t *verdict = json_load(path, NULL);
	const char *status = member_string(verdict, "status");

	if (!status || ending_from_name(status) < 0 || results_find(told->run, name, family))
		return;
	json_object_set_new(verdict, "case", json_text(name));
	json_object_set_new(verdict, "family", json_text(family));
	json_object_set_new(verdict, "topic", json_string("of a run that did not finish"));
	autofree char *folder = format("%s/%s", name, family);
	json_object_set_new(verdict, "folder", json_text(folder));
	json_array_append(json_object_get(told->run, "results"), verdict);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void salvage_entries(struct told_run *told)
{
	struct dirent **names = NULL;
	int count = scandir(told->folder, &names, NULL, by_name);

	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			salvage_entry(told, names[i]->d_name, "ipv4");
			salvage_entry(told, names[i]->d_name, "ipv6");
		}
		free(names[i]);
	}
	free((void *)names);
}

static bool run_begins(struct told_run *told)
{
	told->run = results_read(told->folder, &told->problem);
	if (told->run && !told->problem)
		told->problem = results_other_format(told->run, told->folder);
	if (told->run && json_is_true(json_object_get(told->run, "complete")))
		return true;
	if (!told->run)
		told->run = json_pack("{s:[]}", "results");
	else if (!told->problem)
		told->problem = format("%s: the run did not finish; what it has left is shown",
				       told->folder);
	salvage_entries(told);
	return json_array_size(json_object_get(told->run, "results")) > 0;
}

static void run_free(struct told_run *told)
{
	free(told->folder);
	free(told->link);
	free(told->problem);
	json_decref(told->run);
}

static bool has_results(const char *folder)
{
	autofree char *path = format("%s/results.json", folder);

	return access(path, F_OK) == 0;
}

/* The run in @folder. False when there is nothing of one in it. */
static bool add_run(struct report *report, const char *folder, const char *page)
{
	autofree char *real = folder_of(folder, false);
	struct told_run told = { .folder = format("%s", folder) };

	if (!real || (!run_begins(&told) && !has_results(folder))) {
		run_free(&told);
		return false;
	}
	told.link = relative_path(page, real);
	report->runs = must_realloc(report->runs, report->run_count + 1, sizeof(*report->runs));
	report->runs[report->run_count++] = told;
	return true;
}

/* A run, or a folder of runs as the matrix has it. False after complaining. */
static bool add_folder(struct report *report, const char *folder, const char *page)
{
	struct dirent **names = NULL;
	size_t before = report->run_count;

	if (has_results(folder))
		return add_run(report, folder, page);
	int count = scandir(folder, &names, NULL, by_name);
	if (count < 0) {
		complain("report '%s': %s; it takes the artifacts folders of runs", folder,
			 strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		autofree char *below = format("%s/%s", folder, names[i]->d_name);

		if (names[i]->d_name[0] != '.' && has_results(below))
			add_run(report, below, page);
		free(names[i]);
	}
	free((void *)names);
	if (report->run_count > before || add_run(report, folder, page))
		return true;
	complain("report '%s': there is no results.json in it, nor in a folder below; `halfopen "
		 "run` leaves one in ./artifacts",
		 folder);
	return false;
}

/* ---- entries ------------------------------------------------------------------------------- */

static void add_entry(struct report *report, const struct told_run *of, const json_t *result)
{
	struct told told = { .of = of,
			     .result = result,
			     .name = member_string(result, "case"),
			     .family = member_string(result, "family"),
			     .status = member_string(result, "status") };
	const char *folder = member_string(result, "folder");
	autofree char *usual = format("%s/%s", told.name, told.family);
	char *why = NULL;

	/* a path that leads out of the run's folder is none of ours */
	if (!folder || *folder == '/' || strstr(folder, ".."))
		folder = usual;
	told.folder = format("%s/%s", of->folder, folder);
	told.link = format("%s/%s", of->link, folder);
	autofree char *ladder = format("%s/ladder.txt", told.folder);
	told.ladder = text_load(ladder, &why);
	free(why);
	report->entries =
		must_realloc(report->entries, report->entry_count + 1, sizeof(*report->entries));
	report->entries[report->entry_count++] = told;
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
	for (size_t i = first; i < report->run_count; i++) {
		size_t index;
		json_t *result;

		json_array_foreach (json_object_get(report->runs[i].run, "results"), index, result)
			if (strcmp(member_string(result, "case"), name) == 0)
				add_entry(report, &report->runs[i], result);
	}
}

static void add_entries(struct report *report)
{
	for (size_t i = 0; i < report->run_count; i++) {
		size_t index;
		json_t *result;

		json_array_foreach (json_object_get(report->runs[i].run, "results"), index, result)
			if (!report_has_case(report, member_string(result, "case")))
				add_case(report, i, member_string(result, "case"));
	}
}

static void report_free(struct report *report)
{
	for (size_t i = 0; i < report->run_count; i++)
		run_free(&report->runs[i]);
	for (size_t i = 0; i < report->entry_count; i++) {
		free(report->entries[i].folder);
		free(report->entries[i].link);
		free(report->entries[i].ladder);
	}
	free(report->runs);
	free(report->entries);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* A page that is there must be one of ours: nothing else is ever replaced. */
static bool is_in_the_way(const char *path)
{
	autofile FILE *file = is_special_file(path) ? NULL : fopen(path, "re");
	char begin[2000] = "";

	if (!file)
		return false;
	begin[fread(begin, 1, sizeof(begin) - 1, file)] = '\0';
	return *begin && !strstr(begin, "content=\"halfopen ");
}

static char *write_page(struct report *report, const char *path)
{
	add_entries(report);
	if (is_in_the_way(path))
		return format("%s is not from halfopen and would be replaced; move it away", path);
	return report_write_html(report, path);
}

char *report_of_run(const char *artifacts)
{
	struct report report = { 0 };
	autofree char *path = format("%s/report.html", artifacts);
	char *problem = NULL;

	if (add_run(&report, artifacts, artifacts))
		problem = write_page(&report, path);
	report_free(&report);
	return problem;
}

static int tell(const struct report *report, const char *path, char *problem)
{
	for (size_t i = 0; i < report->run_count; i++)
		if (report->runs[i].problem)
			complain("%s", report->runs[i].problem);
	if (problem) {
		complain("%s", problem);
		free(problem);
		return EXIT_RUN_ERROR;
	}
	printf("%s\n", path);
	return EXIT_GOOD;
}

int command_report(const struct options *options)
{
	static char here[] = "artifacts";
	char *usual[] = { here };
	char **folders = options->word_count ? options->words : usual;
	size_t count = options->word_count ? options->word_count : 1;
	struct report report = { 0 };
	autofree char *beside = format("%s/report.html", folders[0]);
	const char *path = options->output ? options->output : count == 1 ? beside : "report.html";
	autofree char *page = folder_of(path, true);
	bool good = true;

	if (!page) {
		complain("report: cannot write %s, there is no such folder: %s", path,
			 strerror(errno));
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < count; i++)
		good = add_folder(&report, folders[i], page) && good;
	int status = EXIT_USAGE;
	if (report.run_count > 0)
		status = tell(&report, path, write_page(&report, path));
	report_free(&report);
	return good ? status : EXIT_USAGE;
}
