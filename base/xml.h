/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml: libxml2's writer in few words, for what is written as SVG, HTML or XML. Whatever text comes
 * in, what goes out is well-formed.
 */
#ifndef HALFOPEN_XML_H
#define HALFOPEN_XML_H

#include "base/base.h"

#include <libxml/xmlwriter.h>

typedef xmlTextWriterPtr xml;

/* A copy without what XML 1.0 and JSON cannot carry (control characters, broken UTF-8). */
char *text_clean(const char *text);

void xml_open(xml out, const char *name);
/* With an end tag, also where there is nothing in it: HTML takes <td/> for a beginning. */
void xml_close(xml out);
/* As <name/>: what HTML calls a void element, and SVG's shapes. */
void xml_close_empty(xml out);
void xml_attribute(xml out, const char *name, const char *value);
/* As printf(). */
void xml_set(xml out, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void xml_text(xml out, const char *text);
/* Nothing is escaped in it. */
void xml_raw(xml out, const char *text);
/* <name>text</name>; nothing where there is no text. */
void xml_element(xml out, const char *name, const char *text);
/* <name class="class">text</name> */
void xml_element_of(xml out, const char *name, const char *class, const char *text);
void xml_line(xml out);

/* All that @write writes, as text without a declaration; the caller frees it. */
char *xml_in_memory(void (*write)(xml out, const void *context), const void *context);

#endif
