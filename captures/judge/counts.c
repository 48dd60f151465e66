/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters that other witnesses confirm. Ledgers are exact: what Tcp's counters mean is defined
 * (RFC 4022), and captures and sockets show it. Tallies are what Linux counts at least, or in one
 * case at most, of what is seen; whether there was more is for the case's own expectations.
 */
#include "captures/judge/books.h"

#include <string.h>

/* ---- ledgers ------------------------------------------------------------------------------- */

static const struct {
	const char *counter, *what;
} ledgers[LEDGERS] = {
	[IN_SEGS] = { "Tcp.InSegs", "segments that came in" },
	[OUT_SEGS] = { "Tcp.OutSegs", "segments that went out and were no retransmissions" },
	[RETRANS_SEGS] = { "Tcp.RetransSegs", "segments that went out again" },
	[SYN_RETRANS] = { "TCPSynRetrans", "SYNs and SYN-ACKs that went out again" },
	[OUT_RSTS] = { "Tcp.OutRsts", "RSTs that went out" },
	[ACTIVE_OPENS] = { "Tcp.ActiveOpens", "sockets that began to connect" },
	[PASSIVE_OPENS] = { "Tcp.PassiveOpens", "children of listeners" },
	[CURR_ESTAB] = { "Tcp.CurrEstab", "sockets in ESTABLISHED or CLOSE_WAIT" },
};

/* Whether what was seen cannot say how a segments' ledger stands, because of a flood. */
static bool hidden_by_flood(const struct host_book *host, enum ledger ledger)
{
	if (host->flooding)
		return ledger < SEGMENT_LEDGERS;
	return host->flooded && (ledger == RETRANS_SEGS || ledger == SYN_RETRANS);
}

/*
 * What a scenario's ledgers are. Which of two counters a segment is in that has left a host, and
 * whether a SYN-ACK that comes again is in both, depends on what its socket was just then: of a
 * crowd nobody looks that often. Both together count each segment, and at most each such SYN-ACK
 * twice. And sockets may have come and gone between two looks.
 */
static bool departures_stand(const struct host_book *host, long counted)
{
	return host->flooded ||
	       (counted >= host->departures && counted <= host->departures + host->syn_acks_more);
}

static bool told_ledger_stands(const struct host_book *host, enum ledger ledger, long counted)
{
	if (ledger == OUT_SEGS || ledger == RETRANS_SEGS || ledger == SYN_RETRANS)
		return true; /* see above */
	if (ledger == ACTIVE_OPENS || ledger == PASSIVE_OPENS)
		return host->seen[ledger] <= counted;
	return host->seen[ledger] == counted;
}

static bool told_agrees(const struct host_book *host, counted *counted, void *context)
{
	long departures = counted(context, ledgers[OUT_SEGS].counter) +
			  counted(context, ledgers[RETRANS_SEGS].counter);

	if (host->aside || host->flooding)
		return true;
	for (int ledger = 0; ledger < SEGMENT_LEDGERS; ledger++)
		if (!told_ledger_stands(host, (enum ledger)ledger,
					counted(context, ledgers[ledger].counter)))
			return false;
	return departures_stand(host, departures);
}

bool judge_agrees(const struct judge *judge, enum host host, counted *counted, void *context)
{
	const struct host_book *book = &judge->hosts[host];

	if (judge->scenario)
		return told_agrees(book, counted, context);
	for (int ledger = 0; ledger < SEGMENT_LEDGERS; ledger++)
		if (!hidden_by_flood(book, (enum ledger)ledger) &&
		    counted(context, ledgers[ledger].counter) != book->seen[ledger])
			return false;
	return true;
}

struct ledger_of {
	enum host host;
	enum ledger ledger;
};

void enter_ledger(struct host_book *host, enum ledger ledger, const struct event *event)
{
	host->seen[ledger]++;
	host->entered[ledger] = (struct culprit){ event->seq, event->packet };
}

/* Either something was seen that was not counted, or the other way round. */
static struct culprit culprit_of(const struct judge *judge, const struct event *event,
				 struct ledger_of of)
{
	const struct host_book *host = &judge->hosts[of.host];
	bool too_many_seen = host->seen[of.ledger] > host->counted[of.ledger];

