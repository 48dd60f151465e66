/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first look at the server, which all other scenarios wait for.
 */
#define TOPIC "facts"
#include "fixtures/scenario.h"

/* Over IPv4 alone: listeners of both families are looked at. */
SCENARIO(facts, .question = "where does it listen, how many may wait there, and who holds it?",
	 .families = IPV4_ONLY)
{
	STEP("the server starts");
	struct server *server = start_server(net);
	keep_facts(server);
	needs_reach(server);
	tell_layer(net);

	STEP("what does it answer to?");
	tell_fact(net, "speaks", ask_for(server), NULL);
	expect_what_was_said(server);
}
