/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journals of crowds are tens of thousands of lines, and much alike: packed they take a tenth.
 */
#include "captures/journal/journal.h"
#include "captures/journal/packed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Beyond this many bytes it is packed: only crowds come so far. */
#define LARGE_JOURNAL (1 << 20)

static const char level[] = "3"; /* fast: it is the case's time */

static char *packed_path(const char *path)
{
	return format("%s.gz", path);
}

/* An archive that is nothing but its one file, through gzip, without the time of day. */
static struct archive *begin(const char *path)
{
	struct archive *out = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	bool good;

	archive_write_add_filter_gzip(out);
	archive_write_set_format_raw(out);
	archive_write_set_filter_option(out, "gzip", "compression-level", level);
	archive_write_set_filter_option(out, "gzip", "timestamp", NULL);
	archive_entry_set_filetype(entry, AE_IFREG);
	good = archive_write_open_filename(out, path) == ARCHIVE_OK &&
	       archive_write_header(out, entry) == ARCHIVE_OK;
	archive_entry_free(entry);
	if (good)
		return out;
	archive_write_free(out);
	return NULL;
}

static bool copy(FILE *in, struct archive *out)
{
	char bytes[65536];
	size_t length;

	while ((length = fread(bytes, 1, sizeof(bytes), in)) > 0)
		if (archive_write_data(out, bytes, length) != (la_ssize_t)length)
			return false;
	return !ferror(in) && archive_write_close(out) == ARCHIVE_OK;
}

bool pack_file(const char *path)
{
	autofree char *packed = packed_path(path), *fresh = format("%s.new", packed);
	autofile FILE *in = open_to_read(path);
	struct archive *out = in ? begin(fresh) : NULL;
	bool good = out && copy(in, out);

	if (out)
		archive_write_free(out);
	if (good && rename(fresh, packed) == 0 && unlink(path) == 0)
		return true;
	unlink(fresh);
	return false;
}

/* Up to @most bytes of what can be read of it, in a file without a name. NULL with errno. */
static FILE *unpacked(struct archive *in, size_t most)
{
	char bytes[65536];
	FILE *file = tmpfile();
	la_ssize_t length;

	if (!file)
		return NULL;
	for (size_t done = 0; done < most; done += (size_t)length) {
		length = archive_read_data(in, bytes, sizeof(bytes));
		if (length <= 0)
			break;
		fwrite(bytes, 1, (size_t)length, file);
	}
	if (fflush(file) == 0 && !ferror(file)) {
		rewind(file);
		return file;
	}
	fclose(file);
	errno = ENOSPC; /* what a write that failed earlier said is gone */
	return NULL;
}

FILE *open_packed(const char *path, size_t most)
{
	autofree char *packed = packed_path(path);
	struct archive *in;
	struct archive_entry *entry;
	FILE *file = open_to_read(path);
	autofile FILE *source = file || errno != ENOENT ? NULL : open_to_read(packed);

	if (!source)
		return file;
	in = archive_read_new();
	archive_read_support_filter_gzip(in);
	archive_read_support_format_raw(in);
	errno = EINVAL; /* libarchive sets it where there is an errno */
	if (archive_read_open_FILE(in, source) == ARCHIVE_OK &&
	    archive_read_next_header(in, &entry) == ARCHIVE_OK)
		file = unpacked(in, most);
	archive_read_free(in);
	return file;
}

bool journal_exists(const char *folder)
{
	autofree char *path = format("%s/journal.jsonl", folder), *packed = packed_path(path);

	return access(path, F_OK) == 0 || access(packed, F_OK) == 0;
}

void journal_pack(const char *folder)
{
	autofree char *path = format("%s/journal.jsonl", folder);
	struct stat status;

	if (stat(path, &status) == 0 && status.st_size > LARGE_JOURNAL)
		pack_file(path);
}
