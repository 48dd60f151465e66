/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_cases: cases without a network, linked with the runner instead of the suites, so that its
 * scheduling, its exit statuses and its clean-up can be tested with every way a case can end.
 * The isolation is the real one.
 * check_runner links this too, and has a main function of its own.
 *
 * FAKE_LOG names a file that gets a line when a set-up or a tear-down begins and ends. FAKE_KERNEL
 * names a folder with the files in which the kernel complains of itself. FAKE_NEIGHBOURS is how
 * many cases are there when it does so for the first time, however busy the machine is.
 */
#include "fixtures/fixtures.h"
#include "runner/cli/cli.h"
#include "suites/suites.h"

#include <fcntl.h>
#include <jansson.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/time.h>

static struct case_progress *progress;
static const struct case_run *running;
static jmp_buf way_out;
static enum ending ended;
static const char *ended_with;
static const char *leaves_out;
static double stalled;      /* seconds, for the verdict */
static const char *machine; /* the same */

/* ---- what the cases do --------------------------------------------------------------------- */

/* A kernel timer of a tenth of a second or $FAKE_TIMER_MS, or of ten minutes. */
static void wait_for_timer(int milliseconds)
{
	snprintf(progress->waiting_for, sizeof(progress->waiting_for), "a timer of %d ms",
		 milliseconds);
	progress->since = clock_now();
	nsec deadline = clock_now() + MSEC(milliseconds);
	atomic_store(&progress->alive, deadline);
	while (clock_now() < deadline)
		poll(NULL, 0, (int)((deadline - clock_now()) / 1000000) + 1);
	progress->waiting_for[0] = '\0';
}

static void pass(struct scene *scene)
{
	(void)scene;
}

/* As FAKE_LOG has it. */
static void pass_twice(struct scene *scene)
{
	autofree char *why = NULL;
	autofree char *log = text_load(getenv("FAKE_LOG"), &why);
	int times = 0;

	(void)scene;
	for (const char *at = log; (at = strstr(at, "set-up begins it_passes_twice")); at++)
		times++;
	if (times > 2)
		fail("it was played %d times", times);
}

static void wait_a_little(struct scene *scene)
{
	(void)scene;
	const char *longer = getenv("FAKE_TIMER_MS");
	wait_for_timer(longer ? atoi(longer) : 100);
}

static void wait_long(struct scene *scene)
{
	(void)scene;
	wait_for_timer(600000);
}

static void fail_with_odd_bytes(struct scene *scene)
{
	(void)scene;
	fail("the queue # held 3, not 2 \x01<&>\nexpected | observed\n     SYN | SYN\n"
	     "     ACK | RST");
}

static void skip_for_a_sysctl(struct scene *scene)
{
	(void)scene;
	skip("this kernel has no net.ipv4.tcp_fancy # yet");
}

static void break_down(struct scene *scene)
{
	(void)scene;
	broken("a capture lost 3 packets; run fewer cases at once (-j)");
}

/* In its set-up, after which it still has to be torn down. */
static void break_down_early(struct scene *scene)
{
	(void)scene;
	broken("cannot set net.ipv4.tcp_congestion_control=reno in the client's namespace");
}

static void crash(struct scene *scene)
{
	(void)scene;
	(void)signal(SIGILL, SIG_DFL);
	fprintf(stderr, "about to crash\n");
	__builtin_trap();
}

static void leave_without_a_word(struct scene *scene)
{
	(void)scene;
	_exit(3);
}

static void leave_no_ladder(struct scene *scene)
{
	(void)scene;
	leaves_out = "ladder.txt";
}

/* A link is a file here, and nothing that a guest brings home. */
static void leave_a_link(struct scene *scene)
{
	autofree char *ladder = format("%s/ladder.txt", running->folder);

	leave_no_ladder(scene);
	if (symlink("env.txt", ladder) < 0)
		broken("cannot make a link: %m");
}

