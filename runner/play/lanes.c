/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lanes: which kernel plays what. With --kernel auto each case is played on the host if that
 * kernel can, else in a guest if there can be one, else it is skipped with the reason and the
 * command that helps.
 */
#include "runner/play/internal.h"

#include <string.h>
#include <sys/utsname.h>

#define DEFAULT_WIRE "delay 1ms"

/*
 * Where the case waits for a delay to pass, a server that is to do nothing meanwhile gets the CPU
 * (fixtures/hold_server.c): so a trial has one only where that was asked for. So has a stage, on
 * which somebody's client shows its own times.
 */
static const char *default_wire(const struct run *run)
{
	return run->options->trial || run->options->staging ? NULL : DEFAULT_WIRE;
}

/* A guest is root in a stock kernel. */
static const struct net_features guest_features = { .netem = true };

const char *lane_name(const struct entry *entry)
{
	return entry->in_guest ? "vm" : "host";
}

const struct lane *lane_of(const struct run *run, const struct entry *entry)
{
	if (!entry->in_guest)
		return &run->host;
	return entry->spec->storm ? &run->storms : &run->guest;
}

bool run_has_guests(const struct run *run)
{
	return run->guest.count || run->storms.count;
}

void lanes_free(struct run *run)
{
	free(run->host_refuses);
	free(run->host.release);
	free(run->host.built);
	free(run->host.version);
	free(run->guest.release);
	free(run->guest.built);
	free(run->storms.release);
	free(run->storms.built);
	boot_free(run->guest.boot);
	kernel_free(run->guest.kernel);
}

/* ---- the guest ----------------------------------------------------------------------------- */

/* Finds the kernel and what runs it; NULL, or why there can be no guest and what helps. */
static char *find_guest(struct run *run, const char *word)
{
	char *why = machines_refused();

	if (!why)
		run->guest.kernel = kernel_find(word, &why);
	run->guest.real_time = run->options->real_time;
	run->guest.clock = run->guest.real_time ? "real" : "virtual";
	run->guest.wire = run->options->wire ? run->options->wire : default_wire(run);
	/* Two CPUs that take turns on a virtual clock never meet. */
	run->storms = run->guest;
	run->storms.real_time = true;
	run->storms.clock = "real";
	return why;
}

static enum lanes assign_all_to_guest(struct run *run)
{
	const char *word = run->options->kernel;
	autofree char *why = find_guest(run, word);

	if (why) {
		bool known = strcmp(word, "vm") == 0 || pin_find(word) != NULL;

		complain("%s", why);
		return known ? LANES_ERROR : LANES_USAGE;
	}
	for (size_t i = 0; i < run->plan.count; i++) {
		struct entry *entry = &run->plan.entries[i];

		entry->unmet = unmet_need(entry, &guest_features, run->options->real_time);
		entry->in_guest = !entry->unmet;
	}
	return LANES_FOUND;
}

/* ---- the host ------------------------------------------------------------------------------ */

/* The wire of the host's entries; false when --wire asks for what cannot be. */
static bool choose_wire(struct run *run)
{
	const char *asked = run->options->wire;

	run->host.wire = run->features.netem ? default_wire(run) : NULL;
	if (!asked)
		return true;
	if (!run->features.netem) {
		complain("--wire '%s' needs netem: %s", asked, run->features.netem_reason);
		return false;
	}
	autofree char *problem = wire_refused(asked);
	if (problem)
		complain("--wire '%s': arguments of `tc qdisc add ... netem` are allowed: %s",
			 asked, problem);
	run->host.wire = asked;
	return !problem;
}

static enum lanes assign_all_to_host(struct run *run, char **why)
{
	if (net_probe(&run->features, why) < 0) {
		if (!run->features.went_wrong)
			return LANES_NONE;
		complain("%s", *why);
		return LANES_ERROR;
	}
	if (!choose_wire(run))
		return LANES_USAGE;
	for (size_t i = 0; i < run->plan.count; i++)
		run->plan.entries[i].unmet =
			unmet_need(&run->plan.entries[i], &run->features, true);
	return LANES_FOUND;
}

/* ---- auto ---------------------------------------------------------------------------------- */

/* A storm can make a faulty kernel fall: not this machine's, unless told so. */
static bool belongs_into_guest(const struct run *run, const struct entry *entry)
{
	return entry->spec->storm && run->options->storms == STORMS_IN_VM;
}

