/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalogue.h: what the inputs are about, the cases of tests/fake_cases.c without their code.
 */
#ifndef HALFOPEN_TESTS_FUZZ_CATALOGUE_H
#define HALFOPEN_TESTS_FUZZ_CATALOGUE_H

#include "base/catalogue.h"

extern const struct catalogue fuzz_catalogue;

#endif
