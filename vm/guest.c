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
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
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

static void load_drivers(void)
{
	autofile FILE *list = fopen(GUEST_MODULES, "re");
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

/* ---- the run ------------------------------------------------------------------------------- */

struct request {
	double seconds;
	char *words[MOST_WORDS + 1];
};

static void read_request(struct request *request)
{
	autobytes struct bytes bytes = { 0 };

	if (!bytes_read(&bytes, GUEST_REQUEST))
		broken("cannot read " GUEST_REQUEST ": %s", strerror(errno));
	char *rest = format("%s", (char *)bytes.data);
	size_t count = 0;
	request->seconds = strtod(strsep(&rest, "\n"), NULL);
	request->words[count++] = "halfopen";
	for (char *word; count < MOST_WORDS && (word = strsep(&rest, "\n")) && *word;)
		request->words[count++] = word;
	request->words[count] = NULL;
}

static pid_t start_run(char **words)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	int output = open(GUEST_OUTPUT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv("/usr/bin/halfopen", words);
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
	pid_t child = start_run(request->words);
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
	load_drivers();
	status_port = open_port(PORT_STATUS);
	if (status_port < 0)
		broken("this kernel has no driver 'virtio_console' (or virtio_pci)");
	check_drivers();
	read_request(&request);
	wait_for_first_seconds();
	dprintf(status_port, "began\n");
	hand_back(run(&request));
	switch_off();
}
