/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page: what matrix.html and report.html have in common. A page needs nothing else, and is
 * well-formed XML too.
 */
#include "runner/page.h"

#include <libxml/uri.h>
#include <string.h>

/* Nothing in it may need escaping: it is written as it is. */
static const char page_style[] =
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

void page_heading(xml page, const char *scope)
{
	xml_open(page, "th");
	xml_attribute(page, "scope", scope);
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

const char *page_class(const char *word)
{
	static const char *const classes[] = {
		[GREEN] = "good", [RED] = "bad", [FAINT] = "faint", [CYAN] = "other"
	};

	return classes[colour_of(word)];
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
	xml_raw(page, page_style);
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
	xml_element(page, "h1", "What Linux does between a SYN and accept(2)");
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
