# test/matrix says what has passed, failed and been skipped, and leaves no process and
# no mount, however it ends.  Its release here is a folder with a shell and make in it,
# its tests a Makefile, and its superuser that of a user namespace.

use strict;
use warnings FATAL => 'all';

use Cwd qw(realpath);
use File::Basename;
use File::Copy qw(copy);
use File::Path qw(make_path);
use IPC::Run ();
use POSIX qw(WNOHANG WEXITSTATUS WIFSIGNALED WTERMSIG);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

# A shell that has started the tests in the background has them ignore it.
$SIG{INT} = 'DEFAULT';

my @as_root = qw(unshare --user --map-root-user);
plan skip_all => 'nobody but root can mount anything here'
  if system(@as_root, qw(unshare --mount --pid --fork mount -t proc proc /proc)) != 0;

my $folder = realpath(PostgreSQL::Test::Utils::tempdir_short());
my $root = "$folder/roots/bookworm";

sub path_of
{
	my ($name) = @_;
	my ($path) = grep { -x } map { "$_/$name" } qw(/usr/bin /bin);
	return $path // die "no $name";
}

sub write_program
{
	my ($path, $text) = @_;

	make_path(dirname($path));
	append_to_file($path, $text);
	chmod 0755, $path or die "$path: $!";
	return;
}

# A tree with nothing but test/matrix, whose tests pass, fail, or never end.
make_path("$folder/tree/test");
copy(realpath(dirname(__FILE__) . '/../matrix'), "$folder/tree/test/matrix") or die $!;
chmod 0755, "$folder/tree/test/matrix";
write_program("$folder/tree/test/setup", "#!/bin/bash\n");
append_to_file("$folder/tree/Makefile", <<'MAKE');
test: $(ONLY)
pass: ; @echo '3 passed, 0 failed'
fail: ; @echo '2 passed, 1 failed'; exit 1
hang: ; @echo begun; exec sleep 1000
MAKE

# A root with what it takes to run them.
make_path(map { "$root/$_" } qw(bin proc sys dev));
foreach my $path (map { path_of($_) } qw(bash env make echo sleep))
{
	foreach my $file (grep { -e } split /\s+/, `ldd $path`)
	{
		make_path("$root/" . dirname($file));
		copy($file, "$root/$file") or die "$file: $!";
		chmod 0755, "$root/$file";
	}
	copy($path, "$root/bin/") or die "$path: $!";
	chmod 0755, "$root/bin/" . basename($path);
}
symlink 'bash', "$root/bin/sh" or die $!;

# No other root can be made.
write_program("$folder/bin/debootstrap", "#!/bin/sh\nexit 1\n");
$ENV{PATH} = "$folder/bin:$ENV{PATH}";
$ENV{MATRIX_ROOTS} = "$folder/roots";

# Its exit status, and what was said, on those releases with those tests.
sub matrix
{
	my ($only, @words) = @_;
	my $said = '';

	local $ENV{ONLY} = $only;
	IPC::Run::run([ @as_root, @words ], '<', \undef, '>', \$said, '2>&1');
	return ($? >> 8, $said);
}

# How many processes see a mount in the root, are in it, or run a program of the tree.
sub mounts { return scalar grep { slurp($_) =~ /\Q$root\E/ } glob '/proc/[0-9]*/mountinfo'; }

sub running
{
	return grep({ (readlink // '') eq $root } glob '/proc/[0-9]*/root')
	  + grep({ slurp($_) =~ /\Q$folder\E/ } glob '/proc/[0-9]*/cmdline');
}

sub slurp
{
	my ($path) = @_;

	open my $file, '<', $path or return '';    # it has just ended
	local $/ = undef;
	return scalar(readline $file) // '';
}

# Whether that comes true, however slow the machine is.
sub comes_true
{
	my ($code) = @_;

	foreach (1 .. 600)
	{
		return 1 if $code->();
		usleep(100_000);
	}
	return 0;
}

my ($status, $said) = matrix('pass', "$folder/tree/test/matrix", 'bookworm');
is($status, 0, 'what passes is told');
like($said, qr/^3 passed, 0 failed, 0 skipped$/m, '... and counted') or diag($said);

($status, $said) = matrix('fail', "$folder/tree/test/matrix", 'bookworm');
is($status, 1, 'what fails is told');
like($said, qr/^2 passed, 1 failed, 0 skipped$/m, '... and counted') or diag($said);

($status, $said) = matrix('pass', "$folder/tree/test/matrix", 'bookworm', 'trixie');
is($status, 77, 'a release that no root can be made of is skipped');
like($said, qr/^3 passed, 0 failed, 1 skipped$/m, '... and counted') or diag($said);

($status, $said) = matrix('pass', qw(setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin),
	"$folder/tree/test/matrix", 'bookworm');
is($status, 77, 'where nothing can be mounted, all are skipped');
like($said, qr/^SKIPPED: .*mount/m, '... and that is said') or diag($said);

# Ctrl-C is for the whole group, the others for the first.
foreach my $case ([ INT => 'whole', 130 ], [ TERM => 'first', 143 ], [ KILL => 'first', 9 ])
{
	my ($signal, $whom, $end) = @$case;
	my $log = "$folder/$signal.log";
	my $pid = fork // die "cannot fork: $!";

	if ($pid == 0)
	{
		POSIX::setpgid(0, 0);
		$ENV{ONLY} = 'hang';
		open STDOUT, '>', $log or die $!;
		open STDERR, '>&', \*STDOUT or die $!;
		exec @as_root, "$folder/tree/test/matrix", 'bookworm';
	}
	ok(comes_true(sub { slurp($log) =~ /begun$/m }), "SIG$signal: the tests have begun");
	cmp_ok(mounts(), '>', 0, '... in mounts of their own');

	kill $signal, $whom eq 'whole' ? -$pid : $pid;
	ok(comes_true(sub { waitpid($pid, WNOHANG) == $pid }), '... it ends by that');
	is(WIFSIGNALED($?) ? WTERMSIG($?) : WEXITSTATUS($?), $end, '... and says so');
	ok(comes_true(sub { running() == 0 }), '... with all that it has started')
	  or diag(slurp($log));
	is(mounts(), 0, '... and no mount is left');
	kill 'KILL', -$pid;
}

done_testing();
