/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * column: the run of one kernel below a matrix folder. What is read here has been looked at: a
 * run that is not whole has no results, and a result whose files do not bear it out is an error.
 */
#include "runner/saved/saved.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---- one result ---------------------------------------------------------------------------- */

/* The status is borne out by the files of the case, or not: why. Adds "ladder". */
static char *look_at_files(const struct column *column, json_t *result)
{
	autofree char *folder = format("%s/%s/%s", column->folder, member_string(result, "case"),
				       member_string(result, "family"));
	autofree char *path = format("%s/verdict.json", folder);
	json_error_t error;
	json_auto_t *verdict = json_load(path, &error);

	if (!verdict)
		return format("cannot read %s: %s", path,
			      error.line > 0 ? error.text : strerror(errno));
	const char *differs = verdict_differs(verdict, result);
	if (differs)
		return format("%s is of another run: it has another %s than results.json", path,
			      differs);
	autofree char *ladder = format("%s/ladder.txt", folder);
	autofree char *storm = format("%s/storm.json", folder);
	char *why = NULL;

	if (access(storm, F_OK) == 0)
		return NULL; /* it has books, which differ from run to run */
	autofree char *text = text_load(ladder, &why);
	if (text)
		json_object_set_new(result, "ladder", json_string(text));
	return why;
}

static void check_result(const struct column *column, json_t *result)
{
	int ending = ending_from_name(member_string(result, "status"));

	if (ending != PASSED && ending != FAILED)
		return;
	/* --artifacts-on failure: results.json has the ladder. */
	if (ending == PASSED && text_is(member_string(column->run, "artifacts_on"), "failure") &&
	    member_string(result, "ladder"))
		return;
	autofree char *why = look_at_files(column, result);
	if (!why)
		return;
	autofree char *reason = format("%s; run it again", why);
	json_object_set_new(result, "status", json_string(ending_name(BROKEN)));
	json_object_set_new(result, "reason", json_text(reason));
}

/* ---- the whole run ------------------------------------------------------------------------- */

/* The first kernel that a result names; the run's own where none does. */
static const char *kernel_of(const json_t *run)
{
	size_t index;
	json_t *result;

	json_array_foreach (json_object_get(run, "results"), index, result)
		if (member_string(result, "kernel"))
			return member_string(result, "kernel");
	return member_string(run, "kernel");
}

/* Finds each result by its id, once. */
static char *index_results(struct column *column)
{
	size_t index;
	json_t *result;

	column->by_id = json_object();
	json_array_foreach (json_object_get(column->run, "results"), index, result) {
		autofree char *id = format("%s/%s", member_string(result, "case"),
					   member_string(result, "family"));

		if (json_object_get(column->by_id, id))
			return format("%s is there twice; run it again", id);
		json_object_set(column->by_id, id, result);
	}
	return NULL;
}

/* Why the first of the results of other kernels and builds keeps it from being one kernel's run. */
static char *why_not_one(const json_t *run)
{
	const json_t *old = json_array_get(json_object_get(run, "old"), 0);
	const char *theirs = member_string(old, "kernel"), *kernel = kernel_of(run);

	if (!old)
		return NULL;
	if (theirs && strcmp(theirs, kernel) != 0)
		return format("it has results of the kernels %s and %s; run it again in one, or "
			      "choose another folder with --artifacts",
			      kernel, theirs);
	return format("it has old results, of another build of halfopen or of the kernel, as of "
		      "%s/%s; run that again",
		      member_string(old, "case"), member_string(old, "family"));
}

static char *not_whole(const struct catalogue *catalogue, const json_t *run)
{
	size_t index;
	json_t *result;
	const char *kernel = kernel_of(run);

	if (!json_is_true(json_object_get(run, "complete")))
		return format("the run did not finish; run it again");
	if (member_number(run, "repeat") > 1)
		return format("the run repeats its cases; run it again without --repeat");
	json_array_foreach (json_object_get(run, "results"), index, result) {
		const char *name = member_string(result, "case"),
			   *family = member_string(result, "family");
		const char *its_kernel = member_string(result, "kernel");

		if (!result_is_listed(catalogue, result))
			return format("%s/%s is no case of this halfopen; run it again", name,
				      family);
		if (its_kernel && strcmp(its_kernel, kernel) != 0)
			return format("it has results of the kernels %s and %s; run it again in "
				      "one",
				      kernel, its_kernel);
	}
	return why_not_one(run);
}

struct column column_read(const struct catalogue *catalogue, const char *folder, const char *name)
{
	struct column column = { .name = format("%s", name),
				 .folder = format("%s/%s", folder, name) };

