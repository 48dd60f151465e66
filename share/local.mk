# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Wireshark profile: WIRESHARK_CONFIG_DIR=.../share/halfopen/wireshark wireshark -C halfopen

wiresharkdir = $(pkgdatadir)/wireshark/profiles/halfopen
dist_wireshark_DATA = \
	share/wireshark/profiles/halfopen/colorfilters \
	share/wireshark/profiles/halfopen/preferences

# What a kernel of one's own must have: docs/vm.md.
dist_pkgdata_DATA = share/halfopen.config

# Where bash-completion, zsh and fish look by themselves.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = share/completions/halfopen
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = share/completions/_halfopen
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_fishcompletion_DATA = share/completions/halfopen.fish
