/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.c: tries everything that a network needs, once, in processes that are gone afterwards.
 */
#include "netns/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* Shared by the prober and the processes it makes. */
struct findings {
	struct refusal refusal;
	struct net_features features;
	bool refused, complete;
	bool met[MOST_BASELINES];
	struct net_ways ways;
	char ending[256]; /* what broken() said */
};

static void keep_ending(enum ending ending, const char *text, void *context)
{
	struct findings *findings = context;

	text_fit(findings->ending, sizeof(findings->ending), text);
	_exit(ending == BROKEN ? 99 : 1);
}

static _Noreturn void refuse(struct findings *findings, enum attempt attempt, int error)
{
	findings->refusal.attempt = attempt;
	findings->refusal.error = error;
	findings->refused = true;
	_exit(0);
}

/*
 * Runs a command; what it said, in one line, in @said. Its status; or refuses: it could not be run,
 * for want of the program or of what starting one takes.
 */
static int run(struct findings *findings, enum attempt program, char *const argv[])
{
	char *said = findings->refusal.output;
	autofree char *output = NULL;
	struct tool tool = tool_start((struct tool_options){ .argv = argv, .input = "" });
	int status = tool_finish(&tool, &output);

	output[strcspn(output, "\n")] = '\0';
	text_fit(said, sizeof(findings->refusal.output), output);
	if (tool.error)
		refuse(findings, program, tool.error);
	return status;
}

static void try_veth(struct findings *findings)
{
	static char *add[] = {
		"ip", "link", "add", "h0", "type", "veth", "peer", "name", "h1", NULL
	};

	if (run(findings, TRY_IP_PROGRAM, add))
		refuse(findings, TRY_VETH, 0);
	findings->refusal.output[0] = '\0';
}

static void try_netem(struct findings *findings)
{
	static char *add[] = { "tc",   "qdisc", "add",   "dev", "h0",
			       "root", "netem", "delay", "1ms", NULL };

	findings->features.netem = run(findings, TRY_TC_PROGRAM, add) == 0;
	if (!findings->features.netem) {
		autofree char *reason =
			format("this kernel has no sch_netem (%s)", findings->refusal.output);

		text_fit(findings->features.netem_reason, sizeof(findings->features.netem_reason),
			 reason);
	}
}

static void try_packet_socket(struct findings *findings)
{
	autoclose int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	if (fd < 0)
		refuse(findings, TRY_PACKET_SOCKET, errno);
}

static int no_message(const struct nlmsghdr *header, void *data)
{
	(void)header;
	(void)data;
	return MNL_CB_OK;
}

/* 0, or errno. The namespace is new: no socket can be in the answer. */
static int list_sockets(struct mnl_socket *netlink)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *tcp;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	tcp = mnl_nlmsg_put_extra_header(request, sizeof(*tcp));
	tcp->sdiag_family = AF_INET;
	tcp->sdiag_protocol = IPPROTO_TCP;
	tcp->idiag_states = UINT32_MAX;
	return netlink_ask(netlink, request, no_message, NULL);
}

static void try_sock_diag(struct findings *findings)
{
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	int error;

	if (!netlink || mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID))
		refuse(findings, TRY_SOCK_DIAG, errno);
	error = list_sockets(netlink);
	if (error)
		refuse(findings, TRY_SOCK_DIAG, error);
	mnl_socket_close(netlink);
}

/* In a container /proc/sys is read-only, unless a fresh proc can be mounted. */
static void try_sysctls(struct findings *findings)
{
	int error = sysctl_write_here("net.ipv4.ip_forward", "0");

	if (error)
		refuse(findings, TRY_SYSCTLS, -error);
}

static void try_ipv6(struct findings *findings)
{
	autoclose int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0)
		refuse(findings, TRY_IPV6, errno);
}

/* A host's namespace is made from the one in which the case begins. */
static void try_new_host(struct findings *findings)
{
	if (unshare(CLONE_NEWNET))
		refuse(findings, TRY_NAMESPACES, errno);
	baselines_try(findings->met);
}

static _Noreturn void try_as_case(struct findings *findings)
{
	isolate_case(-1);
	try_sysctls(findings);
	try_ipv6(findings);
	try_veth(findings);
	try_packet_socket(findings);
	try_sock_diag(findings);
	ways_try(&findings->ways);
	try_netem(findings);
	try_new_host(findings);
	findings->complete = true;
	_exit(0);
}

static _Noreturn void try_as_worker(struct findings *findings)
{
	struct refusal *refusal = &findings->refusal;
	pid_t pid;

	on_ending(keep_ending, findings);
	if (isolate_try(refusal, &findings->features.user_namespace))
		refuse(findings, refusal->attempt, refusal->error);
	pid = fork();
	if (pid < 0)
		refuse(findings, TRY_NAMESPACES, errno);
	if (!pid)
		try_as_case(findings);
	waitpid(pid, NULL, 0);
	_exit(0);
}

int net_probe(struct net_features *features, char **why)
{
	struct findings *findings = mmap(NULL, sizeof(*findings), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (findings == MAP_FAILED)
		broken("cannot share memory with a child: %s", strerror(errno));
	refusal_gather(&findings->refusal);
	findings->refusal.attempt = TRY_UNKNOWN;
	pid = fork();
	if (pid < 0)
		broken("cannot fork: %s", shortage_text(errno));
	if (!pid)
		try_as_worker(findings);
	waitpid(pid, NULL, 0);

	*features = findings->features;
	baselines_learn(findings->met);
	if (findings->complete)
		ways_learn(&findings->ways);
	features->went_wrong =
		findings->refused ? is_shortage(findings->refusal.error) : !findings->complete;
	*why = NULL;
	if (findings->refused)
		*why = refusal_explain(&findings->refusal);
	else if (!findings->complete)
		*why = format("cannot try out a network: %s",
			      *findings->ending ? findings->ending
						: "the process that tried it died");
	int result = findings->complete ? 0 : -1;
	munmap(findings, sizeof(*findings));
	return result;
}
