/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * saved: results.json and verdict.json as runs have left them, or are about to.
 */
#include "runner/saved/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

const char default_artifacts[] = "artifacts";

char *cannot_write(const char *path)
{
	int cause = errno;

	return format("cannot write %s: %s; %s or choose another folder with --artifacts", path,
		      strerror(cause), file_remedy(cause));
}

/* ---- a case's verdict ---------------------------------------------------------------------- */

const char verdict_not_finished[] =
	"it left no verdict: it was ended before, or the artifacts folder is full";

bool verdict_is_awaited(const json_t *verdict)
{
	const char *reason = json_string_value(json_object_get(verdict, "reason"));

	return reason && strcmp(reason, verdict_not_finished) == 0;
}

/* ---- the run's results --------------------------------------------------------------------- */

static bool result_is_whole(const json_t *result)
{
	const char *status = json_string_value(json_object_get(result, "status"));

	return status && ending_from_name(status) >= 0 &&
	       json_is_string(json_object_get(result, "case")) &&
	       json_is_string(json_object_get(result, "family"));
}

static bool results_are_whole(const json_t *results)
{
	size_t index;
	json_t *result;

	json_array_foreach (results, index, result)
		if (!result_is_whole(result))
			return false;
	return true;
}

static const char *what_is_wrong(const json_t *value)
{
	if (!json_is_string(json_object_get(value, "halfopen")) ||
	    !json_is_string(json_object_get(value, "kernel")) ||
	    !json_is_string(json_object_get(value, "started")))
		return "it is not from halfopen";
	const json_t *results = json_object_get(value, "results");
	if (!json_is_array(results))
		return "it has no array 'results'";
	const json_t *old = json_object_get(value, "old");
	if (old && !json_is_array(old))
		return "its 'old' is no array";
	if (!results_are_whole(results) || !results_are_whole(old))
		return "a result lacks 'case', 'family' or a known 'status'";
	return NULL;
}

json_t *results_read(const char *artifacts, char **why)
{
	autofree char *path = format("%s/results.json", artifacts);
	json_error_t error;
	json_t *value = json_load(path, &error);
	const char *problem = value ? what_is_wrong(value) : NULL;

	if (value && !problem)
		return value;

	if (problem)
		*why = format("%s is malformed: %s; run the cases again", path, problem);
	else if (error.line > 0)
		*why = format("%s is malformed: line %d: %s; run the cases again", path, error.line,
			      error.text);
	else
		*why = format("cannot read %s: %s", path, strerror(errno));
	json_decref(value);
	return NULL;
}

static const json_t *find(const json_t *results, const char *name, const char *family)
{
	size_t index;
	json_t *result;

	json_array_foreach (results, index, result)
		if (strcmp(member_string(result, "case"), name) == 0 &&
		    strcmp(member_string(result, "family"), family) == 0)
			return result;
	return NULL;
}

const json_t *results_find(const json_t *run, const char *name, const char *family)
{
	const json_t *found = find(json_object_get(run, "results"), name, family);

	return found ? found : find(json_object_get(run, "old"), name, family);
}

char *result_folder(const json_t *result)
{
	const char *folder = member_string(result, "folder");

	if (folder && *folder != '/' && !strstr(folder, ".."))
		return format("%s", folder);
	return format("%s/%s", member_string(result, "case"), member_string(result, "family"));
}

const char *verdict_differs(const json_t *verdict, const json_t *result)
{
	static const char *const keys[] = { "case", "family", "status", "variant" };

	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		if (!text_is(member_string(verdict, keys[i]), member_string(result, keys[i])))
			return keys[i];
	return NULL;
}

bool result_is_listed(const struct catalogue *catalogue, const json_t *result)
{
	const struct listed_case *spec = catalogue_case(catalogue, member_string(result, "case"));
	const char *family = member_string(result, "family");

	return spec && ((strcmp(family, "ipv4") == 0 && case_has_family(spec, AF_INET)) ||
			(strcmp(family, "ipv6") == 0 && case_has_family(spec, AF_INET6)));
}

char *results_other_format(const json_t *results, const char *artifacts)
{
	int theirs = member_whole(results, "format", INT32_MAX);

	if (theirs == ARTIFACTS_FORMAT)
		return NULL;
	return format("%s/results.json is from another version of halfopen: it has format %d, "
		      "this one reads %d; run the cases again",
		      artifacts, theirs, ARTIFACTS_FORMAT);
}

json_t *results_load(const char *artifacts, bool *missing)
{
	const char *folder = artifacts ? artifacts : default_artifacts;
	autofree char *path = format("%s/results.json", folder);

	*missing = access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (*missing)
		return NULL;
	autofree char *why = NULL;
	json_t *value = results_read(folder, &why);
	autofree char *other = value ? results_other_format(value, folder) : NULL;
	if (!value || other)
		complain("%s", value ? other : why);
	return value;
}

/* ---- whether it goes on -------------------------------------------------------------------- */

bool results_folder_is_live(const char *folder)
{
	char path[PATH_MAX];
	bool found = false;

	for (bool more = realpath(folder, path); more && !found; more = path[1]) {
		autofree char *results = format("%s/results.json", path);

		found = access(results, F_OK) == 0;
		if (!found)
			dirname(path);
	}
	int fd = found ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool live = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
	if (fd >= 0)
		close(fd);
	return live;
}