	if (too_many_seen && host->entered[of.ledger].seq > judge->last_sample)
		return host->entered[of.ledger];
	if (host->ledger_seq[of.ledger] > judge->last_sample)
		return (struct culprit){ host->ledger_seq[of.ledger], event->packet };
	return (struct culprit){ event->seq, event->packet };
}

static void close_ledger(struct judge *judge, const struct event *event, struct ledger_of of)
{
	const struct host_book *host = &judge->hosts[of.host];
	long seen = host->seen[of.ledger], counted = host->counted[of.ledger];

	if (seen == counted || (host->flooding && of.ledger < SEGMENT_LEDGERS) ||
	    (judge->scenario && told_ledger_stands(host, of.ledger, counted)))
		return;
	judge_object_to_ledger(judge, culprit_of(judge, event, of),
			       format("%s of the %s makes %ld, but seen were %ld %s",
				      ledgers[of.ledger].counter, host_name(of.host), counted, seen,
				      ledgers[of.ledger].what));
}

static void close_departures(struct judge *judge, const struct event *event, enum host host)
{
	const struct host_book *book = &judge->hosts[host];
	long counted = book->counted[OUT_SEGS] + book->counted[RETRANS_SEGS];

	if (!book->flooding && !departures_stand(book, counted))
		judge_object_to_ledger(
			judge, culprit_of(judge, event, (struct ledger_of){ host, OUT_SEGS }),
			format("%s and %s of the %s make %ld, but seen were %ld segments that went "
			       "out, %ld of them perhaps counted twice",
			       ledgers[OUT_SEGS].counter, ledgers[RETRANS_SEGS].counter,
			       host_name(host), counted, book->departures, book->syn_acks_more));
}

/* What a scenario's server says to itself is in its counters and in no capture. */
static bool can_be_closed(const struct judge *judge, const struct event *event, enum host host)
{
	return !judge->scenario || (!judge->hosts[host].aside && !event->name);
}

void close_ledgers(struct judge *judge, const struct event *event)
{
	for (int host = 0; host < HOSTS; host++) {
		if (!can_be_closed(judge, event, (enum host)host))
			continue;
		for (int ledger = 0; ledger < LEDGERS && !judge->found; ledger++)
			close_ledger(judge, event,
				     (struct ledger_of){ (enum host)host, (enum ledger)ledger });
		if (judge->scenario)
			close_departures(judge, event, (enum host)host);
	}
}

void take_fact(struct judge *judge, const struct event *event)
{
	if (strcmp(event->name, "loopback") == 0)
		judge->hosts[SERVER].aside = true;
	if (strcmp(event->name, "loopback of the client") == 0)
		judge->hosts[CLIENT].aside = true;
}

/* -1: none. */
static int ledger_of(const char *counter)
{
	for (int i = 0; i < LEDGERS; i++)
		if (strcmp(counter, ledgers[i].counter) == 0)
			return i;
	return -1;
}

void name_ledger(struct host_book *host, const char *counter)
{
	int ledger = ledger_of(counter);

	if (ledger >= 0)
		host->named_ledgers |= 1u << ledger;
}

bool must_be_named(const struct host_book *host, const struct counter_book *counter)
{
	if (counter->ledger < 0)
		return !counter->exempt;
	if (host->named_ledgers & 1u << counter->ledger)
		return true;
	return !counter->exempt && hidden_by_flood(host, (enum ledger)counter->ledger);
}

/* ---- tallies ------------------------------------------------------------------------------- */

