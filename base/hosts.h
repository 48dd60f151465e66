/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two hosts of a case and their addresses: who builds the network has them, and who reads or
 * draws what was captured on it.
 */
#ifndef HALFOPEN_HOSTS_H
#define HALFOPEN_HOSTS_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

enum host { CLIENT, SERVER, HOSTS };

/* "client" or "server". */
const char *host_name(enum host host);
/* The one at the other end of the wire. */
enum host other(enum host host);

/*
 * The addresses of the hosts: 192.0.2.1 and 192.0.2.2; 2001:db8::1 and 2001:db8::2. @port is in
 * the host's byte order.
 */
struct sockaddr_storage host_address(enum host host, int family, uint16_t port);
/* As a socket of IPv6 has it: an address of IPv4 is mapped, ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2).
 */
struct sockaddr_storage mapped_address(struct sockaddr_storage address);
/* "192.0.2.1:80", "[2001:db8::1]:80"; the caller frees it. */
char *address_words(const struct sockaddr_storage *address);
/* The 6 bytes of the hardware address of a host's eth0. */
const uint8_t *host_hardware(enum host host);

#endif
