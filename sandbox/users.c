/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * users.c: who programs are.
 *
 * Root that has all capabilities: they live in the machine's user namespace, and may become whom
 * they like. Root that lacks some, in a container: in a namespace that has all of its users, each
 * under its own number; there the case, whose child it is, may look into all of them. An ordinary
 * user: the case is in a namespace in which he is root; its programs are in another one, in which
 * he is himself, as are, where /etc/subuid gives him a range, all others.
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/syscall.h>

/* ---- the user namespace -------------------------------------------------------------------- */

/* What a server that is started by root uses, and what looking into its workers takes. */
static const unsigned needed[] = {
	CAP_CHOWN,      CAP_DAC_OVERRIDE, CAP_FOWNER,  CAP_FSETID,           CAP_KILL,
	CAP_SETGID,     CAP_SETUID,       CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
	CAP_SYS_PTRACE, CAP_SYS_RESOURCE,
};

bool users_need_namespace(bool rootless)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };

	if (rootless || syscall(SYS_capget, &header, sets))
		return rootless;
	for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
		if (!(sets[needed[i] / 32].effective & 1U << needed[i] % 32))
			return true;
	return false;
}

/* A line of uid_map: so many IDs from @inside on are those from @outside on. */
struct range {
	unsigned inside, outside, count;
};

/* Those that this process's namespace has. Returns how many ranges. */
static int own_ranges(const char *file, struct range *ranges, int most)
{
	autofree char *path = format("/proc/self/%s", file);
	autofile FILE *map = fopen(path, "re");
	int count = 0;

	while (map && count < most &&
	       fscanf(map, "%u %u %u", &ranges[count].inside, &ranges[count].outside,
		      &ranges[count].count) == 3)
		count++;
	return count;
}

bool users_are_all(void)
{
	struct range range;

	return own_ranges("uid_map", &range, 1) == 1 && range.inside == 0 && range.outside == 0 &&
	       range.count == UINT32_MAX;
}

static void add_range(struct text *text, struct range range)
{
	if (range.count)
		text_add(text, "%u %u %u\n", range.inside, range.outside, range.count);
}

/* All that there are, each as itself. */
static char *same_ids(const struct range *ranges, int count)
{
	struct text text = { 0 };

	for (int i = 0; i < count; i++)
		add_range(&text,
			  (struct range){ ranges[i].inside, ranges[i].inside, ranges[i].count });
	return text_take(&text);
}

/*
 * The caller, who is 0 here, under his own number, and the others of his, who are 1, 2, ... here,
 * around it.
 */
static char *ids_of_caller(const struct range *ranges, int count)
{
	unsigned caller = ranges[0].outside, others = count > 1 ? ranges[1].count : 0;
	unsigned below = caller < others ? caller : others;
	struct text text = { 0 };

	add_range(&text, (struct range){ 0, 1, below });
	add_range(&text, (struct range){ caller, 0, 1 });
	add_range(&text, (struct range){ caller + 1, below + 1, others - below });
	return text_take(&text);
}

static int write_map(long process, const char *file, bool rootless)
{
	struct range ranges[340] = {
		{ 0 }
	}; /* as many as the kernel takes (UID_GID_MAP_MAX_EXTENTS) */
	int count = own_ranges(file, ranges, (int)ARRAY_LENGTH(ranges));
	autofree char *text = rootless ? ids_of_caller(ranges, count) : same_ids(ranges, count);
	autofree char *path = format("/proc/%ld/%s", process, file);
	autoclose int map = open(path, O_WRONLY | O_CLOEXEC);

	if (map < 0 || write(map, text, strlen(text)) < 0)
		return errno;
	return 0;
}

int users_map(long process, bool rootless)
{
	int error = write_map(process, "uid_map", rootless);

	return error ? error : write_map(process, "gid_map", rootless);
}

/* ---- --user -------------------------------------------------------------------------------- */

/* By number or by name: 0 with *@entry, NULL where there is none; or errno. @room is the entry's.
 */
static int look_up(const char *user, struct passwd *entry, struct passwd **found, char room[4096])
{
	char *end;
	unsigned long number = strtoul(user, &end, 10);

	if (*user && !*end)
		return getpwuid_r((uid_t)number, entry, room, 4096, found);
	return getpwnam_r(user, entry, room, 4096, found);
}

int identity_of(struct identity *identity, const char *user)
{
	struct passwd entry, *found = NULL;
	char room[4096];
	int error;

	*identity = (struct identity){ .user = geteuid(), .group = getegid() };
	if (!user)
		return 0;
	error = look_up(user, &entry, &found, room);
	if (!found)
		return error ? error : ENOENT;
	identity->changes = true;
	identity->user = entry.pw_uid;
	identity->group = entry.pw_gid;
	identity->name = format("%s", entry.pw_name);
	identity->home = format("%s", entry.pw_dir);
	identity->group_count = (int)ARRAY_LENGTH(identity->groups);
	if (getgrouplist(identity->name, identity->group, identity->groups,
			 &identity->group_count) < 0)
		identity->group_count = (int)ARRAY_LENGTH(identity->groups);
	return 0;
}

void identity_free(struct identity *identity)
{
	free(identity->name);
	free(identity->home);
}

int identity_take(const struct identity *identity)
{
	/* Where groups may not be set, this is only about oneself. */
	if (!identity->changes || (identity->user == geteuid() && identity->group == getegid()))
		return 0;
	if (setgroups((size_t)identity->group_count, identity->groups) ||
	    setresgid(identity->group, identity->group, identity->group) ||
	    setresuid(identity->user, identity->user, identity->user))
		return errno;
	return 0;
}
