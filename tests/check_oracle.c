/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_oracle: recorded journals are judged without a finding, their ladders do not tell how fast
 * the machine was, and each mutation of them, of each kind, at every place where it fits, is
 * rejected with a finding that names the place. What is mutated is the journal of a case that names
 * no counter which it need not name. In the scenarios of tests/told the ledgers alone hold: of them
 * what these know of is rejected.
 *
 * The journals are those in tests/journals, as runs left them (that of accept_queue_holds_... was
 * recorded with 31 in place of the backlog 511, to keep it small). ORACLE_JOURNALS names another
 * folder, the artifacts of a run for instance. ORACLE_KIND=WORDS tries only kinds that have these
 * words in their name, and tells of every mutation that goes wrong. CHECK_SAMPLE=N judges only one
 * of N mutations of each kind.
 */
#include "captures/draw/draw.h"
#include "tests/mutations.h"
#include "tests/sample.h"
#include "tests/suite.h"

#include <glob.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

#define TOLD 5 /* so many failures of a kind are told in full */

static struct recorded {
	const char *path;
	struct journal *journal, *terse;
} recorded[256];
static int recorded_count;

/* What became of a kind; shared with the processes that libcheck forks. */
static struct tally_of_kind {
	long places, tried, accepted, misnamed;
} * results;

/* ---- expectations --------------------------------------------------------------------------- */

/* A ledger compares these with what was seen, so no case has to name them. */
static bool is_held(const char *name)
{
	static const char held[] = " Tcp.ActiveOpens Tcp.PassiveOpens Tcp.CurrEstab "
				   "Tcp.RetransSegs TCPSynRetrans Tcp.OutRsts ";
	autofree char *word = format(" %s ", name);

	return strstr(held, word) != NULL;
}

/* What is left of the words when nobody names what need not be named. The caller frees it. */
static char *without_held(const char *words)
{
	autofree char *name = NULL;
	struct text left = { 0 };
	long number;

	while (next_counter(&words, &name, &number))
		if (!is_held(name))
			text_add(&left, "%s %ld  ", name, number);
	return text_take(&left);
}

/*
 * The same run of a case that names as few counters as it may: where a flood has hidden what there
 * was to see, it has to name all. With @careless it does not. The caller frees it.
 */
static struct journal *of_a_terse_case(const struct journal *journal, bool careless)
{
	struct journal *terse = journal_new();
	bool flooded = false;

	for (size_t i = 0; i < journal_length(journal); i++) {
		struct event event = *journal_event(journal, i);
		bool counters = event.kind == EVENT_EXPECT && strcmp(event.name, "counters") == 0;
		const char *words = counters && event.lines[0] ? event.lines[0] : "";
		autofree char *left = flooded ? format("%s", words) : without_held(words);
		const char *const lines[] = { left, NULL };

		flooded |= event.kind == EVENT_FLOOD && !careless;
		if (counters && !*left)
			continue;
		if (counters)
			event.lines = lines;
		journal_append(terse, &event);
	}
	return terse;
}

/* ---- the recorded journals ----------------------------------------------------------------- */

static void load(const char *path)
{
	autofree char *why = NULL;
	struct journal *journal = journal_load(path, &why);

	if (!journal)
		broken("%s", why);
	if (recorded_count == (int)ARRAY_LENGTH(recorded))
		broken("more than %zu journals", ARRAY_LENGTH(recorded));
	recorded[recorded_count++] =
		(struct recorded){ format("%s", path), journal, of_a_terse_case(journal, false) };
}

