/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a half-open request makes of timestamps (RFC 7323): how old they may be, which echoes it
 * believes, and which of them it keeps. Its questions are those of tcp_check_req().
 */
#define TOPIC          "segments at a request"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>

/* That the peers' SYNs have. */
#define FIRST_TSVAL 1000u

/* A peer whose SYN has made a request that goes by timestamps. */
static struct peer *stamped_peer(struct scene *net, struct listener *server)
{
	struct peer *peer = raw_peer(net, server);

	peer_send(peer, .flags = SYN, .timestamps = true, .tsval = FIRST_TSVAL);
	expect_ladder(peer,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_echo(peer, FIRST_TSVAL);
	return peer;
}

/* A keepalive probe: its answer shows which timestamp the connection has kept. */
static void probe_connection(struct peer *peer, bool stamped, uint32_t tsval)
{
	peer_send(peer, .flags = ACK, .seq = (int32_t)(peer->isn - peer->seq),
		  .timestamps = stamped, .tsval = tsval, .tsecr = peer->heard.tsval);
	expect_ladder(peer,
		      "-    >  ACK seq 0",
		      "+0.0  <  ACK");
}

/* ---- how old a timestamp may be -------------------------------------------------------------- */

/* What comes for a request whose SYN had FIRST_TSVAL, and what is kept of it. */
struct stamp {
	const char *what;
	struct peer_segment segment;
	const char *lines[3];
	uint32_t echo; /* that the connection sends then; 0: it is rejected, and makes none */
	const char *counters; /* NULL: none */
};

/* RFC 7323, 5.3: half of all numbers are later, and the others are old. */
static const struct stamp stamps[] = {
	{ .what = "the SYN's timestamp once more",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL },
	  .lines = { "- > ACK - / ESTABLISHED" },
	  .echo = FIRST_TSVAL },
	{ .what = "one that is later by one",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL + 1 },
	  .lines = { "- > ACK - / ESTABLISHED" },
	  .echo = FIRST_TSVAL + 1 },
	{ .what = "one that is as late as can be",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL + 0x80000000u },
	  .lines = { "- > ACK - / ESTABLISHED" },
	  .echo = FIRST_TSVAL + 0x80000000u },
	{ .what = "one that is as old as can be",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL + 0x80000001u },
	  .lines = { "- > ACK ignored", "+0.0  < ACK" } },
	{ .what = "one that is older by one",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL - 1 },
	  .lines = { "- > ACK ignored", "+0.0  < ACK" } },
	{ .what = "0, which is old like any other",
	  .segment = { .timestamps = true, .tsval = 0 },
	  .lines = { "- > ACK ignored", "+0.0  < ACK" } },
	{ .what = "none",
	  .segment = { .timestamps = false },
	  .lines = { "- > ACK - / ESTABLISHED" },
	  .echo = FIRST_TSVAL },
	{ .what = "one that is later, with data",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL + 1, .text = "HELLO" },
	  .lines = { "- > DATA 5 - / ESTABLISHED", "+0.0  < ACK" },
	  .echo = FIRST_TSVAL + 1 },
	{ .what = "one that is later, with data behind a hole: it is not in order",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL + 1, .text = "HELLO", .seq = 5 },
	  .lines = { "- > DATA 5 seq 6 - / ESTABLISHED", "+0.0  < ACK" },
	  .echo = FIRST_TSVAL,
	  .counters = "TCPOFOQueue 1" },
	{ .what = "one that is old, with data",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL - 1, .text = "HELLO" },
	  .lines = { "- > DATA 5 ignored", "+0.0  < ACK ack 1" } },
	{ .what = "one that is old, with a FIN",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL - 1, .flags = FIN | ACK },
	  .lines = { "- > FIN-ACK ignored", "+0.0  < ACK ack 1" } },
	{ .what = "one that is old, with a RST",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL - 1, .flags = RST },
	  .lines = { "- > RST ignored" } },
	{ .what = "one that is old, with the SYN",
	  .segment = { .timestamps = true, .tsval = FIRST_TSVAL - 1, .flags = SYN },
	  .lines = { "- > SYN ignored", "+0.0  < ACK" } },
};

/* An old one is answered by the request, which stays as it was, and keeps its SYN's timestamp. */
static void expect_old(struct scene *net, struct peer *peer, const struct stamp *stamp)
{
	expect_states(peer, .client = NO_SOCKET, .server = SYN_RECV);
	if (!(stamp->segment.flags & RST))
		expect_echo(peer, FIRST_TSVAL);
	reset_ends_the_request(peer);
	expect_counters(net, SERVER, "PAWSEstab 1  reset_requests 1");
}

