/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For how long cases keep a machine's CPUs busy, played one at a time: by topic, and beside an
 * earlier run of them.
 */
#include "bench/bench.h"

#include "base/json.h"

#include <string.h>

static int by_size(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_size);
	return count ? values[count / 2] : 0;
}

/* ---- busy CPUs ----------------------------------------------------------------------------- */

/* An entry of the run; of one that an earlier run lacks, @before is 0. */
struct spent {
	const char *topic;
	double now, before; /* s */
};

struct table {
	struct spent *rows; /* by topic */
	size_t count;
	bool compares;
};

static double before(const json_t *earlier, const json_t *result)
{
	size_t i;
	json_t *each;

	json_array_foreach (json_object_get(earlier, "results"), i, each)
		if (strcmp(member_or_empty(each, "folder"), member_or_empty(result, "folder")) == 0)
			return member_number(each, "busy_seconds");
	return 0;
}

static int by_topic(const void *a, const void *b)
{
	return strcmp(((const struct spent *)a)->topic, ((const struct spent *)b)->topic);
}

/* Of two runs what both have played. */
static struct table table_of(const json_t *run, const json_t *earlier)
{
	const json_t *results = json_object_get(run, "results");
	struct table table = { .compares = earlier != NULL };
	size_t i;
	json_t *result;

	table.rows = must_alloc(json_array_size(results) + 1, sizeof(*table.rows));
	json_array_foreach (results, i, result) {
		struct spent spent = { .topic = member_or_empty(result, "topic"),
				       .now = member_number(result, "busy_seconds"),
				       .before = before(earlier, result) };

		if (spent.now > 0 && (spent.before > 0 || !earlier))
			table.rows[table.count++] = spent;
	}
	qsort(table.rows, table.count, sizeof(*table.rows), by_topic);
	return table;
}

struct sum {
	double all, median;
};

static struct sum sum_of(const struct spent *rows, size_t count, bool earlier)
{
	autofree double *values = must_alloc(count + 1, sizeof(*values));
	struct sum sum = { 0 };

	for (size_t i = 0; i < count; i++) {
		values[i] = earlier ? rows[i].before : rows[i].now;
		sum.all += values[i];
	}
	sum.median = median(values, count);
	return sum;
}

static void tell_rows(const char *title, const struct table *table, struct table part)
{
	struct sum now = sum_of(part.rows, part.count, false);

	printf("%-40s %4zu entries %8.2f s, median %5.0f ms", title, part.count, now.all,
	       1e3 * now.median);
	if (table->compares && part.count) {
		struct sum old = sum_of(part.rows, part.count, true);

		printf("   before: %8.2f s, %5.0f ms; now %.2f and %.2f of that", old.all,
		       1e3 * old.median, now.all / old.all, now.median / old.median);
	}
	printf("\n");
}

void tell_busy(const json_t *run, const json_t *earlier)
{
	struct table table = table_of(run, earlier);

	for (size_t i = 0, end; i < table.count; i = end) {
		for (end = i + 1;
		     end < table.count && by_topic(&table.rows[i], &table.rows[end]) == 0;)
			end++;
		tell_rows(table.rows[i].topic, &table,
			  (struct table){ .rows = table.rows + i, .count = end - i });
	}
	tell_rows("busy CPUs, all topics", &table, table);
	free(table.rows);
}
