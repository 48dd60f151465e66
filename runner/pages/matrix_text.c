/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix_text: a matrix on a terminal or in a log: the table, and below it in words what is wrong,
 * what differs between neighbours, and which recorded variant has changed.
 */
#include "runner/pages/matrix.h"

#include "base/terminal.h"

#include <string.h>
#include <sys/socket.h>

enum {
	LOG_WIDTH = 100,
	LEAST_TEXT = 20, /* of a claim, in columns */
	GAP = 1,
};

/* ---- notes: a variant's name has no room in a cell ----------------------------------------- */

/* The number of a note, from 1. */
static size_t note_number(json_t *notes, const char *name)
{
	size_t index;
	json_t *each;

	json_array_foreach (notes, index, each)
		if (strcmp(json_string_value(each), name) == 0)
			return index + 1;
	json_array_append_new(notes, json_text(name));
	return json_array_size(notes);
}

/* "variant 1,2", "confirmed". */
static char *cell_text(json_t *notes, const struct claim_cell *cell)
{
	struct text text = { 0 };
	size_t index;
	json_t *name;

	text_add(&text, "%s", cell->word);
	if (strcmp(cell->word, "variant") != 0)
		return text_take(&text);
	json_array_foreach (cell->variants, index, name)
		text_add(&text, "%s%zu", index ? "," : " ",
			 note_number(notes, json_string_value(name)));
	return text_take(&text);
}

static void print_notes(const json_t *notes)
{
	size_t index;
	json_t *name;

	if (json_array_size(notes) > 0)
		printf("\nvariants\n");
	json_array_foreach (notes, index, name)
		printf("  %2zu  %s\n", index + 1, json_string_value(name));
}

/* ---- the table ----------------------------------------------------------------------------- */

/* The kernels that fit beside each other, from @first to before @end. */
struct band {
	size_t first, end;
	unsigned id_width, cell_width, text_width;
};

/* What is longer than @width ends in dots. */
static void print_cut(const char *text, unsigned width)
{
	unsigned length = (unsigned)strlen(text);

	if (length <= width)
		printf("%-*s", (int)width, text);
	else
		printf("%.*s...", (int)width - 3, text);
}

static void print_head(const struct matrix *matrix, const struct band *band)
{
	int padding = (int)(band->id_width + GAP + band->text_width);

	putchar('\n');
	for (size_t column = band->first; column < band->end; column++) {
		const char *name = matrix->columns[column].name;

		printf("%*s%s", padding + GAP, "", name);
		padding = (int)band->cell_width - (int)strlen(name);
	}
	putchar('\n');
}

static void print_row(const struct matrix *matrix, const struct band *band, size_t row,
		      json_t *notes)
{
	const struct claim *claim = matrix->claims[row];
	int padding = 0;

	printf("%-*s%*s", (int)band->id_width, claim->id, GAP, "");
	print_cut(claim->text, band->text_width);
	for (size_t column = band->first; column < band->end; column++) {
		struct claim_cell cell = claim_cell(matrix, claim, column);
		autofree char *text = cell_text(notes, &cell);

		printf("%*s", padding + GAP, "");
		print_in_colour(colour_of(cell.word), text);
		padding = (int)band->cell_width - (int)strlen(text);
		claim_cell_free(&cell);
	}
	putchar('\n');
}

/* All columns are as wide as the widest cell; and so is the id's. */
static void measure(const struct matrix *matrix, struct band *band)
{
	json_auto_t *notes = json_array();

	for (size_t row = 0; row < matrix->claim_count; row++) {
		unsigned length = (unsigned)strlen(matrix->claims[row]->id);

		band->id_width = length > band->id_width ? length : band->id_width;
		for (size_t column = 0; column < matrix->column_count; column++) {
			struct claim_cell cell = claim_cell(matrix, matrix->claims[row], column);
			autofree char *text = cell_text(notes, &cell);

			length = (unsigned)strlen(text);
			band->cell_width = length > band->cell_width ? length : band->cell_width;
			claim_cell_free(&cell);
		}
	}
	for (size_t column = 0; column < matrix->column_count; column++) {
		unsigned length = (unsigned)strlen(matrix->columns[column].name);

		band->cell_width = length > band->cell_width ? length : band->cell_width;
	}
}

