/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine: QEMU from its command line to what the guest left.
 *
 * -icount shift=0,sleep=off makes the guest's clock one nanosecond per instruction, and lets it
 * jump to the next timer when the guest idles. A higher shift makes the guest slower in its own
 * time and costs the same.
 */
#include "vm/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define QEMU        "qemu-system-x86_64"
#define CONSOLE     "console.txt"
#define LINES_TOLD  15
#define MOST_SAID   (1 << 20)
#define MEMORY_MB   512
#define KVM_SECONDS 10

/*
 * Left out of the kernel's start is what costs seconds under TCG and is nothing to TCP: a test of
 * a random number generator, and type information for congestion control in BPF.
 * nolapic: the APIC timer's calibration would wait busily, and one CPU needs no APIC.
 */
#define COMMAND_LINE                                                                               \
	"console=ttyS0 panic=-1 oops=panic quiet loglevel=3 net.ifnames=0 nokaslr "                \
	"mitigations=off random.trust_cpu=on random.trust_bootloader=on norandmaps "               \
	"init_on_alloc=0 init_on_free=0 audit=0 apparmor=0 selinux=0 cgroup_disable=memory "       \
	"initcall_blacklist=jent_mod_init,bpf_tcp_ca_kfunc_init,bpf_dummy_struct_ops_init "        \
	"rdinit=/usr/bin/halfopen"
/*
 * With cmpxchg16b (X86_FEATURE_CX16, 4 * 32 + 13) some stock kernels panic at boot under TCG. So
 * they do not hear of it, and programs that need it, as HAProxy, have it all the same.
 */
#define WITHOUT_CX16 " clearcpuid=141"
/*
 * The CPUs of an emulated machine take turns on the host's, so their clocks look as if they
 * differed: the kernel would find that out after some seconds and patch its own code, which TCG's
 * other threads may still run as it was (an oops of int3 in sched_clock_cpu()).
 */
#define EMULATED_COMMAND_LINE COMMAND_LINE " tsc=reliable" WITHOUT_CX16
#define VIRTUAL_COMMAND_LINE  COMMAND_LINE " tsc=reliable lpj=4000000 nolapic pci=nomsi" WITHOUT_CX16

struct machine {
	pid_t pid;
	int ended;             /* pidfd */
	int status, artifacts; /* what came out of the ports, in memory */
	int said;              /* by QEMU */
	char *console;
	nsec began, booted;
	struct deadline deadline;
	bool gone, overdue;
	int wait_status;
};

/* ---- the command line ---------------------------------------------------------------------- */

/* An option, and its value. */
#define add_pair(words, option, ...) (words_add(words, "%s", option), words_add(words, __VA_ARGS__))

/* In QEMU's options a comma in a value is written twice. */
static char *escaped(const char *value)
{
	char *text = must_alloc(2 * strlen(value) + 1, 1), *end = text;

	for (; *value; value++) {
		*end++ = *value;
		if (*value == ',')
			*end++ = ',';
	}
	return text;
}

static void add_port(struct words *words, const char *name, int fd)
{
	add_pair(words, "-chardev", "file,id=%s,path=/proc/self/fd/%d", name, fd);
	add_pair(words, "-device", "virtserialport,chardev=%s,name=%s", name, name);
}

/* HALFOPEN_APPEND has more words for the kernel, such as sysctl.net.ipv4.tcp_mem=... */
static void add_command_line(struct words *words, const char *command_line)
{
	const char *more = getenv("HALFOPEN_APPEND");

	add_pair(words, "-append", "%s%s%s", command_line, more ? " " : "", more ? more : "");
}

static void add_clock(struct words *words, const struct machine_options *options)
{
	if (options->clock == VIRTUAL_TIME) {
		add_pair(words, "-accel", "tcg");
		add_pair(words, "-icount", "shift=0,sleep=off");
		add_pair(words, "-smp", "1");
		add_pair(words, "-rtc", "base=2025-01-01T00:00:00,clock=vm");
		/* Without rdrand two runs have the same random numbers; TCG is slow at copying
		 * bytes with rep. */
		add_pair(words, "-cpu", "max,-la57,-rdrand,-rdseed,-erms,-fsrm");
		add_command_line(words, VIRTUAL_COMMAND_LINE);
		return;
	}
	bool kvm = options->clock == REAL_TIME_KVM;
	add_pair(words, "-accel", "%s", kvm ? "kvm" : "tcg,thread=multi");
	add_pair(words, "-smp", "%u", options->cpus ? options->cpus : 1);
	add_pair(words, "-cpu", "%s", kvm ? "host" : "max,-la57");
	add_command_line(words, kvm ? COMMAND_LINE : EMULATED_COMMAND_LINE);
}

