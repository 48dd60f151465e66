/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this program has of cases, claims and recorded variants, for whoever only reads of them.
 */
#include "fixtures/fixtures.h"
#include "suites/suites.h"

struct catalogue suites_catalogue(void)
{
	struct catalogue catalogue = { 0 };

	catalogue.cases = listed_cases(&catalogue.case_count);
	catalogue.claims = all_claims(&catalogue.claim_count);
	catalogue.variants = recorded_variants(&catalogue.variant_count);
	return catalogue;
}
