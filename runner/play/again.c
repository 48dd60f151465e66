/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * again: which attempts have shown nothing about the kernel and are played again, and to whom a
 * complaint of the kernel is put down when several cases were there.
 */
#include "runner/play/internal.h"

#include <string.h>

/* The first ones are made among all others, the next with a few, the last ones alone. */
#define CROWDED_ATTEMPTS 2
#define FEW_ATTEMPTS     4
#define MOST_ATTEMPTS    6
#define FEW_PER_CPU      2

/* ---- what the machine has done ------------------------------------------------------------- */

/*
 * The kernel's timers go on while the machine keeps a case from running, and what is short on the
 * machine is short in every namespace. Whoever failed then, the case or the harness, has shown
 * nothing about the kernel. The last attempt counts whatever it is; when the kernel's accounts are
 * uneven, which no lateness explains, that is the second one. What a scenario has found rests on no
 * time: it counts at once.
 */
bool attempt_is_inconclusive(const struct entry *entry)
{
	const struct result *result = &entry->result;

	bool uneven = json_is_true(json_object_get(result->failure, "uneven"));
	bool found = result->ending == FAILED && result->told;

	if (result->ending != FAILED && result->ending != BROKEN)
		return false;
	if (result->lingers && entry->attempts < CROWDED_ATTEMPTS)
		return true;
	return (result->machine || (!found && result->stalled > result->stall_limit)) &&
	       entry->attempts < (uneven ? CROWDED_ATTEMPTS : MOST_ATTEMPTS);
}

unsigned most_beside(const struct run *run, const struct entry *entry)
{
	unsigned few = FEW_PER_CPU * run->cpus;

	if (run->one_by_one || entry->spec->storm || entry->suspected ||
	    entry->attempts >= FEW_ATTEMPTS)
		return 1;
	return entry->attempts >= CROWDED_ATTEMPTS && few < run->jobs ? few : run->jobs;
}

/* Somebody may have looked into a namespace just then: so it counts when it comes twice. */
void fail_for_lingering(struct entry *entry)
{
	if (entry->result.ending != PASSED)
		return;
	entry->result.lingers = true;
	change_ending(&entry->result, FAILED,
		      format("its namespaces are still there 20 s after its last process ended and "
			     "its sockets were destroyed: something in the kernel holds them"));
}

void attempt_is_final(struct entry *entry)
{
	struct result *result = &entry->result;

	if (!result->machine || (result->ending != FAILED && result->ending != BROKEN))
		return;
	change_ending(result, BROKEN,
		      format("this machine reaches into the case: %s; what it looked like: %s",
			     result->machine, reason_or_none(result->reason)));
}

/* ---- what the kernel complains of ---------------------------------------------------------- */

/* A complaint, and who was there. */
struct suspicion {
	char *text;
	struct entry **entries; /* none: it came when no case was there */
	size_t count;
};

static void suspect(struct suspicion *suspicion, struct entry *entry)
{
	suspicion->entries =
		must_realloc(suspicion->entries, suspicion->count + 1, sizeof(struct entry *));
	suspicion->entries[suspicion->count++] = entry;
	entry->suspected = true;
}

/* Takes @text. */
static struct suspicion *add_suspicion(struct run *run, char *text)
{
	struct suspicion *added;

	run->suspicions =
		must_realloc(run->suspicions, run->suspicion_count + 1, sizeof(*run->suspicions));
	added = &run->suspicions[run->suspicion_count++];
	*added = (struct suspicion){ 0 };
	added->text = text;
	return added;
}

void blame(struct run *run, struct suspects suspects, char *text)
{
	struct suspicion *suspicion;

	if (suspects.count == 1) {
		struct entry *alone = suspects.entries[0];
		autofree char *before = alone->complaint, *now = text;

		alone->complaint = format("%s%s", before ? before : "", now);
		return;
	}
	suspicion = add_suspicion(run, text);
	for (size_t i = 0; i < suspects.count; i++)
		suspect(suspicion, suspects.entries[i]);
}

void take_suspicion(struct run *run, struct entry *entry)
{
	const char *text = entry->result.complaint;
	size_t i = 0;

	while (i < run->suspicion_count && strcmp(run->suspicions[i].text, text) != 0)
		i++;
	suspect(i < run->suspicion_count ? &run->suspicions[i]
					 : add_suspicion(run, format("%s", text)),
		entry);
}

void fail_for_complaint(struct entry *entry, struct complaint complaint)
{
	struct result *result = &entry->result;
	char *report = result->ending == PASSED ? format("%s", complaint.text)
						: format("%sand the case: %s", complaint.text,
							 reason_or_none(result->reason));

	free(result->report);
	result->report = report;
	free(result->complaint);
	result->complaint = format("%s", complaint.text);
	result->complained_alone = complaint.alone;
	change_ending(result, FAILED,
		      format("the kernel has complained of itself while this case%s there",
			     complaint.alone ? " was" : " and others were"));
}

/* It came again, with one of those who were there. */
static bool is_proven(const struct suspicion *suspicion)
{
	for (size_t i = 0; i < suspicion->count; i++)
		if (suspicion->entries[i]->complaint)
			return true;
	return false;
}

/* Where it does not come again all of them have failed: WARN_ONCE speaks once a boot. */
void settle_suspicions(struct run *run)
{
	for (size_t i = 0; i < run->suspicion_count; i++) {
		const struct suspicion *suspicion = &run->suspicions[i];
		bool proven = is_proven(suspicion);

		if (suspicion->count == 0)
			run_fatal(run, format("the kernel has complained of itself when no case "
					      "was there:\n%s",
					      suspicion->text));
		for (size_t j = 0; j < suspicion->count && !proven; j++)
			if (!suspicion->entries[j]->result.complaint)
				fail_for_complaint(suspicion->entries[j],
						   (struct complaint){ .text = suspicion->text });
	}
	for (size_t i = 0; i < run->plan.count; i++) {
		struct entry *entry = &run->plan.entries[i];

		if (entry->suspected && entry->state == HELD_BACK)
			run_result(run, entry);
	}
}

void suspicions_free(struct run *run)
{
	for (size_t i = 0; i < run->suspicion_count; i++) {
		free(run->suspicions[i].text);
		free((void *)run->suspicions[i].entries);
	}
	free(run->suspicions);
}
