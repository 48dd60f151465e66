/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * archive: a folder as a tar file, and back, for what a guest brings home.
 */
#include "vm/parts.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

/* Copies the data of the entry that @from is at. */
static int copy_data(struct archive *from, struct archive *to)
{
	const void *block;
	size_t size;
	la_int64_t at;
	int status;

	while ((status = archive_read_data_block(from, &block, &size, &at)) == ARCHIVE_OK)
		if (archive_write_data_block(to, block, size, at) < ARCHIVE_OK)
			return ARCHIVE_FATAL;
	return status == ARCHIVE_EOF ? ARCHIVE_OK : status;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* archive_write_data_block() is for disks alone. */
static bool append_data(struct archive *disk, struct archive *tar)
{
	const void *block;
	size_t size;
	la_int64_t at;
	int status;

	while ((status = archive_read_data_block(disk, &block, &size, &at)) == ARCHIVE_OK)
		if (archive_write_data(tar, block, size) != (la_ssize_t)size)
			return false;
	return status == ARCHIVE_EOF;
}

static bool append_folder(struct archive *disk, struct archive *tar, size_t skip)
{
	struct archive_entry *entry;
	int status;

	while ((status = archive_read_next_header(disk, &entry)) == ARCHIVE_OK) {
		const char *path = archive_entry_pathname(entry);

		archive_read_disk_descend(disk);
		if (strlen(path) <= skip || archive_entry_filetype(entry) != AE_IFREG)
			continue;
		autofree char *name = format("%s", path + skip);
		archive_entry_copy_pathname(entry, name);
		/* No sparse files: a hole is data like any other. */
		archive_entry_sparse_clear(entry);
		if (archive_write_header(tar, entry) != ARCHIVE_OK || !append_data(disk, tar))
			return false;
	}
	return status == ARCHIVE_EOF;
}

bool tar_write(const char *folder, int fd)
{
	struct archive *tar = archive_write_new(), *disk = archive_read_disk_new();
	bool good;

	archive_write_set_format_pax_restricted(tar);
	archive_read_disk_set_behavior(disk, ARCHIVE_READDISK_NO_XATTR | ARCHIVE_READDISK_NO_ACL |
						     ARCHIVE_READDISK_NO_FFLAGS);
	good = archive_write_open_fd(tar, fd) == ARCHIVE_OK &&
	       archive_read_disk_open(disk, folder) == ARCHIVE_OK &&
	       append_folder(disk, tar, strlen(folder) + 1);
	good = archive_write_close(tar) == ARCHIVE_OK && good;
	if (!good)
		fprintf(stderr, "halfopen: cannot hand back %s: %s%s\n", folder,
			archive_error_string(tar) ? archive_error_string(tar) : "",
			archive_error_string(disk) ? archive_error_string(disk) : "");
	archive_read_free(disk);
	archive_write_free(tar);
	return good;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What tar_write() writes: no link that leads out of the folder, no hole of a terabyte. */
static bool is_plain_file(struct archive_entry *entry)
{
	return archive_entry_pathname(entry) && archive_entry_filetype(entry) == AE_IFREG &&
	       !archive_entry_hardlink(entry) && archive_entry_sparse_count(entry) == 0;
}

static int unpack_entry(struct archive *tar, struct archive *disk, const char *folder)
{
	struct archive_entry *entry;
	int status = archive_read_next_header(tar, &entry);

	if (status != ARCHIVE_OK)
		return status;
	if (!is_plain_file(entry)) {
		archive_set_error(tar, EINVAL, "not only files are in it");
		return ARCHIVE_FATAL;
	}
	autofree char *path = format("%s/%s", folder, archive_entry_pathname(entry));
	archive_entry_copy_pathname(entry, path);
	status = archive_write_header(disk, entry);
	if (status == ARCHIVE_OK)
		status = copy_data(tar, disk);
	return status == ARCHIVE_OK ? archive_write_finish_entry(disk) : ARCHIVE_FATAL;
}

char *tar_read(int fd, const char *folder)
{
	struct archive *tar = archive_read_new(), *disk = archive_write_disk_new();
	char *problem = NULL;
	int status;

	archive_read_support_format_tar(tar);
	archive_write_disk_set_options(disk, ARCHIVE_EXTRACT_TIME |
						     ARCHIVE_EXTRACT_SECURE_NODOTDOT |
						     ARCHIVE_EXTRACT_UNLINK);
	status = archive_read_open_fd(tar, fd, 65536);
	while (status == ARCHIVE_OK)
		status = unpack_entry(tar, disk, folder);
	if (status != ARCHIVE_EOF) {
		const char *told = archive_error_string(disk) ? archive_error_string(disk)
							      : archive_error_string(tar);

		problem = format("cannot unpack what the machine brought back below %s: %s", folder,
				 told ? told : strerror(errno));
	}
	archive_read_free(tar);
	archive_write_free(disk);
	return problem;
}
