/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cargo: files of this machine for a guest, each where it is here, with the folders and links that
 * lead to it.
 */
#include "vm/parts.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <search.h>
#include <string.h>

/* As Linux follows them (MAXSYMLINKS). */
#define MOST_LINKS 40

/* The guest has its own of these. */
static const char *const guests_own[] = { "/proc", "/sys", "/dev", GUEST_FOLDER };

/* What programs need that they name to nobody, and who looks from outside needs of them. */
static const char *const always[] = {
	"/etc/passwd",
	"/etc/group",
	"/etc/nsswitch.conf",
	"/etc/hosts",
	"/etc/resolv.conf",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/etc/services",
	"/etc/protocols",
	"/tmp",
	"/var/tmp",
	"/run",
	"/run/lock",
	"/var/run",
	"/root",
};

/* ---- the set of them ------------------------------------------------------------------------ */

static int by_path(const void *one, const void *other)
{
	return strcmp(((const struct cargo_file *)one)->path,
		      ((const struct cargo_file *)other)->path);
}

static const struct cargo_file *find(const struct cargo *cargo, const char *path)
{
	const struct cargo_file key = { .path = (char *)path };
	const struct cargo_file *const *found = tfind(&key, &cargo->files, by_path);

	return found ? *found : NULL;
}

/* How much of it there is to be packed. */
static uint64_t content_of(const struct cargo_file *file)
{
	return cargo_file_has_content(file) ? (uint64_t)file->about.st_size : 0;
}

bool cargo_file_has_content(const struct cargo_file *file)
{
	return S_ISREG(file->about.st_mode) &&
	       (file->whole || file->about.st_size <= MOST_OF_LOOKED_AT);
}

/* Whether there is news: it was not there, or not whole. */
static bool put(struct cargo *cargo, const char *path, const struct stat *about, bool whole)
{
	struct cargo_file *file = (struct cargo_file *)find(cargo, path);
	bool news = !file || (whole && !file->whole);

	if (!file) {
		file = must_alloc(1, sizeof(*file));
		*file = (struct cargo_file){ .path = format("%s", path), .about = *about };
		if (!tsearch(file, &cargo->files, by_path))
			out_of_memory(1, sizeof(*file));
	} else {
		cargo->bytes -= content_of(file);
	}
	file->whole |= whole;
	cargo->bytes += content_of(file);
	return news;
}

static void forget(void *node)
{
	struct cargo_file *file = node;

	free(file->path);
	free(file);
}

/* ---- the way to one ---------------------------------------------------------------------------
 */

struct way {
	char at[PATH_MAX];   /* so far, without a link in it */
	char rest[PATH_MAX]; /* that is still to be gone */
	struct stat about;   /* of @at */
	unsigned links;
};

/* False: it is too long. */
static bool set(char room[PATH_MAX], const char *path)
{
	return snprintf(room, PATH_MAX, "%s", path) < PATH_MAX;
}

static bool is_guests_own(const char *path)
{
	for (size_t i = 0; i < ARRAY_LENGTH(guests_own); i++) {
		size_t length = strlen(guests_own[i]);

		if (strncmp(path, guests_own[i], length) == 0 &&
		    (path[length] == '\0' || path[length] == '/'))
			return true;
	}
	return false;
}

/* Takes the next name off @way->rest. False: there is none. */
static bool next_name(struct way *way, char name[NAME_MAX + 1])
{
	const char *begin = way->rest + strspn(way->rest, "/");
	size_t length = strcspn(begin, "/");

	if (length == 0 || length > NAME_MAX)
		return false;
	memcpy(name, begin, length);
	name[length] = '\0';
	memmove(way->rest, begin + length, strlen(begin + length) + 1);
	return true;
}

/* A link at @next: what it says comes before the rest. */
static bool follow(struct way *way, const char *next)
{
	char target[PATH_MAX];
	ssize_t length = readlink(next, target, sizeof(target) - 1);

	if (length <= 0 || ++way->links > MOST_LINKS)
		return false;
	target[length] = '\0';
	autofree char *rest = format("%s/%s", target, way->rest);
	if (target[0] == '/')
		way->at[0] = '\0';
	return set(way->rest, rest);
}

