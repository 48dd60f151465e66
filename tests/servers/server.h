/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.h: what the small servers have in common. Each of them is right; --fault makes it wrong in
 * one way, and where wrong() stands is all that differs.
 *
 * They speak HTTP/1.0: a client sends a request, gets a page, and the connection ends. With
 * --greets the server speaks first.
 */
#ifndef TESTS_SERVERS_SERVER_H
#define TESTS_SERVERS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads the options: --port NUMBER, --greets, --helper, --group, and --fault NAME as often as
 * wanted. NULL ends @faults, which are those that this program can have; another one ends it with
 * status 2.
 */
void read_options(char **argv, const char *const *faults);

/* Whether --fault has named this one. */
bool wrong(const char *fault);

/* Whether that option, "--group", was given. */
bool is_asked(const char *option);

/* An address, of those that a server listens on: IPv4, IPv6, or one of IPv6 for both. */
enum address { IPV4, IPV6, BOTH };

/* A listener there, which blocks; with --group one of several (SO_REUSEPORT). */
int listen_on(enum address address);

/* Starts another program, if --helper asks for it; it has what was not closed for it. */
void start_helper(void);

/* SIGTERM, SIGHUP and SIGCHLD wait from now on in this descriptor; the next of them. */
int take_signals(void);
int next_signal(int signals);

/* What a reload takes: a tenth of a second. */
void read_configuration(void);

/* Whether all of a request has come. */
bool is_whole(const char *request, size_t length);

/* After accept(): asks who comes, who may have left already, and greets. */
void meet(int client);

/* Answers a request, whether its client is still there or not. */
void answer(int client);

/* Waits for a request, answers it, and closes. */
void serve(int client);

#endif
