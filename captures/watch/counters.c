/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Tcp, TcpExt and MPTcpExt counters of a host, as /proc has them. All of them are read and
 * watched, also those that nothing here has ever heard of. Of ICMP's there is one for each family,
 * which tells of errors that were about nobody; the others count what neighbours do as well.
 */
#include "captures/watch/probes.h"

#include <errno.h>
#include <string.h>

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

struct proc {
	int fd;
	char text[16384]; /* as it was read last */
};

enum { TCP, TCP_EXT, MPTCP_EXT, ICMP, ICMP6, TABLES };

struct counters {
	struct proc netstat, snmp, snmp6;
	bool follows_icmp;
	struct table tables[TABLES];
};

/* False when the file holds what it held when it was read last. */
static bool read_again(struct proc *proc)
{
	char buffer[sizeof(proc->text)];
	ssize_t length = pread(proc->fd, buffer, sizeof(buffer) - 1, 0);

	if (length <= 0 || (size_t)length == sizeof(buffer) - 1)
		broken("cannot read the counters of a host: %s",
		       length < 0 ? strerror(errno) : "more or less of them than expected");
	buffer[length] = '\0';
	if (memcmp(buffer, proc->text, (size_t)length + 1) == 0)
		return false;
	memcpy(proc->text, buffer, (size_t)length + 1);
	return true;
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
	char *numbers = find_line(text, table->tag, 1), *end = numbers;
	int count = 0;

	for (; count < table->count && numbers; count++, numbers = end) {
		table->counters[count].read = strtol(numbers, &end, 10);
		if (end == numbers)
			break;
	}
	if (count < table->count || (numbers && *numbers != '\n'))
		broken("the counters of a host were cut short: %s has %d names, and not as many "
		       "numbers",
		       table->tag, table->count);
}

/* ---- ICMP's --------------------------------------------------------------------------------- */

static void learn_errors(struct table *table, const char *name)
{
	table->counters = must_alloc(1, sizeof(*table->counters));
	table->counters[table->count++].name = format("%s", name);
}

/* The number that stands in the place of @name in the table's other line. */
static long number_of(char *text, const char *tag, const char *name)
{
	const char *names = find_line(text, tag, 0), *numbers = find_line(text, tag, 1);
	autofree char *found = NULL, *number = NULL;

	while (names && numbers && (!found || strcmp(found, name) != 0)) {
		free(found);
		free(number);
		found = text_word(&names);
		number = text_word(&numbers);
		if (!found || !number)
			broken("the counters of a host have no %s%s", tag, name);
	}
	return number ? strtol(number, NULL, 10) : 0;
}

/* A line each, "Icmp6InErrors  0". */
static long number_behind(char *text, const char *name)
{
	const char *number = find_line(text, name, 0);

	if (!number)
		broken("the counters of a host have no %s", name);
	return strtol(number, NULL, 10);
}

static void read_errors(struct counters *counters)
{
	counters->tables[ICMP].counters->read = number_of(counters->snmp.text, "Icmp:", "InErrors");
	counters->tables[ICMP6].counters->read =
		number_behind(counters->snmp6.text, "Icmp6InErrors");
}

void counters_follow_icmp(struct counters *counters)
{
	counters->follows_icmp = true;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void read_all(struct counters *counters)
{
	read_numbers(&counters->tables[TCP], counters->snmp.text);
	read_numbers(&counters->tables[TCP_EXT], counters->netstat.text);
	read_numbers(&counters->tables[MPTCP_EXT], counters->netstat.text);
	read_errors(counters);
}

struct counters *counters_open(struct net *net, enum host host)
{
	struct counters *counters = must_alloc(1, sizeof(*counters));

	counters->netstat.fd = net_proc(net, host, "netstat");
	counters->snmp.fd = net_proc(net, host, "snmp");
	counters->snmp6.fd = net_proc(net, host, "snmp6");
	counters->tables[TCP] = (struct table){ .tag = "Tcp:", .prefix = "Tcp." };
	counters->tables[TCP_EXT] = (struct table){ .tag = "TcpExt:", .prefix = "" };
	counters->tables[MPTCP_EXT] = (struct table){ .tag = "MPTcpExt:", .prefix = "MPTcpExt." };
	read_again(&counters->snmp);
	read_again(&counters->netstat);
	read_again(&counters->snmp6);
	learn_names(&counters->tables[TCP], counters->snmp.text);
	learn_names(&counters->tables[TCP_EXT], counters->netstat.text);
	learn_names(&counters->tables[MPTCP_EXT], counters->netstat.text);
	learn_errors(&counters->tables[ICMP], "Icmp.InErrors");
	learn_errors(&counters->tables[ICMP6], "Icmp6InErrors");
	read_all(counters);
	for (int t = 0; t < TABLES; t++)
		for (int i = 0; i < counters->tables[t].count; i++) {
			struct counter *counter = &counters->tables[t].counters[i];

			counter->opened = counter->accepted = counter->read;
		}
	return counters;
}

void counters_close(struct counters *counters)
{
	for (int t = 0; t < TABLES; t++) {
		for (int i = 0; i < counters->tables[t].count; i++)
			free(counters->tables[t].counters[i].name);
		free(counters->tables[t].counters);
	}
	close(counters->netstat.fd);
	close(counters->snmp.fd);
	close(counters->snmp6.fd);
	free(counters);
}

bool counters_stand(struct counters *counters)
{
	bool fresh = read_again(&counters->snmp);

	fresh |= read_again(&counters->netstat);
	if (counters->follows_icmp)
		fresh |= read_again(&counters->snmp6);
	if (fresh)
		read_all(counters);
	return !fresh;
}

bool counters_read(struct counters *counters)
{
	counters_stand(counters);
	for (int t = 0; t < TABLES; t++)
		for (int i = 0; i < counters->tables[t].count; i++)
			if (counters->tables[t].counters[i].read !=
			    counters->tables[t].counters[i].accepted)
				return true;
	return false;
}

void counters_accept(struct counters *counters, counter_moved *moved, void *context)
{
	for (int t = 0; t < TABLES; t++)
		for (int i = 0; i < counters->tables[t].count; i++) {
			struct counter *counter = &counters->tables[t].counters[i];

			if (counter->read == counter->accepted)
				continue;
			moved(context, counter->name, counter->read - counter->accepted,
			      counter->read);
			counter->accepted = counter->read;
		}
}

static bool is_among(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

bool counters_moved_beyond(const struct counters *counters, const char *const *names)
{
	for (int t = 0; t < TABLES; t++)
		for (int i = 0; i < counters->tables[t].count; i++) {
			const struct counter *counter = &counters->tables[t].counters[i];

			if (counter->read != counter->accepted && !is_among(counter->name, names) &&
			    !counter_exempt(counter->name))
				return true;
		}
	return false;
}

static const struct counter *counter_named(const struct counters *counters, const char *name)
{
	for (int t = 0; t < TABLES; t++)
		for (int i = 0; i < counters->tables[t].count; i++)
			if (strcmp(counters->tables[t].counters[i].name, name) == 0)
				return &counters->tables[t].counters[i];
	return NULL;
}

bool counters_have(const struct counters *counters, const char *name)
{
	return counter_named(counters, name) != NULL;
}

long counters_since_open(const struct counters *counters, const char *name)
{
	const struct counter *counter = counter_named(counters, name);

	return counter ? counter->read - counter->opened : 0;
}
