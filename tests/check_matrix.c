/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_matrix: what is told of the runs of many kernels, from made-up runs of the fake cases of
 * fake_cases.c: that a cell says what its run showed and no more, that neighbours and recorded
 * variants are compared, and that two texts are aligned.
 */
#include "runner/cli/cli.h"
#include "runner/pages/pages.h"
#include "suites/suites.h"
#include "tests/suite.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <string.h>
#include <sys/stat.h>

/* ---- made-up runs -------------------------------------------------------------------------- */

/* One result; what is not said is that of an ordinary pass. */
struct made_up {
	const char *name;   /* of the case; NULL ends a list */
	const char *family; /* "ipv4" */
	const char *status, *variant, *reason, *ladder;
};

#define PASSES(...)                                                                                \
	{                                                                                          \
		.family = "ipv4", .status = "passed", .ladder = "SYN\nSYN-ACK\nACK\n", __VA_ARGS__ \
	}

/* it_passes and it_passes_after_a_timer answer F-01, as does it_needs_a_program. */
#define TIMER      "it_passes_after_a_timer"
#define TIMER_IPV4 "it_passes_after_a_timer/ipv4"

static char folder[32]; /* of the matrix; each test is a process of its own */
static struct catalogue catalogue;

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "check_matrix.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
	autofree char *command = format("rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0); // NOLINT: a name of our own making
}

static char *file_of(const char *kernel, const char *name)
{
	return format("%s/%s/%s", folder, kernel, name);
}

static void make_parents(char *path)
{
	for (char *end = strchr(path, '/'); end; end = strchr(end + 1, '/')) {
		*end = '\0';
		ck_assert(mkdir(path, 0777) == 0 || errno == EEXIST);
		*end = '/';
	}
}

static void write_file(char *path, const char *text)
{
	make_parents(path);
	ck_assert_msg(whole_store(path, text, strlen(text)), "%s: %s", path, strerror(errno));
}

static void write_json(const char *kernel, const char *name, json_t *value)
{
	autofree char *path = file_of(kernel, name);
	autofree char *text = json_dumps(value, JSON_INDENT(1));
	write_file(path, text);
	json_decref(value);
}

static json_t *read_json(const char *kernel, const char *name)
{
	autofree char *path = file_of(kernel, name);
	json_t *value = json_load_file(path, 0, NULL);
	ck_assert_msg(value != NULL, "%s cannot be read", path);
	return value;
}

static json_t *result_json(const struct made_up *made_up)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "case", made_up->name, "family",
			 made_up->family, "status", made_up->status, "variant",
			 json_text(made_up->variant), "reason", json_text(made_up->reason));
}

/* The artifacts of a run. */
static void make_run(const char *kernel, const struct made_up *results)
{
	json_t *array = json_array();
	for (; results->name; results++) {
		json_array_append_new(array, result_json(results));
		autofree char *verdict =
			format("%s/%s/verdict.json", results->name, results->family);
		write_json(kernel, verdict, result_json(results));
		autofree char *ladder = format("%s/%s/%s/%s/ladder.txt", folder, kernel,
					       results->name, results->family);
		if (results->ladder)
			write_file(ladder, results->ladder);
	}
	write_json(kernel, "results.json",
		   json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:o}", "halfopen", "0",
			     "format", ARTIFACTS_FORMAT, "kernel", kernel, "started",
			     "2026-01-01T00:00:00Z", "lane", "vm", "clock", "virtual", "wire",
			     "delay 1ms", "repeat", 1, "complete", true, "results", array));
}

/* A run in which all of F-01 passed, over both families. */
static void make_good_run(const char *kernel, const char *variant)
{
	const struct made_up results[] = {
		PASSES(.name = "it_passes"),
		PASSES(.name = "it_passes", .family = "ipv6"),
		PASSES(.name = TIMER, .variant = variant),
		PASSES(.name = TIMER, .family = "ipv6", .variant = variant),
		{ "it_needs_a_program", "ipv4", "skipped", .reason = "needs a program" },
		{ "it_needs_a_program", "ipv6", "skipped", .reason = "needs a program" },
		{ 0 },
	};
	make_run(kernel, results);
}

/* ---- the command, and what it said --------------------------------------------------------- */

static char *said, *complained;

static char *output_of(const char *name)
{
	autofree char *path = format("%s.%s", folder, name);
	autofile FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	if (!file || getdelim(&text, &room, '\0', file) < 0) {
		free(text);
		text = format("%s", "");
	}
	unlink(path);
	return text;
}

static void send_to(const char *name, FILE *stream)
{
	autofree char *path = format("%s.%s", folder, name);
	ck_assert_ptr_nonnull(freopen(path, "we", stream));
}

