/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket states, half-open requests and queue depths, through sock_diag. Requests are shown
 * nowhere else; a request and the socket that it becomes carry one cookie.
 */
#include "captures/watch/probes.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>

struct diag {
	struct mnl_socket *netlink;
	enum host host;
	int family; /* of the sockets */
	bool mapped, both;
	unsigned sequence;
	found_socket *found;
	void *context;
};

struct opening {
	struct mnl_socket *netlink;
};

static int open_netlink(void *argument)
{
	struct opening *opening = argument;

	opening->netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	return opening->netlink ? 0 : -1;
}

struct diag *diag_open(struct net *net, const struct diag_options *options)
{
	struct diag *diag = must_alloc(1, sizeof(*diag));
	struct opening opening = { .netlink = NULL };

	if (net_within(net, options->host, open_netlink, &opening) < 0 ||
	    mnl_socket_bind(opening.netlink, 0, MNL_SOCKET_AUTOPID) < 0)
		broken("cannot open sock_diag: %s. The kernel needs CONFIG_INET_DIAG.",
		       shortage_text(errno));
	diag->netlink = opening.netlink;
	diag->host = options->host;
	diag->mapped = options->mapped;
	diag->both = options->mapped || options->both;
	diag->family = options->mapped ? AF_INET6 : options->family;
	return diag;
}

void diag_close(struct diag *diag)
{
	mnl_socket_close(diag->netlink);
	free(diag);
}

/* Only of a socket sock_diag tells what memory it has: not of a request, nor of TIME_WAIT. */
static int take_memory(const struct nlattr *attribute, void *argument)
{
	struct diag_socket *socket = argument;
	uint32_t memory[SK_MEMINFO_VARS];

	if (mnl_attr_get_type(attribute) != INET_DIAG_SKMEMINFO ||
	    mnl_attr_get_payload_len(attribute) < sizeof(memory))
		return MNL_CB_OK;
	memcpy(memory, mnl_attr_get_payload(attribute), sizeof(memory));
	socket->drops = memory[SK_MEMINFO_DROPS];
	if (socket->state == SYN_RECV)
		socket->state = CHILD_SYN_RECV;
	return MNL_CB_STOP;
}

static bool is_floods(const struct in6_addr *source)
{
	return IN6_IS_ADDR_V4MAPPED(source) ? net_is_floods(AF_INET, &source->s6_addr32[3])
					    : net_is_floods(AF_INET6, source);
}

static void put_address(const struct sockaddr_storage *address, __be16 *port, __be32 *words)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;

	if (address->ss_family == AF_INET6) {
		*port = six->sin6_port;
		memcpy(words, &six->sin6_addr, sizeof(six->sin6_addr));
	} else {
		*port = four->sin_port;
		memcpy(words, &four->sin_addr, sizeof(four->sin_addr));
	}
}

/* Bound to every address or to the one that the other host comes to; as sockets of IPv6 have it. */
static bool has_the_address(const struct diag *diag, const struct inet_diag_msg *message)
{
	int family = diag->mapped ? AF_INET : diag->family;
	struct sockaddr_storage own = host_address(diag->host, family, 0);
	__be32 words[4] = { 0 };
	__be16 port;

	if (message->idiag_family == AF_INET && family == AF_INET6)
		return false;
	if (message->idiag_family == AF_INET6 && family == AF_INET)
		own = mapped_address(own);
	put_address(&own, &port, words);
	return memcmp(message->id.idiag_src, (__be32[4]){ 0 }, sizeof(words)) == 0 ||
	       memcmp(message->id.idiag_src, words, sizeof(words)) == 0;
}

/* IPV6_V6ONLY: it hears nothing of IPv4. */
static int take_v6only(const struct nlattr *attribute, void *argument)
{
	struct diag_socket *socket = argument;

	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY && mnl_attr_get_u8(attribute))
		socket->reachable = false;
	return MNL_CB_OK;
}

static struct in6_addr address_in(const struct inet_diag_msg *message, const __be32 words[4])
{
	struct in6_addr address = { .s6_addr16 = { [5] = 0xffff } };

	if (message->idiag_family == AF_INET)
		address.s6_addr32[3] = words[0];
	else
		memcpy(&address, words, sizeof(address));
	return address;
}

