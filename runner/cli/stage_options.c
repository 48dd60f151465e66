/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage_options: what may stand between `halfopen stage` and `--`. An option that is about a state
 * stands behind it.
 */
#include "runner/cli/stage.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- states --------------------------------------------------------------------------------- */

static void add_turn(struct stage_place *place, const struct stage_turn *turn)
{
	place->turns = GROWN(place->turns, place->turn_count);
	place->turns[place->turn_count++] = *turn;
}

static bool take_state(const struct cli_option *option, const char *value, void *field)
{
	struct staging *staging = field;
	struct stage_place place = { 0 };
	struct stage_turn turn = { 0 };
	autofree char *why = stage_parse(value, &turn, &place);

	(void)option;
	if (why) {
		complain("%s; `halfopen stage --help` has them all", why);
		return false;
	}
	add_turn(&place, &turn);
	staging->places = GROWN(staging->places, staging->place_count);
	staging->places[staging->place_count++] = place;
	return true;
}

/* The state that the option stands behind; NULL after complaining. */
static struct stage_turn *last_turn(const struct cli_option *option, void *field)
{
	struct staging *staging = field;
	struct stage_place *place;

	if (!staging->place_count) {
		complain("--%s: of which state? It stands behind it, as in: halfopen stage refused "
			 "--%s ...",
			 option->name, option->name);
		return NULL;
	}
	place = &staging->places[staging->place_count - 1];
	return &place->turns[place->turn_count - 1];
}

static bool take_then(const struct cli_option *option, const char *value, void *field)
{
	struct staging *staging = field;
	struct stage_turn *before = last_turn(option, field), turn = { 0 };
	autofree char *why = stage_turn_parse(value, &turn);

	if (!before)
		return false;
	if (why) {
		complain("--then %s", why);
		return false;
	}
	if (!before->first && !before->span) {
		autofree char *text = stage_turn_text(before);

		complain("--then %s: %s is never over; put --first or --for behind it", value,
			 text);
		return false;
	}
	add_turn(&staging->places[staging->place_count - 1], &turn);
	return true;
}

static bool take_turn_number(const struct cli_option *option, const char *value, void *field)
{
	struct stage_turn *turn = last_turn(option, field);

	if (!turn)
		return false;
	return take_number(option, value,
			   strcmp(option->name, "first") == 0   ? &turn->first
			   : strcmp(option->name, "after") == 0 ? &turn->after
								: &turn->let_in);
}

static bool complain_of_span(const struct cli_option *option, const char *value)
{
	complain("--%s '%s': a time is allowed, as in 500ms, 3s, 5m or 2h", option->name, value);
	return false;
}

static bool take_turn_span(const struct cli_option *option, const char *value, void *field)
{
	struct stage_turn *turn = last_turn(option, field);

	return turn && (stage_span_parse(value, &turn->span) || complain_of_span(option, value));
}

static bool take_probability(const struct cli_option *option, const char *value, void *field)
{
	struct stage_turn *turn = last_turn(option, field);
	char *end = NULL;
	double probability = strtod(value, &end);

	if (!turn)
		return false;
	if (end == value || *end || !(probability > 0 && probability <= 1)) {
		complain("--%s '%s': a number above 0, up to 1, is allowed", option->name, value);
		return false;
	}
	turn->probability = probability;
	return true;
}

/* The state that is meant by it is the last one, and has to be this one. */
static bool is_about(const struct cli_option *option, const struct stage_turn *turn,
		     enum stage_state state)
{
	if (turn && turn->state == state)
		return true;
	if (turn)
		complain("--%s: it stands behind %s, and says something of that", option->name,
			 stage_about(state)->name);
	return false;
}

static bool take_let_in(const struct cli_option *option, const char *value, void *field)
{
	return is_about(option, last_turn(option, field), STAGE_FLOODED) &&
	       take_turn_number(option, value, field);
}

