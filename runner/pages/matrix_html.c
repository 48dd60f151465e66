/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix_html: matrix.html, one page that needs nothing else: the table, and below it each case on
 * every kernel, with the ladders side by side where neighbours differ. It is well-formed XML too.
 */
#include "runner/pages/matrix.h"
#include "runner/pages/page.h"

#include <string.h>

/* ---- names of places in the page ----------------------------------------------------------- */

/* Of a test's cell; kernels are numbered, as a name may hold what an id may not. */
static char *cell_id(const struct test *test, size_t column)
{
	return format("%s-%s-%zu", test->spec->name, family_name(test->family), column);
}

static char *details_id(const struct test *test, size_t column)
{
	return format("%s-%s-differs-%zu", test->spec->name, family_name(test->family), column);
}

static const struct test *test_named(const struct matrix *matrix, const char *id)
{
	for (size_t i = 0; i < matrix->rows.count; i++)
		if (strcmp(matrix->rows.tests[i].id, id) == 0)
			return &matrix->rows.tests[i];
	return NULL;
}

/* ---- the table of claims ------------------------------------------------------------------- */

static void write_kernel_headings(xml page, const struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->column_count; i++) {
		const struct column *column = &matrix->columns[i];

		page_heading(page, "col");
		xml_text(page, column->name);
		if (column->error)
			xml_element_of(page, "small", "bad", "error");
		xml_close(page);
	}
}

static void write_word(xml page, const char *word, const char *link)
{
	xml_open(page, "a");
	xml_attribute(page, "class", page_class(word));
	if (link) {
		autofree char *href = format("#%s", link);

		xml_attribute(page, "href", href);
	}
	xml_text(page, word);
	xml_close(page);
}

static void write_claim_cell(xml page, const struct matrix *matrix, const struct claim *claim,
			     size_t column)
{
	struct claim_cell cell = claim_cell(matrix, claim, column);
	const char *id = json_string_value(json_array_get(cell.tests, 0));
	const struct test *test = id ? test_named(matrix, id) : NULL;
	autofree char *link = test ? cell_id(test, column) : NULL;
	size_t index;
	json_t *variant;

	xml_open(page, "td");
	write_word(page, cell.word, link);
	if (claim_differs(matrix, claim, column))
		xml_text(page, " \u2260");
	json_array_foreach (cell.variants, index, variant)
		xml_element(page, "small", json_string_value(variant));
	xml_close(page);
	claim_cell_free(&cell);
}

static void write_claim(xml page, const struct matrix *matrix, const struct claim *claim)
{
	bool found = claim->verdict != BEHAVIOUR && claim->finding;
	autofree char *finding = format("Linux: %s", found ? claim->finding : "");

	xml_open(page, "tr");
	page_heading(page, "row");
	xml_element(page, "b", claim->id);
	xml_text(page, " ");
	xml_text(page, claim->text);
	if (found)
		xml_element(page, "small", finding);
	xml_close(page);
	for (size_t column = 0; column < matrix->column_count; column++)
		write_claim_cell(page, matrix, claim, column);
	xml_close(page);
	xml_line(page);
}

static void write_claims(xml page, const struct matrix *matrix)
{
	struct documents documents = { .columns = matrix->column_count + 1 };

	xml_element(page, "h2", "Claims");
	page_scrolled(page, "div", "The claims on each kernel");
	xml_attribute(page, "class", "scroll");
	xml_open(page, "table");
	xml_open(page, "thead");
	xml_open(page, "tr");
	page_column(page, "claim");
	write_kernel_headings(page, matrix);
	xml_close(page);
	xml_close(page);
	xml_line(page);
	for (size_t i = 0; i < matrix->claim_count; i++) {
		page_enter_document(page, &documents, matrix->claims[i]->document);
		write_claim(page, matrix, matrix->claims[i]);
	}
	page_leave_documents(page, &documents);
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

static void write_legend(xml page)
{
	static const struct meaning words[] = {
		{ "confirmed",
		  "every case that answers the claim passed: Linux does what it says" },
		{ "refined", "they passed: under conditions, or with other numbers" },
		{ "refuted", "they passed: it does something else" },
		{ "argued", "cannot be shown by a case" },
		{ "covered", "every case that covers the behaviour passed" },
		{ "variant", "they passed, and this kernel showed the variant that is named" },
		{ "failed", "a case failed: the kernel did something else than is known" },
		{ "error", "an error of the run: nothing was learned" },
		{ "skipped", "this kernel lacks what the cases need" },
		{ "not run", "a case that answers the claim is missing in the run" },
		{ "\u2260", "a case played otherwise than on the kernel to the left" },
	};

	page_legend(page, words, ARRAY_LENGTH(words));
}

/* ---- what is wrong ------------------------------------------------------------------------- */

static void write_errors(xml page, const struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->column_count; i++) {
		const struct column *column = &matrix->columns[i];

		if (!column->error)
			continue;
		autofree char *line = format("error: %s: %s", column->name, column->error);
		xml_element_of(page, "p", "bad", line);
		xml_line(page);
	}
}