/* The exit status of halfopen with these words and --artifacts; fills said and complained. */
static int halfopen(const char *const *words)
{
	char *arguments[16] = { "halfopen" };
	int count = 1;
	for (; *words; words++)
		arguments[count++] = (char *)*words;
	arguments[count++] = "--artifacts";
	arguments[count++] = folder;

	fflush(stdout);
	send_to("out", stdout);
	send_to("err", stderr);
	int status = halfopen_main(&catalogue, count, arguments);
	fflush(NULL);
	free(said);
	free(complained);
	said = output_of("out");
	complained = output_of("err");
	return status;
}

#define HALFOPEN(...) halfopen((const char *const[]){ __VA_ARGS__, NULL })

static void ck_says(const char *text)
{
	ck_assert_msg(strstr(said, text) != NULL, "no '%s' in:\n%s", text, said);
}

static void ck_says_not(const char *text)
{
	ck_assert_msg(strstr(said, text) == NULL, "'%s' in:\n%s", text, said);
}

static void ck_complains(const char *text)
{
	ck_assert_msg(strstr(complained, text) != NULL, "no '%s' in:\n%s", text, complained);
	size_t length = strlen(complained);
	ck_assert_msg(strchr(complained, '\n') == complained + length - 1, "one line, not:\n%s",
		      complained);
}

static json_t *find_by(const json_t *array, const char *key, const char *value)
{
	size_t index;
	json_t *each;
	json_array_foreach (array, index, each)
		if (strcmp(json_string_value(json_object_get(each, key)), value) == 0)
			return each;
	ck_abort_msg("nothing has %s %s", key, value);
	return NULL;
}

/* "shown", "failed", ... of the claim's cell. */
static char *claim_status_of(const char *claim, const char *kernel)
{
	json_auto_t *matrix = read_json(".", "matrix.json");
	const json_t *row = find_by(json_object_get(matrix, "claims"), "id", claim);
	return member_text(find_by(json_object_get(row, "cells"), "kernel", kernel), "status");
}

static void ck_claim(const char *claim, const char *kernel, const char *wanted)
{
	autofree char *status = claim_status_of(claim, kernel);
	ck_assert_msg(strcmp(status, wanted) == 0, "%s on %s is %s, not %s", claim, kernel, status,
		      wanted);
}

/* No claim and no case of the kernel is anything but an error. */
static void ck_all_errors(const char *kernel)
{
	static const char *const tables[] = { "claims", "cases" };
	json_auto_t *matrix = read_json(".", "matrix.json");
	for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
		size_t index;
		json_t *row;
		ck_assert_uint_gt(json_array_size(json_object_get(matrix, tables[i])), 0);
		json_array_foreach (json_object_get(matrix, tables[i]), index, row) {
			autofree char *status = member_text(
				find_by(json_object_get(row, "cells"), "kernel", kernel), "status");
			ck_assert_str_eq(status, "error");
		}
	}
}

/* ---- two texts ----------------------------------------------------------------------------- */

/* "=a" a common line, "a|b" two that differ, "a<" and ">b" one alone. */
static char *drawn(const char *left, const char *right)
{
	struct comparison comparison = compare_texts(left, right);
	struct text text = { 0 };
	for (size_t i = 0; i < comparison.count; i++) {
		const struct line_pair *pair = &comparison.pairs[i];
		const char *sign = pair->same ? "=" : !pair->left ? ">" : pair->right ? "|" : "<";
		text_add(&text, "%s%s%s%s", i ? " " : "",
			 pair->same || !pair->left ? "" : pair->left, sign,
			 pair->right ? pair->right : "");
	}
	comparison_free(&comparison);
	return text_take(&text);
}

START_TEST(lines_are_aligned_by_what_is_common)
{
	static const struct {
		const char *left, *right, *drawn;
	} wanted[] = {
		{ "", "", "" },
		{ "a\nb\n", "a\nb\n", "=a =b" },
		{ "a\nb", "a\nb\n", "=a =b" },
		{ "", "a\n", ">a" },
		{ "a\n", "", "a<" },
		{ "a\n", "b\n", "a|b" },
		{ "a\nx\nc\n", "a\ny\nz\nc\n", "=a x|y >z =c" },
		{ "1\n3\n7\n", "1\n2\n3\n4\n7\n", "=1 >2 =3 >4 =7" },
		{ "a\nb\nc\nd\n", "b\nc\n", "a< =b =c d<" },
		{ "a\n\nb\n", "a\n\n\nb\n", "=a = > =b" },
	};
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		autofree char *got = drawn(wanted[i].left, wanted[i].right);
		ck_assert_str_eq(got, wanted[i].drawn);
	}
}
END_TEST

/* As the definition says, and slowly. */
static size_t longest_common(const char *left, const char *right)
{
	if (!*left || !*right)
		return 0;
	if (*left == *right)
		return 1 + longest_common(left + 1, right + 1);
	size_t without_left = longest_common(left + 1, right);
	size_t without_right = longest_common(left, right + 1);
	return without_left > without_right ? without_left : without_right;
}

