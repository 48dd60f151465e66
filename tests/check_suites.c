/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_suites: that the tables beside the cases fit the cases: every case that knows variants has
 * one recorded for each pinned kernel, no record speaks of what is not there, every claim has its
 * case and its paragraph, and no case names a claim that is none; that whatever may fail in a case
 * tells its line; and that docs/writing-a-case.md has an index of the words of cases.
 */
#include "fixtures/fixtures.h"
#include "runner/saved/saved.h"
#include "suites/suites.h"
#include "vm/vm.h"
#include "tests/suite.h"

#include <ctype.h>
#include <string.h>

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *found = words; found && (found = strstr(found, word)); found += length)
		if ((found == words || found[-1] == ' ') &&
		    (found[length] == ' ' || found[length] == '\0'))
			return true;
	return false;
}

START_TEST(every_record_is_of_a_variant_that_its_case_knows)
{
	size_t count;
	const struct recorded_variant *records = recorded_variants(&count);
	ck_assert_uint_gt(count, 0);
	for (size_t i = 0; i < count; i++) {
		const struct case_spec *spec = case_named(records[i].case_name);
		ck_assert_msg(spec != NULL, "there is no case %s", records[i].case_name);
		ck_assert_msg(!records[i].variant || has_word(spec->variants, records[i].variant),
			      "%s knows no variant %s", spec->name, records[i].variant);
	}
}
END_TEST

START_TEST(every_case_with_variants_has_a_record_for_each_pinned_kernel)
{
	const struct catalogue catalogue = suites_catalogue();
	size_t count;
	const struct pin *pins = pins_all(&count);
	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next)
		for (size_t i = 0; spec->variants && i < count; i++)
			ck_assert_msg(record_of(&catalogue, spec->name, pins[i].version) != NULL,
				      "%s has no record for %s: see suites/variants.c", spec->name,
				      pins[i].version);
}
END_TEST

/* ---- claims -------------------------------------------------------------------------------- */

START_TEST(every_claim_has_a_case_unless_it_is_argued)
{
	size_t count;
	const struct claim *claims = all_claims(&count);
	for (size_t i = 0; i < count; i++) {
		bool shown = false;
		for (const struct case_spec *spec = all_cases(); spec; spec = spec->next)
			shown |= has_word(spec->claims, claims[i].id);
		ck_assert_msg(shown == (claims[i].verdict != ARGUED), "%s is %s, and %s",
			      claims[i].id, claim_verdict_name(claims[i].verdict),
			      shown ? "has a case" : "no case shows it");
	}
}
END_TEST

/* Its row in the table, or -1. */
static int row_of(const char *id, size_t length)
{
	size_t count;
	const struct claim *claims = all_claims(&count);
	for (size_t i = 0; i < count; i++)
		if (strncmp(claims[i].id, id, length) == 0 && claims[i].id[length] == '\0')
			return (int)i;
	return -1;
}

START_TEST(every_claim_that_a_case_names_is_in_the_table)
{
	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next) {
		int before = -1;
		for (const char *id = spec->claims; id && *id; id += strspn(id, " ")) {
			int length = (int)strcspn(id, " "), row = row_of(id, (size_t)length);
			ck_assert_msg(row >= 0, "%s names %.*s, which suites/claims.c lacks",
				      spec->name, length, id);
			ck_assert_msg(row > before, "%s names %.*s behind a later claim",
				      spec->name, length, id);
			before = row;
			id += length;
		}
	}
}
END_TEST

/* D2 before D1, each in the order of its numbers: D2-37, D2-37b, D2-38. */
START_TEST(claims_are_in_order)
{
	size_t count;
	const struct claim *claims = all_claims(&count);
	for (size_t i = 1; i < count; i++) {
		const char *before = claims[i - 1].id, *id = claims[i].id;
		int documents = strncmp(id, before, 2);
		ck_assert_msg(documents < 0 || (documents == 0 && strcmp(before, id) < 0),
			      "%s stands behind %s in suites/claims.c", id, before);
	}
}
END_TEST

static char *read_source(const char *name)
{
	const char *source = getenv("top_srcdir");
	autofree char *path = format("%s/%s", source ? source : ".", name);
	char *why = NULL, *text = text_load(path, &why);

	ck_assert_msg(text != NULL, "%s", why);
	return text;
}

