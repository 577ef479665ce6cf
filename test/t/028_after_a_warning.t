# A WARNING at the end of a transaction that the client's encoding cannot show leaves a
# session that heeds a cancel, a timeout and the end of its backend as before.

use strict;
use warnings FATAL => 'all';
use utf8;

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;

my $t = CatalogsFdw::Test->new;

# A session of a client that cannot show the name of the row of which it was told,
# when its transaction had come to its end, that nobody knows what became of it.
sub warned
{
	my ($encoding) = @_;
	my $session = CatalogsFdw::Session->new($t->node, client_encoding => $encoding);

	$session->ask('BEGIN; SAVEPOINT a');
	$session->ask(q{INSERT INTO catalogs (name) VALUES (U&'\041a\043d\0438\0433\0438')});
	$t->fault('close_applied', on => 'POST');
	is($session->ask(q{SELECT count(*) FROM catalogs_fdw_flush('acme')})->{sqlstate},
		'08007', "$encoding: the flush fails, and says how");
	$session->ask('ROLLBACK TO a');
	my $got = $session->ask('ROLLBACK');
	is(scalar(grep { $_->{sqlstate} eq '08007' } @{ $got->{warnings} }),
		1, "$encoding: the WARNING has come");
	is($got->{sqlstate}, '', "$encoding: ... and no error");
	return $session;
}

sub elsewhere
{
	my ($sql) = @_;
	return $t->node->safe_psql('postgres', $sql);
}

foreach my $encoding (qw(WIN1252 LATIN1 UTF8))
{
	my $session = warned($encoding);
	is( $session->ask(q{SET statement_timeout = '100ms'; SELECT pg_sleep(180)})->{sqlstate},
		'57014', "$encoding: statement_timeout");
	$session->quit;

	$session = warned($encoding);
	$session->send('SELECT pg_sleep(180)');
	$t->node->poll_query_until('postgres',
		'SELECT wait_event = \'PgSleep\' FROM pg_stat_activity WHERE pid = ' . $session->pid);
	elsewhere('SELECT pg_cancel_backend(' . $session->pid . ')');
	is($session->result->{sqlstate}, '57014', "$encoding: a cancel");
	is($session->ask('SELECT count(*) FROM catalogs')->{sqlstate}, '', "$encoding: it goes on");
	$session->quit;

	$session = warned($encoding);
	$session->send('SELECT pg_sleep(180)');
	$t->node->poll_query_until('postgres',
		'SELECT wait_event = \'PgSleep\' FROM pg_stat_activity WHERE pid = ' . $session->pid);
	elsewhere('SELECT pg_terminate_backend(' . $session->pid . ')');
	is($session->result->{sqlstate}, '57P01', "$encoding: a terminate");
	ok($t->node->poll_query_until('postgres',
			'SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ' . $session->pid),
		"$encoding: ... after which it is gone");
}

done_testing();
