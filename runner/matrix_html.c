/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix_html: matrix.html, one page that needs nothing else: the table, and below it each case on
 * every kernel, with the ladders side by side where neighbours differ. It is well-formed XML too.
 */
#include "runner/matrix.h"

#include <libxml/uri.h>
#include <libxml/xmlwriter.h>
#include <string.h>

/* Nothing in it may need escaping: it is written as it is. */
static const char style[] =
	"\n:root { color-scheme: light dark; --page: #fff; --ink: #1c1c1c; --faint: #666;\n"
	"  --line: #ccc; --head: #f1f1f1; --good: #0b6b2e; --bad: #b00020; --other: #0a558c;\n"
	"  --mark: #fff0c2; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  :root { --page: #161616; --ink: #e4e4e4; --faint: #a0a0a0; --line: #444;\n"
	"    --head: #262626; --good: #6fd08c; --bad: #ff8a8a; --other: #7cc0f5;\n"
	"    --mark: #4a3c0c; }\n"
	"}\n"
	"* { box-sizing: border-box; }\n"
	"body { background: var(--page); color: var(--ink); margin: 1rem auto; padding: 0 1rem;\n"
	"  max-width: 110rem; font: 1rem/1.45 system-ui, sans-serif; }\n"
	"h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }\n"
	"h3 { font: bold 1rem monospace; margin: 2rem 0 .4rem; overflow-wrap: anywhere; }\n"
	"p, li, dd { max-width: 50rem; overflow-wrap: anywhere; }\n"
	"a { color: inherit; }\n"
	"a:focus-visible, summary:focus-visible, [tabindex]:focus-visible {\n"
	"  outline: .15rem solid var(--other); outline-offset: .1rem; }\n"
	".scroll { overflow: auto; max-height: 90vh; border: 1px solid var(--line); }\n"
	"table { border-collapse: separate; border-spacing: 0; width: 100%; }\n"
	"th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;\n"
	"  vertical-align: top; }\n"
	"thead th { position: sticky; top: 0; background: var(--head); z-index: 2; }\n"
	"tbody th { position: sticky; left: 0; background: var(--page); z-index: 1;\n"
	"  font-weight: normal; min-width: 16rem; overflow-wrap: anywhere; }\n"
	"thead th:first-child { left: 0; z-index: 3; }\n"
	"tbody th.document { background: var(--head); font-weight: bold; max-width: none; }\n"
	"th.document span { position: sticky; left: .6rem; }\n"
	".narrow tbody th { min-width: 0; overflow-wrap: normal; }\n"
	"th small, td small { display: block; color: var(--faint); font-weight: normal; }\n"
	":target { background: var(--mark); }\n"
	".good { color: var(--good); } .bad { color: var(--bad); font-weight: bold; }\n"
	".other { color: var(--other); } .faint { color: var(--faint); }\n"
	"dl.legend { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }\n"
	"dl.legend dd { margin: 0; }\n"
	"details { margin: .5rem 0; } summary { cursor: pointer; padding: .2rem 0; }\n"
	".ladders { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }\n"
	".ladders figure { margin: 0; min-width: 0; }\n"
	"figcaption { font-weight: bold; overflow-wrap: anywhere; }\n"
	"pre { overflow-x: auto; margin: .3rem 0; padding: .4rem; border: 1px solid var(--line);\n"
	"  font-size: .8rem; line-height: 1.4; }\n"
	"pre span, pre mark { display: block; width: max-content; min-width: 100%; }\n"
	"pre mark { background: var(--mark); color: inherit; }\n"
	"@media (max-width: 50rem) {\n"
	"  body { padding: 0 .5rem; margin: .5rem 0; }\n"
	"  .ladders { grid-template-columns: 1fr; }\n"
	"  pre .gap { display: none; }\n"
	"  th, td { padding: .25rem .4rem; font-size: .85rem; }\n"
	"  tbody th { min-width: 9rem; max-width: 9rem; }\n"
	"  .narrow tbody th { max-width: none; min-width: 0; }\n"
	"}\n"
	"@media print {\n"
	"  .scroll { overflow: visible; max-height: none; border: 0; }\n"
	"  thead th, tbody th { position: static; }\n"
	"  details::details-content { content-visibility: visible; display: block; }\n"
	"  pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .6rem; }\n"
	"  pre span, pre mark { width: auto; }\n"
	"  section, figure, tr { break-inside: avoid; }\n"
	"}\n";

