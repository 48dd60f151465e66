/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json: what is written and read as JSON, over jansson.
 */
#ifndef HALFOPEN_JSON_H
#define HALFOPEN_JSON_H

#include <jansson.h>
#include <stdbool.h>

/* Cleaned text (text_clean() of xml.h), or null for NULL. */
json_t *json_text(const char *text);
/* The blank-separated words as an array. */
json_t *json_words(const char *words);
/* Whether the array has an equal value. */
bool json_has(const json_t *array, const json_t *value);
/* Replaces the file whole or not at all. False with errno. */
bool json_store(const json_t *value, const char *path);

/* What json_load_file() does, of a regular file: without one error->line is -1, and errno tells. */
json_t *json_load(const char *path, json_error_t *error);
/* A number member, or 0. */
double member_number(const json_t *object, const char *key);
/* One from 0 to @most, without what is behind its point; else 0. */
int member_whole(const json_t *object, const char *key, int most);
/* The string itself, the object's: NULL where it is missing or null; or "" then. */
const char *member_string(const json_t *object, const char *key);
const char *member_or_empty(const json_t *object, const char *key);
/* A copy of a string member, or NULL. */
char *member_text(const json_t *object, const char *key);

#endif