/* FOLDER/NAME.jsonl, and FOLDER/CASE/FAMILY/journal.jsonl as a run leaves them. */
static void load_all(const char *folder)
{
	autofree char *flat = format("%s/*.jsonl", folder);
	autofree char *artifacts = format("%s/*/*/journal.jsonl", folder);
	glob_t found;

	glob(flat, 0, NULL, &found);
	glob(artifacts, GLOB_APPEND, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		load(found.gl_pathv[i]);
	globfree(&found);
	if (recorded_count == 0)
		broken("no journals in %s. ORACLE_JOURNALS names the folder.", folder);
}

static void release_all(void)
{
	for (int i = 0; i < recorded_count; i++) {
		journal_free(recorded[i].journal);
		journal_free(recorded[i].terse);
		free((void *)recorded[i].path);
	}
}

static void check_sound(const char *path, const struct journal *journal)
{
	struct judge *judge = judge_new();
	const struct finding *finding = judge_journal(judge, journal);

	ck_assert_msg(!finding, "%s: event %ld: %s", path, finding ? finding->seq : 0,
		      finding ? finding->summary : "");
	judge_free(judge);
}

START_TEST(recorded_journal_adds_up)
{
	check_sound(recorded[_i].path, recorded[_i].journal);
	check_sound(recorded[_i].path, recorded[_i].terse);
}
END_TEST

/* Where the first step begins in which the counter moves and nobody names it; 0: nowhere. */
static long step_of_movement(const struct journal *journal, const char *name, enum host host)
{
	const struct event *event;
	long step = 0, moved = 0;

	for (size_t i = 0; (event = journal_event(journal, i)); i++) {
		bool ends = event->kind == EVENT_STEP || event->kind == EVENT_END;

		if (event->kind == EVENT_FLOOD)
			return 0;
		if (ends && step && moved)
			return step;
		if (ends)
			moved = 0;
		if (event->kind == EVENT_STEP)
			step = (long)i + 1;
		if (event->kind == EVENT_COUNTER && event->host == host &&
		    strcmp(event->name, name) == 0)
			moved += event->delta;
	}
	return 0;
}

/* The journal of a case that names it when that step begins, before it moves. */
static void check_named_too_early(const struct recorded *from, const char *name, enum host host)
{
	long step = step_of_movement(from->terse, name, host);
	autofree char *none = format("%s 0", name);
	struct judge *judge = judge_new();
	const struct event *event;

	for (long i = 0; (event = journal_event(from->terse, (size_t)i)); i++) {
		struct event early = { .kind = EVENT_EXPECT,
				       .seq = i + 1,
				       .at = event->at,
				       .host = host,
				       .name = "counters",
				       .lines = (const char *const[]){ none, NULL } };

		if (step && i == step)
			judge_event(judge, &early);
		judge_event(judge, event);
	}
	ck_assert_msg(!step == !judge->found, "%s: %s of the %s is named, and then moves: %s",
		      from->path, name, host_name(host),
		      judge->found ? judge->finding.summary : "no finding");
	ck_assert(!step || strstr(judge->finding.summary, name));
	judge_free(judge);
}

START_TEST(held_counter_that_a_case_names_is_exact)
{
	static const char *const held[] = { "Tcp.ActiveOpens", "Tcp.PassiveOpens", "Tcp.CurrEstab",
					    "Tcp.RetransSegs", "TCPSynRetrans",    "Tcp.OutRsts" };

	for (int i = 0; i < recorded_count; i++)
		for (size_t k = 0; k < ARRAY_LENGTH(held); k++) {
			check_named_too_early(&recorded[i], held[k], CLIENT);
			check_named_too_early(&recorded[i], held[k], SERVER);
		}
}
END_TEST

START_TEST(what_a_flood_hides_must_be_named)
{
	bool tried = getenv("ORACLE_JOURNALS") != NULL;

	for (int i = 0; i < recorded_count; i++) {
		if (!strstr(recorded[i].path, "flood_is_in_the_books"))
			continue;
		struct journal *careless = of_a_terse_case(recorded[i].journal, true);
		struct judge *judge = judge_new();
		const struct finding *finding = judge_journal(judge, careless);

		ck_assert(finding);
		ck_assert_msg(strstr(finding->summary, "no expectation names it"), "%s",
			      finding->summary);
		judge_free(judge);
		journal_free(careless);
		tried = true;
	}
	ck_assert(tried);
}
END_TEST

/* ---- scenarios ----------------------------------------------------------------------------- */

/*
 * The same run as one of a scenario: nothing is expected. Every event goes through @change, if
 * there is one, which says whether it stays. The caller frees it.
 */
static struct journal *of_a_scenario(const struct journal *journal, bool (*change)(struct event *))
{
	struct journal *told = journal_new();

	for (size_t i = 0; i < journal_length(journal); i++) {
		struct event event = *journal_event(journal, i);

		event.told = event.kind == EVENT_BEGIN;
		if (event.kind != EVENT_EXPECT && (!change || change(&event)))
			journal_append(told, &event);
	}
	return told;
}

/* The caller frees it. */
static char *summary_of(const struct journal *journal)
{
	struct judge *judge = judge_new();
	const struct finding *finding = judge_journal(judge, journal);
	char *summary = finding ? format("%s", finding->summary) : NULL;

	judge_free(judge);
	return summary;
}

/* What a server of somebody else's may do, or what was looked at too late to be seen. */
static bool break_rules(struct event *event)
{
	if (event->kind == EVENT_QUEUE)
		event->accept++;
	if (event->kind == EVENT_CALL)
		event->want = "0";
	if (event->kind == EVENT_SOCKET && event->fires)
		event->fires += SEC(1);
	return event->kind != EVENT_INFO && event->kind != EVENT_COVERS;
}

static bool forget_sent(struct event *event)
{
	return event->kind != EVENT_PACKET || event->host != event->from || event->packet != 2;
}

static bool miscount(struct event *event)
{
	if (event->kind == EVENT_COUNTER && strcmp(event->name, "Tcp.InSegs") == 0) {
		event->delta += event->value == event->delta;
		event->value++;
	}
	return true;
}

static bool lose_end(struct event *event)
{
	return event->kind != EVENT_END;
}

START_TEST(scenario_is_told_and_its_ledgers_hold)
{
	static const struct {
		bool (*change)(struct event *);
		const char *found; /* NULL: nothing */
	} changes[] = { { NULL, NULL },
			{ break_rules, NULL },
			{ forget_sent, "but seen were" },
			{ miscount, "Tcp.InSegs" },
			{ lose_end, "breaks off" } };

	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		if (changes[i].change == forget_sent && strstr(recorded[_i].path, "/flood_"))
			continue; /* which hides what there was to see */
		struct journal *told = of_a_scenario(recorded[_i].journal, changes[i].change);
		autofree char *summary = summary_of(told);

		ck_assert_msg(!summary == !changes[i].found, "%s, change %zu: %s",
			      recorded[_i].path, i, summary ? summary : "no finding");
		if (summary)
			ck_assert_msg(strstr(summary, changes[i].found), "%s", summary);
		journal_free(told);
	}
}
END_TEST

