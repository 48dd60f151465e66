/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/damage.h"

#include <ctype.h>
#include <string.h>

size_t chance_below(struct chance *chance, size_t most)
{
	/* splitmix64: each state gives a good number, and the next state is one addition away */
	uint64_t number = chance->state += 0x9e3779b97f4a7c15;

	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
	number = (number ^ number >> 27) * 0x94d049bb133111eb;
	return (size_t)((number ^ number >> 31) % most);
}

/* Puts @size bytes in the place of those from @at to @end. */
static void replace(struct bytes *bytes, size_t at, size_t end, const void *with, size_t size)
{
	size_t behind = bytes->size - end;
	uint8_t *fresh = must_alloc(at + size + behind + 1, 1);

	if (at)
		memcpy(fresh, bytes->data, at);
	if (size)
		memcpy(fresh + at, with, size);
	if (behind)
		memcpy(fresh + at + size, bytes->data + end, behind);
	free(bytes->data);
	*bytes = (struct bytes){ .data = fresh, .size = at + size + behind };
}

/* A part of the bytes; of lines, whole ones. */
struct part {
	size_t at, end;
};

static struct part any_part(const struct bytes *bytes, struct chance *chance)
{
	size_t at = chance_below(chance, bytes->size + 1);
	size_t longest = bytes->size - at < 300 ? bytes->size - at : 300;

	return (struct part){ at, at + chance_below(chance, longest + 1) };
}

static struct part any_line(const struct bytes *bytes, struct chance *chance)
{
	struct part line = { chance_below(chance, bytes->size + 1), 0 };

	while (line.at > 0 && bytes->data[line.at - 1] != '\n')
		line.at--;
	for (line.end = line.at; line.end < bytes->size && bytes->data[line.end] != '\n';)
		line.end++;
	line.end += line.end < bytes->size;
	return line;
}

/* The next run of bytes of a kind, from anywhere on; empty at the end where there is none. */
static struct part any_run(const struct bytes *bytes, struct chance *chance, int (*is)(int c))
{
	struct part run = { chance_below(chance, bytes->size + 1), 0 };

	while (run.at < bytes->size && !is(bytes->data[run.at]))
		run.at++;
	while (run.at > 0 && run.at < bytes->size && is(bytes->data[run.at - 1]))
		run.at--;
	for (run.end = run.at; run.end < bytes->size && is(bytes->data[run.end]);)
		run.end++;
	return run;
}

/* ---- what happens -------------------------------------------------------------------------- */

static void bytes_change(struct bytes *bytes, struct chance *chance)
{
	for (size_t i = chance_below(chance, 4) + 1; i > 0; i--)
		bytes->data[chance_below(chance, bytes->size)] = (uint8_t)chance_below(chance, 256);
}

static void a_bit_flips(struct bytes *bytes, struct chance *chance)
{
	bytes->data[chance_below(chance, bytes->size)] ^= (uint8_t)(1 << chance_below(chance, 8));
}

static void the_end_is_missing(struct bytes *bytes, struct chance *chance)
{
	bytes->size = chance_below(chance, bytes->size);
}

static void a_part_is_missing(struct bytes *bytes, struct chance *chance)
{
	struct part part = any_part(bytes, chance);

	replace(bytes, part.at, part.end, NULL, 0);
}

static void a_part_is_zeros(struct bytes *bytes, struct chance *chance)
{
	struct part part = any_part(bytes, chance);

	memset(bytes->data + part.at, 0, part.end - part.at);
}

static void copy_to(struct bytes *bytes, struct part from, size_t at)
{
	size_t size = from.end - from.at;
	autofree uint8_t *copy = must_alloc(size + 1, 1);

	memcpy(copy, bytes->data + from.at, size);
	replace(bytes, at, at, copy, size);
}

static void a_part_comes_elsewhere(struct bytes *bytes, struct chance *chance)
{
	struct part part = any_part(bytes, chance);

	copy_to(bytes, part, chance_below(chance, bytes->size + 1));
}

static void garbage_is_behind_it(struct bytes *bytes, struct chance *chance)
{
	uint8_t garbage[64];

	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (uint8_t)chance_below(chance, 256);
	replace(bytes, bytes->size, bytes->size, garbage, chance_below(chance, sizeof(garbage)));
}

static void a_line_is_missing(struct bytes *bytes, struct chance *chance)
{
	struct part line = any_line(bytes, chance);

	replace(bytes, line.at, line.end, NULL, 0);
}

static void a_line_comes_elsewhere(struct bytes *bytes, struct chance *chance)
{
	copy_to(bytes, any_line(bytes, chance), any_line(bytes, chance).at);
}

/* @run becomes one of @words. */
static void another_word(struct bytes *bytes, struct chance *chance, struct part run,
			 const char *const *words, size_t count)
{
	const char *word = words[chance_below(chance, count)];

	replace(bytes, run.at, run.end, word, strlen(word));
}

