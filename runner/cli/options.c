/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options: what the command line says. Every wrong word gets one line that names the option, the
 * value and what is allowed, and exit status 2.
 */
#include "runner/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <string.h>

static const char *const command_names[COMMANDS] = {
	[LIST] = "list",       [RUN] = "run",       [CLAIMS] = "claims", [SHOW] = "show",
	[KERNELS] = "kernels", [MATRIX] = "matrix", [DIFF] = "diff",     [REPORT] = "report",
};

static const char general_help[] =
	"Usage: halfopen COMMAND [OPTION...] [ARGUMENT...]\n"
	"Show what Linux does between a SYN and accept(2).\n"
	"\n"
	"  list [PATTERN...]     the cases: topic, claims, families, needs, kernel time\n"
	"  run [PATTERN...]      run them; artifacts are kept in ./artifacts\n"
	"  claims [PATTERN...]   the claims, what the cases assert, and what the last run showed\n"
	"  show DIR              the ladder of a case, finished or under way\n"
	"  report [DIR...]       report.html, one page for one run or several\n"
	"  kernels list|fetch|remove [VERSION...]\n"
	"                        the pinned kernels for --kernel\n"
	"  matrix [PATTERN...]   the claims on many kernels, and what differs between them\n"
	"  diff CASE KERNEL KERNEL\n"
	"                        the ladders of a case on two kernels, side by side\n"
	"\n"
	"  -h, --help            this text, or that of a command: halfopen run --help\n"
	"      --version         the version\n"
	"\n"
	"A PATTERN is a glob or a part of a case's name, id (name/ipv4), topic or claim.\n";

static const char list_help[] =
	"Usage: halfopen list [--json] [PATTERN...]\n"
	"List the cases whose name, id (name/ipv4), topic or claim matches a PATTERN.\n"
	"\n"
	"      --json            an array of objects\n"
	"  -h, --help            this text\n";

static const char run_help[] =
	"Usage: halfopen run [OPTION...] [PATTERN...]\n"
	"Run the cases whose name, id (name/ipv4), topic or claim matches a PATTERN.\n"
	"\n"
	"      --kernel K        in this kernel: auto (default: this one, and the default VM for "
	"what\n"
	"                        it cannot run), host (this one), vm (the default VM), the "
	"version\n"
	"                        of a pinned one (halfopen kernels list), or the path of an "
	"image,\n"
	"                        an unpacked kernel package or a folder of /lib/modules\n"
	"      --time virtual|real\n"
	"                        the clock of the VM (default: virtual)\n"
	"      --cpus N          the VM's CPUs in real time (default: all)\n"
	"  -j, --jobs N          this many at once (default: 16 x CPUs, fewer where memory is "
	"short)\n"
	"      --artifacts DIR   keep what was seen here (default: ./artifacts)\n"
	"      --artifacts-on always|failure\n"
	"                        keep it of each case (default), or only of those that failed\n"
	"      --no-report       write no report.html there\n"
	"      --tap             write the Test Anything Protocol on stdout\n"
	"      --junit FILE      write JUnit XML too\n"
	"      --repeat N        run each case N times\n"
	"      --timeout-multiplier X\n"
	"                        give cases X times as long before they are ended\n"
	"      --wire SPEC       put this netem on every wire, as in --wire 'delay 20ms'\n"
	"      --pause           one at a time; stop before the clean-up of a failed case and say\n"
	"                        how to enter its namespaces\n"
	"  -v, --verbose         a line for each result\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit status: 0; 1 a case failed; 77 everything was skipped; 99 an error of the run;\n"
	"2 wrong usage; 130 or 143 after SIGINT or SIGTERM.\n";

static const char claims_help[] =
	"Usage: halfopen claims [OPTION...] [PATTERN...]\n"
	"Print the claims whose id, document, text or cases match a PATTERN.\n"
	"\n"
	"      --artifacts DIR   take the status from this run (default: ./artifacts)\n"
	"      --json            an array of objects\n"
	"  -h, --help            this text\n";

