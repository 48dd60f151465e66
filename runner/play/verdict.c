/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict: the folder of an entry and the verdict.json in it, which is how a case tells the
 * runner what it found. The runner writes one that says "not finished" before the case starts,
 * so that whatever dies at whatever moment leaves an error behind and never a pass.
 */
#include "runner/play/internal.h"

#include "base/xml.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

/* What a case leaves when it passed or failed. */
static const char *const artifacts[] = {
	"client.pcap", "server.pcap", "journal.jsonl", "ladder.txt", "counters.txt", "env.txt",
	"replay.sh",   "case.pcapng", "ladder.mmd",    "ladder.svg", NULL,
};
static const char *const artifacts_of_storm[] = { "env.txt", "replay.sh", "storm.txt", "storm.json",
						  NULL };

/* What else a run may leave in a folder. */
static const char *const others[] = { "verdict.json", "output.txt", "journal.jsonl.gz", "storm.txt",
				      "storm.json",   "round.pcap", "clients.svg",      "told.json",
				      "facts.json",   "files.json", "client.log" };

void result_free(struct result *result)
{
	free(result->reason);
	free(result->report);
	free(result->complaint);
	free(result->machine);
	json_decref(result->failure);
	json_decref(result->steps);
	json_decref(result->told);
	free(result->variant);
	free(result->ladder);
	*result = (struct result){ 0 };
}

char *entry_path(const struct run *run, const struct entry *entry, const char *name)
{
	return format("%s/%s%s%s", run->artifacts, entry->folder, *name ? "/" : "", name);
}

/* Makes every folder of the entry's path below the artifacts. False with errno. */
static bool make_folders(const struct run *run, const char *folder)
{
	for (const char *end = strchr(folder, '/');; end = strchr(end + 1, '/')) {
		int length = end ? (int)(end - folder) : (int)strlen(folder);
		autofree char *path = format("%s/%.*s", run->artifacts, length, folder);

		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return false;
		if (!end)
			return true;
	}
}

/* The folder's verdict.json speaks of this case. */
static bool folder_is_ours(const struct run *run, const struct entry *entry)
{
	autofree char *path = entry_path(run, entry, "verdict.json");
	json_auto_t *verdict = json_load(path, NULL);
	const char *name = json_string_value(json_object_get(verdict, "case"));
	const char *family = json_string_value(json_object_get(verdict, "family"));

	return name && strcmp(name, entry->spec->name) == 0 && family &&
	       strcmp(family, family_name(entry->family)) == 0;
}

/* Removes a file of an earlier run; a stranger's is named in the result. */
static char *file_clear(const struct run *run, const struct entry *entry, const char *name)
{
	autofree char *path = entry_path(run, entry, name);

	if (access(path, F_OK) < 0)
		return NULL;
	if (!folder_is_ours(run, entry))
		return format("%s is in the way and not from a run of this case; move it away or "
			      "choose another folder with --artifacts",
			      path);
	return unlink(path) < 0 ? cannot_write(path) : NULL;
}

/* Also what was begun of it and not finished: see whole_begin(). */
static char *artifact_clear(const struct run *run, const struct entry *entry, const char *name)
{
	autofree char *begun = format("%s.new", name);
	char *problem = file_clear(run, entry, begun);

	return problem ? problem : file_clear(run, entry, name);
}

static char *folder_clear(const struct run *run, const struct entry *entry)
{
	char *problem = NULL;

	for (size_t i = 0; !problem && artifacts[i]; i++)
		problem = artifact_clear(run, entry, artifacts[i]);
	/* verdict.json is what the others are recognised by; it is replaced, not removed. */
	for (size_t i = 1; !problem && i < ARRAY_LENGTH(others); i++)
		problem = artifact_clear(run, entry, others[i]);
	return problem ? problem : file_clear(run, entry, "verdict.json.new");
}

/* Nobody else has put anything there. */
static bool folder_is_own(const char *folder)
{
	DIR *listing = opendir(folder);
	bool own = listing != NULL;

	for (const struct dirent *each; own && (each = readdir(listing));)
		own = strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0 ||
		      strcmp(each->d_name, "verdict.json") == 0;
	if (listing)
		closedir(listing);
	return own;
}

