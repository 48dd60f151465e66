/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_options: what may stand between `halfopen try` and `--`. What is wrong with it is said before
 * anything is started.
 */
#include "runner/cli/try.h"

#include "captures/told/told.h"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <math.h>
#include <regex.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* ---- numbers and lists ----------------------------------------------------------------------- */

/* Whose @field it is. */
static struct options *options_around(const struct cli_option *option, void *field)
{
	return (struct options *)(void *)((char *)field - option->field);
}

/* Nobody knows what may stand there. */
static void complete_nothing(const struct typed *typed)
{
	(void)typed;
}

/* "10", "2.5" or "10s", above 0. */
static bool take_seconds(const struct cli_option *option, const char *value, void *field)
{
	char *end = NULL;
	double parsed = strtod(value, &end);

	if (strcmp(end, "s") == 0)
		end++;
	if (end != value && !*end && isfinite(parsed) && parsed > 0 && parsed <= 3600) {
		*(double *)field = parsed;
		return true;
	}
	complain("--%s '%s': seconds above 0, up to 3600, are allowed", option->name, value);
	return false;
}

/* "burst,stop": words, each one more. */
static bool take_list(const struct cli_option *option, const char *value, void *field)
{
	autofree char *copy = format("%s", value);
	char *rest = copy;

	for (const char *word; (word = strsep(&rest, ","));)
		if (!take_another(option, word, field))
			return false;
	return true;
}

/* ---- signals --------------------------------------------------------------------------------- */

static int signal_named(const char *name)
{
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (int number = 1; number < NSIG; number++) {
		const char *known = sigabbrev_np(number);
		autofree char *digits = format("%d", number);

		if (strcmp(name, digits) == 0 || (known && strcmp(name, known) == 0))
			return number;
	}
	return 0;
}

static bool take_signal(const struct cli_option *option, const char *value, void *field)
{
	*(int *)field = signal_named(value);
	if (*(int *)field)
		return true;
	complain("--%s '%s': a signal is allowed, as in TERM, SIGQUIT or 15", option->name, value);
	return false;
}

static void complete_signal(const struct typed *typed)
{
	for (int number = 1; number < NSIG; number++)
		if (sigabbrev_np(number))
			complete_with(typed, sigabbrev_np(number));
}

/* ---- the wire -------------------------------------------------------------------------------- */

/* "delay=20ms,loss=1%" is netem's "delay 20ms loss 1%", which may be written as well. */
static bool take_wire(const struct cli_option *option, const char *value, void *field)
{
	char *netem = own(&options_around(option, field)->owned, format("%s", value));

	for (char *c = netem; *c; c++)
		if (*c == '=' || *c == ',')
			*c = ' ';
	return take_netem(option, netem, field);
}

/* ---- what clients say, and hear ------------------------------------------------------------- */

/* The character that is written as "\n", "\x1b" and the like at *@at, which goes on behind it. */
static bool unescape(const char **at, char *character)
{
	static const char names[] = "nrt0\\", characters[] = "\n\r\t\0\\";
	const char *known = **at ? strchr(names, **at) : NULL;
	unsigned number = 0;
	int length = 0;

	if (known) {
		*character = characters[known - names];
		(*at)++;
		return true;
	}
	if (sscanf(*at, "x%2x%n", &number, &length) != 1 || length != 3)
		return false;
	*character = (char)number;
	*at += length;
	return true;
}

static bool take_request_text(const char *value, struct request *request)
{
	char *to = request->bytes;

	while (*value) {
		if (*value != '\\') {
			*to++ = *value++;
			continue;
		}
		value++;
		if (!unescape(&value, to++)) {
			complain(
				"--request: '\\%.3s' is none of \\n, \\r, \\t, \\0, \\xHH and \\\\",
				value);
			return false;
		}
	}
	request->length = (size_t)(to - request->bytes);
	return true;
}

enum { MOST_REQUEST = 1 << 20 };

static bool take_request_file(const char *path, struct request *request)
{
	autofile FILE *file = open_to_read(path);
	size_t length = file ? fread(request->bytes, 1, MOST_REQUEST + 1, file) : 0;

	if (!file || ferror(file)) {
		complain("--request @%s: cannot read that file: %s", path, strerror(errno));
		return false;
	}
	if (length > MOST_REQUEST) {
		complain("--request @%s: it is longer than 1 MiB; a client sends it at once", path);
		return false;
	}
	request->length = length;
	return true;
}

