/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay: plays inputs with a driver, without libFuzzer, and prints TAP: those that replay_DRIVER
 * is given, or all that are kept of the driver. Each has a process of its own, 10 s, and 512 MB.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { MOST_SECONDS = 10, MOST_KIB = 512 * 1024 };

/* A sanitizer has terabytes of addresses reserved. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ADDRESSES RLIM_INFINITY
#else
#define ADDRESSES ((rlim_t)4 << 30)
#endif

static struct input read_file(const char *path)
{
	autofile FILE *file = fopen(path, "re");
	struct stat about;
	uint8_t *bytes;

	if (!file || fstat(fileno(file), &about) < 0)
		broken("cannot read %s: %s", path, strerror(errno));
	/* just as long, so that what is read behind it is seen */
	bytes = malloc((size_t)about.st_size);
	if (fread(bytes, 1, (size_t)about.st_size, file) != (size_t)about.st_size)
		broken("cannot read %s: %s", path, strerror(errno));
	return (struct input){ bytes, (size_t)about.st_size };
}

static void play(const char *path, int output)
{
	struct input input = read_file(path);
	struct rlimit time = { MOST_SECONDS, MOST_SECONDS + 1 }, none = { 0, 0 };
	struct rlimit addresses = { ADDRESSES, ADDRESSES };

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_AS, &addresses);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	setrlimit(RLIMIT_CPU, &time);
	alarm(12 * MOST_SECONDS); /* it waits for something; a busy machine takes its own time */
	LLVMFuzzerTestOneInput(input.at, input.left);
	alarm(0);
	free((void *)input.at);
	exit(0);
}

/* NULL, or what was wrong; the caller frees it. */
static char *judge_end(int status, const struct rusage *used)
{
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGXCPU))
		return format("took more than %d s", MOST_SECONDS);
	if (WIFSIGNALED(status))
		return format("was ended by signal %d (%s)", WTERMSIG(status),
			      strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return format("ended with status %d", WEXITSTATUS(status));
	if (used->ru_maxrss > MOST_KIB)
		return format("took %ld MB of memory", used->ru_maxrss / 1024);
	return NULL;
}

/* What it printed last, as comments of TAP. */
static void print_output(FILE *output)
{
	char line[512];
	long length;

	fseek(output, 0, SEEK_END);
	length = ftell(output);
	fseek(output, length > 4000 ? length - 4000 : 0, SEEK_SET);
	while (fgets(line, sizeof(line), output))
		printf("# %.*s\n", (int)strcspn(line, "\n"), line);
}

/* What is wrong is told in comments. */
static bool play_file(const char *path)
{
	autofile FILE *output = tmpfile();
	struct rusage used;
	int status;
	pid_t child;

	if (!output)
		broken("cannot make a temporary file: %s", strerror(errno));
	fflush(stdout);
	child = fork();
	if (child == 0)
		play(path, fileno(output));
	if (child < 0 || wait4(child, &status, 0, &used) < 0)
		broken("cannot start a process: %s", strerror(errno));
	autofree char *problem = judge_end(status, &used);
	if (!problem)
		return true;
	printf("# %s %s\n", path, problem);
	print_output(output);
	return false;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool play_folder(const char *folder, int *played)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, by_name);
	bool good = true;

	for (int i = 0; i < count; i++) {
		autofree char *path = format("%s/%s", folder, names[i]->d_name);

		if (names[i]->d_name[0] != '.') {
			good = play_file(path) && good;
			++*played;
		}
		free(names[i]);
	}
	free((void *)names);
	return good;
}

/* "corpus/journal": where the sources are is of no interest. */
static const char *end_of(const char *path)
{
	const char *slashes[2] = { path, path };

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		slashes[0] = slashes[1];
		slashes[1] = slash + 1;
	}
	return slashes[0];
}

static bool play_all(int count, char **paths)
{
	bool good = true;

	for (int i = 0; i < count; i++) {
		int played = 0;
		struct stat about;
		bool folder = stat(paths[i], &about) == 0 && S_ISDIR(about.st_mode);
		bool fine = folder ? play_folder(paths[i], &played) : play_file(paths[i]);

		printf("%sok %d - %s", fine ? "" : "not ", i + 1, end_of(paths[i]));
		printf(folder ? ": %d inputs\n" : "\n", played);
		good = good && fine;
	}
	printf("1..%d\n", count);
	return good;
}

int main(int argc, char **argv)
{
	const char *source = getenv("top_srcdir");
	const char *driver = strrchr(program_invocation_short_name, '_') + 1;
	autofree char *corpus = format("%s/tests/fuzz/corpus/%s", source ? source : ".", driver);
	autofree char *crashers =
		format("%s/tests/fuzz/crashers/%s", source ? source : ".", driver);
	char *kept[] = { corpus, crashers };
	/* nothing may have crashed yet */
	int count = access(crashers, F_OK) == 0 ? 2 : 1;
	bool good = argc > 1 ? play_all(argc - 1, argv + 1) : play_all(count, kept);

	return good ? 0 : 1;
}