char *folder_prepare(const struct run *run, struct entry *entry)
{
	autofree char *folder = entry_path(run, entry, "");

	if (!make_folders(run, entry->folder))
		return cannot_write(folder);
	char *problem = folder_clear(run, entry);
	if (problem)
		return problem;
	/* What an attempt before this one has left is ours too. */
	entry->own_folder = entry->own_folder || folder_is_own(folder);
	struct entry fresh = *entry;
	fresh.result = (struct result){ .ending = BROKEN, .reason = (char *)verdict_not_finished };
	return verdict_write(run, &fresh) ? NULL : cannot_write(folder);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

/* The folders above it go too, where they are empty then. */
static void remove_above(const struct run *run, const struct entry *entry)
{
	autofree char *path = entry_path(run, entry, "");

	for (char *end; (end = strrchr(path, '/')) && end - path > (long)strlen(run->artifacts);) {
		*end = '\0';
		if (rmdir(path) < 0)
			return;
	}
}

char *folder_discard(const struct run *run, struct entry *entry)
{
	autofree char *folder = entry_path(run, entry, ""), *ladder = NULL, *why = NULL;
	char *problem = NULL;

	ladder = entry_path(run, entry, "ladder.txt");
	entry->result.ladder = text_load(ladder, &why);
	if (entry->own_folder) {
		if (nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) < 0)
			problem = cannot_write(folder);
	} else {
		problem = folder_clear(run, entry);
		if (!problem)
			problem = file_clear(run, entry, "verdict.json");
		rmdir(folder);
	}
	remove_above(run, entry);
	return problem;
}

bool verdict_write(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;
	autofree char *path = entry_path(run, entry, "verdict.json");
	json_auto_t *verdict = json_object();

	json_object_set_new(verdict, "format", json_integer(ARTIFACTS_FORMAT));
	json_object_set_new(verdict, "case", json_text(entry->spec->name));
	json_object_set_new(verdict, "family", json_text(family_name(entry->family)));
	json_object_set_new(verdict, "status", json_text(ending_name(result->ending)));
	json_object_set_new(verdict, "reason", json_text(result->reason));
	json_object_set_new(verdict, "report", json_text(result->report));
	json_object_set_new(verdict, "machine", json_text(result->machine));
	json_object_set(verdict, "failure", result->failure ? result->failure : json_null());
	json_object_set_new(verdict, "variant", json_text(result->variant));
	json_object_set_new(verdict, "seconds", json_real(result->seconds));
	json_object_set_new(verdict, "kernel_seconds", json_real(result->kernel_seconds));
	json_object_set_new(verdict, "claims", json_words(entry->spec->claims));
	json_object_set_new(verdict, "covers", json_words(entry->spec->covers));
	return json_store(verdict, path);
}

/* Null, or what the kernel has complained of, and whether the case was there alone. */
static json_t *complaint_json(const struct result *result)
{
	json_t *complaint = result->complaint ? json_object() : json_null();

	if (!result->complaint)
		return complaint;
	json_object_set_new(complaint, "text", json_text(result->complaint));
	json_object_set_new(complaint, "alone", json_boolean(result->complained_alone));
	return complaint;
}

/* Writes what the runner made of the result into what the case wrote. False with errno. */
static bool amend(const struct run *run, const struct entry *entry)
{
	autofree char *path = entry_path(run, entry, "verdict.json");
	json_auto_t *verdict = json_load(path, NULL);

	if (!verdict)
		return false;
	json_object_set_new(verdict, "status", json_text(ending_name(entry->result.ending)));
	json_object_set_new(verdict, "reason", json_text(entry->result.reason));
	json_object_set_new(verdict, "report", json_text(entry->result.report));
	json_object_set_new(verdict, "complaint", complaint_json(&entry->result));
	return json_store(verdict, path);
}

/* A case may quote what a program or a packet said; that goes to terminals and to XML. */
static char *clean_member(const json_t *object, const char *key)
{
	autofree char *text = member_text(object, key);

	return text ? text_clean(text) : NULL;
}

/* Fills @result from what the case wrote, or says what is wrong with it. */
static char *verdict_parse(const json_t *verdict, struct result *result)
{
	const char *status = json_string_value(json_object_get(verdict, "status"));
	const json_t *complaint = json_object_get(verdict, "complaint");
	int ending = status ? ending_from_name(status) : -1;

	if (ending < 0)
		return format("verdict.json has no status");
	*result = (struct result){
		.ending = (enum ending)ending,
		.reason = clean_member(verdict, "reason"),
		.report = clean_member(verdict, "report"),
		.failure = json_incref(json_object_get(verdict, "failure")),
		.steps = json_incref(json_object_get(verdict, "steps")),
		.variant = clean_member(verdict, "variant"),
		.machine = clean_member(verdict, "machine"),
		.complaint = clean_member(complaint, "text"),
		.complained_alone = json_is_true(json_object_get(complaint, "alone")),
		.seconds = member_number(verdict, "seconds"),
		.kernel_seconds = member_number(verdict, "kernel_seconds"),
		.stalled = member_number(verdict, "stall_seconds"),
		.stall_limit = seconds(SLACK),
	};
	if (json_is_number(json_object_get(verdict, "stall_limit_seconds")))
		result->stall_limit = member_number(verdict, "stall_limit_seconds");
	return NULL;
}

