/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel comes in, and what a guest brings back. The first byte says which: "d" a Debian
 * package, "t" the tar file in one, "f" a folder (parts of a name in a line and the file),
 * "i" an image, "g" a guest's tar file.
 */
#include "tests/fuzz/fuzz.h"
#include "vm/parts.h" /* the unpacker alone, without a machine */

#include <fcntl.h>
#include <string.h>

static void unpack(struct kernel *kernel)
{
	struct unpacked unpacked = { 0 };
	autofree char *problem = kernel_unpack(kernel, &unpacked);

	if (!problem)
		unpacked_free(&unpacked);
}

static void unpack_path(const char *path, bool pinned)
{
	autofree char *sum = sum_of_file(path);
	char *sources[] = { (char *)path, NULL }, *sums[] = { sum, NULL };

	unpack(&(struct kernel){
		.name = "fuzz", .sources = sources, .sums = sums, .pinned = pinned });
}

static void unpack_package(struct input input)
{
	autofree char *path = own_path("package.deb");

	put_file("package.deb", input);
	unpack_path(path, true);
}

/* The header of an archive's file, as ar(5) has it. */
static void unpack_tar(struct input tar)
{
	size_t room = tar.left + 80;
	autofree uint8_t *package = must_alloc(room + 1, 1);
	int head = snprintf((char *)package, room, "!<arch>\n%-16s%-12d%-6d%-6d%-8o%-10zu`\n",
			    "data.tar", 0, 0, 0, 0100644, tar.left);

	if (tar.left)
		memcpy(package + head, tar.at, tar.left);
	unpack_package((struct input){ package, (size_t)head + tar.left });
}

/* Below own_folder() and nowhere else. */
static bool is_within(const char *name)
{
	return *name && *name != '/' && !strstr(name, "..") && strlen(name) < 200;
}

static void unpack_folder(struct input input)
{
	autofree char *folder = own_path("folder");

	make_path(folder);
	for (int files = 0; input.left && files < 64; files++) {
		struct input part = take_part(&input);
		autofree char *name = take_line(&part);
		autofree char *path = format("folder/%s", name ? name : "");

		if (name && is_within(name))
			put_file(path, part);
	}
	unpack_path(folder, false);
	empty_folder("folder");
}

static void unpack_image(struct input input)
{
	autofree char *path = own_path("image");

	put_file("image", input);
	unpack_path(path, false);
}

/* Into a folder, and back into a tar file. */
static void take_home(struct input input)
{
	autofree char *path = own_path("home.tar"), *folder = own_path("home"), *why = NULL;

	put_file("home.tar", input);
	make_path(folder);
	autoclose int tar = open(path, O_RDONLY | O_CLOEXEC);
	autoclose int back = open("/dev/null", O_WRONLY | O_CLOEXEC);
	why = tar_read(tar, folder);
	if (!why)
		tar_write(folder, back);
	empty_folder("home");
}

static void open_package(void *context)
{
	struct input input = *(struct input *)context;

	switch (take_byte(&input)) {
	case 'd':
		unpack_package(input);
		break;
	case 't':
		unpack_tar(input);
		break;
	case 'f':
		unpack_folder(input);
		break;
	case 'g':
		take_home(input);
		break;
	default:
		unpack_image(input);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	attempt(open_package, &input);
	return 0;
}
