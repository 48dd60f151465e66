/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try: the `try` command from its words to the exit status: somebody else's server is started, and
 * scenarios are played with it.
 */
#include "runner/cli/try.h"

#include "base/trial.h"
#include "captures/told/told.h"
#include "fixtures/fixtures.h"
#include "runner/pages/pages.h"
#include "runner/play/play.h"
#include "runner/tell/tell.h"
#include "sandbox/sandbox.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char default_folder[] = "artifacts/try";

/* ---- what is asked for ---------------------------------------------------------------------- */

/* The order in which they are told; what is not here comes last. */
static const char *const telling_order[] = {
	"facts",       "one",    "burst", "stall", "silent",  "dead",   "no-data",
	"descriptors", "errors", "flood", "stop",  "restart", "reload", "handover",
};

/* The first look at the server comes before all others, whatever was named. */
#define FIRST_SCENARIO telling_order[0]

static size_t rank_of(const char *name)
{
	size_t rank = 0;

	while (rank < ARRAY_LENGTH(telling_order) && strcmp(telling_order[rank], name) != 0)
		rank++;
	return rank;
}

static int by_rank(const void *one, const void *other)
{
	const struct listed_case *left = one, *right = other;
	size_t first = rank_of(left->name), second = rank_of(right->name);

	return first == second ? strcmp(left->name, right->name)
			       : (first > second) - (first < second);
}

/* The same catalogue with scenarios in the place of cases; its .cases are to be freed. */
static struct catalogue scenarios_of(const struct catalogue *catalogue)
{
	struct catalogue scenarios = *catalogue;
	const struct listed_case *listed = listed_scenarios(&scenarios.case_count);
	struct listed_case *sorted = must_alloc(scenarios.case_count + 1, sizeof(*sorted));

	for (size_t i = 0; i < scenarios.case_count; i++)
		sorted[i] = listed[i];
	qsort(sorted, scenarios.case_count, sizeof(*sorted), by_rank);
	scenarios.cases = sorted;
	return scenarios;
}

static enum ready ready_of(const struct readiness *ready)
{
	if (ready->seconds > 0)
		return READY_SECONDS;
	if (ready->command)
		return READY_COMMAND;
	return ready->text ? READY_TEXT : READY_LISTENS;
}

static enum asking asking_of(const struct request *request)
{
	if (!request->given)
		return ASK_PROBE;
	return request->length ? ASK_REQUEST : ASK_NOTHING;
}

static struct trial trial_of(const struct options *options, const struct try_sysctls *sysctls)
{
	const struct trying *trying = &options->trying;

	return (struct trial){
		.argv = options->words,
		.user = trying->user,
		.cwd = trying->cwd,
		.env = trying->environment.all,
		.ready = ready_of(&trying->ready),
		.ready_text = trying->ready.command ? trying->ready.command : trying->ready.text,
		.ready_seconds = trying->ready.seconds,
		.port = trying->port,
		.patience = trying->patience > 0 ? trying->patience : 10,
		.stop_signal = trying->stop_signal ? trying->stop_signal : SIGTERM,
		.reload_signal = trying->reload_signal,
		.reload_command = trying->reload_command,
		.socket_activation = trying->socket_activation,
		.forwards = trying->forwards.all,
		.helpers = trying->helpers.all,
		.writable = trying->writable.all,
		.settings = sysctls->all,
		.setting_count = sysctls->count,
		.clients = trying->clients,
		.asking = asking_of(&trying->request),
		.request = trying->request.bytes,
		.request_length = trying->request.length,
		.expect = trying->expect,
		.expect_regex = trying->expect != NULL,
		.tls = trying->tls,
		.allowed = trying->allowed.all,
		.limits = trying->limits.all,
		.limit_count = trying->limits.count,
		.lists_files = plays_in_guest(options) || guest_is_around(),
	};
}

static bool is_worth_telling(const struct trial_setting *setting)
{
	return setting->source || strcmp(setting->value, setting->usual) != 0;
}

static json_t *sysctls_json(const struct try_sysctls *sysctls)
{
	json_t *all = json_array();

	for (size_t i = 0; i < sysctls->count; i++) {
		const struct trial_setting *setting = &sysctls->all[i];
		json_t *value = json_object();

		if (is_worth_telling(setting))
			json_array_append(all, value);
		json_object_set_new(value, "name", json_text(setting->name));
		json_object_set_new(value, "value", json_text(setting->value));
		json_object_set_new(value, "default", json_text(setting->usual));
		json_object_set_new(value, "source",
				    json_text(setting->source ? setting->source : "machine"));
		json_decref(value);
	}
	return all;
}

