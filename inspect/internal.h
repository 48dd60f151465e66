/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h: what the files of inspect share among themselves.
 */
#ifndef HALFOPEN_INSPECT_INTERNAL_H
#define HALFOPEN_INSPECT_INTERNAL_H

#include "inspect/inspect.h"

/* ---- /proc (proc.c) ------------------------------------------------------------------------- */

/*
 * The file /proc/@path, or as much as there is room for, ended by a zero: its length, or -1 with
 * errno. What is read is of one moment only where one read() gets it all.
 */
ssize_t proc_read(char *room, size_t size, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
/* All of it, however long; NULL with errno. The caller frees it. */
char *proc_load(const char *path, ...) __attribute__((format(printf, 1, 2)));
/* The number behind "@name:" at the head of a line, or NOT_KNOWN. */
long proc_number(const char *text, const char *name);
/* As proc_number(), of text: its first character, or 0. */
char proc_letter(const char *text, const char *name);

/*
 * The next entry of /proc/@path that is a number; a loop goes through them all:
 *     for (struct proc_numbers n = proc_numbers("%d/fd", pid); proc_next(&n);) use(n.number);
 */
struct proc_numbers {
	void *folder;
	int number;
	int error; /* why it could not be opened; 0: it could */
};
struct proc_numbers proc_numbers(const char *path, ...) __attribute__((format(printf, 1, 2)));
bool proc_next(struct proc_numbers *numbers);

/* ---- system calls by number (syscalls.c) ---------------------------------------------------- */

enum call {
	CALL_OTHER,
	CALL_LISTEN,
	CALL_ACCEPT,
	CALL_ACCEPT4,
	CALL_SOCKETCALL,
	CALL_EPOLL_WAIT,
	CALL_POLL,
	CALL_SELECT,
	CALL_URING_ENTER,
};

/* How a program makes system calls. */
enum abi_index { X86_64, I386, ARM64, ARM, ABIS };
struct abi;
/* The one of audit's @arch; NULL: not known here. */
const struct abi *abi_of_arch(uint32_t arch);
/* The one of the program that runs in @pid, by its ELF header; NULL: not known. */
const struct abi *abi_of_process(pid_t pid);
/* The abis of this machine, by index from 0; NULL behind the last. */
const struct abi *abi_here(size_t index);
uint32_t abi_arch(const struct abi *abi);
enum abi_index abi_index(const struct abi *abi);
/* Its number of listen(), accept(), ...; NOT_KNOWN: it has none. */
int abi_number(const struct abi *abi, enum call call);
/* The reverse. @name is its name, or NULL. */
enum call abi_call(const struct abi *abi, long number, const char **name);
/* The bytes of a pointer there, and of a long. */
size_t abi_word(const struct abi *abi);
/* What x32 adds to each number of x86_64 (__X32_SYSCALL_BIT). */
#define X32_BIT 0x40000000
/* What accept() and listen() are called in socketcall() (linux/net.h). */
#define SOCKETCALL_LISTEN  4
#define SOCKETCALL_ACCEPT  5
#define SOCKETCALL_ACCEPT4 18
/* False with errno. */
bool process_memory(pid_t pid, uint64_t address, void *room, size_t size);

/* ---- descriptors of a process (descriptors.c) ----------------------------------------------- */

enum descriptor_kind { A_SOCKET, AN_EPOLL, A_URING };

struct descriptor {
	enum descriptor_kind kind;
	int number;
	uint64_t inode; /* of a socket */
};

/* Those of these kinds, in the order of their numbers; *error says why there is none. The caller
 * frees it. */
size_t descriptors_of(pid_t pid, struct descriptor **all, int *error);
/* The inode of a socket, or 0. */
uint64_t socket_inode(pid_t pid, int descriptor);
/* Whether descriptor @number has these flags, as fcntl() and F_GETFD call them: O_CLOEXEC, ... */
bool descriptor_has(pid_t pid, int number, int flags);
/* What runs in both is one file; true where that is not to be seen. */
bool same_program(pid_t pid, pid_t other);

/* ---- processes (processes.c) ---------------------------------------------------------------- */

/* Of a server, whatever it is that cannot be answered any more: the end. */
void kill_server(pid_t server);

struct memory; /* of those that were seen */
void memories_free(struct memory *memories);

/* ---- sock_diag (diag.c) --------------------------------------------------------------------- */

struct diag;

/* In the network namespace of the calling thread; broken() where there is none. */
struct diag *diag_begin(void);
void diag_end(struct diag *diag);
/* As inspect_sockets(), which broken()s instead; false with errno. */
bool diag_list(struct diag *diag, struct inspected_question question,
	       struct inspected_socket **found, size_t *count);

/* ---- one inspection (inspection.c) ---------------------------------------------------------- */

enum setting {
	SOMAXCONN_SETTING,
	FASTOPEN_SETTING,
	SYN_RETRIES_SETTING,
	MIGRATE_SETTING,
	DEFAULT_TTL_SETTING,
	SETTINGS,
};

struct inspection {
	struct diag *diag;
	int settings[SETTINGS];  /* their files */
	struct memory *memories; /* a list, one for each server */
};

/* A sysctl of the namespace now; NOT_KNOWN: it has none. */
long inspect_setting(const struct inspection *inspection, enum setting setting);

/* ---- a listener from near by ------------------------------------------------------------------
 */

/*
 * duplicate.c: a descriptor of the same file as @descriptor of process @pid, to be closed before a
 * segment moves; -1 with errno. And whether it is the listener's, as its number may be another's by
 * now.
 */
int duplicate_of(pid_t pid, int descriptor);
bool is_duplicate_of(int fd, const struct inspected_listener *listener);
/* Its options, and whether it is of MPTCP, by a duplicate that is closed at once. */
void see_options(struct inspected_listener *listener);
/* waits.c: its epolls, and what its threads do. */
void see_waits(struct inspected_listener *listener, struct inspected_holder *holder);

#endif
