/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_staging: a state is read as it is written, and what makes no sense gets a sentence that
 * names it.
 */
#include "base/staging.h"
#include "tests/suite.h"

#include <string.h>

/* ---- what is right -------------------------------------------------------------------------- */

static const struct right {
	const char *word;
	struct stage_turn turn;
	unsigned port;
	enum stage_family family;
	const char *again; /* as it is written by stage_turn_text() */
} rights[] = {
	{ "serving", { .state = STAGE_SERVING }, 0, STAGE_BOTH, "serving" },
	{ "refused@80", { .state = STAGE_REFUSED }, 80, STAGE_BOTH, "refused" },
	{ "lost@65535/ipv6", { .state = STAGE_LOST }, 65535, STAGE_IPV6, "lost" },
	{ "dropped/ipv4", { .state = STAGE_DROPPED }, 0, STAGE_IPV4, "dropped" },
	{ "unreachable", { .state = STAGE_UNREACHABLE }, 0, STAGE_BOTH, "unreachable" },
	{ "unreachable=prohibited@9",
	  { .state = STAGE_UNREACHABLE,
	    .value = { .kind = STAGE_ICMP, .icmp = STAGE_ICMP_PROHIBITED } },
	  9,
	  STAGE_BOTH,
	  "unreachable=prohibited" },
	{ "half-open", { .state = STAGE_HALF_OPEN }, 0, STAGE_BOTH, "half-open" },
	{ "half-open=500ms",
	  { .state = STAGE_HALF_OPEN, .value = { .kind = STAGE_SPAN, .span = MSEC(500) } },
	  0,
	  STAGE_BOTH,
	  "half-open=500ms" },
	{ "reset=1.5s",
	  { .state = STAGE_RESET, .value = { .kind = STAGE_SPAN, .span = MSEC(1500) } },
	  0,
	  STAGE_BOTH,
	  "reset=1500ms" },
	{ "closing=2h@1/ipv4",
	  { .state = STAGE_CLOSING, .value = { .kind = STAGE_SPAN, .span = SEC(7200) } },
	  1,
	  STAGE_IPV4,
	  "closing=2h" },
	{ "half-closed=4k",
	  { .state = STAGE_HALF_CLOSED, .value = { .kind = STAGE_BYTES, .bytes = 4096 } },
	  0,
	  STAGE_BOTH,
	  "half-closed=4k" },
	{ "reset=100",
	  { .state = STAGE_RESET, .value = { .kind = STAGE_BYTES, .bytes = 100 } },
	  0,
	  STAGE_BOTH,
	  "reset=100" },
	{ "slow=10/s",
	  { .state = STAGE_SLOW, .value = { .kind = STAGE_RATE, .bytes = 10, .span = SEC(1) } },
	  0,
	  STAGE_BOTH,
	  "slow=10/s" },
	{ "slow=1/10s@8080/ipv6",
	  { .state = STAGE_SLOW, .value = { .kind = STAGE_RATE, .bytes = 1, .span = SEC(10) } },
	  8080,
	  STAGE_IPV6,
	  "slow=1/10s" },
	{ "slow-read=1k/m",
	  { .state = STAGE_SLOW_READ,
	    .value = { .kind = STAGE_RATE, .bytes = 1024, .span = SEC(60) } },
	  0,
	  STAGE_BOTH,
	  "slow-read=1k/1m" },
	{ "path-mtu=1280",
	  { .state = STAGE_PATH_MTU, .value = { .kind = STAGE_MTU, .mtu = 1280 } },
	  0,
	  STAGE_BOTH,
	  "path-mtu=1280" },
};

START_TEST(what_is_right_is_read_as_it_is_written)
{
	const struct right *row = &rights[_i];
	struct stage_turn turn = { 0 };
	struct stage_place place = { 0 };
	autofree char *why = stage_parse(row->word, &turn, &place);

	ck_assert_msg(!why, "%s", why);
	autofree char *again = stage_turn_text(&turn);
	ck_assert_str_eq(again, row->again);
	ck_assert_uint_eq(place.port, row->port);
	ck_assert_uint_eq(place.family, row->family);
	ck_assert_uint_eq(turn.state, row->turn.state);
	ck_assert_uint_eq(turn.value.kind, row->turn.value.kind);
	ck_assert_int_eq(turn.value.span, row->turn.value.span);
	ck_assert_uint_eq(turn.value.bytes, row->turn.value.bytes);
	ck_assert_uint_eq(turn.value.icmp, row->turn.value.icmp);
	ck_assert_uint_eq(turn.value.mtu, row->turn.value.mtu);
}
END_TEST

