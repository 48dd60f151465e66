/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: the ordered list of events, in memory and as lines of JSON.
 *
 * One table names every field of an event with its type, so that writing, reading and the test
 * that mutates journals agree about what there is.
 *
 * A journal is not trusted: it may be damaged, or from elsewhere. The reader takes only numbers
 * that a case can leave, names the field of another one, and keeps what comes before it. Who uses a
 * number as an index looks it up first, and none is the length of a loop.
 */
#include "captures/journal/journal.h"
#include "captures/journal/packed.h"

#include "base/xml.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

/* Beyond this many bytes it is packed: only crowds come so far. */
#define LARGE_JOURNAL (1 << 20)
/* The longest that a case leaves has 3 MB and 20,000 events. What is longer by far is none of ours.
 */
#define MOST_BYTES  (32 << 20)
#define MOST_EVENTS (1 << 17)
/* Integers that all readers of JSON have exactly (RFC 7493, 2.2); in ns this is 104 days. */
#define MOST_EXACT (1LL << 53)

struct journal {
	struct event *events;
	size_t length;
	struct owned strings, arrays; /* that the events point to */
	FILE *out;
	size_t written; /* events */
};

static const char *const kind_names[EVENT_KINDS] = {
	[EVENT_BEGIN] = "begin",     [EVENT_LISTENER] = "listener", [EVENT_FLOW] = "flow",
	[EVENT_STEP] = "step",       [EVENT_CALL] = "call",         [EVENT_PACKET] = "packet",
	[EVENT_GATE] = "gate",       [EVENT_SOCKET] = "socket",     [EVENT_QUEUE] = "queue",
	[EVENT_COUNTER] = "counter", [EVENT_SAMPLE] = "sample",     [EVENT_WAIT] = "wait",
	[EVENT_FLOOD] = "flood",     [EVENT_EXPECT] = "expect",     [EVENT_INFO] = "info",
	[EVENT_SETTING] = "setting", [EVENT_END] = "end",
};

static const char *const state_names[TCP_STATES] = {
	[NO_SOCKET] = "-",         [ESTABLISHED] = "ESTABLISHED", [SYN_SENT] = "SYN_SENT",
	[SYN_RECV] = "SYN_RECV",   [FIN_WAIT1] = "FIN_WAIT1",     [FIN_WAIT2] = "FIN_WAIT2",
	[TIME_WAIT] = "TIME_WAIT", [CLOSED] = "CLOSED",           [CLOSE_WAIT] = "CLOSE_WAIT",
	[LAST_ACK] = "LAST_ACK",   [LISTEN] = "LISTEN",           [CLOSING] = "CLOSING",
};

