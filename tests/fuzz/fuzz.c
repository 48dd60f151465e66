/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

#include <ftw.h>
#include <libxml/parser.h>
#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>

static const char between[] = "====\n";

/* ---- inputs -------------------------------------------------------------------------------- */

static struct input take(struct input *input, size_t size)
{
	struct input taken = { input->at, size };

	input->at += size;
	input->left -= size;
	return taken;
}

static char *text_of(struct input input)
{
	char *text = must_alloc(input.left + 1, 1);

	if (input.left)
		memcpy(text, input.at, input.left);
	return text;
}

uint8_t take_byte(struct input *input)
{
	return input->left ? *take(input, 1).at : 0;
}

char *take_line(struct input *input)
{
	const uint8_t *end = input->left ? memchr(input->at, '\n', input->left) : NULL;
	size_t length = end ? (size_t)(end - input->at) : input->left;
	char *line;

	if (!input->left)
		return NULL;
	line = text_of(take(input, length));
	if (end)
		take(input, 1);
	return line;
}

char *take_text(struct input *input)
{
	return text_of(take(input, input->left));
}

struct input take_part(struct input *input)
{
	size_t mark = strlen(between);

	for (size_t i = 0; i + mark <= input->left; i++) {
		if ((i > 0 && input->at[i - 1] != '\n') ||
		    memcmp(input->at + i, between, mark) != 0)
			continue;
		struct input part = take(input, i);

		take(input, mark);
		return part;
	}
	return take(input, input->left);
}

/* ---- files --------------------------------------------------------------------------------- */

static char *folder;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	return place->level ? remove(path) : 0;
}

void empty_folder(const char *name)
{
	autofree char *path = own_path(name);

	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
	empty_folder("");
	rmdir(folder);
	free(folder);
}

const char *own_folder(void)
{
	const char *place = getenv("TMPDIR");

	if (folder)
		return folder;
	if (!place)
		place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	folder = format("%s/halfopen-fuzz.XXXXXX", place);
	if (!mkdtemp(folder))
		broken("cannot make a folder in %s", place);
	atexit(remove_folder);
	return folder;
}

char *own_path(const char *name)
{
	return format("%s/%s", own_folder(), name);
}

void put_file(const char *name, struct input input)
{
	autofree char *path = own_path(name);
	autofree char *above = format("%.*s", (int)(strrchr(path, '/') - path), path);

	unlink(path);
	if (!input.left)
		return;
	make_path(above);
	autofile FILE *file = fopen(path, "we");
	if (file)
		fwrite(input.at, 1, input.left, file);
}

/* Without a number that the line has already. */
static const char *behind_number(const char *line)
{
	int length = 0;

	if (sscanf(line, "{\"seq\":%*[0-9],%n", &length) == 0 && length > 0)
		return line + length;
	return *line == '{' ? line + 1 : line;
}

void put_events(const char *name, struct input input)
{
	autofree char *path = own_path(name);
	autofile FILE *file = fopen(path, "we");
	long number = 1;

	if (!file)
		broken("cannot write %s", path);
	for (char *line; (line = take_line(&input)); free(line))
		fprintf(file, "{\"seq\":%ld,%s\n", number++, behind_number(line));
}

void must_be_xml(const char *text, size_t length)
{
	xmlDoc *page = xmlReadMemory(text, (int)length, "page", NULL,
				     XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET |
					     XML_PARSE_HUGE);

	if (!page)
		abort();
	xmlFreeDoc(page);
}

void must_be_page(const char *name)
{
	autofree char *path = own_path(name);
	xmlDoc *page;

	if (access(path, F_OK) < 0)
		return;
	page = xmlReadFile(path, NULL,
			   XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET |
				   XML_PARSE_HUGE);
	if (!page)
		abort();
	xmlFreeDoc(page);
	unlink(path);
}

FILE *nowhere(void)
{
	static FILE *file;

	if (!file)
		file = fopen("/dev/null", "we");
	return file;
}

/* ---- endings ------------------------------------------------------------------------------- */

static jmp_buf way_out;

static void leave(enum ending ending, const char *text, void *context)
{
	(void)ending;
	(void)text;
	(void)context;
	longjmp(way_out, 1);
}

void attempt(void (*act)(void *context), void *context)
{
	if (setjmp(way_out) == 0) {
		on_ending(leave, NULL);
		act(context);
	}
	on_ending(NULL, NULL);
}
