/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_sandbox.c: programs that live in a sandbox. Each test is a case in small, process 1 of its
 * own PID namespace, made by a worker; libcheck sees the exit status of that process as its own
 * child's.
 */
#include "sandbox/sandbox.h"
#include "tests/suite.h"

#include "base/caller.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define PATIENCE SEC(50)

/* ---- being a case -------------------------------------------------------------------------- */

static bool rootless;
static uid_t caller; /* who has started the case; its group has the same number */
static char top[] = "check_sandbox.XXXXXX", *folder; /* of all, and of a test */
static struct net *net;
static struct sandbox *sandbox;

static void make_folder(void)
{
	folder = format("%s/XXXXXX", top);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
}

/* A server of the caller's, on both loopbacks, that sends back what it gets, in capitals. */
static int start_outside(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	socklen_t length = sizeof(address);
	int sock = socket(AF_INET6, SOCK_STREAM, 0), off = 0;
	char text[100];

	setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	ck_assert_int_eq(bind(sock, (struct sockaddr *)&address, length), 0);
	ck_assert_int_eq(listen(sock, 10), 0);
	getsockname(sock, (struct sockaddr *)&address, &length);
	if (fork() != 0) {
		close(sock);
		return ntohs(address.sin6_port);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int fd; (fd = accept(sock, NULL, NULL)) >= 0; close(fd))
		for (ssize_t got; (got = recv(fd, text, sizeof(text), 0)) > 0;) {
			for (ssize_t i = 0; i < got; i++)
				text[i] = (char)toupper(text[i]);
			send(fd, text, (size_t)got, MSG_NOSIGNAL);
		}
	_exit(0);
}

static int outside_port, relay;

static void be_case(void)
{
	caller = geteuid();
	outside_port = start_outside();
	relay = sandbox_relay();
	ck_assert_int_ge(relay, 0);
	int worker = isolate_worker(getppid(), 1);

	go_on_in_child();
	isolate_case(worker);
	net = net_open((struct net_options){ 0 });
}

static void become_case(void)
{
	make_folder();
	be_case();
}

static void become_rootless_case(void)
{
	make_folder();
	go_on_in_child();
	rootless = true;
	if (!geteuid()) {
		ck_assert_int_eq(chown(folder, 65534, 65534), 0);
		ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
		/* As after an exec: the files in /proc/self belong to the user again. */
		prctl(PR_SET_DUMPABLE, 1);
	}
	be_case();
}

/* The file that everybody else sees at @path says this to whom this process starts. */
static void put_over(const char *path, const char *text)
{
	autofree char *own = format("%s/over", folder);
	FILE *file = fopen(own, "we");

	ck_assert(file && fputs(text, file) >= 0);
	fclose(file);
	ck_assert_msg(mount(own, path, NULL, MS_BIND, NULL) == 0, "%s: %s", path, strerror(errno));
	unlink(own);
}

/* An ordinary user with a range of users. */
static void become_ranged_case(void)
{
	make_folder();
	go_on_in_child();
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	put_over("/etc/subuid", "somebody:1:2\n65534:200000:65536\n");
	put_over("/etc/subgid", "65534:300000:65536\n");
	isolate_with_ranges();
	rootless = true;
	ck_assert_int_eq(chown(folder, 65534, 65534), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	prctl(PR_SET_DUMPABLE, 1);
	be_case();
}

/* Those of a container (docs/ci.md): what Docker gives, and three more. */
static bool is_of_container(int capability)
{
	static const int all[] = { CAP_AUDIT_WRITE, CAP_CHOWN,   CAP_DAC_OVERRIDE,
				   CAP_FOWNER,      CAP_FSETID,  CAP_KILL,
				   CAP_MKNOD,       CAP_SETFCAP, CAP_SETGID,
				   CAP_SETPCAP,     CAP_SETUID,  CAP_NET_BIND_SERVICE,
				   CAP_SYS_CHROOT,  CAP_NET_RAW, CAP_NET_ADMIN,
				   CAP_SYS_ADMIN };

	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if (all[i] == capability)
			return true;
	return false;
}

static void become_contained_case(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };

	make_folder();
	for (int each = 0; each <= CAP_LAST_CAP; each++) {
		unsigned bit = is_of_container(each) ? 1U << each % 32 : 0;

		sets[each / 32].effective |= bit;
		sets[each / 32].permitted |= bit;
		if (!bit)
			prctl(PR_CAPBSET_DROP, (unsigned long)each);
	}
	ck_assert_int_eq(syscall(SYS_capset, &header, sets), 0);
	be_case();
}

