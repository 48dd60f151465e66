/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc.c: files and folders of /proc.
 */
#include "inspect/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int proc_open(const char *path, va_list args, int flags)
{
	char full[128] = "/proc/";

	vsnprintf(full + strlen(full), sizeof(full) - strlen(full), path, args);
	return open(full, O_RDONLY | O_CLOEXEC | flags);
}

static ssize_t read_all(int fd, char *room, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, room + length, size - 1 - length)) > 0)
		length += (size_t)got;
	room[length] = '\0';
	return got < 0 ? -1 : (ssize_t)length;
}

ssize_t proc_read(char *room, size_t size, const char *path, ...)
{
	va_list args;
	autoclose int fd = -1;

	va_start(args, path);
	fd = proc_open(path, args, 0);
	va_end(args);
	return fd < 0 ? -1 : read_all(fd, room, size);
}

#define FIRST_ROOM 8192

char *proc_load(const char *path, ...)
{
	va_list args;
	autoclose int fd = -1;
	size_t size = FIRST_ROOM;
	autofree char *room = NULL;
	char *text;
	ssize_t length;

	va_start(args, path);
	fd = proc_open(path, args, 0);
	va_end(args);
	if (fd < 0)
		return NULL;
	do {
		room = must_realloc(room, size *= 2, 1);
		if (lseek(fd, 0, SEEK_SET) < 0)
			return NULL;
		length = read_all(fd, room, size);
	} while (length == (ssize_t)size - 1);
	if (length < 0)
		return NULL;
	text = room;
	room = NULL;
	return text;
}

/* What stands behind "@name:" and blanks; NULL: no line begins so. */
static const char *value_of(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text) {
		if (strncmp(text, name, length) == 0 && text[length] == ':')
			return text + length + 1 + strspn(text + length + 1, " \t");
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

long proc_number(const char *text, const char *name)
{
	const char *value = value_of(text, name);

	return value ? strtol(value, NULL, 10) : NOT_KNOWN;
}

char proc_letter(const char *text, const char *name)
{
	const char *value = value_of(text, name);

	return value ? *value : '\0';
}

struct proc_numbers proc_numbers(const char *path, ...)
{
	struct proc_numbers numbers = { .number = NOT_KNOWN };
	va_list args;
	int fd;

	va_start(args, path);
	fd = proc_open(path, args, O_DIRECTORY);
	va_end(args);
	numbers.folder = fd < 0 ? NULL : fdopendir(fd);
	if (numbers.folder)
		return numbers;
	numbers.error = errno;
	if (fd >= 0)
		close(fd);
	return numbers;
}

bool proc_next(struct proc_numbers *numbers)
{
	struct dirent *entry;
	char *end;

	while (numbers->folder && (entry = readdir(numbers->folder))) {
		numbers->number = (int)strtol(entry->d_name, &end, 10);
		if (end != entry->d_name && !*end)
			return true;
	}
	if (numbers->folder)
		closedir(numbers->folder);
	numbers->folder = NULL;
	return false;
}
