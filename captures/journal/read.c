/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal read from its lines of JSON.
 *
 * It is not trusted: it may be damaged, or from elsewhere. The reader takes only numbers that a
 * case can leave, names the field of another one, and keeps what comes before it. Who uses a number
 * as an index looks it up first, and none is the length of a loop.
 */
#include "captures/journal/internal.h"

#include "captures/journal/packed.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/*
 * The longest that a case leaves has 3 MB and 20,000 events; a scenario of 10,000 clients, each of
 * which has to send again on a busy machine, 250 MB and 700,000. What is longer is none of ours.
 */
#define MOST_BYTES  (512 << 20)
#define MOST_EVENTS (1 << 20)
/* Integers that all readers of JSON have exactly (RFC 7493, 2.2); in ns this is 104 days. */
#define MOST_EXACT (1LL << 53)

/* What a number may be. The judge and the drawings reckon with these bounds. */
static bool is_possible(const struct field *field, json_int_t number)
{
	switch (field->type) {
	case COUNT:
		return number >= 0 && number <= INT32_MAX;
	case PORT:
	case U16:
		return number >= 0 && number <= UINT16_MAX;
	case OPTION:
		return number >= -1 && number <= UINT16_MAX;
	case U8:
		return number >= 0 && number <= UINT8_MAX;
	case U32:
		return number >= 0 && number <= UINT32_MAX;
	case LONG:
	case NSEC:
		return number > -MOST_EXACT && number < MOST_EXACT;
	case U64:
		return true;
	default:
		return false;
	}
}

static bool store_number(const struct field *field, struct event *event, json_int_t number)
{
	char *at = (char *)event + field->offset;

	if (!is_possible(field, number))
		return false;
	switch (field->type) {
	case COUNT:
	case PORT:
	case OPTION:
		*(int *)(void *)at = (int)number;
		break;
	case LONG:
		*(long *)(void *)at = (long)number;
		break;
	case U16:
		*(uint16_t *)(void *)at = (uint16_t)number;
		break;
	case U8:
		*(uint8_t *)at = (uint8_t)number;
		break;
	case U32:
		*(uint32_t *)(void *)at = (uint32_t)number;
		break;
	case U64:
		*(uint64_t *)(void *)at = (uint64_t)number;
		break;
	default:
		*(nsec *)(void *)at = number;
		break;
	}
	return true;
}

static bool store_name(const struct field *field, struct event *event, const char *name)
{
	char *at = (char *)event + field->offset;
	int number;

	if (field->type == TEXT) {
		*(const char **)(void *)at = name;
		return is_printable(name);
	}
	number = field->type == HOST ? host_from_name(name) : state_from_name(name);
	if (number < 0 || (field->type != HOST && field->type != STATE))
		return false;
	*(int *)(void *)at = number;
	return true;
}

/* Strings in @event still belong to @object; journal_append() copies them. */
static bool field_from_json(const struct field *field, struct event *event, const json_t *value)
{
	if (json_is_string(value))
		return store_name(field, event, json_string_value(value));
	if (json_is_boolean(value) && field->type == BOOL) {
		*(bool *)((char *)event + field->offset) = json_is_true(value);
		return true;
	}
	return json_is_integer(value) && store_number(field, event, json_integer_value(value));
}

/* As the other functions that read: NULL, or what is wrong; the caller frees it. */
static char *lines_from_json(const json_t *lines, struct event *event)
{
	const char **copy;

	if (!lines)
		return NULL;
	if (!json_is_array(lines))
		return format("\"lines\" is no array");
	copy = must_alloc(json_array_size(lines) + 1, sizeof(*copy));
	event->lines = copy;
	for (size_t i = 0; i < json_array_size(lines); i++) {
		copy[i] = json_string_value(json_array_get(lines, i));
		if (!copy[i] || !is_printable(copy[i]))
			return format("\"lines\" has one that is no text in one line");
	}
	return NULL;
}

static bool needs_name(enum event_kind kind)
{
	switch (kind) {
	case EVENT_PACKET:
	case EVENT_ICMP:
	case EVENT_DROPS:
	case EVENT_INFO:
	case EVENT_SOCKET:
	case EVENT_QUEUE:
	case EVENT_SAMPLE:
	case EVENT_END:
		return false;
	default:
		return true;
	}
}

static char *time_from_json(const json_t *object, struct event *event)
{
	const json_t *value = json_object_get(object, event_time.name);

	if (!json_is_integer(value) || !store_number(&event_time, event, json_integer_value(value)))
		return format("an event without a time in nanoseconds");
	return NULL;
}

