/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tool.c: programs of the machine (ip, tc, ss) run inside a namespace, with what they say kept and
 * a deadline.
 */
#include "netns/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* For what takes milliseconds. */
#define PATIENCE SEC(10)

extern char **environ;

/* A memory file: a program may read it, seek in it and open it again as /dev/stdin. */
static int memory_file(const char *text)
{
	int fd = memfd_create("halfopen", MFD_CLOEXEC);
	size_t length = strlen(text);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET))
		broken("cannot make a file of %zu bytes in memory: %s", length,
		       shortage_text(errno));
	return fd;
}

static int spawn(struct tool *tool, int input, struct tool_options options)
{
	autofree char *path = program_path(options.argv[0]);
	posix_spawn_file_actions_t actions;
	int error;

	if (!path)
		return ENOENT;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, tool->output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, tool->output, STDERR_FILENO);
	/* Duplicated onto itself a descriptor stays open in the program. */
	for (size_t i = 0; i < ARRAY_LENGTH(options.inherit); i++)
		if (options.inherit[i])
			posix_spawn_file_actions_adddup2(&actions, options.inherit[i],
							 options.inherit[i]);
	error = posix_spawn(&tool->pid, path, &actions, NULL, options.argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

struct tool tool_start(struct tool_options options)
{
	struct tool tool = { .pid = -1, .input = -1, .output = memory_file("") };
	int pair[2] = { -1, -1 };
	autoclose int input = -1;

	path_complete(); /* what it starts itself is found as it is */
	if (options.input) {
		input = memory_file(options.input);
	} else {
		/* A socket and no pipe: writing to a dead reader then is an error, no signal. */
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			broken("cannot make a pair of sockets for `%s`: %s", options.argv[0],
			       shortage_text(errno));
		tool.input = pair[0];
		input = pair[1];
	}
	tool.error = spawn(&tool, input, options);
	if (tool.error)
		tool.pid = -1;
	return tool;
}

void tool_feed(struct tool *tool, const char *input)
{
	size_t length = strlen(input);

	while (length) {
		ssize_t sent = send(tool->input, input, length, MSG_NOSIGNAL);

		/* A program that is already gone says more by how it ended. */
		if (sent <= 0)
			break;
		input += sent;
		length -= (size_t)sent;
	}
	close(tool->input);
	tool->input = -1;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT))
		broken("cannot wait for process %d: %s", pid, strerror(errno));
	return info.si_pid;
}

/* Sleeps on a descriptor of the process; where that is forbidden (seccomp), for 1 ms at once. */
static bool ends_in_time(pid_t pid)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	struct deadline deadline = deadline_in(PATIENCE);

	while (!has_ended(pid)) {
		if (deadline_passed(&deadline))
			return false;
		if (pidfd >= 0)
			deadline_await(&deadline, &end, 1);
		else
			await_events(NULL, 0, MSEC(1));
	}
	return true;
}

static char *contents(int fd)
{
	struct stat about;
	char *text;
	ssize_t got;

	if (fstat(fd, &about))
		broken("cannot read what a program said: %s", strerror(errno));
	text = must_alloc((size_t)about.st_size + 1, 1);
	got = pread(fd, text, (size_t)about.st_size, 0);
	if (got != about.st_size)
		broken("cannot read what a program said: %s",
		       got < 0 ? strerror(errno) : "it was cut short");
	return text;
}

int tool_finish(struct tool *tool, char **output)
{
	int status;

	if (tool->input >= 0)
		close(tool->input);
	if (tool->pid < 0) {
		*output = format("%s", shortage_text(tool->error));
		close(tool->output);
		return 127;
	}
	if (!ends_in_time(tool->pid)) {
		kill(tool->pid, SIGKILL);
		waitpid(tool->pid, &status, 0);
		*output = contents(tool->output);
		broken("a program has not ended within %.0f s (--timeout-multiplier gives it "
		       "more); it said: %s",
		       seconds(deadline_in(PATIENCE).span), **output ? *output : "nothing");
	}
	waitpid(tool->pid, &status, 0);
	*output = contents(tool->output);
	close(tool->output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct program {
	char *const *argv;
	const char *input;
	char **output;
};

static int run_program(void *argument)
{
	struct program *program = argument;
	struct tool tool = tool_start((struct tool_options){
		.argv = program->argv,
		.input = program->input ? program->input : "",
	});

	return tool_finish(&tool, program->output);
}

int net_program(struct net *net, enum host host, char *const argv[], const char *input,
		char **output)
{
	struct program program = { .argv = argv, .input = input, .output = output };

	return net_within(net, host, run_program, &program);
}
