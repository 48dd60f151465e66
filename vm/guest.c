/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest: the first process of a guest. It makes the file systems that programs expect, loads the
 * drivers, runs this program with what was asked for, hands back what that wrote, and switches
 * the machine off. While the arguments run nothing leaves the guest: that would cost it time.
 */
#include "vm/parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#define PORTS        "/sys/class/virtio-ports"
#define MOST_WORDS   4096
#define PORT_SECONDS 5

static int status_port = -1;

static _Noreturn void switch_off(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	_exit(EXIT_FAILURE);
}

/* broken() anywhere in this process: one line for the host, and the end. */
static void give_up(enum ending ending, const char *text, void *context)
{
	(void)ending;
	(void)context;
	if (status_port >= 0)
		dprintf(status_port, "\nerror %s\n", text);
	dprintf(STDOUT_FILENO, "halfopen: %s\n", text);
	switch_off();
}

bool guest_is_around(void)
{
	return access(GUEST_REQUEST, F_OK) == 0;
}

bool guest_is_here(void)
{
	return getpid() == 1 && guest_is_around();
}

/* ---- the machine --------------------------------------------------------------------------- */

static void mount_all(void)
{
	static const struct {
		const char *type, *at;
	} mounts[] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
		{ "tmpfs", "/tmp" }, { "tmpfs", "/run" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(mounts); i++)
		mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, NULL);
	(void)mkdir("/dev/shm", 01777);
	path_complete();
	setenv("HOME", "/root", 1);
}

static void take_console(void)
{
	int console = open("/dev/console", O_RDWR | O_CLOEXEC);

	for (int fd = 0; console >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(console, fd);
}

static void write_to(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		dprintf(STDERR_FILENO, "cannot write %s to %s: %s\n", text, path, strerror(errno));
}

/*
 * Without a random number generator of its CPU the kernel has too little to begin with, and the
 * first who asks for random numbers works for a second of the guest's clock to make some
 * (try_to_generate_entropy()). What the boot has brought is enough for a test.
 */
static void take_random_numbers_for_ready(void)
{
	autoclose int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);
	int bits = 256;

	if (fd < 0 || ioctl(fd, RNDADDTOENTCNT, &bits) < 0)
		dprintf(STDERR_FILENO, "cannot credit the kernel's random numbers: %s\n",
			strerror(errno));
}

/*
 * Where the clock still has no whole second, the kernel takes the second in which a timestamp came
 * for none (ts_recent_stamp 0: no PAWS). The clock leaps over the wait.
 */
static void wait_for_first_seconds(void)
{
	struct timespec begin = { .tv_sec = 2 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &begin, NULL) == EINTR)
		;
}

static void load_drivers(const char *listed)
{
	autofile FILE *list = fopen(listed, "re");
	autofree char *path = NULL;
	size_t room = 0;

	while (list && getline(&path, &room, list) > 0) {
		path[strcspn(path, "\n")] = '\0';
		autoclose int module = open(path, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, module, "", 0) < 0 && errno != EEXIST)
			dprintf(STDERR_FILENO, "cannot load %s: %s\n", path, strerror(errno));
	}
}

/* ---- ports --------------------------------------------------------------------------------- */

static int try_port(const char *wanted)
{
	DIR *listing = opendir(PORTS);
	int fd = -1;

	for (const struct dirent *each; fd < 0 && listing && (each = readdir(listing));) {
		autofree char *path = format(PORTS "/%s/name", each->d_name);
		autofree char *device = format("/dev/%s", each->d_name);
		autofile FILE *file = fopen(path, "re");
		char name[64] = "";

		if (file && fgets(name, sizeof(name), file)) {
			name[strcspn(name, "\n")] = '\0';
			if (strcmp(name, wanted) == 0)
				fd = open(device, O_WRONLY | O_CLOEXEC);
		}
	}
	if (listing)
		closedir(listing);
	return fd;
}

/* The host names its ports a moment after the driver is there. */
static int open_port(const char *name)
{
	struct deadline deadline = deadline_in(SEC(PORT_SECONDS));
	int fd;

	while ((fd = try_port(name)) < 0 && !deadline_passed(&deadline))
		(void)await_events(NULL, 0, MSEC(10));
	return fd;
}

/* ---- what cases need ----------------------------------------------------------------------- */

static bool has_socket(int family, int type, int protocol)
{
	autoclose int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	return fd >= 0;
}

