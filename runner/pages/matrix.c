/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix: what the runs of many kernels say of the claims, where neighbours differ, and which
 * kernel no longer shows the variant that is recorded for it.
 */
#include "runner/pages/matrix.h"

#include <string.h>

struct outcome matrix_outcome(const struct matrix *matrix, size_t test, size_t column)
{
	return matrix->outcomes[test * matrix->column_count + column];
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* A pattern means the claims that it matches; if there are none, those that its cases answer. */
static void mark_claims(const struct matrix *matrix, const char *pattern, bool *wanted)
{
	const struct catalogue *catalogue = matrix->options.catalogue;

	if (claims_mark(catalogue, pattern, wanted))
		return;
	for (size_t i = 0; i < catalogue->claim_count; i++)
		for (size_t j = 0; j < matrix->rows.count; j++)
			wanted[i] = wanted[i] || case_answers(matrix->rows.tests[j].spec,
							      catalogue->claims[i].id);
}

static void choose_claims(struct matrix *matrix)
{
	const struct catalogue *catalogue = matrix->options.catalogue;
	struct patterns patterns = matrix->options.patterns;
	autofree bool *wanted = must_alloc(catalogue->claim_count + 1, sizeof(*wanted));

	for (size_t i = 0; i < patterns.count; i++)
		mark_claims(matrix, patterns.words[i], wanted);

	matrix->claims = must_alloc(catalogue->claim_count, sizeof(struct claim *));
	for (size_t i = 0; i < catalogue->claim_count; i++)
		if (wanted[i] || (patterns.count == 0 && catalogue->claims[i].verdict != BEHAVIOUR))
			matrix->claims[matrix->claim_count++] = &catalogue->claims[i];
}

/* ---- cells of claims ----------------------------------------------------------------------- */

/* The status of the tests that make a claim's status. */
static const char *deciding_status(enum claim_status status)
{
	return status == CLAIM_SHOWN ? ending_name(PASSED) : claim_status_name(status);
}

/* Those that make the cell's word; of a variant, those that saw one. */
static json_t *deciding_tests(const struct matrix *matrix, const struct claim *claim, size_t column,
			      const struct claim_cell *cell)
{
	json_t *tests = json_array();

	for (size_t i = 0; i < matrix->rows.count; i++) {
		const struct test *test = &matrix->rows.tests[i];
		struct outcome outcome = matrix_outcome(matrix, i, column);

		if (case_answers(test->spec, claim->id) &&
		    strcmp(outcome.status, deciding_status(cell->status)) == 0 &&
		    (outcome.variant || json_array_size(cell->variants) == 0))
			json_array_append_new(tests, json_text(test->id));
	}
	return tests;
}

static const char *word_of(const struct matrix *matrix, const struct claim *claim,
			   const struct claim_cell *cell)
{
	if (cell->status == CLAIM_SHOWN)
		return json_array_size(cell->variants) > 0
			       ? "variant"
			       : claim_word(matrix->options.catalogue, claim);
	if (cell->status == CLAIM_NOT_RUN && claim->verdict == ARGUED &&
	    !claim_is_answered(matrix->options.catalogue, claim))
		return claim_verdict_name(ARGUED);
	return deciding_status(cell->status);
}

struct claim_cell claim_cell(const struct matrix *matrix, const struct claim *claim, size_t column)
{
	const struct column *its_column = &matrix->columns[column];
	struct evidence evidence =
		claim_evidence(matrix->options.catalogue, its_column->run, claim->id);
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
	cell.word = word_of(matrix, claim, &cell);
	cell.tests = deciding_tests(matrix, claim, column, &cell);
	return cell;
}

void claim_cell_free(struct claim_cell *cell)
{
	json_decref(cell->variants);
	json_decref(cell->tests);
}

/* ---- what differs from the left neighbour -------------------------------------------------- */

static void compare_neighbours(struct matrix *matrix, size_t test, size_t left, size_t right)
{
	struct outcome a = matrix_outcome(matrix, test, left);
	struct outcome b = matrix_outcome(matrix, test, right);
	struct difference difference = {
		.test = &matrix->rows.tests[test],
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
	for (size_t test = 0; test < matrix->rows.count; test++) {
		size_t left = matrix->column_count;

		for (size_t column = 0; column < matrix->column_count; column++) {
			if (is_error(matrix_outcome(matrix, test, column)))
				continue;
			if (left < matrix->column_count)
				compare_neighbours(matrix, test, left, column);
			left = column;
		}
	}
}

const struct difference *difference_at(const struct matrix *matrix, const struct test *test,
				       size_t column)
{
	for (size_t i = 0; i < matrix->difference_count; i++)
		if (matrix->differences[i].test == test && matrix->differences[i].right == column)
			return &matrix->differences[i];
	return NULL;
}

bool claim_differs(const struct matrix *matrix, const struct claim *claim, size_t column)
{
	for (size_t i = 0; i < matrix->difference_count; i++)
		if (matrix->differences[i].right == column &&
		    case_answers(matrix->differences[i].test->spec, claim->id))
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
static void judge_variant(struct matrix *matrix, size_t test, size_t column)
{
	const struct test *its_test = &matrix->rows.tests[test];
	const char *kernel = matrix->columns[column].name;
	const struct recorded_variant *record =
		is_version(kernel)
			? record_of(matrix->options.catalogue, its_test->spec->name, kernel)
			: NULL;
	struct outcome outcome = matrix_outcome(matrix, test, column);

	if (!record || strcmp(outcome.status, ending_name(PASSED)) != 0 ||
	    text_is(record->variant, outcome.variant))
		return;
	matrix->changes =
		must_realloc(matrix->changes, matrix->change_count + 1, sizeof(*matrix->changes));
	matrix->changes[matrix->change_count++] = (struct change){
		.test = its_test,
		.column = column,
		.recorded = record->variant,
		.seen = outcome.variant,
	};
}

static void judge_variants(struct matrix *matrix)
{
	for (size_t test = 0; test < matrix->rows.count; test++)
		for (size_t column = 0; column < matrix->column_count; column++)
			judge_variant(matrix, test, column);
}

char *change_words(const struct change *change)
{
	return format("%s instead of %s", change->seen ? change->seen : "no variant",
		      change->recorded ? change->recorded : "none");
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void read_outcomes(struct matrix *matrix)
{
	struct outcome *next = must_alloc(matrix->rows.count * matrix->column_count, sizeof(*next));

	matrix->outcomes = next;
	for (size_t test = 0; test < matrix->rows.count; test++)
		for (size_t column = 0; column < matrix->column_count; column++)
			*next++ =
				column_outcome(&matrix->columns[column], &matrix->rows.tests[test]);
}

static struct column read_column(const struct matrix *matrix, const struct matrix_column *asked)
{
	const char *folder = matrix->options.folder;

	if (!asked->error)
		return column_read(matrix->options.catalogue, folder, asked->name);
	return (struct column){ .name = format("%s", asked->name),
				.folder = format("%s/%s", folder, asked->name),
				.error = format("%s", asked->error) };
}

struct matrix *matrix_read(struct matrix_options options)
{
	struct selection rows;

	if (!selection_make(&rows, options.catalogue, options.patterns))
		return NULL;
	struct matrix *matrix = must_alloc(1, sizeof(*matrix));
	matrix->options = options;
	matrix->rows = rows;
	choose_claims(matrix);
	matrix->columns = must_alloc(options.column_count, sizeof(*matrix->columns));
	for (size_t i = 0; i < options.column_count; i++)
		matrix->columns[i] = read_column(matrix, &options.columns[i]);
	matrix->column_count = options.column_count;
	read_outcomes(matrix);
	find_differences(matrix);
	judge_variants(matrix);
	return matrix;
}

void matrix_free(struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->column_count; i++)
		column_free(&matrix->columns[i]);
	free(matrix->columns);
	free(matrix->outcomes);
	selection_free(&matrix->rows);
	free(matrix->claims);
	free(matrix->differences);
	free(matrix->changes);
	free(matrix);
}

enum ending matrix_ending(const struct matrix *matrix)
{
	enum ending ending = matrix->change_count > 0 ? FAILED : PASSED;

	for (size_t column = 0; column < matrix->column_count; column++)
		for (size_t test = 0; test < matrix->rows.count; test++) {
			struct outcome outcome = matrix_outcome(matrix, test, column);

			if (is_error(outcome))
				return BROKEN;
			if (strcmp(outcome.status, ending_name(FAILED)) == 0)
				ending = FAILED;
		}
	return ending;
}