/* ---- ladder.txt ---------------------------------------------------------------------------- */

/* The caller frees it. */
static char *ladders_of(const struct journal *journal, struct ladder_form form)
{
	struct text text = { 0 };

	ladder_print(journal, form, text_stream(&text));
	return text_take(&text);
}

/* The first line of @a that @b has otherwise; NULL: none. The caller frees it. */
static char *difference(const char *a, const char *b)
{
	size_t line = 0;

	for (size_t i = 0; a[i] == b[i]; i++) {
		if (!a[i])
			return NULL;
		line = a[i] == '\n' ? i + 1 : line;
	}
	return format("%.*s", (int)strcspn(a + line, "\n"), a + line);
}

static void check_one_text(const struct journal *a, const struct journal *b)
{
	const struct ladder_form stable = { .stable = true }, observed = { .stable = false };
	autofree char *stable_a = ladders_of(a, stable), *stable_b = ladders_of(b, stable);
	autofree char *observed_a = ladders_of(a, observed), *observed_b = ladders_of(b, observed);
	autofree char *line = difference(stable_a, stable_b);

	ck_assert_msg(!line, "not in the other one: %s", line ? line : "");
	ck_assert(strcmp(observed_a, observed_b) != 0);
}

/* The other machine: its timers fire later, and samples that are about nothing come at other times.
 */
struct machine {
	struct journal *run;
	nsec later, since; /* so much, from then on */
	long found; /* the segment that the present sample finds before the gate can say so */
	struct event missed; /* of a request's timer that fired after the counters were read */
	int samples_until_found;
};

#define LATER MSEC(10)

/* Whether a timer of the kernel made it: nothing happened before it for a while. */
static bool is_made_by_timer(const struct event *event, const struct event *before)
{
	bool sent = event->kind == EVENT_PACKET && event->host == event->from;

	return (sent || (event->kind == EVENT_SOCKET && !event->packet)) &&
	       event->at - before->at > MSEC(5);
}

static void happen_later(struct machine *machine, struct event *event)
{
	event->began += event->began >= machine->since ? machine->later : machine->later - LATER;
	if (event->kind == EVENT_SOCKET && event->fires)
		event->fires += machine->later;
	event->at += machine->later;
}