static void a_number_changes(struct bytes *bytes, struct chance *chance)
{
	static const char *const numbers[] = {
		"0",
		"-1",
		"1",
		"7",
		"255",
		"65535",
		"65536",
		"2147483647",
		"-2147483648",
		"4294967295",
		"4294967296",
		"9223372036854775807",
		"99999999999",
		"1e308",
		"-9223372036854775808",
		"0.5",
		"18446744073709551616",
	};

	another_word(bytes, chance, any_run(bytes, chance, isdigit), numbers,
		     ARRAY_LENGTH(numbers));
}

static void a_word_changes(struct bytes *bytes, struct chance *chance)
{
	static const char *const words[] = {
		"",        "flow",   "client", "server", "SYNs",       "begins",
		"passed",  "failed", "error",  "null",   "\\u0000",    "\xff",
		"counter", "packet", "end",    "socket", "\\u202e",    "<b>&amp;",
		"%s%n",    "step",   "expect", "flood",  "../../../x", "ESTABLISHED",
	};

	another_word(bytes, chance, any_run(bytes, chance, isalpha), words, ARRAY_LENGTH(words));
}

/* A value of JSON: from a colon to a comma. */
static int is_of_value(int c)
{
	return !strchr(":,{}[]\n", c);
}

static void a_value_changes(struct bytes *bytes, struct chance *chance)
{
	static const char *const values[] = { "null", "true",     "\"\"", "[]",   "{}",
					      "-1",   "[[[[]]]]", "",     "\"x\"" };

	another_word(bytes, chance, any_run(bytes, chance, is_of_value), values,
		     ARRAY_LENGTH(values));
}

/* The value of one of a line's fields of JSON, each as likely as the others; empty where it has
 * none. */
static struct part any_field(const struct bytes *bytes, struct chance *chance)
{
	struct part line = any_line(bytes, chance), value = { line.end, line.end };
	size_t fields = 0;

	for (size_t i = line.at; i + 2 < line.end; i++)
		if (memcmp(bytes->data + i, "\":", 2) == 0 && chance_below(chance, ++fields) == 0)
			value.at = i + 2;
	for (value.end = value.at;
	     value.end < line.end && !strchr(",}]\n", bytes->data[value.end]);)
		value.end++;
	return value;
}

/* Numbers of flows, packets and ports are small, and what is next to them may not be there. */
static void a_field_is_another_number(struct bytes *bytes, struct chance *chance)
{
	static const long long around[] = {
		0, 1 << 8, 1 << 16, INT32_MAX, UINT32_MAX, INT64_MAX / 4
	};
	struct part value = any_field(bytes, chance);
	long long number = around[chance_below(chance, ARRAY_LENGTH(around))] +
			   (long long)chance_below(chance, 40) - 8;
	autofree char *text = format("%lld", number);

	replace(bytes, value.at, value.end, text, strlen(text));
}

static void move_to(struct bytes *bytes, struct part from, struct part to)
{
	size_t size = from.end - from.at;
	autofree uint8_t *word = must_alloc(size + 1, 1);

	memcpy(word, bytes->data + from.at, size);
	replace(bytes, to.at, to.end, word, size);
}

static void a_word_comes_from_elsewhere(struct bytes *bytes, struct chance *chance)
{
	struct part from = any_run(bytes, chance, isalnum);

	move_to(bytes, from, any_run(bytes, chance, isalnum));
}

static void a_field_comes_from_elsewhere(struct bytes *bytes, struct chance *chance)
{
	struct part from = any_field(bytes, chance);

	move_to(bytes, from, any_field(bytes, chance));
}

struct way {
	const char *name;
	void (*happen)(struct bytes *bytes, struct chance *chance);
};

#define WAY(function)                                                                              \
	{                                                                                          \
#function, function                                                                \
	}

static const struct way of_bytes[] = {
	WAY(bytes_change),         WAY(a_bit_flips),       WAY(the_end_is_missing),
	WAY(a_part_is_zeros),      WAY(a_part_is_missing), WAY(a_part_comes_elsewhere),
	WAY(garbage_is_behind_it),
};

static const struct way of_texts[] = {
	WAY(a_line_is_missing),
	WAY(a_line_comes_elsewhere),
	WAY(a_number_changes),
	WAY(a_number_changes),
	WAY(a_word_changes),
	WAY(a_value_changes),
	WAY(a_word_comes_from_elsewhere),
	WAY(a_field_is_another_number),
	WAY(a_field_is_another_number),
	WAY(a_field_is_another_number),
	WAY(a_field_comes_from_elsewhere),
};

static bool is_text(const struct bytes *bytes)
{
	return bytes->size && !memchr(bytes->data, '\0', bytes->size);
}

const char *damage(struct bytes *bytes, struct chance *chance)
{
	bool text = is_text(bytes) && chance_below(chance, 4);
	const struct way *ways = text ? of_texts : of_bytes;
	const struct way *way =
		&ways[chance_below(chance, text ? ARRAY_LENGTH(of_texts) : ARRAY_LENGTH(of_bytes))];

	if (bytes->size)
		way->happen(bytes, chance);
	return way->name;
}
