# Every answer of the account that is no success becomes the SQLSTATE, the
# message, the detail and the hint that the contract's table of failures says,
# for a GET and for a POST of each verb.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use Test::More;

my $t = CatalogsFdw::Test->new;
my $session = $t->session;

my %statements = (
	get => 'SELECT id, name FROM catalogs',
	add => q{INSERT INTO catalogs (name) VALUES ('New list')},
	update => q{UPDATE catalogs SET name = 'Other' WHERE id = 4223},
	delete => 'DELETE FROM catalogs WHERE id = 4222');

# What a message names, besides the server.
my %subjects = (
	get => qr/read lists/,
	add => qr/add list "New list"/,
	update => qr/update list 4223/,
	delete => qr/delete list 4222/);

# The requests of a statement of which one is answered with an error.
my %requests = (
	get => '1 GET',
	add => '1 POST',
	update => '1 POST, 1 GET',
	delete => '1 POST, 1 GET');

# The server, and the session.
sub start_anew
{
	$session->quit;
	$t->node->restart;
	$session = $t->session;
	return;
}

# Runs a statement, and takes its error apart.
sub ask
{
	my ($sql) = @_;
	my $got = $t->try_in($session, $sql);
	my $next = qr/^(?:[^\n]*(?:ERROR|WARNING):|DETAIL:|HINT:|CONTEXT:|LOCATION:)/m;

	($got->{message}) = $got->{error} =~ /ERROR:  \w{5}: (.*?)\n(?=$next)/s;
	($got->{detail}) = $got->{error} =~ /^DETAIL:  (.*?)\n(?=$next)/ms;
	($got->{hint}) = $got->{error} =~ /^HINT:  (.*?)\n(?=$next)/ms;
	$got->{$_} //= '' foreach qw(message detail hint);
	return $got;
}

# The account answers a statement of KIND with FAULT: is the error as wanted?
# WANTED: sqlstate, and regexes for message, detail and hint.
sub answer
{
	my ($name, $fault, $kind, %wanted) = @_;
	my ($word, @pairs) = @$fault;
	my @wrong;

	$t->wire;
	$t->fault($word, @pairs, on => $kind eq 'get' ? 'GET' : 'POST', times => 0);
	my $got = ask($statements{$kind});
	my $requests = $t->wire('--count');
	$t->emulator('heal');

	push @wrong, "SQLSTATE $wanted{sqlstate}"
	  if $got->{sqlstate} ne $wanted{sqlstate};
	push @wrong, "message with $subjects{$kind} on server \"acme\""
	  if $got->{message} !~ $subjects{$kind}
	  || $got->{message} !~ /server "acme"/;
	foreach (grep { defined $wanted{$_} } qw(message detail hint))
	{
		push @wrong, "$_ with $wanted{$_}" if $got->{$_} !~ $wanted{$_};
	}
	push @wrong, "requests: $requests{$kind}"
	  if $wanted{once} && $requests ne $requests{$kind};

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(!@wrong, "$name: $kind")
	  or diag("wanted " . join("\n  and ", @wrong),
		"\ngot ($requests):\n$got->{error}$got->{output}");
	return $got;
}

# The same for a statement of each kind.  WANTED may hold other wants for a
# kind under its name.
sub answers
{
	my ($name, $fault, %wanted) = @_;
	foreach my $kind (qw(get add update delete))
	{
		my $other = $wanted{$kind} // {};
		answer($name, $fault, $kind, once => 1, %wanted, %$other);
	}
	return;
}

# A server that fails while it adds may have added.
my %unknown = (
	sqlstate => '08007',
	detail => qr/add of list "New list"/,
	hint => qr/before you repeat/);

# ------------------------------------------------------------------------------
# The statuses

foreach my $code (301, 302, 307, 308)
{
	my $address = $t->url . '/api/v2/moved';
	answers(
		"$code with an address", [ 'redirect', code => $code, to => $address ],
		sqlstate => '08001',
		hint => qr/\Q$address\E/,
		detail => qr/status $code/);
}
answers(
	'301 without an address', [ 'status', code => 301 ],
	sqlstate => '08001',
	hint => qr/^$|"url"/);

answers('400', [ 'status', code => 400 ], sqlstate => 'HV000');
answers('401', [ 'status', code => 401 ],
	sqlstate => '28000', hint => qr/user mapping/);
