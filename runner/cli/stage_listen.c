/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage_listen: `stage STATE --listen`: a listener at an address of this machine, for clients from
 * elsewhere, until it is told to end.
 */
#include "base/json.h"
#include "runner/cli/stage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct listening {
	const struct options *options;
	struct stage_where where;
	struct states *states;
	struct stage_place
		*places; /* as asked for, and the other family of those that are for one */
	size_t count;
};

/* ---- what is said --------------------------------------------------------------------------- */

static void tell(void *context, const struct states_connection *connection)
{
	(void)context;
	/* Who is there at the end is in the table. */
	if (connection->end == STATES_LASTS || connection->end == STATES_STOPPED)
		return;
	autofree char *text = stage_connection_text(connection);
	complain("%s", text);
}

static void print_line(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* "127.0.0.1:40123", "[::1]:40123" or, where it is every address, "*:40123". */
static char *name_of(const struct listening *listening, size_t index)
{
	const char *host = listening->where.host;
	unsigned number = states_number(listening->states, index);

	return format(host && strchr(host, ':') ? "[%s]:%u" : "%s:%u", host ? host : "*", number);
}

static void print_ready(const struct listening *listening, size_t index)
{
	autofree char *name = name_of(listening, index);
	autofree char *state = stage_turn_text(listening->places[index].turns);

	if (listening->options->json)
		print_line(json_pack("{s:s, s:s, s:i, s:s}", "event", "listening", "address", name,
				     "port", (int)states_number(listening->states, index), "state",
				     state));
	else
		printf("listening on %s: %s\n", name, state);
}

/* Whom a listener neither sees nor counts, or only counts; NULL: they are seen. */
static const char *unseen_text(const struct states *states, const struct stage_turn *turn)
{
	if (states_see_segments(states))
		return NULL;
	if (turn->state == STAGE_REFUSED)
		return "who was refused is neither seen nor counted";
	return turn->state == STAGE_DROPPED ? "counted, not seen" : NULL;
}

static unsigned count_connections(const struct listening *listening, size_t index)
{
	const struct states_connection *connection;
	unsigned count = 0;

	for (size_t i = 0; (connection = states_connection(listening->states, i)); i++)
		count += connection->port == index;
	return count;
}

static void print_port(const struct listening *listening, size_t index)
{
	const struct stage_turn *turn = listening->places[index].turns;
	const char *problem = states_problem(listening->states, index),
		   *unseen = unseen_text(listening->states, turn);
	unsigned long long dropped = states_dropped(listening->states);
	unsigned count = count_connections(listening, index);
	autofree char *name = name_of(listening, index), *state = stage_turn_text(turn);

	if (listening->options->json) {
		print_line(json_pack("{s:s, s:s, s:s, s:i, s:I, s:b, s:o}", "event", "end",
				     "address", name, "state", state, "connections", (int)count,
				     "dropped_syns", (json_int_t)dropped, "held", !problem,
				     "problem", json_text(problem)));
		return;
	}
	printf("%s: %s: %u connection%s", name, state, count, count == 1 ? "" : "s");
	if (turn->state == STAGE_DROPPED)
		printf("; SYNs dropped in this network: %llu", dropped);
	printf("%s%s", unseen ? ", " : "", unseen ? unseen : "");
	printf("%s%s\n", problem ? "; NOT HELD: " : "", problem ? problem : "");
}

/* All of it. Whether each state held. */
static bool print_all(const struct listening *listening)
{
	const struct states_connection *connection;
	bool held = true;

	for (size_t i = 0; (connection = states_connection(listening->states, i)); i++) {
		autofree char *text = stage_connection_text(connection);

		held &= !connection->problem;
		if (listening->options->json)
			print_line(stage_connection_json(connection));
		else
			printf("%s\n", text);
	}
	for (size_t i = 0; i < listening->count; i++) {
		held &= !states_problem(listening->states, i);
		print_port(listening, i);
	}
	return held;
}

/* ---- what ends it --------------------------------------------------------------------------- */

enum { STATES, SIGNALS, PARENT, INPUT, WATCHED };

/* As process 1 of a container it gets no signal that it does not take. */
static int open_signals(void)
{
	sigset_t watched;

	sigemptyset(&watched);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGHUP);
	sigprocmask(SIG_BLOCK, &watched, NULL);
	return signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
}

/*
 * Of the process that started this one; PR_SET_PDEATHSIG would tell of the end of a mere thread of
 * it. False: it has ended meanwhile. *fd is -1 where it lives outside of this PID namespace.
 */
static bool open_parent(int *fd)
{
	pid_t parent = getppid();

	*fd = parent ? (int)syscall(SYS_pidfd_open, parent, 0) : -1;
	return getppid() == parent;
}