CASE(timestamp_of_the_final_ack_may_stand_still_or_jump_but_not_go_back, .claims = "",
     .covers = "P-113 P-114")
{
	struct listener *server = listen_on_server(net, .backlog = 20);
	int drops = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(stamps); i++) {
		const struct stamp *stamp = &stamps[i];
		struct peer_segment segment = stamp->segment;

		STEP("%s", stamp->what);
		COVERS(segment.timestamps ? "P-114" : "P-113");
		struct peer *peer = stamped_peer(net, server);
		segment.tsecr = segment.flags & SYN ? 0 : peer->heard.tsval;
		peer_sends(peer, segment);
		expect_lines(net, peer->flow, stamp->lines);
		drops += stamp->echo ? 0 : 2;
		if (!stamp->echo) {
			expect_old(net, peer, stamp);
		} else {
			accept_peer(server, peer);
			probe_connection(peer, segment.timestamps, segment.tsval);
			expect_echo(peer, stamp->echo);
			if (stamp->counters)
				expect_counters(net, SERVER, "%s", stamp->counters);
		}
		expect_drops(server, drops);
	}
}

/* Segments with a later timestamp that come before the final ACK and are not accepted. */
static const struct stamp latecomers[] = {
	{ .what = "an ACK before the window",
	  .segment = { .flags = ACK, .seq = -1 },
	  .lines = { "- > ACK seq 0", "+0.0  < ACK" } },
	{ .what = "data beyond the window",
	  .segment = { .text = "HELLO", .seq = 1000000 },
	  .lines = { "- > DATA 5 seq 1000001", "+0.0  < ACK" } },
	{ .what = "the SYN once more",
	  .segment = { .flags = SYN },
	  .lines = { "- > SYN", "+0.0  < SYN-ACK" } },
	{ .what = "a SYN-ACK with the SYN's number",
	  .segment = { .flags = SYN | ACK },
	  .lines = { "- > SYN-ACK", "+0.0  < ACK" } },
	{ .what = "a wrong acknowledgement",
	  .segment = { .flags = ACK, .ack = 1 },
	  .lines = { "- > ACK ack 2", "+0.0  < RST" } },
	{ .what = "a RST before the window",
	  .segment = { .flags = RST, .seq = -1 },
	  .lines = { "- > RST seq 0" } },
};

/*
 * If the timestamp of a segment that is not accepted were kept, a blind attacker could make all
 * that the peer sends look old.
 */
CASE(timestamp_of_what_is_not_accepted_is_not_kept, .claims = "")
{
	struct listener *server = listen_on_server(net, .backlog = 20);

	for (size_t i = 0; i < ARRAY_LENGTH(latecomers); i++) {
		struct peer_segment segment = latecomers[i].segment;

		STEP("%s, and then the final ACK with the timestamp of the SYN",
		     latecomers[i].what);
		struct peer *peer = stamped_peer(net, server);
		segment.timestamps = true;
		segment.tsval = FIRST_TSVAL + 1000;
		segment.tsecr = segment.flags & SYN ? 0 : peer->heard.tsval;
		peer_sends(peer, segment);
		expect_lines(net, peer->flow, latecomers[i].lines);
		if (peer->heard.timestamps)
			expect_echo(peer, FIRST_TSVAL);
		peer_send(peer, .flags = ACK, .seq = (int32_t)(peer->isn + 1 - peer->seq),
			  .timestamps = true, .tsval = FIRST_TSVAL);
		expect_ladder(peer, segment.text ? "-  >  ACK seq 1  - / ESTABLISHED"
						 : "-  >  ACK  - / ESTABLISHED");
		accept_peer(server, peer);
		probe_connection(peer, true, FIRST_TSVAL);
		expect_echo(peer, FIRST_TSVAL);
	}
}

/*
 * tcp_paws_check(): after a timestamp of 0 in the SYN no other is old, as some peers send their
 * first real one with the next segment. And timestamps that SYN and SYN-ACK have not agreed on are
 * not looked at.
 */
CASE(timestamps_are_not_old_for_a_request_that_knows_none, .claims = "")
{
	static const struct {
		const char *what;
		bool agreed;
		uint32_t tsval;
	} rows[] = {
		{ "the SYN's timestamp was 0", true, 0x80000001u },
		{ "the SYN had none", false, 0x80000001u },
		{ "the SYN had none, and the final ACK has 0", false, 0 },
	};
	struct listener *server = listen_on_server(net, .backlog = 20);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct peer *peer = raw_peer(net, server);

		STEP("%s", rows[i].what);
		peer_send(peer, .flags = SYN, .timestamps = rows[i].agreed);
		peer_send(peer, .flags = ACK, .timestamps = true, .tsval = rows[i].tsval,
			  .tsecr = rows[i].agreed ? peer->heard.tsval : 12345);
		expect_ladder(peer,
			      "-    >  SYN      - / SYN_RECV",
			      "0.0  <  SYN-ACK",
			      "-    >  ACK      - / ESTABLISHED");
		accept_peer(server, peer);
		expect_drops(server, 0);
	}
}