answers('402', [ 'status', code => 402 ],
	sqlstate => '55000', detail => qr/subscription/, hint => qr/subscription/);
# No code of its own: it may be a block, and says nothing of rights.
answers('403', [ 'status', code => 403 ],
	sqlstate => '42501', hint => qr/blocked.*administrator/);
answers(
	'404', [ 'status', code => 404 ],
	sqlstate => 'HV00R',
	detail => qr{"/api/v2/catalogs"},
	hint => qr/"path"/);
# One row is as few as there can be.
answers('413', [ 'status', code => 413 ], sqlstate => '54000', hint => qr/^$/);
answers('422 for one row, or none', [ 'status', code => 422 ],
	sqlstate => 'HV000', hint => qr/^$/, detail => qr/status 422/);
answers(
	'422 that is about size',
	[ 'status', code => 422, body => 'problem', detail => 'Too many bytes' ],
	sqlstate => '54000', hint => qr/^$/);
answers('500', [ 'status', code => 500 ],
	sqlstate => 'HV000', once => 0, add => \%unknown);
answers('502', [ 'status', code => 502, body => 'html' ],
	sqlstate => 'HV000', once => 0, add => \%unknown);
answers('503', [ 'status', code => 503 ],
	sqlstate => 'HV000', once => 0, add => \%unknown);
answers('504', [ 'status', code => 504 ],
	sqlstate => 'HV000', once => 0, hint => qr/^Try again later/, add => \%unknown);

# An add is not repeated, whatever the others are.
foreach my $code (500, 502, 503, 504)
{
	$t->wire;
	$t->fault('status', code => $code, on => 'POST', times => 0);
	ask($statements{add});
	like($t->wire('--count'), qr/^1 POST\b/, "$code: an add is sent once");
	$t->emulator('heal');
}

# No other status than 200 and 204 is a success, also none of the same hundred.
# (One of that hundred may have been carried out; so may 303, "see other".)
foreach my $code (201, 202, 206, 303)
{
	answers(
		"$code", [ 'status', code => $code ],
		sqlstate => 'HV000', detail => qr/status $code/, once => 0,
		map { $_ => { detail => qr/status $code.*may have carried/ } }
		  qw(add update delete));
}
foreach my $code (300, 304, 405, 409, 410, 418, 451, 499)
{
	answers("$code", [ 'status', code => $code ],
		sqlstate => 'HV000', detail => qr/status $code/);
}
# Over a kept connection it may be about that: then a GET is sent once more.
answers(
	'408', [ 'status', code => 408, times => 0 ],
	sqlstate => 'HV000', detail => qr/status 408/, get => { once => 0 });
foreach my $code (501, 505, 599)
{
	answers(
		"$code", [ 'status', code => $code ],
		sqlstate => 'HV000', detail => qr/status $code/, once => 0,
		add => \%unknown);
}

# Too many rows in one request: the account has a limit of its own.
$t->set(batch_limit => 2);
my $too_many = ask(
	"INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c')");
is($too_many->{sqlstate}, '54000', '422 for too many rows');
like($too_many->{hint}, qr/"batch_size"/, '422: the hint names batch_size');
like($too_many->{message}, qr/add 3 lists/, '422: the message counts the rows');
$t->set(batch_over => 413);
$too_many = ask("INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c')");
is($too_many->{sqlstate}, '54000', '413 for too many rows');
like($too_many->{hint}, qr/"batch_size"/, '413: the hint names batch_size');
$t->reset;
$t->fault('status', code => 504, on => 'POST', times => 0);
like(ask('DELETE FROM catalogs')->{hint}, qr/"batch_size"/,
	'504 for several rows: the hint names batch_size');
$t->emulator('heal');
my $invalid = answer(
	'422 with validation-errors',
	[ 'status', code => 422, body => 'validation' ],
	'add',
	sqlstate => 'HV000', hint => qr/^$/, detail => qr/name/);
$t->fault('status', code => 422, body => 'validation', on => 'POST', times => 0);
is(ask("INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c')")->{sqlstate},
	'HV000', '... also for several rows');
$t->emulator('heal');

# ------------------------------------------------------------------------------
# Too many requests.  Whoever asks to wait is left alone by all sessions, until the
# server is started anew.

