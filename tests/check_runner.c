/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_runner: the runner's parts that need no process: which names a pattern means, and that no
 * text of a case and no half-written file can make a pass of what was none. The cases are the
 * fakes of fake_cases.c.
 */
#include "runner/play/internal.h" /* verdicts without a worker */
#include "runner/tell/tell.h"
#include "suites/suites.h"

#include "base/xml.h"
#include "tests/suite.h"

#include <libxml/parser.h>
#include <string.h>
#include <sys/stat.h>

static char folder[32];
static struct catalogue catalogue;

/* A run of what the pattern means. */
static struct run_options options_of(char *const *pattern, unsigned repeat)
{
	return (struct run_options){ .catalogue = &catalogue,
				     .patterns = { .words = pattern, .count = 1 },
				     .kernel = "host",
				     .repeat = repeat,
				     .timeout_multiplier = 1 };
}

/* Files of a test, in the build tree where make check runs. */
static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "check_runner.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	/* What complain() says is not looked at here. */
	ck_assert_ptr_nonnull(freopen("/dev/null", "we", stderr));
}

static void remove_folder(void)
{
	autofree char *command = format("rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0); // NOLINT: a name of our own making
}

/* ---- patterns ------------------------------------------------------------------------------ */

static size_t planned(char *pattern, unsigned repeat)
{
	struct run_options options = options_of(&pattern, repeat);
	struct plan plan;
	size_t count = plan_make(&plan, &options) ? plan.count : 0;
	plan_free(&plan);
	return count;
}

START_TEST(patterns_name_cases_ids_topics_claims_and_behaviours)
{
	static const struct {
		char *pattern;
		size_t entries;
	} wanted[] = {
		{ "it_passes", 2 },       /* the name itself, not those that begin with it */
		{ "it_passes*", 5 },      /* a glob */
		{ "passes_after", 2 },    /* a part */
		{ "it_passes/ipv6", 1 },  /* an id */
		{ "it_passes*/ipv6", 2 }, /* a glob of ids */
		{ "SKIPS", 4 },           /* a topic, in any case */
		{ "F-03", 2 },            /* a claim */
		{ "f-0[23]", 4 },         /* a glob of claims */
		{ "B-01", 4 },            /* a behaviour */
		{ "b-1*", 2 },            /* a glob of behaviours */
		{ "B-02", 0 },            /* nobody covers it */
		{ "it_passes_over_ipv6", 0 },
	};
	make_folder();
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++)
		ck_assert_msg(planned(wanted[i].pattern, 1) == wanted[i].entries,
			      "%s means %zu entries, not %zu", wanted[i].pattern,
			      planned(wanted[i].pattern, 1), wanted[i].entries);
	ck_assert_uint_eq(planned("it_passes", 7), 14);
	remove_folder();
}
END_TEST

START_TEST(the_nearest_names_come_in_order)
{
	struct nearest nearest = { .typed = "acept_queue" };
	nearest_offer(&nearest, "nothing_like_that_at_all");
	nearest_offer(&nearest, "an_accept_queue_that_is_full");
	nearest_offer(&nearest, "accept_queue");
	nearest_offer(&nearest, "accept_queue");
	nearest_offer(&nearest, "accep_quue_that_is_long");
	autofree char *text = nearest_text(&nearest);
	ck_assert_str_eq(text, "; nearest: accept_queue, an_accept_queue_that_is_full, "
			       "accep_quue_that_is_long");
}
END_TEST

/* ---- text ---------------------------------------------------------------------------------- */

START_TEST(clean_text_is_what_json_and_xml_carry)
{
	static const struct {
		const char *text, *clean;
	} wanted[] = {
		{ "plain\ttext\n", "plain\ttext\n" },
		{ "caf\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x90\xa7",
		  "caf\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x90\xa7" },
		{ "\x1b[31mred\x01", "?[31mred?" },
		{ "half \xc3", "half ?" },
		{ "half \xe2\x86", "half ??" },
		{ "long slash \xc0\xaf", "long slash ??" },
		{ "surrogate \xed\xa0\x80", "surrogate ???" },
		{ "no character \xef\xbf\xbf", "no character ???" },
		{ "\xff\xfe", "??" },
	};
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		autofree char *clean = text_clean(wanted[i].text);
		ck_assert_str_eq(clean, wanted[i].clean);
	}
}
END_TEST

