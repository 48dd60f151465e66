/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker: the process that stands between the runner and a case. It makes the isolation, has
 * libcheck fork the case as process 1 of its PID namespace, and sees to it that a verdict.json
 * is left, whatever became of the case.
 */
#include "runner/play/internal.h"

#include "base/staging.h"
#include "base/terminal.h"
#include "base/trial.h"
#include "sandbox/sandbox.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* A libcheck test function has no argument of its own. */
static struct {
	const struct run *run;
	struct slot *slot;
	int worker;       /* a descriptor of the worker */
	pid_t pid;        /* of the worker, where libcheck ends it */
	int relay;        /* for a trial's forwards; -1: none */
	int input, hears; /* the slot's own may change at any moment: it is the runner's */
	struct caller_streams streams; /* for the client of a stage */
} job;

/* ---- progress, on the case's side ---------------------------------------------------------- */

static void ring(struct slot *slot)
{
	uint64_t one = 1;

	while (write(slot->bell, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* case_perform() comes here when it enters a phase; into the tear-down it goes in turn. */
static void enter_phase(struct case_progress *progress, enum case_phase phase)
{
	struct slot *slot = (struct slot *)progress;

	if (phase != TEARING_DOWN) {
		atomic_store(&progress->phase, (int)phase);
		ring(slot);
		return;
	}
	atomic_store(&slot->asks, true);
	ring(slot);
	while (sem_wait(&slot->turn) < 0 && errno == EINTR)
		;
}

/* ---- verdicts that the worker writes ------------------------------------------------------- */

/* What the case printed last: a sanitizer's report, an assertion of a library. */
static char *output_tail(void)
{
	enum { MOST = 3000 };
	autofree char *path = entry_path(job.run, job.slot->entry, "output.txt");
	autofile FILE *file = fopen(path, "re");
	if (!file || fseek(file, 0, SEEK_END) < 0)
		return format("%s", "");
	long size = ftell(file);
	char *tail = must_alloc(MOST + 1, 1);
	if (fseek(file, size > MOST ? size - MOST : 0, SEEK_SET) == 0)
		tail[fread(tail, 1, MOST, file)] = '\0';
	return tail;
}

/* The entry ended as an error. Takes @reason. */
static void write_error(char *reason)
{
	struct entry entry = *job.slot->entry;
	autofree char *tail = output_tail();

	entry.result = (struct result){
		.ending = BROKEN,
		.report = *tail ? format("output.txt ends with:\n%s", tail) : NULL,
		.seconds = seconds(clock_now() - job.slot->began),
	};
	entry.result.reason = reason;
	entry.result.machine = shortage_seen() ? format("%s", shortage_seen()) : NULL;
	if (!verdict_write(job.run, &entry)) {
		autofree char *problem = cannot_write(job.run->artifacts);

		fprintf(stderr, "%s\n", problem);
	}
	result_free(&entry.result);
}

/* end_with() before case_perform() has set its own hook: isolation was refused. */
static void ended_early(enum ending ending, const char *text, void *context)
{
	(void)context;
	struct entry entry = *job.slot->entry;
	const char *more = strchr(text, '\n');
	entry.result = (struct result){ .ending = ending,
					.reason = text_first_line(text),
					.report = more ? (char *)more + 1 : NULL,
					.machine = (char *)shortage_seen() };
	_exit(verdict_write(job.run, &entry) ? EXIT_GOOD : EXIT_RUN_ERROR);
}

/* ---- the case, process 1 ------------------------------------------------------------------- */

START_TEST(perform)
{
	const struct run *run = job.run;
	const struct entry *entry = job.slot->entry;
	autofree char *folder = entry_path(run, entry, "");
	struct case_run it = {
		.spec = run->options->staging ? &stage_spec : case_named(entry->spec->name),
		.family = entry->family,
		.folder = folder,
		.wire = run->options->wire || !entry->spec->netem ? run->host.wire
								  : entry->spec->netem,
		.wire_asked = run->options->wire != NULL,
		.clock = run->host.clock,
		.storm_seconds = run->options->storm_seconds,
		.storm_seed = run->options->storm_seed,
		.own_machine = guest_is_around(),
		.timeout_multiplier = run->options->timeout_multiplier,
		.outer_pid = isolate_case(job.worker),
		.rootless = run->features.user_namespace,
		.pause = run->options->pause,
		.trial = run->options->trial,
		.relay = job.relay,
		.staging = run->options->staging,
		.streams = job.streams,
	};

	case_progress_in(&job.slot->progress);
	if (case_perform(&it) != FAILED)
		return;
	struct result result = { 0 };
	verdict_read(run, entry, &result);
	fflush(NULL); /* libcheck leaves with _exit() */
	ck_abort_msg("%.1000s", result.reason ? result.reason : "failed without a reason");
}
END_TEST

/* ---- the worker ---------------------------------------------------------------------------- */

/* More than a scenario has waits for a server, each of which may last as long as the patience. */
#define MOST_WAITS 20

double case_seconds(const struct run *run, const struct listed_case *spec)
{
	const struct trial *trial = run->options->trial;

	return 120 + (spec->storm ? run->options->storm_seconds : 4 * spec->kernel_seconds) +
	       (trial ? MOST_WAITS * trial->patience : 0);
}

/* What libcheck allows it: stretched, or with --pause and for a stage for ever (0). */
static double case_timeout(const struct run *run, const struct listed_case *spec)
{
	/* A person takes the time that a person takes, and somebody's client too. */
	if (run->options->pause || run->options->staging)
		return 0;
	return ceil(case_seconds(run, spec) * run->options->timeout_multiplier);
}

static void redirect(int from, int to)
{
	if (from < 0 || dup2(from, to) < 0)
		broken("cannot redirect descriptor %d of the case: %s", to, strerror(errno));
}

/* What the client of a stage shall have. */
static void keep_streams(void)
{
	job.streams.foreground = terminal_is_ours();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int of = fd == STDOUT_FILENO && job.run->options->staging->apart ? STDERR_FILENO
										 : fd;

		job.streams.fds[fd] = fcntl(of, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (job.streams.fds[fd] < 0)
			broken("cannot keep descriptor %d for the client: %s", fd, strerror(errno));
	}
}

/* With --pause the case speaks to the terminal, and hears what the runner reads there. */
static void take_streams(void)
{
	if (job.run->options->pause) {
		redirect(job.hears, STDIN_FILENO);
		/* Else the case would wait for an end of input that only itself could bring. */
		close(job.input);
		return;
	}
	autoclose int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	autofree char *path = entry_path(job.run, job.slot->entry, "output.txt");
	autoclose int output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output < 0) {
		autofree char *problem = cannot_write(path);

		broken("%s", problem);
	}
	redirect(nothing, STDIN_FILENO);
	redirect(output, STDOUT_FILENO);
	redirect(output, STDERR_FILENO);
}

/* The user's CK_FORK=no, CK_RUN_CASE and so on are about another libcheck suite. */
static void forget_libcheck_settings(void)
{
	static const char *const names[] = {
		"CK_FORK",
		"CK_RUN_SUITE",
		"CK_RUN_CASE",
		"CK_INCLUDE_TAGS",
		"CK_EXCLUDE_TAGS",
		"CK_VERBOSITY",
		"CK_DEFAULT_TIMEOUT",
		"CK_TIMEOUT_MULTIPLIER",
		"CK_LOG_FILE_NAME",
		"CK_TAP_LOG_FILE_NAME",
		"CK_XML_LOG_FILE_NAME",
		"CK_MAX_MSG_SIZE",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		unsetenv(names[i]);
}

/* libcheck's words for how process 1 ended, in ours. */
static char *libcheck_reason(TestResult *outcome, double timeout)
{
	const char *message = tr_msg(outcome) ? tr_msg(outcome) : "";
	static const char signalled[] = "Received signal ";
	static const char exited[] = "Early exit with return value ";

	if (strcmp(message, "Test timeout expired") == 0)
		return format("it was ended after %.0f s (--timeout-multiplier gives it more),",
			      timeout);
	if (strncmp(message, signalled, strlen(signalled)) == 0)
		return format("process 1 was killed by signal %s", message + strlen(signalled));
	if (strncmp(message, exited, strlen(exited)) == 0)
		return format("process 1 exited with %s", message + strlen(exited));
	return format("libcheck says: %s", message);
}

/* Holds what libcheck saw against what the case wrote; where they differ, it is an error. */
static void judge(TestResult *outcome, double timeout)
{
	struct result result = { 0 };
	autofree char *reason = libcheck_reason(outcome, timeout);
	enum test_result kind = (enum test_result)tr_rtype(outcome);

	if (!verdict_read(job.run, job.slot->entry, &result))
		write_error(format("%s before it left a verdict",
				   kind == CK_PASS ? "process 1 ended" : reason));
	else if (kind == CK_ERROR && result.ending != BROKEN)
		write_error(
			format("%s, after its verdict was %s", reason, ending_name(result.ending)));
	else if (kind == CK_FAILURE && result.ending != FAILED)
		write_error(
			format("%s, but its verdict is %s", reason, ending_name(result.ending)));
	result_free(&result);
}

/* libcheck ends the worker when it cannot fork the case. */
static void libcheck_gave_up(void)
{
	if (getpid() != job.pid)
		return;
	shortage_note("no more processes may be started");
	write_error(format("libcheck could not start process 1 of the case"));
	_exit(EXIT_GOOD);
}

static void run_under_libcheck(void)
{
	double timeout = case_timeout(job.run, job.slot->entry->spec);
	Suite *suite = suite_create(job.slot->entry->spec->topic);
	TCase *tcase = tcase_create(job.slot->entry->id);

	tcase_set_timeout(tcase, timeout);
	tcase_add_test(tcase, perform);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	job.pid = getpid();
	atexit(libcheck_gave_up);
	srunner_run_all(runner, CK_SILENT);
	TestResult **outcomes = srunner_results(runner);
	judge(outcomes[0], timeout);
	free(outcomes);
	srunner_free(runner);
}

/*
 * The case's processes are dead. Its namespaces are waited for, since what the kernel complains of
 * while it takes them down is the case's too; not where sockets that still close hold them.
 */
static void leave(struct departures *departures)
{
	struct slot *slot = job.slot;

	if (job.relay >= 0)
		sandbox_relay_end(job.relay);
	atomic_store(&slot->progress.phase, LEAVING);
	ring(slot);
	if (atomic_load(&slot->progress.sockets_ended))
		atomic_store(&slot->lingers, !departures_await(departures));
}

/* It stays in the caller's network, so this is before the worker leaves that. */
static int make_relay(void)
{
	const struct trial *trial = job.run->options->trial;
	int relay = -1;

	if (!trial || !trial->forwards || !trial->forwards[0])
		return -1;
	relay = sandbox_relay();
	if (relay < 0)
		broken("cannot start the relay for --forward: %s", shortage_text(errno));
	return relay;
}

static _Noreturn void worker(pid_t runner)
{
	inherited_forget_signals();
	on_ending(ended_early, NULL);
	if (job.run->options->staging)
		keep_streams();
	/* Ctrl-C is for the runner, which ends its workers itself. */
	setpgid(0, 0);

	take_streams();
	forget_libcheck_settings();
	job.relay = make_relay();
	if (job.run->options->trial || job.run->options->staging)
		isolate_with_ranges();
	job.worker = isolate_worker(runner, job.slot->cpu);
	struct departures *departures = departures_watch();
	run_under_libcheck();
	leave(departures);
	fflush(NULL);
	_exit(EXIT_GOOD);
}

pid_t worker_start(const struct run *run, struct slot *slot)
{
	atomic_store(&slot->asks, false);
	slot->progress = (struct case_progress){ .since = slot->began, .enter = enter_phase };
	atomic_store(&slot->progress.phase, SETTING_UP);
	atomic_store(&slot->progress.alive, slot->began);
	sem_init(&slot->turn, 1, 0);
	fflush(NULL);

	job.run = run;
	job.slot = slot;
	job.input = slot->input;
	job.hears = slot->hears;
	pid_t runner = getpid(), child = fork();
	if (child == 0)
		worker(runner);
	return child;
}

/* ---- --wire -------------------------------------------------------------------------------- */

static void pass_on(enum ending ending, const char *text, void *context)
{
	(void)ending;
	ssize_t written = write(*(const int *)context, text, strlen(text));
	_exit(written < 0 ? EXIT_RUN_ERROR : EXIT_CASE_FAILED);
}

/* Builds a network with the wire in a child of its own; what is refused goes to @out. */
static _Noreturn void try_wire(pid_t parent, const char *wire, int out)
{
	on_ending(pass_on, &out);
	int worker = isolate_worker(parent, 0);
	pid_t child = fork();
	if (child == 0) {
		isolate_case(worker);
		net_close(net_open((struct net_options){ .netem = wire }));
		_exit(EXIT_GOOD);
	}
	if (child < 0 || waitpid(child, NULL, 0) < 0)
		broken("cannot fork: %s", strerror(errno));
	_exit(EXIT_GOOD);
}

char *wire_refused(const char *wire)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return format("cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	pid_t parent = getpid(), child = fork();
	if (child == 0)
		try_wire(parent, wire, ends[1]);
	close(ends[1]);
	autofile FILE *reader = fdopen(ends[0], "re");
	autofree char *text = NULL;
	size_t room = 0;
	ssize_t length = reader ? getdelim(&text, &room, '\0', reader) : -1;
	if (child < 0 || waitpid(child, NULL, 0) < 0)
		return format("cannot fork: %s", strerror(errno));
	return length > 0 ? text_first_line(text) : NULL;
}
