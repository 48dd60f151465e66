/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes: see changes.h.
 */
#include "tests/changes.h"

#include <string.h>

/* A step that covers the behaviour: from its own event up to the one that ends it. */
struct step {
	size_t begin, end;
};

/* The first of them that ends behind @from. False: there is no other. */
static bool next_step(const struct journal *journal, const char *behaviour, size_t from,
		      struct step *step)
{
	const struct event *event;
	bool covers = false;

	*step = (struct step){ 0 };
	for (size_t i = 0; (event = journal_event(journal, i)); i++) {
		bool ends = event->kind == EVENT_STEP || event->kind == EVENT_END;

		if (ends && covers && i > from) {
			step->end = i;
			return true;
		}
		if (ends) {
			step->begin = i;
			covers = false;
		}
		covers |= event->kind == EVENT_COVERS && text_has_word(event->name, behaviour);
	}
	return false;
}

/* ---- judging a change ---------------------------------------------------------------------- */

/* Without what the case expects of it. False: there is nothing else to it. */
static bool without_expectation(struct event *event)
{
	if (event->kind == EVENT_CALL)
		event->want = NULL;
	return event->kind != EVENT_EXPECT;
}

/*
 * Judges the changed journal up to the end of the step, or the first finding; without what the step
 * expects, if @bare. The caller frees the judge.
 */
static struct judge *judge_changed(const struct place *place, const struct mutation *mutation,
				   struct step step, bool bare)
{
	struct judge *judge = judge_clone(place->before);
	struct aftermath after = mutation->after;
	long seq = (long)place->index;

	for (int i = 0; i < mutation->count; i++) {
		struct event event = mutation->events[i];

		event.seq = ++seq;
		if (!bare || without_expectation(&event))
			judge_event(judge, &event);
	}
	for (size_t i = place->index + 1; i < step.end && !judge->found; i++) {
		struct event event = *journal_event(place->journal, i);

		if (!after_mutation(&after, &event) || (bare && !without_expectation(&event)))
			continue;
		event.seq = ++seq;
		judge_event(judge, &event);
	}
	return judge;
}

static bool is_expected(const struct event *event)
{
	return event->kind == EVENT_EXPECT || (event->kind == EVENT_CALL && event->want);
}

/* NULL: the step rejects it, and only by what it expects. */
static const char *step_fault(const struct place *place, const struct mutation *mutation,
			      struct step step, char **finding)
{
	struct judge *judge = judge_changed(place, mutation, step, false);
	bool rejected = judge->found && is_expected(&judge->found_by);
	bool others = judge->found && !rejected;

	if (rejected && finding)
		*finding = format("%s", judge->finding.summary);
	judge_free(judge);
	if (others)
		return "what rejects it is no expectation of the step";
	if (!rejected)
		return "the step does not reject it";
	judge = judge_changed(place, mutation, step, true);
	bool comes_through = !judge->found;
	judge_free(judge);
	return comes_through ? NULL : "it is rejected without what the step expects, too";
}

/* ---- places -------------------------------------------------------------------------------- */

/* Goes through the journal, and knows which events are of a step that covers the behaviour. */
struct walk {
	struct place place;
	struct judge *judge;
	struct step step; /* the present or the next one; none behind the last */
	const char *behaviour;
};

static struct walk walk_begin(const struct journal *journal, const char *behaviour)
{
	struct walk walk = { .judge = judge_new(), .behaviour = behaviour };

	walk.place = (struct place){ .journal = journal, .before = walk.judge };
	next_step(journal, behaviour, 0, &walk.step);
	return walk;
}

/* False: there is no other event. */
static bool walk_on(struct walk *walk)
{
	struct place *place = &walk->place;

	if (place->event)
		judge_event(walk->judge, journal_event(place->journal, place->index++));
	place->event = journal_event(place->journal, place->index);
	if (place->event && place->index == walk->step.end)
		next_step(place->journal, walk->behaviour, place->index, &walk->step);
	return place->event != NULL;
}

static bool is_covering(const struct walk *walk)
{
	return walk->place.index > walk->step.begin && walk->place.index < walk->step.end;
}

static void walk_end(struct walk *walk)
{
	judge_free(walk->judge);
}

