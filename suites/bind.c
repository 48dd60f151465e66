/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bind(2), and listen(2) where it comes down to the port: what somebody else has, and what is no
 * address of the server's.
 */
#define TOPIC          "bind()"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- ports that somebody has ---------------------------------------------------------------- */

static void close_socket(struct plain_socket *plain)
{
	expect_call(plain, "close", 0, close(plain->fd));
}

/* inet_csk_listen_start() asks for the port once more, as one that listens now. */
CASE(second_listener_on_a_port_is_refused_and_may_still_connect, .claims = "",
     .covers = "P-16 P-17 F-01")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("two sockets are bound to one port, with SO_REUSEADDR, and the first one listens");
	struct end *second = bound_client(net, server, .name = "second");
	struct plain_socket *first = socket_on(net, CLIENT, .name = "first", .port = second->port,
					       .options = { OPTION(SOL_SOCKET, SO_REUSEADDR, 1) });
	expect_call(first, "listen", 0, listen(first->fd, 1));
	expect_tcp_state(first, LISTEN);

	STEP("the second one may not listen, and is what it was before: it may connect");
	COVERS("P-16 F-01");
	for (int i = 0; i < 2; i++) {
		expect_call(second, "listen", EADDRINUSE, listen(second->fd, 1));
		expect_tcp_state(second, CLOSED);
		expect_option(second, SOL_SOCKET, SO_ACCEPTCONN, 0);
		expect_result(second, "port by getsockname", second->port, local_port(second->fd));
	}
	expect_tcp_state(first, LISTEN);
	begin_to_connect(second);
	expect_ladder(second,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_connected(second);
	close_socket(first);
	accept_client(server, second);

	STEP("bind() to a port where somebody listens, with SO_REUSEADDR: not even that");
	COVERS("P-17");
	struct plain_socket *late = socket_on(net, SERVER, .name = "late",
					      .options = { OPTION(SOL_SOCKET, SO_REUSEADDR, 1) });
	expect_call(late, "bind", EADDRINUSE, bind_to(late, address_on(net, SERVER, server->port)));
	expect_result(late, "port by getsockname", 0, local_port(late->fd));

	STEP("the listener has closed, and its connection lives: SO_REUSEADDR is enough now");
	close_listener(server);
	struct plain_socket *plain = socket_on(net, SERVER, .name = "late without SO_REUSEADDR");
	expect_call(plain, "bind", EADDRINUSE,
		    bind_to(plain, address_on(net, SERVER, server->port)));
	expect_call(late, "bind", 0, bind_to(late, address_on(net, SERVER, server->port)));
	struct listener *again = listen_on_server(net, .backlog = 1, .with = late);
	accept_client(again, connect_one(net, again));
}

enum whose { OWN, EVERY, LOOPBACK };

static struct sockaddr_storage address_that_is(const struct scene *net, enum whose whose, int port)
{
	static const char *const names[][2] = {
		[EVERY] = { "0.0.0.0", "::" }, [LOOPBACK] = { "127.0.0.1", "::1" }
	};
	struct sockaddr_storage address = address_on(net, SERVER, port);

	if (whose == OWN)
		return address;
	if (over_ipv6(net))
		inet_pton(AF_INET6, names[whose][1], &((struct sockaddr_in6 *)&address)->sin6_addr);
	else
		inet_pton(AF_INET, names[whose][0], &((struct sockaddr_in *)&address)->sin_addr);
	return address;
}

/* Two sockets: "the first", and another, whose name says how it relates to the first. */
struct taken {
	const char *what;
	bool listens; /* the first one */
	int reuse[2]; /* SO_REUSEADDR of the first and the other */
	enum whose whose[2];
	int error; /* of the other one's bind() */
};

static void expect_taken(struct scene *net, const struct taken *row, int port)
{
	struct plain_socket *sockets[2];

	for (int i = 0; i < 2; i++)
		sockets[i] =
			socket_on(net, SERVER, .name = i ? row->what : "the first",
				  .options = { OPTION(SOL_SOCKET, SO_REUSEADDR, row->reuse[i]) });
	expect_call(sockets[0], "bind", 0,
		    bind_to(sockets[0], address_that_is(net, row->whose[0], port)));
	if (row->listens)
		expect_call(sockets[0], "listen", 0, listen(sockets[0]->fd, 1));
	expect_call(sockets[1], "bind", row->error,
		    bind_to(sockets[1], address_that_is(net, row->whose[1], port)));
	if (!row->error)
		expect_call(sockets[1], "listen", 0, listen(sockets[1]->fd, 1));
	for (int i = 0; i < 2; i++)
		close_socket(sockets[i]);
}

