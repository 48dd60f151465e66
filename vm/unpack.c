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

/*
 * What a case and the way into the guest and out of it need; what is wanted is for ss and for
 * wires. A cargo is mounted, with a layer over it, and its machine may have another
 * tcp_congestion_control.
 */
static const struct {
	const char *name;
	enum { REQUIRED, WANTED, FOR_CARGO } is;
} drivers[] = {
	{ "virtio_pci", REQUIRED },    { "virtio_console", REQUIRED },
	{ "veth", REQUIRED },          { "af_packet", REQUIRED },
	{ "inet_diag", REQUIRED },     { "tcp_diag", REQUIRED },
	{ "udp_diag", WANTED },        { "raw_diag", WANTED },
	{ "sch_netem", WANTED },       { "tls", WANTED },
	{ "loop", FOR_CARGO },         { "squashfs", FOR_CARGO },
	{ "overlay", FOR_CARGO },      { "tcp_bbr", FOR_CARGO },
	{ "tcp_dctcp", FOR_CARGO },    { "tcp_htcp", FOR_CARGO },
	{ "tcp_illinois", FOR_CARGO }, { "tcp_vegas", FOR_CARGO },
	{ "tcp_westwood", FOR_CARGO },
};

/* Changes with what is made of a kernel: what an older program has cached is then not used. */
#define METHOD "4"

void unpack_identify(struct sum *sum)
{
	sum_add_text(sum, METHOD);
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
		sum_add_text(sum, drivers[i].name);
}

/* Linux's own stand five above each other at most, and name a dozen; or they go round in a circle.
 */
#define MOST_DRIVERS_DEEP 32
#define LONGEST_DEPENDS   1024

/* Everything of a kernel that may be wanted, as it was packed. */
struct contents {
	struct bytes image;
	struct bytes builtin; /* modules.builtin */
	char **builtin_names; /* the same as names of modules; sorted */
	size_t builtin_count;
	struct packed_module *modules;
	size_t module_count;
};

/* It is read when it is needed: of a folder there may be thousands. */
struct packed_module {
	char *name;
	char *path; /* of its file; NULL: it is here already */
	struct bytes bytes;
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

static void add_module(struct contents *contents, struct packed_module module)
{
	contents->modules = must_realloc(contents->modules, contents->module_count + 1,
					 sizeof(*contents->modules));
	contents->modules[contents->module_count++] = module;
}

/* Takes @bytes. */
static void collect(struct contents *contents, const char *path, struct bytes *bytes)
{
	struct bytes *place = is_image_name(path) ? &contents->image : &contents->builtin;
	char *module = is_image_name(path) ? NULL : module_name(path);

	if (module) {
		add_module(contents, (struct packed_module){ .name = module, .bytes = *bytes });
	} else {
		bytes_free(place);
		*place = *bytes;
	}
	*bytes = (struct bytes){ 0 };
}

static void contents_free(struct contents *contents)
{
	for (size_t i = 0; i < contents->module_count; i++) {
		free(contents->modules[i].name);
		free(contents->modules[i].path);
		bytes_free(&contents->modules[i].bytes);
	}
	free(contents->modules);
	for (size_t i = 0; i < contents->builtin_count; i++)
		free(contents->builtin_names[i]);
	free(contents->builtin_names);
	bytes_free(&contents->image);
	bytes_free(&contents->builtin);
}

/* ---- where a kernel comes in --------------------------------------------------------------- */

/* Reads past an entry's data. */
static bool pass_entry(struct archive *archive, size_t most)
{
	const void *block;
	size_t size;
	la_int64_t at;
	int status;

	while ((status = archive_read_data_block(archive, &block, &size, &at)) == ARCHIVE_OK)
		if ((size_t)archive_filter_bytes(archive, 0) > most)
			return false;
	return status == ARCHIVE_EOF;
}

static bool collect_entry(struct contents *contents, struct archive *tar,
			  struct archive_entry *entry, size_t most)
{
	const char *path = archive_entry_pathname(entry); /* NULL: it is in no encoding */
	size_t unpacked = (size_t)archive_filter_bytes(tar, 0);
	autobytes struct bytes bytes = { 0 };

	if (unpacked > most)
		return false;
	if (!path || archive_entry_filetype(entry) != AE_IFREG || !is_wanted(path))
		return pass_entry(tar, most);
	if (!bytes_of_entry(&bytes, tar, most - unpacked))
		return false;
	collect(contents, path, &bytes);
	return true;
}

static bool collect_tar(struct contents *contents, const struct bytes *packed)
{
	struct archive *tar = archive_read_new();
	struct archive_entry *entry;
	int status;

	support_packers(tar);
	archive_read_support_format_tar(tar);
	status = archive_read_open_memory(tar, packed->data, packed->size);
	while (status == ARCHIVE_OK &&
	       (status = archive_read_next_header(tar, &entry)) == ARCHIVE_OK)
		if (!collect_entry(contents, tar, entry, most_unpacked(packed->size)))
			status = ARCHIVE_FATAL;
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
			const char *name = archive_entry_pathname(entry);
			autobytes struct bytes tar = { 0 };

			if (name && strncmp(name, "data.tar", strlen("data.tar")) == 0)
				good = bytes_of_entry(&tar, deb, LARGEST_FILE) &&
				       collect_tar(contents, &tar);
		}
	archive_read_free(deb);
	return good ? NULL : format("%s cannot be unpacked: remove it and fetch it again", path);
}

