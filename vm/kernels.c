/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernels: the pinned ones and what of them is in the cache, and what --kernel means.
 */
#include "vm/parts.h"

#include "vm/fetch.sh.h"
#include "vm/kernels.tab.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- the table ----------------------------------------------------------------------------- */

enum { MOST_PINS = 32, COLUMNS = 6 };

static struct pin pins[MOST_PINS];
static size_t pin_count;

/* A row of kernels.tab; a version that was split has more than one. */
static void take_row(char **columns)
{
	struct pin *pin = pin_count ? &pins[pin_count - 1] : NULL;
	char *sums;

	if (!pin || strcmp(pin->version, columns[0]) != 0) {
		if (pin_count == MOST_PINS)
			broken("kernels.tab has more than %d kernels", MOST_PINS);
		pin = &pins[pin_count++];
		*pin = (struct pin){ .version = columns[0], .suite = columns[1], .sums = "" };
	}
	pin->size += strtoull(columns[4], NULL, 10);
	sums = format("%s%s%s", pin->sums, *pin->sums ? " " : "", columns[5]);
	if (*pin->sums)
		free((char *)pin->sums);
	pin->sums = sums;
}

static char *read_line(const char *path)
{
	autobytes struct bytes bytes = { 0 };

	if (!bytes_read(&bytes, path))
		return NULL;
	return format("%.*s", (int)strcspn((char *)bytes.data, "\n"), (char *)bytes.data);
}

static char *pin_folder(const struct pin *pin)
{
	char *why = NULL;
	autofree char *cache = cache_path(&why);

	free(why);
	return cache ? format("%s/kernels/%s", cache, pin->version) : NULL;
}

static void look_into_cache(struct pin *pin)
{
	autofree char *folder = pin_folder(pin);
	autofree char *sums = folder ? format("%s/SHA256SUMS", folder) : NULL;
	autofree char *version = folder ? format("%s/version", folder) : NULL;

	if (sums && access(sums, R_OK) == 0)
		pin->cached = read_line(version);
}

static void read_table(void)
{
	char *rest = format("%s", kernels_tab);

	for (char *line; (line = strsep(&rest, "\n"));) {
		char *columns[COLUMNS] = { 0 };
		int count = 0;

		for (char *word; count < COLUMNS && (word = strsep(&line, " "));)
			columns[count++] = word;
		if (*columns[0] != '#' && count == COLUMNS)
			take_row(columns);
	}
	for (size_t i = 0; i < pin_count; i++)
		look_into_cache(&pins[i]);
}

const struct pin *pins_all(size_t *count)
{
	if (pin_count == 0)
		read_table();
	*count = pin_count;
	return pins;
}

const struct pin *pin_find(const char *word)
{
	size_t count, length = strlen(word);
	const struct pin *all = pins_all(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].version, word) == 0 ||
		    (strncmp(all[i].version, word, length) == 0 && all[i].version[length] == '.' &&
		     strchr(word, '.')))
			return &all[i];
	return NULL;
}

/* ---- fetching and removing ----------------------------------------------------------------- */

/* fetch.sh reads the table on its standard input. */
static FILE *table_file(void)
{
	FILE *file = tmpfile();

	if (file && fputs(kernels_tab, file) >= 0 && fflush(file) == 0 &&
	    fseek(file, 0, SEEK_SET) == 0)
		return file;
	broken("cannot make a temporary file: %s", strerror(errno));
}

static _Noreturn void run_fetch(const char *cache, char *const *words, size_t count)
{
	autofile FILE *table = table_file();
	char **argv = must_alloc(count + 7, sizeof(*argv));
	size_t used = 0;

	argv[used++] = "sh";
	argv[used++] = "-c";
	argv[used++] = (char *)fetch_sh;
	argv[used++] = "fetch.sh";
	argv[used++] = (char *)cache;
	for (size_t i = 0; i < count; i++)
		argv[used++] = words[i];
	if (count == 0)
		argv[used++] = DEFAULT_SERIES;
	dup2(fileno(table), STDIN_FILENO);
	execv("/bin/sh", argv);
	broken("cannot run /bin/sh: %s", strerror(errno));
}

