#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# servers.pl check FOLDER: whether the trial in FOLDER (see play.sh) found what the table says, and no more.
# Prints what differs; exit status 1.
# servers.pl page FOLDER: docs/servers.md, of all that play.sh has left in FOLDER. What depends on the machine
# comes last, and is there only of servers that were played.
use strict;
use warnings;
use JSON::PP;

sub content {
	open my $file, '<', $_[0] or return undef;
	local $/;
	return <$file>;
}

# What programs.sh says of it; finds and may_find are lists of [finding, scenario, text].
sub table_of {
	my %table = (finds => [], may_find => []);
	for (split /\n/, content("$_[0]/table") // die "$_[0]: no table\n") {
		my ($what, @text) = split /\t/;
		$what =~ /find/ ? push @{$table{$what}}, \@text : ($table{$what} = $text[0]);
	}
	return \%table;
}

sub trial_of {
	my $trial = decode_json(content("$_[0]/try.json") // return undef);
	return $trial->{complete} ? $trial : undef;
}

sub was_played { return grep { $_->{status} =~ /^(passed|failed)$/ } @{$_[0]{scenarios}} }

sub unique { my %seen; return grep { !$seen{$_}++ } @_ }

# "scenario: finding", each once, in order.
sub found_in {
	my @found;
	for my $scenario (was_played($_[0])) {
		push @found, "$scenario->{scenario}: $_->{name}" for @{$scenario->{findings} // []};
	}
	return unique(sort @found);
}

sub expected_of {
	my ($table, $trial) = @_;
	my %played = map { $_->{scenario} => 1 } was_played($trial);
	return sort map { "$_->[1]: $_->[0]" } grep { $played{$_->[1]} } @{$table->{finds}};
}

sub facts_of {
	my ($trial, $name) = @_;
	return grep { $_->{name} eq $name } @{$trial->{facts}};
}

# ---- check --------------------------------------------------------------------------------------

sub problems_of {
	my ($table, $trial) = @_;
	my %is = map { $_ => 1 } my @expected = expected_of($table, $trial);
	my %found = map { $_ => 1 } my @found = found_in($trial);
	my @problems = map { "$_ was not found" } grep { !$found{$_} } @expected;
	$is{"$_->[1]: $_->[0]"} = 1 for @{$table->{may_find}};
	push @problems, map { "$_ was found" } grep { !$is{$_} } @found;
	push @problems, map { "$_->{scenario}/$_->{family}: $_->{status}: " . ($_->{reason} // '') }
		grep { $_->{status} eq 'error' && ($_->{reason} // '') !~ /^this machine reaches/ }
		@{$trial->{scenarios}};
	push @problems, 'no scenario was played' unless was_played($trial);
	return @problems if ($table->{backlog} // '') !~ /^\d+$/;
	my @asked = unique(map { $_->{value} } facts_of($trial, 'backlog asked')) or return @problems;
	push @problems, "backlogs asked: @asked, not $table->{backlog}"
		unless grep { $_ == $table->{backlog} } @asked;
	return @problems;
}

sub check {
	my ($folder) = @_;
	my $trial = trial_of($folder) or die "$folder: no try.json of a whole trial\n";
	my @problems = problems_of(table_of($folder), $trial);
	print "$_\n" for @problems;
	exit(@problems ? 1 : 0);
}

# ---- page ---------------------------------------------------------------------------------------

sub anchor { return "[$_[0]](findings.md#$_[0])" }

sub row { print '| ', join(' | ', map { s/\|/\\|/gr } @_), " |\n" }

sub page_of_tables {
	my ($tables, @names) = @_;
	row('server', 'what it is', 'backlog asked', 'found');
	row(('---') x 4);
	for my $name (@names) {
		my $table = $tables->{$name};
		my @finds = map { anchor($_->[0]) } @{$table->{finds}};
		push @finds, map { anchor($_->[0]) . ' (not always)' } @{$table->{may_find}};
		row($name, $table->{about}, $table->{backlog} // '', @finds ? join(', ', @finds) : '');
	}
	print "\n## What there is to say of what was found\n\n";
	for my $name (@names) {
		print "- $name, `$_->[1]`, ", anchor($_->[0]), ": $_->[2]\n"
			for @{$tables->{$name}{finds}}, @{$tables->{$name}{may_find}};
	}
	print "\n## How they were started\n\n";
	print "    halfopen try $tables->{$_}{command}\n" for @names;
}

sub seen_in {
	my ($trial, $scenario) = @_;
	my ($first) = grep { $_->{scenario} eq $scenario } was_played($trial);
	return "over $first->{family}: $first->{summary}" =~ s/ipv/IPv/r;
}

sub page_of_trials {
	my ($trials, @names) = @_;
	for my $name (@names) {
		my $trial = $trials->{$name} or next;
		print "\n### $name\n\n";
		row('scenario', 'what became of its clients');
		row(('---') x 2);
		row($_, seen_in($trial, $_)) for unique(map { $_->{scenario} } was_played($trial));
		my @unusual = unique(map { $_->{unusual} // () } @{$trial->{facts}});
		print "\n" if @unusual;
		print "- \u$_.\n" for @unusual;
	}
}

sub page {
	my ($folder) = @_;
	my @names = split ' ', content("$folder/servers");
	my %tables = map { $_ => table_of("$folder/$_") } @names;
	my %trials = map { $_ => trial_of("$folder/$_") } @names;
	print <<'END';
# Servers that were tried

What `halfopen try` finds with servers that Debian has, each started as a user of it would, with the files of
`tests/programs/`. `make servers` tries them all and writes this page; `make check` plays
the quick scenarios with those that are installed, and fails where another finding comes, or one does not come.
What is no finding (answers cut at SIGTERM, a backlog of 5, clients that are refused in words) is in the
last part.

END
	page_of_tables(\%tables, @names);
	print "\n## What was seen on one machine\n";
	page_of_trials(\%trials, @names);
}

my ($mode, @arguments) = @ARGV;
$mode eq 'check' ? check(@arguments) : page(@arguments);
