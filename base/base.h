/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base: what every room needs: one clock, things that release themselves, and how a case ends.
 */
#ifndef HALFOPEN_BASE_H
#define HALFOPEN_BASE_H

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- time ---------------------------------------------------------------------------------- */

/* Nanoseconds of CLOCK_MONOTONIC, or a span of them. The only clock of the project. */
typedef int64_t nsec;

#define MSEC(n) ((nsec)((n)*1000000.0))
#define SEC(n)  ((nsec)((n)*1000000000.0))

/* CLOCK_MONOTONIC now. */
nsec clock_now(void);

/* What to add to a CLOCK_REALTIME stamp (packets carry those) to get CLOCK_MONOTONIC. */
nsec clock_from_realtime(void);

/* @span in seconds, for messages and expectations. */
static inline double seconds(nsec span)
{
	return (double)span / 1e9;
}

/* ---- patience (patience.c) ----------------------------------------------------------------- */

/*
 * How late what the kernel does may be beyond a timer's own tolerance (see tolerance() in
 * captures/judge/ladder.c). After a stall that was longer nothing can be said about the kernel.
 */
#define SLACK MSEC(100)

/*
 * The stall meter: for how long the machine kept the calling thread from running. That is time in
 * which it had no CPU (CLOCK_THREAD_CPUTIME_ID) although it was in none of the waits below: a busy
 * machine, a signal that stopped it, a frozen cgroup, a slow disk. Each thread has its own.
 */
/* Begins anew, at 0. A process must after fork(). */
void stall_begin(void);
/* Ends a stretch, before a sleep with nothing to do: what was lost in one stretch is one stall. */
void stall_mark(void);
/* Something shows that the machine was late by @lost: as a stall of that length. */
void stall_seen(nsec lost);
/* The meter stands until stall_begin(): what the machine does from now on has led to nothing. */
void stall_end(void);
/* The longest stall since stall_begin(), and all of them together; each ends a stretch. */
nsec stall_longest(void);
nsec stall_sum(void);

/*
 * Whatever sleeps in a process that has deadlines does it here, so that the meter knows.
 * As ppoll(), @span at the most: how many of @polled are ready, 0, or -1 with errno.
 */
int await_events(struct pollfd *polled, nfds_t count, nsec span);
/* From @began (clock_now()) until now the caller has waited in another way: pthread_join(). */
void waited_since(nsec began);

/*
 * A deadline of the harness: how long it waits for what comes at once on an idle machine. It
 * begins when it is asked for the first time, so that what succeeds at once costs nothing, and is
 * longer by what the machine was seen to stall since. It belongs to the thread that asks.
 */
struct deadline {
	nsec span;               /* stretched, not yet by stalls */
	nsec began, lost_before; /* 0: not yet asked */
};
struct deadline deadline_in(nsec span);
bool deadline_passed(struct deadline *deadline);
/* How much of it is left; 0 when it has passed. */
nsec deadline_left(struct deadline *deadline);
/* As await_events(), until the deadline at the most: 0 says that it has passed. */
int deadline_await(struct deadline *deadline, struct pollfd *polled, nfds_t count);
/*
 * Looking again for what should be there already:
 *
 *     while (!(here = look()) && retry_now(&retry))
 *             ;
 *     retry_end(&retry, here);
 *
 * At once at first, then with pauses, each 1/8 of the time so far: what a faulty kernel never shows
 * is looked for as long as the deadline allows, and others need the CPU meanwhile. What is lost in
 * that time is no stall when it did not come; what came late shows that the machine was.
 */
struct retry {
	struct deadline deadline;
	int times;
};
struct retry retry_for(nsec span);
/* False when the deadline has passed. */
bool retry_now(struct retry *retry);
void retry_end(const struct retry *retry, bool came);
/* --timeout-multiplier: all deadlines made from now on are longer by that factor. */
void deadlines_stretch(double multiplier);

/* ---- what is acquired is released on the next line ----------------------------------------- */

void release_memory(void *pointer_to_pointer);
void release_fd(const int *fd);
void release_file(FILE **file);

#define autofree  __attribute__((cleanup(release_memory)))
#define autoclose __attribute__((cleanup(release_fd)))
#define autofile  __attribute__((cleanup(release_file)))

