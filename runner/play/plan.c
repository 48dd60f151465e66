/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan: the entries of a run (a case over one family, once), and which of them this machine can
 * play.
 */
#include "runner/play/internal.h"

#include <math.h>
#include <string.h>

bool is_skipped(const struct entry *entry, const char *reason)
{
	return entry->state == ENDED && entry->result.ending == SKIPPED &&
	       (!reason || strcmp(reason_or_none(entry->result.reason), reason) == 0);
}

static void plan_add(struct plan *plan, const struct test *test, unsigned repeat)
{
	plan->entries = must_realloc(plan->entries, plan->count + repeat, sizeof(*plan->entries));
	for (unsigned i = 1; i <= repeat; i++)
		plan->entries[plan->count++] = (struct entry){
			.spec = test->spec,
			.family = test->family,
			.named = test->named,
			.id = format("%s", test->id),
			.folder =
				repeat > 1 ? format("%s/%u", test->id, i) : format("%s", test->id),
		};
}

bool plan_make(struct plan *plan, const struct run_options *options)
{
	struct selection selection;

	*plan = (struct plan){ 0 };
	if (!selection_make(&selection, options->catalogue, options->patterns))
		return false;
	if (options->failed_of)
		selection_keep_failed(&selection, options->failed_of);
	if (options->seed)
		selection_shuffle(&selection, options->seed);
	for (size_t i = 0; i < selection.count; i++)
		if (!selection.tests[i].spec->storm || options->storms != NO_STORMS)
			plan_add(plan, &selection.tests[i], options->repeat);
	selection_free(&selection);
	return true;
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
	const struct listed_case *spec = entry->spec;
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
