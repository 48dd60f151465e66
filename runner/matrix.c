/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix: what the runs of many kernels say of the claims, where neighbours differ, and which
 * kernel no longer shows the variant that is recorded for it.
 */
#include "runner/matrix.h"

#include <string.h>

static const char default_folder[] = "artifacts/matrix";

const char *matrix_folder(const struct options *options)
{
	return options->artifacts ? options->artifacts : default_folder;
}

struct outcome matrix_outcome(const struct matrix *matrix, size_t entry, size_t column)
{
	return matrix->outcomes[entry * matrix->column_count + column];
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* A pattern means the claims that it matches; if there are none, those that its cases answer. */
static void mark_claims(const struct plan *plan, const char *pattern, bool *wanted)
{
	size_t count;
	const struct claim *claims = all_claims(&count);

	if (claims_mark(pattern, wanted))
		return;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < plan->count; j++)
			wanted[i] = wanted[i] ||
				    text_has_word(plan->entries[j].spec->claims, claims[i].id);
}

static void choose_claims(struct matrix *matrix, const struct options *options)
{
	size_t count;
	const struct claim *claims = all_claims(&count);
	autofree bool *wanted = must_alloc(count + 1, sizeof(*wanted));

	for (size_t i = 0; i < options->word_count; i++)
		mark_claims(&matrix->plan, options->words[i], wanted);

	matrix->claims = must_alloc(count, sizeof(struct claim *));
	for (size_t i = 0; i < count; i++)
		if (wanted[i] || options->word_count == 0)
			matrix->claims[matrix->claim_count++] = &claims[i];
}

/* ---- cells of claims ----------------------------------------------------------------------- */

/* The status of the entries that make a claim's status. */
static const char *deciding_status(enum claim_status status)
{
	return status == CLAIM_SHOWN ? ending_name(PASSED) : claim_status_name(status);
}

/* Those that make the cell's word; of a variant, those that saw one. */
static json_t *deciding_entries(const struct matrix *matrix, const struct claim *claim,
				size_t column, const struct claim_cell *cell)
{
	json_t *entries = json_array();

	for (size_t i = 0; i < matrix->plan.count; i++) {
		const struct entry *entry = &matrix->plan.entries[i];
		struct outcome outcome = matrix_outcome(matrix, i, column);

		if (text_has_word(entry->spec->claims, claim->id) &&
		    strcmp(outcome.status, deciding_status(cell->status)) == 0 &&
		    (outcome.variant || json_array_size(cell->variants) == 0))
			json_array_append_new(entries, json_text(entry->id));
	}
	return entries;
}

static bool is_answered(const struct claim *claim)
{
	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next)
		if (text_has_word(spec->claims, claim->id))
			return true;
	return false;
}

static const char *word_of(const struct claim *claim, const struct claim_cell *cell)
{
	if (cell->status == CLAIM_SHOWN)
		return json_array_size(cell->variants) > 0 ? "variant"
							   : claim_verdict_name(claim->verdict);
	if (cell->status == CLAIM_NOT_RUN && claim->verdict == ARGUED && !is_answered(claim))
		return claim_verdict_name(ARGUED);
	return deciding_status(cell->status);
}

struct claim_cell claim_cell(const struct matrix *matrix, const struct claim *claim, size_t column)
{
	const struct column *its_column = &matrix->columns[column];
	struct evidence evidence = claim_evidence(its_column->run, claim->id);
	struct claim_cell cell = {
		.status = its_column->error ? CLAIM_BROKEN : evidence_status(&evidence),
		.variants = json_array(),
	};
	const char *name;
	json_t *value;

	json_object_foreach (evidence.variants, name, value)
		if (cell.status == CLAIM_SHOWN)
			json_array_append_new(cell.variants, json_text(name));
	json_decref(evidence.variants);
	cell.word = word_of(claim, &cell);
	cell.entries = deciding_entries(matrix, claim, column, &cell);
	return cell;
}

