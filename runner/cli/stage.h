/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of `halfopen stage` share.
 */
#ifndef HALFOPEN_CLI_STAGE_H
#define HALFOPEN_CLI_STAGE_H

#include "base/staging.h"
#include "runner/cli/cli.h"
#include "states/states.h"

/* ---- stage_options.c ------------------------------------------------------------------------ */

/* The table of its options, and what each word before "--" is: a state. */
extern const struct cli_option stage_options[], stage_word;
void stage_complete_states(const struct typed *typed);
/*
 * Whether --family and the families of places go together, and each port is one's alone; false
 * after complaining.
 */
bool stage_places_agree(const struct staging *staging);

/* ---- stage_where.c -------------------------------------------------------------------------- */

/* "[ADDRESS:]PORT", or an address alone where each state has a port of its own. */
struct stage_where {
	char *host; /* NULL: every address; to be freed, whatever stage_where_parse() says */
	unsigned port;
	bool has_port;
};
/* False: it makes no sense. */
bool stage_where_parse(const char *text, struct stage_where *where);
/* Puts its addresses into @port. NULL, or why it has none, which the caller frees. */
char *stage_where_find(const struct stage_where *where, enum stage_family family, unsigned number,
		       struct states_port *port);

/* ---- stage_listen.c ------------------------------------------------------------------------- */

/* `stage STATE --listen`: listens at an address of this machine until it is told to end. */
int stage_listen(const struct options *options);

/* ---- stage_lines.c: what is said of connections --------------------------------------------- */

/* "silent: the client closed after 3.0 s; 78 bytes read"; the caller frees it. */
char *stage_connection_text(const struct states_connection *connection);
/* The same as an object of JSON; the caller has the reference. */
json_t *stage_connection_json(const struct states_connection *connection);
#endif
