/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * namespace.c: into a network namespace and out of it, and when one is really gone. The kernel
 * takes them down in a thread of its own, after their last user has left; what it complains of
 * meanwhile is the case's too.
 */
#include "netns/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>

int enter_namespace(int namespace)
{
	return setns(namespace, CLONE_NEWNET);
}

int current_namespace(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		const char *remedy = errno == ENOENT ? "; is /proc mounted?" : "";

		broken("cannot open the network namespace of this process: %s%s",
		       shortage_text(errno), remedy);
	}
	return fd;
}

/* ---- when they are gone -------------------------------------------------------------------- */

/* It takes a tenth of a second; many at once wait for each other. */
#define DEPARTURE SEC(20)

struct departures {
	struct mnl_socket *netlink;
	int here;
	int left; /* namespaces that have an ID here */
};

/* Where a namespace has an ID, a message says when that namespace goes (RTM_DELNSID). */
void namespace_announce(int namespace)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct mnl_socket *netlink = route_socket();
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct rtgenmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	int error;

	header->nlmsg_type = RTM_NEWNSID;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->rtgen_family = AF_UNSPEC;
	mnl_attr_put_u32(header, NETNSA_NSID, (uint32_t)NETNSA_NSID_NOT_ASSIGNED);
	mnl_attr_put_u32(header, NETNSA_FD, (uint32_t) namespace);
	error = netlink_ask(netlink, header, NULL, NULL);
	if (error)
		broken("cannot give a network namespace an ID: %s", netlink_problem(error));
	mnl_socket_close(netlink);
}

struct departures *departures_watch(void)
{
	struct departures *departures = must_alloc(1, sizeof(*departures));
	int group = RTNLGRP_NSID;

	departures->netlink = route_socket();
	if (mnl_socket_setsockopt(departures->netlink, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		broken("cannot watch network namespaces: %s", strerror(errno));
	departures->here = current_namespace();
	return departures;
}

static int count_departure(const struct nlmsghdr *header, void *argument)
{
	struct departures *departures = argument;

	if (header->nlmsg_type == RTM_NEWNSID)
		departures->left++;
	else if (header->nlmsg_type == RTM_DELNSID)
		departures->left--;
	return MNL_CB_OK;
}

/* Reads the messages that are there. */
static void hear(struct departures *departures)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	int fd = mnl_socket_get_fd(departures->netlink);
	ssize_t length;

	while ((length = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		(void)mnl_cb_run(buffer, (size_t)length, 0, 0, count_departure, departures);
}

static bool await_all(struct departures *departures, struct deadline *deadline)
{
	struct pollfd news = { .fd = mnl_socket_get_fd(departures->netlink), .events = POLLIN };

	do
		hear(departures);
	while (departures->left > 0 && deadline_await(deadline, &news, 1) != 0);
	return departures->left <= 0;
}

/*
 * An ID goes when cleanup_net() begins with its namespace. It takes namespaces down one batch after
 * the other: when it begins with one that was left after that, it is done with those before.
 */
static void add_a_last_one(struct departures *departures)
{
	int last;

	if (unshare(CLONE_NEWNET))
		broken("cannot make a network namespace: %s", shortage_text(errno));
	last = current_namespace();
	if (enter_namespace(departures->here))
		broken("cannot go back to a network namespace: %s", strerror(errno));
	namespace_announce(last);
	close(last);
}

bool departures_await(struct departures *departures)
{
	struct deadline deadline = deadline_in(DEPARTURE);
	bool gone = await_all(departures, &deadline);

	if (gone) {
		add_a_last_one(departures);
		gone = await_all(departures, &deadline);
	}
	close(departures->here);
	mnl_socket_close(departures->netlink);
	free(departures);
	return gone;
}