/* ---- writing ------------------------------------------------------------------------------- */

static void open_element(xmlTextWriterPtr page, const char *name)
{
	xmlTextWriterStartElement(page, BAD_CAST name);
}

/* With an end tag, also where there is nothing in it: HTML takes <td/> for a beginning. */
static void close_element(xmlTextWriterPtr page)
{
	xmlTextWriterFullEndElement(page);
}

static void attribute(xmlTextWriterPtr page, const char *name, const char *value)
{
	autofree char *clean = text_clean(value);
	xmlTextWriterWriteAttribute(page, BAD_CAST name, BAD_CAST clean);
}

static void write_text(xmlTextWriterPtr page, const char *text)
{
	autofree char *clean = text_clean(text);
	xmlTextWriterWriteString(page, BAD_CAST clean);
}

static void new_line(xmlTextWriterPtr page)
{
	xmlTextWriterWriteString(page, BAD_CAST "\n");
}

/* <name>text</name>; nothing where there is no text. */
static void element(xmlTextWriterPtr page, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	open_element(page, name);
	write_text(page, text);
	close_element(page);
}

/* <name class="class">text</name> */
static void element_of_class(xmlTextWriterPtr page, const char *name, const char *class,
			     const char *text)
{
	open_element(page, name);
	attribute(page, "class", class);
	write_text(page, text);
	close_element(page);
}

static void open_heading(xmlTextWriterPtr page, const char *scope)
{
	open_element(page, "th");
	attribute(page, "scope", scope);
}

/* Where the keyboard can scroll what is wider or longer than its box. */
static void open_scrolled(xmlTextWriterPtr page, const char *name, const char *label)
{
	open_element(page, name);
	attribute(page, "tabindex", "0");
	attribute(page, "role", "region");
	attribute(page, "aria-label", label);
}

static const char *class_of(const char *word)
{
	if (strcmp(word, "failed") == 0 || strcmp(word, "error") == 0)
		return "bad";
	if (strcmp(word, "skipped") == 0 || strcmp(word, "not run") == 0 ||
	    strcmp(word, "argued") == 0)
		return "faint";
	return strcmp(word, "variant") == 0 ? "other" : "good";
}

/* ---- names of places in the page ----------------------------------------------------------- */

/* Of an entry's cell; kernels are numbered, as a name may hold what an id may not. */
static char *cell_id(const struct entry *entry, size_t column)
{
	return format("%s-%s-%zu", entry->spec->name, family_name(entry->family), column);
}

static char *details_id(const struct entry *entry, size_t column)
{
	return format("%s-%s-differs-%zu", entry->spec->name, family_name(entry->family), column);
}

static const struct entry *entry_named(const struct matrix *matrix, const char *id)
{
	for (size_t i = 0; i < matrix->plan.count; i++)
		if (strcmp(matrix->plan.entries[i].id, id) == 0)
			return &matrix->plan.entries[i];
	return NULL;
}

/* The file in the artifacts, from where the page lies. */
static char *artifact_link(const struct column *column, const struct entry *entry)
{
	autofree char *path = format("./%s/%s/ladder.txt", column->name, entry->id);
	xmlChar *escaped = xmlURIEscapeStr(BAD_CAST path, BAD_CAST "/");
	char *link = format("%s", (char *)escaped);
	xmlFree(escaped);
	return link;
}

/* ---- the table of claims ------------------------------------------------------------------- */

