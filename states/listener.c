/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listener: a socket at one address, and what it does with whoever comes.
 */
#include "states/internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

enum {
	BACKLOG = 65535,       /* the machine's net.core.somaxconn bounds it */
	SYN_ACKS = 127,        /* TCP_SYNCNT's most: more than four hours */
	DEFERRED_FOR = 100000, /* seconds: the kernel's most, beyond that of SYN-ACKs */
	SMALLEST_BUFFER = 1,   /* of SO_RCVBUF: the kernel makes it as small as it may be */
};

enum manner manner_of(const struct stage_turn *turn)
{
	switch (turn ? turn->state : STAGE_SERVING) {
	case STAGE_REFUSED:
		return REFUSES;
	case STAGE_DROPPED:
		return IS_FULL;
	case STAGE_HALF_OPEN:
		return IGNORES;
	case STAGE_DEFERRED:
		return DEFERS;
	case STAGE_UNACCEPTED:
		return LEAVES;
	default:
		return ACCEPTS;
	}
}

bool manner_holds(enum manner manner)
{
	return manner == IGNORES || manner == DEFERS || manner == LEAVES;
}

uint16_t listener_port(const struct sockaddr_storage *address)
{
	/* Both families have it in the same place. */
	return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static socklen_t length_of(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

char *states_address_text(const struct sockaddr_storage *address)
{
	char host[NI_MAXHOST] = "?";

	getnameinfo((const struct sockaddr *)address, length_of(address), host, sizeof(host), NULL,
		    0, NI_NUMERICHOST);
	return format(address->ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
		      listener_port(address));
}

static bool set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* ---- bound ---------------------------------------------------------------------------------- */

static bool try_bind(const struct listener *listener)
{
	return bind(listener->fd, (const struct sockaddr *)&listener->address,
		    length_of(&listener->address)) == 0;
}

/*
 * Without SO_REUSEADDR first: with it another process could take the port of one that is bound and
 * does not listen. With it, where only connections of before are in the way.
 */
static bool bind_alone(const struct listener *listener)
{
	if (try_bind(listener))
		return true;
	return errno == EADDRINUSE && set(listener->fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	       try_bind(listener);
}

static bool open_bound(struct listener *listener)
{
	int family = listener->address.ss_family;
	socklen_t length = sizeof(listener->address), size = sizeof(listener->cookie);

	listener->filler = -1;
	listener->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return false;
	if (family == AF_INET6)
		set(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (listener->shared)
		set(listener->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return bind_alone(listener) &&
	       getsockname(listener->fd, (struct sockaddr *)&listener->address, &length) == 0 &&
	       getsockopt(listener->fd, SOL_SOCKET, SO_COOKIE, &listener->cookie, &size) == 0;
}

/*
 * A port that the kernel has chosen it takes back when the socket listens no more
 * (SOCK_BINDPORT_LOCK): so it is asked for by its number.
 */
bool listener_bind(struct listener *listener)
{
	bool is_free = listener_port(&listener->address) == 0, bound = open_bound(listener);
	int error = errno;

	if (bound && is_free) {
		listener_close(listener);
		bound = open_bound(listener);
		error = errno;
	}
	if (!bound)
		listener_close(listener);
	errno = error;
	return bound;
}

void listener_close(struct listener *listener)
{
	if (listener->filler >= 0)
		close(listener->filler);
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = listener->filler = -1;
}

/* ---- full ----------------------------------------------------------------------------------- */

static struct sockaddr_storage reachable(const struct sockaddr_storage *address)
{
	struct sockaddr_storage there = *address;
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&there;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&there;

	if (there.ss_family == AF_INET && four->sin_addr.s_addr == htonl(INADDR_ANY))
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (there.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
		six->sin6_addr = in6addr_loopback;
	return there;
}

/*
 * Of backlog 0 one connection fills the accept queue (sk_acceptq_is_full(): more than the backlog),
 * one of its own. A stranger's may come first, which is as good.
 */
static char *fill(struct listener *listener)
{
	const struct sockaddr_storage there = reachable(&listener->address);

	listener->filler = socket(there.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->filler < 0)
		return format("no socket can be had to fill the accept queue with: %s",
			      shortage_text(errno));
	if (connect(listener->filler, (const struct sockaddr *)&there, length_of(&there)) < 0 &&
	    errno != EINPROGRESS)
		return format("the accept queue cannot be filled: connect(): %s", strerror(errno));
	/* To this machine it is up when connect() has returned. Whether it is, a look tells. */
	return NULL;
}

static void empty(struct listener *listener)
{
	for (int fd; (fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
		close(fd);
	close(listener->filler);
	listener->filler = -1;
}

/* ---- turns ---------------------------------------------------------------------------------- */

static char *listen_with(struct listener *listener, int backlog)
{
	listener->listens = listen(listener->fd, backlog) == 0;
	return listener->listens ? NULL : format("listen(): %s", strerror(errno));
}

/*
 * One that listens is put back to one that is bound. To one that does not, shutdown() would do
 * something else: whoever is accepted later would be at its end (docs/second-shutdown.md).
 */
static void refuse(struct listener *listener)
{
	if (listener->listens)
		shutdown(listener->fd, SHUT_RD);
	listener->listens = false;
}

static char *ignore(struct listener *listener)
{
	set(listener->fd, IPPROTO_TCP, TCP_SYNCNT, SYN_ACKS);
	if (states_let(listener->fd, (struct states_let){ 0 }))
		return NULL;
	if (errno != EPERM)
		return format("half-open: no filter can be attached: %s", strerror(errno));
	return format("half-open: the kernel lets nobody without CAP_NET_ADMIN attach a filter to "
		      "a socket of TCP; run it as root, give the container that capability "
		      "(--cap-add NET_ADMIN), or use unaccepted");
}

char *listener_turn(struct listener *listener, enum manner manner)
{
	char *why = NULL;

	if (listener->small_window)
		set(listener->fd, SOL_SOCKET, SO_RCVBUF, SMALLEST_BUFFER);
	if (listener->filler >= 0)
		empty(listener);
	listener->manner = manner;
	if (manner == REFUSES) {
		refuse(listener);
		return NULL;
	}
	if (manner == IGNORES)
		why = ignore(listener);
	if (manner == DEFERS && !set(listener->fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFERRED_FOR))
		why = format("TCP_DEFER_ACCEPT: %s", strerror(errno));
	if (!why)
		why = listen_with(listener, manner == IS_FULL ? 0 : BACKLOG);
	return !why && manner == IS_FULL ? fill(listener) : why;
}

/* ---- events --------------------------------------------------------------------------------- */

static uint32_t interest_of(const struct listener *listener)
{
	if (listener->paused || listener->manner == IS_FULL)
		return 0;
	/* Whom nobody accepts would be told of for ever. */
	return listener->manner == LEAVES ? EPOLLIN | EPOLLET : EPOLLIN;
}

/* A socket that does not listen hangs up for ever. */
void listener_wait(struct listener *listener)
{
	int epoll = listener->epoll;
	struct epoll_event event = { .events = interest_of(listener),
				     .data.ptr = &listener->ready };

	if (listener->manner == REFUSES)
		epoll_ctl(epoll, EPOLL_CTL_DEL, listener->fd, NULL);
	else if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener->fd, &event) < 0)
		epoll_ctl(epoll, EPOLL_CTL_MOD, listener->fd, &event);
}
