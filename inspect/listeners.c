/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listeners.c: who listens, and whose processes hold what listens or has been accepted.
 */
#include "base/hosts.h"
#include "inspect/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

static uint16_t port_of(const struct sockaddr_storage *address)
{
	/* It stands at one place in both. */
	return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static int by_address(const void *left, const void *right)
{
	const struct inspected_socket *a = left, *b = right;
	int difference = port_of(&a->here) - port_of(&b->here);

	if (!difference)
		difference = a->here.ss_family - b->here.ss_family;
	if (!difference)
		difference = memcmp(&a->here, &b->here, sizeof(a->here));
	if (!difference)
		difference = a->cookie < b->cookie ? -1 : a->cookie > b->cookie;
	return difference;
}

size_t inspect_sockets(struct inspection *inspection, struct inspected_question question,
		       struct inspected_socket **found)
{
	size_t count;

	if (!diag_list(inspection->diag, question, found, &count))
		broken("cannot list the sockets of the server through sock_diag: %s",
		       strerror(errno));
	if (count)
		qsort(*found, count, sizeof(**found), by_address);
	return count;
}

static const struct in6_addr *address6(const struct inspected_listener *listener)
{
	return &((const struct sockaddr_in6 *)(const void *)&listener->address)->sin6_addr;
}

static uint32_t address4(const struct inspected_listener *listener)
{
	return ntohl(
		((const struct sockaddr_in *)(const void *)&listener->address)->sin_addr.s_addr);
}

bool listener_serves(const struct inspected_listener *listener, int family)
{
	bool mapped;

	if (listener->address.ss_family == AF_INET)
		return family == AF_INET;
	mapped = IN6_IS_ADDR_V4MAPPED(address6(listener));
	if (family == AF_INET6)
		return !mapped;
	return mapped || (!listener->ipv6_only && IN6_IS_ADDR_UNSPECIFIED(address6(listener)));
}

bool listener_is_on_loopback(const struct inspected_listener *listener)
{
	const struct in6_addr *six = address6(listener);

	if (listener->address.ss_family == AF_INET)
		return address4(listener) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(six) ||
	       (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == IN_LOOPBACKNET);
}

/* ---- holders ------------------------------------------------------------------------------------
 */

static struct inspected_listener *listener_of(const struct inspected_listeners *listeners,
					      uint64_t inode)
{
	for (size_t i = 0; inode && i < listeners->count; i++)
		if (listeners->all[i].inode == inode)
			return &listeners->all[i];
	return NULL;
}

static const struct inspected_process *process_of(const struct inspected_processes *processes,
						  pid_t pid)
{
	for (size_t i = 0; i < processes->count; i++)
		if (processes->all[i].pid == pid)
			return &processes->all[i];
	return NULL;
}

static void add_holder(struct inspected_listener *listener, const struct inspected_process *process,
		       int descriptor)
{
	struct inspected_holder *last =
		listener->holder_count ? &listener->holders[listener->holder_count - 1] : NULL;

	if (last && last->pid == process->pid) {
		last->descriptors++;
		return;
	}
	listener->holders = GROWN(listener->holders, listener->holder_count);
	last = &listener->holders[listener->holder_count++];
	*last = (struct inspected_holder){ .pid = process->pid,
					   .parent = process->parent,
					   .user = process->user,
					   .descriptor = descriptor,
					   .descriptors = 1,
					   .close_on_exec = descriptor_has(process->pid, descriptor,
									   O_CLOEXEC) };
	memcpy(last->name, process->name, sizeof(last->name));
}

/* What a process has of the listeners; where its descriptors are not to be seen, that. */
static void look_into(struct inspected_listeners *listeners,
		      const struct inspected_process *process)
{
	autofree struct descriptor *descriptors = NULL;
	int error;
	size_t count = descriptors_of(process->pid, &descriptors, &error);

	if (error && error != ENOENT)
		listeners->unseen++;
	if (error && error != ENOENT && !listeners->unseen_error)
		listeners->unseen_error = error;
	for (size_t i = 0; i < count; i++) {
		struct inspected_listener *listener =
			descriptors[i].kind == A_SOCKET
				? listener_of(listeners, descriptors[i].inode)
				: NULL;

		if (listener)
			add_holder(listener, process, descriptors[i].number);
	}
}

static bool holds(const struct inspected_listener *listener, pid_t pid)
{
	for (size_t i = 0; i < listener->holder_count; i++)
		if (listener->holders[i].pid == pid)
			return true;
	return false;
}

static void trace_inheritance(struct inspected_listener *listener,
			      const struct inspected_processes *processes)
{
	for (size_t i = 0; i < listener->holder_count; i++) {
		struct inspected_holder *holder = &listener->holders[i];
		const struct inspected_process *parent = process_of(processes, holder->parent);

		while (parent && !holds(listener, parent->pid))
			parent = process_of(processes, parent->parent);
		if (!parent)
			continue;
		holder->inherited_from = parent->pid;
		holder->other_program = !same_program(holder->pid, parent->pid);
	}
}

static void find_holders(struct inspection *inspection, struct inspected_listeners *listeners,
			 pid_t server)
{
	struct inspected_processes processes = inspect_processes(inspection, server);

	for (size_t i = 0; i < processes.count; i++)
		look_into(listeners, &processes.all[i]);
	for (size_t i = 0; i < listeners->count; i++) {
		trace_inheritance(&listeners->all[i], &processes);
		listeners->all[i].foreign = !listeners->all[i].holder_count && !listeners->unseen;
	}
	inspected_processes_free(&processes);
}

/* ---- listeners ------------------------------------------------------------------------------ */

struct inspected_listeners inspect_listeners(struct inspection *inspection, pid_t server)
{
	struct inspected_listeners listeners = { 0 };
	autofree struct inspected_socket *found = NULL;

	listeners.count = inspect_sockets(
		inspection, (struct inspected_question){ .states = 1u << TCP_LISTEN }, &found);
	listeners.all = must_alloc(listeners.count + 1, sizeof(*listeners.all));
	for (size_t i = 0; i < listeners.count; i++)
		listeners.all[i] =
			(struct inspected_listener){ .address = found[i].here,
						     .name = address_words(&found[i].here),
						     .port = port_of(&found[i].here),
						     .ipv6_only = found[i].ipv6_only,
						     .inode = found[i].inode,
						     .cookie = found[i].cookie,
						     .user = found[i].user,
						     .interface = found[i].interface,
						     .queued = found[i].queued,
						     .limit = found[i].limit };
	if (listeners.count)
		find_holders(inspection, &listeners, server);
	return listeners;
}

void inspected_listeners_free(struct inspected_listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++) {
		struct inspected_listener *listener = &listeners->all[i];

		for (size_t j = 0; j < listener->holder_count; j++)
			free(listener->holders[j].threads);
		free(listener->holders);
		free(listener->name);
	}
	free(listeners->all);
	*listeners = (struct inspected_listeners){ 0 };
}

