/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp.c: the filter that puts calls aside until they are answered.
 */
#include "inspect/seccomp.h"

#include "inspect/path_calls.h"

#include <errno.h>
#include <linux/filter.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 6.0 */
#endif

/* ---- the filter -------------------------------------------------------------------------------
 */

#define MOST_INSTRUCTIONS 512

struct filter_program {
	struct sock_filter code[MOST_INSTRUCTIONS];
	unsigned short length;
};

static void emit(struct filter_program *program, struct sock_filter instruction)
{
	program->code[program->length++] = instruction;
}

static void load(struct filter_program *program, size_t offset)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void let_go(struct filter_program *program)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

static void notify_of(struct filter_program *program, int number)
{
	if (number == NOT_KNOWN)
		return;
	emit(program,
	     (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1));
	emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
}

/* The low word of the first argument: every machine that is known here begins with it. */
#define FIRST_ARGUMENT offsetof(struct seccomp_data, args[0])

static void notify_of_socketcall(struct filter_program *program, const struct abi *abi, bool accept)
{
	int number = abi_number(abi, CALL_SOCKETCALL);

	if (number == NOT_KNOWN)
		return;
	emit(program,
	     (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 1, 0));
	let_go(program);
	load(program, FIRST_ARGUMENT);
	notify_of(program, SOCKETCALL_LISTEN);
	if (!accept)
		return;
	notify_of(program, SOCKETCALL_ACCEPT);
	notify_of(program, SOCKETCALL_ACCEPT4);
}

/* Of programs of one kind; the others jump over it. */
static void filter_abi(struct filter_program *program, const struct abi *abi,
		       struct call_watch_options options)
{
	unsigned short jump = program->length;

	emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, abi_arch(abi), 1, 0));
	emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	load(program, offsetof(struct seccomp_data, nr));
	/* x32 has the numbers of x86_64 and this bit. */
	emit(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~X32_BIT));
	notify_of(program, abi_number(abi, CALL_LISTEN));
	if (options.accept) {
		notify_of(program, abi_number(abi, CALL_ACCEPT));
		notify_of(program, abi_number(abi, CALL_ACCEPT4));
	}
	for (size_t i = 0; options.paths && i < path_call_count(); i++)
		notify_of(program, path_call_number(i, abi));
	notify_of_socketcall(program, abi, options.accept);
	let_go(program);
	/* A jump on a condition reaches no farther than 255. */
	program->code[jump + 1].k = (uint32_t)(program->length - jump - 2);
}

static void write_filter(struct filter_program *program, struct call_watch_options options)
{
	const struct abi *abi;

	load(program, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; (abi = abi_here(i)); i++)
		filter_abi(program, abi, options);
	let_go(program);
}

/* ---- how it is installed -------------------------------------------------------------------- */

static int set_filter(const struct filter_program *program, unsigned long flags)
{
	struct sock_fprog whole = { program->length, (struct sock_filter *)program->code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &whole);
}

/* Without CAP_SYS_ADMIN only a process that gains no rights any more may have a filter. */
static void set_filter_somehow(struct filter_installed *installed,
			       const struct filter_program *program)
{
	unsigned long flags = installed->killable ? SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0;

	installed->notifications = set_filter(program, flags);
	if (installed->notifications < 0 && errno == EACCES &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		installed->no_new_privileges = true;
		installed->notifications = set_filter(program, flags);
	}
	installed->error = installed->notifications < 0 ? errno : 0;
}

struct filter_installed seccomp_install(struct call_watch_options options)
{
	struct filter_program program = { .length = 0 };
	struct filter_installed installed = { .notifications = -1,
					      .killable = options.accept || options.paths };

	if (!abi_here(0)) {
		installed.error = ENOTSUP;
		return installed;
	}
	write_filter(&program, options);
	set_filter_somehow(&installed, &program);
	if (installed.error == EINVAL && installed.killable) {
		installed.killable = false;
		set_filter_somehow(&installed, &program);
	}
	return installed;
}

char *seccomp_problem(int error)
{
	switch (error) {
	case EBUSY:
		return format("another seccomp filter that notifies is there already, as in some "
			      "containers");
	case ENOTSUP:
		return format("the numbers of this machine's system calls are not known");
	case ENOSYS:
	case EINVAL:
		return format("the kernel has no seccomp filters that notify");
	default:
		return format("seccomp refused a filter: %s", shortage_text(error));
	}
}

/* ---- how calls are answered ----------------------------------------------------------------- */

/*
 * The kernel writes as much as its own structures are long, which may be more than the headers
 * know. They have not grown since 5.0.
 */
#define ROOM 512

bool seccomp_next(int notifications, struct seccomp_notif *call)
{
	union {
		struct seccomp_notif call;
		char room[ROOM];
	} next = { .room = { 0 } };

	if (ioctl(notifications, SECCOMP_IOCTL_NOTIF_RECV, &next) < 0)
		return false;
	*call = next.call;
	return true;
}

bool seccomp_answer(int notifications, struct seccomp_verdict verdict)
{
	union {
		struct seccomp_notif_resp answer;
		char room[ROOM];
	} whole = { .room = { 0 } };

	whole.answer.id = verdict.id;
	whole.answer.error = -verdict.error;
	whole.answer.flags = verdict.error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	return ioctl(notifications, SECCOMP_IOCTL_NOTIF_SEND, &whole) == 0;
}

bool seccomp_waits(int notifications, uint64_t id)
{
	return ioctl(notifications, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}
