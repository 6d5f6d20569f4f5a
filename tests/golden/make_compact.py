#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes compact.json: one training step of a small compact encoder by PyTorch, in float32.

Keys are those of a Twinear model file. Needs python3-torch; the tests read only the result.
"""
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

import training_step

torch.manual_seed(3)
channels, strides, bins, dimension = [8, 12, 10], [1, 2, 1], 6, 5
layers, width = {}, bins
for i, (out, stride) in enumerate(zip(channels, strides), 1):
    kernel = 5 if i == 1 else 3
    layers[f"conv{i}"] = nn.Conv1d(width, out, kernel, stride, kernel // 2, bias=False)
    layers[f"norm{i}"] = nn.BatchNorm1d(out)
    width = out


def over_time(h):
    for i in range(1, 4):
        h = F.relu(layers[f"norm{i}"](layers[f"conv{i}"](h)))
    return h


training_step.write(pathlib.Path(__file__).with_name("compact.json"), layers, over_time, 21, bins, width, dimension)
