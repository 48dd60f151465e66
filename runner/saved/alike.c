/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alike: which failures are of one kind: their messages are the same but for numbers, addresses,
 * families, the step, and the names of flows and listeners.
 */
#include "runner/saved/saved.h"

#include <ctype.h>
#include <string.h>

/* Of a message: what has been read of it, and what is still to be read. */
struct reading {
	const char *begin, *at;
};

static bool is_of_a_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "D2-31" and "net.ipv4" are one. */
static bool at_a_word(const struct reading *reading)
{
	const char *before = reading->at - 1;

	if (before > reading->begin && strchr("-.", *before))
		before--;
	return before < reading->begin || !is_of_a_word(*before);
}

/* How much of the message here is this word; 0: none. */
static size_t is_word(const struct reading *reading, const char *word)
{
	size_t length = strlen(word);

	if (length == 0 || strncmp(reading->at, word, length) != 0)
		return 0;
	return is_of_a_word(reading->at[length]) ? 0 : length;
}

/* "the client" is a host, also where a flow is called client. */
static bool is_a_host(const struct reading *reading)
{
	return reading->at - reading->begin >= 4 && strncmp(reading->at - 4, "the ", 4) == 0;
}

/* How long the longest of the names (an object's keys) is that stands here; 0: none does. */
static size_t is_name(const struct reading *reading, const json_t *names)
{
	size_t longest = 0;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)names, name, value) {
		size_t length = is_a_host(reading) ? 0 : is_word(reading, name);

		longest = length > longest ? length : longest;
	}
	return longest;
}

static size_t is_family(const struct reading *reading)
{
	static const char *const families[] = { "ipv4", "ipv6", "IPv4", "IPv6" };
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(families) && !length; i++)
		length = is_word(reading, families[i]);
	return length;
}

/* A number, with its sign and fraction, or an address of either family. */
static size_t is_number(const struct reading *reading)
{
	static const char digits[] = "0123456789", address[] = "0123456789abcdefABCDEF:";
	const char *at = reading->at, *end = at + strspn(at, address);
	const char *colon = memchr(at, ':', (size_t)(end - at));

	if (colon && end - colon > 1 && memchr(colon + 1, ':', (size_t)(end - colon) - 1))
		return (size_t)(end - at);
	at += *at == '-' || *at == '+';
	end = at + strspn(at, digits);
	while (end > at && *end == '.' && isdigit((unsigned char)end[1]))
		end += 1 + strspn(end + 1, digits);
	return end > at ? (size_t)(end - reading->at) : 0;
}

char *failure_kind(const char *reason, const json_t *failure)
{
	const char *step = member_or_empty(failure, "step");
	const json_t *flows = json_object_get(failure, "states");
	const json_t *listeners = json_object_get(failure, "queues");
	struct reading reading = { reason, reason };
	struct text kind = { 0 };

	while (*reading.at) {
		const struct {
			size_t length;
			const char *name;
		} differs[] = {
			{ is_word(&reading, step), "STEP" },
			{ is_name(&reading, flows), "FLOW" },
			{ is_name(&reading, listeners), "LISTENER" },
			{ is_family(&reading), "FAMILY" },
			{ is_number(&reading), "N" },
		};
		size_t i = at_a_word(&reading) ? 0 : ARRAY_LENGTH(differs);

		while (i < ARRAY_LENGTH(differs) && !differs[i].length)
			i++;
		if (i < ARRAY_LENGTH(differs))
			text_add(&kind, "%s", differs[i].name);
		else
			text_add(&kind, "%c", *reading.at);
		reading.at += i < ARRAY_LENGTH(differs) ? differs[i].length : 1;
	}
	return text_take(&kind);
}