	column.run = results_read(column.folder, &column.error);
	if (column.run)
		column.error = results_other_format(column.run, column.folder);
	if (column.run && !column.error)
		column.error = not_whole(catalogue, column.run);
	if (column.run && !column.error)
		column.error = index_results(&column);
	size_t index;
	json_t *result;
	json_array_foreach (json_object_get(column.run, "results"), index, result)
		check_result(&column, result);
	return column;
}

void column_free(struct column *column)
{
	free(column->name);
	free(column->folder);
	free(column->error);
	json_decref(column->run);
	json_decref(column->by_id);
	*column = (struct column){ 0 };
}

/* ---- what it says -------------------------------------------------------------------------- */

struct outcome column_outcome(const struct column *column, const struct test *test)
{
	if (column->error)
		return (struct outcome){ .status = ending_name(BROKEN), .reason = column->error };
	const json_t *result = json_object_get(column->by_id, test->id);
	if (!result)
		return (struct outcome){ .status = "not run" };
	return (struct outcome){ .status = member_string(result, "status"),
				 .reason = member_string(result, "reason"),
				 .variant = member_string(result, "variant"),
				 .ladder = member_string(result, "ladder") };
}

const char *column_release(const struct column *column)
{
	return column->run ? kernel_of(column->run) : "";
}

char *column_description(const struct column *column)
{
	static const char *const keys[] = { "lane", "clock", "wire" };
	struct text text = { 0 };

	text_add(&text, "%s%s", column->run ? "kernel " : "", column_release(column));
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		const char *value = member_string(column->run, keys[i]);

		if (value)
			text_add(&text, ", %s %s", keys[i], value);
	}
	return text_take(&text);
}

/* ---- which there are ----------------------------------------------------------------------- */

/* The name itself, or its series ("6.1": "6.1.192"). */
static bool column_is_meant(const char *name, const char *asked)
{
	size_t length = strlen(asked);

	return strncmp(name, asked, length) == 0 &&
	       (name[length] == '\0' ||
		(asked[0] >= '0' && asked[0] <= '9' && name[length] == '.'));
}

/* Digits come before letters, so versions before "host". */
static int by_version(const void *left, const void *right)
{
	return strverscmp(*(char *const *)left, *(char *const *)right);
}

static bool is_folder(const char *folder, const char *name)
{
	struct stat status;
	autofree char *path = format("%s/%s", folder, name);

	return name[0] != '.' && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void read_names(struct column_names *names, DIR *listing, const char *folder)
{
	for (const struct dirent *each; (each = readdir(listing));) {
		if (!is_folder(folder, each->d_name))
			continue;
		names->name = must_realloc(names->name, names->count + 1, sizeof(*names->name));
		names->name[names->count++] = format("%s", each->d_name);
	}
	if (names->count > 0)
		qsort(names->name, names->count, sizeof(*names->name), by_version);
}

bool column_names_read(struct column_names *names, const char *folder)
{
	*names = (struct column_names){ 0 };
	autofree char *results = format("%s/results.json", folder);
	if (access(results, F_OK) == 0) {
		complain("%s is one run; name the folder in which several lie side by side",
			 folder);
		return false;
	}
	DIR *listing = opendir(folder);
	const char *why = listing ? "it has no folder of a kernel" : strerror(errno);
	if (listing) {
		read_names(names, listing, folder);
		closedir(listing);
	}
	if (names->count == 0)
		complain("no matrix in %s: %s; `halfopen matrix` makes one, or choose another "
			 "folder with --artifacts",
			 folder, why);
	return names->count > 0;
}

void column_names_free(struct column_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct column_names){ 0 };
}

/* "5.10.262, 6.1.192, host" */
static char *listed(struct column_names names)
{
	struct text text = { 0 };

	text_add(&text, "%s", names.name[0]);
	for (size_t i = 1; i < names.count; i++)
		text_add(&text, ", %s", names.name[i]);
	return text_take(&text);
}

const char *column_choose(struct column_names names, const char *asked)
{
	const char *meant = NULL;
	size_t found = 0;

	for (size_t i = 0; i < names.count; i++) {
		if (strcmp(names.name[i], asked) == 0)
			return names.name[i];
		if (!column_is_meant(names.name[i], asked))
			continue;
		meant = names.name[i];
		found++;
	}
	if (found == 1)
		return meant;
	autofree char *list = listed(names);
	complain("%s '%s'; there are: %s",
		 found == 0 ? "the matrix has no kernel" : "several kernels are meant by", asked,
		 list);
	return NULL;
}
