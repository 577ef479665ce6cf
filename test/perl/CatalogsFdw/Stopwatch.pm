package CatalogsFdw::Stopwatch;

=pod

=head1 NAME

CatalogsFdw::Stopwatch - a limit of time, on a machine that may be busy

=head1 SYNOPSIS

  use CatalogsFdw::Stopwatch;

  my $start = time;
  ...
  is_within(time - $start, 0.1, 'ends at once');

=head1 DESCRIPTION

A process beside the test sleeps for some milliseconds again and again, and writes
down by how much it was woken too late: so much later may whatever else have been
that ran on this machine at that time.

=cut

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use IO::Handle;
use POSIX ();
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(lateness is_within);

my $pulse_us = 5000;
# A sleep is never quite as long as it was to be.
my $usual = 0.002;

my ($reader, $process);
my @late;    # [ when it should have been woken, when it was ]

_begin();

sub _begin
{
	pipe $reader, my $writer or die "pipe: $!";
	$process = fork // die "fork: $!";
	if ($process == 0)
	{
		my $parent = getppid;

		close $_ foreach $reader, *STDIN, *STDOUT, *STDERR;
		$writer->blocking(0);
		while (getppid == $parent)
		{
			my $due = time + $pulse_us / 1e6;
			usleep($pulse_us);
			my $now = time;
			syswrite $writer, "$due $now\n" if $now - $due > $usual;
		}
		POSIX::_exit(0);
	}
	close $writer;
	$reader->blocking(0);
	return;
}

=head2 lateness($from, $to)

By how much the machine was late between two times, in all.

=cut

sub lateness
{
	my ($from, $to) = @_;
	my $sum = 0;

	_read();
	foreach (@late)
	{
		my ($due, $now) = @$_;
		$due = $from if $due < $from;
		$now = $to if $now > $to;
		$sum += $now - $due if $now > $due;
	}
	return $sum;
}

my $unread = '';

sub _read
{
	# What it is about to write down belongs to it.
	usleep(2 * $pulse_us);
	1 while sysread $reader, $unread, 65536, length $unread;
	while ($unread =~ s/^(\S+) (\S+)\n//) { push @late, [ $1, $2 ] }
	return;
}

=head2 is_within($seconds, $limit, $name)

A test: what took so many seconds, and has just ended, took less than the limit, the
machine's lateness not counted.  Returns the seconds without it.

=cut

sub is_within
{
	my ($seconds, $limit, $name) = @_;
	my $now = time;
	my $own = $seconds - lateness($now - $seconds, $now);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	cmp_ok($own, '<', $limit, $name)
	  or diag(sprintf 'it took %.3f s, in which the machine was late by %.3f s',
		$seconds, $seconds - $own);
	return $own;
}

END
{
	# The exit status of the test is not to be touched.
	local $?;
	if ($process) { kill 'KILL', $process; waitpid $process, 0 }
}

1;
