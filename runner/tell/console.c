/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console: a run as a person reads it. What this run is, one live line on a terminal, and at the
 * end the failures in full, the reasons of skips, and the counts.
 */
#include "runner/tell/internal.h"

#include "base/terminal.h"

#include <signal.h>
#include <string.h>

enum {
	MOST_CASES = 20,         /* of those that are alike */
	MOST_WITH_VARIANTS = 40, /* a run of more entries tells of none */
};

static bool live(const struct run *run)
{
	return !run->options->pause && isatty(STDOUT_FILENO);
}

void console_wipe(const struct run *run)
{
	if (live(run))
		fputs("\r\033[K", stdout);
}

static void begin_host(const struct run *run)
{
	printf("kernel %s, lane host, clock real, %s\n", run->host.release,
	       run->features.user_namespace ? "in a user namespace" : "as root");
	printf("%zu to run, %u at once on %u CPU%s%s\n", run->host.count, run->jobs, run->cpus,
	       run->cpus == 1 ? "" : "s", run->jobs_reason);
	if (run->host.wire)
		printf("wire: netem %s\n", run->host.wire);
	else
		printf("wire: no netem, the default delay of 1 ms is left out: %s\n",
		       run->features.netem_reason);
}

static void begin_guest(const struct run *run)
{
	printf("kernel %s, lane vm, clock %s, as root\n", run->guest.kernel->name,
	       run->guest.clock);
	printf("%zu to run%s\n", run->guest.count,
	       run->host.count ? " after that: what waits for minutes takes seconds there" : "");
	printf("wire: netem %s\n", run->guest.wire);
}

static void begin_storms(const struct run *run)
{
	printf("kernel %s, lane vm, clock real, two CPUs: %zu storm%s of %u s, at last\n",
	       run->storms.kernel->name, run->storms.count, run->storms.count == 1 ? "" : "s",
	       run->options->storm_seconds);
}

/* Cases that are played here and now though they wait for minutes, as they were named. */
static void print_long_waits(const struct run *run)
{
	const struct entry *before = NULL;

	for (size_t i = 0; i < run->plan.count; i++) {
		const struct entry *entry = &run->plan.entries[i];

		if (entry->in_guest || entry->unmet || !entry->spec->virtual_time ||
		    strcmp(run->host.clock, "real") != 0)
			continue;
		if (!before || before->spec != entry->spec)
			printf("%s waits for %.0f min, in real time; in a VM it takes seconds: "
			       "halfopen kernels fetch, then run it again\n",
			       entry->spec->name, entry->spec->kernel_seconds / 60);
		before = entry;
	}
}

static void console_begin(const struct run *run)
{
	if (run->host.count)
		begin_host(run);
	if (run->guest.count && run->host_refuses)
		printf("%s: all is played in kernel %s, lane vm\n", run->host_refuses,
		       run->guest.kernel->name);
	if (run->guest.count)
		begin_guest(run);
	if (run->storms.count)
		begin_storms(run);
	print_long_waits(run);
	if (run->options->seed)
		printf("order: --shuffle=%u\n", run->options->seed);
	printf("artifacts: %s\n", run->artifacts);
	fflush(stdout);
}

/* ---- the live line ------------------------------------------------------------------------- */

/* The case writes while this reads; what is shown is a line of printable characters anyway. */
static char *shown(const char *text, size_t size)
{
	char *copy = format("%.*s", (int)strnlen(text, size), text);

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return copy;
}

/* The slot that has waited longest and is not yet in the line. */
static const struct slot *next_waiting(const struct run *run, const struct slot *after)
{
	const struct slot *best = NULL;

	for (unsigned i = 0; run->slots && i < run->jobs; i++) {
		const struct slot *slot = &run->slots[i];

		if (!slot->entry || !slot->progress.waiting_for[0])
			continue;
		bool later = !after || slot->progress.since > after->progress.since ||
			     (slot->progress.since == after->progress.since && slot > after);
		if (later && (!best || slot->progress.since < best->progress.since))
			best = slot;
	}
	return best;
}