static void write_changes(xml page, const struct matrix *matrix)
{
	if (matrix->change_count == 0)
		return;
	xml_element(page, "h2", "Recorded variants that have changed");
	xml_open(page, "ul");
	for (size_t i = 0; i < matrix->change_count; i++) {
		const struct change *each = &matrix->changes[i];
		autofree char *words = change_words(each);
		autofree char *id = cell_id(each->test, each->column);
		autofree char *href = format("#%s", id);
		autofree char *line = format(", %s: %s", matrix->columns[each->column].name, words);

		xml_open(page, "li");
		xml_open(page, "a");
		xml_attribute(page, "href", href);
		xml_text(page, each->test->id);
		xml_close(page);
		xml_text(page, line);
		xml_close(page);
	}
	xml_close(page);
	xml_line(page);
}

/* ---- the kernels --------------------------------------------------------------------------- */

static const char *const kernel_members[] = { "kernel", "lane", "clock", "wire", "started" };

static void write_kernel(xml page, const struct column *column)
{
	xml_open(page, "tr");
	page_heading(page, "row");
	xml_text(page, column->name);
	xml_close(page);
	for (size_t i = 0; i < ARRAY_LENGTH(kernel_members); i++) {
		const char *value =
			i == 0 ? column_release(column)
			       : json_string_value(json_object_get(column->run, kernel_members[i]));

		xml_open(page, "td");
		xml_text(page, value ? value : "");
		xml_close(page);
	}
	xml_open(page, "td");
	xml_attribute(page, "class", "bad");
	xml_text(page, column->error ? column->error : "");
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

static void write_kernels(xml page, const struct matrix *matrix)
{
	static const char *const headings[] = { "name", "release",   "lane", "clock",
						"wire", "run began", "error" };

	xml_element(page, "h2", "Kernels");
	page_scrolled(page, "div", "The kernels and their runs");
	xml_attribute(page, "class", "scroll narrow");
	xml_open(page, "table");
	xml_open(page, "thead");
	xml_open(page, "tr");
	for (size_t i = 0; i < ARRAY_LENGTH(headings); i++)
		page_column(page, headings[i]);
	xml_close(page);
	xml_close(page);
	xml_open(page, "tbody");
	for (size_t i = 0; i < matrix->column_count; i++)
		write_kernel(page, &matrix->columns[i]);
	xml_close(page);
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

/* ---- two ladders --------------------------------------------------------------------------- */

/* A line of one side; the sign and the mark say that the other side has another, or none. */
static void write_line(xml page, const struct line_pair *pair, bool right)
{
	const char *line = right ? pair->right : pair->left;
	autofree char *text = format("%s%s",
				     pair->same ? "  "
				     : right    ? "+ "
						: "- ",
				     line ? line : "");

	if (line)
		xml_element(page, pair->same ? "span" : "mark", text);
	else
		xml_element_of(page, "span", "gap", " ");
}

static void write_side(xml page, const struct comparison *comparison, bool right,
		       const char *caption)
{
	xml_open(page, "figure");
	xml_element(page, "figcaption", caption);
	page_scrolled(page, "pre", caption);
	for (size_t i = 0; i < comparison->count; i++)
		write_line(page, &comparison->pairs[i], right);
	xml_close(page);
	xml_close(page);
}

/* "6.1.192: passed, linear" */
static char *caption_of(const struct matrix *matrix, size_t test, size_t column)
{
	struct outcome outcome = matrix_outcome(matrix, test, column);

	return format("%s: %s%s%s%s%s", matrix->columns[column].name, outcome.status,
		      outcome.variant ? ", " : "", outcome.variant ? outcome.variant : "",
		      outcome.reason ? ": " : "", outcome.reason ? outcome.reason : "");
}

static void write_ladders(xml page, const struct matrix *matrix, size_t test,
			  const struct difference *difference)
{
	struct outcome a = matrix_outcome(matrix, test, difference->left);
	struct outcome b = matrix_outcome(matrix, test, difference->right);
	autofree char *left = caption_of(matrix, test, difference->left);
	autofree char *right = caption_of(matrix, test, difference->right);
	struct comparison comparison =
		compare_texts(a.ladder ? a.ladder : "", b.ladder ? b.ladder : "");

	xml_open(page, "div");
	xml_attribute(page, "class", "ladders");
	write_side(page, &comparison, false, left);
	write_side(page, &comparison, true, right);
	xml_close(page);
	comparison_free(&comparison);
}

static void write_difference(xml page, const struct matrix *matrix, size_t test,
			     const struct difference *difference)
{
	autofree char *id = details_id(difference->test, difference->right);
	autofree char *what = difference_words(difference);
	autofree char *summary =
		format("%s: %s and %s differ in %s", family_name(difference->test->family),
		       matrix->columns[difference->left].name,
		       matrix->columns[difference->right].name, what);

	xml_open(page, "details");
	xml_element(page, "summary", summary);
	/* A browser opens the details for a link that leads into them. */
	xml_open(page, "div");
	xml_attribute(page, "id", id);
	write_ladders(page, matrix, test, difference);
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

/* ---- each case ----------------------------------------------------------------------------- */

static void write_outcome(xml page, const struct matrix *matrix, size_t index, size_t column)
{
	const struct test *test = &matrix->rows.tests[index];
	struct outcome outcome = matrix_outcome(matrix, index, column);
	autofree char *id = cell_id(test, column);

	xml_open(page, "td");
	xml_attribute(page, "id", id);
	xml_element_of(page, "span", page_class(outcome.status), outcome.status);
	if (difference_at(matrix, test, column)) {
		autofree char *details = details_id(test, column);
		autofree char *href = format("#%s", details);

		xml_text(page, " ");
		xml_open(page, "a");
		xml_attribute(page, "href", href);
		xml_attribute(page, "title", "differs from the kernel to the left");
		xml_text(page, "\u2260");
		xml_close(page);
	}
	xml_element(page, "small", outcome.variant);
	if (!matrix->columns[column].error)
		xml_element(page, "small", outcome.reason);
	if (outcome.ladder) {
		autofree char *ladder =
			format("./%s/%s/ladder.txt", matrix->columns[column].name, test->id);

		xml_open(page, "small");
		page_link_file(page, ladder, "ladder.txt");
		xml_close(page);
	}
	xml_close(page);
}

static void write_outcomes(xml page, const struct matrix *matrix, const struct listed_case *spec)
{
	page_scrolled(page, "div", spec->name);
	xml_attribute(page, "class", "scroll narrow");
	xml_open(page, "table");
	xml_open(page, "thead");
	xml_open(page, "tr");
	xml_open(page, "td");
	xml_close(page);
	for (size_t column = 0; column < matrix->column_count; column++)
		page_column(page, matrix->columns[column].name);
	xml_close(page);
	xml_close(page);
	xml_open(page, "tbody");
	for (size_t i = 0; i < matrix->rows.count; i++) {
		if (matrix->rows.tests[i].spec != spec)
			continue;
		xml_open(page, "tr");
		page_heading(page, "row");
		xml_text(page, family_name(matrix->rows.tests[i].family));
		xml_close(page);
		for (size_t column = 0; column < matrix->column_count; column++)
			write_outcome(page, matrix, i, column);
		xml_close(page);
		xml_line(page);
	}
	xml_close(page);
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

static void write_case(xml page, const struct matrix *matrix, const struct listed_case *spec)
{
	const char *answers = spec->claims ? spec->claims : "";
	const char *covers = spec->covers ? spec->covers : "";
	autofree char *about = format("%s%s%s%s%s", spec->topic, *answers ? "; answers " : "",
				      answers, *covers ? "; covers " : "", covers);

	xml_open(page, "section");
	xml_attribute(page, "id", spec->name);
	xml_element(page, "h3", spec->name);
	xml_element(page, "p", about);
	xml_line(page);
	write_outcomes(page, matrix, spec);
	for (size_t i = 0; i < matrix->rows.count; i++)
		for (size_t column = 0; column < matrix->column_count; column++) {
			const struct test *test = &matrix->rows.tests[i];
			const struct difference *difference =
				test->spec == spec ? difference_at(matrix, test, column) : NULL;

			if (difference)
				write_difference(page, matrix, i, difference);
		}
	xml_close(page);
	xml_line(page);
}

static void write_cases(xml page, const struct matrix *matrix)
{
	const struct listed_case *last = NULL;

	xml_element(page, "h2", "Cases");
	for (size_t i = 0; i < matrix->rows.count; i++) {
		if (matrix->rows.tests[i].spec != last)
			write_case(page, matrix, matrix->rows.tests[i].spec);
		last = matrix->rows.tests[i].spec;
	}
}

/* ---- the page ------------------------------------------------------------------------------ */

static void write_body(xml page, const void *context)
{
	const struct matrix *matrix = context;

	write_errors(page, matrix);
	write_changes(page, matrix);
	write_claims(page, matrix);
	write_legend(page);
	write_kernels(page, matrix);
	write_cases(page, matrix);
}

char *matrix_write_html(const struct matrix *matrix, const char *path)
{
	const struct page page = { .title = "halfopen matrix",
				   .write = write_body,
				   .context = matrix };

	return page_store(&page, path);
}
