/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * squash: a cargo as a compressed file system that the guest mounts, in memory and nowhere else.
 * sqfstar(1) makes it, from a tar that is written here: so users, groups and devices are as they
 * are on the machine, whoever asks. LZ4, as both ends are in a hurry: a node of 99 MB takes 0.3 s,
 * with zstd it is a third smaller and takes half a minute.
 */
#include "vm/parts.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern char **environ;

#define SQFSTAR "sqfstar"
/* A guest has it all in its memory. */
#define MOST_CARGO   ((uint64_t)2 << 30)
#define LONGEST_HOLE ((off_t)256 << 20) /* of what was looked at and is not whole */
#define BLOCK        ((size_t)256 << 10)

/* ---- the tar -----------------------------------------------------------------------------------
 */

static bool write_all(struct archive *tar, const char *bytes, size_t size)
{
	return archive_write_data(tar, bytes, size) == (la_ssize_t)size;
}

/* As many bytes as were told: of a file that has become shorter zeros, as of one without content.
 */
static bool write_content(struct archive *tar, int file, off_t size)
{
	autofree char *block = must_alloc(BLOCK, 1);

	while (size > 0) {
		size_t part = size < (off_t)BLOCK ? (size_t)size : BLOCK;
		ssize_t got = file >= 0 ? read(file, block, part) : 0;

		if (got <= 0) {
			memset(block, 0, part);
			got = (ssize_t)part;
			file = -1;
		}
		if (!write_all(tar, block, (size_t)got))
			return false;
		size -= got;
	}
	return true;
}

/* -1: it cannot be read, and is empty there; nor could the program read it. */
static int open_content(const struct cargo_file *file)
{
	return cargo_file_has_content(file)
		       ? open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
		       : -1;
}

static off_t size_of(const struct cargo_file *file, int content)
{
	if (!S_ISREG(file->about.st_mode) || (content < 0 && cargo_file_has_content(file)))
		return 0;
	if (content < 0 && file->about.st_size > LONGEST_HOLE)
		return LONGEST_HOLE;
	return file->about.st_size;
}

static bool write_file(struct archive *tar, struct archive_entry *entry,
		       const struct cargo_file *file)
{
	autoclose int content = open_content(file);
	char target[PATH_MAX] = "";

	archive_entry_clear(entry);
	archive_entry_copy_stat(entry, &file->about);
	archive_entry_copy_pathname(entry, file->path + 1);
	archive_entry_set_nlink(entry, 1);
	archive_entry_set_size(entry, size_of(file, content));
	if (S_ISLNK(file->about.st_mode)) {
		if (readlink(file->path, target, sizeof(target) - 1) <= 0)
			return true; /* it is gone since */
		archive_entry_copy_symlink(entry, target);
	}
	return archive_write_header(tar, entry) == ARCHIVE_OK &&
	       write_content(tar, content, size_of(file, content));
}

/* A socket in a file system is nobody's when its owner is not there. */
static bool can_be_packed(const struct cargo_file *file)
{
	return !S_ISSOCK(file->about.st_mode);
}

static bool write_tar(const struct cargo *cargo, int to)
{
	struct archive *tar = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	struct cargo_list all = cargo_list(cargo);
	bool good;

	archive_write_set_format_pax_restricted(tar);
	archive_write_set_bytes_per_block(tar, BLOCK);
	archive_write_set_bytes_in_last_block(tar, 1); /* nobody reads what is behind the end */
	good = archive_write_open_fd(tar, to) == ARCHIVE_OK;
	for (size_t i = 0; good && i < all.count; i++)
		good = !can_be_packed(&all.files[i]) || write_file(tar, entry, &all.files[i]);
	good = archive_write_close(tar) == ARCHIVE_OK && good;
	archive_entry_free(entry);
	archive_write_free(tar);
	free(all.files);
	return good;
}

/* ---- who makes the image ------------------------------------------------------------------------
 */

struct maker {
	pid_t pid;
	int tar;  /* what it reads, -1: all was written */
	int said; /* what it prints, in memory */
};

static int spawn(struct maker *maker, const char *program, int image, const int pipe[2])
{
	autofree char *path = format("/proc/self/fd/%d", image);
	char *argv[] = { SQFSTAR,      "-comp",      "lz4",    "-quiet",    "-no-progress",
			 "-no-xattrs", "-root-mode", "755",    "-root-uid", "0",
			 "-root-gid",  "0",          "-force", path,        NULL };
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, maker->said, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, maker->said, STDERR_FILENO);
	posix_spawn_file_actions_adddup2(&actions, image, image); /* it stays open */
	error = posix_spawn(&maker->pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static char *start(struct maker *maker, int image)
{
	autofree char *program = program_path(SQFSTAR);
	int pipe[2], error;

	if (!program)
		return format("no program " SQFSTAR " here, which packs files for a guest: install "
			      "squashfs-tools, 4.5 or newer");
	maker->said = memfd_create(SQFSTAR, MFD_CLOEXEC);
	if (maker->said < 0 || pipe2(pipe, O_CLOEXEC) < 0)
		return format("cannot make a pipe: %s", shortage_text(errno));
	error = spawn(maker, program, image, pipe);
	close(pipe[0]);
	maker->tar = pipe[1];
	return error ? format("cannot run " SQFSTAR ": %s", shortage_text(error)) : NULL;
}

/* NULL, or what it has said. */
static char *await(struct maker *maker)
{
	autofree char *path = format("/proc/self/fd/%d", maker->said);
	autobytes struct bytes said = { 0 };
	int status;

	while (waitpid(maker->pid, &status, 0) < 0)
		if (errno != EINTR)
			return format("cannot wait for " SQFSTAR ": %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	(void)bytes_read(&said, path);
	autofree char *text = bytes_text(&said, 0), *line = text_first_line(text);
	return format("cannot pack files for the guest: " SQFSTAR " ended with status %d: %s",
		      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		      *line ? line : "it has said nothing");
}

static char *make(const struct cargo *cargo, int image)
{
	struct maker maker = { .tar = -1, .said = -1 };
	char *problem = start(&maker, image);
	bool good = !problem && write_tar(cargo, maker.tar);
	int error = errno;

	release_fd(&maker.tar);
	if (!problem)
		problem = await(&maker);
	if (!problem && !good)
		problem = format("cannot pack files for the guest: %s", strerror(error));
	release_fd(&maker.said);
	return problem;
}

char *cargo_pack(struct cargo *cargo)
{
	struct sigaction ignored = { .sa_handler = SIG_IGN }, before;
	char *problem;

	if (cargo_bytes(cargo) > MOST_CARGO)
		return format("what the program opens is %.1f GiB, and a guest, which has it in "
			      "its memory, gets %.0f GiB at most",
			      (double)cargo_bytes(cargo) / (1 << 30),
			      (double)MOST_CARGO / (1 << 30));
	cargo->image = memfd_create("cargo", MFD_CLOEXEC);
	if (cargo->image < 0)
		return format("cannot pack files into memory: %s", strerror(errno));
	sigaction(SIGPIPE, &ignored, &before); /* where it ends early, that is told by its status */
	problem = make(cargo, cargo->image);
	sigaction(SIGPIPE, &before, NULL);
	return problem;
}
