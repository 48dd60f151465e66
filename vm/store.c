/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store: files as bytes, their SHA-256, and the cache. A file of the cache has its sum beside it,
 * and is used only while the two agree.
 */
#include "vm/parts.h"

#include <archive.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* ---- bytes --------------------------------------------------------------------------------- */

#define SMALL_UNPACKED ((size_t)4 << 20)
#define MOST_GROWTH    ((size_t)32)

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

bool bytes_have(const struct bytes *bytes, uint64_t at, uint64_t size)
{
	return at <= bytes->size && size <= bytes->size - at;
}

char *bytes_text(const struct bytes *bytes, size_t at)
{
	size_t length =
		at < bytes->size ? strnlen((const char *)bytes->data + at, bytes->size - at) : 0;
	char *text = must_alloc(length + 1, 1);

	if (length)
		memcpy(text, bytes->data + at, length);
	return text;
}

/* NULL with errno. */
static FILE *open_bounded(const char *path, size_t *size)
{
	FILE *file = open_to_read(path);
	struct stat about;

	if (!file)
		return NULL;
	if (fstat(fileno(file), &about) == 0 && (size_t)about.st_size <= LARGEST_FILE) {
		*size = (size_t)about.st_size;
		return file;
	}
	fclose(file);
	errno = EFBIG;
	return NULL;
}

bool bytes_read(struct bytes *bytes, const char *path)
{
	size_t size = 0;
	autofile FILE *file = open_bounded(path, &size);

	*bytes = (struct bytes){ 0 };
	if (!file)
		return false;
	bytes->data = must_alloc(size + 1, 1);
	bytes->size = fread(bytes->data, 1, size, file);
	if (!ferror(file) && bytes->size == size)
		return true;
	bytes_free(bytes);
	errno = EIO;
	return false;
}

size_t most_unpacked(size_t packed)
{
	return packed < LARGEST_FILE / MOST_GROWTH ? SMALL_UNPACKED + MOST_GROWTH * packed
						   : LARGEST_FILE;
}

/* libarchive's status at the end, or ARCHIVE_FATAL: more than @most bytes, or with a hole. */
static int append_data(struct bytes *bytes, struct archive *archive, size_t most)
{
	const void *block;
	size_t size, room = 0;
	la_int64_t at;
	int status;

	*bytes = (struct bytes){ .data = must_alloc(1, 1) };
	while ((status = archive_read_data_block(archive, &block, &size, &at)) == ARCHIVE_OK) {
		if (size > most - bytes->size || (size_t)at != bytes->size)
			return ARCHIVE_FATAL;
		if (size > room - bytes->size) {
			room = 2 * (bytes->size + size);
			bytes->data = must_realloc(bytes->data, room + 1, 1);
		}
		memcpy(bytes->data + bytes->size, block, size);
		bytes->size += size;
		bytes->data[bytes->size] = '\0';
	}
	return status;
}

bool bytes_of_entry(struct bytes *bytes, struct archive *archive, size_t most)
{
	if (append_data(bytes, archive, most) == ARCHIVE_EOF)
		return true;
	bytes_free(bytes);
	return false;
}

/* What kernels and modules are packed with. For other formats libarchive would run programs. */
void support_packers(struct archive *archive)
{
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzop(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_zstd(archive);
}

enum packing bytes_unpack(struct bytes *bytes, const struct bytes *packed)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	enum packing packing = PACKED_BADLY;

	*bytes = (struct bytes){ 0 };
	support_packers(archive);
	archive_read_support_format_raw(archive);
	archive_read_support_format_empty(archive);
	/* what is damaged where it begins cannot even be opened */
	bool opened = archive_read_open_memory(archive, packed->data, packed->size) == ARCHIVE_OK;
	if (opened && archive_filter_code(archive, 0) == ARCHIVE_FILTER_NONE)
		packing = NOT_PACKED;
	else if (archive_read_next_header(archive, &entry) == ARCHIVE_OK &&
		 append_data(bytes, archive, most_unpacked(packed->size)) == ARCHIVE_EOF)
		packing = PACKED;
	archive_read_free(archive);
	if (packing != PACKED)
		bytes_free(bytes);
	return packing;
}

/* ---- sums ---------------------------------------------------------------------------------- */

struct sum {
	struct sha256_ctx state;
};

struct sum *sum_begin(void)
{
	struct sum *sum = must_alloc(1, sizeof(*sum));

	sha256_init(&sum->state);
	return sum;
}

void sum_add(struct sum *sum, const void *data, size_t size)
{
	sha256_update(&sum->state, size, data);
}