static const char show_help[] =
	"Usage: halfopen show [OPTION...] DIR\n"
	"Print the ladder of a case; DIR is its folder, as in artifacts/NAME/ipv4, or the one\n"
	"above, for both families.\n"
	"\n"
	"      --follow          print what happens until the case has its verdict\n"
	"      --format text|timeline|mermaid|svg\n"
	"                        each connection for itself (default), all in the order of time,\n"
	"                        or a drawing of that\n"
	"  -h, --help            this text\n";

static const char report_help[] =
	"Usage: halfopen report [--output FILE] [DIR...]\n"
	"Write one page for the runs whose artifacts are in DIR (default: ./artifacts), or in\n"
	"folders below it, as the matrix leaves them. Every run writes one for itself.\n"
	"\n"
	"      --output FILE     the page (default: report.html in DIR, or here for several)\n"
	"  -h, --help            this text\n";

static const char kernels_help[] =
	"Usage: halfopen kernels list\n"
	"       halfopen kernels fetch [VERSION...]\n"
	"       halfopen kernels remove [VERSION...]\n"
	"The pinned kernels that --kernel can run: list them, fetch them into the cache (default:\n"
	"the one of --kernel vm) or remove them from it (default: all). 6.1 means 6.1.192, say.\n"
	"The cache is $HALFOPEN_CACHE, or halfopen in $XDG_CACHE_HOME or ~/.cache.\n"
	"\n"
	"  -h, --help            this text\n";

static const char matrix_help[] =
	"Usage: halfopen matrix [OPTION...] [PATTERN...]\n"
	"Run the cases that match a PATTERN in many kernels and tell what they show: the claims,\n"
	"what differs between kernels, and which recorded variant has changed. Writes matrix.html\n"
	"and matrix.json beside the kernels' artifacts.\n"
	"\n"
	"      --kernels LIST    in these, comma separated: host, or what run --kernel takes, as "
	"in\n"
	"                        5.10,6.1,host (default: all that are in the cache, and the host)\n"
	"      --wire SPEC       put this netem on every wire, as in --wire 'delay 20ms'\n"
	"      --timeout-multiplier X\n"
	"                        give cases X times as long before they are ended\n"
	"  -j, --jobs N          this many cases at once\n"
	"      --artifacts DIR   each kernel has a folder in here (default: ./artifacts/matrix)\n"
	"      --artifacts-on always|failure\n"
	"                        keep it of each case (default), or only of those that failed\n"
	"      --no-run          run nothing: tell again what is there\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit status: 0; 1 a case failed or a recorded variant has changed; 99 a run was an "
	"error;\n"
	"2 wrong usage.\n";

static const char diff_help[] =
	"Usage: halfopen diff [--artifacts DIR] CASE KERNEL KERNEL\n"
	"Print the ladders of a case on two kernels of a matrix, side by side.\n"
	"CASE is a name, or an id (name/ipv4); KERNEL is 6.1.192, or the series 6.1, or host.\n"
	"\n"
	"      --artifacts DIR   the folder of the matrix (default: ./artifacts/matrix)\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit status: 0 nothing differs; 1 something does; 2 wrong usage; 99 a run was an error.\n";

static const char *const helps[COMMANDS] = {
	[NO_COMMAND] = general_help, [LIST] = list_help, [RUN] = run_help,
	[CLAIMS] = claims_help,      [SHOW] = show_help, [KERNELS] = kernels_help,
	[MATRIX] = matrix_help,      [DIFF] = diff_help, [REPORT] = report_help,
};

enum option_key {
	HELP = 'h',
	JOBS = 'j',
	VERBOSE = 'v',
	JSON = 256,
	ARTIFACTS,
	ARTIFACTS_ON,
	TAP,
	JUNIT,
	REPEAT,
	TIMEOUT_MULTIPLIER,
	WIRE_SPEC,
	PAUSE,
	KERNEL,
	CLOCK,
	CPUS,
	KERNEL_LIST,
	NO_RUN,
	FOLLOW,
	FORMAT,
	OUTPUT,
	NO_REPORT,
};

