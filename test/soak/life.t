# A life of its own: many sessions read, write, roll back, use savepoints and cursors, in
# accounts that fail, limit, lie, forget and go away, while statements are cancelled,
# sessions terminated, clients vanish, backends are killed, the server is restarted, and
# servers and mappings are altered.  Whatever happens, the accounts hold what committed
# transactions say; what nobody can know was named; nothing leaks; no request is one too
# many; and the server logs nothing that should not be.
#
# CATALOGS_SOAK_SECONDS is how long it lasts (600), CATALOGS_SOAK_SESSIONS how many there
# are (32), CATALOGS_SEED what their dice follow from: who is quicker does not.
#
# test/perl/CatalogsFdw/Life: Client makes the transactions, Hardship what happens to
# them, Holdings knows what the accounts must hold, ServerLog what may be logged.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Life::Client;
use CatalogsFdw::Life::Hardship;
use CatalogsFdw::Life::Holdings;
use CatalogsFdw::Life::Process;
use CatalogsFdw::Life::ServerLog;
use CatalogsFdw::Promise;
use CatalogsFdw::Random::Choice;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $seconds = $ENV{CATALOGS_SOAK_SECONDS} || 600;
my $n_sessions = $ENV{CATALOGS_SOAK_SESSIONS} || 32;
my $seed = $ENV{CATALOGS_SEED} || 1;
my $limit = 7;
my $max_wrong = 20;

# Of the sessions these are never terminated, nor do they leave.
my $n_elders = 4;
# Lists of each session in each account at the start.
my $n_lists = 6;
# Any transaction comes to its end within so many seconds.
my $patience = 150;
# So late, in seconds, a request may be judged by an account, on a busy machine.
my $may_be_late = 0.1;
# Something happens to somebody so often, in seconds.
my $pause = 4 / $n_sessions;

my @accounts = qw(acme beta cora dino echo fern gala hugo);
my %uses_login = map { $_ => 1 } qw(beta dino fern hugo);
my %uses_tls = map { $_ => 1 } qw(gala hugo);
my %combining = map { $_ => 1 } qw(dino echo);

# ------------------------------------------------------------------------------
# The accounts: account -> id -> name