/* A daemon as those of old: forks twice, has its own session, and stays. */
static void start_daemon(struct scene *scene)
{
	(void)scene;
	fflush(NULL);
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		prctl(PR_SET_NAME, "fake-daemon");
		for (;;)
			pause();
	}
}

static void start_daemon_and_wait(struct scene *scene)
{
	start_daemon(scene);
	wait_for_timer(600000);
}

static void fill_the_folder(struct scene *scene)
{
	(void)scene;
	static char block[4096];
	leaves_out = "env.txt";
	autofree char *path = format("%s/env.txt", running->folder);
	autoclose int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	while (write(file, block, sizeof(block)) > 0)
		;
	broken("cannot write %s: %m; free some space", path);
}

/* The guest's own file: nothing here is for the machine that the tests run on. */
static bool in_guest(void)
{
	return access("/lib/halfopen/request", F_OK) == 0;
}

/* ---- what is played again ------------------------------------------------------------------ */

static void do_nothing(struct scene *scene)
{
	(void)scene;
	snprintf(progress->step, sizeof(progress->step), "the last thing it did");
	for (;;)
		pause();
}

static void fail_on_a_stalled_machine(struct scene *scene)
{
	(void)scene;
	stalled = 1.5;
	fail("a timer was late");
}

static void break_down_on_a_stalled_machine(struct scene *scene)
{
	(void)scene;
	stalled = 1.5;
	broken("the gate cannot forward a frame");
}

static void fail_on_a_short_machine(struct scene *scene)
{
	(void)scene;
	machine = "net.ipv4.tcp_mem: the kernel was short of TCP memory";
	fail("ACK win 0");
}

static void pass_on_a_short_machine(struct scene *scene)
{
	(void)scene;
	machine = "net.ipv4.tcp_mem: the kernel was short of TCP memory";
}

/* Whether it was not yet done in this run: a file tells. */
static bool is_first(const char *what)
{
	autofree char *path = format("%s/%s", getenv("FAKE_KERNEL"), what);
	autoclose int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	return file >= 0;
}

static void break_down_once_on_a_stalled_machine(struct scene *scene)
{
	if (is_first("broke down"))
		break_down_on_a_stalled_machine(scene);
}

#define MEETING SEC(30)

static bool is_there(const char *what)
{
	autofree char *path = format("%s/%s", getenv("FAKE_KERNEL"), what);

	return access(path, F_OK) == 0;
}

/* Of one that waits beside: it is there, and stays until the kernel has complained. */
static void stay_beside(void)
{
	const char *neighbours = getenv("FAKE_NEIGHBOURS");
	nsec deadline = clock_now() + MEETING;

	if (!neighbours)
		return;
	for (int i = 1; i <= atoi(neighbours); i++) {
		autofree char *place = format("neighbour %d", i);

		if (is_first(place))
			break;
	}
	while (!is_there("complained") && clock_now() < deadline)
		wait_for_timer(10);
}

/* Of whom the kernel complains: only when all neighbours are there. */
static void await_neighbours(void)
{
	nsec deadline = clock_now() + MEETING;
	const char *neighbours = getenv("FAKE_NEIGHBOURS");
	autofree char *last = format("neighbour %s", neighbours ? neighbours : "0");

	while (neighbours && !is_there(last) && clock_now() < deadline)
		wait_for_timer(10);
}

/* What a kernel writes that warns, and counts. */
static void complain_in_log(void)
{
	static const char warning[] = "4,17,1000,-;------------[ cut here ]------------\n"
				      "4,18,1000,-;WARNING: CPU: 0 PID: 1 at net/fake.c:1\n";
	autofree char *path = format("%s/dev/kmsg", getenv("FAKE_KERNEL"));
	autoclose int log = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (write(log, warning, strlen(warning)) < 0)
		broken("cannot write %s: %m", path);
}

/* Others are there too: all wait, and it is in the middle. */
static void complain_always(struct scene *scene)
{
	(void)scene;
	await_neighbours();
	wait_for_timer(100);
	complain_in_log();
	(void)is_first("complained");
	wait_for_timer(200);
}

