# What t/044_hostile_replies.t does, with a stopwatch: whatever an account replies, a
# cancel is obeyed within 100 ms.

use strict;
use warnings FATAL => 'all';

use Cwd qw(abs_path);
use File::Basename qw(dirname);

$ENV{CATALOGS_STOPWATCH} = 1;
my $file = dirname(abs_path(__FILE__)) . '/../t/044_hostile_replies.t';
exec $^X, $file or die "$file: $!";
