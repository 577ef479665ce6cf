# Plain http goes to this machine, or to where a superuser has it go: a name that says
# it is this machine is not believed when it stands for another one.
#
# libcurl knows by itself what localhost is.  So one that does not is put before it,
# which asks a name server that lies.  It gives 0.0.0.0, which is no address of this
# machine by name, but leads to it: nothing leaves the machine if the check fails.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();
append_to_file("$folder/names.c", <<'C');
#define _GNU_SOURCE
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

CURLMcode
curl_multi_add_handle(CURLM *multi, CURL *easy)
{
	static struct curl_slist *names = NULL;
	CURLMcode (*add)(CURLM *, CURL *) =
		(CURLMcode (*)(CURLM *, CURL *)) dlsym(RTLD_NEXT, __func__);

	if (names == NULL)
		for (char *name = strtok(strdup(getenv("NAMES")), " "); name != NULL;
			 name = strtok(NULL, " "))
			names = curl_slist_append(names, name);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, names);
	return add(multi, easy);
}
C
system_or_bail('cc', '-shared', '-fPIC', '-o', "$folder/names.so",
	"$folder/names.c", '-lcurl', '-ldl');

my $t = CatalogsFdw::Test->new;
my ($port) = $t->url =~ /:(\d+)$/;
my $count = 'SELECT count(*) FROM catalogs';
my $insert = q{INSERT INTO catalogs (name) VALUES ('Books')};
my $lie = qr/The name of this machine stands for another one\./;

{
	local %ENV = %ENV;
	$ENV{LD_PRELOAD} = join ' ', "$folder/names.so", $ENV{LD_PRELOAD} // ();
	$ENV{NAMES} = join ' ', "localhost:$port:0.0.0.0",
	  "acme.localhost:$port:127.0.0.1", "account.example:$port:0.0.0.0";
	$t->node->restart;
}

sub goes_to
{
	my ($url, $proxy) = @_;
	$t->sql("ALTER SERVER acme OPTIONS (SET url '$url'"
		  . ($proxy ? ", ADD proxy '$proxy'" : '') . ')');
	return;
}

# The library is in place, and knows more names than there are.
goes_to("http://account.example:$port");
$t->fails_with('28000', qr/No such account/, $count,
	'a name for which a superuser has answered: it is asked');
$t->wire;

goes_to("http://localhost:$port");
$t->fails_with('08001', $lie, $count, 'localhost elsewhere: a GET');
$t->fails_with('08001', $lie, $insert, 'localhost elsewhere: a POST');
is($t->wire, '(no requests)', 'nothing was sent');
goes_to("http://127.0.0.1:$port");
is($t->sql($count), 4, 'an address is what it is');
$t->wire;

# What a proxy is told of a request it could read, and it could read all of plain http.
goes_to("http://127.0.0.1:$port", "http://localhost:$port");
$t->fails_with('08001', $lie, $count, 'a proxy elsewhere');
is($t->wire, '(no requests)', 'it was told nothing');
$t->sql('ALTER SERVER acme OPTIONS (DROP proxy)');

# A name that tells the truth.
$t->sql(q{ALTER USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (SET access_token 'acme-token')});
goes_to("http://acme.localhost:$port");
is($t->sql($count), 2, 'a name below localhost that is this machine');

done_testing();