/* What try.json says of it all. */
static json_t *about_of(const struct trial *trial, const struct try_sysctls *sysctls)
{
	json_t *server = json_object(), *command = json_array();

	for (size_t i = 0; trial->argv[i]; i++)
		json_array_append_new(command, json_text(trial->argv[i]));
	json_object_set_new(server, "command", command);
	json_object_set_new(server, "port", trial->port ? json_integer(trial->port) : json_null());
	json_object_set_new(server, "patience", json_real(trial->patience));
	return json_pack("{s:o, s:o}", "server", server, "sysctls", sysctls_json(sysctls));
}

/* ---- the patterns: which scenarios, over which families ------------------------------------- */

static bool has_first(const struct catalogue *scenarios)
{
	return catalogue_case(scenarios, FIRST_SCENARIO) != NULL;
}

/* Empty where everything is meant. */
static struct words patterns_for(const struct trying *trying, const struct catalogue *scenarios)
{
	static const char *const families[] = { "", "/ipv4", "/ipv6" };
	const char *family = families[trying->family];
	struct words patterns = { 0 };

	if (!trying->scenarios.count && !*family)
		return patterns;
	if (has_first(scenarios))
		words_add(&patterns, "%s", FIRST_SCENARIO);
	for (size_t i = 0; i < trying->scenarios.count; i++)
		words_add(&patterns, "%s%s", trying->scenarios.all[i], family);
	if (!trying->scenarios.count)
		words_add(&patterns, "*%s", family);
	return patterns;
}

/* ---- what is wrong with the words ----------------------------------------------------------- */

static bool knows_scenario(const struct catalogue *scenarios, const char *name)
{
	struct nearest nearest = { .typed = name };

	if (catalogue_case(scenarios, name))
		return true;
	for (size_t i = 0; i < scenarios->case_count; i++)
		nearest_offer(&nearest, scenarios->cases[i].name);
	autofree char *near = nearest_text(&nearest);
	complain("--scenario '%s': there is no such scenario%s", name, near);
	return false;
}

static bool knows_finding(const char *name)
{
	struct nearest nearest = { .typed = name };

	if (told_rule(name))
		return true;
	for (size_t i = 0; told_rule_at(i); i++)
		nearest_offer(&nearest, told_rule_at(i)->name);
	autofree char *near = nearest_text(&nearest);
	complain("--allow '%s': there is no such finding%s", name, near);
	return false;
}

static bool knows_limit(const struct trial_limit *limit)
{
	autofree char *text = format("%s=%g", limit->finding, limit->most), *why = NULL;
	struct told_limit parsed;

	if (told_limit_parse(text, &parsed, &why))
		return true;
	complain("--limit %s: %s", text, why);
	return false;
}

static bool knows_names(const struct trying *trying, const struct catalogue *scenarios)
{
	bool good = true;

	for (size_t i = 0; i < trying->scenarios.count && good; i++)
		good = knows_scenario(scenarios, trying->scenarios.all[i]);
	for (size_t i = 0; i < trying->allowed.count && good; i++)
		good = knows_finding(trying->allowed.all[i]);
	for (size_t i = 0; i < trying->limits.count && good; i++)
		good = knows_limit(&trying->limits.all[i]);
	return good;
}

static bool can_be_started(const struct options *options)
{
	const struct sandbox_program server = {
		.argv = options->words,
		.cwd = options->trying.cwd,
		.user = options->trying.user,
	};
	autofree char *why = sandbox_problem(&server);

	if (why)
		complain("%s", why);
	return !why;
}

#ifdef HAVE_GNUTLS
static const bool can_tls = true;
#else
static const bool can_tls = false;
#endif

static bool check(const struct options *options)
{
	const struct trying *trying = &options->trying;

	if (!options->word_count)
		complain("which server? Put its command behind --, as in: halfopen try -- "
			 "python3 -m http.server 8000");
	else if (!options->dashes)
		complain("'%s': is that the server? Put -- before it, so that its options are its "
			 "own: halfopen try [OPTION...] -- %s",
			 options->words[0], options->words[0]);
	else if (trying->socket_activation && !trying->port)
		complain("--socket-activation: on which port? Add --port");
	else if (trying->reload_signal && trying->reload_command)
		complain("--reload and --reload-signal: it can be told to reload in one way only");
	else if (trying->tls && !can_tls)
		complain("--tls: this halfopen was built without GnuTLS: install its headers "
			 "(libgnutls28-dev, gnutls-devel), configure and make it again");
	else if (options->json && options->tap)
		complain("--json and --tap both write to stdout: use one of them");
	else
		return goes_with_kernel(options) && can_be_started(options);
	return false;
}

