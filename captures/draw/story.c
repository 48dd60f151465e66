/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story: the journal, and what the judge makes of it, as one list in the order of time. What
 * each segment or call left behind is noted at the sample that followed it; beside a call that only
 * looks stands what it found, which is that of the sample before it.
 */
#include "captures/draw/ladder_text.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* How the story is made: the judge, and what belongs to which. */
struct story_books {
	struct judge *judge;
	int *ladder;      /* of each line: its index in the judge's; -1: it is of no ladder */
	int *lines;       /* of each packet */
	int packets;      /* lines[] of so many */
	int noted;        /* lines before this one have been noted at a sample or a step */
	nsec sampled;     /* when the last sample was taken */
	bool *looks;      /* of each line: it is a call that only looks, and was noted at once */
	int step;         /* how many steps have begun */
	int *step_of;     /* of each line: in how many-th step; 0: before the first */
	bool *connecting; /* of each flow: connect() has said no more than EINPROGRESS */
	int connecting_count;
	struct owned texts;
	struct stray *strays;
	int stray_count;
};

/* A movement of a counter that is put down to no line of a ladder. */
struct stray {
	int line;
	const struct event *event;
};

static bool is_flow(const struct judge *judge, int flow)
{
	return flow > 0 && flow <= judge_flows(judge);
}

static struct story_line *add_line(struct story *story, const struct event *event, int ladder)
{
	struct story_books *books = story->books;
	/* a call, a step or a counter may name a flow that the case has not */
	int flow = is_flow(books->judge, event->flow) ? event->flow : 0;
	int index = story->line_count++;

	story->lines = GROWN(story->lines, index);
	books->ladder = GROWN(books->ladder, index);
	books->step_of = GROWN(books->step_of, index);
	books->looks = GROWN(books->looks, index);
	books->ladder[index] = ladder;
	books->step_of[index] = books->step;
	books->looks[index] = false;
	story->lines[index] = (struct story_line){ .seq = event->seq,
						   .at = event->at,
						   .step = -1,
						   .flow = flow,
						   .words = "",
						   .fate = "",
						   .counters = { "", "" } };
	return &story->lines[index];
}

/* ---- what the judge has made of the last event --------------------------------------------- */

static void add_packet(struct story *story, const struct event *event, struct story_line *line)
{
	struct story_books *books = story->books;

	line->kind = LINE_SEGMENT;
	line->packet = event->packet;
	line->from = event->from;
	line->injected = event->injected;
	line->segment = event->segment;
	if (!story->began)
		story->began = event->at;
	while (books->packets <= event->packet) {
		books->lines = GROWN(books->lines, books->packets);
		books->lines[books->packets++] = -1;
	}
	books->lines[event->packet] = (int)(line - story->lines);
}

static void add_ladder_lines(struct story *story, const struct event *event, int first)
{
	const struct judge *judge = story->books->judge;

	for (int i = first; i < judge_lines(judge); i++) {
		struct story_line *line = add_line(story, event, i);

		line->kind = LINE_CHANGE;
		line->flow = judge_line(judge, i).flow;
		if (is_sighting(event))
			add_packet(story, event, line);
	}
}

/* ---- what was found afterwards ------------------------------------------------------------- */

static void note_standing(struct story *story, struct story_line *line)
{
	const struct judge *judge = story->books->judge;

	if (line->flow)
		line->listener = judge_flow(judge, line->flow).listener;
	for (int host = 0; line->flow && host < HOSTS; host++)
		line->states[host] = judge_state(judge, line->flow, (enum host)host);
	line->queue = judge_depths(judge, line->listener);
}

static void note_lines(struct story *story)
{
	struct story_books *books = story->books;

	for (; books->noted < story->line_count; books->noted++) {
		struct story_line *line = &story->lines[books->noted];

		if (!books->looks[books->noted])
			note_standing(story, line);
		memcpy(line->sent_states, line->states, sizeof(line->sent_states));
		line->sent_queue = line->queue;
	}
}

static struct story_line *line_of_packet(const struct story *story, long packet)
{
	const struct story_books *books = story->books;
	int index = packet > 0 && packet < books->packets ? books->lines[packet] : -1;

	return index < 0 ? NULL : &story->lines[index];
}

static void note_sample(struct story *story, const struct event *event)
{
	struct story_line *cause = line_of_packet(story, event->packet);

	story->books->sampled = event->at;
	note_lines(story);
	if (cause)
		note_standing(story, cause);
}

