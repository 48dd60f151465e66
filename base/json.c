/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json: see json.h.
 */
#include "base/json.h"

#include "base/base.h"
#include "base/xml.h"

#include <errno.h>
#include <string.h>

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

bool json_has(const json_t *array, const json_t *value)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (json_equal(json_array_get(array, i), value))
			return true;
	return false;
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

/* ---- what is read -------------------------------------------------------------------------- */

json_t *json_load(const char *path, json_error_t *error)
{
	autofile FILE *file = open_to_read(path);

	if (file)
		return json_loadf(file, 0, error);
	if (error) {
		*error = (json_error_t){ .line = -1 };
		text_fit(error->text, sizeof(error->text), strerror(errno));
	}
	return NULL;
}

const char *member_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *member_or_empty(const json_t *object, const char *key)
{
	const char *text = member_string(object, key);

	return text ? text : "";
}

double member_number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

int member_whole(const json_t *object, const char *key, int most)
{
	double number = member_number(object, key);

	return number >= 0 && number <= most ? (int)number : 0;
}

char *member_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? format("%s", text) : NULL;
}
