/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings.c: the kernel parameters that a network namespace has for itself, as they are where the
 * caller is, and as a new namespace gets them. Which these are a new namespace tells: it shows no
 * others below /proc/sys/net.
 */
#include "netns/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/wait.h>

/*
 * What is not about TCP between two hosts, or cannot be another namespace's: devices that it does
 * not have, packet filters, groups of a user namespace, sizes of tables, secrets.
 */
static const char *const left_out[] = {
	"net.bridge.",
	"net.ipv4.conf.",
	"net.ipv4.neigh.",
	"net.ipv6.conf.",
	"net.ipv6.neigh.",
	"net.netfilter.",
	"net.ipv4.ip_forward",
	"net.ipv4.ping_group_range",
	"net.ipv4.tcp_child_ehash_entries",
	"net.ipv4.tcp_fastopen_key",
	"net.ipv4.udp_child_hash_entries",
	"net.ipv6.ioam6_id",
};

/*
 * A new namespace copies these from the first one (tcp_sk_init()), so that it does not tell what
 * the kernel gives a machine (tcp_init(), Kconfig's default).
 */
static const struct baseline from_the_first[] = {
	{ "net.ipv4.tcp_congestion_control", "cubic" },
	{ "net.ipv4.tcp_rmem", "4096 131072 6291456" },
	{ "net.ipv4.tcp_wmem", "4096 16384 4194304" },
};

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(left_out); i++)
		if (strncmp(name, left_out[i], strlen(left_out[i])) == 0)
			return true;
	return false;
}

/* ---- in the new namespace ------------------------------------------------------------------- */

/* nftw() has no argument of its own. */
static FILE *list;

/* "net.core.somaxconn", a tab, and its value, for what can be read and written. */
static int list_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	const mode_t both = S_IRUSR | S_IROTH | S_IWUSR;
	autofree char *name = format("%s", path + strlen("/proc/sys/"));
	char seen[512];

	(void)place;
	if (kind != FTW_F || (status->st_mode & both) != both)
		return 0;
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '.';
	if (!is_left_out(name) && sysctl_read_here(name, seen, sizeof(seen)) == 0)
		fprintf(list, "%s\t%s\n", name, seen);
	return 0;
}

static _Noreturn void list_all(int out)
{
	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		_exit(errno);
	list = fdopen(out, "w");
	if (!list || nftw("/proc/sys/net", list_one, 16, FTW_PHYS) || fclose(list))
		_exit(errno ? errno : EIO);
	_exit(0);
}

/* ---- here ----------------------------------------------------------------------------------- */

static const char *usual_of(const char *name, const char *fresh)
{
	for (size_t i = 0; i < ARRAY_LENGTH(from_the_first); i++)
		if (strcmp(from_the_first[i].name, name) == 0)
			return from_the_first[i].value;
	return fresh;
}

/* A line of list_one(); what cannot be read here is no setting of this namespace. */
static void take_line(struct net_settings *settings, char *line)
{
	char *fresh = strchr(line, '\t'), here[512];

	if (!fresh)
		return;
	*fresh++ = '\0';
	fresh[strcspn(fresh, "\n")] = '\0';
	if (sysctl_read_here(line, here, sizeof(here)))
		return;
	settings->all = GROWN(settings->all, settings->count);
	settings->all[settings->count++] = (struct net_setting){
		.name = format("%s", line),
		.here = format("%s", here),
		.usual = format("%s", usual_of(line, fresh)),
	};
}

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct net_setting *)one)->name,
		      ((const struct net_setting *)other)->name);
}

char *net_settings_read(struct net_settings *settings)
{
	autofree char *line = NULL;
	size_t room = 0;
	int ends[2], status = 0;

	*settings = (struct net_settings){ 0 };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return format("cannot make a pipe: %s", shortage_text(errno));
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		list_all(ends[1]);
	int problem = child < 0 ? errno : 0;
	close(ends[1]);
	autofile FILE *reader = fdopen(ends[0], "re");
	while (reader && getline(&line, &room, reader) > 0)
		take_line(settings, line);
	if (child > 0 && waitpid(child, &status, 0) == child)
		problem = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	if (problem) {
		net_settings_free(settings);
		return format("cannot see which settings a network namespace has: %s",
			      shortage_text(problem));
	}
	qsort(settings->all, settings->count, sizeof(*settings->all), by_name);
	return NULL;
}

void net_settings_free(struct net_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->all[i].name);
		free(settings->all[i].here);
		free(settings->all[i].usual);
	}
	free(settings->all);
	*settings = (struct net_settings){ 0 };
}
