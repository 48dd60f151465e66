/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_offers: a server is set otherwise in each way that a SYN-ACK follows from. When the journal
 * is told, the judge reckons with it, and a handshake needs no line about what is offered. When it
 * is not, the kernel's SYN-ACK is another than the one that was computed, and the judge names the
 * field.
 */
#define TOPIC "offers"
#include "base/json.h"
#include "fixtures/scene.h" /* a server is set without the journal being told */
#include "tests/live.h"
#include "tests/suite.h"

#include <netinet/tcp.h>
#include <string.h>

/* What is set, and the field of the SYN-ACK that it changes. */
struct way {
	const char *sysctl, *value;
	struct socket_option option; /* of the listener */
	const char *route;           /* metrics of the server's route to the client */
	struct socket_option client; /* of the client's socket, for what its SYN brings along */
	bool ecn;                    /* its SYN asks for ECN */
	int family;                  /* the only one; 0: both */
	const char *field;
};

#define SYSCTL(name_, value_) .sysctl = (name_), .value = (value_)

static const struct way ways[] = {
	{ SYSCTL("net.ipv4.tcp_sack", "0"), .field = "SACK: no, expected yes" },
	{ SYSCTL("net.ipv4.tcp_timestamps", "0"), .field = "timestamps: no, expected yes" },
	{ SYSCTL("net.ipv4.tcp_window_scaling", "0"), .field = "window scale none, expected 7" },
	{ SYSCTL("net.ipv4.tcp_rmem", "4096 131072 33554432"),
	  .field = "window scale 10, expected 7" },
	{ SYSCTL("net.ipv4.tcp_workaround_signed_windows", "1"), .field = "window 32767" },
	{ SYSCTL("net.ipv4.tcp_ecn", "0"), .ecn = true, .field = "ECN: no, expected yes" },
	{ SYSCTL("net.ipv4.tcp_reflect_tos", "1"), .client = OPTION(IPPROTO_IP, IP_TOS, 0x28),
	  .family = AF_INET, .field = "TOS 40, expected 0" },
	{ SYSCTL("net.ipv4.tcp_reflect_tos", "1"),
	  .client = OPTION(IPPROTO_IPV6, IPV6_TCLASS, 0x28), .family = AF_INET6,
	  .field = "traffic class 40, expected 0" },
	{ SYSCTL("net.ipv4.ip_default_ttl", "99"), .family = AF_INET,
	  .field = "TTL 99, expected 64" },
	{ SYSCTL("net.ipv6.conf.eth0.hop_limit", "99"), .family = AF_INET6,
	  .field = "hop limit 99, expected 64" },
	{ SYSCTL("net.ipv4.route.min_adv_mss", "1470"), .family = AF_INET,
	  .field = "MSS 1470, expected 1460" },
	{ .option = OPTION(IPPROTO_TCP, TCP_MAXSEG, 1000), .field = "MSS 1000, expected" },
	{ .option = OPTION(SOL_SOCKET, SO_RCVBUF, 20000), .field = "window scale 0, expected 7" },
	{ .option = OPTION(SOL_SOCKET, SO_RCVBUF, 1), .field = "window scale 0, expected 7" },
	{ .option = OPTION(IPPROTO_TCP, TCP_WINDOW_CLAMP, 40000),
	  .field = "window scale 0, expected 7" },
	{ .option = OPTION(IPPROTO_IP, IP_TTL, 7), .family = AF_INET, .field = "TTL 7, expected" },
	{ .option = OPTION(IPPROTO_IP, IP_TOS, 0x20),
	  .family = AF_INET,
	  .field = "TOS 32, expected 0" },
	{ .option = OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7),
	  .family = AF_INET6,
	  .field = "hop limit 7, expected 64" },
	{ .option = OPTION(IPPROTO_IPV6, IPV6_TCLASS, 0x20),
	  .family = AF_INET6,
	  .field = "traffic class 32, expected 0" },
	{ .route = "advmss 700", .field = "MSS 700, expected" },
	{ .route = "mtu 1300", .field = "MSS 12" },
	{ .route = "window 30000", .field = "window scale 0, expected 7" },
	{ .route = "initrwnd 3", .field = "window 4" },
	{ .route = "hoplimit 9", .family = AF_INET, .field = "TTL 9, expected 64" },
	{ .route = "hoplimit 9", .family = AF_INET6, .field = "hop limit 9, expected 64" },
};

static const struct way *way;
static bool told; /* the journal */

/* ---- the case ------------------------------------------------------------------------------- */