void claim_cell_free(struct claim_cell *cell)
{
	json_decref(cell->variants);
	json_decref(cell->entries);
}

/* ---- what differs from the left neighbour -------------------------------------------------- */

static void compare_neighbours(struct matrix *matrix, size_t entry, size_t left, size_t right)
{
	struct outcome a = matrix_outcome(matrix, entry, left);
	struct outcome b = matrix_outcome(matrix, entry, right);
	struct difference difference = {
		.entry = &matrix->plan.entries[entry],
		.left = left,
		.right = right,
		.status = strcmp(a.status, b.status) != 0,
		.variant = !text_is(a.variant, b.variant),
		.ladder = a.ladder && b.ladder && strcmp(a.ladder, b.ladder) != 0,
	};

	if (!difference.status && !difference.variant && !difference.ladder)
		return;
	matrix->differences = must_realloc(matrix->differences, matrix->difference_count + 1,
					   sizeof(*matrix->differences));
	matrix->differences[matrix->difference_count++] = difference;
}

static bool is_error(struct outcome outcome)
{
	return strcmp(outcome.status, ending_name(BROKEN)) == 0;
}

static void find_differences(struct matrix *matrix)
{
	for (size_t entry = 0; entry < matrix->plan.count; entry++) {
		size_t left = matrix->column_count;

		for (size_t column = 0; column < matrix->column_count; column++) {
			if (is_error(matrix_outcome(matrix, entry, column)))
				continue;
			if (left < matrix->column_count)
				compare_neighbours(matrix, entry, left, column);
			left = column;
		}
	}
}

const struct difference *difference_at(const struct matrix *matrix, const struct entry *entry,
				       size_t column)
{
	for (size_t i = 0; i < matrix->difference_count; i++)
		if (matrix->differences[i].entry == entry && matrix->differences[i].right == column)
			return &matrix->differences[i];
	return NULL;
}

bool claim_differs(const struct matrix *matrix, const struct claim *claim, size_t column)
{
	for (size_t i = 0; i < matrix->difference_count; i++)
		if (matrix->differences[i].right == column &&
		    text_has_word(matrix->differences[i].entry->spec->claims, claim->id))
			return true;
	return false;
}

char *difference_words(const struct difference *difference)
{
	bool before = difference->status || difference->variant;

	return format("%s%s%s%s%s", difference->status ? "status" : "",
		      difference->status && difference->variant ? ", " : "",
		      difference->variant ? "variant" : "",
		      before && difference->ladder ? ", " : "", difference->ladder ? "ladder" : "");
}

/* ---- recorded variants --------------------------------------------------------------------- */

/* Versions alone: what else a column may be called says nothing about its kernel. */
static bool is_version(const char *name)
{
	return name[0] >= '0' && name[0] <= '9' && name[strspn(name, "0123456789.")] == '\0';
}

/* Only a case that passed has shown which variant its kernel has. */
static void judge_variant(struct matrix *matrix, size_t entry, size_t column)
{
	const struct entry *its_entry = &matrix->plan.entries[entry];
	const char *kernel = matrix->columns[column].name;
	const struct recorded_variant *record =
		is_version(kernel) ? record_of(its_entry->spec->name, kernel) : NULL;
	struct outcome outcome = matrix_outcome(matrix, entry, column);

	if (!record || strcmp(outcome.status, ending_name(PASSED)) != 0 ||
	    text_is(record->variant, outcome.variant))
		return;
	matrix->changes =
		must_realloc(matrix->changes, matrix->change_count + 1, sizeof(*matrix->changes));
	matrix->changes[matrix->change_count++] = (struct change){
		.entry = its_entry,
		.column = column,
		.recorded = record->variant,
		.seen = outcome.variant,
	};
}

static void judge_variants(struct matrix *matrix)
{
	for (size_t entry = 0; entry < matrix->plan.count; entry++)
		for (size_t column = 0; column < matrix->column_count; column++)
			judge_variant(matrix, entry, column);
}

