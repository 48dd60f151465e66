#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# compare_ladders.pl ARTIFACTS PAGE SUITE...: whether each ladder of the page is one that the run in
# ARTIFACTS has left. Its lines must occur, in their order, in the connection that the page names
# ("late, and a comma before what it says of it"), in any if that is "one of ..." or nothing: of a case
# that the text above names, or that shows one of the claims which its paragraph begins with. The page may
# leave out lines, states and counters, and times to the millisecond are not compared. Says what is
# not so, with exit status 1; 77: no ladder could be compared. Which cases there are is in the SUITEs:
# where one of them was not played, the ladder may be that one's.
use strict;
use warnings;
use JSON::PP;
use List::Util 'max';

my ($artifacts, $page, @suites) = @ARGV;
my ($compared, $wrong) = (0, 0);

sub content {
	open my $file, '<', $_[0] or die "$_[0]: $!\n";
	local $/;
	return <$file>;
}

# A line of a ladder in its parts, or nothing.
sub ladder_line {
	my ($when, $way, $words, $fate, $states, $rest) = $_[0] =~ m{
		^\s* (- | [~+]?\d+\.\d+ | \d+rto(?:\+\d+)?) \s+ ([<>.])
		(?: \s+ ([A-Z][A-Z-]*(?:\ (?:\d+|(?:seq|ack|win)\ -?\d+))* | timer) )?
		(?: \s+ (held,\ \w+ | held | ignored | rejected | lost) )?
		(?: \s+ ([A-Z_0-9-]+\ /\ [A-Z_0-9-]+) )?
		(?: \s+ (.*) )? $ }x or return;
	my %moved;
	for my $part (split /; /, $rest // '') {
		my ($host, $counters) = $part =~ /^(client|server): (.*)/ or next;
		$moved{"$host $1"} = 1 while $counters =~ /([\w.]+ [+-]\d+)/g;
	}
	$when = 'any' if $when =~ /^\d+\.\d{3}$/;
	return { when => $when, what => join('|', $way, $words // '', $fate // ''),
		states => $states // '', moved => \%moved, line => $_[0] };
}

# The connections of a ladder: what begins at the margin is the name of the next one.
sub connections {
	my @connections = ({ lines => [] });
	for my $line (@_) {
		my $known = ladder_line($line);
		push @{$connections[-1]{lines}}, $known if $known;
		push @connections, { name => $line =~ s/( to [\w-]+( \d+)?)?( \(a raw peer\))?$//r, lines => [] }
			if !$known && $line =~ /^\S/;
	}
	return grep { @{$_->{lines}} } @connections;
}

sub same {
	my ($told, $seen) = @_;
	return $told->{what} eq $seen->{what} && $told->{when} =~ /^(?:any|\Q$seen->{when}\E)$/ &&
		$told->{states} =~ /^(?:\Q$seen->{states}\E)?$/ &&
		!grep { !$seen->{moved}{$_} } keys %{$told->{moved}};
}

# How many of the lines told are among those seen, in their order, until one is not.
sub found {
	my ($told, $seen) = map { $_->{lines} } @_;
	my $next = 0;
	return 0 if ($_[0]{name} // 'one of') !~ /^(?:one of\b|\Q$_[1]{name}\E(?:,|  |$))/;
	for my $count (0 .. $#$told) {
		$next++ while $next < @$seen && !same($told->[$count], $seen->[$next]);
		return $count if $next++ >= @$seen;
	}
	return scalar @$told;
}

# What each case has left. The pages have the variants of Linux 6.18.
my %seen;
for my $result (@{decode_json(content("$artifacts/results.json"))->{results}}) {
	my $ladder = "$artifacts/$result->{folder}/ladder.txt";
	next if !-e $ladder || $result->{variant} && $result->{kernel} !~ /^6\.18\b/;
	push @{$seen{$result->{case}}}, connections(split /\n/, content($ladder));
}

my %claims_of_case = map { content($_) =~ /^CASE\((\w+),\s*\.claims = "(.*?)"/msg } @suites;

# Of "D2-31 to D2-34" all.
sub claims_of {
	my ($title) = @_;
	$title =~ s{(D\d-)(\d+) to D\d-(\d+)}{join ' ', map { sprintf '%s%02d', $1, $_ } $2 .. $3}ge;
	return $title =~ /D\d-\d+[a-z]?/g;
}

sub judge {
	my ($text, $block) = @_;
	my @told = connections(split /\n/, $block) or return;
	my ($title) = $text =~ /^\*\*(D\d.*?)\*\*/ms;
	my %claims = map { $_ => 1 } claims_of($title // '');
	my @cases = grep { $text =~ /\b$_\b/ || grep { $claims{$_} } split ' ', $claims_of_case{$_} }
		keys %claims_of_case;
	my @seen = map { @{$seen{$_} // []} } @cases;

	for my $told (@told) {
		my ($found, $lines) = (max(0, map { found($told, $_) } @seen), $told->{lines});
		return if $found < @$lines && grep { !$seen{$_} } @cases;
		$compared++;
		next if $found == @$lines;
		$wrong++;
		print "$page, below \"", (split /\n/, $text)[0], "\":\n", $told->{name} // 'a ladder',
			": no case has this line there: $lines->[$found]{line}\n";
	}
}

my $text = '';
my @parts = split /^```.*\n/m, content($page);
while (my ($above, $block) = splice @parts, 0, 2) {
	$text .= $above;
	$text = $1 if $text =~ /.*^((?:\*\*D\d|## ).*)/ms;
	judge($text, $block // '');
}
print "$compared connections compared\n";
exit($wrong ? 1 : $compared ? 0 : 77);
