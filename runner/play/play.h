/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * play: cases are played, on this kernel or in machines of another, and their verdicts taken in.
 * Who reports on it is handed in as a struct reporter.
 */
#ifndef HALFOPEN_PLAY_H
#define HALFOPEN_PLAY_H

#include "base/base.h"
#include "fixtures/fixtures.h"
#include "netns/netns.h"
#include "runner/saved/saved.h"
#include "vm/vm.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

/* Where storms are played: in a guest, unless this kernel was asked for. */
enum storms { STORMS_IN_VM, STORMS_ON_HOST, NO_STORMS };

/* What the user asks for. */
struct run_options {
	const struct catalogue *catalogue;
	struct patterns patterns;
	struct trial *trial;           /* scenarios are played, of this server; NULL: cases are */
	const struct staging *staging; /* stage_spec is played; NULL: it is not */
	const char *first;             /* of a trial: the scenario that all others wait for */
	json_t *about;                 /* of a trial: what try.json says of server and sysctls */
	/* Of a trial in a guest, NULL behind the last: the options of `try` there, and what is to
	 * be there besides what is found, or none. */
	char *const *guest_options, *const *bring;
	const char *artifacts;  /* NULL: the default */
	const char *wire;       /* netem; NULL: as a case or the default has it */
	const char *kernel;     /* "auto", "host", or what kernel_find() knows */
	unsigned jobs;          /* 0: as many as this machine takes */
	unsigned cpus;          /* of a guest in real time; 0: as many as this machine has */
	bool real_time;         /* of a guest */
	unsigned storms;        /* enum storms */
	unsigned storm_seconds; /* for so long each begins new rounds */
	unsigned storm_seed;    /* of their plans; 0: another each time */
	unsigned repeat;
	unsigned seed;           /* of --shuffle; 0: the longest case goes first */
	unsigned round;          /* of --until-failure, from 1; 0: there is but one */
	const json_t *failed_of; /* a results.json: only what failed in it; NULL: all */
	double timeout_multiplier;
	bool pause, verbose;
	bool only_failures; /* of artifacts, those of failed cases and errors are kept */
	bool keep_ladders;  /* in results.json, of what is not kept: matrix compares them */
};

/* ---- plan.c: tests x repetitions ----------------------------------------------------------- */

struct result {
	enum ending ending;
	char *reason;          /* one line; of a failure, a skip, an error */
	char *report;          /* the lines after it, or NULL */
	json_t *failure;       /* the same for programs, see judge_report(); or NULL */
	json_t *steps;         /* that the case has begun, in words; or NULL */
	json_t *told;          /* of a scenario: what its journal tells, see told.c; or NULL */
	char *complaint;       /* of the kernel, while the case was there; or NULL */
	bool complained_alone; /* nobody else was there */
	bool lingers;          /* its namespaces did not go: see again.c */
	char *machine;         /* what of the machine reached into the case; or NULL */
	char *variant;         /* or NULL */
	char *ladder;          /* ladder.txt of a folder that was discarded, or NULL */
	bool changed;          /* by the runner: verdict.json has what the case said */
	double seconds, kernel_seconds;
	double busy;    /* CPU time of the machine from its start until its namespaces had gone, in
			   seconds; 0: others were there too, so that nobody knows */
	double stalled; /* for so long at once the machine kept the case from running, */
	double stall_limit; /* and for longer than this it may not: the shortest timer that it
			       races with */
};

/* HELD_BACK: it has a result, which may change when all suspects were played again. */
enum entry_state { PLANNED, UNDER_WAY, HELD_BACK, ENDED };

struct entry {
	const struct listed_case *spec;
	int family;
	char *id;      /* "name/ipv4": what patterns see */
	char *folder;  /* below the artifacts; the id, and the repetition where there are several */
	bool in_guest; /* in another kernel than the host's */
	char *unmet;   /* why it cannot be played at all, or NULL */
	bool own_folder; /* nobody else had put anything in its folder */
	bool named;      /* by its whole name or id, so that it is meant and not just matched */
	enum entry_state state;
	int attempts;    /* see again.c */
	bool suspected;  /* the kernel complained while it and others were there */
	char *complaint; /* of the kernel while it was there alone, or NULL */
	struct result result;
};

struct plan {
	struct entry *entries;
	size_t count;
};

/* False after saying which pattern matches nothing, and what is near. */
bool plan_make(struct plan *plan, const struct run_options *options);
void plan_free(struct plan *plan);
/* It was skipped; for the @reason, where that is not NULL. */
bool is_skipped(const struct entry *entry, const char *reason);

/* ---- a run --------------------------------------------------------------------------------- */

struct run;

/* Who reports to the user: on a terminal, in a log, or as TAP. */
struct reporter {
	void (*begin)(const struct run *run);
	void (*result)(const struct run *run, const struct entry *entry);
	void (*tick)(const struct run *run); /* every 100 ms */
	void (*end)(const struct run *run);
};

