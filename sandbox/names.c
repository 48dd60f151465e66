/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.c: names resolve as in the scene's network: those of /etc/hosts, of the machine and of both
 * hosts, and no others, at once. The sockets of daemons that would ask the machine's network are
 * hidden.
 */
#include "sandbox/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* ---- what is in the files ------------------------------------------------------------------ */

/* The machine's file, or "". The caller frees it. */
static char *of_machine(const char *path)
{
	char *why = NULL, *text = text_load(path, &why);

	free(why);
	return text ? text : format("%s", "");
}

static void add_host(struct text *text, enum host host, int family)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
		if (family && family != families[i])
			continue;
		struct sockaddr_storage address = host_address(host, families[i], 0);
		char name[INET6_ADDRSTRLEN];
		const void *bytes = families[i] == AF_INET
					    ? (void *)&((struct sockaddr_in *)&address)->sin_addr
					    : (void *)&((struct sockaddr_in6 *)&address)->sin6_addr;

		text_add(text, "%s\t%s %s.halfopen\n",
			 inet_ntop(families[i], bytes, name, sizeof(name)), host_name(host),
			 host_name(host));
	}
}

static bool has_name(const char *hosts, const char *name)
{
	autofree char *text = format("%s", hosts);
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n"));) {
		char *words = strsep(&line, "#");

		for (const char *word; (word = strsep(&words, " \t"));)
			if (strcmp(word, name) == 0)
				return true;
	}
	return false;
}

/* The machine's own, and what they lack. */
static char *hosts(int family)
{
	autofree char *machine = of_machine("/etc/hosts");
	char name[256] = "localhost";
	struct text text = { 0 };

	(void)gethostname(name, sizeof(name) - 1);
	text_add(&text, "%s\n", machine);
	if (!has_name(machine, "localhost"))
		text_add(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost\n");
	if (!has_name(machine, name))
		text_add(&text, "127.0.1.1\t%s\n", name);
	for (enum host host = CLIENT; host < HOSTS; host++)
		add_host(&text, host, family);
	return text_take(&text);
}

/* The machine's, but that hosts are those of the file. */
static char *nsswitch(void)
{
	autofree char *machine = of_machine("/etc/nsswitch.conf");
	struct text text = { 0 };
	char *rest = machine;

	for (const char *line; (line = strsep(&rest, "\n"));)
		if (strncmp(line, "hosts:", strlen("hosts:")) != 0)
			text_add(&text, "%s\n", line);
	text_add(&text, "hosts: files\n");
	return text_take(&text);
}

/* Nobody listens there, and that is answered at once. */
static char *resolver(void)
{
	return format("nameserver 127.0.0.1\noptions attempts:1 timeout:1\n");
}

/* ---- into their places --------------------------------------------------------------------- */

/* In a layer a link, which may lead nowhere, gives way to an empty file. */
static bool make_room(const struct making *making, const char *path)
{
	struct stat about;
	int file;

	if (!making->root[0])
		return stat(path, &about) == 0;
	if (lstat(path, &about) == 0 && S_ISREG(about.st_mode))
		return true;
	(void)unlink(path);
	file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (file >= 0)
		close(file);
	return file >= 0;
}

/* Takes @text. Without a layer there may be no such file, and then nobody reads one. */
static bool put(const struct making *making, const char *name, char *text)
{
	autofree char *own = text;
	autofree char *target = format("%s/etc/%s", making->root, name);
	autofree char *source = format("/proc/self/fd/%d/%s", making->files, name);

	if (!make_room(making, target))
		return !making->root[0] && errno == ENOENT;
	return whole_store(source, own, strlen(own)) && chmod(source, 0644) == 0 &&
	       mount(source, target, NULL, MS_BIND, NULL) == 0;
}

/* Where a folder of sockets is, there is an empty one. */
static bool hide(const struct making *making, const char *folder)
{
	autofree char *target = format("%s%s", making->root, folder);
	autofree char *source = format("/proc/self/fd/%d/hidden", making->files);
	struct stat about;

	if (stat(target, &about))
		return true;
	if (mkdir(source, 0755) && errno != EEXIST)
		return false;
	return mount(source, target, NULL, MS_BIND, NULL) == 0;
}

int names_make(const struct making *making)
{
	if (put(making, "hosts", hosts(making->family)) &&
	    put(making, "nsswitch.conf", nsswitch()) && put(making, "resolv.conf", resolver()) &&
	    hide(making, "/run/nscd") && hide(making, "/run/systemd/resolve"))
		return 0;
	return errno;
}
