#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# parse_tap.pl <TAP: reads it with TAP::Parser, as prove does, and prints what that understood: a
# line for each result ("ok" or "not ok", number, description, directive, its reason), the members
# of each YAML block as PATH=VALUE, and the errors. A subtest, which TAP::Parser passes over, is read
# as TAP of its own; its results begin with "sub|".
# Before 3.45, TAP::Parser knows version 13 and takes 14 for an error; the blocks are the same.
use strict;
use warnings;
use TAP::Parser;

sub flat {
	my ($path, $value) = @_;
	if (ref $value eq 'HASH') {
		flat("$path.$_", $value->{$_}) for sort keys %$value;
	} elsif (ref $value eq 'ARRAY') {
		flat("$path.$_", $value->[$_]) for 0 .. $#$value;
	} else {
		$value //= '~';
		print substr($path, 1), "=$_\n" for split /\n/, $value;
	}
}

sub subtest {
	my $parser = TAP::Parser->new({ tap => shift });

	while (my $result = $parser->next) {
		print join('|', 'sub', $result->ok, $result->number, $result->description), "\n"
			if $result->is_test;
		print 'unknown|', $result->as_string, "\n" if $result->is_unknown;
	}
	print "error|sub: $_\n" for $parser->parse_errors;
}

my $tap = do { local $/; <STDIN> };
my ($block, $subtest) = (0, '');
for (split /^/, $tap) {
	$block = !$block if $block ? /^  \.\.\.$/ : /^  ---$/;
	if (!$block && /^    (.*\n)/) {
		$subtest .= $1;
	} elsif ($subtest) {
		subtest($subtest);
		$subtest = '';
	}
}
$tap =~ s/\ATAP version 14$/TAP version 13/m if $TAP::Parser::VERSION < 3.45;
my $parser = TAP::Parser->new({ tap => $tap });
while (my $result = $parser->next) {
	if ($result->is_test) {
		print join('|', $result->ok, $result->number, $result->description,
			$result->directive, $result->explanation), "\n";
	} elsif ($result->is_yaml) {
		flat('', $result->data);
	} elsif ($result->is_bailout) {
		print 'Bail out|', $result->explanation, "\n";
	} elsif ($result->is_unknown && $result->as_string !~ /^    /) {
		print 'unknown|', $result->as_string, "\n";
	}
}
print "plan|", $parser->tests_planned // '', '|', $parser->tests_run, "\n";
print "error|$_\n" for $parser->parse_errors;