/* What a worker and its case share with the runner; one per job. */
struct slot {
	struct case_progress progress;
	sem_t turn;       /* posted when the case may tear down */
	atomic_bool asks; /* it waits for that */
	int bell;         /* eventfd that wakes the runner */
	/* the runner's own */
	struct entry *entry; /* NULL: free */
	unsigned cpu;        /* the how-manieth of those that the runner may use */
	unsigned most;       /* may be there at once until it ends, itself included */
	pid_t worker;
	nsec began;
	double busy;         /* busy_seconds() then */
	atomic_bool lingers; /* its namespaces did not go */
	int64_t alive;       /* the case's last sign of life, as seen last */
	nsec idle;           /* for how long there was none since; while the runner ran itself */
	int input, hears;    /* --pause: what is typed goes in here and comes out there; -1 */
	struct deadline deadline;
	bool overdue; /* it was ended: its worker hangs, */
	bool idled;   /* or its case did nothing */
};

/* What is known of the kernel that entries are played in. */
struct lane {
	size_t count;      /* of entries */
	char *release;     /* as uname has it; of a guest not before it ended */
	char *built;       /* as uname -v has it, known when the release is */
	char *version;     /* "6.1.192-2": what variants are recorded by; of the host only */
	const char *clock; /* "real" or "virtual" */
	bool real_time;    /* of a guest */
	const char *wire;  /* netem of every wire that does not ask for another; NULL: none */
	/* of a guest: */
	struct kernel *kernel;
	struct boot *boot;
	double boot_seconds; /* until the first case, on the wall */
	long memory_kib;
};

struct run {
	const struct run_options *options;
	const struct reporter *reporter;
	struct net_features features;
	struct lane host, guest;
	struct lane storms; /* in another machine of the guest's kernel and boot, which are the
			       guest's */
	char *host_refuses; /* why a run of "auto" can play nothing on the host, or NULL */
	struct plan plan;
	char *artifacts;  /* absolute */
	char *build;      /* of this program: its SHA-256; NULL in a guest */
	json_t *earlier;  /* results of runs before this one in that folder, an array, or NULL */
	struct kept kept; /* what results.json has of those */
	int lock;         /* on that folder */
	bool taken;       /* another run has it, which goes on */
	unsigned cpus, jobs;
	const char *jobs_reason; /* what they are limited by */
	time_t started;
	nsec began, took;
	size_t ended, tally[BROKEN + 1];
	double kernel_seconds;
	int signal;    /* that ended the run, or 0 */
	int passed_on; /* the first one, which went to the client of a stage; or 0 */
	char *fatal;   /* what ended the run, or NULL */
	struct slot *slots;
	unsigned guests;     /* machines that run */
	struct cargo *cargo; /* of a trial in a guest: what its first run has found */
	char *sysctls;   /* and a file with the settings of this machine; NULL: the usual ones */
	bool one_by_one; /* whatever .jobs says */
	struct suspicion *suspicions;
	size_t suspicion_count;
};

/* ---- run.c --------------------------------------------------------------------------------- */

/*
 * Plays all that the plan has, or as much as it can until a signal or a fatal error. The artifacts
 * folder is there, and the guest's boot image.
 */
void run_play(struct run *run);
/* Releases all that the run holds. */
void run_free(struct run *run);

/* ---- tally.c ------------------------------------------------------------------------------- */

/* Ends the run: nothing more is started. The first reason counts. Takes @text. */
void run_fatal(struct run *run, char *text);
/* What the program exits with, an enum exit_status. */
int run_status(const struct run *run);

/* ---- capacity.c: how many cases this machine takes at once --------------------------------- */

void choose_jobs(struct run *run);

/* ---- inherited.c: what a process has from whoever started it ------------------------------- */

/* Puts right what is wrong; first of all. */
void inherited_put_right(void);
/* Says what cannot be put right. */
void inherited_complain(void);

/* ---- lanes.c: which kernel plays what ------------------------------------------------------ */

enum lanes { LANES_FOUND, LANES_USAGE, LANES_ERROR, LANES_NONE };
/*
 * Decides for every entry where it is played, or that it cannot be, after looking at what this
 * machine has. LANES_NONE: nothing can be played, for *why. The others are said already.
 */
enum lanes lanes_assign(struct run *run, char **why);
const char *lane_name(const struct entry *entry);
const struct lane *lane_of(const struct run *run, const struct entry *entry);
/* Whether some of it is played in guests, be it storms or others. */
bool run_has_guests(const struct run *run);

/* ---- guests.c ------------------------------------------------------------------------------ */

/* Makes what the guest's kernel boots. NULL, or one line. */
char *guests_prepare(struct run *run);

/* ---- first_run.c ---------------------------------------------------------------------------- */

/*
 * Of a trial in a guest, once its folder is there: plays options.first on this host, and packs what
 * the server has named meanwhile. NULL, or one line. A signal ends it, which run->signal tells.
 */
char *first_run(struct run *run);

/* ---- verdict.c: an entry's folder and its verdict.json ------------------------------------- */

/* The path of what is called @name in the entry's folder; of the folder itself for "". */
char *entry_path(const struct run *run, const struct entry *entry, const char *name);
/* Where in the sources the entry failed, else where its case begins. False: nobody knows. */
struct place {
	const char *file; /* the entry's or its case's */
	int line;
};
bool entry_place(const struct entry *entry, struct place *place);

/* ---- slips.c: what the authors of cases have written wrongly ------------------------------- */

/* Tells of a slip in the head of the case, in a line on stderr; whether there is none. */
bool head_is_sound(const struct catalogue *catalogue, const struct listed_case *listed);
/* The same of all cases of the plan. */
bool plan_is_sound(const struct plan *plan, const struct catalogue *catalogue);

#endif