static void set_server_route(struct scene *net)
{
	bool ipv6 = net->family == AF_INET6;
	autofree char *output = NULL;
	autofree char *command = format(
		"ip route change %s dev eth0 proto kernel %s",
		ipv6 ? "2001:db8::/64 metric 256" : "192.0.2.0/24 src 192.0.2.2", way->route);

	if (told)
		run_program(net, .host = SERVER, .argv = { "sh", "-c", command });
	else if (net_program(net->net, SERVER, (char *[]){ "sh", "-c", command, NULL }, NULL,
			     &output))
		broken("%s", output);
}

static void set_server_option(struct listener *server)
{
	if (told)
		set_option_of_listener(server, way->option);
	else if (setsockopt(server->fd, way->option.level, way->option.option, way->option.value,
			    way->option.size) < 0)
		broken("cannot set %s", way->option.name);
}

static void set_server_sysctl(struct scene *net)
{
	struct sysctl sysctl = { SERVER, way->sysctl, way->value };
	char seen[256];

	if (told)
		set_sysctl(net, SERVER, "%s=%s", way->sysctl, way->value);
	else if (net_sysctl_write(net->net, sysctl, seen, sizeof(seen)) < 0)
		skip("this kernel has no %s", way->sysctl);
}

static void connect_as_usual(struct scene *net, struct listener *server, bool answered)
{
	struct end *client = connect_client(net, server, .options = { way->client });
	const char *syn = way->ecn ? "-    >  SYN-ECE-CWR  SYN_SENT / SYN_RECV"
				   : "-    >  SYN          SYN_SENT / SYN_RECV";
	const char *syn_ack = way->ecn && answered ? "0.0  <  SYN-ACK-ECE  ESTABLISHED / SYN_RECV"
						   : "0.0  <  SYN-ACK      ESTABLISHED / SYN_RECV";

	expect_connected(client);
	expect_ladder(client, syn, syn_ack, "0.0  >  ACK  ESTABLISHED / ESTABLISHED");
	accept_client(server, client);
}

CASE(server_that_is_set_otherwise)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	if (way->ecn)
		set_sysctl(net, CLIENT, "net.ipv4.tcp_ecn=1");
	STEP("as usual");
	connect_as_usual(net, server, true);
	STEP("set otherwise");
	if (way->route)
		set_server_route(net);
	if (way->option.name)
		set_server_option(server);
	if (way->sysctl)
		set_server_sysctl(net);
	connect_as_usual(net, server, false);
}

/* ---- playing it ----------------------------------------------------------------------------- */

static char folder[] = "check-offers-XXXXXX"; /* below the build directory, where tests run */

/* The verdict of one play; the caller frees it. */
static json_t *play(int family)
{
	live_end(live_start((struct case_run){ .spec = case_named("server_that_is_set_otherwise"),
					       .family = family,
					       .folder = folder,
					       .timeout_multiplier = 1 }));
	return live_verdict(folder);
}

static bool is_skipped(const json_t *verdict)
{
	return strcmp(member_or_empty(verdict, "status"), "skipped") == 0;
}

static void play_and_check(int family, void (*check)(const json_t *verdict))
{
	json_auto_t *verdict = play(family);

	if (!is_skipped(verdict))
		check(verdict);
}

static void check_passed(const json_t *verdict)
{
	ck_assert_msg(strcmp(member_or_empty(verdict, "status"), "passed") == 0, "%s, %s: %s",
		      way->field, member_or_empty(verdict, "family"),
		      member_or_empty(verdict, "reason"));
}

START_TEST(what_the_journal_is_told_of_is_reckoned_with)
{
	way = &ways[_i];
	told = true;
	if (way->family != AF_INET6)
		play_and_check(AF_INET, check_passed);
	if (way->family != AF_INET)
		play_and_check(AF_INET6, check_passed);
}
END_TEST

static void check_named(const json_t *verdict)
{
	autofree char *expected = format("SYN-ACK of client 2 offers %s", way->field);

	ck_assert_msg(strcmp(member_or_empty(verdict, "status"), "failed") == 0 &&
			      strncmp(member_or_empty(verdict, "reason"), expected,
				      strlen(expected)) == 0,
		      "%s, %s: %s: %s", way->field, member_or_empty(verdict, "family"),
		      member_or_empty(verdict, "status"), member_or_empty(verdict, "reason"));
}

START_TEST(what_it_is_not_told_of_is_found)
{
	way = &ways[_i];
	told = false;
	play_and_check(way->family ? way->family : AF_INET, check_named);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("offers");
	TCase *tcase = tcase_create("offers");
	int failed;

	if (live_is_skipped())
		return 77;
	if (!mkdtemp(folder))
		return 99;
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, what_the_journal_is_told_of_is_reckoned_with, 0,
			    (int)ARRAY_LENGTH(ways));
	tcase_add_loop_test(tcase, what_it_is_not_told_of_is_found, 0, (int)ARRAY_LENGTH(ways));
	suite_add_tcase(suite, tcase);
	failed = suite_run(suite);
	remove_all(folder);
	return failed;
}
