# A descriptor that is not to be had, whichever it is, is an error and nothing worse: a
# statement has its whole result or fails, what a transaction has kept is sent or dropped
# as ever, and the next statement works.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use File::Basename qw(dirname);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $library = PostgreSQL::Test::Utils::tempdir() . '/machine.so';
my $said = '';
IPC::Run::run([ 'cc', '-shared', '-fPIC', '-O1', "-I$ENV{CATALOGS_PG_INCLUDE}", '-o', $library,
		dirname(__FILE__) . '/machine.c' ], '>&', \$said) or die $said;

my $t = CatalogsFdw::Test->new(server => { max_retries => 0 });
$t->sql("CREATE FUNCTION leave_descriptors(n integer) RETURNS void AS '$library' LANGUAGE C");
my $twin = $t->url =~ s/127\.0\.0\.1/localhost/r;
$t->sql(<<"SQL");
CREATE SERVER twin FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$twin', requests_per_second '0', max_retries '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER twin OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE twins (id bigint, name text) SERVER twin;
SQL
$t->emulator('add-many', 3000);
my $lists = 3004;

my $session;
sub ask { return $session->ask($_[0]); }

# What is open in the backend.
sub descriptors
{
	return join ' ', sort grep { /^\D+:/ }
	  map { s/:\[\d+\]$/:/r } map { readlink // () } glob '/proc/' . $session->pid . '/fd/*';
}

sub names
{
	my ($like) = @_;
	return join ' ', sort grep { /$like/ } map { (split /\s*\|\s*/)[1] // () }
	  split /\n/, $t->emulator('lists', '--columns', 'id,name');
}

# The SQLSTATE of a failure.  PostgreSQL has none for its own sets of what is waited for,
# nor for its temporary files; of all others it is to be said what they want.
sub said_so
{
	my ($got) = @_;

	like($got->{said}, qr/ 53000: | XX000: .*Too many open files/, 'it is said why') or diag($got->{said});
	return $got->{sqlstate};
}

# With so many that are to be had, from a backend that has none open (or has done it
# before): as many as it takes until nothing fails.
my $most = 40;
sub with_fewer
{
	my ($what, $prepare, $try) = @_;
	my ($n, %states) = (0);

	foreach my $fresh (1, 0)
	{
		for ($n = 0; $n < $most; $n++)
		{
			if ($fresh || !$session)
			{
				$session->quit if $session;
				$session = CatalogsFdw::Session->new($t->node);
				ask("LOAD 'catalogs_fdw'; SET work_mem = '64kB'; SELECT leave_descriptors(-1)");
			}
			$prepare->();
			my $state = $try->($n) // last;
			$states{$state}++;
			my $got = ask('SELECT leave_descriptors(-1); SELECT count(*), count(DISTINCT id) FROM catalogs');
			is(join(' ', @{ $got->{rows}[1] // [ $got->{said} ] }), "$lists $lists", "$what, $n left: $state");
		}
		ask('SELECT leave_descriptors(-1)');
		cmp_ok($n, '<', $most, "$what: it works with $n");
	}
	note("$what: " . join ', ', map { "$_: $states{$_}" } sort keys %states);
	return;
}

# ------------------------------------------------------------------------------
# Reading: two accounts at the same time, of which one has a name, and a spool

my $read = q{SELECT (SELECT count(name) FROM catalogs), (SELECT count(name) FROM twins),
	(SELECT count(*) FROM (SELECT (SELECT name FROM catalogs c WHERE c.id = a.id) FROM catalogs a) x)};
with_fewer('reading', sub { ask('SELECT catalogs_fdw_disconnect_all()') }, sub
{
	my ($n) = @_;
	my $got = ask("SELECT leave_descriptors($n); $read");

	return said_so($got) if $got->{sqlstate};
	is("@{ $got->{rows}[1] }", "$lists $lists $lists", "all of it with $n");
	return;
});

# ------------------------------------------------------------------------------
# A read that fails in a savepoint: what was kept before is sent, what came after is not

my $row = 0;
with_fewer('savepoints', sub { ask('SELECT catalogs_fdw_disconnect_all()') }, sub
{
	my ($n) = @_;

	$row++;
	ask("BEGIN; INSERT INTO catalogs (name) VALUES ('kept $row')");
	ask("SAVEPOINT s; INSERT INTO catalogs (name) VALUES ('dropped $row')");
	my $got = ask("SELECT leave_descriptors($n); SELECT count(*) FROM catalogs");
	ask('ROLLBACK TO s; SELECT leave_descriptors(-1)');
	is(join(' ', map { "@$_" } @{ ask('SELECT verb, changes FROM catalogs_fdw_pending')->{rows} }),
		qq(add {"name": "kept $row"}), 'what was before is still pending');
	is(ask('COMMIT')->{sqlstate}, '', 'and is sent');
	$lists++;
	return $got->{sqlstate} ? said_so($got) : undef;
});
is(names(qr/dropped/), '', 'no row that was rolled back is there');
is(names(qr/kept/), join(' ', sort map { "kept $_" } 1 .. $row), 'each other row is, once');

# ------------------------------------------------------------------------------
# COMMIT: a row is there if it has succeeded, and is not if it has failed

my @there;
with_fewer('COMMIT', sub { ask('SELECT catalogs_fdw_disconnect_all()') }, sub
{
	my ($n) = @_;

	$row++;
	ask("BEGIN; INSERT INTO catalogs (name) VALUES ('sent $row'); SELECT leave_descriptors($n)");
	my $got = ask('COMMIT');
	if ($got->{sqlstate} eq '')
	{
		push @there, "sent $row";
		$lists++;
		return;
	}
	return said_so($got);
});
is(names(qr/sent/), join(' ', sort @there), 'a row is there if COMMIT has succeeded');

# ------------------------------------------------------------------------------
# An abort that needs a connection: what is closed makes room for it; where nothing
# does, what cannot be taken back is named

my $named = 0;
foreach my $n (-2, 0, 1)
{
	$row++;
	my $got = ask("BEGIN; INSERT INTO catalogs (name) VALUES ('early $row') RETURNING id");
	my $id = $got->{rows}[0][0];
	$t->fault('close_idle', on => 'GET');
	is(ask('SELECT name FROM catalogs WHERE id = 4223')->{sqlstate}, '', 'the connection is used, and closed');
	$t->await_closed;
	ask("SELECT leave_descriptors($n)");
	$got = ask('ROLLBACK');
	my $remains = names(qr/^early $row\b/) ne '';
	my $said = $got->{said} =~ /WARNING.*remain.*\n.*add of list $id\. There are too many open files\./;
	is($said ? 1 : 0, $remains ? 1 : 0, "an abort with $n: what remains is named, and why") or diag($got->{said});
	$named += $remains;
	$lists += $remains;
	ask('SELECT leave_descriptors(-1)');
}
is($named, 1, 'which is one');
is(ask('SELECT count(*) FROM catalogs')->{rows}[0][0], $lists, 'and the next statement works');

# ------------------------------------------------------------------------------
# The set in which one socket is waited for is gone, and there is none for the next

my ($here, $there) = map { "SELECT count(*) FROM $_" } qw(catalogs twins);
ask($_) foreach $there, $here, $here, $here, $there;
ask('SELECT leave_descriptors(-2)');
said_so(ask($there));
ask('SELECT leave_descriptors(-1)');
is(ask($here)->{rows}[0][0], $lists, 'the first one can be waited for again') foreach 1 .. 3;

# ------------------------------------------------------------------------------
# A hundred failures leave no descriptor

ask('SELECT catalogs_fdw_disconnect_all()');
my $open = descriptors();
foreach my $i (1 .. 100)
{
	ask('SELECT catalogs_fdw_disconnect_all()') if $i % 2;
	ask('SELECT leave_descriptors(' . $i % 12 . "); $read");
	ask('SELECT leave_descriptors(-1)');
}
ask('SELECT catalogs_fdw_disconnect_all()');
is(descriptors(), $open, 'a hundred failures leak no descriptor');
unlike($t->log, qr/terminated by signal|PANIC|WARNING:  .*leak/, 'no backend has died');

done_testing();
