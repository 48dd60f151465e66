/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_cargo: which files of a machine go along into a guest, and that they are packed.
 */
#include "vm/vm.h"
#include "tests/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/check_cargo.XXXXXX";
static struct cargo *cargo;

static char *in_folder(const char *name)
{
	return format("%s/%s", folder, name);
}

/* A file of @size bytes. */
static void put(const char *name, const char *text, off_t size)
{
	autofree char *path = in_folder(name);
	autofile FILE *file = fopen(path, "we");

	ck_assert_msg(file && fputs(text, file) >= 0 && fflush(file) == 0 &&
			      ftruncate(fileno(file), size) == 0,
		      "%s: %s", path, strerror(errno));
}

static void put_folder(const char *name)
{
	autofree char *path = in_folder(name);

	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void put_link(const char *name, const char *target)
{
	autofree char *path = in_folder(name);

	ck_assert_int_eq(symlink(target, path), 0);
}

static void add(const char *name, enum cargo_part part)
{
	autofree char *path = in_folder(name);

	cargo_add(cargo, path, part);
}

static bool lacks(const char *name, bool opened)
{
	autofree char *path = in_folder(name);

	return cargo_lacks(cargo, path, opened);
}

static void begin(void)
{
	char *why = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	cargo = cargo_begin(&why);
	ck_assert_msg(cargo != NULL, "%s", why);
}

static void end(void)
{
	cargo_free(cargo);
	remove_all(folder);
}

START_TEST(file_is_there_only_where_it_was_named)
{
	put("named", "", 10);
	put("other", "", 10);
	add("named", CARGO_LOOKED_AT);
	ck_assert(!lacks("named", true));
	ck_assert(lacks("other", false));
	ck_assert(!lacks("is-not-here", true));
	ck_assert(!lacks("", true)); /* the folder that it is in */
}
END_TEST

START_TEST(large_file_is_whole_only_where_it_was_opened)
{
	uint64_t before = cargo_bytes(cargo);

	put("large", "", 3 << 20);
	add("large", CARGO_LOOKED_AT);
	ck_assert(!lacks("large", false));
	ck_assert(lacks("large", true));
	ck_assert_uint_eq(cargo_bytes(cargo), before);
	add("large", CARGO_OPENED);
	ck_assert(!lacks("large", true));
	ck_assert_uint_eq(cargo_bytes(cargo), before + (3 << 20));
	add("large", CARGO_LOOKED_AT); /* which takes nothing away */
	ck_assert(!lacks("large", true));
}
END_TEST

START_TEST(links_are_followed)
{
	put_folder("far");
	put("far/file", "", 10);
	put_link("relative", "far/../link");
	put_link("link", "far/file");
	put_link("circle", "circle");
	put_link("nowhere", "is-not-here");
	add("relative", CARGO_OPENED);
	add("circle", CARGO_OPENED);
	add("nowhere", CARGO_OPENED);
	ck_assert(!lacks("far/file", true));
}
END_TEST

START_TEST(folder_that_is_opened_has_its_names)
{
	put_folder("folder");
	put_folder("folder/inner");
	put("folder/file", "", 10);
	put("folder/inner/deep", "", 10);
	add("folder", CARGO_LOOKED_AT);
	ck_assert(lacks("folder/file", false));
	add("folder", CARGO_OPENED);
	ck_assert(!lacks("folder/file", true));
	ck_assert(!lacks("folder/inner", false));
	ck_assert(lacks("folder/inner/deep", false));
	add("folder", CARGO_ALL_BELOW);
	ck_assert(!lacks("folder/inner/deep", true));
}
END_TEST

START_TEST(interpreter_of_a_script_comes_with_it)
{
	autofree char *interpreter = in_folder("interpreter"), *line = NULL, *path = NULL;

	put("interpreter", "", 10);
	line = format("#! %s -x\n", interpreter);
	put("script", line, (off_t)strlen(line));
	path = in_folder("script");
	add("script", CARGO_OPENED);
	ck_assert(lacks("interpreter", false)); /* it is no program, then */
	ck_assert_int_eq(chmod(path, 0755), 0);
	cargo_free(cargo);
	char *why = NULL;
	cargo = cargo_begin(&why);
	add("script", CARGO_OPENED);
	ck_assert(!lacks("interpreter", true));
}
END_TEST

START_TEST(programs_that_are_played_with_are_there)
{
	ck_assert(!cargo_lacks(cargo, "/bin/sh", true));
	ck_assert(!cargo_lacks(cargo, "/proc/self/exe", true));
	ck_assert(!cargo_lacks(cargo, "/etc/passwd", true));
	ck_assert(!cargo_lacks(cargo, "/proc/self/status", true)); /* the guest has its own */
	ck_assert(!cargo_lacks(cargo, "/", true));
}
END_TEST

START_TEST(it_is_packed)
{
	autofree char *sqfstar = program_path("sqfstar");
	autofree char *pipe = in_folder("pipe");
	char *why;

	ck_assert_int_eq(mkfifo(pipe, 0644), 0);
	put("file", "content", 7);
	put("large", "", 3 << 20);
	add("", CARGO_ALL_BELOW);
	ck_assert_uint_eq(cargo_packed_bytes(cargo), 0);
	why = cargo_pack(cargo);
	if (sqfstar)
		ck_assert_msg(!why, "%s", why);
	else
		ck_assert_ptr_nonnull(strstr(why, "install squashfs-tools"));
	free(why);
	ck_assert(!sqfstar || cargo_packed_bytes(cargo) > 1 << 20);
}
END_TEST

START_TEST(more_than_a_guest_bears_is_refused)
{
	char *why;

	put("huge", "", (off_t)3 << 30);
	add("huge", CARGO_OPENED);
	why = cargo_pack(cargo);
	ck_assert_ptr_nonnull(why);
	ck_assert_ptr_nonnull(strstr(why, "gets 2 GiB at most"));
	free(why);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cargo");
	TCase *tcase = tcase_create("files");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, file_is_there_only_where_it_was_named);
	tcase_add_test(tcase, large_file_is_whole_only_where_it_was_opened);
	tcase_add_test(tcase, links_are_followed);
	tcase_add_test(tcase, folder_that_is_opened_has_its_names);
	tcase_add_test(tcase, interpreter_of_a_script_comes_with_it);
	tcase_add_test(tcase, programs_that_are_played_with_are_there);
	tcase_add_test(tcase, it_is_packed);
	tcase_add_test(tcase, more_than_a_guest_bears_is_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
