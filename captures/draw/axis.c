/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * axis: see axis.h.
 */
#include "captures/draw/axis.h"

#include <math.h>

/* Of a crowd's moments so many are looked at besides those with a gap before them. */
#define MOST_MOMENTS 160
#define GAP          MSEC(10)
/* What is nearer to each other is hardly told apart. */
#define GRAIN MSEC(0.05)

static int by_time(const void *a, const void *b)
{
	nsec left = *(const nsec *)a, right = *(const nsec *)b;

	return (left > right) - (left < right);
}

/* Leaves the first, the last, those behind a gap, and some of the rest. */
static int thin_out(nsec *moments, int count)
{
	int every = count / MOST_MOMENTS + 1, left = 0;

	for (int i = 0; i < count; i++) {
		bool same = left && moments[i] == moments[left - 1];
		bool gap = i > 0 && moments[i] - moments[i - 1] >= GAP;
		bool before = i + 1 < count && moments[i + 1] - moments[i] >= GAP;

		if (!same && (i % every == 0 || gap || before || i == count - 1))
			moments[left++] = moments[i];
	}
	return left;
}

struct axis axis_of(nsec *moments, int count, int left, int width)
{
	struct axis axis = { .moments = moments, .left = left, .width = width };
	double sum = 0;

	qsort(moments, (size_t)count, sizeof(*moments), by_time);
	axis.count = thin_out(moments, count);
	axis.places = must_alloc((size_t)axis.count + 1, sizeof(*axis.places));
	for (int i = 1; i < axis.count; i++) {
		sum += log2(1 + (double)(moments[i] - moments[i - 1]) / GRAIN);
		axis.places[i] = sum;
	}
	for (int i = 0; i < axis.count && sum > 0; i++)
		axis.places[i] /= sum;
	return axis;
}

void axis_free(struct axis *axis)
{
	free(axis->moments);
	free(axis->places);
}

int axis_x(const struct axis *axis, nsec at)
{
	int low = 0, high = axis->count - 1;
	double place, part;

	if (high < 1 || at <= axis->moments[0])
		return axis->left;
	if (at >= axis->moments[high])
		return axis->left + axis->width;
	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (axis->moments[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	part = (double)(at - axis->moments[low]) /
	       (double)(axis->moments[high] - axis->moments[low]);
	place = axis->places[low] + part * (axis->places[high] - axis->places[low]);
	return axis->left + (int)lround(place * axis->width);
}