static void open_it(void)
{
	sandbox = sandbox_open((struct sandbox_options){
		.net = net, .host = SERVER, .folder = folder, .rootless = rootless });
}

static void close_it(void)
{
	sandbox_close(sandbox);
	net_close(net);
}

/* ---- files --------------------------------------------------------------------------------- */

static void plant(const char *name, const char *text, mode_t mode)
{
	autofree char *path = format("%s/%s", folder, name);
	FILE *file = fopen(path, "we");

	ck_assert(file && fputs(text, file) >= 0 && fchmod(fileno(file), mode) == 0);
	fclose(file);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* ---- a shell as the program ---------------------------------------------------------------- */

static pid_t shell(const char *script)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	return sandbox_start(sandbox, (struct sandbox_program){ .name = "server", .argv = argv });
}

static struct sandbox_event next_event(void)
{
	struct deadline deadline = deadline_in(PATIENCE);
	struct pollfd news = { .fd = sandbox_descriptor(sandbox), .events = POLLIN };
	struct sandbox_event event;

	while (!sandbox_event(sandbox, &event))
		ck_assert_msg(deadline_await(&deadline, &news, 1) > 0, "no event comes");
	return event;
}

/* The caller frees it. */
static char *contents(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = must_alloc(1 << 22, 1);

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	text[fread(text, 1, (1 << 22) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static char *printed(pid_t started)
{
	return contents(sandbox_log(sandbox, started));
}

/* What the script has printed when all of it has ended, with 0; the caller frees it. */
static char *told(const char *script)
{
	pid_t started = shell(script);
	struct sandbox_event event = next_event();

	char *text;

	ck_assert_int_eq(event.pid, started);
	sandbox_end(sandbox, started);
	text = printed(started);
	ck_assert_msg(event.status == 0, "status %d: %s", event.status, text);
	return text;
}

static bool runs(pid_t pid)
{
	return kill(pid, 0) == 0;
}

/* As ps has it; static. */
static const char *name_of(pid_t pid)
{
	static char name[32];
	autofree char *path = format("/proc/%d/comm", pid);
	FILE *file = fopen(path, "re");

	if (!file || !fgets(name, sizeof(name), file))
		name[0] = '\0';
	if (file)
		fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return name;
}

/* ---- the life of a program ----------------------------------------------------------------- */

START_TEST(end_of_the_main_process_is_told_with_its_status)
{
	struct sandbox_event event;
	pid_t started;

	open_it();
	started = shell("exit 7");
	event = next_event();
	ck_assert_int_eq(event.pid, started);
	ck_assert_int_eq(event.started, started);
	ck_assert_str_eq(event.program, "server");
	ck_assert_str_eq(event.name, "sh");
	ck_assert(event.main && WIFEXITED(event.status) && WEXITSTATUS(event.status) == 7);
	ck_assert(event.last);
	ck_assert_int_eq(event.follows, 0);

	started = shell("kill -9 $$");
	event = next_event();
	ck_assert_int_eq(event.started, started);
	ck_assert(WIFSIGNALED(event.status) && WTERMSIG(event.status) == SIGKILL);
	close_it();
}
END_TEST

START_TEST(daemon_is_followed)
{
	struct sandbox_event event;
	pid_t started, daemon, pids[8];

	open_it();
	started = shell("(setsid sh -c 'sleep 1000; exit 0' >/dev/null 2>&1 &) ; exit 0");
	do
		event = next_event();
	while (!event.main);
	daemon = event.follows;
	ck_assert_int_eq(event.pid, started);
	ck_assert_int_eq(event.status, 0);
	ck_assert(!event.last);
	ck_assert_int_gt(daemon, 0);
	ck_assert_uint_ge(sandbox_processes(sandbox, started, pids, 8), 1);
	ck_assert_int_eq(pids[0], daemon);

	kill(daemon, SIGTERM);
	do
		event = next_event();
	while (event.pid != daemon);
	ck_assert(event.main && WIFSIGNALED(event.status) && WTERMSIG(event.status) == SIGTERM);
	close_it();
}
END_TEST

START_TEST(nothing_is_left_when_it_is_closed)
{
	pid_t started, pids[8];
	size_t count;

	open_it();
	started = shell(
		"trap '' TERM HUP INT; sleep 1000 & (setsid sleep 1000 &); (setsid nohup sh -c "
		"'(sleep 1000 & sleep 1000)' &); wait");
	do
		count = sandbox_processes(sandbox, started, pids, 8);
	while (count < 6);
	ck_assert_uint_eq(count, 6);
	kill(started, SIGTERM);
	sandbox_close(sandbox);
	for (size_t i = 0; i < count; i++)
		ck_assert(!runs(pids[i]));
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	ck_assert_int_eq(errno, ECHILD);
	net_close(net);
}
END_TEST

START_TEST(worker_that_dies_is_told_and_not_taken_for_the_server)
{
	struct sandbox_event event;
	pid_t started, other;

	open_it();
	other = shell("sleep 1000");
	started = shell("(sh -c 'kill -11 $$' &); sleep 1000");
	do
		event = next_event();
	while (!WIFSIGNALED(event.status));
	ck_assert(!event.main);
	ck_assert_int_eq(event.started, started);
	ck_assert_int_eq(WTERMSIG(event.status), SIGSEGV);
	ck_assert(runs(started));
	sandbox_end(sandbox, started);
	ck_assert(!runs(started));
	ck_assert(runs(other));
	close_it();
}
END_TEST

/* It stops by itself, early enough for the machine, when nobody ends it. */
START_TEST(program_that_forks_for_ever_is_ended)
{
	struct sandbox_event event;

	sandbox = sandbox_open((struct sandbox_options){
		.net = net, .host = SERVER, .folder = folder, .processes = 100 });
	shell("n=0; while [ $n -lt 200 ]; do sleep 1000 & n=$((n + 1)); done; sleep 1000");
	do
		event = next_event();
	while (!event.last);
	ck_assert(event.too_many);
	close_it();
}
END_TEST

/* ---- what it prints ------------------------------------------------------------------------ */

START_TEST(output_is_bounded_and_nobody_waits_for_us)
{
	char *text, *cut;
	pid_t started;

	open_it();
	started = shell("echo first; yes | head -c 30000000; echo last >&2");
	ck_assert_int_eq(next_event().status, 0);
	sandbox_end(sandbox, started);
	text = printed(started);
	ck_assert_uint_lt(strlen(text), 1100000);
	ck_assert(strncmp(text, "first\ny\n", 8) == 0);
	ck_assert_str_eq(text + strlen(text) - 7, "y\nlast\n");
	cut = strstr(text, "[halfopen: 28951435 bytes are left out here]\n");
	ck_assert_msg(cut != NULL, "%zu bytes", strlen(text));
	free(text);
	close_it();
}
END_TEST

START_TEST(short_output_is_whole)
{
	char *text;

	open_it();
	text = told("head -c 700000 /dev/zero | tr '\\0' x");
	ck_assert_uint_eq(strlen(text), 700000);
	ck_assert_uint_eq(strspn(text, "x"), 700000);
	free(text);
	close_it();
}
END_TEST

/* ---- what it inherits ---------------------------------------------------------------------- */

START_TEST(program_has_what_its_caller_has)
{
	struct rlimit limit = { 123, 2345 };
	char *text;

	umask(027);
	setrlimit(RLIMIT_NOFILE, &limit);
	caller_remember();
	umask(0);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	signal(SIGPIPE, SIG_IGN);
	open_it();
	text = told(
		"umask; ulimit -n; ulimit -Hn; readlink /proc/self/fd/0; ls /proc/self/fd | wc -l; "
		"grep SigIgn /proc/self/status | tail -c 8; echo $LISTEN_FDS; "
		"ip -o link | grep -o 'eth0\\|lo:'");
	/* ls has one of its own */
	ck_assert_str_eq(text, "0027\n123\n2345\n/dev/null\n4\n0000000\n\nlo:\neth0\n");
	free(text);
	close_it();
}
END_TEST

static int hook(void *context)
{
	const int *error = context;

	setenv("UNSEEN", "1", 1);
	return *error;
}

START_TEST(program_has_what_it_is_given)
{
	char *argv[] = { "sh", "-c",
			 "pwd; echo $A-$HOME-$LISTEN_FDS; test $LISTEN_PID = $$ && "
			 "readlink /proc/$$/fd/3 /proc/$$/fd/4",
			 NULL };
	char *env[] = { "A=b c", "HOME", NULL };
	int sockets[2], error = 0;
	char *text;
	pid_t started;

	open_it();
	ck_assert_int_eq(pipe2(sockets, O_CLOEXEC), 0);
	started = sandbox_start(sandbox, (struct sandbox_program){
						 .name = "server 2",
						 .argv = argv,
						 .cwd = "/usr",
						 .env = env,
						 .sockets = sockets,
						 .socket_count = 2,
						 .before_exec = hook,
						 .context = &error,
					 });
	ck_assert_int_eq(next_event().status, 0);
	sandbox_end(sandbox, started);
	ck_assert_ptr_nonnull(strstr(sandbox_log(sandbox, started), "/server-2.log"));
	text = printed(started);
	ck_assert(strncmp(text, "/usr\nb c--2\npipe:[", 18) == 0);
	free(text);
	close_it();
}
END_TEST

/* ---- the machine's files ------------------------------------------------------------------- */

/* In a folder of the caller's, in /tmp, and of root's where it is root. */
START_TEST(what_is_written_is_thrown_away)
{
	autofree char *old = format("%s/old", folder), *own = format("%s/own", folder), *script,
		      *text;
	const char *why;

	plant("old", "as it was\n", 0666);
	open_it();
	ck_assert_msg(sandbox_has_layer(sandbox, &why), "%s", why);
	script = format(
		"echo new >%s; echo more >>%s; cat %s %s; rm %s; test ! -e %s && echo gone; "
		"echo x >/tmp/check_sandbox.own; cat /tmp/check_sandbox.own; test -w /etc || "
		"exit 0; echo y >/etc/check_sandbox.own; cat /etc/check_sandbox.own",
		own, old, own, old, old, old);
	text = told(script);
	ck_assert_str_eq(text, rootless ? "new\nas it was\nmore\ngone\nx\n"
					: "new\nas it was\nmore\ngone\nx\ny\n");
	close_it();
	ck_assert(is_there(old) && !is_there(own));
	ck_assert(!is_there("/tmp/check_sandbox.own") && !is_there("/etc/check_sandbox.own"));
	free(text);
	text = contents(old);
	ck_assert_str_eq(text, "as it was\n");
}
END_TEST

START_TEST(path_that_is_let_through_is_written)
{
	autofree char *inside = format("%s/inside", folder), *file = format("%s/file", folder);
	autofree char *in = format("%s/new", inside), *outside = format("%s/not", folder), *text;
	autofree char *script =
		format("echo new >%s; echo more >>%s; echo no >%s", in, file, outside);
	char *write[] = { inside, file, NULL };

	plant("file", "one\n", 0666);
	ck_assert_int_eq(mkdir(inside, 0777), 0);
	sandbox = sandbox_open((struct sandbox_options){ .net = net,
							 .host = SERVER,
							 .folder = folder,
							 .rootless = rootless,
							 .write = write });
	free(told(script));
	close_it();
	text = contents(file);
	ck_assert_str_eq(text, "one\nmore\n");
	free(text);
	text = contents(in);
	ck_assert_str_eq(text, "new\n");
	ck_assert(!is_there(outside));
}
END_TEST

START_TEST(layer_that_is_full_is_told)
{
	autofree char *text = NULL;

	sandbox = sandbox_open((struct sandbox_options){ .net = net,
							 .host = SERVER,
							 .folder = folder,
							 .rootless = rootless,
							 .layer = 1 << 20 });
	ck_assert(!sandbox_layer_is_full(sandbox));
	text = told("head -c 3000000 /dev/zero >/tmp/zeros || true");
	ck_assert_msg(strstr(text, "No space left on device") != NULL, "%s", text);
	ck_assert(sandbox_layer_is_full(sandbox));
	close_it();
}
END_TEST

/* As it is in front of the sandbox; the caller frees it. */
static char *output_of(const char *command)
{
	FILE *pipe = popen(command, "re");
	char *text = must_alloc(1 << 16, 1);

	ck_assert_ptr_nonnull(pipe);
	text[fread(text, 1, (1 << 16) - 1, pipe)] = '\0';
	pclose(pipe);
	return text;
}

/* Folders of all kinds, what one may do in them, and what some have in them. */
static const char look[] =
	"for each in / /bin /etc /tmp /var /var/tmp /usr/lib /root /dev /dev/null /dev/pts "
	"/dev/shm "
	"/sys /sys/class /proc /run; do for may in r w x; do test -$may $each && echo $may $each; "
	"done; done; ls /usr/bin | cksum; cat /etc/passwd /etc/services | cksum; stat -f -c %T "
	"/proc "
	"/sys /dev; ls /proc/self | wc -l; ls / /var /usr";

START_TEST(machine_is_seen_as_it_is)
{
	autofree char *script =
		format("%s%s", look,
		       rootless ? "" : "; stat -c '%A %U %G %n' / /etc /root /tmp /run /dev/shm");
	autofree char *expected = output_of(script), *text = NULL;

	open_it();
	text = told(script);
	ck_assert_str_eq(text, expected);
	close_it();
}
END_TEST

/* ---- who it is ----------------------------------------------------------------------------- */

START_TEST(program_is_its_caller)
{
	autofree char *text = NULL, *expected = NULL;

	open_it();
	expected = format("%u %u %u\n", caller, caller, caller);
	text = told("touch /tmp/own; echo $(id -u) $(id -g) $(stat -c %u /tmp/own)");
	ck_assert_str_eq(text, expected);
	close_it();
}
END_TEST

static pid_t shell_as(const char *user, const char *script)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	return sandbox_start(
		sandbox, (struct sandbox_program){ .name = "server", .argv = argv, .user = user });
}

START_TEST(root_may_become_another)
{
	autofree char *text = NULL;
	pid_t started;

	open_it();
	ck_assert(sandbox_has_layer(sandbox, &(const char *){ NULL }));
	started = shell_as("games", "echo $(id -un) $(id -gn) $USER $HOME >/dev/stdout; id -G");
	ck_assert_int_eq(next_event().status, 0);
	sandbox_end(sandbox, started);
	text = printed(started);
	ck_assert_str_eq(text, "games games games /usr/games\n60\n");
	close_it();
}
END_TEST

/* As servers do that drop privileges; the case may look into all of them. */
START_TEST(worker_of_another_user_can_be_looked_into)
{
	char path[64], target[64];
	pid_t started, pids[2];

	open_it();
	started =
		shell_as("root", "setpriv --reuid=33 --regid=33 --clear-groups sleep 1000; exit 0");
	while (sandbox_processes(sandbox, started, pids, 2) != 2 ||
	       strcmp(name_of(pids[1]), "sleep") != 0)
		;
	snprintf(path, sizeof(path), "/proc/%d/fd/0", pids[1]);
	ck_assert_msg(readlink(path, target, sizeof(target)) > 0, "%s: %s", path, strerror(errno));
	close_it();
}
END_TEST

/* ---- names --------------------------------------------------------------------------------- */

START_TEST(names_are_those_of_the_scene)
{
	autofree char *text = NULL;

	open_it();
	text = told(
		"getent ahostsv4 localhost | head -n 1; getent ahostsv4 client | head -n 1; "
		"getent ahostsv6 server | head -n 1; getent ahosts $(hostname) >/dev/null && "
		"echo itself; getent ahosts nowhere.example || echo nowhere; getent passwd root | "
		"cut -d : -f 1");
	ck_assert_ptr_nonnull(strstr(text, "127.0.0.1       STREAM localhost\n"));
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.1       STREAM client\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "2001:db8::2     STREAM server\nitself\nnowhere\nroot\n"));
	close_it();
}
END_TEST