static int take_socket(const struct nlmsghdr *header, void *argument)
{
	struct diag *diag = argument;
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	struct diag_socket socket;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	socket = (struct diag_socket){
		.cookie = (uint64_t)message->id.idiag_cookie[1] << 32 | message->id.idiag_cookie[0],
		.state = (enum tcp_state)message->idiag_state,
		.here = address_in(message, message->id.idiag_src),
		.there = address_in(message, message->id.idiag_dst),
		.port = ntohs(message->id.idiag_sport),
		.peer_port = ntohs(message->id.idiag_dport),
		.retrans = message->idiag_retrans,
		.expires_ms = message->idiag_timer ? (int)message->idiag_expires : NO_TIMER,
		.inode = message->idiag_inode,
	};
	socket.floods = is_floods(&socket.there);
	/* one that both hosts have has another address at each end */
	socket.inner = socket.state != LISTEN && IN6_ARE_ADDR_EQUAL(&socket.here, &socket.there);
	if (socket.state == LISTEN) {
		socket.queued = (int)message->idiag_rqueue;
		socket.limit = (int)message->idiag_wqueue;
		socket.reachable = has_the_address(diag, message);
		if (diag->mapped && message->idiag_family == AF_INET6)
			mnl_attr_parse(header, sizeof(*message), take_v6only, &socket);
	}
	if (socket.state == LISTEN || socket.state == SYN_RECV)
		mnl_attr_parse(header, sizeof(*message), take_memory, &socket);
	diag->found(diag->context, &socket);
	return MNL_CB_OK;
}

static struct inet_diag_req_v2 *begin_request(struct diag *diag, char *buffer, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = ++diag->sequence;
	request->sdiag_family = (uint8_t)diag->family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = (1u << CHILD_SYN_RECV) - 1;
	request->idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1);
	return request;
}

static int ask(struct diag *diag, const char *buffer)
{
	return netlink_ask(diag->netlink, (const struct nlmsghdr *)(const void *)buffer,
			   take_socket, diag);
}

/* An errno, or 0. */
static int dump_family(struct diag *diag, int family)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];

	begin_request(diag, buffer, NLM_F_DUMP)->sdiag_family = (uint8_t)family;
	return ask(diag, buffer);
}

bool diag_dump(struct diag *diag, found_socket *found, void *context)
{
	int error;

	diag->found = found;
	diag->context = context;
	error = dump_family(diag, diag->family);
	if (!error && diag->both)
		error = dump_family(diag, diag->family == AF_INET ? AF_INET6 : AF_INET);
	if (error && error != EINTR)
		broken("cannot list the sockets through sock_diag: %s", netlink_problem(error));
	return error == 0;
}

uint16_t address_port(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6
			     ? ((const struct sockaddr_in6 *)(const void *)address)->sin6_port
			     : ((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static void put_ends(const struct diag *diag, const struct socket_ends *ends,
		     struct inet_diag_req_v2 *request)
{
	struct sockaddr_storage here = ends->here, there = ends->there;

	if (diag->mapped) {
		here = mapped_address(here);
		there = mapped_address(there);
	}
	request->sdiag_family = (uint8_t)here.ss_family;
	put_address(&here, &request->id.idiag_sport, request->id.idiag_src);
	put_address(&there, &request->id.idiag_dport, request->id.idiag_dst);
	request->id.idiag_cookie[0] = request->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

void diag_find(struct diag *diag, const struct socket_ends *ends, found_socket *found,
	       void *context)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct inet_diag_req_v2 *request = begin_request(diag, buffer, 0);
	int error;

	put_ends(diag, ends, request);
	diag->found = found;
	diag->context = context;
	error = ask(diag, buffer);
	if (error && error != ENOENT)
		broken("cannot ask sock_diag for a socket: %s", netlink_problem(error));
}

/* ---- what it goes by ----------------------------------------------------------------------- */

struct agreement agreement_in(const struct tcp_info *info)
{
	bool scales = info->tcpi_options & TCPI_OPT_WSCALE;

	return (struct agreement){
		.mss = (int)info->tcpi_snd_mss,
		.advertised_mss = (int)info->tcpi_advmss,
		.window_scale = scales ? info->tcpi_rcv_wscale : -1,
		.peer_window_scale = scales ? info->tcpi_snd_wscale : -1,
		.sack = info->tcpi_options & TCPI_OPT_SACK,
		.timestamps = info->tcpi_options & TCPI_OPT_TIMESTAMPS,
		.ecn = info->tcpi_options & TCPI_OPT_ECN,
	};
}

struct answer {
	uint64_t cookie;
	struct agreement agreement;
	bool found;
};

static int take_info(const struct nlattr *attribute, void *argument)
{
	struct answer *answer = argument;
	struct tcp_info info = { 0 };
	size_t length = mnl_attr_get_payload_len(attribute);

	if (mnl_attr_get_type(attribute) != INET_DIAG_INFO)
		return MNL_CB_OK;
	memcpy(&info, mnl_attr_get_payload(attribute),
	       length < sizeof(info) ? length : sizeof(info));
	answer->agreement = agreement_in(&info);
	answer->found = true;
	return MNL_CB_OK;
}

static int take_answer(const struct nlmsghdr *header, void *argument)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	const struct answer *answer = argument;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message) ||
	    answer->cookie !=
		    ((uint64_t)message->id.idiag_cookie[1] << 32 | message->id.idiag_cookie[0]))
		return MNL_CB_OK;
	return mnl_attr_parse(header, sizeof(*message), take_info, argument);
}

