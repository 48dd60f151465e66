/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm: whether KVM can be used. /dev/kvm may be there and still hang whoever enters a guest, so a
 * guest of two instructions is tried in a child, with a deadline.
 */
#include "vm/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* For two instructions. */
#define TRIAL SEC(2)

enum { CODE_AT = 0x1000, PAGE = 4096, HALTED = 0, REFUSED = 1 };

/* out %al, $0x42; hlt */
static const uint8_t code[] = { 0xe6, 0x42, 0xf4 };

static bool enter(int vcpu, const struct kvm_run *run)
{
	struct kvm_sregs system;
	struct kvm_regs registers = { .rip = CODE_AT, .rflags = 2 };

	if (ioctl(vcpu, KVM_GET_SREGS, &system) < 0)
		return false;
	system.cs.base = 0;
	system.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &system) < 0 || ioctl(vcpu, KVM_SET_REGS, &registers) < 0)
		return false;
	return ioctl(vcpu, KVM_RUN, 0) == 0 && run->exit_reason == KVM_EXIT_IO;
}

static bool try_guest(int kvm)
{
	autoclose int machine = ioctl(kvm, KVM_CREATE_VM, 0);
	uint8_t *memory =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (machine < 0 || memory == MAP_FAILED || size <= 0)
		return false;
	memcpy(memory, code, sizeof(code));
	struct kvm_userspace_memory_region region = { .guest_phys_addr = CODE_AT,
						      .memory_size = PAGE,
						      .userspace_addr = (uintptr_t)memory };
	if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return false;
	autoclose int vcpu = ioctl(machine, KVM_CREATE_VCPU, 0);
	const struct kvm_run *run =
		mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	return vcpu >= 0 && run != MAP_FAILED && enter(vcpu, run);
}

static _Noreturn void trial(int kvm)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(try_guest(kvm) ? HALTED : REFUSED);
}

char *kvm_refused(void)
{
	autoclose int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int status = 0, ends[2];

	if (kvm < 0)
		return format("/dev/kvm: %s", strerror(errno));
	/* The child's end of the pipe closes with it. */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return format("cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		trial(kvm);
	close(ends[1]);
	struct pollfd polled = { .fd = ends[0] };
	struct deadline deadline = deadline_in(TRIAL);
	bool hangs = deadline_await(&deadline, &polled, 1) == 0;
	close(ends[0]);
	if (child < 0)
		return format("cannot fork: %s", strerror(errno));
	if (hangs)
		kill(child, SIGKILL);
	waitpid(child, &status, 0);
	if (hangs)
		return format("/dev/kvm is there, but a guest hangs in it");
	return WIFEXITED(status) && WEXITSTATUS(status) == HALTED
		       ? NULL
		       : format("/dev/kvm is there, but no guest runs in it");
}
