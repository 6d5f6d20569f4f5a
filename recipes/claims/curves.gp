# SPDX-License-Identifier: Apache-2.0
# Learning curves: gnuplot -e 'svg = "OUT"; runs = "\"TITLE\" FILE ..."' curves.gp; a file has step, mean, least, most.
set terminal svg size 760,460 font "sans-serif,13" background "white" rounded
set output svg
set xlabel "training step"
set ylabel "EER on dev speakers, %"
set yrange [0:*]
set grid lc rgb "#dddddd"
set tics nomirror
set border 3
set key below samplen 2
array color[6] = ["#0072b2", "#d55e00", "#009e73", "#56b4e9", "#e69f00", "#cc79a7"]
n = words(runs) / 2
plot for [i = 1:n] word(runs, 2 * i) using 1:3:4 with filledcurves fc rgb color[i] fs transparent solid 0.15 noborder notitle, \
  for [i = 1:n] word(runs, 2 * i) using 1:2 with lines lw 2 lc rgb color[i] title word(runs, 2 * i - 1)
