/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * case.pcapng: what both hosts' captures saw, each frame with comments from the story.
 *
 * The comments of a segment come in one order, so that a column can show one of them:
 *   1  what became of it   "ignored: accept queue 2/1, ListenOverflows +1, ListenDrops +1"
 *   2  how things stand    "client ESTABLISHED, server SYN_RECV; accept queue 2/1, SYN queue 1"
 *   3  flow and step       "late; step 3: the ACK arrives"
 *   then the counters that it moved on this host, what happened later without a segment, and what
 *   does not add up about it.
 * "ignored", "rejected", "held" and "lost" are only in the comments of segments that were: display
 * filters look for these words.
 */
#include "captures/draw/annotate.h"
#include "captures/draw/pcapng.h"

#include <string.h>

#define LINKTYPE_ETHERNET 1
#define MOST_COMMENTS     8

struct notes {
	const struct story *story;
	struct text *later; /* of each line: what happened next to its flow without a segment */
	const struct story_line **steps; /* the first is step 1 */
	int step_count;
	const struct story_line *wanting; /* the segment that shows what does not add up, or NULL */
};

/* ---- what is said of a segment ------------------------------------------------------------- */

static bool says_a_fate(const char *text)
{
	return strstr(text, "ignored") || strstr(text, "rejected") || strstr(text, "held") ||
	       strstr(text, "lost");
}

static char *queue_text(const struct depths *queue, bool both)
{
	return both ? format("accept queue %d/%d, SYN queue %d", queue->accept, queue->limit,
			     queue->syn)
		    : format("accept queue %d/%d", queue->accept, queue->limit);
}

static const char *drop_word(const struct story_line *line)
{
	return line->rejected ? "rejected" : "ignored";
}

/* Why the receiver dropped it, as far as can be seen: its queues, and what it counted. */
static char *reason_text(const struct story_line *line)
{
	const char *counters = line->counters[other(line->from)];
	autofree char *queue = NULL;

	if (line->from == SERVER)
		return format("%s", counters);
	queue = queue_text(&line->queue, line->segment.flags & SYN);
	return format("%s%s%s", queue, *counters ? ", " : "", counters);
}

static char *hold_text(const struct story_line *line)
{
	if (!line->held)
		return format("%s", "");
	if (!line->released)
		return format("held by the gate and never released");
	return format("held by the gate for %.3f s", seconds(line->released - line->held));
}

/* What became of a segment, as its sender's side has it. */
static char *outcome_of_sent(const struct story *story, const struct story_line *line)
{
	autofree char *hold = hold_text(line), *reason = reason_text(line);
	const char *then = *hold ? ", then " : "", *receiver = host_name(other(line->from));

	if (line->lost)
		return format("%s%slost on the wire", hold, then);
	if (line->ignored)
		return format("%s%s%s by the %s: %s", hold, then, drop_word(line), receiver,
			      reason);
	if (line->held && !line->released)
		return format("%s", hold);
	if (line->flow && story->flows[line->flow].raw && line->from == SERVER)
		return format("%s%staken by the raw peer", hold, then);
	if (!line->arrived)
		return format("on its way when the journal ended");
	return format("%s%sarrives after %.3f ms", hold, then,
		      seconds(line->arrived - line->at) * 1e3);
}

static char *outcome_of_arrival(const struct story_line *line)
{
	autofree char *reason = reason_text(line);

	if (line->ignored)
		return format("%s: %s", drop_word(line), reason);
	if (line->injected)
		return format("arrives from a raw peer");
	return format("arrives %.3f ms after it was sent", seconds(line->arrived - line->at) * 1e3);
}

static char *standing_text(const struct story_line *line, bool arrival)
{
	const enum tcp_state *states = arrival ? line->states : line->sent_states;
	autofree char *queue = queue_text(arrival ? &line->queue : &line->sent_queue, true);

	return format("client %s, server %s; %s", state_name(states[CLIENT]),
		      state_name(states[SERVER]), queue);
}

/* In which step it was seen there; 0: before the first. */
static int step_of(const struct notes *notes, const struct event *event)
{
	int step = notes->step_count;

	while (step > 0 && notes->steps[step - 1]->seq > event->seq)
		step--;
	return step;
}