static void complain_once(struct scene *scene)
{
	(void)scene;
	await_neighbours();
	wait_for_timer(100);
	if (!is_there("complained"))
		complain_in_log();
	(void)is_first("complained");
	wait_for_timer(200);
}

static void wait_beside(struct scene *scene)
{
	(void)scene;
	stay_beside();
	wait_for_timer(300);
}

/* Root may set bits of the kernel's taint, and nobody can clear them: once a boot. */
static void taint_the_kernel(struct scene *scene)
{
	autofile FILE *taint = in_guest() ? fopen("/proc/sys/kernel/tainted", "we") : NULL;

	(void)scene;
	wait_for_timer(100);
	if (!taint || fputs("512", taint) < 0 || fflush(taint) != 0)
		broken("this is only for a guest");
	wait_for_timer(200);
}

/* ---- what ends a guest --------------------------------------------------------------------- */

static void press_sysrq(const char *key)
{
	autoclose int file = in_guest() ? open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC) : -1;
	if (file < 0 || write(file, key, 1) < 0)
		broken("this is only for a guest");
	wait_for_timer(60000);
}

/* As it came there, with its libraries. */
static void run_the_program(struct scene *scene)
{
	(void)scene;
	if (in_guest() && system("no-such-program-anywhere") != 0) // NOLINT: the test's own
		fail("it does not run");
}

static void panic(struct scene *scene)
{
	(void)scene;
	press_sysrq("c");
}

static void reset(struct scene *scene)
{
	(void)scene;
	press_sysrq("b");
}

static void take_all_memory(struct scene *scene)
{
	(void)scene;
	enum { STEP = 1 << 20 };
	while (in_guest())
		/* cppcheck-suppress leakNoVarFunctionCall ; it is to stay taken */
		memset(must_alloc(STEP, 1), 1, STEP);
	broken("this is only for a guest");
}

/* No process but this one runs any more. */
/* Since Linux 6.8 others get a share of the processor nevertheless; 6.12 lets that be set. */
static void leave_nothing_to_others(void)
{
	autofile FILE *share = NULL;

	if (mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL) == 0)
		share = fopen("/sys/kernel/debug/sched/fair_server/cpu0/runtime", "we");
	if (share)
		fputs("0", share);
}

static void take_the_cpu(struct scene *scene)
{
	(void)scene;
	struct sched_param most = { .sched_priority = 99 };
	autofile FILE *limit =
		in_guest() ? fopen("/proc/sys/kernel/sched_rt_runtime_us", "we") : NULL;
	if (!limit || fputs("-1", limit) < 0 || fflush(limit) != 0 ||
	    sched_setscheduler(0, SCHED_FIFO, &most) < 0)
		broken("this is only for a guest");
	leave_nothing_to_others();
	for (;;)
		;
}

/* ---- the cases ----------------------------------------------------------------------------- */

static struct case_spec cases[] = {
	{ .name = "it_passes",
	  .topic = "good ends",
	  .claims = "F-01 F-02",
	  .covers = "B-01",
	  .act = pass },
	{ .name = "it_passes_after_a_timer",
	  .topic = "good ends",
	  .claims = "F-01",
	  .variants = "linear exponential",
	  .kernel_seconds = 0.1,
	  .act = wait_a_little },
	{ .name = "it_passes_over_ipv4", .topic = "good ends", .families = IPV4_ONLY, .act = pass },
	{ .name = "it_fails",
	  .topic = "bad <ends> & \"quotes\"",
	  .claims = "F-02 F-03",
	  .covers = "B-01 B-11",
	  .act = fail_with_odd_bytes },
	{ .name = "it_is_skipped", .topic = "skips", .claims = "F-04", .act = skip_for_a_sysctl },
	{ .name = "it_needs_a_program",
	  .topic = "skips",
	  .claims = "F-04 F-01",
	  .needs = "program:no-such-program-anywhere",
	  .act = run_the_program },
	{ .name = "it_breaks_down", .topic = "errors", .claims = "F-05", .act = break_down },
	{ .name = "it_breaks_down_early", .topic = "errors", .act = break_down_early },
	{ .name = "it_crashes", .topic = "errors", .act = crash },
	{ .name = "it_leaves_without_a_word", .topic = "errors", .act = leave_without_a_word },
	{ .name = "it_leaves_no_ladder", .topic = "errors", .act = leave_no_ladder },
	{ .name = "it_hangs", .topic = "errors", .act = wait_long },
	{ .name = "it_leaves_a_daemon", .topic = "good ends", .act = start_daemon },
	{ .name = "it_waits_with_a_daemon",
	  .topic = "long",
	  .kernel_seconds = 600,
	  .families = IPV4_ONLY,
	  .act = start_daemon_and_wait },
	{ .name = "it_fills_the_folder",
	  .topic = "errors",
	  .kernel_seconds = 1,
	  .families = IPV4_ONLY,
	  .act = fill_the_folder },
};

