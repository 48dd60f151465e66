# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += inspect/libinspect.a
inspect_libinspect_a_SOURCES = \
	inspect/call_thread.c \
	inspect/call_watch.c \
	inspect/call_watch.h \
	inspect/defer.c \
	inspect/descriptors.c \
	inspect/diag.c \
	inspect/duplicate.c \
	inspect/ends.c \
	inspect/fact_list.c \
	inspect/facts.c \
	inspect/facts.h \
	inspect/facts_of_holders.c \
	inspect/facts_of_options.c \
	inspect/facts_of_server.c \
	inspect/inspect.h \
	inspect/inspection.c \
	inspect/internal.h \
	inspect/listeners.c \
	inspect/path_calls.c \
	inspect/path_calls.h \
	inspect/proc.c \
	inspect/processes.c \
	inspect/seccomp.c \
	inspect/seccomp.h \
	inspect/syscalls.c \
	inspect/waits.c