static const struct {
	const char *counters; /* any of them; blank on both sides of each */
	const char *why;
} tallies[TALLIES] = {
	[CHALLENGES] = { " TCPSYNChallenge ", "a SYN came for an established connection" },
	[CHALLENGES_IN_ERROR] = { " Tcp.InErrs ", "a SYN came for an established connection" },
	[CHALLENGE_ACKS] = { " TCPChallengeACK ",
			     "a SYN for an established connection was answered" },
	[TIMEOUTS] = { " TCPTimeouts ", "a timer fired" },
	[REPEATS] = { " TCPTimeouts TCPLossProbes TCPFastRetrans TCPSlowStartRetrans ",
		      "data went out again" },
	[REARMS] = { "", "a SYN-ACK went out again" },
	[EMBRYONIC_RESETS] = { " EmbryonicRsts ", "a half-open request was reset" },
	[FAILED_ATTEMPTS] = { " Tcp.AttemptFails ", "a connection did not come about" },
	[RESET_CONNECTIONS] = { " Tcp.EstabResets ", "a connection ended at once" },
	[ABORTS] = { " TCPAbortOnTimeout ", "a client has given up" },
	[COOKIES_CALLED_FOR] = { " TCPReqQFullDoCookies ", "a SYN was answered and nothing kept" },
	[COOKIES_SENT] = { " SyncookiesSent ", "a SYN was answered and nothing kept" },
	[COOKIES_BACK] = { " SyncookiesRecv ", "a connection came up without a request" },
	[DROPS] = { " ListenDrops ",
		    "a listener had no room, or an ICMP error ended a request of its" },
	[OVERFLOWS] = { " ListenOverflows ", "a full accept queue let something fall" },
	[FULL_REQUEST_QUEUES] = { " TCPReqQFullDrop ", "a full SYN queue let a SYN fall" },
	[MOVES] = { " TCPMigrateReqSuccess ",
		    "a request or a connection has moved to another listener" },
	[OTHER_NUMBERS] = { " OutOfWindowIcmps ",
			    "an ICMP error quoted a number that is not under way" },
	[ERRORS_ABOUT_NOBODY] = { " Icmp.InErrors Icmp6InErrors ",
				  "an ICMP error was about no socket" },
};

/* What a host says by counting when it lets a segment go by without a word. */
static const char drops[] = " ListenDrops ListenOverflows TCPDeferAcceptDrop TCPReqQFullDrop "
			    "PAWSEstab PAWSTimewait TSEcrRejected TCPACKSkippedSynRecv "
			    "TCPACKSkippedTimeWait TCPACKSkippedFinWait2 TCPACKSkippedChallenge ";

/* The same of an ICMP error. */
static const char icmp_drops[] = " OutOfWindowIcmps LockDroppedIcmps Icmp.InErrors Icmp6InErrors ";

static unsigned of_timers(const char *name)
{
	if (strcmp(name, "TCPTimeouts") == 0)
		return A_TIMEOUT;
	if (strcmp(name, ledgers[SYN_RETRANS].counter) == 0)
		return A_REPEATED_SYN;
	if (strcmp(name, "TCPMigrateReqSuccess") == 0)
		return A_MOVE;
	return strcmp(name, ledgers[RETRANS_SEGS].counter) == 0 ? A_RETRANSMISSION : 0;
}

void classify_counter(struct counter_book *counter)
{
	autofree char *word = format(" %s ", counter->name);

	counter->exempt = counter_exempt(counter->name) != NULL;
	counter->tells_of_a_drop = strstr(drops, word) != NULL;
	counter->tells_of_ignored_icmp = strstr(icmp_drops, word) != NULL;
	counter->of_timers = of_timers(counter->name);
	counter->ledger = ledger_of(counter->name);
	for (int i = 0; i < TALLIES; i++)
		if (strstr(tallies[i].counters, word))
			counter->tallies |= 1u << i;
}

void count_for_tallies(struct judge *judge, const struct event *event, unsigned set)
{
	for (int i = 0; i < TALLIES; i++)
		if (set & 1u << i) {
			judge->hosts[event->host].tallies[i].moved += event->delta;
			judge->hosts[event->host].tallies[i].moved_seq = event->seq;
		}
}

void tally_seen(struct judge *judge, const struct event *event, struct seen seen)
{
	struct tally_book *book = &judge->hosts[seen.host].tallies[seen.tally];

	if (seen.count <= 0)
		return;
	if (book->balance >= 0 && !book->seen) {
		book->seq = event->seq;
		book->packet = event->packet;
	}
	book->seen += seen.count;
}

static void tally_one(struct judge *judge, const struct event *event, enum tally tally)
{
	tally_seen(judge, event, (struct seen){ event->host, tally, 1 });
}

/* RFC 9293, 3.3.2: one that knows where both ends are. What is left of one that was closed is none.
 */
static bool is_synchronized(const struct flow_book *flow, enum host host)
{
	static const unsigned states = 1u << ESTABLISHED | 1u << FIN_WAIT1 | 1u << CLOSE_WAIT |
				       1u << CLOSING | 1u << LAST_ACK;

	return states & 1u << flow->states[host] ||
	       (flow->states[host] == FIN_WAIT2 && !flow->closed[host]);
}

