/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evidence: what a run says of a claim. It is "shown" only when nothing that carries the claim is
 * missing.
 */
#include "runner/saved/saved.h"

#include <string.h>
#include <sys/socket.h>

const char *claim_status_name(enum claim_status status)
{
	static const char *const names[] = {
		[CLAIM_SHOWN] = "shown",     [CLAIM_FAILED] = "failed",   [CLAIM_BROKEN] = "error",
		[CLAIM_SKIPPED] = "skipped", [CLAIM_NOT_RUN] = "not run",
	};

	return names[status];
}

static void weigh(struct evidence *evidence, const json_t *result)
{
	const char *variant = json_string_value(json_object_get(result, "variant"));

	switch (ending_from_name(json_string_value(json_object_get(result, "status")))) {
	case PASSED:
		evidence->passed++;
		if (variant)
			json_object_set_new(evidence->variants, variant, json_true());
		break;
	case SKIPPED:
		evidence->skipped++;
		break;
	case FAILED:
		evidence->failed++;
		break;
	default:
		evidence->broken++;
	}
}

/* How many results its run was to have of this test. */
static size_t repetitions(const json_t *run, const json_t *result)
{
	const json_t *of = json_object_get(result, "repeat") ? result : run;

	return (size_t)member_whole(of, "repeat", INT32_MAX);
}

/* Adds one case over one family: each of its repetitions must be there. */
static void weigh_test(struct evidence *evidence, const json_t *run, const char *name,
		       const char *family)
{
	size_t expected = 0, found = 0, index;
	json_t *result;

	json_array_foreach (json_object_get(run, "results"), index, result) {
		if (strcmp(json_string_value(json_object_get(result, "case")), name) != 0 ||
		    strcmp(json_string_value(json_object_get(result, "family")), family) != 0)
			continue;
		found++;
		expected = repetitions(run, result);
		weigh(evidence, result);
	}
	evidence->missing += found == 0 || found < expected;
}

enum claim_status evidence_status(const struct evidence *evidence)
{
	if (evidence->failed)
		return CLAIM_FAILED;
	if (evidence->broken)
		return CLAIM_BROKEN;
	if (evidence->missing || evidence->passed + evidence->skipped == 0)
		return CLAIM_NOT_RUN;
	return evidence->passed ? CLAIM_SHOWN : CLAIM_SKIPPED;
}

struct evidence claim_evidence(const struct catalogue *catalogue, const json_t *run,
			       const char *claim)
{
	struct evidence evidence = { .variants = json_object() };

	for (size_t i = 0; i < catalogue->case_count; i++) {
		const struct listed_case *spec = &catalogue->cases[i];

		if (!case_answers(spec, claim))
			continue;
		if (case_has_family(spec, AF_INET))
			weigh_test(&evidence, run, spec->name, family_name(AF_INET));
		if (case_has_family(spec, AF_INET6))
			weigh_test(&evidence, run, spec->name, family_name(AF_INET6));
	}
	return evidence;
}
