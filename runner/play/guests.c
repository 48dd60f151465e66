/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guests: plays entries in machines of another kernel. A machine runs this very program on its
 * share of the entries and brings back the folder that it wrote; what is in it is taken in as if
 * it had been written here.
 */
#include "runner/play/internal.h"

#include "base/staging.h"
#include "base/trial.h"
#include "base/xml.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

enum {
	TICK_MS = 100,
	MOST_GUESTS = 64,
	LEAST_SHARE = 4, /* entries for which another boot pays */
	LINES_QUOTED = 8,
};

/* What a machine gets, on the wall: to boot, for each entry's work, and for idle time. */
#define BOOT_SECONDS     120
#define ENTRY_SECONDS    30
#define GUEST_PER_WALL   20 /* guest seconds that go by in one on the wall while it idles */
#define SCENARIO_SECONDS 300
/* On the guest's clock a case has a limit of its own; this is for what hangs around it. */
#define GUEST_SECONDS 600
/* Four weeks, for a client that nobody ends. */
#define STAGE_SECONDS 2.4e6

struct guest {
	struct machine *machine;
	struct entry **entries;
	size_t count;
	char *folder; /* below the artifacts: "vm-1" */
};

struct guests {
	struct run *run;
	struct lane *lane; /* whose entries they play */
	struct guest all[MOST_GUESTS];
	unsigned count;
	int signals;
};

/* ---- who plays what ------------------------------------------------------------------------ */

static unsigned guest_count(const struct run *run, const struct lane *lane)
{
	size_t distinct = lane->count / run->options->repeat;
	size_t most = (distinct + LEAST_SHARE - 1) / LEAST_SHARE;

	/* In real time the processors are the guest's; in virtual time a machine has one. What the
	 * first scenario of a trial has found out the others go by, in the same machine. */
	if (lane->real_time || run->options->pause || run->options->trial)
		return 1;
	if (most > run->cpus)
		most = run->cpus;
	if (most > MOST_GUESTS)
		most = MOST_GUESTS;
	return most > 0 ? (unsigned)most : 1;
}

/* Idle time costs the host little, and each guest that waits for minutes as much as this many. */
#define SLEEP_WORTH 20 /* entries */

static bool waits_for_minutes(const struct entry *entry)
{
	return entry->spec->virtual_time;
}

/* Who waits for minutes waits in the same guest, and that one gets less of the rest. */
static struct guest *guest_for(struct guests *guests, const struct entry *entry)
{
	struct guest *sleeper = &guests->all[0], *least = sleeper;
	size_t slept = sleeper->count && waits_for_minutes(sleeper->entries[0]) ? SLEEP_WORTH : 0;

	if (waits_for_minutes(entry))
		return sleeper;
	for (unsigned i = 1; i < guests->count; i++)
		if (guests->all[i].count < least->count + (least == sleeper ? slept : 0))
			least = &guests->all[i];
	return least;
}

/* Repetitions of an entry stay together: they are one word of the command line. */
static void deal(struct guests *guests)
{
	const struct run *run = guests->run;
	size_t count = guests->lane->count;
	autofree struct entry **order = lane_order(run, guests->lane);
	struct guest *guest = NULL;

	guests->count = guest_count(run, guests->lane);
	for (unsigned i = 0; i < guests->count; i++)
		guests->all[i].entries = must_alloc(count, sizeof(struct entry *));
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(order[i]->id, order[i - 1]->id) != 0)
			guest = guest_for(guests, order[i]);
		guest->entries[guest->count++] = order[i];
	}
	while (guests->count > 1 && guests->all[guests->count - 1].count == 0)
		free(guests->all[--guests->count].entries);
}

/* ---- starting ------------------------------------------------------------------------------ */

/* The command line in the guest: what all commands have. */
static void add_common(struct words *words, const struct run *run)
{
	words_add(words, "--kernel=host");
	words_add(words, "--artifacts=/artifacts");
	words_add(words, "--no-report");
	if (run->options->jobs)
		words_add(words, "--jobs=%u", run->options->jobs);
}

/* What the user has said, and somebody else's program. */
static void add_program(struct words *words, const struct run_options *options, char *const *argv)
{
	for (char *const *each = options->guest_options; each && *each; each++)
		words_add(words, "%s", *each);
	words_add(words, "--");
	for (char *const *each = argv; *each; each++)
		words_add(words, "%s", *each);
}