$t->sql(q{ALTER SERVER acme OPTIONS (ADD max_retries '0')});
answers('429 in HTML', [ 'status', code => 429, body => 'html' ],
	sqlstate => '53400', once => 0, hint => qr/wait/);
answers('429 in JSON', [ 'status', code => 429, body => 'problem' ],
	sqlstate => '53400', once => 0, hint => qr/wait/);
answer(
	'429 with retry_after',
	[ 'status', code => 429, body => 'problem', retry_field => 300 ], 'get',
	sqlstate => '53400', hint => qr/300 seconds/);
start_anew();
answer(
	'429 with Retry-After',
	[ 'status', code => 429, body => 'html', retry_after => 70 ], 'get',
	sqlstate => '53400', hint => qr/70 seconds/);
start_anew();
foreach my $odd ('Wed, 21 Oct 2015 07:28:00 GMT', '-5', 'soon', '9' x 30)
{
	answer(
		"429 with Retry-After: $odd",
		[ 'status', code => 429, body => 'html', retry_after => $odd ], 'get',
		sqlstate => '53400',
		hint => qr/wait/);
}
start_anew();
$t->set(rate_limit => 1, rate_body => 'json');
$t->sql('SELECT 1 FROM catalogs');
is(ask('SELECT id FROM catalogs')->{sqlstate}, '53400', 'a rate limit');
$t->reset;
start_anew();

# ------------------------------------------------------------------------------
# The account's codes: they say more than the status, which may even be 200

my %codes = (
	101 => '28000',
	110 => '28000',
	111 => '28000',
	112 => '28000',
	113 => '42501',
	222 => 'HV000',
	244 => '42501',
	281 => 'HV000',
	282 => '40001',
	283 => 'HV000',
	284 => 'HV000',
	285 => 'HV000',
	402 => '55000',
	405 => 'HV000',
	429 => '53400');
foreach my $code (sort keys %codes)
{
	answers(
		"code $code with status 400",
		[ 'status', code => 400, body => 'old', error_code => $code ],
		sqlstate => $codes{$code}, once => 0, detail => qr/code $code/);
	answers(
		"code $code with status 200", [ 'error_200', error_code => $code ],
		sqlstate => $codes{$code}, once => 0, detail => qr/code $code/);
}
$t->sql('ALTER SERVER acme OPTIONS (DROP max_retries)');
foreach my $code (101, 110, 111, 112)
{
	answers(
		"code $code with status 401",
		[ 'status', code => 401, body => 'old', error_code => $code ],
		sqlstate => '28000', detail => qr/code $code/);
}
answers(
	'code 113 with status 403',
	[ 'status', code => 403, body => 'old', error_code => 113 ],
	sqlstate => '42501', detail => qr/allowlist/, hint => qr/allowlist/);

# ------------------------------------------------------------------------------
# Single rows that the account refuses

my @row_codes = (
	[ 222, 'HV000' ], [ 244, '42501' ], [ 281, 'HV000' ], [ 282, '40001' ],
	[ 283, 'HV000' ], [ 284, 'HV000' ], [ 285, 'HV000' ]);
foreach my $shape (qw(message_map object_list object_map response))
{
	foreach (@row_codes)
	{
		my ($code, $sqlstate) = @$_;

		# A message alone does not tell the code.
		my $wanted = $shape eq 'message_map' ? 'HV000' : $sqlstate;
		$t->set(
			partial => 'update:4223,add:1,delete:4222',
			partial_shape => $shape,
			partial_code => $code,
			partial_message => "Words of the account, $code");
		foreach my $kind (qw(add update delete))
		{
			my $got = ask($statements{$kind});
			ok( $got->{sqlstate} eq $wanted
				  && $got->{message} =~ $subjects{$kind}
				  && $got->{detail} =~ /Words of the account, $code/,
				"refused row as $shape, code $code: $kind")
			  or diag("wanted $wanted, got:\n$got->{error}");
		}
	}
}
$t->set(
	partial => 'update:4223',
	partial_shape => 'message_map',
	partial_message => 'Last modified date is older than in database');
my $older = ask($statements{update});
is($older->{sqlstate}, '40001', 'a row that somebody changed meanwhile');
like($older->{message}, qr/update list 4223/, '... is named');
$t->reset;