/* Only with FAKE_GUEST, and in the guest itself. */
static struct case_spec guest_cases[] = {
	{ .name = "it_panics_the_kernel", .topic = "guests", .act = panic },
	{ .name = "it_resets_the_machine", .topic = "guests", .act = reset },
	{ .name = "it_takes_all_memory", .topic = "guests", .act = take_all_memory },
	{ .name = "it_takes_the_processor", .topic = "guests", .act = take_the_cpu },
	{ .name = "its_ladder_gets_lost", .topic = "guests", .act = leave_a_link },
	{ .name = "it_taints_the_kernel",
	  .topic = "guests",
	  .kernel_seconds = 0.3,
	  .act = taint_the_kernel },
	{ .name = "it_waits_beside_a_taint",
	  .topic = "guests",
	  .kernel_seconds = 0.3,
	  .act = wait_beside },
};

/* Only with FAKE_TROUBLE. */
static struct case_spec trouble_cases[] = {
	{ .name = "it_does_nothing", .topic = "again", .act = do_nothing },
	{ .name = "it_passes_twice", .topic = "odd ends", .act = pass_twice },
	{ .name = "it_takes_minutes",
	  .topic = "again",
	  .kernel_seconds = 985,
	  .virtual_time = true,
	  .act = pass },
	{ .name = "it_fails_on_a_stalled_machine",
	  .topic = "again",
	  .act = fail_on_a_stalled_machine },
	{ .name = "it_breaks_down_on_a_stalled_machine",
	  .topic = "again",
	  .act = break_down_on_a_stalled_machine },
	{ .name = "it_breaks_down_once_on_a_stalled_machine",
	  .topic = "again",
	  .act = break_down_once_on_a_stalled_machine },
	{ .name = "it_fails_on_a_short_machine", .topic = "again", .act = fail_on_a_short_machine },
	{ .name = "it_passes_on_a_short_machine",
	  .topic = "again",
	  .act = pass_on_a_short_machine },
	{ .name = "the_kernel_complains_of_it",
	  .topic = "complaints",
	  .kernel_seconds = 0.3,
	  .act = complain_always },
	{ .name = "the_kernel_complains_once",
	  .topic = "complaints",
	  .kernel_seconds = 0.3,
	  .act = complain_once },
	{ .name = "it_waits_beside",
	  .topic = "complaints",
	  .kernel_seconds = 0.3,
	  .act = wait_beside },
};

static void chain(struct case_spec *list, size_t count, struct case_spec *rest)
{
	for (size_t i = 0; i < count; i++)
		list[i].next = i + 1 < count ? &list[i + 1] : rest;
}

const struct case_spec *all_cases(void)
{
	struct case_spec *rest = getenv("FAKE_GUEST") || in_guest() ? guest_cases : NULL;

	if (getenv("FAKE_TROUBLE")) {
		chain(trouble_cases, ARRAY_LENGTH(trouble_cases), rest);
		rest = trouble_cases;
	}
	chain(guest_cases, ARRAY_LENGTH(guest_cases), NULL);
	chain(cases, ARRAY_LENGTH(cases), rest);
	return cases;
}

