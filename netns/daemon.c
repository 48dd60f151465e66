/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.c: programs of the machine that go on while a case plays: servers under test, floods.
 */
#include "netns/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define NOBODY 65534

/* In the child, between fork() and exec(): sends the parent the reason why it ends. */
static _Noreturn void give_up(int to, int error)
{
	ssize_t sent = write(to, &error, sizeof(error));

	_exit(sent == sizeof(error) ? 127 : 126);
}

static int open_streams(const struct daemon_options *options)
{
	int nothing = open("/dev/null", O_RDONLY);
	int log = open(options->log, O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (nothing < 0 || log < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		return -1;
	close(nothing);
	close(log);
	return 0;
}

/* A server that finds itself root changes its user, and a namespace of one user has no other. */
static void leave_root_behind(void)
{
	int error = isolate_user(NOBODY);

	/* Where this is forbidden a server started by root changes its user itself. */
	if (error)
		fprintf(stderr, "halfopen: started as root, no user namespace can be had: %s\n",
			strerror(error));
}

static _Noreturn void become(const struct daemon_options *options, const char *path, int problems)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setpgid(0, 0) || open_streams(options))
		give_up(problems, errno);
	umask(022);
	if (options->ordinary_user)
		leave_root_behind();
	/* after the change of credentials, which would clear it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		give_up(problems, errno);
	execv(path, options->argv);
	give_up(problems, errno);
}

static int start(void *argument)
{
	const struct daemon_options *options = argument;
	autofree char *path = program_path(options->argv[0]);
	int pipes[2], error = 0;
	pid_t pid;

	if (!path)
		return -ENOENT;
	path_complete(); /* what it starts itself is found as it is */
	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(options, path, pipes[1]);
	if (pid < 0)
		error = errno;
	close(pipes[1]);
	/* an end of file says that exec() has closed it */
	if (pid > 0 && read(pipes[0], &error, sizeof(error)) == 0)
		error = 0;
	close(pipes[0]);
	return error ? -error : pid;
}

pid_t net_daemon(struct net *net, enum host host, struct daemon_options options)
{
	return net_within(net, host, start, &options);
}
