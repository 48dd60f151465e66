/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_legend: how report.html is read: its words, and what the colours of a ladder are.
 */
#include "runner/pages/page.h"
#include "runner/pages/report.h"

static void write_words(xml page)
{
	static const struct meaning verdicts[] = {
		{ "confirmed", "Linux does what the document says" },
		{ "refined", "it does so under conditions, or with other numbers" },
		{ "refuted", "it does something else" },
		{ "argued", "no case can show it; docs/claims.md says why" },
	};
	static const struct meaning statuses[] = {
		{ "shown", "all cases that answer the claim passed" },
		{ "failed", "one of them failed: the kernel did something else" },
		{ "error", "an error of the run: nothing was learned of the kernel" },
		{ "skipped", "this machine or kernel lacks what they need" },
		{ "not run", "one of them is missing in the run" },
		{ "old", "of a case: played on another kernel, or by another build of halfopen" },
	};

	xml_element(page, "h3", "Verdict: what the cases assert");
	page_legend(page, verdicts, ARRAY_LENGTH(verdicts));
	xml_element(page, "h3", "Under a kernel: what its run has shown");
	page_legend(page, statuses, ARRAY_LENGTH(statuses));
}

/* A piece of a ladder, drawn as there. */
struct swatch {
	const char *layer, *path, *meaning;
};

static void write_swatch(xml page, const struct swatch *swatch)
{
	xml_open(page, "dt");
	xml_open(page, "svg");
	xml_attribute(page, "xmlns", "http://www.w3.org/2000/svg");
	xml_attribute(page, "class", "ladder");
	xml_attribute(page, "width", "28");
	xml_attribute(page, "height", "14");
	xml_open(page, "path");
	xml_attribute(page, "class", swatch->layer);
	xml_attribute(page, "d", swatch->path);
	xml_close_empty(page);
	xml_close(page);
	xml_close(page);
	xml_element(page, "dd", swatch->meaning);
}

static void write_swatches(xml page)
{
	static const char band[] = "M11 0h6v14h-6z", bar[] = "M0 0h28v14h-28z";
	static const struct swatch swatches[] = {
		{ "sent", band, "SYN_SENT" },
		{ "half", band, "SYN_RECV: half-open" },
		{ "up", band, "ESTABLISHED" },
		{ "closing", band, "FIN_WAIT1 to CLOSING: one end has closed" },
		{ "waits", band, "TIME_WAIT" },
		{ "accept", bar, "the accept queue; 3/2: three connections where the limit is 2" },
		{ "full", bar, "the same, with more than the limit: it is full" },
		{ "syn", bar, "the SYN queue: half-open requests" },
		{ "arrow", "M0 4L26 10m-7 -5l7 5l-7 3", "a segment" },
		{ "ignored", "M0 4L26 10m-7 -5l7 5l-7 3",
		  "a segment that its receiver ignored, or rejected with RST" },
		{ "held", "M14 0v14", "a segment that the wire holds" },
		{ "lost", "M10 2l9 9m0 -9l-9 9", "a segment that is lost on the wire" },
		{ "wrong", bar, "here it does not add up" },
	};

	xml_element(page, "h3", "In a ladder: time runs down, the life of each socket is a band");
	xml_open(page, "dl");
	xml_attribute(page, "class", "legend");
	for (size_t i = 0; i < ARRAY_LENGTH(swatches); i++)
		write_swatch(page, &swatches[i]);
	xml_close(page);
}

void report_write_legend(xml page)
{
	xml_open(page, "details");
	xml_element(page, "summary", "How to read this page");
	write_words(page);
	write_swatches(page);
	xml_close(page);
	xml_line(page);
}