/* One name further. False: it ends here, as there is no such file. */
static bool step(struct cargo *cargo, struct way *way, const char *name)
{
	autofree char *next = format("%s/%s", way->at, name);
	char *slash = strrchr(way->at, '/');

	if (strcmp(name, ".") == 0)
		return true;
	if (strcmp(name, "..") == 0) {
		if (slash)
			*slash = '\0';
		return true;
	}
	if (is_guests_own(next) || lstat(next, &way->about))
		return false;
	put(cargo, next, &way->about, false);
	if (S_ISLNK(way->about.st_mode))
		return follow(way, next);
	return set(way->at, next);
}

static bool go(struct cargo *cargo, struct way *way, const char *path)
{
	char name[NAME_MAX + 1];

	*way = (struct way){ .rest = "" };
	if (*path != '/' || !set(way->rest, path))
		return false;
	while (next_name(way, name))
		if (!step(cargo, way, name))
			return false;
	return way->at[0] != '\0' && lstat(way->at, &way->about) == 0;
}

/* ---- what else it needs -----------------------------------------------------------------------
 */

static void take(struct cargo *cargo, const char *path, bool whole);

/* Of a script. */
static char *interpreter_of_script(const char *begin)
{
	const char *path = begin + strlen("#!");

	path += strspn(path, " \t");
	return format("%.*s", (int)strcspn(path, " \t\r\n"), path);
}

/* Of a dynamic program the loader; NULL: it has none. */
static char *loader_of(int file, const Elf64_Ehdr *header)
{
	for (unsigned i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr part;
		char path[PATH_MAX] = "";
		off_t at = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);

		if (pread(file, &part, sizeof(part), at) != sizeof(part) ||
		    part.p_type != PT_INTERP)
			continue;
		if (part.p_filesz < sizeof(path) &&
		    pread(file, path, part.p_filesz, (off_t)part.p_offset) > 0)
			return format("%s", path);
	}
	return NULL;
}

/* The kernel opens it by itself when the program is executed; NULL: it needs none. */
static char *interpreter_of(const char *path)
{
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	union {
		char text[PATH_MAX];
		Elf64_Ehdr header;
	} begin = { .text = "" };

	if (file < 0 || pread(file, begin.text, sizeof(begin.text) - 1, 0) < (ssize_t)SELFMAG)
		return NULL;
	if (strncmp(begin.text, "#!", 2) == 0)
		return interpreter_of_script(begin.text);
	if (memcmp(begin.text, ELFMAG, SELFMAG) == 0 &&
	    begin.header.e_ident[EI_CLASS] == ELFCLASS64)
		return loader_of(file, &begin.header);
	return NULL;
}

static void take_interpreter(struct cargo *cargo, const char *path)
{
	autofree char *interpreter = interpreter_of(path);

	if (interpreter)
		take(cargo, interpreter, true);
}

/* Whoever opens a folder sees what is in it. */
static void take_entries(struct cargo *cargo, const char *folder)
{
	DIR *entries = opendir(folder);

	for (const struct dirent *each; entries && (each = readdir(entries));) {
		autofree char *path = format("%s/%s", folder, each->d_name);

		if (strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0)
			take(cargo, path, false);
	}
	if (entries)
		closedir(entries);
}

static void take(struct cargo *cargo, const char *path, bool whole)
{
	struct way way;

	if (!go(cargo, &way, path) || !whole || !put(cargo, way.at, &way.about, true))
		return;
	if (S_ISDIR(way.about.st_mode))
		take_entries(cargo, way.at);
	else if (S_ISREG(way.about.st_mode) && way.about.st_mode & 0111)
		take_interpreter(cargo, way.at);
}

/* ---- what this program needs in the guest ------------------------------------------------------
 */

/* The program, where it is here, with its libraries. */
static char *take_program(struct cargo *cargo, const char *path)
{
	struct libraries libraries = { 0 };
	char *problem = libraries_of(path, &libraries);

	take(cargo, path, true);
	for (size_t i = 0; !problem && i < libraries.count; i++)
		take(cargo, libraries.all[i].path, true);
	libraries_free(&libraries);
	return problem;
}

