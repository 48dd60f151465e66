/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml: see xml.h. What a kernel or a program printed may hold any byte; text_clean() is what stands
 * between that and the files that are written.
 */
#include "base/xml.h"

#include <libxml/chvalid.h>
#include <libxml/xmlstring.h>
#include <string.h>

/* Length of the character at @text, or 0 where there is none that XML and JSON can carry. */
static int character_length(const char *text, size_t left)
{
	static const int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int length = left > 4 ? 4 : (int)left;
	int code = xmlGetUTF8Char((const xmlChar *)text, &length);

	/* libxml2 takes a continuation byte for a beginning, and characters longer than need be. */
	if (((unsigned char)*text & 0xc0) == 0x80)
		return 0;
	if (code < 0 || length < 1 || length > 4 || code < least[length] || !xmlIsCharQ(code))
		return 0;
	return length;
}

char *text_clean(const char *text)
{
	size_t left = strlen(text), used = 0;
	char *clean = must_alloc(left + 1, 1);

	while (left > 0) {
		int length = character_length(text, left);

		if (length == 0) {
			clean[used++] = '?';
			length = 1;
		} else {
			memcpy(clean + used, text, (size_t)length);
			used += (size_t)length;
		}
		text += length;
		left -= (size_t)length;
	}
	return clean;
}

void xml_open(xml out, const char *name)
{
	xmlTextWriterStartElement(out, BAD_CAST name);
}

void xml_close(xml out)
{
	xmlTextWriterFullEndElement(out);
}

void xml_close_empty(xml out)
{
	xmlTextWriterEndElement(out);
}

void xml_attribute(xml out, const char *name, const char *value)
{
	autofree char *clean = text_clean(value);

	xmlTextWriterWriteAttribute(out, BAD_CAST name, BAD_CAST clean);
}

void xml_set(xml out, const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	autofree char *value = vformat(fmt, args);
	va_end(args);
	xml_attribute(out, name, value);
}

void xml_text(xml out, const char *text)
{
	autofree char *clean = text_clean(text);

	xmlTextWriterWriteString(out, BAD_CAST clean);
}

void xml_raw(xml out, const char *text)
{
	xmlTextWriterWriteRaw(out, BAD_CAST text);
}

void xml_element(xml out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	xml_open(out, name);
	xml_text(out, text);
	xml_close(out);
}

void xml_element_of(xml out, const char *name, const char *class, const char *text)
{
	xml_open(out, name);
	xml_attribute(out, "class", class);
	xml_text(out, text);
	xml_close(out);
}

void xml_line(xml out)
{
	xmlTextWriterWriteString(out, BAD_CAST "\n");
}

char *xml_in_memory(void (*write)(xml out, const void *context), const void *context)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	xml out = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;

	if (!out)
		broken("no memory for a page");
	write(out, context);
	xmlFreeTextWriter(out);
	char *text = format("%s", (const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return text;
}