/* ---- what it reaches ----------------------------------------------------------------------- */

START_TEST(low_port_can_be_listened_on)
{
	autofree char *text = NULL, *python = program_path("python3");

	if (!python)
		return;
	open_it();
	text = told(
		"python3 -c 'import socket; s = socket.socket(); s.bind((\"\", 80)); s.listen(); "
		"print(s.getsockname()[1])'");
	ck_assert_str_eq(text, "80\n");
	close_it();
}
END_TEST

/* A daemon of the machine's, by a socket in the file system: there, and reached only if let
 * through. */
START_TEST(socket_of_the_machine_is_reached_when_it_is_let_through)
{
	autofree char *inside = format("%s/inside", folder), *path = format("%s/socket", inside);
	autofree char *script = NULL, *text = NULL, *python = program_path("python3");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *write[] = { _i ? inside : NULL, NULL };
	autoclose int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!python)
		return;
	ck_assert_int_eq(mkdir(inside, 0777), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(sock, 1), 0);
	sandbox = sandbox_open((struct sandbox_options){ .net = net,
							 .host = SERVER,
							 .folder = folder,
							 .rootless = rootless,
							 .write = write });
	script = format("python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); "
			"print(s.connect_ex(\"%s\"))'",
			path);
	text = told(script);
	ck_assert_int_eq(atoi(text), _i ? 0 : ECONNREFUSED);
	close_it();
}
END_TEST

