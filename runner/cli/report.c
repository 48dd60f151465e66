/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report: the `report` command.
 */
#include "runner/cli/cli.h"
#include "runner/pages/pages.h"

#include <errno.h>
#include <string.h>

static int store(struct report *report, const char *path)
{
	autofree char *problem = report_store(report);

	report_complain(report);
	if (problem) {
		complain("%s", problem);
		return EXIT_RUN_ERROR;
	}
	printf("%s\n", path);
	return EXIT_GOOD;
}

/* Of a trial, which has a page of its own. */
static int report_trial(const char *folder, const char *output)
{
	autofree char *beside = format("%s/try.html", folder);
	const char *path = output ? output : beside;
	autofree char *problem = tried_page(folder, path);

	if (problem) {
		complain("%s", problem);
		return EXIT_RUN_ERROR;
	}
	printf("%s\n", path);
	return EXIT_GOOD;
}

static int command_report(const struct options *options)
{
	if (options->word_count == 1 && folder_has_trial(options->words[0]))
		return report_trial(options->words[0], options->output);
	static char here[] = "artifacts";
	char *usual[] = { here };
	char **folders = options->word_count ? options->words : usual;
	size_t count = options->word_count ? options->word_count : 1;
	autofree char *beside = format("%s/report.html", folders[0]);
	const char *path = options->output ? options->output : count == 1 ? beside : "report.html";
	struct report *report = report_new(options->catalogue, path);
	bool good = true;

	if (!report) {
		complain("report: cannot write %s, there is no such folder: %s", path,
			 strerror(errno));
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < count; i++)
		good = report_add_folder(report, folders[i]) && good;
	int status = report_is_empty(report) ? EXIT_USAGE : store(report, path);
	report_free(report);
	return good ? status : EXIT_USAGE;
}

static const struct cli_option report_options[] = {
	{ .name = "output",
	  .argument = "FILE",
	  .take = take_string,
	  FIELD(output),
	  .complete = complete_files,
	  .help = "the page (default: report.html in DIR, or here for several)" },
	{ 0 },
};

const struct command report_command = {
	.name = "report",
	.arguments = "[DIR...]",
	.summary = "report.html, one page for one run or several",
	.about =
		"Write one page for the runs whose artifacts are in DIR (default: ./artifacts), or "
		"in folders below it, as the matrix leaves them. Every run writes one for itself. "
		"Of a trial's folder (halfopen try) it is try.html.",
	.options = report_options,
	.complete = complete_folders,
	.obey = command_report,
};
