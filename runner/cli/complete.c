/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complete: what may become of the word that a person types, for the scripts in share/completions.
 * All comes from the tables of the commands, and from the catalogue. What nobody can complete is no
 * line, and never an error.
 */
#include "runner/cli/cli.h"

#include <string.h>
#include <strings.h>

void complete_with(const struct typed *typed, const char *candidate)
{
	if (strncasecmp(candidate, typed->value, strlen(typed->value)) == 0)
		printf("%s%s\n", typed->before, candidate);
}

void complete_files(const struct typed *typed)
{
	(void)typed;
	puts(":files");
}

void complete_folders(const struct typed *typed)
{
	(void)typed;
	puts(":folders");
}

/* ---- the catalogue ------------------------------------------------------------------------- */

/* "name/ipv4" of all. */
static void complete_ids(const struct typed *typed)
{
	struct selection all;

	if (!selection_make(&all, typed->options->catalogue, (struct patterns){ 0 }))
		return;
	for (size_t i = 0; i < all.count; i++)
		complete_with(typed, all.tests[i].id);
	selection_free(&all);
}

void complete_cases(const struct typed *typed)
{
	const struct catalogue *catalogue = typed->options->catalogue;

	if (strchr(typed->value, '/'))
		complete_ids(typed);
	for (size_t i = 0; i < catalogue->case_count; i++)
		complete_with(typed, catalogue->cases[i].name);
}

/* Of the documents' claims those that a case answers, of the behaviours those that one covers. */
static void complete_answered(const struct typed *typed, bool behaviours)
{
	const struct catalogue *catalogue = typed->options->catalogue;

	for (size_t i = 0; i < catalogue->claim_count; i++) {
		const struct claim *claim = &catalogue->claims[i];

		if ((claim->verdict == BEHAVIOUR) == behaviours &&
		    claim_is_answered(catalogue, claim))
			complete_with(typed, claim->id);
	}
}

void complete_covered(const struct typed *typed)
{
	complete_answered(typed, true);
}

static bool is_first_of_topic(const struct catalogue *catalogue, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(catalogue->cases[i].topic, catalogue->cases[index].topic) == 0)
			return false;
	return true;
}

void complete_patterns(const struct typed *typed)
{
	const struct catalogue *catalogue = typed->options->catalogue;

	complete_cases(typed);
	complete_answered(typed, false);
	complete_answered(typed, true);
	for (size_t i = 0; i < catalogue->case_count; i++)
		if (is_first_of_topic(catalogue, i))
			complete_with(typed, catalogue->cases[i].topic);
}

void complete_claims(const struct typed *typed)
{
	const struct catalogue *catalogue = typed->options->catalogue;

	for (size_t i = 0; i < catalogue->claim_count; i++)
		complete_with(typed, catalogue->claims[i].id);
	complete_cases(typed);
}

/* ---- the command line so far --------------------------------------------------------------- */

/* The option that a word is ("--jobs", "--jobs=3", "-j"), or NULL. */
static const struct cli_option *find_option(const struct command *command, const char *word)
{
	const struct cli_option *each = command->options;

	for (; each && each->name; each++) {
		size_t length = strlen(each->name);

		if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, each->name, length) == 0 &&
		    (word[2 + length] == '\0' || word[2 + length] == '='))
			return each;
		if (each->letter && word[0] == '-' && word[1] == each->letter && !word[2])
			return each;
	}
	return NULL;
}

static void complete_value(const struct cli_option *option, const struct typed *typed)
{
	autofree char *words = format("%s", option->argument ? option->argument : "");
	char *rest = words;

	if (option->complete)
		option->complete(typed);
	else if (strchr(words, '|'))
		for (const char *word; (word = strsep(&rest, "|"));)
			complete_with(typed, word);
}

static void complete_option(const struct command *command, const struct typed *typed)
{
	for (const struct cli_option *each = command->options; each && each->name; each++) {
		autofree char *word = format("--%s", each->name);

		complete_with(typed, word);
	}
	complete_with(typed, "--help");
}

/* Whether its value is the next word. */
static bool wants_word(const struct cli_option *option, const char *word)
{
	return option->argument && option->argument[0] != '[' && !strchr(word, '=');
}

static void take(struct options *so_far, const struct cli_option *option, const char *value)
{
	if (value || !option->argument)
		option->take(option, value, (char *)so_far + option->field);
}

/* What a command does with its words; a program's are its own. */
static void take_word(struct options *so_far, const char *word)
{
	if (so_far->command->word)
		take(so_far, so_far->command->word, word);
}

/*
 * Reads what stands before the last word, as far as it is right. Returns the option whose value the
 * last word is, or NULL.
 */
static const struct cli_option *read_words(struct options *so_far, struct typed *typed)
{
	const struct cli_option *waiting = NULL;

	for (size_t i = 0; i + 1 < so_far->word_count; i++) {
		const char *word = so_far->words[i], *equals = strchr(word, '=');
		const struct cli_option *option = find_option(so_far->command, word);

		if (waiting)
			take(so_far, waiting, word);
		else if (option && !wants_word(option, word))
			take(so_far, option, equals ? equals + 1 : NULL);
		else if (!option && word[0] != '-') {
			typed->place++;
			take_word(so_far, word);
		}
		waiting = !waiting && option && wants_word(option, word) ? option : NULL;
	}
	return waiting;
}

static void complete_last(struct options *so_far)
{
	char *last = so_far->words[so_far->word_count - 1], *equals = strchr(last, '=');
	struct typed typed = { .options = so_far, .before = "", .value = last };
	const struct cli_option *waiting = read_words(so_far, &typed);
	const struct cli_option *option = equals ? find_option(so_far->command, last) : NULL;
	autofree char *before = format("%.*s", option ? (int)(equals + 1 - last) : 0, last);

	if (waiting) {
		complete_value(waiting, &typed);
	} else if (option) {
		typed.before = before;
		typed.value = equals + 1;
		complete_value(option, &typed);
	} else if (last[0] == '-') {
		complete_option(so_far->command, &typed);
	} else if (so_far->command->complete) {
		so_far->command->complete(&typed);
	}
}

static void complete_command(const struct options *options, const char *word)
{
	const struct typed typed = { .options = options, .before = "", .value = word };

	for (const struct command *const *each = options->commands; *each; each++)
		complete_with(&typed, (*each)->name);
	complete_with(&typed, "help");
	if (word[0] == '-') {
		complete_with(&typed, "--help");
		complete_with(&typed, "--version");
	}
}

void complete(struct options *so_far)
{
	const char *command = so_far->word_count > 1 ? so_far->words[1] : "";

	if (so_far->word_count < 3 || strcmp(command, "help") == 0) {
		complete_command(so_far, so_far->word_count > 2 ? so_far->words[2] : command);
		return;
	}
	for (const struct command *const *each = so_far->commands; *each; each++)
		if (strcmp(command, (*each)->name) == 0)
			so_far->command = *each;
	so_far->words += 2;
	so_far->word_count -= 2;
	if (so_far->command)
		complete_last(so_far);
}