static char *collect_file(struct contents *contents, const char *path)
{
	char *module = is_image_name(path) ? NULL : module_name(path);
	autobytes struct bytes bytes = { 0 };

	if (module) {
		add_module(contents,
			   (struct packed_module){ .name = module, .path = format("%s", path) });
		return NULL;
	}
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

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* modules.builtin has a line "kernel/net/packet/af_packet.ko" for each. */
static void learn_builtins(struct contents *contents)
{
	autofree char *text = bytes_text(&contents->builtin, 0);
	char *rest = text;

	for (const char *line; (line = strsep(&rest, "\n"));) {
		char *name = module_name(line);

		if (!name)
			continue;
		contents->builtin_names =
			must_realloc(contents->builtin_names, contents->builtin_count + 1,
				     sizeof(*contents->builtin_names));
		contents->builtin_names[contents->builtin_count++] = name;
	}
	if (contents->builtin_count)
		qsort(contents->builtin_names, contents->builtin_count,
		      sizeof(*contents->builtin_names), by_name);
}

static bool may_be_builtin(const struct contents *contents, const char *driver)
{
	/* Some packages leave the list out; then the guest says what it lacks. */
	return !contents->builtin.data ||
	       (contents->builtin_count &&
		bsearch(&driver, contents->builtin_names, contents->builtin_count,
			sizeof(*contents->builtin_names), by_name));
}

static const struct packed_module *find_module(const struct contents *contents, const char *name)
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

/* Reads the module and unpacks it, where it is packed. NULL, or why not. */
static char *open_module(const struct packed_module *module, struct bytes *object)
{
	autobytes struct bytes file = { 0 };
	const struct bytes *packed = module->path ? &file : &module->bytes;

	if (module->path && !bytes_read(&file, module->path))
		return format("cannot read %s: %s", module->path, strerror(errno));
	switch (bytes_unpack(object, packed)) {
	case PACKED:
		return NULL;
	case PACKED_BADLY:
		return format("the driver '%s' is damaged: it cannot be unpacked", module->name);
	case NOT_PACKED:
		break;
	}
	*object = (struct bytes){ .data = must_alloc(packed->size + 1, 1), .size = packed->size };
	if (packed->size)
		memcpy(object->data, packed->data, packed->size);
	return NULL;
}

/* What .modinfo says of "depends": names with commas between; the caller frees it. */
static char *depends_of(const struct bytes *object)
{
	static const char key[] = "\0depends=";
	const uint8_t *found =
		object->size ? memmem(object->data, object->size, key, sizeof(key) - 1) : NULL;

	return found ? bytes_text(object, (size_t)(found - object->data) + sizeof(key) - 1)
		     : format("%s", "");
}

/* How a driver was come to: of what it is needed, and that of what. */
struct need {
	const char *name;
	unsigned depth;
	bool of_cargo;
};
static char *take_module(struct unpacked *unpacked, const struct contents *contents,
			 struct need need);

static char *take_what_it_needs(struct unpacked *unpacked, const struct contents *contents,
				const struct bytes *object, struct need by)
{
	autofree char *depends = depends_of(object);
	char *rest = depends, *problem = NULL;

	if (by.depth == MOST_DRIVERS_DEEP || strlen(depends) > LONGEST_DEPENDS)
		return format("the driver '%s' needs more others than there can be", by.name);
	for (char *name; !problem && (name = strsep(&rest, ","));) {
		autofree char *file = format("%s.ko", name);
		autofree char *normal = module_name(file);

		if (*name && normal)
			problem = take_module(unpacked, contents,
					      (struct need){ normal, by.depth + 1, by.of_cargo });
	}
	return problem;
}

/* After what it needs. */
static char *take_module(struct unpacked *unpacked, const struct contents *contents,
			 struct need need)
{
	const struct packed_module *found = find_module(contents, need.name);
	autobytes struct bytes object = { 0 };
	char *problem;

	if (is_taken(unpacked, need.name) || (!found && may_be_builtin(contents, need.name)))
		return NULL;
	if (!found)
		return format("this kernel has no driver '%s'", need.name);
	problem = open_module(found, &object);
	if (!problem)
		problem = take_what_it_needs(unpacked, contents, &object, need);
	if (problem)
		return problem;
	unpacked->modules = must_realloc(unpacked->modules, unpacked->module_count + 1,
					 sizeof(*unpacked->modules));
	unpacked->modules[unpacked->module_count++] = (struct module){
		.name = format("%s", need.name), .of_cargo = need.of_cargo, .object = object
	};
	object = (struct bytes){ 0 };
	return NULL;
}

static char *take_drivers(struct unpacked *unpacked, const struct contents *contents)
{
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++) {
		char *problem = take_module(
			unpacked, contents,
			(struct need){ drivers[i].name, 1, drivers[i].is == FOR_CARGO });

		if (problem && drivers[i].is == REQUIRED)
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
	enum packing packing = vmlinux_of(&contents->image, &unpacked->image);
	if (packing == PACKED)
		return NULL;
	if (packing == PACKED_BADLY)
		return format("the kernel image is damaged: what is packed in it cannot be "
			      "unpacked; name the vmlinux if it boots elsewhere");
	unpacked->image = contents->image;
	contents->image = (struct bytes){ 0 };
	return NULL;
}

char *kernel_unpack(const struct kernel *kernel, struct unpacked *unpacked)
{
	struct contents contents = { 0 };
	char *problem = collect_all(&contents, kernel);

	*unpacked = (struct unpacked){ 0 };
	learn_builtins(&contents);
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
