/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.c: a question to the kernel, and an answer that is whole.
 */
#include "netns/internal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#define ROOM 32768 /* as much as the kernel fills at once */

struct mnl_socket *route_socket(void)
{
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (!netlink || mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) < 0)
		broken("cannot open a socket of rtnetlink: %s", shortage_text(errno));
	return netlink;
}

/* Whether the messages fill what was received to its end. */
static bool is_whole(const char *buffer, size_t length)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)buffer;
	int left = (int)length;

	while (mnl_nlmsg_ok(message, left))
		message = mnl_nlmsg_next(message, &left);
	return left <= 0;
}

/* What is still to come would be taken for the answer to the next question. */
static void leave_the_rest(struct mnl_socket *netlink, char *buffer)
{
	while (recv(mnl_socket_get_fd(netlink), buffer, ROOM, MSG_DONTWAIT) >= 0)
		;
}

int netlink_ask(struct mnl_socket *netlink, const struct nlmsghdr *request, netlink_message *take,
		void *context)
{
	unsigned port = mnl_socket_get_portid(netlink);
	int more = MNL_CB_OK, error;
	char buffer[ROOM];
	ssize_t length;

	if (mnl_socket_sendto(netlink, request, request->nlmsg_len) < 0)
		return errno;
	do {
		length = mnl_socket_recvfrom(netlink, buffer, sizeof(buffer));
		if (length >= 0 && !is_whole(buffer, (size_t)length)) {
			errno = EBADMSG;
			length = -1;
		}
		more = length < 0 ? MNL_CB_ERROR
				  : mnl_cb_run(buffer, (size_t)length, request->nlmsg_seq, port,
					       take, context);
	} while (more > MNL_CB_STOP && request->nlmsg_flags & NLM_F_DUMP);
	if (more >= MNL_CB_STOP)
		return 0;
	error = errno;
	leave_the_rest(netlink, buffer);
	return error;
}

const char *netlink_problem(int error)
{
	switch (error) {
	case EINTR:
		return "the list changed each time while it was read";
	case ENOSPC:
		return "an answer of the kernel was longer than the room for it";
	case EBADMSG:
		return "an answer of the kernel was cut short";
	case ENOBUFS:
		return "the kernel had no room for its answer";
	default:
		return strerror(error);
	}
}
