/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command line, a word in each line: its options, and what its words mean as patterns.
 */
#include "runner/cli/cli.h"
#include "tests/fuzz/catalogue.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { MOST_WORDS = 32 };

static void match(const struct options *options)
{
	struct selection selection;

	autofree bool *wanted = must_alloc(fuzz_catalogue.claim_count, sizeof(*wanted));

	if (selection_make(&selection, &fuzz_catalogue, patterns_of(options))) {
		selection_shuffle(&selection, (unsigned)options->word_count);
		selection_free(&selection);
	}
	for (size_t i = 0; i < options->word_count; i++)
		claims_mark(&fuzz_catalogue, options->words[i], wanted);
	for (size_t i = 1; i < options->word_count; i++) {
		struct nearest nearest = { .typed = options->words[i] };

		pattern_matches(options->words[i], options->words[i - 1], LOOSELY);
		nearest_offer(&nearest, options->words[i - 1]);
	}
}

static void parse(void *context)
{
	struct input input = *(struct input *)context;
	char *words[MOST_WORDS + 2] = { "halfopen" };
	struct options options = { .catalogue = &fuzz_catalogue, .commands = halfopen_commands };
	int count = 1, status = -1;

	while (count <= MOST_WORDS && (words[count] = take_line(&input)))
		count++;
	words[count] = NULL;
	/* getopt sorts the words: a list of their own frees them */
	char *sorted[MOST_WORDS + 2];
	memcpy(sorted, words, sizeof(words));
	if (options_parse(&options, count, sorted, &status))
		match(&options);
	else if (status != EXIT_GOOD && status != EXIT_USAGE)
		abort();
	options_free(&options);
	for (int i = 1; i < count; i++)
		free(words[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	attempt(parse, &input);
	return 0;
}