static void be_found(struct machine *machine, struct event *event)
{
	bool timeout = event->kind == EVENT_COUNTER && strcmp(event->name, "TCPTimeouts") == 0;

	if (timeout && !event->packet && event->host == SERVER) {
		machine->missed = *event;
		machine->samples_until_found = 2;
		return;
	}
	if (event->kind != EVENT_PACKET && event->packet == machine->found)
		event->packet = 0;
	if (event->kind == EVENT_SAMPLE) {
		machine->found = 0;
		if (machine->samples_until_found && --machine->samples_until_found == 0) {
			machine->missed.at = event->at;
			machine->missed.packet = event->packet;
			journal_append(machine->run, &machine->missed);
		}
	}
	journal_append(machine->run, event);
}

/* The same run on the other machine. The caller frees it. */
static struct journal *on_other_machine(const struct journal *journal)
{
	struct machine machine = { .run = journal_new() };
	const struct event *before = journal_event(journal, 0);

	for (size_t i = 0; i < journal_length(journal); i++) {
		struct event event = *journal_event(journal, i);

		if (is_made_by_timer(&event, before)) {
			machine.later += LATER;
			machine.since = event.at;
			machine.found = event.packet;
		}
		before = journal_event(journal, i);
		happen_later(&machine, &event);
		be_found(&machine, &event);
	}
	return machine.run;
}

START_TEST(other_machine_leaves_the_same_ladder)
{
	struct journal *run = on_other_machine(recorded[_i].journal);
	size_t last = journal_length(run) - 1;

	/* some have no timers in them */
	if (journal_event(run, last)->at > journal_event(recorded[_i].journal, last)->at)
		check_one_text(recorded[_i].journal, run);
	journal_free(run);
}
END_TEST

/* One in which lines came that a case allows for, and one in which they did not. */
START_TEST(optional_lines_are_not_in_the_ladder)
{
	const struct journal *fast = NULL, *slow = NULL;

	for (int i = 0; i < recorded_count; i++) {
		if (strstr(recorded[i].path, "crowd_that_goes_away-fast"))
			fast = recorded[i].journal;
		else if (strstr(recorded[i].path, "crowd_that_goes_away-slow"))
			slow = recorded[i].journal;
	}
	if (getenv("ORACLE_JOURNALS") && (!fast || !slow))
		return;
	ck_assert(fast && slow);
	check_one_text(fast, slow);
}
END_TEST

/* ---- who accepts --------------------------------------------------------------------------- */

/* A run as it would be if somebody else had called accept(). */
struct acceptor {
	const char *process; /* NULL: the case */
	bool silent;         /* its calls are not in the journal */
	bool gives_back;     /* who was accepted is in the queue again at the next sample */
	bool sound;
};

static void check_acceptor(const struct journal *run, const struct acceptor *acceptor)
{
	struct judge *judge = judge_new();
	struct event queue = { .kind = EVENT_QUEUE };
	bool accepted = false;
	long seq = 0;

	for (size_t i = 0; i < journal_length(run); i++) {
		struct event event = *journal_event(run, i);
		bool accept = event.kind == EVENT_CALL && strcmp(event.name, "accept") == 0;

		accepted |= accept;
		if (accept && acceptor->silent)
			continue;
		if (event.kind == EVENT_LISTENER)
			event.object = acceptor->process;
		event.seq = ++seq;
		judge_event(judge, &event);
		if (event.kind == EVENT_QUEUE)
			queue = event;
		if (event.kind != EVENT_SAMPLE || !accepted || !acceptor->gives_back)
			continue;
		queue.at = event.at;
		queue.seq = ++seq;
		queue.accept = 1;
		judge_event(judge, &queue);
		event.seq = ++seq;
		judge_event(judge, &event);
		break;
	}
	ck_assert_msg(!judge->found == acceptor->sound, "%s%s%s: %s",
		      acceptor->process ? acceptor->process : "the case",
		      acceptor->silent ? ", silent" : "",
		      acceptor->gives_back ? ", gives back" : "",
		      judge->found ? judge->finding.summary : "no finding");
	judge_free(judge);
}