bool diag_agreement(struct diag *diag, const struct socket_ends *ends, uint64_t cookie,
		    struct agreement *agreement)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct inet_diag_req_v2 *request = begin_request(diag, buffer, 0);
	struct answer answer = { .cookie = cookie };
	int error;

	request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	put_ends(diag, ends, request);
	error = netlink_ask(diag->netlink, (const struct nlmsghdr *)(const void *)buffer,
			    take_answer, &answer);
	if (error && error != ENOENT)
		broken("cannot ask sock_diag for a socket: %s", netlink_problem(error));
	*agreement = answer.agreement;
	return answer.found;
}

/* ---- the end of them ----------------------------------------------------------------------- */

struct doomed {
	struct inet_diag_sockid *ids;
	size_t count;
};

static int doom(const struct nlmsghdr *header, void *argument)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	struct doomed *doomed = argument;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message))
		return MNL_CB_OK;
	doomed->ids = must_realloc(doomed->ids, doomed->count + 1, sizeof(*doomed->ids));
	doomed->ids[doomed->count++] = message->id;
	return MNL_CB_OK;
}

struct doomed_socket {
	int family;
	struct inet_diag_sockid id;
};

static int destroy(struct diag *diag, const struct doomed_socket *socket)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct inet_diag_req_v2 *request = begin_request(diag, buffer, NLM_F_ACK);
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)buffer;

	header->nlmsg_type = SOCK_DESTROY;
	request->sdiag_family = (uint8_t)socket->family;
	request->id = socket->id;
	return netlink_ask(diag->netlink, header, NULL, NULL);
}

int diag_destroy(struct diag *diag, const struct socket_ends *ends, uint64_t cookie)
{
	struct inet_diag_req_v2 whose = { 0 };

	put_ends(diag, ends, &whose);
	whose.id.idiag_cookie[0] = (uint32_t)cookie;
	whose.id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
	return destroy(diag, &(struct doomed_socket){ whose.sdiag_family, whose.id });
}

static bool destroy_family(struct diag *diag, int family)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct doomed doomed = { 0 };
	struct inet_diag_req_v2 *request = begin_request(diag, buffer, NLM_F_DUMP);
	int error;

	request->sdiag_family = (uint8_t)family;
	request->idiag_states &= ~(1u << TIME_WAIT);
	error = netlink_ask(diag->netlink, (const struct nlmsghdr *)(const void *)buffer, doom,
			    &doomed);
	for (size_t i = 0; !error && i < doomed.count; i++) {
		error = destroy(diag, &(struct doomed_socket){ family, doomed.ids[i] });
		if (error == ENOENT) /* it went by itself */
			error = 0;
	}
	free(doomed.ids);
	return error == 0;
}

/*
 * A request too: it stays until its timer, and with it the listener's socket and the namespace.
 * What is in TIME_WAIT goes with its namespace.
 */
bool diag_destroy_all(struct diag *diag)
{
	return destroy_family(diag, diag->family) &&
	       (!diag->both || destroy_family(diag, diag->family == AF_INET ? AF_INET6 : AF_INET));
}