/* What the host cannot play goes into the guest, if that can and is there. */
static void assign_case_by_case(struct run *run, const char *host_refuses, const char *no_guest)
{
	for (size_t i = 0; i < run->plan.count; i++) {
		struct entry *entry = &run->plan.entries[i];
		char *unmet = host_refuses ? format("%s", host_refuses)
			      : belongs_into_guest(run, entry)
				      ? format("a storm is for a VM, or --storms host")
				      : unmet_need(entry, &run->features, true);
		char *unmet_in_guest = unmet_need(entry, &guest_features, run->options->real_time);

		/* Minutes on a real clock are seconds on a virtual one, named or not. */
		if (!unmet && entry->spec->virtual_time && !no_guest)
			unmet = format("its place is the virtual clock");
		entry->in_guest = unmet && !unmet_in_guest && !no_guest;
		if (unmet && !unmet_in_guest && no_guest)
			entry->unmet = format("%s; nor in a VM: %s", unmet, no_guest);
		else if (unmet && unmet_in_guest)
			entry->unmet = format("%s", unmet);
		free(unmet);
		free(unmet_in_guest);
	}
}

/* Why the host can play nothing at all, be it for its own sake or for that of --wire. */
static char *why_not_the_host(struct run *run)
{
	char *why;

	if (net_probe(&run->features, &why) < 0)
		return why;
	if (run->options->wire && !run->features.netem)
		return format("--wire '%s' needs netem: %s", run->options->wire,
			      run->features.netem_reason);
	return NULL;
}

static enum lanes assign_automatically(struct run *run, char **why)
{
	char *host_refuses = run->host_refuses = why_not_the_host(run);
	autofree char *no_guest = find_guest(run, "vm");

	if (host_refuses && run->features.went_wrong) {
		complain("%s", host_refuses);
		return LANES_ERROR;
	}
	if (!host_refuses && !choose_wire(run))
		return LANES_USAGE;
	if (host_refuses && no_guest) {
		*why = format("%s; nor in a VM: %s", host_refuses, no_guest);
		return LANES_NONE;
	}
	assign_case_by_case(run, host_refuses, no_guest);
	return LANES_FOUND;
}

/* What is the host here may be the guest of another run, which passed its --time on. */
static const char *clock_of_host(const struct run *run)
{
	return guest_is_around() && !run->options->real_time ? "virtual" : "real";
}

/*
 * The kernel's version with its patch level, which Debian's uname -r may leave out: its uname -v
 * ends in "Debian 6.1.192-2 (date)".
 */
static char *kernel_version(const struct utsname *kernel)
{
	const char *debian = strstr(kernel->version, "Debian ");

	return format("%s", debian ? debian + strlen("Debian ") : kernel->release);
}

static void count_entries(const struct run *run, struct lane *lane)
{
	for (size_t i = 0; i < run->plan.count; i++)
		lane->count += lane_of(run, &run->plan.entries[i]) == lane;
}

enum lanes lanes_assign(struct run *run, char **why)
{
	struct utsname kernel;
	enum lanes found;

	uname(&kernel);
	run->host.release = format("%s", kernel.release);
	run->host.built = format("%s", kernel.version);
	run->host.version = kernel_version(&kernel);
	run->host.clock = clock_of_host(run);
	if (strcmp(run->options->kernel, "host") == 0)
		found = assign_all_to_host(run, why);
	else if (strcmp(run->options->kernel, "auto") == 0)
		found = assign_automatically(run, why);
	else
		found = assign_all_to_guest(run);
	count_entries(run, &run->host);
	count_entries(run, &run->guest);
	count_entries(run, &run->storms);
	return found;
}

/* ---- in which order ------------------------------------------------------------------------ */

static int longest_first(const void *left, const void *right)
{
	const struct entry *a = *(struct entry *const *)left, *b = *(struct entry *const *)right;

	if (a->spec->storm != b->spec->storm)
		return a->spec->storm ? 1 : -1; /* alone, when all others are over */
	if (a->spec->kernel_seconds != b->spec->kernel_seconds)
		return a->spec->kernel_seconds < b->spec->kernel_seconds ? 1 : -1;
	return (a > b) - (a < b); /* else as planned */
}

struct entry **lane_order(const struct run *run, const struct lane *lane)
{
	struct entry **order = must_alloc(lane->count + 1, sizeof(struct entry *));
	size_t count = 0;

	for (size_t i = 0; i < run->plan.count; i++)
		if (lane_of(run, &run->plan.entries[i]) == lane)
			order[count++] = &run->plan.entries[i];
	if (!run->options->seed)
		qsort(order, count, sizeof(struct entry *), longest_first);
	put_first(run, order, count);
	return order;
}
