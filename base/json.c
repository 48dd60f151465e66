/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json: see json.h.
 */
#include "base/json.h"

#include "base/base.h"
#include "base/xml.h"

#include <errno.h>

json_t *json_text(const char *text)
{
	autofree char *clean = text ? text_clean(text) : NULL;

	return clean ? json_string(clean) : json_null();
}

json_t *json_words(const char *words)
{
	json_t *array = json_array();

	for (char *word; (word = text_word(&words)); free(word))
		json_array_append_new(array, json_text(word));
	return array;
}

bool json_store(const json_t *value, const char *path)
{
	FILE *file = value ? whole_begin(path) : NULL;

	if (!value)
		errno = EINVAL;
	if (!file)
		return false;
	if (json_dumpf(value, file, JSON_INDENT(1)) == 0)
		fputc('\n', file);
	return whole_end(&file, path);
}
