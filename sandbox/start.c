/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start.c: from fork() to exec(): a child of ours becomes somebody else's program.
 */
#include "sandbox/internal.h"

#include "base/caller.h"
#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define FIRST_SOCKET 3 /* SD_LISTEN_FDS_START of sd_listen_fds(3) */

void say(int to, enum stage stage, int value)
{
	struct word word = { stage, value };

	/* Who does not hear it any more has ended. */
	if (write(to, &word, sizeof(word)) != sizeof(word))
		_exit(EXIT_FAILURE);
}

void cannot_start(int to, enum stage stage, int error)
{
	say(to, stage, error);
	_exit(EXIT_FAILURE);
}

/* ---- what it inherits ---------------------------------------------------------------------- */

static void reset_signals(void)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		(void)sigaction(signal, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void restore_limits(const struct caller *caller)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		(void)setrlimit((__rlimit_resource_t)i, &caller->limits[i]);
}

static bool take_streams(const int *streams)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(streams[fd], fd) < 0)
			return false;
	return true;
}

static bool open_streams(const struct becoming *by)
{
	autoclose int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (by->program->streams)
		return take_streams(by->program->streams);
	return nothing >= 0 && take_streams((int[]){ nothing, by->output, by->output });
}

static void come_to_foreground(void)
{
	terminal_take();
	signal(SIGTSTP, SIG_IGN);
}

/* ---- environment --------------------------------------------------------------------------- */

/* Whether the two have the same name: each is NAME=VALUE or NAME. */
static bool same_name(const char *one, const char *other)
{
	size_t length = strcspn(one, "=");

	return length == strcspn(other, "=") && strncmp(one, other, length) == 0;
}

static bool is_changed(char *const *changes, const char *variable)
{
	for (; changes && *changes; changes++)
		if (same_name(*changes, variable))
			return true;
	return false;
}

/* As sd_listen_fds(3) wants it; the PID is that of who asks. */
static void add_sockets(struct words *words, size_t count)
{
	words_add(words, "LISTEN_PID=%d", getpid());
	words_add(words, "LISTEN_FDS=%zu", count);
}

