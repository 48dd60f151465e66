/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image: what the guest has in RAM: this program, ip, tc and what a case names, with the shared
 * libraries they need, and the kernel's drivers. Nothing is read from the host while cases run:
 * in virtual time the guest's clock would jump meanwhile.
 *
 * The initramfs is three cpio archives one behind the other: the programs (cached by what they
 * hold), the drivers (cached by the kernel), and what is asked for. All are reproducible.
 */
#include "vm/parts.h"

#include "base/caller.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define IMAGES      "images"
#define MOST_IMAGES 16

/* What the guest has besides programs; what is not there is left out. */
const char *const tables_of_programs[] = { "/usr/lib/tc",         "/lib/tc",
					   "/usr/lib64/tc",       "/etc/iproute2",
					   "/usr/share/iproute2", NULL };
static const char *const programs[] = { "ip", "tc" };

/* What programs load when they run, and ldd does not know of. */
static const struct {
	const char *program, *path;
} loaded[] = {
	{ "apache2", "/usr/lib/apache2/modules/mod_authz_core.so" },
	{ "apache2", "/usr/lib/apache2/modules/mod_mpm_event.so" },
};

/* ---- files in their order ------------------------------------------------------------------ */

struct file {
	char *path; /* in the guest */
	mode_t mode;
	struct bytes bytes; /* or the target of a symbolic link */
};

struct tree {
	struct file *files;
	size_t count;
};

static bool tree_has(const struct tree *tree, const char *path)
{
	for (size_t i = 0; i < tree->count; i++)
		if (strcmp(tree->files[i].path, path) == 0)
			return true;
	return false;
}

/* Takes @bytes. */
static void add(struct tree *tree, const char *path, mode_t mode, struct bytes bytes)
{
	tree->files = must_realloc(tree->files, tree->count + 1, sizeof(*tree->files));
	tree->files[tree->count++] =
		(struct file){ .path = format("%s", path), .mode = mode, .bytes = bytes };
}

/* The folder and those above it. The root's own mode matters to users other than root. */
static void add_folder(struct tree *tree, const char *path)
{
	autofree char *part = format("%s", path);

	for (char *end = strchr(part + 1, '/'); end; end = strchr(end + 1, '/')) {
		*end = '\0';
		if (!tree_has(tree, part))
			add(tree, part, S_IFDIR | 0755, (struct bytes){ 0 });
		*end = '/';
	}
	if (!tree_has(tree, path))
		add(tree, path, S_IFDIR | 0755, (struct bytes){ 0 });
}

static void add_parents(struct tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *folder = format("%.*s", (int)(slash - path), path);

	if (slash > path)
		add_folder(tree, folder);
}

static void add_text(struct tree *tree, const char *path, const char *text)
{
	add_parents(tree, path);
	add(tree, path, S_IFREG | 0644,
	    (struct bytes){ .data = (uint8_t *)format("%s", text), .size = strlen(text) });
}

static void add_link(struct tree *tree, const char *path, const char *target)
{
	add_parents(tree, path);
	add(tree, path, S_IFLNK | 0777,
	    (struct bytes){ .data = (uint8_t *)format("%s", target), .size = strlen(target) });
}

static char *add_copy(struct tree *tree, const char *path, const char *from)
{
	struct bytes bytes;
	struct stat about;

	if (tree_has(tree, path))
		return NULL;
	if (stat(from, &about) < 0 || !bytes_read(&bytes, from))
		return format("cannot read %s: %s", from, strerror(errno));
	add_parents(tree, path);
	add(tree, path, S_IFREG | (about.st_mode & 0111 ? 0755 : 0644), bytes);
	return NULL;
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

static char *add_all_below(struct tree *tree, const char *folder)
{
	char *paths[] = { (char *)folder, NULL }, *problem = NULL;
	FTS *files = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);

	for (const FTSENT *entry; files && !problem && (entry = fts_read(files));)
		if (entry->fts_info == FTS_F)
			problem = add_copy(tree, entry->fts_path, entry->fts_path);
	if (files)
		fts_close(files);
	return problem;
}

static void tree_free(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->files[i].path);
		bytes_free(&tree->files[i].bytes);
	}
	free(tree->files);
}

/* ---- cpio ---------------------------------------------------------------------------------- */

