/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_slips: that what an author has written wrongly is told as that: the run ends as an error,
 * with the line of the case and the word, and never as a failure of the kernel. Each case here is
 * one slip; this program is a halfopen with these cases.
 */
#define TOPIC "slips"
#include "fixtures/fixtures.h"
#include "runner/cli/cli.h"
#include "runner/play/play.h"

#include "fixtures/kernel_names.tab.h" /* for a table that has one name more */
#include "tests/suite.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/wait.h>

/* ---- in a head: told before anything is played --------------------------------------------- */

static void nothing_is_played(struct scene *net)
{
	(void)net;
	end_with(FAILED, "it was played");
}

CASE(sysctl_that_is_none, .server_sysctls = { "net.ipv4.tcp_syncookie=0" })
{
	nothing_is_played(net);
}

CASE(sysctl_without_a_value, .client_sysctls = { "net.ipv4.tcp_syncookies" })
{
	nothing_is_played(net);
}

CASE(need_that_is_none, .needs = "programm:nginx")
{
	nothing_is_played(net);
}

CASE(claim_that_is_none, .claims = "D9-99")
{
	nothing_is_played(net);
}

CASE(behaviour_that_is_none, .covers = "Q-99")
{
	nothing_is_played(net);
}

CASE(behaviour_in_the_place_of_a_claim, .claims = "Q-09")
{
	nothing_is_played(net);
}

CASE(netem_that_is_none, .netem = "dealy 10ms")
{
	nothing_is_played(net);
}

/* ---- in an expectation: told when it is made ----------------------------------------------- */

static struct peer *half_open(struct scene *net)
{
	struct peer *peer = raw_peer(net, listen_on_server(net, .backlog = 1));

	STEP("a SYN makes a request");
	peer_syn(peer);
	return peer;
}

CASE(ladder_line_without_a_direction)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "- RST-ACK  - / -");
}

CASE(ladder_line_with_a_time_that_is_none)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "1,0  >  SYN");
}

CASE(ladder_line_with_a_segment_that_is_none)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "-  >  ACK-SYN");
}

CASE(ladder_line_with_data_of_no_length)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "-  >  DATA");
}

CASE(ladder_line_with_a_fate_that_is_none)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "-  >  SYN  ignoerd");
}

CASE(ladder_line_with_two_fates_that_exclude_each_other)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "-  >  SYN  held, lost");
}

CASE(ladder_line_with_a_state_that_is_none)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "-  >  SYN  - / SYN_RECEIVED");
}

CASE(ladder_line_with_a_state_of_no_flow)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "-  >  SYN  - / LISTEN");
}

CASE(ladder_line_with_one_state)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "-  >  SYN  SYN_RECV");
}

CASE(ladder_line_with_more_behind_its_states)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "-  >  SYN  - / SYN_RECV  ignored");
}

CASE(ladder_line_of_nothing)
{
	struct peer *peer = half_open(net);

	expect_ladder(peer, "1.0  .");
}

CASE(counter_that_is_none)
{
	half_open(net);
	expect_counters(net, SERVER, "TCPAbortOnDta 1");
}

CASE(counter_without_a_number)
{
	half_open(net);
	expect_counters(net, SERVER, "ListenDrops  ListenOverflows 1");
}

CASE(wait_for_a_counter_that_is_none)
{
	half_open(net);
	wait_for(net, .counter = "ListenDrop", .host = SERVER, .moved = 1, .within = 1);
}

CASE(wait_for_nothing)
{
	struct peer *peer = half_open(net);

	wait_for(peer, .within = 1);
}

CASE(wait_for_two_things)
{
	struct peer *peer = half_open(net);

	wait_for(peer, .sent = 1, .timeouts = 1, .within = 1);
}

CASE(setting_that_is_none)
{
	half_open(net);
	set_sysctl(net, SERVER, "net.ipv4.tcp_abort_on_overflows=1");
}

CASE(sysctl_that_is_asked_for_and_is_none)
{
	half_open(net);
	if (has_sysctl(net, SERVER, "net.ipv4.tcp_fancy"))
		end_with(FAILED, "there is none");
}

CASE(rule_for_segments_that_are_none)
{
	half_open(net);
	drop_segments(net, .from = SERVER, .what = "SYNACK");
}

CASE(variant_that_the_head_lacks, .variants = "drops answers")
{
	half_open(net);
	saw_variant(net, "answer");
}

CASE(option_that_is_too_short)
{
	set_option(listen_on_server(net, .backlog = 1), SOL_SOCKET, SO_LINGER, 1);
}