my %lists;
foreach my $i (0 .. $#accounts)
{
	my $id = 1000 * ($i + 1);
	$lists{ $accounts[$i] } = {
		map { my $session = $_;
			map { ++$id => 'n' . ($CatalogsFdw::Life::Holdings::per_client * $session + 90_000 + $id % 1000) }
			  1 .. $n_lists } 1 .. $n_sessions
	};
}

sub seed_of
{
	my ($account) = @_;
	my $lists = $lists{$account};

	return {
		tokens => ["$account-token"],
		logins => [ { login => 'robot', api_key => "$account-key" } ],
		next_id => 1_000_000,
		lists => [ map { { id => $_ + 0, name => $lists->{$_} } } sort { $a <=> $b } keys %$lists ]
	};
}

my $file = "$PostgreSQL::Test::Utils::tmp_check/life.json";
append_to_file($file, JSON::PP::encode_json({ accounts => { map { $_ => seed_of($_) } @accounts } }));

# ------------------------------------------------------------------------------
# The world

# What a server has freed goes back at once, so that what it holds is what it uses:
# otherwise glibc keeps more the larger a block was that was freed (mallopt(3)).
$ENV{MALLOC_TRIM_THRESHOLD_} = 128 * 1024;
my $t = CatalogsFdw::Test->new(
	table => 0,
	emulator => [ '--seed', $file, '--set', "rate_limit=$limit" ],
	conf => <<"CONF");
max_connections = @{[ 2 * $n_sessions + 20 ]}
restart_after_crash = on
log_line_prefix = '$CatalogsFdw::Life::ServerLog::prefix'
CONF
my $node = $t->node;
my $observer = CatalogsFdw::Session->new($node);
my (%count, %sqlstates, %strikes, %outcome, @wrong);
my $started = time;

my $world = {
	test => $t,
	accounts => \@accounts,
	combining => \%combining,
	log => CatalogsFdw::Life::ServerLog->new($node),
	seed => $seed,
	count => \%count,
	sqlstates => \%sqlstates,
	outcome => \%outcome,
	crashes => 0,
	resting => 1,
	calm => 1,
	ask => \&observe,
	mapping => \&mapping,
	wrong => \&wrong
};

sub wrong
{
	push @wrong, map { sprintf 'after %.1f s: %s', time - $started, $_ } @_;
	return;
}

# What leaves no hope.
sub die_of { die join "\n", @_, @wrong; }

# What nobody gets in the way of.
sub observe
{
	my ($sql) = @_;
	my $got = $observer->ask($sql);
	wrong("$sql: $got->{said}") if $got->{sqlstate} || $got->{lost};
	return $got;
}

sub mapping
{
	my ($account, $user) = @_;
	my $options = $uses_login{$account}
	  ? "login 'robot', api_key '$account-key'" : "access_token '$account-token'";
	return "CREATE USER MAPPING FOR $user SERVER $account OPTIONS ($options)";
}

$world->{holdings} = CatalogsFdw::Life::Holdings->new(%lists);

$t->sql(<<'SQL');
CREATE ROLE worker LOGIN SUPERUSER;
CREATE ROLE clerk LOGIN;
GRANT pg_read_all_stats TO clerk;
CREATE TABLE notes (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE crossing (n int);
CREATE TABLE everywhere (account text, id bigint, name text) PARTITION BY LIST (account);
GRANT ALL ON notes, crossing, everywhere TO clerk;
SQL
my ($https_port) = $t->{greeting} =~ m{^https://localhost:(\d+)/}m;
foreach my $account (@accounts)
{
	connect_to($t, $account, CatalogsFdw::Life::Hardship::usual_options(),
		combine_verbs => $combining{$account} ? 'true' : 'false',
		$uses_tls{$account} ? (url => "https://$account.localhost:$https_port", ca_file => $t->ca_file) : ());
	$t->sql(<<"SQL");
DROP USER MAPPING FOR CURRENT_USER SERVER $account;
@{[ mapping($account, 'worker') ]};
@{[ mapping($account, 'clerk') ]};
CREATE FOREIGN TABLE every_$account PARTITION OF everywhere FOR VALUES IN ('$account') SERVER $account;
ALTER FOREIGN TABLE every_$account ALTER account OPTIONS (ADD constant '$account');
GRANT ALL ON SCHEMA $account TO clerk;
GRANT ALL ON $account.catalogs, every_$account TO clerk;
GRANT USAGE ON FOREIGN SERVER $account TO clerk;
SQL
}

my @clients = map {
	CatalogsFdw::Life::Client->new(
		number => $_,
		world => $world,
		user => $_ % 2 ? 'worker' : 'clerk',
		is_elder => $_ <= $n_elders)
} 1 .. $n_sessions;
my $hardship =
  CatalogsFdw::Life::Hardship->new(world => $world, clients => \@clients, pause => $pause);

# ------------------------------------------------------------------------------
# Living

# Everybody does what there is to do, until that.
sub live
{
	my ($until) = @_;

	until ($until->())
	{
		my $did = 0;

		foreach my $client (@clients) { $did = 1 if $client->go_on }
		usleep(2000) if !$did;
	}
	return;
}

# Until nobody has a transaction any more.
sub come_to_rest
{
	my $start = time;

	$world->{resting} = 1;
	live(sub { time - $start > $patience || !grep { !$_->is_idle } @clients });
	die_of("client $_->{number} does not come to an end: $_->{sql}")
	  foreach grep { !$_->is_idle } @clients;
	return;
}

# --- the server -----------------------------------------------------------------------

# All that was under way is lost, but for what was answered already.
sub crash
{
	my ($how) = @_;

	$world->{crashes}++;
	$how->();
	foreach my $client (@clients)
	{
		my $session = $client->session or next;
		my $end = time + 10;
		usleep(1000) until $session->is_done || time > $end;
		$client->go_on if $client->is_asking;
		$client->lose if $client->session;
	}
	my $give_up = time + 60;
	until ($observer = eval { CatalogsFdw::Session->new($node) })
	{
		die "the server does not come back: $@" if time > $give_up;
		usleep(50_000);
	}
	# the pace begins anew, which the accounts know nothing of
	usleep(1_100_000);
	return;
}

sub kill_backend
{
	my $victim = one_of(grep { $_->is_asking } @clients);

	$count{'backends killed with -9'}++;
	crash(sub { kill 'KILL', $victim->{pid} });
	return;
}

sub restart_immediately
{
	$count{'restarts with -m immediate'}++;
	crash(sub { $node->stop('immediate'); $node->start });
	return;
}

# --- what has been asked ----------------------------------------------------------------

my %wire = (requests => 0, rows => 0);
my @last_wire;
my %added;    # name -> status of the POST that may have added it

# Counts the requests since the last time; no add is sent again that may have been
# carried out.
sub look_at_wire
{
	my $refused = 0;

	@last_wire = split /\n/,
	  $t->emulator('wire', '--accounts', '--full', '--status', '--refused', '--time');
	foreach (@last_wire)
	{
		my ($account, $method, $rest, $status, $refusals) =
		  /^(\w+): (\w+) (.*) -> ([\w ]+)(.*) \+[\d.]+s$/
		  or next;
		my ($body) = $rest =~ /^\S+ (\{.*\})$/;

		$wire{requests}++;
		$wire{ $rest =~ m{auth} ? 'LOGIN' : $method }++;
		$refused++ if $status eq '429';
		next if !defined $body || $method ne 'POST' || $rest =~ m{auth};
		my $rows = JSON::PP::decode_json($body);
		$wire{rows} += @{ $rows->{$_} } foreach keys %$rows;
		my %is_refused = map { $_ => 1 } $refusals =~ /not add (\d+)/g;
		my $position = 0;
		foreach my $row (@{ $rows->{add} // [] })
		{
			my $key = CatalogsFdw::Promise::called($row->{name});

			wrong("$key is added again, after the account has replied $added{$key}")
			  if defined $added{$key};
			$position++;
			$added{$key} = $status if $status !~ /^4\d\d$/ && !$is_refused{$position};
		}
	}
	foreach (split /\n/, $t->emulator('strikes'))
	{
		my ($times, $kind) = /^(\d+) (.*)/ or next;
		$strikes{$kind} += $times;
		$refused -= $times if $kind eq 'status 429';
	}
	# When a request arrives is not known to who has sent it, only when it has left.
	my $late = $t->emulator('late');
	chomp $late;
	wrong("$refused requests were one too many, though the account was never late by more than $late s")
	  if $refused && $late < $may_be_late;
	$count{'refused while the account was late'} += $refused;
	return;
}

# --- looking at all of it ------------------------------------------------------------------

# How many sockets are connected to the accounts.
sub connections
{
	my ($http_port) = $t->url =~ /:(\d+)$/;
	my $remote = sprintf ':(?:%04X|%04X)', $http_port, $https_port;
	return scalar grep { /^\s*\d+: \S+ \w+$remote 0[18] / } map { split /\n/, slurp_file($_) }
	  grep { -e } qw(/proc/net/tcp /proc/net/tcp6);
}

my @elder_holds;    # of each elder, when it was first looked at, and last

# What has been done since the last look with the list that such words are about.
sub stories_of
{
	my ($account, $id, $key) = $_[0] =~ /^(\w+) .*?\b(\d+)\b(?:.*?\b(n\d+))?/ or return;
	my %told;

	return (
		(grep { !$told{$_}++ } map { @{ $world->{stories}{$_} // [] } } grep { defined } $id, $key),
		(grep { /^$account: .*\b$id\b/ || (defined $key && /^$account: .*\b$key\b/) } @last_wire));
}

# Nothing is in the way: everybody makes one more transaction, which succeeds, and then
# the accounts are held against what they must hold.
sub look
{
	$hardship->relent;
	come_to_rest();
	$world->{calm} = 1;
	$world->{resting} = 0;
	$_->make(1) foreach @clients;
	my @left = @clients;
	my $start = time;
	live(sub {
		@left = grep { !$_->has_made_them } @left;
		return !@left || time - $start > $patience;
	});
	$world->{resting} = 1;
	die_of("client $_->{number} does not come to an end: $_->{sql}") foreach @left;
	$_->make(undef) foreach @clients;
	look_at_wire();
	wrong(map { join "\n", $_, stories_of($_) }
		  $world->{holdings}->wrong(map { $_ => lists($t, $_) } @accounts));
	my %noted = map { $_->[0] => 1 } @{ observe('SELECT n FROM notes')->{rows} };
	wrong("transaction $_ is " . ($noted{$_} ? '' : 'not ') . 'here')
	  foreach grep { ($noted{$_} // 0) != $outcome{$_} } sort { $a <=> $b } keys %outcome;
	observe('TRUNCATE notes, crossing');
	$hardship->vary;
	%outcome = ();
	$world->{stories} = {};
	$count{'looks at the accounts'}++;
	return;
}

sub look_at_processes
{
	# What each of them takes once is not what this is about.
	my $all = 'SELECT count(*) FROM everywhere; SELECT count(*) FROM catalogs_fdw_stats';

	$_->session->ask($all) foreach @clients[ 0 .. $n_elders - 1 ];
	$_->session->ask('SELECT catalogs_fdw_disconnect_all()') foreach grep { $_->session } @clients;
	my $end = time + 10;
	usleep(50_000) while connections() && time < $end;
	my $left = connections();
	wrong("$left connections to the accounts are left") if $left;
	foreach my $i (0 .. $n_elders - 1)
	{
		my $session = $clients[$i]->session;
		push @{ $elder_holds[$i] }, holds($session);
	}
	return;
}

# ------------------------------------------------------------------------------

diag("CATALOGS_SEED=$seed, $seconds s, $n_sessions sessions");
my $round = $seconds / 3 > 20 ? 20 : $seconds / 3;
my $end = $started + $seconds;
my @crashes = map { [ $started + $seconds * $_->[0], $_->[1] ] } (
	[ 0.1, \&kill_backend ],
	[ 0.2, \&restart_immediately ],
	[ 0.3, \&kill_backend ]);

look();
while (time < $end && @wrong < $max_wrong)
{
	my $until = time + $round;

	$until = $end if $until > $end - $round / 2;
	$world->{calm} = $world->{resting} = 0;
	live(sub {
		$hardship->befall;
		if (@crashes && time > $crashes[0][0] && grep { $_->is_asking } @clients)
		{
			(shift @crashes)->[1]->();
		}
		return time > $until || @wrong >= $max_wrong;
	});
	look();
	look_at_processes() if !@crashes;
	note sprintf '%.0f s: %d transactions, %d lists', time - $started, $count{transactions},
	  $world->{holdings}->size;
}
my $lasted = time - $started;

is(join("\n", @wrong), '', 'all that was promised has been kept');
is(join("\n", $world->{log}->surprises), '', 'nothing was logged that should not be');

# --- nothing has leaked -----------------------------------------------------------------

foreach my $i (0 .. $n_elders - 1)
{
	my ($first, $last) = @{ $elder_holds[$i] }[ 0, -1 ];
	my %grown = map { $_ => $last->{$_} - $first->{$_} } keys %$first;

	cmp_ok($grown{contexts}, '<', 256, "memory contexts of session $i have not grown");
	cmp_ok($grown{private}, '<', 4096, '... nor has its own memory')
	  or diag('in kB: ' . join ', ', map { $_->{private} } @{ $elder_holds[$i] });
	cmp_ok($grown{descriptors}, '<=', 0, '... nor its descriptors');
	cmp_ok($grown{shared}, '<=', 0, '... nor what it shares');
	diag("session $i: " . join ', ', map { "$_ $first->{$_} -> $last->{$_}" } sort keys %$first);
}
my @temporary = grep { -e } glob $node->data_dir . '/base/pgsql_tmp/*';
is("@temporary", '', 'no temporary file is left');

# --- figures ----------------------------------------------------------------------------

sub figures
{
	my ($title, %of) = @_;
	diag("$title: " . join ', ', map { "$_: $of{$_}" } sort keys %of);
	return;
}

diag(sprintf '%.0f s; %d requests, %.1f a second, %d rows written', $lasted, $wire{requests},
	$wire{requests} / $lasted, $wire{rows});
figures('done', %count);
figures('requests', %wire);
figures('struck', %strikes);
figures('answers', %sqlstates);
done_testing();