/* ---- from near by --------------------------------------------------------------------------- */

/* inet_reuseport_add_sock(): what makes two sockets one group. */
static bool are_one_group(const struct inspected_listener *one,
			  const struct inspected_listener *other)
{
	return one->options.reuse_port > 0 && other->options.reuse_port > 0 &&
	       memcmp(&one->address, &other->address, sizeof(one->address)) == 0 &&
	       one->ipv6_only == other->ipv6_only && one->interface == other->interface &&
	       one->user == other->user;
}

static void find_groups(struct inspected_listeners *listeners)
{
	unsigned groups = 0;

	for (size_t i = 0; i < listeners->count; i++) {
		struct inspected_listener *first = &listeners->all[i];

		if (first->group || first->options.reuse_port <= 0)
			continue;
		groups++;
		for (size_t j = i; j < listeners->count; j++)
			if (are_one_group(first, &listeners->all[j])) {
				listeners->all[j].group = groups;
				first->members++;
			}
		for (size_t j = i; j < listeners->count; j++)
			if (listeners->all[j].group == groups)
				listeners->all[j].members = first->members;
	}
}

static void take_backlogs(struct inspected_listeners *listeners, struct call_watch *watch)
{
	autofree struct watched_call *calls = NULL;
	size_t count = watch ? call_watch_calls(watch, 0, &calls) : 0;

	for (size_t i = 0; i < count; i++) {
		struct inspected_listener *listener =
			calls[i].kind == LISTEN_CALL ? listener_of(listeners, calls[i].inode)
						     : NULL;

		if (!listener || calls[i].gone)
			continue;
		listener->asked_known = true;
		listener->asked = calls[i].backlog;
	}
}

