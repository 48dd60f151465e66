/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of docs/ for who has a problem and knows its symptom: that with the symptoms, what
 * is found of servers, then those of single defects.
 */
#include "base/base.h"
#include "docs/changed-timestamps.md.h"
#include "docs/defer-accept-stall.md.h"
#include "docs/destroyed-orphan.md.h"
#include "docs/findings.md.h"
#include "docs/half-open.md.h"
#include "docs/mapped-wildcard.md.h"
#include "docs/operating.md.h"
#include "docs/reuseport-reload.md.h"
#include "docs/second-shutdown.md.h"
#include "docs/storms.md.h"
#include "docs/syn-cookie-bytes.md.h"
#include "suites/suites.h"

static const struct guide guides[] = {
	{ "operating.md", operating_md },
	{ "findings.md", findings_md },
	{ "syn-cookie-bytes.md", syn_cookie_bytes_md },
	{ "defer-accept-stall.md", defer_accept_stall_md },
	{ "changed-timestamps.md", changed_timestamps_md },
	{ "reuseport-reload.md", reuseport_reload_md },
	{ "mapped-wildcard.md", mapped_wildcard_md },
	{ "second-shutdown.md", second_shutdown_md },
	{ "destroyed-orphan.md", destroyed_orphan_md },
	{ "half-open.md", half_open_md },
	{ "storms.md", storms_md },
};

const struct guide *all_guides(size_t *count)
{
	*count = ARRAY_LENGTH(guides);
	return guides;
}