static bool take_silent(const struct cli_option *option, const char *value, void *field)
{
	struct stage_turn *turn = last_turn(option, field);

	(void)value;
	if (!is_about(option, turn, STAGE_PATH_MTU))
		return false;
	turn->silent = true;
	return true;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool take_seed(const struct cli_option *option, const char *value, void *field)
{
	unsigned seed = 0;

	if (!take_number(option, value, &seed))
		return false;
	*(uint64_t *)field = seed;
	return true;
}

static bool take_family(const struct cli_option *option, const char *value, void *field)
{
	unsigned family = 0;

	if (!take_choice(option, value, &family))
		return false;
	*(enum stage_family *)field = (enum stage_family)family;
	return true;
}

enum { MOST_ANSWER = 64 << 20 };

static bool take_answer(const struct cli_option *option, const char *value, void *field)
{
	struct stage_answer *answer = field;
	struct options *options = (struct options *)(void *)((char *)field - option->field);
	autofile FILE *file = open_to_read(value);
	struct stat status = { 0 };
	size_t room = file && fstat(fileno(file), &status) == 0 ? (size_t)status.st_size + 1 : 1;
	char *bytes;

	if (room > MOST_ANSWER) {
		complain("--%s %s: it is longer than 64 MiB", option->name, value);
		return false;
	}
	bytes = own(&options->owned, must_alloc(room, 1));
	if (file)
		answer->length = fread(bytes, 1, room - 1, file);
	if (!file || ferror(file)) {
		complain("--%s %s: cannot read that file: %s", option->name, value,
			 strerror(errno));
		return false;
	}
	answer->bytes = bytes;
	return true;
}

/* ---- expectations --------------------------------------------------------------------------- */

static bool take_count(const struct cli_option *option, const char *value, unsigned *count)
{
	char *end = NULL;
	unsigned long parsed = strtoul(value, &end, 10);

	if (value[0] >= '0' && value[0] <= '9' && !*end && parsed <= option->most) {
		*count = (unsigned)parsed;
		return true;
	}
	complain("--%s '%s': a whole number from 0 to %u is allowed", option->name, value,
		 option->most);
	return false;
}

static bool take_exit(const struct cli_option *option, const char *value, void *field)
{
	struct stage_expectation *expect = field;
	unsigned status = 0;

	expect->exits = take_count(option, value, &status);
	expect->exit_status = (int)status;
	return expect->exits;
}

static bool take_within(const struct cli_option *option, const char *value, void *field)
{
	struct stage_expectation *expect = field;

	return stage_span_parse(value, &expect->within) || complain_of_span(option, value);
}

static bool take_timeout(const struct cli_option *option, const char *value, void *field)
{
	return stage_span_parse(value, field) || complain_of_span(option, value);
}

static bool take_retries(const struct cli_option *option, const char *value, void *field)
{
	struct stage_expectation *expect = field;

	expect->retries = take_count(option, value, &expect->retry_count);
	return expect->retries;
}

/* ---- how places go together ----------------------------------------------------------------- */

static bool same_family(enum stage_family one, enum stage_family other)
{
	return one == STAGE_BOTH || other == STAGE_BOTH || one == other;
}

bool stage_places_agree(const struct staging *staging)
{
	for (size_t i = 0; i < staging->place_count; i++) {
		const struct stage_place *place = &staging->places[i];
		autofree char *text = stage_turn_text(place->turns);

		if (!same_family(staging->family, place->family)) {
			complain("'%s' is for a family that --family leaves out", text);
			return false;
		}
		for (size_t other = 0; other < i; other++)
			if (place->port && staging->places[other].port == place->port &&
			    same_family(place->family, staging->places[other].family)) {
				complain("'%s@%u': that port has a state already", text,
					 place->port);
				return false;
			}
	}
	return true;
}

/* ---- the table ------------------------------------------------------------------------------ */

void stage_complete_states(const struct typed *typed)
{
	for (unsigned state = 0; state < STAGE_STATES; state++) {
		const struct stage_about *about = stage_about((enum stage_state)state);
		autofree char *word =
			format("%s%s", about->name, about->values[0] == '=' ? "=" : "");

		complete_with(typed, word);
	}
}

const struct cli_option stage_word = {
	.name = "STATE",
	.argument = "STATE",
	.take = take_state,
	FIELD(staging),
	.complete = stage_complete_states,
};

const struct cli_option stage_options[] = {
	{ .name = "listen",
	  .argument = "ADDRESS:PORT",
	  .take = take_string,
	  FIELD(staging.listen),
	  .help = "at this address of this machine, for clients from elsewhere; PORT alone is at "
		  "every one, port 0 takes a free one" },
	{ .name = "first",
	  .argument = "N",
	  .take = take_turn_number,
	  FIELD(staging),
	  .most = 1000000,
	  .help = "only the first N connections meet that state; the rest is served" },
	{ .name = "after",
	  .argument = "N",
	  .take = take_turn_number,
	  FIELD(staging),
	  .most = 1000000,
	  .help = "N connections are served before that" },
	{ .name = "for",
	  .argument = "TIME",
	  .take = take_turn_span,
	  FIELD(staging),
	  .help = "it is met for so long (500ms, 3s, 5m, 2h), from the beginning; then all are "
		  "served" },
	{ .name = "probability",
	  .argument = "P",
	  .take = take_probability,
	  FIELD(staging),
	  .help = "a connection meets it with probability P (0.1), else it is served" },
	{ .name = "then",
	  .argument = "STATE",
	  .take = take_then,
	  .complete = stage_complete_states,
	  FIELD(staging),
	  .help = "the state that follows when --first or --for is over; may be given several "
		  "times" },
	{ .name = "seed",
	  .argument = "N",
	  .take = take_seed,
	  FIELD(staging.seed),
	  .most = 4294967295u,
	  .help = "with the same one --probability meets the same connections" },
	{ .name = "let-in",
	  .argument = "N",
	  .take = take_let_in,
	  FIELD(staging),
	  .most = 100,
	  .help = "of flooded: the N-th SYN of each connection is let in" },
	{ .name = "silent",
	  .take = take_silent,
	  FIELD(staging),
	  .help = "of path-mtu: no ICMP tells of it" },
	{ .name = "family",
	  .argument = "both|ipv4|ipv6",
	  .take = take_family,
	  FIELD(staging.family),
	  .help = "the address family (default: both)" },
	{ .name = "answer",
	  .argument = "FILE",
	  .take = take_answer,
	  FIELD(staging.answer),
	  .complete = complete_files,
	  .help = "what a server that answers says: a whole HTTP response, the body of one, or "
		  "what anything else is answered (default: HTTP 200, or an echo)" },
	{ .name = "user",
	  .argument = "USER",
	  .take = take_string,
	  FIELD(staging.user),
	  .help = "as whom the client is started, a name or a number (default: as you)" },
	{ .name = "timeout",
	  .argument = "TIME",
	  .take = take_timeout,
	  FIELD(staging.timeout),
	  .help = "the client is ended then, by SIGTERM and soon by SIGKILL" },
	{ .name = "expect-exit",
	  .argument = "N",
	  .take = take_exit,
	  FIELD(staging.expect),
	  .most = 255,
	  .help = "the client is to end with this status: the exit status is then 0, else 1" },
	{ .name = "expect-within",
	  .argument = "TIME",
	  .take = take_within,
	  FIELD(staging.expect),
	  .help = "and by then" },
	{ .name = "expect-retries",
	  .argument = "N",
	  .take = take_retries,
	  FIELD(staging.expect),
	  .most = 1000000,
	  .help = "and to connect N times more after its first one" },
	{ .name = "json",
	  .take = take_flag,
	  FIELD(json),
	  .help = "with --listen an object of JSON in each line of stdout; else one at the end, "
		  "and "
		  "what the client prints goes to stderr" },
	{ .name = "kernel",
	  .argument = "K",
	  .take = take_string,
	  FIELD(kernel),
	  .complete = complete_kernel,
	  .help = "in this kernel: host (this one, the default), vm (the default VM), the version "
		  "of a pinned one (halfopen kernels list), or the path of one; what the client "
		  "opens is found by a first run on this host, before a server that answers" },
	TIME_OPTION,
	BRING_OPTION,
	WIRE_OPTION,
	ARTIFACTS_OPTION("where captures and ladders go (default: artifacts/stage)"),
	{ 0 },
};
