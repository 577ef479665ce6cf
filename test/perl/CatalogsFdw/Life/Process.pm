package CatalogsFdw::Life::Process;

=pod

=head1 NAME

CatalogsFdw::Life::Process - what a process holds: memory, descriptors

=head1 SYNOPSIS

  use CatalogsFdw::Life::Process;

  my $before = holds($session);
  ...
  my $grown = holds($session)->{contexts} - $before->{contexts};

=head1 DESCRIPTION

Functions, all of them exported.

=cut

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use PostgreSQL::Test::Utils;

our @EXPORT = qw(holds descriptors private_kb shared_kb);

=head2 holds($session)

What the backend of a CatalogsFdw::Session holds:

  contexts     kB of all memory contexts
  ours         bytes of those that are the wrapper's
  private      kB of memory that is its own, malloc()ed or not
  shared       kB of dynamic shared memory that it has mapped
  descriptors  that are open, but for the server's files, which it keeps for later

=head2 descriptors($pid)

=head2 private_kb($pid)

=head2 shared_kb($pid)

=cut

sub holds
{
	my ($session) = @_;
	my ($contexts, $ours) = @{
		$session->ask(q{SELECT sum(total_bytes) / 1024,
			sum(used_bytes) FILTER (WHERE name LIKE 'catalogs_fdw%')
			FROM pg_backend_memory_contexts})->{rows}[0]
	};

	return {
		contexts => int $contexts,
		ours => $ours // 0,
		private => private_kb($session->pid),
		shared => shared_kb($session->pid),
		descriptors => descriptors($session->pid)
	};
}

sub descriptors
{
	my ($pid) = @_;
	return scalar grep { defined && !m{/(?:base|global|pg_\w+)/} } map { readlink } glob "/proc/$pid/fd/*";
}

sub private_kb
{
	my ($pid) = @_;
	return slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m ? $1 : 0;
}

sub shared_kb
{
	my ($pid) = @_;
	my $sum = 0;

	foreach (split /\n/, slurp_file("/proc/$pid/maps"))
	{
		my ($from, $to) = m{^(\w+)-(\w+) .*/dev/shm/PostgreSQL} or next;
		no warnings 'portable';    # addresses of 64 bits
		$sum += hex($to) - hex($from);
	}
	return $sum / 1024;
}

1;
