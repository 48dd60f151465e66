/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalogue: see catalogue.h.
 */
#include "tests/fuzz/catalogue.h"

#include "base/base.h"

static const struct listed_case cases[] = {
	{ .name = "it_passes", .topic = "passes", .claims = "F-01 F-02", .covers = "B-01" },
	{ .name = "it_passes_after_a_timer",
	  .topic = "passes",
	  .claims = "F-01",
	  .variants = "exponential linear",
	  .kernel_seconds = 0.1 },
	{ .name = "it_passes_over_ipv4", .topic = "passes", .families = IPV4_ONLY },
	{ .name = "it_fails", .topic = "fails", .claims = "F-02 F-03" },
	{ .name = "it_is_skipped", .topic = "skips", .claims = "F-04" },
	{ .name = "it_breaks_down", .topic = "breaks down", .claims = "F-05" },
};

static const struct claim claims[] = {
	{ "F-01", "fakes", "It passes.", CONFIRMED, "It does." },
	{ "F-02", "fakes", "It passes and fails.", REFINED, "It does both." },
	{ "F-03", "fakes", "It fails.", REFUTED, "It does." },
	{ "F-04", "fakes", "It is skipped.", CONFIRMED, "It is." },
	{ "F-05", "fakes", "It breaks down.", CONFIRMED, NULL },
	{ "F-06", "fakes", "Nobody shows this.", ARGUED, "It is only argued." },
	{ "B-01", "habits", "one ends", BEHAVIOUR, NULL },
	{ "B-02", "habits", "one lingers", BEHAVIOUR, "how long" },
};

static const struct recorded_variant records[] = {
	{ "it_passes_after_a_timer", "6.1", "exponential" },
	{ "it_passes_after_a_timer", "6.12", "linear" },
};

const struct catalogue fuzz_catalogue = {
	.cases = cases,
	.case_count = ARRAY_LENGTH(cases),
	.claims = claims,
	.claim_count = ARRAY_LENGTH(claims),
	.variants = records,
	.variant_count = ARRAY_LENGTH(records),
};
