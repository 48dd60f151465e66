/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Tcp, TcpExt and MPTcpExt counters of a host. All of them are read and watched, also those
 * that this file has never heard of, except for the one table below.
 */
#include "captures/probes.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

/* Left out of expectations; they stay in the journal. A case may still name one: then it is exact.
 */
static const struct {
	const char *pattern, *reason;
} exempt[] = {
	{ "Tcp.InSegs", "compared with the captures instead" },
	{ "Tcp.OutSegs", "compared with the captures instead" },
	{ "Tcp.Rto*", "a constant" },
	{ "Tcp.MaxConn", "a constant" },
	{ "TCPPureAcks", "which of two equal paths the segment took" },
	{ "TCPHPHits", "which of two equal paths the segment took" },
	{ "TCPHPAcks", "which of two equal paths the segment took" },
	{ "TCPDelivered", "bookkeeping of the congestion control" },
	{ "TCPOrigDataSent", "bookkeeping of the congestion control" },
	{ "TCPAutoCorking", "timing of the sender's own queue" },
	{ "TCPRcvCoalesce", "timing of the receiver's own queue" },
	{ "TCPBacklogCoalesce", "timing of the receiver's own queue" },
	{ "DelayedACKs", "timing of the receiver's acknowledgements" },
	{ "DelayedACKLocked", "timing of the receiver's acknowledgements" },
	{ "DelayedACKLost", "timing of the receiver's acknowledgements" },
	{ "TCPHystart*", "timing of the congestion control" },
	{ "TCPLossProbes", "timing of the tail loss probe" },
	{ "TCPLossProbeRecovery", "timing of the tail loss probe" },
	{ "TCPLostRetransmit", "timing of the loss detection" },
	{ "TcpTimeoutRehash", "the choice of a path, which there is but one of" },
	{ "TcpDuplicateDataRehash", "the choice of a path, which there is but one of" },
	{ "TCP*ZeroWindowAdv", "timing of the receiver's own queue" },
	{ "TW*", "recycling of TIME_WAIT" },
};

const char *counter_exempt(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(exempt); i++)
		if (fnmatch(exempt[i].pattern, name, 0) == 0)
			return exempt[i].reason;
	return NULL;
}

struct counter {
	char *name;
	long opened, accepted, read;
};

/* One pair of lines of a file: names, and below them as many numbers. */
struct table {
	const char *tag, *prefix;
	struct counter *counters;
	int count;
};

struct counters {
	int netstat, snmp;
	struct table tables[3];
	char buffer[16384];
};

static void read_whole(int fd, char *buffer, size_t size)
{
	ssize_t length = pread(fd, buffer, size - 1, 0);

	if (length <= 0 || (size_t)length == size - 1)
		broken("cannot read the counters of a host: %s",
		       length < 0 ? strerror(errno) : "more or less of them than expected");
	buffer[length] = '\0';
}

/* The @nth line that begins with the tag; NULL where this kernel has none. */
static char *find_line(char *text, const char *tag, int nth)
{
	size_t length = strlen(tag);

	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, tag, length) == 0 && nth-- == 0)
			return line + length;
	}
	return NULL;
}

static void learn_names(struct table *table, char *text)
{
	char *names = find_line(text, table->tag, 0);
	char *rest = NULL;
	int room = 256;

	if (!names)
		return;
	autofree char *line = format("%.*s", (int)strcspn(names, "\n"), names);

	table->counters = must_alloc((size_t)room, sizeof(*table->counters));
	for (char *name = strtok_r(line, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		if (table->count == room)
			broken("this kernel has more than %d counters in %s", room, table->tag);
		table->counters[table->count++].name = format("%s%s", table->prefix, name);
	}
}

static void read_numbers(struct table *table, char *text)
{
	char *numbers = find_line(text, table->tag, 1);

	for (int i = 0; i < table->count && numbers; i++)
		table->counters[i].read = strtol(numbers, &numbers, 10);
}

struct counters *counters_open(struct net *net, enum host host)
{
	struct counters *counters = must_alloc(1, sizeof(*counters));

	counters->netstat = net_proc(net, host, "netstat");
	counters->snmp = net_proc(net, host, "snmp");
	counters->tables[0] = (struct table){ .tag = "Tcp:", .prefix = "Tcp." };
	counters->tables[1] = (struct table){ .tag = "TcpExt:", .prefix = "" };
	counters->tables[2] = (struct table){ .tag = "MPTcpExt:", .prefix = "MPTcpExt." };
	read_whole(counters->snmp, counters->buffer, sizeof(counters->buffer));
	learn_names(&counters->tables[0], counters->buffer);
	read_whole(counters->netstat, counters->buffer, sizeof(counters->buffer));
	learn_names(&counters->tables[1], counters->buffer);
	learn_names(&counters->tables[2], counters->buffer);
	counters_read(counters);
	for (int t = 0; t < 3; t++)
		for (int i = 0; i < counters->tables[t].count; i++) {
			struct counter *counter = &counters->tables[t].counters[i];

			counter->opened = counter->accepted = counter->read;
		}
	return counters;
}

void counters_close(struct counters *counters)
{
	for (int t = 0; t < 3; t++) {
		for (int i = 0; i < counters->tables[t].count; i++)
			free(counters->tables[t].counters[i].name);
		free(counters->tables[t].counters);
	}
	close(counters->netstat);
	close(counters->snmp);
	free(counters);
}

bool counters_read(struct counters *counters)
{
	read_whole(counters->snmp, counters->buffer, sizeof(counters->buffer));
	read_numbers(&counters->tables[0], counters->buffer);
	read_whole(counters->netstat, counters->buffer, sizeof(counters->buffer));
	read_numbers(&counters->tables[1], counters->buffer);
	read_numbers(&counters->tables[2], counters->buffer);
	for (int t = 0; t < 3; t++)
		for (int i = 0; i < counters->tables[t].count; i++)
			if (counters->tables[t].counters[i].read !=
			    counters->tables[t].counters[i].accepted)
				return true;
	return false;
}

void counters_accept(struct counters *counters, counter_moved *moved, void *context)
{
	for (int t = 0; t < 3; t++)
		for (int i = 0; i < counters->tables[t].count; i++) {
			struct counter *counter = &counters->tables[t].counters[i];

			if (counter->read == counter->accepted)
				continue;
			moved(context, counter->name, counter->read - counter->accepted,
			      counter->read);
			counter->accepted = counter->read;
		}
}

long counters_since_open(const struct counters *counters, const char *name)
{
	for (int t = 0; t < 3; t++)
		for (int i = 0; i < counters->tables[t].count; i++)
			if (strcmp(counters->tables[t].counters[i].name, name) == 0)
				return counters->tables[t].counters[i].read -
				       counters->tables[t].counters[i].opened;
	return 0;
}
