/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ends.c: how a process has ended that is no child of the caller's, by a descriptor of it (pidfd)
 * that was opened while it lived. The kernel keeps that since Linux 6.15 (fs/pidfs.c,
 * pidfs_exit()), from when its parent has waited for it.
 */
#include "inspect/inspect.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

/* linux/pidfd.h, struct pidfd_info of PIDFD_INFO_SIZE_VER0, and what asks for it. */
struct ended_process {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t status;
};
#define GET_INFO  _IOWR(0xFF, 11, struct ended_process)
#define INFO_EXIT (1ULL << 3)

static bool is_gone(int process)
{
	return syscall(SYS_pidfd_send_signal, process, 0, NULL, 0) != 0 && errno == ESRCH;
}

enum process_end inspect_end(int process, int *status)
{
	struct ended_process ended = { .mask = INFO_EXIT };

	if (ioctl(process, GET_INFO, &ended) == 0 && (ended.mask & INFO_EXIT)) {
		*status = ended.status;
		return PROCESS_ENDED;
	}
	return is_gone(process) ? PROCESS_GONE : PROCESS_LIVES;
}
