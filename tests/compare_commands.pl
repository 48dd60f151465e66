#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# compare_commands.pl ARTIFACTS PAGE: whether what the page shows of commands is what they have said.
# A block that begins with ```console has commands, as in "server$ ss -ltn", each with its whole output.
# They must stand in this order in commands.log of the case that the text above names last, over IPv4,
# in one step; the page may leave out commands. Blanks between words are one, "Process" at the end of the
# heading of ss is left out, and so is the order of its lines, which is that of a hash table of the kernel.
# Says what is not so, with exit status 1; 77: there was nothing to compare.
use strict;
use warnings;
use JSON::PP;

my ($artifacts, $page) = @ARGV;
my ($compared, $wrong) = (0, 0);

sub content {
	open my $file, '<', $_[0] or die "$_[0]: $!\n";
	local $/;
	return <$file>;
}

# A command and its output in the one form.
sub normal {
	my ($command, @lines) = map { s/\s+/ /gr =~ s/^ | $//gr } @_;
	my $heading = $command =~ /\$ ss / ? shift @lines : undef;
	return join "\n", $command, @lines if !defined $heading;
	return join "\n", $command, $heading =~ s/ ?Process$//r, sort @lines;
}

# The steps of a log or a block: lists of commands in the one form.
sub steps {
	my @steps = ([]);
	my @command;
	for my $line (split(/\n/, $_[0]), '-- the end') {
		next if $line !~ /\S/;
		if ($line =~ /^(?:-- |\w+\$ )/ && @command) {
			push @{$steps[-1]}, normal(@command);
			@command = ();
		}
		if ($line =~ /^-- /) {
			push @steps, [];
		} else {
			push @command, $line;
		}
	}
	return grep { @$_ } @steps;
}

# How many of the commands stand in the step, in their order, until one does not.
sub found {
	my ($told, $seen) = @_;
	my $next = 0;
	for my $count (0 .. $#$told) {
		$next++ while $next < @$seen && $seen->[$next] ne $told->[$count];
		return $count if $next++ >= @$seen;
	}
	return scalar @$told;
}

my %log;
for my $result (@{decode_json(content("$artifacts/results.json"))->{results}}) {
	my $log = "$artifacts/$result->{folder}/commands.log";
	$log{$result->{case}} //= $log
		if $result->{status} eq 'passed' && $result->{folder} =~ m{/ipv4\b} && -e $log;
}

my ($text, @parts) = ('', split /^(```.*)\n/m, content($page));
while (@parts) {
	my ($above, $fence, $block) = splice @parts, 0, 3;
	$text .= $above;
	splice @parts, 0, 1; # the fence that ends the block
	next if ($fence // '') ne '```console';
	my ($case) = $text =~ /.*`(\w{20,})`/s;
	die "$page: no case is named above this:\n$block" if !$case;
	next if !$log{$case};
	my ($told) = steps($block);
	my $found = 0;
	for my $seen (steps(content($log{$case}))) {
		my $here = found($told, $seen);
		$found = $here if $here > $found;
	}
	$compared += @$told;
	next if $found == @$told;
	$wrong++;
	print "$page: $log{$case} has no such output:\n$told->[$found]\n";
}
print "$compared commands compared\n";
exit($wrong ? 1 : $compared ? 0 : 77);
