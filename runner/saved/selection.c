/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selection: which cases, over which families, and which claims and behaviours the words of a
 * command line mean.
 */
#include "runner/saved/saved.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static const int families[] = { AF_INET, AF_INET6 };

/* One of the words, which are parted by blanks. */
static bool word_matches(const char *words, const char *pattern, enum strictness strictness)
{
	bool found = false;

	for (char *word; !found && (word = text_word(&words)); free(word))
		found = pattern_matches(pattern, word, strictness);
	return found;
}

static bool case_matches(const struct listed_case *spec, const char *pattern,
			 enum strictness strictness)
{
	return pattern_matches(pattern, spec->name, strictness) ||
	       pattern_matches(pattern, spec->topic, strictness) ||
	       word_matches(spec->claims, pattern, strictness) ||
	       word_matches(spec->covers, pattern, strictness);
}

/* "accept queue/ipv4": what means the case, over that family. */
static bool family_matches(const struct test *test, const char *pattern, enum strictness strictness)
{
	const char *slash = strrchr(pattern, '/');

	if (!slash || slash == pattern || strcasecmp(slash + 1, family_name(test->family)) != 0)
		return false;
	autofree char *of_case = format("%.*s", (int)(slash - pattern), pattern);
	return case_matches(test->spec, of_case, strictness);
}

static bool test_matches(const struct test *test, const char *pattern, enum strictness strictness)
{
	return case_matches(test->spec, pattern, strictness) ||
	       pattern_matches(pattern, test->id, strictness) ||
	       family_matches(test, pattern, strictness);
}

/* Says that the pattern is what no case answers, if it is. */
static bool complain_of_unanswered(const struct catalogue *catalogue, const char *pattern)
{
	for (size_t i = 0; i < catalogue->claim_count; i++) {
		const struct claim *claim = &catalogue->claims[i];

		if (!pattern_matches(pattern, claim->id, EXACTLY) ||
		    claim_is_answered(catalogue, claim))
			continue;
		complain("no case %s %s; see halfopen claims %s",
			 claim->verdict == BEHAVIOUR ? "covers" : "answers", claim->id, claim->id);
		return true;
	}
	return false;
}

/* The ids that cases answer: of behaviours alone, or all. */
static void offer_claims(struct nearest *nearest, const struct catalogue *catalogue,
			 bool behaviours)
{
	for (size_t i = 0; i < catalogue->claim_count; i++) {
		const struct claim *claim = &catalogue->claims[i];

		if ((claim->verdict == BEHAVIOUR || !behaviours) &&
		    claim_is_answered(catalogue, claim))
			nearest_offer(nearest, claim->id);
	}
}

static void complain_of_pattern(const struct catalogue *catalogue, const struct selection *all,
				const char *pattern)
{
	struct nearest nearest = { .typed = pattern };

	if (complain_of_unanswered(catalogue, pattern))
		return;
	for (size_t i = 0; i < all->count; i++) {
		nearest_offer(&nearest, all->tests[i].spec->name);
		if (strchr(pattern, '/'))
			nearest_offer(&nearest, all->tests[i].id);
		nearest_offer(&nearest, all->tests[i].spec->topic);
	}
	offer_claims(&nearest, catalogue, false);
	autofree char *near = nearest_text(&nearest);
	if (passages_have(catalogue, pattern))
		complain("no case, topic, claim or behaviour matches '%s'; pages have it: halfopen "
			 "claims '%s'",
			 pattern, pattern);
	else
		complain("no case, topic, claim or behaviour matches '%s'%s; see halfopen list",
			 pattern, near);
}

static struct selection select_all(const struct catalogue *catalogue)
{
	struct selection all = { 0 };

	for (size_t i = 0; i < catalogue->case_count; i++)
		for (size_t j = 0; j < ARRAY_LENGTH(families); j++) {
			const struct listed_case *spec = &catalogue->cases[i];
			const char *family = family_name(families[j]);

			if (!case_has_family(spec, families[j]))
				continue;
			all.tests = GROWN(all.tests, all.count);
			all.tests[all.count++] =
				(struct test){ .spec = spec,
					       .family = families[j],
					       .id = format("%s/%s", spec->name, family) };
		}
	return all;
}

static bool test_is_named(const struct test *test, const char *pattern)
{
	return pattern_matches(pattern, test->spec->name, EXACTLY) ||
	       pattern_matches(pattern, test->id, EXACTLY);
}

