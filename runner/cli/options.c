/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options: what the command line says, by the tables of the commands. Every wrong word gets one
 * line that names the option, the value and what is allowed, and exit status 2.
 */
#include "runner/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <string.h>

/* ---- how values are taken ------------------------------------------------------------------ */

bool take_flag(const struct cli_option *option, const char *value, void *field)
{
	(void)option;
	(void)value;
	*(bool *)field = true;
	return true;
}

bool take_number(const struct cli_option *option, const char *value, void *field)
{
	char *end = NULL;

	errno = 0;
	unsigned long parsed = strtoul(value, &end, 10);
	if (value[0] >= '0' && value[0] <= '9' && !*end && !errno && parsed >= 1 &&
	    parsed <= option->most) {
		*(unsigned *)field = (unsigned)parsed;
		return true;
	}
	complain("--%s '%s': a whole number from 1 to %u is allowed", option->name, value,
		 option->most);
	return false;
}

bool take_multiplier(const struct cli_option *option, const char *value, void *field)
{
	char *end = NULL;
	double parsed = strtod(value, &end);

	if (end != value && !*end && isfinite(parsed) && parsed > 0 && parsed <= 1000) {
		*(double *)field = parsed;
		return true;
	}
	complain("--%s '%s': a number above 0, up to 1000, is allowed", option->name, value);
	return false;
}

bool take_string(const struct cli_option *option, const char *value, void *field)
{
	*(const char **)field = value;
	if (value[strspn(value, " ")])
		return true;
	complain("--%s '%s': it must not be empty", option->name, value);
	return false;
}

bool take_another(const struct cli_option *option, const char *value, void *field)
{
	const char *text;

	if (!take_string(option, value, &text))
		return false;
	words_add(field, "%s", text);
	return true;
}

bool take_there(const struct cli_option *option, const char *value, void *field)
{
	if (access(value, F_OK) == 0)
		return take_another(option, value, field);
	complain("--%s %s: %s", option->name, value, strerror(errno));
	return false;
}

/* These words go to tc as lines, into replay.sh and into a guest. */
bool take_netem(const struct cli_option *option, const char *value, void *field)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .%+-_";

	if (value[strspn(value, allowed)] == '\0')
		return take_string(option, value, field);
	complain("--%s '%s': words of letters, digits and . %% + - _ are allowed", option->name,
		 value);
	return false;
}

/* "text, timeline, mermaid or svg" of "text|timeline|mermaid|svg"; the caller frees it. */
static char *choices(const char *argument)
{
	struct text text = { 0 };

	for (const char *c = argument; *c; c++)
		if (*c == '|')
			text_add(&text, "%s", strchr(c + 1, '|') ? ", " : " or ");
		else
			text_add(&text, "%c", *c);
	return text_take(&text);
}

bool take_choice(const struct cli_option *option, const char *value, void *field)
{
	autofree char *words = format("%s", option->argument), *allowed = choices(words);
	char *rest = words;
	unsigned index = 0;

	for (const char *word; (word = strsep(&rest, "|")); index++)
		if (strcmp(word, value) == 0) {
			*(unsigned *)field = index;
			return true;
		}
	complain("--%s '%s': %s is allowed", option->name, value, allowed);
	return false;
}

/* ---- what getopt_long wants, from a command's table ---------------------------------------- */

enum {
	WORD = 1,        /* what getopt returns of a word that is no option */
	LONG_ONLY = 256, /* and of an option without a letter, with its index added */
};

struct getopt_tables {
	struct option *longs;
	char *shorts;
	size_t count; /* of the command's own options; --help is behind them */
};

static size_t options_of(const struct command *command)
{
	size_t count = 0;

	while (command->options && command->options[count].name)
		count++;
	return count;
}

static int has_argument(const struct cli_option *option)
{
	if (!option->argument)
		return no_argument;
	return option->argument[0] == '[' ? optional_argument : required_argument;
}

