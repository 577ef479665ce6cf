# A standby reads the accounts, and writes nothing to them; a subscriber hands on what
# was changed elsewhere, from a worker that no client waits for.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $t = CatalogsFdw::Test->new(conf => "wal_level = logical\nmax_wal_senders = 4\nwal_retrieve_retry_interval = '100ms'");
my $primary = $t->node;

# --- a hot standby ------------------------------------------------------------

$primary->append_conf('pg_hba.conf', 'local replication all trust');
$primary->reload;
$primary->backup('standby');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'standby', has_streaming => 1);
$standby->start;

is($standby->safe_psql('postgres', 'SELECT count(*) FROM catalogs WHERE id > 0'), 4,
	'a standby reads the account');
is($t->wire, 'GET /api/v2/catalogs', '... itself');
foreach my $write (
	q{INSERT INTO catalogs (name) VALUES ('x')},
	q{UPDATE catalogs SET name = 'x' WHERE id = 4223},
	q{DELETE FROM catalogs},
	q{TRUNCATE catalogs})
{
	my ($status, undef, $error) = $standby->psql('postgres', "\\set VERBOSITY verbose\n$write");
	like($error, qr/ERROR:  25006:/, "it refuses: $write");
}
is($standby->safe_psql('postgres', q{SELECT count(*) FROM catalogs_fdw_flush('acme')}), 0,
	'there is nothing to be flushed');
is($standby->safe_psql('postgres', 'BEGIN; SELECT count(*) FROM catalogs; COMMIT'), 4, 'a transaction ends');
unlike($t->wire, qr/POST/, 'nothing was sent');
is($standby->safe_psql('postgres', q{SELECT gets, rows_read, scope FROM catalogs_fdw_stats WHERE server = 'acme'}),
	'2|8|cluster', 'what was read is counted there, where nothing can be written');

# What is altered on the primary takes effect on the standby, in open sessions too.
my $session = $standby->background_psql('postgres');
is($session->query('SELECT count(*) FROM catalogs'), 4, 'a session on the standby');
$primary->safe_psql('postgres', q{ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET access_token 'wrong')});
$primary->wait_for_catchup($standby);
my ($denied) = $t->try_in($session, 'SELECT count(*) FROM catalogs;')->{sqlstate};
is($denied, '28000', '... sees what was altered on the primary');
$primary->safe_psql('postgres', q{ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET access_token 'main-token')});
$primary->wait_for_catchup($standby);
is($session->query('SELECT count(*) FROM catalogs'), 4, '... and again');
$session->quit;

$standby->promote;
$standby->safe_psql('postgres', q{INSERT INTO catalogs (name) VALUES ('promoted')});
like($t->wire, qr/^POST .*promoted/m, 'once promoted, it writes');
$standby->stop;

# --- logical replication ------------------------------------------------------

# The subscriber's table hands on to the account what is changed in it.
my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
my $handed_on = q{CREATE TABLE names (id int PRIMARY KEY, name text)};
$publisher->safe_psql('postgres', "$handed_on; CREATE PUBLICATION names FOR TABLE names");
$t->sql(<<"SQL");
$handed_on;
CREATE FUNCTION hand_on() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
	IF TG_OP = 'INSERT' THEN
		INSERT INTO public.catalogs (name) VALUES (NEW.name);
	ELSE
		UPDATE public.catalogs SET name = NEW.name WHERE name = OLD.name;
	END IF;
	RETURN NEW;
END \$\$;
CREATE TRIGGER hand_on BEFORE INSERT OR UPDATE ON names FOR EACH ROW EXECUTE FUNCTION hand_on();
ALTER TABLE names ENABLE ALWAYS TRIGGER hand_on;
SQL
$t->sql(q{CREATE SUBSCRIPTION names CONNECTION '} . $publisher->connstr . q{ dbname=postgres' PUBLICATION names});
$primary->wait_for_subscription_sync($publisher, 'names');
$t->reset;

$publisher->safe_psql('postgres', q{INSERT INTO names SELECT n, 'name ' || n FROM generate_series(1, 3) n});
$publisher->wait_for_catchup('names');
is($t->wire, 'POST /api/v2/catalogs {"add":[{"name":"name 1"},{"name":"name 2"},{"name":"name 3"}]}',
	'a transaction of the publisher is one of the account');
$publisher->safe_psql('postgres', q{UPDATE names SET name = 'other' WHERE id = 2});
$publisher->wait_for_catchup('names');
like($t->wire, qr/^POST .*"update":\[\{"id":5002,"name":"other"\}\]\}$/m, '... and so is an update');

# When the account refuses, the worker fails, and begins again.
$t->fault('status', on => 'POST', code => 402);
my $offset = -s $primary->logfile;
$publisher->safe_psql('postgres', q{UPDATE names SET name = 'late' WHERE id = 3});
$primary->wait_for_log(qr/ERROR:  could not update/, $offset);
$publisher->wait_for_catchup('names');
is($t->sql(q{SELECT name FROM names WHERE id = 3}), 'late', 'what the account refuses is applied once it accepts');
my @sent = $t->wire =~ /("name":"late")/g;
is(scalar @sent, 2, '... and was sent again');
$t->sql('DROP SUBSCRIPTION names');

done_testing();
