# Random transactions of up to hundreds of rows, over three accounts that lie, limit,
# refuse, die or lose their sessions, in sessions that are cancelled, terminated or
# left: the accounts hold in the end what a committed transaction wanted, and else
# what was there before; each difference is named, once; nothing is added twice; and
# who takes back has manners.
#
# Each seed is a transaction by itself, the same ones always.  When one fails, the
# test leaves out of it what need not be there for that.  CATALOGS_SEED=17 repeats one,
# but for what depends on who is quicker.
#
# test/perl/CatalogsFdw: Promise is what the accounts must hold, Manners what they
# are not to be asked.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Manners;
use CatalogsFdw::Promise;
use CatalogsFdw::Random::Choice;
use CatalogsFdw::Session;
use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $seeds = $ENV{CATALOGS_SEED} || '1-80';
my @seeds = map { /^(\d+)-(\d+)$/ ? $1 .. $2 : $_ } split /,/, $seeds;

my $max_steps = 8;
my $max_failures = 5;

# How long an abort may take, whose requests have ten seconds, and a COMMIT before it.
my ($abort_limit, $commit_limit) = (11, 60);

# The accounts: the first of their lists, and the first id that they give.
my %first_list = (acme => 11, beta => 2011, cora => 4011);
my %first_id = (acme => 10001, beta => 20001, cora => 30001);
my @accounts = sort keys %first_list;
my %uses_login = (beta => 1);

# ------------------------------------------------------------------------------
# Servers

