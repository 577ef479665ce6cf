# What t/043_memory.t does, so much more often: in ten minutes' soak (CATALOGS_SOAK_SECONDS)
# a hundred times, which are 100,000 statements, 10,000 errors of each kind, and 1,000
# cancels and ALTERs of each.

use strict;
use warnings FATAL => 'all';

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use List::Util qw(max);

$ENV{CATALOGS_MEMORY_TIMES} = max(1, int(($ENV{CATALOGS_SOAK_SECONDS} || 600) / 6));
my $file = dirname(abs_path(__FILE__)) . '/../t/043_memory.t';
exec $^X, $file or die "$file: $!";
