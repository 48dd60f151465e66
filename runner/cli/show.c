/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show: what happened in a case, and a look at the journal and the captures that it was drawn from:
 * what is damaged is said, and what can be shown of it is shown.
 */
#include "base/terminal.h"
#include "base/xml.h"
#include "captures/draw/draw.h"
#include "captures/held/held.h"
#include "captures/told/told.h"
#include "runner/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>

static struct ladder_form form_here(void)
{
	return (struct ladder_form){ .colour = terminal_has_colours() };
}

static void print_timeline(const struct journal *journal)
{
	struct story *story = story_of(journal);

	timeline_print(story, form_here(), 0, stdout);
	if (story->finding)
		printf("\nwhat does not add up: %s\n", story->finding->summary);
	story_free(story);
}

static void print_drawing(const struct journal *journal, enum drawing drawing)
{
	struct story *story = story_of(journal);
	autofree char *text = drawing == AS_SVG ? ladder_svg(story) : ladder_mermaid(story);

	fputs(text, stdout);
	if (drawing == AS_SVG)
		putchar('\n');
	story_free(story);
}

/* What became of a scenario's clients, and what is wrong with its server. */
static void print_told(const struct journal *journal)
{
	struct told *told = told_of(journal);

	putchar('\n');
	told_print(told, stdout);
	told_free(told);
}

/* What somebody's client has met. */
static void print_held(const struct journal *journal)
{
	struct held *held = held_of(journal);

	putchar('\n');
	held_print(held, stdout);
	held_free(held);
}

static void print_clients(const struct journal *journal)
{
	struct told *told = told_of(journal);
	autofree char *text = clients_svg(told);

	puts(text);
	told_free(told);
}

static void print_journal(const struct journal *journal, enum drawing drawing)
{
	if (drawing == AS_TEXT)
		ladder_print(journal, form_here(), stdout);
	else if (drawing == AS_TIMELINE)
		print_timeline(journal);
	else if (drawing == AS_CLIENTS)
		print_clients(journal);
	else
		print_drawing(journal, drawing);
	if (drawing != AS_TEXT && drawing != AS_TIMELINE)
		return;
	if (journal_is_staged(journal))
		print_held(journal);
	else if (journal_is_told(journal))
		print_told(journal);
}

/* As much as there is; what is wrong is said then. */
static bool show_folder(const char *folder, enum drawing drawing)
{
	autofree char *path = format("%s/journal.jsonl", folder);
	autofree char *why = NULL;
	struct journal *journal = journal_salvage(path, &why);

	if (journal)
		print_journal(journal, drawing);
	if (!why)
		why = capture_problem(journal, folder);
	journal_free(journal);
	if (why)
		complain("%s; run the case again", why);
	return !why;
}

/* ---- while the case runs ------------------------------------------------------------------- */

/* Once the verdict is there, its status and reason; else NULL. The caller frees it. */
static char *verdict_of(const char *folder)
{
	autofree char *path = format("%s/verdict.json", folder);
	json_error_t error;
	json_auto_t *verdict = json_load(path, &error);
	const char *status = json_string_value(json_object_get(verdict, "status"));
	const char *reason = json_string_value(json_object_get(verdict, "reason"));

	if (!verdict && access(path, F_OK) == 0)
		return format("%s is malformed: line %d: %s", path, error.line, error.text);
	if (!status || verdict_is_awaited(verdict))
		return NULL;
	return format("%s%s%s", status, reason ? ": " : "", reason ? reason : "");
}

/* What has come since @printed lines were printed; how many they are now. */
static int print_news(const char *folder, int printed)
{
	autofree char *path = format("%s/journal.jsonl", folder);
	autofree char *why = NULL; /* its last line may be half written */
	struct journal *journal = journal_exists(folder) ? journal_salvage(path, &why) : NULL;

	if (!journal)
		return printed;
	struct story *story = story_of(journal);
	printed = timeline_print(story, form_here(), printed, stdout);
	fflush(stdout);
	story_free(story);
	journal_free(journal);
	return printed;
}

static bool has_grown(const char *folder, struct stat *last)
{
	autofree char *path = format("%s/journal.jsonl", folder);
	struct stat now = { 0 };

	if (stat(path, &now) < 0 || (now.st_size == last->st_size && now.st_ino == last->st_ino))
		return false;
	*last = now;
	return true;
}

/* Tells when something in the folder is written. -1: this system has no more of these. */
static int watch_folder(const char *folder)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (watch >= 0)
		inotify_add_watch(watch, folder, IN_MODIFY | IN_MOVED_TO);
	return watch;
}