START_TEST(each_state_has_a_name_that_is_read)
{
	for (unsigned state = 0; state < STAGE_STATES; state++) {
		const struct stage_about *about = stage_about((enum stage_state)state);
		struct stage_turn turn = { 0 };
		autofree char *why = stage_turn_parse(about->name, &turn);

		ck_assert_uint_eq(turn.state, state);
		ck_assert(!why == (about->values[0] != '='));
		ck_assert(*about->meets);
	}
}
END_TEST

/* ---- what is wrong -------------------------------------------------------------------------- */

static const struct wrong {
	const char *word, *why;
} wrongs[] = {
	{ "", "'': there is no such state" },
	{ "halfopen", "'halfopen': there is no such state; nearest: half-open" },
	{ "Refused", "'Refused': there is no such state; nearest: refused" },
	{ "refused=3s", "'refused=3s': refused takes no value" },
	{ "refused=", "'refused=': refused takes no value" },
	{ "slow", "'slow': it takes a rate, as in slow=10/s" },
	{ "slow=10", "'slow=10': it takes a rate, as in slow=10/s" },
	{ "slow=0/s", "'slow=0/s': it takes a rate, as in slow=10/s" },
	{ "slow=/s", "'slow=/s': it takes a rate, as in slow=10/s" },
	{ "slow=10/", "'slow=10/': it takes a rate, as in slow=10/s" },
	{ "half-open=", "'half-open=': it takes a time, as in half-open=3s" },
	{ "half-open=3", "'half-open=3': it takes a time, as in half-open=3s" },
	{ "half-open=-3s", "'half-open=-3s': it takes a time, as in half-open=3s" },
	{ "half-open=0s", "'half-open=0s': it takes a time, as in half-open=3s" },
	{ "half-open=1e3s", "'half-open=1e3s': it takes a time, as in half-open=3s" },
	{ "half-open=1.2.3s", "'half-open=1.2.3s': it takes a time, as in half-open=3s" },
	{ "half-open=9999999999h", "'half-open=9999999999h': it takes a time, as in half-open=3s" },
	{ "reset=3x",
	  "'reset=3x': it takes a time or a number of bytes, as in reset=3s or reset=1k" },
	{ "reset=0.5",
	  "'reset=0.5': it takes a time or a number of bytes, as in reset=3s or reset=1k" },
	{ "unreachable=far",
	  "'unreachable=far': it takes host, net, port or prohibited, as in unreachable=net" },
	{ "path-mtu=12", "'path-mtu=12': it takes the size of a packet, as in path-mtu=1280" },
	{ "refused@0", "'refused@0': behind the @ stands a port from 1 to 65535" },
	{ "refused@", "'refused@': behind the @ stands a port from 1 to 65535" },
	{ "refused@65536", "'refused@65536': behind the @ stands a port from 1 to 65535" },
	{ "refused@http", "'refused@http': behind the @ stands a port from 1 to 65535" },
	{ "refused@80/ipx", "'refused@80/ipx': behind the @ stands a port from 1 to 65535" },
};

START_TEST(what_is_wrong_gets_a_sentence)
{
	struct stage_turn turn = { 0 };
	struct stage_place place = { 0 };
	autofree char *why = stage_parse(wrongs[_i].word, &turn, &place);

	ck_assert_msg(why, "%s is taken", wrongs[_i].word);
	ck_assert_msg(strncmp(why, wrongs[_i].why, strlen(wrongs[_i].why)) == 0, "%s", why);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("staging");
	TCase *tcase = tcase_create("staging");

	tcase_add_loop_test(tcase, what_is_right_is_read_as_it_is_written, 0, ARRAY_LENGTH(rights));
	tcase_add_test(tcase, each_state_has_a_name_that_is_read);
	tcase_add_loop_test(tcase, what_is_wrong_gets_a_sentence, 0, ARRAY_LENGTH(wrongs));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
