/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage_where: what --listen means: addresses of this machine, and a port.
 */
#include "runner/cli/stage.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

bool stage_where_parse(const char *text, struct stage_where *where)
{
	const char *bracket = strrchr(text, ']'), *from = bracket ? bracket : text;
	const char *colon = strrchr(from, ':'), *port = colon ? colon + 1 : NULL;
	size_t length = colon ? (size_t)(colon - text) : strlen(text);

	*where = (struct stage_where){ 0 };
	if (is_number(text)) {
		port = text;
		length = 0;
	}
	where->has_port = port != NULL;
	where->port = port ? (unsigned)strtoul(port, NULL, 10) : 0;
	if (port && (!is_number(port) || strlen(port) > 5 || where->port > 65535))
		return false;
	if (bracket && (*text != '[' || text + length != bracket + 1))
		return false;
	if (length)
		where->host = bracket ? format("%.*s", (int)length - 2, text + 1)
				      : format("%.*s", (int)length, text);
	/* Of IPv6 without brackets nobody knows where it ends. */
	return bracket || !where->host || !strchr(where->host, ':');
}

static bool has_ipv6(void)
{
	autoclose int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0;
}

static bool is_asked_for(enum stage_family wanted, int family)
{
	return wanted == STAGE_BOTH || (wanted == STAGE_IPV4) == (family == AF_INET);
}

static void add_address(struct states_port *port, const struct sockaddr_storage *address)
{
	for (size_t i = 0; i < port->address_count; i++)
		if (port->addresses[i].ss_family == address->ss_family)
			return;
	if (port->address_count < ARRAY_LENGTH(port->addresses))
		port->addresses[port->address_count++] = *address;
}

static void add_every_address(struct states_port *port, enum stage_family family)
{
	if (is_asked_for(family, AF_INET))
		add_address(port, &(struct sockaddr_storage){ .ss_family = AF_INET });
	if (is_asked_for(family, AF_INET6) && (family == STAGE_IPV6 || has_ipv6()))
		add_address(port, &(struct sockaddr_storage){ .ss_family = AF_INET6 });
}

static char *resolve(const char *host, enum stage_family family, struct states_port *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int error = getaddrinfo(host, NULL, &hints, &found);

	for (const struct addrinfo *each = found; each; each = each->ai_next) {
		struct sockaddr_storage address = { 0 };

		if (!is_asked_for(family, each->ai_family))
			continue;
		memcpy(&address, each->ai_addr, each->ai_addrlen);
		add_address(port, &address);
	}
	if (found)
		freeaddrinfo(found);
	if (error)
		return format("'%s': %s", host, gai_strerror(error));
	return port->address_count ? NULL : format("'%s' has no address of that family", host);
}

char *stage_where_find(const struct stage_where *where, enum stage_family family, unsigned number,
		       struct states_port *port)
{
	char *why = NULL;

	if (where->host)
		why = resolve(where->host, family, port);
	else
		add_every_address(port, family);
	/* Both families have the port in the same place. */
	for (size_t i = 0; i < port->address_count; i++)
		((struct sockaddr_in *)(void *)&port->addresses[i])->sin_port =
			htons((uint16_t)number);
	return why;
}
