/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernels: the `kernels` command: what is pinned and in the cache, fetching, removing.
 */
#include "runner/cli/cli.h"
#include "vm/vm.h"

#include <string.h>

static const char *cached_of(const struct pin *pin)
{
	if (!pin->cached)
		return "no";
	return strcmp(pin->cached, pin->version) == 0 ? "yes" : pin->cached;
}

static int list_kernels(void)
{
	size_t count;
	const struct pin *pins = pins_all(&count);
	int suite = (int)strlen("Debian suite"), cached = (int)strlen("cached");

	for (size_t i = 0; i < count; i++) {
		int suite_length = (int)strlen(pins[i].suite);
		int cached_length = (int)strlen(cached_of(&pins[i]));

		suite = suite_length > suite ? suite_length : suite;
		cached = cached_length > cached ? cached_length : cached;
	}
	printf("%-10s %-6s %-*s %-*s %s\n", "version", "size", suite, "Debian suite", cached,
	       "cached", "SHA-256 of its packages");
	for (size_t i = 0; i < count; i++) {
		const char *sums = pins[i].sums;
		bool first = true;

		for (char *sum; (sum = text_word(&sums)); free(sum), first = false) {
			autofree char *size = format("%.0f MB", (double)pins[i].size / 1e6);

			printf("%-10s %-6s %-*s %-*s %s\n", first ? pins[i].version : "",
			       first ? size : "", suite, first ? pins[i].suite : "", cached,
			       first ? cached_of(&pins[i]) : "", sum);
		}
	}
	return EXIT_GOOD;
}

/* "5.10.249, 6.1.192 or 7.3": the caller frees it. */
static char *pinned_versions(void)
{
	struct text text = { 0 };
	size_t count;
	const struct pin *pins = pins_all(&count);

	for (size_t i = 0; i < count; i++)
		text_add(&text, "%s%s",
			 i == 0          ? ""
			 : i + 1 < count ? ", "
					 : " or ",
			 pins[i].version);
	return text_take(&text);
}

/* False after saying which word is no pinned kernel, and which are. */
static bool all_pinned(char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (pin_find(words[i]))
			continue;
		autofree char *versions = pinned_versions();
		complain("no pinned kernel '%s': %s is allowed", words[i], versions);
		return false;
	}
	return true;
}

static int remove_kernels(char *const *words, size_t count)
{
	size_t all;
	const struct pin *pins = pins_all(&all);

	for (size_t i = 0; i < all; i++) {
		bool wanted = count == 0;

		for (size_t j = 0; j < count; j++)
			wanted |= pin_find(words[j]) == &pins[i];
		if (!wanted || !pins[i].cached)
			continue;
		autofree char *problem = pin_remove(&pins[i]);
		if (problem) {
			complain("%s", problem);
			return EXIT_RUN_ERROR;
		}
		printf("removed Linux %s\n", pins[i].cached);
	}
	return EXIT_GOOD;
}

static int command_kernels(const struct options *options)
{
	const char *verb = options->words[0];
	char *const *words = options->words + 1;
	size_t count = options->word_count - 1;

	if (strcmp(verb, "list") == 0)
		return list_kernels();
	if (!all_pinned(words, count))
		return EXIT_USAGE;
	if (strcmp(verb, "remove") == 0)
		return remove_kernels(words, count);
	return pins_fetch(words, count) ? EXIT_GOOD : EXIT_RUN_ERROR;
}

static void complete_pins(const struct typed *typed)
{
	size_t count;
	const struct pin *pins = pins_all(&count);

	for (size_t i = 0; i < count; i++)
		complete_with(typed, pins[i].version);
}

void complete_kernel(const struct typed *typed)
{
	complete_with(typed, "auto");
	complete_with(typed, "host");
	complete_with(typed, "vm");
	complete_pins(typed);
	complete_files(typed);
}

void complete_kernel_list(const struct typed *typed)
{
	const char *comma = strrchr(typed->value, ',');
	size_t listed = comma ? (size_t)(comma + 1 - typed->value) : 0;
	autofree char *before = format("%s%.*s", typed->before, (int)listed, typed->value);
	const struct typed last = { .options = typed->options,
				    .before = before,
				    .value = typed->value + listed };

	complete_with(&last, "host");
	complete_pins(&last);
}

static void complete_words(const struct typed *typed)
{
	static const char *const verbs[] = { "list", "fetch", "remove" };

	for (size_t i = 0; typed->place == 0 && i < ARRAY_LENGTH(verbs); i++)
		complete_with(typed, verbs[i]);
	if (typed->place > 0)
		complete_pins(typed);
}

static bool check(const struct options *options)
{
	const char *verb = options->word_count ? options->words[0] : "";

	if ((strcmp(verb, "list") == 0 && options->word_count == 1) || strcmp(verb, "fetch") == 0 ||
	    strcmp(verb, "remove") == 0)
		return true;
	complain("kernels takes list, fetch or remove; see halfopen kernels --help");
	return false;
}

const struct command kernels_command = {
	.name = "kernels",
	.arguments = "list|fetch|remove [VERSION...]",
	.summary = "the pinned kernels for --kernel",
	.about = "The pinned kernels that --kernel can run: list them, fetch them into the cache "
		 "(default: the one of --kernel vm) or remove them from it (default: all). 6.1 "
		 "means 6.1.192, say. The cache is $HALFOPEN_CACHE, or halfopen in $XDG_CACHE_HOME "
		 "or ~/.cache.",
	.complete = complete_words,
	.check = check,
	.obey = command_kernels,
};
