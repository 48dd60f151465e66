/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalogue: see catalogue.h.
 */
#include "base/catalogue.h"
#include "base/base.h"

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
	       (listed->families == IPV6_ONLY) == (family == AF_INET6);
}

const char *family_name(int family)
{
	return family == AF_INET ? "ipv4" : "ipv6";
}

const char *claim_verdict_name(enum claim_verdict verdict)
{
	static const char *const names[] = {
		[BEHAVIOUR] = "behaviour", [CONFIRMED] = "confirmed", [REFINED] = "refined",
		[REFUTED] = "refuted",     [ARGUED] = "argued",
	};

	return names[verdict];
}

bool case_answers(const struct listed_case *listed, const char *id)
{
	return text_has_word(listed->claims, id) || text_has_word(listed->covers, id);
}

bool claim_is_answered(const struct catalogue *catalogue, const struct claim *claim)
{
	for (size_t i = 0; i < catalogue->case_count; i++)
		if (case_answers(&catalogue->cases[i], claim->id))
			return true;
	return false;
}

const char *claim_word(const struct catalogue *catalogue, const struct claim *claim)
{
	if (claim->verdict != BEHAVIOUR)
		return claim_verdict_name(claim->verdict);
	if (claim_is_answered(catalogue, claim))
		return "covered";
	return claim->finding ? "partly" : "not yet";
}
