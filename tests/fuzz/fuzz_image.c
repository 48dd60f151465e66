/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's image: is it one, and which vmlinux is in it.
 */
#include "tests/fuzz/fuzz.h"
#include "vm/parts.h" /* the unpacker alone, without a machine */

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes image = { .data = must_alloc(size, 1), .size = size }, vmlinux = { 0 };
	autofree char *refused = NULL;

	if (size)
		memcpy(image.data, data, size);
	refused = image_refused(&image);
	if (vmlinux_of(&image, &vmlinux) == PACKED) {
		autofree char *again = image_refused(&vmlinux);

		if (refused || again)
			abort();
	}
	bytes_free(&vmlinux);
	bytes_free(&image);
	return 0;
}