/* Marks the cases with an answer to what is said in the pattern's words. */
static bool mark_by_text(const struct catalogue *catalogue, const struct selection *all,
			 const char *pattern, bool *wanted)
{
	bool found = false;

	for (size_t i = 0; i < catalogue->claim_count; i++) {
		const struct claim *claim = &catalogue->claims[i];

		if (!pattern_matches(pattern, claim->text, LOOSELY) &&
		    !pattern_matches(pattern, claim->finding, LOOSELY))
			continue;
		for (size_t j = 0; j < all->count; j++)
			if (case_answers(all->tests[j].spec, claim->id))
				found = wanted[j] = true;
	}
	return found;
}

/*
 * Marks what the pattern means: the name itself if there is one, else everything like it, else what
 * answers a claim that says so.
 */
static bool mark(const struct catalogue *catalogue, struct selection *all, const char *pattern,
		 bool *wanted)
{
	bool found = false;

	for (int strictness = EXACTLY; !found && strictness <= LOOSELY; strictness++)
		for (size_t i = 0; i < all->count; i++) {
			struct test *test = &all->tests[i];

			test->named |= test_is_named(test, pattern);
			if (test_matches(test, pattern, (enum strictness)strictness))
				found = wanted[i] = true;
		}
	return found || mark_by_text(catalogue, all, pattern, wanted);
}

/* Those that are wanted, and nothing else. */
static void keep(struct selection *all, const bool *wanted)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->count; i++)
		if (wanted[i])
			all->tests[kept++] = all->tests[i];
		else
			free(all->tests[i].id);
	all->count = kept;
}

/* How many of the words from @from on are a topic as a whole; 0: they are none. */
static size_t words_of_topic(struct patterns patterns, size_t from, const char *topic)
{
	size_t count = 0;

	for (char *word; (word = text_word(&topic)); free(word), count++)
		if (from + count == patterns.count ||
		    strcasecmp(word, patterns.words[from + count]) != 0) {
			free(word);
			return 0;
		}
	return count;
}

/* The pattern from word *@at on, a topic without quotes or a single word; *@at is then behind it.
 */
static const char *next_pattern(const struct selection *all, struct patterns patterns, size_t *at)
{
	const char *topic = NULL;
	size_t longest = 1;

	for (size_t i = 0; i < all->count; i++) {
		size_t count = words_of_topic(patterns, *at, all->tests[i].spec->topic);

		topic = count > longest ? all->tests[i].spec->topic : topic;
		longest = count > longest ? count : longest;
	}
	*at += longest;
	return topic ? topic : patterns.words[*at - 1];
}

/* Marks what the patterns mean. False after saying which means nothing. */
static bool mark_words(const struct catalogue *catalogue, struct selection *all,
		       struct patterns patterns, bool *wanted)
{
	for (size_t at = 0; at < patterns.count;) {
		const char *pattern = next_pattern(all, patterns, &at);

		if (!mark(catalogue, all, pattern, wanted)) {
			complain_of_pattern(catalogue, all, pattern);
			return false;
		}
	}
	for (size_t i = 0; patterns.count == 0 && i < all->count; i++)
		wanted[i] = true;
	return true;
}

/* As mark_words(), of what is not meant after all. */
static bool exclude(const struct catalogue *catalogue, struct selection *all,
		    struct patterns patterns, bool *wanted)
{
	autofree bool *unwanted = must_alloc(all->count + 1, sizeof(*unwanted));
	bool some = false;

	for (size_t i = 0; i < patterns.excluded_count; i++)
		if (!mark(catalogue, all, patterns.excluded[i], unwanted)) {
			complain_of_pattern(catalogue, all, patterns.excluded[i]);
			return false;
		}
	for (size_t i = 0; i < all->count; i++)
		some |= wanted[i] = wanted[i] && !unwanted[i];
	if (!some && all->count > 0)
		complain("all that is meant is excluded");
	return some || all->count == 0;
}

/* Marks what covers a behaviour that the pattern means. False after saying that nothing does. */
static bool mark_covering(const struct catalogue *catalogue, const struct selection *all,
			  const char *pattern, bool *covering)
{
	struct nearest nearest = { .typed = pattern };
	bool found = false;

	for (int strictness = EXACTLY; !found && strictness <= LOOSELY; strictness++)
		for (size_t i = 0; i < all->count; i++)
			if (word_matches(all->tests[i].spec->covers, pattern,
					 (enum strictness)strictness))
				found = covering[i] = true;
	if (found || complain_of_unanswered(catalogue, pattern))
		return found;
	offer_claims(&nearest, catalogue, true);
	autofree char *near = nearest_text(&nearest);
	complain("no behaviour that a case covers matches '%s'%s; see docs/behaviours.md", pattern,
		 near);
	return false;
}

