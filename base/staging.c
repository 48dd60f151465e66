/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * staging: the names of states, and how one is written: "half-open=3s@8080/ipv4".
 */
#include "base/staging.h"

#include <ctype.h>
#include <string.h>

#define ALLOWS(kind) (1u << (kind))

/* What stands behind the = of each: of which kind, what it is called, and an example. */
static const struct row {
	struct stage_about about;
	unsigned allowed;    /* ALLOWS(), a bit for each enum stage_value_kind */
	const char *example; /* "slow=10/s"; NULL: it takes no value */
	const char *wanted;  /* "a rate" */
} rows[STAGE_STATES] = {
	[STAGE_SERVING] = { .about = { "serving", "", "a server that answers" } },
	[STAGE_REFUSED] = { .about = { "refused", "", "RST to its SYN" } },
	[STAGE_DROPPED] = { .about = { "dropped", "",
				       "its SYNs are dropped: the accept queue is full" } },
	[STAGE_LOST] = { .about = { "lost", "", "its SYNs vanish on the way" } },
	[STAGE_UNREACHABLE] = { .about = { "unreachable", "[=host|net|port|prohibited]",
					   "ICMP ends its connect()" },
				.allowed = ALLOWS(STAGE_ICMP),
				.example = "unreachable=net",
				.wanted = "host, net, port or prohibited" },
	[STAGE_FLOODED] = { .about = { "flooded", "",
				       "the SYN queue is full, without cookies: no way in" } },
	[STAGE_COOKIE_LOST] = { .about = { "cookie-lost", "",
					   "connected by a SYN cookie; its first data comes too "
					   "late and is reset" } },
	[STAGE_HALF_OPEN] = { .about = { "half-open", "[=TIME]",
					 "connected, and the server ignores its final ACK: for "
					 "ever, or so long" },
			      .allowed = ALLOWS(STAGE_SPAN),
			      .example = "half-open=3s",
			      .wanted = "a time" },
	[STAGE_DEFERRED] = { .about = { "deferred", "",
					"connected, and the server waits for its data "
					"(TCP_DEFER_ACCEPT)" } },
	[STAGE_EXPIRED] = { .about = { "expired", "",
				       "half-open until the server has forgotten it: what it "
				       "sends then is reset" } },
	[STAGE_UNACCEPTED] = { .about = { "unaccepted", "",
					  "connected, acknowledged, and nobody accepts" } },
	[STAGE_RESET] = { .about = { "reset", "[=TIME|BYTES]",
				     "connected, then reset: at once, after a time, or when so "
				     "much of its answer has arrived" },
			  .allowed = ALLOWS(STAGE_SPAN) | ALLOWS(STAGE_BYTES),
			  .example = "reset=3s or reset=1k",
			  .wanted = "a time or a number of bytes" },
	[STAGE_SILENT] = { .about = { "silent", "", "accepted, read, never answered" } },
	[STAGE_SLOW] = { .about = { "slow", "=RATE", "an answer that trickles" },
			 .allowed = ALLOWS(STAGE_RATE),
			 .example = "slow=10/s",
			 .wanted = "a rate" },
	[STAGE_SLOW_READ] = { .about = { "slow-read", "=RATE",
					 "a server that reads slowly: the window closes" },
			      .allowed = ALLOWS(STAGE_RATE),
			      .example = "slow-read=1k/s",
			      .wanted = "a rate" },
	[STAGE_CLOSING] = { .about = { "closing", "[=TIME|BYTES]",
				       "FIN, from a server that then reads no more; when, as of "
				       "reset" },
			    .allowed = ALLOWS(STAGE_SPAN) | ALLOWS(STAGE_BYTES),
			    .example = "closing=3s or closing=1k",
			    .wanted = "a time or a number of bytes" },
	[STAGE_HALF_CLOSED] = { .about = { "half-closed", "[=TIME|BYTES]",
					   "FIN, from a server that goes on reading; when, as of "
					   "reset" },
				.allowed = ALLOWS(STAGE_SPAN) | ALLOWS(STAGE_BYTES),
				.example = "half-closed=3s or half-closed=1k",
				.wanted = "a time or a number of bytes" },
	[STAGE_ZERO_WINDOW] = { .about = { "zero-window", "", "accepted, never read" } },
	[STAGE_PATH_MTU] = { .about = { "path-mtu", "=BYTES",
					"longer packets are lost after the handshake" },
			     .allowed = ALLOWS(STAGE_MTU),
			     .example = "path-mtu=1280",
			     .wanted = "the size of a packet" },
};