static bool take_request(const struct cli_option *option, const char *value, void *field)
{
	struct request *request = field;
	size_t room = *value == '@' ? MOST_REQUEST + 1 : strlen(value) + 1;

	request->bytes = own(&options_around(option, field)->owned, must_alloc(room, 1));
	request->given = true;
	return *value == '@' ? take_request_file(value + 1, request)
			     : take_request_text(value, request);
}

/* What regcomp() takes as just this text; the caller frees it. */
static char *quoted(const char *text)
{
	struct text pattern = { 0 };

	for (; *text; text++)
		text_add(&pattern, "%s%c", strchr("\\^$.[|()?*+{", *text) ? "\\" : "", *text);
	return text_take(&pattern);
}

/* "/^HTTP.* 200/" is a regular expression, anything else a text. */
static bool take_expect(const struct cli_option *option, const char *value, void *field)
{
	size_t length = strlen(value);
	bool is_pattern = length > 2 && value[0] == '/' && value[length - 1] == '/';
	char *pattern = is_pattern ? format("%.*s", (int)length - 2, value + 1) : quoted(value);
	char why[200];
	regex_t compiled;
	int error;

	own(&options_around(option, field)->owned, pattern);
	if (!take_string(option, pattern, field))
		return false;
	error = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);
	if (!error) {
		regfree(&compiled);
		return true;
	}
	regerror(error, &compiled, why, sizeof(why));
	complain("--%s '%s' is no regular expression: %s; without the slashes it is a text",
		 option->name, value, why);
	return false;
}

/* "2" are seconds, "!curl -f ..." is a command, anything else what the server prints. */
static bool take_ready(const struct cli_option *option, const char *value, void *field)
{
	struct readiness *ready = field;

	*ready = (struct readiness){ 0 };
	if (value[0] && value[strspn(value, "0123456789.s")] == '\0')
		return take_seconds(option, value, &ready->seconds);
	if (value[0] == '!')
		return take_string(option, value + 1, &ready->command);
	return take_string(option, value, &ready->text);
}

/* ---- where the server lives ----------------------------------------------------------------- */

static bool take_folder(const struct cli_option *option, const char *value, void *field)
{
	struct stat status;

	if (stat(value, &status) == 0 && S_ISDIR(status.st_mode))
		return take_string(option, value, field);
	complain("--%s %s: there is no such folder", option->name, value);
	return false;
}

/* A path that is there, as an absolute one. */
static bool take_path(const struct cli_option *option, const char *value, void *field)
{
	autofree char *path = realpath(value, NULL);

	if (path)
		return take_another(option, path, field);
	complain("--%s %s: %s", option->name, value, strerror(errno));
	return false;
}

static bool take_environment(const struct cli_option *option, const char *value, void *field)
{
	if (value[0] != '=' && strchr(value, '='))
		return take_another(option, value, field);
	complain("--%s '%s': NAME=VALUE is allowed", option->name, value);
	return false;
}

/* "5432" or "localhost:5432": the part behind the last colon is a port. */
static bool take_forward(const struct cli_option *option, const char *value, void *field)
{
	const char *colon = strrchr(value, ':'), *digits = colon ? colon + 1 : value;
	long port = strtol(digits, NULL, 10);

	if (*digits && digits[strspn(digits, "0123456789")] == '\0' && port > 0 && port < 65536 &&
	    colon != value)
		return take_another(option, value, field);
	complain("--%s '%s': PORT or HOST:PORT is allowed, as in 5432 or localhost:5432",
		 option->name, value);
	return false;
}

/* ---- findings ------------------------------------------------------------------------------- */