/* Up to eight letters, and the same as lines. */
static void random_text(unsigned *state, char *letters, char *lines)
{
	size_t length = (*state >> 16) % 9;
	for (size_t i = 0; i < length; i++) {
		*state = *state * 1103515245 + 12345;
		letters[i] = (char)('a' + (*state >> 16) % 3);
		lines[2 * i] = letters[i];
		lines[2 * i + 1] = '\n';
	}
	letters[length] = lines[2 * length] = '\0';
	*state = *state * 1103515245 + 12345;
}

START_TEST(random_lines_keep_their_order_and_share_as_many_as_can_be)
{
	unsigned state = 1;
	for (int round = 0; round < 3000; round++) {
		char left[9] = "", right[9] = "", left_lines[18] = "", right_lines[18] = "";
		random_text(&state, left, left_lines);
		random_text(&state, right, right_lines);
		struct comparison comparison = compare_texts(left_lines, right_lines);
		size_t lefts = 0, rights = 0, same = 0;
		for (size_t i = 0; i < comparison.count; i++) {
			const struct line_pair *pair = &comparison.pairs[i];
			ck_assert(!pair->left || pair->left[0] == left[lefts++]);
			ck_assert(!pair->right || pair->right[0] == right[rights++]);
			if (pair->same)
				ck_assert_str_eq(pair->left, pair->right);
			same += pair->same;
		}
		ck_assert_uint_eq(lefts, strlen(left));
		ck_assert_uint_eq(rights, strlen(right));
		ck_assert_uint_eq(same, longest_common(left, right));
		ck_assert_uint_eq(same + comparison.different, comparison.count);
		comparison_free(&comparison);
	}
}
END_TEST

/* ---- cells --------------------------------------------------------------------------------- */

START_TEST(a_claim_is_worth_what_its_cases_showed)
{
	const struct made_up plain[] = {
		PASSES(.name = "it_passes"),
		PASSES(.name = "it_passes", .family = "ipv6"),
		PASSES(.name = "it_fails"),
		PASSES(.name = "it_fails", .family = "ipv6"),
		{ "it_is_skipped", "ipv4", "skipped", .reason = "no sysctl" },
		{ "it_is_skipped", "ipv6", "skipped", .reason = "no sysctl" },
		{ "it_needs_a_program", "ipv4", "skipped", .reason = "no program" },
		{ "it_needs_a_program", "ipv6", "skipped", .reason = "no program" },
		{ "it_breaks_down", "ipv4", "error", .reason = "lost 3 packets" },
		PASSES(.name = "it_breaks_down", .family = "ipv6"),
		{ 0 },
	};
	struct made_up failed[ARRAY_LENGTH(plain)];
	memcpy(failed, plain, sizeof(plain));
	failed[3].status = "failed";
	failed[3].reason = "RST came twice";

	make_folder();
	make_run("5.10.1", plain);
	make_run("5.10.2", failed);
	make_good_run("6.12.1", "linear");
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), 99);
	ck_claim("F-01", "5.10.1", "not run"); /* one of its cases is missing */
	ck_claim("F-01", "6.12.1", "shown");
	ck_claim("F-02", "5.10.1", "shown");
	ck_claim("F-02", "5.10.2", "failed");
	ck_claim("F-03", "5.10.1", "shown");
	ck_claim("F-04", "5.10.1", "skipped");
	ck_claim("F-05", "5.10.1", "error");
	ck_claim("F-06", "5.10.1", "not run");
	ck_says("F-01 It passes.");
	ck_says(" not run   not run   variant 1\n"); /* F-01 */
	ck_says(" refined   failed    not run\n");   /* F-02 */
	ck_says(" refuted   failed    not run\n");   /* F-03 */
	ck_says(" skipped   skipped   not run\n");   /* F-04 */
	ck_says(" error     error     not run\n");   /* F-05 */
	ck_says(" argued    argued    argued\n");    /* F-06 */
	ck_says("\n   1  linear\n");
	ck_says("\n  5.10.2: it_fails/ipv6: RST came twice\n");
	ck_says("\n  5.10.1: it_breaks_down/ipv4: lost 3 packets\n");
	remove_folder();
}
END_TEST

START_TEST(a_failure_alone_is_exit_status_1)
{
	const struct made_up results[] = {
		PASSES(.name = "it_fails"),
		PASSES(.name = "it_fails", .family = "ipv6", .status = "failed"),
		{ 0 },
	};
	make_folder();
	make_run("6.1.1", results);
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "it_fails/ipv4"), 0);
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "it_fails"), 1);
	remove_folder();
}
END_TEST

