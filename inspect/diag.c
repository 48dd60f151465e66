/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diag.c: sockets of TCP, through sock_diag.
 */
#include "inspect/internal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#define ROOM         32768 /* as much as the kernel fills at once */
#define REQUEST_ROOM 256

struct diag {
	struct mnl_socket *netlink;
	unsigned sequence;
};

struct diag *diag_begin(void)
{
	struct diag *diag = must_alloc(1, sizeof(*diag));

	diag->netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (!diag->netlink || mnl_socket_bind(diag->netlink, 0, MNL_SOCKET_AUTOPID) < 0)
		broken("cannot open sock_diag: %s. The kernel needs CONFIG_INET_DIAG.",
		       shortage_text(errno));
	return diag;
}

void diag_end(struct diag *diag)
{
	if (!diag)
		return;
	mnl_socket_close(diag->netlink);
	free(diag);
}

struct listing {
	struct inspected_socket *all;
	size_t count;
	struct inspected_question question;
};

static void put_end(struct sockaddr_storage *end, int family, const __be32 *words, __be16 port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)end;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)end;

	if (family == AF_INET6) {
		*six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
		memcpy(&six->sin6_addr, words, sizeof(six->sin6_addr));
	} else {
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
		four->sin_addr.s_addr = words[0];
	}
}

static int take_attribute(const struct nlattr *attribute, void *argument)
{
	struct inspected_socket *found = argument;

	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY)
		found->ipv6_only = mnl_attr_get_u8(attribute);
	return MNL_CB_OK;
}

static int take_socket(const struct nlmsghdr *header, void *argument)
{
	struct listing *listing = argument;
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	struct inspected_socket found;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	found = (struct inspected_socket){
		.state = message->idiag_state,
		.inode = message->idiag_inode,
		.cookie = (uint64_t)message->id.idiag_cookie[1] << 32 | message->id.idiag_cookie[0],
		.user = message->idiag_uid,
		.interface = message->id.idiag_if,
	};
	put_end(&found.here, message->idiag_family, message->id.idiag_src, message->id.idiag_sport);
	put_end(&found.there, message->idiag_family, message->id.idiag_dst,
		message->id.idiag_dport);
	if (found.state == TCP_LISTEN) {
		found.queued = (int)message->idiag_rqueue;
		found.limit = (int)message->idiag_wqueue;
		mnl_attr_parse(header, sizeof(*message), take_attribute, &found);
	} else {
		found.unread = message->idiag_rqueue;
	}
	listing->all = GROWN(listing->all, listing->count);
	listing->all[listing->count++] = found;
	return MNL_CB_OK;
}

/* 0 or an errno; EINTR: the list changed while it was read. */
static int read_answer(struct diag *diag, struct listing *listing)
{
	unsigned port = mnl_socket_get_portid(diag->netlink);
	int more = MNL_CB_OK, error;
	char buffer[ROOM];

	while (more > MNL_CB_STOP) {
		ssize_t length = mnl_socket_recvfrom(diag->netlink, buffer, sizeof(buffer));

		more = length < 0 ? MNL_CB_ERROR
				  : mnl_cb_run(buffer, (size_t)length, diag->sequence, port,
					       take_socket, listing);
	}
	if (more == MNL_CB_STOP)
		return 0;
	error = errno;
	/* What is still to come would be taken for the answer to the next question. */
	while (recv(mnl_socket_get_fd(diag->netlink), buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
		;
	return error;
}

static int ask_family(struct diag *diag, int family, struct listing *listing)
{
	char buffer[REQUEST_ROOM];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++diag->sequence;
	request->sdiag_family = (uint8_t)family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = listing->question.states;
	request->id.idiag_sport = htons(listing->question.port);
	if (mnl_socket_sendto(diag->netlink, header, header->nlmsg_len) < 0)
		return errno;
	return read_answer(diag, listing);
}

bool diag_list(struct diag *diag, struct inspected_question question,
	       struct inspected_socket **found, size_t *count)
{
	struct retry retry = retry_for(SEC(2));
	struct listing listing = { .question = question };
	int error;

	do {
		listing.count = 0;
		error = ask_family(diag, AF_INET, &listing);
		if (!error)
			error = ask_family(diag, AF_INET6, &listing);
	} while (error == EINTR && retry_now(&retry));
	*found = listing.all;
	*count = listing.count;
	errno = error;
	return error == 0;
}
