/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare: two texts, line by line, by a longest common subsequence.
 */
#include "runner/saved/saved.h"

#include <string.h>

/* Pairs of lines that are looked at: two ladders have some thousands. */
#define MOST_PAIRS ((size_t)4 << 20)

struct lines {
	char **line;
	size_t count;
};

static struct lines split(const char *text)
{
	struct lines lines = { .line = must_alloc(1, sizeof(char *)) };

	while (*text) {
		size_t length = strcspn(text, "\n");

		lines.line = must_realloc(lines.line, lines.count + 1, sizeof(*lines.line));
		lines.line[lines.count++] = format("%.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
	return lines;
}

/* The lines themselves go to the pairs. */
static void pair(struct comparison *comparison, char *left, char *right)
{
	bool same = left && right && strcmp(left, right) == 0;

	comparison->pairs =
		must_realloc(comparison->pairs, comparison->count + 1, sizeof(*comparison->pairs));
	comparison->pairs[comparison->count++] =
		(struct line_pair){ .left = left, .right = right, .same = same };
	comparison->different += !same;
}

/* What lies between two common lines, side by side. */
static void pair_different(struct comparison *comparison, struct lines left, struct lines right)
{
	for (size_t i = 0; i < left.count || i < right.count; i++)
		pair(comparison, i < left.count ? left.line[i] : NULL,
		     i < right.count ? right.line[i] : NULL);
}

/*
 * lengths[i * (right.count + 1) + j]: of the longest common subsequence of the lines from i on
 * the left and from j on the right. The caller frees it.
 */
static unsigned *common_lengths(struct lines left, struct lines right)
{
	size_t width = right.count + 1;
	unsigned *lengths = must_alloc((left.count + 1) * width, sizeof(*lengths));

	for (size_t i = left.count; i-- > 0;)
		for (size_t j = right.count; j-- > 0;) {
			unsigned *here = &lengths[i * width + j];
			unsigned without_left = here[width], without_right = here[1];

			if (strcmp(left.line[i], right.line[j]) == 0)
				*here = here[width + 1] + 1;
			else
				*here = without_left > without_right ? without_left : without_right;
		}
	return lengths;
}

static void pair_middle(struct comparison *comparison, struct lines left, struct lines right)
{
	size_t width = right.count + 1, i = 0, j = 0, left_done = 0, right_done = 0;
	autofree unsigned *lengths = common_lengths(left, right);

	while (i < left.count && j < right.count) {
		const unsigned *here = &lengths[i * width + j];

		if (strcmp(left.line[i], right.line[j]) != 0) {
			if (here[width] >= here[1])
				i++;
			else
				j++;
			continue;
		}
		pair_different(comparison, (struct lines){ left.line + left_done, i - left_done },
			       (struct lines){ right.line + right_done, j - right_done });
		pair(comparison, left.line[i++], right.line[j++]);
		left_done = i;
		right_done = j;
	}
	pair_different(comparison, (struct lines){ left.line + left_done, left.count - left_done },
		       (struct lines){ right.line + right_done, right.count - right_done });
}

struct comparison compare_texts(const char *left_text, const char *right_text)
{
	struct comparison comparison = { 0 };
	struct lines left = split(left_text), right = split(right_text);
	size_t least = left.count < right.count ? left.count : right.count, begin = 0, end = 0;

	while (begin < least && strcmp(left.line[begin], right.line[begin]) == 0)
		begin++;
	while (end < least - begin &&
	       strcmp(left.line[left.count - 1 - end], right.line[right.count - 1 - end]) == 0)
		end++;
	for (size_t i = 0; i < begin; i++)
		pair(&comparison, left.line[i], right.line[i]);
	struct lines left_middle = { left.line + begin, left.count - begin - end };
	struct lines right_middle = { right.line + begin, right.count - begin - end };
	if (left_middle.count > MOST_PAIRS / (right_middle.count + 1))
		pair_different(&comparison, left_middle, right_middle);
	else
		pair_middle(&comparison, left_middle, right_middle);
	for (size_t i = end; i > 0; i--)
		pair(&comparison, left.line[left.count - i], right.line[right.count - i]);
	free(left.line);
	free(right.line);
	return comparison;
}

void comparison_free(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		free(comparison->pairs[i].left);
		free(comparison->pairs[i].right);
	}
	free(comparison->pairs);
	*comparison = (struct comparison){ 0 };
}
