/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.c: the case's side: programs are started, heard of and ended.
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

/* How long the processes of a program take to die of SIGKILL. */
#define PATIENCE   SEC(10)
#define PIPE_BYTES (1 << 20) /* of events */

struct running {
	const char *name;
	char *log;
	pid_t started, keeper;
	int control; /* -1: it was ended */
};

struct sandbox {
	struct sandbox_options options;
	struct place place;
	int events[2];
	struct running *all;
	size_t count;
	struct sandbox_event *kept; /* that sandbox_run() has met, and those told of these */
	size_t kept_count, kept_told;
};

/*
 * The host's network belongs to the case's user namespace, not to the one of the programs: root
 * there may not take a port below 1024, which it may on the machine.
 */
static void open_low_ports(const struct sandbox *sandbox)
{
	struct sysctl all = { .host = sandbox->options.host,
			      .name = "net.ipv4.ip_unprivileged_port_start",
			      .value = "0" };
	char seen[64];
	int error = net_sysctl_write(sandbox->options.net, all, seen, sizeof(seen));

	if (error)
		broken("cannot write %s: %s", all.name, strerror(-error));
}

/* Half of the PIDs that there are for all is the most. */
static unsigned most_processes(unsigned asked)
{
	autofile FILE *file = fopen("/proc/sys/kernel/pid_max", "re");
	unsigned most = asked ? asked : SANDBOX_PROCESSES, all;

	return file && fscanf(file, "%u", &all) == 1 && all / 2 < most ? all / 2 : most;
}

struct sandbox *sandbox_open(struct sandbox_options options)
{
	struct sandbox *sandbox = must_alloc(1, sizeof(*sandbox));

	/* Whoever kills all processes of a PID namespace must be sure that it is the case's own. */
	if (getpid() != 1)
		broken("a sandbox is opened by process 1 of a PID namespace alone");
	sandbox->options = options;
	sandbox->options.processes = most_processes(options.processes);
	if (pipe2(sandbox->events, O_CLOEXEC | O_NONBLOCK))
		broken("cannot make a pipe: %s", shortage_text(errno));
	(void)fcntl(sandbox->events[0], F_SETPIPE_SZ, PIPE_BYTES);
	place_make(&sandbox->place, &sandbox->options);
	if (sandbox->place.users >= 0)
		open_low_ports(sandbox);
	relay_listen(&sandbox->options);
	return sandbox;
}

bool sandbox_has_layer(const struct sandbox *sandbox, const char **why)
{
	*why = sandbox->place.why;
	return !*why;
}

bool sandbox_layer_is_full(const struct sandbox *sandbox)
{
	struct statvfs about;

	return fstatvfs(sandbox->place.files, &about) == 0 &&
	       (about.f_bfree == 0 || about.f_ffree == 0);
}

static struct running *running(const struct sandbox *sandbox, pid_t started)
{
	for (size_t i = 0; i < sandbox->count; i++)
		if (sandbox->all[i].started == started)
			return &sandbox->all[i];
	broken("process %d was not started in this sandbox", started);
}

/* ---- starting ------------------------------------------------------------------------------ */

/* Blanks of a name are none of its log's: "server 2" leaves server-2.log. */
static char *path_of_log(const struct sandbox *sandbox, const char *name)
{
	char *path = format("%s/%s.log", sandbox->options.folder, name);

	for (char *blank = path + strlen(sandbox->options.folder); (blank = strchr(blank, ' '));)
		*blank = '-';
	return path;
}

/* What another run has left; programs of the same name write behind each other. */
static void forget_older(const struct sandbox *sandbox, const struct running *running)
{
	for (size_t i = 0; i < sandbox->count; i++)
		if (strcmp(sandbox->all[i].log, running->log) == 0)
			return;
	(void)unlink(running->log);
}

static int fork_keeper(void *argument)
{
	const struct keeper *keeper = argument;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		keep(*keeper);
	return pid < 0 ? -errno : pid;
}

/* What keeper and child say until exec(): the PID, or why there is no program. */
static struct word hear(int problems)
{
	struct word word, started = { STAGE_FORK, ECHILD };

	while (read(problems, &word, sizeof(word)) == sizeof(word)) {
		if (word.stage != STAGE_STARTED)
			return word;
		started = word;
	}
	return started;
}

pid_t sandbox_start(struct sandbox *sandbox, struct sandbox_program program)
{
	struct refusal refusal = { 0 };
	pid_t started = sandbox_attempt(sandbox, program, &refusal);

	if (started)
		return started;
	autofree char *why = refusal.why;
	broken("%s", why);
}

pid_t sandbox_attempt(struct sandbox *sandbox, struct sandbox_program program,
		      struct refusal *refusal)
{
	struct running running = { .name = program.name };
	int control[2], problems[2];