static void write_kernel_headings(xmlTextWriterPtr page, const struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->column_count; i++) {
		const struct column *column = &matrix->columns[i];
		open_heading(page, "col");
		write_text(page, column->name);
		if (column->error)
			element_of_class(page, "small", "bad", "error");
		close_element(page);
	}
}

static void write_word(xmlTextWriterPtr page, const char *word, const char *link)
{
	open_element(page, "a");
	attribute(page, "class", class_of(word));
	if (link) {
		autofree char *href = format("#%s", link);
		attribute(page, "href", href);
	}
	write_text(page, word);
	close_element(page);
}

static void write_claim_cell(xmlTextWriterPtr page, const struct matrix *matrix,
			     const struct claim *claim, size_t column)
{
	struct claim_cell cell = claim_cell(matrix, claim, column);
	const char *id = json_string_value(json_array_get(cell.entries, 0));
	const struct entry *entry = id ? entry_named(matrix, id) : NULL;
	autofree char *link = entry ? cell_id(entry, column) : NULL;
	size_t index;
	json_t *variant;

	open_element(page, "td");
	write_word(page, cell.word, link);
	if (claim_differs(matrix, claim, column))
		write_text(page, " \u2260");
	json_array_foreach (cell.variants, index, variant)
		element(page, "small", json_string_value(variant));
	close_element(page);
	claim_cell_free(&cell);
}

/* A group of rows for the claims of one document, under its name. */
static void open_document(xmlTextWriterPtr page, const struct matrix *matrix, const char *document)
{
	open_element(page, "tbody");
	open_element(page, "tr");
	open_heading(page, "rowgroup");
	xmlTextWriterWriteFormatAttribute(page, BAD_CAST "colspan", "%zu",
					  matrix->column_count + 1);
	attribute(page, "class", "document");
	element(page, "span", document);
	close_element(page);
	close_element(page);
	new_line(page);
}

static void write_claim(xmlTextWriterPtr page, const struct matrix *matrix,
			const struct claim *claim)
{
	autofree char *finding = format("Linux: %s", claim->finding);
	open_element(page, "tr");
	open_heading(page, "row");
	element(page, "b", claim->id);
	write_text(page, " ");
	write_text(page, claim->text);
	element(page, "small", finding);
	close_element(page);
	for (size_t column = 0; column < matrix->column_count; column++)
		write_claim_cell(page, matrix, claim, column);
	close_element(page);
	new_line(page);
}

static void write_claims(xmlTextWriterPtr page, const struct matrix *matrix)
{
	const char *document = NULL;
	element(page, "h2", "Claims");
	open_scrolled(page, "div", "The claims on each kernel");
	attribute(page, "class", "scroll");
	open_element(page, "table");
	open_element(page, "thead");
	open_element(page, "tr");
	open_heading(page, "col");
	write_text(page, "claim");
	close_element(page);
	write_kernel_headings(page, matrix);
	close_element(page);
	close_element(page);
	new_line(page);
	for (size_t i = 0; i < matrix->claim_count; i++) {
		const char *its = matrix->claims[i]->document;
		if (!document || strcmp(document, its) != 0) {
			if (document)
				close_element(page);
			open_document(page, matrix, its);
		}
		document = its;
		write_claim(page, matrix, matrix->claims[i]);
	}
	if (document)
		close_element(page);
	close_element(page);
	close_element(page);
	new_line(page);
}

static void write_legend(xmlTextWriterPtr page)
{
	static const struct {
		const char *word, *meaning;
	} words[] = {
		{ "confirmed",
		  "every case that answers the claim passed: Linux does what it says" },
		{ "refined", "they passed: under conditions, or with other numbers" },
		{ "refuted", "they passed: it does something else" },
		{ "argued", "cannot be shown by a case" },
		{ "variant", "they passed, and this kernel showed the variant that is named" },
		{ "failed", "a case failed: the kernel did something else than is known" },
		{ "error", "an error of the run: nothing was learned" },
		{ "skipped", "this kernel lacks what the cases need" },
		{ "not run", "a case that answers the claim is missing in the run" },
		{ "\u2260", "a case played otherwise than on the kernel to the left" },
	};
	open_element(page, "dl");
	attribute(page, "class", "legend");
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		bool is_word = words[i].word[0] >= 'a';
		element_of_class(page, "dt", is_word ? class_of(words[i].word) : "", words[i].word);
		element(page, "dd", words[i].meaning);
	}
	close_element(page);
	new_line(page);
}