START_TEST(random_bytes_become_text)
{
	unsigned state = 1;
	for (int round = 0; round < 2000; round++) {
		char bytes[64] = "";
		for (size_t i = 0; i + 1 < sizeof(bytes); i++) {
			state = state * 1103515245 + 12345;
			bytes[i] = (char)(state >> 16);
		}
		json_auto_t *value = json_text(bytes);
		ck_assert(json_is_string(value));
	}
}
END_TEST

START_TEST(durations_read_well)
{
	static const struct {
		double span;
		const char *text;
	} wanted[] = {
		{ 0, "0.0 s" }, { 12.34, "12.3 s" }, { 190, "3 min 10 s" }, { 3720, "1 h 2 min" }
	};
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		autofree char *text = text_duration(wanted[i].span);
		ck_assert_str_eq(text, wanted[i].text);
	}
}
END_TEST

/* ---- verdicts and results ------------------------------------------------------------------ */

/* A run of the one case "it_passes" over one family, with its folder. */
static void begin_run(struct run *run)
{
	static char *pattern = "it_passes/ipv4";
	static struct run_options options;

	options = options_of(&pattern, 1);
	make_folder();
	*run = (struct run){ .options = &options, .lock = -1, .artifacts = realpath(folder, NULL) };
	run->host = (struct lane){ .count = 1, .release = format("a test"), .clock = "real" };
	ck_assert_ptr_nonnull(run->artifacts);
	ck_assert(plan_make(&run->plan, &options));
	ck_assert_uint_eq(run->plan.count, 1);
	ck_assert_ptr_null(folder_prepare(run, run->plan.entries));
}

static void end_run(struct run *run)
{
	run_free(run);
	remove_folder();
}

static char *read_whole(const char *path, size_t *length)
{
	autofile FILE *file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	char *text = must_alloc(10000, 1);
	*length = fread(text, 1, 9999, file);
	return text;
}

static void write_part(const char *path, const char *text, size_t length)
{
	autofile FILE *file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, length, file), length);
}

START_TEST(a_case_that_has_just_begun_has_no_verdict)
{
	struct run run;
	begin_run(&run);
	struct result result = { 0 };
	ck_assert(!verdict_read(&run, run.plan.entries, &result));
	ck_assert_int_eq(result.ending, BROKEN);
	result_free(&result);
	end_run(&run);
}
END_TEST

START_TEST(no_part_of_a_verdict_is_a_pass)
{
	struct run run;
	begin_run(&run);
	struct entry *entry = run.plan.entries;
	entry->result = (struct result){ .ending = PASSED, .seconds = 1 };
	ck_assert(verdict_write(&run, entry));
	autofree char *path = entry_path(&run, entry, "verdict.json");
	size_t length;
	autofree char *text = read_whole(path, &length);

	struct result result = { 0 };
	ck_assert(verdict_read(&run, entry, &result));
	ck_assert_int_eq(result.ending, PASSED);
	result_free(&result);
	/* Up to the brace that closes it, and the newline. */
	for (size_t part = 0; part + 2 < length; part++) {
		write_part(path, text, part);
		ck_assert(!verdict_read(&run, entry, &result));
		ck_assert_int_eq(result.ending, BROKEN);
		result_free(&result);
	}
	end_run(&run);
}
END_TEST

START_TEST(every_artifact_is_missed)
{
	static const char *const names[] = { "client.pcap", "server.pcap",  "journal.jsonl",
					     "ladder.txt",  "counters.txt", "env.txt",
					     "replay.sh",   "case.pcapng",  "ladder.mmd",
					     "ladder.svg" };
	struct run run;
	begin_run(&run);
	for (size_t missing = 0; missing <= ARRAY_LENGTH(names); missing++) {
		for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
			autofree char *path = entry_path(&run, run.plan.entries, names[i]);
			write_part(path, "x", i != missing);
		}
		autofree char *problem = artifact_missing(&run, run.plan.entries);
		if (missing == ARRAY_LENGTH(names))
			ck_assert_ptr_null(problem);
		else
			ck_assert_ptr_nonnull(strstr(problem, names[missing]));
	}
	end_run(&run);
}
END_TEST

