/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_damage: the program itself over files that were damaged at random: what a run has left, and
 * kernels. It neither crashes nor hangs, takes no more memory than it may, and where it ends with
 * another status than 0 it says why; a page that it writes is well-formed.
 *
 * DAMAGES=10000 SEED=1: how many there are, and which. What is damaged, and by what, hangs on the
 * seed alone. A file that the program did not bear is kept as damaged-SEED-NUMBER.
 */
#include "captures/draw/draw.h"
#include "captures/journal/packed.h" /* packs what it damages */
#include "tests/loaded.h"
#include "tests/damage.h"
#include "tests/frames.h"
#include "tests/tiny_kernel.h"
#include "tests/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { MOST_SECONDS = 10, MOST_MB = 512, DAMAGES = 150 };
/* A program that waits for something takes no CPU time; a busy machine takes its own. */
#define MOST_WAITED SEC(12 * MOST_SECONDS)

static char folder[] = "/tmp/check_damage.XXXXXX";
static const char *program, *sources;

/* ---- files --------------------------------------------------------------------------------- */

static char *in_folder(const char *name)
{
	return format("%s/%s", folder, name);
}

static void put(const char *name, const void *data, size_t size)
{
	autofree char *path = in_folder(name);
	autofree char *above = format("%.*s", (int)(strrchr(path, '/') - path), path);
	FILE *file = make_path(above) ? fopen(path, "we") : NULL;

	ck_assert_msg(file && fwrite(data, 1, size, file) == size && fclose(file) == 0, "%s: %s",
		      path, strerror(errno));
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

/* ---- what two runs have left --------------------------------------------------------------- */

static const char *const cases[] = {
	"deferred_connection_comes_up_with_its_data",
	"final_ack_that_meets_a_full_accept_queue_is_ignored",
	"connect_times_out_while_nobody_accepts", /* its journal is packed */
};
static const char *const kernels[] = { "6.1.9", "host" };
#define FAILED_CASE 1

static json_t *verdict_of(size_t number)
{
	bool failed = number == FAILED_CASE;

	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s?, s:s?, s:n, s:f, s:f, s:[s], s:s, s:o}",
			 "format", ARTIFACTS_FORMAT, "case", cases[number], "family", "ipv4",
			 "topic", "overflow", "status", failed ? "failed" : "passed", "reason",
			 failed ? "the queue held 3" : NULL, "report",
			 failed ? "   expected | observed\n-->   SYN | ACK" : NULL, "variant",
			 "seconds", 1.5, "kernel_seconds", 7.0, "claims", "D2-31", "folder", "",
			 "failure",
			 failed ? json_pack("{s:s, s:i, s:[s], s:[]}", "step", "a step", "line", 42,
					    "expected", "1.0 > SYN", "observed")
				: json_null());
}

static void put_json(const char *name, json_t *value)
{
	autofree char *text = json_dumps(value, JSON_INDENT(1));

	put_text(name, text);
	json_decref(value);
}

static void put_case(const char *kernel, size_t number)
{
	autofree char *place = format("runs/%s/%s/ipv4", kernel, cases[number]);
	autofree char *recorded = format("%s/tests/journals/%s-ipv4.jsonl", sources, cases[number]);
	autofree char *below = in_folder(place), *path = format("%s/journal.jsonl", below);
	autofree char *name = format("%s/journal.jsonl", place), *client = NULL, *server = NULL;
	autofree char *verdict = format("%s/verdict.json", place);
	autobytes struct bytes lines = { 0 };

	ck_assert_msg(bytes_read(&lines, recorded), "%s: %s", recorded, strerror(errno));
	put(name, lines.data, lines.size);
	struct journal *journal = load_journal(path);
	client = format("%s/client.pcap", below);
	server = format("%s/server.pcap", below);
	ck_assert(capture_of_journal(journal, CLIENT, client));
	ck_assert(capture_of_journal(journal, SERVER, server));
	artifacts_write(journal, below);
	journal_free(journal);
	put_json(verdict, verdict_of(number));
	if (number == 2)
		ck_assert(pack_file(path));
}

