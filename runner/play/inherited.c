/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inherited: what a process has from whoever started it, and which would change what this program
 * or those that it starts do. It is put right before anything else; what cannot be is complained
 * of.
 */
#include "runner/play/internal.h"

#include "base/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/*
 * The first files that are opened would become these. What is written to a stdout that is closed
 * stays an error: it is complained of at the end.
 */
static void open_standard_streams(void)
{
	for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;)
		if (fd > STDERR_FILENO) {
			close(fd);
			return;
		}
}

/* nohup, and a shell that starts something in the background, mean it. */
static bool is_ignored_on_purpose(int signal)
{
	struct sigaction action;

	return (signal == SIGHUP || signal == SIGINT || signal == SIGQUIT) &&
	       sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void reset_signals(bool all)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		if (all || !is_ignored_on_purpose(signal))
			(void)sigaction(signal, &usual, NULL);
	/* A file that grows too long is an error of its write(), not a death without a word. */
	usual.sa_handler = SIG_IGN;
	(void)sigaction(SIGXFSZ, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * As far as whoever started this allows. Not the stack's, which decides on the layout of memory,
 * and not that of a core.
 */
static void raise_limits(void)
{
	static const int limits[] = { RLIMIT_AS,     RLIMIT_CPU,   RLIMIT_DATA,   RLIMIT_FSIZE,
				      RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_MEMLOCK };

	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		struct rlimit limit;

		if (getrlimit((__rlimit_resource_t)limits[i], &limit) ||
		    limit.rlim_cur == limit.rlim_max)
			continue;
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit((__rlimit_resource_t)limits[i], &limit);
	}
}

static void put_scheduling_right(void)
{
	struct sched_param usual = { 0 };
	int policy = sched_getscheduler(0);

	/* ksoftirqd has to get its turn. Being nice is left as it is: whoever is so means it. */
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		(void)sched_setscheduler(0, SCHED_OTHER, &usual);
	/* systemd's TimerSlackNSec= makes every wait longer. 0: as it was made. */
	(void)prctl(PR_SET_TIMERSLACK, 0UL);
	/* setarch --uname-2.6, setarch linux32: the version of the kernel is asked for. */
	(void)personality((unsigned long)personality(0xffffffff) & ~(unsigned long)UNAME26 &
			  ~(unsigned long)PER_MASK);
}

static void put_environment_right(void)
{
	/* What programs say is read in English, and sorted by bytes. */
	static const char *const others[] = { "LANGUAGE",      "POSIXLY_CORRECT", "CDPATH",
					      "ENV",           "BASH_ENV",        "IFS",
					      "LISTEN_FDS",    "LISTEN_PID",      "NGINX",
					      "NOTIFY_SOCKET", "COLUMNS",         "LINES",
					      "GREP_OPTIONS" };

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		unsetenv(others[i]);
	setenv("LC_ALL", "C", 1);
	path_complete();
}

void inherited_put_right(void)
{
	caller_remember();
	open_standard_streams();
	/* Others are nobody's business in here. They stay open: a file may be named /dev/fd/63. */
	close_rest_on_exec();
	reset_signals(false);
	raise_limits();
	put_scheduling_right();
	put_environment_right();
	/* Whom a file is hidden from is the user's, but we read what we write. */
	umask(umask(0) & 077);
}

void inherited_forget_signals(void)
{
	reset_signals(true);
}

bool inherited_ignores(int signal)
{
	return is_ignored_on_purpose(signal);
}

void inherited_complain(void)
{
	static const char *const names[] = { "LD_PRELOAD", "LD_AUDIT" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			complain("%s=%s is loaded into this program and into all that it starts: "
				 "what it changes there is not the kernel's doing",
				 names[i], value);
	}
}
