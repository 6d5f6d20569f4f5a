# SPDX-License-Identifier: Apache-2.0
# Figures with intervals: gnuplot -e 'svg = "OUT"; runs = "\"TITLE\" FILE ..."' bars.gp; a panel a file of name, mean, low, high.
n = words(runs) / 2
rows = int(system("wc -l < " . word(runs, 2)))
set terminal svg size 760,n * (80 + 26 * rows) font "sans-serif,13" background "white" rounded
set output svg
set multiplot layout n,1
set datafile separator "\t"
set lmargin 42
set rmargin 4
set xrange [0:*]
set yrange [rows - 0.4:-0.6]
set grid x lc rgb "#dddddd"
set tics nomirror
set border 1
unset key
do for [i = 1:n] {
  set title word(runs, 2 * i - 1) . ", %, with 95 % intervals"
  plot word(runs, 2 * i) using (0):0:(0):2:($0 - 0.3):($0 + 0.3):ytic(1) with boxxyerror fc rgb "#56b4e9" fs solid 0.6 noborder, \
    "" using 2:0:3:4 with xerrorbars lc rgb "#333333" pt 7 ps 0.4
}
