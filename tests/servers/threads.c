/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server of threads: two take turns to wait in accept(), on one listener for IPv4 and IPv6, and
 * each client gets one of its own. SIGHUP: it reads its configuration again; SIGTERM: it drains.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/servers/server.h"

static int listener;
static atomic_int clients;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

static void start_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, argument) != 0)
		errx(1, "no thread can be started");
	pthread_detach(thread);
}

static void *talk(void *argument)
{
	int client = (int)(intptr_t)argument;

	meet(client);
	serve(client);
	clients--;
	return NULL;
}

/* As where memory for their stacks is short. */
#define MOST_THREADS 8

static void welcome(int client)
{
	if (++clients > MOST_THREADS && wrong("dies-of-many"))
		errx(1, "no thread can be started");
	if (wrong("accepts-under-lock"))
		talk((void *)(intptr_t)client);
	else
		start_thread(talk, (void *)(intptr_t)client);
}

static bool ended(int error)
{
	return error == EAGAIN || error == EINVAL;
}

static void *accept_clients(void *unused)
{
	for (;;) {
		int client, error;

		pthread_mutex_lock(&turn);
		client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		error = errno;
		if (client >= 0)
			welcome(client);
		pthread_mutex_unlock(&turn);
		if (client >= 0)
			continue;
		if (ended(error) || (error == EMFILE && wrong("gives-up-accepting")))
			return unused;
		if (error != EMFILE && wrong("dies-of-accept-error"))
			err(1, "accept");
		rest();
	}
}

/* Takes those who wait in the queue, refuses who comes later, and gives its clients 3 s to end. */
static void drain(void)
{
	int client;

	fcntl(listener, F_SETFL, O_NONBLOCK);
	while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		welcome(client);
	shutdown(listener, SHUT_RDWR);
	for (int i = 0; i < 30 && clients > 0; i++)
		rest();
}

int main(int argc, char **argv)
{
	static const char *const faults[] = { "accepts-under-lock",
					      "dies-of-accept-error",
					      "dies-of-enotconn",
					      "dies-of-many",
					      "forgets-end",
					      "gives-up-accepting",
					      NULL };
	int signals;

	(void)argc;
	read_options(argv, faults);
	listener = listen_on(BOTH);
	signals = take_signals();
	start_thread(accept_clients, NULL);
	start_thread(accept_clients, NULL);
	for (;;) {
		switch (next_signal(signals)) {
		case SIGHUP:
			read_configuration();
			break;
		case SIGTERM:
			drain();
			return 0;
		}
	}
}