/* ---- echoes ---------------------------------------------------------------------------------- */

/* Since 3ba075278c11 (Linux 6.15), when a request asks which timestamp is echoed to it. */
static bool echoes_are_checked(struct scene *net, struct listener *server)
{
	STEP("what this kernel makes of an echo that no SYN-ACK had");
	struct peer *peer = stamped_peer(net, server);
	peer_send(peer, .flags = ACK, .timestamps = true, .tsval = FIRST_TSVAL,
		  .tsecr = peer->heard.tsval - 1000);
	bool checked = state_of(peer, SERVER) == SYN_RECV;
	saw_variant(net, checked ? "echo-is-checked" : "any-echo-will-do");
	expect_ladder(peer,
		      "[any-echo]         -    >  ACK  - / ESTABLISHED",
		      "[echo-is-checked]  -    >  ACK  ignored",
		      "[echo-is-checked]  +0.0 <  ACK");
	if (checked)
		reset_ends_the_request(peer);
	else
		accept_peer(server, peer);
	expect_drops(server, checked ? 2 : 0);
	if (checked)
		expect_counters(net, SERVER, "TSEcrRejected 1  reset_requests 1");
	return checked;
}

/* What the final ACK of a peer echoes that has got two SYN-ACKs. */
struct echo {
	const char *what;
	enum { OF_THE_FIRST, OF_THE_LAST, ZERO, NONE } of;
	int32_t offset;
	bool wrong;
};

static const struct echo echoes[] = {
	{ "just before the first SYN-ACK", OF_THE_FIRST, -1, true },
	{ "the first SYN-ACK", OF_THE_FIRST, 0, false },
	{ "between the two", OF_THE_FIRST, 500, false },
	{ "the last SYN-ACK", OF_THE_LAST, 0, false },
	{ "just after the last SYN-ACK", OF_THE_LAST, 1, true },
	{ "a second after the last SYN-ACK", OF_THE_LAST, 1000, true },
	{ "nothing: the echo is 0", ZERO, 0, false },
	{ "nothing: there are no timestamps", NONE, 0, false },
};

/* A peer that has got two SYN-ACKs, and the timestamp of the first one. */
struct witness {
	struct peer *peer;
	uint32_t first;
};

static struct peer_segment final_ack(const struct witness *witness, const struct echo *echo)
{
	uint32_t of = echo->of == OF_THE_FIRST ? witness->first : witness->peer->heard.tsval;

	return (struct peer_segment){ .flags = ACK,
				      .timestamps = echo->of != NONE,
				      .tsval = FIRST_TSVAL,
				      .tsecr = echo->of == ZERO ? 0 : of + (uint32_t)echo->offset };
}

/* A request whose echo was disbelieved is as it was, and believes the right one. */
static void expect_disbelief(struct peer *peer)
{
	expect_ladder(peer,
		      "-    >  ACK  ignored",
		      "+0.0  <  ACK");
	expect_echo(peer, FIRST_TSVAL);
	expect_request_timer(peer, .timeouts = 1, .due = 3.0);
	expect_counters(scene_of(peer), SERVER, "TSEcrRejected 1");
}

/* From that of the first SYN-ACK to that of the last; of 0, and of no timestamps, nobody asks. */
CASE(echo_of_a_timestamp_that_no_syn_ack_had_is_disbelieved, .claims = "", .covers = "X-25 F-16",
     .kernel_seconds = 1, .variants = "any-echo-will-do echo-is-checked")
{
	struct listener *server = listen_on_server(net, .backlog = 20);
	bool checked = echoes_are_checked(net, server);
	struct witness witnesses[ARRAY_LENGTH(echoes)];
	int drops = checked ? 2 : 0;

	STEP("requests whose SYN-ACK goes out a second time");
	for (size_t i = 0; i < ARRAY_LENGTH(echoes); i++) {
		witnesses[i].peer = stamped_peer(net, server);
		witnesses[i].first = witnesses[i].peer->heard.tsval;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(echoes); i++) {
		wait_for(witnesses[i].peer, .timeouts = 1, .within = 1);
		expect_ladder(witnesses[i].peer, "1.0  <  SYN-ACK");
	}
	expect_counters(net, SERVER, "again");
	for (size_t i = 0; i < ARRAY_LENGTH(echoes); i++) {
		STEP("the final ACK echoes %s", echoes[i].what);
		COVERS("X-25 F-16");
		struct peer *peer = witnesses[i].peer;
		peer_sends(peer, final_ack(&witnesses[i], &echoes[i]));
		if (echoes[i].wrong && checked)
			expect_disbelief(peer);
		else
			expect_ladder(peer, "-  >  ACK  - / ESTABLISHED");
		drops += echoes[i].wrong && checked;
		expect_drops(server, drops);
	}
}