CASE(option_that_is_too_short_and_expected_to_be_bad)
{
	expect_bad_option(listen_on_server(net, .backlog = 1), SOL_SOCKET, SO_RCVTIMEO, 1);
}

CASE(option_that_is_longer)
{
	expect_option(listen_on_server(net, .backlog = 1), SOL_SOCKET, SO_LINGER, 0);
}

/* ---- groups --------------------------------------------------------------------------------- */

CASE(group_that_nobody_has_joined_chooses)
{
	raw_peer(net, any_member(reuseport_group(net)));
}

CASE(group_that_nobody_has_joined_is_steered)
{
	steer_by_port(reuseport_group(net));
}

CASE(member_whom_nothing_has_the_kernel_choose)
{
	struct group *group = reuseport_group(net);
	struct listener *first = listen_on_server(net, .group = group, .backlog = 1);

	listen_on_server(net, .group = group, .backlog = 1);
	raw_peer(net, first);
}

CASE(member_that_has_left)
{
	struct group *group = reuseport_group(net);
	struct listener *first = listen_on_server(net, .group = group, .backlog = 1);

	listen_on_server(net, .group = group, .backlog = 1);
	steer_by_port(group);
	close_listener(first);
	raw_peer(net, first);
}

CASE(member_of_a_request)
{
	struct group *group = reuseport_group(net);

	listen_on_server(net, .group = group, .backlog = 1);
	member_of(half_open_peer(net, any_member(group)));
}

CASE(connection_in_the_queue_of_any_member)
{
	struct group *group = reuseport_group(net);

	listen_on_server(net, .group = group, .backlog = 1);
	expect_in_queue_of(any_member(group), raw_peer(net, any_member(group)));
}

CASE(group_of_too_many)
{
	struct group *group = reuseport_group(net);

	for (int i = 0; i < 4; i++)
		listen_on_server(net, .group = group, .backlog = 1);
}

/* ---- what is covered ------------------------------------------------------------------------ */

CASE(behaviour_that_the_head_lacks, .covers = "Q-09")
{
	STEP("nothing");
	COVERS("Q-09 Q-90");
}

CASE(behaviour_before_the_first_step, .covers = "Q-09")
{
	COVERS("Q-09");
	STEP("nothing");
}

CASE(behaviour_that_no_step_covers, .covers = "Q-09 Q-10")
{
	STEP("nothing");
	COVERS("Q-09");
}

CASE(behaviours_that_steps_cover, .covers = "Q-09 Q-10")
{
	static const struct {
		const char *name, *covers;
	} rows[] = { { "nothing", "Q-09 Q-10" }, { "nothing more", NULL }, { "nor here", "Q-09" } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("%s", rows[i].name);
		COVERS(rows[i].covers);
	}
}

