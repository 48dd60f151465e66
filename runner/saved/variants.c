/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * variants: what is recorded of a kernel's behaviour, by its version, and whether a kernel lacks
 * what it should have. The record is the catalogue's.
 */
#include "runner/saved/saved.h"

#include <limits.h>
#include <string.h>

enum { NO_PATCH = -1 };

struct version {
	int major, minor, patch;
};

/* "6.12", "6.1.176", "6.18.0-rc3+": false when it begins otherwise. */
static bool version_parse(struct version *version, const char *text)
{
	*version = (struct version){ .patch = NO_PATCH };
	return sscanf(text, "%d.%d.%d", &version->major, &version->minor, &version->patch) >= 2;
}

static int version_compare(struct version a, struct version b)
{
	if (a.major != b.major)
		return a.major - b.major;
	return a.minor != b.minor ? a.minor - b.minor : a.patch - b.patch;
}

static bool same_series(struct version a, struct version b)
{
	return a.major == b.major && a.minor == b.minor;
}

/* What a stable series took over counts only in that series. */
static bool applies(struct version since, struct version kernel)
{
	return (since.patch == NO_PATCH || same_series(since, kernel)) &&
	       version_compare(since, kernel) <= 0;
}

const struct recorded_variant *record_of(const struct catalogue *catalogue, const char *case_name,
					 const char *version)
{
	const struct recorded_variant *records = catalogue->variants, *best = NULL;
	struct version kernel, since, latest = { 0 };

	if (!version_parse(&kernel, version))
		return NULL;
	/* without a patch level it is the newest of its series, as "6.1" of the matrix is */
	if (kernel.patch == NO_PATCH)
		kernel.patch = INT_MAX;
	for (size_t i = 0; i < catalogue->variant_count; i++) {
		if (strcmp(records[i].case_name, case_name) != 0 ||
		    !version_parse(&since, records[i].since) || !applies(since, kernel) ||
		    (best && version_compare(since, latest) < 0))
			continue;
		best = &records[i];
		latest = since;
	}
	return best;
}

/* Whether the variant was Linux's before the record, and never since. */
static bool is_older(const struct catalogue *catalogue, const char *variant,
		     const struct recorded_variant *record)
{
	const struct recorded_variant *records = catalogue->variants;
	struct version recorded, since;
	bool older = false;

	version_parse(&recorded, record->since);
	for (size_t i = 0; i < catalogue->variant_count; i++) {
		if (strcmp(records[i].case_name, record->case_name) != 0 || !records[i].variant ||
		    strcmp(records[i].variant, variant) != 0)
			continue;
		version_parse(&since, records[i].since);
		if (version_compare(since, recorded) >= 0)
			return false;
		older = true;
	}
	return older;
}

char *variant_lost(const struct catalogue *catalogue, struct seen_variant seen)
{
	const struct recorded_variant *record = record_of(catalogue, seen.case_name, seen.version);

	if (!record || !record->variant || !seen.variant ||
	    !is_older(catalogue, seen.variant, record))
		return NULL;
	return format("this kernel shows '%s'; Linux has shown '%s' since %s, and this is %s",
		      seen.variant, record->variant, record->since, seen.version);
}