/* "final_ack_that.../ipv4" where there is room for no more; its beginning in any case. */
static char *short_name(const char *folder, int room)
{
	const char *family = strchr(folder, '/');
	int length = (int)strlen(folder), head = room - (int)strlen("...") - (int)strlen(family);
	const int least = 8;

	if (length <= room)
		return format("%s", folder);
	return format("%.*s...%s", head > least ? head : least, folder, family);
}

/* A case and what it waits for, whose end is what one wants to see. */
static void add_waiting(struct text *text, const struct slot *slot, size_t width)
{
	autofree char *waiting =
		shown(slot->progress.waiting_for, sizeof(slot->progress.waiting_for));
	autofree char *behind =
		format(": %s %.1f s", waiting, seconds(clock_now() - slot->progress.since));
	int room = (int)width - (int)text->length - (int)strlen(" | ") - (int)strlen(behind);
	autofree char *name = short_name(slot->entry->folder, room);

	text_add(text, " | %s%s", name, behind);
}

static void console_tick(const struct run *run)
{
	if (!live(run))
		return;
	size_t running = 0, width = terminal_columns(80) - 1;
	for (unsigned i = 0; run->slots && i < run->jobs; i++)
		running += run->slots[i].entry != NULL;
	struct text text = { 0 };

	text_add(&text, "%zu/%zu done, %zu %s, ", run->ended, run->plan.count,
		 run->tally[FAILED] + run->tally[BROKEN],
		 run->options->trial ? "with findings" : "failed");
	if (run->guests)
		text_add(&text, "the rest in %u machine%s of kernel %s for %.0f s", run->guests,
			 run->guests == 1 ? "" : "s", run->guest.kernel->name,
			 seconds(clock_now() - run->began));
	else
		text_add(&text, "%zu running", running);
	const struct slot *slot = NULL;
	while (text.length < width && (slot = next_waiting(run, slot)))
		add_waiting(&text, slot, width);
	autofree char *whole = text_take(&text), *line = must_alloc(width + 1, 1);

	text_fit(line, width + 1, whole);
	printf("\r%s\033[K", line);
	fflush(stdout);
}

/* ---- results ------------------------------------------------------------------------------- */

static void console_result(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;

	if (!run->options->verbose)
		return;
	console_wipe(run);
	printf("%-7s %s (%.1f s)%s%s\n", ending_name(result->ending), entry->folder,
	       result->seconds, result->ending != PASSED && result->reason ? ": " : "",
	       result->ending != PASSED && result->reason ? result->reason : "");
	fflush(stdout);
}

/* Of those that are alike: the same case over the other family, or again. */
static bool is_twin(const struct entry *entry, const struct entry *other)
{
	return entry != other && entry->spec == other->spec;
}

/* "ipv6", or "ipv6/2": its folder in that of the case. */
static const char *below_case(const struct entry *entry)
{
	return entry->folder + strlen(entry->spec->name) + 1;
}

static void print_in_full(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;
	struct place place;

	printf("\n%s %s (%.1f s)\n", result->ending == FAILED ? "FAILED" : "ERROR", entry->folder,
	       result->seconds);
	text_indent(stdout, "  ", reason_or_none(result->reason));
	if (result->ending == FAILED && entry_place(entry, &place))
		printf("  at %s:%d%s%s\n", place.file, place.line,
		       result->variant ? ", in the variant " : "",
		       result->variant ? result->variant : "");
	if (result->report)
		text_indent(stdout, "  ", result->report);
	if (result->stalled > result->stall_limit)
		printf("  the machine kept it from running for %.2f s between two of its "
		       "waits, in the last of %d attempts\n",
		       result->stalled, entry->attempts);
	printf("  artifacts: %s/%s\n", run->artifacts, entry->folder);
}

/* The first one in full, its twins in a line, and how many more are alike. */
static void print_group(const struct run *run, const struct group *group)
{
	const struct entry *first = group->entries[0];
	size_t twins = 0;

	print_in_full(run, first);
	for (size_t i = 1; i < group->count; i++)
		if (is_twin(first, group->entries[i]))
			printf("%s%s", twins++ ? ", " : "  ", below_case(group->entries[i]));
	if (twins)
		puts(": the same");
	if (group->count > twins + 1)
		printf("  alike, see the end: %zu more\n", group->count - twins - 1);
}