/* ---- what is wrong ------------------------------------------------------------------------- */

static void write_errors(xmlTextWriterPtr page, const struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->column_count; i++) {
		const struct column *column = &matrix->columns[i];
		if (!column->error)
			continue;
		autofree char *line = format("error: %s: %s", column->name, column->error);
		element_of_class(page, "p", "bad", line);
		new_line(page);
	}
}

static void write_changes(xmlTextWriterPtr page, const struct matrix *matrix)
{
	if (matrix->change_count == 0)
		return;
	element(page, "h2", "Recorded variants that have changed");
	open_element(page, "ul");
	for (size_t i = 0; i < matrix->change_count; i++) {
		const struct change *each = &matrix->changes[i];
		autofree char *words = change_words(each);
		autofree char *id = cell_id(each->entry, each->column);
		autofree char *href = format("#%s", id);
		autofree char *line = format(", %s: %s", matrix->columns[each->column].name, words);
		open_element(page, "li");
		open_element(page, "a");
		attribute(page, "href", href);
		write_text(page, each->entry->id);
		close_element(page);
		write_text(page, line);
		close_element(page);
	}
	close_element(page);
	new_line(page);
}

/* ---- the kernels --------------------------------------------------------------------------- */

static const char *const kernel_members[] = { "kernel", "lane", "clock", "wire", "started" };

static void write_kernel(xmlTextWriterPtr page, const struct column *column)
{
	open_element(page, "tr");
	open_heading(page, "row");
	write_text(page, column->name);
	close_element(page);
	for (size_t i = 0; i < ARRAY_LENGTH(kernel_members); i++) {
		const char *value =
			i == 0 ? column_release(column)
			       : json_string_value(json_object_get(column->run, kernel_members[i]));
		open_element(page, "td");
		write_text(page, value ? value : "");
		close_element(page);
	}
	open_element(page, "td");
	attribute(page, "class", "bad");
	write_text(page, column->error ? column->error : "");
	close_element(page);
	close_element(page);
	new_line(page);
}

static void write_kernels(xmlTextWriterPtr page, const struct matrix *matrix)
{
	static const char *const headings[] = { "name", "release",   "lane", "clock",
						"wire", "run began", "error" };
	element(page, "h2", "Kernels");
	open_scrolled(page, "div", "The kernels and their runs");
	attribute(page, "class", "scroll narrow");
	open_element(page, "table");
	open_element(page, "thead");
	open_element(page, "tr");
	for (size_t i = 0; i < ARRAY_LENGTH(headings); i++) {
		open_heading(page, "col");
		write_text(page, headings[i]);
		close_element(page);
	}
	close_element(page);
	close_element(page);
	open_element(page, "tbody");
	for (size_t i = 0; i < matrix->column_count; i++)
		write_kernel(page, &matrix->columns[i]);
	close_element(page);
	close_element(page);
	close_element(page);
	new_line(page);
}

/* ---- two ladders --------------------------------------------------------------------------- */

/* A line of one side; the sign and the mark say that the other side has another, or none. */
static void write_line(xmlTextWriterPtr page, const struct line_pair *pair, bool right)
{
	const char *line = right ? pair->right : pair->left;
	autofree char *text = format("%s%s",
				     pair->same ? "  "
				     : right    ? "+ "
						: "- ",
				     line ? line : "");
	if (line)
		element(page, pair->same ? "span" : "mark", text);
	else
		element_of_class(page, "span", "gap", " ");
}

