/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inspection.c: what is opened in the server's network namespace, to be used from anywhere.
 */
#include "inspect/internal.h"

#include <fcntl.h>

/* An open file of a sysctl stays that of the namespace in which it was opened. */
static const char *const files[SETTINGS] = {
	[SOMAXCONN_SETTING] = "/proc/sys/net/core/somaxconn",
	[FASTOPEN_SETTING] = "/proc/sys/net/ipv4/tcp_fastopen",
	[SYN_RETRIES_SETTING] = "/proc/sys/net/ipv4/tcp_syn_retries",
	[MIGRATE_SETTING] = "/proc/sys/net/ipv4/tcp_migrate_req",
	[DEFAULT_TTL_SETTING] = "/proc/sys/net/ipv4/ip_default_ttl",
};

struct inspection *inspect_open(void)
{
	struct inspection *inspection = must_alloc(1, sizeof(*inspection));

	inspection->diag = diag_begin();
	for (int i = 0; i < SETTINGS; i++)
		inspection->settings[i] = open(files[i], O_RDONLY | O_CLOEXEC);
	return inspection;
}

long inspect_setting(const struct inspection *inspection, enum setting setting)
{
	char text[32];
	int fd = inspection->settings[setting];
	ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return NOT_KNOWN;
	text[length] = '\0';
	return strtol(text, NULL, 10);
}

void inspect_close(struct inspection *inspection)
{
	if (!inspection)
		return;
	for (int i = 0; i < SETTINGS; i++)
		release_fd(&inspection->settings[i]);
	diag_end(inspection->diag);
	memories_free(inspection->memories);
	free(inspection);
}
