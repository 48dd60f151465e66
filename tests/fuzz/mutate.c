/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mutate: how libFuzzer changes an input. Every other time as it would by itself, which knows
 * bytes, else as check_damage does, which knows lines, numbers and values.
 */
#include "tests/damage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tiny_kernel.h"

#include <string.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	struct chance chance = { .state = seed };
	autobytes struct bytes bytes = { 0 };

	if (chance_below(&chance, 2))
		return LLVMFuzzerMutate(data, size, most);
	add_bytes(&bytes, data, size);
	for (size_t times = chance_below(&chance, 4) + 1; times > 0; times--)
		damage(&bytes, &chance);
	size = bytes.size < most ? bytes.size : most;
	if (size)
		memcpy(data, bytes.data, size);
	return size;
}