/* What else may have a wrong echo, and what comes of it where echoes are checked. */
static const struct stamp misled[] = {
	{ .what = "data",
	  .segment = { .text = "HELLO" },
	  .lines = { "- > DATA 5 ignored", "+0.0  < ACK ack 1" },
	  .counters = "TSEcrRejected 1" },
	{ .what = "a FIN",
	  .segment = { .flags = FIN | ACK },
	  .lines = { "- > FIN-ACK ignored", "+0.0  < ACK ack 1" },
	  .counters = "TSEcrRejected 1" },
	{ .what = "a RST",
	  .segment = { .flags = RST },
	  .lines = { "- > RST ignored" },
	  .counters = "TSEcrRejected 1" },
	{ .what = "an ACK before the window",
	  .segment = { .flags = ACK, .seq = -1 },
	  .lines = { "- > ACK seq 0 ignored", "+0.0  < ACK" },
	  .counters = "TSEcrRejected 1" },
	{ .what = "an ACK that is old, too",
	  .segment = { .flags = ACK, .tsval = (uint32_t)-1 },
	  .lines = { "- > ACK ignored", "+0.0  < ACK" },
	  .counters = "PAWSEstab 1" },
	{ .what = "a wrong acknowledgement",
	  .segment = { .flags = ACK, .ack = 1 },
	  .lines = { "- > ACK ack 2", "+0.0  < RST" } },
	{ .what = "the SYN again",
	  .segment = { .flags = SYN },
	  .lines = { "- > SYN", "+0.0  < SYN-ACK" } },
};

/* tcp_check_req() asks for the acknowledgement before it looks at the echo, and then for PAWS. */
CASE(wrong_echo_is_disbelieved_whatever_the_segment_carries, .claims = "",
     .variants = "any-echo-will-do echo-is-checked")
{
	struct listener *server = listen_on_server(net, .backlog = 20);

	if (!echoes_are_checked(net, server))
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(misled); i++) {
		struct peer_segment segment = misled[i].segment;

		STEP("%s", misled[i].what);
		struct peer *peer = stamped_peer(net, server);
		segment.timestamps = true;
		segment.tsval += FIRST_TSVAL;
		segment.tsecr = peer->heard.tsval + 1000;
		peer_sends(peer, segment);
		expect_lines(net, peer->flow, misled[i].lines);
		expect_queue(server, .accept = 0, .syn = 1);
		reset_ends_the_request(peer);
		expect_counters(net, SERVER, "%s  reset_requests 1",
				misled[i].counters ? misled[i].counters : "");
	}
}

/* ---- keepalive ------------------------------------------------------------------------------- */

/*
 * A probe begins before the window, so the request answers it by itself, and the client takes that
 * for the answer of a connection. Where echoes are checked the second one's is wrong, too: it is
 * that of the answer to the first one, which no SYN-ACK had.
 */
CASE(ignored_client_never_gives_up_its_keepalive_while_the_request_lives, .claims = "",
     .covers = "X-38", .kernel_seconds = 6, .variants = "any-echo-will-do echo-is-checked",
     .client_sysctls = { "net.ipv4.tcp_timestamps=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 20);
	bool checked = echoes_are_checked(net, server);

	set_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
	STEP("the client's ACK is ignored, and one probe without answer would end it");
	struct end *client = connect_deferred(net, server, .name = "client",
					      .options = { OPTION(SOL_SOCKET, SO_KEEPALIVE, 1),
							   OPTION(IPPROTO_TCP, TCP_KEEPIDLE, 2),
							   OPTION(IPPROTO_TCP, TCP_KEEPINTVL, 2),
							   OPTION(IPPROTO_TCP, TCP_KEEPCNT, 1) });

	STEP("each probe is answered");
	COVERS("X-38");
	wait_for(client, .sent = 4, .from = SERVER, .within = 6.5);
	expect_ladder(client,
		      "1.0  .  timer",
		      "2.0  >  ACK seq 0",
		      "+0.0  <  ACK",
		      "3.0  .  timer",
		      "[any-echo]         4.0  >  ACK seq 0",
		      "[echo-is-checked]  4.0  >  ACK seq 0  ignored",
		      "+0.0  <  ACK",
		      "[any-echo]         6.0  >  ACK seq 0",
		      "[echo-is-checked]  6.0  >  ACK seq 0  ignored",
		      "+0.0  <  ACK");
	expect_states(client, .client = ESTABLISHED, .server = SYN_RECV);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_read_error(client, EAGAIN);
	expect_counters(net, SERVER, checked ? "TCPTimeouts 2  TSEcrRejected 2" : "TCPTimeouts 2");
	expect_counters(net, CLIENT, "TCPKeepAlive 3");
}