/* @count times @size bytes were refused: that is the end of the process. */
_Noreturn void out_of_memory(size_t count, size_t size);
/* Memory, or the end of the process: a suite that runs out of memory has nothing to say. Zeroed. */
void *must_alloc(size_t count, size_t size);
void *must_realloc(void *old, size_t count, size_t size);
/*
 * array = GROWN(array, count); array[count++] = ...: room for one more behind @count elements. The
 * room is not stored. It is a power of two, and none that is smaller would hold the elements: when
 * their number is a power of two itself, all may be in use, and the room is made twice that. So the
 * count goes up by one after each call and in no other way. It may go down at any time: then there
 * is more room than is needed.
 */
#define GROWN(array, count)                                                                        \
	((__typeof__(array))grown((void *)(array), (size_t)(count), sizeof(*(array))))
void *grown(void *array, size_t count, size_t size);
/* A copy of such an array, which may grow too; NULL of NULL. */
#define COPIED(array, count)                                                                       \
	((__typeof__(array))copied((const void *)(array), (size_t)(count), sizeof(*(array))))
void *copied(const void *array, size_t count, size_t size);
/*
 * Memory that lives as long as its owner: struct owned owned = { 0 }; own(&owned, format(...));
 * ... owned_free(&owned).
 */
struct owned {
	void **items;
	size_t count;
};
/* Takes @memory over, and returns it. */
void *own(struct owned *owned, void *memory);
void owned_free(struct owned *owned);
/* A formatted string of its own; the caller frees it. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *vformat(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));
/* One line on stderr, "halfopen: ...". */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A text in the making: struct text text = { 0 }; text_add(&text, ...); ... text_take(&text). What
 * there is already is not copied for what is added.
 */
