/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The books of sockets and queues: which state may follow which, what must have come before it,
 * when a request's timer is due, and what the queues then hold.
 */
#include "captures/judge/books.h"

#define TO(state) (1u << (state))

/* What one sample may find where the last one found the row's state. CLOSED is never listed. */
static const unsigned transitions[TCP_STATES] = {
	[NO_SOCKET] = TO(SYN_SENT) | TO(SYN_RECV) | TO(ESTABLISHED) | TO(CLOSE_WAIT),
	[SYN_SENT] = TO(ESTABLISHED) | TO(NO_SOCKET) | TO(FIN_WAIT1),
	[SYN_RECV] = TO(ESTABLISHED) | TO(CLOSE_WAIT) | TO(NO_SOCKET) | TO(FIN_WAIT1) |
		     TO(SYN_RECV) | TO(CHILD_SYN_RECV),
	/* tcp_rcv_state_process() has not taken its final ACK yet */
	[CHILD_SYN_RECV] = TO(ESTABLISHED) | TO(CLOSE_WAIT) | TO(NO_SOCKET) | TO(FIN_WAIT1),
	[ESTABLISHED] = TO(FIN_WAIT1) | TO(CLOSE_WAIT) | TO(NO_SOCKET),
	[FIN_WAIT1] = TO(FIN_WAIT2) | TO(CLOSING) | TO(TIME_WAIT) | TO(NO_SOCKET),
	[FIN_WAIT2] = TO(TIME_WAIT) | TO(NO_SOCKET),
	[TIME_WAIT] = TO(NO_SOCKET),
	[CLOSE_WAIT] = TO(LAST_ACK) | TO(NO_SOCKET),
	[LAST_ACK] = TO(NO_SOCKET),
	[CLOSING] = TO(TIME_WAIT) | TO(NO_SOCKET),
};

/* What a host must have got, or sent, to be in a state. */
static const char *missing_for(const struct flow_book *flow, const struct event *event)
{
	const struct heard *heard = &flow->heard[event->host];
	bool client = event->host == CLIENT;
	bool closes = heard->fin_sent || flow->closed[event->host];

	switch (event->state) {
	case SYN_SENT:
		return client ? NULL : "the client's end";
	case SYN_RECV:
		return !client && heard->syn ? NULL : "a SYN";
	case CHILD_SYN_RECV:
		return !client && (heard->ack || heard->syn_ack) ? NULL : "an ACK";
	case ESTABLISHED:
		return (client ? heard->syn_ack : heard->ack) ? NULL
		       : client                               ? "a SYN-ACK"
							      : "an ACK";
	case FIN_WAIT1:
	case FIN_WAIT2:
		return closes ? NULL : "close()";
	case CLOSE_WAIT:
		return heard->fin ? NULL : "a FIN";
	case CLOSING:
	case LAST_ACK:
	case TIME_WAIT:
		return heard->fin && closes ? NULL : "a FIN from both ends";
	default:
		return NULL;
	}
}

static bool is_of(const struct socket_book *socket, const struct event *event)
{
	return socket->cookie == event->cookie && socket->host == event->host;
}

static struct socket_book *book_of_socket(struct judge *judge, const struct event *event)
{
	int *last = &judge->flows[event->flow].socket[event->host];
	struct socket_book *known;

	/* of a crowd a search takes its time, and a flow has one socket or two */
	if (*last < judge->socket_count && is_of(&judge->sockets[*last], event))
		return &judge->sockets[*last];
	known = book_of_cookie(judge, event->host, event->cookie);
	if (known)
		return known;
	judge->sockets = GROWN(judge->sockets, judge->socket_count);
	judge->sockets[judge->socket_count] = (struct socket_book){ .host = event->host,
								    .cookie = event->cookie,
								    .flow = event->flow };
	*last = judge->socket_count;
	return &judge->sockets[judge->socket_count++];
}

static bool is_child(enum tcp_state state)
{
	return state != NO_SOCKET && state != SYN_RECV && state != TIME_WAIT;
}

/* Tcp.CurrEstab counts these two (RFC 4022, tcpCurrEstab). */
static bool counts_as_established(enum tcp_state state)
{
	return state == ESTABLISHED || state == CLOSE_WAIT;
}

