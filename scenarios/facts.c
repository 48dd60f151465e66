/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first look at the server, which all other scenarios wait for.
 */
#define TOPIC "facts"
#include "fixtures/scenario.h"

/* What a reload and an end open belongs to the list as well. */
static void name_the_rest(struct scene *net, struct server *server)
{
	const struct trial *trial = trial_of_scene(net);

	STEP("it is told to reload, where that is said, and to stop: which files does it need?");
	if (trial->reload_signal || trial->reload_command) {
		tell_to_reload(server);
		until_it_has_reloaded(server);
	}
	signal_server(server, trial->stop_signal);
	until_it_exits(server);
}

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
	if (trial_of_scene(net)->lists_files)
		name_the_rest(net, server);
}