static void put_run(const char *kernel)
{
	autofree char *name = format("runs/%s/results.json", kernel);
	json_t *results = json_array();

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		put_case(kernel, i);
		autofree char *place = format("%s/ipv4", cases[i]);
		json_t *result = verdict_of(i);
		json_object_set_new(result, "folder", json_string(place));
		json_array_append_new(results, result);
	}
	put_json(name,
		 json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:b, s:n, s:s, s:i, s:f, s:f, s:b, s:n, "
			   "s:i, s:i, s:i, s:i, s:o}",
			   "halfopen", PACKAGE_VERSION, "format", ARTIFACTS_FORMAT, "artifacts_on",
			   "always", "kernel", "6.1.0", "lane", "host", "clock", "real", "netem", 1,
			   "wire", "started", "2026-01-01T00:00:00Z", "repeat", 1, "wall_seconds",
			   9.0, "kernel_seconds", 20.0, "complete", 1, "signal", "passed", 2,
			   "failed", 1, "skipped", 0, "errors", 0, "results", results));
}

/* ---- kernels ------------------------------------------------------------------------------- */

#define PINNED "6.12.117"
#define CACHED "cache/kernels/" PINNED

static void put_sums(const char *package)
{
	autofree char *sum = sum_of_file(package);
	autofree char *line = format("%s 1 linux.deb\n", sum);

	put_text(CACHED "/SHA256SUMS", line);
}

static void put_kernels(void)
{
	autobytes struct bytes elf = tiny_vmlinux(XEN_PHYS32_ENTRY), package = tiny_package();
	autobytes struct bytes image = tiny_bzimage(&elf, archive_write_add_filter_zstd);
	autofree char *path = in_folder(CACHED "/linux.deb"), *qemu = NULL;

	put(CACHED "/linux.deb", package.data, package.size);
	put_text(CACHED "/version", PINNED "\n");
	put_sums(path);
	put("vmlinux", elf.data, elf.size);
	put("bzImage", image.data, image.size);
	put("folder/vmlinuz", image.data, image.size);
	put_text("folder/modules.builtin", tiny_builtin);
	for (size_t i = 0; i < TINY_MODULES; i++) {
		const char *its_path;
		autobytes struct bytes module = tiny_module(i, &its_path);
		autofree char *name = format("folder/%s", strrchr(its_path, '/') + 1);

		put(name, module.data, module.size);
	}
	/* What is taken for a kernel is not booted. */
	put_text("bin/qemu-system-x86_64", "#!/bin/sh\necho 'no machine today' >&2\nexit 1\n");
	qemu = in_folder("bin/qemu-system-x86_64");
	chmod(qemu, 0755);
}

/* ---- the program --------------------------------------------------------------------------- */

struct end {
	int status;
	long memory_mb;
	bool late;
	char *out, *err;
};

static char *text_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = must_alloc((size_t)size + 1, 1);

	if (pread(fd, text, (size_t)size, 0) < 0)
		*text = '\0';
	close(fd);
	return text;
}

static void become_program(const char *const *words, int out, int err)
{
	struct rlimit time = { MOST_SECONDS, MOST_SECONDS + 1 }, none = { 0, 0 };
	const char *argv[12] = { program };

	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CPU, &time);
	setrlimit(RLIMIT_CORE, &none);
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (chdir(folder) == 0)
		execv(program, (char **)argv);
	_exit(127);
}

static struct end run(const char *const *words)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	struct end end = { 0 };
	struct rusage used;
	pid_t child = fork();

	if (child == 0)
		become_program(words, out, err);
	autoclose int ended = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd wait = { .fd = ended, .events = POLLIN };
	end.late = poll(&wait, 1, (int)(MOST_WAITED / MSEC(1))) == 0;
	if (end.late)
		kill(child, SIGKILL);
	wait4(child, &end.status, 0, &used);
	end.memory_mb = used.ru_maxrss / 1024;
	end.out = text_of(out);
	end.err = text_of(err);
	return end;
}

static bool says_why(const struct end *end)
{
	const char *said = strstr(end->err, "halfopen: ");

	return said && strcspn(said, "\n") > strlen("halfopen: ") + 8;
}

/* 1 of diff and matrix is no error: something differs, and they have printed it. Matrix prints also
 * which of its results are errors, and why. */