static const struct option list_options[] = {
	{ "json", no_argument, NULL, JSON },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static const struct option run_options[] = {
	{ "kernel", required_argument, NULL, KERNEL },
	{ "time", required_argument, NULL, CLOCK },
	{ "cpus", required_argument, NULL, CPUS },
	{ "jobs", required_argument, NULL, JOBS },
	{ "artifacts", required_argument, NULL, ARTIFACTS },
	{ "artifacts-on", required_argument, NULL, ARTIFACTS_ON },
	{ "no-report", no_argument, NULL, NO_REPORT },
	{ "tap", no_argument, NULL, TAP },
	{ "junit", required_argument, NULL, JUNIT },
	{ "repeat", required_argument, NULL, REPEAT },
	{ "timeout-multiplier", required_argument, NULL, TIMEOUT_MULTIPLIER },
	{ "wire", required_argument, NULL, WIRE_SPEC },
	{ "pause", no_argument, NULL, PAUSE },
	{ "verbose", no_argument, NULL, VERBOSE },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static const struct option claims_options[] = {
	{ "artifacts", required_argument, NULL, ARTIFACTS },
	{ "json", no_argument, NULL, JSON },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static const struct option show_options[] = {
	{ "follow", no_argument, NULL, FOLLOW },
	{ "format", required_argument, NULL, FORMAT },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static const struct option report_options[] = {
	{ "output", required_argument, NULL, OUTPUT },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static const struct option kernels_options[] = {
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static const struct option matrix_options[] = {
	{ "wire", required_argument, NULL, WIRE_SPEC },
	{ "timeout-multiplier", required_argument, NULL, TIMEOUT_MULTIPLIER },
	{ "kernels", required_argument, NULL, KERNEL_LIST },
	{ "jobs", required_argument, NULL, JOBS },
	{ "artifacts", required_argument, NULL, ARTIFACTS },
	{ "artifacts-on", required_argument, NULL, ARTIFACTS_ON },
	{ "no-run", no_argument, NULL, NO_RUN },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static const struct option diff_options[] = {
	{ "artifacts", required_argument, NULL, ARTIFACTS },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static const struct option *const long_options[COMMANDS] = {
	[LIST] = list_options, [RUN] = run_options,         [CLAIMS] = claims_options,
	[SHOW] = show_options, [KERNELS] = kernels_options, [MATRIX] = matrix_options,
	[DIFF] = diff_options, [REPORT] = report_options,
};

static const char *const short_options[COMMANDS] = {
	[LIST] = ":h",   [RUN] = ":hj:v",  [CLAIMS] = ":h",   [SHOW] = ":h",
	[REPORT] = ":h", [KERNELS] = ":h", [MATRIX] = ":hj:", [DIFF] = ":h",
};

static bool whole_number(const char *name, const char *value, unsigned most, unsigned *number)
{
	char *end = NULL;

	errno = 0;
	unsigned long parsed = strtoul(value, &end, 10);
	if (value[0] >= '0' && value[0] <= '9' && !*end && !errno && parsed >= 1 &&
	    parsed <= most) {
		*number = (unsigned)parsed;
		return true;
	}
	complain("%s '%s': a whole number from 1 to %u is allowed", name, value, most);
	return false;
}

static bool multiplier(const char *value, double *number)
{
	char *end = NULL;
	double parsed = strtod(value, &end);

	if (end != value && !*end && isfinite(parsed) && parsed > 0 && parsed <= 1000) {
		*number = parsed;
		return true;
	}
	complain("--timeout-multiplier '%s': a number above 0, up to 1000, is allowed", value);
	return false;
}

static bool not_empty(const char *name, const char *value, const char **text)
{
	*text = value;
	if (value[strspn(value, " ")])
		return true;
	complain("%s '%s': it must not be empty", name, value);
	return false;
}

static bool clock_word(struct options *options, const char *value)
{
	options->real_time = strcmp(value, "real") == 0;
	if (options->real_time || strcmp(value, "virtual") == 0)
		return true;
	complain("--time '%s': virtual or real is allowed", value);
	return false;
}

static bool artifacts_word(struct options *options, const char *value)
{
	options->only_failures = strcmp(value, "failure") == 0;
	if (options->only_failures || strcmp(value, "always") == 0)
		return true;
	complain("--artifacts-on '%s': always or failure is allowed", value);
	return false;
}

static bool drawing_word(struct options *options, const char *value)
{
	static const char *const words[DRAWINGS] = { "text", "timeline", "mermaid", "svg" };

	for (int i = 0; i < DRAWINGS; i++)
		if (strcmp(value, words[i]) == 0) {
			options->drawing = (enum drawing)i;
			return true;
		}
	complain("--format '%s': text, timeline, mermaid or svg is allowed", value);
	return false;
}

/* These words go to tc as lines, into replay.sh and into a guest. */
static bool netem_words(const char *value, const char **wire)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .%+-_";

	if (value[strspn(value, allowed)] == '\0')
		return not_empty("--wire", value, wire);
	complain("--wire '%s': words of letters, digits and . %% + - _ are allowed", value);
	return false;
}

static bool kernel_list(const char *value, const char **list)
{
	*list = value;
	size_t length = strlen(value);
	if (length > 0 && value[0] != ',' && value[length - 1] != ',' && !strstr(value, ",,"))
		return true;
	complain("--kernels '%s': a comma separated list is allowed, as in 5.10,6.1,host", value);
	return false;
}

static bool take(struct options *options, int key, const char *value)
{
	switch (key) {
	case JOBS:
		return whole_number("--jobs", value, 4096, &options->jobs);
	case REPEAT:
		return whole_number("--repeat", value, 10000, &options->repeat);
	case TIMEOUT_MULTIPLIER:
		return multiplier(value, &options->timeout_multiplier);
	case ARTIFACTS_ON:
		return artifacts_word(options, value);
	case ARTIFACTS:
		return not_empty("--artifacts", value, &options->artifacts);
	case JUNIT:
		return not_empty("--junit", value, &options->junit);
	case WIRE_SPEC:
		return netem_words(value, &options->wire);
	case KERNEL:
		return not_empty("--kernel", value, &options->kernel);
	case CLOCK:
		return clock_word(options, value);
	case CPUS:
		return whole_number("--cpus", value, 64, &options->cpus);
	case KERNEL_LIST:
		return kernel_list(value, &options->kernels);
	case OUTPUT:
		return not_empty("--output", value, &options->output);
	case FORMAT:
		return drawing_word(options, value);
	case NO_REPORT:
		options->no_report = true;
		return true;
	case FOLLOW:
		options->follow = true;
		return true;
	case JSON:
		options->json = true;
		return true;
	case TAP:
		options->tap = true;
		return true;
	case PAUSE:
		options->pause = true;
		return true;
	case NO_RUN:
		options->no_run = true;
		return true;
	default:
		options->verbose = true;
		return true;
	}
}

/* getopt found something that it does not know; @word is where it was. */
static void complain_of_option(enum command command, int key, const char *word)
{
	const char *name = command_names[command];

	if (key == ':')
		complain("%s: %s needs a value; see halfopen %s --help", name, word, name);
	else if (strncmp(word, "--", 2) == 0 && strchr(word, '=') && optopt)
		complain("%s: %s: that option takes no value", name, word);
	else if (strncmp(word, "--", 2) == 0) {
		struct nearest nearest = { .typed = word + 2 };

		for (const struct option *each = long_options[command]; each->name; each++)
			nearest_offer(&nearest, each->name);
		autofree char *near = nearest_text(&nearest);
		complain("%s knows no option '%s'%s; see halfopen %s --help", name, word, near,
			 name);
	} else {
		complain("%s knows no option '-%c'; see halfopen %s --help", name, optopt, name);
	}
}

/* The word before the command's own: --help, --version, or a command. */
static bool parse_command(struct options *options, const char *word, int *status)
{
	*status = EXIT_USAGE;
	if (!word) {
		complain("which command? list, run, claims, show, report, matrix, diff or kernels; "
			 "see halfopen --help");
		return false;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		fputs(general_help, stdout);
		*status = EXIT_GOOD;
		return false;
	}
	if (strcmp(word, "--version") == 0) {
		puts("halfopen " PACKAGE_VERSION);
		*status = EXIT_GOOD;
		return false;
	}
	struct nearest nearest = { .typed = word };
	for (int i = LIST; i < COMMANDS; i++) {
		if (strcmp(word, command_names[i]) == 0) {
			options->command = (enum command)i;
			return true;
		}
		nearest_offer(&nearest, command_names[i]);
	}
	autofree char *near = nearest_text(&nearest);
	complain("unknown command '%s'%s; see halfopen --help", word, near);
	return false;
}

static bool is_kernels_verb(const struct options *options)
{
	const char *verb = options->word_count ? options->words[0] : "";

	if (strcmp(verb, "list") == 0)
		return options->word_count == 1;
	return strcmp(verb, "fetch") == 0 || strcmp(verb, "remove") == 0;
}

static bool check_together(const struct options *options)
{
	if (options->command == SHOW && options->word_count != 1) {
		complain("show takes one folder, as in: halfopen show artifacts/NAME/ipv4");
		return false;
	}
	if (options->follow && options->drawing != AS_TEXT && options->drawing != AS_TIMELINE) {
		complain("--follow prints lines as they come: a drawing is made at the end");
		return false;
	}
	if (options->command == DIFF && options->word_count != 3) {
		complain("diff takes a case and two kernels, as in: halfopen diff NAME 6.1 6.12");
		return false;
	}
	if (options->command == KERNELS && !is_kernels_verb(options)) {
		complain("kernels takes list, fetch or remove; see halfopen kernels --help");
		return false;
	}
	if (options->cpus && !options->real_time) {
		complain("--cpus %u: virtual time has one CPU; add --time real", options->cpus);
		return false;
	}
	if (options->pause && strcmp(options->kernel, "host") != 0 &&
	    strcmp(options->kernel, "auto") != 0) {
		complain("--pause stops a case on this host: it cannot be used with --kernel %s",
			 options->kernel);
		return false;
	}
	for (size_t i = 0; i < options->word_count; i++)
		if (!*options->words[i]) {
			complain("the pattern '' is empty: leave it out to mean everything");
			return false;
		}
	if (options->pause && options->tap) {
		complain("--pause asks a person, --tap writes for a program: use one of them");
		return false;
	}
	if (options->pause && options->jobs > 1) {
		complain("--jobs %u: with --pause one case runs at a time", options->jobs);
		return false;
	}
	return true;
}

bool options_parse(struct options *options, int argc, char **argv, int *status)
{
	*options = (struct options){ .kernel = "auto", .repeat = 1, .timeout_multiplier = 1 };
	if (!parse_command(options, argc > 1 ? argv[1] : NULL, status))
		return false;

	enum command command = options->command;
	opterr = 0;
	optind = 0; /* glibc: start over, also where a test calls this twice */
	for (int key; (key = getopt_long(argc - 1, argv + 1, short_options[command],
					 long_options[command], NULL)) != -1;) {
		if (key == HELP) {
			fputs(helps[command], stdout);
			*status = EXIT_GOOD;
			return false;
		}
		if (key == '?' || key == ':') {
			complain_of_option(command, key, argv[optind]);
			return false;
		}
		if (!take(options, key, optarg))
			return false;
	}
	options->words = argv + 1 + optind;
	options->word_count = (size_t)(argc - 1 - optind);
	return check_together(options);
}

struct patterns patterns_of(const struct options *options)
{
	return (struct patterns){ options->words, options->word_count };
}