/* A name that says a fate is not the segment's: it is numbered instead, see the file's comment. */
static char *place_text(const struct notes *notes, const struct event *event,
			const struct story_line *line)
{
	int number = step_of(notes, event);
	const char *flow = notes->story->flows[line->flow].name;
	const char *step = number ? notes->steps[number - 1]->words : NULL;
	autofree char *flow_text =
		says_a_fate(flow) ? format("flow %d", line->flow) : format("%s", flow);

	if (!step)
		return format("%s; before the first step", flow_text);
	if (says_a_fate(step))
		return format("%s; step %d", flow_text, number);
	return format("%s; step %d: %s", flow_text, number, step);
}

/* ---- comments ------------------------------------------------------------------------------ */

struct comments {
	char *texts[MOST_COMMENTS + 1];
	size_t count;
};

/* Takes @text. */
static void add_comment(struct comments *comments, char *text)
{
	if (comments->count < MOST_COMMENTS)
		comments->texts[comments->count++] = text;
	else
		free(text);
}

static void free_comments(struct comments *comments)
{
	for (size_t i = 0; i < comments->count; i++)
		free(comments->texts[i]);
}

static void comment_segment(const struct notes *notes, const struct recorded_frame *frame,
			    struct comments *comments)
{
	const struct story *story = notes->story;
	const struct story_line *line = story_segment(story, frame->event->packet);
	bool arrival = frame->event->host != frame->event->from, last;

	if (!line) {
		add_comment(comments, format("the books do not have this segment"));
		return;
	}
	last = arrival || !line->arrived || story->flows[line->flow].raw;
	add_comment(comments, arrival ? outcome_of_arrival(line) : outcome_of_sent(story, line));
	add_comment(comments, standing_text(line, arrival));
	add_comment(comments, place_text(notes, frame->event, line));
	if (*line->counters[frame->host])
		add_comment(comments, format("counters of the %s: %s", host_name(frame->host),
					     line->counters[frame->host]));
	if (frame->event->copy || line->copies)
		add_comment(comments, format("%s", frame->event->copy ? "a copy made by the wire"
								      : "the wire makes a copy"));
	if (last && notes->later[line - story->lines].length)
		add_comment(comments, format("%s", notes->later[line - story->lines].chars));
	if (line == notes->wanting)
		add_comment(comments, format("does not add up: %s", story->finding->summary));
}

static void write_frame(const struct notes *notes, const struct recorded_frame *frame, FILE *out)
{
	struct comments comments = { .count = 0 };

	if (frame->event)
		comment_segment(notes, frame, &comments);
	else
		add_comment(&comments, format("no TCP: the journal does not speak of it"));
	pcapng_packet(out, &(struct pcapng_packet){
				   .interface = frame->host,
				   .stamp = frame->stamp,
				   .bytes = frame->bytes,
				   .length = frame->length,
				   .wire_length = frame->wire_length,
				   .direction = frame->outgoing ? OUTBOUND : INBOUND,
				   .comments = (const char *const *)comments.texts,
			   });
	free_comments(&comments);
}

/* ---- what came later ----------------------------------------------------------------------- */

static char *change_text(const struct story *story, const struct story_line *line)
{
	const char *client = line->counters[CLIENT], *server = line->counters[SERVER];

	return format("later, without a segment, at %.3f s: %s%sclient %s, server %s%s%s%s%s",
		      seconds(line->at - story->began), line->words, *line->words ? ", " : "",
		      state_name(line->states[CLIENT]), state_name(line->states[SERVER]),
		      *client ? "; client: " : "", client, *server ? "; server: " : "", server);
}

static void add_later(struct notes *notes, int segment, const struct story_line *line)
{
	struct text *later = &notes->later[segment];
	autofree char *change = change_text(notes->story, line);

	text_add(later, "%s%s", later->length ? "\n" : "", change);
}

/* The segment that the finding is about; or else the last one before it. */
static const struct story_line *found_wanting(const struct story *story)
{
	const struct story_line *last = NULL;

	if (!story->finding)
		return NULL;
	if (story_segment(story, story->finding->packet))
		return story_segment(story, story->finding->packet);
	for (int i = 0; i < story->line_count; i++)
		if (story->lines[i].kind == LINE_SEGMENT &&
		    story->lines[i].seq <= story->finding->seq)
			last = &story->lines[i];
	return last;
}