static const char *what_is_wrong(const struct end *end, bool compares)
{
	int status = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;

	if (end->late || (status < 0 && WTERMSIG(end->status) == SIGXCPU))
		return "takes too long";
	if (status < 0)
		return "crashes";
	if (strstr(end->err, "Sanitizer") || strstr(end->err, "runtime error"))
		return "is caught by a sanitizer";
	if (end->memory_mb > MOST_MB)
		return "takes too much memory";
	if (strstr(end->err, "(null)") || strstr(end->out, "(null)"))
		return "says (null)";
	if (compares &&
	    (status == 1 ? *end->out != '\0' : strstr(end->out, "\nerrors\n  ") != NULL))
		return NULL;
	if (status != 0 && !says_why(end))
		return "does not say why it fails";
	return NULL;
}

static bool is_well_formed(const char *name)
{
	autofree char *path = in_folder(name);
	xmlDoc *page = xmlReadFile(path, NULL,
				   XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET |
					   XML_PARSE_HUGE);

	xmlFreeDoc(page);
	return page;
}

static bool is_svg(const char *text)
{
	xmlDoc *picture = xmlReadMemory(text, (int)strlen(text), "svg", NULL,
					XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET |
						XML_PARSE_HUGE);

	xmlFreeDoc(picture);
	return picture || !*text;
}

static bool is_json(const char *text)
{
	json_auto_t *value = json_loads(text, 0, NULL);

	return value || !*text;
}

/* ---- what reads which file ----------------------------------------------------------------- */

enum { MOST_WORDS = 9 };

struct command {
	const char *words[MOST_WORDS + 1]; /* "@" is the folder of the damaged file */
	bool compares;
	const char *page; /* that it writes */
	bool (*is_good)(const char *out);
};

/* In QEMU, if the kernel is one; what the test has for QEMU ends at once. */
#define RUN_IN(kernel)                                                                             \
	"run", "--kernel", kernel, "--artifacts", "tried", "--no-report", "-v",                    \
		"accept_queue_holds_one_more_than_the_backlog/ipv4"

static const struct command commands[] = {
	{ .words = { "show", "@" } },
	{ .words = { "show", "--format", "timeline", "@" } },
	{ .words = { "show", "--format", "mermaid", "@" } },
	{ .words = { "show", "--format", "svg", "@" }, .is_good = is_svg },
	{ .words = { "report", "--output", "report.html", "runs/6.1.9", "runs/host" },
	  .page = "report.html" },
	{ .words = { "matrix", "--no-run", "--artifacts", "runs" },
	  .compares = true,
	  .page = "runs/matrix.html" },
	{ .words = { "diff", "final_ack_that_meets_a_full_accept_queue_is_ignored", "6.1.9", "host",
		     "--artifacts", "runs" },
	  .compares = true },
	{ .words = { "claims", "--artifacts", "runs/6.1.9" } },
	{ .words = { "claims", "--json", "--artifacts", "runs/6.1.9" }, .is_good = is_json },
	{ .words = { "kernels", "list" } },
	{ .words = { RUN_IN("6.12") } },
	{ .words = { RUN_IN("./bzImage") } },
	{ .words = { RUN_IN("./vmlinux") } },
	{ .words = { RUN_IN("./folder") } },
};

/* From the first to the last of them, a command reads it. */
static const struct victim {
	const char *path;
	size_t first, last;
	bool fresh_sum; /* as often as not, what is damaged has the sum that is noted */
} case_files[] = {
	{ "journal.jsonl", 0, 4, false }, { "journal.jsonl", 0, 4, false },
	{ "client.pcap", 0, 3, false },   { "server.pcap", 0, 3, false },
	{ "ladder.txt", 4, 6, false },    { "verdict.json", 4, 6, false },
}, result_files[] = {
	{ "runs/6.1.9/results.json", 4, 8, false },
}, kernel_files[] = {
	{ CACHED "/linux.deb", 10, 10, true },
	{ CACHED "/SHA256SUMS", 9, 10, false },
	{ CACHED "/version", 9, 10, false },
	{ "bzImage", 11, 11, false },
	{ "vmlinux", 12, 12, false },
	{ "folder/vmlinuz", 13, 13, false },
	{ "folder/modules.builtin", 13, 13, false },
	{ "folder/veth.ko", 13, 13, false },
	{ "folder/tcp_diag.ko", 13, 13, false },
};

/* ---- damages ------------------------------------------------------------------------------- */

static unsigned long number_from(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 10) : otherwise;
}

