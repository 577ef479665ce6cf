package CatalogsFdw::Life::ServerLog;

=pod

=head1 NAME

CatalogsFdw::Life::ServerLog - what a server logs, as it comes

=head1 SYNOPSIS

  my $log = CatalogsFdw::Life::ServerLog->new($t->node);
  my $mark = $log->mark($pid);
  ...
  my @texts = $log->since($pid, $mark);
  print $log->surprises;    # nothing

=head1 DESCRIPTION

The server's log_line_prefix is to be C<$CatalogsFdw::Life::ServerLog::prefix>.

=cut

use strict;
use warnings FATAL => 'all';

our $prefix = '%m [%p] %e ';

# The SQLSTATEs that a client may get: those of README.md, "When something fails", that
# of a character that is no text, and those that the life itself brings about.
my %expected = map { $_ => 1 } qw(
  08001 08006 08007 28000 42501 55000 53400 HV00R 40001 54000 HV00M HV000 22P05
  57014 57P01 57P02 57P03 22012 23505 42704);

# Those of a warning: some rows remain, it is not known which, a backend was killed.
my %expected_warning = map { $_ => 1 } qw(01000 08007 57P02);

# What is logged of a life in which backends are killed, and clients vanish.
my $usual = qr/^(?:
	starting\ PostgreSQL | listening\ on | database\ system\ (?:is|was) | checkpoint | redo\ |
	invalid\ (?:record\ length|resource\ manager|magic\ number) | all\ server\ processes\ terminated |
	server\ process\ \(PID\ \d+\)\ was\ terminated\ by\ signal\ 9 | terminating\ any\ other\ active |
	received\ (?:immediate|fast)\ shutdown | shutting\ down | unexpected\ EOF\ on\ client |
	could\ not\ (?:send|receive)\ data\ (?:to|from)\ client | background\ worker\ "logical |
	issuing\ SIGKILL | aborting\ any\ active | automatic\ (?:vacuum|analyze) |
	unexpected\ pageaddr | record\ with\ incorrect\ prev-link | contrecord | there\ is\ no\ contrecord |
	end-of-recovery | connection\ to\ client\ lost
)/x;

sub new
{
	my ($class, $node) = @_;
	return bless { file => $node->logfile, at => 0, texts => {}, surprises => [], times => {} }, $class;
}

=head2 $log->mark($pid)

=head2 $log->since($pid, $mark)

The errors and warnings of a process since then, each with its detail.

=head2 $log->forget($pid)

Another process may have that id now.

=cut

sub mark
{
	my ($self, $pid) = @_;
	$self->_read;
	return scalar @{ $self->{texts}{$pid} // [] };
}

sub since
{
	my ($self, $pid, $mark) = @_;
	$self->_read;
	my $texts = $self->{texts}{$pid} // [];
	return @$texts[ $mark .. $#$texts ];
}

sub forget { delete $_[0]{texts}{ $_[1] }; return; }

=head2 $log->surprises

Lines that should not be there.

=head2 $log->times($severity)

How many lines there were of it.

=cut

sub surprises { $_[0]->_read; return @{ $_[0]{surprises} }; }

sub times { return $_[0]{times}{ $_[1] } // 0; }

# What has been written since the last time, whole entries.
sub _read
{
	my ($self) = @_;
	open my $in, '<:raw', $self->{file} or die "$self->{file}: $!";
	seek $in, $self->{at}, 0;
	my $text = do { local $/; readline $in } // '';
	close $in;
	$text = substr $text, 0, 1 + rindex $text, "\n";
	$self->{at} += length $text;
	$text =~ s/\n\t/ /g;
	$self->_take($_) foreach split /\n/, $text;
	return;
}

sub _take
{
	my ($self, $line) = @_;
	my ($pid, $sqlstate, $severity, $message) =
	  $line =~ /^[\d-]+ [\d:.]+ \w+ \[(\d+)\] (\w{5}) ([A-Z]+):  (.*)/;

	if (!defined $pid)
	{
		push @{ $self->{surprises} }, $line;
		return;
	}
	push @{ $self->{texts}{$pid} }, $message if $severity =~ /WARNING|ERROR|FATAL|DETAIL/;
	return if $severity =~ /DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION/;
	$self->{times}{$severity}++;
	push @{ $self->{surprises} }, $line if !_is_expected($severity, $sqlstate, $message);
	return;
}

sub _is_expected
{
	my ($severity, $sqlstate, $message) = @_;

	return 0 if $message =~ /leak|refcount|TRAP|still referenced|not owned/;
	return $message =~ $usual if $severity eq 'LOG';
	return $expected{$sqlstate} if $severity eq 'ERROR';
	return $expected{$sqlstate} || $sqlstate eq '08006' || $sqlstate eq '08P01' if $severity eq 'FATAL';
	return $expected_warning{$sqlstate} if $severity eq 'WARNING';
	return $severity eq 'NOTICE';
}

1;
