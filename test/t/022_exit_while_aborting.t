# A backend that ends while it aborts raises nothing: an ERROR there would be a
# FATAL, and leave the locks of a backend that is gone until the server restarts.
# What was accepted is taken back all the same.

use strict;
use warnings FATAL => 'all';
use utf8;

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;

my $t = CatalogsFdw::Test->new(conf => "max_files_per_process = 64\n");
my ($port) = $t->url =~ /:(\d+)$/;

$t->sql('CREATE TABLE local (x int)');

sub here
{
	my ($sql) = @_;
	return $t->node->safe_psql('postgres', $sql);
}

sub names
{
	return join ' ', map { (split /\s*\|\s*/)[1] // () }
	  split /\n/, $t->emulator('lists', '--columns', 'id,name');
}

# Waits until a backend is gone, and wants nothing of it to stay.
sub is_gone
{
	my ($pid, $name) = @_;

	ok($t->node->poll_query_until(
			'postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"),
		"$name: the backend ends");
	is(here("SELECT count(*) FROM pg_locks WHERE relation = 'local'::regclass"),
		'0', "$name: its locks are gone");
	unlike($t->log, qr/\[$pid\] .*(PANIC|terminated by signal|while in ABORT)/,
		"$name: it ends well");
	return;
}

my $locked = 'BEGIN; LOCK TABLE local';
my $before = names();

# What the client's encoding cannot show has to be told at the end.
foreach my $encoding (qw(LATIN1 WIN1251 UTF8))
{
	my $session = CatalogsFdw::Session->new($t->node, client_encoding => $encoding);

	$session->ask($locked);
	$session->ask(q{INSERT INTO catalogs (name) VALUES (U&'\0422\043e\0432\0430\0440')});
	$t->emulator('fault', 'silent', 'on=POST');
	$session->send('COMMIT');
	$t->emulator('wire', '--keep', '--wait', '1');
	here('SELECT pg_terminate_backend(' . $session->pid . ')');
	$session->result;
	is_gone($session->pid, "terminated in COMMIT, a client in $encoding");
	like($t->log, qr/outcome of a request to server "\w+" is unknown/, '... and it is said');
	$t->emulator('reset');
}

# Many rows that went out one by one, and a client that goes away.
{
	my $session = CatalogsFdw::Session->new($t->node);

	$session->ask($locked);
	$session->ask(<<'SQL');
DO $$ DECLARE x bigint; BEGIN
	FOR i IN 1 .. 400 LOOP
		INSERT INTO catalogs (name) VALUES ('r' || i) RETURNING id INTO x;
	END LOOP;
END $$
SQL
	my $pid = $session->pid;
	undef $session;
	is_gone($pid, 'the client goes away after 400 rows');
	is(names(), $before, '... which are taken back');
	$t->emulator('reset');
}

# A delete that cannot be taken back, told by a timeout's end, of a server whose
# name the client cannot show.
here(<<"SQL");
CREATE SERVER "аккаунт" FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '@{[ $t->url ]}', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER "аккаунт" OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE there (id bigint, name text) SERVER "аккаунт";
SQL
{
	my $session = CatalogsFdw::Session->new($t->node, client_encoding => "LATIN1");

	$session->ask("SET idle_in_transaction_session_timeout = '200ms'; $locked");
	$session->ask('DELETE FROM there WHERE id = 4222');
	$session->ask(q{SELECT count(*) FROM catalogs_fdw_flush(U&'\0430\043a\043a\0430\0443\043d\0442')});
	is_gone($session->pid, 'a timeout in a transaction that is idle');
	like($t->log, qr/delete of list 4222/, '... and what remains is said');
}

is(here('SELECT count(*) FROM catalogs'), '3', 'the server serves on');
done_testing();