static void write_side(xmlTextWriterPtr page, const struct comparison *comparison, bool right,
		       const char *caption)
{
	open_element(page, "figure");
	element(page, "figcaption", caption);
	open_scrolled(page, "pre", caption);
	for (size_t i = 0; i < comparison->count; i++)
		write_line(page, &comparison->pairs[i], right);
	close_element(page);
	close_element(page);
}

/* "6.1.192: passed, linear" */
static char *caption_of(const struct matrix *matrix, size_t entry, size_t column)
{
	struct outcome outcome = matrix_outcome(matrix, entry, column);
	return format("%s: %s%s%s%s%s", matrix->columns[column].name, outcome.status,
		      outcome.variant ? ", " : "", outcome.variant ? outcome.variant : "",
		      outcome.reason ? ": " : "", outcome.reason ? outcome.reason : "");
}

static void write_ladders(xmlTextWriterPtr page, const struct matrix *matrix, size_t entry,
			  const struct difference *difference)
{
	struct outcome a = matrix_outcome(matrix, entry, difference->left);
	struct outcome b = matrix_outcome(matrix, entry, difference->right);
	autofree char *left = caption_of(matrix, entry, difference->left);
	autofree char *right = caption_of(matrix, entry, difference->right);
	struct comparison comparison =
		compare_texts(a.ladder ? a.ladder : "", b.ladder ? b.ladder : "");
	open_element(page, "div");
	attribute(page, "class", "ladders");
	write_side(page, &comparison, false, left);
	write_side(page, &comparison, true, right);
	close_element(page);
	comparison_free(&comparison);
}

static void write_difference(xmlTextWriterPtr page, const struct matrix *matrix, size_t entry,
			     const struct difference *difference)
{
	autofree char *id = details_id(difference->entry, difference->right);
	autofree char *what = difference_words(difference);
	autofree char *summary =
		format("%s: %s and %s differ in %s", family_name(difference->entry->family),
		       matrix->columns[difference->left].name,
		       matrix->columns[difference->right].name, what);
	open_element(page, "details");
	element(page, "summary", summary);
	/* A browser opens the details for a link that leads into them. */
	open_element(page, "div");
	attribute(page, "id", id);
	write_ladders(page, matrix, entry, difference);
	close_element(page);
	close_element(page);
	new_line(page);
}

/* ---- each case ----------------------------------------------------------------------------- */

static void write_outcome(xmlTextWriterPtr page, const struct matrix *matrix, size_t index,
			  size_t column)
{
	const struct entry *entry = &matrix->plan.entries[index];
	struct outcome outcome = matrix_outcome(matrix, index, column);
	autofree char *id = cell_id(entry, column);
	open_element(page, "td");
	attribute(page, "id", id);
	element_of_class(page, "span", class_of(outcome.status), outcome.status);
	if (difference_at(matrix, entry, column)) {
		autofree char *details = details_id(entry, column);
		autofree char *href = format("#%s", details);
		write_text(page, " ");
		open_element(page, "a");
		attribute(page, "href", href);
		attribute(page, "title", "differs from the kernel to the left");
		write_text(page, "\u2260");
		close_element(page);
	}
	element(page, "small", outcome.variant);
	if (!matrix->columns[column].error)
		element(page, "small", outcome.reason);
	if (outcome.ladder) {
		autofree char *link = artifact_link(&matrix->columns[column], entry);
		open_element(page, "small");
		open_element(page, "a");
		attribute(page, "href", link);
		write_text(page, "ladder.txt");
		close_element(page);
		close_element(page);
	}
	close_element(page);
}