START_TEST(port_of_the_caller_is_reached)
{
	autofree char *port = format("%d", outside_port), *other = format("localhost:1");
	autofree char *script =
		format("for host in 127.0.0.1 [::1] localhost; do echo hello $host | socat - "
		       "TCP:$host:%s; done; echo x | socat - TCP:127.0.0.1:1 2>/dev/null; true",
		       port);
	char *forwards[] = { port, other, NULL };
	autofree char *text = NULL, *socat = program_path("socat");

	if (!socat)
		return;
	sandbox = sandbox_open((struct sandbox_options){ .net = net,
							 .host = SERVER,
							 .folder = folder,
							 .rootless = rootless,
							 .forwards = forwards,
							 .relay = relay });
	text = told(script);
	ck_assert_str_eq(text, "HELLO 127.0.0.1\nHELLO [::1]\nHELLO LOCALHOST\n");
	close_it();
}
END_TEST

/* ---- bad input ----------------------------------------------------------------------------- */

static const struct {
	const char *program, *cwd, *user, *said;
} problems[] = {
	{ .program = "nowhere-to-be-found",
	  .said = "cannot start nowhere-to-be-found: No such file or directory; install it, or "
		  "name it with its path" },
	{ .program = "./nowhere",
	  .said = "cannot start ./nowhere: No such file or directory; install it, or name it with "
		  "its path" },
	{ .program = "./plain",
	  .said = "cannot start ./plain: Permission denied; make it executable (chmod +x), and its "
		  "folders open to its user" },
	{ .program = "/etc", .said = "cannot start /etc: Is a directory; name the program in it" },
	{ .program = "sh",
	  .cwd = "/nowhere",
	  .said = "cannot enter the folder /nowhere to start sh in it: No such file or directory; "
		  "name one that is there and open to its user" },
	{ .program = "sh",
	  .user = "nosuchuser",
	  .said = "cannot start sh as the user nosuchuser: there is no such user; name one that "
		  "getent(1) knows" },
};