/* Of `try`. */
static struct words trial_of_guest(const struct run *run)
{
	const struct run_options *options = run->options;
	struct words words = { 0 };

	words_add(&words, "try");
	add_common(&words, run);
	words_add(&words, "--time=%s", run->guest.clock);
	if (run->sysctls)
		words_add(&words, "--sysctls-from=%s", run->sysctls);
	add_program(&words, options, options->trial->argv);
	return words;
}

/* Of `stage`. */
static struct words stage_of_guest(const struct run *run)
{
	const struct run_options *options = run->options;
	struct words words = { 0 };

	words_add(&words, "stage");
	words_add(&words, "--kernel=host");
	words_add(&words, "--artifacts=/artifacts");
	words_add(&words, "--time=%s", run->guest.clock);
	add_program(&words, options, options->staging->argv);
	return words;
}

/* Of `run`. */
static struct words run_of_guest(const struct guests *guests, const struct guest *guest)
{
	const struct run_options *options = guests->run->options;
	struct words words = { 0 };

	words_add(&words, "run");
	add_common(&words, guests->run);
	words_add(&words, "--time=%s", guests->lane->clock);
	words_add(&words, "--storms=host");
	words_add(&words, "--storm-seconds=%u", options->storm_seconds);
	words_add(&words, "--repeat=%u", options->repeat);
	words_add(&words, "--timeout-multiplier=%g", options->timeout_multiplier);
	if (options->seed)
		words_add(&words, "--shuffle=%u", options->seed);
	if (options->storm_seed)
		words_add(&words, "--storm-seed=%u", options->storm_seed);
	if (options->wire)
		words_add(&words, "--wire=%s", options->wire);
	for (size_t i = 0; i < guest->count; i++)
		if (i == 0 || strcmp(guest->entries[i]->id, guest->entries[i - 1]->id) != 0)
			words_add(&words, "%s", guest->entries[i]->id);
	return words;
}

/* Every program that a case names, whether it is in this share or not: one image for all. */
static struct words programs_of_cases(const struct catalogue *catalogue)
{
	static const char program[] = "program:";
	struct words words = { 0 };

	for (size_t i = 0; i < catalogue->case_count; i++) {
		const char *needs = catalogue->cases[i].needs;

		for (char *need; (need = text_word(&needs)); free(need))
			if (strncmp(need, program, strlen(program)) == 0)
				words_add(&words, "%s", need + strlen(program));
	}
	return words;
}

/*
 * What a guest may take, on its clock and on the wall. A scenario has clients by the thousand, and
 * as much patience as its user.
 */
struct time_allowed {
	double guest, wall;
};

static struct time_allowed time_of_trial(const struct run *run, const struct guest *guest)
{
	struct time_allowed allowed = { GUEST_SECONDS, BOOT_SECONDS };

	for (size_t i = 0; i < guest->count; i++) {
		double most = case_seconds(run, guest->entries[i]->spec);

		allowed.guest += most;
		allowed.wall += run->guest.real_time ? most : SCENARIO_SECONDS;
	}
	return allowed;
}

/* Without a limit of the user's the client takes what it likes. */
static struct time_allowed time_of_stage(const struct run *run)
{
	double most = (double)run->options->staging->timeout / SEC(1);

	if (most <= 0)
		most = STAGE_SECONDS;
	return (struct time_allowed){
		.guest = GUEST_SECONDS + most,
		.wall = BOOT_SECONDS + ENTRY_SECONDS + most,
	};
}

static double kernel_seconds(const struct run *run, const struct guest *guest)
{
	double sum = 0;

	for (size_t i = 0; i < guest->count; i++)
		sum += guest->entries[i]->spec->storm ? run->options->storm_seconds
						      : guest->entries[i]->spec->kernel_seconds;
	return sum;
}

static struct time_allowed time_of_cases(const struct run *run, const struct guest *guest,
					 bool real_time)
{
	double waits = kernel_seconds(run, guest);

	return (struct time_allowed){
		.guest = GUEST_SECONDS + 4 * waits,
		.wall = BOOT_SECONDS + ENTRY_SECONDS * (double)guest->count +
			waits * (real_time ? 4 : 4.0 / GUEST_PER_WALL),
	};
}

