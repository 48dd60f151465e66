/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of a stage, as `show` and stage.json read it: what each connection met, whether its
 * state held, and what the client came to.
 */
#include "captures/held/held.h"
#include "tests/fuzz/fuzz.h"

static void print(const struct held *held)
{
	json_t *json = held_json(held);

	if (json_dumpf(json, nowhere(), 0) != 0)
		abort();
	json_decref(json);
	held_print(held, nowhere());
}

/* What says that something is wrong is right about there being something. */
static void follow(const struct held *held)
{
	const struct held_connection *problem = held_problem(held);

	if ((problem && !problem->problem) || held_unmet(held) > held->expectation_count)
		abort();
}

static void tell(void *context)
{
	autofree char *path = own_path("journal.jsonl"), *why = NULL;
	struct journal *journal;
	struct held *held;

	put_events("journal.jsonl", *(struct input *)context);
	journal = journal_salvage(path, &why);
	if (!journal)
		return;
	held = held_of(journal);
	follow(held);
	print(held);
	held_free(held);
	journal_free(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	attempt(tell, &input);
	return 0;
}
