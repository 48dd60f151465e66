/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of ladders: whether a text can be a line of one at all. Who expects one that cannot
 * has made a slip, whatever the kernel does.
 */
#include "captures/judge/books.h"

#include <string.h>

/* A line that is read word by word. */
struct reading {
	const char *rest;
	char *word; /* that stands next; NULL: none */
	char *slip; /* the first; NULL: none */
};

static void go_on(struct reading *reading)
{
	free(reading->word);
	reading->word = text_word(&reading->rest);
}

static bool stands(const struct reading *reading, const char *word)
{
	return reading->word && strcmp(reading->word, word) == 0;
}

/* Goes beyond @word, where it stands next. */
static bool took(struct reading *reading, const char *word)
{
	bool there = stands(reading, word);

	if (there)
		go_on(reading);
	return there;
}

static __attribute__((format(printf, 2, 3))) void slipped(struct reading *reading, const char *fmt,
							  ...)
{
	va_list args;

	if (reading->slip)
		return;
	va_start(args, fmt);
	reading->slip = vformat(fmt, args);
	va_end(args);
}

/* ---- times --------------------------------------------------------------------------------- */

/* "3", "0.2". */
static bool skip_number(const char **at)
{
	size_t whole = strspn(*at, "0123456789");
	size_t part = (*at)[whole] == '.' ? strspn(*at + whole + 1, "0123456789") : 1;

	*at += whole + ((*at)[whole] == '.' ? 1 + part : 0);
	return whole > 0 && part > 0;
}

static bool is_time(const char *word)
{
	bool plain = *word != '~' && *word != '+';

	if (strcmp(word, "-") == 0)
		return true;
	word += !plain;
	if (!skip_number(&word))
		return false;
	if (plain && strncmp(word, "rto", 3) == 0) {
		word += strlen("rto");
		if (*word == '+' && (word++, !skip_number(&word)))
			return false;
	}
	return *word == '\0';
}

static void read_time(struct reading *reading)
{
	if (!reading->word)
		slipped(reading, "it is empty");
	else if (!is_time(reading->word))
		slipped(reading, "\"%s\" is no time (-, 1.0, +0.2, 3rto, ~1.0)", reading->word);
	go_on(reading);
}

/* ---- segments ------------------------------------------------------------------------------ */

/* Its place in the order of flags, from 1, DATA before all; 0: it is none. */
static int place_of_flag(const char *word, size_t length)
{
	if (length == strlen("DATA") && strncmp(word, "DATA", length) == 0)
		return 1;
	for (int i = 0; flag_names[i].name; i++)
		if (strlen(flag_names[i].name) == length &&
		    strncmp(word, flag_names[i].name, length) == 0)
			return i + 2;
	return 0;
}

static bool is_segment(const char *word)
{
	if (strcmp(word, "NONE") == 0)
		return true;
	if (strncmp(word, "DATA-ACK", strlen("DATA-ACK")) == 0)
		return false; /* all data has it */
	for (int last = 0;; word++) {
		size_t length = strcspn(word, "-");
		int place = place_of_flag(word, length);

		if (place <= last)
			return false;
		last = place;
		word += length;
		if (*word == '\0')
			return true;
	}
}

static void object_to_segment(struct reading *reading)
{
	static const char *const usual[] = { "SYN",      "SYN-ACK", "ACK", "DATA",
					     "DATA-FIN", "FIN-ACK", "RST", "RST-ACK" };
	struct nearest nearest = { .typed = reading->word };

	for (size_t i = 0; i < ARRAY_LENGTH(usual); i++)
		nearest_offer(&nearest, usual[i]);
	autofree char *near = nearest_text(&nearest);
	slipped(reading, "\"%s\" is no segment%s", reading->word, near);
}

/* "12", "-1". */
static bool is_whole(const char *word)
{
	word += *word == '-';
	return *word && word[strspn(word, "0123456789")] == '\0';
}

