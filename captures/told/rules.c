/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of findings. docs/findings.md has a section for each.
 */
#include "captures/told/books.h"

#include <string.h>

#define PAGE(name) "findings.md#" name

static const struct {
	struct told_rule rule;
	told_finder *find;
} rules[] = {
	{ { .name = "half-served",
	    .scenarios = "one",
	    .needs = "an ordinary client of each family; who is not answered waits for the "
		     "patience, "
		     "with looks",
	    .consequence = "Who connects gets no answer, and no error either.",
	    .mends = "Accept and answer on every address that the server listens on, or do not "
		     "listen "
		     "there.",
	    .page = PAGE("half-served") },
	  find_half_served },
	{ { .name = "left-in-queue",
	    .scenarios = "burst",
	    .needs =
		    "ordinary clients that come at once and close when they are served; then, with "
		    "nobody new, looks for STILL; then one more client",
	    .consequence = "A client waits until somebody else happens to come, or for ever.",
	    .mends =
		    "Call accept() until it says EAGAIN, or register the listener level-triggered.",
	    .page = PAGE("left-in-queue") },
	  find_left_in_queue },
	{ { .name = "tiny-backlog",
	    .scenarios = "burst stall",
	    .needs =
		    "EVENT_FACT \"backlog asked\" (listener, value); ordinary clients that come at "
		    "once",
	    .consequence =
		    "A browser's own connections do not fit: some wait for 1 s or 3 s before "
		    "they are connected.",
	    .mends =
		    "Call listen() with SOMAXCONN (4096), or what is configured; the kernel bounds "
		    "it "
		    "by net.core.somaxconn.",
	    .page = PAGE("tiny-backlog") },
	  find_tiny_backlog },
	{ { .name = "silent-client-blocks-others",
	    .scenarios = "silent",
	    .needs = "an ordinary client that is served while no silent one is there; then clients "
		     "of "
		     "the role silent, which stay; then ordinary ones, with looks for STILL while "
		     "they "
		     "wait; then the silent ones close",
	    .consequence = "One client that connects and says nothing keeps all others from being "
			   "served.",
	    .mends = "Read only from sockets that are readable, or in a thread or process of its "
		     "own; "
		     "hold no lock around accept() that is held while a client is read from.",
	    .page = PAGE("silent-client-blocks-others") },
	  find_silent_blocks },
	{ { .name = "dies-of-dead-client",
	    .scenarios = "dead no-data",
	    .needs = "an ordinary client that is served, then looks at rest; then clients of the "
		     "role "
		     "dead or check; looks; then an ordinary one",
	    .consequence =
		    "Anybody who resets a connection at the right moment ends the server, or one "
		    "worker of it.",
	    .mends = "Take errors of accept(), getpeername(), setsockopt(), read() and write() on "
		     "one "
		     "connection as the end of that connection, not of the server.",
	    .page = PAGE("dies-of-dead-client") },
	  find_death_of_dead_client },
	{ { .name = "dies-of-sigpipe",
	    .scenarios = "dead no-data",
	    .needs = "as dies-of-dead-client; the status of who exited",
	    .consequence = "A client that goes before its answer is written ends the server.",
	    .mends = "Ignore SIGPIPE, or write with send(..., MSG_NOSIGNAL), and take EPIPE as the "
		     "end "
		     "of that connection.",
	    .page = PAGE("dies-of-sigpipe") },
	  find_death_of_sigpipe },
	{ { .name = "spins-after-client-left",
	    .scenarios = "silent dead no-data",
	    .needs = "looks at rest; a client that closes or resets; then looks while nobody is "
		     "there and no segment moves, until the server is at rest or has used "
		     "MUCH_WORK; the same again when others have been served",
	    .consequence = "Each client that goes at the wrong moment keeps one processor busy "
			   "from then on, until the server is started again.",
	    .mends = "Close a connection when read() says 0 or fails: it stays readable for ever.",
	    .page = PAGE("spins-after-client-left") },
	  find_spinning_for_nobody },
	{ { .name = "listener-unserved",
	    .scenarios = "one burst stall silent dead no-data descriptors errors flood stop reload "
			 "handover",
	    .needs = "an ordinary client that comes when a process of the server has ended, or "
		     "after "
		     "the dead ones, and waits, with looks for STILL",
	    .consequence =
		    "Clients are connected by the kernel and never answered: no error tells them "
		    "to go elsewhere.",
	    .mends =
		    "Replace workers that die, or end with the last of them; close the listener in "
		    "every process that does not accept.",
	    .page = PAGE("listener-unserved") },
	  find_listener_unserved },
	{ { .name = "spins-without-descriptors",
	    .scenarios = "descriptors",
	    .needs = "looks at rest; EVENT_FACT \"descriptors\", argument \"taken\"; a client; "
		     "looks "
		     "while no segment moves, until the server is at rest or has used MUCH_WORK; "
		     "EVENT_FACT \"descriptors\", argument \"freed\"",
	    .consequence =
		    "One processor is busy with accept() failing, and whoever shares the machine "
		    "pays.",
	    .mends = "At EMFILE and ENFILE stop listening for events of the listener for a while, "
		     "or "
		     "until a descriptor was closed.",
	    .page = PAGE("spins-without-descriptors") },
	  find_spinning },
	{ { .name = "deaf-after-descriptors",
	    .scenarios = "descriptors",
	    .needs = "as spins-without-descriptors; after \"freed\" an ordinary client, with looks "
		     "for "
		     "STILL while it waits",
	    .consequence =
		    "A moment without descriptors ends the service until somebody restarts it.",
	    .mends = "Try accept() again when a descriptor was closed, or after a second.",
	    .page = PAGE("deaf-after-descriptors") },
	  find_deaf_after_descriptors },
	{ { .name = "dies-without-descriptors",
	    .scenarios = "descriptors",
	    .needs = "as spins-without-descriptors; EVENT_FACT \"descriptors\", argument "
		     "\"limited\", before the first of them is taken",
	    .consequence = "More clients than descriptors end the server.",
	    .mends = "Take EMFILE and ENFILE of accept() as a reason to wait, not to end.",
	    .page = PAGE("dies-without-descriptors") },
	  find_death_without_descriptors },
	{ { .name = "dies-of-accept-error",
	    .scenarios = "errors",
	    .needs = "EVENT_SERVER \"accept\" with the error that it was made to fail with; rest "
		     "before the next one",
	    .consequence =
		    "A passing shortage of the kernel, or a firewall's rule, ends the server.",
	    .mends = "Go on after ENOBUFS, ENOMEM, EPERM and EINTR of accept(): the next call may "
		     "succeed.",
	    .page = PAGE("dies-of-accept-error") },
	  find_death_of_accept_error },
	{ { .name = "deaf-after-accept-error",
	    .scenarios = "errors",
	    .needs = "as dies-of-accept-error; the client waits, with looks for STILL",
	    .consequence = "A passing error ends the service until somebody restarts it.",
	    .mends = "Call accept() again after an error, at once or after a pause.",
	    .page = PAGE("deaf-after-accept-error") },
	  find_deaf_after_accept_error },
	{ { .name = "dies-of-interrupted-wait",
	    .scenarios = "stall",
	    .needs = "EVENT_SERVER \"stopped\" and \"continued\"; looks afterwards",
	    .consequence =
		    "A container that is paused and goes on, or a debugger, ends the server.",
	    .mends = "Call epoll_wait() again when it says EINTR, which it does after SIGSTOP and "
		     "SIGCONT even without a handler (signal(7)).",
	    .page = PAGE("dies-of-interrupted-wait") },
	  find_death_of_interrupted_wait },
	{ { .name = "dies-by-itself",
	    .scenarios = "one burst stall silent flood stop",
	    .needs = "EVENT_SERVER \"exited\" of the main process, and its status",
	    .consequence = "All clients that it has are cut off, and others are refused until "
			   "somebody starts it again.",
	    .mends = "See what it has printed last (server.log) and what its clients did just "
		     "before; let that be the end of one connection, not of the server.",
	    .page = PAGE("dies-by-itself") },
	  find_death_by_itself },
	{ { .name = "unserved-while-draining",
	    .scenarios = "stop",
	    .needs = "a client that is being served while EVENT_SERVER \"signalled\" comes, for "
		     "longer "
		     "than STILL; ordinary clients that come then; looks",
	    .consequence =
		    "New clients are connected by the kernel to a server that has stopped "
		    "accepting, and wait until it ends, when they are reset; refused at once they "
		    "could go elsewhere.",
	    .mends = "Close the listener first when told to stop, in every process that has it; "
		     "then "
		     "finish what was accepted.",
	    .page = PAGE("unserved-while-draining") },
	  find_unserved_while_draining },
	{ { .name = "cannot-bind-again",
	    .scenarios = "restart",
	    .needs = "EVENT_SERVER of \"server 2\": \"started\", then \"listens\" or \"exited\", "
		     "with "
		     "looks at it",
	    .consequence =
		    "A restart fails for up to a minute after the last connection, or until a "
		    "child has ended.",
	    .mends = "Set SO_REUSEADDR before bind(); open the listener with SOCK_CLOEXEC.",
	    .page = PAGE("cannot-bind-again") },
	  find_no_bind },
	{ { .name = "listener-leaked",
	    .scenarios = "restart",
	    .needs = "EVENT_SERVER \"exited\" of the main process, then looks for STILL at the "
		     "others, "
		     "and the listener's queue",
	    .consequence =
		    "The server is gone, and its port is held by a child that does not accept: "
		    "clients are connected to nobody, and a restart finds the port taken.",
	    .mends = "Open the listener with SOCK_CLOEXEC, or close it in each child.",
	    .page = PAGE("listener-leaked") },
	  find_leaked_listener },
	{ { .name = "refused-at-restart",
	    .scenarios = "restart",
	    .needs = "EVENT_FACT \"socket activation\"; EVENT_SERVER \"signalled\"; ordinary "
		     "clients",
	    .consequence =
		    "Clients are refused although the listener was to stay over the restart.",
	    .mends = "Use the listener of LISTEN_FDS as it is: do not shut it down, and do not "
		     "listen on "
		     "a socket of your own.",
	    .page = PAGE("refused-at-restart") },
	  find_refused_at_restart },
	{ { .name = "refused-at-reload",
	    .scenarios = "reload",
	    .needs = "EVENT_SERVER \"signalled\" or \"command\"; ordinary clients before and after "
		     "it; EVENT_FACT \"reuseport\", and EVENT_LISTENER of who follows",
	    .consequence = "Each reload refuses clients.",
	    .mends = "Keep the listener open over a reload: hand the same socket on, and do not "
		     "close "
		     "and open it again.",
	    .page = PAGE("refused-at-reload") },
	  find_refused_at_reload },
	{ { .name = "reset-at-reload",
	    .scenarios = "reload",
	    .needs = "as refused-at-reload",
	    .consequence = "Each reload resets clients that were connected already.",
	    .mends = "Keep the listener, with those who wait in it; end a worker when it has "
		     "answered "
		     "those whom it has accepted.",
	    .page = PAGE("reset-at-reload") },
	  find_reset_at_change },
	{ { .name = "cut-answer-at-reload",
	    .scenarios = "reload",
	    .needs = "as refused-at-reload; a client in the middle of its answer",
	    .consequence = "Each reload cuts answers that are being sent.",
	    .mends = "Let a worker finish its answers before it ends.",
	    .page = PAGE("cut-answer-at-reload") },
	  find_cut_at_change },
	{ { .name = "unanswered-at-reload",
	    .scenarios = "reload",
	    .needs = "as refused-at-reload; looks while a client waits",
	    .consequence =
		    "Each reload leaves clients without an answer that had sent their request.",
	    .mends = "Let a worker answer whom it has accepted before it ends.",
	    .page = PAGE("unanswered-at-reload") },
	  find_unanswered_at_change },
	{ { .name = "refused-at-handover",
	    .scenarios = "handover",
	    .needs = "EVENT_SERVER \"listens\" of \"server 2\", \"signalled\" of \"server\"; "
		     "ordinary "
		     "clients before and after",
	    .consequence = "A handover to a second instance refuses clients.",
	    .mends = "Let both instances listen on the port until the first one has ended.",
	    .page = PAGE("refused-at-handover") },
	  find_refused_at_change },
	{ { .name = "reset-at-handover",
	    .scenarios = "handover",
	    .needs = "as refused-at-handover",
	    .consequence = "A handover resets clients that the first instance had accepted.",
	    .mends = "Answer those whom the instance has accepted before it ends.",
	    .page = PAGE("reset-at-handover") },
	  find_reset_at_change },
	{ { .name = "cut-answer-at-handover",
	    .scenarios = "handover",
	    .needs = "as refused-at-handover; a client in the middle of its answer",
	    .consequence = "A handover cuts answers that are being sent.",
	    .mends = "Let the first instance finish its answers before it ends.",
	    .page = PAGE("cut-answer-at-handover") },
	  find_cut_at_change },
	{ { .name = "unanswered-at-handover",
	    .scenarios = "handover",
	    .needs = "as refused-at-handover; looks while a client waits",
	    .consequence =
		    "A handover leaves clients without an answer that had sent their request.",
	    .mends = "Answer those whom the instance has accepted before it ends.",
	    .page = PAGE("unanswered-at-handover") },
	  find_unanswered_at_change },
	{ { .name = "reset-in-group",
	    .scenarios = "reload handover",
	    .needs = "EVENT_LISTENER of each member of the SO_REUSEPORT group, and their queues "
		     "(EVENT_QUEUE, \"gone\" at the end); clients that come while the server is "
		     "stopped, EVENT_SERVER \"continued\"",
	    .consequence =
		    "Whenever a worker ends, clients that the kernel has put into its queue are "
		    "reset, although others serve the port.",
	    .mends = "Set net.ipv4.tcp_migrate_req=1 (Linux 5.14), or accept() until EAGAIN before "
		     "the "
		     "listener is closed; or share one listener.",
	    .page = PAGE("reset-in-group") },
	  find_reset_in_group },
};

const struct told_rule *told_rule_at(size_t index)
{
	return index < ARRAY_LENGTH(rules) ? &rules[index].rule : NULL;
}

const struct told_rule *told_rule(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rules); i++)
		if (strcmp(rules[i].rule.name, name) == 0)
			return &rules[i].rule;
	return limit_rule(name);
}

static bool is_for(const struct told_rule *rule, const char *scenario)
{
	return !*rule->scenarios || text_has_word(rule->scenarios, scenario);
}

void tell_findings(struct told *told)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
		struct told_finding finding = { .rule = &rules[i].rule };

		if (is_for(finding.rule, told->scenario) && rules[i].find(told, &finding))
			add_finding(told, finding);
	}
}