/* ---- what only the journal says ------------------------------------------------------------ */

static void add_step(struct story *story, const struct event *event)
{
	struct story_line *line;

	note_lines(story); /* what the step brings is nothing that came before it */
	story->books->step++;
	line = add_line(story, event, -1);
	line->kind = LINE_STEP;
	line->words = event->name;
}

/* Of the last step. */
static void note_covers(struct story *story, const struct event *event)
{
	int step = story->line_count - 1;

	while (step >= 0 && story->lines[step].kind != LINE_STEP)
		step--;
	if (step >= 0)
		story->lines[step].covers = event->name;
}

/* Calls that do nothing to a connection, and those that are a segment or an ICMP error. */
static bool is_untold(const char *name)
{
	return strcmp(name, "poll for writing") == 0 || strncmp(name, "SO_", 3) == 0 ||
	       strncmp(name, "TCP_", 4) == 0 || strncmp(name, "/proc/", 6) == 0 ||
	       strncmp(name, "inject", strlen("inject")) == 0;
}

/* It changed neither a state nor a queue; what it sent is a line of its own. */
static bool only_looks(const struct event *event)
{
	static const char *const changes[] = { "accept", "close",  "connect",  "disconnect",
					       "kill",   "listen", "shutdown", "SOCK_DESTROY" };

	if (event->error && event->error != EINPROGRESS)
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++)
		if (strcmp(event->name, changes[i]) == 0)
			return false;
	return true;
}

/* "tcp_syncookies=2" */
static char *sysctl_words(const char *call)
{
	const char *end = strstr(call, " = "), *name = end;

	if (!end)
		return format("%s", call);
	while (name > call && name[-1] != '.')
		name--;
	return format("%.*s=%s", (int)(end - name), name, end + strlen(" = "));
}

/* "listen(511), limit 1"; of a process nobody knows with what it called it. */
static char *listen_words(const struct event *event)
{
	autofree char *limit = format("%d", event->limit);

	if (!event->argument)
		return format("listens, limit %s", limit);
	if (strcmp(event->argument, limit) == 0)
		return format("listen(%s)", limit);
	return format("listen(%s), limit %s", event->argument, limit);
}

/* "epoll_wait() EPOLLIN"; the events of poll() have the same numbers (epoll_ctl(2)). */
static char *events_words(const struct event *event)
{
	static const struct {
		long event;
		const char *name;
	} all[] = { { EPOLLIN, "IN" },
		    { EPOLLOUT, "OUT" },
		    { EPOLLERR, "ERR" },
		    { EPOLLHUP, "HUP" },
		    { EPOLLRDHUP, "RDHUP" } };
	bool epoll = strcmp(event->name, "epoll_wait") == 0;
	long rest = event->result;
	struct text words = { 0 };
	const char *separator = "";

	text_add(&words, "%s() ", epoll ? "epoll_wait" : "poll");
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if (rest & all[i].event) {
			text_add(&words, "%s%sPOLL%s", separator, epoll ? "E" : "", all[i].name);
			rest &= ~all[i].event;
			separator = "|";
		}
	if (rest || !event->result)
		text_add(&words, rest ? "%s%#lx" : "%s%lu", separator, (unsigned long)rest);
	return text_take(&words);
}

static bool gives_length(const char *name)
{
	return strcmp(name, "read") == 0 || strcmp(name, "send") == 0 || strcmp(name, "write") == 0;
}

static char *call_words(const struct event *event)
{
	const char *error = event->error ? strerrorname_np(event->error) : NULL;

	if (strcmp(event->name, "listen") == 0 && event->listener && !error)
		return listen_words(event);
	if (event->error == EINPROGRESS)
		return format("%s()", event->name);
	if (error)
		return format(strchr(event->name, ' ') ? "%s %s" : "%s() %s", event->name, error);
	if (strcmp(event->name, "epoll_wait") == 0 || strncmp(event->name, "poll ", 5) == 0)
		return events_words(event);
	if (strcmp(event->name, "SIOCOUTQ") == 0)
		return format("%s %ld", event->name, event->result);
	if (gives_length(event->name))
		return format("%s() %ld", event->name, event->result);
	if (event->argument) /* "shutdown(SHUT_RD)" */
		return format("%s(%s)", event->name, event->argument);
	/* "sysctl net.ipv4.tcp_syncookies = 2" */
	if (strncmp(event->name, "sysctl ", 7) == 0)
		return sysctl_words(event->name);
	if (!strchr(event->name, ' '))
		return format("%s()", event->name);
	/* "setsockopt TCP_DEFER_ACCEPT", "sock_diag timer" */
	if (strncmp(event->name, "setsockopt ", 11) == 0 || strncmp(event->name, "sock_", 5) == 0)
		return format("%s", strrchr(event->name, ' ') + 1);
	return format("%s %ld", event->name, event->result);
}

