#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# alike.pl FOLDER OTHER: whether two rounds of tests/alike.sh say the same of each server: in each
# scenario its status, and the findings by name; of right ones also which outcomes there were, not of how
# many clients. (Whom a server meets when it dies, closes, or leaves a group, is chance.) What programs.sh says
# may be found is left out. Prints what differs; exit status 1.
use strict;
use warnings;
use JSON::PP;

sub content {
	open my $file, '<', $_[0] or return undef;
	local $/;
	return <$file>;
}

sub unique { my %seen; return grep { !$seen{$_}++ } @_ }

sub words { return join(', ', unique(sort @_)) || 'nothing' }

sub is_chance {
	my ($folder, $finding) = @_;
	return (content("$folder/table") // '') =~ /^may_find\t\Q$finding\E\t/m;
}

sub is_changing {
	my ($scenario) = @_;
	return $scenario->{scenario} =~ /^(stop|restart|reload|handover)$/ || @{$scenario->{findings} // []};
}

# What is said of each scenario in each family, under "burst/ipv4 findings" and the like.
sub said_in {
	my ($folder) = @_;
	my $trial = eval { decode_json(content("$folder/try.json") // '') } or return { trial => 'none' };
	my %said = (trial => $trial->{complete} ? 'whole' : 'a part');
	for my $scenario (@{$trial->{scenarios}}) {
		my $name = "$scenario->{scenario}/$scenario->{family}";
		my @findings = grep { !is_chance($folder, $_) } map { $_->{name} } @{$scenario->{findings} // []};
		$said{"$name findings"} = words(@findings);
		$said{"$name outcomes"} = words(map { "$_->{role} $_->{words}" } @{$scenario->{outcomes} // []})
			unless is_changing($scenario);
		$said{"$name status"} = $scenario->{status} eq 'failed' && !@findings ? 'passed' : $scenario->{status};
	}
	return \%said;
}

my ($folder, $other) = @ARGV;
my $different = 0;
for my $place (sort glob("$other/*/")) {
	my ($name) = $place =~ m{([^/]+)/$};
	my ($before, $now) = (said_in("$folder/$name"), said_in("$other/$name"));
	for my $what (unique(sort keys %$before, keys %$now)) {
		my ($was, $is) = map { $_->{$what} // 'not played' } $before, $now;
		next if $was eq $is;
		print "$name: $what: $is; before: $was\n";
		$different = 1;
	}
}
exit $different;
