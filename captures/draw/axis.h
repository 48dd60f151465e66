/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A horizontal axis of time on which both what happens within 1 ms and who waits for 10 s can be
 * seen: the wider the gap between two moments, the less each second of it takes.
 */
#ifndef HALFOPEN_AXIS_H
#define HALFOPEN_AXIS_H

#include "base/base.h"

struct axis {
	nsec *moments;  /* in order */
	double *places; /* of each, 0 to 1 */
	int count;
	int left, width; /* in pixels */
};

/* Of these moments, which it sorts; it takes them over. */
struct axis axis_of(nsec *moments, int count, int left, int width);
void axis_free(struct axis *axis);
int axis_x(const struct axis *axis, nsec at);

#endif
