/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hosts.h"

#include "base/base.h"

#include <arpa/inet.h>
#include <net/ethernet.h>

const char *host_name(enum host host)
{
	return host == CLIENT ? "client" : "server";
}

enum host other(enum host host)
{
	return host == CLIENT ? SERVER : CLIENT;
}

struct sockaddr_storage host_address(enum host host, int family, uint16_t port)
{
	struct sockaddr_storage storage = { 0 };

	if (family == AF_INET6) {
		struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&storage;

		ipv6->sin6_family = AF_INET6;
		ipv6->sin6_port = htons(port);
		inet_pton(AF_INET6, host == CLIENT ? "2001:db8::1" : "2001:db8::2",
			  &ipv6->sin6_addr);
	} else {
		struct sockaddr_in *ipv4 = (struct sockaddr_in *)&storage;

		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons(port);
		inet_pton(AF_INET, host == CLIENT ? "192.0.2.1" : "192.0.2.2", &ipv4->sin_addr);
	}
	return storage;
}

struct sockaddr_storage mapped_address(struct sockaddr_storage address)
{
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)&address;
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&storage;

	if (address.ss_family != AF_INET)
		return address;
	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = ipv4->sin_port;
	ipv6->sin6_addr.s6_addr16[5] = 0xffff;
	ipv6->sin6_addr.s6_addr32[3] = ipv4->sin_addr.s_addr;
	return storage;
}

char *address_words(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)address;
	char text[INET6_ADDRSTRLEN];

	if (address->ss_family == AF_INET6)
		return format("[%s]:%u", inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof(text)),
			      ntohs(ipv6->sin6_port));
	return format("%s:%u", inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof(text)),
		      ntohs(ipv4->sin_port));
}

/* Locally administered: 02:... */
static const uint8_t hardware[HOSTS][ETH_ALEN] = {
	[CLIENT] = { 2, 0, 0, 0, 0, 1 },
	[SERVER] = { 2, 0, 0, 0, 0, 2 },
};

const uint8_t *host_hardware(enum host host)
{
	return hardware[host];
}
