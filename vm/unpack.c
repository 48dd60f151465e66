/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unpack: takes the image and the needed drivers out of what a kernel comes in: Debian packages,
 * a folder with one unpacked, a folder of /lib/modules, or an image with everything built in.
 */
#include "vm/parts.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

/* What a case and the way into the guest and out of it need; the rest is for ss and for wires. */
static const struct {
	const char *name;
	bool required;
} drivers[] = {
	{ "virtio_pci", true }, { "virtio_console", true }, { "veth", true },
	{ "af_packet", true },  { "inet_diag", true },      { "tcp_diag", true },
	{ "udp_diag", false },  { "raw_diag", false },      { "sch_netem", false },
};

/* Changes with what is made of a kernel: what an older program has cached is then not used. */
#define METHOD "2"

void unpack_identify(struct sum *sum)
{
	sum_add_text(sum, METHOD);
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
		sum_add_text(sum, drivers[i].name);
}

/* Everything of a kernel that may be wanted, as it was packed. */
struct contents {
	struct bytes image;
	struct bytes builtin; /* modules.builtin */
	struct module *modules;
	size_t module_count;
};

/* ---- names --------------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "kernel/net/sched/sch-netem.ko.xz" is "sch_netem"; NULL when it is no module. */
static char *module_name(const char *path)
{
	const char *base = base_of(path), *end = strstr(base, ".ko");
	char *name;

	if (!end || (end[3] && end[3] != '.'))
		return NULL;
	name = format("%.*s", (int)(end - base), base);
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

static bool is_image_name(const char *path)
{
	return strncmp(base_of(path), "vmlinuz", strlen("vmlinuz")) == 0 ||
	       strcmp(base_of(path), "bzImage") == 0;
}

static bool is_wanted(const char *path)
{
	autofree char *name = module_name(path);

	return name || is_image_name(path) || strcmp(base_of(path), "modules.builtin") == 0;
}

/* Takes @bytes. */
static void collect(struct contents *contents, const char *path, struct bytes *bytes)
{
	struct bytes *place = NULL;

	if (is_image_name(path)) {
		place = &contents->image;
	} else if (strcmp(base_of(path), "modules.builtin") == 0) {
		place = &contents->builtin;
	} else {
		contents->modules = must_realloc(contents->modules, contents->module_count + 1,
						 sizeof(*contents->modules));
		struct module *module = &contents->modules[contents->module_count++];

		*module = (struct module){ .name = module_name(path) };
		place = &module->object;
	}
	bytes_free(place);
	*place = *bytes;
	*bytes = (struct bytes){ 0 };
}

static void contents_free(struct contents *contents)
{
	for (size_t i = 0; i < contents->module_count; i++) {
		free(contents->modules[i].name);
		bytes_free(&contents->modules[i].object);
	}
	free(contents->modules);
	bytes_free(&contents->image);
	bytes_free(&contents->builtin);
}

/* ---- where a kernel comes in --------------------------------------------------------------- */

static bool read_entry(struct archive *archive, struct bytes *bytes, size_t size)
{
	*bytes = (struct bytes){ .data = must_alloc(size + 1, 1), .size = size };
	if (archive_read_data(archive, bytes->data, size) == (la_ssize_t)size)
		return true;
	bytes_free(bytes);
	return false;
}

static bool collect_tar(struct contents *contents, const struct bytes *packed)
{
	struct archive *tar = archive_read_new();
	struct archive_entry *entry;
	int status;

	archive_read_support_filter_all(tar);
	archive_read_support_format_tar(tar);
	status = archive_read_open_memory(tar, packed->data, packed->size);
	while (status == ARCHIVE_OK &&
	       (status = archive_read_next_header(tar, &entry)) == ARCHIVE_OK) {
		const char *path = archive_entry_pathname(entry);
		autobytes struct bytes bytes = { 0 };

		if (archive_entry_filetype(entry) != AE_IFREG || !is_wanted(path))
			continue;
		if (!read_entry(tar, &bytes, (size_t)archive_entry_size(entry)))
			status = ARCHIVE_FATAL;
		else
			collect(contents, path, &bytes);
	}
	archive_read_free(tar);
	return status == ARCHIVE_EOF;
}

/* A Debian package: an ar archive in which data.tar has the files. */
static char *collect_package(struct contents *contents, const char *path, const char *noted)
{
	autofree char *sum = sum_of_file(path);
	struct archive *deb;
	struct archive_entry *entry;
	bool good = false;

	if (!sum)
		return format("cannot read %s: %s", path, strerror(errno));
	if (strcmp(sum, noted) != 0)
		return format("%s has not the SHA-256 %s: `halfopen kernels remove` it and fetch "
			      "it again",
			      path, noted);
	deb = archive_read_new();
	archive_read_support_format_ar(deb);
	if (archive_read_open_filename(deb, path, 65536) == ARCHIVE_OK)
		while (!good && archive_read_next_header(deb, &entry) == ARCHIVE_OK) {
			autobytes struct bytes tar = { 0 };

			if (strncmp(archive_entry_pathname(entry), "data.tar", 8) == 0)
				good = read_entry(deb, &tar, (size_t)archive_entry_size(entry)) &&
				       collect_tar(contents, &tar);
		}
	archive_read_free(deb);
	return good ? NULL : format("%s cannot be unpacked: remove it and fetch it again", path);
}

static char *collect_file(struct contents *contents, const char *path)
{
	autobytes struct bytes bytes = { 0 };

	if (!bytes_read(&bytes, path))
		return format("cannot read %s: %s", path, strerror(errno));
	collect(contents, path, &bytes);
	return NULL;
}

/* /lib/modules/RELEASE has no image, as a rule: it is in it, or in /boot. */
static char *collect_image_of(struct contents *contents, const char *folder)
{
	autofree char *real = realpath(folder, NULL);
	const char *release = real ? base_of(real) : "";
	autofree char *within = format("%s/vmlinuz", folder);
	autofree char *boot = format("/boot/vmlinuz-%s", release);

	if (access(within, R_OK) == 0)
		return collect_file(contents, within);
	if (access(boot, R_OK) == 0)
		return collect_file(contents, boot);
	return format("%s has no kernel image in it, and there is no %s that can be read", folder,
		      boot);
}

static char *collect_folder(struct contents *contents, const char *folder)
{
	char *paths[] = { (char *)folder, NULL }, *problem = NULL;
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	for (const FTSENT *entry; tree && !problem && (entry = fts_read(tree));)
		if (entry->fts_info == FTS_F && is_wanted(entry->fts_path))
			problem = collect_file(contents, entry->fts_path);
	if (!tree)
		return format("cannot read %s: %s", folder, strerror(errno));
	fts_close(tree);
	if (!problem && !contents->image.data)
		problem = collect_image_of(contents, folder);
	return problem;
}

static bool is_folder(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static char *collect_all(struct contents *contents, const struct kernel *kernel)
{
	char *problem = NULL;

	for (size_t i = 0; kernel->pinned && kernel->sources[i] && !problem; i++)
		problem = collect_package(contents, kernel->sources[i], kernel->sums[i]);
	if (kernel->pinned)
		return problem;
	if (is_folder(kernel->sources[0]))
		return collect_folder(contents, kernel->sources[0]);
	if (bytes_read(&contents->image, kernel->sources[0]))
		return NULL;
	return format("cannot read %s: %s", kernel->sources[0], strerror(errno));
}

/* ---- the drivers --------------------------------------------------------------------------- */

/* modules.builtin has a line "kernel/net/packet/af_packet.ko" for each. */
static bool may_be_builtin(const struct contents *contents, const char *driver)
{
	/* Some packages leave the list out; then the guest says what it lacks. */
	if (!contents->builtin.data)
		return true;
	autofree char *text =
		format("%.*s", (int)contents->builtin.size, (const char *)contents->builtin.data);
	char *rest = text;

	for (const char *line; (line = strsep(&rest, "\n"));) {
		autofree char *name = module_name(line);

		if (name && strcmp(name, driver) == 0)
			return true;
	}
	return false;
}

static struct module *find_module(const struct contents *contents, const char *name)
{
	for (size_t i = 0; i < contents->module_count; i++)
		if (strcmp(contents->modules[i].name, name) == 0)
			return &contents->modules[i];
	return NULL;
}

static bool is_taken(const struct unpacked *unpacked, const char *name)
{
	for (size_t i = 0; i < unpacked->module_count; i++)
		if (strcmp(unpacked->modules[i].name, name) == 0)
			return true;
	return false;
}

/* What .modinfo says of "depends": names with commas between; the caller frees it. */
static char *depends_of(const struct bytes *object)
{
	static const char key[] = "\0depends=";
	const uint8_t *found = memmem(object->data, object->size, key, sizeof(key) - 1);

	if (!found)
		return format("%s", "");
	found += sizeof(key) - 1;
	return format("%.*s", (int)(object->data + object->size - found), (const char *)found);
}

static char *take_module(struct unpacked *unpacked, const struct contents *contents,
			 const char *name);

static char *take_what_it_needs(struct unpacked *unpacked, const struct contents *contents,
				const struct bytes *object)
{
	autofree char *depends = depends_of(object);
	char *rest = depends, *problem = NULL;

	for (char *name; !problem && (name = strsep(&rest, ","));) {
		autofree char *normal = NULL;
		autofree char *file = format("%s.ko", name);

		normal = module_name(file);
		if (*name)
			problem = take_module(unpacked, contents, normal);
	}
	return problem;
}

/* After what it needs. */
static char *take_module(struct unpacked *unpacked, const struct contents *contents,
			 const char *name)
{
	const struct module *found = find_module(contents, name);
	struct bytes object = { 0 };
	char *problem;

	if (is_taken(unpacked, name) || (!found && may_be_builtin(contents, name)))
		return NULL;
	if (!found)
		return format("this kernel has no driver '%s'", name);
	if (!bytes_unpack(&object, &found->object)) {
		object = (struct bytes){ .data = must_alloc(found->object.size + 1, 1),
					 .size = found->object.size };
		memcpy(object.data, found->object.data, object.size);
	}
	problem = take_what_it_needs(unpacked, contents, &object);
	unpacked->modules = must_realloc(unpacked->modules, unpacked->module_count + 1,
					 sizeof(*unpacked->modules));
	unpacked->modules[unpacked->module_count++] =
		(struct module){ .name = format("%s", name), .object = object };
	return problem;
}

static char *take_drivers(struct unpacked *unpacked, const struct contents *contents)
{
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++) {
		char *problem = take_module(unpacked, contents, drivers[i].name);

		if (problem && drivers[i].required)
			return problem;
		free(problem);
	}
	return NULL;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static char *take_image(struct unpacked *unpacked, struct contents *contents)
{
	if (!contents->image.data)
		return format("there is no kernel image in it");
	char *refused = image_refused(&contents->image);
	if (refused)
		return refused;
	if (vmlinux_of(&contents->image, &unpacked->image))
		return NULL;
	unpacked->image = contents->image;
	contents->image = (struct bytes){ 0 };
	return NULL;
}

char *kernel_unpack(const struct kernel *kernel, struct unpacked *unpacked)
{
	struct contents contents = { 0 };
	char *problem = collect_all(&contents, kernel);

	*unpacked = (struct unpacked){ 0 };
	if (!problem)
		problem = take_image(unpacked, &contents);
	/* An image alone has everything built in; the guest says what it lacks. */
	if (!problem && contents.module_count)
		problem = take_drivers(unpacked, &contents);
	contents_free(&contents);
	if (!problem)
		return NULL;
	unpacked_free(unpacked);
	char *named = format("kernel %s: %s", kernel->name, problem);
	free(problem);
	return named;
}

void unpacked_free(struct unpacked *unpacked)
{
	for (size_t i = 0; i < unpacked->module_count; i++) {
		free(unpacked->modules[i].name);
		bytes_free(&unpacked->modules[i].object);
	}
	free(unpacked->modules);
	bytes_free(&unpacked->image);
	*unpacked = (struct unpacked){ 0 };
}
