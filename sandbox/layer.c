/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layer.c: the machine's files as a program sees them, with a layer on top that takes what it
 * writes: an overlay of each file system, whose upper folders are in one tmpfs of limited size.
 *
 * Without privileges the kernel refuses an overlay of a folder in which something is mounted, as it
 * would show what is beneath (clone_private_mount(), has_locked_children()). Such a folder is made
 * anew, each of its own folders is an overlay, and so on down to what is mounted. Its files are
 * bound read-only; its sockets are left out, as an overlay's reach nobody either.
 */
#include "sandbox/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

struct layer {
	struct mounts *mounts;
	int files;         /* the tmpfs */
	unsigned overlays; /* so many so far */
	bool ordinary;
	int error; /* errno of the overlay that was refused; 0: none was */
};

/* Where it is to stand, in the tmpfs; the caller frees it. */
static char *target_of(const struct layer *layer, const char *path)
{
	return format("/proc/self/fd/%d/root%s", layer->files, path);
}

/* ---- folders ------------------------------------------------------------------------------- */

/* What this process, which is its caller as far as files go, may do there: of the owner's bits. */
static mode_t own_bits(const char *path)
{
	mode_t bits = 0;

	bits |= access(path, R_OK) == 0 ? S_IRUSR : 0;
	bits |= access(path, W_OK) == 0 ? S_IWUSR : 0;
	bits |= access(path, X_OK) == 0 ? S_IXUSR : 0;
	return bits;
}

/* A folder like the one at @path. Whose owner is nobody in here, it lets its caller do as much. */
static bool make_like(const char *folder, const char *path)
{
	struct stat about;
	mode_t mode;

	if (stat(path, &about) || (mkdir(folder, 0700) && errno != EEXIST))
		return false;
	mode = about.st_mode & 07777;
	if (chown(folder, about.st_uid, about.st_gid))
		mode = (mode & ~(mode_t)S_IRWXU) | own_bits(path);
	return chmod(folder, mode) == 0;
}

/*
 * An overlay copies a folder up before something is made in it, and each folder above. In a user
 * namespace that fails with EOVERFLOW where the owner is nobody in there. So in folders of others
 * those that one may write in, and the ways there, are in the layer from the beginning. They are
 * looked for in two levels, in which /var/lib/x is; and not among programs and documents.
 */
#define LEVELS 2

static bool is_folder_of_another(const char *path)
{
	struct stat about;

	return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid != geteuid();
}

/* Of the layer over @path, whose own folder is @upper: the way to a folder, as far as others' go.
 */
static void add_way(const char *upper, const char *path, const char *folder)
{
	size_t length = strlen(path);

	for (const char *end = folder + length; *end;) {
		end += 1 + strcspn(end + 1, "/");
		autofree char *from = format("%.*s", (int)(end - folder), folder);
		autofree char *to = format("%s%s", upper, from + length);

		if (!is_folder_of_another(from) || !make_like(to, from))
			return;
	}
}

static void add_writable(const char *upper, const char *path, const char *folder, int levels)
{
	DIR *entries = opendir(folder);

	for (const struct dirent *each; entries && (each = readdir(entries));) {
		autofree char *entry = format("%s/%s", folder, each->d_name);

		if ((each->d_type != DT_DIR && each->d_type != DT_UNKNOWN) ||
		    strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0)
			continue;
		if (access(entry, W_OK) == 0)
			add_way(upper, path, entry);
		if (levels > 1 && is_folder_of_another(entry))
			add_writable(upper, path, entry, levels - 1);
	}
	if (entries)
		closedir(entries);
}

/* The same around a folder that the caller is at home in. */
static void add_around(const char *upper, const char *path, const char *folder)
{
	size_t length = strlen(path);

	if (!folder || strncmp(folder, path, length) != 0 || folder[length] != '/')
		return;
	add_way(upper, path, folder);
	add_writable(upper, path, folder, LEVELS);
}

static void add_folders_of_others(const char *upper, const char *path)
{
	autofree char *here = getcwd(NULL, 0);

	if (strcmp(path, "/usr") != 0)
		add_writable(upper, path, path, LEVELS);
	add_around(upper, path, here);
	add_around(upper, path, getenv("HOME"));
}

/* ---- mounts -------------------------------------------------------------------------------- */

/* Of what is mounted there: what a program may not do with its files. */
static unsigned long flags_of(const char *path)
{
	struct statvfs about;
	unsigned long flags = 0;

	if (statvfs(path, &about))
		return 0;
	flags |= about.f_flag & ST_NOSUID ? MS_NOSUID : 0;
	flags |= about.f_flag & ST_NODEV ? MS_NODEV : 0;
	flags |= about.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
	return flags;
}

