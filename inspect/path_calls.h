/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path_calls.h: system calls that name a file.
 */
#ifndef HALFOPEN_INSPECT_PATH_CALLS_H
#define HALFOPEN_INSPECT_PATH_CALLS_H

#include "inspect/seccomp.h"

/* They go from 0. */
size_t path_call_count(void);
/* Its number there; NOT_KNOWN: it has none. */
int path_call_number(size_t index, const struct abi *abi);

/*
 * False: it is no such call. The path is NULL where nobody can tell what it names: an address that
 * is none, a file by its descriptor alone. Else it is the caller's.
 */
bool path_of_call(const struct seccomp_notif *notice, struct watched_path *named);

/* A set of them, as tsearch(3) has it. Takes @named.path. */
void paths_take(void **paths, struct watched_path named);
void paths_forget(void **paths);

#endif