/* Two are what a storm is about, and each more is another that the host must find the time for. */
static unsigned cpus_of(const struct run *run, const struct lane *lane)
{
	if (run->options->cpus)
		return run->options->cpus;
	return lane == &run->storms ? 2 : run->cpus;
}

static struct words arguments_of(const struct guests *guests, const struct guest *guest)
{
	const struct run *run = guests->run;

	return run->options->trial     ? trial_of_guest(run)
	       : run->options->staging ? stage_of_guest(run)
				       : run_of_guest(guests, guest);
}

static struct time_allowed time_of(const struct guests *guests, const struct guest *guest)
{
	const struct run *run = guests->run;

	return run->options->trial     ? time_of_trial(run, guest)
	       : run->options->staging ? time_of_stage(run)
				       : time_of_cases(run, guest, guests->lane->real_time);
}

static bool start(struct guests *guests, struct guest *guest)
{
	struct run *run = guests->run;
	const struct lane *lane = guests->lane;
	struct words arguments = arguments_of(guests, guest);
	struct time_allowed allowed = time_of(guests, guest);
	autofree char *folder = format("%s/%s", run->artifacts, guest->folder);
	char *why = NULL;

	guest->machine = machine_start(
		(struct machine_options){
			.boot = lane->boot,
			.arguments = arguments.all,
			.folder = folder,
			.cargo = run->cargo,
			.clock = lane->real_time ? REAL_TIME : VIRTUAL_TIME,
			.cpus = cpus_of(run, lane),
			.guest_seconds = run->options->timeout_multiplier * allowed.guest,
			.wall_seconds = allowed.wall,
		},
		&why);
	words_free(&arguments);
	if (!guest->machine)
		run_fatal(run, why);
	else
		run->guests++;
	return guest->machine != NULL;
}

/* What an older machine has left could be taken for what this one brings. */
static bool forget_older(const char *folder)
{
	static const char *const names[] = { "results.json", "output.txt", "console.txt" };
	bool good = true;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		autofree char *path = format("%s/%s", folder, names[i]);

		good = good && (unlink(path) == 0 || errno == ENOENT);
	}
	return good;
}

/* Folders of the entries as a worker finds them, and one for what the machine itself says. */
static bool prepare(struct run *run, struct guest *guest)
{
	autofree char *folder = format("%s/%s", run->artifacts, guest->folder);
	char *problem = NULL;

	for (size_t i = 0; !problem && i < guest->count; i++)
		problem = folder_prepare(run, guest->entries[i]);
	if (!problem && ((mkdir(folder, 0777) < 0 && errno != EEXIST) || !forget_older(folder)))
		problem = cannot_write(folder);
	if (problem)
		run_fatal(run, problem);
	return !problem;
}

char *guests_prepare(struct run *run)
{
	struct words programs = programs_of_cases(run->options->catalogue);
	char *why = NULL;

	run->guest.boot = boot_make(run->guest.kernel, programs.all, &why);
	words_free(&programs);
	run->storms.boot = run->guest.boot;
	return why;
}

static void start_all(struct guests *guests)
{
	for (unsigned i = 0; i < guests->count && !guests->run->fatal; i++) {
		struct guest *guest = &guests->all[i];

		guest->folder = guests->lane == &guests->run->storms ? format("vm-storms")
								     : format("vm-%u", i + 1);
		if (prepare(guests->run, guest) && start(guests, guest))
			for (size_t j = 0; j < guest->count; j++)
				guest->entries[j]->state = UNDER_WAY;
	}
}

/* ---- what they bring back ------------------------------------------------------------------ */

/* The guest's word for the entry, from its results.json. */
static const json_t *result_of(const json_t *results, const struct entry *entry)
{
	size_t index;
	const json_t *each;

	json_array_foreach (json_object_get(results, "results"), index, each) {
		const char *folder = json_string_value(json_object_get(each, "folder"));

		if (folder && strcmp(folder, entry->folder) == 0)
			return each;
	}
	return NULL;
}

/*
 * Moves what is in the folder into another, which may hold what is not the runner's to remove: logs
 * of programs, folders of repetitions. False with errno.
 */
