/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix_json: matrix.json, all that is known of a matrix. The same runs give the same bytes.
 */
#include "runner/pages/matrix.h"

static json_t *run_member(const struct column *column, const char *key)
{
	json_t *value = json_object_get(column->run, key);

	return value ? json_incref(value) : json_null();
}

static json_t *kernel_json(const struct column *column)
{
	const char *release = column->run ? column_release(column) : NULL;
	json_t *kernel = json_object();

	json_object_set_new(kernel, "name", json_text(column->name));
	json_object_set_new(kernel, "release", json_text(release));
	json_object_set_new(kernel, "lane", run_member(column, "lane"));
	json_object_set_new(kernel, "clock", run_member(column, "clock"));
	json_object_set_new(kernel, "wire", run_member(column, "wire"));
	json_object_set_new(kernel, "started", run_member(column, "started"));
	json_object_set_new(kernel, "folder", json_text(column->name));
	json_object_set_new(kernel, "complete", json_boolean(!column->error));
	json_object_set_new(kernel, "error", json_text(column->error));
	return kernel;
}

static json_t *claim_cell_json(const struct matrix *matrix, const struct claim *claim,
			       size_t column)
{
	struct claim_cell cell = claim_cell(matrix, claim, column);
	bool shown = cell.status == CLAIM_SHOWN;
	json_t *json = json_pack(
		"{s:o, s:s, s:o, s:O, s:O}", "kernel", json_text(matrix->columns[column].name),
		"status", claim_status_name(cell.status), "verdict",
		json_text(shown ? claim_word(matrix->options.catalogue, claim) : NULL), "variants",
		cell.variants, "cases", cell.tests);

	claim_cell_free(&cell);
	return json;
}

static json_t *claim_cells(const struct matrix *matrix, const struct claim *claim)
{
	json_t *cells = json_array();

	for (size_t column = 0; column < matrix->column_count; column++)
		json_array_append_new(cells, claim_cell_json(matrix, claim, column));
	return cells;
}

static json_t *claim_json(const struct matrix *matrix, const struct claim *claim)
{
	json_t *json = claim_as_json(matrix->options.catalogue, claim);

	json_object_set_new(json, "cells", claim_cells(matrix, claim));
	return json;
}

static json_t *claims_json(const struct matrix *matrix)
{
	json_t *claims = json_array();

	for (size_t i = 0; i < matrix->claim_count; i++)
		json_array_append_new(claims, claim_json(matrix, matrix->claims[i]));
	return claims;
}

static json_t *test_cells(const struct matrix *matrix, size_t test)
{
	json_t *cells = json_array();

	for (size_t column = 0; column < matrix->column_count; column++) {
		struct outcome outcome = matrix_outcome(matrix, test, column);

		json_array_append_new(cells, json_pack("{s:o, s:s, s:o, s:o, s:o}", "kernel",
						       json_text(matrix->columns[column].name),
						       "status", outcome.status, "variant",
						       json_text(outcome.variant), "reason",
						       json_text(outcome.reason), "ladder",
						       json_text(outcome.ladder)));
	}
	return cells;
}

static json_t *tests_json(const struct matrix *matrix)
{
	json_t *tests = json_array();

	for (size_t i = 0; i < matrix->rows.count; i++) {
		const struct test *test = &matrix->rows.tests[i];

		json_array_append_new(tests, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "case",
						       test->spec->name, "family",
						       family_name(test->family), "topic",
						       json_text(test->spec->topic), "claims",
						       json_words(test->spec->claims), "covers",
						       json_words(test->spec->covers), "cells",
						       test_cells(matrix, i)));
	}
	return tests;
}

static json_t *what_differs(const struct difference *difference)
{
	json_t *what = json_array();

	if (difference->status)
		json_array_append_new(what, json_string("status"));
	if (difference->variant)
		json_array_append_new(what, json_string("variant"));
	if (difference->ladder)
		json_array_append_new(what, json_string("ladder"));
	return what;
}

static json_t *differences_json(const struct matrix *matrix)
{
	json_t *differences = json_array();

	for (size_t i = 0; i < matrix->difference_count; i++) {
		const struct difference *each = &matrix->differences[i];

		json_array_append_new(
			differences,
			json_pack("{s:s, s:s, s:o, s:o, s:o}", "case", each->test->spec->name,
				  "family", family_name(each->test->family), "left",
				  json_text(matrix->columns[each->left].name), "right",
				  json_text(matrix->columns[each->right].name), "what",
				  what_differs(each)));
	}
	return differences;
}

static json_t *changes_json(const struct matrix *matrix)
{
	json_t *changes = json_array();

	for (size_t i = 0; i < matrix->change_count; i++) {
		const struct change *each = &matrix->changes[i];

		json_array_append_new(
			changes,
			json_pack("{s:s, s:s, s:o, s:o, s:o}", "case", each->test->spec->name,
				  "family", family_name(each->test->family), "kernel",
				  json_text(matrix->columns[each->column].name), "recorded",
				  json_text(each->recorded), "seen", json_text(each->seen)));
	}
	return changes;
}

static json_t *matrix_json(const struct matrix *matrix)
{
	json_t *json = json_object(), *kernels = json_array();

	for (size_t i = 0; i < matrix->column_count; i++)
		json_array_append_new(kernels, kernel_json(&matrix->columns[i]));
	json_object_set_new(json, "halfopen", json_text(PACKAGE_VERSION));
	json_object_set_new(json, "kernels", kernels);
	json_object_set_new(json, "claims", claims_json(matrix));
	json_object_set_new(json, "cases", tests_json(matrix));
	json_object_set_new(json, "differences", differences_json(matrix));
	json_object_set_new(json, "changes", changes_json(matrix));
	return json;
}

char *matrix_write_json(const struct matrix *matrix, const char *path)
{
	json_auto_t *json = matrix_json(matrix);

	return json_store(json, path) ? NULL : cannot_write(path);
}
