/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage_client: `halfopen stage STATE -- CLIENT`, from the first look at the client to the exit
 * status.
 */
#include "runner/cli/staged.h"

#include "base/terminal.h"
#include "fixtures/fixtures.h"
#include "runner/tell/tell.h"
#include "sandbox/sandbox.h"
#include "vm/vm.h"

#include <errno.h>
#include <string.h>

static const char default_folder[] = "artifacts/stage";
#define MOST_AT_ONCE 1000

/* A run, and what it is asked for, of which the folder may change. */
struct stage_run {
	struct run run;
	struct run_options asked;
	char *folder; /* NULL: the default, or --artifacts */
};

/* ---- the only case that there is ------------------------------------------------------------ */

static struct listed_case listed_stage(const struct staging *staging)
{
	return (struct listed_case){
		.name = stage_spec.name,
		.topic = stage_spec.topic,
		.claims = stage_spec.claims,
		.question = stage_spec.question,
		.families = staging->family == STAGE_IPV6 ? IPV6_ONLY : IPV4_ONLY,
		.file = stage_spec.file,
		.line = stage_spec.line,
	};
}

/* ---- what makes no sense -------------------------------------------------------------------- */

#define LEAST_OVER_IPV6 1280 /* RFC 8200, 5 */

static bool is_narrow_over_ipv6(const struct staging *staging, const struct stage_place *place)
{
	bool ipv6 = staging->family != STAGE_IPV4 && place->family != STAGE_IPV4;

	for (size_t i = 0; i < place->turn_count && ipv6; i++)
		if (place->turns[i].state == STAGE_PATH_MTU &&
		    place->turns[i].value.mtu < LEAST_OVER_IPV6)
			return true;
	return false;
}

static bool check_paths(const struct staging *staging)
{
	for (size_t i = 0; i < staging->place_count; i++)
		if (is_narrow_over_ipv6(staging, &staging->places[i])) {
			complain("path-mtu: a path of IPv6 carries packets of %d bytes at least "
				 "(RFC 8200); for IPv4 alone put /ipv4 behind it, or --family ipv4",
				 LEAST_OVER_IPV6);
			return false;
		}
	return true;
}

/* ---- what it comes to ----------------------------------------------------------------------- */

/* Before anything is made; 0: it can be started, as far as can be seen. */
static int refuse(const struct staging *staging)
{
	const struct sandbox_program client = {
		.argv = staging->argv,
		.cwd = staging->cwd,
		.user = staging->user,
	};
	autofree char *why = sandbox_problem(&client);
	autofree char *path = strchr(staging->argv[0], '/') ? format("%s", staging->argv[0])
							    : program_path(staging->argv[0]);

	if (!why)
		return 0;
	complain("%s", why);
	return !path || access(path, F_OK) < 0 ? STAGE_NOT_FOUND : STAGE_CANNOT_RUN;
}

static int status_of(const struct run *run)
{
	const struct entry *entry = &run->plan.entries[0];
	const json_t *client = json_object_get(entry->result.told, "client");
	const json_t *status = json_object_get(client, "exit_status");
	const json_t *error = json_object_get(client, "errno");

	if (run->signal)
		return EXIT_SIGNALLED + run->signal;
	if (json_is_integer(error))
		return json_integer_value(error) == ENOENT ? STAGE_NOT_FOUND : STAGE_CANNOT_RUN;
	if (run->fatal || entry->state != ENDED || entry->result.ending == BROKEN ||
	    entry->result.ending == SKIPPED)
		return STAGE_ERROR;
	if (entry->result.ending == FAILED)
		return STAGE_UNEXPECTED;
	if (run->options->staging->expect.exits)
		return 0;
	return json_is_integer(status) ? (int)json_integer_value(status) : STAGE_ERROR;
}

/* ---- a run ---------------------------------------------------------------------------------- */

static int play_and_report(struct run *run, const struct options *options)
{
	bool ours = terminal_is_ours();

	run_play(run);
	if (ours)
		terminal_take();
	results_store(run, run->ended == run->plan.count);
	staged_store(run, run->ended == run->plan.count);
	if (run->cargo && run->plan.entries[0].state == ENDED)
		stage_print_log(run, options->json ? stderr : stdout);
	run->reporter->end(run);
	if (options->json)
		print_object(staged_json(run, run->ended == run->plan.count));
	end_output(run);
	return status_of(run);
}

/*
 * A test suite may play several stages at once: the second one that finds the default folder taken
 * has artifacts/stage-2, and so on.
 */
static char *prepare_somewhere(struct stage_run *stage, const struct options *options)
{
	struct run *run = &stage->run;
	char *problem = prepare_run(run, options);

	for (int number = 2; run->taken && !options->artifacts && number <= MOST_AT_ONCE;
	     number++) {
		free(problem);
		close(run->lock);
		run->taken = false;
		free(stage->folder);
		stage->folder = format("%s-%d", default_folder, number);
		stage->asked.artifacts = stage->folder;
		problem = prepare_run(run, options);
	}
	return problem;
}

static int begin(struct stage_run *stage, const struct options *options)
{
	struct run *run = &stage->run;
	autofree char *problem = prepare_somewhere(stage, options);

	if (!problem && !staged_store(run, false))
		problem = problem_of(run);
	if (!problem && plays_in_guest(options))
		problem = first_run(run);
	if (problem) {
		complain("%s", problem);
		return STAGE_ERROR;
	}
	choose_jobs(run);
	return play_and_report(run, options);
}

static int find_a_place(struct stage_run *stage, const struct options *options)
{
	autofree char *why = NULL;

	switch (lanes_assign(&stage->run, &why)) {
	case LANES_USAGE:
		return STAGE_ERROR;
	case LANES_FOUND:
		return begin(stage, options);
	default:
		if (why)
			complain("%s", why);
		return STAGE_ERROR;
	}
}

int stage_client(const struct options *options, const struct staging *staging)
{
	const struct listed_case listed = listed_stage(staging);
	const struct catalogue stages = { .cases = &listed, .case_count = 1 };
	struct guest_words guest = stage_words_of(options);
	struct stage_run stage = {
		.asked = { .catalogue = &stages,
			   .staging = staging,
			   .artifacts = options->artifacts ? options->artifacts : default_folder,
			   .wire = options->wire,
			   .guest_options = guest.options.all,
			   .bring = guest.bring.all,
			   .kernel = plays_in_guest(options) ? options->kernel : "host",
			   .real_time = options->real_time,
			   .jobs = 1,
			   .repeat = 1,
			   .timeout_multiplier = 1 }
	};
	int status = check_paths(staging) ? refuse(staging) : STAGE_ERROR;

	if (!status) {
		inherited_complain();
		stage.run = (struct run){ .options = &stage.asked,
					  .reporter = &staged_reporter,
					  .lock = -1 };
		status = plan_make(&stage.run.plan, &stage.asked) ? find_a_place(&stage, options)
								  : STAGE_ERROR;
		run_free(&stage.run);
		free(stage.folder);
	}
	guest_words_free(&guest);
	return status;
}
