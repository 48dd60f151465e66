/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalogue: which cases, claims, recorded variants and guides there are, as data. suites/ has
 * them; whoever reads what runs have left gets them from here, and needs no code of a case.
 */
#ifndef HALFOPEN_CATALOGUE_H
#define HALFOPEN_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

enum families {
	BOTH_FAMILIES,
	IPV4_ONLY,
	IPV6_ONLY,
	/* IPv4, and the server's sockets are of IPv6, which have IPv4's addresses mapped: RFC 3493,
	   3.7 */
	IPV4_MAPPED,
};

/* What can be told of a case without playing it; struct case_spec says what the members mean. */
struct listed_case {
	const char *name, *topic;
	const char *claims, *covers, *needs, *variants; /* blank separated; NULL: none */
	const char *netem;                              /* NULL: the run's default */
	double kernel_seconds;
	bool virtual_time;
	bool storm;           /* two CPUs at once: it has books instead of a journal */
	const char *question; /* of a scenario; else NULL */
	enum families families;
	const char *file;
	int line;
};

enum claim_verdict {
	BEHAVIOUR, /* no document says it: see claim_word() */
	CONFIRMED, /* Linux does what the document says */
	REFINED,   /* it does so under conditions, or with other numbers */
	REFUTED,   /* it does something else */
	ARGUED,    /* cannot be shown by a case; docs/claims.md says why */
};

/*
 * What cases have an answer to: what a document says (a case names it in .claims), or a behaviour
 * that is known of this code (.covers).
 */
struct claim {
	const char *id;             /* "D2-06"; of a behaviour "P-104" */
	const char *document;       /* "listen backlogs"; of a behaviour its subject */
	const char *text;           /* what the document says, in our words; the behaviour */
	enum claim_verdict verdict; /* what the cases assert */
	const char *finding;        /* what Linux does, in one sentence; of a behaviour that is
				       covered partly what no case asserts of it; else NULL */
};

/*
 * Which variant of a case Linux shows, since when: "6.13" is Linux 6.13 and all that followed,
 * "6.1.176" the stable kernels of 6.1 from there on, which took a change over. Of two since the
 * same version the last is what is recorded, and the other no loss: a defect that may be mended.
 */
struct recorded_variant {
	const char *case_name;
	const char *since;
	const char *variant; /* NULL: it passes without naming one */
};

/* What somebody reads who has a problem: a file of docs/, which the program carries along. */
struct guide {
	const char *name; /* "operating.md" */
	const char *text; /* Markdown */
};

/* All of it belongs to whoever made it, and outlives the program's commands. */
struct catalogue {
	const struct listed_case *cases; /* by file, and as they are written there */
	size_t case_count;
	const struct claim *claims; /* those of the documents, then the behaviours */
	size_t claim_count;
	const struct recorded_variant *variants; /* by case and version; others are not judged */
	size_t variant_count;
	const struct guide *guides; /* where a symptom leads first comes first */
	size_t guide_count;
};

/* NULL when there is none of that name. */
const struct listed_case *catalogue_case(const struct catalogue *catalogue, const char *name);
bool case_has_family(const struct listed_case *listed, int family);
/* "ipv4" of AF_INET, "ipv6" of AF_INET6. */
const char *family_name(int family);
/* Whether the case names the claim or behaviour in its head. */
bool case_answers(const struct listed_case *listed, const char *id);
/* Whether one of the cases does. */
bool claim_is_answered(const struct catalogue *catalogue, const struct claim *claim);
/* "confirmed", "refined", "refuted", "argued", "behaviour". */
const char *claim_verdict_name(enum claim_verdict verdict);
/* The same; of a behaviour "covered", "partly" or "not yet", as the heads of the cases say. */
const char *claim_word(const struct catalogue *catalogue, const struct claim *claim);

#endif
