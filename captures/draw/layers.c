/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layers: see layers.h. What a drawing looks like is taken from picture.svg alone.
 */
#include "captures/draw/layers.h"

#include "base/xml.h"
#include "captures/draw/draw.h"
#include "captures/draw/picture.svg.h"

#include <libxml/parser.h>
#include <string.h>

static void set_number(xmlNode *node, const char *name, int number)
{
	autofree char *digits = format("%d", number);

	xmlNewProp(node, BAD_CAST name, BAD_CAST digits);
}

xmlNode *layers_text(struct layers *layers, struct point at, enum layer layer, const char *text)
{
	autofree char *clean = text_clean(text);
	xmlNode *node =
		xmlNewTextChild(layers->nodes[layer], NULL, BAD_CAST "text", BAD_CAST clean);

	set_number(node, "x", at.x);
	set_number(node, "y", at.y);
	return node;
}

void layers_words(const struct layers *layers, xmlNode *text, enum layer layer, const char *words)
{
	autofree char *clean = text_clean(words);
	xmlNode *span;

	if (!*words)
		return;
	span = xmlCopyNode(layers->nodes[layer], 1);
	xmlNodeAddContent(span, BAD_CAST clean);
	xmlAddChild(text, span);
}

void layers_box(struct layers *layers, struct box box, enum layer layer)
{
	if (box.width > 0 && box.height > 0)
		text_add(&layers->paths[layer], "M%d %dh%dv%dh%dz", box.x, box.y, box.width,
			 box.height, -box.width);
}

static xmlDoc *empty_ladder(void)
{
	xmlDoc *drawing = xmlReadMemory(picture_svg, (int)sizeof(picture_svg) - 1, "picture.svg",
					NULL, XML_PARSE_NOBLANKS | XML_PARSE_NONET);

	if (!drawing)
		broken("no memory for a picture");
	return drawing;
}

static bool is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static void drop(xmlNode *node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

/* Finds the layers, in the order of the file; what else is in it but its style goes. */
static void find_layers(struct layers *layers, xmlNode *svg)
{
	int layer = 0;

	for (xmlNode *node = svg->children, *next; node; node = next) {
		next = node->next;
		if (node->type == XML_COMMENT_NODE)
			drop(node);
		else if (!is_element(node, "style"))
			layers->nodes[layer < LAYERS ? layer : LAYERS - 1] = node, layer++;
	}
	if (layer != LAYERS)
		broken("picture.svg has %d layers, and layers.h %d", layer, LAYERS);
}

/* Layers that stayed empty go, and so do the patterns of words. */
static void finish_layers(struct layers *layers)
{
	for (int i = 0; i < LAYERS; i++) {
		autofree char *path = text_take(&layers->paths[i]);

		if (*path)
			xmlNewProp(layers->nodes[i], BAD_CAST "d", BAD_CAST path);
		else if (i >= FAINT_WORDS || !layers->nodes[i]->children)
			drop(layers->nodes[i]);
	}
}

static bool is_of_looks(const xmlAttr *attribute)
{
	static const char *const others[] = { "class", "d", "space" };

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (strcmp((const char *)attribute->name, others[i]) == 0)
			return false;
	return true;
}

/* In a page with ladder_style() the looks are said once. */
static void drop_looks(xmlNode *node)
{
	for (xmlAttr *attribute = node->properties, *next; attribute; attribute = next) {
		next = attribute->next;
		if (is_of_looks(attribute))
			xmlRemoveProp(attribute);
	}
}

static xmlNode *style_of(xmlNode *svg)
{
	xmlNode *node = svg->children;

	while (node && !is_element(node, "style"))
		node = node->next;
	return node;
}

/* A title for a file of its own; in a page that has ladder_style(), a name for who listens. */
static void name_drawing(xmlNode *svg, const struct canvas *canvas)
{
	autofree char *title = text_clean(canvas->title);
	autofree char *label = format("%s of %s, %s", canvas->what, title, canvas->family);

	if (canvas->alone) {
		xmlNode *node = xmlNewTextChild(svg, NULL, BAD_CAST "title", BAD_CAST title);

		xmlAddPrevSibling(svg->children, node);
	} else {
		xmlNewProp(svg, BAD_CAST "aria-label", BAD_CAST label);
		drop(style_of(svg));
	}
}

static char *text_of(xmlDoc *drawing)
{
	xmlBuffer *buffer = xmlBufferCreate();

	if (!buffer || xmlNodeDump(buffer, drawing, xmlDocGetRootElement(drawing), 0, 0) < 0)
		broken("no memory for a picture");
	char *text = format("%s", (const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return text;
}

void layers_open(struct layers *layers, const struct canvas *canvas)
{
	autofree char *box = format("0 0 %d %d", canvas->width, canvas->height);
	xmlNode *svg;

	layers->document = empty_ladder();
	svg = xmlDocGetRootElement(layers->document);
	find_layers(layers, svg);
	for (int i = 0; !canvas->alone && i < LAYERS; i++)
		drop_looks(layers->nodes[i]);
	if (!canvas->alone)
		drop_looks(svg);
	set_number(svg, "width", canvas->width);
	set_number(svg, "height", canvas->height);
	xmlNewProp(svg, BAD_CAST "viewBox", BAD_CAST box);
	name_drawing(svg, canvas);
	layers_box(layers, (struct box){ 0, 0, canvas->width, canvas->height }, PAGE);
}

char *layers_close(struct layers *layers)
{
	finish_layers(layers);
	char *text = text_of(layers->document);
	xmlFreeDoc(layers->document);
	return text;
}

/* What a layer's attributes say of its looks, as a rule of CSS for its first class. */
static void add_rule(struct text *style, const xmlNode *layer, const char *prefix)
{
	xmlChar *class = xmlGetProp(layer, BAD_CAST "class");

	text_add(style, "%s%.*s {", prefix, (int)strcspn((const char *)class, " "),
		 (const char *)class);
	for (const xmlAttr *look = layer->properties; look; look = look->next) {
		xmlChar *value = xmlGetProp(layer, look->name);

		if (is_of_looks(look))
			text_add(style, " %s: %s;", (const char *)look->name, (const char *)value);
		xmlFree(value);
	}
	text_add(style, " }\n");
	xmlFree(class);
}

char *ladder_style(void)
{
	xmlDoc *drawing = empty_ladder();
	xmlNode *svg = xmlDocGetRootElement(drawing), *dark = style_of(svg);
	struct text style = { 0 };

	add_rule(&style, svg, ".");
	for (const xmlNode *node = svg->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && node != dark)
			add_rule(&style, node, ".ladder .");
	xmlChar *rest = xmlNodeGetContent(dark);
	text_add(&style, "%s", (const char *)rest);
	xmlFree(rest);
	xmlFreeDoc(drawing);
	return text_take(&style);
}
