# Object-relational mappers write back all columns of a row that they save, those
# too that only the account changes; and want the ids of rows that they add together.
#
# Debian has them as python3-django, python3-sqlalchemy and python3-psycopg2.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use File::Basename;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $t = CatalogsFdw::Test->new;
my $folder = dirname(__FILE__) . '/../orm';

# Debian's Python, not one that another is put before.
sub python
{
	my (@arguments) = @_;
	my ($out, $err) = ('', '');

	local $ENV{PGHOST} = $t->node->host;
	local $ENV{PGPORT} = $t->node->port;
	IPC::Run::run([ '/usr/bin/python3', @arguments ], '<', \undef, '>', \$out, '2>', \$err)
	  or $out .= $err;
	return $out;
}

# The POST that adds several lists.
sub adds
{
	return
	  'POST /api/v2/catalogs {"add":['
	  . join(',', map { qq({"name":"List $_","type":"regular"}) } @_) . ']}';
}

# The script prints what is said, and makes no other POSTs.
sub saves
{
	my ($mapper, $script, $printed, @posts) = @_;

	SKIP:
	{
		my $missing = python('-c', "import psycopg2, $mapper");
		skip "$mapper or psycopg2 is not installed", 2 if $missing ne '';
		$t->reset;
		is(python("$folder/$script"), $printed, "$mapper: rows are saved");
		is(join("\n", grep { /^POST/ } split /\n/, $t->wire),
			join("\n", @posts), "$mapper: what has changed is sent");
	}
}

saves('django', 'django_save.py', <<'PRINTED',
saved as it was
saved Goods
updated 4230 Rates False
created Books True
saved all
added 100 lists
PRINTED
	'POST /api/v2/catalogs {"update":[{"id":4223,"name":"Goods"}]}',
	'POST /api/v2/catalogs {"update":[{"id":4230,"name":"Rates"}]}',
	'POST /api/v2/catalogs {"add":[{"name":"Books","type":"regular"}]}',
	adds(1 .. 50), adds(51 .. 100));

saves('sqlalchemy', 'sqlalchemy_save.py', <<'PRINTED',
saved as it was
saved Goods
merged Rates
added 5001 Books 50
added 100 lists
PRINTED
	'POST /api/v2/catalogs {"update":[{"id":4223,"name":"Goods"}]}',
	'POST /api/v2/catalogs {"update":[{"id":4230,"name":"Rates"}]}',
	'POST /api/v2/catalogs {"add":[{"name":"Books","type":"regular"}]}',
	adds(1 .. 50), adds(51 .. 100));

done_testing();