START_TEST(another_process_may_accept_unseen_but_gives_nobody_back)
{
	static const struct acceptor acceptors[] = {
		{ NULL, false, false, true },     { NULL, true, false, false },
		{ NULL, false, true, false },     { "another", false, false, true },
		{ "another", true, false, true }, { "another", true, true, false },
	};
	bool tried = getenv("ORACLE_JOURNALS") != NULL;

	for (int i = 0; i < recorded_count; i++)
		if (strstr(recorded[i].path, "syn_that_finds_the_accept_queue_full")) {
			tried = true;
			for (size_t k = 0; k < ARRAY_LENGTH(acceptors); k++)
				check_acceptor(recorded[i].journal, &acceptors[k]);
		}
	ck_assert(tried);
}
END_TEST

/* ---- who listens --------------------------------------------------------------------------- */

static bool is_timer_of_request(const struct event *event)
{
	return event->kind == EVENT_SOCKET && event->was == SYN_RECV && event->state == SYN_RECV;
}

/* A run in which a request moves by its timer, as it would be if its twin had closed before. */
static void check_lone_request(const struct journal *run)
{
	struct judge *judge = judge_new();
	struct event end = { .kind = EVENT_CALL };
	int twin = 0;
	long seq = 0;

	for (size_t i = 0; i < journal_length(run) && !judge->found; i++) {
		struct event event = *journal_event(run, i);

		if (event.kind == EVENT_CALL && strcmp(event.name, "close") == 0)
			end = event;
		else if (event.kind == EVENT_LISTENER)
			twin = event.listener;
		if (is_timer_of_request(&event)) {
			end.seq = ++seq;
			end.at = end.began = event.at;
			end.listener = twin;
			judge_event(judge, &end);
		}
		event.seq = ++seq;
		judge_event(judge, &event);
	}
	ck_assert(judge->found);
	ck_assert_msg(strstr(judge->finding.summary, "nobody else listens") != NULL, "%s",
		      judge->finding.summary);
	judge_free(judge);
}

START_TEST(request_does_not_outlive_all_listeners_of_its_port)
{
	bool tried = getenv("ORACLE_JOURNALS") != NULL;

	for (int i = 0; i < recorded_count; i++)
		if (strstr(recorded[i].path, "request_moves_to_the_twin_with_its_timer")) {
			tried = true;
			check_lone_request(recorded[i].journal);
		}
	ck_assert(tried);
}
END_TEST

/* ---- one mutation -------------------------------------------------------------------------- */

/* A mutated journal as it is fed to the judge. */
struct feeding {
	struct judge *judge;
	struct aftermath after;
	struct event last;
	long seq;
	bool found;
};

static void feed(struct feeding *feeding, const struct event *event)
{
	struct event fed = *event;

	fed.seq = ++feeding->seq;
	feeding->found = judge_event(feeding->judge, &fed) != NULL;
	feeding->last = fed;
}

/* Judges the mutated journal up to the first finding. */
static struct judge *judge_mutated(const struct place *place, const struct mutation *mutation)
{
	struct feeding feeding = { .judge = judge_clone(place->before),
				   .after = mutation->after,
				   .last = *journal_event(place->journal, 0),
				   .seq = (long)place->index };
	const struct event *next;

	for (int i = 0; i < mutation->count && !feeding.found; i++)
		feed(&feeding, &mutation->events[i]);
	for (size_t i = place->index + 1;
	     !feeding.found && (next = journal_event(place->journal, i)); i++) {
		struct event event = *next;

		if (after_mutation(&feeding.after, &event))
			feed(&feeding, &event);
	}
	judge_finish(feeding.judge, &feeding.last);
	return feeding.judge;
}

/* ---- whether the finding names the place --------------------------------------------------- */

static long sample_before(const struct place *place)
{
	for (size_t i = place->index; i > 0; i--)
		if (journal_event(place->journal, i - 1)->kind == EVENT_SAMPLE)
			return (long)i;
	return 1;
}

static long sample_behind(const struct place *place)
{
	const struct event *event;
	size_t i = place->index;

	while ((event = journal_event(place->journal, i)) && event->kind != EVENT_SAMPLE)
		i++;
	return (long)i + 1;
}

/* The segment that answers the one at the place, or repeats it, or the ICMP error about it. */
static long answer_to(const struct place *place)
{
	const struct event *event;

	for (size_t i = place->index + 1; (event = journal_event(place->journal, i)); i++)
		if (is_sighting(event) && event->flow == place->event->flow &&
		    event->packet != place->event->packet)
			return event->packet;
	return 0;
}

