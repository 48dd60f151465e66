/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm: another kernel to run in. A stock kernel boots in QEMU with everything in RAM; by default
 * in virtual time, where the machine's clock is a function of the instructions that it ran, and
 * jumps over what it would idle away.
 *
 * Knows nothing of cases: the guest runs this very program with the arguments that it is given,
 * and brings back the folder that it wrote.
 */
#ifndef HALFOPEN_VM_H
#define HALFOPEN_VM_H

#include "base/base.h"

#include <sys/types.h>

/* ---- kernels ------------------------------------------------------------------------------- */

/* The series of --kernel vm. */
#define DEFAULT_SERIES "6.12"

/* One pinned kernel (kernels.tab). Texts live as long as the process. */
struct pin {
	const char *version; /* "6.1.192" */
	const char *suite;   /* of Debian */
	uint64_t size;       /* of its packages, in bytes */
	const char *sums;    /* their SHA-256, a blank between two */
	char *cached;        /* the version in the cache, as a rule the same; NULL: none */
};

/* All of them, oldest first; *count is set. The array is the process's own. */
const struct pin *pins_all(size_t *count);
/* "6.1" or "6.1.192"; NULL: no such pin. */
const struct pin *pin_find(const char *word);
/*
 * Has apt fetch what is not in the cache (fetch.sh says how far it is, on stderr). @words may be
 * empty: the default. True when all is there.
 */
bool pins_fetch(char *const *words, size_t count);
/* Removes the kernel's packages and what was unpacked of them. NULL, or what went wrong. */
char *pin_remove(const struct pin *pin);

/* A kernel that can be booted. */
struct kernel {
	char *name;     /* "6.1.192", or the path that was given */
	char *sum;      /* SHA-256 of what it is made from */
	char **sources; /* packages of a pin; else one path, of an image or a folder */
	char **sums;    /* the packages' SHA-256 */
	bool pinned;
};

/*
 * What --kernel means: "vm", the series or version of a pin, a path to a kernel's image
 * (everything built in), to an unpacked package or to a folder of /lib/modules.
 * NULL with one line in *why (the caller frees it).
 */
struct kernel *kernel_find(const char *word, char **why);
void kernel_free(struct kernel *kernel);

/* ---- cargo: files of this machine for a guest ----------------------------------------------- */

/*
 * A guest whose arguments start somebody else's program has files of this machine instead of its
 * own: each where it is here, with its owner and rights, and with the folders and links that lead
 * to it; read-only, compressed, and in the guest's memory. The arguments then run as they would
 * here: in the caller's folder, with the caller's environment, limits and umask.
 */
struct cargo;
/* With what this program itself needs there; NULL with one line in *why. */
struct cargo *cargo_begin(char **why);
void cargo_free(struct cargo *cargo);

enum cargo_part {
	/* Somebody has looked at it: it is there, with its content where that is small. */
	CARGO_LOOKED_AT,
	/* Opened or executed: with all its content, and what executes it; of a folder the names in
	 * it, as if somebody had looked at each. */
	CARGO_OPENED,
	CARGO_ALL_BELOW, /* a folder and whatever is in it */
};
/* An absolute path; what is not there is left out. */
void cargo_add(struct cargo *cargo, const char *path, enum cargo_part part);
/*
 * Whether @path is a file of this machine that the guest does not have: nothing of it, or not its
 * content where it is to be @opened.
 */
bool cargo_lacks(const struct cargo *cargo, const char *path, bool opened);
/* Puts all of it into an image, in memory. NULL, or one line: what went wrong, and what helps. */
char *cargo_pack(struct cargo *cargo);
/* How much there is, in bytes, and what it was packed to; 0: it is not yet. */
uint64_t cargo_bytes(const struct cargo *cargo);
uint64_t cargo_packed_bytes(const struct cargo *cargo);

/* ---- machines ------------------------------------------------------------------------------ */

enum machine_clock { VIRTUAL_TIME, REAL_TIME, REAL_TIME_KVM /* chosen by machine_start() */ };

/* What machines of one kernel boot. */
struct boot;
/*
 * Takes the kernel and its drivers out of what they came in, and puts this program, ip, tc, sh
 * and @programs (NULL-terminated; those that are here) with their libraries into an initramfs.
 * Both are cached by what they hold. NULL with one line in *why: no driver, no space, ...
 */
struct boot *boot_make(const struct kernel *kernel, char *const *programs, char **why);
void boot_free(struct boot *boot);

struct machine_options {
	const struct boot *boot;
	char *const *arguments;    /* of this program in the guest; NULL-terminated */
	const char *folder;        /* console.txt and output.txt go there; it is there */
	const struct cargo *cargo; /* that was packed; NULL: the guest has its own few files */
	enum machine_clock clock;
	unsigned cpus;        /* with REAL_TIME; virtual time has one */
	double guest_seconds; /* what the arguments may take, on the guest's clock and ... */
	double wall_seconds;  /* ... on the wall, boot included; a deadline, stretched as such */
};

struct machine;

/* How a machine ended. Texts are the caller's. */
struct machine_end {
	char *error;         /* NULL, or one line: it panicked, hung, ran out of time, ... */
	char *report;        /* the console's last lines, of an error */
	int status;          /* the exit status of the arguments */
	double boot_seconds; /* on the wall, from the start to the arguments' begin */
	long memory_kib;     /* in use in the guest at the end, with all that it wrote */
};

/*
 * Starts QEMU, which dies with this process. NULL with one line in *why. In real time KVM is tried
 * first: then this returns when a guest has begun in it, or has not for ten seconds.
 */
struct machine *machine_start(struct machine_options options, char **why);
/* Readable when the machine has ended or something came from it (then call machine_ended()). */
int machine_descriptor(const struct machine *machine);
/* Whether it has ended; ends it when it is beyond its wall time. */
bool machine_ended(struct machine *machine);
/*
 * Unpacks what the guest wrote below @folder and says how it ended. An error brings nothing back.
 */
struct machine_end machine_finish(struct machine *machine, const char *folder);
/* Kills it if it still runs. */
void machine_free(struct machine *machine);

/* Whether KVM works here, found by a short trial; NULL, or why not (the caller frees it). */
char *kvm_refused(void);

/* Why no machine can be started whatever the kernel (no QEMU, another architecture), or NULL. */
char *machines_refused(void);

/* ---- sums ---------------------------------------------------------------------------------- */

/* SHA-256 of a file, 64 hexadecimal digits that are the caller's; NULL with errno. */
char *sum_of_file(const char *path);

/* ---- inside -------------------------------------------------------------------------------- */

/* Whether this process is in a guest, and whether it is the first there. */
bool guest_is_around(void);
bool guest_is_here(void);
/* Runs what was asked for, hands back what it wrote, and switches the machine off. */
_Noreturn void guest_main(void);

#endif