static struct getopt_tables tables_of(const struct command *command)
{
	struct getopt_tables tables = { .count = options_of(command) };
	struct text shorts = { 0 };

	tables.longs = must_alloc(tables.count + 2, sizeof(*tables.longs));
	/*
	 * What is behind a program's name is the program's: '+' ends at the first word. Where words
	 * stand before "--", too, each comes in its place: '-'.
	 */
	text_add(&shorts, "%s:h", command->word ? "-" : command->starts_program ? "+" : "");
	for (size_t i = 0; i < tables.count; i++) {
		const struct cli_option *option = &command->options[i];

		tables.longs[i] = (struct option){
			.name = option->name,
			.has_arg = has_argument(option),
			.val = LONG_ONLY + (int)i,
		};
		if (option->letter)
			text_add(&shorts, "%c%s", option->letter, option->argument ? ":" : "");
	}
	tables.longs[tables.count] = (struct option){ .name = "help", .val = 'h' };
	tables.shorts = text_take(&shorts);
	return tables;
}

static void tables_free(struct getopt_tables *tables)
{
	free(tables->longs);
	free(tables->shorts);
}

/* The option that getopt has found as @key. */
static const struct cli_option *option_of(const struct command *command, int key)
{
	const struct cli_option *option = command->options;

	if (key == WORD)
		return command->word;
	if (key >= LONG_ONLY)
		return option + (key - LONG_ONLY);
	while (option->letter != key)
		option++;
	return option;
}

/* ---- wrong words --------------------------------------------------------------------------- */

static void complain_of_unknown(const struct command *command, const struct getopt_tables *tables,
				const char *word)
{
	struct nearest nearest = { .typed = word + strlen("--") };

	for (size_t i = 0; i <= tables->count; i++)
		nearest_offer(&nearest, tables->longs[i].name);
	autofree char *near = nearest_text(&nearest);
	complain("%s knows no option '%s'%s; see halfopen %s --help", command->name, word, near,
		 command->name);
}

/* getopt found something that it does not know, or that lacks a value, in @word. */
static void complain_of_option(const struct command *command, const struct getopt_tables *tables,
			       int key, const char *word)
{
	const char *name = command->name;

	if (key == ':')
		complain("%s: %s needs a value; see halfopen %s --help", name, word, name);
	else if (strncmp(word, "--", 2) == 0 && strchr(word, '=') && optopt)
		complain("%s: %s: that option takes no value", name, word);
	else if (strncmp(word, "--", 2) == 0)
		complain_of_unknown(command, tables, word);
	else
		complain("%s knows no option '-%c'; see halfopen %s --help", name, optopt, name);
}

/* "list, run, claims or show" */
static char *names_of(const struct command *const *commands)
{
	struct text text = { 0 };

	for (size_t i = 0; commands[i]; i++)
		text_add(&text, "%s%s",
			 i == 0            ? ""
			 : commands[i + 1] ? ", "
					   : " or ",
			 commands[i]->name);
	return text_take(&text);
}

/* ---- the command line ---------------------------------------------------------------------- */

/* The one of that name; NULL after complaining. */
static const struct command *find_command(const struct command *const *commands, const char *word)
{
	struct nearest nearest = { .typed = word };

	for (; *commands; commands++) {
		if (strcmp(word, (*commands)->name) == 0)
			return *commands;
		nearest_offer(&nearest, (*commands)->name);
	}
	autofree char *near = nearest_text(&nearest);
	complain("unknown command '%s'%s; see halfopen --help", word, near);
	return NULL;
}

/* halfopen help [COMMAND] */
static int help(const struct command *const *commands, const char *word)
{
	const struct command *command = word ? find_command(commands, word) : NULL;

	if (word && !command)
		return EXIT_USAGE;
	if (command)
		help_print_command(command);
	else
		help_print(commands);
	return EXIT_GOOD;
}

