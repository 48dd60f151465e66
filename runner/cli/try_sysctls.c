/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_sysctls: the kernel parameters with which a server is tried. The machine that counts is the
 * user's, and a new network namespace does not have its settings: somaxconn, tcp_syncookies and
 * their like begin there as the kernel has them.
 */
#include "netns/netns.h"
#include "runner/cli/try.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static void trim(char *text)
{
	size_t length = strlen(text), from = strspn(text, " \t");

	while (length > from && isspace((unsigned char)text[length - 1]))
		length--;
	memmove(text, text + from, length - from);
	text[length - from] = '\0';
}

/* Words with one blank between them; the caller frees it. */
static char *tidied(const char *value)
{
	struct text text = { 0 };

	for (char *word; (word = text_word(&value)); free(word))
		text_add(&text, "%s%s", text.length ? " " : "", word);
	return text_take(&text);
}

static struct trial_setting *find(const struct try_sysctls *sysctls, const char *name)
{
	for (size_t i = 0; i < sysctls->count; i++)
		if (strcmp(sysctls->all[i].name, name) == 0)
			return &sysctls->all[i];
	return NULL;
}

static void set(struct try_sysctls *sysctls, struct trial_setting *setting, const char *value)
{
	setting->value = own(&sysctls->owned, tidied(value));
}

/* ---- --sysctls-from ------------------------------------------------------------------------- */

/*
 * "net.core.somaxconn = 4096", as `sysctl -a` prints it and sysctl.conf(5) has it. What no network
 * namespace has for itself is that machine's own. Whether it was a setting at all.
 */
static bool take_line(struct try_sysctls *sysctls, char *line, const char *source)
{
	char *equals = strchr(line, '=');

	trim(line);
	if (!*line || *line == '#' || *line == ';')
		return false;
	if (!equals)
		return false;
	*equals = '\0';
	char *name = line + (*line == '-'); /* sysctl.conf: a failure is to be ignored */
	trim(name);
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '.';
	struct trial_setting *setting = find(sysctls, name);
	if (!setting)
		return false;
	set(sysctls, setting, equals + 1);
	setting->source = source;
	return true;
}

static int take_file(struct try_sysctls *sysctls, const char *path)
{
	autofile FILE *file = open_to_read(path);
	autofree char *line = NULL;
	size_t room = 0, taken = 0;

	if (!file) {
		complain("--sysctls-from %s: cannot read that file: %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	while (getline(&line, &room, file) > 0)
		taken += take_line(sysctls, line, path);
	if (taken)
		return EXIT_GOOD;
	complain("--sysctls-from %s: no net.* setting is in it, as `sysctl -a` prints them: "
		 "net.core.somaxconn = 4096",
		 path);
	return EXIT_USAGE;
}

/* ---- --sysctl ------------------------------------------------------------------------------- */

static int take_word(struct try_sysctls *sysctls, const char *word)
{
	struct nearest nearest = { 0 };
	const char *equals = strchr(word, '=');
	autofree char *name = format("%.*s", (int)(equals - word), word);
	struct trial_setting *setting = find(sysctls, name);

	if (setting) {
		set(sysctls, setting, equals + 1);
		setting->source = "--sysctl";
		return EXIT_GOOD;
	}
	nearest.typed = name;
	for (size_t i = 0; i < sysctls->count; i++)
		nearest_offer(&nearest, sysctls->all[i].name);
	autofree char *near = nearest_text(&nearest);
	complain("--sysctl %s: a network namespace has no such setting%s", word, near);
	return EXIT_USAGE;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* What namespaces have, with this machine's values. NULL, or why nobody knows. */
static char *take_machine(struct try_sysctls *sysctls)
{
	struct net_settings settings;
	char *why = net_settings_read(&settings);

	if (why)
		return why;
	sysctls->all = must_alloc(settings.count + 1, sizeof(*sysctls->all));
	for (size_t i = 0; i < settings.count; i++) {
		const struct net_setting *setting = &settings.all[i];

		sysctls->all[sysctls->count++] = (struct trial_setting){
			.name = own(&sysctls->owned, format("%s", setting->name)),
			.value = own(&sysctls->owned, format("%s", setting->here)),
			.usual = own(&sysctls->owned, format("%s", setting->usual)),
		};
	}
	net_settings_free(&settings);
	return NULL;
}

int sysctls_make(struct try_sysctls *sysctls, const struct trying *trying)
{
	autofree char *why = take_machine(sysctls);
	int status = EXIT_GOOD;

	if (why) {
		complain("%s", why);
		return EXIT_ALL_SKIPPED;
	}
	if (trying->sysctls_from)
		status = take_file(sysctls, trying->sysctls_from);
	for (size_t i = 0; i < trying->sysctls.count && status == EXIT_GOOD; i++)
		status = take_word(sysctls, trying->sysctls.all[i]);
	return status;
}

void sysctls_free(struct try_sysctls *sysctls)
{
	owned_free(&sysctls->owned);
	free(sysctls->all);
}
