# The recipes of README.md, each run as it stands, beside an emulated account.
#
# A recipe is a section below "## Recipes", in a database of its own that has what
# "With your own account" has made.  Of its code blocks
#
#     sql     is run by psql; what is in a block without a name behind it, it prints
#     sh      is run by a shell, in a folder of the recipe's
#     csv     is put into the file that the line before names
#     text    is not run
#     python  stands in a script of test/orm, which t/022_orm runs
#
# Addresses and tokens are those of the emulator; it prints the requests.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use File::Basename;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $t = CatalogsFdw::Test->new(table => 0);
my $top = dirname(__FILE__) . '/../..';
my $readme = slurp_file("$top/README.md");
my ($port) = $t->url =~ /(\d+)$/;

# The account main is acme, since README shows what that has; the other is its own.
my %url = (
	'https://acme.amocrm.ru' => $t->url,
	'https://beta.amocrm.ru' => "http://beta.localhost:$port");
my %token = (acme => 'main-token', beta => 'beta-token');

local $ENV{PGHOST} = $t->node->host;
local $ENV{PGPORT} = $t->node->port;

# The text under a heading, to the next one of its level or a higher one.
sub section
{
	my ($heading) = @_;
	my $level = length(($heading =~ /^(#+)/)[0]);

	$readme =~ /^\Q$heading\E\n(.*?)(?=^#{2,$level} |\z)/ms
	  or die "README.md has no section \"$heading\"";
	return $1;
}

# Its code blocks: the line before each, its language, its text.
sub blocks
{
	my ($text) = @_;
	my @blocks;

	push @blocks, { before => $1, language => $2, text => $3 }
	  while $text =~ /^([^\n]*)\n+```(\w*)\n(.*?)^```$/msg;
	return @blocks;
}

# With the addresses and tokens of the emulator in place of those that one has.
sub here
{
	my ($sql) = @_;

	$sql =~ s/(https:[a-z\/.]+)/$url{$1} or die "whose is $1?"/ge;
	$sql =~ s/(SERVER (\w+)\s+OPTIONS \(access_token )'\.\.\.'/$1'$token{$2}'/g;
	return $sql;
}

# Runs a command in a folder; returns what it prints, whether well or not.
sub run
{
	my ($folder, $input, @command) = @_;
	my $output = '';

	IPC::Run::run(
		\@command, '<', \$input, '>&', \$output,
		init => sub { chdir $folder or die "$folder: $!" })
	  or $output .= "failed\n";
	return $output;
}

sub psql
{
	my ($folder, $sql) = @_;
	return run($folder, here($sql),
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1');
}

sub without_trailing
{
	my ($text) = @_;
	$text =~ s/[ \n]+$//mg;
	return $text;
}

my %run = (
	sql => sub {
		my ($folder, $block, $printed) = @_;
		my $output = psql($folder, $block->{text});

		$printed = $printed ? $printed->{text} : '';
		is(without_trailing($output), without_trailing($printed),
			'it prints what README shows');
	},
	sh => sub {
		my ($folder, $block) = @_;
		is(run($folder, $block->{text}, 'bash', '-eu'), '', 'the shell has nothing to say');
	},
	csv => sub {
		my ($folder, $block) = @_;
		my ($file) = $block->{before} =~ /`(\S+)`/ or die 'which file?';
		append_to_file("$folder/$file", $block->{text});
	},
	python => sub {
		my ($folder, $block) = @_;
		my @scripts = map { slurp_file($_) } glob("$top/test/orm/*.py");
		ok((grep { index($_, $block->{text}) >= 0 } @scripts), 'test/orm has it');
	},
	text => sub { });

# What each of them has to begin with.
my ($start) = grep { $_->{language} eq 'sql' } blocks(section('## With your own account'));
my $tmp = PostgreSQL::Test::Utils::tempdir();

my $recipes = section('## Recipes');
my @recipes = $recipes =~ /^### (\S[^\n]*)$/mg;
cmp_ok(scalar @recipes, '>=', 10, 'README has recipes');

foreach my $i (0 .. $#recipes)
{
	my $title = $recipes[$i];
	my $folder = "$tmp/recipe_$i";
	local $ENV{PGDATABASE} = "recipe_$i";

	subtest $title => sub {
		mkdir $folder;
		$t->reset;
		$t->sql("CREATE DATABASE recipe_$i");
		unlike(psql($folder, $start->{text}), qr/ERROR/, 'there is a table');
		my @blocks = blocks(section("### $title"));
		while (my $block = shift @blocks)
		{
			my $printed;
			$printed = shift @blocks
			  if @blocks && $blocks[0]{language} eq '' && $block->{language} eq 'sql';
			my $how = $run{ $block->{language} }
			  or die "$title: what is to be done with \"$block->{language}\"?";
			$how->($folder, $block, $printed);
		}
		unlike($t->wire, qr/^!/m, 'the account has nothing to complain about');
	};
}

done_testing();