static const struct taken taken[] = {
	{ "beside a bound one", false, { 0, 0 }, { OWN, OWN }, EADDRINUSE },
	{ "beside a bound one that reuses", false, { 1, 0 }, { OWN, OWN }, EADDRINUSE },
	{ "reusing beside a bound one", false, { 0, 1 }, { OWN, OWN }, EADDRINUSE },
	{ "reusing, both of them", false, { 1, 1 }, { OWN, OWN }, 0 },
	{ "reusing under every address", false, { 1, 1 }, { EVERY, OWN }, 0 },
	{ "under every address", false, { 0, 0 }, { EVERY, OWN }, EADDRINUSE },
	{ "on every address", false, { 0, 0 }, { OWN, EVERY }, EADDRINUSE },
	{ "on another address", false, { 0, 0 }, { LOOPBACK, OWN }, 0 },
	{ "beside a listener", true, { 0, 0 }, { OWN, OWN }, EADDRINUSE },
	{ "reusing beside a listener", true, { 1, 1 }, { OWN, OWN }, EADDRINUSE },
	{ "reusing under a listener on all", true, { 1, 1 }, { EVERY, OWN }, EADDRINUSE },
	{ "reusing all above a listener", true, { 1, 1 }, { OWN, EVERY }, EADDRINUSE },
	{ "on another address than a listener", true, { 0, 0 }, { LOOPBACK, OWN }, 0 },
	{ "reusing all above a listener on another",
	  true,
	  { 1, 1 },
	  { LOOPBACK, EVERY },
	  EADDRINUSE },
};

/* inet_csk_get_port(): inet_bind_conflict() of each socket that has the port. */
CASE(bind_refuses_a_port_that_another_socket_has, .claims = "", .covers = "N-31")
{
	STEP("a socket has the port, and another one asks for it");
	COVERS("N-31");
	for (size_t i = 0; i < ARRAY_LENGTH(taken); i++)
		expect_taken(net, &taken[i], 20100 + (int)i);

	STEP("where two sockets have the port on different addresses, bind() looks at both");
	static const struct {
		const char *name;
		enum whose whose;
		int reuse, error;
	} three[] = {
		{ "first, with SO_REUSEADDR", LOOPBACK, 1, 0 },
		{ "second, without it, on another address", OWN, 0, 0 },
		{ "third, with it, on the address of the second", OWN, 1, EADDRINUSE },
		{ "fourth, with it, on the address of the first", LOOPBACK, 1, 0 },
	};
	for (size_t i = 0; i < ARRAY_LENGTH(three); i++) {
		struct plain_socket *plain =
			socket_on(net, SERVER, .name = three[i].name,
				  .options = { OPTION(SOL_SOCKET, SO_REUSEADDR, three[i].reuse) });

		expect_call(plain, "bind", three[i].error,
			    bind_to(plain, address_that_is(net, three[i].whose, 20130)));
	}
}

CASE(no_port_is_left_to_choose, .claims = "", .covers = "N-32",
     .server_sysctls = { "net.ipv4.ip_local_port_range=40101 40102" })
{
	struct plain_socket *sockets[4];

	for (int i = 0; i < 4; i++)
		sockets[i] = socket_on(net, SERVER);

	STEP("bind() to port 0, and listen() of one that has no port, take the last two");
	expect_call(sockets[0], "bind", 0, bind_to(sockets[0], address_on(net, SERVER, 0)));
	expect_call(sockets[1], "listen", 0, listen(sockets[1]->fd, 1));
	expect_result(sockets[0], "sum of the two ports", 40101 + 40102,
		      local_port(sockets[0]->fd) + local_port(sockets[1]->fd));

	STEP("the next ones get none: EADDRINUSE");
	COVERS("N-32");
	expect_call(sockets[2], "bind", EADDRINUSE,
		    bind_to(sockets[2], address_on(net, SERVER, 0)));
	expect_call(sockets[3], "listen", EADDRINUSE, listen(sockets[3]->fd, 1));
	expect_tcp_state(sockets[3], CLOSED);
	expect_result(sockets[3], "port by getsockname", 0, local_port(sockets[3]->fd));

	STEP("one is closed, and its port is the next one's");
	long port = local_port(sockets[1]->fd);
	close_socket(sockets[1]);
	expect_call(sockets[3], "listen", 0, listen(sockets[3]->fd, 1));
	expect_result(sockets[3], "port by getsockname", port, local_port(sockets[3]->fd));
}

