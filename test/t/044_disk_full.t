# Where there is no room for temporary files, on the disk or by temp_file_limit, a
# statement fails and no more: what the transaction has kept is sent or dropped as ever,
# nothing is left, and the next statement works.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use File::Basename qw(dirname);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

# The sanitizers take the place of what fills the disk.
my $fills = ($ENV{CATALOGS_UNDER} // '') ne 'sanitizers';
my $library = PostgreSQL::Test::Utils::tempdir() . '/machine.so';
my $said = '';
IPC::Run::run([ 'cc', '-shared', '-fPIC', '-O1', "-I$ENV{CATALOGS_PG_INCLUDE}", '-o', $library,
		dirname(__FILE__) . '/machine.c' ], '>&', \$said) or die $said;

my $t = do
{
	local $ENV{LD_PRELOAD} = $library if $fills;
	CatalogsFdw::Test->new;
};
$t->sql("CREATE FUNCTION leave_room(bytes bigint) RETURNS void AS '$library' LANGUAGE C");
my $lists = 20_004;
$t->emulator('add-many', $lists - 4);

my $session = CatalogsFdw::Session->new($t->node);
sub ask { return $session->ask($_[0]); }
sub rows { return join ', ', map { "@$_" } @{ $_[0]{rows} }; }
ask($_) foreach q{SET work_mem = '64kB'}, 'SET enable_hashjoin = off', 'SET enable_mergejoin = off',
  'SET enable_material = off', 'SET enable_memoize = off', 'SET enable_sort = off', 'SET jit = off';

# What keeps the lists in a file: all of them, for each is looked for again.
my $read = q{SELECT count(name) FROM (SELECT (SELECT name FROM catalogs c WHERE c.id = a.id) AS name FROM catalogs a) x};
my $write = q{UPDATE catalogs a SET name = 'Changed' WHERE (SELECT c.sort FROM catalogs c WHERE c.id = a.id) > 0};
is(rows(ask($read)), $lists, 'there is room');

sub temporary_files { return scalar glob($t->node->data_dir . '/base/pgsql_tmp/*') // ''; }

sub descriptors
{
	return join ' ', sort grep { /^\D+:/ }
	  map { s/:\[\d+\]$/:/r } map { readlink // () } glob '/proc/' . $session->pid . '/fd/*';
}

# The places at which it ends: at once, in the first block, between two, in the middle of
# what is kept, at its end; and without an end.
my %limits = (
	'a full disk' => [ '53100', map { [ "SELECT leave_room($_)", 'SELECT leave_room(-1)' ] } 0, 1, 8192, 100_000, 900_000 ],
	'temp_file_limit' => [ '53400', map { [ "SET temp_file_limit = '$_'", 'RESET temp_file_limit' ] } '0', '8kB', '64kB', '800kB' ]);
delete $limits{'a full disk'} if !$fills;

my ($row, @kept) = (0);
foreach my $what (sort keys %limits)
{
	my ($sqlstate, @ways) = @{ $limits{$what} };

	foreach my $way (@ways)
	{
		my ($limit, $lift) = @$way;
		my $name = "$what: $limit";

		# In a savepoint, and out of it again.
		foreach my $sql ($read, $write)
		{
			$row++;
			ask("BEGIN; INSERT INTO catalogs (name) VALUES ('kept $row')");
			ask("SAVEPOINT s; INSERT INTO catalogs (name) VALUES ('dropped $row')");
			ask($limit);
			is(ask($sql)->{sqlstate}, $sqlstate, "$name fails");
			ask('ROLLBACK TO s');
			ask($lift);
			is(rows(ask('SELECT verb, changes FROM catalogs_fdw_pending')),
				qq(add {"name": "kept $row"}), '... and what was before is still pending');
			$t->wire;
			is(ask('COMMIT')->{sqlstate}, '', '... and is sent');
			is($t->wire, qq(POST /api/v2/catalogs {"add":[{"name":"kept $row"}]}), '... alone');
			$lists++;
		}

		# Without one.
		ask("BEGIN; INSERT INTO catalogs (name) VALUES ('dropped')");
		ask($limit);
		ask($read);
		$t->wire;
		ask('COMMIT');
		is($t->wire, '(no requests)', '... and nothing is sent of what has failed');
		ask($lift);

		# What was sent before is taken back.
		ask("BEGIN; INSERT INTO catalogs (name) VALUES ('early') RETURNING id");
		ask($limit);
		$t->wire;
		unlike(ask($read)->{said}, qr/WARNING/, '... and of what was sent nothing remains');
		like($t->wire, qr/^GET .*\nPOST .*"delete"/, '... since it is taken back');
		ask('ROLLBACK');
		ask($lift);

		# In a cursor that was open before.
		ask("BEGIN; DECLARE c CURSOR FOR SELECT id, (SELECT name FROM catalogs c WHERE c.id = a.id) FROM catalogs a; FETCH 2 FROM c");
		ask("SAVEPOINT s");
		ask($limit);
		ask($read);
		ask('ROLLBACK TO s');
		ask($lift);
		is(ask('FETCH 1 FROM c')->{sqlstate}, '', '... and a cursor goes on');
		ask('COMMIT');

		is(temporary_files(), '', '... and no file is left');
		is(rows(ask($read)), $lists, '... and the next statement works');
	}
}

# Often.
my ($limit, $lift) = $fills ? ('leave_room(50000)', 'leave_room(-1)')
  : (map { "set_config('temp_file_limit', '$_', false)" } '50kB', '-1');
ask(<<"SQL");
CREATE PROCEDURE fail_often(n int) LANGUAGE plpgsql AS \$\$
BEGIN
	FOR i IN 1 .. n LOOP
		BEGIN
			PERFORM $limit;
			EXECUTE 'SELECT count(name) FROM (SELECT (SELECT name FROM catalogs c WHERE c.id = a.id) AS name FROM catalogs a) x';
			RAISE EXCEPTION 'there is room';
		EXCEPTION WHEN disk_full OR configuration_limit_exceeded THEN
			PERFORM $lift;
		END;
		COMMIT;
	END LOOP;
END
\$\$
SQL
is(ask('CALL fail_often(10)')->{said}, '', 'ten failures');
my $used = 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts';
my ($open, $bytes) = (descriptors(), rows(ask($used)));
is(ask('CALL fail_often(100)')->{said}, '', 'a hundred more');
is(descriptors(), $open, '... leak no descriptor');
cmp_ok(rows(ask($used)) - $bytes, '<', 65536, '... and no memory context');
is(temporary_files(), '', '... and no file');
is(rows(ask($read)), $lists, '... and the next statement works');
unlike($t->log, qr/terminated by signal|PANIC|WARNING:  .*leak/, 'no backend has died');

done_testing();
