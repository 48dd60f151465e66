/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal: see terminal.h.
 */
#include "base/terminal.h"

#include "base/base.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

unsigned terminal_columns(unsigned otherwise)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return otherwise;
}

/* https://no-color.org: a variable that is there and not empty. */
bool terminal_has_colours(void)
{
	const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0 &&
	       !(none && *none);
}

enum colour colour_of(const char *word)
{
	if (strcmp(word, "failed") == 0 || strcmp(word, "error") == 0)
		return RED;
	if (strcmp(word, "skipped") == 0 || strcmp(word, "not run") == 0 ||
	    strcmp(word, "not yet") == 0 || strcmp(word, "argued") == 0 || strcmp(word, "old") == 0)
		return FAINT;
	return strcmp(word, "variant") == 0 ? CYAN : GREEN;
}

char *coloured(enum colour colour, const char *text)
{
	static const char *const codes[] = {
		[BOLD] = "1",    [FAINT] = "2", [GREEN] = "32",   [RED] = "1;31",
		[YELLOW] = "33", [CYAN] = "36", [MAGENTA] = "35", [BLUE] = "34",
	};

	return colour == PLAIN ? format("%s", text)
			       : format("\033[%sm%s\033[0m", codes[colour], text);
}

void print_in_colour(enum colour colour, const char *text)
{
	autofree char *shown = coloured(terminal_has_colours() ? colour : PLAIN, text);

	fputs(shown, stdout);
}

bool terminal_is_ours(void)
{
	return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* One that is not in the foreground is sent SIGTTOU for it. */
void terminal_take(void)
{
	sigset_t output, before;

	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);
	sigprocmask(SIG_BLOCK, &output, &before);
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	sigprocmask(SIG_SETMASK, &before, NULL);
}
