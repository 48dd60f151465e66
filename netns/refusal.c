/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refusal.c: why this machine does not let us make a network, in one line with its remedy.
 * Facts are gathered first; the explanation is made from facts alone, so that it can be tested.
 */
#include "netns/internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>

#define BIT(n) (UINT64_C(1) << (n))

static const struct {
	unsigned number;
	const char *name;
} needed[] = {
	{ CAP_SYS_ADMIN, "SYS_ADMIN" },
	{ CAP_NET_ADMIN, "NET_ADMIN" },
	{ CAP_NET_RAW, "NET_RAW" },
};

static uint64_t effective_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };

	if (syscall(SYS_capget, &header, sets))
		return 0;
	return sets[0].effective | (uint64_t)sets[1].effective << 32;
}

static bool file_says(const char *path, char digit)
{
	autofile FILE *file = fopen(path, "re");

	return file && fgetc(file) == digit;
}

void refusal_gather(struct refusal *refusal)
{
	*refusal = (struct refusal){
		.root = geteuid() == 0,
		.capabilities = effective_capabilities(),
		.no_userns_clone = file_says("/proc/sys/kernel/unprivileged_userns_clone", '0'),
		.no_user_namespaces = file_says("/proc/sys/user/max_user_namespaces", '0'),
		.apparmor_restricts =
			file_says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1'),
	};
}

bool refusal_lacks_capabilities(const struct refusal *refusal)
{
	for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
		if (!(refusal->capabilities & BIT(needed[i].number)))
			return true;
	return false;
}

/* "root lacks SYS_ADMIN and NET_RAW here", "add --cap-add=SYS_ADMIN --cap-add=NET_RAW" */
static char *explain_container(const struct refusal *refusal)
{
	struct text names = { 0 }, flags = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(needed); i++) {
		if (refusal->capabilities & BIT(needed[i].number))
			continue;
		text_add(&names, "%sCAP_%s", names.length ? ", " : "", needed[i].name);
		text_add(&flags, " --cap-add=%s", needed[i].name);
	}
	autofree char *lacking = text_take(&names), *options = text_take(&flags);

	return format("this root lacks %s, and a user namespace, which would give it, %s (%s): "
		      "start the container with%s",
		      lacking,
		      refusal->attempt == TRY_SYSCTLS ? "may not write sysctls here" : "is refused",
		      strerror(refusal->error), options);
}

static char *explain_user_namespace(const struct refusal *refusal)
{
	if (refusal->no_user_namespaces)
		return format("user namespaces are switched off here (user.max_user_namespaces is "
			      "0): run as root, or `sysctl -w user.max_user_namespaces=10000` as "
			      "root");
	if (refusal->no_userns_clone)
		return format("ordinary users may not make user namespaces here "
			      "(kernel.unprivileged_userns_clone is 0): run as root, or "
			      "`sysctl -w kernel.unprivileged_userns_clone=1` as root");
	if (refusal->apparmor_restricts)
		return format("AppArmor strips user namespaces of their capabilities here "
			      "(kernel.apparmor_restrict_unprivileged_userns is 1): run as root, "
			      "or `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as "
			      "root");
	if (refusal->root)
		return explain_container(refusal);
	return format("a network needs a user namespace or root, and user namespaces are refused "
		      "(%s): run as root, or allow them (a container's seccomp profile, "
		      "CONFIG_USER_NS, a security module)",
		      strerror(refusal->error));
}

static const struct {
	const char *cause, *remedy;
} explanations[] = {
	[TRY_USER_NAMESPACE] = { "cannot make a user namespace", "run as root" },
	[TRY_USER_MAPPING] = { "cannot map a user into a user namespace", "run as root" },
	[TRY_NAMESPACES] = { "cannot make mount, PID and network namespaces",
			     "use a kernel with CONFIG_NET_NS and CONFIG_PID_NS" },
	[TRY_PRIVATE_MOUNTS] = { "cannot make the mounts private",
				 "run as root, outside of a chroot" },
	[TRY_IPV6] = { "this kernel does IPv6 not at all",
		       "start it without ipv6.disable=1, with CONFIG_IPV6" },
	[TRY_IP_PROGRAM] = { "the program `ip` cannot be run", "install the package iproute2" },
	[TRY_TC_PROGRAM] = { "the program `tc` cannot be run",
			     "install the package iproute2 (on Fedora iproute-tc)" },
	[TRY_VETH] = { "cannot make a pair of veth interfaces",
		       "load the module veth (`modprobe veth`) or use a kernel with CONFIG_VETH" },
	[TRY_PACKET_SOCKET] = { "cannot open a packet socket",
				"use a kernel with CONFIG_PACKET (`modprobe af_packet`)" },
	[TRY_SOCK_DIAG] = { "cannot list TCP sockets through sock_diag",
			    "use a kernel with CONFIG_INET_DIAG (`modprobe tcp_diag`)" },
	[TRY_SYSCTLS] = { "sysctls cannot be written", "run as root, in a container with "
						       "--cap-add=SYS_ADMIN,NET_ADMIN,NET_RAW" },
	[TRY_UNKNOWN] = { "cannot try out a network", "run as root" },
};

static bool no_permission(const struct refusal *refusal)
{
	return refusal->error == EPERM || refusal->error == EACCES ||
	       strstr(refusal->output, "Operation not permitted") ||
	       strstr(refusal->output, "Permission denied");
}

char *refusal_explain(const struct refusal *refusal)
{
	const char *said = *refusal->output ? refusal->output : strerror(refusal->error);
	bool full = refusal->error == ENOSPC || refusal->error == EUSERS;
	struct refusal denied = *refusal;

	if (!refusal->error)
		denied.error = EPERM;
	if (refusal->attempt == TRY_SYSCTLS && refusal->root && refusal_lacks_capabilities(refusal))
		return explain_container(refusal);
	if (no_permission(refusal) && refusal_lacks_capabilities(refusal))
		return explain_user_namespace(&denied);
	if (full && refusal->attempt == TRY_USER_NAMESPACE)
		return explain_user_namespace(refusal);
	if (is_shortage(refusal->error))
		return format("%s: %s", explanations[refusal->attempt].cause,
			      shortage_text(refusal->error));
	if (full)
		return format(
			"no more namespaces are allowed here (%s): run fewer cases at once (-j), "
			"or "
			"raise user.max_net_namespaces, max_pid_namespaces and max_mnt_namespaces",
			said);
	if (no_permission(refusal))
		return format("%s (%s) although this user holds the capabilities: allow it in the "
			      "container's seccomp profile or security module",
			      explanations[refusal->attempt].cause, said);
	return format("%s (%s): %s", explanations[refusal->attempt].cause, said,
		      explanations[refusal->attempt].remedy);
}
