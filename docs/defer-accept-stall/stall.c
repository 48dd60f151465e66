/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stall [SECONDS]: a client of a listener with TCP_DEFER_ACCEPT waits until its keepalive probe has
 * been answered, and then sends five bytes. How long until the server can read them? At once, or,
 * where the kernel has the defect that ../defer-accept-stall.md describes, when the deferral ends.
 *
 * SECONDS is what the option is set to: 10, or 2 to 60. Needs nothing but a C library and a network
 * namespace of its own whose loopback interface is up: replay.sh makes one.
 *
 * Exit status: 0 not stalled, 1 stalled, 2 it could not be tried.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STALLED_SECONDS 0.9 /* less than any period of the request's timer */
#define PATIENCE_MS     200000

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "stall: cannot %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void set(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) < 0)
		give_up("set an option");
}

static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		give_up("make a socket");
	return fd;
}

static int deferring_listener(int seconds, struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = tcp_socket();

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, seconds);
	if (bind(fd, (struct sockaddr *)address, length) < 0 || listen(fd, 5) < 0 ||
	    getsockname(fd, (struct sockaddr *)address, &length) < 0)
		give_up("listen on 127.0.0.1");
	return fd;
}

/* Its first keepalive probe goes out after a second, and the next one too late to matter. */
static int probing_client(const struct sockaddr_in *server)
{
	int fd = tcp_socket();

	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 300);
	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) < 0)
		give_up("connect to 127.0.0.1 (is the loopback interface up?)");
	return fd;
}

static unsigned segments_received(int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
		give_up("read TCP_INFO");
	return info.tcpi_segs_in;
}

/* Until a segment more has come than those of the handshake: the answer to the probe. */
static void wait_for_answer(int fd)
{
	unsigned before = segments_received(fd);
	double began = now();

	while (segments_received(fd) == before) {
		poll(NULL, 0, 5);
		if (now() - began > 10) {
			errno = ETIMEDOUT;
			give_up("get an answer to a keepalive probe");
		}
	}
}

static void wait_readable(int fd, const char *what)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	if (poll(&pollfd, 1, PATIENCE_MS) == 1)
		return;
	errno = ETIMEDOUT;
	give_up(what);
}

/* -1: this kernel does not count them, so it does not check them. */
static long rejected_echoes(void)
{
	static char names[8192], values[8192];
	FILE *file = fopen("/proc/self/net/netstat", "re");
	char *name, *value, *rest_of_names, *rest_of_values;
	long count = -1;

	if (!file || !fgets(names, sizeof(names), file) || !fgets(values, sizeof(values), file))
		give_up("read /proc/self/net/netstat");
	fclose(file);
	name = strtok_r(names, " \n", &rest_of_names);
	value = strtok_r(values, " \n", &rest_of_values);
	while (name && value) {
		if (strcmp(name, "TSEcrRejected") == 0)
			count = strtol(value, NULL, 10);
		name = strtok_r(NULL, " \n", &rest_of_names);
		value = strtok_r(NULL, " \n", &rest_of_values);
	}
	return count;
}

static int seconds_to_defer(int count, char **arguments)
{
	char *end = NULL;
	long seconds = count > 1 ? strtol(arguments[1], &end, 10) : 10;

	if (count > 2 || (end && *end) || seconds < 2 || seconds > 60) {
		fprintf(stderr, "usage: stall [SECONDS], from 2 to 60\n");
		exit(2);
	}
	return (int)seconds;
}

int main(int count, char **arguments)
{
	int seconds = seconds_to_defer(count, arguments);
	struct sockaddr_in address;
	int listener = deferring_listener(seconds, &address);
	int client = probing_client(&address), served;
	double sent, accepted, readable;
	char data[5];
	long rejected;

	wait_for_answer(client);
	sent = now();
	if (write(client, "HELLO", 5) != 5)
		give_up("send");
	wait_readable(listener, "accept the connection");
	served = accept(listener, NULL, NULL);
	if (served < 0)
		give_up("accept the connection");
	accepted = now() - sent;
	wait_readable(served, "read the data");
	readable = now() - sent;
	if (read(served, data, sizeof(data)) != 5 || memcmp(data, "HELLO", 5) != 0)
		give_up("read what was sent");
	rejected = rejected_echoes();
	printf("%s: TCP_DEFER_ACCEPT %d, accept() %.3f s and read() %.3f s after the data was "
	       "sent, TSEcrRejected ",
	       readable > STALLED_SECONDS ? "STALLED" : "not stalled", seconds, accepted, readable);
	if (rejected < 0)
		printf("not known to this kernel\n");
	else
		printf("%ld\n", rejected);
	return readable > STALLED_SECONDS ? 1 : 0;
}