/* The drivers of a kernel with everything built in are known only from inside. */
static void check_drivers(void)
{
	if (!has_socket(AF_PACKET, SOCK_RAW, 0))
		broken("this kernel has no driver 'af_packet'");
	if (!has_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG))
		broken("this kernel has no driver 'inet_diag'");
	if (!has_socket(AF_INET, SOCK_STREAM, 0))
		broken("this kernel has no TCP");
	if (access("/proc/self/ns/net", F_OK) < 0)
		broken("this kernel has no network namespaces");
}

/* ---- files of the host --------------------------------------------------------------------- */

#define CARGO_ROOT "/machine"

static _Noreturn void no_cargo(const char *what)
{
	broken("this kernel cannot %s, which it needs to show a program its machine's files: %s",
	       what, strerror(errno));
}

/* A loop device is the file's as long as it is open, or mounted. */
static void mount_cargo(void)
{
	autoclose int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	autoclose int content = open(GUEST_CARGO, O_RDONLY | O_CLOEXEC);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	autofree char *path = format("/dev/loop%d", number);
	autoclose int device = open(path, O_RDONLY | O_CLOEXEC);

	if (ioctl(device, LOOP_SET_FD, content) < 0)
		no_cargo("make a loop device (driver 'loop')");
	(void)mkdir(CARGO_ROOT, 0755);
	if (mount(path, CARGO_ROOT, "squashfs", MS_RDONLY, NULL) < 0)
		no_cargo("mount squashfs (driver 'squashfs', with LZ4)");
}

static void move_into_root(const char *path)
{
	autofree char *to = format(CARGO_ROOT "%s", path);

	if (mount(path, to, NULL, MS_MOVE, NULL) < 0)
		no_cargo("move what is mounted");
}

/* This program needs a place for its temporary files, and there may be some of the machine's. */
static void make_tmp_writable(void)
{
	(void)mkdir("/run/upper", 01777);
	(void)chmod("/run/upper", 01777);
	(void)mkdir("/run/work", 0700);
	if (mount("halfopen", CARGO_ROOT "/tmp", "overlay", 0,
		  "lowerdir=" CARGO_ROOT "/tmp,upperdir=/run/upper,workdir=/run/work") < 0)
		no_cargo("mount an overlay (driver 'overlay')");
}

/* What udev makes elsewhere, and the kernel does not. */
static void complete_devices(void)
{
	static const struct {
		const char *at, *to;
	} links[] = {
		{ "/dev/fd", "/proc/self/fd" },
		{ "/dev/stdin", "/proc/self/fd/0" },
		{ "/dev/stdout", "/proc/self/fd/1" },
		{ "/dev/stderr", "/proc/self/fd/2" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(links); i++)
		(void)symlink(links[i].to, links[i].at);
	(void)chmod("/dev/shm", 01777); /* whatever the umask was */
	(void)mkdir("/dev/pts", 0755);
	mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666,mode=0620,gid=5");
}

/*
 * The cargo takes the place of the guest's own files, of which it keeps what it was asked for. It
 * is read-only, and what a program writes goes to the layer of its sandbox.
 */
static void enter_cargo(void)
{
	load_drivers(GUEST_CARGO_MODULES);
	mount_cargo();
	if (mount("tmpfs", CARGO_ROOT GUEST_FOLDER, "tmpfs", 0, NULL) < 0 ||
	    mount(GUEST_OWN, CARGO_ROOT GUEST_OWN, NULL, MS_BIND, NULL) < 0)
		no_cargo("mount a tmpfs");
	make_tmp_writable();
	complete_devices();
	move_into_root("/dev");
	move_into_root("/proc");
	move_into_root("/sys");
	if (chdir(CARGO_ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		no_cargo("move the root");
}

/* ---- the run ------------------------------------------------------------------------------- */

struct request {
	double seconds;
	char *words[MOST_WORDS + 1];
	int program; /* a descriptor of this one */
	/* With a cargo, of who asks; else nothing. */
	bool has_caller;
	const char *folder;
	mode_t umask;
	struct rlimit limits[RLIM_NLIMITS];
	char *environment[MOST_WORDS + 1];
};

/* The texts of GUEST_REQUEST, one after the other; "" behind the last. */
struct texts {
	char *at, *end;
};

static char *next_text(struct texts *texts)
{
	char *text = texts->at;

	if (text >= texts->end)
		return texts->end; /* bytes_read() has put a zero there */
	texts->at += strlen(text) + 1;
	return text;
}

static void read_caller(struct request *request, struct texts *texts)
{
	const char *name;
	size_t count = 0;

	request->has_caller = true;
	request->folder = next_text(texts);
	name = next_text(texts);
	(void)sethostname(name, strlen(name));
	request->umask = (mode_t)strtoul(next_text(texts), NULL, 8);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		char *rest = next_text(texts);

		request->limits[i].rlim_cur = strtoull(rest, &rest, 10);
		request->limits[i].rlim_max = strtoull(rest, NULL, 10);
	}
	while (texts->at < texts->end && count < MOST_WORDS)
		request->environment[count++] = next_text(texts);
}

static void read_request(struct request *request)
{
	struct bytes bytes; /* it stays: the request is made of it */

	if (!bytes_read(&bytes, GUEST_REQUEST))
		broken("cannot read " GUEST_REQUEST ": %s", strerror(errno));
	struct texts texts = { (char *)bytes.data, (char *)bytes.data + bytes.size };
	request->seconds = strtod(next_text(&texts), NULL);
	size_t count = strtoul(next_text(&texts), NULL, 10);
	request->words[0] = "halfopen";
	for (size_t i = 1; i <= count && i < MOST_WORDS; i++)
		request->words[i] = next_text(&texts);
	if (texts.at < texts.end)
		read_caller(request, &texts);
}

/* Limits that the guest's kernel does not have stay as they are. */
static void become_caller(const struct request *request)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		(void)setrlimit((__rlimit_resource_t)i, &request->limits[i]);
	umask(request->umask);
	if (chdir(request->folder) < 0)
		(void)!chdir("/");
}

static pid_t start_run(struct request *request)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	int output = open(GUEST_OUTPUT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	if (request->has_caller)
		become_caller(request);
	fexecve(request->program, request->words,
		request->has_caller ? request->environment : environ);
	_exit(127);
}

/*
 * For tests: with HALFOPEN_STEP_CLOCK=S on the kernel's command line, which comes here as a
 * variable, the guest's CLOCK_REALTIME is set forth and back by S seconds, ten times a second.
 */
static void step_clock(void)
{
	const char *word = getenv("HALFOPEN_STEP_CLOCK");
	time_t step = word ? (time_t)strtol(word, NULL, 10) : 0;

	if (!step || fork() != 0)
		return;
	for (;; step = -step) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		now.tv_sec += step;
		if (clock_settime(CLOCK_REALTIME, &now) < 0)
			_exit(EXIT_FAILURE);
		poll(NULL, 0, 100);
	}
}

