/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_patience: deadlines of the harness and the stall meter, in a process that is stopped in the
 * middle. No speed is assumed: times of one run are compared with each other.
 */
#include "base/base.h"
#include "tests/suite.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define SPAN SEC(0.5)
/* What deadline_await() may overlook of a stop: one of its pieces. */
#define PIECE MSEC(50)

/* Shared with the process that is stopped. */
struct told {
	bool passed;
	nsec took, longest, sum;
};

static struct told *share_told(void)
{
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(told, MAP_FAILED);
	return told;
}

static _Noreturn void begin(int ready, struct told *told,
			    void (*play)(struct deadline *, struct told *))
{
	struct deadline deadline = deadline_in(SPAN);

	stall_begin();
	told->passed = deadline_passed(&deadline);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	play(&deadline, told);
	told->took = clock_now() - deadline.began;
	told->longest = stall_longest();
	told->sum = stall_sum();
	_exit(0);
}

static bool is_stopped(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
	return WIFSTOPPED(status);
}

/* Stops the process for longer than its deadline, once that has begun. Returns for how long. */
static nsec stop_in_the_middle(struct told *told, void (*play)(struct deadline *, struct told *))
{
	nsec stopped;
	pid_t child;

	for (;;) {
		int pipes[2];
		char byte;

		ck_assert_int_eq(pipe(pipes), 0);
		child = fork();
		if (child == 0)
			begin(pipes[1], told, play);
		ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
		kill(child, SIGSTOP);
		close(pipes[0]);
		close(pipes[1]);
		if (is_stopped(child))
			break;
		/* This process got the CPU too late: it was over already. */
	}
	stopped = clock_now();
	while (clock_now() - stopped < 2 * SPAN)
		(void)poll(NULL, 0, 10);
	stopped = clock_now() - stopped;
	kill(child, SIGCONT);
	ck_assert(!is_stopped(child));
	return stopped;
}

static void wait_for_it(struct deadline *deadline, struct told *told)
{
	told->passed |= deadline_await(deadline, NULL, 0) != 0;
}

static void ask_for_it(struct deadline *deadline, struct told *told)
{
	(void)told;
	while (!deadline_passed(deadline))
		;
}

START_TEST(deadline_is_longer_by_what_the_process_was_stopped)
{
	struct told *told = share_told();
	nsec stopped = stop_in_the_middle(told, _i ? ask_for_it : wait_for_it);

	ck_assert(!told->passed);
	ck_assert_int_ge(told->took, SPAN + stopped - PIECE);
	ck_assert_int_ge(told->longest, stopped - PIECE);
	/* Two clocks cannot be read in the same moment. */
	ck_assert_int_ge(told->sum + MSEC(1), told->longest);
	ck_assert_int_le(told->sum, told->took);
}
END_TEST

START_TEST(wait_is_no_stall)
{
	nsec began = clock_now(), took, lost;

	stall_begin();
	ck_assert_int_eq(await_events(NULL, 0, SPAN), 0);
	lost = stall_sum();
	took = clock_now() - began;
	ck_assert_msg(lost <= took - SPAN + MSEC(1), "%.6f s lost in a wait of %.6f s",
		      seconds(lost), seconds(took));
}
END_TEST

static nsec cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * SEC(1) + now.tv_nsec;
}

START_TEST(work_is_no_stall)
{
	nsec began = clock_now(), worked = cpu_time(), took, lost;

	stall_begin();
	while (cpu_time() - worked < MSEC(100))
		;
	lost = stall_sum();
	took = clock_now() - began;
	ck_assert_msg(lost <= took - MSEC(100) + MSEC(1), "%.6f s lost in %.6f s with 0.1 of work",
		      seconds(lost), seconds(took));
}
END_TEST

START_TEST(stalls_are_told_one_by_one_and_together)
{
	nsec before;

	stall_begin();
	before = stall_longest();
	stall_seen(before + SEC(2000));
	stall_seen(before + SEC(1000));
	ck_assert_int_eq(stall_longest(), before + SEC(2000));
	stall_begin();
	ck_assert_int_lt(stall_longest(), before + SEC(2000));
}
END_TEST

START_TEST(deadline_is_stretched_by_the_multiplier)
{
	ck_assert_int_eq(deadline_in(SEC(2)).span, SEC(2));
	deadlines_stretch(2.5);
	ck_assert_int_eq(deadline_in(SEC(2)).span, SEC(5));
}
END_TEST

START_TEST(deadline_passes)
{
	struct deadline deadline = deadline_in(MSEC(20));

	ck_assert(!deadline_passed(&deadline));
	ck_assert_int_eq(deadline_await(&deadline, NULL, 0), 0);
	ck_assert(deadline_passed(&deadline));
	ck_assert_int_eq(deadline_left(&deadline), 0);
	ck_assert_int_ge(clock_now() - deadline.began, MSEC(20));
}
END_TEST

START_TEST(event_ends_a_wait)
{
	struct deadline deadline = deadline_in(SEC(3600));
	int pipes[2];
	struct pollfd polled;

	ck_assert_int_eq(pipe(pipes), 0);
	polled = (struct pollfd){ .fd = pipes[0], .events = POLLIN };
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	ck_assert_int_eq(deadline_await(&deadline, &polled, 1), 1);
	ck_assert_int_eq(polled.revents, POLLIN);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

START_TEST(what_never_comes_is_looked_for_asleep)
{
	struct retry retry = retry_for(SPAN);
	nsec began = clock_now(), worked = cpu_time();

	stall_begin();
	while (retry_now(&retry))
		;
	retry_end(&retry, false);
	ck_assert(clock_now() - began >= SPAN);
	ck_assert(cpu_time() - worked < SPAN / 10);
	ck_assert_int_gt(retry.times, 20);
	ck_assert_int_lt(retry.times, 200);
}
END_TEST

/* The meter does not know of this sleep: it is as if the machine had taken the time. */
#define LATE MSEC(150)

START_TEST(what_comes_late_is_a_stall_and_what_does_not_come_is_none)
{
	for (int came = 0; came <= 1; came++) {
		struct retry retry = retry_for(SPAN);
		nsec stalled;

		stall_begin();
		while (retry_now(&retry))
			if (retry.times == 20)
				nanosleep(&(struct timespec){ .tv_nsec = LATE }, NULL);
		retry_end(&retry, came);
		stalled = stall_longest();
		ck_assert(came ? stalled >= SPAN : stalled < LATE);
	}
}
END_TEST

START_TEST(stall_behind_the_end_is_none)
{
	stall_begin();
	stall_end();
	stall_seen(SEC(1));
	ck_assert(stall_longest() < SEC(1));
	stall_begin();
	stall_seen(SEC(1));
	ck_assert(stall_longest() >= SEC(1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("patience");
	TCase *tcase = tcase_create("patience");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, deadline_is_longer_by_what_the_process_was_stopped, 0, 2);
	tcase_add_test(tcase, wait_is_no_stall);
	tcase_add_test(tcase, work_is_no_stall);
	tcase_add_test(tcase, stalls_are_told_one_by_one_and_together);
	tcase_add_test(tcase, deadline_is_stretched_by_the_multiplier);
	tcase_add_test(tcase, deadline_passes);
	tcase_add_test(tcase, event_ends_a_wait);
	tcase_add_test(tcase, what_never_comes_is_looked_for_asleep);
	tcase_add_test(tcase, what_comes_late_is_a_stall_and_what_does_not_come_is_none);
	tcase_add_test(tcase, stall_behind_the_end_is_none);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