/* Until then, or for a second: a run that is killed writes nothing any more. */
static void await_writing(int watch)
{
	struct pollfd polled = { .fd = watch, .events = POLLIN };
	char events[4096];

	(void)await_events(&polled, 1, SEC(1));
	while (read(watch, events, sizeof(events)) > 0)
		;
}

/*
 * The journal is written whenever the case waits, so its end is never far behind. A run that has
 * ended leaves no more than there is now.
 */
static bool follow_folder(const char *folder)
{
	autoclose int watch = watch_folder(folder);
	autofree char *verdict = NULL;
	struct stat last = { 0 };
	bool live = true;
	int printed = 0;

	while (live && !verdict) {
		live = results_folder_is_live(folder);
		verdict = verdict_of(folder);
		if (has_grown(folder, &last))
			printed = print_news(folder, printed);
		if (live && !verdict)
			await_writing(watch);
	}
	print_news(folder, printed);
	if (verdict)
		printf("\n%s\n", verdict);
	else
		complain("show '%s': its run has ended without a verdict; run the case again",
			 folder);
	return verdict;
}

/* ---- what is meant ------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void add_if_there(struct words *folders, const char *folder, const char *name)
{
	autofree char *path = format("%s/%s", folder, name);

	if (is_folder(path))
		words_add(folders, "%s", path);
}

/* The folder itself, or those of the families below it. */
static void add_folder(struct words *folders, const char *folder)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t before = folders->count;

	for (size_t i = 0; i < ARRAY_LENGTH(families) && !journal_exists(folder); i++)
		add_if_there(folders, folder, family_name(families[i]));
	if (folders->count == before)
		words_add(folders, "%s", folder);
}

/* "artifacts/NAME", "/tmp/a": what is no name, nor an id. */
static bool is_path(const char *word)
{
	const char *slash = strchr(word, '/');

	return slash && strcmp(slash + 1, family_name(AF_INET)) != 0 &&
	       strcmp(slash + 1, family_name(AF_INET6)) != 0;
}

static bool is_claim(const struct catalogue *catalogue, const char *word)
{
	for (size_t i = 0; i < catalogue->claim_count; i++)
		if (pattern_matches(word, catalogue->claims[i].id, EXACTLY))
			return true;
	return false;
}

/* The word may mean any of these. */
static void complain_of_many(const char *word, const struct words *names)
{
	if (names->count == 2)
		complain("show '%s': that may be %s or %s; name one", word, names->all[0],
			 names->all[1]);
	else
		complain("show '%s': that may be %s, %s and %zu more; name one", word,
			 names->all[0], names->all[1], names->count - 2);
}

/* The folders of the tests that are there, and the names of their cases. */
static void collect(struct words *folders, struct words *names, const char *artifacts,
		    const struct selection *selection)
{
	const struct listed_case *last = NULL;

	for (size_t i = 0; i < selection->count; i++) {
		const struct listed_case *spec = selection->tests[i].spec;
		size_t before = folders->count;

		add_if_there(folders, artifacts, selection->tests[i].id);
		if (folders->count == before || spec == last)
			continue;
		words_add(names, "%s", spec->name);
		last = spec;
	}
}

/* What is there of one case, or of all for a claim. None: it is said. */
static struct words folders_of(const struct options *options, const char *artifacts,
			       const struct selection *selection)
{
	const char *word = options->words[0];
	struct words folders = { 0 }, names = { 0 };

	collect(&folders, &names, artifacts, selection);
	if (names.count == 0)
		complain("show '%s': %s has nothing of that; halfopen run plays it", word,
			 artifacts);
	if (names.count > 1 && !is_claim(options->catalogue, word)) {
		complain_of_many(word, &names);
		words_free(&folders);
	}
	words_free(&names);
	return folders;
}

static struct words folders_of_word(const struct options *options, const char *artifacts)
{
	const struct patterns meant = { .words = options->words, .count = 1 };
	struct words folders = { 0 };
	struct selection selection;

	if (!selection_make(&selection, options->catalogue, meant))
		return folders;
	folders = folders_of(options, artifacts, &selection);
	selection_free(&selection);
	return folders;
}

/* A folder, or what the artifacts have of a name. None: it is said why. */
static struct words find_folders(const struct options *options)
{
	const char *artifacts = artifacts_of(options);
	const char *word = options->words[0];
	autofree char *below = format("%s/%s", artifacts, word);
	struct words folders = { 0 };