static const struct slip {
	const char *name, *told;
} slips[] = {
	{ "sysctl_that_is_none", "no pinned kernel has the sysctl \"net.ipv4.tcp_syncookie\"; "
				 "nearest: net.ipv4.tcp_syncookies" },
	{ "sysctl_without_a_value", "\"net.ipv4.tcp_syncookies\" is no sysctl=value" },
	{ "need_that_is_none", "a case cannot need \"programm:nginx\"" },
	{ "claim_that_is_none", "there is no claim \"D9-99\"; nearest: D9-09" },
	{ "behaviour_that_is_none", "there is no behaviour \"Q-99\"; nearest: Q-09" },
	{ "behaviour_in_the_place_of_a_claim", "there is no claim \"Q-09\"; nearest: D9-09" },
	{ "behaviour_that_the_head_lacks",
	  "the head of the case does not cover \"Q-90\"; nearest: Q-09" },
	{ "behaviour_before_the_first_step", "COVERS(\"Q-09\") stands before the first STEP()" },
	{ "behaviour_that_no_step_covers",
	  "no step says COVERS(\"Q-10\"), which stands in the head" },
	{ "netem_that_is_none", "netem does not know \"dealy\"; nearest: delay" },
	{ "ladder_line_without_a_direction", "no ladder has the line \"- RST-ACK  - / -\": "
					     "\"RST-ACK\" is no direction" },
	{ "ladder_line_with_a_time_that_is_none", "\"1,0\" is no time" },
	{ "ladder_line_with_a_segment_that_is_none", "\"ACK-SYN\" is no segment" },
	{ "ladder_line_with_data_of_no_length", "\"\" is no number behind DATA" },
	{ "ladder_line_with_a_fate_that_is_none",
	  "\"ignoerd\" is no state of the client; nearest: ignored" },
	{ "ladder_line_with_two_fates_that_exclude_each_other",
	  "\"held,\" is followed by \"ignored\", \"rejected\" or \"moved\" only" },
	{ "ladder_line_with_a_state_that_is_none",
	  "\"SYN_RECEIVED\" is no state of the server; nearest: CHILD_SYN_RECV, SYN_RECV" },
	{ "ladder_line_with_a_state_of_no_flow", "\"LISTEN\" is no state of the server" },
	{ "ladder_line_with_one_state", "\" / \" is to stand between the states" },
	{ "ladder_line_with_more_behind_its_states", "\"ignored\" stands behind the states" },
	{ "ladder_line_of_nothing",
	  "a line without a segment has \"timer\", \"moved\", or states" },
	{ "counter_that_is_none",
	  "no pinned kernel has the counter \"TCPAbortOnDta\"; nearest: TCPAbortOnData" },
	{ "counter_without_a_number", "a number is to follow ListenDrops" },
	{ "wait_for_a_counter_that_is_none",
	  "no pinned kernel has the counter \"ListenDrop\"; nearest: ListenDrops" },
	{ "wait_for_nothing", "a wait has 0 conditions" },
	{ "wait_for_two_things", "a wait has 2 conditions" },
	{ "setting_that_is_none",
	  "no pinned kernel has the sysctl \"net.ipv4.tcp_abort_on_overflows\"; nearest: "
	  "net.ipv4.tcp_abort_on_overflow" },
	{ "sysctl_that_is_asked_for_and_is_none",
	  "no pinned kernel has the sysctl \"net.ipv4.tcp_fancy\"" },
	{ "rule_for_segments_that_are_none", "there is no such kind of segment; nearest: SYN-ACK" },
	{ "variant_that_the_head_lacks", "the head of the case has no variant \"answer\"; nearest: "
					 "answers" },
	{ "group_that_nobody_has_joined_chooses", "a group that nobody has joined chooses nobody" },
	{ "group_that_nobody_has_joined_is_steered",
	  "a group that nobody has joined cannot be steered" },
	{ "member_whom_nothing_has_the_kernel_choose",
	  "nothing has the kernel choose server: steer_by_port(), or any_member()" },
	{ "member_that_has_left", "server is in its group no more: no client comes to it" },
	{ "member_of_a_request", "the kernel has not shown yet whom it has chosen" },
	{ "connection_in_the_queue_of_any_member",
	  "in whose queue it is shall be expected: a member, not any" },
	{ "group_of_too_many", "a group of more than 3 members" },
	{ "option_that_is_too_short", "SO_LINGER takes 8 bytes, and this value has 4" },
	{ "option_that_is_too_short_and_expected_to_be_bad",
	  "takes 16 bytes, and this value has 4" },
	{ "option_that_is_longer", "SO_LINGER has 8 bytes, and this value has 4" },
};

/* ---- what is none -------------------------------------------------------------------------- */

/* In place of fixtures/kernel_names.c: with a counter of a kernel that nobody runs. */
const char *kernel_names(void)
{
	static char *names;

	if (!names)
		names = format("%sTCPOfNoKernel 7.3\n", kernel_names_tab);
	return names;
}

CASE(counter_that_only_this_kernel_lacks)
{
	half_open(net);
	expect_counters(net, SERVER, "TCPOfNoKernel 1");
}

CASE(options_of_every_size)
{
	struct listener *server = listen_on_server(
		net, .backlog = 1,
		.options = { OPTION(SOL_SOCKET, SO_LINGER, (struct linger){ 1, 3 }) });
	struct timeval timeout = { 2, 500000 };

	set_option(server, SOL_SOCKET, SO_RCVTIMEO, timeout);
	set_option(server, IPPROTO_TCP, TCP_CONGESTION, "reno");
	set_option(server, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	expect_option(server, SOL_SOCKET, SO_LINGER, (struct linger){ 1, 3 });
	expect_option(server, IPPROTO_TCP, TCP_CONGESTION, "reno");
	expect_option(server, IPPROTO_TCP, TCP_KEEPIDLE, 77);

	STEP("the client ends with RST");
	struct end *client = connect_one(net, server);
	abort_end(client);
	expect_ladder(client, "-  >  RST-ACK  - / -");
}

/* ---- what is not expected yet -------------------------------------------------------------- */

/* Two segments that the kernel counts, each in a step of its own. */
CASE(counters_that_nothing_expects, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 1);
	struct peer *peers[2];

	STEP("a request is reset");
	half_open_peers(server, peers, 1);
	peer_reset(peers[0]);
	expect_ladder(peers[0], "-  >  RST  - / -");
	expect_counters(net, SERVER, "EmbryonicRsts 2");

	STEP("and another one");
	half_open_peers(server, peers + 1, 1);
	peer_reset(peers[1]);
	expect_ladder(peers[1], "-  >  RST  - / -");

	STEP("nothing more");
}

