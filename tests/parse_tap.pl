#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# parse_tap.pl <TAP: reads it with TAP::Parser, as prove does, and prints what that understood: a
# line for each result ("ok" or "not ok", number, description, directive, its reason), the members
# of each YAML block as PATH=VALUE, and the errors.
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

my $tap = do { local $/; <STDIN> };
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
	} elsif ($result->is_unknown) {
		print 'unknown|', $result->as_string, "\n";
	}
}
print "plan|", $parser->tests_planned // '', '|', $parser->tests_run, "\n";
print "error|$_\n" for $parser->parse_errors;