static const char *const icmp_names[] = {
	[STAGE_ICMP_HOST] = "host",
	[STAGE_ICMP_NET] = "net",
	[STAGE_ICMP_PORT] = "port",
	[STAGE_ICMP_PROHIBITED] = "prohibited",
};

/* What IPv4 may be asked to carry in one piece at least (RFC 791), and at most. */
enum { LEAST_MTU = 68, MOST_MTU = 65535 };

const struct stage_about *stage_about(enum stage_state state)
{
	return &rows[state].about;
}

/* ---- numbers with a unit -------------------------------------------------------------------- */

/* A unit, and how many nanoseconds or bytes it has. */
struct unit {
	const char *name;
	double size;
};

static const struct unit units_of_time[] = {
	{ "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 }, { 0 },
};
static const struct unit units_of_bytes[] = {
	{ "", 1 },
	{ "k", 1024 },
	{ "M", 1024.0 * 1024 },
	{ 0 },
};

/* "1.5s", above 0; a number is digits with or without a point. */
static bool parse_number(const char *text, const struct unit *units, double *size)
{
	size_t digits = strspn(text, "0123456789.");
	char *end = NULL;
	double number = strtod(text, &end);

	if (!digits || end != text + digits || number <= 0)
		return false;
	for (; units->name; units++)
		if (strcmp(end, units->name) == 0) {
			*size = number * units->size;
			return *size < 9e18 && *size >= 1;
		}
	return false;
}

bool stage_span_parse(const char *text, nsec *span)
{
	double size;

	if (!parse_number(text, units_of_time, &size))
		return false;
	*span = (nsec)size;
	return true;
}

bool stage_bytes_parse(const char *text, uint64_t *bytes)
{
	double size;

	if (!parse_number(text, units_of_bytes, &size))
		return false;
	*bytes = (uint64_t)size;
	return true;
}

/* "10/s", "1k/10s": a unit alone is one of it. */
bool stage_rate_parse(const char *text, struct stage_value *rate)
{
	const char *slash = strchr(text, '/');
	autofree char *bytes = slash ? format("%.*s", (int)(slash - text), text) : NULL;
	autofree char *span =
		slash ? format("%s%s", isdigit((unsigned char)slash[1]) ? "" : "1", slash + 1)
		      : NULL;

	rate->kind = STAGE_RATE;
	return slash && stage_bytes_parse(bytes, &rate->bytes) &&
	       stage_span_parse(span, &rate->span);
}

/* ---- values --------------------------------------------------------------------------------- */

static bool parse_icmp(const char *text, struct stage_value *value)
{
	for (size_t i = 0; i < ARRAY_LENGTH(icmp_names); i++)
		if (strcmp(text, icmp_names[i]) == 0) {
			value->icmp = (enum stage_icmp)i;
			return true;
		}
	return false;
}

static bool parse_mtu(const char *text, struct stage_value *value)
{
	uint64_t bytes;

	if (!stage_bytes_parse(text, &bytes) || bytes < LEAST_MTU || bytes > MOST_MTU)
		return false;
	value->mtu = (unsigned)bytes;
	return true;
}

static bool parse_as(enum stage_value_kind kind, const char *text, struct stage_value *value)
{
	*value = (struct stage_value){ .kind = kind };
	switch (kind) {
	case STAGE_SPAN:
		return stage_span_parse(text, &value->span);
	case STAGE_BYTES:
		return stage_bytes_parse(text, &value->bytes);
	case STAGE_RATE:
		return stage_rate_parse(text, value);
	case STAGE_ICMP:
		return parse_icmp(text, value);
	case STAGE_MTU:
		return parse_mtu(text, value);
	default:
		return false;
	}
}

/* NULL, or what is wrong with the value; @text NULL: there is none. */
static char *parse_value(const struct row *row, const char *text, struct stage_value *value)
{
	const char *name = row->about.name;

	*value = (struct stage_value){ .kind = STAGE_NO_VALUE };
	if (!text && row->about.values[0] != '=')
		return NULL;
	if (!row->allowed)
		return format("'%s=%s': %s takes no value", name, text, name);
	if (!text)
		return format("'%s': it takes %s, as in %s", name, row->wanted, row->example);
	for (unsigned kind = STAGE_SPAN; kind <= STAGE_MTU; kind++)
		if (row->allowed & ALLOWS(kind) &&
		    parse_as((enum stage_value_kind)kind, text, value))
			return NULL;
	return format("'%s=%s': it takes %s, as in %s", name, text, row->wanted, row->example);
}

/* ---- words ---------------------------------------------------------------------------------- */

static char *unknown_state(const char *name)
{
	struct nearest nearest = { .typed = name };

	for (size_t i = 0; i < STAGE_STATES; i++)
		nearest_offer(&nearest, rows[i].about.name);
	autofree char *near = nearest_text(&nearest);
	return format("'%s': there is no such state%s", name, near);
}

/* "reset=3s". */
char *stage_turn_parse(const char *word, struct stage_turn *turn)
{
	const char *equals = strchr(word, '=');
	autofree char *name = format("%.*s", (int)strcspn(word, "="), word);

	for (size_t i = 0; i < STAGE_STATES; i++)
		if (strcmp(name, rows[i].about.name) == 0) {
			turn->state = (enum stage_state)i;
			return parse_value(&rows[i], equals ? equals + 1 : NULL, &turn->value);
		}
	return unknown_state(name);
}

/* Cuts what stands behind the last @mark off @word; NULL: it has none. */
static char *cut_off(char *word, char mark)
{
	char *at = strrchr(word, mark);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

static bool parse_port(const char *digits, unsigned *port)
{
	unsigned long number = strtoul(digits, NULL, 10);

	*port = (unsigned)number;
	return *digits && strlen(digits) <= 5 && !digits[strspn(digits, "0123456789")] &&
	       number >= 1 && number <= 65535;
}

/* Takes "/ipv4" or "/ipv6" off the word; a rate's "/s" stays. */
static enum stage_family take_family(char *word)
{
	char *slash = strrchr(word, '/');
	enum stage_family family = !slash                        ? STAGE_BOTH
				   : strcmp(slash, "/ipv4") == 0 ? STAGE_IPV4
				   : strcmp(slash, "/ipv6") == 0 ? STAGE_IPV6
								 : STAGE_BOTH;

	if (family != STAGE_BOTH)
		*slash = '\0';
	return family;
}

char *stage_parse(const char *word, struct stage_turn *turn, struct stage_place *place)
{
	autofree char *copy = format("%s", word);

	place->family = take_family(copy);
	const char *port = cut_off(copy, '@');
	place->port = 0;
	if (port && !parse_port(port, &place->port))
		return format("'%s': behind the @ stands a port from 1 to 65535", word);
	return stage_turn_parse(copy, turn);
}

/* ---- back to text --------------------------------------------------------------------------- */

/* With the largest unit in which it is a whole number. */
static void add_number(struct text *text, uint64_t size, const struct unit *units)
{
	const struct unit *best = units;

	for (; units->name; units++)
		if (size % (uint64_t)units->size == 0)
			best = units;
	text_add(text, "%.15g%s", (double)size / best->size, best->name);
}

static void add_rate(struct text *text, const struct stage_value *value)
{
	add_number(text, value->bytes, units_of_bytes);
	text_add(text, "/");
	if (value->span == SEC(1))
		text_add(text, "s");
	else
		add_number(text, (uint64_t)value->span, units_of_time);
}

char *stage_turn_text(const struct stage_turn *turn)
{
	const struct stage_value *value = &turn->value;
	struct text text = { 0 };

	text_add(&text, "%s%s", rows[turn->state].about.name, value->kind ? "=" : "");
	if (value->kind == STAGE_SPAN)
		add_number(&text, (uint64_t)value->span, units_of_time);
	else if (value->kind == STAGE_BYTES)
		add_number(&text, value->bytes, units_of_bytes);
	else if (value->kind == STAGE_RATE)
		add_rate(&text, value);
	else if (value->kind == STAGE_ICMP)
		text_add(&text, "%s", icmp_names[value->icmp]);
	else if (value->kind == STAGE_MTU)
		text_add(&text, "%u", value->mtu);
	return text_take(&text);
}
