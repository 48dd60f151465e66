/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names_of_kernel: halfopen with one case, which writes down what a namespace of this kernel has:
 * its counters, named as cases name them, and the sysctls of net.core, net.ipv4 and net.ipv6. For
 * tests/kernel-names.sh.
 */
#define TOPIC "names"
#include "fixtures/fixtures.h"
#include "runner/cli/cli.h"

#include <errno.h>
#include <ftw.h>
#include <string.h>

static FILE *names;

/* The first line of each table, "TcpExt: SyncookiesSent ...", has the names. */
static void put_counters(const char *path, const char *tag, const char *prefix)
{
	autofile FILE *file = fopen(path, "re");
	autofree char *line = NULL;
	size_t room = 0;

	if (!file)
		broken("cannot read %s: %s", path, strerror(errno));
	while (getline(&line, &room, file) > 0)
		if (strncmp(line, tag, strlen(tag)) == 0) {
			const char *rest = line + strlen(tag);

			line[strcspn(line, "\n")] = '\0';
			for (char *name; (name = text_word(&rest)); free(name))
				fprintf(names, "%s%s\n", prefix, name);
			return;
		}
}

/* "net.ipv4.conf.*.forwarding": what is there once for each device is written once. */
static int put_sysctl(const char *path, const struct stat *stat, int type, struct FTW *place)
{
	const char *name = path + strlen("/proc/sys/");
	bool of_device = strstr(name, "/conf/") || strstr(name, "/neigh/");

	(void)stat;
	(void)place;
	if (type != FTW_F || (of_device && !strstr(name, "/default/")))
		return 0;
	for (; *name; name++) {
		if (strncmp(name, "/default/", strlen("/default/")) == 0) {
			fputs(".*", names);
			name += strlen("/default") - 1;
		} else {
			fputc(*name == '/' ? '.' : *name, names);
		}
	}
	fputc('\n', names);
	return 0;
}

CASE(names_of_this_kernel, .families = IPV4_ONLY)
{
	static const char *const trees[] = { "/proc/sys/net/core", "/proc/sys/net/ipv4",
					     "/proc/sys/net/ipv6" };
	autofree char *path = format("%s/names.txt", case_folder(net));

	names = whole_begin(path);
	if (!names)
		broken("cannot create %s: %s", path, strerror(errno));
	put_counters("/proc/net/snmp", "Tcp:", "Tcp.");
	put_counters("/proc/net/netstat", "TcpExt:", "");
	put_counters("/proc/net/netstat", "MPTcpExt:", "MPTcpExt.");
	/* captures/watch/counters.c reads these two of ICMP's */
	fputs("Icmp.InErrors\nIcmp6InErrors\n", names);
	for (size_t i = 0; i < ARRAY_LENGTH(trees); i++)
		if (nftw(trees[i], put_sysctl, 16, FTW_PHYS) < 0)
			broken("cannot list %s: %s", trees[i], strerror(errno));
	if (!whole_end(&names, path))
		broken("cannot write %s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
	struct catalogue catalogue = { 0 };

	catalogue.cases = listed_cases(&catalogue.case_count);
	return halfopen_main(&catalogue, argc, argv);
}
