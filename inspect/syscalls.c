/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syscalls.c: system calls by their numbers, which differ between machines and, on one machine,
 * between programs of 64 bits and of 32.
 */
#include "inspect/internal.h"

#include <elf.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/uio.h>

struct abi {
	enum abi_index index;
	uint32_t arch; /* linux/audit.h */
	uint16_t machine;
	uint8_t elf_class;
};

static const struct abi abis[ABIS] = {
	[X86_64] = { X86_64, AUDIT_ARCH_X86_64, EM_X86_64, ELFCLASS64 },
	[I386] = { I386, AUDIT_ARCH_I386, EM_386, ELFCLASS32 },
	[ARM64] = { ARM64, AUDIT_ARCH_AARCH64, EM_AARCH64, ELFCLASS64 },
	[ARM] = { ARM, AUDIT_ARCH_ARM, EM_ARM, ELFCLASS32 },
};

/*
 * The kernel's arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl, scripts/syscall.tbl for
 * arm64, arch/arm/tools/syscall.tbl; 0: it has none (of these calls none is number 0 but read()).
 */
static const struct {
	enum call call;
	const char *name;
	int numbers[ABIS];
} calls[] = {
	{ CALL_LISTEN, "listen", { 50, 363, 201, 284 } },
	{ CALL_ACCEPT, "accept", { 43, 0, 202, 285 } },
	{ CALL_ACCEPT4, "accept4", { 288, 364, 242, 366 } },
	{ CALL_SOCKETCALL, "socketcall", { 0, 102, 0, 0 } },
	{ CALL_EPOLL_WAIT, "epoll_wait", { 232, 256, 0, 252 } },
	{ CALL_EPOLL_WAIT, "epoll_pwait", { 281, 319, 22, 346 } },
	{ CALL_EPOLL_WAIT, "epoll_pwait2", { 441, 441, 441, 441 } },
	{ CALL_POLL, "poll", { 7, 168, 0, 168 } },
	{ CALL_POLL, "ppoll", { 271, 309, 73, 336 } },
	{ CALL_POLL, "ppoll_time64", { 0, 414, 0, 414 } },
	{ CALL_SELECT, "select", { 23, 142, 0, 142 } },
	{ CALL_SELECT, "pselect6", { 270, 308, 72, 335 } },
	{ CALL_SELECT, "pselect6_time64", { 0, 413, 0, 413 } },
	{ CALL_URING_ENTER, "io_uring_enter", { 426, 426, 426, 426 } },
	{ CALL_OTHER, "futex", { 202, 240, 98, 240 } },
	{ CALL_OTHER, "futex_time64", { 0, 422, 0, 422 } },
	{ CALL_OTHER, "futex_waitv", { 449, 449, 449, 449 } },
	{ CALL_OTHER, "nanosleep", { 35, 162, 101, 162 } },
	{ CALL_OTHER, "clock_nanosleep", { 230, 267, 115, 265 } },
	{ CALL_OTHER, "wait4", { 61, 114, 260, 114 } },
	{ CALL_OTHER, "waitid", { 247, 284, 95, 280 } },
	{ CALL_OTHER, "recvfrom", { 45, 371, 207, 292 } },
	{ CALL_OTHER, "recvmsg", { 47, 372, 212, 297 } },
	{ CALL_OTHER, "sendto", { 44, 369, 206, 290 } },
	{ CALL_OTHER, "sendmsg", { 46, 370, 211, 296 } },
	{ CALL_OTHER, "connect", { 42, 362, 203, 283 } },
	{ CALL_OTHER, "write", { 1, 4, 64, 4 } },
	{ CALL_OTHER, "readv", { 19, 145, 65, 145 } },
	{ CALL_OTHER, "writev", { 20, 146, 66, 146 } },
	{ CALL_OTHER, "pause", { 34, 29, 0, 29 } },
	{ CALL_OTHER, "rt_sigsuspend", { 130, 179, 133, 179 } },
	{ CALL_OTHER, "rt_sigtimedwait", { 128, 177, 137, 177 } },
	{ CALL_OTHER, "flock", { 73, 143, 32, 143 } },
	{ CALL_OTHER, "fcntl", { 72, 221, 25, 221 } },
	{ CALL_OTHER, "semop", { 65, 0, 193, 298 } },
	{ CALL_OTHER, "semtimedop", { 220, 420, 192, 312 } },
	/* Of those that wait for a listener only poll() becomes it, and its arguments stay. */
	{ CALL_POLL, "restart_syscall", { 219, 0, 128, 0 } },
};

/* read() is 0 on x86_64, and no blank. */
static const int read_numbers[ABIS] = { 0, 3, 63, 3 };

const struct abi *abi_here(size_t index)
{
#if defined(__x86_64__)
	static const enum abi_index here[] = { X86_64, I386, ABIS };
#elif defined(__i386__)
	static const enum abi_index here[] = { I386, ABIS };
#elif defined(__aarch64__)
	static const enum abi_index here[] = { ARM64, ARM, ABIS };
#else
	static const enum abi_index here[] = { ABIS };
#endif

	for (size_t i = 0; here[i] != ABIS; i++)
		if (i == index)
			return &abis[here[i]];
	return NULL;
}

const struct abi *abi_of_arch(uint32_t arch)
{
	for (size_t i = 0; i < ABIS; i++)
		if (abis[i].arch == arch)
			return &abis[i];
	return NULL;
}

const struct abi *abi_of_process(pid_t pid)
{
	Elf64_Ehdr header; /* e_machine stands at one place in both */

	if (proc_read((char *)&header, sizeof(header), "%d/exe", pid) < (ssize_t)EI_NIDENT)
		return NULL;
	for (size_t i = 0; i < ABIS; i++)
		if (abis[i].machine == header.e_machine &&
		    abis[i].elf_class == header.e_ident[EI_CLASS])
			return &abis[i];
	return NULL;
}

uint32_t abi_arch(const struct abi *abi)
{
	return abi->arch;
}

enum abi_index abi_index(const struct abi *abi)
{
	return abi->index;
}

size_t abi_word(const struct abi *abi)
{
	return abi->elf_class == ELFCLASS64 ? 8 : 4;
}

int abi_number(const struct abi *abi, enum call call)
{
	for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
		if (calls[i].call == call && calls[i].numbers[abi->index])
			return calls[i].numbers[abi->index];
	return NOT_KNOWN;
}

enum call abi_call(const struct abi *abi, long number, const char **name)
{
	*name = NULL;
	if (abi->index == X86_64)
		number &= ~X32_BIT;
	if (number == read_numbers[abi->index])
		*name = "read";
	for (size_t i = 0; !*name && i < ARRAY_LENGTH(calls); i++)
		if (number > 0 && calls[i].numbers[abi->index] == number) {
			*name = calls[i].name;
			return calls[i].call;
		}
	return CALL_OTHER;
}

bool process_memory(pid_t pid, uint64_t address, void *room, size_t size)
{
	struct iovec here = { room, size }, there = { (void *)(uintptr_t)address, size };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}
