/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libraries: which shared libraries a program needs and where they are, as ldd lists them.
 */
#include "vm/parts.h"

#include <elf.h>
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern char **environ;

static char *cannot_ask(const char *program, int cause)
{
	return format("cannot ask ldd what %s needs: %s", program, strerror(cause));
}

/* Runs ldd, without a shell; its exit status and all that it says. NULL, or why it cannot run. */
static char *ask_ldd(const char *program, int *status, struct bytes *said)
{
	autofree char *env = program_path("env"), *ldd = program_path("ldd");
	char *argv[] = { "env", "LC_ALL=C", ldd, (char *)program, NULL };
	autoclose int output = memfd_create("ldd", MFD_CLOEXEC);
	autofree char *again = format("/proc/self/fd/%d", output);
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	if (!env || !ldd)
		return format("no program %s here: install %s", ldd ? "env" : "ldd",
			      ldd ? "coreutils" : "libc-bin (Debian) or glibc-common (Fedora)");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	error = posix_spawn(&pid, env, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return cannot_ask(program, error);
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return cannot_ask(program, errno);
	return bytes_read(said, again) ? NULL : cannot_ask(program, errno);
}

/* "NAME => not found", or "PROGRAM: LIBRARY: version `X' not found (required by ...)". */
static char *lacks(const char *program, const char *line)
{
	const char *arrow = strstr(line, " => ");

	if (!arrow)
		return format("%s needs what is not here: %s", program, line);
	return format("%s needs the library %.*s, which is not here", program, (int)(arrow - line),
		      line);
}

static void take(struct libraries *libraries, const char *name, size_t length, char *path)
{
	struct library *library;

	libraries->all =
		must_realloc(libraries->all, libraries->count + 1, sizeof(*libraries->all));
	library = &libraries->all[libraries->count++];
	library->name = length ? format("%.*s", (int)length, name) : NULL;
	library->path = path;
}

/* "NAME => PATH (ADDRESS)" or "PATH (ADDRESS)". Without a slash it is the kernel's. */
static char *take_line(struct libraries *libraries, const char *program, char *line)
{
	char *name = line + strspn(line, "\t "), *arrow = strstr(name, " => ");
	char *path = arrow ? arrow + strlen(" => ") : name, *end = path;

	if (strstr(name, "not found"))
		return lacks(program, name);
	for (char *next = path; (next = strstr(next, " (0x")); next++)
		end = next;
	*end = '\0';
	if (*path == '/')
		take(libraries, name, arrow ? (size_t)(arrow - name) : 0, format("%s", path));
	else if (strchr(path, '/'))
		return format("%s needs the library %s of the folder in which it is called",
			      program, path);
	return NULL;
}

static bool begins_with(const char *path, const char *magic, size_t length)
{
	autofile FILE *file = fopen(path, "re");
	char begin[SELFMAG];

	return file && fread(begin, 1, length, file) == length && memcmp(begin, magic, length) == 0;
}

/* ldd does not list what is no dynamic program. */
static char *take_refusal(const char *program, int status, const char *said)
{
	const char *last = strrchr(said, '\n');

	if (begins_with(program, ELFMAG, SELFMAG) && strstr(said, "not a dynamic executable"))
		return NULL;
	if (begins_with(program, "#!", 2))
		return format("%s is a script, and a machine has no interpreters", program);
	return format("ldd cannot tell what %s needs (status %d): %s", program,
		      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		      *said ? (last ? last + 1 : said) : "it says nothing");
}

char *libraries_of(const char *program, struct libraries *libraries)
{
	autobytes struct bytes said = { 0 };
	char *rest, *problem;
	int status = 0;

	*libraries = (struct libraries){ 0 };
	problem = ask_ldd(program, &status, &said);
	if (problem || !said.data)
		return problem;
	rest = (char *)said.data; /* bytes_read() ends it with a zero */
	rest[said.size - (said.size && rest[said.size - 1] == '\n')] = '\0';
	if (status)
		return take_refusal(program, status, rest);
	for (char *line; !problem && (line = strsep(&rest, "\n"));)
		problem = take_line(libraries, program, line);
	return problem;
}

void libraries_free(struct libraries *libraries)
{
	for (size_t i = 0; i < libraries->count; i++) {
		free(libraries->all[i].name);
		free(libraries->all[i].path);
	}
	free(libraries->all);
	*libraries = (struct libraries){ 0 };
}