/*
 * RFC 5961, 4.2: a SYN in a connection is not believed but asked about. tcp_rcv_established() also
 * counts it as an error, and tcp_rcv_state_process() does not.
 */
void tally_arrival(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = &judge->flows[event->flow];
	const struct flow_book *met = flow_met_by(judge, event);

	if (!(event->segment.flags & SYN))
		return;
	if (event->host == SERVER) {
		flow->syn_arrived_in = judge->samples + 1;
		flow->syn_arrived = event->at;
	}
	if (event->segment.flags & RST || !is_synchronized(met, event->host))
		return;
	flow->challenged_in[event->host] = judge->samples + 1;
	tally_one(judge, event, CHALLENGES);
	if (met->states[event->host] == ESTABLISHED)
		tally_one(judge, event, CHALLENGES_IN_ERROR);
}

/* Of what went out; @event is not yet in the flow's books. */
void tally_sending(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = &judge->flows[event->flow];
	const struct packet_book *packet = book_of_packet(judge, event->packet);
	uint8_t flags = event->segment.flags;
	bool by_timer = packet->retransmission;

	if (event->injected)
		return;
	if (flags & RST)
		flow->reset_in[event->host] = judge->samples + 1;
	if (flow->challenged_in[event->host] == judge->samples + 1 && !(flags & (SYN | RST)) &&
	    event->segment.length == 0) {
		flow->challenged_in[event->host] = 0;
		tally_one(judge, event, CHALLENGE_ACKS);
	}
	if (packet->retransmission)
		tally_one(judge, event, flags & SYN ? TIMEOUTS : REPEATS);
	if (flags & SYN && flags & ACK && packet->repeated &&
	    flow->syn_arrived_in != judge->samples + 1) {
		flow->synack_by_timer = by_timer = true;
		tally_one(judge, event, REARMS);
	}
	judge->lines[packet->line].awaits[event->host] =
		(by_timer ? A_TIMEOUT : 0) | (packet->repeated ? A_REPEATED_SYN : 0) |
		(packet->retransmission || packet->repeated ? A_RETRANSMISSION : 0);
}

/* Its socket, by SOCK_DESTROY. */
static bool was_destroyed(const struct judge *judge, const struct flow_book *flow)
{
	return flow->destroyed_in == judge->samples + 1;
}

static void tally_request_gone(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	const struct packet_book *cause = book_of_packet(judge, event->packet);

	if (!is_listening(
		    listener_of(judge, flow))) /* it goes at the next occasion, whatever that is */
		return;
	if (was_destroyed(judge, flow)) /* and nothing tells of it: tcp_abort() */
		return;
	if (cause && cause->from == CLIENT && cause->segment.flags & RST) {
		tally_one(judge, event, EMBRYONIC_RESETS);
		tally_one(judge, event, FAILED_ATTEMPTS);
	} else if (cause && cause->icmp) {
		tally_one(judge, event, DROPS); /* tcp_req_err() */
	} else if (flow->reset_in[SERVER] == judge->samples + 1) {
		tally_one(judge, event, EMBRYONIC_RESETS);
	} else if (!cause) {
		tally_one(judge, event, TIMEOUTS); /* it expired */
	}
}

static bool was_reset(struct judge *judge, const struct event *event)
{
	const struct packet_book *cause = book_of_packet(judge, event->packet);

	return cause && cause->flow == event->flow && cause->from != event->host &&
	       cause->segment.flags & RST;
}

/* Neither its user nor the other end wanted this, so a timer did: tcp_write_err(). */
static void tally_timed_out(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];

	tally_one(judge, event, ABORTS);
	if (flow->acked[event->host] != flow->sent_next[event->host])
		tally_one(judge, event, TIMEOUTS); /* that of its retransmissions */
}