static char *connect_words(const struct event *event)
{
	const char *error = event->error ? strerrorname_np(event->error) : "0";

	return format("connect() %s", error ? error : "?");
}

/* Whether the flow's connect() is under way; the caller may change it. */
static bool *connecting(struct story_books *books, int flow)
{
	while (books->connecting_count <= flow) {
		books->connecting = GROWN(books->connecting, books->connecting_count);
		books->connecting[books->connecting_count++] = false;
	}
	return &books->connecting[flow];
}

/* A socket's first SO_ERROR is what a connect() that blocks would have returned. */
static bool ends_connect(struct story_books *books, const struct event *event)
{
	if (!is_flow(books->judge, event->flow))
		return false;
	bool *under_way = connecting(books, event->flow);
	bool ends = *under_way && strcmp(event->name, "SO_ERROR") == 0;

	if (strcmp(event->name, "connect") == 0)
		*under_way = event->error == EINPROGRESS;
	else if (ends)
		*under_way = false;
	return ends;
}

/* Of a socket that is neither a flow's nor a listener's: "late: bind() EADDRINUSE". */
static char *named_words(const struct event *event, char *words)
{
	autofree char *bare = words;
	bool named = event->object && !event->flow && !event->listener &&
		     strcmp(event->object, host_name(event->host)) != 0;

	return named ? format("%s: %s", event->object, bare) : format("%s", bare);
}

static void add_call(struct story *story, const struct event *event)
{
	struct story_line *line;
	bool ends = ends_connect(story->books, event);

	if (is_untold(event->name) && !ends)
		return;
	line = add_line(story, event, -1);
	line->kind = LINE_CALL;
	/* one that slept is told where it returned: what woke it comes before it */
	line->at = event->began < story->books->sampled ? event->at : event->began;
	line->host = event->host;
	line->listener = event->listener;
	line->words = own(&story->books->texts,
			  named_words(event, ends ? connect_words(event) : call_words(event)));
	if (!only_looks(event))
		return;
	note_standing(story, line);
	story->books->looks[line - story->lines] = true;
}

static void add_stray_counter(struct story *story, const struct event *event)
{
	struct story_books *books = story->books;
	struct story_line *last = story->line_count ? &story->lines[story->line_count - 1] : NULL;

	if (!last || last->kind != LINE_COUNTERS || last->at != event->at) {
		last = add_line(story, event, -1);
		last->kind = LINE_COUNTERS;
	}
	books->strays = GROWN(books->strays, books->stray_count);
	books->strays[books->stray_count++] = (struct stray){ story->line_count - 1, event };
}

/* The counters of the line that the strays from @first on are of; returns the next line's first. */
static int name_strays_of_line(struct story *story, int first)
{
	const struct stray *strays = story->books->strays;
	struct story_line *line = &story->lines[strays[first].line];
	struct text counters[HOSTS] = { 0 };
	int i = first;

	for (; i < story->books->stray_count && strays[i].line == strays[first].line; i++) {
		struct text *text = &counters[strays[i].event->host];

		text_add(text, "%s%s %+ld", text->length ? ", " : "", strays[i].event->name,
			 strays[i].event->delta);
	}
	for (int host = 0; host < HOSTS; host++)
		line->counters[host] = own(&story->books->texts, text_take(&counters[host]));
	return i;
}

static void name_strays(struct story *story)
{
	for (int i = 0; i < story->books->stray_count;)
		i = name_strays_of_line(story, i);
}

static void note_gate(struct story *story, const struct event *event)
{
	struct story_line *line = line_of_packet(story, event->packet);

	if (!line)
		return;
	if (strcmp(event->name, "held") == 0)
		line->held = event->at;
	else if (strcmp(event->name, "released") == 0)
		line->released = event->at;
	else if (strcmp(event->name, "duplicated") == 0)
		line->copies++;
	else if (strcmp(event->name, "changed") == 0)
		return; /* its words say so */
	else if (strcmp(event->name, "taken") == 0)
		line->arrived = event->at; /* the raw peer lives behind the gate */
	else
		line->lost = event->at;
}