# A row that the reply leaves out.
$t->set(post_items => 'none');
foreach my $kind (qw(update delete))
{
	my $got = ask($statements{$kind});
	ok($got->{sqlstate} eq '40001' && $got->{message} =~ $subjects{$kind},
		"$kind: a row that the reply leaves out is gone")
	  or diag($got->{error});
}
my $short = ask($statements{add});
is($short->{sqlstate}, 'HV00M', 'add: a reply without the new row');
like($short->{detail}, qr/"New list"/, '... says which rows it may concern');
$t->reset;

# ------------------------------------------------------------------------------
# The account's own words

my @bodies = (
	[ 'problem', qr/A title.*In detail/ ],
	[ 'old', qr/code 244.*In detail/ ],
	[ 'validation', qr/code 244.*A title.*In detail.*name/ ],
	[ 'html', qr/400 A title/ ],
	[ 'oauth', qr/A title.*In detail.*Some advice/ ],
	[ 'empty', qr/status 400/ ],
	[ 'text:Nothing but text', qr/Nothing but text/ ]);
foreach (@bodies)
{
	my ($body, $words) = @$_;
	foreach my $kind (qw(get add update delete))
	{
		my $got = answer(
			"body $body",
			[
				'status', code => 400, body => $body, error_code => 244,
				title => 'A title', detail => 'In detail',
				hint => 'Some advice', request_id => 'abc-123'
			],
			$kind,
			sqlstate => $body =~ /^(old|validation)$/ ? '42501' : 'HV000',
			detail => $words);
		like($got->{detail}, qr/X-Request-Id abc-123/,
			"body $body, $kind: the request's id");
	}
}
answer(
	'words in Russian', [ 'status', code => 401, body => 'old', error_code => 110 ],
	'get', sqlstate => '28000', detail => qr/Неверный логин или пароль/);