static bool overlay(struct layer *layer, const char *path)
{
	autofree char *target = target_of(layer, path), *upper = NULL, *work = NULL, *data = NULL;
	autoclose int lower = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	upper = format("/proc/self/fd/%d/upper%u", layer->files, layer->overlays);
	work = format("/proc/self/fd/%d/work%u", layer->files, layer->overlays++);
	/* A descriptor, as blanks and commas in a path would be taken for something else. */
	data = format("lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s%s", lower, upper, work,
		      layer->ordinary ? ",userxattr" : "");
	if (lower < 0 || !make_like(upper, path) || mkdir(work, 0700))
		return false;
	if (layer->ordinary)
		add_folders_of_others(upper, path);
	return mount("halfopen", target, "overlay", flags_of(path), data) == 0;
}

static bool bind_as_it_is(const struct layer *layer, const char *path)
{
	autofree char *target = target_of(layer, path);

	return mount(path, target, NULL, MS_BIND | MS_REC, NULL) == 0;
}

static bool bind_read_only(const struct layer *layer, const char *path)
{
	autofree char *target = target_of(layer, path);
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | flags_of(path);

	if (!bind_as_it_is(layer, path))
		return false;
	if (mount(NULL, target, NULL, flags, NULL) == 0)
		return true;
	umount2(target, MNT_DETACH);
	return false;
}

/* ---- the tree ------------------------------------------------------------------------------ */

static bool put_folder(struct layer *layer, const char *path);

static bool put_link(const struct layer *layer, const char *path)
{
	autofree char *target = target_of(layer, path);
	char text[PATH_MAX];
	ssize_t length = readlink(path, text, sizeof(text) - 1);

	if (length < 0)
		return false;
	text[length] = '\0';
	return symlink(text, target) == 0;
}

/* What cannot be read is there, and empty. */
static bool put_file(const struct layer *layer, const char *path)
{
	autofree char *target = target_of(layer, path);
	int file = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (file < 0)
		return false;
	close(file);
	(void)bind_read_only(layer, path);
	return true;
}

static bool put_entry(struct layer *layer, const char *path)
{
	struct stat about;

	if (lstat(path, &about))
		return true; /* it is gone already, or nobody may see it */
	switch (about.st_mode & S_IFMT) {
	case S_IFDIR:
		return put_folder(layer, path);
	case S_IFLNK:
		return put_link(layer, path);
	case S_IFREG:
		return put_file(layer, path);
	default:
		return true;
	}
}

/* A folder that is made anew, entry by entry. */
static bool compose(struct layer *layer, const char *path)
{
	DIR *entries = opendir(path);
	bool good = true;

	for (const struct dirent *each; good && entries && (each = readdir(entries));) {
		autofree char *entry =
			format("%s/%s", strcmp(path, "/") == 0 ? "" : path, each->d_name);

		if (strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0)
			good = put_entry(layer, entry);
	}
	if (entries)
		closedir(entries);
	return good;
}

/* What is mounted there as it is, or read-only where it cannot have a layer. */
static bool put_mount(struct layer *layer, struct mount *there)
{
	there->done = true;
	if (there->passes || there->read_only) {
		mounts_pass_below(layer->mounts, there->at);
		return bind_as_it_is(layer, there->at);
	}
	return overlay(layer, there->at) || bind_read_only(layer, there->at);
}

static bool put_folder(struct layer *layer, const char *path)
{
	autofree char *target = target_of(layer, path);
	struct mount *there = mount_at(layer->mounts, path);
	bool root = strcmp(path, "/") == 0, composed;

	if (!make_like(target, path))
		return false;
	if (there && !root && (there->passes || !mounts_below(layer->mounts, path)))
		return put_mount(layer, there);
	if (there)
		there->done = true;
	composed = mounts_below(layer->mounts, path) && layer->ordinary;
	if (!composed && overlay(layer, path))
		return true;
	layer->error = errno;
	if (!composed)
		return false;
	/* The root is to be a mount of its own: it is moved to where the machine's is. */
	if (root && mount(target, target, NULL, MS_BIND, NULL))
		return false;
	return compose(layer, path);
}

/* What is mounted in folders that have become overlays. */
static void put_the_rest(struct layer *layer)
{
	for (size_t i = 0; i < layer->mounts->count; i++) {
		/* Where neither is possible there is an empty folder. */
		if (!layer->mounts->all[i].done)
			(void)put_mount(layer, &layer->mounts->all[i]);
	}
}

/* ---- from outside -------------------------------------------------------------------------- */

int layer_make(struct making *making)
{
	struct layer layer = { .mounts = &making->mounts,
			       .files = making->files,
			       .ordinary = making->ordinary };
	bool good;

	snprintf(making->root, sizeof(making->root), "/proc/self/fd/%d/root", making->files);
	good = put_folder(&layer, "/");
	if (good)
		put_the_rest(&layer);
	else
		making->root[0] = '\0';
	return good ? 0 : layer.error ? layer.error : errno;
}
