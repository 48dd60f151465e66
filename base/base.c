/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base.c: the clock, memory that is there or ends the process, and the way a case ends.
 */
#include "base/base.h"

#include <string.h>
#include <time.h>

/* ---- time ---------------------------------------------------------------------------------- */

static nsec clock_read(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (nsec)t.tv_sec * 1000000000 + t.tv_nsec;
}

nsec clock_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

nsec clock_from_realtime(void)
{
	nsec narrowest = INT64_MAX, offset = 0;

	/* Of several readings the one least torn by preemption is the truest. */
	for (int i = 0; i < 5; i++) {
		nsec before = clock_now();
		nsec real = clock_read(CLOCK_REALTIME);
		nsec after = clock_now();

		if (after - before < narrowest) {
			narrowest = after - before;
			offset = before + (after - before) / 2 - real;
		}
	}
	return offset;
}

/* ---- what is acquired is released ---------------------------------------------------------- */

void release_memory(void *pointer_to_pointer)
{
	void *pointer;

	memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
	free(pointer);
}

void release_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void release_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

void out_of_memory(size_t count, size_t size)
{
	fprintf(stderr,
		"halfopen: out of memory: %zu x %zu bytes were refused; run fewer cases at once "
		"(-j)\n",
		count, size);
	abort();
}

void *must_alloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		out_of_memory(count, size);
	return memory;
}

void *must_realloc(void *old, size_t count, size_t size)
{
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory(count, size);
	memory = realloc(old, bytes ? bytes : 1);
	if (!memory)
		out_of_memory(count, size);
	return memory;
}

void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return must_realloc(array, count ? count * 2 : 1, size);
}

void *copied(const void *array, size_t count, size_t size)
{
	size_t room = 1;
	void *copy;

	if (!array)
		return NULL;
	while (room < count)
		room *= 2;
	copy = must_alloc(room, size);
	memcpy(copy, array, count * size);
	return copy;
}

char *vformat(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		out_of_memory(1, strlen(fmt));
	return text;
}

char *format(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = vformat(fmt, args);
	va_end(args);
	return text;
}

void complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	autofree char *text = vformat(fmt, args);
	va_end(args);
	fprintf(stderr, "halfopen: %s\n", text);
}

/* ---- how a case ends ----------------------------------------------------------------------- */

static const char *const ending_names[] = {
	[PASSED] = "passed",
	[FAILED] = "failed",
	[SKIPPED] = "skipped",
	[BROKEN] = "error",
};

static const int exit_codes[] = {
	[PASSED] = 0,
	[FAILED] = 1,
	[SKIPPED] = 77,
	[BROKEN] = 99,
};

static struct {
	ending_hook *hook;
	void *context;
} on_end;

const char *ending_name(enum ending ending)
{
	return ending_names[ending];
}

int ending_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(ending_names); i++)
		if (!strcmp(name, ending_names[i]))
			return (int)i;
	return -1;
}

void on_ending(ending_hook *hook, void *context)
{
	on_end.hook = hook;
	on_end.context = context;
}

void end_with(enum ending ending, const char *fmt, ...)
{
	static char *text; /* a hook that jumps away leaves it behind */
	ending_hook *hook = on_end.hook;
	va_list args;

	free(text);
	va_start(args, fmt);
	text = vformat(fmt, args);
	va_end(args);

	/* A hook that itself cannot go on must not be called again. */
	on_end.hook = NULL;
	if (hook)
		hook(ending, text, on_end.context);
	fprintf(stderr, "%s: %s\n", ending_name(ending), text);
	exit(exit_codes[ending]);
}