START_TEST(what_cannot_be_started_is_told_beforehand)
{
	char *argv[] = { (char *)problems[_i].program, NULL }, *why;
	struct sandbox_program program = { .argv = argv,
					   .cwd = problems[_i].cwd,
					   .user = problems[_i].user };

	plant("plain", "", 0644);
	if (!program.cwd)
		program.cwd = folder;
	why = sandbox_problem(&program);
	ck_assert_str_eq(why, problems[_i].said);
	free(why);
	argv[0] = "sh";
	program.cwd = program.user = NULL;
	ck_assert_ptr_null(sandbox_problem(&program));
}
END_TEST

static void expect_ending(enum ending ending, const char *text, void *context)
{
	ck_assert_int_eq(ending, BROKEN);
	ck_assert_str_eq(text, context);
	_exit(0);
}

static void start_in_vain(struct sandbox_program program, const char *said)
{
	open_it();
	on_ending(expect_ending, (void *)said);
	program.name = "server";
	sandbox_start(sandbox, program);
	ck_abort_msg("it was started");
}

START_TEST(what_is_none_is_an_error_of_the_run)
{
	char *argv[] = { "./none", NULL };

	plant("none", "#!/nowhere/sh\n", 0755);
	start_in_vain(
		(struct sandbox_program){ .argv = argv, .cwd = folder },
		"cannot start ./none: No such file or directory; install the interpreter that "
		"its first line names");
}
END_TEST

