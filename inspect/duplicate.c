/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * duplicate.c: the options of a listener, by a duplicate of it.
 *
 * A socket lives until its last descriptor is closed, and this is one: whoever holds it keeps a
 * listener alive that its server has closed, or died with. So it lasts as long as one function.
 */
#include "inspect/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72 /* Linux 5.15 */
#endif

int duplicate_of(pid_t pid, int descriptor)
{
	autoclose int process = (int)syscall(SYS_pidfd_open, pid, 0);

	return process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
}

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return getsockopt(fd, level, name, &value, &length) ? NOT_KNOWN : value;
}

static int linger_of(int fd)
{
	struct linger linger = { 0 };
	socklen_t length = sizeof(linger);

	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length) || !linger.l_onoff)
		return -1;
	return linger.l_linger;
}

static struct inspected_options options_of(int fd, int family)
{
	int flags = fcntl(fd, F_GETFL);

	return (struct inspected_options){
		.known = true,
		.nonblocking = flags < 0 ? NOT_KNOWN : (flags & O_NONBLOCK) != 0,
		.reuse_address = option(fd, SOL_SOCKET, SO_REUSEADDR),
		.reuse_port = option(fd, SOL_SOCKET, SO_REUSEPORT),
		.keep_alive = option(fd, SOL_SOCKET, SO_KEEPALIVE),
		.keep_idle = option(fd, IPPROTO_TCP, TCP_KEEPIDLE),
		.keep_interval = option(fd, IPPROTO_TCP, TCP_KEEPINTVL),
		.keep_count = option(fd, IPPROTO_TCP, TCP_KEEPCNT),
		.receive_buffer = option(fd, SOL_SOCKET, SO_RCVBUF),
		.send_buffer = option(fd, SOL_SOCKET, SO_SNDBUF),
		.locked_buffers = option(fd, SOL_SOCKET, SO_BUF_LOCK),
		.defer_accept = option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT),
		.fastopen = option(fd, IPPROTO_TCP, TCP_FASTOPEN),
		.no_delay = option(fd, IPPROTO_TCP, TCP_NODELAY),
		.user_timeout = option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT),
		.syn_count = option(fd, IPPROTO_TCP, TCP_SYNCNT),
		.max_segment = option(fd, IPPROTO_TCP, TCP_MAXSEG),
		.ttl = family == AF_INET6 ? option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS)
					  : option(fd, IPPROTO_IP, IP_TTL),
		.linger = linger_of(fd),
	};
}

/* The descriptor may be another's by now. */
bool is_duplicate_of(int fd, const struct inspected_listener *listener)
{
	struct stat socket;

	return fstat(fd, &socket) == 0 && (uint64_t)socket.st_ino == listener->inode;
}

void see_options(struct inspected_listener *listener)
{
	listener->options = (struct inspected_options){ 0 };
	for (size_t i = 0; i < listener->holder_count && !listener->options.known; i++) {
		struct inspected_holder *holder = &listener->holders[i];
		autoclose int fd = duplicate_of(holder->pid, holder->descriptor);

		if (fd < 0)
			listener->options_error = errno;
		else if (is_duplicate_of(fd, listener)) {
			listener->options = options_of(fd, listener->address.ss_family);
			listener->mptcp = option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_MPTCP;
		}
	}
}
