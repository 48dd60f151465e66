/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show: the ladder of a case, and a look at the journal and the captures that it was drawn from:
 * what is damaged is said, and what can be shown of it is shown.
 */
#include "base/terminal.h"
#include "captures/draw/draw.h"
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

/* As much as there is; what is wrong is said then. */
static bool show_folder(const char *folder, enum drawing drawing)
{
	autofree char *path = format("%s/journal.jsonl", folder);
	autofree char *why = NULL;
	struct journal *journal = journal_salvage(path, &why);

	if (journal && drawing == AS_TEXT)
		ladder_print(journal, form_here(), stdout);
	else if (journal && drawing == AS_TIMELINE)
		print_timeline(journal);
	else if (journal)
		print_drawing(journal, drawing);
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

/* The folder above those of both families. */
static int show_families(const char *folder, enum drawing drawing)
{
	static const int families[] = { AF_INET, AF_INET6 };
	bool good = true;
	int found = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
		autofree char *below = format("%s/%s", folder, family_name(families[i]));

		if (!journal_exists(below))
			continue;
		if (drawing != AS_TEXT && drawing != AS_TIMELINE) {
			complain("show '%s': a picture is of one family: name %s", folder, below);
			return EXIT_USAGE;
		}
		printf("%s%s\n", found++ ? "\n" : "", family_name(families[i]));
		good = show_folder(below, drawing) && good;
	}
	if (!found) {
		complain("show '%s': there is no journal.jsonl in it; a finished case's folder is "
			 "artifacts/NAME/ipv4",
			 folder);
		return EXIT_USAGE;
	}
	return good ? EXIT_GOOD : EXIT_RUN_ERROR;
}

static int command_show(const struct options *options)
{
	const char *folder = options->words[0];
	struct stat status;

	if (stat(folder, &status) < 0 || !S_ISDIR(status.st_mode)) {
		complain("show '%s': %s; a finished case's folder is artifacts/NAME/ipv4", folder,
			 errno == ENOENT ? "there is no such folder" : "it is no folder");
		return EXIT_USAGE;
	}
	if (options->follow)
		return follow_folder(folder) ? EXIT_GOOD : EXIT_RUN_ERROR;
	if (journal_exists(folder))
		return show_folder(folder, options->drawing) ? EXIT_GOOD : EXIT_RUN_ERROR;
	return show_families(folder, options->drawing);
}

static bool check(const struct options *options)
{
	if (options->word_count != 1) {
		complain("show takes one folder, as in: halfopen show artifacts/NAME/ipv4");
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
	complete_cases(typed);
	complete_folders(typed);
}

static const struct cli_option show_options[] = {
	{ .name = "follow",
	  .take = take_flag,
	  FIELD(follow),
	  .help = "print what happens until the case has its verdict" },
	{ .name = "format",
	  .argument = "text|timeline|mermaid|svg",
	  .take = take_choice,
	  FIELD(drawing),
	  .help = "each connection for itself (default), all in the order of time, or a drawing of "
		  "that" },
	{ 0 },
};

const struct command show_command = {
	.name = "show",
	.arguments = "DIR",
	.summary = "the ladder of a case, finished or under way",
	.about = "Print the ladder of a case; DIR is its folder, as in artifacts/NAME/ipv4, or the "
		 "one above, for both families.",
	.options = show_options,
	.complete = complete_shown,
	.check = check,
	.obey = command_show,
};