static bool names_the_place(const struct place *place, const struct mutation *mutation,
			    enum naming naming, const struct finding *finding)
{
	const struct event *mutated =
		mutation->count ? &mutation->events[mutation->mutated] : place->event;
	long seq = (long)place->index + 1 + (mutation->count ? mutation->mutated : 0);

	if (finding->seq == seq || (finding->packet && finding->packet == mutated->packet))
		return true;
	/* Of a counter that no ledger knows only the step's list tells: it names the counter. */
	if (naming == NAMES_GAP && place->event->kind == EVENT_COUNTER &&
	    strncmp(finding->summary, place->event->name, strlen(place->event->name)) == 0)
		return true;
	if (naming == NAMES_GAP)
		return finding->seq >= sample_before(place) &&
		       finding->seq <= sample_behind(place) + (mutation->count > 1);
	return naming == NAMES_ANSWER && finding->packet && finding->packet == answer_to(place);
}

/* ---- all mutations of a kind --------------------------------------------------------------- */

static void tell(const char *path, const struct place *place, const struct finding *finding,
		 const char *what)
{
	autofree char *line = event_to_json(place->event);

	printf("# %s: %s\n#   %s\n", what, path, line);
	if (finding)
		printf("#   finding: event %ld, segment %ld: %s\n", finding->seq, finding->packet,
		       finding->summary);
	fflush(stdout);
}

static bool tells_more(const struct tally_of_kind *result)
{
	return result->accepted + result->misnamed <= TOLD || getenv("ORACLE_KIND");
}

static void try_mutation(const struct place *place, const struct kind *kind, int way,
			 const char *path)
{
	struct tally_of_kind *result = &results[kind - kinds];
	struct mutation mutation = { .count = 0 };
	struct judge *judge;

	if (!kind->make(place, way, &mutation))
		return;
	if (result->tried++ % check_sample())
		return;
	judge = judge_mutated(place, &mutation);
	if (!judge->found) {
		result->accepted++;
		if (tells_more(result))
			tell(path, place, NULL, "not rejected");
	} else if (!names_the_place(place, &mutation, kind->naming, &judge->finding)) {
		result->misnamed++;
		if (tells_more(result))
			tell(path, place, &judge->finding, "not named");
	}
	judge_free(judge);
}

static void try_everywhere(const struct kind *kind, const struct recorded *from)
{
	struct judge *judge = judge_new();
	struct place place = { .journal = from->terse, .before = judge };

	for (place.index = 0; (place.event = journal_event(from->terse, place.index));
	     place.index++) {
		long before = results[kind - kinds].tried;

		for (int way = 0; way < kind->ways; way++)
			try_mutation(&place, kind, way, from->path);
		results[kind - kinds].places += results[kind - kinds].tried > before;
		judge_event(judge, place.event);
	}
	judge_free(judge);
}

START_TEST(mutation_is_rejected_everywhere)
{
	const struct kind *kind = &kinds[_i];
	const struct tally_of_kind *result = &results[_i];
	const char *only = getenv("ORACLE_KIND");

	if (only && !strstr(kind->name, only))
		return;
	for (int i = 0; i < recorded_count; i++)
		try_everywhere(kind, &recorded[i]);
	ck_assert_msg(result->tried > 0, "%s: fits nowhere", kind->name);
	ck_assert_msg(!result->accepted && !result->misnamed,
		      "%s: of %ld, %ld were not rejected and %ld not named", kind->name,
		      result->tried, result->accepted, result->misnamed);
}
END_TEST

/* ---- scenarios, as runs left them ----------------------------------------------------------- */

/* What the ledgers hold, whatever a server does that is somebody else's. */
static const char *const held_in_scenarios[] = {
	"a segment is missing at its sender",
	"a segment is missing at its receiver",
	"a segment is missing at both, without a trace",
	"a segment arrives twice",
	"a segment goes in the wrong direction",
	"a counter one down",
	"a counter's movement missing",
	"the journal breaks off",
	"something comes after the end",
	"a flow, a listener or the begin undeclared",
};
#define HELD ((int)ARRAY_LENGTH(held_in_scenarios))
/* Of each kind so many in a journal, spread over it. */
#define JUDGED 100

static const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < kind_count; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	broken("there is no kind '%s'", name);
}

/*
 * Who listens may do so unseen; of connections between two looks only their segments tell, and in
 * which of two counters one that has left is, their states.
 */
