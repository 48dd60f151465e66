/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the benchmark have in common.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "fixtures/fixtures.h"

#include <jansson.h>
#include <sys/types.h>

/* The folder of a round below @top, made if need be. The caller frees the path. */
char *folder_of(const char *top, int round);
/* A case begins in a process of its own; await_worker() is broken() when one did not pass. */
pid_t start_worker(const struct case_spec *spec, int family, const char *folder);
void await_worker(void);

/* Sorts the values. 0 of none. */
double median(double *values, size_t count);

/*
 * For how long the entries of a run of one job kept the CPUs busy; @run is its results.json. With
 * an @earlier one (or NULL) what both have played is compared.
 */
void tell_busy(const json_t *run, const json_t *earlier);

/* Floods, the suite's own beside that of hping3, and how long a client takes to connect in one. */
void tell_floods(const char *top);

#endif