START_TEST(no_part_of_results_is_read)
{
	struct run run;
	begin_run(&run);
	run.plan.entries->state = ENDED;
	ck_assert(results_store(&run, true));
	autofree char *path = format("%s/results.json", folder);
	size_t length;
	autofree char *text = read_whole(path, &length);
	bool missing;

	json_t *whole = results_load(folder, &missing);
	ck_assert_ptr_nonnull(whole);
	json_decref(whole);
	for (size_t part = 0; part + 2 < length; part++) {
		write_part(path, text, part);
		ck_assert_ptr_null(results_load(folder, &missing));
		ck_assert(!missing);
	}
	end_run(&run);
}
END_TEST

START_TEST(junit_is_well_formed_whatever_a_case_says)
{
	struct run run;
	begin_run(&run);
	struct entry *entry = run.plan.entries;
	entry->state = ENDED;
	entry->result = (struct result){ .ending = FAILED,
					 .reason = format("]]> <&\"' \x1b[0m \xff"),
					 .report = format("]]>\n<failure>\n\x01\xc3") };
	autofree char *path = format("%s/junit.xml", folder);
	ck_assert_ptr_null(junit_write(&run, path));
	xmlDocPtr document = xmlReadFile(path, NULL, XML_PARSE_NONET);
	ck_assert_ptr_nonnull(document);
	xmlFreeDoc(document);
	end_run(&run);
}
END_TEST

/* ---- failures that are alike --------------------------------------------------------------- */