/* Takes in whoever ended. True when it was @child, with its status. */
static bool reap(pid_t child, int *status)
{
	int each;

	for (pid_t pid; (pid = waitpid(-1, &each, WNOHANG)) > 0;)
		if (pid == child) {
			*status = each;
			return true;
		}
	return false;
}

static int run(struct request *request)
{
	nsec deadline = clock_now() + SEC(request->seconds);
	sigset_t children;
	int status;

	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	step_clock();
	pid_t child = start_run(request);
	if (child < 0)
		broken("cannot fork: %s", strerror(errno));
	while (!reap(child, &status)) {
		nsec left = deadline - clock_now();
		struct timespec span = { .tv_sec = left / SEC(1), .tv_nsec = left % SEC(1) };

		if (left <= 0)
			broken("it did not end within %.0f s on the guest's clock; "
			       "--timeout-multiplier gives it more",
			       request->seconds);
		sigtimedwait(&children, NULL, &span);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What is in use now. */
static long memory_used_kib(void)
{
	autofile FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long total = 0, available = 0;

	while (file && fgets(line, sizeof(line), file)) {
		(void)sscanf(line, "MemTotal: %ld", &total);
		(void)sscanf(line, "MemAvailable: %ld", &available);
	}
	return total - available;
}

static void hand_back(int status)
{
	int port = open_port(PORT_ARTIFACTS);

	if (port < 0)
		broken("this guest has no port " PORT_ARTIFACTS);
	if (!tar_write(GUEST_FOLDER, port))
		broken("it could not hand back what it wrote");
	close(port);
	dprintf(status_port, "\nended %d %ld\n", status, memory_used_kib());
}

_Noreturn void guest_main(void)
{
	static struct request request;

	mount_all();
	take_console();
	on_ending(give_up, NULL);
	/* A process that the kernel kills for want of memory is no verdict about a case. */
	write_to("/proc/sys/vm/panic_on_oom", "1");
	take_random_numbers_for_ready();
	load_drivers(GUEST_MODULES);
	status_port = open_port(PORT_STATUS);
	if (status_port < 0)
		broken("this kernel has no driver 'virtio_console' (or virtio_pci)");
	check_drivers();
	request.program = open("/usr/bin/halfopen", O_RDONLY | O_CLOEXEC);
	if (access(GUEST_CARGO, F_OK) == 0)
		enter_cargo();
	read_request(&request);
	wait_for_first_seconds();
	dprintf(status_port, "began\n");
	hand_back(run(&request));
	switch_off();
}
