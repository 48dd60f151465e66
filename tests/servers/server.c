/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the small servers have in common: options, listeners, signals, and their protocol. */
#include "tests/servers/server.h"

#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char **options;
static int port = 8080;

bool is_asked(const char *option)
{
	for (char **word = options; *word; word++)
		if (strcmp(*word, option) == 0)
			return true;
	return false;
}

bool wrong(const char *fault)
{
	for (char **word = options; *word; word++)
		if (strcmp(*word, "--fault") == 0 && strcmp(word[1], fault) == 0)
			return true;
	return false;
}

static bool is_among(const char *fault, const char *const *faults)
{
	while (*faults && strcmp(*faults, fault) != 0)
		faults++;
	return *faults;
}

void read_options(char **argv, const char *const *faults)
{
	options = argv + 1;
	for (char **word = options; *word; word++) {
		const char *value = word[1] ? word[1] : "";

		if (strcmp(*word, "--port") == 0)
			port = atoi(*++word ? *word : "0");
		else if (strcmp(*word, "--fault") == 0 && is_among(value, faults))
			word++;
		else if (strcmp(*word, "--greets") != 0 && strcmp(*word, "--helper") != 0 &&
			 strcmp(*word, "--group") != 0)
			errx(2, "%s %s: there is no such option or fault here", *word, value);
		if (port <= 0 || port > 65535)
			errx(2, "--port: 1 to 65535");
	}
	if (!wrong("dies-of-sigpipe"))
		signal(SIGPIPE, SIG_IGN);
}

int listen_on(enum address address)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool old = address == IPV4;
	int listener = socket(old ? AF_INET : AF_INET6,
			      SOCK_STREAM | (wrong("leaks-listener") ? 0 : SOCK_CLOEXEC), 0);

	if (listener < 0)
		err(1, "socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (is_asked("--group"))
		setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int));
	if (!old)
		setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ address == IPV6 },
			   sizeof(int));
	if (bind(listener, old ? (struct sockaddr *)&ipv4 : (struct sockaddr *)&ipv6,
		 old ? sizeof(ipv4) : sizeof(ipv6)) < 0 ||
	    listen(listener, wrong("backlog-1") ? 1 : 511) < 0)
		err(1, "port %d", port);
	return listener;
}

void start_helper(void)
{
	char *helper[] = { "sleep", "60", NULL };
	pid_t pid;

	if (is_asked("--helper") && posix_spawnp(&pid, helper[0], NULL, NULL, helper, environ) != 0)
		errx(1, "%s does not start", helper[0]);
}

int take_signals(void)
{
	int signals;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		err(1, "signalfd");
	return signals;
}

int next_signal(int signals)
{
	struct signalfd_siginfo next;

	if (read(signals, &next, sizeof(next)) != sizeof(next))
		err(1, "signalfd");
	return (int)next.ssi_signo;
}

void read_configuration(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

bool is_whole(const char *request, size_t length)
{
	return memmem(request, length, "\r\n\r\n", 4) || memmem(request, length, "\n\n", 2);
}

void meet(int client)
{
	struct sockaddr_in6 peer;

	if (getpeername(client, (struct sockaddr *)&peer, &(socklen_t){ sizeof(peer) }) < 0 &&
	    wrong("dies-of-enotconn"))
		err(1, "getpeername");
	if (is_asked("--greets"))
		dprintf(client, "220 ready\r\n");
}

/* The head and the page are a write each: the first learns of a reset, the second one raises
 * SIGPIPE. */
void answer(int client)
{
	dprintf(client, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n");
	dprintf(client, "hello\n");
}

void serve(int client)
{
	char request[4096];
	size_t length = 0;
	ssize_t part = 1;

	while (length < sizeof(request) && !is_whole(request, length) &&
	       (part > 0 || wrong("forgets-end"))) {
		part = recv(client, request + length, sizeof(request) - length, 0);
		length += part > 0 ? part : 0;
	}
	if (is_whole(request, length))
		answer(client);
	close(client);
}
