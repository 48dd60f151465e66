/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view: an accepted socket, as its kernel has it.
 */
#include "states/internal.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

/* What stands behind tcpi_snd_wnd since Linux 6.2, and not in all headers: the window told last. */
enum { AT_WINDOW = offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof(uint32_t) };

bool view_socket(int fd, struct view *view)
{
	union {
		struct tcp_info info;
		char bytes[1024];
	} room = { .bytes = "" };
	socklen_t length = sizeof(room);
	uint32_t window = 1;
	int unread = 0;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &room, &length) < 0 ||
	    ioctl(fd, SIOCINQ, &unread) < 0)
		return false;
	if (length >= AT_WINDOW + sizeof(window))
		memcpy(&window, room.bytes + AT_WINDOW, sizeof(window));
	*view = (struct view){
		.state = room.info.tcpi_state,
		.received = room.info.tcpi_bytes_received,
		.acknowledged = room.info.tcpi_bytes_acked,
		.unread = (uint64_t)unread,
		.window_is_closed = window == 0,
	};
	return true;
}
