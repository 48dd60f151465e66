# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += netns/libnetns.a
netns_libnetns_a_SOURCES = \
	netns/baselines.c \
	netns/build.c \
	netns/bypass.c \
	netns/daemon.c \
	netns/discipline.c \
	netns/enter.c \
	netns/filter.c \
	netns/flight.c \
	netns/flood.c \
	netns/frame.c \
	netns/gate.c \
	netns/gate_socket.c \
	netns/internal.h \
	netns/isolate.c \
	netns/link.c \
	netns/loss.c \
	netns/namespace.c \
	netns/net.c \
	netns/netlink.c \
	netns/netns.h \
	netns/outside.c \
	netns/plan.c \
	netns/probe.c \
	netns/ranges.c \
	netns/refusal.c \
	netns/replay.c \
	netns/sender.c \
	netns/sysctl.c \
	netns/settings.c \
	netns/tool.c \
	netns/ways.c