static la_ssize_t append(struct archive *archive, void *context, const void *data, size_t size)
{
	struct bytes *bytes = context;

	(void)archive;
	bytes->data = must_realloc(bytes->data, bytes->size + size, 1);
	memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
	return (la_ssize_t)size;
}

static bool write_file(struct archive *archive, const struct file *file, size_t number)
{
	struct archive_entry *entry = archive_entry_new();
	bool good;

	archive_entry_copy_pathname(entry, file->path + 1);
	archive_entry_set_mode(entry, file->mode);
	archive_entry_set_nlink(entry, 1);
	archive_entry_set_ino(entry, (la_int64_t)number);
	archive_entry_set_size(entry, S_ISREG(file->mode) ? (la_int64_t)file->bytes.size : 0);
	if (S_ISLNK(file->mode))
		archive_entry_copy_symlink(entry, (const char *)file->bytes.data);
	good = archive_write_header(archive, entry) == ARCHIVE_OK;
	if (good && S_ISREG(file->mode))
		good = archive_write_data(archive, file->bytes.data, file->bytes.size) ==
		       (la_ssize_t)file->bytes.size;
	archive_entry_free(entry);
	return good;
}

static struct bytes cpio_of(const struct tree *tree)
{
	struct archive *archive = archive_write_new();
	struct bytes bytes = { 0 };
	bool good;

	archive_write_set_format_cpio_newc(archive);
	archive_write_set_bytes_per_block(archive, 1 << 20);
	archive_write_set_bytes_in_last_block(archive, 512);
	good = archive_write_open(archive, &bytes, NULL, append, NULL) == ARCHIVE_OK;
	for (size_t i = 0; good && i < tree->count; i++) {
		good = write_file(archive, &tree->files[i], i + 1);
		if (!good)
			broken("cannot put %s into a cpio archive: %s", tree->files[i].path,
			       archive_error_string(archive));
	}
	if (!good || archive_write_close(archive) != ARCHIVE_OK)
		broken("cannot make a cpio archive: %s", archive_error_string(archive));
	archive_write_free(archive);
	return bytes;
}

/* ---- programs ------------------------------------------------------------------------------ */

/*
 * In a folder where every loader looks, and at its own path a link: so it is found, too, where here
 * LD_LIBRARY_PATH, the program itself or the loader's cache tell of a folder.
 */
static char *add_library(struct tree *tree, const struct library *library)
{
	autofree char *common = format("/usr/lib/%s", library->name ? library->name : "");
	autofree char *common64 = format("/usr/lib64/%s", library->name ? library->name : "");

	if (tree_has(tree, library->path))
		return NULL;
	/* The loader itself, or another one of the same name. */
	if (!library->name || tree_has(tree, common))
		return add_copy(tree, library->path, library->path);
	if (strcmp(library->path, common) != 0)
		add_link(tree, library->path, common);
	if (!tree_has(tree, common64))
		add_link(tree, common64, common);
	return add_copy(tree, common, library->path);
}

/* The program, at @to, with its libraries. */
static char *add_program(struct tree *tree, const char *from, const char *to)
{
	autofree char *real = realpath(from, NULL);
	struct libraries libraries = { 0 };
	char *problem;

	if (!real)
		return format("cannot find %s: %s", from, strerror(errno));
	problem = libraries_of(real, &libraries);
	for (size_t i = 0; !problem && i < libraries.count; i++)
		problem = add_library(tree, &libraries.all[i]);
	if (!problem)
		problem = add_copy(tree, to, real);
	libraries_free(&libraries);
	return problem;
}

/* With what it loads. */
static char *add_found_program(struct tree *tree, const char *name, const char *found)
{
	autofree char *to = format("/usr/bin/%s", name);
	char *problem = add_program(tree, found, to);

	for (size_t i = 0; !problem && i < ARRAY_LENGTH(loaded); i++)
		if (strcmp(loaded[i].program, name) == 0 && access(loaded[i].path, R_OK) == 0)
			problem = add_program(tree, loaded[i].path, loaded[i].path);
	return problem;
}

static char *add_needed_program(struct tree *tree, const char *name)
{
	autofree char *found = program_path(name);

	return found ? add_found_program(tree, name, found)
		     : format("no program %s here: install iproute2", name);
}

