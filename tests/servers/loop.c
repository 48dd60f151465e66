/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thread for all clients: epoll tells of each change once, so all that there is has to be
 * taken. */
#include "tests/servers/loop.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/servers/server.h"

static struct {
	int epoll, listeners[2], listening, clients;
	bool rests, drains;
} loop = { .epoll = -1 };

static void add(int descriptor, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = descriptor };

	if (loop.epoll < 0)
		loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop.epoll < 0 || epoll_ctl(loop.epoll, EPOLL_CTL_ADD, descriptor, &event) < 0)
		err(1, "epoll");
}

static void forget(int descriptor)
{
	epoll_ctl(loop.epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

void take_listener(int listener)
{
	loop.listeners[loop.listening++] = listener;
	fcntl(listener, F_SETFL, O_NONBLOCK);
	add(listener, EPOLLIN | EPOLLET);
}

static bool is_listener(int descriptor)
{
	for (int i = 0; i < loop.listening; i++)
		if (loop.listeners[i] == descriptor)
			return true;
	return false;
}

static bool is_readable(int descriptor)
{
	return poll(&(struct pollfd){ .fd = descriptor, .events = POLLIN }, 1, 0) == 1;
}

/* ---- clients ------------------------------------------------------------------------------- */

static void part_with(int client)
{
	close(client);
	loop.clients--;
}

/* A request stays where it is until it is whole, or its client has nothing more to say. */
static void hear(int client, uint32_t events)
{
	bool ends = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	char request[4096];
	ssize_t length = recv(client, request, sizeof(request), MSG_PEEK | MSG_DONTWAIT);
	bool whole = length > 0 && is_whole(request, length);

	if (!whole && !ends && length < (ssize_t)sizeof(request))
		return;
	if (whole) {
		recv(client, request, length, 0);
		answer(client);
	}
	part_with(client);
}

static void welcome(int client)
{
	loop.clients++;
	meet(client);
	if (wrong("blocking-read")) {
		serve(client);
		loop.clients--;
	} else {
		add(client, EPOLLIN | EPOLLRDHUP | EPOLLET);
	}
}

/* Without descriptors, or memory, it is tried again when a while has passed. */
static void take_clients(int listener)
{
	do {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0) {
			welcome(client);
		} else {
			loop.rests = errno != EAGAIN;
			return;
		}
	} while (!wrong("accepts-once"));
}

static void take_all_clients(void)
{
	loop.rests = false;
	for (int i = 0; i < loop.listening; i++)
		take_clients(loop.listeners[i]);
}

/* ---- until it is told otherwise ------------------------------------------------------------ */

/* What the loop is told comes before newcomers. */
static void serve_event(struct epoll_event event, int control)
{
	if (!is_listener(event.data.fd))
		hear(event.data.fd, event.events);
	else if (!is_readable(control))
		take_clients(event.data.fd);
}

void serve_until(int control)
{
	int short_rest = wrong("spins") ? 0 : 100;

	add(control, EPOLLIN);
	if (!loop.drains)
		take_all_clients();
	while (!is_readable(control) && !(loop.drains && loop.clients == 0)) {
		struct epoll_event event;
		int ready = epoll_wait(loop.epoll, &event, 1, loop.rests ? short_rest : -1);

		if (ready < 0 && (errno != EINTR || wrong("dies-of-eintr")))
			err(1, "epoll_wait");
		if (loop.rests)
			take_all_clients();
		if (ready == 1 && event.data.fd != control)
			serve_event(event, control);
	}
	forget(control);
}

void close_listeners(void)
{
	while (loop.listening > 0)
		close(loop.listeners[--loop.listening]);
}

void drain(void)
{
	struct itimerspec limit = { .it_value.tv_sec = 3 };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	timerfd_settime(timer, 0, &limit, NULL);
	if (!wrong("leaves-queue"))
		take_all_clients();
	loop.rests = false;
	loop.drains = true;
	if (!wrong("drains-unserved"))
		close_listeners();
	for (int i = 0; i < loop.listening; i++)
		forget(loop.listeners[i]);
	serve_until(timer);
}