static void tally_end(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];

	if (event->was == CHILD_SYN_RECV) {
		tally_one(judge, event, FAILED_ATTEMPTS);
	} else if (event->was == SYN_SENT && !flow->closed[event->host]) {
		tally_one(judge, event, FAILED_ATTEMPTS);
		judge->given_up = (struct culprit){ event->seq, event->packet };
	} else if (event->was == ESTABLISHED || event->was == CLOSE_WAIT) {
		tally_one(judge, event, RESET_CONNECTIONS); /* RFC 4022, tcpEstabResets */
		if (event->host == CLIENT && !flow->closed[CLIENT] && !was_reset(judge, event) &&
		    !was_destroyed(judge, flow))
			tally_timed_out(judge, event);
	}
}

/* Between two samples a request's timer may fire and the request end: nobody sees the new timer. */
static void forgive_last_timeout(struct judge *judge, const struct event *event)
{
	struct tally_book *books = judge->hosts[SERVER].tallies;

	if (judge->flows[event->flow].synack_by_timer) {
		books[REARMS].moved++;
		tally_one(judge, event, TIMEOUTS);
	} else {
		books[TIMEOUTS].allowed++;
	}
}

void tally_state(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	bool ended = event->state == NO_SOCKET || event->state == CLOSED;

	if (event->was == SYN_RECV && event->state != SYN_RECV)
		forgive_last_timeout(judge, event);
	if (event->was == SYN_RECV && event->state == SYN_RECV) {
		judge->hosts[SERVER].tallies[REARMS].moved++;
		/* a SYN that came again sets the timer too, and is no timeout */
		if (flow->syn_arrived_in != judge->samples + 1)
			tally_one(judge, event, TIMEOUTS);
	} else if (event->was == SYN_RECV && ended) {
		tally_request_gone(judge, event);
	} else if (ended) {
		judge->hosts[event->host].tallies[TIMEOUTS].allowed++;
		tally_end(judge, event);
	} else if (event->host == SERVER && event->was == NO_SOCKET && event->state != SYN_RECV) {
		tally_one(judge, event, COOKIES_BACK);
	}
}

/* A SYN was answered, yet there is no request: its answer was a cookie. */
static void tally_cookie(struct judge *judge, const struct event *event)
{
	const struct packet_book *cause = book_of_packet(judge, event->packet);
	const struct flow_book *flow = cause ? &judge->flows[cause->flow] : NULL;

	if (!cause || cause->from != CLIENT || (cause->segment.flags & (SYN | ACK)) != SYN ||
	    flow->states[SERVER] != NO_SOCKET || flow->synack_sent_in != judge->samples + 1)
		return;
	tally_seen(judge, event, (struct seen){ SERVER, COOKIES_CALLED_FOR, 1 });
	tally_seen(judge, event, (struct seen){ SERVER, COOKIES_SENT, 1 });
}

/*
 * tcp_conn_request() and tcp_v4_syn_recv_sock(): who lets something fall counts why, and that it
 * did. A queue over its limit is full on every kernel; what one at its limit is differs.
 */
static void tally_drop(struct judge *judge, const struct event *event)
{
	struct tally_book *server = judge->hosts[SERVER].tallies;
	const struct packet_book *cause = book_of_packet(judge, event->packet);
	const struct listener_book *listener =
		cause ? book_of_listener(judge, judge->flows[cause->flow].listener) : NULL;
	long reasons = server[OVERFLOWS].moved + server[FULL_REQUEST_QUEUES].moved;

	tally_seen(judge, event, (struct seen){ SERVER, DROPS, reasons });
	if (!server[DROPS].moved || reasons || !listener || judge->hosts[SERVER].flooding ||
	    cause->icmp)
		return;
	if (listener->depths.accept > listener->depths.limit)
		tally_seen(judge, event, (struct seen){ SERVER, OVERFLOWS, 1 });
	else if (cause->segment.flags & SYN && listener->depths.syn > listener->depths.limit &&
		 !shares_its_port(judge, listener))
		tally_seen(judge, event, (struct seen){ SERVER, FULL_REQUEST_QUEUES, 1 });
}

/* connect() ended by itself: if that was a timeout, two counters say so. */
static void tally_giving_up(struct judge *judge)
{
	struct tally_book *client = judge->hosts[CLIENT].tallies;
	struct event gone = { .seq = judge->given_up.seq, .packet = judge->given_up.packet };

	if (judge->given_up.seq <= judge->last_sample)
		return;
	if (client[ABORTS].moved)
		tally_seen(judge, &gone, (struct seen){ CLIENT, TIMEOUTS, 1 });
	else if (client[TIMEOUTS].moved > client[TIMEOUTS].seen + client[REPEATS].seen)
		tally_seen(judge, &gone, (struct seen){ CLIENT, ABORTS, 1 });
}

