/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * print_behaviours FOLDER: docs/behaviours.md, of the table of behaviours, the heads of the cases,
 * and the steps in the journals that FOLDER, tests/covered, keeps of them. For make behaviours, and
 * for the test that the page is what this prints.
 */
#include "captures/journal/journal.h"
#include "suites/suites.h"

#include <string.h>

static const char *const words[] = { "covered", "partly", "not yet" };

/* Of a subject's behaviours, by their word. */
struct counts {
	size_t of[ARRAY_LENGTH(words)];
};

static bool is_behaviour_of(const struct claim *claim, const char *subject)
{
	return claim->verdict == BEHAVIOUR && strcmp(claim->document, subject) == 0;
}

/* "segments-that-meet-a-listener": how a heading is linked to. The caller frees it. */
static char *anchor_of(const char *heading)
{
	struct text anchor = { 0 };

	for (; *heading; heading++)
		if (*heading == ' ' || *heading == '-')
			text_add(&anchor, "-");
		else if (*heading >= 'A' && *heading <= 'Z')
			text_add(&anchor, "%c", *heading - 'A' + 'a');
		else if (!strchr(",:()'", *heading))
			text_add(&anchor, "%c", *heading);
	return text_take(&anchor);
}

static struct counts count_subject(const struct catalogue *catalogue, const char *name)
{
	struct counts counts = { 0 };

	for (size_t i = 0; i < catalogue->claim_count; i++)
		for (size_t word = 0; word < ARRAY_LENGTH(words); word++)
			counts.of[word] += is_behaviour_of(&catalogue->claims[i], name) &&
					   strcmp(claim_word(catalogue, &catalogue->claims[i]),
						  words[word]) == 0;
	return counts;
}

static void print_counts(const char *name, const size_t *counts)
{
	printf("| %s |", name);
	for (size_t word = 0; word < ARRAY_LENGTH(words); word++)
		printf(" %zu |", counts[word]);
	putchar('\n');
}

/* Whether no behaviour before it is of its subject. */
static bool begins_subject(const struct catalogue *catalogue, size_t index)
{
	const struct claim *claims = catalogue->claims;

	for (size_t i = 0; i < index; i++)
		if (is_behaviour_of(&claims[i], claims[index].document))
			return false;
	return claims[index].verdict == BEHAVIOUR;
}

/* The next subject; NULL: there is none. */
static const char *next_subject(const struct catalogue *catalogue, size_t *at)
{
	for (; *at < catalogue->claim_count; ++*at)
		if (begins_subject(catalogue, *at))
			return catalogue->claims[(*at)++].document;
	return NULL;
}

static void print_table_of_subjects(const struct catalogue *catalogue)
{
	size_t totals[ARRAY_LENGTH(words)] = { 0 }, at = 0;

	printf("| subject | covered | partly | not yet |\n|---|---|---|---|\n");
	for (const char *name; (name = next_subject(catalogue, &at));) {
		struct counts counts = count_subject(catalogue, name);
		autofree char *anchor = anchor_of(name);
		autofree char *link = format("[%s](#%s)", name, anchor);

		print_counts(link, counts.of);
		for (size_t word = 0; word < ARRAY_LENGTH(words); word++)
			totals[word] += counts.of[word];
	}
	print_counts("**all**", totals);
}

/* ", in "a RST ends it" and 2 steps more", as far as there is a journal. */
static void print_steps(const char *folder, const char *name, const char *id)
{
	autofree char *path = format("%s/%s.jsonl", folder, name), *why = NULL;
	struct journal *journal = journal_load(path, &why);
	const char *step = NULL, *first = NULL;
	int more = -1;

	for (size_t i = 0; journal && i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		if (event->kind == EVENT_STEP)
			step = event->name;
		if (event->kind != EVENT_COVERS || !text_has_word(event->name, id))
			continue;
		first = first ? first : step;
		more++;
	}
	if (first)
		printf(": *%s*", first);
	if (more > 0)
		printf(" and %d step%s more", more, more > 1 ? "s" : "");
	journal_free(journal);
}

static void print_cases(const struct catalogue *catalogue, const char *folder, const char *id)
{
	const char *between = " ";

	for (size_t i = 0; i < catalogue->case_count; i++) {
		const struct listed_case *listed = &catalogue->cases[i];

		if (!case_answers(listed, id))
			continue;
		printf("%s[`%s`](../%s)", between, listed->name, listed->file);
		print_steps(folder, listed->name, id);
		between = "<br>";
	}
}

static void print_behaviour(const struct catalogue *catalogue, const char *folder,
			    const struct claim *claim)
{
	const char *word = claim_word(catalogue, claim);

	printf("| %s | %s |", claim->id, claim->text);
	if (strcmp(word, "covered") == 0)
		print_cases(catalogue, folder, claim->id);
	else if (strcmp(word, "partly") == 0)
		printf(" partly; missing: %s", claim->finding);
	else
		printf(" not yet");
	printf(" |\n");
}

static void print_subject(const struct catalogue *catalogue, const char *folder, const char *name)
{
	printf("\n## %c%s\n\n| | behaviour | covered by |\n|---|---|---|\n",
	       *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, name + 1);
	for (size_t i = 0; i < catalogue->claim_count; i++)
		if (is_behaviour_of(&catalogue->claims[i], name))
			print_behaviour(catalogue, folder, &catalogue->claims[i]);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : ".";
	const struct catalogue catalogue = suites_catalogue();
	size_t at = 0;

	printf("# The behaviours\n\n"
	       "What Linux does, or is known to have done wrong, between a SYN and accept(2), "
	       "a testable sentence each:\n"
	       "X- come from experiments, P- from what the tests of other stacks look at, F- from "
	       "fixes of the kernel (the\n"
	       "versions that have them in brackets), N- were found on the way. A case covers a "
	       "behaviour when one of its\n"
	       "steps asserts all of it. `halfopen list --covers P-106` names the cases, `halfopen "
	       "run P-106` plays them,\n"
	       "`halfopen claims WORD` finds behaviours by a word. The claims of the two documents "
	       "are in\n"
	       "[claims.md](claims.md).\n\n"
	       "This page is made by `make behaviours`, from suites/behaviours.c, the heads of the "
	       "cases, and the steps in\n"
	       "what tests/covered keeps of them.\n\n");
	print_table_of_subjects(&catalogue);
	for (const char *name; (name = next_subject(&catalogue, &at));)
		print_subject(&catalogue, folder, name);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_GOOD : EXIT_RUN_ERROR;
}
