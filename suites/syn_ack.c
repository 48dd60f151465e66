/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SYN-ACK offers. The judge computes all of it before it comes, in every case
 * (captures/judge/offers.c): for the first one, for those that are sent again, and for the
 * connection. So a case here sets the server otherwise, and has no line about what is offered.
 */
#define TOPIC          "what a SYN-ACK offers"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

CASE(syn_acks_and_connections_have_what_the_options_of_their_listener_ask_for, .claims = "",
     .kernel_seconds = 1)
{
	const struct socket_option asked[] = {
		OPTION(IPPROTO_TCP, TCP_MAXSEG, 1000),
		OPTION(SOL_SOCKET, SO_RCVBUF, 20000),
		OPTION(IPPROTO_TCP, TCP_WINDOW_CLAMP, 40000),
		TOS_OPTION(net, 0x28),
		TTL_OPTION(net, 7),
	};
	struct peer *silent[ARRAY_LENGTH(asked)];

	STEP("a client connects to a listener of each kind, and a peer begins to");
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		struct listener *server =
			listen_on_server(net, .backlog = 1, .options = { asked[i] });

		accept_client(server, connect_one(net, server));
		silent[i] = half_open_peer(net, server);
	}

	STEP("each SYN-ACK that is sent again offers the same");
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		wait_for(silent[i], .timeouts = 1, .within = 1);
		expect_ladder(silent[i], "1.0  <  SYN-ACK");
	}
	expect_counters(net, SERVER, "TCPTimeouts %d", (int)ARRAY_LENGTH(asked));
}

CASE(syn_ack_has_the_tos_of_its_syn_if_tcp_reflect_tos_says_so, .claims = "")
{
	struct listener *server = listen_on_server(net, .backlog = 3);

	STEP("tcp_reflect_tos 0: it has the listener's");
	accept_client(server, connect_one(net, server, .options = { TOS_OPTION(net, 0x28) }));

	STEP("tcp_reflect_tos 1: it has the SYN's");
	set_sysctl(net, SERVER, "net.ipv4.tcp_reflect_tos=1");
	accept_client(server, connect_one(net, server, .options = { TOS_OPTION(net, 0x28) }));
}
