# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += runner/pages/libpages.a
runner_pages_libpages_a_SOURCES = \
	runner/pages/matrix.c \
	runner/pages/matrix.h \
	runner/pages/matrix_html.c \
	runner/pages/matrix_json.c \
	runner/pages/matrix_text.c \
	runner/pages/page.c \
	runner/pages/page.h \
	runner/pages/pages.h \
	runner/pages/report.c \
	runner/pages/report.h \
	runner/pages/report_case.c \
	runner/pages/report_claims.c \
	runner/pages/report_html.c \
	runner/pages/report_legend.c \
	runner/pages/tried.c

embedded += runner/pages/page.css runner/pages/report.css runner/pages/report.js \
	runner/pages/tried.css
runner/pages/page.$(OBJEXT): runner/pages/page.css.h
runner/pages/report_html.$(OBJEXT): runner/pages/report.css.h runner/pages/report.js.h
runner/pages/tried.$(OBJEXT): runner/pages/report.css.h runner/pages/tried.css.h
