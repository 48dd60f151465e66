/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h: the furniture of matrix.html, report.html and try.html.
 */
#ifndef HALFOPEN_RUNNER_PAGE_H
#define HALFOPEN_RUNNER_PAGE_H

#include "base/xml.h"
#include "runner/pages/pages.h"

struct page {
	const char *title;
	const char *heading; /* NULL: the usual one */
	const char *style;   /* besides the common one; NULL: nothing. Nothing in it is escaped. */
	const char *script;  /* NULL: none */
	void (*write)(xml page, const void *context); /* what comes below the heading */
	const void *context;
};

/* Replaces @path. NULL, or what went wrong; the caller frees it. */
char *page_store(const struct page *page, const char *path);

/* <th scope=...>, left open */
void page_heading(xml page, const char *scope);
/* <th scope="col"> with its text. */
void page_column(xml page, const char *text);
/* Left open: where the keyboard can scroll what is wider or longer than its box. */
void page_scrolled(xml page, const char *name, const char *label);
/* <a> to a file, whose path is relative to the page, and to what has @id on the page. */
void page_link_file(xml page, const char *path, const char *text);
void page_link_part(xml page, const char *id, const char *text);
/* A case's name, which may break behind each "_", and <a> to what has that name for its id. */
void page_case_name(xml page, const char *name);
void page_link_case(xml page, const char *name);

/* The claims of a table stand in groups of rows, each under the name of its document. */
struct documents {
	size_t columns;
	const char *last; /* entered; NULL: none yet */
};
/* Before the row of a claim. */
void page_enter_document(xml page, struct documents *documents, const char *document);
/* After the last one. */
void page_leave_documents(xml page, const struct documents *documents);
/* What words on the page mean; a status or a verdict looks as it does elsewhere. */
struct meaning {
	const char *word, *meaning;
};
void page_legend(xml page, const struct meaning *words, size_t count);

/* A form that leaves only some of @rows (a selector) on the page. Without a script it is hidden. */
struct filter {
	const char *rows, *label;
};
void page_open_filter(xml page, struct filter filter);
struct choice {
	const char *name, *first;
	const char *(*word)(int number); /* from 0 on; behind the last one NULL */
};
void page_choice(xml page, const struct choice *choice);
/* With how many rows there are left. */
void page_close_filter(xml page);
/* How a status or a verdict looks: "good", "bad", "faint", "other". */
const char *page_class(const char *word);

#endif
