/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan: which entries (a case over one family, once) a command line means, and which of them
 * this machine can run.
 */
#include "runner/parts.h"

#include <math.h>
#include <string.h>

static const int families[] = { AF_INET, AF_INET6 };

const char *family_name(int family)
{
	return family == AF_INET ? "ipv4" : "ipv6";
}

bool is_skipped(const struct entry *entry, const char *reason)
{
	return entry->state == ENDED && entry->result.ending == SKIPPED &&
	       (!reason || strcmp(reason_text(entry->result.reason), reason) == 0);
}

bool case_has_family(const struct case_spec *spec, int family)
{
	return spec->families == BOTH_FAMILIES ||
	       spec->families == (family == AF_INET ? IPV4_ONLY : IPV6_ONLY);
}

static bool entry_matches(const struct entry *entry, const char *pattern,
			  enum strictness strictness)
{
	const struct case_spec *spec = entry->spec;
	bool found = pattern_matches(pattern, spec->name, strictness) ||
		     pattern_matches(pattern, entry->id, strictness) ||
		     pattern_matches(pattern, spec->topic, strictness);
	const char *claims = spec->claims;

	for (char *claim; !found && (claim = text_word(&claims)); free(claim))
		found = pattern_matches(pattern, claim, strictness);
	return found;
}

static void complain_of_pattern(const struct plan *all, const char *pattern)
{
	struct nearest nearest = { .typed = pattern };
	/* Claims are made anew for each entry, so they must outlive the loop. */
	json_auto_t *claims = json_array();

	for (size_t i = 0; i < all->count; i++) {
		const struct case_spec *spec = all->entries[i].spec;

		nearest_offer(&nearest, spec->name);
		if (strchr(pattern, '/'))
			nearest_offer(&nearest, all->entries[i].id);
		nearest_offer(&nearest, spec->topic);
		json_t *words = json_words(spec->claims), *word;
		size_t index;
		json_array_append_new(claims, words);
		json_array_foreach (words, index, word)
			nearest_offer(&nearest, json_string_value(word));
	}
	autofree char *near = nearest_text(&nearest);
	complain("no case, topic or claim matches '%s'%s; see halfopen list", pattern, near);
}

/* Everything that can run, once. */
static void plan_all(struct plan *all)
{
	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next)
		for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
			if (!case_has_family(spec, families[i]))
				continue;
			all->entries =
				must_realloc(all->entries, all->count + 1, sizeof(*all->entries));
			char *id = format("%s/%s", spec->name, family_name(families[i]));
			all->entries[all->count++] =
				(struct entry){ .spec = spec, .family = families[i], .id = id };
		}
}

static bool entry_is_named(const struct entry *entry, const char *pattern)
{
	return pattern_matches(pattern, entry->spec->name, EXACTLY) ||
	       pattern_matches(pattern, entry->id, EXACTLY);
}

/* Marks what the pattern means: the name itself if there is one, else everything like it. */
static bool mark(struct plan *all, const char *pattern, bool *wanted)
{
	bool found = false;

	for (int strictness = EXACTLY; !found && strictness <= LOOSELY; strictness++)
		for (size_t i = 0; i < all->count; i++) {
			struct entry *entry = &all->entries[i];

			entry->named |= entry_is_named(entry, pattern);
			if (entry_matches(entry, pattern, (enum strictness)strictness))
				found = wanted[i] = true;
		}
	return found;
}

static void plan_add(struct plan *plan, const struct entry *entry, unsigned repeat)
{
	plan->entries = must_realloc(plan->entries, plan->count + repeat, sizeof(*plan->entries));
	for (unsigned i = 1; i <= repeat; i++) {
		struct entry *added = &plan->entries[plan->count++];

		*added = *entry;
		added->id = format("%s", entry->id);
		added->folder =
			repeat > 1 ? format("%s/%u", entry->id, i) : format("%s", entry->id);
	}
}

bool plan_make(struct plan *plan, const struct options *options)
{
	struct plan all = { 0 };

	plan_all(&all);
	autofree bool *wanted = must_alloc(all.count + 1, sizeof(*wanted));
	bool good = true;

	for (size_t i = 0; good && i < options->word_count; i++) {
		good = mark(&all, options->words[i], wanted);
		if (!good)
			complain_of_pattern(&all, options->words[i]);
	}
	*plan = (struct plan){ 0 };
	for (size_t i = 0; good && i < all.count; i++)
		if (wanted[i] || options->word_count == 0)
			plan_add(plan, &all.entries[i], options->repeat);
	plan_free(&all);
	return good;
}

void result_free(struct result *result)
{
	free(result->reason);
	free(result->report);
	free(result->complaint);
	free(result->machine);
	json_decref(result->failure);
	free(result->variant);
	free(result->ladder);
	*result = (struct result){ 0 };
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->entries[i].id);
		free(plan->entries[i].folder);
		free(plan->entries[i].unmet);
		free(plan->entries[i].complaint);
		result_free(&plan->entries[i].result);
	}
	free(plan->entries);
	*plan = (struct plan){ 0 };
}

static char *unmet(const char *need, const struct net_features *features)
{
	static const char program[] = "program:";

	if (strcmp(need, "netem") == 0 && !features->netem)
		return format("needs netem: %s", features->netem_reason);
	if (strcmp(need, "root") == 0 && features->user_namespace)
		return format("needs root: run halfopen as root");
	if (strncmp(need, program, strlen(program)) == 0) {
		autofree char *path = program_path(need + strlen(program));

		return path ? NULL
			    : format("needs the program %s: install it", need + strlen(program));
	}
	return NULL; /* sysctls and features of the kernel are looked at by the case itself */
}

char *unmet_need(const struct entry *entry, const struct net_features *features, bool real_time)
{
	const struct case_spec *spec = entry->spec;
	char *reason = spec->netem ? unmet("netem", features) : NULL;
	const char *needs = spec->needs;

	for (char *need; !reason && (need = text_word(&needs)); free(need))
		reason = unmet(need, features);
	if (!reason && real_time && spec->virtual_time && !entry->named)
		reason = format("takes %.0f min of kernel time: run it in virtual time with "
				"--kernel vm, or name it",
				ceil(spec->kernel_seconds / 60));
	return reason;
}