START_TEST(patterns_choose_cases_and_claims)
{
	make_folder();
	make_good_run("6.12.1", "linear");
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "F-01"), 0);
	ck_says("\nF-01 ");
	ck_says_not("\nF-02 ");
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", TIMER_IPV4), 0); /* it answers F-01 only */
	ck_says("\nF-01 ");
	ck_says_not("\nF-02 ");
	json_auto_t *matrix = read_json(".", "matrix.json");
	ck_assert_uint_eq(json_array_size(json_object_get(matrix, "cases")), 1);
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "it_pases"), 2);
	ck_complains("nearest: it_passes");
	remove_folder();
}
END_TEST

START_TEST(columns_come_by_version_or_as_they_are_asked_for)
{
	make_folder();
	make_good_run("6.12.1", "linear");
	make_good_run("host", "linear");
	make_good_run("5.10.9", "linear");
	make_good_run("5.9.10", "linear");
	make_good_run("6.1.100", "exponential");
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "F-01"), 0);
	ck_says(" 5.9.10    5.10.9    6.1.100   6.12.1    host\n");
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "--kernels", "host,6.1", "F-01"), 0);
	ck_says(" host      6.1.100\n");
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "--kernels", "6.2"), 2);
	ck_complains("no kernel '6.2'; there are: 5.9.10, 5.10.9, 6.1.100, 6.12.1, host");
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "--kernels", "6.1,,host"), 2);
	ck_complains("comma separated");
	remove_folder();
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), 2);
	ck_complains("No such file or directory");
}
END_TEST

/* ---- runs and results that do not count ---------------------------------------------------- */

/* What makes a run worthless, and how it is told. */
struct spoiled {
	const char *how;   /* a member of results.json, or "results": one more of those */
	const char *value; /* JSON */
	const char *told;
};

START_TEST(a_run_that_is_not_whole_is_an_error_as_a_whole)
{
	static const struct spoiled ways[] = {
		{ "complete", "false", "did not finish" },
		{ "complete", "null", "did not finish" },
		{ "repeat", "2", "without --repeat" },
		{ "halfopen", "null", "not from halfopen" },
		{ "kernel", "null", "not from halfopen" },
		{ "format", "null", "another version of halfopen" },
		{ "format", "9", "another version of halfopen" },
		{ "results", "null", "no array 'results'" },
		{ "results", "{\"case\": \"it_passes\", \"family\": \"ipv4\"}", "lacks" },
		{ "old", "3", "'old' is no array" },
		{ "old", "[{}]", "lacks" },
		{ "old",
		  "[{\"case\": \"it_fails\", \"family\": \"ipv4\", \"status\": \"failed\", "
		  "\"kernel\": \"4.0\"}]",
		  "of the kernels 6.13.1 and 4.0; run it again in one" },
		{ "old", "[{\"case\": \"it_fails\", \"family\": \"ipv4\", \"status\": \"failed\"}]",
		  "of another build of halfopen or of the kernel, as of it_fails/ipv4" },
		{ "results",
		  "{\"case\": \"it_passes\", \"family\": \"ipv4\", \"status\": \"passed\"}",
		  "it_passes/ipv4 is there twice" },
		{ "results",
		  "{\"case\": \"it_passed\", \"family\": \"ipv4\", \"status\": \"passed\"}",
		  "it_passed/ipv4 is no case" },
		{ "results",
		  "{\"case\": \"it_passes_over_ipv4\", \"family\": \"ipv6\", \"status\": "
		  "\"skipped\"}",
		  "it_passes_over_ipv4/ipv6 is no case" },
		{ "results",
		  "{\"case\": \"it_fails\", \"family\": \"ipv4\", \"status\": \"skipped\", "
		  "\"kernel\": \"6.13\"}",
		  "kernels" },
	};
	make_folder();
	make_good_run("6.12.1", "linear");
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		make_good_run("6.13.1", "linear");
		json_t *run = read_json("6.13.1", "results.json");
		json_t *value = json_loads(ways[i].value, JSON_DECODE_ANY, NULL);
		json_t *results = json_object_get(run, "results");
		json_object_set_new(json_array_get(results, 0), "kernel", json_string("6.13.1"));
		if (json_is_object(value))
			json_array_append_new(results, value);
		else
			json_object_set_new(run, ways[i].how, value);
		write_json("6.13.1", "results.json", run);
		ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), 99);
		ck_says(ways[i].told);
		ck_all_errors("6.13.1");
		ck_claim("F-01", "6.12.1", "shown");
		ck_assert_int_eq(HALFOPEN("diff", "it_passes", "6.12", "6.13"), 99);
	}
	remove_folder();
}
END_TEST

START_TEST(no_part_of_a_run_is_taken_for_one)
{
	make_folder();
	make_good_run("6.12.1", "linear");
	autofree char *path = file_of("6.12.1", "results.json");
	char *why = NULL;
	autofree char *text = text_load(path, &why);
	ck_assert_ptr_nonnull(text);
	/* Every seventh length: each would take its time. */
	for (size_t length = strlen(text) - 1; length > 7; length -= 7) {
		text[length] = '\0';
		ck_assert(whole_store(path, text, strlen(text)));
		struct column column = column_read(&catalogue, folder, "6.12.1");
		ck_assert_ptr_nonnull(column.error);
		column_free(&column);
	}
	unlink(path);
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), 99);
	ck_says("results.json: No such file");
	ck_all_errors("6.12.1");
	remove_folder();
}
END_TEST

