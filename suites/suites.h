/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suites: the cases (one file per topic; they register themselves), the tables of the claims that
 * they answer and of the behaviours that they cover, and that of the variants that kernels are
 * known to show.
 */
#ifndef HALFOPEN_SUITES_H
#define HALFOPEN_SUITES_H

#include "base/catalogue.h"

/* The claims in the order of the table; their number in *count. */
const struct claim *all_claims(size_t *count);
/* The behaviours, those of a subject together; their number in *count. */
const struct claim *all_behaviours(size_t *count);
/* The records, by case and version; their number in *count. What has none is not judged. */
const struct recorded_variant *recorded_variants(size_t *count);
/* The pages for who has a problem, that with the symptoms first; their number in *count. */
const struct guide *all_guides(size_t *count);

/* These, and the cases. */
struct catalogue suites_catalogue(void);

#endif