const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < fault_count; i++)
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	for (size_t i = 0; i < kind_count; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static char *unchanged_fault(const struct journal *journal)
{
	struct judge *judge = judge_new();
	const struct finding *finding = judge_journal(judge, journal);
	char *fault = finding ? format("event %ld: %s", finding->seq, finding->summary) : NULL;

	judge_free(judge);
	return fault;
}

char *change_fault(const struct journal *journal, const char *behaviour, struct change change,
		   char **finding)
{
	struct walk walk = walk_begin(journal, behaviour);
	char *fault = unchanged_fault(journal);
	bool done = fault != NULL;
	int fits = 0;

	while (!done && walk_on(&walk)) {
		struct mutation mutation = { .count = 0 };

		if (!change.kind->make(&walk.place, change.way, &mutation) ||
		    fits++ != change.place)
			continue;
		const char *why = is_covering(&walk)
					  ? step_fault(&walk.place, &mutation, walk.step, finding)
					  : "it is in no step that covers the behaviour";
		fault = why ? format("%s", why) : NULL;
		done = true;
	}
	walk_end(&walk);
	return done ? fault : format("the journal has no such place");
}

/* ---- looking for one ----------------------------------------------------------------------- */

/* Whether the word is a name that findings have too: RST, SYN-ACK, EINVAL, TCP_INFO, accept(). */
static bool is_name(const char *word)
{
	size_t capitals = 0;

	for (const char *at = word; *at; at++)
		capitals += *at >= 'A' && *at <= 'Z';
	return capitals > 1 || strstr(word, "()");
}

/* "RST-ACK" is a RST, and "SYN-ACK" is no SYN. */
static bool is_said_by(const char *word, const char *name)
{
	size_t length = strlen(name);

	return strcmp(word, name) == 0 || (strncmp(word, name, length) == 0 &&
					   word[length] == '-' && strncmp(word, "SYN", 3) != 0);
}

/* How many of the behaviour's names the finding has. */
static int names_in(const char *finding, const char *text)
{
	autofree char *names = format("%s", text);
	char *rest = names;
	int count = 0;

	for (char *name; (name = strsep(&rest, " ,;:"));) {
		bool said = false;
		const char *words = finding;

		if (!is_name(name))
			continue;
		name[strcspn(name, "()")] = '\0';
		for (char *word; !said && (word = text_word(&words)); free(word))
			said = is_said_by(word, name);
		count += said;
	}
	return count;
}

/* A raw peer sends what the case says. */
static bool is_of_case(const struct place *place)
{
	const struct event *event = place->event;

	return event->kind == EVENT_PACKET && event->from == CLIENT &&
	       place->before->flows[event->flow].raw;
}

/* What a kernel does: neither what the gate or the case did, nor what is no event of its own. */
static bool is_of_kernel(const struct place *place, const struct mutation *mutation)
{
	static const enum event_kind told[] = { EVENT_PACKET,  EVENT_CALL,  EVENT_SOCKET,
						EVENT_COUNTER, EVENT_QUEUE, EVENT_INFO };
	enum event_kind mutated =
		mutation->count ? mutation->events[mutation->mutated].kind : place->event->kind;

	for (size_t i = 0; i < ARRAY_LENGTH(told); i++)
		if (place->event->kind == told[i])
			return mutated == told[i] && !is_of_case(place);
	return false;
}

/*
 * Of equals it tells more what the server sent, and when, than what a call returned, than the rest;
 * least what no kernel would send.
 */
static int rank_of(const struct event *event, const struct kind *kind)
{
	bool begins = event->kind == EVENT_CALL &&
		      (strcmp(event->name, "connect") == 0 || strcmp(event->name, "listen") == 0);

	if (event->kind == EVENT_PACKET && (event->from == CLIENT || strstr(kind->name, "longer")))
		return 1;
	if (event->kind == EVENT_PACKET)
		return strstr(kind->name, "late") ? 4 : 5;
	if (event->kind == EVENT_CALL)
		return begins ? 0 : 3;
	return 2;
}

struct search {
	struct walk walk;
	const char *text;
	struct changes taken;
	int *fits;  /* by kind and way: how often so far */
	int merits; /* of the best so far; 0: there is none */
	struct change *found;
};

enum { MOST_WAYS = 64, RANKS = 6, NEAR_THE_END = 300 };

static bool is_taken(struct changes taken, struct change change)
{
	for (size_t i = 0; i < taken.count; i++)
		if (taken.all[i].kind == change.kind && taken.all[i].way == change.way &&
		    taken.all[i].place == change.place)
			return true;
	return false;
}

static void try_change(struct search *search, const struct mutation *mutation, struct change change)
{
	const struct place *place = &search->walk.place;
	char *finding = NULL;

	if (is_taken(search->taken, change) ||
	    step_fault(place, mutation, search->walk.step, &finding)) {
		free(finding);
		return;
	}
	int merits =
		1 + rank_of(place->event, change.kind) + RANKS * names_in(finding, search->text);
	free(finding);
	if (merits < search->merits)
		return;
	search->merits = merits; /* of equals the last: what a step begins with is not its point */
	*search->found = change;
}

static void try_kind(struct search *search, const struct kind *kind, size_t number)
{
	/* the last of a long step say as much as all of it */
	bool near = is_covering(&search->walk) &&
		    search->walk.step.end - search->walk.place.index < NEAR_THE_END;

	for (int way = 0; way < kind->ways; way++) {
		struct mutation mutation = { .count = 0 };
		struct change change = { .kind = kind, .way = way };

		if (!kind->make(&search->walk.place, way, &mutation))
			continue;
		change.place = search->fits[number * MOST_WAYS + (size_t)way]++;
		if (near && is_of_kernel(&search->walk.place, &mutation))
			try_change(search, &mutation, change);
	}
}

bool change_find(const struct journal *journal, const struct claim *behaviour, struct changes taken,
		 struct change *found)
{
	struct search search = { .walk = walk_begin(journal, behaviour->id),
				 .text = behaviour->text,
				 .taken = taken,
				 .found = found };

	search.fits = must_alloc((kind_count + fault_count) * MOST_WAYS, sizeof(int));
	while (walk_on(&search.walk)) {
		for (size_t i = 0; i < fault_count; i++)
			try_kind(&search, &faults[i], i);
		for (size_t i = 0; i < kind_count; i++)
			try_kind(&search, &kinds[i], fault_count + i);
	}
	walk_end(&search.walk);
	free(search.fits);
	return search.merits > 0;
}
