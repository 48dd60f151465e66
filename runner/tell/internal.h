/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this room share; no other room includes this.
 */
#ifndef HALFOPEN_TELL_INTERNAL_H
#define HALFOPEN_TELL_INTERNAL_H

#include "runner/tell/tell.h"

/* console.c: takes the live line away, where there is one. */
void console_wipe(const struct run *run);

/* ---- tried_json.c -------------------------------------------------------------------------- */

/* The table of facts about the server, an array; NULL: it is not known yet. */
const json_t *tried_facts(const struct run *run);
/* How many findings of different names count, of all scenarios. */
size_t tried_findings(const struct run *run);

#endif