/* ---- a run ---------------------------------------------------------------------------------- */

static void write_page(struct run *run)
{
	autofree char *path = format("%s/try.html", run->artifacts);

	note_problem(run, tried_page(run->artifacts, path));
}

static void play_and_report(struct run *run, const struct options *options)
{
	run_play(run);
	results_store(run, run->ended == run->plan.count);
	tried_store(run, run->ended == run->plan.count);
	if (!options->no_report)
		write_page(run);
	if (options->junit)
		note_problem(run, junit_write(run, options->junit));
	run->reporter->end(run);
	if (options->json)
		print_object(tried_json(run, run->ended == run->plan.count));
	end_output(run);
}

static int run_assigned(struct run *run, const struct options *options)
{
	autofree char *problem = prepare_run(run, options);

	if (!problem && !tried_store(run, false))
		problem = problem_of(run);
	if (!problem && plays_in_guest(options))
		problem = first_run(run);
	if (problem)
		return cannot_begin(options, problem);
	choose_jobs(run);
	play_and_report(run, options);
	return run_status(run);
}

static int run_planned(struct run *run, const struct options *options)
{
	autofree char *why = NULL;

	if (run->plan.count == 0)
		return nothing_runs(options, "there is no such scenario over that family");
	switch (lanes_assign(run, &why)) {
	case LANES_NONE:
		return nothing_runs(options, why);
	case LANES_USAGE:
		return EXIT_USAGE;
	case LANES_ERROR:
		return EXIT_RUN_ERROR;
	default:
		return run_assigned(run, options);
	}
}

static const struct reporter *reporter_of(const struct options *options)
{
	if (options->tap)
		return &tap_reporter;
	return options->json ? &silent_reporter : &tried_reporter;
}

static int play(const struct options *options, const struct catalogue *scenarios,
		const struct try_sysctls *sysctls)
{
	struct words patterns = patterns_for(&options->trying, scenarios);
	struct trial trial = trial_of(options, sysctls);
	json_auto_t *about = about_of(&trial, sysctls);
	struct guest_words guest = guest_words_of(options);
	const struct run_options asked = {
		.catalogue = scenarios,
		.patterns = { .words = patterns.all, .count = patterns.count },
		.trial = &trial,
		.first = has_first(scenarios) ? FIRST_SCENARIO : NULL,
		.about = about,
		.artifacts = options->artifacts ? options->artifacts : default_folder,
		.wire = options->wire,
		.guest_options = guest.options.all,
		.bring = guest.bring.all,
		.kernel = plays_in_guest(options) ? options->kernel : "host",
		.real_time = options->real_time,
		.jobs = options->jobs,
		.repeat = 1,
		.timeout_multiplier = 1,
	};
	struct run run = { .options = &asked, .reporter = reporter_of(options), .lock = -1 };
	int status = plan_make(&run.plan, &asked) ? run_planned(&run, options) : EXIT_USAGE;

	run_free(&run);
	guest_words_free(&guest);
	words_free(&patterns);
	return status;
}

static int command_try(const struct options *options)
{
	struct catalogue scenarios = scenarios_of(options->catalogue);
	struct try_sysctls sysctls = { 0 };
	int status = EXIT_USAGE;

	inherited_complain();
	if (knows_names(&options->trying, &scenarios))
		status = sysctls_make(&sysctls, &options->trying);
	if (status == EXIT_GOOD)
		status = play(options, &scenarios, &sysctls);
	sysctls_free(&sysctls);
	free((void *)scenarios.cases);
	return status;
}

const struct command try_command = {
	.name = "try",
	.arguments = "-- SERVER [ARG...]",
	.summary = "try a server of yours: who is lost in a burst, at a reload, when it stops?",
	.about =
		"Start the server, say what can be known of its listener, and play scenarios with "
		"it, each in a network of its own: what becomes of which clients, and what it does "
		"wrong. What it writes is thrown away; it sees an ordinary network.",
	.ending = "Exit status: 0 nothing was found; 1 findings; 77 not one scenario could be "
		  "played; 99 an error of the run; 2 wrong usage; 130 or 143 after SIGINT or "
		  "SIGTERM.",
	.options = try_options,
	.starts_program = true,
	.check = check,
	.obey = command_try,
};
