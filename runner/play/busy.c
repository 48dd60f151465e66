/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * busy: what the machine's CPUs have done. Most of what a case costs is no process's: the kernel
 * handles segments in interrupts, and takes namespaces down in threads of its own.
 */
#include "runner/play/internal.h"

#include <unistd.h>

double busy_seconds(void)
{
	autofile FILE *file = fopen("/proc/uptime", "re");
	double uptime, idle; /* of all CPUs together */

	if (!file || fscanf(file, "%lf %lf", &uptime, &idle) != 2)
		return 0;
	return uptime * (double)sysconf(_SC_NPROCESSORS_ONLN) - idle;
}