/* No server is tried. */
/* Nobody's client is met here. */
const struct case_spec stage_spec = { .name = "stage" };

const struct case_spec *all_scenarios(void)
{
	return NULL;
}

static const struct claim claims[] = {
	{ "F-01", "fakes", "It passes.", CONFIRMED, "It does." },
	{ "F-02", "fakes", "It passes and fails.", REFINED, "It does both." },
	{ "F-03", "fakes", "It fails.", REFUTED, "It does." },
	{ "F-04", "fakes", "It is skipped.", CONFIRMED, "It is." },
	{ "F-05", "fakes", "It breaks down.", CONFIRMED, "It does." },
	{ "F-06", "fakes", "Nobody shows this, however long one looks.", ARGUED,
	  "It is only argued." },
};

const struct claim *all_claims(size_t *count)
{
	*count = ARRAY_LENGTH(claims);
	return claims;
}

static const struct claim behaviours[] = {
	{ .id = "B-01", .document = "habits", .text = "one ends" },
	{ .id = "B-02", .document = "habits", .text = "one lingers", .finding = "how long" },
	{ .id = "B-11", .document = "vices", .text = "one lies" },
	{ .id = "B-12", .document = "vices", .text = "one steals" },
};

const struct claim *all_behaviours(size_t *count)
{
	*count = ARRAY_LENGTH(behaviours);
	return behaviours;
}

static const struct recorded_variant records[] = {
	{ "it_passes_after_a_timer", "6.1", "exponential" },
	{ "it_passes_after_a_timer", "6.12", "linear" },
	{ "it_passes_after_a_timer", "7.2", NULL },
};

const struct recorded_variant *recorded_variants(size_t *count)
{
	*count = ARRAY_LENGTH(records);
	return records;
}

static const struct guide guides[] = {
	{ "troubles.md", "# Troubles\n\n"
			 "| what you see | what it may be |\n|---|---|\n"
			 "| it hums | [1] a loose wheel |\n\n"
			 "## 1. A loose wheel\n\nIt hums. The wheel\nof the press is_loose.\n\n"
			 "```\n# wheel  3\n```\n\n"
			 "## 2. A worn belt\n\nThe belt slips, and its wheel stands.\n" },
};

const struct guide *all_guides(size_t *count)
{
	*count = ARRAY_LENGTH(guides);
	return guides;
}

/* ---- what fixtures do for real cases ------------------------------------------------------- */

__attribute__((constructor)) static void fake_the_kernel(void)
{
	if (getenv("FAKE_KERNEL"))
		kernel_log_below(getenv("FAKE_KERNEL"));
}

void case_progress_in(struct case_progress *shared)
{
	progress = shared;
}

static void note(const char *what)
{
	const char *log = getenv("FAKE_LOG");
	if (!log)
		return;
	autoclose int file = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	autofree char *line = format("%s %s\n", what, running->spec->name);
	if (write(file, line, strlen(line)) < 0)
		broken("cannot write %s: %m", log);
}

/* Work for a CPU, long enough to overlap with that of another case. */
static void work(const char *begin, const char *end)
{
	note(begin);
	nsec until = clock_now() + MSEC(3);
	while (clock_now() < until)
		;
	note(end);
}

static void hook(enum ending ending, const char *text, void *context)
{
	(void)context;
	ended = ending;
	ended_with = text;
	longjmp(way_out, 1);
}

static void leave(const char *name, const char *text)
{
	if (leaves_out && strcmp(name, leaves_out) == 0)
		return;
	autofree char *path = format("%s/%s", running->folder, name);
	autofile FILE *file = fopen(path, "we");
	if (file)
		fputs(text, file);
}

