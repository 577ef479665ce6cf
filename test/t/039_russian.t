# A server with Russian messages has those of the extension, too.

use strict;
use warnings FATAL => 'all';
use utf8;

use CatalogsFdw::Test;
use PostgreSQL::Test::Utils;
use Test::More;

# A locale of this test's own: few machines have it.
my $locales = PostgreSQL::Test::Utils::tempdir_short();
system("localedef -i ru_RU -f UTF-8 $locales/ru_RU.UTF-8 > $locales/log 2>&1");
plan skip_all => 'the Russian locale is not to be had (Debian package locales)'
  if !-e "$locales/ru_RU.UTF-8/LC_MESSAGES";

plan skip_all => 'the server was built without translations'
  if slurp_file("$ENV{CATALOGS_PG_INCLUDE}/pg_config.h") !~ /^#define ENABLE_NLS 1/m;

my $t = CatalogsFdw::Test->new;
my $node = $t->node;

$ENV{LOCPATH} = $locales;
$node->append_conf('postgresql.conf', "lc_messages = 'ru_RU.UTF-8'");
$node->restart;

# What psql says about a statement.
sub complaint
{
	my ($sql) = @_;
	my ($status, $out, $error) = $node->psql('postgres', $sql);

	utf8::decode($error);
	return $error;
}

$t->fault('status', code => 403, on => 'GET');
my $read = complaint('SELECT * FROM catalogs');
like($read, qr/не удалось прочитать списки с сервера "acme"/, 'a message');
like($read, qr/Аккаунт запрещает доступ\. Аккаунт ответил кодом состояния 403: Forbidden\./,
	'a detail of sentences from a table and from a format');
like($read, qr/Возможно, аккаунт заблокирован/, 'a hint from a table');

$t->fault('status', code => 500, on => 'POST', times => 0);
like(
	complaint("INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 22)"),
	qr/исход запроса на добавление 22 списков на сервере "acme" неизвестен/,
	'a plural');

like(
	complaint("ALTER SERVER acme OPTIONS (ADD ulr 'x')"),
	qr/неверный параметр "ulr".*Возможно, предполагался параметр "url"/s,
	'what the server itself would say in its own words');

done_testing();
