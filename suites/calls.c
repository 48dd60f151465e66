/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls of a server, accept(2) before all, and how each of them fails: with which errno, and
 * what is then left of the connection that it was about.
 */
#define TOPIC          "calls"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- accept() that tells who it is ---------------------------------------------------------- */

/* A page of memory that may be read, or not even that. */
static void *page_that_is(int protection)
{
	void *page = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		broken("cannot map a page: %s", strerror(errno));
	return page;
}

/* move_addr_to_user() comes after the protocol's accept(): what fails there comes too late. */
CASE(accept_that_cannot_tell_the_address_loses_the_connection, .claims = "", .covers = "P-33 P-34")
{
	void *unreadable = page_that_is(PROT_NONE), *unwritable = page_that_is(PROT_READ);
	struct sockaddr_storage address;
	socklen_t room = sizeof(address), negative = (socklen_t)-1;
	const struct {
		const char *what, *covers;
		struct sockaddr *address;
		socklen_t *length;
		int error;
	} rows[] = {
		{ "an address that cannot be written", "P-34", unwritable, &room, EFAULT },
		{ "no length", "P-34", (struct sockaddr *)&address, NULL, EFAULT },
		{ "a length that cannot be read", "P-34", (struct sockaddr *)&address, unreadable,
		  EFAULT },
		{ "a length that cannot be written", "P-34", (struct sockaddr *)&address,
		  unwritable, EFAULT },
		{ "a negative length", "P-33", (struct sockaddr *)&address, &negative, EINVAL },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("three clients wait, and the second one has sent its request");
		struct end **clients = connect_clients(net, server, 3);
		speak(clients[1], "HELLO");
		expect_queue(server, .accept = 3, .syn = 0);

		STEP("accept() with %s fails, and the first one is gone: it reads the end of file",
		     rows[i].what);
		COVERS(rows[i].covers);
		accept_loses(clients[0], rows[i].error,
			     accept(server->fd, rows[i].address, rows[i].length));
		wait_for(clients[0], .sent = 3, .from = CLIENT, .within = 0.1);
		expect_ladder(clients[0],
			      "-    <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
			      "+0.0 >  ACK      CLOSE_WAIT / FIN_WAIT2");
		expect_end_of_file(clients[0]);
		expect_queue(server, .accept = 2, .syn = 0);

		STEP("it fails again: the second one, whose request nobody has read, is reset");
		accept_loses(clients[1], rows[i].error,
			     accept(server->fd, rows[i].address, rows[i].length));
		expect_ladder(clients[1], "-  <  RST-ACK  - / -");
		expect_reset(clients[1]);
		expect_queue(server, .accept = 1, .syn = 0);
		expect_counters(net, SERVER, "TCPAbortOnClose 1  Tcp.EstabResets 1");
		expect_counters(net, CLIENT, "Tcp.EstabResets 1");

		STEP("accept() that needs no address gives the third one");
		accept_gives(clients[2], accept(server->fd, NULL, NULL));
		expect_queue(server, .accept = 0, .syn = 0);
	}
}