/* As many bands as it takes for a claim's text to keep LEAST_TEXT columns. */
static void print_table(const struct matrix *matrix, json_t *notes)
{
	struct band band = { 0 };

	measure(matrix, &band);
	unsigned width = terminal_columns(LOG_WIDTH), cell = band.cell_width + GAP;
	unsigned fixed = band.id_width + GAP;
	size_t at_once =
		width > fixed + LEAST_TEXT + cell ? (width - fixed - LEAST_TEXT) / cell : 1;

	for (; band.first < matrix->column_count; band.first = band.end) {
		size_t left = matrix->column_count - band.first;
		size_t count = left < at_once ? left : at_once;
		unsigned used = fixed + (unsigned)count * cell;

		band.end = band.first + count;
		band.text_width = width > used + LEAST_TEXT ? width - used : LEAST_TEXT;
		print_head(matrix, &band);
		for (size_t row = 0; row < matrix->claim_count; row++)
			print_row(matrix, &band, row, notes);
	}
}

/* ---- in words ------------------------------------------------------------------------------ */

static void print_kernels(const struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->column_count; i++) {
		const struct column *column = &matrix->columns[i];
		autofree char *description = column_description(column);

		printf("%s: %s\n", column->name,
		       *description ? description : "nothing is known of its run");
	}
}

static void print_title(bool *printed, const char *title)
{
	if (!*printed)
		printf("\n%s\n", title);
	*printed = true;
}

/* The column's own error once, and else each test's. */
static void print_bad(const struct matrix *matrix, enum ending ending, const char *title)
{
	bool printed = false;

	for (size_t column = 0; column < matrix->column_count; column++) {
		const struct column *its = &matrix->columns[column];

		if (its->error && ending == BROKEN) {
			print_title(&printed, title);
			printf("  %s: %s\n", its->name, its->error);
		}
		for (size_t i = 0; !its->error && i < matrix->rows.count; i++) {
			struct outcome outcome = matrix_outcome(matrix, i, column);

			if (strcmp(outcome.status, ending_name(ending)) != 0)
				continue;
			print_title(&printed, title);
			printf("  %s: %s: %s\n", its->name, matrix->rows.tests[i].id,
			       reason_or_none(outcome.reason));
		}
	}
}

/* The same of the other family, which comes next. */
static bool both_families(const struct matrix *matrix, size_t index)
{
	const struct difference *each = &matrix->differences[index];

	for (size_t i = 0; i < matrix->difference_count; i++) {
		const struct difference *other = &matrix->differences[i];

		if (i != index && other->test->spec == each->test->spec &&
		    other->left == each->left && other->right == each->right)
			return other->status == each->status && other->variant == each->variant &&
			       other->ladder == each->ladder;
	}
	return false;
}

static void print_command(const struct matrix *matrix, const struct difference *difference,
			  const char *name)
{
	autofree char *what = difference_words(difference);
	const char *artifacts = matrix->options.artifacts;

	printf("  %s: halfopen diff %s %s %s", what, name, matrix->columns[difference->left].name,
	       matrix->columns[difference->right].name);
	if (artifacts)
		printf(" --artifacts '%s'", artifacts);
	putchar('\n');
}

static void print_differences(const struct matrix *matrix)
{
	bool printed = false;

	for (size_t i = 0; i < matrix->difference_count; i++) {
		const struct difference *each = &matrix->differences[i];
		bool both = both_families(matrix, i);

		if (both && each->test->family == AF_INET6)
			continue;
		print_title(&printed, "what differs from the kernel to its left");
		print_command(matrix, each, both ? each->test->spec->name : each->test->id);
	}
}

static void print_changes(const struct matrix *matrix)
{
	bool printed = false;

	for (size_t i = 0; i < matrix->change_count; i++) {
		const struct change *each = &matrix->changes[i];
		autofree char *words = change_words(each);

		print_title(&printed, "recorded variants that have changed");
		printf("  %s: %s: %s\n", matrix->columns[each->column].name, each->test->id, words);
	}
}

void matrix_print(const struct matrix *matrix)
{
	json_auto_t *notes = json_array();

	print_kernels(matrix);
	if (matrix->claim_count > 0)
		print_table(matrix, notes);
	print_notes(notes);
	print_bad(matrix, FAILED, "failed");
	print_bad(matrix, BROKEN, "errors");
	print_differences(matrix);
	print_changes(matrix);
	printf("\nthe whole of it: %s/matrix.html, %s/matrix.json\n", matrix->options.folder,
	       matrix->options.folder);
}