my $t = CatalogsFdw::Test->new(table => 0);
my $observer = CatalogsFdw::Session->new($t->node);
$t->sql('CREATE TABLE notes (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
connect_to($t, $_, max_retries => 0, batch_size => 50, request_timeout => '20s',
	write_mode => 'deferred', combine_verbs => 'false')
  foreach @accounts;
$t->sql("DROP USER MAPPING FOR CURRENT_USER SERVER $_;
	CREATE USER MAPPING FOR CURRENT_USER SERVER $_ OPTIONS (login 'robot', api_key '$_-key')")
  foreach sort keys %uses_login;

# Accounts as at the start, with so many lists: account -> id -> name.
sub seed_accounts
{
	my $file = "$t->{control}.hardship";
	my (%seed, %lists);

	foreach my $account (@accounts)
	{
		my $first = $first_list{$account};

		$lists{$account} = { map { $_ => "List $_" } $first .. $first + one_of(3, 10, 200) };
		$seed{$account} = {
			tokens => ["$account-token"],
			logins => [ { login => 'robot', api_key => "$account-key" } ],
			next_id => $first_id{$account},
			lists => [
				map { { id => $_ + 0, name => $lists{$account}{$_} } }
				sort keys %{ $lists{$account} }
			]
		};
	}
	open my $out, '>', $file or die "$file: $!";
	print $out JSON::PP::encode_json({ accounts => \%seed });
	close $out or die "$file: $!";
	$t->emulator('reset', $file);
	$t->set(
		request_id => one_of(qw(echo echo none partial)),
		post_items_shape => one_of(qw(list nested map)));
	return %lists;
}

# ------------------------------------------------------------------------------
# One transaction: what it is made of, and what has become of it

my %run;    # lines, wrong, promise, hardships, named, ...

sub told { push @{ $run{lines} }, map { '    ' . substr $_, 0, 600 } map { split /\n/ } @_; return; }

sub wrong
{
	return if !@_;
	$run{wrong} = 1;
	return told(map { "WRONG: $_" } @_);
}

# Asks, and hears which rows are named.
sub ask
{
	my ($sql) = @_;
	$run{session}->send($sql);
	return answer($sql);
}

sub answer
{
	my ($sql) = @_;
	my $got = $run{session}->result;

	told("$sql;", $got->{said});
	hear(map { ("$_->{message}\n$_->{detail}") } @{ $got->{warnings} }, $got->{error} // ());
	$run{lost} = 1 if $got->{lost};
	return $got;
}

sub hear
{
	foreach (map { named_rows($_) } @_)
	{
		my ($verb, $row) = split / /, $_, 2;
		$row = CatalogsFdw::Promise::called($1) if $row =~ /^"(.*)"/;
		$run{named}{"$verb $row"} = 1;
	}
	return;
}

# ------------------------------------------------------------------------------
# Statements: each has a text, and does something to the promise

sub new_names
{
	my ($n) = @_;
	return map { 'n' . ++$run{last_name} . $run{tail} } 1 .. $n;
}

# Of an account's lists that the transaction sees, as many of one kind.
sub some_lists
{
	my ($account, $n) = @_;
	my @all = sort keys %{ $run{promise}->lists($account) };
	my @old = grep { /^\d/ } @all;
	my @new = grep { !/^\d/ } @all;
	my @some = @new && (!@old || chance(0.3)) ? @new : @old;

	return @some[ 0 .. ($n < @some ? $n : @some) - 1 ];
}

sub condition
{
	my ($account, @keys) = @_;
	my $lists = $run{promise}->lists($account);

	return 'false' if !@keys;
	return 'id IN (' . join(', ', @keys) . ')' if $keys[0] =~ /^\d/;
	return 'name IN (' . join(', ', map { literal($lists->{$_}) } @keys) . ')';
}

# In ASCII, whatever the encoding of the client.
sub literal
{
	my ($text) = @_;
	return "U&'" . ($text =~ s/([^\x20-\x7e])/sprintf '\\%04x', ord $1/ger) . "'";
}

sub some_rows { return weighted(4 => 1, 3 => 3, 2 => 20, 2 => 300); }

sub insert
{
	my ($account) = @_;
	my @names = new_names(some_rows());
	my $with_id = chance(0.4);
	my @rows = map { '(' . literal($_) . ($with_id ? ', ' . (/(\d+)/)[0] : '') . ')' } @names;

	return ("INSERT INTO $account.catalogs (name" . ($with_id ? ', request_id' : '') . ') VALUES '
		  . join(', ', @rows),
		sub { $run{promise}->add($account, @names) });
}

# Each row is sent at once.
sub insert_returning
{
	my ($account) = @_;
	my @names = new_names(weighted(3 => 1, 2 => 3, 1 => 30));

	return ("INSERT INTO $account.catalogs (name) VALUES "
		  . join(', ', map { '(' . literal($_) . ')' } @names)
		  . ' RETURNING id',
		sub { $run{promise}->add($account, @names) });
}

sub update
{
	my ($account) = @_;
	my @keys = some_lists($account, some_rows());

	return ("UPDATE $account.catalogs SET name = name || '+' WHERE " . condition($account, @keys),
		sub { $run{promise}->update($account, '+', @keys) });
}

sub delete_some
{
	my ($account) = @_;
	my @keys = some_lists($account, one_of(1, 1, 2, 20));

	return ("DELETE FROM $account.catalogs WHERE " . condition($account, @keys),
		sub { $run{promise}->delete($account, @keys) });
}

sub flush { return ("SELECT count(*) FROM catalogs_fdw_flush('$_[0]')", sub { }); }

sub bad { return ('SELECT 1 / 0', sub { }, 'fails'); }

sub step
{
	my $promise = $run{promise};
	my @savepoints = $promise->savepoints;

	hardship() if chance($run{hard});
	if ($run{failed})
	{
		roll_back_to(one_of(@savepoints)) if @savepoints;
		return;
	}
	return set_savepoint(one_of(qw(a b))) if chance(0.15);
	return roll_back_to(one_of(@savepoints)) if @savepoints && chance(0.1);
	my $make = weighted(
		5 => \&insert,
		3 => \&insert_returning,
		4 => \&update,
		2 => \&delete_some,
		3 => \&flush,
		0.3 => \&bad);
	my ($sql, $effect, $fails) = $make->(one_of(@accounts));
	$promise->set_savepoint('statement');
	$effect->();
	my $got = ask($sql);
	$run{failed} = $got->{sqlstate};
	$promise->roll_back_to('statement') if $run{failed};
	$promise->release('statement');
	wrong("fails, though nothing is in the way: $sql") if $run{failed} && !$fails && !$run{is_hard};
	wrong('does not fail') if $fails && !$run{failed};
	return;
}

sub set_savepoint
{
	my ($name) = @_;
	ask("SAVEPOINT $name");
	$run{promise}->set_savepoint($name);
	return;
}

sub roll_back_to
{
	my ($name) = @_;
	my $got = ask("ROLLBACK TO $name");

	wrong("ROLLBACK TO fails") if $got->{sqlstate};
	$run{promise}->roll_back_to($name);
	$run{failed} = '';
	return;
}

# ------------------------------------------------------------------------------
# Hardships

# What a hardship excuses.  is_hard, any of them: statements may fail.  leaves_open: what
# became of a request is not always known then, so that a row may be named which is as
# it is to be.  rows_refused: a batch may be parted, for single rows may be refused.
sub hardship
{
	my $account = one_of(@accounts);
	my $make = weighted(
		3 => \&refuse_for_good,
		2 => \&refuse_once,
		3 => \&lie,
		2 => \&die_for_good,
		2 => \&lose_once,
		1 => \&refuse_rows,
		2 => \&end_sessions,
		1 => \&limit);

	$run{is_hard} = 1;
	return $make->($account);
}

sub fault
{
	my ($account, $name, @pairs) = @_;
	told("-- fault $name account=$account @pairs");
	$t->fault($name, account => $account, @pairs);
	return;
}

sub later { return (nth => one_of(1, 1, 2, 3, 7)); }

sub refuse_for_good
{
	my ($account) = @_;
	my $code = one_of(401, 402, 403, 403, 429, 503);

	$run{leaves_open} = 1 if $code == 503;
	return fault($account, 'status', code => $code, on => 'POST', later(), times => 0,
		$code == 403 ? (body => one_of(qw(html problem))) : ());
}

sub refuse_once
{
	my ($account) = @_;
	my $code = one_of(401, 429, 429, 503, 500);

	$run{leaves_open} = 1 if $code >= 500;
	return fault($account, 'status', code => $code, on => 'POST', later(),
		$code == 429 && chance(0.5) ? (one_of(qw(retry_after retry_field)) => 1) : ());
}

# What the reply does not name is gone, says the API: so it is of adds that it does not
# speak the truth, and no item of another verb in the same POST is displaced.  One that
# is answered with the id of a list that was there: the transaction knows that list, or
# nobody could tell.
sub lie
{
	my ($account) = @_;
	my @hows = qw(more errors error invalid);
	my $how = one_of(@hows, $run{combines}{$account} ? () : qw(twice old crosswise));
	my $id = $first_list{$account};

	$run{leaves_open} = 1;
	if ($how eq 'old')
	{
		return if $run{failed} || !$run{promise}->lists($account)->{$id};
		my $got = ask("UPDATE $account.catalogs SET name = name || '+' WHERE id = $id");
		$run{failed} = $got->{sqlstate};
		return if $run{failed};
		$run{promise}->update($account, '+', $id);
	}
	return fault($account, 'lie', on => 'POST', verb => 'add', later(), how => $how);
}

sub die_for_good
{
	my ($account) = @_;
	$run{leaves_open} = 1;
	return fault($account, one_of(qw(silent close_before close_after_request reset close_applied)),
		on => 'POST', later(), times => 0);
}

sub lose_once
{
	my ($account) = @_;
	$run{leaves_open} = 1;
	$run{replies_lost}++;
	return fault($account, one_of(qw(close_applied close_middle cut close_after_request garbage)),
		on => 'POST', later());
}

sub refuse_rows
{
	$run{rows_refused} = 1;
	my $rule = one_of('add:1', 'add:3', "update:$first_list{acme}", 'delete:*', 'update:*');
	told("-- set partial=$rule");
	$t->set(partial => $rule, partial_code => 281, partial_shape => one_of(
			qw(message_map object_list object_map item)));
	return;
}

sub end_sessions
{
	told('-- expire');
	$t->emulator('expire');
	return if chance(0.5);
	return fault(one_of(sort keys %uses_login), @{
		one_of([ 'long_length', on => 'LOGIN' ], [ 'status', code => 401, on => 'LOGIN', times => 0 ],
			[ 'close_after_request', on => 'LOGIN' ]) });
}

sub limit
{
	told('-- set rate_limit=30');
	$t->set(rate_limit => 30, rate_body => one_of(qw(json retry_after html)), after_429s => one_of(0, 10));
	return;
}

# ------------------------------------------------------------------------------
# Its end

# What ends it, and how many milliseconds after it was asked for.
sub end
{
	my $way = weighted(
		12 => 'COMMIT',
		5 => 'ROLLBACK',
		2 => 'deferred',
		3 => 'cancel',
		3 => 'terminate',
		2 => 'vanish',
		1 => 'idle');
	my $sql = $way =~ /cancel|terminate|vanish/ ? one_of('COMMIT', 'COMMIT', 'ROLLBACK') : 'COMMIT';
	my $pause = 1000 * one_of(0, 1, 5, 20, 100);

	$sql = 'ROLLBACK' if $way eq 'ROLLBACK';
	hardship() if $run{hard} && chance(0.5);
	requests($t);
	if ($way =~ /cancel|terminate|vanish/)
	{
		$t->set(delay_ms => 15);
		$run{is_hard} = $run{leaves_open} = 1;
	}
	if ($way eq 'deferred' && !$run{failed})
	{
		ask('INSERT INTO notes VALUES (-1), (-1)');
	}
	if ($way eq 'idle')
	{
		told('-- the client says goodbye');
		$run{session}->quit;
		$sql = '';
	}
	else
	{
		told("-- $way") if $way ne $sql;
		$run{session}->send($sql);
		usleep($pause);
		told("-- $way after $pause us") if $way =~ /cancel|terminate|vanish/;
		$observer->ask("SELECT pg_${way}_backend($run{pid})") if $way =~ /cancel|terminate/;
		$run{session}->vanish if $way eq 'vanish';
	}
	my $got = $way =~ /idle|vanish/ ? { lost => 1, sqlstate => '', warnings => [] } : answer($sql);
	# It came before COMMIT had begun.
	if ($way eq 'cancel' && ($got->{status} // '') eq 'E')
	{
		$sql = 'ROLLBACK';
		$got = ask($sql);
	}
	check_end($sql, $way, $got);
	return;
}

sub check_end
{
	my ($sql, $way, $got) = @_;

	if ($got->{lost})
	{
		wrong('the session is lost') if $way !~ /idle|vanish|terminate/;
		wait_for_end();
		hear(@{ texts_in_log() });
	}
	elsif ($sql eq 'ROLLBACK')
	{
		wrong("ROLLBACK fails: $got->{said}") if $got->{sqlstate} && $way ne 'cancel';
	}
	elsif ($way eq 'deferred')
	{
		wrong('COMMIT does not fail') if !$got->{sqlstate} && !$run{failed};
	}
	else
	{
		wrong('COMMIT fails') if $got->{sqlstate} && !$run{is_hard};
	}
	wrong("the transaction goes on: $got->{status}") if !$got->{lost} && $got->{status} ne 'I';
	my $seconds = $got->{seconds} // 0;
	my $limit = $sql eq 'COMMIT' && !$run{failed} ? $commit_limit + $abort_limit : $abort_limit;
	wrong("takes $seconds s")
	  if $seconds > $limit && $seconds - lateness(time - $seconds, time) > $limit;
	wrong(named_twice($got));
	$run{remains} =
	  { map { $_ => 1 } map { named_rows($_->{detail}) }
		grep { $_->{sqlstate} eq '01000' } @{ $got->{warnings} } };
	my @requests = requests($t);
	told_requests(@requests);
	# Where a COMMIT is cut off, what it sent and what takes that back look alike.
	wrong(
		unmannerly(
			\@requests,
			taking_back => $sql ne 'COMMIT' || $run{failed},
			rows_refused => $run{rows_refused},
			lost => $run{replies_lost},
			batch_size => $run{batch_size}))
	  if $way !~ /terminate|vanish|cancel/;
	return;
}

# The first and the last of many.
sub told_requests
{
	my @texts = map { '-- ' . $_->{text} =~ s/^(.{150}).*( -> .*)$/$1...$2/r } @_;

	splice @texts, 6, @texts - 18, '-- ...' if @texts > 20;
	return told(@texts);
}

# Each row is named once by what ends the transaction.
sub named_twice
{
	my ($got) = @_;
	my %times;

	$times{$_}++ foreach map { named_rows($_->{detail}) } @{ $got->{warnings} };
	return map { "names the $_ $times{$_} times" } grep { $times{$_} > 1 } sort keys %times;
}

sub wait_for_end
{
	my $start = time;
	usleep(2000) while kill(0, $run{pid}) && time - $start < 20;
	wrong('the backend does not end') if kill 0, $run{pid};
	return;
}

# What the backend has logged: the client may have gone, or be unable to show it.
sub texts_in_log
{
	my $log = $t->log =~ s/\n\t/ /gr;
	return [ $log =~ /\[$run{pid}\] [^\n]*(?:WARNING|ERROR|FATAL|DETAIL):  ([^\n]*)/g ];
}

# The accounts, and what is here.
sub check_accounts
{
	my $committed = $observer->ask("SELECT count(*) FROM notes WHERE n = $run{seed}")->{rows}[0][0];

	$t->emulator('heal');
	told('-- committed: ' . ($committed ? 'yes' : 'no'));
	foreach my $account (@accounts)
	{
		my $lists = lists($t, $account);
		utf8::decode($_) foreach values %$lists;
		wrong($run{promise}->wrong($account, $lists, $committed, $run{named}));
	}
	if (!$run{leaves_open})
	{
		my $differs = $run{promise}->differs;
		wrong(map { "names the $_, which is as it is to be" }
			  grep { !$differs->{$_} } sort keys %{ $run{remains} });
	}
	my $locks = $observer->ask(q{SELECT count(*) FROM pg_locks
		WHERE relation = 'notes'::regclass})->{rows}[0][0];
	wrong("$locks locks are left behind") if $locks;
	return;
}

# ------------------------------------------------------------------------------
# All of it

sub run_seed
{
	my ($seed, $skipped) = @_;

	throw_dice($seed, 'begin');
	$observer->ask('TRUNCATE notes');
	%run = (
		seed => $seed,
		lines => ["-- seed $seed"],
		named => {},
		failed => '',
		last_name => 1000 * $seed,
		tail => one_of(q(), q(), " \x{e9}", " \x{416}"),
		hard => one_of(0, 0.15, 0.4));
	$run{promise} = CatalogsFdw::Promise->new(seed_accounts());
	$run{session} = CatalogsFdw::Session->new($t->node);
	$run{pid} = $run{session}->pid;
	choose_options();
	ask("BEGIN");
	ask("INSERT INTO notes VALUES ($seed)");
	set_savepoint('a') if chance(0.5);
	foreach my $n (1 .. 1 + int rand $max_steps)
	{
		last if $run{wrong} || $run{lost};
		throw_dice($seed, $n);
		step() if !$skipped->{$n};
	}
	throw_dice($seed, 'end');
	end() if !$run{lost};
	check_accounts();
	$run{session}->vanish;
	return $run{wrong};
}

sub choose_options
{
	my $encoding = one_of(qw(UTF8 UTF8 LATIN1 WIN1252));

	foreach my $account (@accounts)
	{
		my $batch_size = $run{batch_size}{$account} = one_of(2, 20, 50);
		my $combines = one_of(qw(false false true));
		my $options = join ', ',
		  map { "SET $_->[0] '$_->[1]'" }[ batch_size => $batch_size ],
		  [ max_retries => one_of(0, 0, 0, 2) ],
		  [ request_timeout => one_of('20s', '3s') ],
		  [ write_mode => one_of(qw(deferred deferred immediate)) ],
		  [ combine_verbs => $combines ];
		$run{combines}{$account} = $combines eq 'true';
		$observer->ask("ALTER SERVER $account OPTIONS ($options)");
		told("-- $account: $options");
	}
	ask("SET client_encoding = $encoding");
	return;
}

sub shrink
{
	my ($seed) = @_;
	my $report = join "\n", @{ $run{lines} };
	my %skipped;

	foreach my $n (1 .. $max_steps)
	{
		next if !run_seed($seed, { %skipped, $n => 1 });
		$skipped{$n} = 1;
		$report = join "\n", @{ $run{lines} };
	}
	return $report;
}

my $failures = 0;
my $start = time;
diag("CATALOGS_SEED=$seeds");
foreach my $seed (@seeds)
{
	last if $failures >= $max_failures;
	if (run_seed($seed, {}))
	{
		$failures++;
		fail("transaction $seed");
		diag(shrink($seed), "\nCATALOGS_SEED=$seed repeats it");
	}
	note "transaction $seed is done";
	if (@seeds == 1) { diag(join "\n", @{ $run{lines} }) }
}
is($failures, 0, @seeds . ' random transactions');
note sprintf '%.1f s, of which %.1f s in this test', time - $start, (times)[0];
$observer->quit;
done_testing();
