#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rooms.pl SOURCE-TREE BUILD-TREE: does each file use only what the picture at the head of
# docs/design.md lets it use? What a file includes stands in it; what it calls is known by nm from its
# object. Prints a line for each file that does not, and for each circle of files within a room.

use strict;
use warnings;

die "usage: rooms.pl SOURCE-TREE BUILD-TREE\n" if @ARGV != 2;
my ($source_tree, $build_tree) = @ARGV;
my $problems = 0;

sub complain
{
	print "@_\n";
	$problems++;
}

# ---- the picture -------------------------------------------------------------------------------------

my (%is_room, %arrow, %may_use);

sub lines_of_picture
{
	open my $design, '<', "$source_tree/docs/design.md" or die "docs/design.md: $!\n";
	my ($within, @lines);

	while (<$design>) {
		s/^\s+|\s+$//g;
		last if $within && /^```/;
		push @lines, $_ if $within && !/^(flowchart.*|%%.*|)$/;
		$within = 1 if /^```mermaid/;
	}
	return @lines;
}

# A room in a subgraph is a folder in that folder. "a & b --> c --> d" are arrows as in Mermaid.
sub read_picture
{
	my (%path_of, @arrows);
	my $folder = '';

	for (lines_of_picture()) {
		my @columns = map { [split /\s*&\s*/] } split /\s*-->\s*/;

		if (/^subgraph (\S+)$/) {
			$folder = "$1/";
		} elsif ($_ eq 'end') {
			$folder = '';
		} else {
			push @arrows, map { [$columns[$_ - 1], $columns[$_]] } 1 .. $#columns;
			for (map { @$_ } @columns) {
				$path_of{$_} = "$folder$_" if $folder || !$path_of{$_};
			}
		}
	}
	%is_room = map { $_ => 1 } values %path_of;
	for (@arrows) {
		my ($from, $to) = @$_;

		for my $user (@path_of{@$from}) {
			$arrow{$user}{$_} = 1 for @path_of{@$to};
		}
	}
	die "docs/design.md has no picture of rooms\n" if !%is_room;
}

# All that is reached from $begin along the arrows or uses in $ways.
sub reached
{
	my ($ways, $begin) = @_;
	my %seen;
	my @next = keys %{$ways->{$begin} || {}};

	while (defined(my $next = shift @next)) {
		push @next, keys %{$ways->{$next} || {}} if !$seen{$next}++;
	}
	return \%seen;
}

# ---- the files ---------------------------------------------------------------------------------------

# Where the files are whose folder has a makefile of its own; others were made by tests.
my (%room_of, %is_used, %uses);

sub room_of
{
	my ($path) = @_;

	while ($path =~ s,/[^/]*$,,) {
		return $path if $is_room{$path};
	}
	return undef;
}

sub find_files
{
	for my $makefile (glob("$source_tree/*/local.mk $source_tree/*/*/local.mk")) {
		(my $folder = $makefile) =~ s,/local\.mk$,,;
		for my $file (glob("$folder/*.[ch]")) {
			$file =~ s,^\Q$source_tree\E/,,;
			next if $file =~ /\.md\.h$/; # a page that make embeds
			$room_of{$file} = room_of($file) or complain("$file is in no room of the picture");
		}
	}
	my %has_files = map { $_ => 1 } grep { defined } values %room_of;
	for (sort keys %is_room) {
		complain("the picture has a room $_, which has no files") if !$has_files{$_};
	}
	delete $room_of{$_} for grep { !defined $room_of{$_} } keys %room_of;
}

# Public are the header that is named after its room, one that is named for another room that is above
# it ("scenario.h" for scenarios/), and all of a room that uses none: a collection.
sub is_public
{
	my ($header, $room) = @_;

	return 1 if !$arrow{$room} || $header =~ m,([^/]*)/\1\.h$,;
	return $header =~ m,([^/]*)\.h$, && $is_room{"$1s"};
}

# All words of the public headers of a room.
my %words_of;

sub is_declared
{
	my ($name, $room) = @_;

	if (!$words_of{$room}) {
		for my $header (grep { /\.h$/ && $room_of{$_} eq $room && is_public($_, $room) } keys %room_of) {
			open my $text, '<', "$source_tree/$header" or die "$header: $!\n";
			while (<$text>) {
				$words_of{$room}{$_} = 1 for /\w+/g;
			}
		}
	}
	return $words_of{$room}{$name};
}

