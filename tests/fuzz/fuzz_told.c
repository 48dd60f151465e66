/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of a scenario, as `show` and the pages of `try` read it: what became of its clients,
 * what is found, and how all of it looks.
 */
#include "captures/draw/draw.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void draw(const struct told *told)
{
	autofree char *svg = clients_svg(told), *part = clients_svg_part(told);

	must_be_xml(svg, strlen(svg));
	must_be_xml(part, strlen(part));
}

static void print(const struct told *told)
{
	json_t *json = told_json(told, true);

	if (json_dumpf(json, nowhere(), 0) != 0)
		abort();
	json_decref(json);
	told_print(told, nowhere());
	free(told_summary(told));
}

/* What a finding points to is there. */
static void follow(const struct told *told)
{
	for (int i = 0; i < told->finding_count; i++) {
		const struct told_finding *finding = &told->findings[i];

		if (told_rule(finding->rule->name) != finding->rule ||
		    (finding->flow && !told_client_of(told, finding->flow)))
			abort();
	}
}

static void tell(void *context)
{
	autofree char *path = own_path("journal.jsonl"), *why = NULL;
	struct journal *journal;
	struct told *told;

	put_events("journal.jsonl", *(struct input *)context);
	journal = journal_salvage(path, &why);
	if (!journal)
		return;
	told = told_of(journal);
	follow(told);
	print(told);
	draw(told);
	told_free(told);
	journal_free(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	attempt(tell, &input);
	return 0;
}
