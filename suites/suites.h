/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suites: the cases (one file per topic; they register themselves), the table of the claims that
 * they answer, and that of the variants that kernels are known to show.
 */
#ifndef HALFOPEN_SUITES_H
#define HALFOPEN_SUITES_H

#include <stddef.h>

enum claim_verdict {
	CONFIRMED, /* Linux does what the document says */
	REFINED,   /* it does so under conditions, or with other numbers */
	REFUTED,   /* it does something else */
	ARGUED,    /* cannot be shown by a case; docs/claims.md says why */
};

struct claim {
	const char *id;             /* "D2-06" */
	const char *document;       /* "listen backlogs" or "TCP_DEFER_ACCEPT" */
	const char *text;           /* what the document says, in our words */
	enum claim_verdict verdict; /* what the cases assert */
	const char *finding;        /* what Linux does, in one sentence */
};

/* The claims in the order of the table; their number in *count. */
const struct claim *all_claims(size_t *count);
const char *claim_verdict_name(enum claim_verdict verdict); /* "confirmed", ... */

/*
 * Which variant of a case Linux shows, since when: "6.13" is Linux 6.13 and all that followed,
 * "6.1.176" the stable kernels of 6.1 from there on, which took a change over. Of two since the
 * same version the last is what is recorded, and the other no loss: a defect that may be mended.
 */
struct recorded_variant {
	const char *case_name;
	const char *since;
	const char *variant; /* NULL: it passes without naming one */
};

/* The records, by case and version; their number in *count. What has none is not judged. */
const struct recorded_variant *recorded_variants(size_t *count);

#endif
