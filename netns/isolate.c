/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isolate.c: a worker and its case live in namespaces of their own and die with the runner.
 */
#include "netns/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* The CPUs that this process may use, and the one of them that it stays on. */
static cpu_set_t all_cpus, one_cpu;
static bool pinned;

static int write_file(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -1;
	return 0;
}

struct mapping {
	uid_t user; /* the caller's */
	gid_t group;
	unsigned id; /* of both, inside */
};

/* The caller becomes user and group @id of a user namespace that holds nobody else. */
static int become_the_only_one(struct mapping mapping)
{
	autofree char *users = format("%u %u 1", mapping.id, mapping.user);
	autofree char *groups = format("%u %u 1", mapping.id, mapping.group);

	/* Before Linux 3.19 there is no setgroups file, and no need of one. */
	if (write_file("/proc/self/setgroups", "deny") && errno != ENOENT)
		return -1;
	if (write_file("/proc/self/uid_map", users))
		return -1;
	return write_file("/proc/self/gid_map", groups);
}

int isolate_user(unsigned id)
{
	struct mapping mapping = { geteuid(), getegid(), id };

	if (unshare(CLONE_NEWUSER) || become_the_only_one(mapping))
		return errno;
	return 0;
}

static int refused(struct refusal *refusal, enum attempt attempt)
{
	refusal->attempt = attempt;
	refusal->error = errno;
	return -1;
}

int isolate_try(struct refusal *refusal, bool *user_namespace)
{
	struct mapping mapping = { geteuid(), getegid(), 0 };

	*user_namespace = refusal_lacks_capabilities(refusal);
	if (*user_namespace) {
		struct mapper mapper = mapper_start();

		if (unshare(CLONE_NEWUSER)) {
			mapper_end(&mapper);
			return refused(refusal, TRY_USER_NAMESPACE);
		}
		if (!mapper_map(&mapper) && become_the_only_one(mapping))
			return refused(refusal, TRY_USER_MAPPING);
	}
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET))
		return refused(refusal, TRY_NAMESPACES);
	if (mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL))
		return refused(refusal, TRY_PRIVATE_MOUNTS);
	return 0;
}

static bool has_died(int pidfd)
{
	struct pollfd waiting = { .fd = pidfd, .events = POLLIN };

	return pidfd >= 0 && poll(&waiting, 1, 0) == 1;
}

static void die_with_parent(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		broken("cannot ask for a signal at the parent's death: %s", strerror(errno));
}

/* The @lane-th CPU of a set, modulo their number. */
static size_t pick_cpu(const cpu_set_t *cpus, unsigned lane)
{
	unsigned skip_over = lane % (unsigned)CPU_COUNT(cpus);
	size_t cpu = 0;

	while (!CPU_ISSET(cpu, cpus) || skip_over--)
		cpu++;
	return cpu;
}

void isolate_all_cpus(void)
{
	if (pinned)
		sched_setaffinity(0, sizeof(all_cpus), &all_cpus);
}

static void stay_on(const cpu_set_t *cpus)
{
	if (pinned && sched_setaffinity(0, sizeof(*cpus), cpus))
		broken("cannot stay on one CPU: %s", strerror(errno));
}

void isolate_one_cpu(void)
{
	stay_on(&one_cpu);
}

unsigned net_cpus(void)
{
	cpu_set_t cpus;

	if (pinned)
		return (unsigned)CPU_COUNT(&all_cpus);
	return sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : (unsigned)CPU_COUNT(&cpus);
}

/* Of all CPUs only the one that pick_cpu() chooses. */
static cpu_set_t one_of_all(unsigned lane)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(pick_cpu(&all_cpus, lane), &cpus);
	return cpus;
}

void net_stay_on(unsigned cpu)
{
	cpu_set_t cpus = pinned ? one_of_all(cpu) : all_cpus;

	stay_on(&cpus);
}

static void pin(unsigned lane)
{
	if (sched_getaffinity(0, sizeof(all_cpus), &all_cpus))
		broken("cannot read the CPUs this process may use: %s", strerror(errno));
	one_cpu = one_of_all(lane);
	pinned = true;
	isolate_one_cpu();
}

int isolate_worker(pid_t parent, unsigned lane)
{
	struct refusal refusal;
	bool user_namespace;

	outside_read();
	refusal_gather(&refusal);
	if (isolate_try(&refusal, &user_namespace)) {
		autofree char *why = refusal_explain(&refusal);

		broken("%s", why);
	}
	/* After the change of credentials, which would clear it. */
	die_with_parent();
	/* It may be dead already. 0: it is outside of this PID namespace. */
	if (getppid() && getppid() != parent)
		_exit(99);
	pin(lane);
	return (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static pid_t pid_outside(void)
{
	char text[32];
	ssize_t length = readlink("/proc/self", text, sizeof(text) - 1);

	if (length <= 0)
		return getpid();
	text[length] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

/* Where /proc is partly hidden (a container), a user namespace gets no fresh one: it keeps that. */
static void mount_proc(void)
{
	if (unshare(CLONE_NEWNS))
		broken("cannot get a mount namespace for the case: %s", strerror(errno));
	if (!mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return;
	if (errno != EPERM && errno != EACCES)
		broken("cannot mount a fresh proc over /proc: %s", strerror(errno));
}

pid_t isolate_case(int worker)
{
	pid_t outside;

	stall_begin();
	die_with_parent();
	if (has_died(worker))
		_exit(99);
	outside = pid_outside();
	mount_proc();
	/*
	 * Namespaces made from here get small tables of sockets: a dump of them costs 15 us then,
	 * not 280. Linux before 6.1 shares one table among all and has no such sysctl.
	 */
	(void)sysctl_write_here("net.ipv4.tcp_child_ehash_entries", "1024");
	return outside;
}
