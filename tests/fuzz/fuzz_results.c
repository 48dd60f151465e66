/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two runs have left (catalogue.c has their cases), and every command that reads it:
 * report, claims, matrix --no-run, diff, show. An input has the files of files[], one behind the
 * other, with a line "====" between; what is missing is not there.
 */
#include "runner/cli/cli.h"
#include "runner/pages/pages.h"
#include "tests/fuzz/catalogue.h"
#include "tests/fuzz/fuzz.h"

#define PLAYED "it_passes_after_a_timer"
#define FIRST  "6.1.9"
#define SECOND "6.12"

static const char *const files[] = {
	FIRST "/results.json",
	FIRST "/" PLAYED "/ipv4/verdict.json",
	FIRST "/" PLAYED "/ipv4/ladder.txt",
	SECOND "/results.json",
	SECOND "/" PLAYED "/ipv4/verdict.json",
	SECOND "/" PLAYED "/ipv4/ladder.txt",
	FIRST "/" PLAYED "/ipv4/journal.jsonl",
};

static void read_runs(void *context)
{
	struct input input = *(struct input *)context;
	autofree char *first = own_path(FIRST), *second = own_path(SECOND);
	char *runs[] = { (char *)own_folder() };
	char *wanted[] = { "F-01", "F-99" };
	char *compared[] = { PLAYED "/ipv4", FIRST, SECOND };

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		put_file(files[i], take_part(&input));
	free(report_of_run(&fuzz_catalogue, first));
	must_be_page(FIRST "/report.html");
	report_command.obey(
		&(struct options){ .catalogue = &fuzz_catalogue, .words = runs, .word_count = 1 });
	must_be_page("report.html");
	claims_command.obey(&(struct options){ .catalogue = &fuzz_catalogue, .artifacts = first });
	claims_command.obey(&(struct options){
		.catalogue = &fuzz_catalogue, .artifacts = second, .json = true });
	claims_command.obey(&(struct options){ .catalogue = &fuzz_catalogue,
					       .artifacts = second,
					       .words = wanted,
					       .word_count = 2 });
	matrix_again(&(struct options){ .catalogue = &fuzz_catalogue, .artifacts = own_folder() });
	must_be_page("matrix.html");
	diff_command.obey(&(struct options){ .catalogue = &fuzz_catalogue,
					     .artifacts = own_folder(),
					     .words = compared,
					     .word_count = 3 });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	attempt(read_runs, &input);
	return 0;
}