char *change_words(const struct change *change)
{
	return format("%s instead of %s", change->seen ? change->seen : "no variant",
		      change->recorded ? change->recorded : "none");
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void read_outcomes(struct matrix *matrix)
{
	struct outcome *next = must_alloc(matrix->plan.count * matrix->column_count, sizeof(*next));

	matrix->outcomes = next;
	for (size_t entry = 0; entry < matrix->plan.count; entry++)
		for (size_t column = 0; column < matrix->column_count; column++)
			*next++ = column_outcome(&matrix->columns[column],
						 &matrix->plan.entries[entry]);
}

static bool matrix_read(struct matrix *matrix, const struct matrix_column *columns, size_t count)
{
	struct options once = *matrix->options;

	once.repeat = 1;
	if (!plan_make(&matrix->plan, &once))
		return false;
	choose_claims(matrix, &once);
	matrix->columns = must_alloc(count, sizeof(*matrix->columns));
	for (; matrix->column_count < count; matrix->column_count++) {
		const struct matrix_column *asked = &columns[matrix->column_count];
		struct column *column = &matrix->columns[matrix->column_count];

		*column = asked->error ? (struct column){ .name = format("%s", asked->name),
							  .folder = format("%s/%s", matrix->folder,
									   asked->name),
							  .error = format("%s", asked->error) }
				       : column_read(matrix->folder, asked->name);
	}
	read_outcomes(matrix);
	find_differences(matrix);
	judge_variants(matrix);
	return true;
}

static void matrix_free(struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->column_count; i++)
		column_free(&matrix->columns[i]);
	free(matrix->columns);
	free(matrix->outcomes);
	plan_free(&matrix->plan);
	free(matrix->claims);
	free(matrix->differences);
	free(matrix->changes);
}

/* False after saying what could not be written. */
static bool matrix_write(const struct matrix *matrix)
{
	autofree char *json_path = format("%s/matrix.json", matrix->folder);
	autofree char *html_path = format("%s/matrix.html", matrix->folder);
	json_auto_t *json = matrix_json(matrix);
	autofree char *problem = json_store(json, json_path) ? matrix_write_html(matrix, html_path)
							     : cannot_write(json_path);

	if (problem)
		complain("%s", problem);
	return !problem;
}

static int exit_status(const struct matrix *matrix)
{
	int status = matrix->change_count > 0 ? EXIT_CASE_FAILED : EXIT_GOOD;

	for (size_t column = 0; column < matrix->column_count; column++)
		for (size_t entry = 0; entry < matrix->plan.count; entry++) {
			struct outcome outcome = matrix_outcome(matrix, entry, column);

			if (is_error(outcome))
				return EXIT_RUN_ERROR;
			if (strcmp(outcome.status, ending_name(FAILED)) == 0)
				status = EXIT_CASE_FAILED;
		}
	return status;
}

int matrix_tell(const struct options *options, const char *folder,
		const struct matrix_column *columns, size_t count)
{
	struct matrix matrix = { .options = options, .folder = folder };
	int status = EXIT_USAGE;

	if (matrix_read(&matrix, columns, count)) {
		status = exit_status(&matrix);
		if (!matrix_write(&matrix))
			status = EXIT_RUN_ERROR;
		matrix_print(&matrix);
	}
	matrix_free(&matrix);
	return status;
}

/* ---- the command --------------------------------------------------------------------------- */

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

/* Tells what is there. */
static int tell_again(const struct options *options)
{
	const char *folder = matrix_folder(options);
	struct column_names names;

	if (!column_names_read(&names, folder))
		return EXIT_USAGE;
	size_t most = names.count + (options->kernels ? strlen(options->kernels) : 0);
	autofree struct matrix_column *columns = must_alloc(most, sizeof(*columns));
	size_t count = choose_columns(options, names, columns);
	int status = count > 0 ? matrix_tell(options, folder, columns, count) : EXIT_USAGE;
	column_names_free(&names);
	return status;
}

int command_matrix(const struct options *options)
{
	return options->no_run ? tell_again(options) : matrix_run(options);
}