static bool take_limit(const struct cli_option *option, const char *value, void *field)
{
	struct limits *limits = field;
	const char *equals = strchr(value, '=');
	char *end = NULL;
	double number = equals ? strtod(equals + 1, &end) : 0;

	if (!equals || equals == value || end == equals + 1 || *end || !isfinite(number) ||
	    number < 0) {
		complain("--%s '%s': NAME=NUMBER is allowed, as in longest-wait=3", option->name,
			 value);
		return false;
	}
	char *name = own(&options_around(option, field)->owned,
			 format("%.*s", (int)(equals - value), value));
	limits->all = GROWN(limits->all, limits->count);
	limits->all[limits->count++] = (struct trial_limit){ name, number };
	return true;
}

static bool take_sysctl(const struct cli_option *option, const char *value, void *field)
{
	if (strncmp(value, "net.", strlen("net.")) == 0 && strchr(value, '='))
		return take_another(option, value, field);
	complain("--%s '%s': net.NAME=VALUE is allowed, as in net.core.somaxconn=128", option->name,
		 value);
	return false;
}

/* ---- the table ------------------------------------------------------------------------------ */

/* What is behind the last comma; complete_with() takes it. */
struct last_word {
	struct typed typed;
	char *before;
};

static struct last_word last_word(const struct typed *typed)
{
	const char *comma = strrchr(typed->value, ',');
	size_t listed = comma ? (size_t)(comma + 1 - typed->value) : 0;
	struct last_word last = { .typed = *typed };

	last.before = format("%s%.*s", typed->before, (int)listed, typed->value);
	last.typed.before = last.before;
	last.typed.value += listed;
	return last;
}

static void complete_scenarios(const struct typed *typed)
{
	struct last_word last = last_word(typed);
	size_t count;
	const struct listed_case *scenarios = listed_scenarios(&count);

	for (size_t i = 0; i < count; i++)
		complete_with(&last.typed, scenarios[i].name);
	free(last.before);
}

static void complete_findings(const struct typed *typed)
{
	struct last_word last = last_word(typed);

	for (size_t i = 0; told_rule_at(i); i++)
		complete_with(&last.typed, told_rule_at(i)->name);
	free(last.before);
}

static void complete_limits(const struct typed *typed)
{
	for (size_t i = 0; told_limit_name(i); i++) {
		autofree char *word = format("%s=", told_limit_name(i));

		complete_with(typed, word);
	}
}