START_TEST(a_run_that_could_not_be_made_is_told_and_its_folder_is_not_read)
{
	static const struct matrix_column column = { .name = "6.12.1", .error = "no QEMU here" };
	make_folder();
	const struct options options = { .catalogue = &catalogue, .artifacts = folder };
	make_good_run("6.12.1", "linear"); /* of an earlier time */
	send_to("out", stdout);
	ck_assert_int_eq(matrix_report(&options, &column, 1), 99);
	fflush(stdout);
	said = output_of("out");
	ck_says("\n  6.12.1: no QEMU here\n");
	ck_all_errors("6.12.1");
	remove_folder();
}
END_TEST

/* it_passes/ipv4 is an error that names @told, and nothing else is. */
static void ck_one_error(const char *told)
{
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "F-01"), 99);
	ck_says(told);
	ck_claim("F-01", "6.12.1", "error");
	json_auto_t *matrix = read_json(".", "matrix.json");
	size_t index;
	json_t *entry;
	json_array_foreach (json_object_get(matrix, "cases"), index, entry) {
		const json_t *cell = json_array_get(json_object_get(entry, "cells"), 0);
		autofree char *name = member_text(entry, "case");
		autofree char *family = member_text(entry, "family");
		autofree char *status = member_text(cell, "status");
		bool spoiled = strcmp(name, "it_passes") == 0 && strcmp(family, "ipv4") == 0;
		ck_assert_int_eq(strcmp(status, "error") == 0, spoiled);
	}
}

START_TEST(a_result_that_its_files_do_not_bear_out_is_an_error)
{
	static const char *const keys[] = { "case", "family", "status", "variant" };
	make_folder();
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		make_good_run("6.12.1", "linear");
		json_t *verdict = read_json("6.12.1", "it_passes/ipv4/verdict.json");
		json_object_set_new(verdict, keys[i], json_string("another"));
		write_json("6.12.1", "it_passes/ipv4/verdict.json", verdict);
		autofree char *told = format("it has another %s than results.json", keys[i]);
		ck_one_error(told);
	}
	autofree char *ladder = file_of("6.12.1", "it_passes/ipv4/ladder.txt");
	make_good_run("6.12.1", "linear");
	write_file(ladder, "");
	ck_one_error("ladder.txt is empty");
	write_file(ladder, "SYN \xff\n");
	ck_one_error("bytes that are no text");
	unlink(ladder);
	ck_one_error("ladder.txt: No such file");
	autofree char *verdict = file_of("6.12.1", "it_passes/ipv4/verdict.json");
	make_good_run("6.12.1", "linear");
	unlink(verdict);
	ck_one_error("verdict.json");
	remove_folder();
}
END_TEST

/* ---- neighbours ---------------------------------------------------------------------------- */

static json_t *differences(void)
{
	json_auto_t *matrix = read_json(".", "matrix.json");
	return json_incref(json_object_get(matrix, "differences"));
}

START_TEST(what_differs_from_the_left_neighbour_is_told)
{
	const struct made_up other[] = {
		PASSES(.name = "it_passes", .ladder = "SYN\nRST\n"),
		PASSES(.name = "it_passes", .family = "ipv6", .ladder = "SYN\nRST\n"),
		PASSES(.name = TIMER, .variant = "exponential"),
		PASSES(.name = TIMER, .family = "ipv6", .variant = "linear", .status = "failed"),
		{ 0 },
	};
	make_folder();
	make_good_run("6.12.1", "linear");
	make_good_run("6.13.1", "linear");
	make_run("6.14.1", other);
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "it_passes", TIMER), 1);
	json_auto_t *all = differences();
	ck_assert_uint_eq(json_array_size(all), 4);
	autofree char *first = json_dumps(json_array_get(all, 0), JSON_COMPACT);
	ck_assert_str_eq(first, "{\"case\":\"it_passes\",\"family\":\"ipv4\",\"left\":\"6.13.1\","
				"\"right\":\"6.14.1\",\"what\":[\"ladder\"]}");
	/* Both families in the same way: one line. */
	ck_says("\n  ladder: halfopen diff it_passes 6.13.1 6.14.1 --artifacts");
	ck_says("\n  variant: halfopen diff " TIMER_IPV4 " 6.13.1 6.14.1");
	ck_says("\n  status: halfopen diff " TIMER "/ipv6 6.13.1 6.14.1");
	ck_says_not("6.12.1 6.13.1 --");
	remove_folder();
}
END_TEST