START_TEST(hook_that_fails_is_told)
{
	char *argv[] = { "sh", NULL };
	int error = EBUSY;

	start_in_vain(
		(struct sandbox_program){ .argv = argv, .before_exec = hook, .context = &error },
		"cannot prepare what looks into sh: Device or resource busy");
}
END_TEST

/* ---- the suite ----------------------------------------------------------------------------- */

static void add_tests(TCase *tcase)
{
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, end_of_the_main_process_is_told_with_its_status);
	tcase_add_test(tcase, daemon_is_followed);
	tcase_add_test(tcase, nothing_is_left_when_it_is_closed);
	tcase_add_test(tcase, worker_that_dies_is_told_and_not_taken_for_the_server);
	tcase_add_test(tcase, program_that_forks_for_ever_is_ended);
	tcase_add_test(tcase, output_is_bounded_and_nobody_waits_for_us);
	tcase_add_test(tcase, short_output_is_whole);
	tcase_add_test(tcase, program_has_what_its_caller_has);
	tcase_add_test(tcase, program_has_what_it_is_given);
	tcase_add_test(tcase, what_is_written_is_thrown_away);
	tcase_add_test(tcase, path_that_is_let_through_is_written);
	tcase_add_test(tcase, layer_that_is_full_is_told);
	tcase_add_test(tcase, machine_is_seen_as_it_is);
	tcase_add_test(tcase, program_is_its_caller);
	tcase_add_test(tcase, names_are_those_of_the_scene);
	tcase_add_test(tcase, low_port_can_be_listened_on);
	tcase_add_loop_test(tcase, socket_of_the_machine_is_reached_when_it_is_let_through, 0, 2);
	tcase_add_test(tcase, port_of_the_caller_is_reached);
	tcase_add_test(tcase, what_is_none_is_an_error_of_the_run);
	tcase_add_test(tcase, hook_that_fails_is_told);
}