const struct cli_option try_options[] = {
	{ .name = "scenario",
	  .argument = "NAMES",
	  .take = take_list,
	  FIELD(trying.scenarios),
	  .complete = complete_scenarios,
	  .help = "only these, with commas between (default: all that apply)" },
	{ .name = "port",
	  .argument = "PORT",
	  .take = take_number,
	  FIELD(trying.port),
	  .most = 65535,
	  .help = "where clients connect, of a server that listens on several ports" },
	{ .name = "family",
	  .argument = "both|ipv4|ipv6",
	  .take = take_choice,
	  FIELD(trying.family),
	  .help = "clients come over this one (default: each that it listens on)" },
	{ .name = "ready",
	  .argument = "WHEN",
	  .take = take_ready,
	  FIELD(trying.ready),
	  .help = "it is ready when its output has this text, or so many seconds after it "
		  "listens, or, of a WHEN that begins with !, when that command succeeds (default: "
		  "when it listens)" },
	{ .name = "clients",
	  .argument = "N",
	  .take = take_number,
	  FIELD(trying.clients),
	  .most = 10000,
	  .help = "so many in a burst (default: twice the backlog, at least 12)" },
	{ .name = "request",
	  .argument = "TEXT|@FILE",
	  .take = take_request,
	  FIELD(trying.request),
	  .complete = complete_nothing,
	  .help = "what a client sends; \\r, \\n, \\xHH mean themselves in TEXT (default: nothing "
		  "where the server speaks first, GET / where it answers that, else nothing)" },
	{ .name = "expect",
	  .argument = "TEXT|/REGEX/",
	  .take = take_expect,
	  FIELD(trying.expect),
	  .complete = complete_nothing,
	  .help = "what an answer has in it (default: any answer is one)" },
	{ .name = "tls",
	  .take = take_flag,
	  FIELD(trying.tls),
	  .help = "each client completes a TLS handshake first; no certificate is checked" },
	{ .name = "patience",
	  .argument = "SECONDS",
	  .take = take_seconds,
	  FIELD(trying.patience),
	  .help = "what has not come by then is told as longer than that (default: 10)" },
	{ .name = "wire",
	  .argument = "SPEC",
	  .take = take_wire,
	  FIELD(wire),
	  .help = "as in delay=20ms,loss=1%,rate=10mbit: netem on the way to the server" },
	{ .name = "stop-signal",
	  .argument = "SIGNAL",
	  .take = take_signal,
	  FIELD(trying.stop_signal),
	  .complete = complete_signal,
	  .help = "how it is told to stop (default: TERM)" },
	{ .name = "reload-signal",
	  .argument = "SIGNAL",
	  .take = take_signal,
	  FIELD(trying.reload_signal),
	  .complete = complete_signal,
	  .help = "how it is told to reload, as in HUP" },
	{ .name = "reload",
	  .argument = "COMMAND",
	  .take = take_string,
	  FIELD(trying.reload_command),
	  .help = "the same, by a shell command that runs beside it" },
	{ .name = "socket-activation",
	  .take = take_flag,
	  FIELD(trying.socket_activation),
	  .help = "it inherits its listener (LISTEN_FDS), which stays while it restarts; with "
		  "--port" },
	{ .name = "user",
	  .argument = "USER",
	  .take = take_string,
	  FIELD(trying.user),
	  .help = "start it as this user (default: as you)" },
	{ .name = "cwd",
	  .argument = "DIR",
	  .take = take_folder,
	  FIELD(trying.cwd),
	  .complete = complete_folders,
	  .help = "start it in this folder (default: here)" },
	{ .name = "env",
	  .argument = "NAME=VALUE",
	  .take = take_environment,
	  FIELD(trying.environment),
	  .help = "it has this in its environment; may be given several times" },
	{ .name = "with",
	  .argument = "COMMAND",
	  .take = take_another,
	  FIELD(trying.helpers),
	  .help = "a shell command that is started beside it, first; may be given several times" },
	{ .name = "forward",
	  .argument = "PORT|HOST:PORT",
	  .take = take_forward,
	  .complete = complete_nothing,
	  FIELD(trying.forwards),
	  .help = "its own loopback leads to this port of yours, a database's say; may be given "
		  "several times" },
	{ .name = "write",
	  .argument = "PATH",
	  .take = take_path,
	  FIELD(trying.writable),
	  .complete = complete_files,
	  .help = "what it writes there is kept (default: thrown away); may be given several "
		  "times" },
	{ .name = "kernel",
	  .argument = "K",
	  .take = take_string,
	  FIELD(kernel),
	  .complete = complete_kernel,
	  .help = "in this kernel: host (this one, the default), vm (the default VM), the version "
		  "of a pinned one (halfopen kernels list), or the path of one; what the server "
		  "opens is found by a first run on this host" },
	TIME_OPTION,
	BRING_OPTION,
	{ .name = "sysctls-from",
	  .argument = "FILE",
	  .take = take_string,
	  FIELD(trying.sysctls_from),
	  .complete = complete_files,
	  .help = "the settings of another machine, as `sysctl -a` prints them (default: this "
		  "one's)" },
	{ .name = "sysctl",
	  .argument = "NAME=VALUE",
	  .take = take_sysctl,
	  FIELD(trying.sysctls),
	  .help = "this setting instead, as in net.core.somaxconn=128; may be given several "
		  "times" },
	{ .name = "allow",
	  .argument = "FINDINGS",
	  .take = take_list,
	  FIELD(trying.allowed),
	  .complete = complete_findings,
	  .help = "these, with commas between, are told and do not count" },
	{ .name = "limit",
	  .argument = "FACT=NUMBER",
	  .take = take_limit,
	  FIELD(trying.limits),
	  .complete = complete_limits,
	  .help = "more than that is a finding, as in longest-wait=3; may be given several times" },
	JOBS_OPTION("this many scenarios at once (default: as many as this machine takes)"),
	ARTIFACTS_OPTION("keep what was seen here (default: ./artifacts/try)"),
	NO_REPORT_OPTION("write no try.html there"),
	{ .name = "json", .take = take_flag, FIELD(json), .help = "print try.json instead" },
	TAP_OPTION,
	JUNIT_OPTION,
	{ 0 },
};
