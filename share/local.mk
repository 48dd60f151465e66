# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Wireshark profile: WIRESHARK_CONFIG_DIR=.../share/halfopen/wireshark wireshark -C halfopen

wiresharkdir = $(pkgdatadir)/wireshark/profiles/halfopen
dist_wireshark_DATA = \
	share/wireshark/profiles/halfopen/colorfilters \
	share/wireshark/profiles/halfopen/preferences

# What a kernel of one's own must have: docs/vm.md.
dist_pkgdata_DATA = share/halfopen.config