static char *fields_from_json(const json_t *object, struct event *event)
{
	for (size_t i = 0; i < event_field_count; i++) {
		const json_t *value = json_object_get(object, event_fields[i].name);

		if (value && !field_from_json(&event_fields[i], event, value))
			return format("\"%s\" has a value that it cannot have",
				      event_fields[i].name);
	}
	if (needs_name(event->kind) && !event->name)
		return format("an event without its name");
	return lines_from_json(json_object_get(object, "lines"), event);
}

static char *event_from_json(const json_t *object, struct event *event)
{
	int kind = kind_from_name(json_string_value(json_object_get(object, "event")));
	char *wrong;

	if (kind < 0)
		return format("an unknown kind of event");
	*event = (struct event){ .kind = (enum event_kind)kind };
	event->seq = (long)json_integer_value(json_object_get(object, "seq"));
	if (kind == EVENT_PACKET)
		event->segment.mss = event->segment.window_scale = -1;
	event->icmp.quotes = kind == EVENT_ICMP;
	wrong = time_from_json(object, event);
	return wrong ? wrong : fields_from_json(object, event);
}

/* A journal line by line, and no more of it than a case can have left. */
struct lines {
	FILE *file;
	char *line;
	size_t length, room, read;
};

/* False at the end, or when it is too long, or when it cannot be read. */
static bool next_line(struct lines *lines)
{
	int character = 0;

	lines->length = 0;
	while (character != '\n' && lines->read < MOST_BYTES &&
	       (character = getc_unlocked(lines->file)) != EOF) {
		if (lines->length == lines->room) {
			lines->room = lines->room ? lines->room * 2 : 1024;
			lines->line = must_realloc(lines->line, lines->room, 1);
		}
		lines->line[lines->length++] = (char)character;
		lines->read++;
	}
	return lines->length > 0 && lines->read < MOST_BYTES && !ferror(lines->file);
}

/* Appends what one line says. */
static char *append_line(struct journal *journal, const struct lines *lines)
{
	json_t *object = json_loadb(lines->line, lines->length, JSON_REJECT_DUPLICATES, NULL);
	struct event event = { .seq = 0 };
	char *wrong;

	if (!object)
		return format("not JSON");
	wrong = json_is_object(object) ? event_from_json(object, &event) : format("no object");
	if (!wrong && event.seq != (long)journal->length + 1)
		wrong = format("out of order");
	if (!wrong)
		journal_append(journal, &event);
	free((void *)event.lines);
	json_decref(object);
	return wrong;
}

/* What is wrong is the line that follows what was read. */
static char *append_lines(struct journal *journal, FILE *file)
{
	struct lines lines = { .file = file };
	char *wrong = NULL;

	errno = 0;
	while (!wrong && journal->length < MOST_EVENTS && next_line(&lines))
		wrong = append_line(journal, &lines);
	if (!wrong && ferror(file))
		wrong = format("cannot be read: %s", strerror(errno));
	else if (!wrong && (lines.read == MOST_BYTES || journal->length == MOST_EVENTS))
		wrong = format("a journal that is longer than any that a case leaves");
	free(lines.line);
	return wrong;
}

static bool has_other_format(const struct journal *journal)
{
	return journal->events[0].kind == EVENT_BEGIN &&
	       journal->events[0].format != ARTIFACTS_FORMAT;
}

struct journal *journal_salvage(const char *path, char **why)
{
	autofile FILE *file = open_packed(path, MOST_BYTES);
	autofree char *wrong = NULL;
	struct journal *journal;

	*why = NULL;
	if (!file) {
		*why = format("cannot open %s: %s", path, strerror(errno));
		return NULL;
	}
	journal = journal_new();
	wrong = append_lines(journal, file);
	if (wrong)
		*why = format("%s:%zu: %s", path, journal->length + 1, wrong);
	else if (journal->length == 0)
		*why = format("%s is empty", path);
	else if (has_other_format(journal))
		*why = format("%s is from another version of halfopen: it has format %d, this one "
			      "reads %d",
			      path, journal->events[0].format, ARTIFACTS_FORMAT);
	if (journal->length)
		return journal;
	journal_free(journal);
	return NULL;
}

struct journal *journal_load(const char *path, char **why)
{
	struct journal *journal = journal_salvage(path, why);

	if (!journal || !*why)
		return journal;
	journal_free(journal);
	return NULL;
}