	if (is_folder(word))
		add_folder(&folders, word);
	else if (is_folder(below))
		add_folder(&folders, below);
	else if (!is_path(word))
		return folders_of_word(options, artifacts);
	else
		complain("show '%s': %s; name a case, or its folder, as in artifacts/NAME/ipv4",
			 word,
			 access(word, F_OK) == 0 ? "it is no folder" : "there is no such folder");
	return folders;
}

/* ---- the command --------------------------------------------------------------------------- */

/* "it_passes/ipv4" of a folder in the artifacts, which show takes; else the folder. */
static const char *id_of(const struct options *options, const char *folder)
{
	const char *artifacts = artifacts_of(options);
	size_t length = strlen(artifacts);

	return strncmp(folder, artifacts, length) == 0 && folder[length] == '/'
		       ? folder + length + 1
		       : folder;
}

/* --repeat leaves a folder for each time. */
static int complain_of_folder(const char *folder)
{
	autofree char *first = format("%s/1", folder);

	if (journal_exists(first))
		complain("show '%s': it was repeated; name one time, as in %s", folder, first);
	else
		complain("show '%s': there is no journal.jsonl in it; a finished case's folder is "
			 "artifacts/NAME/ipv4",
			 folder);
	return EXIT_USAGE;
}

/* What a storm has left is a page already. False when the folder is no storm's. */
static bool show_storm(const char *folder)
{
	autofree char *path = format("%s/storm.txt", folder), *why = NULL;
	autofree char *page = text_load(path, &why), *clean = page ? text_clean(page) : NULL;

	if (clean)
		fputs(clean, stdout);
	return clean;
}

static int show_all(const struct words *folders, enum drawing drawing)
{
	bool good = true;

	for (size_t i = 0; i < folders->count; i++) {
		if (i > 0)
			putchar('\n');
		if (show_storm(folders->all[i]))
			continue;
		if (!journal_exists(folders->all[i]))
			return complain_of_folder(folders->all[i]);
		good = show_folder(folders->all[i], drawing) && good;
	}
	return good ? EXIT_GOOD : EXIT_RUN_ERROR;
}

static int show(const struct options *options, const struct words *folders)
{
	bool lines = options->drawing == AS_TEXT || options->drawing == AS_TIMELINE;

	if (folders->count == 0)
		return EXIT_USAGE;
	if (folders->count > 1 && (options->follow || !lines)) {
		complain("show '%s': %s is of one family: name %s", options->words[0],
			 lines ? "--follow" : "a picture", id_of(options, folders->all[0]));
		return EXIT_USAGE;
	}
	if (options->follow)
		return follow_folder(folders->all[0]) ? EXIT_GOOD : EXIT_RUN_ERROR;
	return show_all(folders, (enum drawing)options->drawing);
}

static int command_show(const struct options *options)
{
	struct words folders = find_folders(options);
	int status = show(options, &folders);

	words_free(&folders);
	return status;
}

static bool check(const struct options *options)
{
	if (options->word_count != 1) {
		complain("show takes one case or folder, as in: halfopen show NAME/ipv4");
		return false;
	}
	if (options->follow && options->drawing != AS_TEXT && options->drawing != AS_TIMELINE) {
		complain("--follow prints lines as they come: a drawing is made at the end");
		return false;
	}
	return true;
}

static void complete_shown(const struct typed *typed)
{
	complete_claims(typed);
	complete_folders(typed);
}

static const struct cli_option show_options[] = {
	ARTIFACTS_OPTION("find the case in here (default: ./artifacts)"),
	{ .name = "follow",
	  .take = take_flag,
	  FIELD(follow),
	  .help = "print what happens until the case has its verdict" },
	{ .name = "format",
	  .argument = "timeline|text|mermaid|svg|clients",
	  .take = take_choice,
	  FIELD(drawing),
	  .help = "all in the order of time, with calls and steps (default), each connection for "
		  "itself, or a drawing; clients: of a scenario, a line for each" },
	{ 0 },
};

const struct command show_command = {
	.name = "show",
	.arguments = "CASE|CLAIM|DIR",
	.summary = "what happened in a case, finished or under way",
	.about =
		"Print what happened in a case. CASE is its name, id (name/ipv4) or a part that no "
		"other has; a CLAIM means all cases that answer it; DIR is a folder, as "
		"artifacts/NAME/ipv4.",
	.options = show_options,
	.complete = complete_shown,
	.check = check,
	.obey = command_show,
};