static void read_number(struct reading *reading, const char *what)
{
	const char *word = reading->word ? reading->word : "";

	if (!is_whole(word))
		slipped(reading, "\"%s\" is no number behind %s", word, what);
	go_on(reading);
}

/* "3/1": type and code. */
static void read_icmp(struct reading *reading)
{
	const char *word = reading->word ? reading->word : "";
	size_t type = strspn(word, "0123456789");
	const char *code = word + type + (word[type] == '/');

	if (!type || code == word + type || !*code || code[strspn(code, "0123456789")])
		slipped(reading, "\"%s\" behind ICMP is no type/code (3/1)", word);
	go_on(reading);
	if (took(reading, "seq"))
		read_number(reading, "seq");
	if (took(reading, "mtu"))
		read_number(reading, "mtu");
}

static void read_segment(struct reading *reading)
{
	static const char *const numbers[] = { "seq", "ack", "win" };

	took(reading, "old");
	if (!reading->word)
		slipped(reading, "it ends where a segment is to be named");
	else if (!is_segment(reading->word))
		object_to_segment(reading);
	bool data = reading->word && strncmp(reading->word, "DATA", strlen("DATA")) == 0;
	go_on(reading);
	if (data)
		read_number(reading, "DATA");
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
		if (took(reading, numbers[i]) &&
		    !(strcmp(numbers[i], "ack") == 0 && took(reading, "cookie")))
			read_number(reading, numbers[i]);
	(void)took(reading, "changed");
}

/* ---- what became of it --------------------------------------------------------------------- */

static bool took_end(struct reading *reading)
{
	return took(reading, "ignored") || took(reading, "rejected") || took(reading, "moved");
}

static void read_fate(struct reading *reading)
{
	if (took(reading, "lost") || took_end(reading) || took(reading, "held"))
		return;
	if (took(reading, "held,") && !took_end(reading))
		slipped(reading,
			"\"held,\" is followed by \"ignored\", \"rejected\" or \"moved\" only");
}

static bool is_state(const char *word)
{
	for (int state = NO_SOCKET; state < TCP_STATES; state++)
		if (state != LISTEN && strcmp(state_name((enum tcp_state)state), word) == 0)
			return true;
	return false;
}

static void read_state(struct reading *reading, const char *whose)
{
	struct nearest nearest = { .typed = reading->word ? reading->word : "" };

	if (!is_state(nearest.typed)) {
		nearest_offer(&nearest, "ignored");
		nearest_offer(&nearest, "rejected");
		for (int state = NO_SOCKET + 1; state < TCP_STATES; state++)
			if (state != LISTEN)
				nearest_offer(&nearest, state_name((enum tcp_state)state));
		autofree char *near = nearest_text(&nearest);
		slipped(reading, "\"%s\" is no state of the %s%s", nearest.typed, whose, near);
	}
	go_on(reading);
}

static void read_states(struct reading *reading)
{
	read_state(reading, "client");
	if (!took(reading, "/"))
		slipped(reading, "\" / \" is to stand between the states of client and server");
	read_state(reading, "server");
}

/* ---- the whole ----------------------------------------------------------------------------- */

char *ladder_line_slip(const char *line)
{
	struct reading reading = { .rest = line };

	go_on(&reading);
	read_time(&reading);
	if (took(&reading, ".")) {
		bool timer = took(&reading, "timer"), moved = took(&reading, "moved");

		if (!timer && !moved && !reading.word)
			slipped(&reading,
				"a line without a segment has \"timer\", \"moved\", or states");
	} else if (took(&reading, ">") || took(&reading, "<")) {
		if (took(&reading, "ICMP"))
			read_icmp(&reading);
		else
			read_segment(&reading);
		read_fate(&reading);
	} else {
		slipped(&reading, "\"%s\" is no direction (>, < or .)",
			reading.word ? reading.word : "");
	}
	if (reading.word)
		read_states(&reading);
	if (reading.word)
		slipped(&reading, "\"%s\" stands behind the states", reading.word);
	free(reading.word);
	return reading.slip;
}