/* ---- addresses that bind() does not take ----------------------------------------------------- */

struct odd_bind {
	const char *what;
	int family;
	const char *address; /* NULL: no memory is there */
	socklen_t length;
	int error;
	int option; /* that is set before, of the family's level; 0: none */
};

#define ROOM 160 /* more than any address is long */
#define V4   sizeof(struct sockaddr_in)
#define V6   sizeof(struct sockaddr_in6)

static const struct odd_bind ipv4_rows[] = {
	{ "a socket for the server's own address", AF_INET, "192.0.2.2", V4, 0, 0 },
	{ "a socket for every address", AF_INET, "0.0.0.0", V4, 0, 0 },
	{ "a socket for the client's address", AF_INET, "192.0.2.1", V4, EADDRNOTAVAIL, 0 },
	{ "a socket for an address that no host has", AF_INET, "198.51.100.77", V4, EADDRNOTAVAIL,
	  0 },
	{ "a socket for an address that no host has, with IP_FREEBIND", AF_INET, "198.51.100.77",
	  V4, 0, IP_FREEBIND },
	{ "a socket for a multicast address", AF_INET, "224.0.0.1", V4, 0, 0 },
	{ "a socket for the broadcast address", AF_INET, "255.255.255.255", V4, 0, 0 },
	{ "a socket for an address of another family", AF_INET6, "2001:db8::2", V6, EAFNOSUPPORT,
	  0 },
	{ "a socket for every address, with AF_UNSPEC", AF_UNSPEC, "0.0.0.0", V4, 0, 0 },
	{ "a socket for the server's own address, with AF_UNSPEC", AF_UNSPEC, "192.0.2.2", V4,
	  EAFNOSUPPORT, 0 },
	{ "a socket for an address one byte too short", AF_INET, "192.0.2.2", V4 - 1, EINVAL, 0 },
	{ "a socket for an address of no length", AF_INET, "192.0.2.2", 0, EINVAL, 0 },
	{ "a socket for an address of a negative length", AF_INET, "192.0.2.2", (socklen_t)-1,
	  EINVAL, 0 },
	{ "a socket for an address as long as any is", AF_INET, "192.0.2.2",
	  sizeof(struct sockaddr_storage), 0, 0 },
	{ "a socket for an address longer than any", AF_INET, "192.0.2.2",
	  sizeof(struct sockaddr_storage) + 1, EINVAL, 0 },
	{ "a socket for an address that cannot be read", AF_INET, NULL, V4, EFAULT, 0 },
};

static const struct odd_bind ipv6_rows[] = {
	{ "a socket for the server's own address", AF_INET6, "2001:db8::2", V6, 0, 0 },
	{ "a socket for every address", AF_INET6, "::", V6, 0, 0 },
	{ "a socket for the client's address", AF_INET6, "2001:db8::1", V6, EADDRNOTAVAIL, 0 },
	{ "a socket for an address that no host has", AF_INET6, "2001:db8:51::77", V6,
	  EADDRNOTAVAIL, 0 },
	{ "a socket for an address that no host has, with IPV6_FREEBIND", AF_INET6,
	  "2001:db8:51::77", V6, 0, IPV6_FREEBIND },
	{ "a socket for a multicast address", AF_INET6, "ff02::1", V6, EINVAL, 0 },
	{ "a socket for a link-local address without its link", AF_INET6, "fe80::1", V6, EINVAL,
	  0 },
	{ "a socket for an IPv4-mapped address", AF_INET6, "::ffff:192.0.2.2", V6, 0, 0 },
	{ "a socket for an IPv4-mapped address, with IPV6_V6ONLY", AF_INET6, "::ffff:192.0.2.2", V6,
	  EINVAL, IPV6_V6ONLY },
	{ "a socket for the client's IPv4-mapped address", AF_INET6, "::ffff:192.0.2.1", V6,
	  EADDRNOTAVAIL, 0 },
	{ "a socket for an address of another family", AF_INET, "192.0.2.2", V6, EAFNOSUPPORT, 0 },
	{ "a socket for every address, with AF_UNSPEC", AF_UNSPEC, "0.0.0.0", V6, EAFNOSUPPORT, 0 },
	{ "a socket for an address without a scope", AF_INET6, "2001:db8::2", V6 - 4, 0, 0 },
	{ "a socket for an address one byte too short", AF_INET6, "2001:db8::2", V6 - 5, EINVAL,
	  0 },
	{ "a socket for an address of no length", AF_INET6, "2001:db8::2", 0, EINVAL, 0 },
	{ "a socket for an address of a negative length", AF_INET6, "2001:db8::2", (socklen_t)-1,
	  EINVAL, 0 },
	{ "a socket for an address as long as any is", AF_INET6, "2001:db8::2",
	  sizeof(struct sockaddr_storage), 0, 0 },
	{ "a socket for an address longer than any", AF_INET6, "2001:db8::2",
	  sizeof(struct sockaddr_storage) + 1, EINVAL, 0 },
	{ "a socket for an address that cannot be read", AF_INET6, NULL, V6, EFAULT, 0 },
};