static int index_of(const char *name, const char *const *names, int count)
{
	for (int i = 0; name && i < count; i++)
		if (names[i] && strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

const char *state_name(enum tcp_state state)
{
	return state < TCP_STATES ? state_names[state] : "?";
}

/* -1: unknown */
static int state_from_name(const char *name)
{
	return index_of(name, state_names, TCP_STATES);
}

struct journal *journal_new(void)
{
	return must_alloc(1, sizeof(struct journal));
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	owned_free(&journal->strings);
	owned_free(&journal->arrays);
	free(journal->events);
	free(journal);
}

void journal_write_to(struct journal *journal, FILE *out)
{
	journal->out = out;
}

size_t journal_length(const struct journal *journal)
{
	return journal->length;
}

const struct event *journal_event(const struct journal *journal, size_t index)
{
	return index < journal->length ? &journal->events[index] : NULL;
}

static const char *keep_string(struct journal *journal, const char *string)
{
	const struct owned *kept = &journal->strings;

	if (!string)
		return NULL;
	/* most strings are names that come again and again, close to each other */
	for (size_t i = kept->count, tried = 0; i > 0 && tried < 32; i--, tried++)
		if (strcmp(kept->items[i - 1], string) == 0)
			return kept->items[i - 1];
	return own(&journal->strings, format("%s", string));
}

static const char *const *keep_lines(struct journal *journal, const char *const *lines)
{
	size_t count = 0;
	const char **kept;

	if (!lines)
		return NULL;
	while (lines[count])
		count++;
	kept = own(&journal->arrays, must_alloc(count + 1, sizeof(*kept)));
	for (size_t i = 0; i < count; i++)
		kept[i] = keep_string(journal, lines[i]);
	return kept;
}

const struct event *journal_append(struct journal *journal, const struct event *event)
{
	struct event *added;

	journal->events = GROWN(journal->events, journal->length);
	added = &journal->events[journal->length++];
	*added = *event;
	added->seq = (long)journal->length;
	added->name = keep_string(journal, event->name);
	added->object = keep_string(journal, event->object);
	added->argument = keep_string(journal, event->argument);
	added->want = keep_string(journal, event->want);
	added->lines = keep_lines(journal, event->lines);
	return added;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* In an int: a COUNT, a PORT, or a TCP option's value, which is -1 where it is absent. */
enum field_type { HOST, COUNT, PORT, OPTION, LONG, U16, U8, U32, U64, NSEC, BOOL, TEXT, STATE };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	unsigned zeros; /* the kinds of events of which it says something although it is 0: a set */
};

#define OF(kind) (1u << EVENT_##kind)

#define FIELD(name_, type_, member, zeros_)                                                        \
	{                                                                                          \
		name_, type_, offsetof(struct event, member), zeros_                               \
	}

static const struct field fields[] = {
	FIELD("host", HOST, host, OF(CALL) | OF(PACKET) | OF(SOCKET) | OF(COUNTER) | OF(EXPECT)),
	FIELD("flow", COUNT, flow, 0),
	FIELD("packet", LONG, packet, 0),
	FIELD("name", TEXT, name, 0),
	FIELD("object", TEXT, object, 0),
	FIELD("from", HOST, from, OF(PACKET)),
	FIELD("injected", BOOL, injected, 0),
	FIELD("copy", BOOL, copy, 0),
	FIELD("source_port", U16, segment.source_port, 0),
	FIELD("destination_port", U16, segment.destination_port, 0),
	FIELD("flags", U8, segment.flags, OF(PACKET)),
	FIELD("sequence", U32, segment.seq, OF(PACKET)),
	FIELD("ack", U32, segment.ack, OF(PACKET)),
	FIELD("window", U16, segment.window, OF(PACKET)),
	FIELD("length", U16, segment.length, OF(PACKET)),
	FIELD("ttl", U8, segment.ttl, OF(PACKET)),
	FIELD("tos", U8, segment.tos, OF(PACKET)),
	FIELD("header", U8, segment.header, OF(PACKET)),
	FIELD("reserved", U8, segment.reserved, 0),
	FIELD("mss", OPTION, segment.mss, OF(PACKET)),
	FIELD("window_scale", OPTION, segment.window_scale, OF(PACKET)),
	FIELD("sack_permitted", BOOL, segment.sack_permitted, 0),
	FIELD("timestamps", BOOL, segment.timestamps, 0),
	FIELD("tsval", U32, segment.tsval, 0),
	FIELD("tsecr", U32, segment.tsecr, 0),
	FIELD("agreed_mss", COUNT, agreement.mss, OF(INFO)),
	FIELD("advertised_mss", COUNT, agreement.advertised_mss, OF(INFO)),
	FIELD("own_scale", OPTION, agreement.window_scale, OF(INFO)),
	FIELD("peer_scale", OPTION, agreement.peer_window_scale, OF(INFO)),
	FIELD("agreed_sack", BOOL, agreement.sack, OF(INFO)),
	FIELD("agreed_timestamps", BOOL, agreement.timestamps, OF(INFO)),
	FIELD("agreed_ecn", BOOL, agreement.ecn, OF(INFO)),
	FIELD("cookie", U64, cookie, 0),
	FIELD("was", STATE, was, OF(SOCKET) | OF(EXPECT)),
	FIELD("state", STATE, state, OF(SOCKET) | OF(EXPECT)),
	FIELD("retrans", COUNT, retrans, OF(SOCKET)),
	FIELD("fires", NSEC, fires, 0),
	FIELD("listener", PORT, listener, 0),
	FIELD("accept", COUNT, accept, OF(QUEUE) | OF(EXPECT)),
	FIELD("limit", COUNT, limit, OF(QUEUE) | OF(EXPECT)),
	FIELD("syn", COUNT, syn, OF(QUEUE) | OF(EXPECT)),
	FIELD("delta", LONG, delta, OF(COUNTER)),
	FIELD("value", LONG, value, OF(COUNTER) | OF(SETTING)),
	FIELD("result", LONG, result, OF(CALL) | OF(WAIT)),
	FIELD("error", COUNT, error, OF(CALL)),
	FIELD("argument", TEXT, argument, 0),
	FIELD("want", TEXT, want, 0),
	FIELD("began", NSEC, began, OF(CALL) | OF(WAIT)),
	FIELD("rto", LONG, rto, 0),
	FIELD("format", COUNT, format, 0),
};

static json_int_t field_number(const struct field *field, const struct event *event)
{
	const char *at = (const char *)event + field->offset;

	switch (field->type) {
	case COUNT:
	case PORT:
	case OPTION:
	case HOST:
	case STATE:
		return *(const int *)at;
	case LONG:
		return *(const long *)at;
	case U16:
		return *(const uint16_t *)at;
	case U8:
		return *at & 0xff;
	case U32:
		return *(const uint32_t *)at;
	case U64:
		return (json_int_t) * (const uint64_t *)at;
	case NSEC:
		return *(const nsec *)at;
	case BOOL:
		return *(const bool *)at;
	case TEXT:
		break;
	}
	return 0;
}

static const char *host_names[] = { "client", "server" };

/* Texts go into drawings, line by line, and to terminals, which obey control characters. */
static bool is_control(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	return *at < ' ' || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
}

static bool is_printable(const char *text)
{
	while (*text && !is_control(text))
		text++;
	return !*text;
}

/* What a reader takes, whatever a program or a kernel has said. The caller frees it. */
static char *printable(const char *text)
{
	char *clean = text_clean(text);

	for (char *at = clean; *at; at++) {
		if (!is_control(at))
			continue;
		if (at[0] & 0x80) /* of two bytes */
			at[1] = ' ';
		at[0] = ' ';
	}
	return clean;
}

/* A text that is its own JSON but for the quotes needs no library, and most are: names in ASCII. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

static void print_text(const char *text, FILE *out)
{
	json_t *string;

	if (is_plain(text)) {
		fprintf(out, "\"%s\"", text);
		return;
	}
	autofree char *clean = printable(text);

	string = json_string(clean);
	if (!string || json_dumpf(string, out, JSON_ENCODE_ANY) < 0)
		broken("cannot write an event as JSON: out of memory");
	json_decref(string);
}

static void print_number(const struct field *field, json_int_t number, FILE *out)
{
	if (field->type == HOST)
		print_text(host_names[number & 1], out);
	else if (field->type == STATE)
		print_text(state_name((enum tcp_state)number), out);
	else if (field->type == BOOL)
		fputs(number ? "true" : "false", out);
	else
		fprintf(out, "%" JSON_INTEGER_FORMAT, number);
}

/* Nothing of a field that says nothing. */
static void print_field(const struct field *field, const struct event *event, FILE *out)
{
	const char *at = (const char *)event + field->offset;
	const char *text = field->type == TEXT ? *(const char *const *)(const void *)at : NULL;
	json_int_t number = field_number(field, event);

	if (!text && number == 0 && !(field->zeros & 1u << event->kind))
		return;
	fprintf(out, ",\"%s\":", field->name);
	if (text)
		print_text(text, out);
	else
		print_number(field, number, out);
}

/* An object of JSON, its fields one after the other: a crowd's journal has 20,000 of them. */
static void print_event(const struct event *event, FILE *out)
{
	fprintf(out, "{\"seq\":%ld,\"t\":%lld,\"event\":\"%s\"", event->seq, (long long)event->at,
		kind_names[event->kind]);
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
		print_field(&fields[i], event, out);
	for (size_t i = 0; event->lines && event->lines[i]; i++) {
		fputs(i == 0 ? ",\"lines\":[" : ",", out);
		print_text(event->lines[i], out);
	}
	fputs(!event->lines ? "}" : event->lines[0] ? "]}" : ",\"lines\":[]}", out);
}

char *event_to_json(const struct event *event)
{
	struct text line = { 0 };

	print_event(event, text_stream(&line));
	return text_take(&line);
}

void journal_flush(struct journal *journal)
{
	if (!journal->out)
		return;
	for (; journal->written < journal->length; journal->written++) {
		print_event(&journal->events[journal->written], journal->out);
		fputc('\n', journal->out);
	}
	if (fflush(journal->out) != 0 || ferror(journal->out))
		broken("cannot write the journal: %s; %s and run again", strerror(errno),
		       file_remedy(errno));
}

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
	number = field->type == HOST ? index_of(name, host_names, 2) : state_from_name(name);
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
	static const struct field time = FIELD("t", NSEC, at, 0);
	const json_t *value = json_object_get(object, time.name);

	if (!json_is_integer(value) || !store_number(&time, event, json_integer_value(value)))
		return format("an event without a time in nanoseconds");
	return NULL;
}

static char *fields_from_json(const json_t *object, struct event *event)
{
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		const json_t *value = json_object_get(object, fields[i].name);

		if (value && !field_from_json(&fields[i], event, value))
			return format("\"%s\" has a value that it cannot have", fields[i].name);
	}
	if (needs_name(event->kind) && !event->name)
		return format("an event without its name");
	return lines_from_json(json_object_get(object, "lines"), event);
}

static char *event_from_json(const json_t *object, struct event *event)
{
	int kind = index_of(json_string_value(json_object_get(object, "event")), kind_names,
			    EVENT_KINDS);
	char *wrong;

	if (kind < 0)
		return format("an unknown kind of event");
	*event = (struct event){ .kind = (enum event_kind)kind };
	event->seq = (long)json_integer_value(json_object_get(object, "seq"));
	if (kind == EVENT_PACKET)
		event->segment.mss = event->segment.window_scale = -1;
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

bool journal_exists(const char *folder)
{
	autofree char *path = format("%s/journal.jsonl", folder), *packed = packed_path(path);

	return access(path, F_OK) == 0 || access(packed, F_OK) == 0;
}

void journal_pack(const char *folder)
{
	autofree char *path = format("%s/journal.jsonl", folder);
	struct stat status;

	if (stat(path, &status) == 0 && status.st_size > LARGE_JOURNAL)
		pack_file(path);
}

struct journal *journal_load(const char *path, char **why)
{
	struct journal *journal = journal_salvage(path, why);

	if (!journal || !*why)
		return journal;
	journal_free(journal);
	return NULL;
}
