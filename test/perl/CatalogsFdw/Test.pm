package CatalogsFdw::Test;

=pod

=head1 NAME

CatalogsFdw::Test - an account, a server that looks into it, and questions

=head1 SYNOPSIS

  use CatalogsFdw::Test;
  use Test::More;

  my $t = CatalogsFdw::Test->new;
  is($t->sql('SELECT count(*) FROM catalogs'), 4, 'every list is a row');
  is($t->wire, 'GET /api/v2/catalogs', 'in one request');

  $t->fault('close_applied', on => 'POST');
  $t->fails_with('08007', qr/outcome/, q{INSERT INTO catalogs (name) VALUES ('x')},
      'an unknown outcome is said to be unknown');
  done_testing();

=head1 DESCRIPTION

Starts an emulator (test/emulator) and a PostgreSQL cluster on a private
socket, with the extension, the foreign server "acme", a user mapping and the
table "catalogs" in the database "postgres".  Both end with the test.

=cut

use strict;
use warnings FATAL => 'all';

use Cwd ();
use IO::Socket::UNIX;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes ();

my @running;

=head1 METHODS

=head2 CatalogsFdw::Test->new(%options)

  name => 'main'              name of the cluster
  https => 0                  talk TLS: url, and the emulator's ca_file
  token => 'main-token'       access token in the user mapping
  server => { batch_size => 2 }   further options of the foreign server;
                              requests_per_second is 0 unless it is there
  conf => "work_mem = '1MB'"  lines for postgresql.conf
  emulator => ['--set', ...]  arguments of "emulator serve"
  table => 1                  0: no foreign server, mapping and table

=cut

sub new
{
	my ($class, %options) = @_;
	my $self = bless {
		name => 'main',
		token => 'main-token',
		server => {},
		conf => '',
		emulator => [],
		table => 1,
		%options
	}, $class;

	$self->_start_emulator;
	$self->_start_node;
	$self->make_table if $self->{table};
	return $self;
}

sub _start_emulator
{
	my ($self) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir_short();
	my @command = (
		'emulator', 'serve', '--control', "$folder/control",
		@{ $self->{emulator} });
	my $timer = IPC::Run::timer($PostgreSQL::Test::Utils::timeout_default);

	$self->{greeting} = '';
	$self->{control} = "$folder/control";
	$self->{process} =
	  IPC::Run::start(\@command, '<', \undef, '>', \$self->{greeting}, $timer);
	push @running, $self;

	# the last line of the greeting names the control socket
	until ($self->{greeting} =~ /CATALOGS_EMULATOR=.*\n/)
	{
		$self->{process}->pumpable
		  or die "the emulator did not start: $self->{greeting}";
		$self->{process}->pump;
		die "the emulator is slow to start" if $timer->is_expired;
	}
	$timer->reset;
	return;
}