static bool move_all(const char *from, const char *to)
{
	DIR *listing = opendir(from);
	bool good = listing != NULL;

	for (const struct dirent *each; good && (each = readdir(listing));) {
		autofree char *here = format("%s/%s", from, each->d_name);
		autofree char *there = format("%s/%s", to, each->d_name);

		if (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0)
			continue;
		/* a folder that is there already takes in what its namesake has */
		good = rename(here, there) == 0 ||
		       ((errno == ENOTEMPTY || errno == EEXIST) && move_all(here, there));
	}
	if (listing)
		closedir(listing);
	return good && rmdir(from) == 0;
}

/* The guest's folder of the entry takes the place of the one that was prepared here. */
static bool move_in(const struct run *run, const struct guest *guest, const struct entry *entry)
{
	autofree char *from = format("%s/%s/%s", run->artifacts, guest->folder, entry->folder);
	autofree char *to = entry_path(run, entry, "");
	autofree char *prepared = entry_path(run, entry, "verdict.json");

	return access(from, F_OK) == 0 && unlink(prepared) == 0 && move_all(from, to);
}

/* What remains are the empty folders above those that moved. */
static void remove_emptied(const struct run *run, const struct guest *guest)
{
	for (size_t i = 0; i < guest->count; i++) {
		char *path = format("%s/%s/%s", run->artifacts, guest->folder,
				    guest->entries[i]->folder);

		for (size_t least = strlen(run->artifacts) + strlen(guest->folder) + 1;
		     strlen(path) > least; *strrchr(path, '/') = '\0')
			rmdir(path);
		free(path);
	}
}

/*
 * Several were there when the guest's kernel complained, and it did not again in that machine: then
 * it may complain so only once a boot, and each of them gets a machine of its own. (Not where there
 * are repetitions: a machine plays all of a case.)
 */
static bool needs_own_machine(const struct run *run, const struct entry *entry)
{
	return entry->result.complaint && !entry->result.complained_alone && !entry->suspected &&
	       run->options->repeat == 1;
}

/* A server that misses a file may end, or go another way: who tries it must know. */
static void tell_what_is_missing(const struct run *run, struct entry *entry)
{
	autofree char *path = what_the_guest_lacked(run, entry);
	char *reason = entry->result.reason;

	if (!path)
		return;
	if (entry->result.ending != BROKEN) {
		complain("note: %s was not opened in the first run, and is not in the guest: see "
			 "--bring %s",
			 path, path);
		return;
	}
	entry->result.reason = format("%s. In the guest it looked for %s, which was not opened in "
				      "the first run on this host: see --bring %s",
				      reason_or_none(reason), path, path);
	free(reason);
}

static void conclude(struct run *run, struct entry *entry)
{
	if (run->cargo) {
		tell_what_is_missing(run, entry);
		learn_from_first(run, entry);
	}
	if (needs_own_machine(run, entry)) {
		take_suspicion(run, entry);
		entry->state = PLANNED;
		return;
	}
	if (entry->suspected && entry->result.complaint)
		entry->complaint = format("%s", entry->result.complaint);
	if (entry->suspected)
		entry->state = HELD_BACK;
	else
		run_result(run, entry);
}

static void take_in(struct run *run, const struct guest *guest, const json_t *results)
{
	/* Where the first scenario of a trial could not be played, no other one was. */
	for (size_t i = 0; i < guest->count && !run->fatal; i++) {
		struct entry *entry = guest->entries[i];
		const json_t *result = result_of(results, entry);

		bool brought = result && move_in(run, guest, entry);

		entry->attempts += brought ? member_whole(result, "attempts", 100) : 1;
		take_verdict(run, entry,
			     brought ? NULL : format("the machine brought nothing back of it"));
		entry->result.busy = member_number(result, "busy_seconds");
		conclude(run, entry);
	}
	remove_emptied(run, guest);
}

static char *last_lines(const char *path)
{
	autofile FILE *file = fopen(path, "re");
	char *lines[LINES_QUOTED] = { 0 };
	autofree char *line = NULL;
	size_t room = 0;
	struct text all = { 0 };
	size_t count = 0;

	while (file && getline(&line, &room, file) > 0) {
		free(lines[count % LINES_QUOTED]);
		lines[count++ % LINES_QUOTED] = format("  %s", line);
	}
	for (size_t i = 0; i < LINES_QUOTED; i++) {
		char *each = lines[(count + i) % LINES_QUOTED];

		text_add(&all, "%s", each ? each : "");
		free(each);
	}
	return text_take(&all);
}