static void write_outcomes(xmlTextWriterPtr page, const struct matrix *matrix,
			   const struct case_spec *spec)
{
	open_scrolled(page, "div", spec->name);
	attribute(page, "class", "scroll narrow");
	open_element(page, "table");
	open_element(page, "thead");
	open_element(page, "tr");
	open_element(page, "td");
	close_element(page);
	for (size_t column = 0; column < matrix->column_count; column++) {
		open_heading(page, "col");
		write_text(page, matrix->columns[column].name);
		close_element(page);
	}
	close_element(page);
	close_element(page);
	open_element(page, "tbody");
	for (size_t i = 0; i < matrix->plan.count; i++) {
		if (matrix->plan.entries[i].spec != spec)
			continue;
		open_element(page, "tr");
		open_heading(page, "row");
		write_text(page, family_name(matrix->plan.entries[i].family));
		close_element(page);
		for (size_t column = 0; column < matrix->column_count; column++)
			write_outcome(page, matrix, i, column);
		close_element(page);
		new_line(page);
	}
	close_element(page);
	close_element(page);
	close_element(page);
	new_line(page);
}

static void write_case(xmlTextWriterPtr page, const struct matrix *matrix,
		       const struct case_spec *spec)
{
	autofree char *claims =
		format("%s%s%s", spec->topic, spec->claims && *spec->claims ? "; answers " : "",
		       spec->claims ? spec->claims : "");
	open_element(page, "section");
	attribute(page, "id", spec->name);
	element(page, "h3", spec->name);
	element(page, "p", claims);
	new_line(page);
	write_outcomes(page, matrix, spec);
	for (size_t i = 0; i < matrix->plan.count; i++)
		for (size_t column = 0; column < matrix->column_count; column++) {
			const struct entry *entry = &matrix->plan.entries[i];
			const struct difference *difference =
				entry->spec == spec ? difference_at(matrix, entry, column) : NULL;
			if (difference)
				write_difference(page, matrix, i, difference);
		}
	close_element(page);
	new_line(page);
}

static void write_cases(xmlTextWriterPtr page, const struct matrix *matrix)
{
	const struct case_spec *last = NULL;
	element(page, "h2", "Cases");
	for (size_t i = 0; i < matrix->plan.count; i++) {
		if (matrix->plan.entries[i].spec != last)
			write_case(page, matrix, matrix->plan.entries[i].spec);
		last = matrix->plan.entries[i].spec;
	}
}

/* ---- the page ------------------------------------------------------------------------------ */

static void write_meta(xmlTextWriterPtr page, const char *name, const char *content)
{
	open_element(page, "meta");
	attribute(page, "name", name);
	attribute(page, "content", content);
	xmlTextWriterEndElement(page);
}

static void write_head(xmlTextWriterPtr page)
{
	open_element(page, "head");
	open_element(page, "meta");
	attribute(page, "charset", "utf-8");
	xmlTextWriterEndElement(page);
	write_meta(page, "viewport", "width=device-width, initial-scale=1");
	element(page, "title", "halfopen matrix");
	open_element(page, "style");
	xmlTextWriterWriteRaw(page, BAD_CAST style);
	close_element(page);
	close_element(page);
	new_line(page);
}

static void write_page(xmlTextWriterPtr page, const struct matrix *matrix)
{
	xmlTextWriterWriteDTD(page, BAD_CAST "html", NULL, NULL, NULL);
	open_element(page, "html");
	attribute(page, "lang", "en");
	write_head(page);
	open_element(page, "body");
	open_element(page, "main");
	element(page, "h1", "What Linux does between a SYN and accept(2)");
	write_errors(page, matrix);
	write_changes(page, matrix);
	write_claims(page, matrix);
	write_legend(page);
	write_kernels(page, matrix);
	write_cases(page, matrix);
	xmlTextWriterEndDocument(page);
}

char *matrix_write_html(const struct matrix *matrix, const char *path)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	xmlTextWriterPtr page = xmlNewTextWriterMemory(buffer, 0);
	write_page(page, matrix);
	xmlFreeTextWriter(page);
	bool stored = text_store((const char *)xmlBufferContent(buffer), path);
	xmlBufferFree(buffer);
	return stored ? NULL : cannot_write(path);
}
