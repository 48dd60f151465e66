/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help: what --help prints, from the commands and the tables of their options.
 */
#include "runner/cli/cli.h"

#include <string.h>

enum { WIDTH = 90, INDENT = 24 /* of what an entry says */ };

/* An entry and what it says, beside it or, where it is too long, below. */
void help_print_entry(const char *entry, const char *help)
{
	static const struct wrap wrap = { .indent = INDENT, .width = WIDTH };

	if (strlen(entry) + 2 > INDENT)
		printf("%s\n%*s", entry, INDENT, "");
	else
		printf("%-*s", INDENT, entry);
	text_wrap(stdout, wrap, help);
}

static void print_paragraph(const char *text)
{
	text_wrap(stdout, (struct wrap){ .width = WIDTH }, text);
}

/* "  -j, --jobs N" */
static void print_option(const struct cli_option *option)
{
	const char letter[] = { '-', option->letter, ',', '\0' };
	const char *argument = option->argument ? option->argument : "";
	autofree char *entry = format("  %3s --%s%s%s", option->letter ? letter : "", option->name,
				      *argument && *argument != '[' ? " " : "", argument);

	help_print_entry(entry, option->help);
}

void help_print_command(const struct command *command)
{
	static const struct cli_option help = { .name = "help",
						.letter = 'h',
						.help = "this text" };

	printf("Usage: halfopen %s %s%s\n", command->name, command->options ? "[OPTION...] " : "",
	       command->arguments);
	print_paragraph(command->about);
	putchar('\n');
	for (const struct cli_option *each = command->options; each && each->name; each++)
		print_option(each);
	print_option(&help);
	if (command->print_more) {
		putchar('\n');
		command->print_more();
	}
	if (command->ending) {
		putchar('\n');
		print_paragraph(command->ending);
	}
}

void help_print(const struct command *const *commands)
{
	puts("Usage: halfopen COMMAND [OPTION...] [ARGUMENT...]\n"
	     "Show what Linux does between a SYN and accept(2).\n");
	for (; *commands; commands++) {
		autofree char *entry = format("  %s %s", (*commands)->name, (*commands)->arguments);

		help_print_entry(entry, (*commands)->summary);
	}
	putchar('\n');
	help_print_entry("  -h, --help", "this text, or that of a command: halfopen run --help");
	help_print_entry("      --version", "the version");
	putchar('\n');
	print_paragraph(
		"If you have a problem, and know an error, a counter, or what a tool prints, "
		"begin with `halfopen claims WORD`: it names pages, and cases to run.");
	putchar('\n');
	print_paragraph(
		"A PATTERN is a glob or a part of a case's name, id (name/ipv4), topic, claim "
		"or behaviour.");
}
