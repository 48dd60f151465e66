/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_covered: of each behaviour that a case covers, tests/covered keeps how its journal could be
 * false; the step that covers the behaviour rejects that by what it expects, and without its
 * expectations would not. Where the cases were played before, the journals that are kept are those
 * of the cases as they are written
 * now. CHECK_SAMPLE=N looks at one of N.
 */
#include "fixtures/fixtures.h"
#include "tests/kept_changes.h"
#include "tests/sample.h"
#include "tests/suite.h"

#include "suites/suites.h"

#include <string.h>
#include <sys/stat.h>

static char *folder;
static struct kept_changes kept;

/* A case and a behaviour in its head. */
static struct cover {
	const struct case_spec *spec;
	char *behaviour;
	bool first; /* of its case */
} * covers;
static size_t cover_count;

/* A storm has books and no journal: what it covers is seen in a kernel with that fault. */
static void find_covers(void)
{
	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next) {
		const char *ids = spec->storm ? NULL : spec->covers;
		bool first = true;

		for (char *id; (id = text_word(&ids)); first = false) {
			covers = GROWN(covers, cover_count);
			covers[cover_count++] = (struct cover){ spec, id, first };
		}
	}
}

static void release_covers(void)
{
	for (size_t i = 0; i < cover_count; i++)
		free(covers[i].behaviour);
	free(covers);
}

/* The journal that is kept of the case; the test fails where there is none. */
static struct journal *kept_journal(const char *name)
{
	autofree char *path = format("%s/%s.jsonl", folder, name), *why = NULL;
	struct journal *journal = journal_load(path, &why);

	ck_assert_msg(journal != NULL, "%s; make covered CASES=%s keeps one", why, name);
	return journal;
}

/* ---- what is kept -------------------------------------------------------------------------- */

START_TEST(step_that_covers_a_behaviour_asserts_it)
{
	const struct cover *cover = &covers[_i];
	const char *name = cover->spec->name;

	if (_i % check_sample())
		return;
	struct journal *journal = kept_journal(name);
	const struct kept_change *change = kept_change_of(&kept, name, cover->behaviour);

	ck_assert_msg(change != NULL, "%s covers %s: no change is kept; make covered CASES=%s",
		      name, cover->behaviour, name);
	autofree char *fault = change_fault(journal, cover->behaviour, change->change, NULL);
	ck_assert_msg(!fault, "%s covers %s, '%s': %s; make covered CASES=%s", name,
		      cover->behaviour, change->change.kind->name, fault, name);
	journal_free(journal);
}
END_TEST

static bool is_covered(const struct kept_change *change)
{
	const struct case_spec *spec = case_named(change->case_name);

	return spec && text_has_word(spec->covers, change->behaviour);
}

static bool is_same(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && a->way == b->way && a->place == b->place;
}

START_TEST(each_change_is_of_something_that_is_covered_and_of_that_alone)
{
	for (size_t i = 0; i < kept.count; i++) {
		const struct kept_change *change = &kept.all[i];

		ck_assert_msg(is_covered(change), "%s does not cover %s: %s/changes.tab",
			      change->case_name, change->behaviour, folder);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(strcmp(kept.all[k].case_name, change->case_name) != 0 ||
					      !is_same(&kept.all[k].change, &change->change),
				      "%s: %s and %s have one change", change->case_name,
				      kept.all[k].behaviour, change->behaviour);
	}
}
END_TEST

/* What the program, as it is now, has left of the case; NULL: nothing. */
static struct journal *played_journal(const char *name)
{
	const char *build = getenv("top_builddir"), *program = getenv("HALFOPEN");
	autofree char *path =
		format("%s/artifacts/%s/ipv4/journal.jsonl", build ? build : ".", name);
	autofree char *why = NULL;
	struct stat made, played;

	if (!program || stat(program, &made) < 0 || stat(path, &played) < 0 ||
	    played.st_mtime < made.st_mtime)
		return NULL;
	return journal_load(path, &why);
}

