/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop.h: a thread that serves all its clients at once, with epoll, which tells of each change
 * once. */
#ifndef TESTS_SERVERS_LOOP_H
#define TESTS_SERVERS_LOOP_H

/* It serves the clients of this listener, too. */
void take_listener(int listener);

/* Until @control can be read. */
void serve_until(int control);

/* Closes the listeners: who is in their queues is reset. */
void close_listeners(void);

/* Takes those who wait in the queues, refuses who comes later, and gives its clients 3 s to end. */
void drain(void);

#endif
