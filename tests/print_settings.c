/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * print_settings: makes the network of a case and prints each setting below /proc/sys/net that its
 * server has, "net/ipv4/tcp_rmem = 4096 131072 6291456": what a strange machine leaves of itself.
 */
#include "netns/netns.h"

#include <ftw.h>
#include <string.h>
#include <sys/wait.h>

static int print_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
	autofile FILE *file = kind == FTW_F ? fopen(path, "re") : NULL;
	char value[4096];
	size_t length;

	(void)about;
	(void)place;
	if (!file)
		return 0;
	length = fread(value, 1, sizeof(value) - 1, file);
	value[length] = '\0';
	for (char *c = value; *c; c++)
		if (strchr("\t\n", *c))
			*c = ' ';
	printf("%s = %s\n", path + strlen("/proc/sys/"), value);
	return 0;
}

static int print_all(void *nothing)
{
	(void)nothing;
	return nftw("/proc/sys/net", print_one, 16, FTW_PHYS);
}

static int print_server(int worker)
{
	struct net *net;
	int result;

	isolate_case(worker);
	net = net_open((struct net_options){ 0 });
	result = net_within(net, SERVER, print_all, NULL);
	net_close(net);
	return result || fflush(stdout) ? 99 : 0;
}

/* A worker and its case, as the runner makes them. */
int main(void)
{
	pid_t parent = getpid(), child = fork();
	int status = -1;

	if (child == 0) {
		int worker = isolate_worker(parent, 0);

		child = fork();
		if (child == 0)
			_exit(print_server(worker));
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 99;
	return WEXITSTATUS(status);
}
