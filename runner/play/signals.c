/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * signals: those that end a run, and that of a child's end, as events among others.
 */
#include "runner/play/internal.h"

#include <signal.h>
#include <sys/signalfd.h>

int watch_signals(sigset_t *before)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t watched;

	sigemptyset(&watched);
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
		if (!inherited_ignores(ends[i]))
			sigaddset(&watched, ends[i]);
	sigaddset(&watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &watched, before);
	/* A case may end before it reads what was typed, a reader of stdout before the run. */
	(void)signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* The client of a stage has the first one, and may end by itself. */
static void take_signal(struct run *run, int signal)
{
	struct slot *slot = run->options->staging ? &run->slots[0] : NULL;

	if (slot && slot->entry && !run->passed_on &&
	    atomic_load(&slot->progress.phase) == RUNNING) {
		run->passed_on = signal;
		atomic_store(&slot->progress.signal, signal);
	} else if (!run->signal) {
		run->signal = signal;
	}
}

void read_signals(struct run *run, int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			take_signal(run, (int)info.ssi_signo);
}
