/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library for LD_PRELOAD that makes a faulty kernel of any: what it tells some cases is not true,
 * or is not told at all. tests/test_failing.sh uses it. From the environment:
 *
 *   FAULT         counter NAME   this counter never moves
 *                 packet         a SYN-ACK is sent again once, and no more
 *                 state          who is in CLOSE_WAIT or SYN_SENT is said to be ESTABLISHED
 *                 lost           what a host has taken from the wire does not come to its capture
 *                 hang           accept() never returns
 *   FAULT_SHARE   of the cases (name and family) one in so many has it; not set: each
 */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *fault, *counter;
static unsigned long share = 1;

/* A case is process 1 of its PID namespace, and prints into its folder. */
static bool case_is_chosen(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/fd/1", path, sizeof(path));
	unsigned long hash = 5381; /* Bernstein's */

	for (ssize_t i = length - 1, slashes = 0; i >= 0 && slashes < 3; i--) {
		slashes += path[i] == '/';
		hash = hash * 33 + (unsigned char)path[i];
	}
	return length > 0 && hash % share == 0;
}

static bool is_faulty(const char *kind)
{
	static int chosen = -1;

	if (!fault || strcmp(fault, kind) != 0 || syscall(SYS_getpid) != 1)
		return false;
	if (chosen < 0)
		chosen = case_is_chosen();
	return chosen;
}

/* ---- a counter that does not move ---------------------------------------------------------- */

/* The word after @nth blanks of the line. */
static char *nth_word(char *line, int nth)
{
	while (nth-- > 0 && line)
		line = strchr(line + 1, ' ');
	return line ? line + 1 : NULL;
}

/* Puts noughts for its digits in the second of the two lines that begin with @tag. */
static void hide_counter(char *text, const char *tag)
{
	char *names = strstr(text, tag), *end = names ? strchr(names, '\n') : NULL;
	char *found = NULL;
	size_t length = strlen(counter);
	int place = 0;

	for (char *at = names; end && at && at < end && !found; at = strchr(at + 1, ' '), place++)
		if (*at == ' ' && strncmp(at + 1, counter, length) == 0 &&
		    strchr(" \n", at[1 + length]))
			found = at;
	for (char *at = found ? nth_word(end + 1, place - 1) : NULL; at && *at >= '0' && *at <= '9';
	     at++)
		*at = '0';
}

ssize_t pread(int file, void *buffer, size_t size, off_t offset)
{
	ssize_t length = syscall(SYS_pread64, file, buffer, size, offset);

	if (length > 0 && (size_t)length < size && is_faulty("counter")) {
		((char *)buffer)[length] = '\0';
		hide_counter(buffer, "TcpExt:");
		hide_counter(buffer, "Tcp:");
	}
	return length;
}

/* ---- a state that does not change ---------------------------------------------------------- */

ssize_t recvmsg(int file, struct msghdr *message, int flags)
{
	ssize_t length = syscall(SYS_recvmsg, file, message, flags);
	struct nlmsghdr *each = message->msg_iov->iov_base;
	struct sockaddr_nl *from = message->msg_name;
	unsigned left = length > 0 ? (unsigned)length : 0;

	if (left == 0 || !from || from->nl_family != AF_NETLINK || !is_faulty("state"))
		return length;
	for (; NLMSG_OK(each, left); each = NLMSG_NEXT(each, left)) {
		struct inet_diag_msg *socket = NLMSG_DATA(each);

		if (each->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    (socket->idiag_state == TCP_CLOSE_WAIT || socket->idiag_state == TCP_SYN_SENT))
			socket->idiag_state = TCP_ESTABLISHED;
	}
	return length;
}

/* ---- a packet that does not come ----------------------------------------------------------- */

int listen(int file, int backlog)
{
	if (is_faulty("packet"))
		setsockopt(file, IPPROTO_TCP, TCP_SYNCNT, &(int){ 1 }, sizeof(int));
	return (int)syscall(SYS_listen, file, backlog);
}

/* NOLINTNEXTLINE(readability-function-size): it is declared so */
ssize_t sendto(int file, const void *bytes, size_t length, int flags,
	       const struct sockaddr *address, socklen_t size)
{
	static int frames;

	if (address && address->sa_family == AF_PACKET && length > 14 && is_faulty("lost") &&
	    ++frames >= 30 && frames <= 33)
		return (ssize_t)length;
	return syscall(SYS_sendto, file, bytes, length, flags, address, size);
}

/* ---- a process that hangs ------------------------------------------------------------------ */

int accept4(int file, struct sockaddr *address, socklen_t *size, int flags)
{
	while (is_faulty("hang"))
		pause();
	return (int)syscall(SYS_accept4, file, address, size, flags);
}

__attribute__((constructor)) static void begin(void)
{
	static char word[256];
	const char *text = getenv("FAULT"), *of = getenv("FAULT_SHARE");

	if (text)
		strncpy(word, text, sizeof(word) - 1);
	counter = strchr(word, ' ');
	if (counter)
		*(char *)counter++ = '\0';
	fault = word;
	if (of && strtoul(of, NULL, 10) > 0)
		share = strtoul(of, NULL, 10);
}