/* What login(1) sets, and su(1). */
static void add_identity(struct words *words, char *const *changes, const struct identity *identity)
{
	const char *const all[][2] = {
		{ "HOME", identity->home },
		{ "USER", identity->name },
		{ "LOGNAME", identity->name },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if (!is_changed(changes, all[i][0]))
			words_add(words, "%s=%s", all[i][0], all[i][1]);
}

static char **environment_of(const struct sandbox_program *program, const struct identity *identity)
{
	static char *const of_identity[] = { "HOME", "USER", "LOGNAME", NULL };
	static char *const of_sockets[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", NULL };
	struct words words = { 0 };

	for (char **each = caller_remembered()->environment; *each; each++)
		if (!is_changed(program->env, *each) && !is_changed(of_sockets, *each) &&
		    !(identity->changes && is_changed(of_identity, *each)))
			words_add(&words, "%s", *each);
	if (identity->changes)
		add_identity(&words, program->env, identity);
	for (char *const *each = program->env; each && *each; each++)
		if (strchr(*each, '='))
			words_add(&words, "%s", *each);
	if (program->socket_count)
		add_sockets(&words, program->socket_count);
	return words.all ? words.all : must_alloc(1, sizeof(*words.all));
}

/*
 * They come to stand at 3, 4, ... What is in their way there is nobody's any more, but for those
 * among themselves and @problems: these are moved first.
 */
static bool hand_over_sockets(const struct sandbox_program *program, int *problems)
{
	int count = (int)program->socket_count;
	autofree int *aside = must_alloc((size_t)count + 1, sizeof(*aside));

	for (int i = 0; i <= count; i++) {
		int fd = i < count ? program->sockets[i] : *problems;

		aside[i] = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SOCKET + count);
		if (aside[i] < 0)
			return false;
	}
	*problems = aside[count];
	for (int i = 0; i < count; i++)
		if (dup2(aside[i], FIRST_SOCKET + i) < 0)
			return false;
	return true;
}

/* ---- becoming it --------------------------------------------------------------------------- */

/* A name without a slash is looked for; NULL: it is nowhere. */
static char *path_of(const struct sandbox_program *program)
{
	const char *name = program->argv[0];

	return strchr(name, '/') ? format("%s", name) : program_path(name);
}

/* As whom, and with the machine as it is for that one. Ends this process where that fails. */
static void change_place(const struct becoming *by, const struct identity *identity)
{
	autofree char *here = getcwd(NULL, 0);
	const char *folder = by->program->cwd ? by->program->cwd : here;
	int error = place_enter(by->place);

	if (error)
		cannot_start(by->problems, STAGE_PLACE, error);
	/* A program may open /dev/stdout, which belongs to whoever has made it. */
	if (identity->changes && by->output >= 0)
		(void)!fchown(by->output, identity->user, identity->group);
	error = identity_take(identity);
	if (error)
		cannot_start(by->problems, STAGE_USER, error);
	if (!folder || (*folder != '/' && here && chdir(here)) || chdir(folder))
		cannot_start(by->problems, STAGE_FOLDER, errno);
}

void become(struct becoming by)
{
	autofree char *path = NULL;
	struct identity identity;
	int error = identity_of(&identity, by.program->user);

	if (error)
		cannot_start(by.problems, STAGE_WHO, error);
	if (setpgid(0, 0) || !open_streams(&by))
		cannot_start(by.problems, STAGE_STREAMS, errno);
	isolate_all_cpus();
	reset_signals();
	if (by.program->foreground)
		come_to_foreground();
	close_rest_on_exec();
	change_place(&by, &identity);
	restore_limits(caller_remembered());
	umask(caller_remembered()->umask);
	error = by.program->before_exec ? by.program->before_exec(by.program->context) : 0;
	if (error)
		cannot_start(by.problems, STAGE_HOOK, error);
	if (by.program->socket_count && !hand_over_sockets(by.program, &by.problems))
		cannot_start(by.problems, STAGE_SOCKETS, errno);
	/* what its user may start: the caller's folders may be closed to that one */
	path = path_of(by.program);
	if (!path)
		cannot_start(by.problems, STAGE_EXEC, ENOENT);
	execve(path, by.program->argv, environment_of(by.program, &identity));
	cannot_start(by.problems, STAGE_EXEC, errno);
}

/* ---- in words ------------------------------------------------------------------------------ */

/* Its folder; where there is none, no descriptor. */
static int folder_of(const struct sandbox_program *program)
{
	return open(program->cwd ? program->cwd : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool is_there(const struct sandbox_program *program)
{
	autoclose int here = folder_of(program);
	autofree char *path = path_of(program);

	return path && faccessat(here, path, F_OK, 0) == 0;
}

static const char *remedy_of_exec(const struct sandbox_program *program, int error)
{
	switch (error) {
	case ENOENT:
		return is_there(program) ? "install the interpreter that its first line names"
					 : "install it, or name it with its path";
	case EISDIR:
		return "name the program in it";
	case EACCES:
		return "make it executable (chmod +x), and its folders open to its user";
	case ENOEXEC:
		return "begin a script with #! and its interpreter";
	default:
		return "see whether it can be started by hand";
	}
}

char *explain(const struct sandbox_program *program, struct word word)
{
	const char *why = shortage_text(word.value), *what = program->argv[0];

	switch (word.stage) {
	case STAGE_WHO:
		return format("cannot start %s as the user %s: %s; name one that getent(1) knows",
			      what, program->user,
			      word.value == ENOENT ? "there is no such user" : why);
	case STAGE_PLACE:
		return format("cannot enter the namespaces in which %s is to live: %s", what, why);
	case STAGE_USER:
		return format("cannot become the user %s for %s: %s; run as root, or give the "
			      "caller a range of users (/etc/subuid, /etc/subgid, newuidmap(1))",
			      program->user, what, why);
	case STAGE_LOG:
		return format("cannot write what %s prints into the folder of artifacts: %s; %s",
			      what, why, file_remedy(word.value));
	case STAGE_FOLDER:
		return format("cannot enter the folder %s to start %s in it: %s; name one that is "
			      "there and open to its user",
			      program->cwd ? program->cwd : ".", what, why);
	case STAGE_HOOK:
		return format("cannot prepare what looks into %s: %s", what, why);
	case STAGE_EXEC:
		return format("cannot start %s: %s; %s", what, why,
			      remedy_of_exec(program, word.value));
	default:
		return format("cannot make a process for %s: %s", what, why);
	}
}

/* ---- before anything is played ------------------------------------------------------------- */

static struct word problem_of(const struct sandbox_program *program)
{
	autoclose int here = folder_of(program);
	int closed = here < 0 || faccessat(here, ".", X_OK, AT_EACCESS) ? errno : 0;
	autofree char *path = path_of(program);
	struct stat about;

	struct identity identity;
	int error = identity_of(&identity, program->user);

	identity_free(&identity);
	if (error)
		return (struct word){ STAGE_WHO, error };
	if (closed)
		return (struct word){ STAGE_FOLDER, closed };
	if (!path || fstatat(here, path, &about, 0))
		return (struct word){ STAGE_EXEC, path ? errno : ENOENT };
	if (S_ISDIR(about.st_mode))
		return (struct word){ STAGE_EXEC, EISDIR };
	if (faccessat(here, path, X_OK, AT_EACCESS))
		return (struct word){ STAGE_EXEC, errno };
	return (struct word){ STAGE_STARTED, 0 };
}

char *sandbox_problem(const struct sandbox_program *program)
{
	struct word word = problem_of(program);

	return word.stage == STAGE_STARTED ? NULL : explain(program, word);
}