static bool is_held_there(const struct event *event)
{
	static const char held[] = "Tcp.InSegs Tcp.OutRsts";

	if (event->kind == EVENT_COUNTER)
		return text_has_word(held, event->name);
	return event->kind != EVENT_LISTENER;
}

/* True: it does not fit there, or is rejected. */
static bool is_rejected(const struct place *place, const struct kind *kind, int way)
{
	struct mutation mutation = { .count = 0 };
	struct judge *judge;
	bool rejected;

	if (!is_held_there(place->event) || !kind->make(place, way, &mutation))
		return true;
	judge = judge_mutated(place, &mutation);
	rejected = judge->found;
	judge_free(judge);
	return rejected;
}

static void reject_in(const char *path, const struct journal *journal, const struct kind *kind)
{
	struct judge *judge = judge_new();
	struct place place = { .journal = journal, .before = judge };
	size_t apart = journal_length(journal) / JUDGED + 1;

	for (; (place.event = journal_event(journal, place.index)); place.index++) {
		if (place.index % apart == (size_t)(kind - kinds) % apart)
			for (int way = 0; way < kind->ways; way++)
				ck_assert_msg(is_rejected(&place, kind, way), "%s, event %zu: %s",
					      path, place.index + 1, kind->name);
		judge_event(judge, place.event);
	}
	judge_free(judge);
}

START_TEST(what_the_ledgers_of_a_scenario_hold_is_rejected)
{
	const char *source = getenv("top_srcdir");
	autofree char *pattern = format("%s/tests/told/*.jsonl.gz", source ? source : ".");
	const struct kind *kind = kind_named(held_in_scenarios[_i]);
	glob_t found;

	ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *packed = found.gl_pathv[i];
		autofree char *path = format("%.*s", (int)(strlen(packed) - strlen(".gz")), packed);
		autofree char *why = NULL;
		struct journal *journal = journal_load(path, &why);

		ck_assert_msg(journal, "%s", why ? why : "");
		check_sound(path, journal);
		reject_in(path, journal, kind);
		journal_free(journal);
	}
	globfree(&found);
}
END_TEST

/* ---- all of it ----------------------------------------------------------------------------- */

static void print_results(void)
{
	long tried = 0, places = 0;

	printf("# mutations  places  kind\n");
	for (size_t i = 0; i < kind_count; i++) {
		printf("# %9ld %7ld  %s\n", results[i].tried, results[i].places, kinds[i].name);
		tried += results[i].tried;
		places += results[i].places;
	}
	printf("# %9ld %7ld  %zu kinds, %d journals\n", tried, places, kind_count, recorded_count);
	if (check_sample() > 1)
		printf("# of each kind one in %ld was judged\n", check_sample());
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("oracle");
	TCase *sound = tcase_create("recorded"), *mutated = tcase_create("mutated");

	tcase_add_loop_test(sound, recorded_journal_adds_up, 0, recorded_count);
	tcase_add_loop_test(sound, scenario_is_told_and_its_ledgers_hold, 0, recorded_count);
	tcase_add_test(sound, held_counter_that_a_case_names_is_exact);
	tcase_add_test(sound, what_a_flood_hides_must_be_named);
	tcase_add_loop_test(sound, other_machine_leaves_the_same_ladder, 0, recorded_count);
	tcase_add_test(sound, optional_lines_are_not_in_the_ladder);
	tcase_add_test(sound, another_process_may_accept_unseen_but_gives_nobody_back);
	tcase_add_test(sound, request_does_not_outlive_all_listeners_of_its_port);
	tcase_add_loop_test(mutated, mutation_is_rejected_everywhere, 0, (int)kind_count);
	tcase_add_loop_test(mutated, what_the_ledgers_of_a_scenario_hold_is_rejected, 0, HELD);
	tcase_set_timeout(mutated, 600);
	suite_add_tcase(suite, sound);
	suite_add_tcase(suite, mutated);
	return suite;
}

int main(void)
{
	const char *folder = getenv("ORACLE_JOURNALS"), *source = getenv("top_srcdir");
	autofree char *ours = format("%s/tests/journals", source ? source : ".");
	int failed;

	/* judges are copied and freed at every place: their memory stays with the process */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	load_all(folder ? folder : ours);
	results = mmap(NULL, kind_count * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		broken("no memory to count mutations in");
	failed = suite_run(make_suite());
	print_results();
	release_all();
	return failed;
}