enum { SILENT_STEP = __LINE__ + 5 };
CASE(step_that_says_nothing, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct peer *peer = NULL;

	STEP("a request is reset");
	half_open_peers(listen_on_server(net, .backlog = 1), &peer, 1);
	peer_reset(peer);
	expect_ladder(peer, "-  >  RST  - / -");

	STEP("nothing more");
}

/* ---- playing them -------------------------------------------------------------------------- */

static const struct claim claims[] = {
	{ "D9-09", "slips", "An author errs.", CONFIRMED, "He does." },
	{ "Q-09", "habits", "one errs", BEHAVIOUR, NULL },
	{ "Q-10", "habits", "one errs again", BEHAVIOUR, NULL },
};

static struct catalogue cases_of_slips(void)
{
	struct catalogue catalogue = { .claims = claims, .claim_count = ARRAY_LENGTH(claims) };

	catalogue.cases = listed_cases(&catalogue.case_count);
	return catalogue;
}

static char folder[] = "check-slips-XXXXXX"; /* below the build directory, where tests run */

/* What a child says on both streams, told this, up to NULL; the caller frees it. */
static char *told(char *const *arguments, int *status)
{
	autofree char *path = format("%s/said", folder);
	const struct catalogue catalogue = cases_of_slips();
	int count = 0;
	char *why = NULL, *text;
	pid_t child;

	while (arguments[count])
		count++;
	child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (!freopen(path, "we", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
			_exit(98);
		exit(halfopen_main(&catalogue, count, (char **)arguments));
	}
	ck_assert_int_eq(waitpid(child, status, 0), child);
	ck_assert(WIFEXITED(*status));
	*status = WEXITSTATUS(*status);
	text = text_load(path, &why);
	ck_assert_msg(text != NULL, "%s", why);
	return text;
}

/* What it says that plays one of the cases; the caller frees it. */
static char *said(const char *name, int *status)
{
	autofree char *artifacts = format("%s/runs", folder), *id = format("%s/ipv4", name);
	char *arguments[] = {
		"halfopen", "run", "--kernel=host", "--no-report", "--artifacts", artifacts,
		id,         NULL
	};

	return told(arguments, status);
}

/* The line that the message names is one of the case's. */
static bool is_line_of(const struct case_spec *spec, const char *line)
{
	long number = strtol(line, NULL, 10);

	return number >= spec->line && (!spec->next || number < spec->next->line);
}

START_TEST(slip_is_an_error_of_the_run_and_told_with_its_line)
{
	const struct slip *slip = &slips[_i];
	const struct case_spec *spec = case_named(slip->name);
	int status;
	autofree char *text = said(slip->name, &status);
	const char *told = strstr(text, slip->told), *place = strstr(text, "check_slips.c:");

	ck_assert_msg(status == EXIT_RUN_ERROR, "exit status %d: %s", status, text);
	ck_assert_msg(told && place && place < told, "\"%s\" is not in: %s", slip->told, text);
	ck_assert_msg(is_line_of(spec, place + strlen("check_slips.c:")), "%s", text);
}
END_TEST

/* Told by a line of its own, with the case's. */
static bool is_told_in(const char *text, const struct slip *slip)
{
	const char *told = strstr(text, slip->told), *line = told;

	while (line && line > text && line[-1] != '\n')
		line--;
	return told && strncmp(line, "tests/check_slips.c:", 20) == 0 &&
	       is_line_of(case_named(slip->name), line + 20);
}

START_TEST(text_in_a_file_is_told_without_playing)
{
	static const char *const kinds[] = {
		"ladder_", "counter_", "wait_for_a_", "setting_", "sysctl_that_is_asked", "rule_"
	};
	autofree char *text = literal_slips();
	size_t found = 0, lines = 0;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < ARRAY_LENGTH(slips); i++)
		for (size_t k = 0; k < ARRAY_LENGTH(kinds); k++)
			if (strncmp(slips[i].name, kinds[k], strlen(kinds[k])) == 0) {
				ck_assert_msg(is_told_in(text, &slips[i]), "\"%s\" is not in: %s",
					      slips[i].told, text);
				found++;
			}
	for (const char *at = text; at; at = strchr(at + 1, '\n'))
		lines++;
	ck_assert_uint_eq(found, lines);
}
END_TEST

