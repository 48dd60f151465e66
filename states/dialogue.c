/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue: what a server that answers says: 200 to each request of HTTP/1.x (RFC 9112), the bytes
 * of --answer, or what it was sent.
 */
#include "states/internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const methods[] = {
	"GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "TRACE ", "CONNECT ",
};

static const char line_of_body[] = "Served by halfopen stage.\n";

/* ---- which conversation --------------------------------------------------------------------- */

enum likeness { UNLIKE, BEGINS_LIKE, IS_LIKE };

static enum likeness http_likeness(const char *bytes, size_t length)
{
	enum likeness best = UNLIKE;

	for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
		size_t all = strlen(methods[i]);

		if (memcmp(bytes, methods[i], length < all ? length : all) == 0)
			best = length < all ? BEGINS_LIKE : IS_LIKE;
	}
	return best;
}

/* The bytes of a whole response, which goes as it is. */
static bool is_response(const struct stage_answer *answer)
{
	return answer->bytes && answer->length > 5 && memcmp(answer->bytes, "HTTP/", 5) == 0;
}

static void say(struct dialogue *dialogue, struct heard heard, struct buffer *answer)
{
	if (dialogue->phase == ECHOES)
		buffer_add(answer, heard.bytes, heard.length);
}

/* No HTTP: what was heard so far, and all that follows. */
static void decide_plain(struct dialogue *dialogue, struct buffer *answer)
{
	dialogue->phase = dialogue->answer->bytes ? SAYS : ECHOES;
	if (dialogue->phase == SAYS)
		buffer_add(answer, dialogue->answer->bytes, dialogue->answer->length);
	say(dialogue, (struct heard){ dialogue->head, dialogue->head_length }, answer);
}

/* ---- a response ----------------------------------------------------------------------------- */

static uint64_t body_length(const struct dialogue *dialogue)
{
	uint64_t least = dialogue->least, line = strlen(line_of_body);

	if (dialogue->answer->bytes)
		return dialogue->answer->length;
	return least > line ? (least + line - 1) / line * line : line;
}

static void add_body(const struct dialogue *dialogue, struct buffer *answer)
{
	uint64_t left = body_length(dialogue);

	if (dialogue->answer->bytes) {
		buffer_add(answer, dialogue->answer->bytes, left);
		return;
	}
	for (; left; left -= strlen(line_of_body))
		buffer_add(answer, line_of_body, strlen(line_of_body));
}

static void respond(struct dialogue *dialogue, struct buffer *answer)
{
	const struct stage_answer *given = dialogue->answer;
	autofree char *head = format("HTTP/1.1 200 OK\r\n"
				     "Content-Type: %s\r\n"
				     "Content-Length: %llu\r\n"
				     "Connection: %s\r\n\r\n",
				     given->bytes ? "application/octet-stream" : "text/plain",
				     (unsigned long long)body_length(dialogue),
				     dialogue->keeps_alive ? "keep-alive" : "close");

	if (is_response(given)) {
		buffer_add(answer, given->bytes, given->length);
	} else {
		buffer_add(answer, head, strlen(head));
		if (!dialogue->is_head)
			add_body(dialogue, answer);
	}
	dialogue->over = !dialogue->keeps_alive || is_response(given);
	dialogue->phase = HTTP_HEAD;
	dialogue->head_length = 0;
}

static void refuse_request(struct dialogue *dialogue, struct buffer *answer)
{
	static const char response[] = "HTTP/1.1 400 Bad Request\r\n"
				       "Content-Length: 0\r\n"
				       "Connection: close\r\n\r\n";

	buffer_add(answer, response, strlen(response));
	dialogue->over = true;
}

/* ---- the head of a request ------------------------------------------------------------------ */

/* The value of a field (RFC 9110 5.1: its name in any case), or NULL; ends at the line's end. */
static const char *field(const char *head, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = strchr(head, '\n'); line; line = strchr(line + 1, '\n'))
		if (strncasecmp(line + 1, name, length) == 0 && line[1 + length] == ':')
			return line + 1 + length + 1 + strspn(line + 1 + length + 1, " \t");
	return NULL;
}

static bool field_has(const char *head, const char *name, const char *word)
{
	const char *value = field(head, name);
	size_t length = strlen(word);

	for (; value && *value && *value != '\n'; value++)
		if (strncasecmp(value, word, length) == 0)
			return true;
	return false;
}