# Between two rooms: $how is "includes" or "uses", the latter by these names.
sub check_arrow
{
	my ($file, $how, $used, $names) = @_;
	my ($from, $to) = ($room_of{$file}, room_of($used));
	my $by = $how eq 'uses' ? " (@$names)" : '';

	if (!$may_use{$from}{$to}) {
		complain("$file $how $used$by: $from may not use $to");
	} elsif ($how eq 'uses') {
		my @own = grep { !is_declared($_, $to) } @$names;

		complain("$file uses $used (@own): not declared in ${to}'s public header") if @own;
	}
}

# Tests may use everything.
sub check_use
{
	my ($file, $how, $used, $names) = @_;
	my ($from, $to) = ($room_of{$file}, room_of($used));

	return if !$to;
	$is_used{$from}{$to} = 1;
	if ($from eq $to) {
		$uses{$file}{$used}{$_} = 1 for @$names;
	} elsif ($from ne 'tests') {
		check_arrow(@_);
	}
}

sub check_includes
{
	my ($file) = @_;
	open my $text, '<', "$source_tree/$file" or die "$file: $!\n";

	while (<$text>) {
		my ($header, $comment) = m,^\s*#\s*include\s+"([^"]+)"\s*(/\*.*)?, or next;
		my $room = room_of($header);

		check_use($file, 'includes', $header, ['#include']);
		next if !$room || $room eq $room_of{$file} || is_public($header, $room);
		if ($room_of{$file} ne 'tests') {
			complain("$file includes $header, which is ${room}'s own");
		} elsif (!$comment) {
			complain("$file includes $header, which is ${room}'s own, and no comment beside it says why");
		}
	}
}

# ---- the objects -------------------------------------------------------------------------------------

# Objects of the files as they are there now; one may be made for a program alone (PROGRAM-FILE.o).
sub find_objects
{
	my %file_of;

	for my $file (sort grep { /\.c$/ } keys %room_of) {
		my ($folder, $name) = $file =~ m,(.*)/(.*)\.c$,;
		my @objects = grep { -e } "$build_tree/$folder/$name.o",
			glob("$build_tree/$folder/*-$name.o");

		complain("$file has no object in $build_tree") if !@objects && $room_of{$file} ne 'tests';
		$file_of{$objects[0]} = $file if @objects;
	}
	return \%file_of;
}

sub check_calls
{
	my $file_of = find_objects();
	my (%defined_by, %tests_define, %wanted_by);

	return if !%$file_of;
	open my $nm, '-|', $ENV{NM} || 'nm', '-A', '-P', '-g', sort keys %$file_of or die "nm: $!\n";
	while (<$nm>) {
		my ($object, $symbol, $kind) = /^(.*?): (\S+) (\S)/ or next;
		my $file = $file_of->{$object};

		if ($kind eq 'U') {
			push @{$wanted_by{$file}}, $symbol;
		} elsif ($kind =~ /[A-TX-Z]/ && $symbol ne 'main') {
			my $all = $room_of{$file} eq 'tests' ? \%tests_define : \%defined_by;

			push @{$all->{$symbol}}, $file;
		}
	}
	close $nm or die "nm failed\n";
	for (sort keys %defined_by) {
		my @files = @{$defined_by{$_}};

		complain("$_ is defined twice: in $files[0] and in $files[1]") if @files > 1;
	}
	for my $file (sort keys %wanted_by) {
		my %names;

		for (sort @{$wanted_by{$file}}) {
			my $there = $defined_by{$_};

			$there = $tests_define{$_} if !$there && $room_of{$file} eq 'tests';
			push @{$names{$there->[0]}}, $_ if $there && @$there == 1;
		}
		check_use($file, 'uses', $_, $names{$_}) for sort keys %names;
	}
}

# ---- circles -----------------------------------------------------------------------------------------

# Each way that leads back to where it began.
sub check_circles
{
	my ($ways, $tell) = @_;
	my %reached = map { $_ => reached($ways, $_) } keys %$ways;

	for my $from (sort keys %$ways) {
		for my $to (sort keys %{$ways->{$from}}) {
			$tell->($from, $to) if $from ne $to && $reached{$to}{$from};
		}
	}
}

read_picture();
check_circles(\%arrow, sub { complain("the picture has a circle with the arrow from $_[0] to $_[1]") });
%may_use = map { $_ => reached(\%arrow, $_) } keys %is_room;
find_files();
check_includes($_) for sort keys %room_of;
check_calls();
check_circles(\%uses, sub {
	my ($from, $to) = @_;
	my @names = sort keys %{$uses{$from}{$to}};

	complain("in a circle of files: $from uses $to (@names)");
});
for my $from (sort keys %arrow) {
	for my $to (sort keys %{$arrow{$from}}) {
		complain("the picture has an arrow from $from to $to that nobody needs")
			if !$is_used{$from}{$to};
	}
}
exit($problems ? 1 : 0);