static void take_error(struct run *run, const struct guest *guest, const struct machine_end *end)
{
	autofree char *clean = text_clean(end->report);

	run_fatal(run, format("the machine of kernel %s: %s; its console, %s/%s/console.txt, ends "
			      "with:\n%s",
			      run->guest.kernel->name, end->error, run->artifacts, guest->folder,
			      *clean ? clean : "(nothing)\n"));
}

/* The guest's run came to no results: what it printed says why. */
static void take_no_results(struct run *run, const struct guest *guest, int status)
{
	autofree char *path = format("%s/%s/output.txt", run->artifacts, guest->folder);
	autofree char *said = last_lines(path);
	autofree char *clean = text_clean(said);

	run_fatal(run, format("the machine of kernel %s could not run the cases (status %d); it "
			      "said:\n%s",
			      run->guest.kernel->name, status, clean));
}

static void note_guest(struct lane *lane, const json_t *results, const struct machine_end *end)
{
	if (!lane->release) {
		lane->release = member_text(results, "kernel");
		lane->built = member_text(results, "kernel_version");
	}
	if (end->boot_seconds > lane->boot_seconds)
		lane->boot_seconds = end->boot_seconds;
	if (end->memory_kib > lane->memory_kib)
		lane->memory_kib = end->memory_kib;
}

static void finish(struct guests *guests, struct guest *guest)
{
	struct run *run = guests->run;
	autofree char *folder = format("%s/%s", run->artifacts, guest->folder);
	struct machine_end end = machine_finish(guest->machine, folder);
	bool missing = false;

	machine_free(guest->machine);
	guest->machine = NULL;
	run->guests--;
	if (end.error) {
		take_error(run, guest, &end);
	} else {
		json_auto_t *results = results_load(folder, &missing);

		if (results) {
			note_guest(guests->lane, results, &end);
			take_in(run, guest, results);
		} else {
			take_no_results(run, guest, end.status);
		}
	}
	free(end.error);
	free(end.report);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void wait_for_events(const struct guests *guests)
{
	struct pollfd polled[MOST_GUESTS + 1] = { { .fd = guests->signals, .events = POLLIN } };
	nfds_t count = 1;

	for (unsigned i = 0; i < guests->count; i++)
		if (guests->all[i].machine)
			polled[count++] =
				(struct pollfd){ .fd = machine_descriptor(guests->all[i].machine),
						 .events = POLLIN };
	(void)await_events(polled, count, MSEC(TICK_MS));
	read_signals(guests->run, guests->signals);
}

static void play(struct guests *guests)
{
	struct run *run = guests->run;

	while (run->guests > 0 && !run->signal) {
		wait_for_events(guests);
		for (unsigned i = 0; i < guests->count; i++)
			if (guests->all[i].machine && machine_ended(guests->all[i].machine))
				finish(guests, &guests->all[i]);
		run->reporter->tick(run);
	}
}

static void play_round(struct guests *guests)
{
	start_all(guests);
	play(guests);
	for (unsigned i = 0; i < guests->count; i++) {
		machine_free(guests->all[i].machine);
		free(guests->all[i].entries);
		free(guests->all[i].folder);
		guests->all[i] = (struct guest){ 0 };
	}
	guests->run->guests = 0;
}

/* A machine for each, as many at once as there were before. False when none is left. */
static bool deal_suspects(struct guests *guests)
{
	struct run *run = guests->run;
	unsigned most = guests->lane->real_time ? 1 : run->cpus;

	guests->count = 0;
	for (size_t i = 0; i < run->plan.count && guests->count < most; i++) {
		struct entry *entry = &run->plan.entries[i];

		if (!entry->suspected || lane_of(run, entry) != guests->lane ||
		    entry->state != PLANNED)
			continue;
		guests->all[guests->count].entries = must_alloc(1, sizeof(struct entry *));
		guests->all[guests->count].entries[0] = entry;
		guests->all[guests->count++].count = 1;
	}
	return guests->count > 0 && !run->signal && !run->fatal;
}

void guests_play(struct run *run, struct lane *lane)
{
	sigset_t before;
	autoclose int signals = watch_signals(&before);
	struct guests guests = { .run = run, .lane = lane, .signals = signals };

	deal(&guests);
	play_round(&guests);
	while (deal_suspects(&guests))
		play_round(&guests);
	sigprocmask(SIG_SETMASK, &before, NULL);
}