/* The word before the command's own: a command, or what is none. */
static bool parse_command(struct options *options, int *status)
{
	char **words = options->words;

	*status = EXIT_GOOD;
	if (words[0] && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
		help_print(options->commands);
		return false;
	}
	if (words[0] && strcmp(words[0], "help") == 0) {
		*status = help(options->commands, words[1]);
		return false;
	}
	if (words[0] && strcmp(words[0], "complete") == 0) {
		complete(options);
		return false;
	}
	if (words[0] && strcmp(words[0], "--version") == 0) {
		puts("halfopen " PACKAGE_VERSION);
		return false;
	}
	*status = EXIT_USAGE;
	if (words[0]) {
		options->command = find_command(options->commands, words[0]);
		return options->command;
	}
	autofree char *names = names_of(options->commands);
	complain("which command? %s; see halfopen --help", names);
	return false;
}

/* What is left of the words are no options. False when all is said. */
static bool parse_options(struct options *options, const struct getopt_tables *tables, int *status)
{
	const struct command *command = options->command;
	int argc = (int)options->word_count;
	char **argv = options->words;

	opterr = 0;
	optind = 0; /* glibc: start over, also where a test calls this twice */
	for (int key; (key = getopt_long(argc, argv, tables->shorts, tables->longs, NULL)) != -1;) {
		if (key == 'h') {
			help_print_command(command);
			*status = EXIT_GOOD;
			return false;
		}
		if (key == '?' || key == ':') {
			complain_of_option(command, tables, key, argv[optind - 1]);
			return false;
		}
		const struct cli_option *option = option_of(command, key);
		if (!option->take(option, optarg, (char *)options + option->field))
			return false;
		words_add(&options->given, optarg ? "--%s=%s" : "--%s", option->name, optarg);
	}
	options->dashes = optind > 1 && strcmp(argv[optind - 1], "--") == 0;
	options->words += optind;
	options->word_count -= (size_t)optind;
	return true;
}

static bool check_words(const struct options *options)
{
	for (size_t i = 0; i < options->word_count; i++)
		if (!*options->words[i] && !options->command->starts_program) {
			complain("the pattern '' is empty: leave it out to mean everything");
			return false;
		}
	return !options->command->check || options->command->check(options);
}

bool options_parse(struct options *options, int argc, char **argv, int *status)
{
	options->kernel = "auto";
	options->timeout_multiplier = 1;
	options->storm_seconds = 2;
	options->words = argv + (argc > 0);
	options->word_count = (size_t)(argc - (argc > 0));
	if (!parse_command(options, status))
		return false;

	struct getopt_tables tables = tables_of(options->command);
	bool good = parse_options(options, &tables, status) && check_words(options);
	tables_free(&tables);
	if (!good && *status == EXIT_USAGE && options->command->usage_status)
		*status = options->command->usage_status;
	return good;
}

void options_free(struct options *options)
{
	struct trying *trying = &options->trying;
	struct words *lists[] = {
		&options->excluded, &options->covers,  &trying->scenarios,
		&trying->allowed,   &trying->sysctls,  &trying->environment,
		&trying->helpers,   &trying->forwards, &trying->writable,
		&options->bring,    &options->given,   &options->client_environment,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
		words_free(lists[i]);
	free(options->trying.limits.all);
	for (size_t i = 0; i < options->staging.place_count; i++)
		free(options->staging.places[i].turns);
	free(options->staging.places);
	owned_free(&options->owned);
}

const char *artifacts_of(const struct options *options)
{
	return options->artifacts ? options->artifacts : default_artifacts;
}

struct patterns patterns_of(const struct options *options)
{
	return (struct patterns){
		.words = options->words,
		.count = options->word_count,
		.excluded = options->excluded.all,
		.excluded_count = options->excluded.count,
		.covers = options->covers.all,
		.covers_count = options->covers.count,
	};
}
