# What test/setup says to who cannot install anything, and what make clean leaves.

use strict;
use warnings FATAL => 'all';

use Cwd qw(realpath);
use File::Basename;
use File::Copy qw(copy);
use File::Path qw(make_path);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $top = realpath(dirname(__FILE__) . '/../..');
my $folder = PostgreSQL::Test::Utils::tempdir();

# Debian without a compiler, for a user who has no sudo.
make_path("$folder/bin");
foreach my $program (qw(bash env sed grep find sort tail head cat mktemp rm dirname))
{
	my ($path) = grep { -x } map { "$_/$program" } qw(/usr/bin /bin);
	symlink $path, "$folder/bin/$program" or die "$program: $!";
}
open my $file, '>', "$folder/bin/apt-get" or die $!;
print $file "#!/bin/sh\nexit 1\n";
close $file;
chmod 0755, "$folder/bin/apt-get";

my ($out, $err) = ('', '');
{
	local $ENV{PATH} = "$folder/bin";
	IPC::Run::run([ 'bash', "$top/test/setup" ], '<', \undef, '>', \$out, '2>', \$err);
}
SKIP:
{
	skip 'root would install it', 2 if $> == 0;
	like($err, qr{As root, run:\n\n    \S*test/setup\n}, 'the script itself is to be run as root');
	unlike($err, qr/apt-get/, 'not what would start a server');
}

# make clean, with a PostgreSQL or without.
foreach my $pg_config ('pg_config', '/nowhere/pg_config')
{
	my $tree = PostgreSQL::Test::Utils::tempdir();
	my $made = "$tree/test/emulator/__pycache__";

	make_path("$tree/src", $made);
	copy("$top/Makefile", $tree) or die $!;
	foreach my $name ("$made/core.pyc", "$tree/src/exports.list", "$tree/regression.diffs")
	{
		open my $left, '>', $name or die "$name: $!";
		close $left;
	}
	IPC::Run::run([ 'make', '-C', $tree, "PG_CONFIG=$pg_config", 'clean' ],
		'<', \undef, '>', \$out, '2>', \$err)
	  or diag($err);
	is_deeply([ grep { -e } $made, "$tree/src/exports.list", "$tree/regression.diffs" ],
		[], "make clean with $pg_config leaves nothing");
}

done_testing();
