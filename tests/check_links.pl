#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check_links.pl PAGE...: whether each link of the pages to a file or a heading leads there. Says which do
# not, with exit status 1.
use strict;
use warnings;
use File::Basename;

my ($links, $wrong) = (0, 0);

sub content {
	open my $file, '<', $_[0] or die "$_[0]: $!\n";
	local $/;
	return <$file>;
}

# The names of headings, as GitHub makes them.
sub anchors {
	my $text = content($_[0]) =~ s/^```.*?^```//gmsr;
	return map { lc =~ s/[^\w\s-]//gr =~ s/ /-/gr } $text =~ /^#+ (.*)/mg;
}

for my $page (@ARGV) {
	my $text = content($page) =~ s/^```.*?^```//gmsr;
	for my $link ($text =~ /\]\(([^()\s]+)\)/g, $text =~ /^\[\w+\]: (\S+)/mg) {
		next if $link =~ /^\w+:/;
		my ($file, $anchor) = $link =~ /^([^#]*)#?(.*)/;
		my $target = $file eq '' ? $page : dirname($page) . "/$file";
		$links++;
		next if -e $target && ($anchor eq '' || grep { $_ eq $anchor } anchors($target));
		$wrong++;
		print "$page: $link leads nowhere\n";
	}
}
print "$links links\n";
exit($wrong || !$links ? 1 : 0);