sub _start_node
{
	my ($self) = @_;
	my $node = PostgreSQL::Test::Cluster->new($self->{name});

	$node->init;
	$node->append_conf('postgresql.conf', "log_statement = none\n$self->{conf}\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION catalogs_fdw');
	$self->{node} = $node;
	return;
}

=head2 $t->make_table

Makes the server "acme", a user mapping and the table "catalogs", as the
options of new() say.  new() does it unless told not to.

=cut

sub make_table
{
	my ($self) = @_;
	my %server = (url => $self->url, requests_per_second => 0, %{ $self->{server} });

	$server{ca_file} = $self->ca_file if $self->{https};
	my $options = join ', ',
	  map { "$_ '$server{$_}'" } sort keys %server;
	$self->sql(<<"SQL");
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS ($options);
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (access_token '$self->{token}');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
SQL
	return;
}

=head2 $t->node

The PostgreSQL::Test::Cluster.

=head2 $t->url($scheme)

Of the account: http://127.0.0.1:PORT, or https://localhost:PORT.

=head2 $t->ca_file

The certificate that signed the emulator's.

=cut

sub node { return $_[0]{node}; }

sub url
{
	my ($self, $scheme) = @_;
	$scheme //= $self->{https} ? 'https' : 'http';

	$self->{greeting} =~ m{^\Q$scheme\E://localhost:(\d+)/}m
	  or die "the emulator has no $scheme port: $self->{greeting}";
	return $scheme eq 'https' ? "https://localhost:$1" : "http://127.0.0.1:$1";
}

sub ca_file
{
	my ($self) = @_;
	$self->{greeting} =~ /signed by (.*)$/m or die 'the emulator has no TLS';
	return $1;
}

=head2 $t->sql($sql)

Runs it in a session of its own and returns what psql prints, unaligned; dies
if it fails.

=head2 $t->try_sql($sql)

The same, but returns { output, error, sqlstate, seconds } whether it fails or
not; sqlstate is that of the first error, empty if there is none.

=cut

sub sql
{
	my ($self, $sql) = @_;
	return $self->node->safe_psql('postgres', $sql);
}

sub try_sql
{
	my ($self, $sql) = @_;
	my ($output, $error);
	my $start = Time::HiRes::time();

	$self->node->psql(
		'postgres', $sql,
		stdout => \$output,
		stderr => \$error,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	my ($sqlstate) = $error =~ /(?:ERROR|FATAL|PANIC):  (\w{5}):/;
	return {
		output => $output,
		error => $error,
		sqlstate => $sqlstate // '',
		seconds => Time::HiRes::time() - $start
	};
}

=head2 $t->try_in($session, $sql)

The same in a session that stays, which must outlive it.

=cut

sub try_in
{
	my ($self, $session, $sql) = @_;
	my $start = Time::HiRes::time();

	$session->{stderr} = '';
	my $output = $session->query(
		"\\set ON_ERROR_STOP 0\n\\set VERBOSITY verbose\n$sql");
	my $error = $session->{stderr};
	my ($sqlstate) = $error =~ /(?:ERROR|FATAL|PANIC):  (\w{5}):/;
	return {
		output => $output,
		error => $error,
		sqlstate => $sqlstate // '',
		seconds => Time::HiRes::time() - $start
	};
}

=head2 $t->await_closed($port)

Waits until who listens on a port, the emulator unless it is given, has closed all
connections there: it does so after its last reply.

=cut

sub await_closed
{
	my ($self, $port) = @_;
	($port) = $self->url =~ /:(\d+)$/ if !defined $port;
	Time::HiRes::usleep(1000)
	  while grep { /^ *\d+: \S+:(\w+) \S+ 01 / && hex $1 == $port }
	  split /\n/, slurp_file('/proc/net/tcp');
	return;
}

=head2 $t->fails_with($sqlstate, $regex, $sql, $name)

A test: the SQL fails with that SQLSTATE, and the message, with its detail and
hint, matches.  Returns what try_sql() does.

=cut

sub fails_with
{
	my ($self, $sqlstate, $regex, $sql, $name) = @_;
	my $got = $self->try_sql($sql);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($got->{sqlstate} eq $sqlstate && $got->{error} =~ $regex, $name)
	  or diag("wanted $sqlstate and $regex, got:\n$got->{error}$got->{output}");
	return $got;
}

=head2 $t->session

A psql that stays: a BackgroundPsql, with query(), query_until(), quit().

=cut

sub session
{
	my ($self, %options) = @_;
	return $self->node->background_psql('postgres', %options);
}

=head2 $t->emulator(@words)

Says that to the emulator, and returns its answer; dies if it refuses.
See "emulator --help".

=head2 $t->wire(@options)

The requests since the last time, one a line, without the last line's end.

=head2 $t->fault($fault, $key => $value, ...)

=head2 $t->set($key => $value, ...)

=head2 $t->reset

All as at the start: no faults, default settings, the lists of the seed.

=cut

# What the program "emulator" does, without the time that it takes to start one.
sub emulator
{
	my ($self, @words) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $self->{control})
	  or die "no answer at $self->{control}: $!";

	$socket->print(map { "$_\0" } Cwd::getcwd(), @words);
	$socket->shutdown(1);
	my ($status, $output) =
	  split /\n/, do { local $/; $socket->getline // "1\n" }, 2;
	die "emulator @words: $output" if $status;
	return $output;
}

sub wire
{
	my ($self, @options) = @_;
	my $output = $self->emulator('wire', @options);
	chomp $output;
	return $output;
}

sub fault
{
	my ($self, $fault, @pairs) = @_;
	return $self->emulator('fault', $fault, _assignments(@pairs));
}

sub set
{
	my ($self, @pairs) = @_;
	return $self->emulator('set', _assignments(@pairs));
}

sub reset
{
	my ($self) = @_;
	return $self->emulator('reset');
}

sub _assignments
{
	my (@pairs) = @_;
	my @words;
	while (my ($key, $value) = splice @pairs, 0, 2)
	{
		push @words, "$key=$value";
	}
	return @words;
}

=head2 $t->log

What the server has logged so far.

=head2 $t->stop_emulator

Ends it before the test ends.

=cut

sub log
{
	my ($self) = @_;
	return slurp_file($self->node->logfile);
}

sub stop_emulator
{
	my ($self) = @_;
	my $process = delete $self->{process} or return;
	$process->signal('TERM');
	$process->finish;
	return;
}

END
{
	# The exit status of the test is not to be touched.
	local $?;
	$_->stop_emulator for @running;
}

1;