/* Its paragraph names it, or "D2-31 to D2-34". */
static bool is_explained(const char *page, const char *id)
{
	for (const char *to = strstr(page, " to D"); to; to = strstr(to + 1, " to D"))
		if (to - page >= 5 && strncmp(to - 5, to + 4, 3) == 0 &&
		    strncmp(to - 5, id, 5) <= 0 && strncmp(id, to + 4, 5) <= 0 && !id[5])
			return true;
	for (const char *at = strstr(page, id); at; at = strstr(at + 1, id))
		if (strchr(",:* )", at[strlen(id)]))
			return true;
	return false;
}

START_TEST(every_claim_is_explained)
{
	autofree char *page = read_source("docs/claims.md");
	size_t count;
	const struct claim *claims = all_claims(&count);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(is_explained(page, claims[i].id), "docs/claims.md is silent on %s",
			      claims[i].id);
}
END_TEST

/* ---- where a case is ----------------------------------------------------------------------- */

/* What no failure comes from, and what cases do not call, or only in processes of their own. */
static const char *const without_a_place[] = { "accept_with_port",
					       "address_on",
					       "all_cases",
					       "all_scenarios",
					       "await_word",
					       "bind_to",
					       "book",
					       "booked",
					       "case_folder",
					       "case_is_at",
					       "case_named",
					       "case_perform",
					       "case_progress_in",
					       "cookie_mss",
					       "ethernet_mss",
					       "fatal_icmp_error",
					       "flow_of_end",
					       "flow_of_peer",
					       "flow_of_scene",
					       "given_descriptor",
					       "head_slip",
					       "listed_cases",
					       "listed_scenarios",
					       "listen_and_tell",
					       "literal_slips",
					       "next_round",
					       "over_ipv6",
					       "place_on_server",
					       "register_case",
					       "scene_of_end",
					       "scene_of_peer",
					       "scene_of_scene",
					       "stage_words",
					       "state_of_flow",
					       "storm_random",
					       "storm_rounds",
					       "stray_ack_is_looked_at_as_cookie",
					       "syn_acks_again",
					       "tcp_state_of",
					       "tell_call",
					       "word_is_given" };

/* The name that the first "(" of the line follows. The caller frees it. */
static char *called_name(const char *line)
{
	size_t end = strcspn(line, "("), begin = end;

	while (begin > 0 && (isalnum((unsigned char)line[begin - 1]) || line[begin - 1] == '_'))
		begin--;
	return format("%.*s", (int)(end - begin), line + begin);
}

/* A prototype begins at the margin, as nothing else does that has a "(". */
static bool is_prototype(const char *line)
{
	return isalpha((unsigned char)*line) && strchr(line, '(') && !strchr(line, '=');
}

static bool notes_its_place(const char *table, const char *name)
{
	autofree char *call = format("#define %s(...)", name);
	autofree char *chosen = format("#define %s ", name);

	return strstr(table, call) || strstr(table, chosen);
}

START_TEST(every_function_that_may_fail_notes_the_line_of_the_case)
{
	autofree char *header = read_source("fixtures/fixtures.h");
	char *table = strstr(header, "#ifdef TOPIC"), *rest = header;
	size_t checked = 0, exempt = 0;

	ck_assert_ptr_nonnull(table);
	table[-1] = '\0';
	for (const char *line; (line = strsep(&rest, "\n"));) {
		autofree char *name = is_prototype(line) ? called_name(line) : NULL;
		bool listed = false;

		for (size_t i = 0; name && i < ARRAY_LENGTH(without_a_place); i++)
			listed |= strcmp(name, without_a_place[i]) == 0;
		exempt += listed;
		if (!name)
			continue;
		checked++;
		ck_assert_msg(listed != notes_its_place(table, name), "%s() is %s", name,
			      listed ? "in the list of fixtures.h, and exempt from it here"
				     : "not in the list at the end of fixtures.h, nor exempt here");
	}
	ck_assert_uint_eq(exempt, ARRAY_LENGTH(without_a_place));
	ck_assert_uint_gt(checked, 100);
}
END_TEST

/* ---- the words of a case ------------------------------------------------------------------- */

