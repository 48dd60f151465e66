/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * buffer: bytes that wait to be sent.
 */
#include "states/internal.h"

#include <string.h>

size_t buffer_left(const struct buffer *buffer)
{
	return buffer->length - buffer->sent;
}

/* What has gone makes room. */
static void make_room(struct buffer *buffer, size_t length)
{
	if (buffer->sent) {
		memmove(buffer->bytes, buffer->bytes + buffer->sent, buffer_left(buffer));
		buffer->length -= buffer->sent;
		buffer->sent = 0;
	}
	if (buffer->length + length <= buffer->room)
		return;
	buffer->room = 2 * (buffer->length + length);
	buffer->bytes = must_realloc(buffer->bytes, buffer->room, 1);
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
	if (!length)
		return;
	make_room(buffer, length);
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){ 0 };
}

void **grown_pointers(void **array, size_t count)
{
	return GROWN(array, count);
}
