/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl.c: kernel parameters of the hosts, written and read back.
 */
#include "netns/internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* "net.ipv4.conf.all.rp_filter" as a path; a name with slashes keeps its dots. */
static int sysctl_open(const char *name, int flags)
{
	autofree char *path = format("/proc/sys/%s", name);

	if (!strchr(name, '/'))
		for (char *c = path + strlen("/proc/sys/"); *c; c++)
			if (*c == '.')
				*c = '/';
	return open(path, flags | O_CLOEXEC);
}

int sysctl_write_here(const char *name, const char *value)
{
	autoclose int fd = sysctl_open(name, O_WRONLY | O_TRUNC);
	/* A list is emptied by an empty line: writing no bytes is no write. */
	const char *line = *value ? value : "\n";

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		return -errno;
	return 0;
}

/* Words with one blank between them, as they are written by hand. */
static void tidy(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

int sysctl_read_here(const char *name, char *seen, size_t seen_size)
{
	autoclose int fd = sysctl_open(name, O_RDONLY);
	ssize_t length;

	*seen = '\0';
	if (fd < 0)
		return -errno;
	length = read(fd, seen, seen_size - 1);
	if (length < 0)
		return -errno;
	if ((size_t)length == seen_size - 1) /* there may be more of it */
		return -EOVERFLOW;
	seen[length] = '\0';
	tidy(seen);
	return 0;
}

void baselines_try(bool met[MOST_BASELINES])
{
	const struct baseline *row = host_baselines;
	char seen[256];

	for (size_t i = 0; row[i].name; i++) {
		int error = sysctl_read_here(row[i].name, seen, sizeof(seen));

		met[i] = error == -ENOENT || (!error && strcmp(seen, row[i].value) == 0);
	}
}

struct access {
	const char *name, *value; /* a NULL value: only read */
	char *seen;
	size_t seen_size;
};

static int write_and_read(void *argument)
{
	const struct access *access = argument;
	int error = access->value ? sysctl_write_here(access->name, access->value) : 0;
	autofree char *wanted = access->value ? format("%s", access->value) : NULL;

	if (error) {
		*access->seen = '\0';
		return error;
	}
	error = sysctl_read_here(access->name, access->seen, access->seen_size);
	if (error || !wanted)
		return error;
	tidy(wanted);
	return strcmp(wanted, access->seen) ? -EIO : 0;
}

int net_sysctl_write(struct net *net, struct sysctl sysctl, char *seen, size_t seen_size)
{
	struct access access = { .name = sysctl.name, .value = sysctl.value };

	access.seen = seen;
	access.seen_size = seen_size;
	if (net->replay)
		replay_sysctl(net->replay, &sysctl);
	return net_within(net, sysctl.host, write_and_read, &access);
}

int net_sysctl_read(struct net *net, enum host host, const char *name, char *seen, size_t seen_size)
{
	struct access access = { .name = name };

	access.seen = seen;
	access.seen_size = seen_size;
	return net_within(net, host, write_and_read, &access);
}
