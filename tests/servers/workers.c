/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server of two processes that serve, and one that looks after them. They share a listener; with
 * --group each has one of its own (SO_REUSEPORT), which outlives it. SIGHUP: other workers take
 * over; SIGTERM: they drain.
 */
#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/servers/loop.h"
#include "tests/servers/server.h"

#define WORKERS 2

static int listeners[WORKERS] = { -1, -1 }; /* the second one is of a group */
static pid_t workers[WORKERS];
static int signals;

static int *listener_of(int worker)
{
	return &listeners[is_asked("--group") ? worker : 0];
}

static void forget_listener(int *listener)
{
	close(*listener);
	*listener = -1;
}

/* What it has inherited of the others' would stay open as long as it does. */
static void work(int listener)
{
	for (int i = 0; i < WORKERS; i++)
		if (listeners[i] >= 0 && listeners[i] != listener)
			forget_listener(&listeners[i]);
	take_listener(listener);
	do {
		serve_until(signals);
	} while (next_signal(signals) != SIGTERM);
	drain();
	exit(0);
}

static void start_worker(int worker)
{
	int *listener = listener_of(worker);

	if (*listener < 0)
		*listener = listen_on(BOTH);
	workers[worker] = fork();
	if (workers[worker] < 0)
		err(1, "fork");
	if (workers[worker] == 0)
		work(*listener);
	if (wrong("leaves-queue"))
		forget_listener(listener);
}

static void start_workers(void)
{
	for (int i = 0; i < WORKERS; i++)
		start_worker(i);
}

static void dismiss(const pid_t *those)
{
	for (int i = 0; i < WORKERS; i++)
		kill(those[i], SIGTERM);
}

static void reload(void)
{
	pid_t old[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		old[i] = workers[i];
	read_configuration();
	start_workers();
	dismiss(old);
}

/* One that was dismissed is not among the workers any more. */
static void replace_dead_workers(void)
{
	pid_t dead;

	while ((dead = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < WORKERS; i++)
			if (workers[i] == dead && !wrong("never-replaces-workers"))
				start_worker(i);
}

static void stop(void)
{
	for (int i = 0; i < WORKERS; i++)
		if (listeners[i] >= 0)
			forget_listener(&listeners[i]);
	dismiss(workers);
	for (int i = 0; i < WORKERS; i++)
		waitpid(workers[i], NULL, 0);
}

int main(int argc, char **argv)
{
	static const char *const faults[] = { "backlog-1",
					      "dies-of-enotconn",
					      "dies-of-sigpipe",
					      "leaks-listener",
					      "leaves-queue",
					      "never-replaces-workers",
					      NULL };

	(void)argc;
	read_options(argv, faults);
	signals = take_signals();
	start_workers();
	start_helper();
	for (;;) {
		switch (next_signal(signals)) {
		case SIGCHLD:
			replace_dead_workers();
			break;
		case SIGHUP:
			reload();
			break;
		case SIGTERM:
			stop();
			return 0;
		}
	}
}
