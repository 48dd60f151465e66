/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * output.c: what a program prints, in a file of bounded length. The beginning is written as it
 * comes. Of what comes behind it the last part is kept in memory, and written when nothing has come
 * for a while, and at the end.
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

bool output_open(struct output *output, const char *path)
{
	*output = (struct output){
		.file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666),
		.in_order = true,
	};
	if (output->file < 0)
		return false;
	output->begin = lseek(output->file, 0, SEEK_END);
	return output->begin >= 0;
}

/* A disk that is full is no reason to stop the program. Returns where the next bytes belong. */
static off_t put(struct output *output, off_t at, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = pwrite(output->file, bytes, length, at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		bytes += written;
		length -= (size_t)written;
		at += written;
	}
	return at;
}

static size_t least(size_t one, size_t other)
{
	return one < other ? one : other;
}

/* Into the ring: byte number N behind the beginning is at N modulo its size. */
static void keep_end(struct output *output, const char *bytes, size_t length)
{
	if (!output->end)
		output->end = must_alloc(OUTPUT_KEPT, 1);
	while (length) {
		size_t at = (output->taken - OUTPUT_KEPT) % OUTPUT_KEPT;
		size_t fits = least(length, OUTPUT_KEPT - at);

		memcpy(output->end + at, bytes, fits);
		output->taken += fits;
		bytes += fits;
		length -= fits;
	}
	output->in_order = false;
}

void output_take(struct output *output, const char *bytes, size_t length)
{
	if (output->taken < OUTPUT_KEPT) {
		size_t fits = least(length, OUTPUT_KEPT - output->taken);

		put(output, output->begin + (off_t)output->taken, bytes, fits);
		output->taken += fits;
		bytes += fits;
		length -= fits;
	}
	if (length)
		keep_end(output, bytes, length);
}

void output_put_in_order(struct output *output)
{
	off_t at = output->begin + (off_t)OUTPUT_KEPT;
	uint64_t behind, left_out, first;

	if (output->in_order)
		return;
	behind = output->taken - OUTPUT_KEPT;
	left_out = behind > OUTPUT_KEPT ? behind - OUTPUT_KEPT : 0;
	first = left_out % OUTPUT_KEPT; /* of the ring */
	if (left_out) {
		autofree char *line = format("\n[halfopen: %llu bytes are left out here]\n",
					     (unsigned long long)left_out);

		at = put(output, at, line, strlen(line));
		at = put(output, at, output->end + first, OUTPUT_KEPT - first);
		at = put(output, at, output->end, first);
	} else {
		at = put(output, at, output->end, behind);
	}
	output->in_order = ftruncate(output->file, at) == 0;
}
