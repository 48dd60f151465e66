/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the vm room's own files share; no other room includes this.
 */
#ifndef HALFOPEN_VM_PARTS_H
#define HALFOPEN_VM_PARTS_H

#include "vm/vm.h"

#include <sys/stat.h>

/* ---- store.c: files, sums, the cache ------------------------------------------------------- */

struct bytes {
	uint8_t *data;
	size_t size;
};
void bytes_free(struct bytes *bytes);
#define autobytes __attribute__((cleanup(bytes_free)))

/* What is larger is none of a kernel's files: a vmlinux with all for a debugger has a third of it.
 */
#define LARGEST_FILE ((size_t)INT32_MAX)
/* The whole file, with a NUL behind it. False with errno; EFBIG: it is larger. */
bool bytes_read(struct bytes *bytes, const char *path);
/* BADLY: it ends too early, is damaged, or grows to more than most_unpacked(). */
enum packing { NOT_PACKED, PACKED, PACKED_BADLY };
/* What @packed unpacks to, when it is PACKED, whatever it is packed with (gzip, xz, zstd, ...). */
enum packing bytes_unpack(struct bytes *bytes, const struct bytes *packed);
/*
 * The most that @packed bytes may unpack to. Kernels, modules and packages are packed to a third or
 * a tenth; what grows a thousandfold is none of them, and would take all memory.
 */
size_t most_unpacked(size_t packed);
/* Whether @size bytes from @at on are within. */
bool bytes_have(const struct bytes *bytes, uint64_t at, uint64_t size);
/* The text that begins at @at, up to a NUL or the end; the caller frees it. */
char *bytes_text(const struct bytes *bytes, size_t at);
struct archive;
/*
 * The data of the entry that @archive is at, with a NUL behind it, at most @most bytes of it,
 * whatever size its header tells. False: it is longer, or damaged.
 */
bool bytes_of_entry(struct bytes *bytes, struct archive *archive, size_t most);
/* Has @archive read what is packed, in the ways that kernels and modules are. */
void support_packers(struct archive *archive);

/* SHA-256, in parts. */
struct sum;
struct sum *sum_begin(void);
void sum_add(struct sum *sum, const void *data, size_t size);
void sum_add_text(struct sum *sum, const char *text); /* with its end */
/* As 64 hexadecimal digits; frees @sum. */
char *sum_end(struct sum *sum);

/*
 * The cache: $HALFOPEN_CACHE, or halfopen in $XDG_CACHE_HOME or ~/.cache. NULL with *why when
 * there is no home.
 */
char *cache_path(char **why);
/* Makes @folder below the cache and returns its path; NULL with *why. */
char *cache_folder(const char *folder, char **why);
/*
 * Writes the file whole or not at all, with its sum beside it. NULL, or what went wrong and what
 * to do.
 */
char *cache_store(const char *path, const struct bytes *bytes);
/* Whether the file is there; one whose sum is not the one noted is told of and removed. */
bool cache_has(const char *path);
/* Of the files "@prefix*" in the folder keeps the @most that were used last, and their sums. */
void cache_prune(const char *folder, const char *prefix, size_t most);

/* ---- unpack.c: a kernel's image and drivers ------------------------------------------------ */

struct module {
	char *name;
	bool of_cargo;       /* only a guest with a cargo needs it */
	struct bytes object; /* an ELF file, not packed */
};

struct unpacked {
	struct bytes image; /* what QEMU boots: vmlinux where that is possible, else a bzImage */
	struct module *modules; /* in the order in which they can be loaded */
	size_t module_count;
};

/* Adds what decides, besides the kernel, what is taken out of it. */
void unpack_identify(struct sum *sum);
/* NULL, or one line: no image, no driver X, ... */
char *kernel_unpack(const struct kernel *kernel, struct unpacked *unpacked);
void unpacked_free(struct unpacked *unpacked);
/* NULL, or why QEMU's -kernel would not boot it. */
char *image_refused(const struct bytes *bytes);
/*
 * The vmlinux that a bzImage holds, when it is PACKED in it and boots by PVH; when it is not, QEMU
 * boots the bzImage. PACKED_BADLY: that would hang.
 */
enum packing vmlinux_of(const struct bytes *bzimage, struct bytes *vmlinux);

/* ---- libraries.c: what a program needs ----------------------------------------------------- */

struct library {
	char *name; /* by which it is looked for; NULL: by its path */
	char *path;
};

struct libraries {
	struct library *all;
	size_t count;
};

/* Those that the program at @program needs, which may be none. NULL, or a line: which it lacks. */
char *libraries_of(const char *program, struct libraries *libraries);
void libraries_free(struct libraries *libraries);

/* ---- image.c: what the guest has in RAM ---------------------------------------------------- */

/*
 * Where the guest finds its drivers (in load order, a line each; those for a cargo apart), what it
 * is asked for, and its cargo.
 */
#define GUEST_OWN           "/lib/halfopen"
#define GUEST_MODULES       GUEST_OWN "/modules"
#define GUEST_CARGO_MODULES GUEST_OWN "/modules-for-cargo"
#define GUEST_REQUEST       GUEST_OWN "/request"
#define GUEST_CARGO         GUEST_OWN "/cargo"
#define GUEST_FOLDER        "/artifacts"
#define GUEST_OUTPUT        GUEST_FOLDER "/output.txt"
/* The ports that lead out of it, by name. */
#define PORT_STATUS    "halfopen.status"
#define PORT_ARTIFACTS "halfopen.artifacts"

struct boot {
	char *kernel;             /* a path */
	char *programs, *drivers; /* paths of cpio archives */
};
/* The initramfs with what is asked for, as a file in memory; -1 with errno. */
int initrd_make(const struct machine_options *options);

/* What iproute2 reads, NULL behind the last; each version of it has its tables elsewhere. */
extern const char *const tables_of_programs[];

/* ---- cargo.c ------------------------------------------------------------------------------- */

struct cargo {
	void *files;    /* tsearch(3) of struct cargo_file */
	uint64_t bytes; /* of their content */
	int image;      /* -1: it is not packed */
};

struct cargo_file {
	char *path; /* without a link in it, but for its last name */
	struct stat about;
	bool whole; /* it was opened */
};

/* What nobody has opened has its content where it is no longer than this. */
#define MOST_OF_LOOKED_AT ((off_t)1 << 20)
bool cargo_file_has_content(const struct cargo_file *file);

/* All of them, folders before what is in them. The array is the caller's, their paths are not. */
struct cargo_list {
	struct cargo_file *files;
	size_t count;
};
struct cargo_list cargo_list(const struct cargo *cargo);

/* ---- archive.c: the formats ---------------------------------------------------------------- */

/* Writes the folder's files as one tar to @fd. False with one line on stderr. */
bool tar_write(const char *folder, int fd);
/* Unpacks the tar at @fd below @folder. NULL, or what went wrong. */
char *tar_read(int fd, const char *folder);

#endif
