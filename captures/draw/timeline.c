/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder for a terminal, with all connections of a case in the order of time.
 */
#include "captures/draw/ladder_text.h"
#include "captures/draw/picture.h"

#include <string.h>

struct terminal {
	FILE *out;
	const struct story *story;
	struct ladder_form form;
	int name, words, fate, states, queues; /* widths of columns */
};

static void put_padded(const struct terminal *to, enum colour colour, int width, const char *text)
{
	autofree char *word = painted(to->form, colour, width, text);

	fprintf(to->out, "%s ", word);
}

/* "full 2/1 0": accept queue, its limit, SYN queue; and whose where there are several. */
static char *queue_text(const struct story *story, const struct story_line *line)
{
	const char *whose = story_listener(story, line->listener);

	if (!line->listener)
		return format("%s", "");
	return format("%s%s%d/%d %d", whose, *whose ? " " : "", line->queue.accept,
		      line->queue.limit, line->queue.syn);
}

/* A flow is called as its client is: of a call of the flow, whose it was. */
static char *words_text(const struct story_line *line)
{
	if (line->kind == LINE_CALL && line->flow)
		return format("%s: %s", host_name(line->host), line->words);
	return format("%s", line->words);
}

static void widen(int *width, const char *text)
{
	int length = (int)strlen(text);

	*width = length > *width ? length : *width;
}

/* As wide as what stands in them. */
static void measure(struct terminal *to)
{
	for (int i = 1; i <= to->story->flow_count; i++)
		widen(&to->name, to->story->flows[i].name);
	for (int i = 0; i < to->story->line_count; i++) {
		const struct story_line *line = &to->story->lines[i];
		autofree char *queue = queue_text(to->story, line);
		autofree char *words = words_text(line);

		widen(&to->queues, queue);
		if (line->kind != LINE_STEP)
			widen(&to->words, words);
		widen(&to->fate, line->fate);
	}
}

/* Client and server, where one of them changed. */
static void put_states(const struct terminal *to, const struct story_line *line)
{
	int width = to->states;

	for (int host = 0; line->changed && host < HOSTS; host++) {
		const char *name = state_name(line->states[host]);
		autofree char *word =
			painted(to->form, colour_of_state(line->states[host]), 0, name);

		fprintf(to->out, "%s%s", host == SERVER ? " / " : "", word);
		width -= (int)strlen(name) + (host == SERVER ? 3 : 0);
	}
	fprintf(to->out, "%*s ", width > 0 ? width : 0, "");
}

static void put_counters(const struct terminal *to, const struct story_line *line)
{
	const char *separator = "";

	for (int host = 0; host < HOSTS; host++) {
		autofree char *text =
			format("%s: %s", host_name((enum host)host), line->counters[host]);
		autofree char *word = painted(to->form, FAINT, 0, text);

		if (!*line->counters[host])
			continue;
		fprintf(to->out, "%s%s", separator, word);
		separator = "; ";
	}
}

static char direction_of(const struct story_line *line)
{
	if (line->kind != LINE_SEGMENT)
		return '.';
	return line->from == CLIENT ? '>' : '<';
}

/* What happened; @fate is the ladder's, or what the gate does now. */
static void put_line(const struct terminal *to, const struct story_line *line, const char *fate)
{
	const char *name = line->flow                ? to->story->flows[line->flow].name
			   : line->kind == LINE_CALL ? host_name(line->host)
						     : "";
	autofree char *words = words_text(line);
	autofree char *queue = queue_text(to->story, line);

	fprintf(to->out, "%c  ", direction_of(line));
	put_padded(to, FAINT, to->name, name);
	put_padded(to, PLAIN, to->words, words);
	put_padded(to, line->lost ? RED : YELLOW, to->fate, fate);
	put_states(to, line);
	put_padded(to, PLAIN, to->queues, queue);
	put_counters(to, line);
	fputc('\n', to->out);
}

static void put_heading(const struct terminal *to, const struct story_line *line)
{
	autofree char *heading = format("-- %s", line->words);
	autofree char *covers = format("   covers %s", line->covers ? line->covers : "");
	autofree char *bold = painted(to->form, BOLD, 0, heading);
	autofree char *faint = painted(to->form, FAINT, 0, covers);

	fprintf(to->out, "\n%s\n", bold);
	if (line->covers)
		fprintf(to->out, "%s\n", faint);
}

static void put_stop(const struct terminal *to, const struct stop *stop)
{
	const struct story_line *line = &to->story->lines[stop->line];
	bool twice = line->held && line->arrived;
	autofree char *time = format("%9.3f ", seconds(stop->at - to->story->began));
	struct story_line held = *line;

	if (line->kind == LINE_STEP) {
		put_heading(to, line);
		return;
	}
	if (stop->kind != HAPPENS && stop->kind != SENDS && !(twice && stop->kind == ARRIVES))
		return;
	put_padded(to, FAINT, 0, line->at >= to->story->began ? time : "          ");
	if (!twice || stop->kind == ARRIVES) {
		put_line(to, line, line->fate);
		return;
	}
	held.changed = false;
	held.listener = 0;
	held.counters[CLIENT] = held.counters[SERVER] = "";
	put_line(to, &held, "held");
}

int timeline_print(const struct story *story, struct ladder_form form, int from, FILE *out)
{
	struct terminal to = { out, story, form, 12, 18, 13, 26, 9 };
	int count;
	autofree struct stop *stops = stops_of(story, &count);

	measure(&to);
	if (from == 0)
		fprintf(out,
			"%s, %s\n\n     time     %-*s %-*s %-*s %-*s %-*s counters that it moved\n",
			story->title, story->family, to.name, "flow", to.words, "segment or call",
			to.fate, "fate", to.states, "client / server", to.queues, "queues");
	for (int i = from; i < count; i++)
		put_stop(&to, &stops[i]);
	return count;
}