/* All that were skipped for the same reason, below it. */
static void print_skips(const struct run *run)
{
	const struct plan *plan = &run->plan;
	autofree bool *printed = must_alloc(plan->count, sizeof(*printed));

	for (size_t i = 0; i < plan->count; i++) {
		if (printed[i] || !is_skipped(&plan->entries[i], NULL))
			continue;
		const char *reason = reason_or_none(plan->entries[i].result.reason);
		printf("\nskipped: %s\n", reason);
		for (size_t j = i; j < plan->count; j++)
			if (is_skipped(&plan->entries[j], reason)) {
				printed[j] = true;
				printf("  %s\n", plan->entries[j].folder);
			}
	}
}

static bool was_told(const struct plan *plan, size_t place)
{
	const struct entry *entry = &plan->entries[place];

	for (size_t i = 0; i < place; i++)
		if (is_twin(entry, &plan->entries[i]) &&
		    text_is(entry->result.variant, plan->entries[i].result.variant))
			return true;
	return false;
}

/* Which of several behaviours the kernel has, where a run is of few cases: somebody wants to know.
 */
static void print_variants(const struct plan *plan)
{
	bool some = false;

	for (size_t i = 0; i < plan->count && plan->count <= MOST_WITH_VARIANTS; i++) {
		const struct entry *entry = &plan->entries[i];

		if (entry->result.ending != PASSED || !entry->result.variant || was_told(plan, i))
			continue;
		printf("%s  %s: %s\n", some ? "" : "\nvariants:\n", entry->spec->name,
		       entry->result.variant);
		some = true;
	}
}

/* ---- what failed, in short ----------------------------------------------------------------- */

static bool is_first_of_case(const struct group *group, size_t place)
{
	for (size_t i = 0; i < place; i++)
		if (is_twin(group->entries[place], group->entries[i]))
			return false;
	return true;
}

/* "some_case/ipv4, ipv6": the folders of all entries of a case. */
static void print_folders(const struct group *group, size_t place)
{
	const struct entry *first = group->entries[place];

	printf("    %s", first->folder);
	for (size_t i = place + 1; i < group->count; i++)
		if (is_twin(first, group->entries[i]))
			printf(", %s", below_case(group->entries[i]));
	putchar('\n');
}

static void print_in_short(const struct group *group)
{
	autofree char *title = group_title(group);
	size_t cases = 0, printed = 0;

	printf("  %s%s\n", group->ending == BROKEN ? "error: " : "", title);
	for (size_t i = 0; i < group->count; i++) {
		if (!is_first_of_case(group, i))
			continue;
		if (cases++ < MOST_CASES)
			print_folders(group, i);
		printed = cases < MOST_CASES ? cases : MOST_CASES;
	}
	if (cases > printed)
		printf("    and %zu more cases\n", cases - printed);
}

static bool has_bad(const struct run *run, const struct listed_case *spec)
{
	for (size_t i = 0; i < run->plan.count; i++)
		if (run->plan.entries[i].spec == spec && is_bad(&run->plan.entries[i]))
			return true;
	return false;
}

/* The command that plays the failed cases again. */
static void print_command(const struct run *run)
{
	const struct listed_case *last = NULL;

	printf("again: halfopen run");
	if (strcmp(run->options->kernel, "auto") != 0)
		printf(" --kernel %s", run->options->kernel);
	if (run->options->wire)
		printf(" --wire '%s'", run->options->wire);
	if (run->options->artifacts)
		printf(" --artifacts '%s'", run->options->artifacts);
	for (size_t i = 0; i < run->plan.count; i++) {
		const struct listed_case *spec = run->plan.entries[i].spec;

		if (spec == last || !has_bad(run, spec))
			continue;
		printf(" %s", spec->name);
		last = spec;
	}
	putchar('\n');
}