static char *take_named_program(struct cargo *cargo, const char *name)
{
	autofree char *path = program_path(name);

	return path ? take_program(cargo, path)
		    : format("no program %s here: install iproute2", name);
}

/* A folder that need not be here; what leads to it is. */
static void put_folder(struct cargo *cargo, const char *path)
{
	const struct stat about = { .st_mode = S_IFDIR | 0755 };
	const char *slash = strrchr(path, '/');
	autofree char *parent = format("%.*s", (int)(slash - path), path);
	struct way way = { .at = "" };

	if (*parent && !go(cargo, &way, parent))
		return;
	autofree char *whole = format("%s%s", way.at, slash);
	put(cargo, whole, &about, false);
}

static char *take_own(struct cargo *cargo)
{
	static const char *const programs[] = { "sh", "ip", "tc" };
	autofree char *self = realpath("/proc/self/exe", NULL);
	char *problem = self ? take_program(cargo, self) : format("cannot find this program");

	for (size_t i = 0; !problem && i < ARRAY_LENGTH(programs); i++)
		problem = take_named_program(cargo, programs[i]);
	for (size_t i = 0; tables_of_programs[i]; i++)
		cargo_add(cargo, tables_of_programs[i], CARGO_ALL_BELOW);
	for (size_t i = 0; i < ARRAY_LENGTH(always); i++)
		take(cargo, always[i], false);
	for (size_t i = 0; i < ARRAY_LENGTH(guests_own); i++)
		put_folder(cargo, guests_own[i]);
	put_folder(cargo, GUEST_OWN);
	return problem;
}

/* ---- from outside ------------------------------------------------------------------------------
 */

struct cargo *cargo_begin(char **why)
{
	struct cargo *cargo = must_alloc(1, sizeof(*cargo));

	cargo->image = -1;
	*why = take_own(cargo);
	if (!*why)
		return cargo;
	cargo_free(cargo);
	return NULL;
}

static void take_tree(struct cargo *cargo, const char *path)
{
	char *paths[] = { (char *)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	for (const FTSENT *entry; tree && (entry = fts_read(tree));)
		if (entry->fts_info != FTS_DP)
			take(cargo, entry->fts_path, true);
	if (tree)
		fts_close(tree);
}

void cargo_add(struct cargo *cargo, const char *path, enum cargo_part part)
{
	take(cargo, path, part != CARGO_LOOKED_AT);
	if (part == CARGO_ALL_BELOW) {
		autofree char *real = realpath(path, NULL);

		if (real)
			take_tree(cargo, real);
	}
}

bool cargo_lacks(const struct cargo *cargo, const char *path, bool opened)
{
	autofree char *real = realpath(path, NULL);
	const struct cargo_file *file = real ? find(cargo, real) : NULL;

	if (!real || strcmp(real, "/") == 0 || is_guests_own(real))
		return false;
	return !file || (opened && S_ISREG(file->about.st_mode) && !cargo_file_has_content(file));
}

uint64_t cargo_bytes(const struct cargo *cargo)
{
	return cargo->bytes;
}

uint64_t cargo_packed_bytes(const struct cargo *cargo)
{
	struct stat about;

	return cargo->image >= 0 && fstat(cargo->image, &about) == 0 ? (uint64_t)about.st_size : 0;
}

static void list(const void *node, VISIT visit, void *context)
{
	const struct cargo_file *file = *(struct cargo_file *const *)node;
	struct cargo_list *all = context;

	if (visit != postorder && visit != leaf)
		return;
	all->files = GROWN(all->files, all->count);
	all->files[all->count++] = *file;
}

struct cargo_list cargo_list(const struct cargo *cargo)
{
	struct cargo_list all = { 0 };

	twalk_r(cargo->files, list, &all);
	return all;
}

void cargo_free(struct cargo *cargo)
{
	if (!cargo)
		return;
	tdestroy(cargo->files, forget);
	release_fd(&cargo->image);
	free(cargo);
}
