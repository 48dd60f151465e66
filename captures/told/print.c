/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told, as lines for a terminal.
 */
#include "captures/told/told.h"

/* "0.31 ms", "1.203 s"; the caller frees it. */
static char *words_of_span(nsec span)
{
	if (span < MSEC(100))
		return format("%.2f ms", seconds(span) * 1000);
	return format("%.3f s", seconds(span));
}

static bool is_open_ended(enum told_fate fate)
{
	return fate == FATE_CONNECTING || fate == FATE_UNANSWERED;
}

static void print_outcome(const struct told_outcome *outcome, FILE *out)
{
	autofree char *shortest = words_of_span(outcome->shortest);
	autofree char *median = words_of_span(outcome->median);
	autofree char *longest = words_of_span(outcome->longest);
	autofree char *words = told_outcome_words(outcome);

	fprintf(out, "%7d  %-8s %-28s", outcome->count, told_role_name(outcome->role), words);
	if (is_open_ended(outcome->fate))
		fprintf(out, " longer than %s", longest);
	else
		fprintf(out, " %10s %10s %10s", shortest, median, longest);
	if (outcome->syn_again)
		fprintf(out, "  (SYN again: %d)", outcome->syn_again);
	fputc('\n', out);
}

static void print_outcomes(const struct told *told, FILE *out)
{
	fprintf(out, "%7s  %-8s %-28s %10s %10s %10s\n", "clients", "role", "what became of them",
		"shortest", "median", "longest");
	for (int i = 0; i < told->outcome_count; i++)
		print_outcome(&told->outcomes[i], out);
}

static void print_work(const struct told_work *work, FILE *out)
{
	fprintf(out, "server: %d accepted", work->accepted);
	if (work->accept_rate > 0)
		fprintf(out, " (%.0f per second)", work->accept_rate);
	if (work->watched)
		fputs(", no rate and no CPU time, as its accept() calls were watched", out);
	if (work->cpu >= 0)
		fprintf(out, ", %.3f s of CPU time", seconds(work->cpu));
	if (work->descriptors >= 0)
		fprintf(out, ", %ld of %ld descriptors in use at most", work->descriptors,
			work->descriptor_limit);
	if (work->processes >= 0)
		fprintf(out, ", %d process%s at the end", work->processes,
			work->processes == 1 ? "" : "es");
	fputc('\n', out);
}

static void print_finding(const struct told *told, const struct told_finding *finding, FILE *out)
{
	const struct told_client *client = told_client_of(told, finding->flow);
	const struct wrap wrap = { .indent = 2, .width = 100 };

	fprintf(out, "\n%s%s\n  ", finding->rule->name, finding->allowed ? " (allowed)" : "");
	text_wrap(out, wrap, finding->sentence);
	fputs("  ", out);
	text_wrap(out, wrap, finding->rule->consequence);
	fputs("  what mends it: ", out);
	text_wrap(out, (struct wrap){ .indent = 17, .width = 100 }, finding->rule->mends);
	if (client)
		fprintf(out, "  seen at: %s\n", client->name);
	fprintf(out, "  more: docs/%s\n", finding->rule->page);
}

void told_print(const struct told *told, FILE *out)
{
	print_outcomes(told, out);
	print_work(&told->work, out);
	for (int i = 0; i < told->fact_count; i++)
		fprintf(out, "%s: %s\n", told->facts[i].name, told->facts[i].sentence);
	for (int i = 0; i < told->unseen_count; i++)
		fprintf(out, "not seen: %s\n", told->unseen[i]);
	if (!told->finding_count)
		fprintf(out, "nothing found\n");
	for (int i = 0; i < told->finding_count; i++)
		print_finding(told, &told->findings[i], out);
}

char *told_summary(const struct told *told)
{
	struct text text = { 0 };

	for (int i = 0; i < told->outcome_count; i++) {
		const struct told_outcome *outcome = &told->outcomes[i];
		autofree char *longest = words_of_span(outcome->longest);
		autofree char *words = told_outcome_words(outcome);

		text_add(&text, "%s%d %s%s%s", i ? ", " : "", outcome->count,
			 outcome->role == ROLE_CLIENT ? "" : told_role_name(outcome->role),
			 outcome->role == ROLE_CLIENT ? "" : " ", words);
		text_add(&text, is_open_ended(outcome->fate) ? " in %s" : " within %s", longest);
	}
	if (!told->outcome_count)
		text_add(&text, "no client came");
	return text_take(&text);
}
