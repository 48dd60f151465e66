/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json: what is written as JSON, over jansson.
 */
#ifndef HALFOPEN_JSON_H
#define HALFOPEN_JSON_H

#include <jansson.h>
#include <stdbool.h>

/* Cleaned text (text_clean() of xml.h), or null for NULL. */
json_t *json_text(const char *text);
/* The blank-separated words as an array. */
json_t *json_words(const char *words);
/* Replaces the file whole or not at all. False with errno. */
bool json_store(const json_t *value, const char *path);

#endif
