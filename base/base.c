/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base.c: the clock, memory that is there or ends the process, and the way a case ends.
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
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

/* ---- the machine's files ------------------------------------------------------------------- */

bool make_path(const char *path)
{
	autofree char *part = format("%s", path);

	for (char *end = strchr(part + 1, '/'); end; end = strchr(end + 1, '/')) {
		*end = '\0';
		if (mkdir(part, 0777) < 0 && errno != EEXIST)
			return false;
		*end = '/';
	}
	return mkdir(part, 0777) == 0 || errno == EEXIST;
}

bool is_special_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

FILE *open_to_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status = { 0 };
	FILE *file;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

FILE *whole_begin(const char *path)
{
	autofree char *fresh = format("%s.new", path);

	return fopen(is_special_file(path) ? path : fresh, "we");
}

/* Everything reached the disk's cache, or false with errno. */
static bool close_written(FILE **file)
{
	bool good = fflush(*file) == 0 && !ferror(*file);
	int saved = errno;

	good = fclose(*file) == 0 && good;
	*file = NULL;
	if (!good && saved)
		errno = saved;
	return good;
}

/* Why a write() failed long ago: what was in its way most likely still is. */
static void write_once_more(FILE *file)
{
	clearerr(file);
	if (fputc('\n', file) == EOF || fflush(file) == EOF)
		return;
	errno = EIO;
}

bool whole_end(FILE **file, const char *path)
{
	autofree char *fresh = format("%s.new", path);
	bool special = is_special_file(path), failed = ferror(*file);
	int saved;

	errno = 0;
	if (failed)
		write_once_more(*file);
	if (close_written(file) && !failed && (special || rename(fresh, path) == 0))
		return true;
	saved = errno;
	if (!special)
		unlink(fresh);
	errno = saved ? saved : EIO;
	return false;
}

bool whole_store(const char *path, const void *data, size_t size)
{
	FILE *file = whole_begin(path);

	if (!file)
		return false;
	fwrite(data, 1, size, file);
	return whole_end(&file, path);
}

/* ---- the machine's programs ---------------------------------------------------------------- */

static bool has_folder(const char *folders, const char *folder)
{
	size_t length = strlen(folder);

	for (const char *at = folders; *at; at += strcspn(at, ":"), at += *at == ':')
		if (strncmp(at, folder, length) == 0 && (at[length] == ':' || !at[length]))
			return true;
	return false;
}

/* PATH's own folders, then those that an ordinary user's PATH lacks; none of them twice. */
static char *program_folders(void)
{
	const char *path = getenv("PATH");
	autofree char *wider = format("%s:" PROGRAM_FOLDERS, path ? path : "");
	char *rest = wider;
	struct text folders = { 0 };

	for (const char *folder; (folder = strsep(&rest, ":"));)
		if (*folder == '/' && !(folders.length && has_folder(folders.chars, folder)))
			text_add(&folders, "%s%s", folders.length ? ":" : "", folder);
	return text_take(&folders);
}

void path_complete(void)
{
	autofree char *folders = program_folders();

	setenv("PATH", folders, 1);
}

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0 && !is_special_file(path);
}

char *program_path(const char *name)
{
	autofree char *folders = program_folders();
	char *rest = folders;

	if (strchr(name, '/'))
		return is_program(name) ? format("%s", name) : NULL;
	for (const char *folder; (folder = strsep(&rest, ":"));) {
		char *path = format("%s/%s", folder, name);

		if (is_program(path))
			return path;
		free(path);
	}
	return NULL;
}
