/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this room share; no other room includes this.
 */
#ifndef HALFOPEN_PLAY_INTERNAL_H
#define HALFOPEN_PLAY_INTERNAL_H

#include "runner/play/play.h"

#include <signal.h>

/* ---- plan.c -------------------------------------------------------------------------------- */

/*
 * Why a machine with such features and such a clock cannot play the entry, or does not without
 * being told to; or NULL. The caller frees it.
 */
char *unmet_need(const struct entry *entry, const struct net_features *features, bool real_time);

/* Whether the entry is of options.first, which all others wait for. */
static inline bool goes_first(const struct run *run, const struct entry *entry)
{
	return text_is(entry->spec->name, run->options->first);
}

/* ---- verdict.c ----------------------------------------------------------------------------- */

void result_free(struct result *result);
/* Makes the folder, or empties what an earlier run left there. NULL, or what went wrong. */
char *folder_prepare(const struct run *run, struct entry *entry);
/* Removes it with all that is this run's; result.ladder remains. NULL, or what went wrong. */
char *folder_discard(const struct run *run, struct entry *entry);
/*
 * Takes in what a case has left in the entry's folder, unless there is a @problem (taken) or some
 * of it is missing: then it is an error, there too.
 */
void take_verdict(const struct run *run, struct entry *entry, char *problem);
/* Writes verdict.json from entry->result. False with errno. */
bool verdict_write(const struct run *run, const struct entry *entry);
/* Gives the result another ending, for a reason that is taken. */
void change_ending(struct result *result, enum ending ending, char *reason);
/* Writes a changed result into what the case wrote; where that fails, it is an error. */
void verdict_amend(const struct run *run, struct entry *entry);
/* Reads it back. False (with result.ending BROKEN and a reason) when there is none. */
bool verdict_read(const struct run *run, const struct entry *entry, struct result *result);
/* What a case must leave and did not, or NULL. */
char *artifact_missing(const struct run *run, const struct entry *entry);

/* ---- trial.c ------------------------------------------------------------------------------- */

/* Whether options.first has not ended yet, and the entry is another one. */
bool waits_for_first(const struct run *run, const struct entry *entry);
/* Puts the entries of options.first before the others. */
void put_first(const struct run *run, struct entry **order, size_t count);
/*
 * The entry has ended. Where it is of options.first, and could not be played, the run ends; else
 * the others are played as follows from what it has found out.
 */
void learn_from_first(struct run *run, const struct entry *entry);
/*
 * Of options.first in a guest: a file of this machine that was named there and that the guest does
 * not have, or NULL. The caller frees it.
 */
char *what_the_guest_lacked(const struct run *run, const struct entry *entry);

/* ---- told.c -------------------------------------------------------------------------------- */

/*
 * What the journal in an entry's folder tells of somebody else's server, as try.json has it; and
 * "table", what was found out about its listeners, and "learned", what later entries go by. NULL
 * where there is no journal.
 */
json_t *told_in_folder(const char *folder);

/* ---- tally.c ------------------------------------------------------------------------------- */

/* Notes and reports how an entry ended: its verdict.json says so too. */
void run_result(struct run *run, struct entry *entry);

/* ---- again.c: what is played again, and why ------------------------------------------------ */

/*
 * Whether an attempt has shown nothing about the kernel: it failed, or the harness did, while the
 * machine kept it from running for longer than it can bear, or reached into it. There are six
 * attempts at most.
 */
bool attempt_is_inconclusive(const struct entry *entry);
/*
 * How many may be played at once, the entry included, while its next attempt is: the crowd of cases
 * may be what is in its way, or what the kernel complained of. Below run->jobs it waits until all
 * others are over.
 */
unsigned most_beside(const struct run *run, const struct entry *entry);
/* It passed, but something in the kernel holds its namespaces. */
void fail_for_lingering(struct entry *entry);
/* What the last attempt comes to: where the machine reached into it, an error of the run. */
void attempt_is_final(struct entry *entry);
/*
 * The kernel has complained of itself (@text, which is taken) while these were there. One alone has
 * failed; several are suspected, and each is played again alone.
 */
struct suspects {
	struct entry **entries;
	size_t count;
};
void blame(struct run *run, struct suspects suspects, char *text);
/* What a guest's runner could not settle: its suspects have the same complaint. */
void take_suspicion(struct run *run, struct entry *entry);
/* The entry fails for it, whatever it had come to. */
struct complaint {
	const char *text;
	bool alone; /* it came while nobody else was there */
};
void fail_for_complaint(struct entry *entry, struct complaint complaint);
/*
 * When all suspects were played alone: where none of those who were there had the kernel complain
 * again, all of them fail, for some complaints come once a boot. Reports the results of suspects.
 */
void settle_suspicions(struct run *run);
void suspicions_free(struct run *run);

/* ---- inherited.c --------------------------------------------------------------------------- */

/* In a case's worker: signals are as they are by default, also those that the runner ignores. */
void inherited_forget_signals(void);
/* Whether whoever started this meant such a signal not to end it (nohup). */
bool inherited_ignores(int signal);

/* ---- signals.c ----------------------------------------------------------------------------- */

/* Blocks the signals that end a run, and SIGCHLD; a descriptor to read them from, or -1. */
int watch_signals(sigset_t *before);
/* Reads them; the first one that ends the run is run->signal. */
void read_signals(struct run *run, int signals);

/* ---- busy.c -------------------------------------------------------------------------------- */

/* For so long the machine's CPUs have worked since it booted, on whatever it was: all of them, in
 * seconds, by hundredths. */
double busy_seconds(void);

/* ---- lanes.c ------------------------------------------------------------------------------- */

/* The lane's entries, the longest first; the caller frees the array. */
struct entry **lane_order(const struct run *run, const struct lane *lane);
void lanes_free(struct run *run);

/* ---- worker.c ------------------------------------------------------------------------------ */

/* Forks the worker of slot->entry; its PID, or -1 with errno. */
pid_t worker_start(const struct run *run, struct slot *slot);
/* What a case may take. */
double case_seconds(const struct run *run, const struct listed_case *spec);
/* Tries the netem arguments of --wire; NULL, or what the system said. The caller frees it. */
char *wire_refused(const char *wire);

/* ---- schedule.c, guests.c ------------------------------------------------------------------ */

/* Plays the host's entries, or as many as it can until a signal or a fatal error. */
void schedule(struct run *run);
/* Plays the lane's entries in machines of the guest's kernel, as many as there are CPUs. */
void guests_play(struct run *run, struct lane *lane);

#endif