static struct notes make_notes(const struct story *story)
{
	size_t lines = (size_t)story->line_count + 1;
	autofree int *last = must_alloc((size_t)story->flow_count + 1, sizeof(*last));
	struct notes notes = { .story = story, .wanting = found_wanting(story) };

	notes.later = must_alloc(lines, sizeof(*notes.later));
	notes.steps = must_alloc(lines, sizeof(void *));
	for (int i = 0; i < story->line_count; i++) {
		const struct story_line *line = &story->lines[i];

		if (line->kind == LINE_STEP)
			notes.steps[notes.step_count++] = line;
		else if (line->kind == LINE_SEGMENT)
			last[line->flow] = i + 1;
		else if (line->kind == LINE_CHANGE && last[line->flow])
			add_later(&notes, last[line->flow] - 1, line);
	}
	return notes;
}

static void free_notes(struct notes *notes)
{
	for (int i = 0; i < notes->story->line_count; i++)
		free(text_take(&notes->later[i]));
	free(notes->later);
	free((void *)notes->steps);
}

/* ---- the file as a whole ------------------------------------------------------------------- */

static const char guide[] =
	"\nEach segment is here twice: as the client's eth0 saw it, and as the server's did. Its\n"
	"comments say what became of it, how states and queues stood after it (accept queue:\n"
	"length/limit), its flow and step, and the counters that it moved on that host.\n";

static void print_steps(const struct notes *notes, FILE *out)
{
	if (notes->step_count)
		fputc('\n', out);
	for (int i = 0; i < notes->step_count; i++)
		fprintf(out, "step %d: %s\n", i + 1, notes->steps[i]->words);
}

static void print_section(const struct notes *notes, const struct event *begin, const char *why,
			  FILE *out)
{
	const struct finding *finding = notes->story->finding;

	if (begin->lines)
		for (size_t i = 0; begin->lines[i]; i++)
			fprintf(out, "%s\n", begin->lines[i]);
	else
		fprintf(out, "case: %s\nfamily: %s\n", notes->story->title, notes->story->family);
	print_steps(notes, out);
	fputs(guide, out);
	if (finding)
		fprintf(out, "\nwhat does not add up: %s\n", finding->summary);
	if (why)
		fprintf(out, "\nnot all is here: %s\n", why);
}

static void write_section(const struct notes *notes, const struct event *begin, const char *why,
			  FILE *out)
{
	struct text text = { 0 };
	static const char kernel[] = "kernel: ";
	const char *os = NULL;

	print_section(notes, begin, why, text_stream(&text));
	autofree char *comment = text_take(&text);

	for (size_t i = 0; begin->lines && begin->lines[i]; i++)
		if (strncmp(begin->lines[i], kernel, strlen(kernel)) == 0)
			os = begin->lines[i] + strlen(kernel);
	autofree char *system = os ? format("Linux %s", os) : NULL;

	pcapng_section(out, &(struct pcapng_section){ .comment = comment,
						      .os = system,
						      .application = "halfopen " PACKAGE_VERSION });
}

static void write_hosts(FILE *out)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct pcapng_name names[HOSTS * ARRAY_LENGTH(families)];
	size_t count = 0;

	for (int host = 0; host < HOSTS; host++) {
		const char *name = host_name((enum host)host);
		autofree char *description =
			format("eth0 of the %s: what it sent and what came to it", name);

		pcapng_interface(
			out, &(struct pcapng_interface){ .name = name,
							 .description = description,
							 .hardware = host_hardware((enum host)host),
							 .link_type = LINKTYPE_ETHERNET,
							 .snap_length = SNAPSHOT });
		for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
			names[count++] =
				(struct pcapng_name){ host_address((enum host)host, families[i], 0),
						      name };
	}
	pcapng_names(out, names, count);
}

void capture_write(const struct annotated *annotated, FILE *out)
{
	const struct recording *recording = annotated->recording;
	struct notes notes = make_notes(annotated->story);

	write_section(&notes, journal_event(annotated->journal, 0), annotated->why, out);
	write_hosts(out);
	for (size_t i = 0; i < recording->count; i++)
		write_frame(&notes, &recording->frames[i], out);
	free_notes(&notes);
}