bool verdict_read(const struct run *run, const struct entry *entry, struct result *result)
{
	autofree char *path = entry_path(run, entry, "verdict.json");
	json_error_t error;
	json_auto_t *verdict = json_load(path, &error);
	char *problem =
		verdict ? verdict_parse(verdict, result)
			: format("verdict.json cannot be read (%s): is the artifacts folder "
				 "full?",
				 error.text);

	if (problem) {
		*result = (struct result){ .ending = BROKEN, .reason = problem };
		return false;
	}
	return !(result->ending == BROKEN && result->reason &&
		 strcmp(result->reason, verdict_not_finished) == 0);
}

void change_ending(struct result *result, enum ending ending, char *reason)
{
	free(result->reason);
	result->reason = reason;
	result->ending = ending;
	result->changed = true;
}

void verdict_amend(const struct run *run, struct entry *entry)
{
	if (entry->result.changed && !amend(run, entry))
		change_ending(&entry->result, BROKEN, cannot_write("verdict.json"));
}

/* A pass with what Linux has outgrown is none. A guest has judged its own. */
static void judge_variant(const struct run *run, struct entry *entry)
{
	const struct result *result = &entry->result;
	char *lost;

	if (entry->in_guest || result->ending != PASSED)
		return;
	lost = variant_lost(run->options->catalogue,
			    (struct seen_variant){ .case_name = entry->spec->name,
						   .version = run->host.version,
						   .variant = result->variant });
	if (lost)
		change_ending(&entry->result, FAILED, lost);
}

/* What it has failed by is told. */
static bool is_told_why(const struct run *run, const json_t *told)
{
	const char *key = run->options->staging ? "not_as_expected" : "findings";

	return json_array_size(json_object_get(told, key)) > 0;
}

/*
 * Of a scenario: what its journal tells; of one that does not apply it tells of a part only. One
 * that fails without a finding says nothing of the server: a capture and a counter disagree.
 */
static void take_told(const struct run *run, struct entry *entry)
{
	autofree char *folder = entry_path(run, entry, "");
	struct result *result = &entry->result;

	if ((!run->options->trial && !run->options->staging) ||
	    (result->ending == SKIPPED && !goes_first(run, entry)))
		return;
	result->told = told_in_folder(folder);
	if (result->ending == FAILED && !is_told_why(run, result->told))
		change_ending(result, BROKEN,
			      format("no finding, but what was counted and what was captured do "
				     "not agree: %s",
				     result->reason));
}

void take_verdict(const struct run *run, struct entry *entry, char *problem)
{
	struct result *result = &entry->result;
	bool read = verdict_read(run, entry, result);

	if (!problem && read && (result->ending == PASSED || result->ending == FAILED))
		problem = artifact_missing(run, entry);
	if (read && (!problem || result->ending == BROKEN)) {
		free(problem);
		take_told(run, entry);
		judge_variant(run, entry);
		return;
	}
	if (problem) {
		result_free(result);
		*result = (struct result){ .ending = BROKEN, .reason = problem };
	}
	if (!verdict_write(run, entry)) {
		result_free(result);
		*result =
			(struct result){ .ending = BROKEN, .reason = cannot_write("verdict.json") };
	}
}

bool entry_place(const struct entry *entry, struct place *place)
{
	const json_t *failure = entry->result.failure;
	const char *file = json_string_value(json_object_get(failure, "file"));

	*place = (struct place){ entry->spec->file, entry->spec->line };
	if (file)
		*place = (struct place){ file, member_whole(failure, "line", INT32_MAX) };
	return place->file != NULL;
}

char *artifact_missing(const struct run *run, const struct entry *entry)
{
	const char *const *names = entry->spec->storm ? artifacts_of_storm : artifacts;

	for (size_t i = 0; names[i]; i++) {
		autofree char *path = entry_path(run, entry, names[i]);
		autofree char *packed = format("%s.gz", path); /* of a crowd's journal */
		struct stat status;

		if (stat(path, &status) < 0 && stat(packed, &status) < 0)
			return format("the case left no %s", names[i]);
		if (status.st_size == 0)
			return format("the case left an empty %s: is the artifacts folder full?",
				      names[i]);
	}
	return NULL;
}
