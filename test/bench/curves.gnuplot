# Draws how time and memory grow with the number of lists.
set terminal svg size 1000,420 font 'sans-serif,13' background '#ffffff'
set output 'curves.svg'
set datafile separator tab
set datafile missing '?'
set key bottom right autotitle columnhead
set grid
set xlabel 'lists in the reply'
set logscale x
set format x '10^{%T}'
set multiplot layout 1, 2

set title 'Time of a scan with all columns'
set ylabel 'ms'
set logscale y
set format y '10^{%T}'
plot 'curves.tsv' using 1:3 with linespoints lw 2 title 'libcurl and a tree of json-c', \
     '' using 1:4 with linespoints lw 2 title 'SQL', \
     '' using 1:2 with linespoints lw 2 title 'bare transfer by libcurl'

set title 'Peak memory of the server process'
set ylabel 'MB'
unset logscale y
set format y '%g'
set yrange [0:*]
unset key
plot 'curves.tsv' using 1:5 with linespoints lw 2 title 'SQL'
