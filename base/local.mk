# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += base/libbase.a
base_libbase_a_SOURCES = \
	base/base.c \
	base/base.h \
	base/caller.c \
	base/caller.h \
	base/catalogue.c \
	base/catalogue.h \
	base/files.c \
	base/hosts.c \
	base/hosts.h \
	base/json.c \
	base/json.h \
	base/nearest.c \
	base/owned.c \
	base/patience.c \
	base/shortage.c \
	base/staging.c \
	base/staging.h \
	base/terminal.c \
	base/terminal.h \
	base/text.c \
	base/trial.h \
	base/xml.c \
	base/xml.h