	running.log = path_of_log(sandbox, program.name);
	forget_older(sandbox, &running);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) ||
	    pipe2(problems, O_CLOEXEC))
		broken("cannot start %s: %s", program.argv[0], shortage_text(errno));
	running.keeper = net_within(sandbox->options.net, sandbox->options.host, fork_keeper,
				    &(struct keeper){
					    .program = &program,
					    .place = &sandbox->place,
					    .log = running.log,
					    .processes = sandbox->options.processes,
					    .control = control[1],
					    .events = sandbox->events[1],
					    .problems = problems[1],
				    });
	close(control[1]);
	close(problems[1]);
	running.control = control[0];
	if (running.keeper < 0)
		broken("cannot start %s: %s", program.argv[0], shortage_text(-running.keeper));
	struct word word = hear(problems[0]);
	close(problems[0]);
	if (word.stage != STAGE_STARTED) {
		*refusal = (struct refusal){ word.value, explain(&program, word) };
		free(running.log);
		close(running.control);
		return 0;
	}
	running.started = word.value;
	sandbox->all = GROWN(sandbox->all, sandbox->count);
	sandbox->all[sandbox->count++] = running;
	return running.started;
}

/* ---- hearing of them ----------------------------------------------------------------------- */

static const struct running *kept_by(const struct sandbox *sandbox, pid_t keeper)
{
	for (size_t i = 0; i < sandbox->count; i++)
		if (sandbox->all[i].keeper == keeper)
			return &sandbox->all[i];
	return NULL;
}

static bool read_event(struct sandbox *sandbox, struct sandbox_event *event)
{
	const struct running *running;
	struct ended ended;

	do {
		if (read(sandbox->events[0], &ended, sizeof(ended)) != sizeof(ended))
			return false;
		running = kept_by(sandbox, ended.keeper);
	} while (!running);
	*event = (struct sandbox_event){
		.program = running->name,
		.started = running->started,
		.pid = ended.pid,
		.status = ended.status,
		.main = ended.main,
		.last = ended.last,
		.follows = ended.follows,
		.too_many = ended.too_many,
	};
	memcpy(event->name, ended.name, sizeof(event->name));
	return true;
}

bool sandbox_event(struct sandbox *sandbox, struct sandbox_event *event)
{
	if (sandbox->kept_told == sandbox->kept_count)
		return read_event(sandbox, event);
	*event = sandbox->kept[sandbox->kept_told++];
	return true;
}

static void keep_event(struct sandbox *sandbox, struct sandbox_event event)
{
	sandbox->kept = GROWN(sandbox->kept, sandbox->kept_count);
	sandbox->kept[sandbox->kept_count++] = event;
}

int sandbox_descriptor(const struct sandbox *sandbox)
{
	return sandbox->events[0];
}

size_t sandbox_processes(const struct sandbox *sandbox, pid_t started, pid_t *pids, size_t most)
{
	autofree pid_t *all = NULL;
	size_t count = descendants(running(sandbox, started)->keeper, &all);

	for (size_t i = 0; i < count && i < most; i++)
		pids[i] = all[i];
	return count;
}

const char *sandbox_log(const struct sandbox *sandbox, pid_t started)
{
	return running(sandbox, started)->log;
}

/* ---- ending them --------------------------------------------------------------------------- */

static bool ends_in_time(pid_t pid)
{
	struct deadline deadline = deadline_in(PATIENCE);

	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (deadline_passed(&deadline))
			return false;
		await_events(NULL, 0, MSEC(1));
	}
	return true;
}

static void end(struct running *running)
{
	if (running->control < 0)
		return;
	close(running->control);
	running->control = -1;
	if (!ends_in_time(running->keeper))
		broken("processes of %s have not ended %.0f s after SIGKILL: something in the "
		       "kernel holds them, see `ps -eo pid,stat,wchan`",
		       running->name, seconds(PATIENCE));
}

void sandbox_end(struct sandbox *sandbox, pid_t started)
{
	end(running(sandbox, started));
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Takes news until the program has ended; what is of others is kept. */
static bool has_ended(struct sandbox *sandbox, pid_t started, int *status)
{
	struct sandbox_event event;

	while (read_event(sandbox, &event)) {
		if (event.started != started) {
			keep_event(sandbox, event);
			continue;
		}
		if (event.pid == started)
			*status = status_of(event.status);
		if (event.last)
			return true;
	}
	return false;
}

int sandbox_run(struct sandbox *sandbox, struct sandbox_program program)
{
	pid_t started = sandbox_start(sandbox, program);
	struct pollfd news = { .fd = sandbox->events[0], .events = POLLIN };
	struct deadline deadline = deadline_in(PATIENCE);
	int status = -ETIMEDOUT, killed;

	while (!has_ended(sandbox, started, &status))
		if (deadline_await(&deadline, &news, 1) == 0) {
			sandbox_end(sandbox, started);
			(void)has_ended(sandbox, started, &killed);
			return -ETIMEDOUT;
		}
	sandbox_end(sandbox, started);
	return status;
}

void sandbox_close(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	for (size_t i = 0; i < sandbox->count; i++) {
		end(&sandbox->all[i]);
		free(sandbox->all[i].log);
	}
	free(sandbox->all);
	free(sandbox->kept);
	if (sandbox->options.forwards)
		shutdown(sandbox->options.relay, SHUT_RDWR);
	place_free(&sandbox->place);
	close(sandbox->events[0]);
	close(sandbox->events[1]);
	free(sandbox);
}
