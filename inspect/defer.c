/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * defer.c: TCP_DEFER_ACCEPT of somebody else's listener is set, by a duplicate of it.
 */
#include "inspect/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/* By any of its holders' descriptors; false with errno. */
static bool defer(const struct inspected_listener *listener, int seconds)
{
	for (size_t i = 0; i < listener->holder_count; i++) {
		const struct inspected_holder *holder = &listener->holders[i];
		autoclose int fd = duplicate_of(holder->pid, holder->descriptor);

		if (fd >= 0 && is_duplicate_of(fd, listener))
			return setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
					  sizeof(seconds)) == 0;
	}
	return false;
}

bool inspect_defer(struct inspection *inspection, struct deferral deferral)
{
	struct inspected_listeners all = inspect_listeners(inspection, deferral.server);
	bool deferred = false;
	int error;

	errno = ENOENT;
	for (size_t i = 0; i < all.count && !deferred; i++)
		if (all.all[i].cookie == deferral.cookie)
			deferred = defer(&all.all[i], deferral.seconds);
	error = errno;
	inspected_listeners_free(&all);
	errno = error;
	return deferred;
}