static bool has_mappers(void)
{
	autofree char *users = program_path("newuidmap"), *groups = program_path("newgidmap");
	bool both = users && groups && is_there("/etc/subuid") && is_there("/etc/subgid");

	if (!both)
		printf("# no newuidmap, newgidmap, /etc/subuid or /etc/subgid here\n");
	return both;
}

static void add_case(Suite *suite, const char *name, void become(void), bool root)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, become, NULL);
	add_tests(tcase);
	if (root) {
		tcase_add_test(tcase, root_may_become_another);
		tcase_add_test(tcase, worker_of_another_user_can_be_looked_into);
	}
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *plain = tcase_create("plain");
	int status;

	if (!mkdtemp(top) || chmod(top, 0755))
		return 99;
	tcase_add_checked_fixture(plain, make_folder, NULL);
	tcase_add_loop_test(plain, what_cannot_be_started_is_told_beforehand, 0,
			    ARRAY_LENGTH(problems));
	suite_add_tcase(suite, plain);
	if (geteuid() == 0) {
		add_case(suite, "root", become_case, true);
		add_case(suite, "container", become_contained_case, true);
		if (has_mappers())
			add_case(suite, "range", become_ranged_case, true);
	}
	add_case(suite, "rootless", become_rootless_case, false);
	status = suite_run(suite);
	remove_all(top);
	return status;
}
