/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of itself: a warning, an oops or a lockup is a finding, whatever the packets
 * said. It counts them since Linux 6.2; before that the bits of its taint and its log tell, and
 * bits stay set.
 */
#include "captures/watch/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { MOST_LINES = 12 };

/* Documentation/admin-guide/tainted-kernels.rst: a bad page, an oops, a warning, a soft lockup. */
#define COMPLAINTS (1UL << 5 | 1UL << 7 | 1UL << 9 | 1UL << 14)

/* Documentation/ABI/testing/sysfs-kernel-{warn,oops,softlockup,hardlockup,rcu_stall}_count */
static const char *const counters[] = { "warn_count", "oops_count", "softlockup_count",
					"hardlockup_count", "rcu_stall_count" };

struct kernel_log {
	unsigned long counts[ARRAY_LENGTH(counters)];
	unsigned long taint;
	int records;      /* /dev/kmsg; -1 where it may not be read */
	struct text text; /* of a complaint that is being read */
	unsigned lines;   /* of it; 0: none is */
};

static const char *below = "";

void kernel_log_below(const char *folder)
{
	below = folder;
}

static unsigned long number_in(const char *name)
{
	autofree char *path = format("%s%s", below, name);
	autofile FILE *file = fopen(path, "re");
	unsigned long number = 0;

	return file && fscanf(file, "%lu", &number) == 1 ? number : 0;
}

static unsigned long count_of(size_t which)
{
	autofree char *name = format("/sys/kernel/%s", counters[which]);

	return number_in(name);
}

static unsigned long taint(void)
{
	return number_in("/proc/sys/kernel/tainted") & COMPLAINTS;
}

struct kernel_log *kernel_log_open(void)
{
	struct kernel_log *log = must_alloc(1, sizeof(*log));
	autofree char *path = format("%s/dev/kmsg", below);

	log->records = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log->records >= 0)
		(void)lseek(log->records, 0, SEEK_END);
	log->taint = taint();
	for (size_t i = 0; i < ARRAY_LENGTH(counters); i++)
		log->counts[i] = count_of(i);
	return log;
}

void kernel_log_close(struct kernel_log *log)
{
	if (!log)
		return;
	release_fd(&log->records);
	free(text_take(&log->text));
	free(log);
}

/* ---- the log's records --------------------------------------------------------------------- */

/* How what a kernel complains of begins; whoever writes to /dev/kmsg is another facility than 0. */
static bool begins_complaint(const char *message)
{
	static const char *const beginnings[] = {
		"WARNING: ",
		"BUG: ",
		"BUG ",
		"Oops",
		"UBSAN: ",
		"INFO: rcu",
		"rcu: INFO: ",
		"kernel BUG at ",
		"watchdog: BUG",
		"watchdog: Watchdog detected",
		"NMI watchdog: Watchdog detected",
		"refcount_t: ",
		"Internal error: ",
		"Unable to handle kernel ",
		"general protection fault",
		"unregister_netdevice: waiting for ",
		"KASAN: ",
		"KFENCE: ",
	};

	if (strstr(message, "[ cut here ]"))
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(beginnings); i++)
		if (strncmp(message, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* "4,1234,567890,-;text": priority and facility, and after the semicolon what was said. */
static const char *message_of_kernel(const char *record)
{
	char *end;
	unsigned long priority = strtoul(record, &end, 10);
	const char *message = strchr(record, ';');

	return end != record && *end == ',' && message && priority >> 3 == 0 ? message + 1 : NULL;
}

/* Lines that begin with a blank are a record's variables. */
static void take_line(struct kernel_log *log, const char *line)
{
	const char *message = *line == ' ' ? NULL : message_of_kernel(line);

	if (!message || log->lines >= MOST_LINES || (!log->lines && !begins_complaint(message)))
		return;
	log->lines++;
	text_add(&log->text, "%s\n", message);
}

/* Each read() gives one record. EPIPE: some were overwritten, and it goes on behind them. */
static void read_records(struct kernel_log *log)
{
	char records[8192];
	ssize_t length;

	while (log->records >= 0 &&
	       ((length = read(log->records, records, sizeof(records) - 1)) > 0 ||
		(length < 0 && errno == EPIPE))) {
		char *rest = records;

		records[length > 0 ? length : 0] = '\0';
		for (char *line; (line = strsep(&rest, "\n"));)
			take_line(log, line);
	}
}

/* ---- the counters -------------------------------------------------------------------------- */

static void add_counted(struct kernel_log *log, struct text *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(counters); i++) {
		unsigned long now = count_of(i);

		if (now > log->counts[i])
			text_add(text, "/sys/kernel/%s: +%lu\n", counters[i], now - log->counts[i]);
		log->counts[i] = now;
	}
}

static void add_taint(struct kernel_log *log, struct text *text)
{
	unsigned long now = taint();

	if (now & ~log->taint)
		text_add(text, "/proc/sys/kernel/tainted: %#lx is set\n", now & ~log->taint);
	log->taint |= now;
}

char *kernel_log_complaint(struct kernel_log *log)
{
	struct text text = { 0 };

	add_counted(log, &text);
	add_taint(log, &text);
	read_records(log);
	autofree char *said = text_take(&log->text);

	log->lines = 0;
	if (*said)
		text_add(&text, "%s", said);
	else if (text.length)
		text_add(&text, "%s\n",
			 log->records < 0 ? "its log may not be read here: see dmesg"
					  : "its log says nothing of it");
	return text.length ? text_take(&text) : NULL;
}