static void leave_capture(const char *name)
{
	autofree char *path = format("%s/%s", running->folder, name);
	pcap_t *nothing = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *capture = pcap_dump_open(nothing, path);
	if (capture)
		pcap_dump_close(capture);
	pcap_close(nothing);
}

static void leave_artifacts(void)
{
	static const char *const names[] = { "ladder.txt",   "ladder.mmd", "ladder.svg",
					     "counters.txt", "env.txt",    "replay.sh",
					     "case.pcapng" };
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		leave(names[i], "a fake\n");
	autofree char *journal =
		format("{\"seq\":1,\"t\":0,\"event\":\"begin\",\"name\":\"a fake case\","
		       "\"object\":\"%s\",\"format\":%d}\n"
		       "{\"seq\":2,\"t\":0,\"event\":\"step\",\"name\":\"a fake step\"}\n"
		       "{\"seq\":3,\"t\":0,\"event\":\"end\"}\n",
		       family_name(running->family), ARTIFACTS_FORMAT);

	leave("journal.jsonl", journal);
	leave_capture("client.pcap");
	leave_capture("server.pcap");
}

/* What a real case's verdict has of a failure, with all that could be misread. */
static json_t *leave_failure(void)
{
	static const char failure[] =
		"{\"step\": \"100% full: # 3, \\\"two\\\" and: one\", \"seconds\": 0.25, "
		"\"event\": 7,"
		" \"expected\": [\"1.0  <  SYN-ACK\", \"-  >  ACK\"], \"observed\": [],"
		" \"states\": {\"client 1\": \"ESTABLISHED / -\"},"
		" \"queues\": {\"server\": {\"accept\": 3, \"limit\": 2, \"syn\": 0}},"
		" \"counters\": {\"client\": {}, \"server\": {\"Tcp.OutRsts\": 1}},"
		" \"last_steps\": [\"one\", \"two\"], \"file\": \"tests/fakes: 1, 2%.c\", "
		"\"line\": 42}";

	return ended == FAILED ? json_loads(failure, 0, NULL) : json_null();
}

static void leave_verdict(nsec began)
{
	const char *variant = running->spec->variants ? "linear" : NULL;
	const char *end = ended_with ? strchr(ended_with, '\n') : NULL;
	autofree char *reason =
		ended_with
			? format("%.*s", (int)(end ? end - ended_with : (long)strlen(ended_with)),
				 ended_with)
			: NULL;
	autofree char *path = format("%s/verdict.json", running->folder);
	json_auto_t *verdict = json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:s?, s:[s, s]}", "case",
		running->spec->name, "family", running->family == AF_INET ? "ipv4" : "ipv6",
		"status", ending_name(ended), "reason",
		reason ? json_stringn(reason, strlen(reason)) : json_null(), "failure",
		leave_failure(), "report", end ? json_string(end + 1) : json_null(), "variant",
		variant ? json_string(variant) : json_null(), "seconds",
		seconds(clock_now() - began), "kernel_seconds", running->spec->kernel_seconds,
		"stall_seconds", stalled, "machine", machine, "steps", "a first step",
		"100% full: # 3, \"two\" and: one");
	json_dump_file(verdict, path, 0);
}

enum ending case_perform(const struct case_run *run)
{
	nsec began = clock_now();
	running = run;
	on_ending(hook, NULL);
	work("set-up begins", "set-up ends");
	if (setjmp(way_out) == 0) {
		if (run->spec->act == break_down_early)
			break_down_early(NULL);
		progress->enter(progress, RUNNING);
		run->spec->act(NULL);
	}
	if (run->pause && ended == FAILED) {
		printf("paused: press Enter\n");
		fflush(stdout);
		getchar();
		printf("went on\n");
	}
	leave_artifacts();
	progress->enter(progress, TEARING_DOWN);
	work("tear-down begins", "tear-down ends");
	leave_verdict(began);
	return ended;
}

__attribute__((weak)) int main(int argc, char **argv)
{
	const struct catalogue catalogue = suites_catalogue();

	return halfopen_main(&catalogue, argc, argv);
}