void sum_add_text(struct sum *sum, const char *text)
{
	sum_add(sum, text, strlen(text) + 1);
}

char *sum_end(struct sum *sum)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char *text = must_alloc(2 * sizeof(digest) + 1, 1);

	sha256_digest(&sum->state, sizeof(digest), digest);
	free(sum);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}

static char *sum_of_bytes(const struct bytes *bytes)
{
	struct sum *sum = sum_begin();

	sum_add(sum, bytes->data, bytes->size);
	return sum_end(sum);
}

char *sum_of_file(const char *path)
{
	autobytes struct bytes bytes = { 0 };

	return bytes_read(&bytes, path) ? sum_of_bytes(&bytes) : NULL;
}

/* ---- the cache ----------------------------------------------------------------------------- */

char *cache_path(char **why)
{
	const char *own = getenv("HALFOPEN_CACHE"), *caches = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (own && *own)
		return format("%s", own);
	if (caches && *caches == '/')
		return format("%s/halfopen", caches);
	if (home && *home)
		return format("%s/.cache/halfopen", home);
	*why = format("there is no place for the cache of kernels: set HOME or HALFOPEN_CACHE");
	return NULL;
}

static char *cannot_store(const char *path)
{
	bool full = errno == ENOSPC || errno == EDQUOT;

	return format("cannot write %s: %s; %s, or set HALFOPEN_CACHE to another folder", path,
		      strerror(errno), full ? "free some space there" : "make it writable");
}

char *cache_folder(const char *folder, char **why)
{
	autofree char *cache = cache_path(why);
	char *path;

	if (!cache)
		return NULL;
	path = format("%s/%s", cache, folder);
	if (make_path(path))
		return path;
	*why = cannot_store(path);
	free(path);
	return NULL;
}

static char *sum_path(const char *path)
{
	return format("%s.sha256", path);
}

/* Several runs may fill the cache at once. */
static int lock_folder_of(const char *path)
{
	autofree char *folder = format("%.*s", (int)(strrchr(path, '/') - path), path);
	int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lock >= 0)
		(void)flock(lock, LOCK_EX);
	return lock;
}

char *cache_store(const char *path, const struct bytes *bytes)
{
	autofree char *sum = sum_of_bytes(bytes);
	autofree char *beside = sum_path(path);
	autoclose int lock = lock_folder_of(path);

	(void)lock; /* until this returns */
	if (whole_store(path, bytes->data, bytes->size) && whole_store(beside, sum, strlen(sum)))
		return NULL;
	return cannot_store(path);
}

bool cache_has(const char *path)
{
	autofree char *beside = sum_path(path);
	autofree char *sum = NULL;
	autobytes struct bytes noted = { 0 };

	if (access(path, R_OK) < 0 || !bytes_read(&noted, beside))
		return false;
	sum = sum_of_file(path);
	if (sum && strcmp(sum, (const char *)noted.data) == 0) {
		/* cache_prune() goes by when a file was used. */
		utimensat(AT_FDCWD, path, NULL, 0);
		return true;
	}
	fprintf(stderr, "halfopen: %s has not the SHA-256 that was noted of it: made anew\n", path);
	unlink(path);
	unlink(beside);
	return false;
}

/* The least recently used of the folder's files that begin with @prefix, if there are over @most.
 */
static char *least_used(const char *folder, const char *prefix, size_t most)
{
	DIR *listing = opendir(folder);
	struct timespec oldest = { 0 };
	char *found = NULL;
	size_t count = 0;

	for (const struct dirent *each; listing && (each = readdir(listing));) {
		autofree char *path = format("%s/%s", folder, each->d_name);
		struct stat about;

		if (strncmp(each->d_name, prefix, strlen(prefix)) != 0 ||
		    strstr(each->d_name, ".sha256") || stat(path, &about) < 0)
			continue;
		if (count++ && (about.st_mtim.tv_sec > oldest.tv_sec ||
				(about.st_mtim.tv_sec == oldest.tv_sec &&
				 about.st_mtim.tv_nsec >= oldest.tv_nsec)))
			continue;
		oldest = about.st_mtim;
		free(found);
		found = format("%s", path);
	}
	if (listing)
		closedir(listing);
	if (count > most)
		return found;
	free(found);
	return NULL;
}

void cache_prune(const char *folder, const char *prefix, size_t most)
{
	for (char *path; (path = least_used(folder, prefix, most)); free(path)) {
		autofree char *beside = sum_path(path);

		unlink(beside);
		if (unlink(path) < 0) {
			free(path);
			return;
		}
	}
}