/* NULL, or what was wrong; the caller frees it. */
static char *try_command(const struct command *command, const char *place)
{
	const char *words[MOST_WORDS + 1] = { NULL };
	struct text text = { 0 };

	for (size_t i = 0; command->words[i]; i++) {
		words[i] = strcmp(command->words[i], "@") == 0 ? place : command->words[i];
		text_add(&text, " %s", words[i]);
	}
	autofree char *line = text_take(&text);
	struct end end = run(words);
	autofree char *out = end.out, *err = end.err;
	const char *wrong = what_is_wrong(&end, command->compares);
	bool good = WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0;

	if (!wrong && good && command->page && !is_well_formed(command->page))
		wrong = "writes a page that is not well-formed";
	if (!wrong && command->is_good && !command->is_good(out))
		wrong = "prints what is not well-formed";
	return wrong ? format("halfopen%s %s (wait status %d, %ld MB): %.2000s", line, wrong,
			      end.status, end.memory_mb, err)
		     : NULL;
}

/* As often as not a journal's lines have the numbers that they should, and are read to the end. */
static void renumber(struct bytes *lines)
{
	autofree char *text = bytes_text(lines, 0);
	struct bytes numbered = { 0 };
	char *rest = text;
	int number = 0;

	for (const char *line; (line = strsep(&rest, "\n")) && (*line || rest);) {
		int length = 0;
		bool has_number = sscanf(line, "{\"seq\":%*[0-9],%n", &length) == 0 && length;
		autofree char *fresh =
			has_number ? format("{\"seq\":%d,", ++number) : format("%s", "");

		add_words(&numbered, fresh);
		add_words(&numbered, line + (has_number ? length : 0));
		add_words(&numbered, "\n");
	}
	bytes_free(lines);
	*lines = numbered;
}

/* Once, twice or three times; the last way. A journal may be packed again when that has happened.
 */
static const char *damage_file(struct bytes *bytes, const char *path, struct chance *chance)
{
	bool journal = strstr(path, "journal.jsonl"), packed = strstr(path, ".gz");
	struct bytes lines = { 0 };
	const char *way = NULL;

	if (packed && chance_below(chance, 2) && bytes_unpack(&lines, bytes) == PACKED) {
		way = damage_file(&lines, "journal.jsonl", chance);
		bytes_free(bytes);
		*bytes = tiny_packed(&lines, archive_write_add_filter_gzip);
		bytes_free(&lines);
		return way;
	}
	for (size_t times = chance_below(chance, 3) + 1; times > 0; times--)
		way = damage(bytes, chance);
	if (journal && !packed && chance_below(chance, 3))
		renumber(bytes);
	return way;
}

/* The file as it is now, for whoever looks into it. */
static char *keep_damaged(const char *path, unsigned long seed, size_t number)
{
	autobytes struct bytes bytes = { 0 };
	char *name = format("damaged-%lu-%zu", seed, number);
	autofile FILE *file = fopen(name, "we");

	if (file && bytes_read(&bytes, path))
		fwrite(bytes.data, 1, bytes.size, file);
	return name;
}

static void damage_once(const struct victim *victim, const char *name, size_t number)
{
	unsigned long seed = number_from("SEED", 1);
	struct chance chance = { .state = seed * 1000003 + number };
	autofree char *path = in_folder(name);
	autofree char *place = format("%.*s", (int)(strrchr(path, '/') - path), path);
	autobytes struct bytes whole = { 0 }, damaged = { 0 };

	ck_assert_msg(bytes_read(&whole, path), "%s: %s", path, strerror(errno));
	add_bytes(&damaged, whole.data, whole.size);
	const char *way = damage_file(&damaged, path, &chance);
	put(name, damaged.data, damaged.size);
	if (victim->fresh_sum && chance_below(&chance, 2))
		put_sums(path);
	size_t which = victim->first + chance_below(&chance, victim->last - victim->first + 1);
	autofree char *wrong = try_command(&commands[which], place);
	autofree char *kept = wrong ? keep_damaged(path, seed, number) : NULL;
	put(name, whole.data, whole.size);
	if (victim->fresh_sum)
		put_sums(path);
	ck_assert_msg(!wrong, "%s (%s in %s; kept as %s)", wrong, way, name, kept);
}

