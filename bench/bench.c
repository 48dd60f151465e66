/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a case costs beside the kernel's timers: set-up, tear-down, memory, many at once, and the
 * same network built with one command after the other. `make bench` runs it; no test is timed
 * against its figures.
 */
#define TOPIC "bench"
#include "bench/bench.h"
#include "fixtures/fixtures.h"

#include <jansson.h>
#include <string.h>

#define ROUNDS  100
#define AT_ONCE 8

/* The least that a case can do: its network is there, and the first SYN could leave. */
CASE(nothing, .kernel_seconds = 0)
{
	listen_on_server(net, .backlog = 1);
}

struct figures {
	double setup[ROUNDS], teardown[ROUNDS], whole[ROUNDS];
	long peak;
};

static void read_verdict(struct figures *figures, const char *folder, int round)
{
	autofree char *path = format("%s/verdict.json", folder);
	json_t *verdict = json_load_file(path, 0, NULL);
	long peak = (long)json_integer_value(json_object_get(verdict, "peak_kib"));

	if (!verdict)
		broken("no verdict in %s", folder);
	figures->setup[round] = json_number_value(json_object_get(verdict, "setup_seconds"));
	figures->teardown[round] = json_number_value(json_object_get(verdict, "teardown_seconds"));
	if (peak > figures->peak)
		figures->peak = peak;
	json_decref(verdict);
}

static void bench_one_by_one(struct figures *figures, const char *top)
{
	for (int round = 0; round < ROUNDS; round++) {
		autofree char *folder = folder_of(top, round);
		nsec began = clock_now();

		start_worker(case_named("nothing"), AF_INET, folder);
		await_worker();
		figures->whole[round] = seconds(clock_now() - began);
		read_verdict(figures, folder, round);
	}
}

static double bench_at_once(const char *top)
{
	nsec began = clock_now();
	int running = 0;

	for (int round = 0; round < ROUNDS; round++) {
		autofree char *folder = folder_of(top, round);

		if (running == AT_ONCE) {
			await_worker();
			running--;
		}
		start_worker(case_named("nothing"), AF_INET, folder);
		running++;
	}
	while (running-- > 0)
		await_worker();
	return seconds(clock_now() - began) / ROUNDS;
}

/* replay.sh holds the same network as single commands; named namespaces on a private /run/netns. */
static double bench_commands(const char *top)
{
	enum { TIMES = 5 };
	double taken[TIMES];
	static const char command[] =
		"unshare --mount --net sh -c 'mkdir -p /run/netns && mount -t tmpfs none "
		"/run/netns && sh \"$REPLAY\" && for n in client wire server; do ip netns del "
		"halfopen-$n; done' >/dev/null 2>&1";
	autofree char *replay = format("%s/0/replay.sh", top);

	setenv("REPLAY", replay, 1);
	for (int i = 0; i < TIMES; i++) {
		nsec began = clock_now();

		if (system(command) < 0)
			return 0;
		taken[i] = seconds(clock_now() - began);
	}
	return median(taken, TIMES);
}

/* ---- a run of the whole suite -------------------------------------------------------------- */

static void tell_run(const char *artifacts)
{
	autofree char *path = format("%s/results.json", artifacts);
	json_t *results = json_load_file(path, 0, NULL);
	json_t *list = json_object_get(results, "results");
	double *overheads = must_alloc(json_array_size(list) + 1, sizeof(*overheads));
	double longest = 0, wall = json_number_value(json_object_get(results, "wall_seconds"));
	size_t i;
	json_t *result;

	json_array_foreach (list, i, result) {
		double taken = json_number_value(json_object_get(result, "seconds"));

		overheads[i] = taken - json_number_value(json_object_get(result, "kernel_seconds"));
		longest = taken > longest ? taken : longest;
	}
	printf("whole run: wall                          %8.1f s   (%zu cases and families)\n",
	       wall, json_array_size(list));
	printf("whole run: wall / longest case           %8.2f     (goal: at most 1.15)\n",
	       longest > 0 ? wall / longest : 0);
	printf("a case beyond its kernel timers, median  %8.1f ms  (goal: at most 80)\n",
	       1e3 * median(overheads, json_array_size(list)));
	free(overheads);
	json_decref(results);
}

/* ---- runs in the VM ------------------------------------------------------------------------ */

static json_t *load_run(const char *top, const char *name)
{
	autofree char *path = format("%s/%s/results.json", top, name);
	json_t *run = json_load_file(path, 0, NULL);

	if (!run)
		broken("no results in %s", path);
	return run;
}

static int tell_one_by_one(const char *top, const char *run, const char *earlier)
{
	json_auto_t *now = load_run(top, run), *old = earlier ? load_run(top, earlier) : NULL;

	tell_busy(now, old);
	return 0;
}

static double number(const json_t *run, const char *key)
{
	return json_number_value(json_object_get(run, key));
}

static int tell_vm(const char *top)
{
	json_auto_t *first_host = load_run(top, "first-host"),
		    *first_vm = load_run(top, "first-vm");
	json_auto_t *longest = load_run(top, "longest"), *whole = load_run(top, "vm");

	printf("VM: boot to the first case               %8.1f s   (goal: at most 4)\n",
	       number(longest, "boot_seconds"));
	printf("VM: the first claims, boot included      %8.1f s   (goal: at most the host's "
	       "%.1f)\n",
	       number(first_vm, "wall_seconds"), number(first_host, "wall_seconds"));
	printf("VM: tcp_retries2=15 alone, with boot     %8.1f s   (goal: at most 20)\n",
	       number(longest, "wall_seconds"));
	printf("VM: whole run, kernel seconds a second   %8.1f     (goal: at least 50)\n",
	       number(whole, "kernel_seconds") / number(whole, "wall_seconds"));
	printf("VM: memory of the guest                  %8.1f MB  (of 512; used at its end)\n",
	       number(whole, "guest_kib") / 1024);
	return 0;
}

int main(int argc, char **argv)
{
	static struct figures figures;
	const char *top = argc > 1 ? argv[1] : ".";
	autofree char *why = NULL;
	struct net_features features;

	if (argc > 2 && strcmp(argv[1], "--vm") == 0)
		return tell_vm(argv[2]);
	if (argc > 3 && strcmp(argv[1], "--busy") == 0)
		return tell_one_by_one(argv[2], argv[3], argv[4]);
	if (net_probe(&features, &why) < 0)
		broken("%s", why);
	bench_one_by_one(&figures, top);
	printf("set-up until a packet can be sent        %8.1f ms  (median of %d; goal: at most "
	       "25)\n",
	       1e3 * median(figures.setup, ROUNDS), ROUNDS);
	printf("tear-down                                %8.1f ms  (median; goal: at most 40)\n",
	       1e3 * median(figures.teardown, ROUNDS));
	printf("an empty case alone, all of it           %8.1f ms  (median)\n",
	       1e3 * median(figures.whole, ROUNDS));
	printf("an empty case, %d at once                 %8.1f ms  (wall per case; goal: at most "
	       "15)\n",
	       AT_ONCE, 1e3 * bench_at_once(top));
	printf("its network with single ip commands      %8.1f ms  (median)\n",
	       1e3 * bench_commands(top));
	printf("peak memory of a case process            %8.1f MB  (goal: at most 32)\n",
	       (double)figures.peak / 1024);
	tell_floods(top);
	if (argc > 2)
		tell_run(argv[2]);
	return 0;
}