/* The image is there twice while the guest boots, and its pages are where they are used. */
static unsigned memory_mb(const struct cargo *cargo)
{
	uint64_t more = cargo ? 2 * cargo_packed_bytes(cargo) + cargo_bytes(cargo) : 0;

	return MEMORY_MB + (unsigned)(more >> 20);
}

static void add_machine(struct words *words, const struct machine_options *options)
{
	add_pair(words, "-M", "pc");
	words_add(words, "-nodefaults");
	words_add(words, "-no-user-config");
	words_add(words, "-no-reboot");
	add_pair(words, "-display", "none");
	add_pair(words, "-m", "%u", memory_mb(options->cargo));
}

static void make_words(struct words *words, const struct machine *machine,
		       const struct machine_options *options, int initrd)
{
	autofree char *console = escaped(machine->console);

	add_machine(words, options);
	add_clock(words, options);
	add_pair(words, "-kernel", "%s", options->boot->kernel);
	add_pair(words, "-initrd", "/proc/self/fd/%d", initrd);
	add_pair(words, "-chardev", "file,id=console,path=%s", console);
	add_pair(words, "-serial", "chardev:console");
	add_pair(words, "-device", "virtio-serial-pci");
	add_port(words, PORT_STATUS, machine->status);
	add_port(words, PORT_ARTIFACTS, machine->artifacts);
}

/* ---- starting ------------------------------------------------------------------------------ */

char *machines_refused(void)
{
#ifdef __x86_64__
	autofree char *path = program_path(QEMU);

	return path ? NULL
		    : format("no " QEMU " here: install qemu-system-x86 (Debian, Arch), "
			     "qemu-system-x86-core (Fedora) or qemu-x86 (openSUSE)");
#else
	return format("the machines are x86-64, this halfopen is not");
#endif
}