/* Every so often, and of all of them the same share. */
static size_t damages(size_t share)
{
	return number_from("DAMAGES", DAMAGES) * share / 100;
}

START_TEST(what_a_case_has_left)
{
	struct chance chance = { .state = number_from("SEED", 1) };

	for (size_t i = 0; i < damages(70); i++) {
		const struct victim *victim =
			&case_files[chance_below(&chance, ARRAY_LENGTH(case_files))];
		size_t number = chance_below(&chance, ARRAY_LENGTH(cases));
		bool packed = number == ARRAY_LENGTH(cases) - 1;
		const char *file = victim->path;

		if (strncmp(file, "journal", strlen("journal")) == 0)
			file = packed ? "journal.jsonl.gz" : "journal.jsonl";
		autofree char *name = format("runs/%s/%s/ipv4/%s", kernels[0], cases[number], file);
		damage_once(victim, name, i);
	}
}
END_TEST

static void damage_some(const struct victim *victims, size_t count, size_t share)
{
	struct chance chance = { .state = number_from("SEED", 1) };

	for (size_t i = 0; i < damages(share); i++) {
		const struct victim *victim = &victims[chance_below(&chance, count)];

		damage_once(victim, victim->path, 1000000 * share + i);
	}
}

START_TEST(what_a_run_has_left)
{
	damage_some(result_files, ARRAY_LENGTH(result_files), 20);
}
END_TEST

START_TEST(kernels_and_packages)
{
	damage_some(kernel_files, ARRAY_LENGTH(kernel_files), 10);
}
END_TEST

/* Else the others would find nothing whatever was read. */
START_TEST(what_is_whole_is_taken)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		autofree char *place = format("%s/runs/6.1.9/%s/ipv4", folder, cases[0]);
		autofree char *wrong = try_command(&commands[i], place);

		ck_assert_msg(!wrong, "%s", wrong);
	}
}
END_TEST

/* Of a build with sanitizers: what they themselves keep is no memory of the program's. */
static void bound_sanitizers(void)
{
	const char *given = getenv("ASAN_OPTIONS");
	autofree char *more = format("%s%squarantine_size_mb=16:malloc_context_size=8",
				     given ? given : "", given ? ":" : "");

	setenv("ASAN_OPTIONS", more, 1);
}

/* QEMU would boot it, and its own unpacker would stop without a word. */
START_TEST(a_kernel_that_is_packed_badly_is_refused)
{
	const char *words[] = { RUN_IN("./xzImage"), NULL };
	autobytes struct bytes elf = tiny_vmlinux(XEN_PHYS32_ENTRY);
	autobytes struct bytes image = tiny_bzimage(&elf, archive_write_add_filter_xz);

	put("xzImage", image.data, image.size);
	struct end whole = run(words);
	ck_assert_ptr_nonnull(strstr(whole.err, "no machine today"));
	image.data[(TINY_HEAD + image.size) / 2] ^= 4;
	put("xzImage", image.data, image.size);
	struct end damaged = run(words);
	ck_assert_msg(strstr(damaged.err, "is damaged"), "%s", damaged.err);
	free(whole.out);
	free(whole.err);
	free(damaged.out);
	free(damaged.err);
}
END_TEST

static void prepare(void)
{
	autofree char *path = NULL, *cache = NULL;

	bound_sanitizers();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (size_t i = 0; i < ARRAY_LENGTH(kernels); i++)
		put_run(kernels[i]);
	put_kernels();
	path = format("%s/bin:%s", folder, getenv("PATH"));
	cache = in_folder("cache");
	setenv("PATH", path, 1);
	setenv("HALFOPEN_CACHE", cache, 1);
}

static void tidy_up(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const char *build = getenv("top_builddir");
	autofree char *built = format("%s/halfopen", build ? build : ".");
	Suite *suite = suite_create("damage");
	TCase *tcase = tcase_create("damage");

	program = realpath(built, NULL);
	sources = getenv("top_srcdir") ? getenv("top_srcdir") : ".";
	tcase_add_unchecked_fixture(tcase, prepare, tidy_up);
	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, what_is_whole_is_taken);
	tcase_add_test(tcase, a_kernel_that_is_packed_badly_is_refused);
	tcase_add_test(tcase, what_a_case_has_left);
	tcase_add_test(tcase, what_a_run_has_left);
	tcase_add_test(tcase, kernels_and_packages);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