/* What ends with whoever has the other end. */
static bool input_may_end(void)
{
	struct stat status;

	return fstat(STDIN_FILENO, &status) == 0 &&
	       (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

static bool input_has_ended(void)
{
	char room[4096];
	ssize_t length = read(STDIN_FILENO, room, sizeof(room));

	return length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR);
}

static int milliseconds_until(nsec deadline)
{
	nsec left = deadline - clock_now();

	return left <= 0 ? 0 : left > SEC(1000) ? 1000000 : (int)(left / MSEC(1)) + 1;
}

/* Returns what has ended; NULL: a signal told it to. */
static const char *run(struct listening *listening, struct pollfd *polled)
{
	for (;;) {
		int count = poll(polled, WATCHED,
				 milliseconds_until(states_deadline(listening->states)));

		if (count < 0 && errno != EINTR)
			broken("cannot wait for connections: poll(): %s", strerror(errno));
		states_step(listening->states);
		if (count <= 0)
			continue;
		if (polled[SIGNALS].revents)
			return NULL;
		if (polled[PARENT].revents)
			return "the process that has started it";
		if (polled[INPUT].revents && input_has_ended())
			return "its standard input";
	}
}

/* Returns the exit status. */
static int listen_until_the_end(struct listening *listening)
{
	autoclose int signals = open_signals(), parent = -1;
	bool has_parent = open_parent(&parent);
	struct pollfd polled[WATCHED] = {
		[STATES] = { .fd = states_fd(listening->states), .events = POLLIN },
		[SIGNALS] = { .fd = signals, .events = POLLIN },
		[PARENT] = { .fd = parent, .events = POLLIN },
		[INPUT] = { .fd = input_may_end() ? STDIN_FILENO : -1, .events = POLLIN },
	};

	for (size_t i = 0; i < listening->count; i++)
		print_ready(listening, i);
	fflush(stdout);
	const char *ended = has_parent ? run(listening, polled) : "the process that has started it";
	if (ended)
		complain("%s has ended, so this ends, too", ended);
	states_end(listening->states);
	return print_all(listening) ? EXIT_GOOD : EXIT_STAGE;
}

/* ---- what is opened ------------------------------------------------------------------------- */

static char *add(struct listening *listening, const struct stage_place *place, unsigned number)
{
	enum stage_family family =
		place->family == STAGE_BOTH ? listening->options->staging.family : place->family;
	struct states_port port = { .place = &listening->places[listening->count] };
	char *why = stage_where_find(&listening->where, family, number, &port);

	listening->places[listening->count] = *place;
	if (!why)
		why = states_add(listening->states, &port);
	if (!why)
		listening->count++;
	return why;
}

/* The other family of a place that is for one: it serves. */
static char *add_served(struct listening *listening, const struct stage_place *place)
{
	static struct stage_turn served = { .state = STAGE_SERVING };
	const struct stage_place other = {
		.family = place->family == STAGE_IPV4 ? STAGE_IPV6 : STAGE_IPV4,
		.turns = &served,
		.turn_count = 1,
	};

	return add(listening, &other, states_number(listening->states, listening->count - 1));
}

/* Whether its other family has a state of its own. */
static bool has_twin(const struct staging *staging, const struct stage_place *place)
{
	for (size_t i = 0; i < staging->place_count; i++)
		if (&staging->places[i] != place && place->port &&
		    staging->places[i].port == place->port)
			return true;
	return false;
}

static char *add_all(struct listening *listening)
{
	const struct staging *staging = &listening->options->staging;
	char *why = NULL;

	for (size_t i = 0; i < staging->place_count && !why; i++) {
		const struct stage_place *place = &staging->places[i];
		unsigned number = place->port ? place->port : listening->where.port;

		if (!place->port && !listening->where.has_port)
			return format("on which port? --listen ADDRESS:PORT says it for all "
				      "states, @PORT behind a state for that one");
		if (!place->port && number && i)
			return format("two states want port %u; behind each stands @PORT, or "
				      "--listen has port 0, which takes a free one for each",
				      number);
		why = add(listening, place, number);
		if (!why && place->family != STAGE_BOTH && staging->family == STAGE_BOTH &&
		    !has_twin(staging, place))
			why = add_served(listening, place);
	}
	return why;
}

/* What cannot go on. */
static void end_broken(enum ending ending, const char *text, void *context)
{
	(void)ending;
	(void)context;
	complain("%s", text);
	_exit(EXIT_STAGE);
}

int stage_listen(const struct options *options)
{
	const struct staging *staging = &options->staging;
	struct listening listening = { .options = options };
	int status = EXIT_STAGE;

	if (!stage_where_parse(staging->listen, &listening.where)) {
		complain("--listen '%s': [ADDRESS:]PORT is allowed, as in 8080, 127.0.0.1:0 or "
			 "[::1]:8080",
			 staging->listen);
		free(listening.where.host);
		return EXIT_STAGE;
	}
	on_ending(end_broken, NULL);
	listening.states = states_open(&(struct states_options){
		.seed = staging->seed,
		.answer = staging->answer,
		.tell = tell,
	});
	listening.places = must_alloc(2 * staging->place_count, sizeof(*listening.places));
	autofree char *why = add_all(&listening);
	if (why)
		complain("%s", why);
	else
		status = listen_until_the_end(&listening);
	states_close(listening.states);
	on_ending(NULL, NULL);
	free(listening.places);
	free(listening.where.host);
	return status;
}
