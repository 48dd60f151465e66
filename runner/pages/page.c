/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page: what matrix.html and report.html have in common. A page needs nothing else, and is
 * well-formed XML too.
 */
#include "runner/pages/page.h"

#include "base/terminal.h"
#include "runner/pages/page.css.h"

#include <libxml/uri.h>
#include <string.h>

void page_heading(xml page, const char *scope)
{
	xml_open(page, "th");
	xml_attribute(page, "scope", scope);
}

void page_column(xml page, const char *text)
{
	page_heading(page, "col");
	xml_text(page, text);
	xml_close(page);
}

void page_scrolled(xml page, const char *name, const char *label)
{
	xml_open(page, name);
	xml_attribute(page, "tabindex", "0");
	xml_attribute(page, "role", "region");
	xml_attribute(page, "aria-label", label);
}

static void write_link(xml page, const char *href, const char *text)
{
	xml_open(page, "a");
	xml_attribute(page, "href", href);
	xml_text(page, text);
	xml_close(page);
}

void page_link_file(xml page, const char *path, const char *text)
{
	xmlChar *escaped = xmlURIEscapeStr(BAD_CAST path, BAD_CAST "/");

	write_link(page, (const char *)escaped, text);
	xmlFree(escaped);
}

void page_link_part(xml page, const char *id, const char *text)
{
	autofree char *href = format("#%s", id);

	write_link(page, href, text);
}

void page_case_name(xml page, const char *name)
{
	while (*name) {
		size_t length = strcspn(name, "_");
		autofree char *part = format("%.*s", (int)length + (name[length] == '_'), name);

		xml_text(page, part);
		if (name[length] == '_') {
			xml_open(page, "wbr");
			xml_close_empty(page);
		}
		name += strlen(part);
	}
}

void page_link_case(xml page, const char *name)
{
	autofree char *href = format("#%s", name);

	xml_open(page, "a");
	xml_attribute(page, "href", href);
	page_case_name(page, name);
	xml_close(page);
}

const char *page_class(const char *word)
{
	static const char *const classes[] = {
		[GREEN] = "good", [RED] = "bad", [FAINT] = "faint", [CYAN] = "other"
	};

	return classes[colour_of(word)];
}

/* ---- filters ------------------------------------------------------------------------------- */

void page_choice(xml page, const struct choice *choice)
{
	xml_open(page, "select");
	xml_attribute(page, "name", choice->name);
	xml_attribute(page, "aria-label", choice->first);
	xml_open(page, "option");
	xml_attribute(page, "value", "");
	xml_text(page, choice->first);
	xml_close(page);
	for (int i = 0; choice->word(i); i++)
		xml_element(page, "option", choice->word(i));
	xml_close(page);
}

void page_open_filter(xml page, struct filter filter)
{
	xml_open(page, "form");
	xml_attribute(page, "data-rows", filter.rows);
	xml_attribute(page, "role", "search");
	xml_attribute(page, "hidden", "hidden");
	xml_open(page, "input");
	xml_attribute(page, "type", "search");
	xml_attribute(page, "name", "words");
	xml_attribute(page, "placeholder", filter.label);
	xml_attribute(page, "aria-label", filter.label);
	xml_close_empty(page);
}

void page_close_filter(xml page)
{
	xml_open(page, "output");
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

static void open_document(xml page, size_t columns, const char *document)
{
	xml_open(page, "tbody");
	xml_open(page, "tr");
	page_heading(page, "rowgroup");
	xml_set(page, "colspan", "%zu", columns);
	xml_attribute(page, "class", "document");
	xml_element(page, "span", document);
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

void page_enter_document(xml page, struct documents *documents, const char *document)
{
	if (documents->last && strcmp(documents->last, document) == 0)
		return;
	page_leave_documents(page, documents);
	open_document(page, documents->columns, document);
	documents->last = document;
}

void page_leave_documents(xml page, const struct documents *documents)
{
	if (documents->last)
		xml_close(page);
}

void page_legend(xml page, const struct meaning *words, size_t count)
{
	xml_open(page, "dl");
	xml_attribute(page, "class", "legend");
	for (size_t i = 0; i < count; i++) {
		bool is_word = words[i].word[0] >= 'a';

		xml_element_of(page, "dt", is_word ? page_class(words[i].word) : "", words[i].word);
		xml_element(page, "dd", words[i].meaning);
	}
	xml_close(page);
	xml_line(page);
}

/* ---- the page ------------------------------------------------------------------------------ */

static void write_meta(xml page, const char *name, const char *content)
{
	xml_open(page, "meta");
	xml_attribute(page, "name", name);
	xml_attribute(page, "content", content);
	xml_close_empty(page);
}

static void write_head(xml page, const struct page *about)
{
	xml_open(page, "head");
	xml_open(page, "meta");
	xml_attribute(page, "charset", "utf-8");
	xml_close_empty(page);
	write_meta(page, "viewport", "width=device-width, initial-scale=1");
	write_meta(page, "generator", "halfopen " PACKAGE_VERSION);
	xml_element(page, "title", about->title);
	xml_open(page, "style");
	xml_raw(page, page_css);
	xml_raw(page, about->style ? about->style : "");
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

static void write_script(xml page, const char *script)
{
	if (!script)
		return;
	xml_open(page, "script");
	xml_raw(page, "//<![CDATA[\n");
	xml_raw(page, script);
	xml_raw(page, "//]]>\n");
	xml_close(page);
}

static void write_page(xml page, const void *context)
{
	const struct page *about = context;

	xmlTextWriterWriteDTD(page, BAD_CAST "html", NULL, NULL, NULL);
	xml_open(page, "html");
	xml_attribute(page, "lang", "en");
	write_head(page, about);
	xml_open(page, "body");
	xml_open(page, "main");
	xml_element(page, "h1",
		    about->heading ? about->heading
				   : "What Linux does between a SYN and accept(2)");
	about->write(page, about->context);
	xml_close(page);
	write_script(page, about->script);
	xmlTextWriterEndDocument(page);
}

char *page_store(const struct page *page, const char *path)
{
	autofree char *text = xml_in_memory(write_page, page);

	return whole_store(path, text, strlen(text)) ? NULL : cannot_write(path);
}
