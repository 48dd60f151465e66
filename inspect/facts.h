/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.h: how facts are gathered.
 */
#ifndef HALFOPEN_INSPECT_FACTS_H
#define HALFOPEN_INSPECT_FACTS_H

#include "inspect/internal.h"

/* What is known, and where it goes. */
struct account {
	struct facts facts;
	const struct inspection *inspection;
	const struct inspected_processes *processes;
	const struct inspected_listeners *listeners;
	struct call_watch *watch;
};

/*
 * fact_list.c: one more, of @listener or, with NULL, of the server. @fact.known, .text and .unusual
 * are as they stand there; the account takes the two texts over.
 */
void add_fact(struct account *account, const struct inspected_listener *listener, struct fact fact);
/* "1 process", "2 processes"; the caller frees it. */
char *counted(size_t count, const char *noun, const char *plural);

/* Each adds what it knows. */
void add_facts_of_server(struct account *account);
void add_facts_of_options(struct account *account, const struct inspected_listener *listener);
void add_facts_of_holders(struct account *account, const struct inspected_listener *listener);

#endif
