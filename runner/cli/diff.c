/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff: one case on two kernels, the ladders side by side. Ends as diff(1) does: 0 the same, 1
 * different, and otherwise there was nothing to compare.
 */
#include "base/terminal.h"
#include "runner/cli/cli.h"

#include <string.h>

enum { LOG_WIDTH = 200, MIDDLE = 3 /* " | " */ };

/* ---- two columns --------------------------------------------------------------------------- */

/* Bytes of the first @width characters of @text. */
static size_t piece(const char *text, unsigned width)
{
	size_t length = 0;

	for (unsigned characters = 0; text[length]; length++) {
		bool begins = ((unsigned char)text[length] & 0xc0) != 0x80;

		if (begins && characters++ == width)
			break;
	}
	return length;
}

static unsigned characters(const char *text, size_t length)
{
	unsigned count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* What a terminal would take for a movement is a blank. */
static char *printable(const char *text)
{
	char *copy = format("%s", text ? text : "");

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return copy;
}

/* '|': the lines differ, '<' and '>': one side has none. As sdiff(1). */
static const char *mark_of(const struct line_pair *pair)
{
	if (pair->same)
		return "   ";
	if (!pair->left)
		return " > ";
	return pair->right ? " | " : " < ";
}

static void trim(char *line)
{
	size_t length = strlen(line);

	while (length > 0 && line[length - 1] == ' ')
		line[--length] = '\0';
}

/* A line that is longer than its column goes on below: what differs may be at its end. */
static void print_pair(const struct line_pair *pair, unsigned width)
{
	autofree char *left = printable(pair->left), *right = printable(pair->right);
	const char *a = left, *b = right;

	do {
		size_t a_length = piece(a, width), b_length = piece(b, width);
		autofree char *line = format("%.*s%*s%s%.*s", (int)a_length, a,
					     (int)(width - characters(a, a_length)), "",
					     mark_of(pair), (int)b_length, b);

		trim(line);
		print_in_colour(pair->same ? PLAIN : YELLOW, line);
		putchar('\n');
		a += a_length;
		b += b_length;
	} while (*a || *b);
}

/* ---- one test ------------------------------------------------------------------------------ */

struct two {
	const struct column *column[2];
	struct outcome outcome[2];
	unsigned width; /* of one side */
};

static bool nothing_differs(const struct outcome *a, const struct outcome *b)
{
	return strcmp(a->status, b->status) == 0 && text_is(a->variant, b->variant) &&
	       text_is(a->ladder, b->ladder);
}

/* "6.1.192 (6.1.0-50-amd64): passed, linear" */
static char *heading(const struct two *two, int side)
{
	const struct outcome *outcome = &two->outcome[side];

	return format("%s (%s): %s%s%s%s%s", two->column[side]->name,
		      column_release(two->column[side]), outcome->status,
		      outcome->variant ? ", " : "", outcome->variant ? outcome->variant : "",
		      outcome->reason ? ": " : "", outcome->reason ? outcome->reason : "");
}

static void print_two(const struct two *two)
{
	autofree char *left = heading(two, 0), *right = heading(two, 1);
	autofree char *rule = must_alloc(two->width + 1, 1);

	memset(rule, '-', two->width);
	print_pair(&(struct line_pair){ left, right, true }, two->width);
	print_pair(&(struct line_pair){ rule, rule, true }, two->width);

	const char *a = two->outcome[0].ladder, *b = two->outcome[1].ladder;
	struct comparison comparison = compare_texts(a ? a : "", b ? b : "");
	for (size_t i = 0; i < comparison.count; i++)
		print_pair(&comparison.pairs[i], two->width);
	comparison_free(&comparison);
}

/* False after complaining. */
static bool is_sound(const struct column *column, const struct test *test,
		     const struct outcome *outcome)
{
	if (strcmp(outcome->status, ending_name(BROKEN)) != 0)
		return true;
	complain("%s on %s is an error: %s", test->id, column->name,
		 reason_or_none(outcome->reason));
	return false;
}

static int compare_test(struct two *two, const struct test *test)
{
	bool sound = true;

	for (int side = 0; side < 2; side++) {
		two->outcome[side] = column_outcome(two->column[side], test);
		sound = is_sound(two->column[side], test, &two->outcome[side]) && sound;
	}
	if (!sound)
		return EXIT_RUN_ERROR;
	if (nothing_differs(&two->outcome[0], &two->outcome[1])) {
		printf("%s: nothing differs between %s and %s: %s on both\n", test->id,
		       two->column[0]->name, two->column[1]->name, two->outcome[0].status);
		return EXIT_GOOD;
	}
	printf("%s\n", test->id);
	print_two(two);
	return EXIT_CASE_FAILED;
}

/* ---- the command --------------------------------------------------------------------------- */

/* The tests of the one case that is meant. False after complaining. */
static bool choose_case(const struct options *options, struct selection *selection)
{
	const char *word = options->words[0];

	if (!selection_make(selection, options->catalogue,
			    (struct patterns){ .words = options->words, .count = 1 }))
		return false;
	for (size_t i = 1; i < selection->count; i++)
		if (selection->tests[i].spec != selection->tests[0].spec) {
			complain("'%s' means several cases, as %s and %s; diff compares one", word,
				 selection->tests[0].spec->name, selection->tests[i].spec->name);
			return false;
		}
	return true;
}

static bool is_played(const struct two *two, const struct test *test)
{
	for (int side = 0; side < 2; side++)
		if (strcmp(column_outcome(two->column[side], test).status, "not run") != 0)
			return true;
	return false;
}

/* What neither kernel has played is left out; something must be there. */
static int compare_selection(struct two *two, const struct selection *selection)
{
	int worst = EXIT_GOOD;
	size_t compared = 0;

	for (size_t i = 0; i < selection->count; i++) {
		if (!is_played(two, &selection->tests[i]))
			continue;
		int status = compare_test(two, &selection->tests[i]);
		worst = status > worst ? status : worst;
		compared++;
	}
	if (compared > 0)
		return worst;
	complain("%s was not run on %s, nor on %s", selection->tests[0].spec->name,
		 two->column[0]->name, two->column[1]->name);
	return EXIT_USAGE;
}

static int compare_columns(const struct options *options, const char *const *names,
			   const struct selection *selection)
{
	struct column columns[2];
	bool good = true;

	for (int side = 0; side < 2; side++) {
		columns[side] =
			column_read(options->catalogue, matrix_folder(options), names[side]);
		if (columns[side].error)
			complain("%s: %s", names[side], columns[side].error);
		good = good && !columns[side].error;
	}
	struct two two = { .column = { &columns[0], &columns[1] },
			   .width = (terminal_columns(LOG_WIDTH) - MIDDLE) / 2 };
	int status = good ? compare_selection(&two, selection) : EXIT_RUN_ERROR;
	column_free(&columns[0]);
	column_free(&columns[1]);
	return status;
}

static int command_diff(const struct options *options)
{
	struct column_names names;
	struct selection selection = { 0 };

	if (!column_names_read(&names, matrix_folder(options)))
		return EXIT_USAGE;
	const char *left = column_choose(names, options->words[1]);
	const char *right = left ? column_choose(names, options->words[2]) : NULL;
	int status = EXIT_USAGE;
	if (right && choose_case(options, &selection))
		status = compare_columns(options, (const char *const[]){ left, right }, &selection);
	selection_free(&selection);
	column_names_free(&names);
	return status;
}

static bool check(const struct options *options)
{
	if (options->word_count == 3)
		return true;
	complain("diff takes a case and two kernels, as in: halfopen diff NAME 6.1 6.12");
	return false;
}

static void complete_compared(const struct typed *typed)
{
	struct column_names names;

	if (typed->place == 0) {
		complete_cases(typed);
		return;
	}
	if (!column_names_read(&names, matrix_folder(typed->options)))
		return;
	for (size_t i = 0; i < names.count; i++)
		complete_with(typed, names.name[i]);
	column_names_free(&names);
}

static const struct cli_option diff_options[] = {
	ARTIFACTS_OPTION("the folder of the matrix (default: ./artifacts/matrix)"),
	{ 0 },
};

const struct command diff_command = {
	.name = "diff",
	.arguments = "CASE KERNEL KERNEL",
	.summary = "the ladders of a case on two kernels, side by side",
	.about = "Print the ladders of a case on two kernels of a matrix, side by side. CASE is a "
		 "name, or an id (name/ipv4); KERNEL is 6.1.192, or the series 6.1, or host, or "
		 "another folder of a run in that of the matrix.",
	.ending =
		"Exit status: 0 nothing differs; 1 something does; 2 wrong usage; 99 a run was an "
		"error.",
	.options = diff_options,
	.complete = complete_compared,
	.check = check,
	.obey = command_diff,
};