/* As make check has just played it; nothing where it has not, or a kernel may have shown either. */
START_TEST(journal_that_is_kept_is_of_the_case_as_it_is)
{
	const struct case_spec *spec = covers[_i].spec;
	struct journal *played =
		covers[_i].first && !spec->variants ? played_journal(spec->name) : NULL;

	if (!played)
		return;
	struct journal *journal = kept_journal(spec->name);
	autofree char *now = outline_of(played), *then = outline_of(journal);
	ck_assert_msg(strcmp(now, then) == 0, "%s has changed since: make covered CASES=%s",
		      spec->name, spec->name);
	journal_free(journal);
	journal_free(played);
}
END_TEST

/* ---- whether it would find out ------------------------------------------------------------- */

static const struct claim *behaviour_of(const struct cover *cover)
{
	size_t count;
	const struct claim *all = all_behaviours(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].id, cover->behaviour) == 0)
			return &all[i];
	ck_abort_msg("there is no behaviour %s", cover->behaviour);
	return NULL;
}

/* As if its steps had expected nothing. */
static struct journal *expecting_nothing(const struct journal *journal)
{
	struct journal *bare = journal_new();

	for (size_t i = 0; i < journal_length(journal); i++) {
		struct event event = *journal_event(journal, i);

		event.want = NULL;
		if (event.kind != EVENT_EXPECT)
			journal_append(bare, &event);
	}
	return bare;
}

START_TEST(step_that_expects_nothing_asserts_nothing)
{
	const struct cover *cover = &covers[0];
	struct journal *journal = kept_journal(cover->spec->name);
	struct journal *bare = expecting_nothing(journal);
	struct change change = kept_change_of(&kept, cover->spec->name, cover->behaviour)->change;
	struct changes none = { 0 };

	ck_assert(change_find(journal, behaviour_of(cover), none, &change));
	ck_assert(!change_find(bare, behaviour_of(cover), none, &change));
	journal_free(bare);
	journal_free(journal);
}
END_TEST

/* Why the first change of that kind in a step that covers the behaviour is none. */
static char *fault_in_step(const struct journal *journal, const char *behaviour, const char *kind)
{
	char *fault = NULL;

	for (int place = 0; !fault || strstr(fault, "it is in no step"); place++) {
		const struct change change = { .kind = kind_named(kind), .place = place };

		free(fault);
		fault = change_fault(journal, behaviour, change, NULL);
		ck_assert_msg(fault != NULL, "%s is a change of %s", kind, behaviour);
	}
	return fault;
}

/* What the books of every case reject says nothing of a step, nor does what is told behind it. */
START_TEST(change_that_the_step_does_not_reject_by_what_it_expects_is_none)
{
	static const struct {
		const char *kind, *fault;
	} rows[] = {
		{ "a segment is missing at its receiver", "is no expectation of the step" },
		{ "a counter moves that nobody has heard of", "the step does not reject it" },
		{ "a listener is there that was ended", "the journal has no such place" },
	};
	struct journal *journal = kept_journal(covers[0].spec->name);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		autofree char *fault = fault_in_step(journal, covers[0].behaviour, rows[i].kind);

		ck_assert_msg(strstr(fault, rows[i].fault), "%s: %s", rows[i].kind, fault);
	}
	journal_free(journal);
}
END_TEST

int main(void)
{
	const char *source = getenv("top_srcdir");
	Suite *suite = suite_create("covered");
	TCase *tcase = tcase_create("covered");
	autofree char *table = NULL;
	int failed;

	folder = format("%s/tests/covered", source ? source : ".");
	table = format("%s/changes.tab", folder);
	kept = kept_changes_load(table);
	find_covers();
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, step_that_covers_a_behaviour_asserts_it, 0, (int)cover_count);
	tcase_add_test(tcase, each_change_is_of_something_that_is_covered_and_of_that_alone);
	tcase_add_loop_test(tcase, journal_that_is_kept_is_of_the_case_as_it_is, 0,
			    (int)cover_count);
	tcase_add_test(tcase, step_that_expects_nothing_asserts_nothing);
	tcase_add_test(tcase, change_that_the_step_does_not_reject_by_what_it_expects_is_none);
	suite_add_tcase(suite, tcase);
	failed = suite_run(suite);
	kept_changes_free(&kept);
	release_covers();
	free(folder);
	return failed;
}
