/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz: what the drivers share. A driver is one function that takes any bytes and returns; it is
 * linked with libFuzzer (make fuzz), or with replay.c, which plays the inputs that are kept.
 */
#ifndef HALFOPEN_TESTS_FUZZ_H
#define HALFOPEN_TESTS_FUZZ_H

#include "base/base.h"

/* libFuzzer's entry into a driver. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its own way to change an input, and what it calls instead (mutate.c). Both return the new size.
 */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* What is left of an input. */
struct input {
	const uint8_t *at;
	size_t left;
};
/* The next byte; 0 where there is none. */
uint8_t take_byte(struct input *input);
/* The next line, without its end, as a text of its own; NULL: there is none. */
char *take_line(struct input *input);
/* All that is left, as a text of its own. */
char *take_text(struct input *input);
/* Up to a line that is exactly "====", or the end; that line is taken, too. */
struct input take_part(struct input *input);

/* A folder of this process's own, in memory where that is possible; removed when it ends. */
const char *own_folder(void);
/* Its path of a file in it; the caller frees it. */
char *own_path(const char *name);
/* Writes a file in it, and the folders above; of what is empty there is no file afterwards. */
void put_file(const char *name, struct input input);
/*
 * Writes a journal there, a line for each event. They get the number that they should have, so that
 * one that is lost or comes again is not the end of it.
 */
void put_events(const char *name, struct input input);
/* Removes all that is below a folder in it. */
void empty_folder(const char *name);

/* Calls @act. broken() and the like within it end that call only. */
void attempt(void (*act)(void *context), void *context);
/* Ends the process where it is not: whatever was read, what is written of it is well-formed. */
void must_be_xml(const char *text, size_t length);
/* The same of a file in the folder, where there is one; it is removed. */
void must_be_page(const char *name);
/* What is printed to goes nowhere. */
FILE *nowhere(void);

#endif
