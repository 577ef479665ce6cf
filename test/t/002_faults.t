# Every way in which a connection or a reply can break gives the SQLSTATE of
# the contract's table of failures, in bounded time, and leaves a session in
# which the next statement works.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use Test::More;

# A reply is taken in as it is used, up to 64 kB ahead: what comes in one piece
# with that, and is too much, is met when it is taken up again.
# Nothing is sent again or taken back here: what one failure comes to is to be seen.
my $t = CatalogsFdw::Test->new(
	server => { max_response_size => '300kB', max_retries => 0, undo => 'false' });

# A second server: the same account over TLS.
my ($https_port) = $t->{greeting} =~ m{^https://localhost:(\d+)/}m;
my $ca_file = $t->ca_file;
$t->sql(<<"SQL");
CREATE SERVER tls FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (
	url 'https://localhost:$https_port', ca_file '$ca_file', max_retries '0', requests_per_second '0',
	max_response_size '300kB', undo 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls
	OPTIONS (access_token 'main-token');
CREATE SCHEMA tls;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER tls INTO tls;
SQL

my $session = $t->session;
my $count = 'SELECT count(*) FROM catalogs';

# What the account is told is told at COMMIT.
my %statements = (
	get => 'SELECT id, name FROM catalogs',
	add => q{INSERT INTO catalogs (name) VALUES ('New list')},
	update => q{UPDATE catalogs SET name = 'Other' WHERE id = 4223},
	delete => 'DELETE FROM catalogs WHERE id = 4222');
my %rows = (
	add => qr/add of list "New list"/,
	update => qr/update of list 4223/,
	delete => qr/delete of list 4222/);

# FAULT strikes a GET, or the POST of a COMMIT, on a connection that was used
# before (KEPT) or on a new one.
sub strike
{
	my ($fault, $kind, $server, $kept, $sqlstate) = @_;
	my ($word, @pairs) = @$fault;
	my $early = $word =~ /^(refuse|silent_accept|close_accept)$/;
	my $name = "@$fault: $kind on " . ($kept ? 'a kept' : 'a new')
	  . " connection" . ($server eq 'tls' ? ', https' : '');
	my @wrong;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$t->reset;
	$t->set(keep_alive => $kept ? 'on' : 'off');
	$t->try_in($session,
		'SET search_path = '
		  . ($server eq 'tls' ? 'tls' : 'public')
		  . "; $count; BEGIN; "
		  . ($kind eq 'get' ? '' : $statements{$kind}));
	$t->wire;

	$t->fault($word, @pairs,
		$early ? () : (on => $kind eq 'get' ? 'GET' : 'POST'),
		$word eq 'refuse' ? () : (times => 0));
	my $got =
	  $t->try_in($session, $kind eq 'get' ? $statements{get} : 'COMMIT');
	my $requests = $t->wire('--count');
	$t->emulator('heal');
	push @wrong, $sqlstate ? "SQLSTATE $sqlstate" : 'no error'
	  if $got->{sqlstate} ne $sqlstate;
	push @wrong, 'a message that names the server'
	  if $sqlstate && $got->{error} !~ /ERROR:  \w+: [^\n]* server "(acme|tls)"/;
	# Sent, and no word of what became of it: which rows?
	push @wrong, "a detail that names the rows"
	  if $kind ne 'get'
	  && $sqlstate =~ /08007|HV00M|54000/
	  && $got->{error} !~ /^DETAIL:.*$rows{$kind}/ms;
	push @wrong, 'one POST at most' if $requests =~ /^([2-9]|\d\d+) POST/;
	push @wrong, 'nothing sent' if $sqlstate eq '08001' && $requests ne 'nothing';
	push @wrong, 'an end within 3 s' if $got->{seconds} > 3;

	$t->set(keep_alive => 'on');
	$t->reset;
	my $next =
	  $t->try_in($session, $kind eq 'get' ? "ROLLBACK; $count" : $count);
	push @wrong, "a next statement that works, not $next->{error}"
	  if $next->{output} ne '4';

	ok(!@wrong, $name)
	  or diag('wanted ' . join("\n  and ", @wrong),
		"\ngot ($requests, $got->{seconds} s):\n$got->{error}");
	return $got;
}

# ------------------------------------------------------------------------------
# fault => SQLSTATE of a GET, of a POST; ... for new connections or kept ones only

my @faults = (
	[ ['refuse'], '08001', '08001' ],
	[ ['close_accept'], '08006', '08007', 'new' ],
	[ ['silent_accept'], '08006', '08007', 'new' ],
	[ ['close_before'], '08006', '08007' ],
	[ ['silent'], '08006', '08007' ],
	[ ['close_after_request'], '08006', '08007' ],
	[ ['close_applied'], '08006', '08007' ],
	[ ['reset'], '08006', '08007' ],
	# A GET may be repeated, and libcurl does.
	[ ['reset_kept'], '', '08007', 'kept' ],
	[ ['reset_kept'], '', '', 'new' ],
	[ ['close_headers'], 'HV00M', '08007' ],
	[ [ 'close_middle', bytes => 0 ], 'HV00M', '08007' ],
	[ [ 'close_middle', bytes => 1 ], 'HV00M', '08007' ],
	[ ['close_middle'], 'HV00M', '08007' ],
	[ ['long_length'], 'HV00M', '08007' ],
	[ ['short_length'], 'HV00M', 'HV00M' ],
	[ ['cut'], 'HV00M', 'HV00M' ],
	[ [ 'cut', bytes => 1 ], 'HV00M', 'HV00M' ],
	[ [ 'cut', at => 'number' ], 'HV00M', 'HV00M' ],
	[ [ 'cut', at => 'string' ], 'HV00M', 'HV00M' ],
	[ [ 'cut', at => 'escape' ], 'HV00M', 'HV00M' ],
	[ [ 'cut', at => 'key' ], 'HV00M', 'HV00M' ],
	[ [ 'cut', at => 'utf8' ], 'HV00M', 'HV00M' ],
	[ [ 'slow', ms => 1, bytes => 100 ], '', '' ],
	[ [ 'slow', ms => 20 ], '08006', '08007' ],
	[ ['stall'], '08006', '08007' ],
	[ [ 'stall', bytes => 0 ], '08006', '08007', 'new' ],
	[ ['garbage'], 'HV00M', '08007' ],
	[ [ 'garbage', bytes => 100000 ], 'HV00M', '08007' ],
	[ ['garbage_body'], 'HV00M', 'HV00M' ],
	[ [ 'garbage_body', text => '[]' ], 'HV00M', 'HV00M' ],
	[ [ 'garbage_body', text => 'null' ], 'HV00M', 'HV00M' ],
	[ [ 'garbage_body', text => '{"_embedded":{"items":7}}' ], 'HV00M', 'HV00M' ],
	[ ['html_200'], 'HV00M', 'HV00M' ],
	[ ['empty_200'], 'HV00M', 'HV00M' ],
	[ ['huge'], '54000', '54000' ],
	[ [ 'huge', of => 'items' ], '54000', '54000' ],
	[ ['bomb'], '54000', '54000' ],
	[ ['bad_gzip'], 'HV00M', '08007' ],
	[ [ 'bad_gzip', at => 'header' ], 'HV00M', '08007' ],
	[ [ 'bad_gzip', at => 'crc' ], 'HV00M', '08007' ],
	[ [ 'bad_gzip', at => 'cut' ], 'HV00M', 'HV00M' ],
	# Bytes that follow what was compressed mean nothing, when that was whole.
	[ ['gzip_more'], '', '' ],
	[ [ 'gzip_more', bytes => 100000 ], '', '' ],
	[ ['gzip_twice'], 'HV00M', '08007' ],
	[ ['long_header'], 'HV00M', '08007' ],
	[ [ 'long_header', bytes => 9000, headers => 100 ], 'HV00M', '08007' ],
	[ ['close_idle'], '', '' ],
	[ ['wrong_content_type'], '', '' ],
);

# These end with a timeout: short enough to be waited for, long enough for a
# reply from a busy machine.
my $waits = qr/silent|stall|slow ms 20/;
my $timeout = 300;

foreach (
	(grep { "@{ $_->[0] }" !~ $waits } @faults),
	undef,
	(grep { "@{ $_->[0] }" =~ $waits } @faults))
{
	if (!$_)
	{
		$t->sql(<<"SQL") foreach qw(acme tls);
ALTER SERVER $_ OPTIONS
	(ADD connect_timeout '${timeout}ms', ADD request_timeout '${timeout}ms')
SQL
		next;
	}

	my ($fault, $get, $post, $only) = @$_;
	my $waiting = "@$fault" =~ $waits;
	foreach my $kept (0, 1)
	{
		next if $only && $only ne ($kept ? 'kept' : 'new');
		strike($fault, 'get', 'acme', $kept, $get);
		strike($fault, 'add', 'acme', $kept, $post);
		next if $waiting && $kept;
		strike($fault, $_, 'acme', $kept, $post) foreach qw(update delete);
	}

	# Over TLS what strikes before the request strikes the handshake.
	next if $waiting && $fault->[0] !~ /silent/;
	($get, $post) = ('08001', '08001') if $fault->[0] =~ /_accept$/;
	my $kept = ($only // '') eq 'kept';
	strike($fault, 'get', 'tls', $kept, $get);
	strike($fault, 'add', 'tls', $kept, $post);
}

# ------------------------------------------------------------------------------
# What the messages say

$t->reset;
$t->try_in($session, 'SET search_path = public');
$t->fault('silent', times => 0);
$t->fails_with('08006', qr/no reply within $timeout ms.*"request_timeout"/s,
	$statements{get}, 'a timeout says how long it waited, and what to do');
$t->fails_with(
	'08007',
	qr/add list "New list" on server "acme".*before you repeat/s,
	$statements{add}, 'an unknown outcome says so, and what to do');
$t->emulator('heal');
$t->fault('refuse');
$t->fails_with('08001', qr/could not be reached.*127\.0\.0\.1/s,
	$statements{get}, 'a refused connection says where');
$t->emulator('heal');
$t->fault('huge', times => 0);
$t->fails_with('54000', qr/"max_response_size".*HINT.*"max_response_size"/s,
	$statements{get}, 'a reply that is too large names the option');
$t->emulator('heal');
foreach (
	[ qr/Its headers are too long\./, 'long_header' ],
	[ qr/Its headers are too long\./, 'long_header', bytes => 9000, headers => 100 ],
	[ qr/It is coded more than once\./, 'gzip_twice' ])
{
	my ($words, @fault) = @$_;
	$t->fault(@fault, times => 0);
	my $got = $t->fails_with('HV00M', qr/The reply cannot be read\. $words/,
		$statements{get}, "@fault: what is wrong with the reply is said");
	unlike($got->{error}, qr/memory/, '... and it is not want of memory');
	$t->emulator('heal');
}
$t->fault('nul', times => 0);
$t->fails_with('22P05', qr/column "name" of foreign table "catalogs", list 4223/,
	$statements{get}, 'NUL in a name: the error names column and list');
$t->emulator('heal');
$t->fault('bad_utf8', times => 0);
$t->fails_with('22021', qr/column "name" of foreign table "catalogs", list 4223/,
	$statements{get}, 'a name that is not UTF-8: the error names column and list');
$t->emulator('heal');

# A connection that the account has closed meanwhile, unannounced.
$t->reset;
$t->fault('close_idle', on => 'GET');
$t->try_in($session, $count);
$t->await_closed;
is( $t->try_in($session, "INSERT INTO catalogs (name) VALUES ('After')")->{error},
	'', 'close_idle: the next statement, a write, goes over a new connection');
is( $t->wire('--connections', '--summary'), <<'WIRE' =~ s/\n\z//r,
#1 GET /api/v2/catalogs
#2 POST /api/v2/catalogs add 1
WIRE
	'close_idle: and is sent once');

# A reply with more bytes behind it than it has announced: they are not the
# beginning of the next one.
$t->reset;
$t->fault('short_length', on => 'GET', bytes => 10);
$t->try_in($session, $count);
is($t->try_in($session, $count)->{output}, '4',
	'short_length: what is left over is not taken for the next reply');

$session->quit;
done_testing();