struct text {
	FILE *stream;
	char *chars; /* after text_add(): so far; NULL: nothing yet */
	size_t length;
};
void text_add(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* To print to, for whoever does it in many ways; chars and length then wait for text_take(). */
FILE *text_stream(struct text *text);
/* All of it, "" where there is nothing; the caller frees it. @text is as it was at first. */
char *text_take(struct text *text);

/* How many bytes of @text, @most or less, end with a whole character (UTF-8). */
size_t text_fitting(const char *text, size_t most);
/*
 * Puts @text into a room of @size bytes. Of one that is too long there are the words that fit, or a
 * part of its only one, and " ..." behind it: no number is cut short.
 */
void text_fit(char *room, size_t size, const char *text);
/* The next blank-separated word of *rest, or NULL; the caller frees it. @rest may hold NULL. */
char *text_word(const char **rest);
/* Whether one of the blank-separated @words, which may be NULL, is @word. */
bool text_has_word(const char *words, const char *word);
/* A command line in the making: struct words words = { 0 }; words_add(&words, ...); */
struct words {
	char **all; /* NULL behind the last; NULL where there is none */
	size_t count;
};
/* One word more, printf-like; blanks in it do not part it. */
void words_add(struct words *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void words_free(struct words *words);
/* Whether both are the same, or both NULL. */
bool text_is(const char *left, const char *right);
/* @reason, or that none was given. */
const char *reason_or_none(const char *reason);
/* What stands before the first line end; the caller frees it. */
char *text_first_line(const char *text);
/* "12.3 s", "3 min 10 s", "1 h 2 min"; the caller frees it. */
char *text_duration(double span);
/* "2025-11-25T10:00:00Z"; the caller frees it. */
char *text_date(time_t when);
/* Each line of @text with @prefix before it. */
void text_indent(FILE *out, const char *prefix, const char *text);
/* @text in lines of at most @width columns, each after the first indented by @indent blanks. */
struct wrap {
	unsigned indent, width;
};
void text_wrap(FILE *out, struct wrap wrap, const char *text);

/* ---- what was probably meant (nearest.c) --------------------------------------------------- */

/*
 * Of the names that are offered those that are nearest to what was typed, the nearest first:
 * struct nearest nearest = { .typed = word }; nearest_offer(&nearest, ...); nearest_text(&nearest).
 * The names stay the caller's and are not copied.
 */
struct nearest {
	const char *typed;
	const char *names[3];
	unsigned distances[3];
};
void nearest_offer(struct nearest *nearest, const char *name);
/* "; nearest: a, b, c", or "" when nothing is near. The caller frees it. */
char *nearest_text(const struct nearest *nearest);

/* ---- how a case ends ----------------------------------------------------------------------- */

enum ending {
	PASSED,
	FAILED,  /* the kernel did not do what the case asserts */
	SKIPPED, /* this machine or kernel lacks what the case needs */
	BROKEN,  /* an error of the run: nothing was learned about the kernel */
};

/* "passed", "failed", "skipped", "error": the words of verdict.json and results.json. */
const char *ending_name(enum ending ending);
/* The reverse; -1 when @name is none of them. */
int ending_from_name(const char *name);

/*
 * The one way out of the middle of a case. @text says what was attempted, on what, what came
 * back and what the user can do; it may have many lines, the first is the summary. The hook
 * (set by whoever runs cases) writes the artifacts and does not return; without a hook the text
 * goes to stderr and the process exits 1 (failed), 77 (skipped) or 99 (broken).
 */
typedef void ending_hook(enum ending ending, const char *text, void *context);
void on_ending(ending_hook *hook, void *context);

_Noreturn void end_with(enum ending ending, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define fail(...)   end_with(FAILED, __VA_ARGS__)
#define skip(...)   end_with(SKIPPED, __VA_ARGS__)
#define broken(...) end_with(BROKEN, __VA_ARGS__)

/* How the program ends, beside what stands there. */
enum exit_status {
	EXIT_GOOD = 0,
	EXIT_CASE_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_ALL_SKIPPED = 77,
	EXIT_RUN_ERROR = 99,
	EXIT_STAGE = 125,     /* what `stage` itself has to say, as of env(1) and timeout(1) */
	EXIT_SIGNALLED = 128, /* plus its number */
};

/* ---- what the machine lacks (shortage.c) --------------------------------------------------- */

/*
 * Of an attempt to start a process or a thread, to open a file or to get memory: errno's text and,
 * where the machine has no more to give just now, what mends that. This is then what
 * shortage_seen() tells, until the next one.
 */
const char *shortage_text(int error);
/* Whether @error says that the machine has no more of something just now. */
bool is_shortage(int error);
/* The same for what has a limit of its own; @what stays the caller's and is not copied. */
void shortage_note(const char *what);
/* What this process was denied last, in words; NULL: nothing. */
const char *shortage_seen(void);
/* What lets a file be written, by errno: "free some space there". */
const char *file_remedy(int error);

/* ---- the machine's files ------------------------------------------------------------------- */

/* As mkdir -p. False with errno. */
bool make_path(const char *path);
/* All descriptors but the standard streams are closed by exec() from now on. */
void close_rest_on_exec(void);
/* A device, a pipe, a folder: what no file may take the place of. */
bool is_special_file(const char *path);
/*
 * Opens a regular file to be read, close-on-exec; NULL with errno. What is none is EINVAL (or
 * EISDIR): nobody may write into a pipe of that name, and a device need not end.
 */
FILE *open_to_read(const char *path);
/* All of it; NULL with one line in *why (the caller frees either) unless it is all text. */
char *text_load(const char *path, char **why);
/*
 * A file that is there whole or not at all: PATH.new is opened to be written, and takes its place
 * when all of it is there. A special file is written to as it is. NULL with errno.
 */
FILE *whole_begin(const char *path);
/* Closes *@file, which whole_begin(@path) gave, and keeps it; or removes it. False with errno. */
bool whole_end(FILE **file, const char *path);
/* Both, with these bytes between. */
bool whole_store(const char *path, const void *data, size_t size);

/* ---- the machine's programs ---------------------------------------------------------------- */

/*
 * Where a program is, the first of this name in the absolute folders of PATH, then in
 * PROGRAM_FOLDERS (configure.ac), as an ordinary user's PATH often lacks those of ip, tc and
 * servers. A name with a slash is a path. NULL: nowhere; the caller frees it.
 */
char *program_path(const char *name);
/* Gives this process, and what it starts, just these folders as PATH. */
void path_complete(void);

/* ---- formats ------------------------------------------------------------------------------- */

/*
 * The format of what a run leaves: in the first line of journal.jsonl, in verdict.json and in
 * results.json. It grows when an older halfopen, or this one, would misread the other's files.
 */
#define ARTIFACTS_FORMAT 2

/* ---- small things -------------------------------------------------------------------------- */

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#endif
