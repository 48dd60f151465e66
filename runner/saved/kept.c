/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept: results of earlier runs in the same artifacts folder. A run replaces what it plays; the
 * others are kept, and count where they are of its kernel and build.
 */
#include "runner/saved/saved.h"

#include <string.h>

/* ---- taken over ---------------------------------------------------------------------------- */

/* What a result says of itself, or its run says of it. */
static void take(json_t *earlier, const json_t *run, const char *array)
{
	static const char *const keys[] = { "started", "repeat" };
	size_t index;
	json_t *result;

	json_array_foreach (json_object_get(run, array), index, result) {
		for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
			if (!json_object_get(result, keys[i]))
				json_object_set(result, keys[i], json_object_get(run, keys[i]));
		json_object_set_new(result, "kept", json_true());
		json_array_append(earlier, result);
	}
}

json_t *results_of_earlier_runs(const char *artifacts)
{
	autofree char *why = NULL;
	json_auto_t *run = results_read(artifacts, &why);
	autofree char *other = run ? results_other_format(run, artifacts) : NULL;
	json_t *earlier = json_array();

	if (!other) {
		take(earlier, run, "results");
		take(earlier, run, "old");
	}
	return earlier;
}

/* What --artifacts-on failure has discarded left nothing that could bear it out. */
bool result_stands(const struct catalogue *catalogue, const json_t *result, const char *artifacts)
{
	autofree char *folder = result_folder(result);
	autofree char *path = format("%s/%s/verdict.json", artifacts, folder);
	json_auto_t *verdict = json_load(path, NULL);

	if (!result_is_listed(catalogue, result))
		return false;
	if (!verdict)
		return json_is_true(json_object_get(result, "discarded"));
	return !verdict_differs(verdict, result) && !verdict_is_awaited(verdict);
}

/* ---- which of them count ------------------------------------------------------------------- */

static bool is_same(const char *known, const char *text)
{
	return known && text && strcmp(known, text) == 0;
}

bool result_is_of(const json_t *result, struct played_on on)
{
	return is_same(on.release, member_string(result, "kernel")) &&
	       is_same(on.version, member_string(result, "kernel_version")) &&
	       is_same(on.build, member_string(result, "build"));
}

struct kept results_kept(const json_t *run)
{
	struct kept kept = { .old = json_array_size(json_object_get(run, "old")) };
	size_t index;
	json_t *result;

	json_array_foreach (json_object_get(run, "results"), index, result)
		kept.results += json_is_true(json_object_get(result, "kept"));
	return kept;
}

char *kept_text(struct kept kept)
{
	struct text text = { 0 };

	if (kept.results)
		text_add(&text, "%zu result%s of earlier runs %s kept", kept.results,
			 kept.results == 1 ? "" : "s", kept.results == 1 ? "is" : "are");
	if (kept.old)
		text_add(&text, "%s%zu %s old, of another kernel or build, and not counted",
			 kept.results ? "; " : "", kept.old, kept.old == 1 ? "is" : "are");
	return text.length ? text_take(&text) : NULL;
}
