/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this program has of cases, claims and recorded variants, for whoever only reads of them.
 */
#include "fixtures/fixtures.h"
#include "suites/suites.h"

/* What documents say, and the behaviours behind it. */
static const struct claim *claims_and_behaviours(size_t *count)
{
	static struct claim *all;
	size_t claim_count, behaviour_count;
	const struct claim *claims = all_claims(&claim_count);
	const struct claim *behaviours = all_behaviours(&behaviour_count);

	*count = claim_count + behaviour_count;
	if (!all) {
		all = must_alloc(*count, sizeof(*all));
		for (size_t i = 0; i < *count; i++)
			all[i] = i < claim_count ? claims[i] : behaviours[i - claim_count];
	}
	return all;
}

struct catalogue suites_catalogue(void)
{
	struct catalogue catalogue = { 0 };

	catalogue.cases = listed_cases(&catalogue.case_count);
	catalogue.claims = claims_and_behaviours(&catalogue.claim_count);
	catalogue.variants = recorded_variants(&catalogue.variant_count);
	catalogue.guides = all_guides(&catalogue.guide_count);
	return catalogue;
}