/* As mark_words(): what covers none of the behaviours is not meant after all. */
static bool narrow(const struct catalogue *catalogue, struct selection *all,
		   struct patterns patterns, bool *wanted)
{
	autofree bool *covering = must_alloc(all->count + 1, sizeof(*covering));
	bool some = false;

	if (patterns.covers_count == 0)
		return true;
	for (size_t i = 0; i < patterns.covers_count; i++)
		if (!mark_covering(catalogue, all, patterns.covers[i], covering))
			return false;
	for (size_t i = 0; i < all->count; i++)
		some |= wanted[i] = wanted[i] && covering[i];
	if (!some)
		complain("nothing that is meant covers what --covers asks for");
	return some;
}

bool selection_make(struct selection *selection, const struct catalogue *catalogue,
		    struct patterns patterns)
{
	*selection = select_all(catalogue);
	autofree bool *wanted = must_alloc(selection->count + 1, sizeof(*wanted));
	bool good = mark_words(catalogue, selection, patterns, wanted) &&
		    exclude(catalogue, selection, patterns, wanted) &&
		    narrow(catalogue, selection, patterns, wanted);

	if (good)
		keep(selection, wanted);
	else
		selection_free(selection);
	return good;
}

static bool has_failed(const json_t *results, const struct test *test)
{
	size_t index;
	json_t *result;

	json_array_foreach (results, index, result) {
		int ending = ending_from_name(member_or_empty(result, "status"));

		if ((ending == FAILED || ending == BROKEN) &&
		    text_is(member_string(result, "case"), test->spec->name) &&
		    text_is(member_string(result, "family"), family_name(test->family)))
			return true;
	}
	return false;
}

void selection_keep_failed(struct selection *selection, const json_t *run)
{
	autofree bool *wanted = must_alloc(selection->count + 1, sizeof(*wanted));

	for (size_t i = 0; i < selection->count; i++)
		wanted[i] = has_failed(json_object_get(run, "results"), &selection->tests[i]) ||
			    has_failed(json_object_get(run, "old"), &selection->tests[i]);
	keep(selection, wanted);
}

/* Fisher and Yates; nrand48() is the same everywhere (POSIX has its numbers). */
void selection_shuffle(struct selection *selection, unsigned seed)
{
	unsigned short state[3] = { 0x330e, (unsigned short)seed, (unsigned short)(seed >> 16) };

	for (size_t i = selection->count; i > 1; i--) {
		size_t other = (size_t)nrand48(state) % i;
		struct test test = selection->tests[i - 1];

		selection->tests[i - 1] = selection->tests[other];
		selection->tests[other] = test;
	}
}

void selection_free(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		free(selection->tests[i].id);
	free(selection->tests);
	*selection = (struct selection){ 0 };
}

/* ---- claims -------------------------------------------------------------------------------- */

json_t *cases_of_claim(const struct catalogue *catalogue, const char *claim)
{
	json_t *cases = json_array();

	for (size_t i = 0; i < catalogue->case_count; i++)
		if (case_answers(&catalogue->cases[i], claim))
			json_array_append_new(cases, json_text(catalogue->cases[i].name));
	return cases;
}

/* What is searched first, and what only where nothing was found yet. */
enum search { WHOLE_NAMES, PARTS, PARTS_OF_DOCUMENTS, SEARCHES };

/*
 * By its words, by what was found, or by the names of the cases that answer it. A document's name
 * has words that nearly all of its claims are about.
 */
static bool claim_matches(const struct claim *claim, const json_t *cases, const char *pattern,
			  enum search search)
{
	enum strictness strictness = search == WHOLE_NAMES ? EXACTLY : LOOSELY;
	bool found = pattern_matches(pattern, claim->id, strictness) ||
		     pattern_matches(pattern, claim->text, strictness) ||
		     pattern_matches(pattern, claim->finding, strictness) ||
		     (search != PARTS && pattern_matches(pattern, claim->document, strictness));
	size_t index;
	json_t *name;

	json_array_foreach (cases, index, name)
		found = found || pattern_matches(pattern, json_string_value(name), strictness);
	return found;
}

bool claims_mark(const struct catalogue *catalogue, const char *pattern, bool *wanted)
{
	bool found = false;

	for (int search = WHOLE_NAMES; !found && search < SEARCHES; search++)
		for (size_t i = 0; i < catalogue->claim_count; i++) {
			const struct claim *claim = &catalogue->claims[i];
			json_auto_t *cases = cases_of_claim(catalogue, claim->id);

			if (claim_matches(claim, cases, pattern, (enum search)search))
				found = wanted[i] = true;
		}
	return found;
}
