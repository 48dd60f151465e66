# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += vm/libvm.a
vm_libvm_a_SOURCES = \
	vm/archive.c \
	vm/guest.c \
	vm/image.c \
	vm/kernels.c \
	vm/kvm.c \
	vm/libraries.c \
	vm/machine.c \
	vm/parts.h \
	vm/store.c \
	vm/unpack.c \
	vm/vm.h \
	vm/vmlinux.c

EXTRA_DIST += \
	vm/fetch.sh \
	vm/kernels.tab

# The script and the table as C strings: the installed program needs no files of its own.
BUILT_SOURCES = vm/fetch.h
CLEANFILES += vm/fetch.h
as_string = $(SED) -e 's/[\\"]/\\&/g' -e 's/^/\t"/' -e 's/$$/\\n"/'

vm/fetch.h: $(top_srcdir)/vm/fetch.sh $(top_srcdir)/vm/kernels.tab
	@mkdir -p vm
	$(AM_V_GEN)$(as_string) $(top_srcdir)/vm/fetch.sh | \
		{ echo 'static const char fetch_sh[] ='; cat; echo '	;'; } >$@.new && \
	$(as_string) $(top_srcdir)/vm/kernels.tab | \
		{ echo 'static const char kernels_tab[] ='; cat; echo '	;'; } >>$@.new && \
	mv $@.new $@
vm/kernels.$(OBJEXT): vm/fetch.h
