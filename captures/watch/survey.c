/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters and sockets of hosts that nobody watches.
 */
#include "captures/watch/probes.h"

struct survey {
	struct diag *diags[HOSTS];
	struct counters *counters[HOSTS];
};

struct survey *survey_open(struct net *net, int family)
{
	struct survey *survey = must_alloc(1, sizeof(*survey));

	for (int host = 0; host < HOSTS; host++) {
		survey->diags[host] = diag_open(
			net, &(struct diag_options){ .host = (enum host)host, .family = family });
		survey->counters[host] = counters_open(net, (enum host)host);
	}
	return survey;
}

long survey_counter(struct survey *survey, enum host host, const char *name)
{
	counters_read(survey->counters[host]);
	return counters_since_open(survey->counters[host], name);
}

/* Of counters_accept(), for who asks for movements since the survey began. */
struct told {
	survey_moved *moved;
	void *context;
	const struct counters *counters;
};

static void tell(void *context, const char *name, long delta, long value)
{
	const struct told *told = context;

	(void)delta;
	(void)value;
	told->moved(told->context, name, counters_since_open(told->counters, name));
}

void survey_counters(struct survey *survey, enum host host, survey_moved *moved, void *context)
{
	struct told told = { moved, context, survey->counters[host] };

	counters_read(survey->counters[host]);
	counters_accept(survey->counters[host], tell, &told);
}

/* Those in other states than these are counted, each a bit. */
struct tally {
	unsigned without;
	long sum;
};

static void count(void *context, const struct diag_socket *socket)
{
	struct tally *tally = context;

	tally->sum += !(tally->without >> socket->state & 1);
}

static long sockets_without(struct survey *survey, enum host host, unsigned states)
{
	struct tally tally = { .without = states };
	int attempts = NETLINK_ATTEMPTS;

	do
		tally.sum = 0;
	while (!diag_dump(survey->diags[host], count, &tally) && --attempts);
	if (!attempts)
		broken("the list of the %s's sockets does not stand still", host_name(host));
	return tally.sum;
}

long survey_sockets(struct survey *survey, enum host host)
{
	return sockets_without(survey, host, 1U << LISTEN | 1U << TIME_WAIT);
}

long survey_speakers(struct survey *survey, enum host host)
{
	return sockets_without(survey, host, 1U << LISTEN | 1U << TIME_WAIT | 1U << FIN_WAIT2);
}

bool survey_close(struct survey *survey)
{
	bool ended = true;

	for (int host = 0; host < HOSTS; host++) {
		ended &= diag_destroy_all(survey->diags[host]);
		diag_close(survey->diags[host]);
		counters_close(survey->counters[host]);
	}
	free(survey);
	return ended;
}