void tally_sample(struct judge *judge, const struct event *event)
{
	tally_cookie(judge, event);
	tally_drop(judge, event);
	tally_giving_up(judge);
}

/* The first one that would do; the caller frees it. */
static char *first_counter(enum tally tally)
{
	const char *counters = tallies[tally].counters;

	return *counters ? format("%.*s", (int)strcspn(counters + 1, " "), counters + 1)
			 : format("the request's timer");
}

static void object_to_uncounted(struct judge *judge, enum host host, enum tally tally)
{
	const struct tally_book *book = &judge->hosts[host].tallies[tally];
	autofree char *name = first_counter(tally);

	judge_object_to(judge, (struct culprit){ book->seq, book->packet },
			format("%s, but %s of the %s did not move", tallies[tally].why, name,
			       host_name(host)));
}

static void object_to_unseen(struct judge *judge, enum host host)
{
	judge_object_to(judge,
			(struct culprit){ judge->hosts[host].tallies[TIMEOUTS].unseen_seq, 0 },
			format("TCPTimeouts of the %s moved, but no timer was seen to have fired",
			       host_name(host)));
}

/* Of @number what is from 0 to @most. */
static long within(long number, long most)
{
	if (number > most)
		number = most;
	return number > 0 ? number : 0;
}

/*
 * A sample reads the counters a moment before the sockets and the captures. What happens in between
 * is seen by this sample and counted by the next one; and what a timer has counted and not done yet
 * is counted by this sample and seen by the next one. So either may be one sample late. Three
 * samples, and a request's timer that fires in the first one, between the two readings:
 *
 *   sample   seen                 TCPTimeouts   balance
 *   1        the timer set anew   0             0 + 0 - 1 = -1   seen, and not counted yet
 *   2        -                    +1            -1 + 1 - 0 = 0
 *   3        -                    0             0
 *
 * Had sample 2 not counted it, that would be the finding: it was seen more than one sample ago. The
 * other way round sample 1 counts +1 and sees nothing, a balance of 1; sample 2 must see what it is
 * of. What may be a timer's that nobody can see, because the socket ended with it or the timer sent
 * something that other counters tell of (allowed), takes away from a positive balance, and need not
 * be counted. A positive balance is of what moved in this sample: what moved before is closed.
 */
static void close_tally(struct judge *judge, enum host host, enum tally tally)
{
	struct tally_book *book = &judge->hosts[host].tallies[tally];
	long uncounted = -book->balance, unseen = book->balance;
	long balance = book->balance + book->moved - book->seen;

	if (uncounted > 0 && uncounted > book->moved)
		object_to_uncounted(judge, host, tally);
	else if (tally == TIMEOUTS && unseen > book->seen + book->allowed)
		object_to_unseen(judge, host);
	if (balance > 0)
		balance = within(balance - book->allowed, book->moved);
	book->balance = balance;
	book->unseen_seq = book->moved_seq;
	book->seen = book->allowed = book->moved = 0;
}

void settle_tallies(struct judge *judge)
{
	for (int host = 0; host < HOSTS; host++) {
		for (int tally = 0; tally < TALLIES; tally++)
			if (judge->hosts[host].tallies[tally].balance < 0)
				object_to_uncounted(judge, (enum host)host, (enum tally)tally);
		if (judge->hosts[host].tallies[TIMEOUTS].balance > 0)
			object_to_unseen(judge, (enum host)host);
	}
}

static void close_tallies_of(struct judge *judge, enum host host)
{
	struct tally_book *books = judge->hosts[host].tallies;

	books[TIMEOUTS].allowed += books[REPEATS].seen;
	if (judge->hosts[host].flood.aside)
		books[TIMEOUTS].allowed += books[TIMEOUTS].moved;
	for (int tally = 0; tally < TALLIES && !judge->found; tally++)
		close_tally(judge, host, (enum tally)tally);
}

void close_tallies(struct judge *judge)
{
	for (int host = 0; host < HOSTS; host++)
		close_tallies_of(judge, (enum host)host);
}
