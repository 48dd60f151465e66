/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h: the furniture of matrix.html and report.html.
 */
#ifndef HALFOPEN_RUNNER_PAGE_H
#define HALFOPEN_RUNNER_PAGE_H

#include "base/xml.h"
#include "runner/pages/pages.h"

struct page {
	const char *title;
	const char *style;  /* besides the common one; NULL: nothing. Nothing in it is escaped. */
	const char *script; /* NULL: none */
	void (*write)(xml page, const void *context); /* what comes below the heading */
	const void *context;
};

/* Replaces @path. NULL, or what went wrong; the caller frees it. */
char *page_store(const struct page *page, const char *path);

/* <th scope=...>, left open */
void page_heading(xml page, const char *scope);
/* Left open: where the keyboard can scroll what is wider or longer than its box. */
void page_scrolled(xml page, const char *name, const char *label);
/* <a> to a file, whose path is relative to the page, and to what has @id on the page. */
void page_link_file(xml page, const char *path, const char *text);
void page_link_part(xml page, const char *id, const char *text);
/* How a status or a verdict looks: "good", "bad", "faint", "other". */
const char *page_class(const char *word);

#endif
