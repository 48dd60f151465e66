/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list: the cases there are, and what each needs.
 */
#include "runner/cli/cli.h"

#include <string.h>

enum { WIDTH = 100, NAME_COLUMN = 75 };

/* What the case declares, and netem where its wire asks for it. */
static char *needs_of(const struct listed_case *spec)
{
	const char *needs = spec->needs ? spec->needs : "";
	bool netem = spec->netem && !text_has_word(needs, "netem");

	return format("%s%s%s", netem ? "netem" : "", netem && *needs ? " " : "", needs);
}

static const char *families_of(const struct listed_case *spec)
{
	if (spec->families == BOTH_FAMILIES)
		return "ipv4 ipv6";
	return spec->families == IPV6_ONLY ? "ipv6" : "ipv4";
}

static json_t *case_json(const struct listed_case *spec)
{
	autofree char *needs = needs_of(spec);
	json_t *json = json_object();

	json_object_set_new(json, "case", json_text(spec->name));
	json_object_set_new(json, "topic", json_text(spec->topic));
	json_object_set_new(json, "claims", json_words(spec->claims));
	json_object_set_new(json, "covers", json_words(spec->covers));
	json_object_set_new(json, "families", json_words(families_of(spec)));
	json_object_set_new(json, "needs", json_words(needs));
	json_object_set_new(json, "kernel_seconds", json_real(spec->kernel_seconds));
	json_object_set_new(json, "variants", json_words(spec->variants));
	return json;
}

static void print_detail(const char *label, const char *words)
{
	static const struct wrap wrap = { .indent = 4, .width = WIDTH };

	if (!words || !*words)
		return;
	autofree char *text = format("%s%s", label, words);
	printf("%*s", (int)wrap.indent, "");
	text_wrap(stdout, wrap, text);
}

static void print_case(const struct listed_case *spec, int name_column)
{
	autofree char *needs = needs_of(spec);
	autofree char *time = text_duration(spec->kernel_seconds);

	printf("  %-*s %10s  %s\n", name_column, spec->name, time, families_of(spec));
	print_detail("claims ", spec->claims);
	print_detail("covers ", spec->covers);
	print_detail("needs ", needs);
	print_detail("variants ", spec->variants);
}

static int longest_name(const struct selection *selection)
{
	size_t longest = 0;

	for (size_t i = 0; i < selection->count; i++) {
		size_t length = strlen(selection->tests[i].spec->name);

		longest = length > longest ? length : longest;
	}
	return longest < NAME_COLUMN ? (int)longest : NAME_COLUMN;
}

static int command_list(const struct options *options)
{
	struct selection selection;

	if (!selection_make(&selection, options->catalogue, patterns_of(options)))
		return EXIT_USAGE;
	json_auto_t *array = json_array();
	int name_column = longest_name(&selection);
	const struct listed_case *last = NULL;
	bool sound = true;

	for (size_t i = 0; i < selection.count; i++) {
		const struct listed_case *spec = selection.tests[i].spec;

		if (spec == last)
			continue;
		sound &= claims_are_sound(options->catalogue, spec);
		if (options->json) {
			json_array_append_new(array, case_json(spec));
		} else {
			if (!last || strcmp(last->topic, spec->topic) != 0)
				printf("%s%s\n", last ? "\n" : "", spec->topic);
			print_case(spec, name_column);
		}
		last = spec;
	}
	if (options->json) {
		json_dumpf(array, stdout, JSON_INDENT(1));
		putchar('\n');
	}
	selection_free(&selection);
	return sound ? EXIT_GOOD : EXIT_RUN_ERROR;
}

static const struct cli_option list_options[] = {
	{ .name = "covers",
	  .argument = "PATTERN",
	  .take = take_another,
	  FIELD(covers),
	  .complete = complete_covered,
	  .help = "only those that cover such a behaviour, as in P-104 or 'X-2*'; again for more" },
	{ .name = "json", .take = take_flag, FIELD(json), .help = "an array of objects" },
	{ 0 },
};

const struct command list_command = {
	.name = "list",
	.arguments = "[PATTERN...]",
	.summary = "the cases: topic, claims, behaviours, families, needs, kernel time",
	.about = "List the cases whose name, id (name/ipv4), topic, claim or behaviour matches a "
		 "PATTERN; of one that none matches, those whose claims or behaviours say it.",
	.options = list_options,
	.complete = complete_patterns,
	.obey = command_list,
};
