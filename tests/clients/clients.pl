#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# clients.pl page FOLDER: docs/clients.md, of all that play.sh has left in FOLDER.
# clients.pl check FOLDER CLIENT PAGE: whether the client did, in the states in which it was played, what the
# page says of it, as far as it was watched. Prints what differs; exit status 1.
use strict;
use warnings;
use JSON::PP;

# Below that a client is told to have ended at once: it is a matter of the machine.
use constant AT_ONCE => 0.95;

sub content {
	open my $file, '<', $_[0] or return undef;
	local $/;
	return <$file>;
}

sub words_in { return split ' ', content($_[0]) // die "$_[0]: $!\n" }

sub table_of {
	my ($folder, $client) = @_;
	return { map { split /\t/, $_, 2 } split /\n/, content("$folder/$client/table") // '' };
}

# ---- what was seen ------------------------------------------------------------------------------

# The line of an error, else the last one, without what depends on the run.
sub said_in {
	my @lines = grep { /\S/ && !/^halfopen: / } split /\n/, content("$_[0]/err") // '';
	my @errors = grep { /error/i } @lines;
	my $said = (@errors, @lines)[@errors ? $#errors : -1] // '';
	$said =~ s/^\s+|\s+$//g;
	$said =~ s/:\d{4,5}->/:PORT->/g;
	$said =~ s/after \d+ ms/after N ms/;
	$said =~ s/^[\d-]+ [\d:]+ (?=URL)//;
	$said =~ s/0x[0-9a-f]+/0xN/g;
	return length $said > 160 ? '... ' . substr($said, -156) : $said;
}

# { error } of the run itself, or { lasts } or { status, seconds }, with tries and said.
sub cell_of {
	my ($folder, $client, $state) = @_;
	my $cell = "$folder/$client/" . $state =~ tr,/,_,r;
	my $stage = decode_json(content("$cell/stage.json") // return undef);
	return { error => $stage->{reason} // 'it is not complete' } unless ($stage->{status} // '') eq 'passed';
	my @connections = sort { $a->{began} <=> $b->{began} } @{$stage->{connections}};
	my $seconds = $stage->{client}{seconds} - (@connections ? $connections[0]{began} : 0);
	my %cell = (tries => scalar @connections, said => said_in($cell), seconds => $seconds);
	$cell{lasts} = defined $stage->{client}{ended_by};
	$cell{status} = $stage->{client}{exit_status};
	return \%cell;
}

# As the page has it: "7 at once", "1 after 10 s", "longer than 30 s".
sub ending_of {
	my ($cell) = @_;
	return 'not played' if !$cell;
	return 'not held' if $cell->{error};
	return sprintf 'longer than %d s', 10 * int($cell->{seconds} / 10) if $cell->{lasts};
	return "$cell->{status} at once" if $cell->{seconds} < AT_ONCE;
	return sprintf '%d after %.0f s', $cell->{status}, $cell->{seconds};
}

# ---- page ---------------------------------------------------------------------------------------

sub row { print '| ', join(' | ', map { s/\|/\\|/gr } @_), " |\n" }

sub code { return length $_[0] ? '`` ' . $_[0] =~ s/`/'/gr . ' ``' : '' }

# "curl 7.88.1", without what it was built with.
sub version_in { return ($_[0]{version} // '') =~ s/,.*| built .*| \((?!PostgreSQL).*//r }

sub page_of_client {
	my ($client, $table, $cells, @states) = @_;
	print "\n### $client\n\n", join('. ', grep { length } $table->{about}, version_in($table)), ".\n\n";
	print "    halfopen stage STATE $table->{command}\n\n";
	row('state', 'ends', 'connections', 'what it says');
	row(('---') x 4);
	row("`$_->[0]`", ending_of($_->[1]), $_->[1]{tries} // '', code($_->[1]{said} // $_->[1]{error} // ''))
		for map { [ $_, $cells->{$_} ] } grep { $cells->{$_} } @states;
}

sub page {
	my ($folder) = @_;
	my @states = words_in("$folder/states");
	my @clients = grep { !-e "$folder/$_/skipped" } words_in("$folder/clients");
	my %tables = map { $_ => table_of($folder, $_) } @clients;
	my %cells;
	for my $client (@clients) {
		$cells{$client}{$_} = cell_of($folder, $client, $_) for @states;
	}
	print <<'END';
# Clients on stage

What clients that everybody has do in each state of [`halfopen stage`](stage.md), with the time-outs that they have by themselves:
most have none. `make clients` plays all of them, with the files of `tests/clients/`, and writes this page; `make check` plays a few
cells again, and fails where a client does something else.

`7, 10 s` is an exit status, and the time from the first SYN to the end; a status alone is at once: in less than a second. `> 30 s` says that
the client was still there when it was ended, and no more: nobody knows from that how long it would have stayed. It says nothing of what the
client would do over IPv6: all of this is over IPv4.

What stands out:

- A SYN that nobody answers is given up by the kernel after two minutes and a little (`tcp_syn_retries`); only fetch() and Go have
  a limit of their own, 10 s and 30 s. A client that tries again begins with two minutes more.
- None of them gives up an answer that does not come within the time that it was watched: half-open, unaccepted, silent and
  zero-window are one to them.
- nc ends with 0 where it was reset after the handshake, and the plain sockets do where the server has closed without an answer.
- `reset` is so early that connect() itself may fail with ECONNRESET. `reset=1s` is a client that was connected.

Longer than that in less time: `halfopen stage STATE --kernel vm --timeout 2h -- CLIENT` ([stage.md](stage.md)).

END
	row('state', @clients);
	row(('---') x (@clients + 1));
	for my $state (@states) {
		my @endings = map { ending_of($cells{$_}{$state}) } @clients;
		row("`$state`", map { s/longer than/>/r =~ s/ at once//r =~ s/ after/,/r } @endings);
	}
	print "\n## Each of them\n";
	page_of_client($_, $tables{$_}, $cells{$_}, @states) for @clients;
}

# ---- check --------------------------------------------------------------------------------------

# { state => "7 at once" }, of the client's part.
sub endings_in {
	my ($page, $client) = @_;
	my ($part) = content($page) =~ /^### \Q$client\E\n(.*?)(?=^### |\z)/ms or return {};
	return { $part =~ /^\| `(\S+)` \| ([^|]*) \|/mg };
}

# What there is to say against it; two clocks are compared where they are far from each other only.
sub problem_of {
	my ($cell, $told) = @_;
	return $cell->{error} if $cell->{error};
	my ($longer) = $told =~ /^longer than (\d+)/;
	my ($status, $after) = $told =~ /^(\d+) (?:at once|after (\d+) s)/;
	return $cell->{seconds} < $longer / 2 ? 'it has ended' : undef if $longer && !$cell->{lasts};
	return undef if $longer;
	return "the page says \"$told\"" if !defined $status;
	return $cell->{seconds} > 5 + 2 * ($after // 0) ? 'it has not ended' : undef if $cell->{lasts};
	return $cell->{status} != $status ? "it has exited with $cell->{status}" : undef;
}

sub check {
	my ($folder, $client, $page) = @_;
	my $told = endings_in($page, $client);
	my $bad = 0;
	for my $state (words_in("$folder/states")) {
		my $cell = cell_of($folder, $client, $state) // next;
		my $problem = problem_of($cell, $told->{$state} // 'nothing') // next;
		print "$state: $problem; the page: ", $told->{$state} // 'nothing', "\n";
		$bad = 1;
	}
	exit $bad;
}

my ($mode, @arguments) = @ARGV;
$mode eq 'check' ? check(@arguments) : page(@arguments);
