/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix: the runs of many kernels that are there, as a table and two files.
 */
#include "runner/cli/cli.h"
#include "runner/pages/pages.h"

#include <string.h>

static const char default_folder[] = "artifacts/matrix";

const char *matrix_folder(const struct options *options)
{
	return options->artifacts ? options->artifacts : default_folder;
}

/* False after saying what could not be written. */
static bool write_files(const struct matrix *matrix, const char *folder)
{
	autofree char *json_path = format("%s/matrix.json", folder);
	autofree char *html_path = format("%s/matrix.html", folder);
	autofree char *problem = matrix_write_json(matrix, json_path);

	if (!problem)
		problem = matrix_write_html(matrix, html_path);
	if (problem)
		complain("%s", problem);
	return !problem;
}

static int exit_status(const struct matrix *matrix)
{
	static const int statuses[] = {
		[PASSED] = EXIT_GOOD,
		[FAILED] = EXIT_CASE_FAILED,
		[BROKEN] = EXIT_RUN_ERROR,
	};

	return statuses[matrix_ending(matrix)];
}

int matrix_report(const struct options *options, const struct matrix_column *columns, size_t count)
{
	const char *folder = matrix_folder(options);
	struct matrix *matrix =
		matrix_read((struct matrix_options){ .catalogue = options->catalogue,
						     .patterns = patterns_of(options),
						     .folder = folder,
						     .artifacts = options->artifacts,
						     .columns = columns,
						     .column_count = count });

	if (!matrix)
		return EXIT_USAGE;
	int status = exit_status(matrix);
	if (!write_files(matrix, folder))
		status = EXIT_RUN_ERROR;
	matrix_print(matrix);
	matrix_free(matrix);
	return status;
}

/* The folders that --kernels means, in its order; all where it is not given. The number of them,
 * or 0 after complaining. */
static size_t choose_columns(const struct options *options, struct column_names names,
			     struct matrix_column *columns)
{
	autofree char *list = format("%s", options->kernels ? options->kernels : "");
	char *rest = NULL;
	size_t chosen = 0;

	for (size_t i = 0; !options->kernels && i < names.count; i++)
		columns[chosen++].name = names.name[i];
	for (const char *word = strtok_r(list, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		const char *name = column_choose(names, word);

		if (!name)
			return 0;
		columns[chosen++].name = name;
	}
	return chosen;
}

int matrix_again(const struct options *options)
{
	struct column_names names;

	if (!column_names_read(&names, matrix_folder(options)))
		return EXIT_USAGE;
	size_t most = names.count + (options->kernels ? strlen(options->kernels) : 0);
	autofree struct matrix_column *columns = must_alloc(most, sizeof(*columns));
	size_t count = choose_columns(options, names, columns);
	int status = count > 0 ? matrix_report(options, columns, count) : EXIT_USAGE;
	column_names_free(&names);
	return status;
}