static void print_what_failed(const struct run *run, const struct groups *groups)
{
	const char *host = run->host.count ? run->host.release : NULL;
	const char *guest = run->guest.release ? run->guest.release : run->storms.release;
	bool in_guest = run_has_guests(run);

	if (!groups->count)
		return;
	printf("\nfailed on kernel %s%s%s, in %s:\n",
	       host    ? host
	       : guest ? guest
		       : "?",
	       host && in_guest ? " or " : "",
	       host && in_guest ? (guest ? guest : "the guest's") : "", run->artifacts);
	for (size_t i = 0; i < groups->count; i++)
		print_in_short(&groups->all[i]);
	print_command(run);
}

static void console_end(const struct run *run)
{
	struct groups groups = groups_make(run);

	console_wipe(run);
	print_skips(run);
	for (size_t i = 0; i < groups.count; i++)
		print_group(run, &groups.all[i]);
	print_what_failed(run, &groups);
	print_variants(&run->plan);
	putchar('\n');
	if (run->signal)
		printf("ended by SIG%s: %zu of %zu had finished\n", sigabbrev_np(run->signal),
		       run->ended, run->plan.count);
	else if (run->ended < run->plan.count)
		printf("ended early: %zu of %zu had finished\n", run->ended, run->plan.count);
	autofree char *wall = text_duration(seconds(run->took));
	autofree char *kernel = text_duration(run->kernel_seconds);
	printf("%s of kernel time in %s\n", kernel, wall);
	autofree char *kept = kept_text(run->kept);
	if (kept)
		printf("%s\n", kept);
	if (run->tally[BROKEN])
		printf("%zu error%s, counted as failed here:\n", run->tally[BROKEN],
		       run->tally[BROKEN] == 1 ? "" : "s");
	printf("%zu passed, %zu failed, %zu skipped\n", run->tally[PASSED],
	       run->tally[FAILED] + run->tally[BROKEN], run->tally[SKIPPED]);
	groups_free(&groups);
}

const struct reporter console_reporter = {
	.begin = console_begin,
	.result = console_result,
	.tick = console_tick,
	.end = console_end,
};

/* ---- one line ------------------------------------------------------------------------------ */

static void brief_begin(const struct run *run)
{
	(void)run;
}

static void brief_result(const struct run *run, const struct entry *entry)
{
	(void)run;
	(void)entry;
}

static void brief_end(const struct run *run)
{
	autofree char *wall = text_duration(seconds(run->took));
	autofree char *kernel = text_duration(run->kernel_seconds);
	const char *name = run_has_guests(run) ? run->guest.kernel->name : "host";

	console_wipe(run);
	printf("%-10s %zu passed, %zu failed, %zu skipped, %zu error%s; %s of kernel time in %s\n",
	       name, run->tally[PASSED], run->tally[FAILED], run->tally[SKIPPED],
	       run->tally[BROKEN], run->tally[BROKEN] == 1 ? "" : "s", kernel, wall);
	fflush(stdout);
}

const struct reporter brief_reporter = {
	.begin = brief_begin,
	.result = brief_result,
	.tick = console_tick,
	.end = brief_end,
};

/* ---- round after round --------------------------------------------------------------------- */

static void rounds_begin(const struct run *run)
{
	if (run->options->round == 1)
		console_begin(run);
}

static void rounds_end(const struct run *run)
{
	autofree char *wall = text_duration(seconds(run->took));
	autofree char *seed = run->options->seed ? format(", --shuffle=%u", run->options->seed)
						 : format("%s", "");

	console_wipe(run);
	printf("round %u: %zu passed, %zu failed, %zu skipped in %s%s\n", run->options->round,
	       run->tally[PASSED], run->tally[FAILED] + run->tally[BROKEN], run->tally[SKIPPED],
	       wall, seed);
	fflush(stdout);
	if (run_status(run) != EXIT_GOOD)
		console_end(run);
}

const struct reporter rounds_reporter = {
	.begin = rounds_begin,
	.result = console_result,
	.tick = console_tick,
	.end = rounds_end,
};

/* ---- nothing ------------------------------------------------------------------------------- */

static void say_nothing(const struct run *run)
{
	(void)run;
}

static void tell_nothing(const struct run *run, const struct entry *entry)
{
	(void)run;
	(void)entry;
}

const struct reporter silent_reporter = {
	.begin = say_nothing,
	.result = tell_nothing,
	.tick = say_nothing,
	.end = say_nothing,
};