static void note_arrival(struct story *story, const struct event *event)
{
	struct story_line *line = line_of_packet(story, event->packet);

	if (!line || event->host == event->from || line->arrived)
		return;
	line->arrived = event->at;
	if (line->released > line->arrived)
		line->released = line->arrived; /* the gate writes down what it has done */
}

static void take_event(struct story *story, const struct event *event)
{
	struct judge *judge = story->books->judge;
	int lines = judge_lines(judge);

	judge_event(judge, event);
	add_ladder_lines(story, event, lines);
	if (event->kind == EVENT_STEP)
		add_step(story, event);
	else if (event->kind == EVENT_COVERS)
		note_covers(story, event);
	else if (event->kind == EVENT_CALL)
		add_call(story, event);
	else if (event->kind == EVENT_GATE)
		note_gate(story, event);
	else if (is_sighting(event))
		note_arrival(story, event);
	else if (event->kind == EVENT_COUNTER && judge_counter_is_stray(judge))
		add_stray_counter(story, event);
	else if (event->kind == EVENT_SAMPLE)
		note_sample(story, event);
}

/* ---- in order ------------------------------------------------------------------------------ */

static int in_time(const void *a, const void *b, void *context)
{
	const struct story *story = context;
	const int left = *(const int *)a, right = *(const int *)b;
	const int *step_of = story->books->step_of;
	const struct story_line *first = &story->lines[left], *second = &story->lines[right];

	if (step_of[left] != step_of[right])
		return step_of[left] - step_of[right];
	if ((first->kind == LINE_STEP) != (second->kind == LINE_STEP))
		return first->kind == LINE_STEP ? -1 : 1;
	if (first->at != second->at)
		return first->at < second->at ? -1 : 1;
	return left - right;
}

/* What the judge knows of a line only at the end. */
static void fill_in(struct story *story, struct story_line *line, int index)
{
	const struct judge *judge = story->books->judge;
	struct ladder_line known;

	if (index < 0)
		return;
	known = judge_line(judge, index);
	line->words = known.words;
	line->fate = known.fate;
	line->ignored = known.ignored;
	line->rejected = known.rejected;
	line->changed = known.changed;
	line->expected = known.expected;
	for (int host = 0; host < HOSTS; host++) {
		line->counters[host] = own(&story->books->texts,
					   judge_line_counters(judge, index, (enum host)host));
		if (known.changed)
			line->states[host] = known.states[host];
	}
}

static void put_in_order(struct story *story)
{
	struct story_books *books = story->books;
	autofree int *order = must_alloc((size_t)story->line_count + 1, sizeof(*order));
	struct story_line *lines = must_alloc((size_t)story->line_count + 1, sizeof(*lines));
	int step = -1;

	for (int i = 0; i < story->line_count; i++)
		order[i] = i;
	qsort_r(order, (size_t)story->line_count, sizeof(*order), in_time, story);
	for (int i = 0; i < story->line_count; i++) {
		lines[i] = story->lines[order[i]];
		fill_in(story, &lines[i], books->ladder[order[i]]);
		step = lines[i].kind == LINE_STEP ? i : step;
		lines[i].step = step;
		if (lines[i].packet)
			books->lines[lines[i].packet] = i;
	}
	free(story->lines);
	story->lines = lines;
}

/* The step in which each flow begins. */
static int *first_steps(const struct story *story)
{
	int *steps = must_alloc((size_t)story->flow_count + 2, sizeof(*steps));

	for (int i = story->line_count; i > 0; i--) {
		const struct story_line *line = &story->lines[i - 1];

		if (line->kind == LINE_SEGMENT || line->kind == LINE_CHANGE)
			steps[line->flow] = line->step;
	}
	return steps;
}

/* How many go the same way as @leader, beginning in one step and with one listener. */
static int crowd_of(const struct story *story, int leader, const int *steps)
{
	const struct ladder_form form = { .stable = true };
	const struct judge *judge = story->books->judge;
	int next = leader + 1;

	while (next <= judge_flows(judge) && steps[next] == steps[leader] &&
	       judge_flow(judge, next).asked == judge_flow(judge, leader).asked &&
	       same_ladder(judge, leader, next, form))
		next++;
	return next - leader;
}