START_TEST(an_error_is_nobodys_neighbour)
{
	make_folder();
	make_good_run("6.12.1", "linear");
	make_good_run("6.13.1", "linear");
	make_good_run("6.14.1", "linear");
	autofree char *path = file_of("6.13.1", "results.json");
	autofree char *ladder = file_of("6.14.1", "it_passes/ipv4/ladder.txt");
	write_file(path, "{");
	write_file(ladder, "SYN\n");
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), 99);
	json_auto_t *all = differences();
	ck_assert_uint_eq(json_array_size(all), 1);
	ck_says("\n  ladder: halfopen diff it_passes/ipv4 6.12.1 6.14.1");

	make_good_run("6.13.1", "linear");
	write_file(path, "{");
	unlink(ladder); /* of one entry alone */
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), 99);
	json_auto_t *none = differences();
	ck_assert_uint_eq(json_array_size(none), 0);
	remove_folder();
}
END_TEST

/* ---- recorded variants --------------------------------------------------------------------- */

/* fake_cases.c records: exponential on 6.1, linear on 6.12, none on 7.2. */
START_TEST(a_recorded_variant_that_changes_is_told_in_every_direction)
{
	static const struct {
		const char *kernel, *variant, *told;
	} wanted[] = {
		{ "6.1.7", "exponential", NULL },
		{ "6.1.7", "linear", "linear instead of exponential" },
		{ "6.1", "linear", "linear instead of exponential" },
		{ "6.1.7", NULL, "no variant instead of exponential" },
		{ "6.12.7", "linear", NULL },
		{ "6.12.7", "exponential", "exponential instead of linear" },
		{ "7.2.7", NULL, NULL },
		{ "7.2.7", "linear", "linear instead of none" },
		{ "6.2.7", "linear", "linear instead of exponential" },
		{ "5.10.7", "linear", NULL },
		{ "host", "linear", NULL },
		{ "6.1.7-mine", "linear", NULL },
	};
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		make_folder();
		make_good_run(wanted[i].kernel, wanted[i].variant);
		ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), wanted[i].told ? 1 : 0);
		json_auto_t *matrix = read_json(".", "matrix.json");
		size_t changes = json_array_size(json_object_get(matrix, "changes"));
		ck_assert_uint_eq(changes, wanted[i].told ? 2 : 0);
		autofree char *line = format("\n  %s: " TIMER_IPV4 ": %s\n", wanted[i].kernel,
					     wanted[i].told ? wanted[i].told : "");
		if (wanted[i].told)
			ck_says(line);
		else
			ck_says_not("changed");
		remove_folder();
	}
}
END_TEST

START_TEST(a_run_fails_for_an_older_variant_than_is_recorded_and_for_no_newer_one)
{
	static const struct {
		const char *version, *variant, *told;
	} wanted[] = {
		{ "6.12.7", "exponential",
		  "this kernel shows 'exponential'; Linux has shown 'linear' since 6.12, and this "
		  "is 6.12.7" },
		{ "6.18.0-rc3+", "exponential",
		  "this kernel shows 'exponential'; Linux has shown 'linear' since 6.12, and this "
		  "is 6.18.0-rc3+" },
		{ "6.12.7", "linear", NULL },
		{ "6.1.7", "exponential", NULL },
		{ "6.1.7", "linear", NULL },
		{ "5.10.7", "exponential", NULL },
		{ "6.12.7", "unheard-of", NULL },
		{ "6.12.7", NULL, NULL },
		{ "7.2.7", "exponential", NULL },
		{ "next", "exponential", NULL },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		autofree char *lost = variant_lost(
			&catalogue, (struct seen_variant){ .case_name = "it_passes_after_a_timer",
							   .version = wanted[i].version,
							   .variant = wanted[i].variant });
		ck_assert_pstr_eq(lost, wanted[i].told);
	}
}
END_TEST

START_TEST(only_a_pass_shows_a_variant)
{
	struct made_up results[] = {
		{ TIMER, "ipv4", "failed", "linear", "no", "SYN\n" },
		{ TIMER, "ipv6", "skipped", .reason = "no" },
		{ 0 },
	};
	make_folder();
	make_run("6.1.7", results);
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run", TIMER), 1); /* for the failure */
	ck_says_not("changed");
	remove_folder();
}
END_TEST

/* ---- what is written ----------------------------------------------------------------------- */

static char *page(void)
{
	autofree char *path = file_of(".", "matrix.html");
	char *why = NULL;
	char *text = text_load(path, &why);
	ck_assert_msg(text != NULL, "%s", why);
	return text;
}

START_TEST(the_same_runs_give_the_same_bytes)
{
	static const char *const names[] = { "matrix.html", "matrix.json" };
	make_folder();
	make_good_run("6.12.1", "linear");
	make_good_run("6.1.1", "linear");
	char *before[2], *why = NULL;
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), 1);
		for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
			autofree char *path = file_of(".", names[i]);
			char *text = text_load(path, &why);
			if (round > 0) {
				ck_assert_str_eq(text, before[i]);
				free(before[i]);
				free(text);
			} else {
				before[i] = text;
			}
		}
	}
	remove_folder();
}
END_TEST