static void count_socket(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct listener_book *listener, *port = book_of_port(judge, flow->port);
	struct host_book *host = &judge->hosts[event->host];

	if (event->was == NO_SOCKET && event->state == SYN_RECV)
		choose_listener(judge, flow);
	listener = book_of_listener(judge, flow->listener);
	if (counts_as_established(event->state))
		enter_ledger(host, CURR_ESTAB, event);
	host->seen[CURR_ESTAB] -= counts_as_established(event->was);
	if (event->host == CLIENT && event->was == NO_SOCKET)
		enter_ledger(host, ACTIVE_OPENS, event);
	if (event->host != SERVER || !port)
		return;
	if (event->was == NO_SOCKET && !is_listening(listener)) {
		/* a SYN that comes, or a cookie that comes back, is for whoever listens now */
		flow->listener = 0;
		listener = NULL;
	}
	port->changed_seq = event->seq;
	port->requests += (event->state == SYN_RECV) - (event->was == SYN_RECV);
	if (!is_child(event->state) || is_child(event->was))
		return;
	enter_ledger(host, PASSIVE_OPENS, event);
	if (listener && listener->listens) {
		listener->changed_seq = event->seq;
		listener->children++;
	}
	flow->waits++;
	flow->queued = event->seq;
}

/* The timer was set anew, and not because a SYN came again: tcp_check_req(). */
static bool has_timed_out(const struct judge *judge, const struct event *event)
{
	return event->was == SYN_RECV && event->state == SYN_RECV &&
	       judge->flows[event->flow].syn_arrived_in != judge->samples + 1;
}

/*
 * The line of the segment that the host has sent in this sample, the flow's last; -1: there is
 * none. One call may send a segment in each of several flows, and a sample is about the first of
 * them.
 */
static int line_of_own_segment(const struct judge *judge, const struct event *event,
			       const struct flow_book *flow)
{
	const struct line_book *line = flow->last_line < 0 ? NULL : &judge->lines[flow->last_line];

	return line && line->packet && line->sample == judge->samples + 1 &&
			       judge->packets[line->packet].from == event->host
		       ? flow->last_line
		       : -1;
}

/* A change of state belongs to the line of its cause, or makes a line of its own. */
static void attach_state(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct packet_book *cause = book_of_packet(judge, event->packet);
	struct line_book *line;
	int index = cause && cause->flow == event->flow ? cause->line : -1;
	bool by_later = cause && comes_after(judge, cause->flow, event->flow);
	bool silent_timer = has_timed_out(judge, event) && !flow->synack_since_timer;

	if (event->was == event->state && !silent_timer)
		return; /* its SYN-ACK has a line already */
	if (cause && index < 0)
		index = line_of_own_segment(judge, event, flow);
	if (index < 0 && flow->last_line >= 0 && judge->lines[flow->last_line].sampled &&
	    judge->lines[flow->last_line].at == event->at)
		index = flow->last_line; /* the other host's change, found by the same sample */
	if (index < 0 || silent_timer)
		index = enter_line(judge, event, event->flow);
	line = &judge->lines[index];
	if (by_later)
		line->later = cause->line;
	else if (line->sampled && !flow->closed[event->host])
		line->awaits[event->host] |= A_TIMEOUT;
	if (silent_timer) {
		snprintf(line->words, sizeof(line->words), "timer");
		return;
	}
	line->changed = true;
	line->states[CLIENT] = flow->states[CLIENT];
	line->states[SERVER] = flow->states[SERVER];
}

/* TCP_TIMEOUT_INIT, doubled each time, up to TCP_RTO_MAX */
static nsec request_period(int timeouts)
{
	return timeouts < 7 ? SEC(1 << timeouts) : SEC(120);
}

/* Between when and when the request's timer was set that is found now. */
struct interval {
	nsec first, last;
};

/* It is set when a SYN-ACK leaves, when it fires without one, or when a SYN comes again. */
static struct interval timer_was_set(const struct judge *judge, const struct event *event,
				     const struct flow_book *flow)
{
	long sample = judge->samples + 1;

	if (flow->synack_sent_in == sample)
		return (struct interval){ flow->synack_sent, flow->synack_sent };
	if (flow->syn_arrived_in == sample)
		return (struct interval){ flow->syn_arrived, event->at };
	return (struct interval){ event->was == SYN_RECV ? flow->fires : flow->t0, event->at };
}

static void check_request_timer(struct judge *judge, const struct event *event,
				const struct flow_book *flow)
{
	nsec period = request_period(flow->timeouts + has_timed_out(judge, event));
	struct interval set = timer_was_set(judge, event, flow);

	if (event->fires < set.first + period - 2 * TIMER_GRAIN ||
	    event->fires > set.last + period + TIMER_GRAIN)
		judge_object(
			judge, event,
			format("the timer of %s's request is due at %.3f s, but it was set between "
			       "%.3f s and %.3f s, for %.0f s",
			       flow->name, seconds(event->fires - flow->t0),
			       seconds(set.first - flow->t0), seconds(set.last - flow->t0),
			       seconds(period)));
}

/* Whether an ICMP error that has ended a request could do so; objects when not. */
static bool check_end_by_icmp(struct judge *judge, const struct event *event)
{
	char *objection = event->was == SYN_RECV && event->state == NO_SOCKET
				  ? icmp_objection(judge, event)
				  : NULL;

	if (objection)
		judge_object(judge, event, objection);
	return !objection;
}

