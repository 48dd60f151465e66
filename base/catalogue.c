/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalogue: see catalogue.h.
 */
#include "base/catalogue.h"

#include <string.h>
#include <sys/socket.h>

const struct listed_case *catalogue_case(const struct catalogue *catalogue, const char *name)
{
	for (size_t i = 0; i < catalogue->case_count; i++)
		if (strcmp(catalogue->cases[i].name, name) == 0)
			return &catalogue->cases[i];
	return NULL;
}

bool case_has_family(const struct listed_case *listed, int family)
{
	return listed->families == BOTH_FAMILIES ||
	       listed->families == (family == AF_INET ? IPV4_ONLY : IPV6_ONLY);
}

const char *family_name(int family)
{
	return family == AF_INET ? "ipv4" : "ipv6";
}

const char *claim_verdict_name(enum claim_verdict verdict)
{
	static const char *const names[] = {
		[CONFIRMED] = "confirmed",
		[REFINED] = "refined",
		[REFUTED] = "refuted",
		[ARGUED] = "argued",
	};

	return names[verdict];
}
