/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * print_behaviours: docs/behaviours.md, of the table of behaviours and the heads of the cases. For
 * make behaviours, and for the test that the page is what this prints.
 */
#include "base/base.h"
#include "suites/suites.h"

#include <string.h>

static const char *const words[] = { "covered", "partly", "not yet" };

struct subject {
	const char *name;
	size_t counts[ARRAY_LENGTH(words)]; /* of its behaviours, by their word */
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

static struct subject count_subject(const struct catalogue *catalogue, const char *name)
{
	struct subject subject = { .name = name };

	for (size_t i = 0; i < catalogue->claim_count; i++)
		for (size_t word = 0; word < ARRAY_LENGTH(words); word++)
			subject.counts[word] += is_behaviour_of(&catalogue->claims[i], name) &&
						strcmp(claim_word(catalogue, &catalogue->claims[i]),
						       words[word]) == 0;
	return subject;
}

static void print_counts(const char *name, const size_t *counts)
{
	printf("| %s |", name);
	for (size_t word = 0; word < ARRAY_LENGTH(words); word++)
		printf(" %zu |", counts[word]);
	putchar('\n');
}

/* The next behaviour that begins a subject; NULL: there is none. */
static const char *next_subject(const struct catalogue *catalogue, size_t *at)
{
	while (*at < catalogue->claim_count) {
		const struct claim *claim = &catalogue->claims[(*at)++];
		const struct claim *before = *at > 1 ? claim - 1 : NULL;

		if (claim->verdict == BEHAVIOUR &&
		    !(before && is_behaviour_of(before, claim->document)))
			return claim->document;
	}
	return NULL;
}

static void print_table_of_subjects(const struct catalogue *catalogue)
{
	size_t totals[ARRAY_LENGTH(words)] = { 0 }, at = 0;

	printf("| subject | covered | partly | not yet |\n|---|---|---|---|\n");
	for (const char *name; (name = next_subject(catalogue, &at));) {
		struct subject subject = count_subject(catalogue, name);
		autofree char *anchor = anchor_of(name);
		autofree char *link = format("[%s](#%s)", name, anchor);

		print_counts(link, subject.counts);
		for (size_t word = 0; word < ARRAY_LENGTH(words); word++)
			totals[word] += subject.counts[word];
	}
	print_counts("**all**", totals);
}

static void print_cases(const struct catalogue *catalogue, const char *id)
{
	const char *between = " ";

	for (size_t i = 0; i < catalogue->case_count; i++) {
		const struct listed_case *listed = &catalogue->cases[i];

		if (!case_answers(listed, id))
			continue;
		printf("%s[`%s`](../%s)", between, listed->name, listed->file);
		between = "<br>";
	}
}

static void print_behaviour(const struct catalogue *catalogue, const struct claim *claim)
{
	const char *word = claim_word(catalogue, claim);

	printf("| %s | %s |", claim->id, claim->text);
	if (strcmp(word, "covered") == 0)
		print_cases(catalogue, claim->id);
	else if (strcmp(word, "partly") == 0)
		printf(" partly; missing: %s", claim->finding);
	else
		printf(" not yet");
	printf(" |\n");
}

static void print_subject(const struct catalogue *catalogue, const char *name)
{
	printf("\n## %c%s\n\n| | behaviour | covered by |\n|---|---|---|\n",
	       *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, name + 1);
	for (size_t i = 0; i < catalogue->claim_count; i++)
		if (is_behaviour_of(&catalogue->claims[i], name))
			print_behaviour(catalogue, &catalogue->claims[i]);
}

int main(void)
{
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
	       "This page is made by `make behaviours`, from suites/behaviours.c and the heads of "
	       "the cases.\n\n");
	print_table_of_subjects(&catalogue);
	for (const char *name; (name = next_subject(&catalogue, &at));)
		print_subject(&catalogue, name);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_GOOD : EXIT_RUN_ERROR;
}