/* Whether the change can be; objects when not. */
static bool check_change(struct judge *judge, const struct event *event,
			 const struct socket_book *socket)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	const char *missing = missing_for(flow, event);

	if (socket->flow != event->flow)
		judge_object(judge, event,
			     format("%s's socket on the %s was another flow's", flow->name,
				    host_name(event->host)));
	else if (socket->state != event->was)
		judge_object(judge, event,
			     format("%s's socket on the %s left %s, but it was in %s: a state is "
				    "missing",
				    flow->name, host_name(event->host), state_name(event->was),
				    state_name(socket->state)));
	else if (socket->changed_in == judge->samples + 1)
		judge_object(judge, event,
			     format("one sample found two changes of %s's socket on the %s",
				    flow->name, host_name(event->host)));
	else if (!(transitions[event->was] & TO(event->state)))
		judge_object(judge, event,
			     format("%s's socket on the %s went from %s to %s, which TCP has not",
				    flow->name, host_name(event->host), state_name(event->was),
				    state_name(event->state)));
	else if (missing)
		judge_object(judge, event,
			     format("%s's socket on the %s is in %s without %s", flow->name,
				    host_name(event->host), state_name(event->state), missing));
	else
		return check_end_by_icmp(judge, event);
	return false;
}

static bool check_repeats(struct judge *judge, const struct event *event,
			  const struct flow_book *flow)
{
	int seen = (int)flow->synacks - 1;
	bool just_sent = event->retrans < seen && flow->synack.seq > judge->last_sample;

	if (event->state != SYN_RECV || flow->synacks == 0 || event->retrans == seen)
		return true;
	judge_object_to(judge,
			just_sent ? flow->synack : (struct culprit){ event->seq, event->packet },
			format("%s's request counts %d SYN-ACKs sent again, its capture has %d",
			       flow->name, event->retrans, seen));
	return false;
}

static void change_request(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = &judge->flows[event->flow];

	flow->timeouts += has_timed_out(judge, event);
	flow->fires = event->fires;
	flow->fires_seq = event->seq;
}

void take_socket(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	struct socket_book *socket;

	if (!flow) {
		judge_object(
			judge, event,
			format("a socket in %s on the %s belongs to no flow that the case named",
			       state_name(event->state), host_name(event->host)));
		return;
	}
	socket = book_of_socket(judge, event);
	if ((!check_change(judge, event, socket) || !check_repeats(judge, event, flow)) &&
	    !judge->scenario)
		return;
	if (event->state == SYN_RECV)
		check_request_timer(judge, event, flow);
	note_cause(judge, event);
	tally_state(judge, event);
	if (event->state != NO_SOCKET && flow->before)
		judge->newcomer[event->host] = event->flow;
	if (event->host == SERVER && event->was == NO_SOCKET && is_child(event->state))
		check_cookie(judge, event, flow);
	socket->state = flow->states[event->host] = event->state;
	socket->changed_in = judge->samples + 1;
	count_socket(judge, event, flow);
	if (event->host == SERVER)
		change_request(judge, event);
	attach_state(judge, event, flow);
	if (has_timed_out(judge, event))
		follow_request(judge, event);
	if (event->host == SERVER && (event->was == event->state || event->was == NO_SOCKET))
		flow->synack_since_timer = flow->synack_by_timer = false;
}

/* What no sample finds any more. Another process ends what it listens on without telling. */
static void take_end_of_listener(struct judge *judge, const struct event *event,
				 struct listener_book *listener)
{
	if (listener->listens && !listener->foreign)
		judge_object(judge, event,
			     format("the socket of %s does not listen any more, and nothing has "
				    "ended it",
				    listener->name));
	if (listener->listens)
		listener->silent_end = event->seq;
	listener->closed |= listener->listens;
	listener->listens = false;
}

void take_queue(struct judge *judge, const struct event *event)
{
	struct listener_book *listener = book_of_listener(judge, event->listener);

	if (!listener) {
		judge_object(judge, event,
			     format("a queue of listener %d, which there is not", event->listener));
		return;
	}
	note_cause(judge, event);
	listener->there = !event->name; /* else it is "gone" */
	if (!listener->there) {
		take_end_of_listener(judge, event, listener);
		return;
	}
	listener->depths_seq = event->seq;
	listener->depths = (struct depths){ event->accept, event->limit, event->syn };
	take_in(judge, event, listener);
	if (!listener->listens || event->limit != listener->limit)
		judge_object(judge, event,
			     format("accept queue of %s has the limit %d, but listen() %s",
				    listener->name, event->limit,
				    listener->listens ? "made it another" : "was not called"));
}