bool pins_fetch(char *const *words, size_t count)
{
	char *why = NULL;
	autofree char *cache = cache_path(&why);
	int status = 0;
	pid_t child;

	if (!cache) {
		fprintf(stderr, "halfopen: %s\n", why);
		free(why);
		return false;
	}
	fflush(NULL);
	child = fork();
	if (child == 0)
		run_fetch(cache, words, count);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		broken("cannot run fetch.sh: %s", strerror(errno));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

char *pin_remove(const struct pin *pin)
{
	autofree char *folder = pin_folder(pin);
	DIR *listing = folder ? opendir(folder) : NULL;
	bool good = true;

	for (const struct dirent *each; listing && (each = readdir(listing));) {
		autofree char *path = format("%s/%s", folder, each->d_name);

		if (each->d_name[0] != '.')
			good = unlink(path) == 0 && good;
	}
	if (listing)
		closedir(listing);
	if (!good || !listing || rmdir(folder) < 0)
		return format("cannot remove %s: %s", folder ? folder : pin->version,
			      strerror(errno));
	return NULL;
}

/* ---- what --kernel means ------------------------------------------------------------------- */

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	for (char **each = kernel->sources; each && *each; each++)
		free(*each);
	for (char **each = kernel->sums; each && *each; each++)
		free(*each);
	free(kernel->sources);
	free(kernel->sums);
	free(kernel->name);
	free(kernel->sum);
	free(kernel);
}

static char *pin_names(void)
{
	size_t count;
	const struct pin *all = pins_all(&count);
	struct text names = { 0 };

	for (size_t i = 0; i < count; i++)
		text_add(&names, "%s%s", i ? ", " : "", all[i].version);
	return text_take(&names);
}

/* The packages of a pin and their sums, from SHA256SUMS: "sum size file" lines. */
static struct kernel *kernel_of_pin(const struct pin *pin, char **why)
{
	autofree char *folder = pin_folder(pin);
	autofree char *list = folder ? format("%s/SHA256SUMS", folder) : NULL;
	autobytes struct bytes bytes = { 0 };
	struct kernel *kernel = NULL;
	size_t count = 0;
	char *rest;

	if (!pin->cached || !bytes_read(&bytes, list)) {
		*why = format("Linux %s is not in the cache: halfopen kernels fetch %s",
			      pin->version, pin->version);
		return NULL;
	}
	kernel = must_alloc(1, sizeof(*kernel));
	kernel->name = format("%s", pin->cached);
	kernel->pinned = true;
	kernel->sources = must_alloc(MOST_PINS, sizeof(*kernel->sources));
	kernel->sums = must_alloc(MOST_PINS, sizeof(*kernel->sums));
	rest = (char *)bytes.data;
	struct sum *sum = sum_begin();
	for (char *line; count + 1 < MOST_PINS && (line = strsep(&rest, "\n")) && *line;) {
		const char *file = strrchr(line, ' ');

		sum_add_text(sum, line);
		if (!file)
			continue;
		kernel->sums[count] = format("%.*s", (int)strcspn(line, " "), line);
		kernel->sources[count++] = format("%s/%s", folder, file + 1);
	}
	kernel->sum = sum_end(sum);
	if (kernel->sources[0])
		return kernel;
	*why = format("%s names no packages: `halfopen kernels remove %s` it and fetch it again",
		      list, pin->version);
	kernel_free(kernel);
	return NULL;
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

/* Of a folder, the names, sizes and times of its files stand for what they hold. */
static char *sum_of_folder(const char *path)
{
	char *paths[] = { (char *)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct sum *sum = sum_begin();

	for (const FTSENT *entry; tree && (entry = fts_read(tree));) {
		if (entry->fts_info != FTS_F)
			continue;
		sum_add_text(sum, entry->fts_path);
		sum_add(sum, &entry->fts_statp->st_size, sizeof(entry->fts_statp->st_size));
		sum_add(sum, &entry->fts_statp->st_mtim, sizeof(entry->fts_statp->st_mtim));
	}
	if (tree)
		fts_close(tree);
	return sum_end(sum);
}

static char *sum_of_path(const char *path)
{
	struct stat about;

	if (stat(path, &about) < 0)
		return NULL;
	return S_ISDIR(about.st_mode) ? sum_of_folder(path) : sum_of_file(path);
}

static struct kernel *kernel_at_path(const char *path, char **why)
{
	struct kernel *kernel = must_alloc(1, sizeof(*kernel));

	kernel->name = format("%s", path);
	kernel->sum = sum_of_path(path);
	kernel->sources = must_alloc(2, sizeof(*kernel->sources));
	kernel->sources[0] = format("%s", path);
	if (kernel->sum)
		return kernel;
	*why = format("--kernel %s: %s", path, strerror(errno));
	kernel_free(kernel);
	return NULL;
}

struct kernel *kernel_find(const char *word, char **why)
{
	const struct pin *pin = pin_find(strcmp(word, "vm") == 0 ? DEFAULT_SERIES : word);

	if (pin)
		return kernel_of_pin(pin, why);
	if (strchr(word, '/') || access(word, F_OK) == 0)
		return kernel_at_path(word, why);
	autofree char *names = pin_names();
	*why = format("no pinned kernel '%s': auto, host, vm, one of %s, or a path is allowed",
		      word, names);
	return NULL;
}
