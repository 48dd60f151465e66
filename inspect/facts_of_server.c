/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts_of_server.c: its processes and their descriptors, and what of it is not to be seen.
 */
#include "inspect/facts.h"

#include <string.h>

/* ---- processes ------------------------------------------------------------------------------ */

/* How many have the name of the one at @index; 0: one before it has it. */
static size_t namesakes(const struct inspected_processes *processes, size_t index)
{
	size_t count = 0;

	for (size_t i = 0; i < processes->count; i++) {
		if (strcmp(processes->all[i].name, processes->all[index].name) != 0)
			continue;
		if (i < index)
			return 0;
		count++;
	}
	return count;
}

static void add_processes(struct account *account)
{
	const struct inspected_processes *processes = account->processes;
	struct text text = { 0 };
	unsigned threads = 0;
	autofree char *in_all = NULL;

	for (size_t i = 0; i < processes->count; i++) {
		size_t count = namesakes(processes, i);

		threads += processes->all[i].threads;
		if (count)
			text_add(&text, "%s%s", text.length ? ", " : "", processes->all[i].name);
		if (count > 1)
			text_add(&text, " (%zu processes)", count);
	}
	in_all = counted(threads, "thread", "threads");
	text_add(&text, "; %s", in_all);
	add_fact(account, NULL,
		 (struct fact){ .name = "processes",
				.value = (int64_t)processes->count,
				.known = true,
				.text = text_take(&text) });
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static long left(const struct inspected_process *process)
{
	return process->descriptor_limit - process->descriptors;
}

static const struct inspected_process *fullest(const struct inspected_processes *processes)
{
	const struct inspected_process *found = NULL;

	for (size_t i = 0; i < processes->count; i++) {
		const struct inspected_process *process = &processes->all[i];

		if (process->descriptors == NOT_KNOWN || process->descriptor_limit == NOT_KNOWN)
			continue;
		if (!found || left(process) < left(found))
			found = process;
	}
	return found;
}

static int longest_queue(const struct inspected_listeners *listeners)
{
	int limit = 0;

	for (size_t i = 0; i < listeners->count; i++)
		if (!listeners->all[i].foreign && listeners->all[i].limit > limit)
			limit = listeners->all[i].limit;
	return limit;
}

static char *descriptors_unusual(const struct account *account,
				 const struct inspected_process *process)
{
	int queue = longest_queue(account->listeners);

	if (left(process) > queue)
		return NULL;
	return format(
		"it can open %ld more, and %d clients may wait in a queue: not all of them can "
		"be taken at once (EMFILE)",
		left(process), queue + 1);
}

static void add_descriptors(struct account *account)
{
	const struct inspected_process *process = fullest(account->processes);

	if (!process)
		add_fact(account, NULL,
			 (struct fact){ .name = "descriptors",
					.value = NOT_KNOWN,
					.text = format("not to be seen of its processes") });
	else
		add_fact(account, NULL,
			 (struct fact){ .name = "descriptors",
					.value = process->descriptors,
					.known = true,
					.text = format("%ld in use, %ld at most (%s, pid %d)",
						       process->descriptors,
						       process->descriptor_limit, process->name,
						       process->pid),
					.unusual = descriptors_unusual(account, process) });
}

/* ---- what is not to be seen ----------------------------------------------------------------- */

static void add_calls(struct account *account)
{
	const char *problem = account->watch ? call_watch_problem(account->watch)
					     : "it was not started under a watch";

	if (problem)
		add_fact(account, NULL,
			 (struct fact){ .name = "calls",
					.value = NOT_KNOWN,
					.text = format("its calls of listen() are not seen: %s",
						       problem) });
	else
		add_fact(account, NULL,
			 (struct fact){ .name = "calls",
					.value = 1,
					.known = true,
					.usual = !call_watch_took_privileges(account->watch),
					.text = format("its calls of listen() are seen"),
					.unusual =
						call_watch_took_privileges(account->watch)
							? format("it was started with "
								 "NO_NEW_PRIVS, without which its "
								 "calls are not to be seen: "
								 "programs that are setuid gain "
								 "no rights")
							: NULL });
}

static void add_unseen(struct account *account)
{
	if (!account->listeners->unseen)
		return;
	add_fact(account, NULL,
		 (struct fact){ .name = "unseen",
				.value = NOT_KNOWN,
				.text = format("/proc/PID/fd of %u of its processes cannot be "
					       "read (%s): what they hold is not told here",
					       account->listeners->unseen,
					       strerror(account->listeners->unseen_error)) });
}

void add_facts_of_server(struct account *account)
{
	add_processes(account);
	add_descriptors(account);
	add_calls(account);
	add_unseen(account);
}
