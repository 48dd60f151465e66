/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * first_run: a trial in a guest begins on the host: there the first scenario is played once, and
 * what the server and its helpers name meanwhile is packed for the guest. So is what a client
 * names that meets a server which answers, before a stage in a guest.
 */
#include "runner/play/internal.h"

#include "base/json.h"
#include "base/staging.h"
#include "base/trial.h"

#include <errno.h>
#include <string.h>

#define FOLDER  "first-run"
#define SYSCTLS "sysctls"
/* A client that goes on, and has named no other file for so long, has opened what it needs. */
#define CLIENT_SETTLES SEC(5)
/* And one that always names others ends then. */
#define CLIENT_GOES_ON SEC(60)

/* ---- the run on the host -------------------------------------------------------------------- */

static void say_nothing(const struct run *run)
{
	(void)run;
}

static void say_no_result(const struct run *run, const struct entry *entry)
{
	(void)run;
	(void)entry;
}

static const struct reporter no_reporter = {
	.begin = say_nothing, .result = say_no_result, .tick = say_nothing, .end = say_nothing
};

/* How the first run ended, where it was not whole. */
static char *problem_of(const struct run *first)
{
	if (first->fatal)
		return format("%s", first->fatal);
	for (size_t i = 0; i < first->plan.count; i++) {
		const struct result *result = &first->plan.entries[i].result;

		if (result->ending == SKIPPED || result->ending == BROKEN)
			return format("%s", reason_or_none(result->reason));
	}
	return NULL;
}

static char *play(struct run *first)
{
	char *why = NULL;

	if (!plan_make(&first->plan, first->options))
		return format("there is no scenario %s", first->options->first);
	if (lanes_assign(first, &why) != LANES_FOUND)
		return why ? why : format("it cannot be played on this host");
	if (!make_path(first->artifacts))
		return cannot_write(first->artifacts);
	choose_jobs(first);
	run_play(first);
	return first->signal ? NULL : problem_of(first);
}

/* ---- the files ------------------------------------------------------------------------------ */

static char *add_named(struct cargo *cargo, const struct run *first)
{
	autofree char *path = entry_path(first, &first->plan.entries[0], "files.json");
	json_auto_t *files = json_load(path, NULL);
	const char *name;
	json_t *opened;

	if (!files)
		return format("cannot read %s, which the first run should have left", path);
	json_object_foreach (files, name, opened)
		cargo_add(cargo, name, json_is_true(opened) ? CARGO_OPENED : CARGO_LOOKED_AT);
	return NULL;
}

/* A relative one begins here. */
static void add_from_here(struct cargo *cargo, const char *path, enum cargo_part part)
{
	autofree char *here = getcwd(NULL, 0);
	autofree char *whole = *path == '/' || !here ? NULL : format("%s/%s", here, path);

	cargo_add(cargo, whole ? whole : path, part);
}

/*
 * The settings in which this machine, or the one of --sysctls-from, differs from its kernel's
 * defaults, for --sysctls-from there. What the guest's kernel does not have is passed over.
 */
static char *write_sysctls(struct run *run, const char *path)
{
	const struct trial *trial = run->options->trial;
	struct text text = { 0 };

	for (size_t i = 0; i < trial->setting_count; i++) {
		const struct trial_setting *setting = &trial->settings[i];

		if (!text_is(setting->source, "--sysctl") && setting->usual &&
		    strcmp(setting->value, setting->usual) != 0)
			text_add(&text, "%s = %s\n", setting->name, setting->value);
	}
	size_t length = text.length;
	autofree char *all = text_take(&text);
	if (length && !whole_store(path, all, length))
		return cannot_write(path);
	run->sysctls = length ? format("%s", path) : NULL;
	return NULL;
}

static char *add_all(struct run *run, const struct run *first, struct cargo *cargo)
{
	const struct trial *trial = run->options->trial;
	const char *cwd = trial ? trial->cwd : run->options->staging->cwd;
	autofree char *sysctls = format("%s/" SYSCTLS, first->artifacts);
	char *problem = add_named(cargo, first);

	if (!problem && trial)
		problem = write_sysctls(run, sysctls);
	if (problem)
		return problem;
	if (run->sysctls)
		cargo_add(cargo, run->sysctls, CARGO_OPENED);
	add_from_here(cargo, ".", CARGO_LOOKED_AT);
	if (cwd)
		add_from_here(cargo, cwd, CARGO_LOOKED_AT);
	for (char *const *each = run->options->bring; each && *each; each++)
		add_from_here(cargo, *each, CARGO_ALL_BELOW);
	return cargo_pack(cargo);
}

static char *pack(struct run *run, const struct run *first)
{
	char *problem = NULL;

	run->cargo = cargo_begin(&problem);
	return problem ? problem : add_all(run, first, run->cargo);
}

/* ---- both ----------------------------------------------------------------------------------- */

/* The client before a server that answers at the same ports. The caller frees .places. */
static struct staging rehearsal_of(const struct staging *staging)
{
	struct staging rehearsal = *staging;

	rehearsal.places = must_alloc(staging->place_count, sizeof(*rehearsal.places));
	memcpy(rehearsal.places, staging->places, staging->place_count * sizeof(*rehearsal.places));
	for (size_t i = 0; i < rehearsal.place_count; i++)
		rehearsal.places[i].turn_count = 0;
	if (!rehearsal.timeout || rehearsal.timeout > CLIENT_GOES_ON)
		rehearsal.timeout = CLIENT_GOES_ON;
	rehearsal.expect = (struct stage_expectation){ 0 };
	rehearsal.logged = rehearsal.lists_files = true;
	rehearsal.settles = CLIENT_SETTLES;
	return rehearsal;
}

char *first_run(struct run *run)
{
	struct run_options asked = *run->options;
	struct staging rehearsal = { 0 };
	char *name = (char *)asked.first;
	struct run first = { .options = &asked, .reporter = &no_reporter, .lock = -1 };
	char *problem;

	asked.kernel = "host";
	asked.real_time = true;
	if (asked.staging) {
		rehearsal = rehearsal_of(asked.staging);
		asked.staging = &rehearsal;
	} else {
		asked.patterns = (struct patterns){ .words = &name, .count = 1 };
	}
	first.artifacts = format("%s/" FOLDER, run->artifacts);
	problem = play(&first);
	if (!problem && !first.signal)
		problem = pack(run, &first);
	run->signal = first.signal;
	run_free(&first);
	free(rehearsal.places);
	return problem;
}
