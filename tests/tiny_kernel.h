/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tiny_kernel: a kernel of a few bytes, in all that one comes in. No machine boots it, but vm/
 * takes it for one: it has all drivers that a guest needs, some as modules. Two calls make the same
 * bytes, which are the caller's.
 */
#ifndef HALFOPEN_TESTS_TINY_KERNEL_H
#define HALFOPEN_TESTS_TINY_KERNEL_H

#include "vm/parts.h" /* struct bytes */

#include <archive.h>

/* A function of libarchive that adds what an archive is packed with; NULL: nothing. */
typedef int packer(struct archive *archive);

/* Adds to bytes in the making. */
void add_bytes(struct bytes *bytes, const void *more, size_t size);
void add_words(struct bytes *bytes, const char *words);

/* The type of the note by which QEMU boots a vmlinux; any other makes one that does not boot. */
#define XEN_PHYS32_ENTRY 18
struct bytes tiny_vmlinux(uint32_t note);
/* The packed one stands behind so many bytes. */
enum { TINY_HEAD = 5 * 512 };
struct bytes tiny_bzimage(const struct bytes *vmlinux, packer *packer);
/* Any bytes, packed. */
struct bytes tiny_packed(const struct bytes *bytes, packer *packer);
/* data.tar of a Debian package, and the package. */
struct bytes tiny_tar(packer *packer);
struct bytes tiny_package(void);
/* A folder of modules: tiny_modules of them, the path of each, and which drivers are built in. */
enum { TINY_MODULES = 5 };
struct bytes tiny_module(size_t index, const char **path);
extern const char tiny_builtin[];

#endif
