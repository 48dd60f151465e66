/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.c: the namespaces that the programs of a sandbox share. A child makes them, and goes when
 * the case has descriptors of them. The user namespace comes last: who is in it cannot undo what is
 * mounted.
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#define MOST_THROUGH 64

/* What the child says when it has done its part. */
struct made {
	long process; /* as /proc calls it */
	int files;    /* its descriptor of the tmpfs */
	int layer;    /* errno; 0: there is one */
	int error;    /* errno; 0: all is made, and @what is nothing */
	char what[512];
};

static struct made failed(const char *what, int error)
{
	struct made made = { .error = error };

	text_fit(made.what, sizeof(made.what), what);
	return made;
}

/* ---- in the child -------------------------------------------------------------------------- */

static long name_in_proc(void)
{
	char text[32] = "";

	return readlink("/proc/self", text, sizeof(text) - 1) > 0 ? strtol(text, NULL, 10) : 0;
}

static uint64_t bytes_of_layer(const struct sandbox_options *options)
{
	struct sysinfo machine;
	uint64_t memory = UINT64_MAX;

	if (options->layer)
		return options->layer;
	if (sysinfo(&machine) == 0)
		memory = (uint64_t)machine.totalram * machine.mem_unit;
	return memory / 4 < SANDBOX_LAYER ? memory / 4 : SANDBOX_LAYER;
}

/* A tmpfs, over the folder of artifacts, which nobody needs in here. A descriptor, or -1. */
static int make_files(const struct sandbox_options *options)
{
	autofree char *size =
		format("size=%llu,mode=0755", (unsigned long long)bytes_of_layer(options));

	if (mount("halfopen", options->folder, "tmpfs", MS_NODEV, size))
		return -1;
	return open(options->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The tree takes the place of the machine's, for whoever enters this namespace later. */
static int move_to_root(const struct making *making)
{
	if (chdir(making->root) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		return errno;
	return 0;
}

/* A path that is let through, where it really is. */
struct through {
	char *path;
	int opened; /* before anything is mounted */
};

/* The first that cannot be, if any; errno tells why. */
static const char *open_through(struct through *through, char *const *paths)
{
	for (size_t i = 0; paths && paths[i]; i++) {
		through[i].path = realpath(paths[i], NULL);
		if (!through[i].path)
			return paths[i];
		through[i].opened = open(through[i].path, O_PATH | O_CLOEXEC);
		if (through[i].opened < 0)
			return paths[i];
	}
	return NULL;
}

static const char *let_through(const struct making *making, const struct through *through)
{
	for (; making->root[0] && through->path; through++) {
		autofree char *source = format("/proc/self/fd/%d", through->opened);
		autofree char *target = format("%s%s", making->root, through->path);

		if (mount(source, target, NULL, MS_BIND | MS_REC, NULL))
			return through->path;
	}
	return NULL;
}

static struct made unwritable(const char *path)
{
	int error = errno;
	autofree char *what = format("let %s be written", path);

	return failed(what, error);
}

static struct made make(const struct sandbox_options *options)
{
	struct through through[MOST_THROUGH + 1] = { { 0 } };
	struct making making = { .family = options->family, .ordinary = !users_are_all() };
	struct made made = { .process = name_in_proc() };
	const char *path;
	int error;

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC))
		return failed("make mount and IPC namespaces", errno);
	path = open_through(through, options->write);
	if (path)
		return unwritable(path);
	mounts_read(&making.mounts); /* before we add to them */
	making.files = make_files(options);
	if (making.files < 0)
		return failed("mount a tmpfs", errno);
	if (!options->no_layer)
		made.layer = layer_make(&making);
	mounts_free(&making.mounts);
	error = names_make(&making);
	if (error)
		return failed("mount files over /etc/hosts and others", error);
	path = let_through(&making, through);
	if (path)
		return unwritable(path);
	if (making.root[0] && (error = move_to_root(&making)))
		return failed("move a tree of mounts", error);
	if (users_need_namespace(options->rootless) && unshare(CLONE_NEWUSER))
		return failed("make a user namespace", errno);
	made.files = making.files;
	return made;
}

static _Noreturn void be_maker(const struct sandbox_options *options, int socket)
{
	struct made made;
	char end;

	on_ending(NULL, NULL); /* the case is not ours to end */
	made = make(options);
	(void)!send(socket, &made, sizeof(made), MSG_NOSIGNAL);
	(void)!recv(socket, &end, sizeof(end), 0);
	_exit(EXIT_SUCCESS);
}

/* ---- in the case --------------------------------------------------------------------------- */

static int open_of(const struct made *made, const char *what, int flags)
{
	autofree char *path = format("/proc/%ld/%s", made->process, what);
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		broken("cannot open %s: %s", path, shortage_text(errno));
	return fd;
}

static void take(struct place *place, const struct made *made, bool rootless)
{
	autofree char *files = format("fd/%d", made->files);

	place->mounts = open_of(made, "ns/mnt", O_RDONLY);
	place->ipc = open_of(made, "ns/ipc", O_RDONLY);
	place->files = open_of(made, files, O_RDONLY | O_DIRECTORY);
	if (made->layer)
		place->why = format("an overlay is refused: %s", strerror(made->layer));
	if (users_need_namespace(rootless)) {
		int error = users_map(made->process, rootless);

		if (error)
			broken("cannot map users into a user namespace: %s", strerror(error));
		place->users = open_of(made, "ns/user", O_RDONLY);
	}
}

void place_make(struct place *place, const struct sandbox_options *options)
{
	struct made made = failed("make a process", ECHILD);
	int sockets[2];
	pid_t maker;

	for (size_t i = 0; options->write && options->write[i]; i++)
		if (i == MOST_THROUGH)
			broken("more than %d paths cannot be let through the layer", MOST_THROUGH);
	*place = (struct place){ .mounts = -1, .ipc = -1, .users = -1, .files = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		broken("cannot make a pair of sockets: %s", shortage_text(errno));
	fflush(NULL);
	maker = fork();
	if (maker == 0) {
		close(sockets[0]);
		be_maker(options, sockets[1]);
	}
	close(sockets[1]);
	if (maker > 0)
		(void)!recv(sockets[0], &made, sizeof(made), 0);
	if (made.error)
		broken("cannot make the place where programs are to live: cannot %s: %s", made.what,
		       shortage_text(made.error));
	take(place, &made, options->rootless);
	if (options->no_layer)
		place->why = format("nobody has asked for one");
	close(sockets[0]);
	waitpid(maker, NULL, 0);
}

void place_free(struct place *place)
{
	int *const all[] = { &place->mounts, &place->ipc, &place->users, &place->files };

	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if (*all[i] >= 0)
			close(*all[i]);
	free(place->why);
}

int place_enter(const struct place *place)
{
	if (setns(place->mounts, CLONE_NEWNS) || setns(place->ipc, CLONE_NEWIPC) ||
	    (place->users >= 0 && setns(place->users, CLONE_NEWUSER)))
		return errno;
	return 0;
}
