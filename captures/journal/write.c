/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal as lines of JSON, an event each.
 */
#include "captures/journal/internal.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

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

/* A crowd's journal is a megabyte: nobody else writes to @out, so no lock is taken for each word.
 */
static void put(const char *text, FILE *out)
{
	fputs_unlocked(text, out);
}

static void put_number(json_int_t number, FILE *out)
{
	unsigned long long rest =
		number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number;
	char digits[24], *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do
		*--first = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--first = '-';
	put(first, out);
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
		put("\"", out);
		put(text, out);
		put("\"", out);
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
		print_text(host_name((enum host)(number & 1)), out);
	else if (field->type == STATE)
		print_text(state_name((enum tcp_state)number), out);
	else if (field->type == BOOL)
		put(number ? "true" : "false", out);
	else
		put_number(number, out);
}

/* Nothing of a field that says nothing. */
static void print_field(const struct field *field, const struct event *event, FILE *out)
{
	const char *at = (const char *)event + field->offset;
	const char *text = field->type == TEXT ? *(const char *const *)(const void *)at : NULL;
	json_int_t number = field_number(field, event);

	if (!text && number == 0 && !(field->zeros & 1u << event->kind))
		return;
	put(",\"", out);
	put(field->name, out);
	put("\":", out);
	if (text)
		print_text(text, out);
	else
		print_number(field, number, out);
}

/* An object of JSON, its fields one after the other: a crowd's journal has 20,000 of them. */
static void print_event(const struct event *event, FILE *out)
{
	put("{\"seq\":", out);
	put_number(event->seq, out);
	put(",\"t\":", out);
	put_number(event->at, out);
	put(",\"event\":\"", out);
	put(kind_name(event->kind), out);
	put("\"", out);
	for (size_t i = 0; i < event_field_count; i++)
		print_field(&event_fields[i], event, out);
	for (size_t i = 0; event->lines && event->lines[i]; i++) {
		put(i == 0 ? ",\"lines\":[" : ",", out);
		print_text(event->lines[i], out);
	}
	put(!event->lines ? "}" : event->lines[0] ? "]}" : ",\"lines\":[]}", out);
}

char *event_to_json(const struct event *event)
{
	struct text line = { 0 };

	print_event(event, text_stream(&line));
	return text_take(&line);
}

void journal_write_to(struct journal *journal, FILE *out)
{
	journal->out = out;
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