struct inspected_listeners inspect_listeners_closely(struct inspection *inspection, pid_t server,
						     struct call_watch *watch)
{
	struct inspected_listeners listeners = inspect_listeners(inspection, server);

	for (size_t i = 0; i < listeners.count; i++) {
		struct inspected_listener *listener = &listeners.all[i];

		see_options(listener);
		for (size_t j = 0; j < listener->holder_count; j++)
			see_waits(listener, &listener->holders[j]);
	}
	find_groups(&listeners);
	take_backlogs(&listeners, watch);
	return listeners;
}

/* ---- connections ---------------------------------------------------------------------------- */

/* inode and pid of each socket of the server's processes. */
struct owner {
	uint64_t inode;
	pid_t pid;
};

static int by_inode(const void *left, const void *right)
{
	const struct owner *a = left, *b = right;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static size_t owners_of_sockets(struct inspection *inspection, pid_t server, struct owner **all)
{
	struct inspected_processes processes = inspect_processes(inspection, server);
	size_t count = 0;

	*all = NULL;
	for (size_t i = 0; i < processes.count; i++) {
		autofree struct descriptor *descriptors = NULL;
		int error;
		size_t of_it = descriptors_of(processes.all[i].pid, &descriptors, &error);

		for (size_t j = 0; j < of_it; j++) {
			if (descriptors[j].kind != A_SOCKET)
				continue;
			*all = GROWN(*all, count);
			(*all)[count++] =
				(struct owner){ descriptors[j].inode, processes.all[i].pid };
		}
	}
	inspected_processes_free(&processes);
	if (count)
		qsort(*all, count, sizeof(**all), by_inode);
	return count;
}

/* The first of them. */
static pid_t owner_of(const struct owner *all, size_t count, uint64_t inode)
{
	size_t from = 0, to = count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (all[middle].inode < inode)
			from = middle + 1;
		else
			to = middle;
	}
	return inode && from < count && all[from].inode == inode ? all[from].pid : 0;
}

static struct sockaddr_storage unmapped(struct sockaddr_storage address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&address;
	struct sockaddr_storage plain = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&plain;

	if (address.ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return address;
	*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = six->sin6_port };
	memcpy(&four->sin_addr, &six->sin6_addr.s6_addr[12], sizeof(four->sin_addr));
	return plain;
}

/* Of a request there is no socket yet. */
#define REQUESTS_AND_LISTENERS                                                                     \
	(1u << TCP_LISTEN | 1u << TCP_SYN_RECV | 1u << TCP_TIME_WAIT | 1u << TCP_CLOSE)

struct inspected_connections inspect_connections(struct inspection *inspection, pid_t server,
						 uint16_t port)
{
	struct inspected_question question = { .states = 0xfff & ~REQUESTS_AND_LISTENERS,
					       .port = port };
	struct inspected_connections connections = { 0 };
	autofree struct inspected_socket *found = NULL;
	autofree struct owner *owners = NULL;
	size_t owner_count = owners_of_sockets(inspection, server, &owners);

	connections.count = inspect_sockets(inspection, question, &found);
	connections.all = must_alloc(connections.count + 1, sizeof(*connections.all));
	for (size_t i = 0; i < connections.count; i++)
		connections.all[i] = (struct inspected_connection){
			.here = unmapped(found[i].here),
			.there = unmapped(found[i].there),
			.state = found[i].state,
			.inode = found[i].inode,
			.pid = owner_of(owners, owner_count, found[i].inode),
		};
	return connections;
}

void inspected_connections_free(struct inspected_connections *connections)
{
	free(connections->all);
	*connections = (struct inspected_connections){ 0 };
}
