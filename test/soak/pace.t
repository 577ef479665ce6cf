# Many sessions, and many accounts, for longer than a test may take: an account that
# takes seven requests in any second refuses none of them, and is kept busy; accounts do
# not wait for one another.  What arrived when is told by the account.
#
# A part lasts a tenth of CATALOGS_SOAK_SECONDS, which are 600 unless they are set.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use JSON::PP ();
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(time usleep);

my $limit = 7;
my $n_accounts = 100;
my $seconds = max(5, ($ENV{CATALOGS_SOAK_SECONDS} || 600) / 10);
my $t = CatalogsFdw::Test->new(
	table => 0,
	conf => "max_connections = 60\nrestart_after_crash = on",
	emulator => ['--no-https']);

my %seed = map {
	("a$_" => { tokens => ["token-$_"], lists => [ { id => 1, name => 'one' }, { id => 2, name => 'two' } ] })
} 1 .. $n_accounts;
my $file = "$t->{control}.accounts";
open my $out, '>', $file or die "$file: $!";
print $out JSON::PP::encode_json({ accounts => \%seed });
close $out or die "$file: $!";
$t->emulator('reset', $file);
$t->set(rate_limit => $limit);

my ($port) = $t->url =~ /:(\d+)$/;
$t->sql(<<"SQL") foreach 1 .. $n_accounts;
CREATE SERVER s$_ FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'http://a$_.localhost:$port');
CREATE USER MAPPING FOR CURRENT_USER SERVER s$_ OPTIONS (access_token 'token-$_');
CREATE FOREIGN TABLE lists_$_ (id bigint, name text) SERVER s$_;
SQL

# What has arrived at an account: { status, at (seconds since the first) }.
sub arrived
{
	my ($account) = @_;
	my @lines = split /\n/, $t->wire('--keep', '--time', '--status', '--summary', '--account', $account);
	my $at = 0;
	my @arrived;

	foreach (@lines)
	{
		my ($status, $since) = / -> (.*) \+([\d.]+)s$/ or next;
		$at += $since if @arrived;
		push @arrived, { status => $status, at => $at };
	}
	return @arrived;
}

# A test: none was one too many.
sub none_refused
{
	my ($name, @arrived) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(scalar(grep { $_->{status} eq '429' } @arrived), 0, $name);
	return;
}

# How many have arrived in a second: of those that go at once, only the first begins one.
sub rate
{
	my (@arrived) = @_;
	my $last = $limit * int($#arrived / $limit);

	return $last / $arrived[$last]{at};
}

my @sessions = map { CatalogsFdw::Session->new($t->node) } 1 .. 32;

# --- 32 sessions, two scans each ------------------------------------------------

$t->wire;
my $each = 'SELECT count(*) FROM lists_1; SELECT count(*) FROM lists_1 WHERE id = 1';
$_->send($each) foreach @sessions;
is(scalar(grep { $_->result->{sqlstate} } @sessions), 0, '32 sessions have their answers');
my @arrived = arrived('a1');
is(scalar(@arrived), 64, '... to two scans each');
none_refused('... of which none was refused', @arrived);
my $rate = rate(@arrived);
cmp_ok($rate, '>=', 6.5, '... and the account was kept busy');
diag(sprintf 'requests a second: %.2f', $rate);

# --- the same for longer, with sessions that give up, end and are killed -----------

$t->wire;
my $until = time + $seconds;
my ($answers, $cancelled, $ended, %wrong) = (0, 0, 0);
srand(1);
$_->send($each) foreach @sessions;
while (time < $until)
{
	foreach my $session (@sessions)
	{
		next if !$session->is_ready;
		my $got = $session->result;

		if ($got->{lost})
		{
			$session = CatalogsFdw::Session->new($t->node);
			$ended++;
		}
		elsif ($got->{sqlstate} eq '57014') { $cancelled++ }
		elsif ($got->{sqlstate}) { $wrong{ $got->{said} }++ }
		else { $answers++ }
		my $dice = rand;
		$session->send(
			$dice < 0.1 ? "SET statement_timeout = '500ms'; $each; RESET statement_timeout"
			: $dice < 0.15 ? "SELECT pg_terminate_backend(" . $sessions[ rand @sessions ]->pid . ")"
			: "RESET statement_timeout; $each");
	}
	usleep(5000);
}
$_->result foreach @sessions;
@arrived = arrived('a1');
is(join('', keys %wrong), '', 'sessions that give up and end do no harm to others');
none_refused('... no request was refused', @arrived);
$rate = rate(@arrived);
cmp_ok($rate, '>=', 6.5, '... and the account was kept busy');
diag(sprintf '%d answers, %d cancelled, %d ended, %d requests, %.2f a second',
	$answers, $cancelled, $ended, scalar(@arrived), $rate);

# A crash of the server: the pace begins anew.
my $times = () = $t->log =~ /ready to accept connections/g;
$_->send($each) foreach @sessions;
usleep(300_000);
kill 'KILL', $sessions[5]->pid;
$_->result foreach @sessions;
usleep(50_000) until (() = $t->log =~ /ready to accept connections/g) > $times;
usleep(1_100_000);
@sessions = map { CatalogsFdw::Session->new($t->node) } 1 .. 32;
$t->wire;
$_->send($each) foreach @sessions;
is(scalar(grep { $_->result->{sqlstate} } @sessions), 0, 'after a kill -9 all sessions have their answers');
none_refused('... without a refusal', arrived('a1'));

# --- 100 accounts from four sessions -----------------------------------------------

$_->quit foreach splice @sessions, 4;
my $all = join '; ', map { "SELECT count(*) FROM lists_$_" } 1 .. $n_accounts;
$_->ask($all) foreach @sessions;
usleep(1_100_000);
$t->wire;
my $append = join ' UNION ALL ', map { "SELECT count(*) FROM lists_$_" } 1 .. $n_accounts;
foreach (1 .. 5)
{
	$_->send($append) foreach @sessions;
	is(scalar(grep { $_->result->{sqlstate} } @sessions), 0, 'four sessions ask a hundred accounts');
}
my @late;
foreach my $account (1 .. $n_accounts)
{
	@arrived = arrived("a$account");
	# Twenty requests, seven at once and then seven a second: alone it takes two seconds.
	push @late, sprintf 'a%d: %d in %.2f s', $account, scalar(@arrived), $arrived[-1]{at}
	  if @arrived != 20 || $arrived[-1]{at} > 3.5 || grep { $_->{status} eq '429' } @arrived;
}
is(join(', ', @late), '', '... none of which refuses one, or is slower than alone');

done_testing();