START_TEST(failures_that_are_alike_have_one_kind)
{
	static const struct {
		const char *reason, *failure, *kind;
	} examples[] = {
		{ "a timer was late", NULL, "a timer was late" },
		{ "TCPSynRetrans of the client makes 0, but seen were 1 SYNs",
		  "{\"states\": {\"client\": \"-\"}}",
		  "TCPSynRetrans of the client makes N, but seen were N SYNs" },
		{ "waited 5.7 s for segment 9 of late from the client in vain",
		  "{\"states\": {\"late\": \"-\", \"client\": \"-\"}}",
		  "waited N s for segment N of FLOW from the client in vain" },
		{ "ladder of client 12, line 3: missing: \"3.0  <  SYN-ACK\"",
		  "{\"states\": {\"client 1\": \"-\", \"client 12\": \"-\"}}",
		  "ladder of FLOW, line N: missing: \"N  <  SYN-ACK\"" },
		{ "queues of roomy were 1 and -1, but its sockets make them 1 and 0",
		  "{\"queues\": {\"full\": {}, \"roomy\": {}}}",
		  "queues of LISTENER were N and N, but its sockets make them N and N" },
		{ "ListenDrops of the server moved by 1 in \"RST removes it\"",
		  "{\"step\": \"RST removes it\"}",
		  "ListenDrops of the server moved by N in \"STEP\"" },
		{ "no route to 2001:db8::1 over ipv6", NULL, "no route to N over FAMILY" },
		{ "no route to 192.0.2.1 over ipv4", NULL, "no route to N over FAMILY" },
		{ "tcp_retries2 and D2-31 are words", NULL, "tcp_retries2 and D2-31 are words" },
		{ "net.ipv4.tcp_rmem is a name", NULL, "net.ipv4.tcp_rmem is a name" },
		{ "later is no flow", "{\"states\": {\"late\": \"-\"}}", "later is no flow" },
		{ "", "{\"step\": \"\", \"states\": {\"\": 1}}", "" },
		{ "odd # <&> 3%", "{\"states\": 3, \"queues\": []}", "odd # <&> N%" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
		json_auto_t *failure =
			examples[i].failure ? json_loads(examples[i].failure, 0, NULL) : NULL;
		autofree char *kind = failure_kind(examples[i].reason, failure);

		ck_assert_str_eq(kind, examples[i].kind);
	}
}
END_TEST

/* ---- the machine --------------------------------------------------------------------------- */

START_TEST(a_wire_that_tc_does_not_know_is_refused)
{
	autofree char *problem = wire_refused("delay sideways");
	ck_assert_ptr_nonnull(problem);
	ck_assert_ptr_null(strchr(problem, '\n'));
}
END_TEST

START_TEST(needs_are_looked_at)
{
	struct net_features features = { .user_namespace = true, .netem_reason = "a test" };
	struct listed_case spec = { .needs = "root" };
	struct entry entry = { .spec = &spec };
	char *reason = unmet_need(&entry, &features, true);
	ck_assert_str_eq(reason, "needs root: run halfopen as root");
	free(reason);

	spec = (struct listed_case){ .netem = "loss 1%" };
	reason = unmet_need(&entry, &features, true);
	ck_assert_str_eq(reason, "needs netem: a test");
	free(reason);

	features = (struct net_features){ .netem = true };
	spec.needs = "root netem program:sh sysctl:net.ipv4.none";
	ck_assert_ptr_null(unmet_need(&entry, &features, true));
}
END_TEST

START_TEST(minutes_of_kernel_time_are_for_virtual_time_or_for_who_names_them)
{
	struct listed_case spec = { .virtual_time = true, .kernel_seconds = 985 };
	struct entry entry = { .spec = &spec };
	struct net_features features = { 0 };
	autofree char *reason = unmet_need(&entry, &features, true);
	ck_assert_str_eq(reason, "takes 17 min of kernel time: run it in virtual time with "
				 "--kernel vm, or name it");
	ck_assert_ptr_null(unmet_need(&entry, &features, false));
	entry.named = true;
	ck_assert_ptr_null(unmet_need(&entry, &features, true));
}
END_TEST

static bool is_named(char *word, const char *id)
{
	struct run_options options = options_of(&word, 1);
	struct plan plan;
	bool named = false;

	ck_assert(plan_make(&plan, &options));
	for (size_t i = 0; i < plan.count; i++)
		if (strcmp(plan.entries[i].id, id) == 0)
			named = plan.entries[i].named;
	plan_free(&plan);
	return named;
}

START_TEST(only_whole_names_and_ids_name_an_entry)
{
	ck_assert(is_named("it_passes", "it_passes/ipv6"));
	ck_assert(is_named("IT_PASSES/ipv6", "it_passes/ipv6"));
	ck_assert(!is_named("it_passes/ipv4", "it_passes/ipv6"));
	ck_assert(!is_named("it_pass*", "it_passes/ipv6"));
	ck_assert(!is_named("passes", "it_passes/ipv6"));
	ck_assert(!is_named("skips", "it_skips/ipv6"));
}
END_TEST

int main(void)
{
	catalogue = suites_catalogue();
	Suite *suite = suite_create("runner");
	TCase *tcase = tcase_create("runner");
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120); /* some write a file a thousand times, on a busy disk */
	tcase_add_test(tcase, patterns_name_cases_ids_topics_claims_and_behaviours);
	tcase_add_test(tcase, the_nearest_names_come_in_order);
	tcase_add_test(tcase, clean_text_is_what_json_and_xml_carry);
	tcase_add_test(tcase, random_bytes_become_text);
	tcase_add_test(tcase, durations_read_well);
	tcase_add_test(tcase, a_case_that_has_just_begun_has_no_verdict);
	tcase_add_test(tcase, no_part_of_a_verdict_is_a_pass);
	tcase_add_test(tcase, every_artifact_is_missed);
	tcase_add_test(tcase, no_part_of_results_is_read);
	tcase_add_test(tcase, junit_is_well_formed_whatever_a_case_says);
	tcase_add_test(tcase, failures_that_are_alike_have_one_kind);
	tcase_add_test(tcase, a_wire_that_tc_does_not_know_is_refused);
	tcase_add_test(tcase, needs_are_looked_at);
	tcase_add_test(tcase, minutes_of_kernel_time_are_for_virtual_time_or_for_who_names_them);
	tcase_add_test(tcase, only_whole_names_and_ids_name_an_entry);

	return suite_run(suite);
}
