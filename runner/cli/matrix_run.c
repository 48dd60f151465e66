/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix_run: the `matrix` command: a run in each kernel of a matrix, one after the other: a run by
 * itself uses all processors. Every kernel is looked for before the first is run.
 */
#include "runner/cli/cli.h"
#include "runner/pages/pages.h"
#include "runner/play/play.h"
#include "vm/vm.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct wanted {
	char *word; /* as --kernel has it */
	char *name; /* of its folder and column */
};

struct list {
	struct wanted *all;
	size_t count;
};

static void list_free(struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->all[i].word);
		free(list->all[i].name);
	}
	free(list->all);
}

/* "/boot/vmlinuz-6.1" as the name of a folder. */
static char *clean_name(const char *path)
{
	char *name = format("%s", path + strspn(path, "/."));

	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '_';
	return name;
}

/* False after complaining: each has a folder of its own. */
static bool add(struct list *list, const char *word, const char *given)
{
	autofree char *name = clean_name(given);
	bool good = *name;

	for (size_t i = 0; good && i < list->count; i++)
		good = strcmp(list->all[i].name, name) != 0;
	if (!good) {
		complain("--kernels: '%s' is %s; give it another, as in other=%s", name,
			 *name ? "the name of two" : "no name", word);
		return false;
	}
	list->all = must_realloc(list->all, list->count + 1, sizeof(*list->all));
	list->all[list->count++] =
		(struct wanted){ .word = format("%s", word), .name = format("%s", name) };
	return true;
}

/* "good=PATH": the name. NULL: the kernel's own is taken. *word becomes what stands behind it. */
static char *given_name(const char **word)
{
	const char *equals = strchr(*word, '='), *slash = strchr(*word, '/');

	if (!equals || (slash && slash < equals))
		return NULL;
	char *name = format("%.*s", (int)(equals - *word), *word);
	*word = equals + 1;
	return name;
}

/* False after saying why there is no such kernel here. */
static bool add_word(struct list *list, const char *word, int *status)
{
	autofree char *name = given_name(&word), *why = NULL;

	*status = EXIT_USAGE;
	if (strcmp(word, "host") == 0)
		return add(list, word, name ? name : word);
	struct kernel *kernel = kernel_find(word, &why);
	bool good = kernel && add(list, word, name ? name : kernel->name);
	if (!kernel) {
		*status = pin_find(word) ? EXIT_RUN_ERROR : EXIT_USAGE;
		complain("--kernels: %s", why);
	}
	kernel_free(kernel);
	return good;
}

static bool add_words(struct list *list, const char *words, int *status)
{
	autofree char *copy = format("%s", words);
	char *rest = copy;

	for (const char *word; (word = strsep(&rest, ","));)
		if (!add_word(list, word, status))
			return false;
	return true;
}

/* What is in the cache, oldest first, and the host. */
static void add_all(struct list *list)
{
	size_t count;
	const struct pin *pins = pins_all(&count);

	for (size_t i = 0; i < count; i++)
		if (pins[i].cached)
			add(list, pins[i].version, pins[i].cached);
	add(list, "host", "host");
}

/* Removes what an older run has left to be read. False after saying why not. */
static bool forget(const char *folder)
{
	autofree char *path = format("%s/results.json", folder);

	if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return true;
	complain("cannot remove %s: %s", path, strerror(errno));
	return false;
}

/* Plays the runs; a signal ends them all, with its status. */
static int play_all(const struct options *options, const struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		autofree char *folder = format("%s/%s", matrix_folder(options), list->all[i].name);
		struct options of_run = *options;

		of_run.storms = NO_STORMS; /* they leave no ladders, which it compares */
		of_run.kernel = list->all[i].word;
		of_run.artifacts = folder;
		of_run.brief = true;
		of_run.keep_ladders = true;
		if (!forget(folder))
			return EXIT_RUN_ERROR;
		int status = run_command.obey(&of_run);
		if (status >= EXIT_SIGNALLED || status == EXIT_USAGE)
			return status;
	}
	return EXIT_GOOD;
}

static int run_and_report(const struct options *options, const struct list *list)
{
	autofree struct matrix_column *columns =
		must_alloc(list->count, sizeof(struct matrix_column));
	int status = play_all(options, list);

	if (status != EXIT_GOOD)
		return status;
	for (size_t i = 0; i < list->count; i++)
		columns[i].name = list->all[i].name;
	putchar('\n');
	return matrix_report(options, columns, list->count);
}

static int run_all(const struct options *options)
{
	struct list list = { 0 };
	int status = EXIT_GOOD;

	if (!options->kernels)
		add_all(&list);
	if (!options->kernels || add_words(&list, options->kernels, &status))
		status = run_and_report(options, &list);
	list_free(&list);
	return status;
}

static int command_matrix(const struct options *options)
{
	return options->no_run ? matrix_again(options) : run_all(options);
}

/* ---- the command line ---------------------------------------------------------------------- */

static bool take_kernels(const struct cli_option *option, const char *value, void *field)
{
	size_t length = strlen(value);

	*(const char **)field = value;
	if (length > 0 && value[0] != ',' && value[length - 1] != ',' && !strstr(value, ",,"))
		return true;
	complain("--%s '%s': a comma separated list is allowed, as in 5.10,6.1,host", option->name,
		 value);
	return false;
}

static const struct cli_option matrix_options[] = {
	{ .name = "kernels",
	  .argument = "LIST",
	  .take = take_kernels,
	  FIELD(kernels),
	  .complete = complete_kernel_list,
	  .help = "in these, comma separated: host, or what run --kernel takes, as in "
		  "5.10,6.1,host or good=PATH,bad=PATH (default: all that are in the cache, and "
		  "the host)" },
	WIRE_OPTION,
	TIMEOUT_MULTIPLIER_OPTION,
	JOBS_OPTION("this many cases at once"),
	ARTIFACTS_OPTION("each kernel has a folder in here (default: ./artifacts/matrix)"),
	ARTIFACTS_ON_OPTION,
	{ .name = "no-run",
	  .take = take_flag,
	  FIELD(no_run),
	  .help = "run nothing: tell again what is there" },
	{ 0 },
};

const struct command matrix_command = {
	.name = "matrix",
	.arguments = "[PATTERN...]",
	.summary = "the claims on many kernels, and what differs between them",
	.about = "Run the cases that match a PATTERN in many kernels and tell what they show: the "
		 "claims, what differs between kernels, and which recorded variant has changed. "
		 "Writes matrix.html and matrix.json beside the kernels' artifacts.",
	.ending = "Exit status: 0; 1 a case failed or a recorded variant has changed; 99 a run was "
		  "an error; 2 wrong usage.",
	.options = matrix_options,
	.complete = complete_patterns,
	.obey = command_matrix,
};
