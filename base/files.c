/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files.c: the machine's files: folders, files that are there whole or not at all, programs.
 */
#include "base/base.h"
#include "base/xml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

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

char *text_load(const char *path, char **why)
{
	errno = 0;
	autofile FILE *file = open_to_read(path);
	char *text = NULL;
	size_t room = 0;
	/* Up to a NUL: a text has none. */
	ssize_t length = file ? getdelim(&text, &room, '\0', file) : -1;
	autofree char *clean = length > 0 ? text_clean(text) : NULL;
	if (clean && strlen(text) == (size_t)length && strcmp(clean, text) == 0)
		return text;

	if (length > 0)
		*why = format("%s is damaged: it holds bytes that are no text", path);
	else if (file && !ferror(file))
		*why = format("%s is empty", path);
	else
		*why = format("cannot read %s: %s", path, strerror(errno));
	free(text);
	return NULL;
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

void close_rest_on_exec(void)
{
	struct rlimit limit;
	rlim_t most = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;

	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* Before Linux 5.11. */
	for (rlim_t fd = STDERR_FILENO + 1; fd < most && fd < 65536; fd++)
		(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
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