/* HTTP/1.1 goes on unless told not to, HTTP/1.0 does not unless asked to (RFC 9112 9.3). */
static bool keeps_alive(const char *head)
{
	const char *version = strstr(head, " HTTP/1.");
	bool is_old = !version || version[strlen(" HTTP/1.")] == '0';

	if (is_old)
		return field_has(head, "Connection", "keep-alive");
	return !field_has(head, "Connection", "close");
}

static void take_head(struct dialogue *dialogue, struct buffer *answer)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const char *head = dialogue->head, *length = field(head, "Content-Length");

	dialogue->keeps_alive = keeps_alive(head);
	dialogue->is_head = strncmp(head, "HEAD ", 5) == 0;
	dialogue->body_left = length ? strtoull(length, NULL, 10) : 0;
	dialogue->head_length = 0;
	if (field_has(head, "Expect", "100-continue"))
		buffer_add(answer, go_on, strlen(go_on));
	if (field_has(head, "Transfer-Encoding", "chunked"))
		dialogue->phase = CHUNK_SIZE;
	else if (dialogue->body_left)
		dialogue->phase = HTTP_BODY;
	else
		respond(dialogue, answer);
}

/* ---- byte by byte --------------------------------------------------------------------------- */

/* One more of a head or a line; false: it is longer than any that makes sense. */
static bool gather(struct dialogue *dialogue, char byte)
{
	if (dialogue->head_length + 1 >= sizeof(dialogue->head))
		return false;
	dialogue->head[dialogue->head_length++] = byte;
	dialogue->head[dialogue->head_length] = '\0';
	return true;
}

static bool head_is_whole(const struct dialogue *dialogue)
{
	const char *end = dialogue->head + dialogue->head_length;

	return dialogue->head_length >= 2 && end[-1] == '\n' &&
	       (end[-2] == '\n' ||
		(dialogue->head_length >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0));
}

static bool line_is_empty(const struct dialogue *dialogue)
{
	return dialogue->head_length == 1 ||
	       (dialogue->head_length == 2 && *dialogue->head == '\r');
}

/* A line of a chunked body (RFC 9112 7.1): a size, or one of the trailer. */
static void take_line(struct dialogue *dialogue, struct buffer *answer)
{
	bool empty = line_is_empty(dialogue);

	dialogue->head_length = 0;
	if (dialogue->phase == TRAILER) {
		if (empty)
			respond(dialogue, answer);
		return;
	}
	if (!isxdigit((unsigned char)*dialogue->head)) {
		refuse_request(dialogue, answer);
		return;
	}
	dialogue->body_left = strtoull(dialogue->head, NULL, 16);
	dialogue->phase = dialogue->body_left ? CHUNK : TRAILER;
	dialogue->body_left += strlen("\r\n");
}

static void hear_byte(struct dialogue *dialogue, char byte, struct buffer *answer)
{
	/* Empty lines before a request are none of it (RFC 9112 2.2). */
	if (dialogue->phase == HTTP_HEAD && !dialogue->head_length &&
	    (byte == '\r' || byte == '\n'))
		return;
	if (!gather(dialogue, byte)) {
		refuse_request(dialogue, answer);
		return;
	}
	if (dialogue->phase == UNDECIDED) {
		switch (http_likeness(dialogue->head, dialogue->head_length)) {
		case IS_LIKE:
			dialogue->phase = HTTP_HEAD;
			break;
		case UNLIKE:
			decide_plain(dialogue, answer);
			break;
		default:
			break;
		}
	} else if (dialogue->phase == HTTP_HEAD) {
		if (head_is_whole(dialogue))
			take_head(dialogue, answer);
	} else if (byte == '\n') {
		take_line(dialogue, answer);
	}
}

/* Of a body that has a length: how much of this is its. */
static size_t skip_body(struct dialogue *dialogue, size_t length, struct buffer *answer)
{
	size_t part = dialogue->body_left < length ? (size_t)dialogue->body_left : length;

	dialogue->body_left -= part;
	if (dialogue->body_left)
		return part;
	if (dialogue->phase == CHUNK)
		dialogue->phase = CHUNK_SIZE;
	else
		respond(dialogue, answer);
	return part;
}

void dialogue_hear(struct dialogue *dialogue, struct heard heard, struct buffer *answer)
{
	while (heard.length && !dialogue->over) {
		size_t taken = 1;

		if (dialogue->phase == ECHOES || dialogue->phase == SAYS) {
			say(dialogue, heard, answer);
			return;
		}
		if (dialogue->phase == HTTP_BODY || dialogue->phase == CHUNK)
			taken = skip_body(dialogue, heard.length, answer);
		else
			hear_byte(dialogue, *heard.bytes, answer);
		heard.bytes += taken;
		heard.length -= taken;
	}
}
