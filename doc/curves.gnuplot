# How time and memory grow with the number of lists, as `make bench` has measured them:
# test/bench/to_readme puts that into curves.tsv.
set terminal svg size 800,340 font 'Helvetica,14'
set encoding utf8
set micro
set encoding utf8
set micro
set datafile separator tab
set datafile missing '?'
set grid
set border 3
set tics nomirror scale 0.5
unset mxtics
set xlabel 'lists in the account'
set logscale x
set xtics 10
set format x '%.0s%c'
set multiplot layout 1, 2 margins 0.09, 0.97, 0.21, 0.86 spacing 0.13

set title 'Time to read all columns of all lists'
set logscale y
unset mytics
set yrange [1e-5:20]
set format y '%.0s %cs'
set key top left reverse Left samplen 1.5
plot '../test/bench/curves.tsv' using 1:($3/1000) with linespoints lw 2 pt 7 ps 0.5 lc '#d18616' title 'libcurl and a tree of json-c', \
     '' using 1:($4/1000) with linespoints lw 3 pt 7 ps 0.6 lc '#2f81f7' title 'SELECT', \
     '' using 1:($2/1000) with linespoints lw 2 pt 7 ps 0.5 lc '#8b949e' title 'bare transfer by libcurl'

set title 'Peak memory of the server process'
unset logscale y
set format y '%g MB'
set yrange [0:*]
unset key
plot '../test/bench/curves.tsv' using 1:5 with linespoints lw 3 pt 7 ps 0.6 lc '#2f81f7'
