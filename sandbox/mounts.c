/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts.c: what is mounted where, of /proc/self/mountinfo.
 */
#include "sandbox/internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Kept as they are: they have no files that a program leaves behind, or none that may be copied. */
static const char *const passing[] = {
	"proc",    "sysfs",      "devtmpfs",   "devpts",      "mqueue",   "cgroup",
	"cgroup2", "securityfs", "debugfs",    "tracefs",     "configfs", "bpf",
	"pstore",  "efivarfs",   "fusectl",    "hugetlbfs",   "nsfs",     "binfmt_misc",
	"autofs",  "selinuxfs",  "rpc_pipefs", "fuse.portal",
};

/* In a container /dev is a tmpfs, and devices in an overlay of an ordinary user's are none. */
static bool passes(const char *at, const char *type)
{
	if (strcmp(at, "/dev") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(passing); i++)
		if (strcmp(passing[i], type) == 0)
			return true;
	return false;
}

/* "\040" is a blank. */
static void unescape(char *text)
{
	char *to = text;

	for (unsigned code; *text; to++) {
		if (sscanf(text, "\\%3o", &code) == 1) {
			*to = (char)code;
			text += 4;
		} else {
			*to = *text++;
		}
	}
	*to = '\0';
}

/* Others are mounted over it, or over a folder that it is in. */
static bool is_visible(const struct mount *mount, unsigned long long id)
{
	struct statx about;

	return statx(AT_FDCWD, mount->at, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID,
		     &about) == 0 &&
	       about.stx_mnt_id == id;
}

static bool read_mount(struct mount *mount, const char *line)
{
	autofree char *type = NULL, *options = NULL;
	const char *behind = strstr(line, " - ");
	unsigned long long id;

	*mount = (struct mount){ 0 };
	if (!behind || sscanf(line, "%llu %*s %*s %*s %ms %ms", &id, &mount->at, &options) != 3 ||
	    sscanf(behind, " - %ms", &type) != 1)
		return false;
	unescape(mount->at);
	mount->read_only = strncmp(options, "ro", 2) == 0;
	mount->passes = passes(mount->at, type);
	return is_visible(mount, id);
}

void mounts_read(struct mounts *mounts)
{
	autofile FILE *file = fopen("/proc/self/mountinfo", "re");
	autofree char *line = NULL;
	struct mount mount;
	size_t room = 0;

	*mounts = (struct mounts){ 0 };
	while (file && getline(&line, &room, file) > 0) {
		if (!read_mount(&mount, line)) {
			free(mount.at);
			continue;
		}
		mounts->all = GROWN(mounts->all, mounts->count);
		mounts->all[mounts->count++] = mount;
	}
}

void mounts_free(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		free(mounts->all[i].at);
	free(mounts->all);
}

struct mount *mount_at(const struct mounts *mounts, const char *path)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (strcmp(mounts->all[i].at, path) == 0)
			return &mounts->all[i];
	return NULL;
}

/* Whether @path is below @folder. */
static bool is_below(const char *path, const char *folder)
{
	size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	return strncmp(path, folder, length) == 0 && path[length] == '/' && path[length + 1];
}

bool mounts_below(const struct mounts *mounts, const char *path)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (is_below(mounts->all[i].at, path))
			return true;
	return false;
}

void mounts_pass_below(struct mounts *mounts, const char *path)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->all[i].passes && is_below(mounts->all[i].at, path))
			mounts->all[i].done = true;
}
