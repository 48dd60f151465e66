/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay.c: --forward: the scene's loopback has a port of the caller's, a database for instance. A
 * process that has stayed in the caller's network gets listeners of the scene's, takes their
 * connections, and makes one of its own for each. A connection has two processes, one for each
 * direction: whoever reads slowly holds up nobody else.
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define BACKLOG      128
#define MOST_WATCHED 64 /* listeners */
#define NAME_ROOM    256

/* ---- "[HOST:]PORT" ------------------------------------------------------------------------- */

static const char *port_in(const char *forward)
{
	const char *colon = strrchr(forward, ':');

	return colon ? colon + 1 : forward;
}

/* The caller frees it. An address of IPv6 stands in brackets. */
static char *host_in(const char *forward)
{
	size_t length = (size_t)(port_in(forward) - forward);

	if (length == 0)
		return format("localhost");
	if (forward[0] == '[' && length > 3 && forward[length - 2] == ']')
		return format("%.*s", (int)length - 3, forward + 1);
	return format("%.*s", (int)length - 1, forward);
}

/* ---- a connection, in processes of its own -------------------------------------------------- */

/* -1, after a line that says why. */
static int connect_outside(const char *forward)
{
	autofree char *host = host_in(forward);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int error = getaddrinfo(host, port_in(forward), &hints, &found), sock = -1;

	for (const struct addrinfo *each = found; each && sock < 0; each = each->ai_next) {
		sock = socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sock >= 0 && connect(sock, each->ai_addr, each->ai_addrlen)) {
			close(sock);
			sock = -1;
		}
	}
	if (found)
		freeaddrinfo(found);
	if (sock < 0)
		complain("--forward %s: cannot connect to %s: %s; is it started, and does it "
			 "listen there?",
			 forward, host, error ? gai_strerror(error) : strerror(errno));
	return sock;
}

static bool send_all(int to, const char *bytes, size_t length)
{
	while (length) {
		ssize_t sent = send(to, bytes, length, MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

static void carry(int from, int to)
{
	char bytes[65536];
	ssize_t got;

	do
		got = recv(from, bytes, sizeof(bytes), 0);
	while (got > 0 && send_all(to, bytes, (size_t)got));
	shutdown(to, SHUT_WR);
	shutdown(from, SHUT_RD);
}

static _Noreturn void be_connection(int inside, const char *forward)
{
	struct linger at_once = { .l_onoff = 1 };
	int outside;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	outside = connect_outside(forward);
	if (outside < 0) {
		/* A reset says more than an end: there was no answer. */
		setsockopt(inside, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		_exit(EXIT_FAILURE);
	}
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, 0);
		carry(inside, outside);
	} else {
		carry(outside, inside);
	}
	_exit(EXIT_SUCCESS);
}

/* ---- the relay ------------------------------------------------------------------------------ */

struct relay {
	struct pollfd polled[1 + MOST_WATCHED]; /* the socket to the case, then listeners */
	char *forwards[1 + MOST_WATCHED];
	nfds_t count;
};

/* The end of the file: the sandbox is closed, or its process has ended. */
static void take_listener(struct relay *relay)
{
	char name[NAME_ROOM], control[CMSG_SPACE(sizeof(int))];
	struct iovec data = { .iov_base = name, .iov_len = sizeof(name) - 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(relay->polled[0].fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (got <= 0 || !header || relay->count > MOST_WATCHED)
		_exit(EXIT_SUCCESS);
	relay->polled[relay->count].events = POLLIN;
	memcpy(&relay->polled[relay->count].fd, CMSG_DATA(header), sizeof(int));
	relay->forwards[relay->count++] = format("%.*s", (int)got, name);
}

static void take_connection(const struct relay *relay, nfds_t which)
{
	int inside = accept4(relay->polled[which].fd, NULL, NULL, SOCK_CLOEXEC);

	if (inside < 0)
		return;
	if (fork() == 0) {
		close(relay->polled[0].fd);
		be_connection(inside, relay->forwards[which]);
	}
	close(inside);
}

static _Noreturn void be_relay(int socket)
{
	struct relay relay = { .polled = { { .fd = socket, .events = POLLIN } }, .count = 1 };

	on_ending(NULL, NULL); /* the case is not ours to end */
	setpgid(0, 0);
	signal(SIGCHLD, SIG_IGN);
	while (poll(relay.polled, relay.count, -1) >= 0 || errno == EINTR) {
		for (nfds_t i = relay.count; i-- > 1;)
			if (relay.polled[i].revents)
				take_connection(&relay, i);
		if (relay.polled[0].revents)
			take_listener(&relay);
	}
	_exit(EXIT_FAILURE);
}

int sandbox_relay(void)
{
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(sockets[0]);
		be_relay(sockets[1]);
	}
	close(sockets[1]);
	if (pid > 0)
		return sockets[0];
	close(sockets[0]);
	return -1;
}

void sandbox_relay_end(int relay)
{
	shutdown(relay, SHUT_RDWR);
	close(relay);
}

/* ---- in the case ---------------------------------------------------------------------------- */

struct listening {
	int family;
	uint16_t port;
};

static int listen_on_loopback(void *argument)
{
	const struct listening *listening = argument;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(listening->port),
				   .sin6_addr = in6addr_loopback };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(listening->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool ipv4 = listening->family == AF_INET;
	const struct sockaddr *address = ipv4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	int sock = socket(listening->family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0 || bind(sock, address, ipv4 ? sizeof(v4) : sizeof(v6)) ||
	    listen(sock, BACKLOG))
		broken("cannot listen on port %u of the scene's loopback: %s", listening->port,
		       shortage_text(errno));
	return sock;
}

static void hand_over(int relay, int listener, const char *forward)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { .iov_base = (char *)forward, .iov_len = strlen(forward) };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &listener, sizeof(int));
	if (sendmsg(relay, &message, MSG_NOSIGNAL) < 0)
		broken("cannot hand a listener to the relay of --forward %s: %s", forward,
		       strerror(errno));
}

void relay_listen(const struct sandbox_options *options)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (char *const *each = options->forwards; each && *each; each++)
		for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
			struct listening listening = { .family = families[i],
						       .port = (uint16_t)strtoul(port_in(*each),
										 NULL, 10) };
			autoclose int listener = net_within(options->net, options->host,
							    listen_on_loopback, &listening);

			hand_over(options->relay, listener, *each);
		}
}