/* The address and its port, in as much memory as the longest row tells of. */
static void write_address(const struct odd_bind *row, int port, uint8_t *room)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)(void *)room;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)(void *)room;

	memset(room, 0, ROOM);
	ipv4->sin_family = (sa_family_t)row->family;
	ipv4->sin_port = htons((uint16_t)port);
	if (row->family == AF_INET6)
		inet_pton(AF_INET6, row->address, &ipv6->sin6_addr);
	else
		inet_pton(AF_INET, row->address, &ipv4->sin_addr);
}

static void expect_odd_bind(struct scene *net, const struct odd_bind *row)
{
	_Alignas(struct sockaddr_storage) uint8_t room[ROOM];
	int level = over_ipv6(net) ? IPPROTO_IPV6 : IPPROTO_IP;
	struct plain_socket *plain = socket_on(net, SERVER, .name = row->what);
	const void *address = row->address ? room : NULL;

	if (row->address)
		write_address(row, 20006, room);
	if (row->option)
		expect_call(plain, "setsockopt", 0,
			    setsockopt(plain->fd, level, row->option, &(int){ 1 }, sizeof(int)));
	expect_call(plain, "bind", row->error, bind(plain->fd, address, row->length));
	expect_result(plain, "port by getsockname", row->error ? 0 : 20006, local_port(plain->fd));
	if (!row->error)
		expect_call(plain, "bind", EINVAL, bind(plain->fd, address, row->length));
	close_socket(plain);
}

/* What bind() gives while the process may not bind ports below ip_unprivileged_port_start. */
static long bind_without_privilege(const struct plain_socket *plain,
				   struct sockaddr_storage address)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[2], less[2];
	long result, error;

	if (syscall(SYS_capget, &header, had) < 0)
		broken("cannot read the capabilities of this process: %s", strerror(errno));
	memcpy(less, had, sizeof(less));
	less[0].effective &= ~(1u << CAP_NET_BIND_SERVICE);
	if (syscall(SYS_capset, &header, less) < 0)
		broken("cannot drop CAP_NET_BIND_SERVICE: %s", strerror(errno));
	result = bind_to(plain, address);
	error = errno;
	if (syscall(SYS_capset, &header, had) < 0)
		broken("cannot get CAP_NET_BIND_SERVICE back: %s", strerror(errno));
	errno = (int)error;
	return result;
}

struct privilege {
	const char *start; /* ip_unprivileged_port_start */
	int port, error;
};

static void expect_privilege(struct scene *net, const struct privilege *row)
{
	struct sockaddr_storage address = address_on(net, SERVER, row->port);
	struct plain_socket *plain = socket_on(net, SERVER, .name = "a socket without privilege");

	set_sysctl(net, SERVER, "net.ipv4.ip_unprivileged_port_start=%s", row->start);
	expect_call(plain, "bind", row->error, bind_without_privilege(plain, address));
	if (row->error)
		expect_call(plain, "bind", 0, bind_to(plain, address));
	close_socket(plain);
}

CASE(bind_refuses_addresses_that_are_not_its_own, .claims = "", .covers = "P-20")
{
	static const struct privilege privileges[] = {
		{ "1024", 1, EACCES }, { "1024", 1023, EACCES }, { "1024", 1024, 0 },
		{ "1024", 0, 0 },      { "80", 79, EACCES },     { "80", 80, 0 },
		{ "0", 1, 0 },
	};
	const struct odd_bind *rows = over_ipv6(net) ? ipv6_rows : ipv4_rows;
	size_t count = over_ipv6(net) ? ARRAY_LENGTH(ipv6_rows) : ARRAY_LENGTH(ipv4_rows);

	STEP("bind() to addresses of the server and of others, to what is no address, and to "
	     "privileged ports");
	COVERS("P-20");
	for (size_t i = 0; i < count; i++)
		expect_odd_bind(net, &rows[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(privileges); i++)
		expect_privilege(net, &privileges[i]);
}