/* One that cases need. Without it they are skipped there. */
static void add_wanted_program(struct tree *tree, const char *name)
{
	autofree char *found = program_path(name), *problem = NULL;

	if (found)
		problem = add_found_program(tree, name, found);
	if (problem)
		fprintf(stderr, "halfopen: no %s in the machine: %s\n", name, problem);
}

static void add_skeleton(struct tree *tree)
{
	static const char *const folders[] = { "/dev", "/proc", "/sys", "/tmp",
					       "/run", "/root", "/var", GUEST_FOLDER };

	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
		add_folder(tree, folders[i]);
	add_link(tree, "/var/run", "/run");
	add_link(tree, "/init", "/usr/bin/halfopen");
	add_text(tree, "/etc/passwd",
		 "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
	add_text(tree, "/etc/group", "root:x:0:\nnogroup:x:65534:\n");
}

static char *add_everything(struct tree *tree, char *const *more)
{
	char *problem;

	add_skeleton(tree);
	problem = add_program(tree, "/proc/self/exe", "/usr/bin/halfopen");
	if (!problem)
		problem = add_program(tree, "/bin/sh", "/bin/sh");
	for (size_t i = 0; !problem && i < ARRAY_LENGTH(programs); i++)
		problem = add_needed_program(tree, programs[i]);
	for (char *const *each = more; !problem && each && *each; each++)
		add_wanted_program(tree, *each);
	for (size_t i = 0; !problem && tables_of_programs[i]; i++)
		if (access(tables_of_programs[i], R_OK) == 0)
			problem = add_all_below(tree, tables_of_programs[i]);
	return problem;
}

/* ---- what is cached ------------------------------------------------------------------------ */

static char *sum_of_tree(const struct tree *tree)
{
	struct sum *sum = sum_begin();

	for (size_t i = 0; i < tree->count; i++) {
		const struct file *file = &tree->files[i];

		sum_add_text(sum, file->path);
		sum_add(sum, &file->mode, sizeof(file->mode));
		sum_add(sum, &file->bytes.size, sizeof(file->bytes.size));
		sum_add(sum, file->bytes.data, file->bytes.size);
	}
	return sum_end(sum);
}

/* The path of the programs' archive, made if it is not there. */
static char *programs_image(char *const *more, const char *folder, char **path)
{
	struct tree tree = { 0 };
	char *problem = add_everything(&tree, more);

	if (!problem) {
		autofree char *sum = sum_of_tree(&tree);

		*path = format("%s/programs-%.32s.cpio", folder, sum);
		if (!cache_has(*path)) {
			autobytes struct bytes cpio = cpio_of(&tree);

			problem = cache_store(*path, &cpio);
			cache_prune(folder, "programs-", MOST_IMAGES);
		}
	}
	tree_free(&tree);
	return problem;
}

static struct bytes drivers_archive(const struct unpacked *unpacked)
{
	struct tree tree = { 0 };
	struct text list = { 0 }, list_for_cargo = { 0 };

	for (size_t i = 0; i < unpacked->module_count; i++) {
		const struct module *module = &unpacked->modules[i];
		autofree char *path = format("/lib/halfopen/%s.ko", module->name);
		struct bytes object = { .data = must_alloc(module->object.size + 1, 1),
					.size = module->object.size };

		memcpy(object.data, module->object.data, object.size);
		add_parents(&tree, path);
		add(&tree, path, S_IFREG | 0644, object);
		text_add(module->of_cargo ? &list_for_cargo : &list, "%s\n", path);
	}
	autofree char *listed = text_take(&list), *listed_for_cargo = text_take(&list_for_cargo);
	add_text(&tree, GUEST_MODULES, listed);
	add_text(&tree, GUEST_CARGO_MODULES, listed_for_cargo);
	struct bytes cpio = cpio_of(&tree);
	tree_free(&tree);
	return cpio;
}

/* The kernel's image and its drivers' archive, made if they are not there. */
static char *kernel_images(const struct kernel *kernel, const char *folder, char **image,
			   char **archive)
{
	struct sum *sum = sum_begin();

	sum_add_text(sum, kernel->sum);
	unpack_identify(sum);
	autofree char *key = sum_end(sum);

	*image = format("%s/kernel-%.32s.image", folder, key);
	*archive = format("%s/drivers-%.32s.cpio", folder, key);
	if (cache_has(*image) && cache_has(*archive))
		return NULL;

	struct unpacked unpacked = { 0 };
	char *problem = kernel_unpack(kernel, &unpacked);
	if (problem)
		return problem;
	autobytes struct bytes cpio = drivers_archive(&unpacked);
	problem = cache_store(*image, &unpacked.image);
	if (!problem)
		problem = cache_store(*archive, &cpio);
	cache_prune(folder, "kernel-", MOST_IMAGES);
	cache_prune(folder, "drivers-", MOST_IMAGES);
	unpacked_free(&unpacked);
	return problem;
}

/* ---- what is booted ------------------------------------------------------------------------ */

/* How the arguments run on behalf of their caller. */
static void add_caller(struct text *request)
{
	const struct caller *caller = caller_remembered();
	autofree char *folder = getcwd(NULL, 0);
	char name[256] = "";

	(void)gethostname(name, sizeof(name) - 1);
	text_add(request, "%s%c%s%c%o%c", folder ? folder : "/", 0, name, 0, caller->umask, 0);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		text_add(request, "%ju %ju%c", (uintmax_t)caller->limits[i].rlim_cur,
			 (uintmax_t)caller->limits[i].rlim_max, 0);
	for (char *const *each = caller->environment; *each; each++)
		text_add(request, "%s%c", *each, 0);
}

/*
 * Texts, a zero behind each: the time that the guest gives it, how many arguments there are, the
 * arguments; and with a cargo what guest.c reads in read_caller().
 */
static struct bytes text_of_request(const struct machine_options *options)
{
	struct text request = { 0 };
	struct bytes bytes;
	size_t count = 0;

	while (options->arguments[count])
		count++;
	text_add(&request, "%.0f%c%zu%c", options->guest_seconds, 0, count, 0);
	for (size_t i = 0; i < count; i++)
		text_add(&request, "%s%c", options->arguments[i], 0);
	if (options->cargo)
		add_caller(&request);
	bytes.size = request.length;
	bytes.data = (uint8_t *)text_take(&request);
	return bytes;
}

static struct bytes image_of(const struct cargo *cargo)
{
	autofree char *path = format("/proc/self/fd/%d", cargo->image);
	struct bytes bytes;

	if (!bytes_read(&bytes, path))
		broken("cannot read what was packed for the guest: %s", strerror(errno));
	return bytes;
}

static struct bytes request_archive(const struct machine_options *options)
{
	struct tree tree = { 0 };

	add_folder(&tree, GUEST_OWN);
	add(&tree, GUEST_REQUEST, S_IFREG | 0644, text_of_request(options));
	if (options->cargo)
		add(&tree, GUEST_CARGO, S_IFREG | 0644, image_of(options->cargo));
	struct bytes cpio = cpio_of(&tree);
	tree_free(&tree);
	return cpio;
}

static bool append_to(int fd, const struct bytes *bytes)
{
	size_t done = 0;

	while (done < bytes->size) {
		ssize_t written = write(fd, bytes->data + done, bytes->size - done);

		if (written < 0 && errno != EINTR)
			return false;
		done += written > 0 ? (size_t)written : 0;
	}
	return true;
}

static bool append_file(int fd, const char *path)
{
	autobytes struct bytes bytes = { 0 };

	return bytes_read(&bytes, path) && append_to(fd, &bytes);
}

int initrd_make(const struct machine_options *options)
{
	autobytes struct bytes request = request_archive(options);
	int fd = memfd_create("initrd", MFD_CLOEXEC);

	if (fd >= 0 && append_file(fd, options->boot->programs) &&
	    append_file(fd, options->boot->drivers) && append_to(fd, &request))
		return fd;
	release_fd(&fd);
	return -1;
}

struct boot *boot_make(const struct kernel *kernel, char *const *more, char **why)
{
	struct boot *boot = must_alloc(1, sizeof(*boot));
	autofree char *folder = cache_folder(IMAGES, why);

	if (folder)
		*why = kernel_images(kernel, folder, &boot->kernel, &boot->drivers);
	if (!*why)
		*why = programs_image(more, folder, &boot->programs);
	if (!*why)
		return boot;
	boot_free(boot);
	return NULL;
}

void boot_free(struct boot *boot)
{
	if (!boot)
		return;
	free(boot->kernel);
	free(boot->programs);
	free(boot->drivers);
	free(boot);
}