static size_t nodes(xmlXPathContextPtr context, const char *path)
{
	xmlXPathObjectPtr found = xmlXPathEvalExpression(BAD_CAST path, context);
	size_t count = found->nodesetval ? (size_t)found->nodesetval->nodeNr : 0;
	xmlXPathFreeObject(found);
	return count;
}

/* Every link within the page leads to one place. */
static void ck_links(xmlXPathContextPtr context)
{
	xmlXPathObjectPtr links =
		xmlXPathEvalExpression(BAD_CAST "//a[starts-with(@href, '#')]/@href", context);
	ck_assert_int_gt(links->nodesetval->nodeNr, 0);
	for (int i = 0; i < links->nodesetval->nodeNr; i++) {
		xmlChar *href = xmlNodeGetContent(links->nodesetval->nodeTab[i]);
		autofree char *path = format("//*[@id='%s']", (const char *)href + 1);
		ck_assert_msg(nodes(context, path) == 1, "%s leads to %zu places", (char *)href,
			      nodes(context, path));
		xmlFree(href);
	}
	xmlXPathFreeObject(links);
}

START_TEST(the_page_is_well_formed_whatever_a_run_says)
{
	static const char nasty[] = "]]> </pre><script>alert(1)</script> & \" ' \xe2\x89\xa0\n";
	const struct made_up left[] = {
		PASSES(.name = "it_passes", .ladder = nasty),
		PASSES(.name = "it_fails", .status = "failed", .reason = "<b> & ]]> \"'"),
		{ 0 },
	};
	const struct made_up right[] = {
		PASSES(.name = "it_passes", .ladder = "SYN\n", .variant = "<&>"),
		PASSES(.name = "it_fails"),
		{ 0 },
	};
	make_folder();
	make_run("6.12.1", left);
	make_run("a <b> & \" %41:", right);
	make_run("z", left);
	ck_assert_int_eq(HALFOPEN("matrix", "--no-run"), 1);
	autofree char *text = page();
	xmlDocPtr document = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
	ck_assert_ptr_nonnull(document);
	xmlXPathContextPtr context = xmlXPathNewContext(document);
	ck_assert_uint_eq(nodes(context, "//script"), 0);
	ck_assert_uint_eq(nodes(context, "//*[@src] | //link | //a[contains(@href, ':')]"), 0);
	ck_assert_uint_eq(nodes(context, "//th[not(@scope)]"), 0);
	ck_assert_uint_eq(nodes(context, "//details"), 4); /* two cases, two pairs */
	ck_assert_uint_eq(nodes(context, "//td//a[@href = concat('#', //details/div/@id)]"), 1);
	ck_assert_uint_eq(nodes(context, "//details//figure"), 8);
	ck_assert_uint_gt(nodes(context, "//pre/mark[contains(., '</pre><script>')]"), 0);
	ck_assert_uint_eq(nodes(context, "//a[@href='./a%20%3Cb%3E%20%26%20%22%20%2541%3A/"
					 "it_passes/ipv4/ladder.txt']"),
			  1);
	ck_links(context);
	xmlXPathFreeContext(context);
	xmlFreeDoc(document);
	remove_folder();
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error)
{
	static const char *const names[] = { "matrix.html", "matrix.json" };
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		make_folder();
		make_good_run("6.12.1", "linear");
		autofree char *path = format("%s/%s", folder, names[i]);
		ck_assert_int_eq(mkdir(path, 0777), 0); /* in the way */
		ck_assert_int_eq(HALFOPEN("matrix", "--no-run", "--kernels", "6.12"), 99);
		ck_complains(names[i]);
		remove_folder();
	}
}
END_TEST

/* ---- diff ---------------------------------------------------------------------------------- */

static void make_two_runs(void)
{
	const struct made_up other[] = {
		PASSES(.name = "it_passes", .ladder = "SYN\nRST\nACK\nACK\n"),
		PASSES(.name = "it_passes", .family = "ipv6"),
		{ TIMER, "ipv4", "skipped", .reason = "it lacks a timer" },
		{ TIMER, "ipv6", "error", .reason = "lost 3 packets" },
		{ 0 },
	};
	make_folder();
	make_good_run("6.1.100", "exponential");
	make_run("6.12.1", other);
}

/* The line of the output that begins with @left has its other half at the middle. */
static void ck_pair(const char *left, const char *right)
{
	autofree char *line = format("\n%-98s%s\n", left, right);
	ck_says(line);
}