START_TEST(claim_that_is_none_is_told_by_list_too)
{
	char *arguments[] = { "halfopen", "list", "claim_that_is_none", "options_of_every_size",
			      NULL };
	int status;
	autofree char *text = told(arguments, &status);

	ck_assert_msg(status == EXIT_RUN_ERROR, "exit status %d: %s", status, text);
	ck_assert_msg(strstr(text, "there is no claim \"D9-99\"; nearest: D9-09") != NULL, "%s",
		      text);
	ck_assert_msg(strstr(text, "  options_of_every_size ") != NULL, "%s", text);
	arguments[2] = arguments[3];
	free(text);
	text = told(arguments, &status);
	ck_assert_msg(status == EXIT_GOOD, "exit status %d: %s", status, text);
}
END_TEST

START_TEST(steps_tell_what_they_cover)
{
	int status;
	autofree char *text = said("behaviours_that_steps_cover", &status);
	autofree char *path =
		format("%s/runs/behaviours_that_steps_cover/ipv4/verdict.json", folder);
	json_auto_t *verdict = json_load(path, NULL);
	json_auto_t *wanted =
		json_pack("{s:[s,s], s:[s]}", "Q-09", "nothing", "nor here", "Q-10", "nothing");

	ck_assert_msg(status == EXIT_GOOD, "exit status %d: %s", status, text);
	ck_assert(json_equal(json_object_get(verdict, "covered_by"), wanted));
	char *show[] = { "halfopen", "show", (char *)path, NULL };
	*strrchr(path, '/') = '\0';
	free(text);
	text = told(show, &status);
	ck_assert_msg(status == EXIT_GOOD && strstr(text, "-- nothing\n   covers Q-09 Q-10\n") &&
			      strstr(text, "-- nothing more\n\n"),
		      "%s", text);
}
END_TEST

START_TEST(counter_that_only_this_kernel_lacks_is_a_skip)
{
	int status;
	autofree char *text = said("counter_that_only_this_kernel_lacks", &status);

	ck_assert_msg(status == EXIT_ALL_SKIPPED, "exit status %d: %s", status, text);
	ck_assert_msg(strstr(text, "this kernel has no counter TCPOfNoKernel") != NULL, "%s", text);
}
END_TEST

START_TEST(options_have_any_size)
{
	int status;
	autofree char *text = said("options_of_every_size", &status);

	ck_assert_msg(status == EXIT_CASE_FAILED && strstr(text, "no expectation names it"), "%s",
		      text);
}
END_TEST

START_TEST(exploring_tells_of_all_steps_at_once)
{
	static const char *const steps[] = { "a request is reset", "and another one" };
	int status;

	setenv("HALFOPEN_EXPLORE", "yes", 1);
	autofree char *text = said("counters_that_nothing_expects", &status);
	ck_assert_msg(status == EXIT_CASE_FAILED, "exit status %d: %s", status, text);
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		autofree char *place = format(", in \"%s\"\n", steps[i]);
		const char *found = strstr(text, place);
		autofree char *line =
			found ? text_first_line(found + strlen(place)) : format("%s", "");

		ck_assert_msg(strstr(line, "expect_counters(net, SERVER, \"") &&
				      strstr(line, "EmbryonicRsts 1") &&
				      strstr(line, "Tcp.AttemptFails 1") && strstr(line, "\");"),
			      "%s", text);
	}
}
END_TEST

START_TEST(counter_that_a_step_does_not_expect_is_told_with_the_line_of_that_step)
{
	autofree char *line = format("at tests/check_slips.c:%d\n", SILENT_STEP);
	int status;
	autofree char *text = said("step_that_says_nothing", &status);

	ck_assert_msg(status == EXIT_CASE_FAILED, "exit status %d: %s", status, text);
	ck_assert_msg(strstr(text, line) != NULL, "\"%s\" is not in: %s", line, text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slips");
	TCase *tcase = tcase_create("slips");

	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, slip_is_an_error_of_the_run_and_told_with_its_line, 0,
			    (int)ARRAY_LENGTH(slips));
	tcase_add_test(tcase, text_in_a_file_is_told_without_playing);
	tcase_add_test(tcase, claim_that_is_none_is_told_by_list_too);
	tcase_add_test(tcase, steps_tell_what_they_cover);
	tcase_add_test(tcase, counter_that_only_this_kernel_lacks_is_a_skip);
	tcase_add_test(tcase, options_have_any_size);
	tcase_add_test(tcase,
		       counter_that_a_step_does_not_expect_is_told_with_the_line_of_that_step);
	tcase_add_test(tcase, exploring_tells_of_all_steps_at_once);

	int failed = suite_run(suite);
	remove_all(folder);
	return failed;
}
