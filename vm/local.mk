# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += vm/libvm.a
vm_libvm_a_SOURCES = \
	vm/archive.c \
	vm/cargo.c \
	vm/guest.c \
	vm/image.c \
	vm/kernels.c \
	vm/kvm.c \
	vm/libraries.c \
	vm/machine.c \
	vm/parts.h \
	vm/squash.c \
	vm/store.c \
	vm/unpack.c \
	vm/vm.h \
	vm/vmlinux.c

embedded += vm/fetch.sh vm/kernels.tab
vm/kernels.$(OBJEXT): vm/fetch.sh.h vm/kernels.tab.h
