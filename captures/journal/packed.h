/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packed: a large file as PATH.gz, which gzip unpacks. Shared inside journal.
 */
#ifndef HALFOPEN_PACKED_H
#define HALFOPEN_PACKED_H

#include <stdbool.h>
#include <stdio.h>

/* Puts PATH.gz in the place of the file. False: it is still there as it was. */
bool pack_file(const char *path);
/*
 * Opens the file, or the packed one where there is only that: its first @most bytes, rounded up to
 * some 64 KiB, however many more it would unpack to. NULL with errno.
 */
FILE *open_packed(const char *path, size_t most);

#endif