/* What is the runner's, and what expands to nothing that a case writes. */
static const char *const not_for_cases[] = {
	"all_cases",        "all_scenarios",    "case_is_at",    "case_named",
	"case_perform",     "listed_cases",     "head_slip",     "literal_slips",
	"case_progress_in", "listed_scenarios", "register_case",
};

/* Macros that other macros are made of. */
static const char *const not_for_themselves[] = { "AGAIN_OF", "BEGIN_ACCEPT", "BEGIN_CALL",
						  "OPTION_NAMED" };

static bool is_in(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool stands_in(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_')) &&
		    !(isalnum((unsigned char)at[length]) || at[length] == '_'))
			return true;
	return false;
}

/* The macros of a header with all their lines, each behind the name of the macro. */
static char *macros_of(char *header)
{
	struct text macros = { 0 };
	bool within = false;

	for (const char *line; (line = strsep(&header, "\n"));) {
		within |= strncmp(line, "#define ", 8) == 0;
		if (within)
			text_add(&macros, "%s\n", line);
		within = within && *line && line[strlen(line) - 1] == '\\';
	}
	return text_take(&macros);
}

/* A macro with arguments, or a function that no macro stands for. The caller frees it. */
static char *word_of(const char *line, const char *macros)
{
	autofree char *name = NULL;

	if (strncmp(line, "#define ", 8) == 0 && line[8 + strcspn(line + 8, " (")] == '(')
		return format("%.*s", (int)strcspn(line + 8, "("), line + 8);
	if (!is_prototype(line))
		return NULL;
	name = called_name(line);
	if (is_in(not_for_cases, ARRAY_LENGTH(not_for_cases), name))
		return NULL;
	return stands_in(macros, name) ? NULL : format("%s", name);
}

START_TEST(every_word_of_a_case_is_in_the_index)
{
	autofree char *page = read_source("docs/writing-a-case.md");
	autofree char *header = read_source("fixtures/fixtures.h");
	autofree char *copy = NULL, *macros = NULL;
	char *rest = header;
	const char *index = strstr(page, "\n## The words\n");
	size_t checked = 0;

	ck_assert_ptr_nonnull(index);
	*strstr(header, "#ifdef TOPIC") = '\0';
	copy = format("%s", header);
	macros = macros_of(copy);
	for (const char *line; (line = strsep(&rest, "\n"));) {
		autofree char *word = word_of(line, macros);
		autofree char *told = format("`%s()`", word ? word : "");

		if (!word || is_in(not_for_themselves, ARRAY_LENGTH(not_for_themselves), word))
			continue;
		checked++;
		ck_assert_msg(strstr(index, told) != NULL,
			      "docs/writing-a-case.md has no row with %s", told);
	}
	ck_assert_uint_gt(checked, 80);
}
END_TEST

START_TEST(every_row_of_the_index_is_of_words_that_there_are)
{
	autofree char *page = read_source("docs/writing-a-case.md");
	autofree char *header = read_source("fixtures/fixtures.h");
	const char *at = strstr(page, "\n## The words\n");

	ck_assert_ptr_nonnull(at);
	while ((at = strstr(at, "()`"))) {
		const char *begin = at;

		while (begin > page && begin[-1] != '`')
			begin--;
		autofree char *word = format("%.*s", (int)(at - begin), begin);
		ck_assert_msg(stands_in(header, word), "fixtures.h has no %s()", word);
		at++;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suites");
	TCase *tcase = tcase_create("suites");
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, every_record_is_of_a_variant_that_its_case_knows);
	tcase_add_test(tcase, every_case_with_variants_has_a_record_for_each_pinned_kernel);
	tcase_add_test(tcase, every_claim_has_a_case_unless_it_is_argued);
	tcase_add_test(tcase, every_claim_that_a_case_names_is_in_the_table);
	tcase_add_test(tcase, claims_are_in_order);
	tcase_add_test(tcase, every_claim_is_explained);
	tcase_add_test(tcase, every_function_that_may_fail_notes_the_line_of_the_case);
	tcase_add_test(tcase, every_word_of_a_case_is_in_the_index);
	tcase_add_test(tcase, every_row_of_the_index_is_of_words_that_there_are);

	return suite_run(suite);
}
