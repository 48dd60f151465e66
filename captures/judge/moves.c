/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In whose accept queue a connection is, where several listen on one port. No event says so:
 * sock_diag tells neither the listener nor the queue of a request or a child. It follows from the
 * depths of the queues: reuseport_select_sock() has chosen the listener whose queue is one longer
 * than its books say, and so has reuseport_migrate_sock() for the connections that waited at a
 * listener that has ended. A request moves when its timer fires or its final ACK comes.
 */
#include "captures/judge/books.h"

/* ---- in the ladder --------------------------------------------------------------------------- */

static void enter_move(struct judge *judge, const struct event *event, int line)
{
	judge->lines[line].has_moved = true;
	judge->lines[line].awaits[SERVER] |= A_MOVE;
	tally_seen(judge, event, (struct seen){ SERVER, MOVES, 1 });
}

/* ---- requests ------------------------------------------------------------------------------ */

/* The one that listens on the port; NULL where none does, or several. */
static const struct listener_book *only_one_on(const struct judge *judge, int port)
{
	const struct listener_book *found = NULL;

	for (int i = 0; i < judge->listener_count; i++) {
		const struct listener_book *listener = &judge->listeners[i];

		if (listener->port != port || !is_listening(listener))
			continue;
		if (found)
			return NULL;
		found = listener;
	}
	return found;
}

static bool is_listened_on(const struct judge *judge, int port)
{
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].port == port && is_listening(&judge->listeners[i]))
			return true;
	return false;
}

void choose_listener(struct judge *judge, struct flow_book *flow)
{
	const struct listener_book *meant = book_of_listener(judge, flow->listener);
	const struct listener_book *met = only_one_on(judge, flow->port);

	if (meant && !is_listening(meant))
		flow->listener = met ? met->key : 0;
}

/* reqsk_timer_handler() sends a SYN-ACK again for one that listens, or ends the request. */
void follow_request(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = &judge->flows[event->flow];
	const struct listener_book *from = book_of_listener(judge, flow->listener);
	const struct listener_book *to = only_one_on(judge, flow->port);

	if (!from || is_listening(from))
		return;
	if (!is_listened_on(judge, flow->port)) {
		judge_object(judge, event,
			     format("the timer of the request of %s has fired and left it, but %s "
				    "has ended, and nobody else listens on port %d",
				    flow->name, from->name, flow->port));
		return;
	}
	flow->listener = to ? to->key : 0;
	enter_move(judge, event,
		   flow->synack_since_timer ? book_of_packet(judge, flow->synack.packet)->line
					    : flow->last_line);
}

/* ---- connections that wait ----------------------------------------------------------------- */

/*
 * Whether it waited at one that another process has ended. Nobody tells what that has accepted
 * before, and the flow need not have moved.
 */
static bool was_left_behind(struct judge *judge, const struct flow_book *flow)
{
	const struct listener_book *from = book_of_listener(judge, flow->listener);

	return flow->waits && from && !is_listening(from) && flow->queued < from->silent_end;
}

/* Whether it waits at a listener that has ended, or at one that is not known yet. */
static bool is_homeless(struct judge *judge, const struct flow_book *flow, int port)
{
	return flow->waits && flow->port == port &&
	       !is_listening(book_of_listener(judge, flow->listener)) &&
	       !was_left_behind(judge, flow);
}

static void move(struct judge *judge, const struct event *event, int number,
		 struct listener_book *to)
{
	struct flow_book *flow = &judge->flows[number];
	struct listener_book *from = book_of_listener(judge, flow->listener);
	const struct packet_book *cause = book_of_packet(judge, event->packet);
	bool by_segment = cause && cause->flow == number && cause->from == CLIENT;

	flow->listener = to->key;
	flow->queued = event->seq;
	to->children++;
	if (!from)
		return;
	enter_move(judge, event, by_segment ? cause->line : enter_line(judge, event, number));
	judge->lines[flow->last_line].by_call |= from->silent_end && !by_segment;
}

static int unexplained(const struct listener_book *listener)
{
	return listener->depths.accept - (listener->children - listener->accepted);
}

/*
 * inet_csk_listen_stop(), inet_csk_complete_hashdance(): connections in the queue beyond its books
 * have come from another one, those that live first. (Where several leave one queue for several
 * others in one sample, nothing tells who went where: they are taken in the order of flows.)
 */