static void list_flows(struct story *story)
{
	const struct judge *judge = story->books->judge;
	autofree int *steps = NULL;

	story->flow_count = judge_flows(judge);
	story->flows = must_alloc((size_t)story->flow_count + 1, sizeof(*story->flows));
	steps = first_steps(story);
	for (int flow = 1, leader = 1; flow <= story->flow_count; leader = flow) {
		int alike = crowd_of(story, leader, steps);

		for (; flow < leader + alike; flow++) {
			struct judged_flow of = judge_flow(judge, flow);

			story->flows[flow] = (struct story_flow){ .name = of.name,
								  .raw = of.raw,
								  .listener = of.asked,
								  .leader = leader,
								  .alike = alike };
		}
	}
}

/* From the last one to the first: each is the next of the one before. */
static void link_lines(struct story *story)
{
	for (int flow = 0; flow <= story->flow_count; flow++)
		story->flows[flow].first_line = -1;
	for (int i = story->line_count; i > 0; i--) {
		struct story_line *line = &story->lines[i - 1];

		line->next = story->flows[line->flow].first_line;
		story->flows[line->flow].first_line = i - 1;
	}
}

static void list_listeners(struct story *story)
{
	const struct judge *judge = story->books->judge;

	story->listener_count = judge_listeners(judge);
	story->listeners = must_alloc((size_t)story->listener_count + 1, sizeof(*story->listeners));
	for (int i = 0; i < story->listener_count; i++) {
		struct judged_listener of = judge_listener(judge, i);

		story->listeners[i] = (struct story_listener){ of.key, of.name, of.depths };
	}
}

const char *story_listener(const struct story *story, int key)
{
	for (int i = 0; i < story->listener_count && story->listener_count > 1; i++)
		if (story->listeners[i].key == key)
			return story->listeners[i].name;
	return "";
}

/* Of calls of a listener where there are several: "full: listen(1)". */
static void name_listeners(struct story *story)
{
	for (int i = 0; i < story->line_count; i++) {
		struct story_line *line = &story->lines[i];
		const char *name = story_listener(story, line->listener);

		if (line->kind == LINE_CALL && !line->flow && *name)
			line->words =
				own(&story->books->texts, format("%s: %s", name, line->words));
	}
}

static void place_finding(struct story *story)
{
	const struct finding *finding = judge_finding(story->books->judge);

	story->finding_line = -1;
	if (!finding)
		return;
	story->finding = finding;
	for (int i = 0; i < story->line_count; i++)
		if (story->lines[i].kind != LINE_STEP && story->lines[i].seq == finding->seq)
			story->finding_line = i;
	if (story->finding_line < 0 && line_of_packet(story, finding->packet))
		story->finding_line = story->books->lines[finding->packet];
}

struct story *story_of(const struct journal *journal)
{
	const struct event *begin = journal_event(journal, 0);
	struct story *story = must_alloc(1, sizeof(*story));
	size_t length = journal_length(journal);

	story->title = begin && begin->name ? begin->name : "";
	story->family = begin && begin->object ? begin->object : "";
	story->books = must_alloc(1, sizeof(*story->books));
	story->books->judge = judge_new();
	for (size_t i = 0; i < length; i++)
		take_event(story, journal_event(journal, i));
	if (length) {
		note_sample(story, journal_event(journal, length - 1));
		judge_finish(story->books->judge, journal_event(journal, length - 1));
	}
	name_strays(story);
	put_in_order(story);
	list_flows(story);
	link_lines(story);
	list_listeners(story);
	name_listeners(story);
	place_finding(story);
	return story;
}

void story_free(struct story *story)
{
	if (!story)
		return;
	owned_free(&story->books->texts);
	free(story->books->strays);
	free(story->books->connecting);
	free(story->books->ladder);
	free(story->books->lines);
	free(story->books->step_of);
	free(story->books->looks);
	judge_free(story->books->judge);
	free(story->books);
	free(story->lines);
	free(story->flows);
	free(story->listeners);
	free(story);
}

const struct judge *story_judge(const struct story *story)
{
	return story->books->judge;
}

const struct story_line *story_segment(const struct story *story, long packet)
{
	return line_of_packet(story, packet);
}

const char *story_step(const struct story *story, const struct story_line *line)
{
	return line->step < 0 ? NULL : story->lines[line->step].words;
}