static void keep_open(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

static _Noreturn void become_qemu(const struct machine *machine, int initrd, struct words *words)
{
	autoclose int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Ctrl-C is for the runner, which ends its machines itself. */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(nothing, STDIN_FILENO);
	dup2(machine->said, STDOUT_FILENO);
	dup2(machine->said, STDERR_FILENO);
	keep_open(machine->status);
	keep_open(machine->artifacts);
	keep_open(initrd);
	execv(words->all[0], words->all);
	dprintf(STDERR_FILENO, "cannot run " QEMU ": %s\n", strerror(errno));
	_exit(127);
}

static char *spawn(struct machine *machine, const struct machine_options *options)
{
	struct words words = { 0 };
	autoclose int initrd = initrd_make(options);
	autofree char *path = program_path(QEMU);
	char *refused = machines_refused();

	if (refused || !path)
		return refused;
	if (initrd < 0 || machine->status < 0 || machine->artifacts < 0 || machine->said < 0)
		return format("cannot put a machine's files into memory: %s", strerror(errno));
	words_add(&words, "%s", path);
	make_words(&words, machine, options, initrd);
	machine->began = clock_now();
	machine->deadline = deadline_in(SEC(options->wall_seconds));
	fflush(NULL);
	machine->pid = fork();
	if (machine->pid == 0)
		become_qemu(machine, initrd, &words);
	words_free(&words);
	if (machine->pid > 0)
		machine->ended = (int)syscall(SYS_pidfd_open, machine->pid, 0);
	return machine->pid > 0 ? NULL : format("cannot fork: %s", strerror(errno));
}

static struct machine *start_with(struct machine_options options, char **why)
{
	struct machine *machine = must_alloc(1, sizeof(*machine));

	machine->ended = -1;
	machine->status = memfd_create("status", MFD_CLOEXEC);
	machine->artifacts = memfd_create("artifacts", MFD_CLOEXEC);
	machine->said = memfd_create("qemu", MFD_CLOEXEC);
	machine->console = format("%s/" CONSOLE, options.folder);
	*why = spawn(machine, &options);
	if (!*why)
		return machine;
	machine_free(machine);
	return NULL;
}

/* A guest in KVM begins within a second or two, or does not. */
static bool begins_in_time(struct machine *machine)
{
	struct deadline deadline = deadline_in(SEC(KVM_SECONDS));
	struct pollfd ended = { .fd = machine->ended, .events = POLLIN };

	while (!machine->booted && !machine_ended(machine) && !deadline_passed(&deadline))
		(void)await_events(&ended, 1, MSEC(20));
	return machine->booted;
}

struct machine *machine_start(struct machine_options options, char **why)
{
	autofree char *no_kvm = options.clock == REAL_TIME ? kvm_refused() : NULL;
	struct machine *machine;

	if (options.clock != REAL_TIME || no_kvm)
		return start_with(options, why);
	options.clock = REAL_TIME_KVM;
	machine = start_with(options, why);
	if (!machine || begins_in_time(machine))
		return machine;
	fprintf(stderr, "halfopen: a kernel does not boot in this machine's KVM: emulating\n");
	machine_free(machine);
	options.clock = REAL_TIME;
	return start_with(options, why);
}

/* ---- while it runs ------------------------------------------------------------------------- */

int machine_descriptor(const struct machine *machine)
{
	return machine->ended;
}

bool machine_ended(struct machine *machine)
{
	struct stat about;

	if (machine->gone)
		return true;
	if (!machine->booted && fstat(machine->status, &about) == 0 && about.st_size > 0)
		machine->booted = clock_now();
	if (deadline_passed(&machine->deadline) && !machine->overdue) {
		machine->overdue = true;
		kill(machine->pid, SIGKILL);
	}
	machine->gone = waitpid(machine->pid, &machine->wait_status, WNOHANG) == machine->pid;
	return machine->gone;
}

void machine_free(struct machine *machine)
{
	if (!machine)
		return;
	if (machine->pid > 0 && !machine->gone) {
		kill(machine->pid, SIGKILL);
		waitpid(machine->pid, NULL, 0);
	}
	release_fd(&machine->ended);
	release_fd(&machine->status);
	release_fd(&machine->artifacts);
	release_fd(&machine->said);
	free(machine->console);
	free(machine);
}

/* ---- how it ended -------------------------------------------------------------------------- */

/* What a guest or QEMU says in a few lines; more than that nobody reads. */
static char *text_of(int fd)
{
	struct stat about;
	size_t size;
	char *text;
	ssize_t got;

	if (fstat(fd, &about) < 0)
		return format("%s", "");
	size = about.st_size < MOST_SAID ? (size_t)about.st_size : MOST_SAID;
	text = must_alloc(size + 1, 1);
	got = pread(fd, text, size, 0);
	text[got > 0 ? got : 0] = '\0';
	return text;
}

static char *file_text(const char *path)
{
	autobytes struct bytes bytes = { 0 };

	bytes_read(&bytes, path);
	return bytes_text(&bytes, 0);
}

/* The line of @text that holds @part, from there on; NULL: none. */
static char *line_with(const char *text, const char *part)
{
	const char *found = strstr(text, part);

	return found ? format("%.*s", (int)strcspn(found, "\r\n"), found) : NULL;
}

static char *last_lines(const char *text, unsigned most)
{
	const char *begin = text + strlen(text);

	while (begin > text && (begin[-1] != '\n' || most-- > 0))
		begin--;
	return format("%s", begin);
}

/* What the guest said last on its port: "ended STATUS KIB" or "error TEXT". */
static char *read_status(const struct machine *machine, struct machine_end *end)
{
	autofree char *text = text_of(machine->status);
	const char *ended = strstr(text, "\nended "), *error = strstr(text, "\nerror ");

	if (error)
		return format("%.*s", (int)strcspn(error + 7, "\n"), error + 7);
	if (ended && sscanf(ended, "\nended %d %ld", &end->status, &end->memory_kib) == 2)
		return NULL;
	return format("%s", "");
}

static char *how_it_died(const struct machine *machine, const char *console)
{
	autofree char *said = text_of(machine->said);
	char *told;

	if (machine->overdue)
		return format("it did not end within %.0f s on the wall; "
			      "--timeout-multiplier gives it more",
			      seconds(machine->deadline.span));
	if ((told = line_with(console, "halfopen: ")) ||
	    (told = line_with(console, "Kernel panic")))
		return told;
	if (*said)
		return format("QEMU: %.*s", (int)strcspn(said, "\n"), said);
	if (WIFSIGNALED(machine->wait_status))
		return format("QEMU was killed by signal %d (%s)", WTERMSIG(machine->wait_status),
			      strsignal(WTERMSIG(machine->wait_status)));
	return format("it went away and left no status");
}

struct machine_end machine_finish(struct machine *machine, const char *folder)
{
	struct machine_end end = { 0 };
	autofree char *console = file_text(machine->console);

	if (machine->booted)
		end.boot_seconds = seconds(machine->booted - machine->began);
	end.error = read_status(machine, &end);
	if (end.error && !*end.error) {
		free(end.error);
		end.error = how_it_died(machine, console);
	}
	if (!end.error) {
		lseek(machine->artifacts, 0, SEEK_SET);
		end.error = tar_read(machine->artifacts, folder);
	}
	if (end.error)
		end.report = last_lines(console, LINES_TOLD);
	return end;
}