START_TEST(diff_shows_two_ladders_side_by_side)
{
	make_two_runs();
	ck_assert_int_eq(HALFOPEN("diff", "it_passes/ipv4", "6.1", "6.12.1"), 1);
	ck_pair("6.1.100 (6.1.100): passed", "   6.12.1 (6.12.1): passed");
	ck_pair("SYN", "   SYN");
	ck_pair("SYN-ACK", " | RST");
	ck_pair("ACK", "   ACK");
	ck_pair("", " > ACK");
	ck_says_not("ipv6");
	ck_assert_int_eq(HALFOPEN("diff", "it_passes", "6.12", "6.1"), 1);
	ck_pair("ACK", " <");
	ck_says("\nit_passes/ipv6: nothing differs between 6.12.1 and 6.1.100: passed on both\n");
	ck_assert_int_eq(HALFOPEN("diff", TIMER_IPV4, "6.1", "6.12"), 1);
	ck_pair("6.1.100 (6.1.100): passed, exponential",
		"   6.12.1 (6.12.1): skipped: it lacks a timer");
	ck_pair("SYN", " <");
	remove_folder();
}
END_TEST

START_TEST(diff_ends_as_diff_does)
{
	make_two_runs();
	make_good_run("6.12.2", "linear");
	ck_assert_int_eq(HALFOPEN("diff", "it_passes/ipv6", "6.1", "6.12.1"), 0);
	ck_assert_int_eq(HALFOPEN("diff", "it_passes/ipv4", "6.1", "6.12.1"), 1);
	ck_assert_int_eq(HALFOPEN("diff", TIMER_IPV4, "6.1", "6.12.2"), 1); /* the variant */
	ck_assert_int_eq(HALFOPEN("diff", TIMER, "6.1", "6.12.1"), 99);
	ck_complains(TIMER "/ipv6 on 6.12.1 is an error: lost 3 packets");
	ck_assert_int_eq(HALFOPEN("diff", "it_pases", "6.1", "6.12.1"), 2);
	ck_complains("nearest: it_passes");
	ck_assert_int_eq(HALFOPEN("diff", "ends", "6.1", "6.12.1"), 2);
	ck_complains("means several cases");
	ck_assert_int_eq(HALFOPEN("diff", "it_passes", "6.1", "6.2"), 2);
	ck_complains("no kernel '6.2'; there are: 6.1.100, 6.12.1, 6.12.2");
	ck_assert_int_eq(HALFOPEN("diff", "it_passes", "6.1", "6.12"), 2);
	ck_complains("several kernels are meant by '6.12'");
	ck_assert_int_eq(HALFOPEN("diff", "it_passes", "6.1"), 2);
	ck_complains("a case and two kernels");
	ck_assert_int_eq(HALFOPEN("diff", "it_hangs", "6.1", "6.12.1"), 2);
	ck_complains("it_hangs was not run");
	autofree char *path = file_of("6.12.1", "results.json");
	write_file(path, "{");
	ck_assert_int_eq(HALFOPEN("diff", "it_passes", "6.1", "6.12.1"), 99);
	ck_complains("results.json is malformed");
	remove_folder();
}
END_TEST

int main(void)
{
	catalogue = suites_catalogue();
	Suite *suite = suite_create("matrix");
	TCase *tcase = tcase_create("matrix");
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, lines_are_aligned_by_what_is_common);
	tcase_add_test(tcase, random_lines_keep_their_order_and_share_as_many_as_can_be);
	tcase_add_test(tcase, a_claim_is_worth_what_its_cases_showed);
	tcase_add_test(tcase, a_failure_alone_is_exit_status_1);
	tcase_add_test(tcase, patterns_choose_cases_and_claims);
	tcase_add_test(tcase, columns_come_by_version_or_as_they_are_asked_for);
	tcase_add_test(tcase, a_run_that_is_not_whole_is_an_error_as_a_whole);
	tcase_add_test(tcase, no_part_of_a_run_is_taken_for_one);
	tcase_add_test(tcase, a_run_that_could_not_be_made_is_told_and_its_folder_is_not_read);
	tcase_add_test(tcase, a_result_that_its_files_do_not_bear_out_is_an_error);
	tcase_add_test(tcase, what_differs_from_the_left_neighbour_is_told);
	tcase_add_test(tcase, an_error_is_nobodys_neighbour);
	tcase_add_test(tcase, a_recorded_variant_that_changes_is_told_in_every_direction);
	tcase_add_test(tcase,
		       a_run_fails_for_an_older_variant_than_is_recorded_and_for_no_newer_one);
	tcase_add_test(tcase, only_a_pass_shows_a_variant);
	tcase_add_test(tcase, the_same_runs_give_the_same_bytes);
	tcase_add_test(tcase, the_page_is_well_formed_whatever_a_run_says);
	tcase_add_test(tcase, what_cannot_be_written_is_an_error);
	tcase_add_test(tcase, diff_shows_two_ladders_side_by_side);
	tcase_add_test(tcase, diff_ends_as_diff_does);

	return suite_run(suite);
}