# Words are shortened ...
foreach my $body ('problem', 'old', 'validation', 'oauth', 'html')
{
	my $got = answer(
		"long words, body $body",
		[ 'status', code => 400, body => $body, detail => 'Слово ' x 5000,
			title => 'Word ' x 5000 ],
		'get', sqlstate => 'HV000');
	ok(length $got->{detail} < 1200 && $got->{detail} =~ /\.\.\./,
		"body $body: long words are shortened")
	  or diag(length $got->{detail});
}
{
	my $got = answer(
		'long words that are no JSON',
		[ 'status', code => 400, body => 'text:' . 'Word ' x 20000 ],
		'get', sqlstate => 'HV000');
	cmp_ok(length $got->{detail}, '<', 1200, 'long text is shortened');
	$got = answer(
		'a long request id',
		[ 'status', code => 400, request_id => 'r' x 3000 ],
		'get', sqlstate => 'HV000');
	cmp_ok(length $got->{detail}, '<', 1200, 'a long request id is shortened');
	$got = answer(
		'a long address',
		[ 'redirect', code => 301, to => 'https://moved.example/' . 'x' x 5000 ],
		'get', sqlstate => '08001', hint => qr{https://moved\.example/x});
	cmp_ok(length $got->{hint}, '<', 1200, 'a long address is shortened');
}

# ... and cleaned: a message goes to terminals and log files, line by line.
my $not_utf8 = "$PostgreSQL::Test::Utils::tmp_check/not_utf8";
PostgreSQL::Test::Utils::append_to_file($not_utf8, "one \xff\xfe\xc3 seven");
my $dirt = "one\ntwo\r\nthree\tfour\x01five\x1b[31msix\x7fseven";
my %dirty = (
	'text' => [ 'status', code => 400, body => "text:$dirt" ],
	'JSON' => [ 'status', code => 400, body => 'problem', detail => $dirt ],
	'HTML' => [ 'status', code => 400, body => 'html', title => $dirt ],
	'the second set of control characters' =>
	  [ 'status', code => 400, body => "text:one\xc2\x9b31mseven" ],
	'bytes that are not UTF-8' =>
	  [ 'body', code => 400, file => $not_utf8 ],
	'NUL' => [
		'body', code => 400,
		text => '{"title":"one","detail":"two\u0000seven"}'
	],
	'lone surrogates' =>
	  [ 'body', code => 400, text => '{"title":"one \ud800 seven"}' ],
);
foreach my $what (sort keys %dirty)
{
	foreach my $kind (qw(get add))
	{
		my $got = answer("$what cleaned", $dirty{$what}, $kind,
			sqlstate => 'HV000', detail => qr/one/);
		unlike($got->{detail}, qr/[\x00-\x1f\x7f]|\xc2[\x80-\x9f]/,
			"$what, $kind: no control characters");
		ok(utf8::decode(my $copy = $got->{detail}), "$what, $kind: valid UTF-8");
	}
}

# ------------------------------------------------------------------------------
# What is secret stays so, even if the account says it

# Long-lived tokens have about a thousand characters: more than is shown.
my $token = join '', map { chr(97 + $_ * 7 % 26) . $_ } 1 .. 250;
my $part = substr $token, 0, 40;

# Whether a message, its detail or its hint holds a part of the token.
sub hides
{
	my ($name, $fault, $kind) = @_;
	my ($word, @pairs) = @$fault;

	$t->fault($word, @pairs, on => $kind eq 'get' ? 'GET' : 'POST');
	my $got = ask($statements{$kind});
	$t->emulator('heal');
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($got->{sqlstate} =~ /^(HV000|08001|42501)$/, "$name, $kind: fails")
	  or diag($got->{error});
	# Not unlike(): that would show it.
	ok($got->{error} !~ /main-token|\Q$part\E/,
		"$name, $kind: the token is not shown");
	return;
}

foreach my $secret ('main-token', $token)
{
	my $length = length $secret;
	$t->sql("ALTER USER MAPPING FOR CURRENT_USER SERVER acme
		OPTIONS (SET access_token '$secret')");
	$t->emulator('revoke-token');    # the account's answers are made here
	foreach my $kind (qw(get add))
	{
		hides("token of $length in the detail",
			[ 'status', code => 400, detail => "You sent $secret." ], $kind);
		hides("token of $length in the title",
			[ 'status', code => 400, title => "$secret, $secret" ], $kind);
		hides("token of $length in the old body",
			[ 'status', code => 400, body => 'old', detail => $secret ], $kind);
		hides("token of $length in the hint",
			[ 'status', code => 400, body => 'oauth', hint => $secret ], $kind);
		hides("token of $length in HTML",
			[ 'status', code => 400, body => 'html', title => $secret ], $kind);
		hides("token of $length in text",
			[ 'status', code => 400, body => "text:$secret" ], $kind);
		hides("token of $length in the request id",
			[ 'status', code => 400, request_id => $secret ], $kind);
		hides(
			"token of $length in the address",
			[
				'redirect', code => 301,
				to => "https://moved.example/?access_token=$secret"
			],
			$kind);
		hides("token of $length in an error of status 200",
			[ 'error_200', error_code => 244, detail => $secret ], $kind);
		hides("token of $length where the words are cut",
			[ 'status', code => 400, detail => 'x' x 420 . " $secret" ], $kind);
	}
}
ok($t->log !~ /main-token|\Q$part\E/, 'nor is it in the log');

# The log-in's key, in the answers to a log-in and to what follows.
$t->reset;
$t->sql("DROP USER MAPPING FOR CURRENT_USER SERVER acme;
	CREATE USER MAPPING FOR CURRENT_USER SERVER acme
		OPTIONS (login 'robot\@example.com', api_key 'main-key')");
foreach my $on (qw(LOGIN GET))
{
	$t->fault(
		'status', code => 403, on => $on, times => 0,
		title => 'main-key', detail => 'Your key main-key is wrong',
		request_id => 'main-key');
	my $got = ask('SELECT id FROM catalogs');
	is($got->{sqlstate}, '42501', "key in the answer to a $on: fails");
	like($got->{error}, qr/Your key \*+ is wrong/,
		"key in the answer to a $on: starred");
	unlike($got->{error}, qr/main-key/, "key in the answer to a $on: hidden");
	$t->emulator('heal');
}
ok($t->log !~ /main-key/, 'nor is the key in the log');

# ------------------------------------------------------------------------------

is( $t->try_in($session, 'SELECT count(*) FROM catalogs')->{output},
	4, 'after all that the session works, and nothing was changed');
$session->quit;
done_testing();
