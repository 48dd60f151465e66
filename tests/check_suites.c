/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_suites: that the tables beside the cases fit the cases: every case that knows variants has
 * one recorded for each pinned kernel, and no record speaks of what is not there.
 */
#include "fixtures/fixtures.h"
#include "runner/parts.h"
#include "suites/suites.h"

#include <check.h>
#include <string.h>

static const struct case_spec *case_named(const char *name)
{
	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next)
		if (strcmp(spec->name, name) == 0)
			return spec;
	return NULL;
}

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
	size_t count;
	const struct pin *pins = pins_all(&count);
	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next)
		for (size_t i = 0; spec->variants && i < count; i++)
			ck_assert_msg(record_of(spec->name, pins[i].version) != NULL,
				      "%s has no record for %s: see suites/variants.c", spec->name,
				      pins[i].version);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suites");
	TCase *tcase = tcase_create("suites");
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, every_record_is_of_a_variant_that_its_case_knows);
	tcase_add_test(tcase, every_case_with_variants_has_a_record_for_each_pinned_kernel);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