void take_in(struct judge *judge, const struct event *event, struct listener_book *listener)
{
	for (int dead = 0; dead < 2; dead++)
		for (int i = 1; i < judge->flow_count && unexplained(listener) > 0; i++) {
			const struct flow_book *flow = &judge->flows[i];

			if ((flow->states[SERVER] == NO_SOCKET) == dead &&
			    is_homeless(judge, flow, listener->port))
				move(judge, event, i, listener);
		}
}

/* Of another process, which may have accepted it already. */
static struct listener_book *foreign_on(struct judge *judge, int port)
{
	for (int i = 0; i < judge->listener_count; i++) {
		struct listener_book *listener = &judge->listeners[i];

		if (listener->port == port && listener->foreign && is_listening(listener))
			return listener;
	}
	return NULL;
}

/* The queue that was told of last, where one of the port was told of since the last sample. */
static struct culprit culprit_on(const struct judge *judge, const struct event *event, int port)
{
	struct culprit culprit = { event->seq, event->packet };
	long last = judge->last_sample;

	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].port == port && judge->listeners[i].depths_seq > last)
			culprit.seq = last = judge->listeners[i].depths_seq;
	return culprit;
}

static void end_wait(struct judge *judge, const struct event *event, int number)
{
	struct flow_book *flow = &judge->flows[number];
	struct listener_book *from = book_of_listener(judge, flow->listener);
	struct listener_book *foreign = foreign_on(judge, flow->port);

	if (flow->states[SERVER] == NO_SOCKET) {
		flow->waits = 0;
	} else if (foreign) {
		move(judge, event, number, foreign);
	} else {
		judge_object_to(
			judge, culprit_on(judge, event, flow->port),
			from ? format("%s waited at %s, which has ended, and is in no other "
				      "accept queue of port %d",
				      flow->name, from->name, flow->port)
			     : format("%s is connected, and in no accept queue of port %d",
				      flow->name, flow->port));
	}
}

/* Who came last of those who were left behind; 0: nobody was. */
static int last_left_behind(struct judge *judge)
{
	int last = 0;

	for (int i = 1; i < judge->flow_count; i++) {
		const struct flow_book *flow = &judge->flows[i];

		if (was_left_behind(judge, flow) && flow->states[SERVER] != NO_SOCKET &&
		    (!last || flow->queued > judge->flows[last].queued))
			last = i;
	}
	return last;
}

/* Where those go who move on the port, without a sample that would show who. */
static struct listener_book *new_home_on(struct judge *judge, int port)
{
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].port == port && is_listening(&judge->listeners[i]) &&
		    unexplained(&judge->listeners[i]) > 0)
			return &judge->listeners[i];
	return foreign_on(judge, port);
}

/*
 * A queue is a FIFO: what the process has accepted before it ended its listener came first, and
 * what has moved since came last. How many have, the kernel counts.
 */
static void follow_moves(struct judge *judge, const struct event *event)
{
	const struct tally_book *moves = &judge->hosts[SERVER].tallies[MOVES];
	struct listener_book *to;
	int last;

	while (moves->balance + moves->moved > moves->seen && (last = last_left_behind(judge)) &&
	       (to = new_home_on(judge, judge->flows[last].port)))
		move(judge, event, last, to);
}

void end_waits(struct judge *judge, const struct event *event)
{
	follow_moves(judge, event);
	for (int i = 1; i < judge->flow_count && !judge->found; i++)
		if (is_homeless(judge, &judge->flows[i], judge->flows[i].port))
			end_wait(judge, event, i);
}

void leave_queue(struct judge *judge, const struct event *event, struct listener_book *listener)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	const struct listener_book *at = flow ? book_of_listener(judge, flow->listener) : NULL;

	listener->accepted += !listener->foreign || (flow && flow->waits);
	if (!flow || !flow->waits)
		return;
	if (at && at != listener)
		judge_object(judge, event,
			     format("accept of %s gave %s, which waits at %s", listener->name,
				    flow->name, at->name));
	flow->waits--;
}

/* Who has waited longest at the listener; NULL: nobody does. */
static struct flow_book *first_in_queue(struct judge *judge, const struct listener_book *listener)
{
	struct flow_book *first = NULL;

	for (int i = 1; i < judge->flow_count; i++) {
		struct flow_book *flow = &judge->flows[i];

		if (flow->waits && flow->listener == listener->key &&
		    (!first || flow->queued < first->queued))
			first = flow;
	}
	return first;
}

void leave_in_order(struct judge *judge, struct listener_book *listener, int count)
{
	struct flow_book *first;

	listener->accepted += count;
	while (count-- > 0 && (first = first_in_queue(judge, listener)))
		first->waits--;
}
