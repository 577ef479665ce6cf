package CatalogsFdw::Session;

=pod

=head1 NAME

CatalogsFdw::Session - a session without a psql in between

=head1 SYNOPSIS

  my $session = CatalogsFdw::Session->new($t->node);
  my $got = $session->ask('SELECT id, name FROM catalogs');
  print "$_->[0] $_->[1]\n" foreach @{ $got->{rows} };

  $session->send('COMMIT');                # does not wait
  is($session->result->{sqlstate}, '08007');

=head1 DESCRIPTION

Speaks PostgreSQL's protocol, version 3.0, its simple queries, over a node's
Unix socket.  A question costs what the server takes for it, and an answer keeps
the fields of errors and warnings apart; a test can let go of a question that
waits, look elsewhere and come back, or vanish without a word.

=cut

use strict;
use warnings FATAL => 'all';

use IO::Select;
use IO::Socket::UNIX;
use PostgreSQL::Test::Utils;
use Time::HiRes ();

# The fields of an error or a notice that are kept.
my %fields = (
	V => 'severity', C => 'sqlstate', M => 'message', D => 'detail', H => 'hint');

=head1 METHODS

=head2 CatalogsFdw::Session->new($node, %parameters)

Connects, as the superuser, to the database "postgres".  The parameters are
those of a startup message: C<< options => '-c work_mem=1MB' >>.

=head2 $session->pid

Of the backend.

=cut

sub new
{
	my ($class, $node, %parameters) = @_;
	my $path = $node->host . '/.s.PGSQL.' . $node->port;
	my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!";
	my %startup = (
		user => scalar getpwuid($<),
		database => 'postgres',
		application_name => $0,
		%parameters);
	my $words = join '', map { "$_\0$startup{$_}\0" } sort keys %startup;
	my $self = bless { socket => $socket, buffer => '' }, $class;

	syswrite $socket, pack('N N a* x', length($words) + 9, 196608, $words);
	my $got = $self->result;
	die "$path: $got->{said}" if $got->{lost} || $got->{sqlstate};
	return $self;
}

sub pid { return $_[0]{pid}; }

=head2 $session->ask($sql)

Sends the SQL, one statement or several, and returns what came of it:

  rows       of all statements, each an array of texts and undefs
  sqlstate   of the error, '' if there is none
  error      its severity, sqlstate, message, detail and hint
  warnings   the same of every warning
  said       all of that as text
  status     I, T or E: outside of a transaction, in one, in a failed one
  lost       the connection has ended
  seconds    since it was sent

=head2 $session->send($sql)

=head2 $session->result($seconds)

The two halves of it.  Dies when there is no answer within that time, or the
usual one.

=head2 $session->is_ready

Whether some of the answer is there.

=head2 $session->is_done

Whether all of it is, so that result() does not wait.

=cut

sub ask
{
	my ($self, $sql) = @_;
	$self->send($sql);
	return $self->result;
}

sub send
{
	my ($self, $sql) = @_;
	my $query = $sql;

	utf8::encode($query) if utf8::is_utf8($query);
	local $SIG{PIPE} = 'IGNORE';
	$self->{started} = Time::HiRes::time();
	syswrite $self->{socket}, pack('a N a* x', 'Q', length($query) + 5, $query);
	return;
}

sub result
{
	my ($self, $seconds) = @_;
	my $limit = Time::HiRes::time()
	  + ($seconds // $PostgreSQL::Test::Utils::timeout_default);
	my %got = (rows => [], warnings => [], sqlstate => '', said => '');

	$self->{started} //= Time::HiRes::time();
	until ($got{status})
	{
		my ($type, $body) = $self->_message($limit);
		if (!defined $type)
		{
			$got{lost} = 1;
			last;
		}
		if ($type eq 'D')
		{
			push @{ $got{rows} }, _row($body);
		}
		elsif ($type eq 'E' || $type eq 'N')
		{
			_hear(\%got, $body);
		}
		elsif ($type eq 'K')
		{
			$self->{pid} = unpack 'N', $body;
		}
		elsif ($type eq 'R')
		{
			die 'the server asks for a password' if unpack 'N', $body;
		}
		elsif ($type eq 'Z')
		{
			$got{status} = $body;
		}
	}
	$got{seconds} = Time::HiRes::time() - $self->{started};
	return \%got;
}

sub is_ready
{
	my ($self) = @_;
	return $self->{buffer} ne ''
	  || scalar IO::Select->new($self->{socket})->can_read(0);
}

sub is_done
{
	my ($self) = @_;
	my $select = IO::Select->new($self->{socket});

	while ($select->can_read(0))
	{
		my $n = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
		return 1 if defined $n ? $n == 0 : !$!{EINTR};
	}
	for (my $at = 0; $at + 5 <= length $self->{buffer};)
	{
		my ($type, $length) = unpack 'a N', substr $self->{buffer}, $at, 5;
		$at += 1 + $length;
		return 1 if $type eq 'Z' && $at <= length $self->{buffer};
	}
	return 0;
}

# The next message's type and body; nothing when the connection has ended.
sub _message
{
	my ($self, $limit) = @_;

	for (;;)
	{
		my ($type, $length) = unpack 'a N', $self->{buffer};
		if (defined $length && length($self->{buffer}) > $length)
		{
			my $body = substr $self->{buffer}, 5, $length - 4;
			substr $self->{buffer}, 0, $length + 1, '';
			return ($type, $body);
		}
		my $left = $limit - Time::HiRes::time();
		$! = 0;
		if (!IO::Select->new($self->{socket})->can_read($left > 0 ? $left : 0))
		{
			# a signal is no answer, nor is it the end of waiting
			next if $!{EINTR} && $left > 0;
			die 'the server does not answer';
		}
		my $n = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
		return if defined $n ? $n == 0 : !$!{EINTR};
	}
}

sub _row
{
	my ($body) = @_;
	my $n = unpack 'n', $body;
	my $at = 2;
	my @row;

	foreach (1 .. $n)
	{
		my $length = unpack 'l>', substr $body, $at, 4;
		$at += 4;
		push @row, $length < 0 ? undef : substr $body, $at, $length;
		$at += $length if $length > 0;
	}
	return \@row;
}

# An error or a notice.
sub _hear
{
	my ($got, $body) = @_;
	my %said = map { $_ => '' } values %fields;

	foreach (split /\0/, $body)
	{
		my ($key, $text) = /^(.)(.*)/s or next;
		$said{ $fields{$key} } = $text if $fields{$key};
	}
	$got->{said} .= "$said{severity}: $said{sqlstate}: $said{message}\n";
	$got->{said} .= "DETAIL: $said{detail}\n" if $said{detail} ne '';
	$got->{said} .= "HINT: $said{hint}\n" if $said{hint} ne '';
	if ($said{severity} =~ /ERROR|FATAL|PANIC/)
	{
		$got->{error} //= \%said;
		$got->{sqlstate} ||= $said{sqlstate};
	}
	push @{ $got->{warnings} }, \%said if $said{severity} eq 'WARNING';
	return;
}

=head2 $session->quit

Says goodbye.

=head2 $session->vanish

Does not.

=cut

sub quit
{
	my ($self) = @_;

	local $SIG{PIPE} = 'IGNORE';
	syswrite $self->{socket}, pack('a N', 'X', 4);
	$self->vanish;
	return;
}

sub vanish
{
	my ($self) = @_;
	close $self->{socket};
	return;
}

1;
